//! Rows of the class LINT.

use std::fs;
use std::path::Path;

use crate::said::{check, must, run};

#[test]
fn row_009_strict_images() {
    let latest = ["lint", "cost-ops", "--set", "image.tag=latest"];
    assert!(!must(&latest).contains("latest"));
    let said = run(&[&latest[..], &["--strict-images"]].concat());
    assert!(!said.succeeded);
    assert!(
        said.out.contains("[ERROR] templates/deployment.yaml: image \"ghcr.io/example/cost-ops:latest\" is not pinned: its tag is latest"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains(
            "[ERROR] templates/tests/connection.yaml: image \"busybox\" is not pinned: it has no tag"
        )
    );
    assert_eq!(must(&[&latest[..], &["--strict-images", "--allow-latest"]].concat()), must(&latest));
    assert!(must(&["lint", "store", "--strict-images"]).contains("0 chart(s) failed"));
}

#[test]
fn row_047_lint_prints_helms_lines() {
    let row = check(47);
    let lines: Vec<&str> = row.helm4("lint-stack").out.lines().collect();
    assert_eq!(
        lines,
        [
            "==> Linting stack",
            "[INFO] Chart.yaml: icon is recommended",
            "",
            "1 chart(s) linted, 0 chart(s) failed"
        ]
    );
}

#[test]
fn row_118_lint_applies_values() {
    let row = check(118);
    assert!(row.helm4("good").succeeded && !row.helm4("bad").succeeded);
}

#[test]
fn row_163_policy() {
    let said = run(&["lint", "tracking", "--policy"]);
    assert!(said.succeeded);
    for expected in [
        "[WARNING] Chart.yaml: dependency postgresql may be any of \"12.x.x\", and there is no Chart.lock",
        "[WARNING] values.yaml: postgresql.auth.password is a secret in plain text; refer to a Secret",
    ] {
        assert!(said.out.contains(expected), "{}", said.out);
    }
    assert!(!said.out.contains("hunter22") && !said.err.contains("hunter22"));
    assert!(!run(&["lint", "tracking", "--policy", "--strict"]).succeeded);
    assert!(!must(&["lint", "tracking"]).contains("Chart.lock"));
    assert!(
        must(&["lint", "cost-ops", "--policy", "--set", "image.tag=latest"]).contains("its tag is latest")
    );

    let scratch = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(Path::new(scratch.path()).join(name), text).unwrap();
    write(
        "Chart.yaml",
        "apiVersion: v2\nname: locked\nversion: 1.0.0\ndependencies:\n- {name: db, version: 12.x.x, repository: \"https://charts.example.org\"}\n",
    );
    write("values.yaml", "password: \"\"\nexistingSecret: mine\ntoken: '{{ .Values.other }}'\n");
    let folder = scratch.path().to_str().unwrap();
    assert!(must(&["lint", folder, "--policy"]).contains("dependency db may be any of"));
    write(
        "Chart.lock",
        "dependencies:\n- {name: db, version: 12.1.0, repository: \"https://charts.example.org\"}\ndigest: sha256:00\n",
    );
    let out = must(&["lint", folder, "--policy"]);
    assert!(!out.contains("Chart.lock") && !out.contains("plain text"), "{out}");
}

#[test]
fn row_179_missing_dependencies_are_a_warning() {
    let row = check(179);
    let said = row.helm4("lint");
    assert!(said.succeeded);
    assert!(said.out.contains("chart directory is missing these dependencies: postgresql"));
}
