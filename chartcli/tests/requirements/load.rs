//! Rows of the class LOAD.

use crate::said::{charts, check, must, run};

#[test]
fn row_034_metadata_of_both_api_versions() {
    let row = check(34);
    assert!(!row.helm4("unknown-field").out.contains("unknown:"));
    assert!(row.helm4("all-fields").out.contains("keywords:\n- llm\n- cost\n"));
}

#[test]
fn row_062_notes_are_no_manifests() {
    let row = check(62);
    let out = &row.helm4("no-notes").out;
    assert!(!out.contains("Both charts are there.") && !out.contains("workload is there."));
    use chartcore::chart::{self, LoadOptions};
    use chartcore::render::{RenderOptions, render};
    use chartcore::values::{Overrides, merge};
    let chart = chart::load(charts().join("stack"), &LoadOptions::new(chartcore::Compat::Helm4)).unwrap();
    let rendered =
        render(&chart, &merge(&chart, &Overrides::new()).unwrap(), &RenderOptions::new("r")).unwrap();
    assert_eq!(rendered.notes(), b"Both charts are there.\n");
    assert_eq!(rendered.all_notes().iter().filter(|note| !note.is_root()).count(), 2);
}

#[test]
fn row_067_an_app_version_without_quotes_is_text() {
    let row = check(67);
    assert!(row.helm4("app-version").out.contains("appVersion: v0.8.0\n"));
    assert!(must(&["template", "g", "store"]).contains("version: \"v0.8.0\""));
}

#[test]
fn row_077_paths_of_every_form() {
    let row = check(77);
    let plain = &row.helm4("plain").out;
    for form in ["slash", "dot", "parent"] {
        assert_eq!(&row.helm4(form).out, plain, "{form}");
    }
    let absolute = charts().join("store");
    let said = run(&["template", "g", absolute.to_str().unwrap(), "--kube-version", "1.34.0"]);
    assert_eq!(said.out, *plain);
}

#[test]
fn row_129_extra_files_are_kept_and_ignored_ones_are_not() {
    let row = check(129);
    let out = &row.helm4("files").out;
    assert!(out.contains("extra: \"extra line\\n\"") && out.contains("ignored: \"\""));
    assert!(!out.contains("old.bak") && !out.contains("ci/test-values.yaml"));
    assert!(!row.helm4("tests").out.contains("helm.sh/hook"));
}

#[test]
fn row_130_all_metadata_survives_packing() {
    use chartcore::archive::{PackOptions, pack};
    use chartcore::chart::{self, LoadOptions};
    let row = check(130);
    let options = LoadOptions::new(chartcore::Compat::Helm4);
    let chart = chart::load(charts().join("cost-ops"), &options).unwrap();
    let archive = pack(&chart, &PackOptions::new()).unwrap();
    let again = chart::load_archive(archive.bytes(), &options).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join(archive.file_name());
    std::fs::write(&file, archive.bytes()).unwrap();
    assert_eq!(again.metadata().keywords, ["llm", "cost"]);
    assert_eq!(again.metadata().maintainers, chart.metadata().maintainers);
    assert_eq!(must(&["show", "chart", file.to_str().unwrap()]), row.helm4("metadata").out);
}

#[test]
fn row_136_a_leading_dot_slash_is_a_path() {
    let row = check(136);
    assert!(row.helm4("missing").err.starts_with("Error: path \"./helm/cost-ops\" not found"));
}
