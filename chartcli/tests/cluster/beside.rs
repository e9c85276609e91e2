//! Real charts, installed, upgraded, rolled back and uninstalled by us and by Helm side by side.

use std::path::{Path, PathBuf};

use crate::space::{Space, Tool, corpus};

/// How many charts must make it through both.
const WANTED: usize = 40;

/// Charts that need nothing from outside: no missing dependencies, no CRDs, no values.
fn charts(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder.join("charts"))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.join("Chart.yaml").is_file())
        .collect();
    found.sort();
    found
}

/// One life of a release; the live objects after each change, and what is left at the end.
fn life(tool: Tool, chart: &Path) -> Result<Vec<Vec<(String, serde_json::Value)>>, String> {
    let space = Space::new();
    let chart = chart.display();
    let mut seen = Vec::new();
    for line in [
        format!("install r {chart} --skip-crds --no-hooks"),
        format!("upgrade r {chart} --no-hooks --set replicaCount=2,fullnameOverride=other"),
        "rollback r 1 --no-hooks".to_owned(),
        "uninstall r --no-hooks".to_owned(),
    ] {
        let ended = space.run(tool, &line);
        if !ended.ok {
            return Err(ended.error().replace(&space.namespace, "NAMESPACE"));
        }
        seen.push(space.live());
    }
    Ok(seen)
}

/// Whether rendering the chart twice gives the same.
fn is_stable(chart: &Path) -> bool {
    let space = Space::without_namespace();
    let line = format!("template r {} --skip-crds --no-hooks", chart.display());
    let (one, two) = (space.run(Tool::Chart, &line), space.run(Tool::Chart, &line));
    let cluster_wide = [
        "kind: ClusterRole",
        "kind: Webhook",
        "WebhookConfiguration",
        "kind: APIService",
        "kind: PriorityClass",
        "kind: StorageClass",
        "kind: IngressClass",
        "kind: Namespace",
        "kind: PersistentVolume\n",
        "kind: CustomResourceDefinition",
        "namespace: kube-system",
    ];
    one.ok && one.out == two.out && !cluster_wide.iter().any(|word| one.out.contains(word))
}

#[test]
fn corpus_charts_live_the_same_lives() {
    let Some(folder) = corpus() else {
        println!("the corpus is not beside this checkout: nothing to compare");
        return;
    };
    let charts: Vec<PathBuf> = charts(&folder).into_iter().filter(|chart| is_stable(chart)).collect();
    let (mut same, mut refused) = (0, 0);
    let mut different: Vec<String> = Vec::new();
    for some in charts.chunks(4) {
        if same >= WANTED {
            break;
        }
        let lives: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = some
                .iter()
                .map(|chart| scope.spawn(move || (chart, life(Tool::Chart, chart), life(Tool::Helm4, chart))))
                .collect();
            running.into_iter().map(|life| life.join().expect("no panic")).collect()
        });
        for (chart, ours, theirs) in lives {
            match (ours, theirs) {
                (Ok(ours), Ok(theirs)) if ours == theirs => same += 1,
                (Err(ours), Err(theirs)) if ours == theirs => refused += 1,
                (ours, theirs) => different.push(format!("{}\n{}", chart.display(), told(&ours, &theirs))),
            }
        }
    }
    println!("{same} charts lived the same lives, {refused} were refused in the same words");
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
    assert!(same >= WANTED, "only {same} charts could be compared");
}

type Life = Result<Vec<Vec<(String, serde_json::Value)>>, String>;

/// The first difference.
fn told(ours: &Life, theirs: &Life) -> String {
    let (Ok(ours), Ok(theirs)) = (ours, theirs) else {
        let text = |life: &Life| life.as_ref().err().cloned().unwrap_or_else(|| "it went well".to_owned());
        return format!("  ours: {}\n  Helm: {}", text(ours), text(theirs));
    };
    for (step, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        for entry in ours {
            if !theirs.contains(entry) {
                let other = theirs.iter().find(|(name, _)| *name == entry.0);
                return format!("  step {step}\n  ours: {entry:?}\n  Helm: {other:?}");
            }
        }
        for entry in theirs {
            if !ours.contains(entry) {
                return format!("  step {step}: Helm alone has {}", entry.0);
            }
        }
    }
    "  nowhere".to_owned()
}
