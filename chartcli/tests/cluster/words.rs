//! Helm's first lines, where something is refused.

use crate::space::{Space, Tool};

/// Both of a pair refuse a line in the same words.
#[track_caller]
fn check_refusal(space: &Space, line: &str) {
    for (ours, theirs) in [(Tool::Chart, Tool::Helm4), (Tool::Chart3, Tool::Helm3)] {
        let (us, them) = (space.refused(ours, line), space.refused(theirs, line));
        // Each calls itself by its own name.
        assert_eq!(us.replace("\"chart ", "\"helm "), them, "{line}");
    }
}

#[test]
fn refusals_have_helms_words() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(Tool::Chart, &format!("install taken {chart}"));
    for line in [
        "status nothing",
        "history nothing",
        "get all nothing",
        "get values nothing",
        "get manifest taken --revision 9",
        "rollback nothing",
        "rollback taken 7",
        "rollback taken x",
        "rollback taken -1",
        "uninstall nothing",
        "uninstall taken --cascade never",
        "test nothing",
        "status Bad_Name",
        "history Bad_Name",
        "install",
        "upgrade taken",
        "uninstall",
        "list what",
        "list --filter (",
        "get values taken -o xml",
    ] {
        check_refusal(&space, line);
    }
    for line in [
        format!("install taken {chart}"),
        format!("install Bad_Name {chart}"),
        format!("install {chart}"),
        format!("install a {chart} b"),
        format!("install a {chart} -g"),
        format!("upgrade nothing {chart}"),
        "install a ./nowhere".to_owned(),
        format!("install a {chart} --set x.y=1 --set x=2 --set-json z=oops"),
        format!("install a {chart} --hide-secret"),
        format!("install a {chart} -l name=x"),
        format!("upgrade taken {chart} --hide-secret"),
        format!("install a {chart} --timeout x"),
    ] {
        check_refusal(&space, &line);
    }
}

#[test]
fn kinds_that_are_not_served_are_named() {
    let space = Space::new();
    let chart = space.chart(
        "unknown",
        &[("templates/a.yaml", "apiVersion: nowhere.example.com/v1\nkind: Thing\nmetadata:\n  name: a\n")],
    );
    check_refusal(&space, &format!("install a {chart}"));
}

#[test]
fn a_cluster_that_is_away_is_unreachable() {
    let space = Space::new();
    for line in ["list --kube-apiserver https://127.0.0.1:1", "status a --kube-apiserver https://127.0.0.1:1"]
    {
        check_refusal(&space, line);
    }
}

#[test]
fn a_pending_release_refuses_changes_until_it_is_unlocked() {
    let space = Space::new();
    let chart = space.config_chart();
    space.must(Tool::Chart, &format!("install r {chart}"));
    // A hook that never ends, and an impatient user.
    let stuck = space.chart(
        "stuck",
        &[(
            "templates/hook.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: hook\n  annotations: {helm.sh/hook: pre-upgrade}\nspec:\n  \
             nodeSelector: {no: node}\n  containers: [{name: a, image: a}]\n",
        )],
    );
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_chart"))
        .args(["upgrade", "r", &stuck, "-n", &space.namespace])
        .current_dir(space.folder.path())
        .env("KUBECONFIG", std::env::var_os("CHART_TEST_KUBECONFIG").unwrap_or_default())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    while space.object("v1", "Pod", "hook").is_none() {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    child.kill().expect("it is ours");
    child.wait().expect("it ended");
    assert_eq!(space.statuses("r"), ["deployed", "pending-upgrade"]);
    check_refusal(&space, &format!("upgrade r {chart}"));
    space.must(Tool::Chart, "unlock r");
    let history = space.history(Tool::Helm4, "r");
    assert_eq!(history[1].1, "failed");
    assert_eq!(history[1].2, "Unlocked: was pending-upgrade; revision 1 is still deployed");
    assert!(space.refused(Tool::Chart, "unlock r").contains("not stuck"));
    space.must(Tool::Helm4, &format!("upgrade r {chart} --set data.a=two"));
    assert_eq!(space.statuses("r"), ["superseded", "failed", "deployed"]);
}
