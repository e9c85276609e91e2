//! Rows of the class PACK.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::said::{charts, fixtures, must, run, run_in};

/// Names and bytes of the files in an archive, in order.
fn entries(archive: &Path) -> Vec<(String, Vec<u8>)> {
    let mut tar = Vec::new();
    flate2::read::MultiGzDecoder::new(fs::File::open(archive).unwrap()).read_to_end(&mut tar).unwrap();
    let mut entries = Vec::new();
    let mut rest = &tar[..];
    while rest.len() >= 512 && rest[0] != 0 {
        let text = |field: &[u8]| {
            String::from_utf8(field.iter().copied().take_while(|byte| *byte != 0).collect()).unwrap()
        };
        let size = usize::from_str_radix(&text(&rest[124..136]), 8).unwrap();
        entries.push((text(&rest[..100]), rest[512..512 + size].to_vec()));
        rest = &rest[512 + size.next_multiple_of(512)..];
    }
    entries
}

#[test]
fn row_001_the_archive_is_named_after_the_chart() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    must(&["package", "launcher", "-d", out.to_str().unwrap()]);
    let archive = out.join("dual-launcher-0.1.0.tgz");
    let entries = entries(&archive);
    assert!(entries.len() > 2);
    assert!(entries.iter().all(|(name, _)| name.starts_with("dual-launcher/")), "{entries:?}");
}

#[test]
fn row_051_the_same_files_in_the_same_order() {
    // fixtures/requirements/packed was written by `helm package` of Helm 4.3.1 with SOURCE_DATE_EPOCH=1700000000.
    for (chart, name) in [("launcher", "dual-launcher-0.1.0.tgz"), ("store", "store-0.7.1.tgz")] {
        let scratch = tempfile::tempdir().unwrap();
        let out = scratch.path().to_str().unwrap();
        let place = scratch.path().join(name);
        let said = must(&["package", chart, "-d", out]);
        let message = format!("Successfully packaged chart and saved it to: {}\n", place.display());
        assert_eq!(said, message);
        assert_eq!(entries(&place), entries(&fixtures().join("requirements/packed").join(name)), "{chart}");
        let shown = must(&["show", "values", place.to_str().unwrap()]);
        assert_eq!(shown, must(&["show", "values", chart]));
    }
    // Into the working folder by its full name.
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().canonicalize().unwrap();
    let said = run_in(&folder, &["package", charts().join("store").to_str().unwrap()], "");
    let place = folder.join("store-0.7.1.tgz");
    assert_eq!(said.out, format!("Successfully packaged chart and saved it to: {}\n", place.display()));
}

#[test]
fn row_061_the_same_bytes_every_time() {
    // tests/archives.rs varies folders, times, modes, users, locales and zones; here a folder and its copy.
    let scratch = tempfile::tempdir().unwrap();
    let copy = scratch.path().join("elsewhere");
    fs::create_dir_all(copy.join("templates")).unwrap();
    for file in ["Chart.yaml", "values.yaml", "templates"] {
        let from = charts().join("launcher").join(file);
        let files = if from.is_dir() {
            fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()).collect()
        } else {
            vec![from]
        };
        for from in files {
            let name = from.strip_prefix(charts().join("launcher")).unwrap();
            fs::write(copy.join(name), fs::read(&from).unwrap()).unwrap();
        }
    }
    let first = must(&["digest", copy.to_str().unwrap()]);
    for _ in 0..3 {
        assert_eq!(must(&["digest", copy.to_str().unwrap()]), first);
    }
    let again = scratch.path().join("again");
    fs::rename(&copy, &again).unwrap();
    assert_eq!(must(&["digest", again.to_str().unwrap()]), first);
}

#[test]
fn row_168_several_charts_in_one_call() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().to_str().unwrap();
    let said = must(&["package", "launcher", "store", "./kinds", "probe", "-d", out]);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 4);
    for (line, name) in
        lines.iter().zip(["dual-launcher-0.1.0", "store-0.7.1", "kinds-1.0.0", "probe-1.2.3+build.4"])
    {
        assert!(line.ends_with(&format!("/{name}.tgz")), "{line}");
        assert!(scratch.path().join(format!("{name}.tgz")).is_file());
    }
    // One that is wrong ends it; those before it are done.
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().to_str().unwrap();
    let said = run(&["package", "store", "nowhere", "kinds", "-d", out]);
    assert!(!said.succeeded && said.err.starts_with("Error: stat nowhere: no such file or directory"));
    assert!(said.out.ends_with("/store-0.7.1.tgz\n"));
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    // One version for all.
    let said = must(&["package", "store", "kinds", "-d", out, "--version", "9.9.9", "--app-version", "v1"]);
    assert!(said.contains("store-9.9.9.tgz\n") && said.contains("kinds-9.9.9.tgz\n"));
    let shown = must(&["show", "chart", &format!("{out}/store-9.9.9.tgz")]);
    assert!(shown.contains("version: 9.9.9\n") && shown.contains("appVersion: v1\n"), "{shown}");
}

#[test]
fn row_172_the_readme_is_packed_and_shown() {
    let scratch = tempfile::tempdir().unwrap();
    let chart = scratch.path().join("c");
    fs::create_dir_all(chart.join("templates")).unwrap();
    fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: tracking\nversion: 1.0.0\n").unwrap();
    fs::write(chart.join("README.md"), "# tracking\n\nsays much\n").unwrap();
    fs::write(chart.join("templates/rbac.yaml"), "kind: Role\n").unwrap();
    let said = run_in(scratch.path(), &["package", "c"], "");
    assert!(said.succeeded, "{}", said.err);
    let archive = scratch.path().join("tracking-1.0.0.tgz");
    let names: Vec<String> = entries(&archive).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["tracking/Chart.yaml", "tracking/templates/rbac.yaml", "tracking/README.md"]);
    assert_eq!(must(&["show", "readme", archive.to_str().unwrap()]), "# tracking\n\nsays much\n\n");
}
