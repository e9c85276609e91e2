//! ASCII armor, read and written as Go's openpgp/armor does, and GnuPG's keybox around keys.

use super::Refusal;

const START: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// The longest line of base64. Go: `lineReader`.
const LINE_LIMIT: usize = 96;

/// How many letters of base64 are written on a line.
const LINE_WIDTH: usize = 64;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// One armored block: what it says it is, and its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// `PGP PUBLIC KEY BLOCK`, `PGP SIGNATURE` and so on.
    pub(super) kind: String,
    pub(super) data: Vec<u8>,
}

/// Whether the bytes look like armor.
pub(super) fn is_armored(bytes: &[u8]) -> bool {
    bytes.trim_ascii().starts_with(b"-----BEGIN PGP")
}

/// Takes the next block off the front of `rest`; text before it is skipped. Nothing when there is none. The checksum
/// is not looked at: the signatures inside say more.
///
/// # Errors
/// Base64 that is none.
pub(super) fn next_block(rest: &mut &[u8]) -> Result<Option<Block>, Refusal> {
    'block: loop {
        let kind = loop {
            let Some(line) = take_line(rest) else { return Ok(None) };
            let line = line.trim_ascii();
            if line.len() > START.len() + DASHES.len() && line.starts_with(START) {
                break String::from_utf8_lossy(&line[START.len()..line.len() - DASHES.len()]).into_owned();
            }
        };
        loop {
            let Some(line) = take_line(rest) else { return Ok(None) };
            let line = line.trim_ascii();
            if line.is_empty() {
                break;
            }
            if !line.contains(&b':') {
                continue 'block;
            }
        }
        let data = read_base64(rest)?;
        return Ok(Some(Block { kind, data }));
    }
}

fn take_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if rest.is_empty() {
        return None;
    }
    let end = memchr::memchr(b'\n', rest);
    let (line, after) = match end {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (*rest, &rest[rest.len()..]),
    };
    *rest = after;
    Some(line)
}

/// Reads lines of base64 up to the end of the block, a checksum line, or the end of the text.
fn read_base64(rest: &mut &[u8]) -> Result<Vec<u8>, Refusal> {
    let corrupt = || Refusal::Structure("armor invalid".to_string());
    let mut data = Vec::new();
    let mut group = 0_u32;
    let mut letters = 0;
    let mut padding = 0;
    let mut at_end = false;
    while let Some(line) = take_line(rest) {
        let line = line.trim_ascii();
        if line.starts_with(END) {
            at_end = true;
            break;
        }
        if line.len() == 5 && line.first() == Some(&b'=') {
            continue;
        }
        if line.len() > LINE_LIMIT {
            return Err(corrupt());
        }
        for &byte in line {
            if byte == b'=' {
                padding += 1;
                continue;
            }
            let Some(value) = value_of(byte) else {
                return Err(Refusal::Plain(format!(
                    "illegal base64 data at input byte {}",
                    data.len() / 3 * 4
                )));
            };
            if padding > 0 {
                return Err(corrupt());
            }
            group = group << 6 | u32::from(value);
            letters += 1;
            if letters == 4 {
                data.extend_from_slice(&group.to_be_bytes()[1..]);
                (group, letters) = (0, 0);
            }
        }
    }
    if !at_end && letters > 0 {
        return Err(Refusal::Plain("unexpected EOF".to_string()));
    }
    match (letters, padding) {
        (0, 0) => {}
        (2, 2) => data.push((group >> 4) as u8),
        (3, 1) => data.extend_from_slice(&((group >> 2) as u16).to_be_bytes()),
        _ => return Err(Refusal::Plain("unexpected EOF".to_string())),
    }
    Ok(data)
}

fn value_of(letter: u8) -> Option<u8> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// Writes a block without headers and checksum, and without a line break at its end.
pub(super) fn write_block(out: &mut String, kind: &str, data: &[u8]) {
    out.push_str(&format!("-----BEGIN {kind}-----\n"));
    let mut column = 0;
    let mut push = |letter: u8| {
        if column % LINE_WIDTH == 0 {
            out.push('\n');
        }
        column += 1;
        out.push(char::from(letter));
    };
    for chunk in data.chunks(3) {
        let mut bytes = [0; 3];
        bytes[..chunk.len()].copy_from_slice(chunk);
        let group = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        for index in 0..4 {
            let letter = ALPHABET[(group >> (18 - 6 * index)) as usize & 63];
            push(if index > chunk.len() { b'=' } else { letter });
        }
    }
    out.push_str(&format!("\n-----END {kind}-----"));
}

const KEYBOX_HEADER: u8 = 1;
const KEYBOX_OPENPGP: u8 = 2;

/// GnuPG itself skips blobs with this flag. GnuPG: kbx/keybox.h.
const KEYBOX_EPHEMERAL: u16 = 2;

/// Whether the bytes are a GnuPG keybox (`pubring.kbx`).
pub(super) fn is_keybox(bytes: &[u8]) -> bool {
    bytes.len() >= 12 && bytes[4] == KEYBOX_HEADER && &bytes[8..12] == b"KBXf"
}

/// The keys in a keybox, one after the other. Helm 4: pkg/provenance/keybox.go.
///
/// # Errors
/// A blob is cut short or points outside itself, or there is no key; Helm's texts.
pub(super) fn keybox_keys(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let long = |bytes: &[u8], at: usize| {
        bytes.get(at..at + 4).map_or(0, |field| u32::from_be_bytes([field[0], field[1], field[2], field[3]]))
    };
    let mut keys = Vec::new();
    let mut offset = 0;
    while offset < bytes.len() {
        let rest = &bytes[offset..];
        if rest.len() < 5 {
            return Err(format!("truncated blob header at offset {offset}"));
        }
        let length = long(rest, 0);
        if length < 5 {
            return Err(format!("invalid blob length {length} at offset {offset}"));
        }
        let Some(blob) = rest.get(..length as usize) else {
            let remaining = rest.len();
            return Err(format!(
                "blob at offset {offset} has length {length} exceeding the {remaining} remaining bytes"
            ));
        };
        if blob[4] == KEYBOX_OPENPGP {
            if blob.len() < 16 {
                return Err(format!("OpenPGP blob at offset {offset} is too short"));
            }
            let flags = u16::from_be_bytes([blob[6], blob[7]]);
            let start = long(blob, 8) as usize;
            let Some(key) = blob.get(start..).and_then(|rest| rest.get(..long(blob, 12) as usize)) else {
                return Err(format!("OpenPGP blob at offset {offset} has an out-of-range keyblock"));
            };
            if flags & KEYBOX_EPHEMERAL == 0 {
                keys.extend_from_slice(key);
            }
        }
        offset += blob.len();
    }
    if keys.is_empty() {
        return Err("keybox contains no OpenPGP keys".to_string());
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for size in [0, 1, 2, 3, 47, 48, 49, 500] {
            let data: Vec<u8> = (0..size).map(|index| (index * 7 % 251) as u8).collect();
            let mut text = "noise\n".to_string();
            write_block(&mut text, "PGP SIGNATURE", &data);
            assert!(text.lines().all(|line| line.len() <= LINE_WIDTH));
            let mut rest = text.as_bytes();
            let block = next_block(&mut rest).unwrap().unwrap();
            assert_eq!(block, Block { kind: "PGP SIGNATURE".to_string(), data });
            assert!(next_block(&mut rest).unwrap().is_none());
        }
    }

    #[test]
    fn damaged_blocks_are_refused() {
        for (body, wanted) in [
            ("AAA", Some("unexpected EOF")),
            ("AA*A", Some("illegal base64 data at input byte 0")),
            ("AAA=AAAA", Some("openpgp: invalid data: armor invalid")),
            ("AAAA", None),
            ("AAAA\n=abcd", None),
        ] {
            let text = format!("-----BEGIN PGP X-----\n\n{body}\n-----END PGP X-----");
            let read = next_block(&mut text.as_bytes());
            assert_eq!(read.err().map(|refusal| refusal.to_string()).as_deref(), wanted, "{body}");
        }
        let long = format!("-----BEGIN PGP X-----\n\n{}\n", "A".repeat(100));
        assert!(next_block(&mut long.as_bytes()).is_err());
    }

    #[test]
    fn keyboxes_are_taken_apart() {
        let blob = |kind: u8, flags: u16, offset: u32, length: u32, body: &[u8]| {
            let mut blob = vec![0, 0, 0, 0, kind, 1];
            blob.extend(flags.to_be_bytes());
            blob.extend(offset.to_be_bytes());
            blob.extend(length.to_be_bytes());
            blob.extend(body);
            let size = blob.len() as u32;
            blob[..4].copy_from_slice(&size.to_be_bytes());
            blob
        };
        let header = b"\0\0\0\x0c\x01\x01\0\0KBXf".to_vec();
        assert!(is_keybox(&header));
        let with = |blobs: &[Vec<u8>]| [std::slice::from_ref(&header), blobs].concat().concat();
        let good = with(&[
            blob(2, 0, 16, 3, b"abc"),
            blob(2, 2, 16, 1, b"x"),
            blob(3, 0, 0, 0, b""),
            blob(2, 0, 17, 1, b"de"),
        ]);
        assert_eq!(keybox_keys(&good).unwrap(), b"abce");
        for (bytes, wanted) in [
            (header.clone(), "keybox contains no OpenPGP keys"),
            (with(&[blob(2, 0, 16, 4, b"abc")]), "OpenPGP blob at offset 12 has an out-of-range keyblock"),
            (
                with(&[blob(2, 0, u32::MAX, u32::MAX, b"abc")]),
                "OpenPGP blob at offset 12 has an out-of-range keyblock",
            ),
            (with(&[vec![0, 0, 0, 6, 2, 1]]), "OpenPGP blob at offset 12 is too short"),
            (with(&[vec![0, 0, 0, 4, 2, 1]]), "invalid blob length 4 at offset 12"),
            (with(&[vec![0, 0, 0]]), "truncated blob header at offset 12"),
            (
                with(&[vec![0, 0, 0, 9, 2, 1]]),
                "blob at offset 12 has length 9 exceeding the 6 remaining bytes",
            ),
        ] {
            assert_eq!(keybox_keys(&bytes).unwrap_err(), wanted);
        }
    }
}
