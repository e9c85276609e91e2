//! Generated cases through the Go oracle and through the library, in this process.
//!
//! Every case is a request in the oracle's language (`fixtures/oracle/README.md`) that a seed and a
//! position name; [`ours`] answers the same requests. What differs is written to
//! `target/differential/<family>.jsonl`, request and both answers, so that a failure can be replayed.

mod documents;
mod functions;
mod ours;
mod random;
mod templates;
mod values;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;

use serde_json::{Value, json};

use crate::golden::in_parallel;
use crate::oracle::Oracle;
use crate::{Outcome, figures, number_after, places};

/// One kind of generated case.
struct Family {
    name: &'static str,
    /// How many in continuous integration, and how many in a whole run.
    sample: usize,
    full: usize,
}

const FAMILIES: [Family; 6] = [
    Family { name: "templates", sample: 6_000, full: 200_000 },
    Family { name: "yaml-read", sample: 6_000, full: 100_000 },
    Family { name: "yaml-write", sample: 6_000, full: 100_000 },
    Family { name: "merges", sample: 2_000, full: 40_000 },
    Family { name: "set", sample: 2_000, full: 20_000 },
    Family { name: "functions", sample: 8_000, full: usize::MAX },
];

const CHUNK: usize = 2_000;

pub(crate) fn run(words: &[&str]) -> Outcome {
    let full = words.contains(&"--full");
    let seed = number_after("--seed", words, 1)? as u64;
    let shown = number_after("--show", words, 12)?;
    let count = number_after("--count", words, 0)?;
    let only = words.iter().position(|word| *word == "--only").and_then(|at| words.get(at + 1)).copied();
    let mut oracle = Oracle::start()?;
    if let Some(file) = words.iter().position(|word| *word == "--replay").and_then(|at| words.get(at + 1)) {
        return replay(file, &mut oracle, shown);
    }
    let mut unexplained = 0;
    for family in &FAMILIES {
        if only.is_some_and(|only| only != family.name) {
            continue;
        }
        let wanted = match (count, full) {
            (0, true) => family.full,
            (0, false) => family.sample,
            (count, _) => count,
        };
        let tally = examine(family, wanted, seed, shown, &mut oracle)?;
        if count == 0 && !full && seed == 1 {
            figures::record(&format!("differential.{}.same", family.name), tally.same as f64)?;
        }
        unexplained += tally.differing;
    }
    if unexplained == 0 {
        return Ok(());
    }
    Err(format!("{unexplained} answers differ without an explanation; see {}", folder().display()))
}

fn folder() -> std::path::PathBuf {
    places::target().join("differential")
}

/// How the cases of one family ended.
#[derive(Debug, Default)]
struct Tally {
    same: usize,
    errors: usize,
    explained: BTreeMap<&'static str, usize>,
    differing: usize,
}

fn examine(family: &Family, wanted: usize, seed: u64, shown: usize, oracle: &mut Oracle) -> Outcome<Tally> {
    let documents = documents::Documents::load()?;
    let listed = match family.name {
        "functions" => functions::sample(functions::requests(oracle)?, wanted, seed),
        _ => Vec::new(),
    };
    let wanted = if family.name == "functions" { listed.len() } else { wanted };
    fs::create_dir_all(folder()).map_err(|error| error.to_string())?;
    let log = folder().join(format!("{}.jsonl", family.name));
    let mut log = fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut tally = Tally::default();
    for start in (0..wanted).step_by(CHUNK) {
        let positions: Vec<u64> =
            (start..(start + CHUNK).min(wanted)).map(|position| position as u64).collect();
        let requests: Vec<Value> = positions
            .iter()
            .map(|position| match family.name {
                "templates" => templates::request(seed, *position),
                "yaml-read" => documents.request(seed, *position),
                "yaml-write" => documents::emission(seed, *position),
                "merges" => values::merge(seed, *position),
                "set" => values::setter(seed, *position),
                _ => listed[*position as usize].clone(),
            })
            .collect();
        compare(&requests, oracle, &mut tally, &mut log, shown)?;
    }
    let explained: Vec<String> =
        tally.explained.iter().map(|(why, count)| format!("{count} {why}")).collect();
    println!(
        "{:<12} {wanted:>7} cases: {} the same ({} of them errors), {} explained{}{}, {} differ",
        family.name,
        tally.same,
        tally.errors,
        tally.explained.values().sum::<usize>(),
        if explained.is_empty() { "" } else { ": " },
        explained.join("; "),
        tally.differing
    );
    Ok(tally)
}

fn compare(
    requests: &[Value],
    oracle: &mut Oracle,
    tally: &mut Tally,
    log: &mut fs::File,
    shown: usize,
) -> Outcome {
    let theirs = oracle.ask(requests)?;
    let ours = in_parallel(requests, |_, request| Ok(ours::answer(request)))?;
    for ((request, theirs), ours) in requests.iter().zip(&theirs).zip(&ours) {
        if theirs == ours {
            tally.same += 1;
            tally.errors += usize::from(theirs.get("error").is_some());
        } else if let Some(why) = explanation(request, theirs, ours) {
            *tally.explained.entry(why).or_default() += 1;
        } else {
            tally.differing += 1;
            let line = json!({"request": request, "theirs": theirs, "ours": ours});
            writeln!(log, "{line}").map_err(|error| error.to_string())?;
            if tally.differing <= shown {
                show(request, theirs, ours);
            }
        }
    }
    Ok(())
}

/// Why two answers may differ, where that is known; each has its line in COMPATIBILITY.md.
fn explanation(request: &Value, theirs: &Value, ours: &Value) -> Option<&'static str> {
    let said = theirs.to_string();
    if theirs["panic"] == "timeout" {
        return Some("do not end in the reference");
    }
    if theirs.get("panic").is_some() && ours.get("error").is_some() {
        return Some("crash the reference");
    }
    // Ours holds on the stack of a small thread.
    let opened = request.to_string().bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if opened > 500 && ours["error"].as_str().is_some_and(|error| error.contains("exceeded max depth of 500"))
    {
        return Some("nest YAML deeper than 500");
    }
    // The address of a Go pointer or function.
    if prints_an_address(&said) || prints_our_address(&ours.to_string()) {
        return Some("print a memory address");
    }
    if theirs["error"].is_object() && ours["error"].is_string() {
        return Some("fail with bytes that are not UTF-8");
    }
    // The version of Helm in `.Capabilities` depends on how its binary was built, so the whole of `$` does.
    let whole = |text: &str| text.contains("admissionregistration") || text.contains("Capabilities=&");
    if whole(&said) && whole(&ours.to_string()) {
        return Some("print .Capabilities whole");
    }
    // Helm takes subcharts in the order of a Go map.
    let mismatch =
        |answer: &Value| answer["error"].as_str().is_some_and(|error| error.starts_with("type mismatch on "));
    if request["op"] == "coalesce" && mismatch(theirs) && mismatch(ours) {
        return Some("name the other of two charts whose values are no table");
    }
    if request["op"] == "tt" && theirs["error"] == ours["error"] && theirs.get("error").is_some() {
        return Some("stop at another byte of output");
    }
    None
}

/// Whether a text holds `0x` and then at least eight hexadecimal digits, which no generated value has.
fn prints_an_address(text: &str) -> bool {
    text.split("0x").skip(1).any(|rest| rest.bytes().take_while(u8::is_ascii_hexdigit).count() >= 8)
}

/// Whether the library printed the one number it has for addresses, in any base.
fn prints_our_address(text: &str) -> bool {
    const ADDRESS: u64 = 0xc0_0001_0000;
    [format!("{ADDRESS}"), format!("{ADDRESS:b}"), format!("{ADDRESS:o}"), format!("{ADDRESS:x}")]
        .iter()
        .any(|address| text.to_ascii_lowercase().contains(address))
}

fn show(request: &Value, theirs: &Value, ours: &Value) {
    let subject = match request["op"].as_str() {
        Some("tt") => request["template"].to_string(),
        Some("render") => format!("[{}] {}", request["compat"], request["chart"]["templates/t.yaml"]),
        _ => request.to_string(),
    };
    println!(
        "  {}\n    theirs: {}\n    ours:   {}",
        cut(&subject),
        cut(&theirs.to_string()),
        cut(&ours.to_string())
    );
}

fn cut(text: &str) -> String {
    let short: String = text.chars().take(700).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

/// Runs the requests of a file again: lines of a log of differences, or bare requests.
fn replay(file: &str, oracle: &mut Oracle, shown: usize) -> Outcome {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let mut requests = Vec::new();
    for line in text.lines() {
        let mut line: Value = serde_json::from_str(line).map_err(|error| format!("{file}: {error}"))?;
        requests.push(if line.get("request").is_some() { line["request"].take() } else { line });
    }
    fs::create_dir_all(folder()).map_err(|error| error.to_string())?;
    let log = folder().join("replay.jsonl");
    let mut log = fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut tally = Tally::default();
    compare(&requests, oracle, &mut tally, &mut log, shown)?;
    println!("{} requests: {} the same, {} differ", requests.len(), tally.same, tally.differing);
    if tally.differing == 0 { Ok(()) } else { Err("some still differ".to_owned()) }
}
