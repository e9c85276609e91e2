//! Texts to search: bytes, with what is not UTF-8 read as Go reads it.

use std::borrow::Cow;
use std::ops::Range;

/// What stands for a byte that is not part of a UTF-8 sequence.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// A text as the search sees it: UTF-8, each stray byte replaced by U+FFFD, and the way back.
pub(super) struct Haystack<'t> {
    bytes: Cow<'t, [u8]>,
    /// Where the replacements stand, ascending.
    replaced: Vec<usize>,
}

impl<'t> Haystack<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        if std::str::from_utf8(text).is_ok() {
            return Self { bytes: Cow::Borrowed(text), replaced: Vec::new() };
        }
        let mut bytes = Vec::with_capacity(text.len() + 16);
        let mut replaced = Vec::new();
        for chunk in text.utf8_chunks() {
            bytes.extend_from_slice(chunk.valid().as_bytes());
            for _ in chunk.invalid() {
                replaced.push(bytes.len());
                bytes.extend_from_slice(REPLACEMENT);
            }
        }
        Self { bytes: Cow::Owned(bytes), replaced }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The range of the original text that `range` of the searched bytes came from.
    pub(super) fn original(&self, range: Range<usize>) -> Range<usize> {
        if self.replaced.is_empty() {
            return range;
        }
        let back = |offset: usize| {
            let before = self.replaced.partition_point(|&start| start < offset);
            offset - before * (REPLACEMENT.len() - 1)
        };
        back(range.start)..back(range.end)
    }
}

/// The first character and how many bytes it takes; U+FFFD and 1 for a stray byte, `None` at the end.
pub(super) fn decode(text: &[u8]) -> Option<(char, usize)> {
    let chunk = text[..text.len().min(4)].utf8_chunks().next()?;
    match chunk.valid().chars().next() {
        Some(letter) => Some((letter, letter.len_utf8())),
        None => Some((char::REPLACEMENT_CHARACTER, 1)),
    }
}

/// How far to go on past the first character; 1 at the end, which ends a walk.
pub(super) fn width(text: &[u8]) -> usize {
    decode(text).map_or(1, |(_, width)| width)
}
