//! Text as Go quotes it.

use std::fmt::Write;

/// Whether Go calls the letter printable: letters, marks, numbers, punctuation, symbols and the space.
/// Go: `unicode.IsPrint`.
pub(crate) fn is_print(letter: char) -> bool {
    match letter {
        ' '..='~' => true,
        '\0'..='\u{a0}' | '\u{ad}' => false,
        _ => {
            // The standard library decides by the same categories, but treats a mark at the start of a
            // text as something to escape; hence the letter in front.
            let mut buffer = [b'a'; 5];
            let length = letter.encode_utf8(&mut buffer[1..]).len();
            std::str::from_utf8(&buffer[..=length]).is_ok_and(|text| text.escape_debug().count() == 2)
        }
    }
}

/// `text` in double quotes. Go: `%q`.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
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
            letter if is_print(letter) => out.push(letter),
            letter => {
                let code = u32::from(letter);
                let written = match code {
                    0..=0x7f => write!(out, "\\x{code:02x}"),
                    0x80..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
                debug_assert!(written.is_ok(), "a String takes every write");
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_print_as_in_go() {
        for (letter, printable) in [
            ('a', true),
            (' ', true),
            ('\u{7f}', false),
            ('\u{a0}', false),
            ('\u{ad}', false),
            ('é', true),
            ('\u{301}', true),
            ('\u{200b}', false),
            ('\u{2028}', false),
            ('\u{3000}', false),
            ('\u{e000}', false),
            ('世', true),
            ('\u{1f600}', true),
            ('\u{fffd}', true),
        ] {
            assert_eq!(is_print(letter), printable, "{:x}", u32::from(letter));
        }
    }

    #[test]
    fn texts_are_quoted_as_go_quotes_them() {
        assert_eq!(
            quote("a\"b\\\n\x01\u{200b}é\u{1f600}\u{e0001}"),
            "\"a\\\"b\\\\\\n\\x01\\u200bé\u{1f600}\\U000e0001\""
        );
    }
}
