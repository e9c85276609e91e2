//! Go's quoted texts: strconv's `Quote`, `Unquote` and their kin.

use std::borrow::Cow;

use super::unicode::{self, is_print};

/// Go: `strconv.ErrSyntax`.
pub(super) const SYNTAX: &str = "invalid syntax";

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
pub(super) fn write_quoted_char(out: &mut Vec<u8>, letter: char, ascii: bool) {
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
pub(super) fn can_backquote(text: &[u8]) -> bool {
    match std::str::from_utf8(text) {
        Ok(text) => !text
            .chars()
            .any(|letter| (letter < ' ' && letter != '\t') || matches!(letter, '`' | '\u{7f}' | '\u{feff}')),
        Err(_) => false,
    }
}

/// The text a quoted literal means: `"…"` with escapes, or `` `…` `` without. Go: `strconv.Unquote`.
pub(super) fn unquote(literal: &[u8]) -> Result<Cow<'_, [u8]>, &'static str> {
    let (Some(&quote), Some(&last)) = (literal.first(), literal.last()) else { return Err(SYNTAX) };
    if literal.len() < 2 || quote != last {
        return Err(SYNTAX);
    }
    let mut inner = &literal[1..literal.len() - 1];
    if quote == b'`' {
        if inner.contains(&b'`') {
            return Err(SYNTAX);
        }
        if !inner.contains(&b'\r') {
            return Ok(Cow::Borrowed(inner));
        }
        return Ok(Cow::Owned(inner.iter().copied().filter(|&byte| byte != b'\r').collect()));
    }
    if memchr::memchr3(b'\\', b'\n', quote, inner).is_none() && std::str::from_utf8(inner).is_ok() {
        return Ok(Cow::Borrowed(inner));
    }
    let mut out = Vec::with_capacity(inner.len());
    while !inner.is_empty() {
        if inner[0] == b'\n' {
            return Err(SYNTAX);
        }
        let (letter, rest) = unquote_char(inner, quote)?;
        match letter {
            Unquoted::Byte(byte) => out.push(byte),
            Unquoted::Char(letter) => out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        inner = rest;
    }
    Ok(Cow::Owned(out))
}

/// One character of a literal.
pub(super) enum Unquoted {
    /// Written `\xhh` or `\ooo`.
    Byte(u8),
    /// Any other.
    Char(char),
}

/// The first character of a literal's inside, and what follows it. Go: `strconv.UnquoteChar`.
pub(super) fn unquote_char(text: &[u8], quote: u8) -> Result<(Unquoted, &[u8]), &'static str> {
    let Some(&first) = text.first() else { return Err(SYNTAX) };
    if first == quote && (quote == b'\'' || quote == b'"') {
        return Err(SYNTAX);
    }
    if first != b'\\' {
        let (letter, width) = unicode::first(text).unwrap_or((unicode::REPLACEMENT, 1));
        return Ok((Unquoted::Char(letter), &text[width..]));
    }
    let Some(&kind) = text.get(1) else { return Err(SYNTAX) };
    let rest = &text[2..];
    let plain = |letter: char| Ok((Unquoted::Char(letter), rest));
    match kind {
        b'a' => plain('\u{7}'),
        b'b' => plain('\u{8}'),
        b'f' => plain('\u{c}'),
        b'n' => plain('\n'),
        b'r' => plain('\r'),
        b't' => plain('\t'),
        b'v' => plain('\u{b}'),
        b'\\' => plain('\\'),
        b'\'' | b'"' if kind == quote => plain(char::from(kind)),
        b'x' | b'u' | b'U' => {
            let width = match kind {
                b'x' => 2,
                b'u' => 4,
                _ => 8,
            };
            let digits = rest.get(..width).ok_or(SYNTAX)?;
            let mut code = 0u32;
            for &digit in digits {
                let digit = char::from(digit).to_digit(16).ok_or(SYNTAX)?;
                code = (code << 4) | digit;
            }
            let rest = &rest[width..];
            if kind == b'x' {
                return Ok((Unquoted::Byte(code as u8), rest));
            }
            Ok((Unquoted::Char(char::from_u32(code).ok_or(SYNTAX)?), rest))
        }
        b'0'..=b'7' => {
            let digits = text.get(1..4).ok_or(SYNTAX)?;
            let mut code = 0u32;
            for &digit in digits {
                code = code * 8 + char::from(digit).to_digit(8).ok_or(SYNTAX)?;
            }
            let byte = u8::try_from(code).map_err(|_| SYNTAX)?;
            Ok((Unquoted::Byte(byte), &text[4..]))
        }
        _ => Err(SYNTAX),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    /// Expectations: `strconv.Quote`.
    #[test]
    fn texts_are_quoted_as_in_go() {
        for (text, expected) in [
            (&b""[..], r#""""#),
            (b"plain text", r#""plain text""#),
            (b"a\"b\\c", r#""a\"b\\c""#),
            (b"\x07\x08\x0c\n\r\t\x0b\0\x1f\x7f", r#""\a\b\f\n\r\t\v\x00\x1f\x7f""#),
            ("h\u{e9}llo \u{263a}".as_bytes(), "\"h\u{e9}llo \u{263a}\""),
            (b"\xff\xe2\x82", r#""\xff\xe2\x82""#),
            ("\u{fffd}".as_bytes(), "\"\u{fffd}\""),
            ("\u{200b}\u{feff}\u{85}\u{e0001}".as_bytes(), r#""\u200b\ufeff\u0085\U000e0001""#),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
