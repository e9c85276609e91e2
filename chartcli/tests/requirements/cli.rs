//! Rows of the class CLI.

use std::fs;
use std::path::Path;

use crate::corpus;
use crate::said::{charts, check, must, run, run_program};

#[test]
fn row_005_show_values_is_the_file() {
    check(5);
    shows_the_file("launcher");
}

#[test]
fn row_019_bump_edits_only_the_version() {
    for (flag, expected) in [("--major", "1.0.0"), ("--minor", "0.2.0"), ("--patch", "0.1.1")] {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("Chart.yaml");
        let before = fs::read_to_string(charts().join("launcher/Chart.yaml")).unwrap();
        fs::write(&file, &before).unwrap();
        assert_eq!(must(&["bump", scratch.path().to_str().unwrap(), flag]), format!("{expected}\n"));
        let line = "version: 0.1.0 # the base version";
        assert!(before.contains(line));
        let after = before.replace(line, &format!("version: {expected} # the base version"));
        assert_eq!(fs::read_to_string(&file).unwrap(), after);
    }
}

#[test]
fn row_039_positions_flags_and_names() {
    let row = check(39);
    assert_eq!(row.helm4("flags-first").out, row.helm4("flags-last").out);
    let err = &row.helm4("bad-name").err;
    assert!(err.contains("invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?"), "{err}");
}

#[test]
fn row_049_debug_adds_to_standard_error_only() {
    let row = check(49);
    assert_eq!(row.helm4("debug").out, must(&["template", "r", "launcher", "--kube-version", "1.34.0"]));
    // A document that is no YAML is printed.
    let scratch = tempfile::tempdir().unwrap();
    fs::create_dir(scratch.path().join("templates")).unwrap();
    fs::write(scratch.path().join("Chart.yaml"), "apiVersion: v2\nname: broken\nversion: 1.0.0\n").unwrap();
    fs::write(scratch.path().join("templates/a.yaml"), "kind: {{ .Release.Name }}: [\n").unwrap();
    let folder = scratch.path().to_str().unwrap();
    let said = run(&["template", "r", folder]);
    assert!(
        !said.succeeded && said.err.contains("Use --debug flag to render out invalid YAML"),
        "{}",
        said.err
    );
    let said = run(&["template", "r", folder, "--debug"]);
    assert!(!said.succeeded && said.out.contains("kind: r: ["), "{}", said.out);
}

#[test]
fn row_058_real_applications() {
    corpus::check(58, "^(trino|dagster)--default$");
}

#[test]
fn row_111_show_values_of_an_archive() {
    check(111);
    use chartcore::archive::{PackOptions, pack};
    use chartcore::chart::{self, LoadOptions};
    let chart = chart::load(charts().join("store"), &LoadOptions::new(chartcore::Compat::Helm4)).unwrap();
    let archive = pack(&chart, &PackOptions::new()).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join(archive.file_name());
    fs::write(&file, archive.bytes()).unwrap();
    assert_eq!(must(&["show", "values", file.to_str().unwrap()]), must(&["show", "values", "store"]));
    shows_the_file("store");
}

#[test]
fn row_116_values_can_be_diffed() {
    let words = ["values", "cost-ops", "-f", "cost-ops/values-prod.yaml"];
    let out = must(&words);
    assert_eq!(out, must(&words));
    let keys: Vec<&str> = out
        .lines()
        .filter(|line| !line.starts_with([' ', '-']))
        .filter_map(|line| line.split(':').next())
        .collect();
    assert!(keys.len() > 8 && keys.is_sorted(), "{keys:?}");
}

#[test]
fn row_120_show_chart() {
    let row = check(120);
    assert!(row.helm4("show-chart").out.contains("name: dual-launcher\n"));
}

#[test]
fn row_124_commands_agree_on_a_broken_chart() {
    let row = check(124);
    let message = row.helm4("template").err.lines().next().unwrap().trim_start_matches("Error: ").to_owned();
    let place = message.rsplit("unclosed/").next().unwrap();
    assert!(row.helm4("lint").out.contains(place), "{place}\n{}", row.helm4("lint").out);
}

#[test]
fn row_127_version() {
    for words in [&["version"][..], &["version", "--short"], &["version", "--template", "{{.Version}}"]] {
        let out = must(words);
        assert!(has_three_numbers(&out), "{words:?}: {out}");
    }
}

#[test]
fn row_135_values_in_every_form() {
    let row = check(135);
    assert_eq!(
        row.helm4("long").out,
        must(&["template", "c", "cost-ops", "-f", "cost-ops/values-prod.yaml", "--kube-version", "1.34.0"])
    );
    assert!(row.helm4("stdin").out.contains("  replicas: 42\n"));
}

#[test]
fn row_178_bump_follows_semver() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().to_str().unwrap();
    let file = scratch.path().join("Chart.yaml");
    for (from, flag, to) in [
        ("1.2.3", "--major", "2.0.0"),
        ("1.2.3", "--minor", "1.3.0"),
        ("1.2.3", "--patch", "1.2.4"),
        ("1.2.3-rc.1+b", "--patch", "1.2.3"),
    ] {
        fs::write(&file, format!("apiVersion: v2\nname: a\nversion: {from}\n")).unwrap();
        assert_eq!(must(&["bump", folder, flag]), format!("{to}\n"));
    }
    for words in
        [&["bump", folder][..], &["bump", folder, "--major", "--minor"], &["bump", "nowhere", "--major"]]
    {
        assert!(!run(words).succeeded, "{words:?}");
    }
}

#[test]
fn row_186_the_command_line_uses_the_public_library() {
    // The binary is a crate of its own, so all it can use is public; it may not reach around the library either.
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    assert!(dependencies.contains_key("chartcore"));
    for borrowed in ["serde_yaml", "semver", "tar", "flate2", "regex"] {
        assert!(!dependencies.contains_key(borrowed), "{borrowed} does not mean what Helm means");
    }
    assert!(!chart_sources_include_the_library());
}

#[cfg(unix)]
#[test]
fn row_190_under_the_name_helm() {
    let scratch = tempfile::tempdir().unwrap();
    let helm = scratch.path().join("helm");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_chart"), &helm).unwrap();
    let said = run_program(&helm, &charts(), &["version", "--short"], "");
    assert!(said.succeeded && has_three_numbers(&said.out), "{}", said.out);
    let words = ["template", "r", "launcher", "--namespace", "n", "--values", "launcher/my-values.yaml"];
    let said = run_program(&helm, &charts(), &words, "");
    assert_eq!(said.out, must(&words));
    for words in [&["lint", "stack"][..], &["show", "chart", "stack"], &["show", "values", "stack"]] {
        assert!(run_program(&helm, &charts(), words, "").succeeded, "{words:?}");
    }
}

/// `v?(\d+)\.(\d+)\.(\d+)` matches somewhere.
fn has_three_numbers(text: &str) -> bool {
    text.split(|letter: char| !(letter.is_ascii_digit() || letter == '.')).any(|word| {
        let numbers: Vec<&str> = word.split('.').collect();
        numbers.len() >= 3 && numbers[..3].iter().all(|number| !number.is_empty())
    })
}

fn shows_the_file(chart: &str) {
    let file = fs::read_to_string(charts().join(chart).join("values.yaml")).unwrap();
    // Helm ends what it shows with one line feed more.
    assert_eq!(must(&["show", "values", chart]), format!("{file}\n"));
}

fn chart_sources_include_the_library() -> bool {
    let mut waiting = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if fs::read_to_string(&path).unwrap().contains("chartcore/src") {
                return true;
            }
        }
    }
    false
}
