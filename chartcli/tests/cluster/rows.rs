//! The requirement rows of class CLUSTER, one test each, named by number.

use crate::space::{Space, Tool};

const WE: Tool = Tool::Chart;

/// A chart of a CRD, and one object of it.
fn chart_with_definition(space: &Space, group: &str) -> String {
    let definition = format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things.{group}\nspec:\n  \
         group: {group}\n  names: {{kind: Thing, plural: things, singular: thing, listKind: ThingList}}\n  scope: \
         Namespaced\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema: {{openAPIV3Schema: {{type: \
         object, x-kubernetes-preserve-unknown-fields: true}}}}\n"
    );
    let object = format!(
        "apiVersion: {group}/v1\nkind: Thing\nmetadata:\n  name: {{{{ .Release.Name }}}}\nspec:\n  size: {{{{ .Values.size \
         }}}}\n"
    );
    space.chart(
        "defined",
        &[("crds/thing.yaml", &definition), ("templates/thing.yaml", &object), ("values.yaml", "size: 1\n")],
    )
}

fn group(space: &Space) -> String {
    format!("{}.example.com", space.namespace)
}

#[test]
fn row_040_install_creates_the_namespace_and_the_record() {
    let space = Space::without_namespace();
    let chart = space.config_chart();
    space.must(WE, &format!("install my-release {chart} --create-namespace"));
    let record = space.object("v1", "Secret", "sh.helm.release.v1.my-release.v1").expect("a record");
    assert_eq!(record["type"], "helm.sh/release.v1");
    let labels = &record["metadata"]["labels"];
    for (key, value) in [("name", "my-release"), ("owner", "helm"), ("status", "deployed"), ("version", "1")]
    {
        assert_eq!(labels[key], value, "{labels}");
    }
    let namespace = space.object("v1", "Namespace", &space.namespace).expect("a namespace");
    assert_eq!(namespace["metadata"]["labels"]["name"], space.namespace.as_str());
}

#[test]
fn row_042_crds_come_before_templates() {
    let space = Space::new();
    let chart = chart_with_definition(&space, &group(&space));
    space.must(WE, &format!("install r {chart}"));
    let api_version = format!("{}/v1", group(&space));
    assert_eq!(space.object(&api_version, "Thing", "r").expect("made in one go")["spec"]["size"], 1);
    assert!(!space.must(WE, "get manifest r").contains("CustomResourceDefinition"));
}

#[test]
fn row_044_crds_are_never_touched_again() {
    let space = Space::new();
    let group = group(&space);
    let chart = chart_with_definition(&space, &group);
    let shown = space.must(WE, &format!("show crds {chart}"));
    assert!(shown.contains("kind: CustomResourceDefinition"));
    space.must(WE, &format!("install r {chart}"));
    let name = format!("things.{group}");
    let definition = || {
        let live = space.object("apiextensions.k8s.io/v1", "CustomResourceDefinition", &name);
        live.expect("it is there")["metadata"]["generation"].clone()
    };
    let before = definition();
    let file = space.folder.path().join("defined/crds/thing.yaml");
    let text = std::fs::read_to_string(&file)
        .unwrap()
        .replace("singular: thing", "shortNames: [th], singular: thing");
    std::fs::write(&file, text).unwrap();
    space.must(WE, &format!("upgrade r {chart} --set size=2"));
    assert_eq!(definition(), before, "an upgrade leaves CRDs");
    // On purpose, it can be done.
    assert!(space.must(WE, &format!("crds diff {chart}")).contains("shortNames"));
    assert_eq!(space.run(WE, &format!("crds diff {chart} --detailed-exitcode")).code, Some(2));
    space.must(WE, &format!("crds apply {chart} --force-conflicts"));
    assert_ne!(definition(), before);
    assert_eq!(space.run(WE, &format!("crds diff {chart} --detailed-exitcode")).code, Some(0));
    space.must(WE, "uninstall r");
    definition();
}

#[test]
fn row_046_uninstall_removes_everything_and_says_so() {
    let space = Space::new();
    let chart = space.created("web");
    space.must(WE, &format!("install r {chart}"));
    assert_eq!(space.must(WE, "uninstall r"), "release \"r\" uninstalled\n");
    assert_eq!(space.names(), Vec::<String>::new());
    assert_eq!(
        space.refused(WE, "uninstall r"),
        "Error: uninstall: Release not loaded: r: release: not found"
    );
    assert_eq!(space.must(WE, "uninstall r --ignore-not-found"), "release \"r\" uninstalled\n");
}

#[test]
fn row_048_template_validates_against_the_cluster() {
    let space = Space::new();
    let good = space.config_chart();
    let unknown = space.chart(
        "unknown",
        &[("templates/a.yaml", "apiVersion: nowhere.example.com/v1\nkind: Thing\nmetadata:\n  name: a\n")],
    );
    for flag in ["--validate", "--dry-run=server"] {
        assert!(space.must(WE, &format!("template r {good} {flag}")).contains("kind: ConfigMap"));
        let refused = space.refused(WE, &format!("template r {unknown} {flag}"));
        assert!(refused.contains("no matches for kind \"Thing\""), "{refused}");
        let away =
            space.refused(WE, &format!("template r {good} {flag} --kube-apiserver https://127.0.0.1:1"));
        assert!(away.contains("cluster unreachable"), "{away}");
    }
    let server = space.must(WE, &format!("template r {good} --dry-run=server"));
    assert_eq!(server, space.must(Tool::Helm4, &format!("template r {good} --dry-run=server")));
}

#[test]
fn row_050_install_dry_run_shows_and_warns() {
    let space = Space::new();
    let chart = space.created("web");
    for line in [format!("install r {chart} --dry-run"), format!("install r {chart} --dry-run=server")] {
        let (us, them) = (space.run(WE, &line), space.run(Tool::Helm4, &line));
        assert!(us.ok, "{}", us.err);
        assert_eq!(without_time(&us.out), without_time(&them.out));
        assert_eq!(us.err.contains("--dry-run is deprecated"), them.err.contains("--dry-run is deprecated"));
        for part in ["NAME: r", "HOOKS:\n---", "MANIFEST:\n---", "NOTES:"] {
            assert!(us.out.contains(part), "{part}");
        }
    }
    // Helm 4 asks no cluster for this, and Helm 3 does.
    let away = format!("install r {chart} --dry-run=client --kube-apiserver https://127.0.0.1:1");
    space.must(WE, &away);
    assert!(space.refused(Tool::Chart3, &away).contains("Kubernetes cluster unreachable"));
    assert_eq!(space.names(), Vec::<String>::new());
}

fn without_time(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("LAST DEPLOYED")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn row_059_rollback_brings_the_first_objects_back() {
    let space = Space::new();
    let chart = space.created("web");
    space.must(WE, &format!("install r {chart}"));
    let first = space.live();
    space.must(WE, &format!("upgrade r {chart} --set replicaCount=3,image.tag=2"));
    assert_ne!(space.live(), first);
    space.must(WE, "rollback r 1");
    assert_eq!(space.live(), first);
    assert_eq!(space.history(WE, "r").last().map(|entry| entry.0), Some(3));
}

#[test]
fn row_069_the_whole_life_of_a_release() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(WE, &format!("install r {chart}"));
    space.must(WE, &format!("upgrade r {chart} --set data.a=two"));
    assert_eq!(space.config("r-config").unwrap()["a"], "two");
    assert_eq!(space.must(WE, "rollback r"), "Rollback was a success! Happy Helming!\n");
    assert_eq!(space.config("r-config").unwrap()["a"], "one");
    space.must(WE, "uninstall r");
    assert!(space.config("r-config").is_none());
}

#[test]
fn row_070_list_has_helms_columns() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(WE, &format!("install r {chart}"));
    let table = space.must(WE, "list");
    let header: Vec<&str> = table.lines().next().unwrap().split('\t').map(str::trim).collect();
    assert_eq!(header, ["NAME", "NAMESPACE", "REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION"]);
    assert_eq!(table, space.must(Tool::Helm4, "list"));
    let everywhere = space.must(WE, "list --all-namespaces -o json --max 0");
    let entries: serde_json::Value = serde_json::from_str(&everywhere).unwrap();
    let entry =
        entries.as_array().unwrap().iter().find(|entry| entry["namespace"] == space.namespace.as_str());
    let keys: Vec<&String> = entry.unwrap().as_object().unwrap().keys().collect();
    assert_eq!(keys, ["app_version", "chart", "name", "namespace", "revision", "status", "updated"]);
}

#[test]
fn row_071_statuses_are_recorded_and_filtered() {
    let space = Space::new();
    let chart = space.config_chart();
    let broken = space.chart(
        "broken",
        &[(
            "templates/a.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: -1}]}\n",
        )],
    );
    space.must(WE, &format!("install good {chart}"));
    space.refused(WE, &format!("install bad {broken}"));
    space.must(WE, &format!("install kept {chart} --set name=kept"));
    space.must(WE, "uninstall kept --keep-history");
    space.must(WE, &format!("upgrade good {chart} --set data.a=2"));
    for (flags, names) in [
        ("--deployed", "good\n"),
        ("--failed", "bad\n"),
        ("--uninstalled", "kept\n"),
        ("--pending", ""),
        ("--uninstalling", ""),
        ("--superseded", "good\n"),
        ("--failed --uninstalled", "bad\nkept\n"),
        ("", "bad\ngood\nkept\n"),
    ] {
        let ours = space.must(WE, &format!("list -q {flags}"));
        assert_eq!(ours, names, "{flags}");
        assert_eq!(ours, space.must(Tool::Helm4, &format!("list -q {flags}")), "{flags}");
    }
    assert_eq!(space.must(Tool::Chart3, "list -q"), space.must(Tool::Helm3, "list -q"));
}

#[test]
fn row_087_dry_run_with_debug_shows_values() {
    let space = Space::new();
    let chart = space.config_chart();
    let line = format!("upgrade --install r {chart} --set data.b=x --dry-run=server --debug");
    let (us, them) = (space.must(WE, &line), space.must(Tool::Helm4, &line));
    for part in ["USER-SUPPLIED VALUES:", "COMPUTED VALUES:", "HOOKS:", "MANIFEST:"] {
        assert!(us.contains(part), "{part}: {us}");
    }
    assert_eq!(without_time(&us), without_time(&them));
}

#[test]
fn row_088_install_with_values_into_a_new_namespace() {
    let space = Space::without_namespace();
    let chart = space.config_chart();
    std::fs::write(space.folder.path().join("values.yaml"), "data: {a: file, b: more}\n").unwrap();
    space.must(WE, &format!("install r {chart} -f values.yaml -n {} --create-namespace", space.namespace));
    assert_eq!(space.config("r-config").unwrap(), serde_json::json!({"a": "file", "b": "more"}));
}

#[test]
fn row_089_waiting_ends_at_the_timeout() {
    let space = Space::new();
    let chart = space.created("web");
    space.must(WE, &format!("install good {chart} --wait --timeout 2m"));
    let stuck = "--set nodeSelector.no=node --wait --timeout 3s";
    let refused = space.run(WE, &format!("install bad {chart} {stuck}"));
    assert!(refused.err.contains("INSTALLATION FAILED: resource Deployment/"), "{}", refused.err);
    assert!(refused.err.contains("context deadline exceeded"), "{}", refused.err);
    assert_eq!(space.statuses("bad"), ["failed"]);
    for timeout in ["10m", "1h30m", "300s"] {
        space.must(WE, &format!("upgrade good {chart} --timeout {timeout}"));
    }
    let legacy = space.refused(Tool::Chart3, &format!("install bad3 {chart} {stuck}"));
    assert_eq!(legacy, "Error: INSTALLATION FAILED: context deadline exceeded");
}

#[test]
fn row_090_upgrades_merge_as_helm_does() {
    // Changed, added and removed fields, and what somebody else put there.
    let outcome = |tool: Tool| {
        let space = Space::new();
        let chart = space.config_chart();
        space.must(tool, &format!("install r {chart} --set data.b=old,data.c=stays"));
        space.put("{apiVersion: v1, kind: ConfigMap, metadata: {name: r-config, labels: {mine: here}}, data: {z: theirs}}");
        space.must(tool, &format!("upgrade r {chart} --set data.b=new,data.d=added"));
        space.live()
    };
    assert_eq!(outcome(Tool::Chart), outcome(Tool::Helm4));
    assert_eq!(outcome(Tool::Chart3), outcome(Tool::Helm3));
}

#[test]
fn row_091_upgrade_install_twice_changes_nothing() {
    let space = Space::new();
    let chart = space.created("web");
    let line = format!("upgrade --install r {chart}");
    assert!(space.must(WE, &line).starts_with("Release \"r\" does not exist. Installing it now.\n"));
    let version = || {
        let live = space.object("v1", "Service", "r-web").unwrap();
        live["metadata"]["resourceVersion"].clone()
    };
    let before = version();
    assert!(space.must(WE, &line).starts_with("Release \"r\" has been upgraded. Happy Helming!\n"));
    assert_eq!(version(), before);
    assert_eq!(space.statuses("r"), ["superseded", "deployed"]);
}

#[test]
fn row_092_list_in_a_namespace() {
    let space = Space::new();
    let chart = space.config_chart();
    assert_eq!(space.must(WE, "list -q"), "");
    space.must(WE, &format!("install r {chart}"));
    assert_eq!(space.must(WE, &format!("list -q -n {}", space.namespace)), "r\n");
}

#[test]
fn row_093_status_as_text_and_json() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(WE, &format!("install r {chart}"));
    let text = space.must(WE, "status r");
    assert!(text.contains("STATUS: deployed\nREVISION: 1\n"), "{text}");
    assert!(text.contains("RESOURCES:\n==> v1/ConfigMap\nNAME       DATA   AGE\nr-config   1"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&space.must(WE, "status r -o json")).unwrap();
    assert_eq!(json["info"]["status"], "deployed");
    assert_eq!(json["info"]["resources"]["v1/ConfigMap"][0]["metadata"]["name"], "r-config");
}

#[test]
fn row_094_history_has_helms_columns() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(WE, &format!("install r {chart}"));
    space.must(WE, &format!("upgrade r {chart}"));
    let table = space.must(WE, "history r");
    let header: Vec<&str> = table.lines().next().unwrap().split('\t').map(str::trim).collect();
    assert_eq!(header, ["REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION", "DESCRIPTION"]);
    assert_eq!(table, space.must(Tool::Helm4, "history r"));
    assert_eq!(table, space.must(Tool::Helm3, "history r"));
}

#[test]
fn row_095_get_values_shows_the_users() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(WE, &format!("install r {chart} --set data.b=2"));
    assert_eq!(space.must(WE, "get values r"), "USER-SUPPLIED VALUES:\ndata:\n  b: 2\n");
    assert_eq!(space.must(WE, "get values r -o yaml"), "data:\n  b: 2\n");
    assert_eq!(space.must(WE, "get values r -o json"), "{\"data\":{\"b\":2}}\n");
}

#[test]
fn row_096_get_values_all_shows_everything() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(WE, &format!("install r {chart} --set data.b=2"));
    let all = space.must(WE, "get values r --all");
    assert_eq!(all, "COMPUTED VALUES:\ndata:\n  a: one\n  b: 2\nname: config\n");
    assert_eq!(all, space.must(Tool::Helm4, "get values r --all"));
}

#[test]
fn row_097_get_manifest_is_what_was_rendered() {
    let space = Space::new();
    let chart = space.created("web");
    space.must(WE, &format!("install r {chart} --no-hooks"));
    let manifest = space.must(WE, "get manifest r");
    assert_eq!(manifest, space.must(Tool::Helm4, "get manifest r"));
    let rendered = space.must(WE, &format!("template r {chart} --no-hooks --kube-version 1.34.2"));
    assert_eq!(manifest.trim(), rendered.trim());
}

#[test]
fn row_098_rollback_goes_one_back() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(WE, &format!("install r {chart}"));
    space.must(WE, &format!("upgrade r {chart} --set data.a=two"));
    space.must(WE, "rollback r");
    assert_eq!(space.history(WE, "r")[2], (3, "deployed".to_owned(), "Rollback to 1".to_owned()));
}

#[test]
fn row_099_rollback_goes_to_a_revision() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(WE, &format!("install r {chart}"));
    for value in ["two", "three", "four"] {
        space.must(WE, &format!("upgrade r {chart} --set data.a={value}"));
    }
    space.must(WE, "rollback r 2");
    assert_eq!(space.config("r-config").unwrap()["a"], "two");
}

#[test]
fn row_100_uninstall_removes_the_history() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(WE, &format!("install r {chart}"));
    space.must(WE, &format!("upgrade r {chart}"));
    space.must(WE, "uninstall r");
    for revision in [1, 2] {
        assert!(space.object("v1", "Secret", &format!("sh.helm.release.v1.r.v{revision}")).is_none());
    }
}

#[test]
fn row_101_uninstall_can_keep_the_history() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(WE, &format!("install r {chart}"));
    space.must(WE, "uninstall r --keep-history");
    assert_eq!(space.history(WE, "r"), [(1, "uninstalled".to_owned(), "Uninstallation complete".to_owned())]);
    assert_eq!(
        space.refused(WE, "uninstall r --keep-history"),
        "Error: the release named \"r\" is already deleted"
    );
    space.must(WE, "rollback r 1");
    assert!(space.config("r-config").is_some());
    space.must(WE, "uninstall r --keep-history");
    space.must(WE, "uninstall r");
    assert!(space.refused(WE, "history r").contains("release: not found"));
}

#[test]
fn row_108_upgrade_install_of_a_folder() {
    let space = Space::new();
    space.config_chart();
    space.must(WE, "upgrade --install garage ./config");
    space.must(WE, "upgrade --install garage ./config --set data.a=two");
    assert_eq!(space.config("garage-config").unwrap()["a"], "two");
}

#[test]
fn row_113_objects_of_others_are_not_taken() {
    let space = Space::new();
    let chart = space.config_chart();
    space.put("{apiVersion: v1, kind: ConfigMap, metadata: {name: r-config}, data: {theirs: '1'}}");
    for (ours, theirs) in [(Tool::Chart, Tool::Helm4), (Tool::Chart3, Tool::Helm3)] {
        let line = format!("install r {chart}");
        let refused = space.refused(ours, &line);
        assert_eq!(refused, space.refused(theirs, &line));
        assert!(
            refused.contains("invalid ownership metadata; label validation error: missing key"),
            "{refused}"
        );
    }
    space.must(WE, &format!("install other {chart}"));
    let upgrade = format!("upgrade other {chart} --set name=x");
    space.put("{apiVersion: v1, kind: ConfigMap, metadata: {name: other-x}}");
    assert_eq!(space.refused(Tool::Chart, &upgrade), space.refused(Tool::Helm4, &upgrade));
    space.must(WE, &format!("install r {chart} --take-ownership --force-conflicts"));
    assert_eq!(space.config("r-config").unwrap()["a"], "one");
}

#[test]
fn row_114_objects_carry_helms_marks() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(WE, &format!("install r {chart}"));
    let metadata = space.object("v1", "ConfigMap", "r-config").unwrap()["metadata"].clone();
    assert_eq!(metadata["labels"]["app.kubernetes.io/managed-by"], "Helm");
    assert_eq!(metadata["annotations"]["meta.helm.sh/release-name"], "r");
    assert_eq!(metadata["annotations"]["meta.helm.sh/release-namespace"], space.namespace.as_str());
    assert!(!space.must(WE, &format!("template r {chart}")).contains("managed-by"));
}

#[test]
fn row_115_force_replaces() {
    for (tool, flags) in [
        (Tool::Chart, "--force --server-side=false"),
        (Tool::Chart, "--force-replace --server-side=false"),
        (Tool::Chart3, "--force"),
    ] {
        let space = Space::new();
        let chart = space.config_chart();
        space.must(tool, &format!("install r {chart}"));
        space.put("{apiVersion: v1, kind: ConfigMap, metadata: {name: r-config}, data: {theirs: '1'}}");
        space.must(tool, &format!("upgrade r {chart} --set data.a=two {flags}"));
        assert_eq!(space.config("r-config").unwrap(), serde_json::json!({"a": "two"}), "{flags}");
    }
}

#[test]
fn row_123_release_names_are_per_namespace() {
    let (one, two) = (Space::new(), Space::new());
    for space in [&one, &two] {
        space.config_chart();
        space.must(WE, "install garage ./config");
        assert_eq!(space.must(WE, "list -q"), "garage\n");
    }
}

#[test]
fn row_134_install_with_namespace_and_create_namespace() {
    let space = Space::without_namespace();
    let chart = space.config_chart();
    space.must(WE, &format!("install r {chart} --namespace {} --create-namespace", space.namespace));
    // A namespace that is there is no obstacle.
    space.must(WE, &format!("install s {chart} --namespace {} --create-namespace", space.namespace));
    assert_eq!(space.must(WE, "list -q"), "r\ns\n");
}

#[test]
fn row_138_install_dry_run_debug() {
    let space = Space::new();
    let chart = space.config_chart();
    let line = format!("install r {chart} --dry-run=client --debug");
    let (us, them) = (space.must(WE, &line), space.must(Tool::Helm4, &line));
    assert_eq!(without_time(&us), without_time(&them));
}

#[test]
fn row_143_wait_with_a_long_timeout() {
    let space = Space::new();
    let chart = space.created("web");
    space.must(WE, &format!("install r {chart} --wait --timeout 10m"));
    let deployment = space.object("apps/v1", "Deployment", "r-web").unwrap();
    assert_eq!(deployment["status"]["availableReplicas"], 1);
}

#[test]
fn row_151_upgrade_with_values_and_their_reuse() {
    let outcome = |tool: Tool, flags: &str| {
        let space = Space::new();
        let chart = space.config_chart();
        std::fs::write(space.folder.path().join("v.yaml"), "data: {b: file}\n").unwrap();
        space.must(tool, &format!("install r {chart} --values v.yaml --set data.c=set"));
        space.must(tool, &format!("upgrade r {chart} {flags}"));
        (space.config("r-config"), space.must(Tool::Helm4, "get values r -o json"))
    };
    for flags in [
        "--values v.yaml --set image.tag=v1.1.0",
        "",
        "--set data.d=new",
        "--reuse-values",
        "--reuse-values --set data.d=new",
        "--reset-values",
        "--reset-values --set data.d=new",
        "--reset-then-reuse-values",
        "--reset-then-reuse-values --set data.b=over",
    ] {
        assert_eq!(outcome(Tool::Chart, flags), outcome(Tool::Helm4, flags), "{flags}");
        assert_eq!(outcome(Tool::Chart3, flags), outcome(Tool::Helm3, flags), "{flags}");
    }
}

#[test]
fn row_154_two_releases_of_one_chart() {
    let space = Space::new();
    let chart = space.created("web");
    space.must(WE, &format!("install blue {chart}"));
    space.must(WE, &format!("install green {chart} --set replicaCount=2"));
    space.must(WE, "uninstall blue");
    assert_eq!(space.names(), ["Deployment/green-web", "Service/green-web", "ServiceAccount/green-web"]);
}

#[test]
fn row_155_looking_at_a_release() {
    let space = Space::new();
    let chart = space.created("web");
    space.must(WE, &format!("install r {chart} --set replicaCount=2"));
    for line in ["list", "history r", "get values r", "get manifest r", "get notes r", "get hooks r"] {
        assert_eq!(space.must(WE, line), space.must(Tool::Helm4, line), "{line}");
    }
}

#[test]
fn row_156_rollback_can_wait_and_pretend() {
    let space = Space::new();
    let chart = space.created("web");
    space.must(WE, &format!("install r {chart}"));
    space.must(WE, &format!("upgrade r {chart} --set replicaCount=2"));
    space.must(WE, &format!("upgrade r {chart} --set replicaCount=3"));
    let before = space.live();
    space.must(WE, "rollback r --dry-run=client");
    assert_eq!(space.statuses("r").len(), 3);
    assert_eq!(space.live(), before);
    space.must(WE, "rollback r 1 --wait --timeout 2m");
    assert_eq!(space.object("apps/v1", "Deployment", "r-web").unwrap()["status"]["availableReplicas"], 1);
}

#[test]
fn row_157_a_failed_upgrade_is_rolled_back() {
    for (tool, flag, reason) in [
        (Tool::Chart, "--rollback-on-failure", "rollback-on-failure"),
        (Tool::Chart, "--atomic", "rollback-on-failure"),
        (Tool::Chart3, "--atomic", "atomic"),
    ] {
        let space = Space::new();
        let chart = space.created("web");
        space.must(tool, &format!("install r {chart}"));
        let before = space.live();
        let refused =
            space.run(tool, &format!("upgrade r {chart} --set nodeSelector.no=node {flag} --timeout 12s"));
        let start = format!(
            "Error: UPGRADE FAILED: release r failed, and has been rolled back due to {reason} being set: "
        );
        assert!(refused.error().starts_with(&start), "{}", refused.err);
        assert_eq!(space.live(), before, "{flag}");
        assert_eq!(space.statuses("r"), ["superseded", "failed", "deployed"], "{flag}");
        let refused =
            space.run(tool, &format!("install s {chart} --set nodeSelector.no=node {flag} --timeout 3s"));
        let start = format!(
            "Error: INSTALLATION FAILED: release s failed, and has been uninstalled due to {reason} being set: "
        );
        assert!(refused.error().starts_with(&start), "{}", refused.err);
        assert_eq!(space.live(), before, "{flag}");
    }
}

#[test]
fn row_158_uninstall_can_pretend() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(WE, &format!("install r {chart}"));
    assert_eq!(space.must(WE, "uninstall r --dry-run"), "release \"r\" uninstalled\n");
    assert!(space.config("r-config").is_some());
    assert_eq!(space.statuses("r"), ["deployed"]);
}

#[test]
fn row_161_computed_values_of_an_upgrade() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(WE, &format!("install r {chart}"));
    space.must(WE, &format!("upgrade r {chart} --set data.new=1"));
    for revision in [1, 2] {
        let line = format!("get values r --all --revision {revision}");
        assert_eq!(space.must(WE, &line), space.must(Tool::Helm4, &line));
    }
}

#[test]
fn row_171_more_installs_side_by_side() {
    let space = Space::new();
    let chart = space.config_chart();
    for name in ["one", "two", "three"] {
        space.must(WE, &format!("install {name} {chart}"));
    }
    assert_eq!(space.must(WE, "list -q"), "one\nthree\ntwo\n");
}

#[test]
fn row_181_install_a_folder_with_a_slash() {
    let space = Space::new();
    space.config_chart();
    let shown = space.must(WE, "install mlflow config/ --dry-run --debug");
    assert!(shown.contains("NAME: mlflow\n") && shown.contains("MANIFEST:\n---"), "{shown}");
    space.must(WE, "install mlflow config/");
    assert!(space.must(WE, "install config/ --generate-name").contains("NAME: config-"));
}
