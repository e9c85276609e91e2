//! Letters, case and printability as Go's `unicode` package sees them.
//!
//! Rust's own methods map case in full (`ß` to `SS`) and know another version of Unicode; Go maps one
//! code point to one code point.

mod tables;

use tables::{A, CASES, CLASSES};

/// Bits of a class.
const LETTER: u32 = 1;
const UPPER: u32 = 1 << 1;
const LOWER: u32 = 1 << 2;
const TITLE: u32 = 1 << 3;
const DIGIT: u32 = 1 << 4;
const NUMBER: u32 = 1 << 5;
const PUNCT: u32 = 1 << 6;
const PRINT: u32 = 1 << 7;
/// Upper and lower case letters alternate; the lowest bit says that the first is lower case.
const ALTERNATES: u32 = 1 << 8;
const CLASS_BITS: u32 = 9;

/// What Go puts in place of bytes that are not UTF-8.
pub(crate) const REPLACEMENT: char = '\u{fffd}';

fn class(letter: char) -> u32 {
    let point = letter as u32;
    let index = CLASSES.partition_point(|&run| run >> CLASS_BITS <= point);
    let Some(&run) = index.checked_sub(1).and_then(|index| CLASSES.get(index)) else {
        return 0;
    };
    let class = run & ((1 << CLASS_BITS) - 1);
    if class & ALTERNATES == 0 {
        return class;
    }
    let is_lower = (point - (run >> CLASS_BITS) + (class & 1)) % 2 == 1;
    LETTER | PRINT | if is_lower { LOWER } else { UPPER }
}

fn is(letter: char, bits: u32) -> bool {
    class(letter) & bits != 0
}

/// `unicode.IsLetter`.
pub(crate) fn is_letter(letter: char) -> bool {
    if letter.is_ascii() { letter.is_ascii_alphabetic() } else { is(letter, LETTER) }
}

/// `unicode.IsUpper`.
pub(crate) fn is_upper(letter: char) -> bool {
    if letter.is_ascii() { letter.is_ascii_uppercase() } else { is(letter, UPPER) }
}

/// `unicode.IsLower`.
pub(crate) fn is_lower(letter: char) -> bool {
    if letter.is_ascii() { letter.is_ascii_lowercase() } else { is(letter, LOWER) }
}

/// `unicode.IsTitle`.
pub(crate) fn is_title(letter: char) -> bool {
    !letter.is_ascii() && is(letter, TITLE)
}

/// `unicode.IsDigit`.
pub(crate) fn is_digit(letter: char) -> bool {
    if letter.is_ascii() { letter.is_ascii_digit() } else { is(letter, DIGIT) }
}

/// `unicode.IsNumber`.
pub(crate) fn is_number(letter: char) -> bool {
    if letter.is_ascii() { letter.is_ascii_digit() } else { is(letter, NUMBER) }
}

/// `unicode.IsPunct`.
pub(crate) fn is_punct(letter: char) -> bool {
    is(letter, PUNCT)
}

/// `unicode.IsPrint`, which is also what `%q` prints as it is.
pub(crate) fn is_print(letter: char) -> bool {
    if letter.is_ascii() { matches!(letter, ' '..='~') } else { is(letter, PRINT) }
}

/// `unicode.IsSpace`.
pub(crate) fn is_space(letter: char) -> bool {
    matches!(
        letter,
        '\t'..='\r'
            | ' '
            | '\u{85}'
            | '\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}'
    )
}

#[derive(Clone, Copy)]
enum Case {
    Upper,
    Lower,
    Title,
}

fn to_case(letter: char, case: Case) -> char {
    let point = letter as u32;
    let index = CASES.partition_point(|range| range.1 < point);
    let Some(&(first, _, distances)) = CASES.get(index).filter(|range| range.0 <= point) else {
        return letter;
    };
    let distance = distances[case as usize];
    let mapped = if distance == A {
        let lower = u32::from(matches!(case, Case::Lower));
        first + ((point - first) & !1 | lower)
    } else {
        point.wrapping_add_signed(distance)
    };
    char::from_u32(mapped).unwrap_or(letter)
}

/// `unicode.ToUpper`.
pub(crate) fn to_upper(letter: char) -> char {
    if letter.is_ascii() { letter.to_ascii_uppercase() } else { to_case(letter, Case::Upper) }
}

/// `unicode.ToLower`.
pub(crate) fn to_lower(letter: char) -> char {
    if letter.is_ascii() { letter.to_ascii_lowercase() } else { to_case(letter, Case::Lower) }
}

/// `unicode.ToTitle`.
pub(crate) fn to_title(letter: char) -> char {
    if letter.is_ascii() { letter.to_ascii_uppercase() } else { to_case(letter, Case::Title) }
}

/// The first letter of `bytes` and its length: U+FFFD and 1 where they are not UTF-8, `None` at the end.
/// Go: `utf8.DecodeRune`.
#[inline]
pub(crate) fn first(bytes: &[u8]) -> Option<(char, usize)> {
    let byte = *bytes.first()?;
    if byte.is_ascii() {
        return Some((char::from(byte), 1));
    }
    let length = match byte {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Some((REPLACEMENT, 1)),
    };
    let decoded = bytes.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
    Some(decoded.and_then(|text| text.chars().next()).map_or((REPLACEMENT, 1), |letter| (letter, length)))
}

/// How many letters `bytes` have, each byte that is not UTF-8 being one. Go: `utf8.RuneCount`.
pub(crate) fn count(bytes: &[u8]) -> usize {
    if bytes.is_ascii() { bytes.len() } else { letters(bytes).count() }
}

/// The last letter of `bytes` and its length. Go: `utf8.DecodeLastRune`.
pub(crate) fn last(bytes: &[u8]) -> Option<(char, usize)> {
    let last = *bytes.last()?;
    if last.is_ascii() {
        return Some((char::from(last), 1));
    }
    for length in 2..=4.min(bytes.len()) {
        let tail = &bytes[bytes.len() - length..];
        if let Some((letter, size)) = first(tail)
            && size == length
        {
            return Some((letter, length));
        }
    }
    Some((REPLACEMENT, 1))
}

/// The letters of `bytes`, as Go's `range` over a string gives them: each byte that is not UTF-8 is one
/// U+FFFD.
pub(crate) fn letters(bytes: &[u8]) -> impl Iterator<Item = char> + '_ {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (letter, length) = first(rest)?;
        rest = &rest[length..];
        Some(letter)
    })
}

/// Appends a letter as UTF-8.
#[inline]
pub(crate) fn push(out: &mut Vec<u8>, letter: char) {
    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_map_one_to_one() {
        for (letter, upper, lower, title) in [
            ('a', 'A', 'a', 'A'),
            ('ß', 'ß', 'ß', 'ß'),
            ('ǆ', 'Ǆ', 'ǆ', 'ǅ'),
            ('ǅ', 'Ǆ', 'ǆ', 'ǅ'),
            ('İ', 'İ', 'i', 'İ'),
            ('ı', 'I', 'ı', 'I'),
            ('Ā', 'Ā', 'ā', 'Ā'),
            ('ā', 'Ā', 'ā', 'Ā'),
            ('σ', 'Σ', 'σ', 'Σ'),
            ('\u{10428}', '\u{10400}', '\u{10428}', '\u{10400}'),
            ('中', '中', '中', '中'),
        ] {
            assert_eq!(
                (to_upper(letter), to_lower(letter), to_title(letter)),
                (upper, lower, title),
                "{letter}"
            );
        }
    }

    #[test]
    fn classes_are_those_of_the_tables() {
        assert!(is_upper('Ā') && is_lower('ā') && !is_lower('Ā') && is_title('ǅ') && is_letter('中'));
        assert!(is_digit('٣') && is_number('½') && !is_digit('½') && is_punct('«') && !is_punct('+'));
        assert!(is_print('é') && !is_print('\u{ad}') && !is_print('\u{200b}') && !is_print('\u{e000}'));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced_one_by_one() {
        let text = [b'a', 0xff, 0xe2, 0x82, 0xe2, 0x82, 0xac, 0xed, 0xa0, 0x80];
        let replaced: String = letters(&text).collect();
        assert_eq!(replaced, "a\u{fffd}\u{fffd}\u{fffd}€\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(last(&text), Some((REPLACEMENT, 1)));
        assert_eq!(last("x€".as_bytes()), Some(('€', 3)));
    }
}
