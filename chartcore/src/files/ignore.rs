//! `.helmignore`: which files of a folder are not part of the chart.
//!
//! The rules look like Git's and are not: the first match decides, `**` is refused, and `!pattern` ignores
//! everything that does *not* match. Helm: pkg/ignore/rules.go.

use std::cell::Cell;

use crate::Compat;
use crate::error::{Error, ErrorKind, Result};

/// The file's name.
pub const FILE_NAME: &str = ".helmignore";

/// Always in force: hidden files in `templates/`.
const DEFAULT_RULE: &str = "templates/.?*";

/// The longest line that is read. Go: `bufio.MaxScanTokenSize`.
const LINE_LIMIT: usize = 64 * 1024;

/// The rules of one `.helmignore` and the default rule.
#[derive(Debug, Clone)]
pub struct IgnoreRules {
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    negated: bool,
    folders_only: bool,
    place: Place,
    shape: Shape,
}

#[derive(Debug, Clone)]
enum Place {
    /// No slash: the last part of the name is compared.
    BaseName,
    /// A slash in the middle: the whole name is compared.
    Whole,
    /// A slash in front; `stripped` counts the slashes taken off so far.
    Rooted { stripped: Cell<usize>, again: bool },
}

impl IgnoreRules {
    /// Reads the rules. Pass no bytes when there is no file.
    ///
    /// # Errors
    /// `**`, a malformed pattern, or a line of 64 KiB.
    pub fn parse(bytes: &[u8], compat: Compat) -> Result<Self> {
        let mut patterns = Vec::new();
        for line in super::without_bom(bytes).split(|&byte| byte == b'\n') {
            if line.len() >= LINE_LIMIT {
                return Err(Error::new(ErrorKind::Chart, "bufio.Scanner: token too long"));
            }
            patterns.extend(Pattern::parse(&String::from_utf8_lossy(line), compat)?);
        }
        patterns.extend(Pattern::parse(DEFAULT_RULE, compat)?);
        Ok(Self { patterns })
    }

    /// Whether the file or folder `name` (relative to the chart, with `/`) is not part of the chart.
    pub fn ignores(&self, name: &str, is_folder: bool) -> bool {
        if matches!(name, "" | "." | "./") {
            return false;
        }
        for pattern in &self.patterns {
            let wrong_sort = pattern.folders_only && !is_folder;
            if pattern.negated {
                if wrong_sort || !pattern.matches(name) {
                    return true;
                }
            } else if !wrong_sort && pattern.matches(name) {
                return true;
            }
        }
        false
    }
}

impl Pattern {
    fn parse(line: &str, compat: Compat) -> Result<Option<Self>> {
        let rule = line.trim();
        if rule.is_empty() || rule.starts_with('#') {
            return Ok(None);
        }
        if rule.contains("**") {
            return Err(Error::new(ErrorKind::Chart, "double-star (**) syntax is not supported"));
        }
        if matches(rule.as_bytes(), b"abc").is_err() {
            return Err(Error::new(ErrorKind::Chart, "syntax error in pattern"));
        }
        let (negated, rule) = match rule.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, rule),
        };
        let (folders_only, rule) = match rule.strip_suffix('/') {
            Some(rest) => (true, rest),
            None => (false, rule),
        };
        let place = if rule.starts_with('/') {
            // Helm 3 takes one more slash off each time the rule is used.
            Place::Rooted { stripped: Cell::new(0), again: compat == Compat::Helm3 }
        } else if rule.contains('/') {
            Place::Whole
        } else {
            Place::BaseName
        };
        let shape = Shape::of(rule.as_bytes());
        Ok(Some(Self { text: rule.to_string(), negated, folders_only, place, shape }))
    }

    fn matches(&self, name: &str) -> bool {
        let text = self.text.as_bytes();
        let (text, name) = match &self.place {
            Place::BaseName => (text, super::base_name(name)),
            Place::Whole => (text, name),
            Place::Rooted { stripped, again } => {
                let count = stripped.get();
                if (count == 0 || *again) && text.get(count) == Some(&b'/') {
                    stripped.set(count + 1);
                }
                (text.get(stripped.get()..).unwrap_or_default(), name)
            }
        };
        let name = name.as_bytes();
        match self.shape {
            Shape::Literal => text == name,
            Shape::Ending => match text.split_first().and_then(|(_, ending)| name.strip_suffix(ending)) {
                Some(before) => !before.contains(&b'/'),
                None => false,
            },
            Shape::Other => matches(text, name).unwrap_or(false),
        }
    }
}

/// The sorts of pattern that nearly all are, for which there is a shorter way than [`matches`].
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// No special letters.
    Literal,
    /// A star, and then no special letters.
    Ending,
    Other,
}

impl Shape {
    fn of(rule: &[u8]) -> Self {
        let is_special = |byte: &u8| matches!(byte, b'*' | b'?' | b'[' | b'\\');
        match rule {
            [b'*', ending @ ..] if !ending.iter().any(is_special) => Self::Ending,
            _ if rule.iter().any(is_special) => Self::Other,
            _ => Self::Literal,
        }
    }
}

/// A pattern that is not well formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadPattern;

/// Whether the shell pattern matches all of `name`. Go: `filepath.Match`, with its habit of not looking
/// at the rest of a pattern after a mismatch.
pub(crate) fn matches(mut pattern: &[u8], mut name: &[u8]) -> std::result::Result<bool, BadPattern> {
    'pattern: while !pattern.is_empty() {
        let (star, chunk, rest) = next_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Ok(!name.contains(&b'/'));
        }
        if let Some(after) = match_chunk(chunk, name)?
            && (after.is_empty() || !pattern.is_empty())
        {
            name = after;
            continue;
        }
        if star {
            for (skip, &byte) in name.iter().enumerate() {
                if byte == b'/' {
                    break;
                }
                if let Some(after) = match_chunk(chunk, &name[skip + 1..])? {
                    if pattern.is_empty() && !after.is_empty() {
                        continue;
                    }
                    name = after;
                    continue 'pattern;
                }
            }
        }
        return Ok(false);
    }
    Ok(name.is_empty())
}

/// Splits stars and the text up to the next star off `pattern`.
fn next_chunk(pattern: &[u8]) -> (bool, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|&&byte| byte == b'*').count();
    let pattern = &pattern[stars..];
    let mut in_class = false;
    let mut index = 0;
    while index < pattern.len() {
        match pattern[index] {
            b'\\' if index + 1 < pattern.len() => index += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => break,
            _ => {}
        }
        index += 1;
    }
    let (chunk, rest) = pattern.split_at(index);
    (stars > 0, chunk, rest)
}

/// What is left of `text` after `chunk` has matched its beginning. A chunk is read to its end even after
/// a mismatch, to find errors.
fn match_chunk<'text>(
    mut chunk: &[u8],
    mut text: &'text [u8],
) -> std::result::Result<Option<&'text [u8]>, BadPattern> {
    let mut failed = false;
    while let Some((&first, rest)) = chunk.split_first() {
        failed = failed || text.is_empty();
        match first {
            b'[' => {
                let letter = if failed { '\0' } else { take_letter(&mut text) };
                chunk = rest;
                let negated = chunk.first() == Some(&b'^');
                if negated {
                    chunk = &chunk[1..];
                }
                let mut found = false;
                let mut ranges = 0;
                loop {
                    if ranges > 0 && chunk.first() == Some(&b']') {
                        chunk = &chunk[1..];
                        break;
                    }
                    let low = class_letter(&mut chunk)?;
                    let mut high = low;
                    if chunk.first() == Some(&b'-') {
                        chunk = &chunk[1..];
                        high = class_letter(&mut chunk)?;
                    }
                    found = found || (low <= letter && letter <= high);
                    ranges += 1;
                }
                failed = failed || found == negated;
                continue;
            }
            b'?' => {
                if !failed {
                    failed = text.first() == Some(&b'/');
                    take_letter(&mut text);
                }
                chunk = rest;
                continue;
            }
            b'\\' => chunk = rest,
            _ => {}
        }
        let Some((&literal, rest)) = chunk.split_first() else { return Err(BadPattern) };
        if !failed && let Some((&byte, after)) = text.split_first() {
            failed = literal != byte;
            text = after;
        }
        chunk = rest;
    }
    Ok((!failed).then_some(text))
}

/// A letter of a class, perhaps escaped; something must follow it.
fn class_letter(chunk: &mut &[u8]) -> std::result::Result<char, BadPattern> {
    match chunk.first() {
        None | Some(b'-' | b']') => return Err(BadPattern),
        Some(b'\\') => *chunk = &chunk[1..],
        Some(_) => {}
    }
    if chunk.is_empty() {
        return Err(BadPattern);
    }
    let before = chunk.len();
    let letter = take_letter(chunk);
    if chunk.is_empty() || (letter == char::REPLACEMENT_CHARACTER && before - chunk.len() == 1) {
        return Err(BadPattern);
    }
    Ok(letter)
}

/// Takes one letter off `text`; a byte that is not UTF-8 counts as U+FFFD.
fn take_letter(text: &mut &[u8]) -> char {
    let longest = text.len().min(4);
    for length in 1..=longest {
        if let Ok(letters) = std::str::from_utf8(&text[..length])
            && let Some(letter) = letters.chars().next()
        {
            *text = &text[length..];
            return letter;
        }
    }
    *text = text.get(1..).unwrap_or_default();
    char::REPLACEMENT_CHARACTER
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rules: &str, compat: Compat, name: &str, ignored: bool) {
        let parsed = IgnoreRules::parse(rules.as_bytes(), compat).unwrap();
        let (plain, is_folder) = match name.strip_suffix('/') {
            Some(plain) => (plain, true),
            None => (name, false),
        };
        assert_eq!(parsed.ignores(plain, is_folder), ignored, "{rules:?} on {name}");
    }

    #[test]
    fn rules_decide_as_helms_do() {
        for (rules, name, ignored) in [
            ("helm.txt", "helm.txt", true),
            ("helm.*", "helm.txt", true),
            ("helm.*", "rudder.txt", false),
            ("*.txt", "cargo/a.txt", true),
            ("cargo/*.txt", "cargo/a.txt", true),
            ("cargo/*.txt", "mast/a.txt", false),
            ("ru[c-e]?er.txt", "rudder.txt", true),
            ("", "templates/.dotfile", true),
            ("", "templates/x/.dotfile", false),
            (".*", "./", false),
            (".*", ".joonix", true),
            (".*", "helm.txt", false),
            ("cargo/", "cargo/", true),
            ("cargo/", "mast/", false),
            ("helm.txt/", "helm.txt", false),
            ("!helm.txt", "helm.txt", false),
            ("!helm.txt", "tiller.txt", true),
            ("!cargo/", "mast/", true),
            ("!cargo/", "cargo", true),
            ("/a.txt", "a.txt", true),
            ("/a.txt", "cargo/a.txt", false),
            ("/cargo/a.txt", "cargo/a.txt", true),
            ("a\n!b", "b", false),
            ("a\n!b", "c", true),
            ("#a\n \n\t b \r", "b", true),
            ("\u{feff}a", "a", true),
            ("a[^b]c", "axc", true),
            ("a\\*c", "a*c", true),
        ] {
            check(rules, Compat::Helm3, name, ignored);
            check(rules, Compat::Helm4, name, ignored);
        }
    }

    #[test]
    fn the_short_ways_come_to_the_same() {
        for rule in ["a", "a.txt", "*", "*.txt", "*/a", "*a", "b/a", "/a", ".txt", "*.t*"] {
            for name in ["", "a", "ba", "a.txt", "b/a", "b/a.txt", ".txt", "/a", "b/c/a", "a.txt/"] {
                let pattern = Pattern {
                    text: rule.to_owned(),
                    negated: false,
                    folders_only: false,
                    place: Place::Whole,
                    shape: Shape::of(rule.as_bytes()),
                };
                let long = matches(rule.as_bytes(), name.as_bytes()).unwrap();
                assert_eq!(pattern.matches(name), long, "{rule} on {name}");
            }
        }
    }

    #[test]
    fn helm_3_takes_one_more_slash_off_each_time() {
        for (compat, second) in [(Compat::Helm3, true), (Compat::Helm4, false)] {
            let rules = IgnoreRules::parse(b"//a", compat).unwrap();
            assert!(!rules.ignores("a", false));
            assert_eq!(rules.ignores("a", false), second);
        }
    }

    #[test]
    fn bad_rules_are_refused() {
        for (rules, message) in [
            ("a/**/b", "double-star (**) syntax is not supported"),
            ("[z-", "syntax error in pattern"),
            ("[]a]", "syntax error in pattern"),
            ("abc\\", "syntax error in pattern"),
        ] {
            let error = IgnoreRules::parse(rules.as_bytes(), Compat::Helm4).unwrap_err();
            assert_eq!(error.message(), message, "{rules}");
        }
        let long = vec![b'a'; LINE_LIMIT];
        let error = IgnoreRules::parse(&long, Compat::Helm4).unwrap_err();
        assert_eq!(error.message(), "bufio.Scanner: token too long");
    }
}
