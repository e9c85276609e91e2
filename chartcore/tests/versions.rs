//! Versions and constraints against what Masterminds/semver 3.5.0 says of them.

use std::fs;
use std::path::Path;

use chartcore::version::{Constraint, Version};
use serde::Deserialize;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/versions").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `constraint`, `version`, and `true`, `false`, `cerr` or `verr`.
#[test]
fn verdicts_are_those_of_masterminds() {
    let table = fixture("constraints.tsv");
    let mut wrong = Vec::new();
    for line in table.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [constraint, version, expected] = cells[..] else { panic!("three cells: {line}") };
        let verdict = match (Constraint::parse(constraint), Version::parse(version)) {
            (Err(_), _) => "cerr",
            (_, Err(_)) => "verr",
            (Ok(constraint), Ok(version)) if constraint.check(&version) => "true",
            _ => "false",
        };
        if verdict != expected {
            wrong.push(format!("{line}: {verdict}"));
        }
    }
    assert_eq!(table.lines().count(), 4_356);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the oracle says of one constraint and one version.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Row {
    constraint: String,
    version: String,
    error: String,
    version_error: String,
    strict_error: String,
    text: String,
    canonical: String,
    next: Vec<String>,
    check: bool,
    check_prereleases: bool,
    reasons: Vec<String>,
}

impl Row {
    fn ours(constraint_text: &str, version_text: &str) -> Self {
        let mut row =
            Self { constraint: constraint_text.into(), version: version_text.into(), ..Self::default() };
        let constraint = Constraint::parse(constraint_text)
            .map_err(|error| row.error = error.to_string())
            .inspect(|constraint| row.text = constraint.to_string())
            .ok();
        let version = Version::parse(version_text)
            .map_err(|error| row.version_error = error.to_string())
            .inspect(|version| {
                row.canonical = version.to_string();
                for next in [version.next_major(), version.next_minor(), version.next_patch()] {
                    // The oracle stops at the first panic.
                    let stop = next.is_err();
                    row.next.push(match next {
                        Ok(next) => next.original().to_string(),
                        Err(error) => error.to_string(),
                    });
                    if stop {
                        break;
                    }
                }
            })
            .ok();
        if let Err(error) = Version::parse_strict(version_text) {
            row.strict_error = error.to_string();
        }
        if let (Some(constraint), Some(version)) = (constraint, version) {
            row.check = constraint.check(&version);
            row.reasons = constraint.validate(&version).err().unwrap_or_default();
            row.check_prereleases = constraint.include_prereleases(true).check(&version);
        }
        row
    }
}

/// Texts, errors, reasons and successors of generated constraints and versions, many of them malformed.
#[test]
fn texts_and_reasons_are_those_of_masterminds() {
    let table = fixture("reasons.jsonl");
    assert!(table.lines().count() >= 900);
    for line in table.lines() {
        let expected: Row = serde_json::from_str(line).expect("a row of the table");
        let ours = Row::ours(&expected.constraint, &expected.version);
        assert_eq!(ours, expected, "{line}");
    }
}

#[test]
fn bytes_that_are_not_text_are_quoted() {
    let error = Constraint::parse(b">1\xff\"").expect_err("not a constraint");
    assert_eq!(error.message(), r#"improper constraint: ">1\xff\"""#);
    assert_eq!(Version::parse([0xff]).expect_err("not a version").message(), "invalid semantic version");
}
