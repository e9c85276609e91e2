//! Base64, base32 and checksums.

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::{arguments, limits};
use crate::template::{Any, Fault, Function, Scope, Type};

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("adler32sum", &[Type::String], adler32sum),
    Function::new("b32dec", &[Type::String], b32dec),
    Function::new("b32enc", &[Type::String], b32enc),
    Function::new("b64dec", &[Type::String], b64dec),
    Function::new("b64enc", &[Type::String], b64enc),
    Function::new("sha1sum", &[Type::String], sha1sum),
    Function::new("sha256sum", &[Type::String], sha256sum),
    Function::new("sha512sum", &[Type::String], sha512sum),
];

fn hex(bytes: &[u8]) -> Any {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits =
        bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    Any::str(digits.collect::<Vec<u8>>())
}

fn sha1sum(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(hex(&Sha1::digest(arguments::text(arguments, 0))))
}

fn sha256sum(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(hex(&Sha256::digest(arguments::text(arguments, 0))))
}

fn sha512sum(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(hex(&Sha512::digest(arguments::text(arguments, 0))))
}

/// RFC 1950, printed as a decimal number.
fn adler32sum(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    const MODULUS: u32 = 65_521;
    /// The most bytes after which the sums still fit.
    const CHUNK: usize = 5_552;
    let (mut low, mut high) = (1_u32, 0_u32);
    for chunk in arguments::text(arguments, 0).chunks(CHUNK) {
        for &byte in chunk {
            low += u32::from(byte);
            high += low;
        }
        low %= MODULUS;
        high %= MODULUS;
    }
    Ok(Any::str((high << 16 | low).to_string()))
}

/// An alphabet of 2^BITS letters, and which letter stands for which digit.
struct Alphabet<const BITS: u32> {
    letters: &'static [u8],
    digits: [u8; 256],
}

/// In an alphabet's digits: the byte is no letter of it.
const NO_DIGIT: u8 = 0xff;

impl<const BITS: u32> Alphabet<BITS> {
    const fn new(letters: &'static [u8]) -> Self {
        let mut digits = [NO_DIGIT; 256];
        let mut digit = 0;
        while digit < letters.len() {
            digits[letters[digit] as usize] = digit as u8;
            digit += 1;
        }
        Self { letters, digits }
    }

    /// Encodes groups of `BYTES` bytes as `LETTERS` letters, padded with `=`.
    fn encode<const BYTES: usize, const LETTERS: usize>(&self, bytes: &[u8]) -> Result<Any, Fault> {
        limits::check_text(bytes.len().div_ceil(BYTES) * LETTERS)?;
        let mut out = Vec::with_capacity(bytes.len().div_ceil(BYTES) * LETTERS);
        for group in bytes.chunks(BYTES) {
            let mut value = 0_u64;
            for index in 0..BYTES {
                value = value << 8 | u64::from(group.get(index).copied().unwrap_or(0));
            }
            let written = (group.len() as u32 * 8).div_ceil(BITS);
            for index in 0..LETTERS as u32 {
                let digit = value >> ((LETTERS as u32 - 1 - index) * BITS) & ((1 << BITS) - 1);
                out.push(if index < written { self.letters[digit as usize] } else { b'=' });
            }
        }
        Ok(Any::Str(out.into()))
    }
}

static BASE64: Alphabet<6> =
    Alphabet::new(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
static BASE32: Alphabet<5> = Alphabet::new(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");

fn b64enc(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    encode_base64(arguments::text(arguments, 0))
}

/// The bytes in padded base64.
pub(super) fn encode_base64(bytes: &[u8]) -> Result<Any, Fault> {
    BASE64.encode::<3, 4>(bytes)
}

fn b32enc(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    BASE32.encode::<5, 8>(arguments::text(arguments, 0))
}

/// Gives the error's text as its result where the text is not base64, as Sprig does.
fn b64dec(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(match decode_base64(arguments::text(arguments, 0)) {
        Ok(bytes) => Any::Str(bytes.into()),
        Err(offset) => Any::str(format!("illegal base64 data at input byte {offset}")),
    })
}

fn b32dec(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(match decode_base32(arguments::text(arguments, 0)) {
        Ok(bytes) => Any::Str(bytes.into()),
        Err(offset) => Any::str(format!("illegal base32 data at input byte {offset}")),
    })
}

fn is_line_end(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

/// Line ends are skipped wherever they stand.
///
/// # Errors
/// Where Go's decoder says the data are illegal.
pub(super) fn decode_base64(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut at = 0;
    while let Some(group) = text.get(at..at + 4) {
        let digits = [0, 1, 2, 3].map(|index| BASE64.digits[usize::from(group[index])]);
        if digits.contains(&NO_DIGIT) {
            at = decode_group(text, at, &mut out)?;
            continue;
        }
        let value = digits.iter().fold(0_u32, |sum, digit| sum << 6 | u32::from(*digit));
        out.extend_from_slice(&value.to_be_bytes()[1..]);
        at += 4;
    }
    while at < text.len() {
        at = decode_group(text, at, &mut out)?;
    }
    Ok(out)
}

/// Decodes up to four letters with line ends among them, or the padded end.
fn decode_group(text: &[u8], start: usize, out: &mut Vec<u8>) -> Result<usize, usize> {
    let after_line_ends = |mut at: usize| {
        while text.get(at).copied().is_some_and(is_line_end) {
            at += 1;
        }
        at
    };
    let mut value = 0_u32;
    let mut letters = 0;
    let mut at = start;
    while letters < 4 {
        let Some(&byte) = text.get(at) else {
            return if letters == 0 { Ok(at) } else { Err(at - letters) };
        };
        at += 1;
        let digit = BASE64.digits[usize::from(byte)];
        if digit != NO_DIGIT {
            value = value << 6 | u32::from(digit);
            letters += 1;
        } else if is_line_end(byte) {
        } else if byte != b'=' || letters < 2 {
            return Err(at - 1);
        } else {
            if letters == 2 {
                at = after_line_ends(at);
                match text.get(at) {
                    None => return Err(text.len()),
                    Some(b'=') => at += 1,
                    Some(_) => return Err(at - 1),
                }
            }
            at = after_line_ends(at);
            if at < text.len() {
                return Err(at);
            }
            break;
        }
    }
    let bytes = (value << (6 * (4 - letters))).to_be_bytes();
    out.extend_from_slice(&bytes[1..letters]);
    Ok(at)
}

/// # Errors
/// Where Go's decoder says the data are illegal, counted without line ends.
fn decode_base32(text: &[u8]) -> Result<Vec<u8>, usize> {
    let text: Vec<u8> = text.iter().copied().filter(|&byte| !is_line_end(byte)).collect();
    let mut out = Vec::with_capacity(text.len() / 8 * 5);
    let mut at = 0;
    let mut ended = false;
    while at < text.len() && !ended {
        let mut value = 0_u64;
        let mut letters = 0;
        while letters < 8 {
            let Some(&byte) = text.get(at) else {
                return Err(text.len() - letters);
            };
            at += 1;
            let left = text.len() - at;
            if byte == b'=' && letters >= 2 && left < 8 {
                if left + letters < 7 {
                    return Err(text.len());
                }
                let padding = text[at..].iter().take(7 - letters);
                if let Some(wrong) = padding.enumerate().find(|(_, byte)| **byte != b'=') {
                    return Err((at + wrong.0).saturating_sub(1));
                }
                if matches!(letters, 3 | 6) {
                    return Err(at - 1);
                }
                ended = true;
                break;
            }
            let digit = BASE32.digits[usize::from(byte)];
            if digit == NO_DIGIT {
                return Err(at - 1);
            }
            value = value << 5 | u64::from(digit);
            letters += 1;
        }
        let bytes = (value << (5 * (8 - letters))).to_be_bytes();
        out.extend_from_slice(&bytes[3..3 + letters * 5 / 8]);
    }
    Ok(out)
}
