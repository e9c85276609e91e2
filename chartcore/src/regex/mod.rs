//! Regular expressions as Go reads them: RE2's syntax with Perl's flags, matched in linear time.
//!
//! The syntax is ours (`syntax`), since the differences from the `regex` crate are many: `\d` is ASCII,
//! `\Q..\E`, `{,2}` is a literal, counts end at 1,000. The search is `regex-automata`'s, whose rules
//! (leftmost, first alternative first) equal Go's.
//!
//! ```
//! use chartcore::regex::Regex;
//!
//! let regex = Regex::new(r"(?P<key>\w+)=(\d+)")?;
//! assert!(regex.is_match("a=1"));
//! assert_eq!(regex.replace_all("a=1, b=2", "${key}: $2"), b"a: 1, b: 2");
//! let error = Regex::new("(a").unwrap_err();
//! assert_eq!(error.to_string(), "error parsing regexp: missing closing ): `(a`");
//! # Ok::<(), chartcore::Error>(())
//! ```

mod class;
mod haystack;
mod syntax;

use std::ops::Range;

use regex_automata::{Input, meta};

use self::haystack::Haystack;
use crate::error::{Error, ErrorKind, Result};

/// How much memory a compiled expression may take. Go allows 128 MiB; nobody has been seen near either.
const SIZE_LIMIT: usize = 48 << 20;

/// A compiled regular expression.
///
/// Texts are bytes; as in Go, a byte that is not part of a UTF-8 sequence counts as one U+FFFD.
#[derive(Debug, Clone)]
pub struct Regex {
    program: meta::Regex,
    /// The groups' names by number, from 1 on; empty for a group without a name.
    names: Vec<Vec<u8>>,
    /// Whether the pattern is the empty text.
    is_empty: bool,
}

/// The way from match to match through a text.
struct Walk<'t> {
    bytes: &'t [u8],
    at: usize,
    last_end: Option<usize>,
}

impl<'t> Walk<'t> {
    fn new(bytes: &'t [u8]) -> Self {
        Self { bytes, at: 0, last_end: None }
    }

    /// Where to look for the next match; `None` behind the end.
    fn input(&self) -> Option<Input<'t>> {
        (self.at <= self.bytes.len()).then(|| Input::new(self.bytes).range(self.at..))
    }

    /// Goes on behind `found`. Says whether it counts: an empty match right after another match does not.
    fn accept(&mut self, found: Range<usize>) -> bool {
        let counts = !found.is_empty() || self.last_end != Some(found.start);
        self.at =
            if found.end > self.at { found.end } else { self.at + haystack::width(&self.bytes[self.at..]) };
        self.last_end = Some(found.end);
        counts
    }
}

impl Regex {
    /// Compiles `pattern`.
    ///
    /// Go: `regexp.Compile`.
    ///
    /// # Errors
    /// Go's text, such as ``error parsing regexp: missing closing ): `(a` ``; `expression too large` also for
    /// what would take more than 48 MiB.
    pub fn new(pattern: impl AsRef<[u8]>) -> Result<Self> {
        let pattern = pattern.as_ref();
        let failure = |problem: syntax::Problem| Error::new(ErrorKind::Usage, problem.to_string());
        let parsed = syntax::parse(pattern).map_err(failure)?;
        let config = meta::Config::new().nfa_size_limit(Some(SIZE_LIMIT)).onepass_size_limit(Some(1 << 20));
        let program = meta::Builder::new()
            .configure(config)
            .build_from_hir(&parsed.hir)
            .map_err(|_| failure(syntax::Problem::new(syntax::TOO_LARGE, pattern)))?;
        Ok(Self { program, names: parsed.names, is_empty: pattern.is_empty() })
    }

    /// Roughly how many bytes the compiled expression takes.
    pub fn memory_usage(&self) -> usize {
        self.program.memory_usage()
    }

    /// Whether the expression matches somewhere in `text`.
    pub fn is_match(&self, text: impl AsRef<[u8]>) -> bool {
        self.program.is_match(Input::new(Haystack::new(text.as_ref()).bytes()))
    }

    /// The first match.
    pub fn find(&self, text: impl AsRef<[u8]>) -> Option<Range<usize>> {
        let haystack = Haystack::new(text.as_ref());
        let found = self.program.find(Input::new(haystack.bytes()))?;
        Some(haystack.original(found.range()))
    }

    /// The first match and its groups: number 0 is the whole match; `None` for a group that took no part.
    pub fn captures(&self, text: impl AsRef<[u8]>) -> Option<Vec<Option<Range<usize>>>> {
        let haystack = Haystack::new(text.as_ref());
        let mut captures = self.program.create_captures();
        self.program.captures(Input::new(haystack.bytes()), &mut captures);
        if !captures.is_match() {
            return None;
        }
        let group = |index| captures.get_group(index).map(|span| haystack.original(span.range()));
        Some((0..=self.names.len()).map(group).collect())
    }

    /// All matches that do not overlap, `limit` of them at most. An empty match right after another match
    /// does not count.
    ///
    /// Go: `FindAllIndex`, where `-1` is no limit.
    pub fn find_all(&self, text: impl AsRef<[u8]>, limit: Option<usize>) -> Vec<Range<usize>> {
        let haystack = Haystack::new(text.as_ref());
        let mut walk = Walk::new(haystack.bytes());
        let mut found = Vec::new();
        while limit.is_none_or(|limit| found.len() < limit) {
            let Some(range) = walk.input().and_then(|input| self.program.search(&input)) else { break };
            if walk.accept(range.range()) {
                found.push(haystack.original(range.range()));
            }
        }
        found
    }

    /// `text` with each match replaced by `template`, in which `$1`, `${1}`, `$name` and `${name}` stand for
    /// groups and `$$` for a dollar.
    ///
    /// Go: `ReplaceAll`.
    pub fn replace_all(&self, text: impl AsRef<[u8]>, template: impl AsRef<[u8]>) -> Vec<u8> {
        self.replace_all_within(text.as_ref(), template.as_ref(), usize::MAX).unwrap_or_default()
    }

    /// `text` with each match replaced by `replacement` as it is.
    ///
    /// Go: `ReplaceAllLiteral`.
    pub fn replace_all_literal(&self, text: impl AsRef<[u8]>, replacement: impl AsRef<[u8]>) -> Vec<u8> {
        self.replace_all_literal_within(text.as_ref(), replacement.as_ref(), usize::MAX).unwrap_or_default()
    }

    /// As [`Regex::replace_all`]; `None` when the outcome is longer than `limit`.
    pub(crate) fn replace_all_within(&self, text: &[u8], template: &[u8], limit: usize) -> Option<Vec<u8>> {
        if !template.contains(&b'$') {
            return self.replace_all_literal_within(text, template, limit);
        }
        let haystack = Haystack::new(text);
        let mut walk = Walk::new(haystack.bytes());
        let mut captures = self.program.create_captures();
        let mut out = Vec::with_capacity(text.len());
        let mut copied = 0;
        while let Some(input) = walk.input() {
            self.program.search_captures(&input, &mut captures);
            let Some(range) = captures.get_match().map(|found| found.range()) else { break };
            if walk.accept(range.clone()) {
                let range = haystack.original(range);
                out.extend_from_slice(&text[copied..range.start]);
                self.expand(&mut out, template, limit, |index| {
                    captures.get_group(index).map(|span| &text[haystack.original(span.range())])
                })?;
                copied = range.end;
            }
        }
        out.extend_from_slice(&text[copied..]);
        (out.len() <= limit).then_some(out)
    }

    /// As [`Regex::replace_all_literal`]; `None` when the outcome is longer than `limit`.
    pub(crate) fn replace_all_literal_within(
        &self,
        text: &[u8],
        replacement: &[u8],
        limit: usize,
    ) -> Option<Vec<u8>> {
        let haystack = Haystack::new(text);
        let mut walk = Walk::new(haystack.bytes());
        let mut out = Vec::with_capacity(text.len());
        let mut copied = 0;
        while let Some(found) = walk.input().and_then(|input| self.program.search(&input)) {
            if walk.accept(found.range()) {
                let range = haystack.original(found.range());
                out.extend_from_slice(&text[copied..range.start]);
                out.extend_from_slice(replacement);
                copied = range.end;
                if out.len() > limit {
                    return None;
                }
            }
        }
        out.extend_from_slice(&text[copied..]);
        (out.len() <= limit).then_some(out)
    }

    /// The pieces of `text` between matches; with a limit, the last piece is the unsplit rest.
    ///
    /// Go: `Split`, where `-1` is no limit and 0 gives nothing.
    pub fn split<'t>(&self, text: &'t [u8], limit: Option<usize>) -> Vec<&'t [u8]> {
        if limit == Some(0) {
            return Vec::new();
        }
        if text.is_empty() && !self.is_empty {
            return vec![text];
        }
        let mut pieces = Vec::new();
        let (mut begin, mut end) = (0, 0);
        for found in self.find_all(text, limit) {
            if limit.is_some_and(|limit| pieces.len() + 1 == limit) {
                break;
            }
            end = found.start;
            if found.end != 0 {
                pieces.push(&text[begin..end]);
            }
            begin = found.end;
        }
        if end != text.len() {
            pieces.push(&text[begin..]);
        }
        pieces
    }

    /// Appends `template` with its references replaced; `None` when `out` grows beyond `limit`.
    ///
    /// Go: `Regexp.expand`.
    fn expand<'t>(
        &self,
        out: &mut Vec<u8>,
        template: &[u8],
        limit: usize,
        group: impl Fn(usize) -> Option<&'t [u8]>,
    ) -> Option<()> {
        let mut rest = template;
        while let Some(dollar) = rest.iter().position(|&byte| byte == b'$') {
            out.extend_from_slice(&rest[..dollar]);
            rest = &rest[dollar + 1..];
            if let Some(after) = rest.strip_prefix(b"$") {
                out.push(b'$');
                rest = after;
                continue;
            }
            let Some((name, after)) = reference(rest) else {
                out.push(b'$');
                continue;
            };
            rest = after;
            let text = match group_number(name) {
                Some(number) => group(number),
                None => {
                    let named = self.names.iter().enumerate().filter(|(_, known)| known.as_slice() == name);
                    named.filter_map(|(index, _)| group(index + 1)).next()
                }
            };
            out.extend_from_slice(text.unwrap_or_default());
            if out.len() > limit {
                return None;
            }
        }
        out.extend_from_slice(rest);
        Some(())
    }
}

/// The name or number after a `$`, and what follows it.
fn reference(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (braced, text) = match text.strip_prefix(b"{") {
        Some(inner) => (true, inner),
        None => (false, text),
    };
    let mut end = 0;
    while let Some((letter, width)) = haystack::decode(&text[end..]) {
        if !(letter == '_' || letter.is_ascii_alphanumeric() || class::is_letter_or_digit(letter)) {
            break;
        }
        end += width;
    }
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return None;
    }
    if braced { Some((name, rest.strip_prefix(b"}")?)) } else { Some((name, rest)) }
}

/// The number that `name` is, if it is one: digits without a leading zero, at most nine of them.
fn group_number(name: &[u8]) -> Option<usize> {
    if name.len() > 1 && name[0] == b'0' || name.len() > 9 || !name.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(name).ok()?.parse().ok()
}

/// `text` with every character escaped that means something in an expression.
///
/// Go: `regexp.QuoteMeta`.
///
/// ```
/// assert_eq!(chartcore::regex::quote_meta("1.5 [x]"), br"1\.5 \[x\]");
/// ```
pub fn quote_meta(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    let mut out = Vec::with_capacity(text.len() + 8);
    for &byte in text {
        if br"\.+*?()|[]{}^$".contains(&byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out
}
