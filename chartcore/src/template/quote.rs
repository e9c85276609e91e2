//! `%q`: texts as Go quotes them.

use super::unicode;

/// Whether a byte stands for itself between double quotes.
#[inline]
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// Appends `bytes` in double quotes with Go's escapes. Go: `strconv.AppendQuote`.
#[inline]
pub(crate) fn write_quoted(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    if bytes.iter().all(|&byte| is_plain(byte)) {
        out.extend_from_slice(bytes);
    } else {
        write_escaped(out, bytes);
    }
    out.push(b'"');
}

fn write_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes;
    while let Some((letter, length)) = unicode::first(rest) {
        let taken = &rest[..length];
        rest = &rest[length..];
        let escape: &[u8] = match letter {
            '"' => b"\\\"",
            '\\' => b"\\\\",
            '\x07' => b"\\a",
            '\x08' => b"\\b",
            '\x0c' => b"\\f",
            '\n' => b"\\n",
            '\r' => b"\\r",
            '\t' => b"\\t",
            '\x0b' => b"\\v",
            unicode::REPLACEMENT if length == 1 => {
                out.extend_from_slice(format!("\\x{:02x}", taken[0]).as_bytes());
                continue;
            }
            _ if unicode::is_print(letter) => taken,
            _ => {
                let point = letter as u32;
                let text = match point {
                    0..0x20 | 0x7f => format!("\\x{point:02x}"),
                    0..0x1_0000 => format!("\\u{point:04x}"),
                    _ => format!("\\U{point:08x}"),
                };
                out.extend_from_slice(text.as_bytes());
                continue;
            }
        };
        out.extend_from_slice(escape);
    }
}

/// `bytes` in double quotes with Go's escapes.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    write_quoted(&mut out, bytes);
    String::from_utf8_lossy(&out).into_owned()
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
