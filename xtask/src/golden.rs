//! `fixtures/golden`: what the two Helms say to every case. This chore is its only writer.
//!
//! A golden is `<area>/<name>.out` (standard output, then the files written to `{out}`) and, for a
//! command that fails, `<area>/<name>.err` (the message, from its line `Error: ` on, without that word).
//! Of a message only the first 4,096 bytes are kept: one about endless recursion has a hundred thousand.
//! In both, `{out}` stands for the folder given as such, and `{charts}` for `fixtures/charts`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cases::{self, Case};
use crate::process::Finished;
use crate::reference::{self, Helm};
use crate::{Outcome, places};

/// Bytes of a message that are kept.
const LONGEST_MESSAGE: usize = 4096;

pub(crate) fn run(words: &[&str]) -> Outcome {
    let check = words.contains(&"--check");
    let wanted: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with("--")).collect();
    let mut cases = cases::load()?;
    if !wanted.is_empty() {
        cases.retain(|case| wanted.iter().any(|part| case.path().contains(part)));
    }
    let helms = reference::both()?;
    let scratch = places::scratch("golden")?;
    let mut differing = Vec::new();
    for helm in &helms {
        let folder = places::root().join("fixtures/golden").join(helm.profile);
        let mut said: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
        let outcomes = in_parallel(&cases, |index, case| {
            ask(helm, case, &scratch.join(format!("{}-{index}", helm.profile)))
        })?;
        for (case, parts) in cases.iter().zip(outcomes) {
            for (ending, text) in parts {
                said.insert(folder.join(format!("{}.{ending}", case.path())), text);
            }
        }
        let kept: Vec<PathBuf> = if wanted.is_empty() { files_under(&folder)? } else { Vec::new() };
        if check {
            for (path, text) in &said {
                if fs::read(path).ok().as_ref() != Some(text) {
                    differing.push(path.display().to_string());
                }
            }
            differing.extend(
                kept.iter().filter(|path| !said.contains_key(*path)).map(|path| path.display().to_string()),
            );
        } else {
            for stale in kept.iter().filter(|path| !said.contains_key(*path)) {
                fs::remove_file(stale).map_err(|error| format!("{}: {error}", stale.display()))?;
            }
            for (path, text) in &said {
                write(path, text)?;
            }
        }
        println!("{}: {} cases, {} golden files", helm.profile, cases.len(), said.len());
    }
    fs::remove_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    if differing.is_empty() {
        Ok(())
    } else {
        Err(format!("{} golden files are not what Helm says:\n  {}", differing.len(), differing.join("\n  ")))
    }
}

/// The golden's parts, by file ending.
fn ask(helm: &Helm, case: &Case, scratch: &Path) -> Outcome<Vec<(&'static str, Vec<u8>)>> {
    let (out, home) = (scratch.join("out"), scratch.join("home"));
    for folder in [&out, &home] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let mut call =
        reference::helm_call(helm, &case.words(&out), &places::root().join("fixtures/charts"), &home);
    call.stdin = case.stdin.clone().into_bytes();
    let finished = call.run()?;
    let parts = parts(&finished, &out)?;
    for (_, text) in &parts {
        let text = String::from_utf8_lossy(text);
        let root = places::root();
        if text.contains(&*root.to_string_lossy()) || text.contains(&*scratch.to_string_lossy()) {
            return Err(format!("{}: Helm's answer names a folder of this machine:\n{text}", case.path()));
        }
    }
    Ok(parts)
}

fn parts(finished: &Finished, out: &Path) -> Outcome<Vec<(&'static str, Vec<u8>)>> {
    let mut output = match std::str::from_utf8(&finished.stdout) {
        Ok(text) => without_folders(text, out).into_bytes(),
        Err(_) => finished.stdout.clone(),
    };
    for file in files_under(out)? {
        let name = file.strip_prefix(out).unwrap_or(&file).to_string_lossy().into_owned();
        let text = fs::read(&file).map_err(|error| format!("{name}: {error}"))?;
        output.extend_from_slice(format!("==> {{out}}/{name}\n").as_bytes());
        output.extend_from_slice(&text);
    }
    let mut parts = vec![("out", output)];
    if !finished.succeeded() {
        let mut message = without_folders(&finished.error_message(), out);
        while message.len() > LONGEST_MESSAGE {
            message.pop();
        }
        parts.push(("err", format!("{message}\n").into_bytes()));
    }
    Ok(parts)
}

fn without_folders(text: &str, out: &Path) -> String {
    let charts = places::root().join("fixtures/charts");
    text.replace(&*out.to_string_lossy(), "{out}").replace(&*charts.to_string_lossy(), "{charts}")
}

/// Every file under a folder, sorted; none when the folder is not there.
pub(crate) fn files_under(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
            if path.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

fn write(path: &Path, text: &[u8]) -> Outcome {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}

/// Maps items on every core, keeping their order.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(usize, &T) -> Outcome<R> + Sync,
) -> Outcome<Vec<R>> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let done = std::sync::Mutex::new(Vec::with_capacity(items.len()));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let result = work(index, item);
                    if let Ok(mut done) = done.lock() {
                        done.push((index, result));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().map_err(|_| "a worker panicked".to_owned())?;
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
