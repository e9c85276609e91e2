//! Every case of `fixtures/hostile` through the `chart` binary in both profiles: it ends, within bounds of
//! memory and on a 2 MiB stack, in Helm's own first line (`fixtures/hostile/helm.tsv`, written by
//! `cargo xtask hostile`), or in ours where the case says why we differ.
#![cfg(unix)]

#[path = "hostile/recipe.rs"]
mod recipe;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, thread};

use recipe::{Bounds, Case, Outcome};

/// What no case may exceed, but for those that say how much `memory` they need. The time only keeps a hang from stopping the whole run.
const BOUNDS: Bounds = Bounds { memory: 256 << 10, stack: 2048, patience: Duration::from_secs(300) };

/// The vulnerabilities of Helm that charts and values in files can bring about.
const VULNERABILITIES: [&str; 14] = [
    "CVE-2019-1000008",
    "CVE-2019-18658",
    "CVE-2020-11013",
    "CVE-2020-15184",
    "CVE-2022-36055",
    "CVE-2022-23524",
    "CVE-2022-23526",
    "CVE-2023-25165",
    "CVE-2024-25620",
    "CVE-2025-32386",
    "CVE-2025-32387",
    "CVE-2025-53547",
    "CVE-2025-55198",
    "CVE-2025-55199",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/hostile").canonicalize().unwrap()
}

/// What Helm makes of each case, by profile and id.
fn helm() -> BTreeMap<(String, String), Outcome> {
    let text = fs::read_to_string(folder().join("helm.tsv")).unwrap();
    let mut outcomes = BTreeMap::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [profile, id, status, said] = fields[..] else { panic!("{line}") };
        let outcome = Outcome { status: status.to_owned(), said: said.to_owned() };
        outcomes.insert((profile.to_owned(), id.to_owned()), outcome);
    }
    outcomes
}

/// What is wrong with the case in `profile`, or `None`.
fn complaint(case: &Case, profile: &str, helm: &Outcome, shown: &Outcome) -> Option<String> {
    let told =
        format!("\n    ours: {}: {}\n    Helm: {}: {}", shown.status, shown.said, helm.status, helm.said);
    if shown.status != "0" && shown.status != "1" {
        return Some(format!("does not end well{told}"));
    }
    match (case.differs(), case.ours(profile)) {
        (Some(_), Some(ours)) => {
            let as_written = match ours {
                "" => shown.succeeded(),
                line => !shown.succeeded() && shown.said == line,
            };
            if !as_written {
                return Some(format!("is not what the case says: {ours}{told}"));
            }
            (shown == helm).then(|| format!("differs no more{told}"))
        }
        (Some(_), None) if case.ours("helm3").is_none() && case.ours("helm4").is_none() => {
            Some(format!("differs, but how?{told}"))
        }
        _ => (shown != helm).then(|| format!("is not as Helm has it{told}")),
    }
}

fn check_profile(profile: &str) {
    let wanted = std::env::var("HOSTILE").unwrap_or_default();
    let mut cases = recipe::load(&folder());
    cases.retain(|case| case.id.contains(&wanted));
    let helm = helm();
    let scratch = tempfile::tempdir().unwrap();
    let scratch_folder = scratch.path().canonicalize().unwrap();
    let (next, complaints) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let workers = thread::available_parallelism().map_or(2, usize::from) * 2;
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let program = Path::new(env!("CARGO_BIN_EXE_chart"));
                    let memory = case.memory().map_or(BOUNDS.memory, |mebibytes| mebibytes << 10);
                    let bounds = Bounds { memory, ..BOUNDS };
                    let shown = case.run(program, &["--compat", profile], bounds, &scratch_folder);
                    let problem = match helm.get(&(profile.to_owned(), case.id.clone())) {
                        Some(helm) => complaint(case, profile, helm, &shown),
                        None => Some(format!(
                            "run `cargo xtask hostile`\n    ours: {}: {}",
                            shown.status, shown.said
                        )),
                    };
                    if let Some(problem) = problem {
                        complaints.lock().unwrap().insert(case.id.clone(), problem);
                    }
                }
            });
        }
    });
    let complaints = complaints.into_inner().unwrap();
    let report: String = complaints.iter().map(|(id, text)| format!("{profile} {id}: {text}\n")).collect();
    assert!(complaints.is_empty(), "{} of {} cases:\n{report}", complaints.len(), cases.len());
}

#[test]
fn hostile_input_ends_well_as_helm3() {
    check_profile("helm3");
}

#[test]
fn hostile_input_ends_well_as_helm4() {
    check_profile("helm4");
}

#[test]
fn there_are_cases_for_everything() {
    let cases = recipe::load(&folder());
    assert!(cases.len() >= 200, "{} cases", cases.len());
    let ids: BTreeSet<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(ids.len(), cases.len(), "an id is there twice");
    let met: BTreeSet<&str> = cases.iter().flat_map(|case| case.vulnerabilities()).collect();
    for vulnerability in VULNERABILITIES {
        assert!(met.contains(vulnerability), "no case for {vulnerability}");
    }
}
