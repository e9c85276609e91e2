//! Go's quoted texts, which its error messages are full of: strconv's `Quote` and its kin.

use crate::unicode;

pub(crate) use unicode::is_print;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends `text` as a double-quoted Go string. Go: `strconv.AppendQuote`.
pub(crate) fn write_quoted(out: &mut Vec<u8>, text: &[u8]) {
    write_quoted_with(out, text, false);
}

/// As [`write_quoted`]; with `ascii`, everything beyond ASCII is escaped.
pub(crate) fn write_quoted_with(out: &mut Vec<u8>, text: &[u8], ascii: bool) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut at = 0;
    while at < text.len() {
        // Most texts need no escape at all.
        let plain = text[at..]
            .iter()
            .take_while(|&&byte| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\')
            .count();
        out.extend_from_slice(&text[at..at + plain]);
        at += plain;
        if at == text.len() {
            break;
        }
        match unicode::first(&text[at..]) {
            Some((unicode::REPLACEMENT, 1)) | None => {
                write_byte_escape(out, text[at]);
                at += 1;
            }
            Some((letter, width)) => {
                write_escaped(out, letter, '"', ascii);
                at += width;
            }
        }
    }
    out.push(b'"');
}

/// `text` as a double-quoted Go string.
pub(crate) fn quoted(text: &[u8]) -> String {
    let mut out = Vec::new();
    write_quoted(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends `letter` as a single-quoted Go character. Go: `strconv.AppendQuoteRune`.
pub(crate) fn write_quoted_char(out: &mut Vec<u8>, letter: char, ascii: bool) {
    out.push(b'\'');
    write_escaped(out, letter, '\'', ascii);
    out.push(b'\'');
}

fn write_byte_escape(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(&[b'\\', b'x', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
}

fn write_escaped(out: &mut Vec<u8>, letter: char, quote: char, ascii: bool) {
    if letter == quote || letter == '\\' {
        out.push(b'\\');
        out.push(letter as u8);
        return;
    }
    if is_print(letter) && (!ascii || letter.is_ascii()) {
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        return;
    }
    let short = match letter {
        '\u{7}' => b'a',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\u{b}' => b'v',
        _ => {
            let code = u32::from(letter);
            if code < 0x20 || code == 0x7f {
                write_byte_escape(out, code as u8);
            } else if code < 0x1_0000 {
                out.extend_from_slice(format!("\\u{code:04x}").as_bytes());
            } else {
                out.extend_from_slice(format!("\\U{code:08x}").as_bytes());
            }
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Whether `text` can stand between back-quotes on one line. Go: `strconv.CanBackquote`.
pub(crate) fn can_backquote(text: &[u8]) -> bool {
    match std::str::from_utf8(text) {
        Ok(text) => !text
            .chars()
            .any(|letter| (letter < ' ' && letter != '\t') || matches!(letter, '`' | '\u{7f}' | '\u{feff}')),
        Err(_) => false,
    }
}

/// `text` as a double-quoted Go string: [`quoted`] of a text that is UTF-8.
pub(crate) fn quote(text: &str) -> String {
    quoted(text.as_bytes())
}

/// `letter` as a single-quoted Go character.
pub(crate) fn quoted_char(letter: char) -> String {
    let mut out = Vec::new();
    write_quoted_char(&mut out, letter, false);
    String::from_utf8_lossy(&out).into_owned()
}

/// `text` in back quotes where Go's back quotes can hold it, else as [`quoted`].
pub(crate) fn back_quoted(text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(text) if can_backquote(text.as_bytes()) => format!("`{text}`"),
        _ => quoted(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{back_quoted, quoted, quoted_char};

    #[test]
    fn texts_are_quoted_as_go_quotes_them() {
        for (text, expected) in [
            (&b""[..], "\"\""),
            (b"\x1f", r#""\x1f""#),
            ("\u{fffd}\u{85}".as_bytes(), "\"\u{fffd}\\u0085\""),
            (b"plain \"x\" \\", r#""plain \"x\" \\""#),
            (b"\x07\x08\x0c\n\r\t\x0b\x00\x7f", r#""\a\b\f\n\r\t\v\x00\x7f""#),
            ("é日a\u{301}😀".as_bytes(), "\"é日a\u{301}😀\""),
            (
                "\u{a0}\u{200b}\u{feff}\u{e000}\u{378}\u{80}".as_bytes(),
                r#""\u00a0\u200b\ufeff\ue000\u0378\u0080""#,
            ),
            ("\u{e0001}\u{10ffff}".as_bytes(), r#""\U000e0001\U0010ffff""#),
            (b"a\xff\xe2\x82z", r#""a\xff\xe2\x82z""#),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn letters_are_quoted_one_by_one() {
        for (letter, expected) in
            [('x', "'x'"), ('\'', "'\\''"), ('"', "'\"'"), ('\n', "'\\n'"), ('é', "'é'")]
        {
            assert_eq!(quoted_char(letter), expected);
        }
    }

    #[test]
    fn back_quotes_hold_what_go_lets_them() {
        for (text, expected) in [
            (&b"a\\b\t(\"x\")"[..], "`a\\b\t(\"x\")`"),
            (b"a`b", "\"a`b\""),
            (b"a\nb", r#""a\nb""#),
            ("\u{feff}".as_bytes(), r#""\ufeff""#),
            ("é\u{200b}".as_bytes(), "`é\u{200b}`"),
            (b"\xff", r#""\xff""#),
        ] {
            assert_eq!(back_quoted(text), expected);
        }
    }
}
