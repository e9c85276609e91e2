//! Go strings: bytes, usually UTF-8, cheap to clone.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// The longest text kept without an allocation: what fits beside the tag in 24 bytes.
const INLINE: usize = 22;

/// A Go string: immutable bytes, nearly always UTF-8, with O(1) clone.
///
/// Templates can make strings that are not UTF-8 (`b64dec` of a keystore, `trunc` in the middle of a
/// letter) and must hand them on unchanged, so this is bytes, as in Go. Texts of up to 22 bytes live
/// inside the 24 bytes of the value itself.
#[derive(Clone)]
pub struct Str(Repr);

#[derive(Clone)]
enum Repr {
    Inline { length: u8, bytes: [u8; INLINE] },
    Shared(Arc<[u8]>),
}

impl Str {
    /// The empty string.
    pub const EMPTY: Self = Self(Repr::Inline { length: 0, bytes: [0; INLINE] });

    /// Copies `bytes`.
    #[inline]
    pub fn new(bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        if bytes.len() <= INLINE {
            let mut inline = [0; INLINE];
            inline[..bytes.len()].copy_from_slice(bytes);
            Self(Repr::Inline { length: bytes.len() as u8, bytes: inline })
        } else {
            Self(Repr::Shared(Arc::from(bytes)))
        }
    }

    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { length, bytes } => &bytes[..usize::from(*length).min(INLINE)],
            Repr::Shared(bytes) => bytes,
        }
    }

    /// The text, if it is UTF-8.
    #[inline]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.as_bytes()).ok()
    }

    /// The text with each malformed sequence replaced by U+FFFD.
    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes())
    }

    /// How many bytes it has.
    #[inline]
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether it has no bytes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Deref for Str {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Borrow<[u8]> for Str {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl AsRef<[u8]> for Str {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Default for Str {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&String> for Str {
    fn from(text: &String) -> Self {
        Self::new(text)
    }
}

impl From<&[u8]> for Str {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes)
    }
}

impl From<Arc<[u8]>> for Str {
    /// Shares the bytes.
    fn from(bytes: Arc<[u8]>) -> Self {
        if bytes.len() <= INLINE { Self::new(bytes) } else { Self(Repr::Shared(bytes)) }
    }
}

impl From<Vec<u8>> for Str {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl From<Cow<'_, str>> for Str {
    fn from(text: Cow<'_, str>) -> Self {
        Self::new(text.as_bytes())
    }
}

impl From<char> for Str {
    fn from(letter: char) -> Self {
        Self::new(letter.encode_utf8(&mut [0; 4]).as_bytes())
    }
}

impl PartialEq for Str {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        // A text has one of the two forms by its length alone, and what is behind a short text is zeros.
        match (&self.0, &other.0) {
            (
                Repr::Inline { length: own_length, bytes: own },
                Repr::Inline { length: other_length, bytes: other },
            ) => own_length == other_length && own == other,
            (Repr::Shared(own), Repr::Shared(other)) => own == other,
            _ => false,
        }
    }
}

impl Eq for Str {}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_text(), f)
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_text())
    }
}

#[cfg(test)]
mod tests {
    use super::Str;

    #[test]
    fn inline_and_shared_texts_compare_alike() {
        for length in [0, 1, 21, 22, 23, 24, 100] {
            let text = "x".repeat(length);
            let value = Str::new(&text);
            assert_eq!(value.as_str(), Some(text.as_str()));
            assert_eq!(value, Str::from(text.clone()));
            assert!(value < Str::from(format!("{text}a")));
        }
    }

    #[test]
    fn a_text_takes_three_words() {
        assert_eq!(size_of::<Str>(), 24);
    }

    #[test]
    fn bytes_that_are_not_utf8_survive() {
        let value = Str::new([0xff, b'a']);
        assert_eq!(value.as_str(), None);
        assert_eq!(value.to_text(), "\u{fffd}a");
        assert_eq!(value.as_bytes(), [0xff, b'a']);
    }
}
