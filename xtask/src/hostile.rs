//! `fixtures/hostile/helm.tsv`: what both Helms make of hostile input. This chore is its only writer.
//!
//! A line holds profile, case, exit code and the first line of the message (or length and checksum of what
//! was printed). Helm may take much longer and much more memory than we allow ourselves; a case on which it
//! does not end within twenty seconds and 6 GiB is written down as such.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::recipe::{self, Bounds};
use crate::{Outcome, places, reference};

const BOUNDS: Bounds = Bounds { memory: 6 << 20, stack: 8192, patience: Duration::from_secs(20) };

/// Most of the time goes into the cases that hang.
const WORKERS: usize = 5;

pub(crate) fn run(words: &[&str]) -> Outcome {
    let new_only = words.contains(&"--new");
    let wanted: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with("--")).collect();
    let folder = places::root().join("fixtures/hostile");
    let cases = recipe::load(&folder);
    let path = folder.join("helm.tsv");
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let key = |line: &str| line.splitn(3, '\t').take(2).map(str::to_owned).collect::<Vec<_>>();
    let known: BTreeMap<Vec<String>, String> =
        kept.lines().map(|line| (key(line), line.to_owned())).collect();
    let scratch = places::scratch("hostile")?;
    let lines = Mutex::new(BTreeMap::new());
    let next = AtomicUsize::new(0);
    let mut todo = Vec::new();
    let helms = reference::both()?;
    for case in &cases {
        for helm in &helms {
            let key = vec![helm.profile.to_owned(), case.id.clone()];
            let named = wanted.is_empty() || wanted.iter().any(|part| case.id.contains(part));
            match known.get(&key) {
                Some(line) if !named || new_only => {
                    lines.lock().map_err(|error| error.to_string())?.insert(key, line.clone());
                }
                None if !named => {}
                _ => todo.push((key, helm, case)),
            }
        }
    }
    let write = |lines: &BTreeMap<Vec<String>, String>| {
        let text: String = lines.values().map(|line| format!("{line}\n")).collect();
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((key, helm, case)) = todo.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let scratch = scratch.join(helm.profile);
                    let outcome = case.run(&helm.program, &[], BOUNDS, &scratch);
                    let line = format!("{}\t{}\t{}", key.join("\t"), outcome.status, outcome.said);
                    if let Ok(mut lines) = lines.lock() {
                        lines.insert(key.clone(), line);
                        // Kept as they come: the whole takes many minutes.
                        let _ = write(&lines);
                    }
                }
            });
        }
    });
    let lines = lines.into_inner().map_err(|error| error.to_string())?;
    write(&lines)?;
    let asked = todo.len();
    println!("{} cases, {asked} answers of Helm", cases.len());
    Ok(())
}
