//! `chart package` beside both Helms' on every chart of the corpus, and each side's commands on the other's archives.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::golden::in_parallel;
use crate::live::{choose, corpus_folder};
use crate::process::{Call, Finished};
use crate::reference::{self, Helm, chart_call, helm_call};
use crate::{Outcome, figures, number_after, places, process};

const EPOCH: &str = "1700000000";

/// How often Helm packs a chart whose entries it orders otherwise than we do, before its order counts as fixed.
const TRIES: usize = 8;

/// How our archive of a chart compares with Helm's.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// The tar is the same, byte by byte.
    Same,
    /// Helm does not agree with itself on the order; the entries are the same.
    SameSet,
    /// Both refuse, in the same words.
    SameRefusal,
    Differs(String),
}

/// One entry of a tar: its headers, extended ones in front, and its bytes.
type Entry = (Vec<u8>, Vec<u8>);

/// Compares archives, then crosses them.
pub(crate) fn run(words: &[&str]) -> Outcome {
    let crossed = number_after("--crossed", words, 40)?;
    let Some(corpus) = corpus_folder()? else {
        println!(
            "the corpus is not beside this checkout (set CHART_CORPUS to the folder of compare.py): skipped"
        );
        return Ok(());
    };
    if std::env::var_os("CHART_BIN").is_none() {
        process::must(process::cargo(), &["build", "--release", "--package", "chartcli"], &places::root())?;
    }
    let helms = reference::both()?;
    let scratch = places::scratch("archives")?;
    let charts = charts(&corpus)?;
    let mut wrong = Vec::new();
    for helm in &helms {
        let verdicts = in_parallel(&charts, |index, chart| {
            let place = scratch.join(format!("{}-{index}", helm.profile));
            let verdict = compare(helm, chart, &place)?;
            let _ = fs::remove_dir_all(&place);
            Ok(verdict)
        })?;
        let count = |wanted: &Verdict| verdicts.iter().filter(|verdict| *verdict == wanted).count();
        let (same, set, refused) =
            (count(&Verdict::Same), count(&Verdict::SameSet), count(&Verdict::SameRefusal));
        for (chart, verdict) in charts.iter().zip(&verdicts) {
            if let Verdict::Differs(why) = verdict {
                wrong.push(format!("{} {}: {why}", helm.profile, name_of(chart)));
            }
        }
        println!(
            "{}: {} charts: {same} the same tar, {set} the same entries in an order Helm leaves to chance, {refused} the same refusal",
            helm.profile,
            charts.len()
        );
        figures::record(&format!("archives.{}.same", helm.profile), (same + set + refused) as f64)?;
    }
    let chosen: Vec<PathBuf> =
        choose(&corpus, crossed)?.iter().map(|name| corpus.join("charts").join(name)).collect();
    let complaints =
        in_parallel(&chosen, |index, chart| cross(&helms, chart, &scratch.join(format!("cross-{index}"))))?;
    let (tried, complaints) =
        complaints.into_iter().fold((0, Vec::new()), |(tried, mut all), (count, complaints)| {
            all.extend(complaints);
            (tried + count, all)
        });
    println!("{} charts crossed: {} of {tried} commands agree", chosen.len(), tried - complaints.len());
    figures::record("archives.crossed", (tried - complaints.len()) as f64)?;
    wrong.extend(complaints);
    fs::remove_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    if wrong.is_empty() { Ok(()) } else { Err(format!("archives differ:\n  {}", wrong.join("\n  "))) }
}

fn charts(corpus: &Path) -> Outcome<Vec<PathBuf>> {
    let folder = corpus.join("charts");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut charts: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    charts.retain(|path| path.is_dir());
    charts.sort();
    Ok(charts)
}

fn name_of(chart: &Path) -> String {
    chart.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn with_epoch(mut call: Call) -> Call {
    call.environment.push(("SOURCE_DATE_EPOCH".to_owned(), EPOCH.into()));
    call
}

/// Packs into a new folder; the one archive in it, or the refusal.
fn pack(
    call: impl Fn(&[String]) -> Call,
    chart: &Path,
    out: &Path,
    more: &[&str],
) -> Outcome<Result<PathBuf, Finished>> {
    fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    let mut arguments =
        words(&["package", &chart.display().to_string(), "--destination", &out.display().to_string()]);
    arguments.extend(words(more));
    let finished = with_epoch(call(&arguments)).run()?;
    if !finished.succeeded() {
        return Ok(Err(finished));
    }
    let mut made: Vec<PathBuf> =
        fs::read_dir(out).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    made.retain(|path| path.extension().is_some_and(|ending| ending == "tgz"));
    match made.as_slice() {
        [archive] => Ok(Ok(archive.clone())),
        other => Err(format!("{}: {} archives in {}", chart.display(), other.len(), out.display())),
    }
}

fn compare(helm: &Helm, chart: &Path, place: &Path) -> Outcome<Verdict> {
    let home = place.join("home");
    fs::create_dir_all(&home).map_err(|error| format!("{}: {error}", home.display()))?;
    let root = places::root();
    let by_helm = |arguments: &[String]| helm_call(helm, arguments, &root, &home);
    let by_us = |arguments: &[String]| chart_call(helm.profile, arguments, &root, &home);
    let ours = pack(by_us, chart, &place.join("ours"), &[])?;
    let mut orders = Vec::<Vec<Entry>>::new();
    for index in 0..TRIES {
        let theirs = pack(by_helm, chart, &place.join(format!("theirs-{index}")), &[])?;
        let (ours, theirs) = match (&ours, theirs) {
            (Ok(ours), Ok(theirs)) => (ours, theirs),
            (Err(ours), Err(theirs)) if ours.error_line() == theirs.error_line() => {
                return Ok(Verdict::SameRefusal);
            }
            (ours, theirs) => {
                let said = |side: &Result<PathBuf, Finished>| match side {
                    Ok(_) => "packs".to_owned(),
                    Err(finished) => finished.error_line(),
                };
                return Ok(Verdict::Differs(format!("ours {}; Helm {}", said(ours), said(&theirs))));
            }
        };
        if ours.file_name() != theirs.file_name() {
            return Ok(Verdict::Differs(format!("{} and {}", name_of(ours), name_of(&theirs))));
        }
        // Helm 3 writes the time of day; all else must be equal.
        let keep_times = helm.profile == "helm4";
        let (mut our_entries, mut their_entries) =
            (entries(ours, keep_times)?, entries(&theirs, keep_times)?);
        if our_entries == their_entries {
            return Ok(Verdict::Same);
        }
        let order = their_entries.clone();
        our_entries.sort();
        their_entries.sort();
        if our_entries != their_entries {
            return Ok(Verdict::Differs(difference(&our_entries, &their_entries)));
        }
        if orders.iter().any(|other| *other != order) {
            return Ok(Verdict::SameSet);
        }
        orders.push(order);
    }
    Ok(Verdict::Differs("the order of entries, which Helm keeps".to_owned()))
}

fn difference(ours: &[Entry], theirs: &[Entry]) -> String {
    let name = |entry: &Entry| {
        let field: Vec<u8> = entry.0.iter().copied().take_while(|byte| *byte != 0).collect();
        String::from_utf8_lossy(&field).into_owned()
    };
    let only = |here: &[Entry], there: &[Entry]| {
        here.iter().find(|entry| !there.contains(entry)).map_or("nothing".to_owned(), name)
    };
    format!("only in ours: {}; only in Helm's: {}", only(ours, theirs), only(theirs, ours))
}

/// The entries of a compressed tar.
fn entries(path: &Path, keep_times: bool) -> Outcome<Vec<Entry>> {
    let file = fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut tar = Vec::new();
    flate2::read::MultiGzDecoder::new(file)
        .read_to_end(&mut tar)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let mut rest = tar.as_slice();
    let (mut entries, mut headers) = (Vec::new(), Vec::new());
    while let Some((header, after)) = rest.split_at_checked(512) {
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        let digits: String = header[124..135].iter().map(|byte| char::from(*byte)).collect();
        let size =
            usize::from_str_radix(digits.trim(), 8).map_err(|_| format!("{}: a bad size", path.display()))?;
        let padded = size.next_multiple_of(512);
        let (data, after) =
            after.split_at_checked(padded).ok_or_else(|| format!("{}: cut short", path.display()))?;
        let mut header = header.to_vec();
        if !keep_times {
            header[136..156].fill(0);
        }
        let is_extension = header[156] == b'x';
        headers.append(&mut header);
        if is_extension {
            headers.extend_from_slice(data);
        } else {
            entries.push((std::mem::take(&mut headers), data[..size].to_vec()));
        }
        rest = after;
    }
    Ok(entries)
}

/// A line without what Helm changes from run to run: the order of listed names, and the folder it unpacks to.
fn steady_words(line: &str) -> String {
    let mut words: Vec<&str> = line.split([' ', ',']).collect();
    for word in &mut words {
        if let Some((_, name)) = word.split_once("/helm-lint") {
            *word = name.trim_start_matches(|letter: char| letter.is_ascii_digit());
        }
    }
    words.sort_unstable();
    words.join(" ")
}

/// Helm's commands on our archive say what they say on Helm's own, ours on Helm's what they say on ours, and each side
/// verifies the other's signature. Answers how many commands were tried, and which disagree.
fn cross(helms: &[Helm], chart: &Path, place: &Path) -> Outcome<(usize, Vec<String>)> {
    let (home, root) = (place.join("home"), places::root());
    fs::create_dir_all(&home).map_err(|error| format!("{}: {error}", home.display()))?;
    let rings = root.join("fixtures/provenance/rings");
    let (secret, public) = (rings.join("secret.gpg"), rings.join("public.gpg"));
    let (secret, public) = (secret.display().to_string(), public.display().to_string());
    let sign = ["--sign", "--key", "rsa@chart.test", "--keyring", &secret];
    let (mut tried, mut complaints) = (0, Vec::new());
    for helm in helms {
        let by_helm = |arguments: &[String]| helm_call(helm, arguments, &root, &home);
        let by_us = |arguments: &[String]| chart_call(helm.profile, arguments, &root, &home);
        let ours = pack(by_us, chart, &place.join(format!("{}-ours", helm.profile)), &sign)?;
        let theirs = pack(by_helm, chart, &place.join(format!("{}-theirs", helm.profile)), &sign)?;
        let (Ok(ours), Ok(theirs)) = (ours, theirs) else { continue };
        let (ours, theirs) = (ours.display().to_string(), theirs.display().to_string());
        let check = |what: &str, left: Finished, right: Finished, lines_as_set: bool| {
            let told = |finished: &Finished| {
                let text = [&finished.stdout[..], &finished.stderr[..]].concat();
                let text =
                    String::from_utf8_lossy(&text).replace(&ours, "$ARCHIVE").replace(&theirs, "$ARCHIVE");
                let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                if lines_as_set {
                    lines.iter_mut().for_each(|line| *line = steady_words(line));
                    lines.sort();
                }
                (finished.status, lines)
            };
            let (left, right) = (told(&left), told(&right));
            let line = left.1.iter().zip(&right.1).find(|(left, right)| left != right);
            (left != right).then(|| format!("{} {what} of {}: {line:?}", helm.profile, name_of(chart)))
        };
        for command in [
            &["lint"][..],
            &["show", "chart"],
            &["show", "values"],
            &["template", "demo", "--kube-version", "1.34.0", "--include-crds"],
        ] {
            let on = |archive: &str| {
                let mut arguments = words(command);
                arguments.push(archive.to_owned());
                arguments
            };
            let shown = command.join(" ");
            // Random functions, and subcharts whose order Helm leaves to chance.
            let (name, left, right) = (format!("helm {shown}"), by_helm(&on(&ours)), by_helm(&on(&theirs)));
            complaints.extend(check(&name, left.run()?, right.run()?, true));
            let (name, left, right) = (format!("chart {shown}"), by_us(&on(&ours)), by_us(&on(&theirs)));
            complaints.extend(check(&name, left.run()?, right.run()?, true));
            tried += 2;
        }
        for archive in [&ours, &theirs] {
            let arguments = words(&["verify", archive, "--keyring", &public]);
            let verified = by_us(&arguments).run()?;
            complaints.extend(check("verify", by_helm(&arguments).run()?, verified.clone(), false));
            tried += 1;
            if !verified.succeeded() {
                complaints.push(format!(
                    "{} does not verify {}: {}",
                    helm.profile,
                    name_of(chart),
                    verified.error_line()
                ));
            }
        }
    }
    fs::remove_dir_all(place).map_err(|error| format!("{}: {error}", place.display()))?;
    Ok((tried, complaints))
}
