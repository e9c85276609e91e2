//! Every case of `fixtures/cases` through the `chart` binary, in both profiles, against what the two
//! Helms say (`fixtures/golden`, written by `cargo xtask golden`).
//!
//! A run passes when it succeeds or fails as Helm does, prints the same bytes, writes the same
//! files, and, where Helm fails, starts its message with Helm's first line.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Cases that differ from Helm on purpose; each has its reason in COMPATIBILITY.md.
const KNOWN: &[&str] = &[];

struct Case {
    path: String,
    words: Vec<String>,
    stdin: String,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut files: Vec<PathBuf> =
        fs::read_dir(fixtures().join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let table: toml::Table = fs::read_to_string(&file).unwrap().parse().unwrap();
        let area = file.file_stem().unwrap().to_str().unwrap();
        for case in table["case"].as_array().unwrap() {
            let text =
                |name: &str| case.get(name).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
            let words = case["args"].as_array().unwrap();
            cases.push(Case {
                path: format!("{area}/{}", text("name")),
                words: words.iter().map(|word| word.as_str().unwrap().to_owned()).collect(),
                stdin: text("stdin"),
            });
        }
    }
    cases
}

/// What a run showed, in the form of the goldens.
struct Shown {
    output: Vec<u8>,
    first_line: Option<String>,
}

fn run(case: &Case, profile: &str) -> Shown {
    let scratch = tempfile::tempdir().unwrap();
    let (out, home) = (scratch.path().join("out"), scratch.path().join("home"));
    fs::create_dir(&out).unwrap();
    fs::create_dir(&home).unwrap();
    let charts = fixtures().join("charts").canonicalize().unwrap();
    let mut words: Vec<String> =
        case.words.iter().map(|word| word.replace("{out}", out.to_str().unwrap())).collect();
    if words[0] == "template" && !words.iter().any(|word| word == "--kube-version") {
        words.extend(["--kube-version".to_owned(), "1.34.0".to_owned()]);
    }
    words.extend(["--compat".to_owned(), profile.to_owned()]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_chart"));
    // Under Helm's name it speaks of itself as Helm does.
    std::os::unix::process::CommandExt::arg0(&mut child, "helm");
    let mut child = child
        .args(&words)
        .current_dir(&charts)
        .env_clear()
        .env("HOME", &home)
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A case without input may end before it is written.
    let _ = child.stdin.take().unwrap().write_all(case.stdin.as_bytes());
    let finished = child.wait_with_output().unwrap();
    let neutral = |text: &[u8]| -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(text) else { return text.to_vec() };
        text.replace(out.to_str().unwrap(), "{out}")
            .replace(charts.to_str().unwrap(), "{charts}")
            .into_bytes()
    };
    let mut output = neutral(&finished.stdout);
    for file in files_under(&out) {
        let name = file.strip_prefix(&out).unwrap().to_str().unwrap();
        output.extend_from_slice(format!("==> {{out}}/{name}\n").as_bytes());
        output.extend_from_slice(&fs::read(&file).unwrap());
    }
    let first_line = (!finished.status.success()).then(|| {
        let crashed = finished.status.code().is_none_or(|status| status >= 100);
        let message = String::from_utf8(neutral(&finished.stderr)).unwrap();
        let line = message
            .lines()
            .find(|line| line.starts_with("Error: ") || line.starts_with("error: "))
            .unwrap_or_else(|| message.lines().next().unwrap_or_default());
        let line = line.get("Error: ".len()..).unwrap_or(line).trim_end();
        if crashed { format!("CRASH {}: {line}", finished.status) } else { line.to_owned() }
    });
    Shown { output, first_line }
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut waiting) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Why a run is not what Helm showed, or `None`.
fn complaint(case: &Case, profile: &str) -> Option<String> {
    let golden = |ending: &str| {
        fs::read(fixtures().join("golden").join(profile).join(format!("{}.{ending}", case.path)))
    };
    let expected = golden("out").expect("every case has a golden: run `cargo xtask golden`");
    let message = golden("err").ok().map(|text| String::from_utf8(text).unwrap());
    let expected_line = message.as_deref().and_then(|text| text.lines().next());
    let shown = run(case, profile);
    match (expected_line, &shown.first_line) {
        (None, Some(line)) => return Some(format!("fails: {line}")),
        (Some(line), None) => return Some(format!("succeeds, Helm fails: {line}")),
        // A golden's message is cut at 4,096 bytes.
        (Some(theirs), Some(ours))
            if !(ours == theirs || theirs.len() >= 4000 && ours.starts_with(theirs)) =>
        {
            return Some(format!("message\n    Helm: {theirs:.300}\n    ours: {ours:.300}"));
        }
        _ => {}
    }
    if expected == shown.output {
        return None;
    }
    let (theirs, ours) = (String::from_utf8_lossy(&expected), String::from_utf8_lossy(&shown.output));
    let same = theirs.lines().zip(ours.lines()).take_while(|(theirs, ours)| theirs == ours).count();
    let line = |text: &str| text.lines().nth(same).unwrap_or("<end of output>").to_owned();
    Some(format!("line {}\n    Helm: {:.300}\n    ours: {:.300}", same + 1, line(&theirs), line(&ours)))
}

fn check_profile(profile: &str) {
    let cases = cases();
    assert!(cases.len() >= 120, "the cases are gone");
    let mut report = String::new();
    let mut failed = 0;
    for case in &cases {
        if KNOWN.contains(&format!("{profile}/{}", case.path).as_str()) {
            continue;
        }
        if let Some(complaint) = complaint(case, profile) {
            failed += 1;
            writeln!(report, "{profile}/{}: {complaint}", case.path).unwrap();
        }
    }
    assert!(failed == 0, "{failed} of {} cases differ from Helm:\n{report}", cases.len());
}

#[test]
fn helm3_says_the_same() {
    check_profile("helm3");
}

#[test]
fn helm4_says_the_same() {
    check_profile("helm4");
}
