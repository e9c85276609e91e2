//! House rules that a compiler does not keep.

use std::path::Path;
use std::process::Command;

use crate::{Outcome, places};

const LONGEST: usize = 1200;
const UNWANTED_NAMES: [&str; 5] = ["util", "common", "helper", "manager", "handler"];

pub(crate) fn run() -> Outcome {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(places::root())
        .output()
        .map_err(|error| format!("git: {error}"))?;
    let mut complaints = Vec::new();
    let mut looked_at = 0;
    for name in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(text) = std::fs::read_to_string(places::root().join(name)) else { continue };
        looked_at += 1;
        complaints.extend(look(name, &text));
    }
    println!("{looked_at} files, {} complaints", complaints.len());
    if complaints.is_empty() { Ok(()) } else { Err(format!("untidy:\n  {}", complaints.join("\n  "))) }
}

fn look(name: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let kind = Path::new(name).extension().and_then(|kind| kind.to_str()).unwrap_or_default();
    let code = matches!(kind, "rs" | "go" | "py" | "sh");
    if code && text.lines().count() > LONGEST {
        complaints.push(format!("{name}: {} lines, more than {LONGEST}", text.lines().count()));
    }
    if code && let Some(word) = unwanted_word(name) {
        complaints.push(format!("{name}: a file named after `{word}`"));
    }
    for (index, line) in text.lines().enumerate() {
        let place = format!("{name}:{}", index + 1);
        if let Some(path) = machine_path(line) {
            complaints.push(format!("{place}: names `{path}`, a folder of some machine"));
        }
        if kind == "rs" {
            if let Some((declared, word)) = declared_name(line).and_then(|n| Some((n, unwanted_word(n)?))) {
                complaints.push(format!("{place}: `{declared}` is named after `{word}`"));
            }
            if line.trim_start().starts_with("#[ignore") || line.contains(concat!("TO", "DO")) {
                complaints.push(format!("{place}: left for later"));
            }
        }
    }
    complaints
}

/// A path that exists on one machine only.
fn machine_path(line: &str) -> Option<&'static str> {
    [concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/ho", "me/")].into_iter().find(|path| {
        line.match_indices(path).any(|(at, _)| {
            // `https://host/home/page` and `a/home/b` are not absolute paths.
            !line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-}~*".contains(before))
        })
    })
}

/// The name a line gives to a type or a module; functions are verbs and free.
fn declared_name(line: &str) -> Option<&str> {
    let mut words = line
        .split_whitespace()
        .skip_while(|word| word.starts_with("pub") || *word == "const" || *word == "async");
    let keyword = words.next()?;
    if !matches!(keyword, "struct" | "enum" | "trait" | "mod" | "type") {
        return None;
    }
    words.next()?.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
}

fn unwanted_word(name: &str) -> Option<&'static str> {
    let mut parts = Vec::new();
    let mut part = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() || !letter.is_alphanumeric() {
            parts.push(std::mem::take(&mut part));
        }
        if letter.is_alphanumeric() {
            part.extend(letter.to_lowercase());
        }
    }
    parts.push(part);
    UNWANTED_NAMES
        .into_iter()
        .find(|word| parts.iter().any(|part| part == word || *part == format!("{word}s")))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, look};

    #[test]
    fn complains_of_each_rule_once() {
        for (name, text) in [
            ("a/util.rs", "fn fine() {}".to_owned()),
            ("a/b.rs", "pub(crate) struct FileHelper;".to_owned()),
            ("a/b.rs", concat!("let place = \"/ro", "ot/x\";").to_owned()),
            ("a/b.rs", concat!("// TO", "DO: later").to_owned()),
            ("a/b.rs", "#[ignore]".to_owned()),
            ("a/b.go", "x\n".repeat(LONGEST + 1)),
        ] {
            assert_eq!(look(name, &text).len(), 1, "{name}: {text:.40}");
        }
    }

    #[test]
    fn accepts_what_only_looks_alike() {
        for (name, text) in [
            ("a/utility_pole.rs", "fn commonplace() {}"),
            ("fixtures/charts/x/templates/_helpers.tpl", "{{ define \"helper\" }}"),
            ("a/b.md", "https://host/home/page"),
        ] {
            assert_eq!(look(name, text), Vec::<String>::new(), "{name}");
        }
    }
}
