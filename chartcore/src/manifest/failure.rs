//! A document that is not a manifest, and the template line that wrote it.

use super::object::{Text, Unreadable};
use crate::diag::{Diagnostic, Location};
use crate::error::{Error, ErrorKind};
use crate::render::Rendered;

/// How many lines of the rendered document around the bad one are shown.
const AROUND: usize = 2;

/// Helm's error, with the template line and the rendered lines.
pub(super) fn unreadable(
    problem: &Unreadable,
    source: &str,
    text: &Text,
    rendered: Option<&Rendered>,
) -> Error {
    let message = format!("YAML parse error on {source}: {}", problem.text);
    let mut diagnostic = Diagnostic::error("not-a-manifest", problem.text.clone());
    let bytes = text.as_bytes();
    // go-yaml names no line when it is the first.
    let line = problem.line.max(1);
    if problem.line > 0 || !problem.text.contains("json: cannot unmarshal") {
        diagnostic.notes.push((excerpt(bytes, line), None));
    }
    let place =
        rendered.and_then(|rendered| rendered.template_place(source, text.start() + line_start(bytes, line)));
    diagnostic = match place {
        Some(place) => {
            diagnostic.label = Some("wrote the bad line".to_owned());
            diagnostic.at(place)
        }
        None => {
            diagnostic.at(Location { file: source.to_owned(), line: 0, column: 0, length: 0, text: None })
        }
    };
    Error::new(ErrorKind::Manifest, message).with_diagnostic(diagnostic)
}

/// The offset of a line counted from 1.
fn line_start(text: &[u8], line: usize) -> usize {
    memchr::memchr_iter(b'\n', text).nth(line.wrapping_sub(2)).map_or(0, |newline| newline + 1)
}

/// The rendered lines around the bad one, numbered within the document.
fn excerpt(text: &[u8], line: usize) -> String {
    let mut out = String::from("the rendered document, by its own lines:");
    let first = line.saturating_sub(AROUND).max(1);
    for (index, content) in text.split(|&byte| byte == b'\n').enumerate().skip(first - 1).take(2 * AROUND + 1)
    {
        let number = index + 1;
        let mark = if number == line { '>' } else { ' ' };
        out.push_str(&format!("\n{mark} {number:>4} | {}", String::from_utf8_lossy(content)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_number() {
        let text = b"a\nb\n\nc";
        let starts: Vec<usize> = (0..6).map(|line| line_start(text, line)).collect();
        assert_eq!(starts, [0, 0, 2, 4, 5, 0]);
    }

    #[test]
    fn the_excerpt_marks_the_line() {
        let shown = excerpt(b"1\n2\n3\n4\n5\n6\n", 4);
        assert!(shown.ends_with("\n     2 | 2\n     3 | 3\n>    4 | 4\n     5 | 5\n     6 | 6"), "{shown}");
    }
}
