//! ASN.1 in DER, as far as keys and certificates need it, and the PEM around it.

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const PRINTABLE_STRING: u8 = 0x13;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// The tag of a field that is known by its number; `constructed` when it holds other elements.
pub(super) const fn context(number: u8, constructed: bool) -> u8 {
    0x80 | number | if constructed { 0x20 } else { 0 }
}

/// An element: its tag, its length, its content.
pub(super) fn element(tag: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    match u8::try_from(content.len()) {
        Ok(length @ 0..=0x7f) => out.push(length),
        _ => {
            let bytes = content.len().to_be_bytes();
            let bytes = &bytes[bytes.iter().take_while(|&&byte| byte == 0).count()..];
            out.push(0x80 | bytes.len() as u8);
            out.extend_from_slice(bytes);
        }
    }
    out.extend_from_slice(content);
    out
}

/// A sequence of elements.
pub(super) fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, elements.concat())
}

/// A number that is not negative, from its bytes, most significant first.
pub(super) fn integer(bytes: &[u8]) -> Vec<u8> {
    let digits = &bytes[bytes.iter().take_while(|&&byte| byte == 0).count()..];
    let sign: &[u8] = if digits.first().is_none_or(|&byte| byte >= 0x80) { &[0] } else { &[] };
    element(INTEGER, [sign, digits].concat())
}

/// A string of whole bytes as bits.
pub(super) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(BIT_STRING, [&[0], bytes].concat())
}

/// Reads elements one after the other. Every step says `None` where the data are malformed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, with its tag and length, and its content.
    fn any(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let (&first, after) = self.rest.get(1..)?.split_first()?;
        let (length, header) = match first {
            0..=0x7f => (usize::from(first), 2),
            0x81..=0x84 => {
                let count = usize::from(first & 0x7f);
                let bytes = after.get(..count)?;
                let length = bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
                // DER has one way only to write a length.
                if bytes[0] == 0 || length < 0x80 {
                    return None;
                }
                (length, 2 + count)
            }
            _ => return None,
        };
        let whole = self.rest.get(..header.checked_add(length)?)?;
        self.rest = &self.rest[whole.len()..];
        Some((whole, &whole[header..]))
    }

    /// The content of the next element, which must have this tag.
    pub(super) fn read(&mut self, tag: u8) -> Option<&'a [u8]> {
        (self.peek()? == tag).then(|| self.any()).flatten().map(|(_, content)| content)
    }

    /// The next element as it is, which must have this tag.
    pub(super) fn whole(&mut self, tag: u8) -> Option<&'a [u8]> {
        (self.peek()? == tag).then(|| self.any()).flatten().map(|(whole, _)| whole)
    }

    /// The elements of the next one, which must be a sequence.
    pub(super) fn sequence(&mut self) -> Option<Reader<'a>> {
        self.read(SEQUENCE).map(Reader::new)
    }

    /// The digits of the next element, which must be a number that is not negative.
    pub(super) fn integer(&mut self) -> Option<&'a [u8]> {
        let content = self.read(INTEGER)?;
        let (&first, rest) = content.split_first()?;
        match rest.first() {
            _ if first >= 0x80 => None,
            Some(&second) if first == 0 && second < 0x80 => None,
            Some(_) if first == 0 => Some(rest),
            _ => Some(content),
        }
    }

    /// The next element, which must be a string of whole bytes as bits.
    pub(super) fn bit_string(&mut self) -> Option<&'a [u8]> {
        self.read(BIT_STRING)?.strip_prefix(&[0])
    }
}

/// DER in PEM, lines of 64 letters. Go: `pem.Encode`.
pub(super) fn to_pem(label: &str, der: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        for group in line.chunks(3) {
            let value = group.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
            let value = value << (8 * (3 - group.len()));
            for index in 0..4 {
                let letter = LETTERS[(value >> (18 - 6 * index) & 63) as usize];
                out.push(if index <= group.len() { char::from(letter) } else { '=' });
            }
        }
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

/// The first block of a PEM text: its label and what it holds. Go: `pem.Decode`.
pub(super) fn from_pem(text: &[u8], decode: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<(String, Vec<u8>)> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let mut rest = text;
    loop {
        // A block begins at the beginning of a line.
        let at = memchr::memmem::find_iter(rest, BEGIN).find(|&at| at == 0 || rest[at - 1] == b'\n')?;
        rest = &rest[at + BEGIN.len()..];
        if let Some(block) = block(rest, &decode) {
            return Some(block);
        }
    }
}

/// The block behind `-----BEGIN `.
fn block(text: &[u8], decode: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<(String, Vec<u8>)> {
    let line_end = memchr::memchr(b'\n', text).unwrap_or(text.len());
    let label = text[..line_end].trim_ascii_end().strip_suffix(b"-----")?;
    let mut body = text.get(line_end + 1..).unwrap_or_default();
    // Headers have a colon.
    loop {
        let line_end = memchr::memchr(b'\n', body)?;
        let line = &body[..line_end];
        if !line.contains(&b':') {
            break;
        }
        body = &body[line_end + 1..];
    }
    let end = [b"-----END ".as_slice(), label, b"-----"].concat();
    let at = memchr::memmem::find_iter(body, &end).find(|&at| at == 0 || body[at - 1] == b'\n')?;
    let behind = &body[at + end.len()..];
    let behind = &behind[..memchr::memchr(b'\n', behind).unwrap_or(behind.len())];
    if !behind.trim_ascii().is_empty() {
        return None;
    }
    let letters: Vec<u8> = body[..at].iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let label = std::str::from_utf8(label).ok()?.to_owned();
    Some((label, decode(&letters)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_back() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let der = element(OCTET_STRING, &content);
            let mut reader = Reader::new(&der);
            assert_eq!(reader.read(OCTET_STRING), Some(content.as_slice()));
            assert!(reader.is_empty());
        }
        for (bytes, der) in
            [(&[0_u8, 0][..], &[2_u8, 1, 0][..]), (&[0x7f], &[2, 1, 0x7f]), (&[0, 0x80], &[2, 2, 0, 0x80])]
        {
            assert_eq!(integer(bytes), der);
        }
    }

    #[test]
    fn malformed_elements_are_refused() {
        for der in [&[][..], &[2], &[2, 1], &[2, 0x80], &[2, 0x81, 1, 0], &[2, 0x82, 0, 1, 0], &[2, 0xff, 1]]
        {
            assert_eq!(Reader::new(der).read(INTEGER), None, "{der:?}");
        }
        for der in [&[2_u8, 0][..], &[2, 1, 0x80], &[2, 2, 0, 1]] {
            assert_eq!(Reader::new(der).integer(), None, "{der:?}");
        }
    }
}
