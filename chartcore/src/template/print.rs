//! `%v`: how Go prints a value.

use super::Any;
use crate::data::number;

/// How deep printing follows a map that contains itself before it stops (Go would overflow its stack).
const DEPTH: usize = 200;

/// After how many bytes printing stops: a list that holds the same list twice, which holds another twice, and
/// so on, would print without end.
pub(super) const LENGTH: usize = 65 << 20;

/// What an action prints for no value, and what Helm takes out again.
pub(super) const NO_VALUE: &[u8] = b"<no value>";

/// Takes every `<no value>` out of what follows the first `start` bytes. Helm: pkg/engine/engine.go does so
/// with each file and each result of `tpl`.
pub fn remove_no_value(text: &mut Vec<u8>, start: usize) {
    let Some(mut kept) = find_no_value(text, start) else { return };
    let mut at = kept + NO_VALUE.len();
    while at < text.len() {
        let end = find_no_value(text, at).unwrap_or(text.len());
        text.copy_within(at..end, kept);
        kept += end - at;
        at = end + NO_VALUE.len();
    }
    text.truncate(kept);
}

fn find_no_value(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    memchr::memchr_iter(b'<', rest).find(|&at| rest[at..].starts_with(NO_VALUE)).map(|at| from + at)
}

/// Prints as an action does. Go: `printValue`.
#[inline]
pub(super) fn print_value(out: &mut Vec<u8>, value: &Any) {
    match value {
        Any::Str(text) => out.extend_from_slice(text),
        Any::Nil => out.extend_from_slice(NO_VALUE),
        Any::Object(object) => object.print_in_action(out),
        other => write_v(out, other),
    }
}

/// Sprig: `indent`, and `nindent` with the line break.
pub(super) fn write_indented(out: &mut Vec<u8>, text: &[u8], spaces: usize, line_break: bool) {
    if line_break {
        out.push(b'\n');
    }
    let lines = memchr::memchr_iter(b'\n', text).count() + 1;
    out.reserve(text.len() + lines * spaces);
    let mut rest = text;
    loop {
        out.resize(out.len() + spaces, b' ');
        match memchr::memchr(b'\n', rest) {
            Some(at) => {
                out.extend_from_slice(&rest[..=at]);
                rest = &rest[at + 1..];
            }
            None => return out.extend_from_slice(rest),
        }
    }
}

/// Appends what `fmt.Sprint(value)` prints: `map[a:1 b:[x y]]`, `<nil>`, `1e+06`.
pub fn write_v(out: &mut Vec<u8>, value: &Any) {
    let full = out.len() + LENGTH;
    write_at(out, value, 0, full);
}

/// What `fmt.Sprint(value)` prints.
pub fn to_bytes(value: &Any) -> Vec<u8> {
    let mut out = Vec::new();
    write_v(&mut out, value);
    out
}

fn write_at(out: &mut Vec<u8>, value: &Any, depth: usize, full: usize) {
    if depth > DEPTH || out.len() > full {
        out.extend_from_slice(b"...");
        return;
    }
    match value {
        Any::Nil => out.extend_from_slice(b"<nil>"),
        Any::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Any::Int(number) | Any::Int64(number) => write_int(out, *number),
        Any::Uint8(number) => write_int(out, i64::from(*number)),
        Any::Uint64(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Any::Float(number) => number::write_v(out, *number),
        Any::Complex(number) => {
            out.push(b'(');
            number::write_v(out, number.0);
            if number.1 >= 0.0 || number.1.is_nan() {
                out.push(b'+');
            }
            number::write_v(out, number.1);
            out.extend_from_slice(b"i)");
        }
        Any::Duration(nanoseconds) => write_duration(out, *nanoseconds),
        Any::Str(text) => out.extend_from_slice(text),
        Any::List(list) => {
            out.push(b'[');
            for (index, item) in list.items().iter().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                write_at(out, item, depth + 1, full);
            }
            out.push(b']');
        }
        Any::Map(map) => {
            out.extend_from_slice(b"map[");
            map.with_entries(|entries| {
                for (index, (key, item)) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push(b' ');
                    }
                    out.extend_from_slice(key);
                    out.push(b':');
                    write_at(out, item, depth + 1, full);
                }
            });
            out.push(b']');
        }
        Any::Object(object) => object.print(out),
    }
}

/// Appends a decimal integer.
pub fn write_int(out: &mut Vec<u8>, number: i64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends what `time.Duration.String` prints: `1h30m0s`, `1.5s`, `100ms`, `0s`.
pub fn write_duration(out: &mut Vec<u8>, nanoseconds: i64) {
    if nanoseconds == 0 {
        out.extend_from_slice(b"0s");
        return;
    }
    if nanoseconds < 0 {
        out.push(b'-');
    }
    let size = nanoseconds.unsigned_abs();
    let fraction = |out: &mut Vec<u8>, whole: u64, rest: u64, digits: usize| {
        out.extend_from_slice(whole.to_string().as_bytes());
        if rest > 0 {
            let text = format!("{rest:0digits$}");
            out.push(b'.');
            out.extend_from_slice(text.trim_end_matches('0').as_bytes());
        }
    };
    if size < 1_000 {
        fraction(out, size, 0, 0);
        out.extend_from_slice(b"ns");
    } else if size < 1_000_000 {
        fraction(out, size / 1_000, size % 1_000, 3);
        out.extend_from_slice("µs".as_bytes());
    } else if size < 1_000_000_000 {
        fraction(out, size / 1_000_000, size % 1_000_000, 6);
        out.extend_from_slice(b"ms");
    } else {
        let seconds = size / 1_000_000_000;
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        if hours > 0 {
            out.extend_from_slice(format!("{hours}h").as_bytes());
        }
        if seconds >= 60 {
            out.extend_from_slice(format!("{minutes}m").as_bytes());
        }
        fraction(out, seconds % 60, size % 1_000_000_000, 9);
        out.push(b's');
    }
}
