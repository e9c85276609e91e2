//! The bytes a YAML stream is made of: encoding, and the characters YAML 1.1 allows.

use std::borrow::Cow;

use super::Error;

/// A checked text. What stands in it is UTF-8, without a byte order mark at its start, and without
/// control characters; `fault` says what stopped the check, if anything did.
pub(super) struct Input<'a> {
    pub(super) text: Cow<'a, [u8]>,
    /// No byte above 0x7f: columns are byte offsets.
    pub(super) ascii: bool,
    /// The only line breaks are line feeds.
    pub(super) line_feeds: bool,
    /// The reader's error, which comes up when a scanner reaches the end of `text`.
    pub(super) fault: Option<Error>,
}

/// go-yaml decodes its input in pieces of this size, and reports a bad character when it decodes the
/// piece, which may be earlier than a syntax error further on.
const PIECE: usize = 512;

impl<'a> Input<'a> {
    /// Checks `bytes`, converting them from UTF-16 if they start with its byte order mark.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        match bytes {
            [0xff, 0xfe, rest @ ..] => Self::from_utf16(rest, u16::from_le_bytes),
            [0xfe, 0xff, rest @ ..] => Self::from_utf16(rest, u16::from_be_bytes),
            [0xef, 0xbb, 0xbf, rest @ ..] => Self::from_utf8(rest, 3),
            _ => Self::from_utf8(bytes, 0),
        }
    }

    fn from_utf8(text: &'a [u8], mark: usize) -> Self {
        let mut input = Self { text: Cow::Borrowed(text), ascii: true, line_feeds: true, fault: None };
        let mut at = 0;
        while at < text.len() {
            let block = &text[at..text.len().min(at + 64)];
            // Folded without branches, so that it compiles to vector code.
            let odd = block.iter().fold(false, |odd, &byte| {
                odd | (byte.wrapping_sub(0x20) > 0x5e) & (byte != b'\n') & (byte != b'\t')
            });
            if !odd {
                at += block.len();
                continue;
            }
            let end = at + block.len();
            while at < end {
                match character(&text[at..]) {
                    Ok(1) => {
                        input.line_feeds &= text[at] != b'\r';
                        at += 1;
                    }
                    Ok(width) => {
                        input.ascii = false;
                        input.line_feeds &=
                            !matches!(text[at..], [0xc2, 0x85, ..] | [0xe2, 0x80, 0xa8 | 0xa9, ..]);
                        at += width;
                    }
                    Err(problem) => {
                        // An incomplete character is only known as such at the end of the input.
                        let incomplete = problem.starts_with("incomplete");
                        let start = if incomplete { at } else { piece_start(text, mark, at) };
                        input.text = Cow::Borrowed(&text[..start]);
                        input.fault = Some(Error::new(0, problem));
                        return input;
                    }
                }
            }
        }
        input
    }

    fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Self {
        let mut text = String::with_capacity(bytes.len());
        let mut problem = None;
        let mut units = bytes.chunks(2);
        while let Some(pair) = units.next() {
            let Ok(pair) = <[u8; 2]>::try_from(pair) else {
                problem = Some("incomplete UTF-16 character");
                break;
            };
            let first = unit(pair);
            let code = match first & 0xfc00 {
                0xdc00 => {
                    problem = Some("unexpected low surrogate area");
                    break;
                }
                0xd800 => match units.next().map(<[u8; 2]>::try_from) {
                    Some(Ok(pair)) if unit(pair) & 0xfc00 == 0xdc00 => {
                        0x10000 + (u32::from(first & 0x3ff) << 10) + u32::from(unit(pair) & 0x3ff)
                    }
                    Some(Ok(_)) => {
                        problem = Some("expected low surrogate area");
                        break;
                    }
                    _ => {
                        problem = Some("incomplete UTF-16 surrogate pair");
                        break;
                    }
                },
                _ => u32::from(first),
            };
            match char::from_u32(code).filter(|&letter| allowed(letter as u32)) {
                Some(letter) => text.push(letter),
                None => {
                    problem = Some("control characters are not allowed");
                    break;
                }
            }
        }
        let text = text.into_bytes();
        let fault = problem.map(|problem| Error::new(0, problem));
        Self { text: Cow::Owned(text), ascii: false, line_feeds: false, fault }
    }
}

/// Where the piece that holds the byte at `fault` starts, in a text whose first `mark` bytes (a byte
/// order mark) have been cut off.
fn piece_start(text: &[u8], mark: usize, fault: usize) -> usize {
    let mut start = 0;
    let mut end = PIECE - mark;
    loop {
        let mut boundary = end.min(text.len());
        // A character cut in two belongs to the next piece.
        while boundary > start && boundary < text.len() && text[boundary] & 0xc0 == 0x80 {
            boundary -= 1;
        }
        if fault < boundary || boundary <= start || boundary == text.len() {
            return start.min(fault);
        }
        start = boundary;
        end = boundary + PIECE;
    }
}

/// Whether YAML 1.1 allows the character: no control characters but tab, line breaks and NEL.
fn allowed(code: u32) -> bool {
    matches!(code,
        0x09 | 0x0a | 0x0d | 0x20..=0x7e | 0x85 | 0xa0..=0xd7ff | 0xe000..=0xfffd | 0x1_0000..=0x10_ffff)
}

/// The width of the character at the start of `text` (not empty), or the reader's complaint about it.
fn character(text: &[u8]) -> Result<usize, &'static str> {
    let first = text[0];
    let (width, least, bits) = match first {
        0..=0x7f => (1, 0, u32::from(first)),
        0xc0..=0xdf => (2, 0x80, u32::from(first & 0x1f)),
        0xe0..=0xef => (3, 0x800, u32::from(first & 0x0f)),
        0xf0..=0xf7 => (4, 0x1_0000, u32::from(first & 0x07)),
        _ => return Err("invalid leading UTF-8 octet"),
    };
    let Some(trailing) = text.get(1..width) else {
        return Err("incomplete UTF-8 octet sequence");
    };
    let mut code = bits;
    for &byte in trailing {
        if byte & 0xc0 != 0x80 {
            return Err("invalid trailing UTF-8 octet");
        }
        code = (code << 6) | u32::from(byte & 0x3f);
    }
    if code < least {
        return Err("invalid length of a UTF-8 sequence");
    }
    if matches!(code, 0xd800..=0xdfff) || code > 0x10_ffff {
        return Err("invalid Unicode character");
    }
    if allowed(code) { Ok(width) } else { Err("control characters are not allowed") }
}
