//! What only looks writes nothing: the API server's audit log says so. And secrets are not told.

use std::io::Read;

use serde_json::Value as Json;

use crate::space::{Space, Tool, audit_log};

/// Requests of a time that changed something in a namespace.
fn writes_in(namespace: &str, from: u64) -> Vec<String> {
    let mut file = std::fs::File::open(audit_log()).expect("an audit log");
    std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(from)).expect("it is a file");
    let mut text = String::new();
    file.read_to_string(&mut text).expect("it is text");
    text.lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok())
        .filter(|event| {
            event["objectRef"]["namespace"] == namespace
                || event["requestURI"].to_string().contains(namespace)
        })
        .filter(|event| {
            matches!(
                event["verb"].as_str(),
                Some("create" | "update" | "patch" | "delete" | "deletecollection")
            )
        })
        // Controllers act by themselves; people and tools carry their own agents.
        .filter(|event| !event["userAgent"].as_str().unwrap_or_default().starts_with("kube-"))
        .filter(|event| !event["userAgent"].as_str().unwrap_or_default().starts_with("kwok"))
        .map(|event| format!("{} {}", event["verb"], event["requestURI"]))
        .collect()
}

fn end_of_log() -> u64 {
    std::fs::metadata(audit_log()).map(|metadata| metadata.len()).unwrap_or(0)
}

#[test]
fn row_152_dry_runs_write_nothing() {
    let space = Space::new();
    let chart = space.created("web");
    space.must(Tool::Chart, &format!("install r {chart}"));
    let from = end_of_log();
    for line in [
        format!("upgrade r {chart} --set replicaCount=2 --dry-run --debug"),
        format!("upgrade r {chart} --set replicaCount=2 --dry-run=server"),
        format!("upgrade r {chart} --set replicaCount=2 --dry-run=client"),
        format!("install s {chart} --dry-run=server"),
        format!("install s {chart} --dry-run=client"),
        format!("plan r {chart} --set replicaCount=2"),
        format!("plan s {chart} -o json"),
        format!("diff r {chart} --set replicaCount=2"),
        "rollback r 1 --dry-run=client".to_owned(),
        "uninstall r --dry-run".to_owned(),
        "status r".to_owned(),
        "list".to_owned(),
        "get all r".to_owned(),
        format!("template r {chart} --dry-run=server"),
    ] {
        space.must(Tool::Chart, &line);
        space.must(Tool::Chart, "version");
    }
    assert_eq!(writes_in(&space.namespace, from), Vec::<String>::new());
    // The log does see writes.
    let from = end_of_log();
    space.must(Tool::Chart, &format!("upgrade r {chart} --set replicaCount=2"));
    assert!(writes_in(&space.namespace, from).len() >= 4);
}

#[test]
fn live_diffs_ask_by_dry_runs_only() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(Tool::Chart, &format!("install r {chart}"));
    let from = end_of_log();
    let shown =
        space.run(Tool::Chart, &format!("diff r {chart} --live --set data.a=two --detailed-exitcode"));
    assert_eq!(shown.code, Some(2));
    assert!(shown.out.contains("-   a: one") && shown.out.contains("+   a: two"), "{}", shown.out);
    for write in writes_in(&space.namespace, from) {
        assert!(write.contains("dryRun=All"), "{write}");
    }
    assert_eq!(space.run(Tool::Chart, &format!("diff r {chart} --live --detailed-exitcode")).code, Some(0));
}

#[test]
fn secrets_are_told_only_when_asked_for() {
    let space = Space::new();
    let chart = space.chart(
        "secret",
        &[(
            "templates/s.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: {{ .Values.password }}\n",
        )],
    );
    space.must(Tool::Chart, &format!("install r {chart} --set password=hunter2"));
    for line in [
        format!("diff r {chart} --set password=swordfish"),
        format!("diff r {chart} --live --set password=swordfish"),
        format!("plan r {chart} --set password=swordfish"),
        format!("plan r {chart} --set password=swordfish -o json"),
        format!("upgrade r {chart} --set password=swordfish --dry-run=server --hide-secret"),
        format!("upgrade r {chart} --set password=swordfish --debug --kube-token wrong"),
        "status r --kube-token hunter2".to_owned(),
        "history r".to_owned(),
        "list --debug".to_owned(),
    ] {
        let ended = space.run(Tool::Chart, &line);
        for word in ["hunter2", "swordfish", "aHVudGVyMg", "c3dvcmRmaXNo"] {
            assert!(
                !ended.out.contains(word) && !ended.err.contains(word),
                "{line}: {}{}",
                ended.out,
                ended.err
            );
        }
    }
    let shown = space.must(Tool::Chart, &format!("diff r {chart} --set password=swordfish --show-secrets"));
    assert!(shown.contains("swordfish"));
}

#[test]
fn plans_are_kept_and_done_later() {
    let space = Space::new();
    let chart = space.config_chart();
    let shown = space.must(Tool::Chart, &format!("plan r {chart} --plan p.json"));
    let expected = format!(
        "install r revision 1 of config-0.1.0 in namespace {0}:\n  create record\n  create ConfigMap {0}/r-config\n  record \
         deployed: Install complete\n",
        space.namespace
    );
    assert_eq!(shown, expected);
    assert_eq!(
        space.must(Tool::Chart, "apply --plan p.json"),
        "install of r is done: revision 1 is deployed\n"
    );
    assert!(space.refused(Tool::Chart, "apply --plan p.json").contains("plan again"));
    space.must(Tool::Chart, &format!("plan r {chart} --set name=other --plan p.json"));
    space.must(Tool::Chart, "apply --plan p.json");
    assert_eq!(space.names(), ["ConfigMap/r-other"]);
    assert_eq!(space.statuses("r"), ["superseded", "deployed"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(space.folder.path().join("p.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
