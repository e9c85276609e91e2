//! What one tool starts, the other goes on with: every operation, every ordered pair of tools.

use crate::space::{Space, Tool};

const TOOLS: [Tool; 4] = [Tool::Chart, Tool::Chart3, Tool::Helm3, Tool::Helm4];

/// Pairs with one of ours in them.
fn pairs() -> impl Iterator<Item = (Tool, Tool)> {
    let ours = |tool: Tool| matches!(tool, Tool::Chart | Tool::Chart3);
    let all = TOOLS.into_iter().flat_map(|first| TOOLS.into_iter().map(move |second| (first, second)));
    all.filter(move |(first, second)| first != second && (ours(*first) || ours(*second)))
}

/// Runs `check` for every pair, some side by side.
fn each_pair(check: impl Fn(Tool, Tool) + Sync) {
    let pairs: Vec<_> = pairs().collect();
    for some in pairs.chunks(3) {
        std::thread::scope(|scope| {
            for (first, second) in some {
                let check = &check;
                scope.spawn(move || check(*first, *second));
            }
        });
    }
}

/// A chart with something of each kind of merge: a list by name, a map, a plain list, an object that goes.
fn chart(space: &Space) -> String {
    space.chart(
        "mixed",
        &[
            ("values.yaml", "image: a:1\nextra: true\nhosts: [a]\nlabel: x\n"),
            (
                "templates/all.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-config\ndata:\n  image: {{ \
                 .Values.image }}\n{{- if .Values.extra }}\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ \
                 .Release.Name }}-extra\nstringData:\n  key: value\n{{- end }}\n---\napiVersion: \
                 networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {{ .Release.Name }}\n  labels: {l: {{ \
                 .Values.label }}}\nspec:\n  rules:\n  {{- range .Values.hosts }}\n  - host: {{ . }}.example.com\n  {{- \
                 end }}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  \
                 replicas: 0\n  selector: {matchLabels: {app: x}}\n  template:\n    metadata: {labels: {app: x}}\n    \
                 spec:\n      containers:\n      - {name: main, image: {{ .Values.image }}}\n      {{- if .Values.extra \
                 }}\n      - {name: side, image: s:1}\n      {{- end }}\n",
            ),
        ],
    )
}

#[test]
fn upgrades_go_on() {
    each_pair(|first, second| {
        let space = Space::new();
        let chart = chart(&space);
        space.must(first, &format!("install r {chart}"));
        space.must(second, &format!("upgrade r {chart} --set image=a:2,extra=false,hosts={{b,c}},label=why"));
        let pair = format!("{first:?} then {second:?}");
        // The same by one tool alone.
        let alone = Space::new();
        let reference =
            if second == Tool::Chart || second == Tool::Helm4 { Tool::Helm4 } else { Tool::Helm3 };
        let chart = self::chart(&alone);
        alone.must(reference, &format!("install r {chart}"));
        alone.must(
            reference,
            &format!("upgrade r {chart} --set image=a:2,extra=false,hosts={{b,c}},label=why"),
        );
        assert_eq!(space.live(), alone.live(), "{pair}");
        for tool in TOOLS {
            let history = space.history(tool, "r");
            let shown: Vec<(i64, &str, &str)> = history
                .iter()
                .map(|(revision, status, text)| (*revision, status.as_str(), text.as_str()))
                .collect();
            assert_eq!(
                shown,
                [(1, "superseded", "Install complete"), (2, "deployed", "Upgrade complete")],
                "{pair}, told by {tool:?}"
            );
        }
    });
}

#[test]
fn rollbacks_go_on() {
    each_pair(|first, second| {
        let space = Space::new();
        let chart = chart(&space);
        let pair = format!("{first:?} then {second:?}");
        space.must(first, &format!("install r {chart}"));
        let before = space.live();
        space.must(first, &format!("upgrade r {chart} --set image=a:2,extra=false,label=why"));
        space.must(second, "rollback r 1");
        assert_eq!(space.live(), before, "{pair}");
        assert_eq!(space.statuses("r"), ["superseded", "superseded", "deployed"], "{pair}");
        space.must(first, &format!("upgrade r {chart} --set image=a:3"));
        assert_eq!(space.config("r-config").expect("it is there")["image"], "a:3", "{pair}");
    });
}

#[test]
fn uninstalls_take_everything_off() {
    each_pair(|first, second| {
        let space = Space::new();
        let chart = chart(&space);
        let pair = format!("{first:?} then {second:?}");
        space.must(first, &format!("install r {chart}"));
        space.must(second, "uninstall r");
        assert_eq!(space.names(), Vec::<String>::new(), "{pair}");
        assert!(space.refused(first, "status r").contains("release: not found"), "{pair}");
        // With the history kept, the first one rolls back.
        space.must(first, &format!("install r {chart}"));
        let before = space.live();
        space.must(second, "uninstall r --keep-history");
        assert_eq!(space.names(), Vec::<String>::new(), "{pair}");
        space.must(first, "rollback r 1");
        assert_eq!(space.live(), before, "{pair}");
        assert_eq!(space.statuses("r"), ["uninstalled", "deployed"], "{pair}");
    });
}

#[test]
fn all_tools_tell_the_same() {
    for author in TOOLS {
        let space = Space::new();
        let chart = chart(&space);
        space.must(author, &format!("install r {chart} --set label=z -l team=blue --description why"));
        space.must(author, &format!("upgrade r {chart} --set image=a:2"));
        for (ours, theirs) in [(Tool::Chart, Tool::Helm4), (Tool::Chart3, Tool::Helm3)] {
            for line in [
                "list",
                "list -o json",
                "list -o yaml",
                "list -q",
                "list -q -o json",
                "list --no-headers",
                "list --superseded",
                "list --uninstalled",
                "list --uninstalled -o json",
                "list --time-format 2006-01-02",
                "list -l team=blue",
                "list -l team=red -o yaml",
                "list --filter ^r$",
                "list --filter x",
                "history r",
                "history r -o json",
                "history r -o yaml",
                "history r --max 1",
                "get values r",
                "get values r -o json",
                "get values r -o yaml",
                "get values r --revision 1",
                "get values r --all",
                "get values r --all -o json",
                "get manifest r",
                "get manifest r --revision 1",
                "get hooks r",
                "get notes r",
                "get metadata r",
                "get metadata r -o json",
                "get metadata r -o yaml",
                "get metadata r --revision 1",
                "get all r",
                "status r --revision 1 -o json",
                "status r --revision 1 -o yaml",
            ] {
                let (us, them) = (space.run(ours, line), space.run(theirs, line));
                assert_eq!(us.ok, them.ok, "{author:?}: {line}\n{}\n{}", us.err, them.err);
                // Which object comes first, and what it is at, is chance: the rest is not.
                if line.starts_with("status") && line.contains("json") && theirs == Tool::Helm4 {
                    let without = |text: &str| {
                        let mut json: serde_json::Value = serde_json::from_str(text).expect("JSON");
                        json["info"].as_object_mut().expect("info").remove("resources");
                        json
                    };
                    assert_eq!(without(&us.out), without(&them.out), "{author:?}: {line}");
                } else if !(line.starts_with("status") && theirs == Tool::Helm4) {
                    assert_eq!(us.out, them.out, "{author:?}: {line}, {ours:?} and {theirs:?}");
                }
            }
        }
    }
}
