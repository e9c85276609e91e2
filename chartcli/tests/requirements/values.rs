//! Rows of the class VALUES.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::said::{charts, check, must, run};

#[test]
fn row_022_set_values_with_colon_and_slash() {
    let row = check(22);
    let out = &row.helm4("set-image").out;
    assert!(out.contains("image: localhost:5000/a/b:v0.1.0\n"));
    assert!(out.contains("- --sleeper-limit=3\n"));
}

#[test]
fn row_023_values_file_overrides_defaults() {
    let row = check(23);
    assert!(row.helm4("own-values").out.contains("image: localhost:5000/dev/controller:pr-12\n"));
}

#[test]
fn row_036_parent_values_and_globals_reach_subcharts() {
    let row = check(36);
    let out = &row.helm4("parent-over-child").out;
    assert!(out.contains("replicas: \"2\"") && out.contains("endpoint: \"http://store:3900\""));
    let out = &row.helm4("networking").out;
    assert!(out.contains("replicas: \"4\"") && out.contains("environment: \"x\""));
}

#[test]
fn row_038_a_stale_key_renders_and_lint_warns() {
    let row = check(38);
    assert_eq!(row.helm4("stale-key").out, must(&["template", "k", "stack", "--kube-version", "1.34.0"]));
    let words = ["lint", "stack", "--set", "global.certManager.enabled=true"];
    assert!(!must(&words).contains("certManager"));
    let out = must(&[&words[..], &["--unused-values"]].concat());
    assert!(
        out.contains(
            "[WARNING] values: --set global.certManager.enabled=true: no chart knows `global.certManager`"
        ),
        "{out}"
    );
    let said = run(&[&words[..], &["--unused-values", "--strict"]].concat());
    assert!(!said.succeeded);
    let known = must(&["lint", "stack", "--unused-values", "--set", "global.certManagementMode=manual"]);
    assert!(!known.contains("no chart knows"), "{known}");
}

#[test]
fn row_041_set_beats_files_and_conditions_take_crds_along() {
    let row = check(41);
    let sources = row.helm4("set-over-file").sources();
    assert!(sources.iter().any(|source| source.starts_with("stack/charts/workload/crds/")));
    assert!(sources.iter().all(|source| !source.contains("networking")));
}

#[test]
fn row_055_base64_arrives_unchanged() {
    let row = check(55);
    assert!(row.helm4("set").out.contains("--ca=\"TWlJQ/0lqQU5C+ZtrZ2c==\""));
    let bundle = fs::read_to_string(charts().join("launcher/ca.b64")).unwrap();
    assert!(row.helm4("set-file").out.contains(&format!("--ca=\"{bundle}\"")));
}

#[test]
fn row_060_no_command_changes_a_chart() {
    let before = contents(&charts());
    for words in [
        &["template", "r", "stack", "--include-crds"][..],
        &["template", "r", "stack", "-f", "stack/values-dev.yaml", "--set", "a=b"],
        &["lint", "stack", "--policy", "--unused-values", "--strict-images"],
        &["show", "all", "cost-ops"],
        &["values", "cost-ops", "-f", "cost-ops/values-prod.yaml"],
        &["dependency", "list", "stack"],
    ] {
        must(words);
    }
    assert_eq!(contents(&charts()), before);
}

#[test]
fn row_078_no_name_of_a_values_file_is_special() {
    let row = check(78);
    assert_eq!(row.helm4("default").out, must(&["template", "g", "store", "--kube-version", "1.34.0"]));
}

#[test]
fn row_079_siblings_of_an_override_stay() {
    check(79);
    let out = must(&["values", "store", "-f", "store/values-big.yaml"]);
    assert!(out.contains("persistence:\n  data:\n    size: 100Gi\n  enabled: true\n  meta:\n    class: \"\"\n    size: 1Gi\n"), "{out}");
}

#[test]
fn row_080_one_values_file() {
    check(80);
}

#[test]
fn row_081_the_last_of_three_files_wins() {
    let row = check(81);
    let out = &row.helm4("three-files").out;
    assert!(out.contains("            limits:\n            - c\n"), "{out}");
    assert!(!out.contains("name: meta\n"));
}

#[test]
fn row_082_numbers_of_set_are_integers() {
    let row = check(82);
    assert!(row.helm4("set").out.contains("storage: \"100Gi\""));
    assert!(row.helm4("set").out.contains("types: \"int64 float64 3903\""));
    assert!(row.helm4("types").out.contains("types: int64 float64"));
    assert!(row.helm4("string").out.contains("types: string float64"));
}

#[test]
fn row_105_globals_reach_every_subchart() {
    let row = check(105);
    assert_eq!(row.helm4("global").out.matches("endpoint: \"http://elsewhere:1\"").count(), 2);
}

#[test]
fn row_110_keys_with_dots() {
    let row = check(110);
    assert!(row.helm4("file").out.contains("    hive.metastore.uri=thrift://metastore:9083\n"));
    assert!(
        row.helm4("set").out.contains("    connector.name=hive\n    hive.metastore.uri=thrift://m:9083\n")
    );
    assert!(!row.helm4("set-unescaped").out.contains("connector.name=hive"));
}

#[test]
fn row_117_malformed_values_are_never_ignored() {
    let row = check(117);
    let err = &row.helm4("broken").err;
    assert!(err.starts_with("Error: failed to parse store/values-broken.yaml: "), "{err}");
    assert!(err.contains("line "), "{err}");
}

#[test]
fn row_137_lists_are_replaced() {
    let row = check(137);
    assert!(row.helm4("first").out.contains("      hosts:\n      - host: api.example.com\n      tls:"));
    assert!(row.helm4("second").out.contains("      hosts:\n      - null\n      - host: z\n"));
}

#[test]
fn row_140_set_comes_after_files() {
    let row = check(140);
    assert!(row.helm4("set-after-file").out.contains("value: \"development\""));
}

#[test]
fn row_141_set_file_keeps_the_text_and_does_not_log_it() {
    let row = check(141);
    assert!(row.helm4("set-file").out.contains("password: \"s3cr3t, with=signs\\n\""));
    let words = [
        "template",
        "c",
        "cost-ops",
        "--debug",
        "--set-file",
        "postgresql.auth.password=./postgres-password.txt",
    ];
    let said = run(&words);
    assert!(said.succeeded && !said.err.contains("s3cr3t"), "{}", said.err);
    let failing = run(&[&words[..], &["--set", "ingress.enabled=true,ingress.hosts=text"]].concat());
    assert!(!failing.succeeded && !failing.err.contains("s3cr3t"), "{}", failing.err);
}

#[test]
fn row_142_an_element_of_a_list() {
    let row = check(142);
    assert!(row.helm4("tls").out.contains("  tls:\n    - secretName: api-tls\n"));
}

#[test]
fn row_144_defaults_survive_reading_and_printing() {
    let row = check(144);
    let out = &row.helm4("round-trip").out;
    for kept in [
        "nginx.ingress.kubernetes.io/ssl-redirect: \"true\"",
        "size: 100Gi",
        "nodeSelector: {}",
        "tolerations: []",
        "prometheus.io/port: \"9090\"",
        "existingSecret: \"\"",
    ] {
        assert!(out.contains(kept), "{kept}");
    }
    // What `chart values` prints is read back as the same values.
    let printed = must(&["values", "cost-ops"]);
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("values.yaml");
    fs::write(&file, &printed).unwrap();
    assert_eq!(must(&["values", "cost-ops", "-f", file.to_str().unwrap()]), printed);
}

#[test]
fn row_145_empty_texts_are_empty() {
    let row = check(145);
    assert!(row.helm4("empty").out.contains("password: \"unset\""));
    assert!(row.helm4("password").out.contains("password: \"p\""));
    assert!(!row.helm4("existing").out.contains("kind: Secret"));
}

#[test]
fn row_146_the_dev_override() {
    let row = check(146);
    let out = &row.helm4("dev").out;
    assert!(out.contains("image: \"ghcr.io/example/cost-ops:latest\""));
    assert!(out.contains("              cpu: 500m\n              memory: 2Gi\n"));
}

#[test]
fn row_147_a_list_without_paths() {
    let row = check(147);
    let out = &row.helm4("staging").out;
    assert!(out.contains("    - host: \"staging.example.org\"\n      http:\n        paths:\n---"), "{out}");
}

#[test]
fn row_148_the_prod_override() {
    let row = check(148);
    assert!(row.helm4("prod").out.contains("pathType: Exact"));
}

#[test]
fn row_149_files_count_in_their_order() {
    let row = check(149);
    assert!(row.helm4("three").out.contains("  replicas: 9\n"));
    assert!(row.helm4("turned").out.contains("  replicas: 5\n"));
}

#[test]
fn row_170_a_missing_file_is_named() {
    let row = check(170);
    let err = &row.helm4("missing-file").err;
    assert!(
        err.starts_with("Error: open launcher/values-production.yaml: no such file or directory"),
        "{err}"
    );
}

#[test]
fn row_176_a_stage_per_chart() {
    let row = check(176);
    let sources = row.helm4("dev").sources();
    assert!(sources.iter().all(|source| !source.contains("/workload/")));
    assert!(row.helm4("dev").out.contains("size: 50Gi"));
}

#[test]
fn row_177_a_value_reaches_the_subchart() {
    let row = check(177);
    assert!(row.helm4("size").out.contains("size: 20Gi\n  class: fast\n"));
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut waiting) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let data = fs::read(&path).unwrap();
                found.insert(path, data);
            }
        }
    }
    found
}
