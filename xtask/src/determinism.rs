//! The same bytes whatever the surroundings: locale, time zone, working folder, order of files on
//! disk, and number of threads.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::golden::{files_under, in_parallel};
use crate::live::{corpus_cases, corpus_folder};
use crate::process::Call;
use crate::{Outcome, figures, number_after, places, process};

const LOCALES: [&str; 5] = ["C", "C.UTF-8", "tr_TR.UTF-8", "de_DE.UTF-8", "ja_JP.eucJP"];
const ZONES: [&str; 5] = ["UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati", "Europe/Berlin"];
const THREADS: [&str; 4] = ["1", "2", "7", "32"];

pub(crate) fn run(words: &[&str]) -> Outcome {
    let wanted = number_after("--cases", words, 50)?;
    let runs = number_after("--runs", words, 20)?;
    let Some(corpus) = corpus_folder()? else {
        println!(
            "the corpus is not beside this checkout (set CHART_CORPUS to the folder of compare.py): skipped"
        );
        return Ok(());
    };
    process::must(process::cargo(), &["build", "--release", "--package", "chartcli"], &places::root())?;
    let cases = corpus_cases(&corpus)?;
    let steady: Vec<&Value> = cases
        .iter()
        .filter(|case| case["deterministic"].as_bool().unwrap_or(true) && case["helm4_exit"] == 0)
        .collect();
    let wanted = wanted.min(steady.len());
    let chosen: Vec<&Value> = (0..wanted).map(|index| steady[index * steady.len() / wanted]).collect();
    let scratch = places::scratch("determinism")?;
    let outcomes =
        in_parallel(&chosen, |index, case| vary(case, &corpus, &scratch.join(index.to_string()), runs))?;
    fs::remove_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    let varying: Vec<String> = outcomes.into_iter().flatten().collect();
    println!(
        "{} cases, {runs} runs each: {} printed the same bytes every time",
        chosen.len(),
        chosen.len() - varying.len()
    );
    figures::record("determinism.varying_most", varying.len() as f64)?;
    if varying.is_empty() { Ok(()) } else { Err(format!("output varies:\n  {}", varying.join("\n  "))) }
}

/// Runs one case in many surroundings; answers with its name when the outputs are not all the same.
fn vary(case: &Value, corpus: &Path, place: &Path, runs: usize) -> Outcome<Option<String>> {
    let words: Vec<String> = case["args"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect();
    let chart = case["chart"].as_str().ok_or("a corpus case without a chart")?;
    let mut first: Option<Vec<u8>> = None;
    for run in 0..runs {
        let root = place.join(format!("copy-{}", run % 4));
        let copy = root.join("charts").join(chart);
        if !copy.exists() {
            copy_in_order(&corpus.join("charts").join(chart), &copy, run as u64)?;
            #[cfg(unix)]
            std::os::unix::fs::symlink(corpus.join("values"), root.join("values"))
                .map_err(|error| error.to_string())?;
        }
        // Every other run stands elsewhere and names the chart by its whole path.
        let (folder, words) = if run % 2 == 0 {
            (root.clone(), words.clone())
        } else {
            (place.to_owned(), absolute(&words, &root))
        };
        let mut call = Call::hermetic(&places::chart(), &words, &folder, place);
        call.environment.extend([
            ("LC_ALL".to_owned(), OsString::from(LOCALES[run % LOCALES.len()])),
            ("TZ".to_owned(), OsString::from(ZONES[(run / 2) % ZONES.len()])),
            ("RAYON_NUM_THREADS".to_owned(), OsString::from(THREADS[run % THREADS.len()])),
            ("HOME".to_owned(), place.join(format!("home-{run}")).into_os_string()),
        ]);
        let finished = call.run()?;
        if !finished.succeeded() {
            return Ok(Some(format!("{}: {}", case["id"], finished.error_line())));
        }
        match &first {
            None => first = Some(finished.stdout),
            Some(first) if *first != finished.stdout => {
                return Ok(Some(format!(
                    "{} in run {run}: `{}` in {}",
                    case["id"],
                    words.join(" "),
                    folder.display()
                )));
            }
            Some(_) => {}
        }
    }
    Ok(None)
}

fn absolute(words: &[String], root: &Path) -> Vec<String> {
    words
        .iter()
        .map(|word| match word.split_once('=') {
            Some((key, path)) if path.starts_with("charts/") || path.starts_with("values/") => {
                format!("{key}={}", root.join(path).display())
            }
            None if word.starts_with("charts/") || word.starts_with("values/") => {
                root.join(word).display().to_string()
            }
            _ => word.clone(),
        })
        .collect()
}

/// Copies a folder creating its files in an order that depends on `seed`.
fn copy_in_order(from: &Path, to: &Path, seed: u64) -> Outcome {
    let mut files: Vec<PathBuf> = files_under(from)?;
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    for index in (1..files.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        files.swap(index, (state >> 33) as usize % (index + 1));
    }
    for file in files {
        let target = to.join(file.strip_prefix(from).map_err(|error| error.to_string())?);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        fs::copy(&file, &target).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}
