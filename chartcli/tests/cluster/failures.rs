//! Changes that go wrong, hooks and policies.

use crate::space::{Space, Tool};

const BOTH: [(Tool, Tool); 2] = [(Tool::Chart, Tool::Helm4), (Tool::Chart3, Tool::Helm3)];

fn hook(name: &str, event: &str, more: &str, command: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\n  annotations:\n    helm.sh/hook: {event}\n{more}spec:\n  \
         backoffLimit: 0\n  template:\n    metadata:\n      annotations: {{{command}}}\n    spec:\n      restartPolicy: \
         Never\n      containers: [{{name: a, image: a}}]\n"
    )
}

#[test]
fn hooks_run_by_weight_and_go_by_policy() {
    for (ours, theirs) in BOTH {
        let outcome = |tool: Tool| {
            let space = Space::new();
            let delete = "    helm.sh/hook-delete-policy: hook-succeeded\n";
            let chart = space.chart(
                "hooks",
                &[
                    (
                        "templates/a.yaml",
                        &hook("late", "pre-install", "    helm.sh/hook-weight: \"5\"\n", ""),
                    ),
                    (
                        "templates/b.yaml",
                        &hook("early", "pre-install,post-upgrade", "    helm.sh/hook-weight: \"-5\"\n", ""),
                    ),
                    ("templates/c.yaml", &hook("gone", "post-install", delete, "")),
                    ("templates/d.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"),
                ],
            );
            space.must(tool, &format!("install r {chart}"));
            let mut names = vec![space.names()];
            space.must(tool, &format!("upgrade r {chart}"));
            names.push(space.names());
            space.must(tool, "uninstall r");
            names.push(space.names());
            names
        };
        assert_eq!(outcome(ours), outcome(theirs), "{ours:?}");
    }
}

#[test]
fn row_113_keep_policies_keep() {
    for (ours, theirs) in BOTH {
        let outcome = |tool: Tool| {
            let space = Space::new();
            let chart = space.chart(
                "keep",
                &[(
                    "templates/a.yaml",
                    "{{- if .Values.on }}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kept\n  annotations: \
                     {helm.sh/resource-policy: keep}\n---\n{{- end }}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: \
                     other}\n",
                )],
            );
            space.must(tool, &format!("install r {chart} --set on=true"));
            space.must(tool, &format!("upgrade r {chart} --set on=false"));
            let names = space.names();
            space.must(tool, &format!("upgrade r {chart} --set on=true"));
            let said = space.must(tool, "uninstall r");
            (names, said, space.names())
        };
        assert_eq!(outcome(ours), outcome(theirs), "{ours:?}");
    }
}

#[test]
fn failed_upgrades_clean_up_when_asked() {
    for (ours, theirs) in BOTH {
        let outcome = |tool: Tool| {
            let space = Space::new();
            let chart = space.config_chart();
            space.must(tool, &format!("install r {chart}"));
            let broken = space.chart(
                "config",
                &[
                    ("templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new}\n"),
                    (
                        "templates/z.yaml",
                        "apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {ports: [{port: -1}]}\n",
                    ),
                ],
            );
            let refused = space.run(tool, &format!("upgrade r {broken} --cleanup-on-fail"));
            assert!(!refused.ok);
            (space.names(), space.statuses("r"))
        };
        assert_eq!(outcome(ours), outcome(theirs), "{ours:?}");
    }
}

#[test]
fn old_revisions_go_at_the_limit() {
    for (ours, theirs) in BOTH {
        let outcome = |tool: Tool| {
            let space = Space::new();
            let chart = space.config_chart();
            space.must(tool, &format!("install r {chart}"));
            for value in 0..5 {
                space.must(tool, &format!("upgrade r {chart} --set data.a=v{value} --history-max 3"));
            }
            space.history(tool, "r")
        };
        assert_eq!(outcome(ours), outcome(theirs), "{ours:?}");
    }
}

#[test]
fn conflicts_with_other_managers_are_told_and_forced() {
    let outcome = |tool: Tool| {
        let space = Space::new();
        let chart = space.config_chart();
        space.must(tool, &format!("install r {chart}"));
        // `put` takes the field by force, under Helm's own name; so another name is needed.
        let mut options = chartcore::cluster::ConnectOptions::from_kubeconfig(
            std::env::var_os("CHART_TEST_KUBECONFIG").expect("set by xtask"),
        );
        options.manager = "somebody".to_owned();
        let cluster = chartcore::cluster::Cluster::connect(&options).unwrap();
        let manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {name: r-config}, data: {a: theirs}}";
        for object in cluster.objects(manifest.as_bytes(), &space.namespace).unwrap() {
            let force = chartcore::cluster::ApplyOptions { force: true, ..Default::default() };
            cluster.apply(&object, force).unwrap();
        }
        let refused = space.refused(tool, &format!("upgrade r {chart} --set data.a=ours"));
        space.must(tool, &format!("upgrade r {chart} --set data.a=ours --force-conflicts"));
        (refused.replace(&space.namespace, "N"), space.config("r-config"), space.statuses("r"))
    };
    assert_eq!(outcome(Tool::Chart), outcome(Tool::Helm4));
}

#[test]
fn configmaps_hold_records_too() {
    let space = Space::new();
    let chart = space.config_chart();
    let with_driver = |program: &str, line: &str| {
        let output = std::process::Command::new(program)
            .args(line.split_whitespace())
            .current_dir(space.folder.path())
            .env("KUBECONFIG", std::env::var_os("CHART_TEST_KUBECONFIG").expect("set by xtask"))
            .env("HELM_NAMESPACE", &space.namespace)
            .env("HELM_DRIVER", "configmap")
            .output()
            .expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let helm = std::env::var("CHART_TEST_HELM4").expect("set by xtask");
    let ours = env!("CARGO_BIN_EXE_chart");
    with_driver(ours, &format!("install r {chart}"));
    with_driver(&helm, &format!("upgrade r {chart} --set data.a=two"));
    assert_eq!(with_driver(ours, "history r"), with_driver(&helm, "history r"));
    assert!(space.object("v1", "ConfigMap", "sh.helm.release.v1.r.v2").is_some());
    assert_eq!(space.must(Tool::Chart, "list -q"), "", "there are no Secrets");
}

#[test]
fn post_renderers_change_manifests() {
    let space = Space::new();
    let chart = space.config_chart();
    let script = space.folder.path().join("render.sh");
    std::fs::write(&script, "#!/bin/sh\nsed 's/one/rendered/'\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    for tool in [Tool::Chart, Tool::Chart3] {
        let name = if tool == Tool::Chart { "four" } else { "three" };
        space.must(tool, &format!("install {name} {chart} --post-renderer ./render.sh"));
        assert_eq!(space.config(&format!("{name}-config")).unwrap()["a"], "rendered");
    }
    space.must(Tool::Helm3, &format!("install theirs {chart} --post-renderer ./render.sh"));
    let of = |name: &str| space.must(Tool::Helm3, &format!("get manifest {name}")).replace(name, "NAME");
    assert_eq!(of("three"), of("theirs"));
}

#[test]
fn lookup_sees_the_cluster() {
    let space = Space::new();
    space.put("{apiVersion: v1, kind: ConfigMap, metadata: {name: there}, data: {k: seen}}");
    let chart = space.chart(
        "lookup",
        &[(
            "templates/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: out}\ndata:\n  found: {{ (lookup \"v1\" \"ConfigMap\" \
             .Release.Namespace \"there\").data.k | quote }}\n  none: {{ lookup \"v1\" \"ConfigMap\" .Release.Namespace \
             \"no\" | toJson | quote }}\n  many: {{ len (lookup \"v1\" \"ConfigMap\" .Release.Namespace \"\").items | quote \
             }}\n  has: {{ .Capabilities.APIVersions.Has \"apps/v1/Deployment\" | quote }}\n  version: {{ \
             .Capabilities.KubeVersion.Version | quote }}\n",
        )],
    );
    for (ours, theirs) in BOTH {
        let line = format!("install r {chart} --dry-run=server");
        let without_time = |text: String| {
            text.lines()
                .filter(|line| !line.starts_with("LAST DEPLOYED"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(without_time(space.must(ours, &line)), without_time(space.must(theirs, &line)));
    }
    space.must(Tool::Chart, &format!("install r {chart}"));
    assert_eq!(space.config("out").unwrap()["found"], "seen");
}

#[test]
fn tests_run_and_are_told() {
    let space = Space::new();
    let chart = space.created("web");
    space.must(Tool::Chart, &format!("install r {chart}"));
    for (tool, other) in BOTH {
        let shown = space.run(tool, "test r --timeout 60s");
        let theirs = space.run(other, "test r --timeout 60s");
        assert_eq!(shown.ok, theirs.ok, "{}{}", shown.err, theirs.err);
        let kind = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !line.contains("20")).map(str::to_owned).collect()
        };
        assert_eq!(kind(&shown.out), kind(&theirs.out));
    }
    assert!(space.must(Tool::Chart, "test r --filter name=nothing").contains("NAME: r"));
}
