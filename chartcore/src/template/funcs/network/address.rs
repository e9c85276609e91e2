//! IP addresses as Go's net/netip reads them, for the address between brackets in a URL.

use crate::quote::quoted;

/// Which kind of address a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

/// How many bytes an IPv6 address has, and how many of them its last part has when that is an IPv4 address.
const BYTES: usize = 16;
const EMBEDDED: usize = 4;

/// What is wrong, and the text from there on where Go shows it.
struct Problem<'t> {
    message: &'static str,
    at: Option<&'t [u8]>,
}

fn problem<T>(message: &'static str) -> Result<T, Problem<'static>> {
    Err(Problem { message, at: None })
}

fn problem_at<'t, T>(message: &'static str, at: &'t [u8]) -> Result<T, Problem<'t>> {
    // Go leaves the place out where it is the end.
    Err(Problem { message, at: Some(at).filter(|at| !at.is_empty()) })
}

/// Go's `netip.ParseAddr`.
///
/// # Errors
/// Go's text.
pub(super) fn parse(text: &[u8]) -> Result<Family, String> {
    let parsed = match text.iter().find(|byte| matches!(byte, b'.' | b':' | b'%')) {
        Some(b'.') => check_v4(text).map(|()| Family::V4),
        Some(b':') => check_v6(text).map(|()| Family::V6),
        Some(_) => problem("missing IPv6 address"),
        None => problem("unable to parse IP"),
    };
    parsed.map_err(|Problem { message, at }| {
        let place = at.map(|at| format!(" (at {})", quoted(at))).unwrap_or_default();
        format!("ParseAddr({}): {message}{place}", quoted(text))
    })
}

fn check_v4(text: &[u8]) -> Result<(), Problem<'_>> {
    let (mut value, mut digits, mut fields) = (0, 0, 0);
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' if digits == 1 && value == 0 => {
                return problem("IPv4 field has octet with leading zero");
            }
            b'0'..=b'9' => {
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
                if value > 255 {
                    return problem("IPv4 field has value >255");
                }
            }
            b'.' if digits == 0 || index + 1 == text.len() => {
                return problem_at("IPv4 field must have at least one digit", &text[index..]);
            }
            b'.' if fields == 3 => return problem("IPv4 address too long"),
            b'.' => {
                fields += 1;
                (value, digits) = (0, 0);
            }
            _ => return problem_at("unexpected character", &text[index..]),
        }
    }
    if fields < 3 { problem("IPv4 address too short") } else { Ok(()) }
}

fn check_v6(text: &[u8]) -> Result<(), Problem<'_>> {
    let (address, zone) = match text.iter().position(|&byte| byte == b'%') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    if zone.is_some_and(<[u8]>::is_empty) {
        return problem("zone must be a non-empty string");
    }
    let mut rest = address;
    let mut ellipsis = false;
    if let Some(after) = rest.strip_prefix(b"::") {
        ellipsis = true;
        rest = after;
        if rest.is_empty() {
            return Ok(());
        }
    }
    let mut filled = 0;
    while filled < BYTES {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits > 4 {
            return problem_at("each group must have 4 or less digits", rest);
        }
        if digits == 0 {
            return problem_at("each colon-separated field must have at least one digit", rest);
        }
        let after = &rest[digits..];
        match after {
            [b'.', ..] => {
                if !ellipsis && filled != BYTES - EMBEDDED {
                    return problem_at(
                        "embedded IPv4 address must replace the final 2 fields of the address",
                        rest,
                    );
                }
                if filled + EMBEDDED > BYTES {
                    return problem_at(
                        "too many hex fields to fit an embedded IPv4 at the end of the address",
                        rest,
                    );
                }
                check_v4(rest)?;
                filled += EMBEDDED;
                rest = b"";
                break;
            }
            [] => {
                filled += 2;
                rest = b"";
                break;
            }
            [b':'] => return problem_at("colon must be followed by more characters", after),
            [b':', b':', ..] if ellipsis => return problem_at("multiple :: in address", &after[1..]),
            [b':', b':', tail @ ..] => {
                filled += 2;
                ellipsis = true;
                rest = tail;
                if rest.is_empty() {
                    break;
                }
            }
            [b':', tail @ ..] => {
                filled += 2;
                rest = tail;
            }
            _ => return problem_at("unexpected character, want colon", after),
        }
    }
    if !rest.is_empty() {
        return problem_at("trailing garbage after address", rest);
    }
    match (filled < BYTES, ellipsis) {
        (true, false) => problem("address string too short"),
        (false, true) => problem("the :: must expand to at least one field of zeros"),
        _ => Ok(()),
    }
}
