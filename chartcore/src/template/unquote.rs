//! The texts of Go's quoted literals: strconv's `Unquote` and its kin.

use std::borrow::Cow;

use super::unicode;

/// Go: `strconv.ErrSyntax`.
pub(super) const SYNTAX: &str = "invalid syntax";

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
