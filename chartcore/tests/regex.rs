//! Regular expressions against Go's regexp.

use std::fs;
use std::path::Path;

use chartcore::regex::Regex;
use serde::Deserialize;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/regex").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What Go makes of a pattern, a text and a replacement.
#[derive(Debug, Deserialize)]
struct Row {
    pat: String,
    s: String,
    repl: String,
    #[serde(default)]
    err: Option<String>,
    #[serde(default)]
    all: Option<Vec<String>>,
    #[serde(default)]
    rep: Option<String>,
    #[serde(default)]
    split: Option<Vec<String>>,
    /// The limit of `all` and `split`; below 0 for none.
    #[serde(default = "no_limit")]
    n: i64,
    #[serde(default)]
    lit: Option<String>,
    #[serde(default)]
    sub: Option<Vec<i64>>,
}

fn no_limit() -> i64 {
    -1
}

fn texts<'t>(pieces: impl IntoIterator<Item = &'t [u8]>) -> Vec<String> {
    pieces.into_iter().map(|piece| String::from_utf8_lossy(piece).into_owned()).collect()
}

#[test]
fn matches_replacements_and_errors_are_those_of_go() {
    let table = fixture("go.jsonl");
    let mut wrong = Vec::new();
    for line in table.lines() {
        let row: Row = serde_json::from_str(line).expect("a row of the table");
        let ours = match Regex::new(&row.pat) {
            Err(error) => (Some(error.to_string()), vec![], None, vec![]),
            Ok(regex) => {
                let text = row.s.as_bytes();
                let all = regex.find_all(text, None).into_iter().map(|range| &text[range]);
                let replaced = texts([regex.replace_all(text, &row.repl).as_slice()]).pop();
                (None, texts(all), replaced, texts(regex.split(text, None)))
            }
        };
        let expected = (row.err, row.all.unwrap_or_default(), row.rep, row.split.unwrap_or_default());
        if ours != expected {
            wrong.push(format!("{line}\n  {ours:?}"));
        }
    }
    assert_eq!(table.lines().count(), 492);
    assert!(wrong.is_empty(), "{}\n{} wrong", wrong.join("\n"), wrong.len());
}

/// Generated patterns: limits, literal replacements and the places of groups as well.
#[test]
fn generated_patterns_do_what_they_do_in_go() {
    let table = fixture("generated.jsonl");
    for line in table.lines() {
        let row: Row = serde_json::from_str(line).expect("a row of the table");
        let regex = match Regex::new(&row.pat) {
            Ok(regex) => regex,
            Err(error) => {
                assert_eq!(Some(error.to_string()), row.err, "{line}");
                continue;
            }
        };
        assert_eq!(row.err, None, "{line}");
        let text = row.s.as_bytes();
        let limit = usize::try_from(row.n).ok();
        let all = regex.find_all(text, limit).into_iter().map(|range| &text[range]);
        assert_eq!(Some(texts(all)), row.all, "{line}");
        assert_eq!(Some(texts(regex.split(text, limit))), row.split, "{line}");
        assert_eq!(texts([regex.replace_all(text, &row.repl).as_slice()]).pop(), row.rep, "{line}");
        assert_eq!(texts([regex.replace_all_literal(text, &row.repl).as_slice()]).pop(), row.lit, "{line}");
        let groups = regex.captures(text).map(|groups| {
            let ends = |group: Option<std::ops::Range<usize>>| match group {
                Some(range) => [range.start as i64, range.end as i64],
                None => [-1, -1],
            };
            groups.into_iter().flat_map(ends).collect::<Vec<_>>()
        });
        assert_eq!(groups, row.sub, "{line}");
        let first = regex.captures(text).and_then(|groups| groups.into_iter().next().flatten());
        assert_eq!(regex.find(text), first, "{line}");
        assert_eq!(regex.is_match(text), first.is_some(), "{line}");
    }
    assert_eq!(table.lines().count(), 1_000);
}

/// Expressions made to be expensive end quickly, in an error or in a match.
#[test]
fn hostile_expressions_are_bounded() {
    // A thread of its own, so that the stack has the size that is promised to be enough.
    let worker = std::thread::Builder::new().stack_size(2 << 20).spawn(|| {
        let nested =
            |open: &str, close: &str, depth: usize| format!("{}a{}", open.repeat(depth), close.repeat(depth));
        for (pattern, expected) in [
            (nested("(", ")", 999), None),
            (nested("(", ")", 1_000), Some("expression nests too deeply")),
            (nested("(?:", ")*", 900), None),
            (nested("(?:b*", "c*)*", 480), None),
            (nested("(?:b|", "|c*)+", 300), None),
            (nested("(?:", ")", 100_000), Some("expression nests too deeply")),
            ("(".repeat(100_000), Some("missing closing )")),
            (nested("(?:", "){10}", 4), Some("invalid repeat count")),
            ("((a{10}){10}){10}".to_string(), None),
            (r"(?:\pL{500}){2}".to_string(), None),
            ("(?:(?i:[^a]{100}){10}|".repeat(50) + &")".repeat(50), Some("expression too large")),
            ("a".repeat(1_000_000), None),
            ("(?i)".to_string() + &"[^x]".repeat(100_000), Some("expression too large")),
            ("|a".repeat(20_000), None),
        ] {
            let shown = &pattern[..pattern.len().min(40)];
            match (Regex::new(&pattern), expected) {
                (Ok(regex), None) => assert!(!regex.is_match("\u{1f600}\n") || regex.is_match("")),
                (Err(error), Some(expected)) => {
                    let begin = format!("error parsing regexp: {expected}: `");
                    assert!(error.message().starts_with(&begin), "{shown}: {:.100}", error.message());
                }
                (Ok(_), Some(expected)) => panic!("{shown} compiles; expected {expected}"),
                (Err(error), None) => panic!("{shown}: {:.100}", error.message()),
            }
        }
        let text = "a".repeat(50_000);
        assert!(!Regex::new("(a*)*b").expect("an expression").is_match(&text));
    });
    worker.expect("a thread").join().expect("no panic");
}

#[test]
fn stray_bytes_count_as_one_replacement_character() {
    let regex = Regex::new(".").expect("an expression");
    assert_eq!(regex.find_all(b"a\xff\xe2\x82z", None), [0..1, 1..2, 2..3, 3..4, 4..5]);
    let regex = Regex::new("\u{fffd}+").expect("an expression");
    assert_eq!(regex.replace_all(b"a\xff\xfeb\xef\xbf\xbdc", "<$0>"), b"a<\xff\xfe>b<\xef\xbf\xbd>c");
    let error = Regex::new(b"ab\xffc").expect_err("not UTF-8");
    assert_eq!(error.message(), "error parsing regexp: invalid UTF-8: `\u{fffd}c`");
}
