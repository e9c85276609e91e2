//! `chart sweep`: files and index are the same each time, also after an interruption; what is wrong is told.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const SWEEP: &str = "\
chart: web
kubeVersion: 1.34.0
values: {replicas: 1}
sets:
  - {name: plain}
  - {name: named, values: names.yaml}
grid:
  replicas: [1, 2, 3]
";

fn sweep(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chart"));
    command.current_dir(folder).env("HOME", folder).arg("sweep").args(arguments);
    command.output().unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// All files below a folder with their contents, by name.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            found.push((name, fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("web/templates");
    fs::create_dir_all(&chart).unwrap();
    fs::write(folder.path().join("web/Chart.yaml"), "apiVersion: v2\nname: web\nversion: 0.1.0\n").unwrap();
    let template = "kind: A\nname: {{ .Values.name | default \"none\" }}\nreplicas: {{ .Values.replicas }}\n\
                    {{ if eq .Values.replicas 3.0 }}{{ fail \"three are too many\" }}{{ end }}secret: {{ randAlpha 9 }}\n";
    fs::write(chart.join("a.yaml"), template).unwrap();
    fs::write(folder.path().join("names.yaml"), "name: given\n").unwrap();
    fs::write(folder.path().join("sweep.yaml"), SWEEP).unwrap();
    folder
}

#[test]
fn a_sweep_goes_on_where_it_stopped_and_is_the_same_each_time() {
    let scratch = folder();
    let folder = scratch.path();
    let first = sweep(folder, &["sweep.yaml", "--output-dir", "one", "--workers", "1"]);
    assert_eq!(first.status.code(), Some(1), "{}", said(&first.stderr));
    assert_eq!(said(&first.stdout), "4 rendered, 0 kept, 2 failed\none/index.json\n");
    assert_eq!(said(&first.stderr), "Error: 2 of 6 renders failed, see one/index.json\n");
    let all = contents(&folder.join("one"));
    assert_eq!(all.len(), 5);
    let index = said(&fs::read(folder.join("one/index.json")).unwrap());
    assert_eq!(index.matches("three are too many").count(), 2);

    sweep(folder, &["sweep.yaml", "--output-dir", "two", "--workers", "4"]);
    assert_eq!(contents(&folder.join("two")), all);

    fs::remove_file(folder.join("two/index.json")).unwrap();
    let lost = fs::read_dir(folder.join("two/web")).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(lost).unwrap();
    let resumed = sweep(folder, &["sweep.yaml", "--output-dir", "two"]);
    assert!(said(&resumed.stdout).starts_with("1 rendered, 3 kept, 2 failed\n"), "{}", said(&resumed.stdout));
    assert_eq!(contents(&folder.join("two")), all);
    let anew = sweep(folder, &["sweep.yaml", "--output-dir", "two", "--anew"]);
    assert!(said(&anew.stdout).starts_with("4 rendered, 0 kept"), "{}", said(&anew.stdout));
}

#[test]
fn what_is_wrong_is_told() {
    let scratch = folder();
    let folder = scratch.path();
    fs::write(folder.join("bad.yaml"), "chart: web\ngrids: {}\n").unwrap();
    fs::write(folder.join("none.yaml"), "chart: none\n").unwrap();
    for (arguments, problem) in [
        (&["sweep.yaml"][..], "Error: give a folder with --output-dir"),
        (
            &["sweep.yaml", "--output-dir", "o", "--workers", "0"],
            "Error: --workers must be a whole number from 1",
        ),
        (&["bad.yaml", "--output-dir", "o"], "Error: bad.yaml:2: the key `grids` is not known"),
        (&["none.yaml", "--output-dir", "o"], "Error: stat none: no such file or directory"),
        (&["missing.yaml", "--output-dir", "o"], "Error: open missing.yaml: no such file or directory"),
        (&["sweep.yaml", "--output-dir", "sweep.yaml"], "Error: "),
    ] {
        let output = sweep(folder, arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let told = said(&output.stderr);
        assert!(told.contains(problem), "{arguments:?}: {told}");
    }
}
