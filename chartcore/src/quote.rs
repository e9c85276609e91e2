//! Go's quoted texts, which its error messages are full of.

/// `text` in double quotes with Go's escapes: `%q`, `strconv.Quote`.
pub(crate) fn quoted(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for chunk in text.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\x07' => out.push_str("\\a"),
                '\x08' => out.push_str("\\b"),
                '\x0c' => out.push_str("\\f"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\x0b' => out.push_str("\\v"),
                ' '..='~' => out.push(letter),
                '\0'..='\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(letter))),
                letter if is_printable(letter) => out.push(letter),
                '\u{80}'..='\u{ffff}' => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
                letter => out.push_str(&format!("\\U{:08x}", u32::from(letter))),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

/// `text` in back quotes where Go's back quotes can hold it, else as [`quoted`].
pub(crate) fn back_quoted(text: &[u8]) -> String {
    let fits = |letter: char| match letter {
        '`' | '\x7f' | '\u{feff}' => false,
        letter => letter >= ' ' || letter == '\t',
    };
    match std::str::from_utf8(text) {
        Ok(text) if text.chars().all(fits) => format!("`{text}`"),
        _ => quoted(text),
    }
}

/// Go's `unicode.IsPrint` beyond ASCII: everything but controls, formats, private and unassigned code points,
/// and separators.
fn is_printable(letter: char) -> bool {
    // Rust's escapes follow the same rule, except that they also escape a combining mark in first place.
    let mut pair = ['a', letter].into_iter().collect::<String>();
    pair = pair.escape_debug().collect();
    pair.chars().nth(1) == Some(letter)
}

#[cfg(test)]
mod tests {
    use super::{back_quoted, quoted};

    #[test]
    fn texts_are_quoted_as_go_quotes_them() {
        for (text, expected) in [
            (&b"plain \"x\" \\"[..], r#""plain \"x\" \\""#),
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
