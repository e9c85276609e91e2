//! Rows of the class ENGINE.

use std::fs;

use crate::corpus;
use crate::said::{charts, check, must, run, run_in};

#[test]
fn row_028_kube_version_and_capabilities_gate() {
    let row = check(28);
    let refused = "chart requires kubeVersion: >=1.26.0-0 which is incompatible with Kubernetes v1.25.0";
    assert!(row.helm4("too-old").err.starts_with(&format!("Error: {refused}")));
    assert!(!row.helm4("new-enough").out.contains("PodDisruptionBudget"));
    assert!(row.helm4("api-versions").out.contains("kind: PodDisruptionBudget"));
}

#[test]
fn row_033_crds_of_subcharts_come_first() {
    let row = check(33);
    let sources = row.helm4("crds").sources();
    assert!(sources[..4].iter().all(|source| source.contains("/crds/")), "{sources:?}");
    assert!(sources[4..].iter().all(|source| !source.contains("/crds/")), "{sources:?}");
    corpus::check(33, "^kthena--default$");
    let Some(folder) = corpus::unpacked(33) else { return };
    let said = run_in(&folder, &["template", "k", "charts/kthena", "--include-crds"], "");
    let sources = said.sources();
    assert_eq!(sources.iter().filter(|source| source.contains("/crds/")).count(), 6);
    assert!(sources[..6].iter().all(|source| source.contains("/crds/")));
    assert!(sources.iter().any(|source| source.starts_with("kthena/charts/workload/crds/")));
}

#[test]
fn row_035_unpacked_subcharts_satisfy_dependencies() {
    let row = check(35);
    assert!(row.helm4("subcharts").sources().contains(&"stack/charts/workload/templates/all.yaml"));
    // What Chart.yaml declares and charts/ does not hold is Helm's error.
    let scratch = tempfile::tempdir().unwrap();
    copy(&charts().join("stack"), scratch.path());
    let chart_yaml = scratch.path().join("Chart.yaml");
    let text = fs::read_to_string(&chart_yaml)
        .unwrap()
        .replace("name: workload\n    version: \"1.0.0\"", "name: gone\n    version: \"1.0.0\"");
    fs::write(&chart_yaml, text).unwrap();
    let said = run(&["template", "k", scratch.path().to_str().unwrap()]);
    assert!(!said.succeeded);
    assert!(said.err.contains("found in Chart.yaml, but missing in charts/ directory: gone"), "{}", said.err);
}

#[test]
fn row_037_every_template_is_deployed() {
    let row = check(37);
    assert_eq!(row.helm4("all").sources().len(), 7);
    corpus::check(37, "^kthena--default$");
    let Some(folder) = corpus::unpacked(37) else { return };
    assert_eq!(
        run_in(&folder, &["template", "k", "charts/kthena", "--include-crds"], "").sources().len(),
        28
    );
}

#[test]
fn row_043_kinds_in_order() {
    let row = check(43);
    let kinds = |profile: &str| -> Vec<String> {
        let lines = row.of(profile, "kinds").out.lines();
        lines.filter_map(|line| line.strip_prefix("kind: ")).map(str::to_owned).collect()
    };
    let (helm3, helm4) = (kinds("helm3"), kinds("helm4"));
    let mut distinct = helm4.clone();
    distinct.sort();
    distinct.dedup();
    assert!(distinct.len() >= 36, "{distinct:?}");
    // Only the webhooks stand elsewhere.
    assert_ne!(helm3, helm4);
    let rest = |kinds: &[String]| -> Vec<String> {
        kinds.iter().filter(|kind| !kind.ends_with("WebhookConfiguration")).cloned().collect()
    };
    assert_eq!(rest(&helm3), rest(&helm4));
}

#[test]
fn row_045_large_crds_pass_unchanged_and_limits_hold() {
    let chart = |size: usize| {
        let scratch = tempfile::tempdir().unwrap();
        fs::create_dir(scratch.path().join("crds")).unwrap();
        fs::write(scratch.path().join("Chart.yaml"), "apiVersion: v2\nname: large\nversion: 1.0.0\n")
            .unwrap();
        let mut text = "kind: CustomResourceDefinition\nmetadata:\n  name: large\n".to_owned();
        let line = "# a line of description that nobody reads\n";
        while text.len() + line.len() <= size {
            text.push_str(line);
        }
        text.push_str(&"#".repeat(size - text.len()));
        fs::write(scratch.path().join("crds/large.yaml"), &text).unwrap();
        (scratch, text)
    };
    let (scratch, text) = chart(1_396_050);
    let folder = scratch.path().to_str().unwrap();
    assert_eq!(
        must(&["template", "r", folder, "--include-crds"]),
        format!("---\n# Source: large/crds/large.yaml\n{text}\n")
    );
    // Helm 4 no longer has a limit for one file.
    let (scratch, _) = chart((5 << 20) + 1);
    let folder = scratch.path().to_str().unwrap();
    let said = run(&["template", "r", folder, "--compat", "helm3"]);
    assert!(!said.succeeded);
    assert!(said.err.contains("larger than the maximum file size 5242880"), "{}", said.err);
    must(&["template", "r", folder, "--compat", "helm4"]);
}

#[test]
fn row_052_manifest_without_crds() {
    let row = check(52);
    assert!(!row.helm4("without-crds").out.contains("CustomResourceDefinition"));
}

#[test]
fn row_053_manifest_with_crds() {
    let row = check(53);
    assert!(row.helm4("with-crds").out.contains("CustomResourceDefinition"));
    corpus::check(53, "^kthena--default$");
}

#[test]
fn row_054_modes_required_and_schema() {
    let row = check(54);
    assert!(row.helm4("manual").out.contains("caBundle: QUJD"));
    assert!(row.helm4("no-bundle").err.contains("global.webhook.caBundle is required in manual mode"));
    assert!(row.helm4("bogus").err.contains("at '/global/certManagementMode': value must be one of"));
    let Some(folder) = corpus::unpacked(54) else { return };
    let said = |setting: &str| {
        let said = run_in(&folder, &["template", "k", "charts/kthena", "--set", setting], "");
        assert!(!said.succeeded, "{setting}");
        said.err
    };
    assert!(
        said("global.certManagementMode=bogus")
            .contains("at '/global/certManagementMode': value must be one of")
    );
    assert!(said("global.certManagementMode=manual").contains("execution error at (kthena/"));
}

#[test]
fn row_056_documents_keep_quoted_numbers() {
    let row = check(56);
    assert!(row.helm4("documents").out.contains("REDIS_PORT: \"6379\""));
}

#[test]
fn row_063_airbyte() {
    absent(63, "airbyte");
}

#[test]
fn row_064_dagster() {
    corpus::check(64, "^dagster--");
}

#[test]
fn row_065_trino() {
    corpus::check(65, "^trino--");
    let Some(folder) = corpus::unpacked(65) else { return };
    assert_eq!(run_in(&folder, &["template", "t", "charts/trino"], "").sources().len(), 10);
}

#[test]
fn row_066_garage_lookup_is_empty_and_seeds_repeat() {
    absent(66, "garage");
    assert!(must(&["template", "r", "probe"]).contains("lookup: {}"));
    let scratch = tempfile::tempdir().unwrap();
    fs::create_dir(scratch.path().join("templates")).unwrap();
    fs::write(scratch.path().join("Chart.yaml"), "apiVersion: v2\nname: random\nversion: 1.0.0\n").unwrap();
    fs::write(scratch.path().join("templates/secret.yaml"), "secret: {{ randAlphaNum 32 }}\n").unwrap();
    let folder = scratch.path().to_str().unwrap();
    let with = |seed: &str| must(&["template", "r", folder, "--seed", seed]);
    assert_eq!(with("one"), with("one"));
    assert_ne!(with("one"), with("two"));
    assert_ne!(must(&["template", "r", folder]), must(&["template", "r", folder]));
}

#[test]
fn row_068_two_releases_differ_in_their_names_only() {
    let row = check(68);
    let (first, second) = (&row.helm4("first").out, &row.helm4("second").out);
    assert_ne!(first, second);
    assert_eq!(first.replace("first", "second"), *second);
}

#[test]
fn row_084_the_example_template() {
    check(84);
}

#[test]
fn row_085_builtin_objects() {
    let row = check(85);
    let out = &row.helm4("objects").out;
    for expected in ["isInstall: true", "isUpgrade: false", "revision: 1", "service: Helm", "mine: false"] {
        assert!(out.contains(expected), "{expected}");
    }
    let upgrade = &row.helm4("upgrade").out;
    assert!(upgrade.contains("isUpgrade: true") && upgrade.contains("mine: true"));
}

#[test]
fn row_086_template_with_a_file() {
    check(86);
}

#[test]
fn row_122_objects_pass_untouched() {
    let row = check(122);
    let out = &row.helm4("objects").out;
    for kind in ["Namespace", "PersistentVolumeClaim", "Pod", "StatefulSet"] {
        assert!(out.contains(&format!("kind: {kind}\n")), "{kind}");
    }
    assert!(out.contains("volumeClaimTemplates:\n    - metadata:\n        name: meta\n"));
    assert!(out.contains("accessModes: [ \"ReadWriteOnce\" ]"));
}

#[test]
fn row_125_a_service_with_values_of_four_stages() {
    check(125);
    absent(125, "llm-cost-ops");
}

#[test]
fn row_139_only_manifests_on_standard_output() {
    let row = check(139);
    assert!(row.helm4("namespace").out.contains("namespace: billing"));
    let said = run(&["template", "c", "cost-ops", "--namespace", "billing", "--debug"]);
    assert!(said.succeeded && said.out.starts_with("---\n# Source: "));
}

#[test]
fn row_150_the_naming_helpers() {
    let row = check(150);
    for case in 1..=20 {
        assert!(row.helm4(&format!("{case:02}")).out.contains("app.kubernetes.io/managed-by: Helm"));
    }
}

#[test]
fn row_153_a_rolling_update_passes_through() {
    let row = check(153);
    assert!(
        row.helm4("strategy")
            .out
            .contains("    rollingUpdate:\n      maxSurge: 25%\n      maxUnavailable: 0\n")
    );
}

#[test]
fn row_162_pods_have_the_name_label() {
    let row = check(162);
    assert!(row.helm4("label").out.contains("      labels:\n        app.kubernetes.io/name: cost-ops\n"));
}

#[test]
fn row_165_missing_dependencies_and_vendored_charts() {
    let row = check(165);
    let said = row.helm4("missing");
    assert!(said.err.contains("found in Chart.yaml, but missing in charts/ directory: postgresql"));
    corpus::check(165, "^(mlflow|kserve|kubeflow-pipelines|kube-prometheus-stack)--default$");
}

#[test]
fn row_180_a_trailing_slash_and_debug() {
    let row = check(180);
    assert_eq!(row.helm4("debug").out, must(&["template", "k", "stack", "--kube-version", "1.34.0"]));
}

/// The corpus does not hold every chart that is named; a row says so, and checks what it can on charts of ours.
fn absent(row: u32, name: &str) {
    if let Some(folder) = corpus::unpacked(row) {
        assert!(!folder.join("charts").join(name).exists(), "{name} is there now: check row {row} on it");
        println!("row {row}: {name} NOT CHECKED, the corpus does not hold it");
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
