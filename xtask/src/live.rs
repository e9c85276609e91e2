//! Both Helms and `chart` side by side on real charts, command by command.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::golden::{files_under, in_parallel};
use crate::process::{Call, Finished};
use crate::reference::{self, Helm, chart_call};
use crate::{Outcome, figures, number_after, places, process};

/// One comparison: a command on a chart.
#[derive(Debug, Clone)]
struct Trial {
    operation: &'static str,
    words: Vec<String>,
    stdin: &'static str,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Same,
    /// Helm does not agree with itself over several runs, or asked the network.
    Unstable,
    /// Both fail, with other first lines.
    Message,
    Differs,
}

#[derive(Debug)]
struct Judged {
    profile: &'static str,
    operation: &'static str,
    verdict: Verdict,
    failed: bool,
    shown: String,
}

const TEMPLATE_FORMS: [(&str, &[&str]); 6] = [
    ("api-versions", &["--api-versions", "monitoring.coreos.com/v1,gateway.networking.k8s.io/v1/HTTPRoute"]),
    ("no-hooks", &["--no-hooks"]),
    ("is-upgrade", &["--is-upgrade"]),
    ("output-dir", &["--output-dir", "{out}", "--include-crds"]),
    ("release-name", &["--output-dir", "{out}", "--release-name"]),
    ("stdin", &["-f", "-"]),
];

pub(crate) fn run(words: &[&str]) -> Outcome {
    let wanted = number_after("--charts", words, 100)?;
    let shown = number_after("--show", words, 20)?;
    let only = words.iter().position(|word| *word == "--only").and_then(|at| words.get(at + 1));
    let Some(corpus) = corpus_folder()? else {
        println!(
            "the corpus is not beside this checkout (set CHART_CORPUS to the folder of compare.py): skipped"
        );
        return Ok(());
    };
    process::must(process::cargo(), &["build", "--release", "--package", "chartcli"], &places::root())?;
    let helms = reference::both()?;
    let charts = choose(&corpus, wanted)?;
    let scratch = places::scratch("live")?;
    let judged = in_parallel(&charts, |index, chart| {
        let mut judged = Vec::new();
        for helm in &helms {
            let place = scratch.join(format!("{index}-{}", helm.profile));
            for trial in trials(helm, chart, &corpus, &place)? {
                if only.is_none_or(|only| trial.operation.contains(only)) {
                    judged.push(judge(helm, &trial, &corpus, &place)?);
                }
            }
        }
        Ok(judged)
    })?;
    let mut judged: Vec<Judged> = judged.into_iter().flatten().collect();
    for helm in &helms {
        judged.push(create(helm, &scratch)?);
    }
    fs::remove_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    report(&judged, charts.len(), shown, only.is_none())
}

/// The unpacked corpus, by way of compare.py.
pub(crate) fn corpus_folder() -> Outcome<Option<PathBuf>> {
    let Some(folder) = places::corpus() else { return Ok(None) };
    let output = Command::new("python3")
        .arg(folder.join("compare.py"))
        .arg(folder.join("visible.tar.xz"))
        .arg("--unpack")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("python3: {error}"))?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !path.is_empty() {
        Ok(Some(PathBuf::from(path)))
    } else {
        Err(format!("the corpus does not unpack: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// The lines of cases.jsonl.
pub(crate) fn corpus_cases(corpus: &Path) -> Outcome<Vec<Value>> {
    let path = corpus.join("cases.jsonl");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).map_err(|error| format!("cases.jsonl: {error}")))
        .collect()
}

/// Charts whose output does not vary, taken evenly from the sorted list.
pub(crate) fn choose(corpus: &Path, wanted: usize) -> Outcome<Vec<String>> {
    let (mut steady, mut varying) = (BTreeSet::new(), BTreeSet::new());
    for case in corpus_cases(corpus)? {
        let Some(chart) = case["chart"].as_str() else { continue };
        if case["deterministic"].as_bool().unwrap_or(true) {
            steady.insert(chart.to_owned());
        } else {
            varying.insert(chart.to_owned());
        }
    }
    let steady: Vec<String> = steady.difference(&varying).cloned().collect();
    let wanted = wanted.min(steady.len());
    Ok((0..wanted).map(|index| steady[index * steady.len() / wanted].clone()).collect())
}

fn trials(helm: &Helm, chart: &str, corpus: &Path, place: &Path) -> Outcome<Vec<Trial>> {
    let path = format!("charts/{chart}");
    let plain = |operation, words: &[&str]| Trial {
        operation,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        stdin: "",
    };
    let mut trials = vec![
        plain("lint", &["lint", &path, "--kube-version", "1.34.0"]),
        plain("lint --strict", &["lint", &path, "--strict", "--with-subcharts", "--kube-version", "1.34.0"]),
        plain("show chart", &["show", "chart", &path]),
        plain("show values", &["show", "values", &path]),
        plain("show readme", &["show", "readme", &path]),
        plain("show crds", &["show", "crds", &path]),
        plain("show all", &["show", "all", &path]),
    ];
    let template = |operation: &'static str, more: &[&str]| {
        let mut words = vec!["template", "demo", &path, "--kube-version", "1.34.0", "--namespace", "demo-ns"];
        words.extend_from_slice(more);
        plain(operation, &words)
    };
    for (operation, more) in TEMPLATE_FORMS {
        let mut trial = template(operation, more);
        if operation == "stdin" {
            trial.stdin = "global: {}\nreplicaCount: 3\nnameOverride: renamed\n";
        }
        trials.push(trial);
    }
    trials.push(plain(
        "name-template",
        &["template", &path, "--kube-version", "1.34.0", "--name-template", "{{ \"Fixed\" | lower }}-name"],
    ));
    let whole = template("whole", &[]);
    let home = home(place)?;
    let finished = reference::helm_call(helm, &whole.words, corpus, &home).run()?;
    let sources: BTreeSet<String> = String::from_utf8_lossy(&finished.stdout)
        .lines()
        .filter_map(|line| line.strip_prefix("# Source: ")?.split_once('/').map(|(_, rest)| rest.to_owned()))
        .collect();
    if let Some(first) = sources.first() {
        trials.push(template("show-only", &["--show-only", first]));
    }
    if let Some(last) = sources.last().filter(|_| sources.len() > 1) {
        trials.push(template("show-only two", &["-s", last, "-s", "templates/*.yaml"]));
    }
    Ok(trials)
}

fn home(place: &Path) -> Outcome<PathBuf> {
    let home = place.join("home");
    fs::create_dir_all(&home).map_err(|error| format!("{}: {error}", home.display()))?;
    Ok(home)
}

/// What can be seen of one run: status, output, files written.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    succeeded: bool,
    stdout: Vec<u8>,
    files: BTreeMap<String, Vec<u8>>,
}

fn see(call: &Call, out: &Path) -> Outcome<(Seen, Finished)> {
    let _ = fs::remove_dir_all(out);
    fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    let finished = call.run()?;
    let mut files = BTreeMap::new();
    for file in files_under(out)? {
        let name = file.strip_prefix(out).unwrap_or(&file).to_string_lossy().into_owned();
        files.insert(name, fs::read(&file).map_err(|error| error.to_string())?);
    }
    Ok((Seen { succeeded: finished.succeeded(), stdout: finished.stdout.clone(), files }, finished))
}

fn judge(helm: &Helm, trial: &Trial, corpus: &Path, place: &Path) -> Outcome<Judged> {
    let (home, out) = (home(place)?, place.join("out"));
    let words: Vec<String> =
        trial.words.iter().map(|word| word.replace("{out}", &out.to_string_lossy())).collect();
    let mut theirs = reference::helm_call(helm, &words, corpus, &home);
    theirs.stdin = trial.stdin.as_bytes().to_vec();
    let mut ours = chart_call(helm.profile, &words, corpus, &home);
    ours.stdin = theirs.stdin.clone();
    let (expected, said) = see(&theirs, &out)?;
    let (got, ours_said) = see(&ours, &out)?;
    // A run that dies of a signal, or of a panic's status, is no answer even where Helm fails.
    let crashed = ours_said.status.is_none_or(|status| status >= 100);
    let verdict = if crashed {
        Verdict::Differs
    } else if expected == got {
        if expected.succeeded || said.error_line() == ours_said.error_line() {
            Verdict::Same
        } else {
            Verdict::Message
        }
    } else if asks_the_network(&said)
        || (0..3).any(|_| see(&theirs, &out).is_ok_and(|(again, _)| again != expected))
    {
        Verdict::Unstable
    } else {
        Verdict::Differs
    };
    let shown = match verdict {
        Verdict::Same | Verdict::Unstable => String::new(),
        Verdict::Message => format!("Helm: {}\n      ours: {}", said.error_line(), ours_said.error_line()),
        Verdict::Differs => first_difference(&expected, &got, &ours_said),
    };
    let shown = format!("{} {}\n      {shown}", helm.profile, trial.words.join(" "));
    Ok(Judged {
        profile: helm.profile,
        operation: trial.operation,
        verdict,
        failed: !expected.succeeded,
        shown,
    })
}

/// Whether Helm went out for a schema's `$ref`, which is refused here (COMPATIBILITY.md).
fn asks_the_network(said: &Finished) -> bool {
    [&said.stdout, &said.stderr]
        .iter()
        .any(|text| String::from_utf8_lossy(text).contains("HTTP request failed"))
}

fn first_difference(expected: &Seen, got: &Seen, said: &Finished) -> String {
    if expected.succeeded != got.succeeded {
        return format!(
            "Helm succeeds: {}, ours: {} ({})",
            expected.succeeded,
            got.succeeded,
            said.error_line()
        );
    }
    let pairs = std::iter::once(("stdout", Some(&expected.stdout), Some(&got.stdout))).chain(
        expected
            .files
            .keys()
            .chain(got.files.keys())
            .map(|name| (name.as_str(), expected.files.get(name), got.files.get(name))),
    );
    for (name, theirs, ours) in pairs {
        if theirs == ours {
            continue;
        }
        let (Some(theirs), Some(ours)) = (theirs, ours) else {
            return format!("{name}: written by {} only", if ours.is_some() { "us" } else { "Helm" });
        };
        let (theirs, ours) = (String::from_utf8_lossy(theirs), String::from_utf8_lossy(ours));
        let line = theirs.lines().zip(ours.lines()).position(|(one, other)| one != other);
        let line = line.unwrap_or(theirs.lines().count().min(ours.lines().count()));
        let at = |text: &str| text.lines().nth(line).unwrap_or("<end>").to_owned();
        return format!("{name}:{}\n      Helm: {}\n      ours: {}", line + 1, at(&theirs), at(&ours));
    }
    "the same".to_owned()
}

/// `create`: the same files with the same bytes.
fn create(helm: &Helm, scratch: &Path) -> Outcome<Judged> {
    let place = scratch.join(format!("create-{}", helm.profile));
    home(&place)?;
    let trial = Trial {
        operation: "create",
        words: vec!["create".to_owned(), "{out}/fresh-chart".to_owned()],
        stdin: "",
    };
    judge(helm, &trial, scratch, &place)
}

fn report(judged: &[Judged], charts: usize, shown: usize, record: bool) -> Outcome {
    let mut table: BTreeMap<(&str, &str), [usize; 5]> = BTreeMap::new();
    for one in judged {
        let row = table.entry((one.operation, one.profile)).or_default();
        row[one.verdict as usize] += 1;
        row[4] += usize::from(one.failed);
    }
    println!(
        "{:<20} {:<8} {:>6} {:>9} {:>8} {:>8}   (Helm fails)",
        "operation", "profile", "same", "unstable", "message", "differs"
    );
    for ((operation, profile), [same, unstable, message, differs, failed]) in &table {
        println!("{operation:<20} {profile:<8} {same:>6} {unstable:>9} {message:>8} {differs:>8}   {failed}");
    }
    let bad: Vec<&Judged> = judged.iter().filter(|one| one.verdict >= Verdict::Message).collect();
    for one in bad.iter().rev().take(shown) {
        println!("  {:?}: {}", one.verdict, one.shown);
    }
    let differing = judged.iter().filter(|one| one.verdict == Verdict::Differs).count();
    let passed = judged.len() - differing;
    println!("{charts} charts, {} comparisons: {passed} passed, {differing} failed", judged.len());
    if !record {
        return Ok(());
    }
    let name = format!("live.{charts}_charts");
    figures::record(&name, passed as f64)?;
    let messages = judged.iter().filter(|one| one.verdict == Verdict::Message).count();
    figures::record(&format!("live.{charts}_charts.other_message_most"), messages as f64)?;
    let least = figures::kept(&name)?.unwrap_or(judged.len() as f64);
    if (passed as f64) < least {
        Err(format!("{passed} comparisons passed, {least} did before"))
    } else {
        Ok(())
    }
}
