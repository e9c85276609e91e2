//! What a user is told about a chart that is wrong: the line, the value behind it, what to do.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// Runs `program` in `folder`; standard error.
fn told(program: &Path, folder: &Path, words: &[&str]) -> String {
    let output = Command::new(program)
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .output()
        .expect("the program runs");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn chart() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_chart"))
}

/// A chart `c` of the files.
fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in [("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n")].iter().chain(files) {
        let path = folder.join("c").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

/// A template, the values beside it, and what stands among the lines after the first.
#[test]
fn broken_templates_are_explained() {
    const CASES: &[(&str, &str, &[&str])] = &[
        (
            "x: {{ .Values.imge.tag }}\n",
            "image: {tag: a}\n",
            &[
                "  |       ^^^^^^^^^^^^^^^^ `.Values.imge` is not set",
                "hint: did you mean `image`? it is set beside it",
            ],
        ),
        ("a\n{{ if .Values.a }}\nb\n", "", &["note: c/templates/t.yaml:2 this `if` has no `{{ end }}`"]),
        (
            "{{ define \"x\" }}\nb\n",
            "",
            &["hint: an `if`, `with`, `range` or `define` above lacks its `{{ end }}`"],
        ),
        ("x: {{ \"a\" | nident 2 }}\n", "", &["  |             ^^^^^^", "hint: did you mean `indent`?"]),
        ("x: {{ vaules }}\n", "", &["hint: did you mean `values`?"]),
        (
            "x: {{ .Values.a | quote \ny: 1\n",
            "",
            &[
                "note: c/templates/t.yaml:1 the action that starts there is still open: does it lack its `}}`?",
            ],
        ),
        (
            "x: {{ .Values.a | quote \n",
            "",
            &["1 | x: {{ .Values.a | quote ", "hint: an action ends with `}}`"],
        ),
        (
            "x: {{ .Values.a-b }}\n",
            "",
            &["hint: a key with `-` in its name is read by `index .Values \"the-key\"`"],
        ),
        ("x: {{ $y }}\n", "", &["  |          ^"]),
        ("{{ end }}\n", "", &["hint: no `if`, `with` or `range` is open here"]),
        (
            "x: {{ .Values.a.b.c }}\n",
            "z: 1\na: str\n",
            &["note: c/values.yaml:2:1 `.Values.a` is the text \"str\", set by c/values.yaml"],
        ),
        (
            "{{ range .Values.l }}{{ .Values.x }}{{ end }}\n",
            "l: [{a: 1}]\n",
            &["^^^^^^^^^ the dot has no `Values` here", "write `$.Values.x`"],
        ),
        (
            "{{ with .Values.s }}{{ .Values.x }}{{ end }}\n",
            "s: text\n",
            &["the dot has no `Values` here", "write `$.Values.x`"],
        ),
        ("x: {{ .Relase.Name }}\n", "", &["`.Relase` is not set", "hint: did you mean `.Release`?"]),
        (
            "x: {{ eq .Values.a 1 }}\n",
            "a: \"1\"\n",
            &["note: c/values.yaml:1:1 `.Values.a` is the text \"1\", set by c/values.yaml"],
        ),
        ("x: {{ upper .Values.nope }}\n", "", &["hint: `.Values.nope` is not set"]),
        (
            "x: {{ include \"c.lables\" . }}\n{{ define \"c.labels\" }}{{ end }}",
            "",
            &["hint: did you mean `c.labels`?"],
        ),
        (
            "a: 1\nx: {{ .Values.t }}\n",
            "t: \"a: b\"\n",
            &["2 | x: {{ .Values.t }}", "wrote the bad line", ">    2 | x: a: b"],
        ),
        ("a: 1\n", "a: 1\n b: 2\n", &[" --> values.yaml:2:1", "2 |  b: 2"]),
        (
            "{{ define \"a\" }}{{ include \"b\" . }}{{ end }}{{ define \"b\" }}{{ .Values.q.r }}{{ end }}{{ include \"a\" . }}",
            "",
            &["in `a`, at `include \"b\" .`", "hint: guard it with `{{ (.Values.q).r }}`"],
        ),
    ];
    for (template, values, expected) in CASES {
        let scratch = tempfile::tempdir().expect("a folder");
        write(scratch.path(), &[("templates/t.yaml", template), ("values.yaml", values)]);
        let told = told(chart(), scratch.path(), &["template", "r", "c"]);
        for line in *expected {
            assert!(told.contains(line), "{template:?} with {values:?} lacks {line:?}:\n{told}");
        }
    }
}

#[test]
fn broken_files_show_their_line() {
    let scratch = tempfile::tempdir().expect("a folder");
    write(
        scratch.path(),
        &[("templates/t.yaml", "a: 1\n"), ("Chart.yaml", "apiVersion: v2\nname: c\n x: y\n")],
    );
    assert!(told(chart(), scratch.path(), &["template", "r", "c"]).contains(" --> Chart.yaml:3:1"));
    write(scratch.path(), &[]);
    fs::write(scratch.path().join("v.yaml"), "a: [1\nb: 2\n").expect("a file");
    assert!(
        told(chart(), scratch.path(), &["template", "r", "c", "-f", "v.yaml"]).contains(" --> v.yaml:1:1")
    );
}

/// Settings that nothing reads are told of as `chart`, not as `helm`, which says nothing either.
#[test]
fn misspelt_settings_are_told_of() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    write(
        folder,
        &[
            ("templates/t.yaml", "a: {{ .Values.image.tag }}\n"),
            ("values.yaml", "image: {tag: a}\nreplicas: 1\n"),
        ],
    );
    fs::write(folder.join("v.yaml"), "repliacs: 3\n").expect("a file");
    let helm = folder.join("helm");
    symlink(chart(), &helm).expect("a link");
    for (words, expected) in [
        (
            &["--set", "imge.tag=x"][..],
            "warning: --set imge.tag=x: no chart knows `imge`\nhint: did you mean `image`?\n",
        ),
        (
            &["--set", "image.tga=x"],
            "warning: --set image.tga=x: no chart knows `image.tga`\nhint: did you mean `image.tag`?\n",
        ),
        (&["--set-string", "image.tag=x"], ""),
        (&["--set", "replicas=2"], ""),
    ] {
        let words: Vec<&str> = ["template", "r", "c"].iter().chain(words).copied().collect();
        assert_eq!(told(chart(), folder, &words), expected, "{words:?}");
        assert_eq!(told(&helm, folder, &words), "", "{words:?}");
        let strict: Vec<&str> = words.iter().copied().chain(["--strict-values"]).collect();
        let as_error = expected.replacen("warning: ", "Error: ", 1);
        assert_eq!(told(chart(), folder, &strict), as_error, "{strict:?}");
    }
    let said = told(chart(), folder, &["template", "r", "c", "-f", "v.yaml"]);
    assert!(said.contains("warning: v.yaml: no chart knows `repliacs`\n --> v.yaml:1:1\n"), "{said}");
}

#[test]
fn deprecated_charts_and_overwritten_tables_are_told_of() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    let files = [
        ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\ndeprecated: true\n"),
        ("values.yaml", "d: {t: {a: 1}}\n"),
        ("templates/t.yaml", "a: {{ .Values.d }}\n"),
        ("charts/d/Chart.yaml", "apiVersion: v2\nname: d\nversion: 0.1.0\n"),
        ("charts/d/values.yaml", "t: 5\n"),
    ];
    write(folder, &files);
    let helm4 = told(chart(), folder, &["template", "r", "c"]);
    assert!(helm4.contains("level=WARN msg=\"this chart is deprecated\"\n"), "{helm4}");
    let helm3 = told(chart(), folder, &["template", "r", "c", "--compat", "helm3"]);
    assert!(helm3.contains("WARNING: This chart is deprecated\n"), "{helm3}");
    assert!(helm4.contains("level=INFO msg=\"warning: skipped value for c.d.t: Not a table.\"\n"), "{helm4}");
    assert!(helm3.contains("\nwarning: skipped value for c.d.t: Not a table.\n"), "{helm3}");
}

/// `chart values --explain`: every layer that has a say, the last one first.
#[test]
fn values_tell_who_set_them() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    write(folder, &[("values.yaml", "image: {tag: a}\n"), ("templates/t.yaml", "")]);
    fs::write(folder.join("v.yaml"), "image:\n  tag: b\n").expect("a file");
    let explained = |words: &[&str]| {
        let words: Vec<&str> = ["values", "c"].iter().chain(words).copied().collect();
        let output =
            Command::new(chart()).args(words).current_dir(folder).output().expect("the program runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(
        explained(&["-f", "v.yaml", "--set", "image.tag=z", "--explain", "image.tag"]),
        "image.tag = \"z\"\n  set by --set image.tag=z\n  over v.yaml:2: \"b\"\n  over c/values.yaml:1: \"a\"\n"
    );
    assert_eq!(
        explained(&["--set", "image=5", "--explain", "image.tag"]),
        "image.tag is not set\n  deleted by --set image=5\n  over c/values.yaml:1: \"a\"\n"
    );
    assert_eq!(
        explained(&["--set", "image.tag=null", "--explain", "image.tag"]),
        "image.tag is not set\n  deleted by --set image.tag=null\n  over c/values.yaml:1: \"a\"\n"
    );
}

/// A post-renderer gets the manifests without hooks and gives others back; Helm 4 runs plugins only.
#[test]
fn a_post_renderer_changes_the_manifests() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    let hook = "kind: Job\nmetadata:\n  name: j\n  annotations: {helm.sh/hook: test}\n";
    write(folder, &[("templates/a.yaml", "kind: A\n"), ("templates/h.yaml", hook)]);
    let script = folder.join("post.sh");
    fs::write(&script, "#!/bin/sh\nsed \"s/^kind: .*/kind: $1/\"\n").expect("a file");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a mode");
    let words = ["template", "r", "c", "--compat", "helm3", "--post-renderer"];
    let run = |more: &[&str]| {
        let output =
            Command::new(chart()).args(words).args(more).current_dir(folder).output().expect("it runs");
        (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (out, err) = run(&["./post.sh", "--post-renderer-args", "New"]);
    assert_eq!(err, "");
    assert_eq!(
        out,
        format!("---\n# Source: c/templates/a.yaml\nkind: New\n---\n# Source: c/templates/h.yaml\n{hook}")
    );
    let (_, err) = run(&["nothing-of-that-name"]);
    assert_eq!(
        err.lines().next(),
        Some(
            "Error: invalid argument \"nothing-of-that-name\" for \"--post-renderer\" flag: unable to find binary at \
             nothing-of-that-name: exec: \"nothing-of-that-name\": executable file not found in $PATH"
        )
    );
    let (_, err) = run(&["false"]);
    assert!(
        err.starts_with("Error: error while running post render on files: error while running command "),
        "{err}"
    );
    let (_, err) = run(&["cat", "--compat", "helm4"]);
    assert!(err.contains("plugin: {Name:cat Type:postrenderer/v1} not found"), "{err}");
}
