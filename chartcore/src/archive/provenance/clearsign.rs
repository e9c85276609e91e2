//! The cleartext signature framework: a text, readable as it is, with an armored signature below.
//! Go: openpgp/clearsign.

use super::{Refusal, armor};

const START: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
const END: &[u8] = b"\n-----END PGP SIGNATURE-----";

const HASHES: [&str; 9] =
    ["MD5", "SHA1", "RIPEMD160", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3-256", "SHA3-512"];

/// A clear-signed message, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// The text without escapes and without blanks at the ends of lines; lines end in `\n`.
    pub(super) text: Vec<u8>,
    /// What the signature is over: the same text with `\r\n` between lines.
    pub(super) signed: Vec<u8>,
    /// The signature's packets, or why they cannot be read.
    pub(super) signature: Result<Vec<u8>, Refusal>,
}

/// Finds the first clear-signed message; text before and after it is skipped. Nothing when there is none, or none that
/// is well formed.
pub(super) fn decode(bytes: &[u8]) -> Option<Message> {
    let mut rest = if bytes.starts_with(START) {
        &bytes[START.len()..]
    } else {
        let start = [b"\n", START].concat();
        let at = memchr::memmem::find(bytes, &start)?;
        &bytes[at + start.len()..]
    };
    if !line(&mut rest).is_empty() {
        return None;
    }
    read_headers(&mut rest)?;
    let (mut text, mut signed) = (Vec::new(), Vec::new());
    let armored = loop {
        let before = rest;
        let mut current = line(&mut rest);
        if current.is_empty() && rest.is_empty() {
            return None;
        }
        if current == SIGNATURE {
            break before;
        }
        // The break before the signature is not part of what is signed, so each waits for the next line.
        if !text.is_empty() {
            signed.extend_from_slice(b"\r\n");
        }
        current = current.strip_prefix(b"- ").unwrap_or(current);
        while let [head @ .., b' ' | b'\t'] = current {
            current = head;
        }
        signed.extend_from_slice(current);
        text.extend_from_slice(current);
        text.push(b'\n');
    };
    text.pop();
    let end = memchr::memmem::find(armored, END)?;
    let mut armored = &armored[..end + END.len()];
    let signature = armor::next_block(&mut armored).transpose()?.map(|block| block.data);
    Some(Message { text, signed, signature })
}

/// Only `Hash` headers are allowed.
fn read_headers(rest: &mut &[u8]) -> Option<()> {
    loop {
        if rest.is_empty() {
            return None;
        }
        let header = line(rest);
        if header.trim_ascii().is_empty() {
            return Some(());
        }
        if !header.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            return None;
        }
        let (key, values) = std::str::from_utf8(header).ok()?.split_once(':')?;
        if key.trim() != "Hash" {
            return None;
        }
        if !values.split(',').all(|value| HASHES.contains(&value.trim().to_uppercase().as_str())) {
            return None;
        }
    }
}

/// Takes a line off the front, without its `\n` or `\r\n`.
fn line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    match memchr::memchr(b'\n', rest) {
        None => std::mem::take(rest),
        Some(end) => {
            let line = &rest[..end];
            *rest = &rest[end + 1..];
            line.strip_suffix(b"\r").unwrap_or(line)
        }
    }
}

/// The lines of a text as they are signed: without blanks at their ends, with `\r\n` between them.
pub(super) fn signed_form(text: &str) -> Vec<u8> {
    let mut signed = Vec::with_capacity(text.len() + 64);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            signed.extend_from_slice(b"\r\n");
        }
        signed.extend_from_slice(trimmed(line).as_bytes());
    }
    signed
}

/// Puts a text and the packets of its signature together.
pub(super) fn encode(text: &str, hash: &str, signature: &[u8]) -> String {
    let mut out = format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: {hash}\n\n");
    for line in text.split('\n') {
        let line = trimmed(line);
        if line.starts_with('-') {
            out.push_str("- ");
        }
        out.push_str(line);
        out.push('\n');
    }
    armor::write_block(&mut out, "PGP SIGNATURE", signature);
    out
}

fn trimmed(line: &str) -> &str {
    line.trim_end_matches([' ', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        for text in ["", "a", "a\n", "-a\n- b\n--\n", "a  \t\nb \n\n", "\n\n", "é\n...\nx: y\n"] {
            let message = encode(text, "SHA512", b"packets");
            let decoded = decode(message.as_bytes()).unwrap_or_else(|| panic!("{message}"));
            assert_eq!(decoded.signature.as_deref(), Ok(&b"packets"[..]));
            assert_eq!(decoded.signed, signed_form(text), "{text:?}");
            let lines = decode(message.replace('\n', "\r\n").as_bytes()).unwrap();
            assert_eq!(lines, decoded, "{text:?}");
            let inside = format!("before\n{message}\nafter");
            assert_eq!(decode(inside.as_bytes()).unwrap(), decoded);
        }
    }

    #[test]
    fn what_is_no_message_is_none() {
        let good = encode("a\n", "SHA512", b"packets");
        for (from, to) in [
            ("SHA512", "SHA999"),
            ("Hash", "Hush"),
            ("Hash: SHA512", "nothing"),
            ("Hash: SHA512", "Hash: SHA512\u{7f}"),
            ("MESSAGE-----\n", "MESSAGE----- x\n"),
            ("BEGIN PGP SIGNED", "BEGIN PGP SINGED"),
            ("END PGP", "AND PGP"),
            ("\n-----BEGIN PGP SIGNATURE-----", "\n -----BEGIN PGP SIGNATURE-----"),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good, "{from}");
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
        for end in 0..good.len() {
            assert_eq!(decode(&good.as_bytes()[..end]), None, "{end}");
        }
    }
}
