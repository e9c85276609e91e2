//! Runs the binary, and compares with what the two Helms said.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

pub(crate) const PROFILES: [&str; 2] = ["helm3", "helm4"];

/// How a run ended.
pub(crate) struct Said {
    pub(crate) succeeded: bool,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// The message behind `Error: `, down to the first diagnostic.
    fn first_line(&self) -> &str {
        let line = self.err.lines().find(|line| line.starts_with("Error: ")).unwrap_or_default();
        line.strip_prefix("Error: ").unwrap_or(line).trim_end()
    }

    /// The values of `# Source:` lines, in order.
    pub(crate) fn sources(&self) -> Vec<&str> {
        self.out.lines().filter_map(|line| line.strip_prefix("# Source: ")).collect()
    }
}

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").canonicalize().unwrap()
}

pub(crate) fn charts() -> PathBuf {
    fixtures().join("requirements/charts")
}

/// Runs the binary in `folder`.
pub(crate) fn run_in(folder: &Path, words: &[&str], stdin: &str) -> Said {
    run_program(Path::new(env!("CARGO_BIN_EXE_chart")), folder, words, stdin)
}

/// Runs a program in `folder`, without this process's environment.
pub(crate) fn run_program(program: &Path, folder: &Path, words: &[&str], stdin: &str) -> Said {
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(program)
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("HOME", home.path())
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A run without input may end before it is written.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let ended = child.wait_with_output().unwrap();
    let code = ended.status.code();
    assert!(code.is_some_and(|code| code < 100), "{words:?} crashed: {}", ended.status);
    Said {
        succeeded: ended.status.success(),
        out: String::from_utf8(ended.stdout).unwrap(),
        err: String::from_utf8(ended.stderr).unwrap(),
    }
}

/// Runs the binary over the charts of the requirements.
pub(crate) fn run(words: &[&str]) -> Said {
    run_in(&charts(), words, "")
}

/// Runs the binary, which must succeed.
pub(crate) fn must(words: &[&str]) -> String {
    let said = run(words);
    assert!(said.succeeded, "{words:?}: {}", said.err);
    said.out
}

/// One case of `cases.toml`.
struct Case {
    name: String,
    words: Vec<String>,
    stdin: String,
}

fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let text = fs::read_to_string(fixtures().join("requirements/cases.toml")).unwrap();
        let table: toml::Table = text.parse().unwrap();
        let text_of = |value: &toml::Value| value.as_str().unwrap().to_owned();
        let list = table["case"].as_array().unwrap();
        let read = |case: &toml::Value| {
            let mut words: Vec<String> = case["args"].as_array().unwrap().iter().map(text_of).collect();
            if words[0] == "template" && !words.iter().any(|word| word == "--kube-version") {
                words.extend(["--kube-version".to_owned(), "1.34.0".to_owned()]);
            }
            Case {
                name: text_of(&case["name"]),
                words,
                stdin: case.get("stdin").map(text_of).unwrap_or_default(),
            }
        };
        list.iter().map(read).collect()
    })
}

/// What a row's cases said, equal in both profiles to what the Helms said.
pub(crate) struct Row(Vec<(String, Said)>);

impl Row {
    /// What one case said in the Helm 4 profile.
    pub(crate) fn helm4(&self, case: &str) -> &Said {
        self.of("helm4", case)
    }

    /// What one case said in a profile.
    pub(crate) fn of(&self, profile: &str, case: &str) -> &Said {
        let wanted = format!("{profile}/{case}");
        let found = self.0.iter().find(|(name, _)| *name == wanted);
        &found.unwrap_or_else(|| panic!("no case {wanted}")).1
    }
}

/// Runs every case of a row in both profiles: each succeeds or fails as Helm does, prints the same bytes, and
/// where Helm fails starts its message with Helm's first line.
pub(crate) fn check(row: u32) -> Row {
    let prefix = format!("{row:03}-");
    let mut done = Vec::new();
    let charts = charts();
    let neutral = |text: &str| text.replace(charts.to_str().unwrap(), "{charts}");
    for profile in PROFILES {
        let folder = fixtures().join("requirements/golden").join(profile);
        for case in cases().iter().filter(|case| case.name.starts_with(&prefix)) {
            let mut words: Vec<&str> = case.words.iter().map(String::as_str).collect();
            words.extend(["--compat", profile]);
            let said = run_in(&charts, &words, &case.stdin);
            let name = &case.name;
            let expected = fs::read_to_string(folder.join(format!("{name}.out")))
                .unwrap_or_else(|error| panic!("{name} has no golden, see write-goldens.py: {error}"));
            let message = fs::read_to_string(folder.join(format!("{name}.err"))).ok();
            match message.as_deref().map(|text| text.lines().next().unwrap_or_default().trim_end()) {
                Some(line) => {
                    assert!(!said.succeeded, "{profile}/{name} succeeds, Helm fails: {line}");
                    assert_eq!(neutral(said.first_line()), line, "{profile}/{name}");
                }
                None => assert!(said.succeeded, "{profile}/{name}: {}", said.err),
            }
            assert_eq!(neutral(&said.out), expected, "{profile}/{name}");
            done.push((format!("{profile}/{}", name.trim_start_matches(&prefix)), said));
        }
    }
    assert!(done.len() >= 2, "row {row} has no cases");
    Row(done)
}
