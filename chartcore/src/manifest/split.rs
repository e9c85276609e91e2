//! A rendered file into its YAML documents.

use std::ops::Range;

use crate::Compat;

/// Splits rendered text into documents, by byte range, by the rules of `compat`.
///
/// Helm 4: any line that starts with `---` separates; what follows the dashes on that line belongs to the
/// next document, and a document keeps its trailing white space.
/// Helm 3: the separator swallows the white space around it, so that of `---\n\n---` the second line is not
/// seen as one and stays in the document; documents are trimmed on both sides.
///
/// Helm: pkg/release/v1/util/manifest.go (4), pkg/releaseutil/manifest.go (3).
pub fn split(text: &[u8], compat: Compat) -> Vec<Range<usize>> {
    let mut documents = Vec::new();
    match compat {
        Compat::Helm4 => split_at_lines(text, &mut documents),
        Compat::Helm3 => split_greedily(text, &mut documents),
    }
    documents
}

fn split_at_lines(text: &[u8], documents: &mut Vec<Range<usize>>) {
    let start = text.len() - trim_start(text).len();
    let mut from = start;
    let mut keep = |piece: Range<usize>| {
        let document = trim_start(&text[piece.clone()]);
        if !document.is_empty() {
            documents.push(piece.end - document.len()..piece.end);
        }
    };
    let mut search = start;
    if text[start..].starts_with(b"---") {
        from = after_blanks(text, start + 3);
        search = from;
    }
    while let Some(newline) = next_separator(text, search) {
        keep(from..newline + 1);
        from = after_blanks(text, newline + 4);
        search = from;
    }
    keep(from..text.len());
}

fn split_greedily(text: &[u8], documents: &mut Vec<Range<usize>>) {
    let start = text.len() - trim_start(text).len();
    let end = start + trim_end(&text[start..]).len();
    let text = &text[..end];
    let mut keep = |piece: Range<usize>| {
        let from = piece.end - trim_start(&text[piece.clone()]).len();
        let to = from + trim_end(&text[from..piece.end]).len();
        if !piece.is_empty() {
            documents.push(from..to);
        }
    };
    let mut from = start;
    if text[start..].starts_with(b"---") {
        from = after_white_space(text, start + 3);
    }
    let mut search = from;
    while let Some(newline) = next_separator(text, search) {
        let white = text[from..newline].iter().rev().take_while(|&&byte| is_regex_space(byte)).count();
        keep(from..newline - white);
        from = after_white_space(text, newline + 4);
        search = from;
    }
    if from < end {
        keep(from..end);
    }
}

/// The position of the next newline with `---` behind it.
fn next_separator(text: &[u8], from: usize) -> Option<usize> {
    text.get(from..).and_then(|rest| memchr::memmem::find(rest, b"\n---")).map(|at| from + at)
}

/// Past `[ \t]*`.
fn after_blanks(text: &[u8], from: usize) -> usize {
    from + text[from..].iter().take_while(|&&byte| matches!(byte, b' ' | b'\t')).count()
}

/// Past `\s*`.
fn after_white_space(text: &[u8], from: usize) -> usize {
    from + text[from..].iter().take_while(|&&byte| is_regex_space(byte)).count()
}

/// RE2's `\s`.
fn is_regex_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

/// Go's `strings.TrimSpace` on the left: Unicode white space, stopping at malformed UTF-8.
pub(crate) fn trim_start(mut text: &[u8]) -> &[u8] {
    loop {
        match text {
            [b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ', rest @ ..]
            | [0xc2, 0x85 | 0xa0, rest @ ..]
            | [0xe1, 0x9a, 0x80, rest @ ..]
            | [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, rest @ ..]
            | [0xe2, 0x81, 0x9f, rest @ ..]
            | [0xe3, 0x80, 0x80, rest @ ..] => text = rest,
            _ => return text,
        }
    }
}

/// Go's `strings.TrimSpace` on the right.
pub(super) fn trim_end(mut text: &[u8]) -> &[u8] {
    loop {
        match text {
            [rest @ .., b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ']
            | [rest @ .., 0xc2, 0x85 | 0xa0]
            | [rest @ .., 0xe1, 0x9a, 0x80]
            | [rest @ .., 0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf]
            | [rest @ .., 0xe2, 0x81, 0x9f]
            | [rest @ .., 0xe3, 0x80, 0x80] => text = rest,
            _ => return text,
        }
    }
}

/// Go's `strings.TrimSpace`.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    trim_end(trim_start(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(text: &str, compat: Compat) -> Vec<&str> {
        split(text.as_bytes(), compat).into_iter().map(|range| &text[range]).collect()
    }

    /// Each row was checked against `SplitManifests` of Helm 3.22.0 and Helm 4.3.1.
    #[test]
    fn documents_split_as_in_both_helms() {
        for (text, helm3, helm4) in [
            ("", &[][..], &[][..]),
            ("---\n", &[], &[]),
            ("a: 1\n", &["a: 1"], &["a: 1\n"]),
            ("a: 1\n---\nb: 2\n", &["a: 1", "b: 2"], &["a: 1\n", "b: 2\n"]),
            ("---\na: 1\n\n---\n\nb: 2\n\n", &["a: 1", "b: 2"], &["a: 1\n\n", "b: 2\n\n"]),
            ("a: 1\n--- # note\nb: 2", &["a: 1", "# note\nb: 2"], &["a: 1\n", "# note\nb: 2"]),
            ("a: 1\n---b: 2\n", &["a: 1", "b: 2"], &["a: 1\n", "b: 2\n"]),
            ("a: 1\n----\nb: 2\n", &["a: 1", "-\nb: 2"], &["a: 1\n", "-\nb: 2\n"]),
            ("---\n\n---\na: 1\n", &["---\na: 1"], &["a: 1\n"]),
            ("a: 1\n---\n\n---\nb: 2\n", &["a: 1", "---\nb: 2"], &["a: 1\n", "b: 2\n"]),
            ("a: 1\n ---\nb: 2\n", &["a: 1\n ---\nb: 2"], &["a: 1\n ---\nb: 2\n"]),
            (
                "# only a comment\n---\na: 1\n",
                &["# only a comment", "a: 1"],
                &["# only a comment\n", "a: 1\n"],
            ),
            ("\u{a0}\n---\u{a0}\na: 1\u{2003}\n", &["a: 1"], &["a: 1\u{2003}\n"]),
            ("a: 1  \n\n---", &["a: 1"], &["a: 1  \n\n"]),
        ] {
            assert_eq!(documents(text, Compat::Helm3), helm3, "helm3 {text:?}");
            assert_eq!(documents(text, Compat::Helm4), helm4, "helm4 {text:?}");
        }
    }
}
