//! Numbers out of anything, as github.com/spf13/cast makes them: what cannot be read is 0.

use crate::data::{Value, number};
use crate::template::{Any, Object};

/// Go's conversion of a float64 to an int64 on amd64: the least integer where it does not fit.
#[inline]
pub(super) fn float_to_int(number: f64) -> i64 {
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number) {
        number as i64
    } else {
        i64::MIN
    }
}

/// The number of a `time.Month` or `time.Weekday`, the only named integers that cast knows.
fn named_int(object: &dyn Object) -> Option<i64> {
    if !matches!(object.type_name(), "time.Month" | "time.Weekday") {
        return None;
    }
    match object.to_value() {
        Value::Int(number) => Some(number),
        _ => None,
    }
}

/// `cast.ToInt64`. A duration is 0: cast does not know the type.
#[inline]
pub(super) fn to_int(value: &Any) -> i64 {
    match value {
        Any::Int(number) | Any::Int64(number) => *number,
        Any::Float(number) => float_to_int(*number),
        Any::Uint8(number) => i64::from(*number),
        Any::Uint64(number) => *number as i64,
        Any::Bool(truth) => i64::from(*truth),
        Any::Str(text) => number::integer(without_zero_decimals(text), 0).unwrap_or(0),
        Any::Object(object) => named_int(&**object).unwrap_or(0),
        _ => 0,
    }
}

/// `cast.ToFloat64`.
#[inline]
pub(super) fn to_float(value: &Any) -> f64 {
    match value {
        Any::Float(number) => *number,
        Any::Int(number) | Any::Int64(number) => *number as f64,
        Any::Uint8(number) => f64::from(*number),
        Any::Uint64(number) => *number as f64,
        Any::Bool(truth) => f64::from(u8::from(*truth)),
        Any::Str(text) => parse_float(text).unwrap_or(0.0),
        Any::Object(object) => named_int(&**object).unwrap_or(0) as f64,
        _ => 0.0,
    }
}

/// `7.00` as `7`: the last point that has a zero behind it is dropped with what follows, if that is nothing but
/// zeros and points.
fn without_zero_decimals(text: &[u8]) -> &[u8] {
    let mut seen_zero = false;
    for (index, byte) in text.iter().enumerate().rev() {
        match byte {
            b'.' if seen_zero => return &text[..index],
            b'.' => {}
            b'0' => seen_zero = true,
            _ => break,
        }
    }
    text
}

/// `strconv.ParseFloat`; `None` for what it refuses, also for numbers too large.
pub(super) fn parse_float(text: &[u8]) -> Option<f64> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let sign = |number: f64| if negative { -number } else { number };
    if unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity") {
        return Some(sign(f64::INFINITY));
    }
    if text.eq_ignore_ascii_case(b"nan") {
        return Some(f64::NAN);
    }
    if unsigned.len() > 2 && unsigned[..2].eq_ignore_ascii_case(b"0x") {
        let number = parse_hex_float(unsigned)?;
        return number.is_finite().then(|| sign(number));
    }
    // What remains is a decimal number as Rust reads it, but for underscores and the words above.
    let is_part =
        |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-' | b'_');
    if !unsigned.first().is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'))
        || !unsigned.iter().all(is_part)
    {
        return None;
    }
    let number: f64 = if unsigned.contains(&b'_') {
        if !number::underscores_are_between_digits(unsigned) {
            return None;
        }
        let plain: Vec<u8> = unsigned.iter().copied().filter(|&byte| byte != b'_').collect();
        std::str::from_utf8(&plain).ok()?.parse().ok()?
    } else {
        std::str::from_utf8(unsigned).ok()?.parse().ok()?
    };
    number.is_finite().then(|| sign(number))
}

/// `0x1.8p3`, where the exponent is obligatory. `text` starts with `0x`.
fn parse_hex_float(text: &[u8]) -> Option<f64> {
    if text.contains(&b'_') && !number::underscores_are_between_digits(text) {
        return None;
    }
    let at = text.iter().position(|byte| byte.eq_ignore_ascii_case(&b'p'))?;
    let (digits, exponent) = (&text[2..at], &text[at + 1..]);
    let mut mantissa: u64 = 0;
    let mut scale: i64 = 0;
    let (mut seen_digit, mut seen_point, mut lost) = (false, false, false);
    for &byte in digits {
        match byte {
            b'_' => {}
            b'.' if seen_point => return None,
            b'.' => seen_point = true,
            _ => {
                let digit = u64::from(char::from(byte).to_digit(16)?);
                seen_digit = true;
                if mantissa >> 60 == 0 {
                    mantissa = mantissa << 4 | digit;
                    scale -= if seen_point { 4 } else { 0 };
                } else {
                    lost |= digit != 0;
                    scale += if seen_point { 0 } else { 4 };
                }
            }
        }
    }
    let (down, exponent) = match exponent {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, exponent),
    };
    if !seen_digit || !exponent.first()?.is_ascii_digit() {
        return None;
    }
    /// Beyond this every exponent gives 0 or infinity.
    const FAR: i64 = 10_000;
    let mut power: i64 = 0;
    for &byte in exponent {
        match byte {
            b'_' => {}
            b'0'..=b'9' if power < FAR => power = power * 10 + i64::from(byte - b'0'),
            b'0'..=b'9' => {}
            _ => return None,
        }
    }
    scale += if down { -power } else { power };
    Some(scaled(mantissa, scale, lost))
}

/// `mantissa × 2^scale`, rounded once, half to even. `lost` says that bits below were dropped.
fn scaled(mantissa: u64, scale: i64, lost: bool) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let shift = i64::from(mantissa.leading_zeros());
    let (mantissa, scale) = (mantissa << shift, scale - shift);
    // The value is 1.xxx × 2^power; below -1022 fewer bits remain.
    let power = scale + 63;
    if power > 1_023 {
        return f64::INFINITY;
    }
    let kept = if power >= -1_022 { 53 } else { 53 - (-1_022 - power) };
    if kept < 0 {
        return 0.0;
    }
    let dropped = 64 - kept;
    let (whole, rest, half) = if dropped >= 64 {
        (0, mantissa, 1 << 63)
    } else {
        (mantissa >> dropped, mantissa & ((1 << dropped) - 1), 1_u64 << (dropped - 1))
    };
    let up = rest > half || rest == half && (lost || whole & 1 == 1);
    let bits = whole + u64::from(up);
    // Both factors and the product are exact: the first has the kept bits, the second is a power of two.
    let unit = scale + dropped;
    if unit < -1_022 {
        f64::from_bits(bits)
    } else {
        bits as f64 * f64::from_bits(((unit + 1_023) as u64) << 52)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: cast.ToInt64 and cast.ToFloat64 1.7.0.
    #[test]
    fn texts_are_read_as_cast_reads_them() {
        for (text, int, float) in [
            ("", 0, 0.0),
            ("42", 42, 42.0),
            ("-42", -42, -42.0),
            ("+7", 7, 7.0),
            ("010", 8, 10.0),
            ("0x1f", 31, 0.0),
            ("0b101", 5, 0.0),
            ("0o17", 15, 0.0),
            ("3.7", 0, 3.7),
            ("7.00", 7, 7.0),
            ("7.", 0, 7.0),
            ("7.0.", 7, 0.0),
            ("1_000", 1000, 1000.0),
            ("1__0", 0, 0.0),
            ("1e3", 0, 1000.0),
            ("9223372036854775807", i64::MAX, 9_223_372_036_854_775_807.0),
            ("9223372036854775808", 0, 9_223_372_036_854_775_808.0),
            ("-9223372036854775808", i64::MIN, -9_223_372_036_854_775_808.0),
            (" 1", 0, 0.0),
            ("08", 0, 8.0),
            ("0", 0, 0.0),
            ("0x", 0, 0.0),
            ("1e400", 0, 0.0),
            ("inf", 0, f64::INFINITY),
            ("-Infinity", 0, f64::NEG_INFINITY),
            ("0x1.8p3", 0, 12.0),
            ("0x1p-1074", 0, 5e-324),
            ("0x1.fffffffffffff8p0", 0, 2.0),
            ("0x1.fffffffffffffp1023", 0, f64::MAX),
            ("0x1p1024", 0, 0.0),
            (".5", 0, 0.5),
            ("e5", 0, 0.0),
        ] {
            assert_eq!(to_int(&Any::str(text)), int, "int of {text:?}");
            assert_eq!(to_float(&Any::str(text)), float, "float of {text:?}");
        }
        assert!(to_float(&Any::str("NaN")).is_nan());
    }
}
