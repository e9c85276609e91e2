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
        // Where the piece being decoded ends, and how long the text was at its start.
        let mut piece_end = PIECE - 2;
        let mut piece_text = 0;
        let mut at = 0;
        let mut fault = None;
        while at < bytes.len() {
            match utf16_character(&bytes[at..], unit) {
                Ok((letter, width)) => {
                    if at + width > piece_end {
                        piece_end = at + PIECE;
                        piece_text = text.len();
                    }
                    text.push(letter);
                    at += width;
                }
                Err(problem) => {
                    if at < piece_end && !problem.starts_with("incomplete") {
                        text.truncate(piece_text);
                    }
                    fault = Some(Error::new(0, problem));
                    break;
                }
            }
        }
        Self { text: Cow::Owned(text.into_bytes()), ascii: false, line_feeds: false, fault }
    }
}

/// The character at the start of `bytes` (not empty) and its width, or the reader's complaint about it.
fn utf16_character(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<(char, usize), &'static str> {
    let pair = |at: usize| Some(unit([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let first = pair(0).ok_or("incomplete UTF-16 character")?;
    let (code, width) = match first & 0xfc00 {
        0xdc00 => return Err("unexpected low surrogate area"),
        0xd800 => {
            let second = pair(2).ok_or("incomplete UTF-16 surrogate pair")?;
            if second & 0xfc00 != 0xdc00 {
                return Err("expected low surrogate area");
            }
            (0x10000 + (u32::from(first & 0x3ff) << 10) + u32::from(second & 0x3ff), 4)
        }
        _ => (u32::from(first), 2),
    };
    match char::from_u32(code).filter(|_| allowed(code)) {
        Some(letter) => Ok((letter, width)),
        None => Err("control characters are not allowed"),
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
