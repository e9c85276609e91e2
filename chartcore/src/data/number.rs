//! How Go prints floating-point numbers, and reads numbers.

use crate::quote::quote;

/// Digits and decimal exponent of the shortest text that reads back as `number` (finite, not 0):
/// the value is `0.DIGITS × 10^exponent`. Digits come from ryu, whose choice on ties equals Go's.
pub(crate) fn shortest(number: f64) -> (bool, Vec<u8>, i32) {
    split_digits(ryu::Buffer::new().format_finite(number).as_bytes())
}

/// Takes the digits and the exponent out of what ryu prints.
fn split_digits(text: &[u8]) -> (bool, Vec<u8>, i32) {
    let (negative, text) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    let (mantissa, exponent) = match text.iter().position(|&byte| byte == b'e') {
        Some(at) => {
            let exponent = std::str::from_utf8(&text[at + 1..]).ok().and_then(|digits| digits.parse().ok());
            (&text[..at], exponent.unwrap_or(0))
        }
        None => (text, 0),
    };
    let point = mantissa.iter().position(|&byte| byte == b'.').unwrap_or(mantissa.len());
    let mut digits: Vec<u8> = mantissa.iter().copied().filter(|&byte| byte != b'.').collect();
    let mut exponent: i32 = exponent + point as i32;
    let leading = digits.iter().take_while(|&&byte| byte == b'0').count();
    digits.drain(..leading);
    exponent -= leading as i32;
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    if digits.is_empty() {
        return (negative, b"0".to_vec(), 1);
    }
    (negative, digits, exponent)
}

fn push_plain(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    if exponent <= 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + (-exponent) as usize, b'0');
        out.extend_from_slice(digits);
    } else if (exponent as usize) >= digits.len() {
        out.extend_from_slice(digits);
        out.resize(out.len() + exponent as usize - digits.len(), b'0');
    } else {
        out.extend_from_slice(&digits[..exponent as usize]);
        out.push(b'.');
        out.extend_from_slice(&digits[exponent as usize..]);
    }
}

fn push_exponent(out: &mut Vec<u8>, digits: &[u8], exponent: i32, width: usize) {
    out.push(digits[0]);
    if digits.len() > 1 {
        out.push(b'.');
        out.extend_from_slice(&digits[1..]);
    }
    let exponent = exponent - 1;
    out.push(b'e');
    out.push(if exponent < 0 { b'-' } else { b'+' });
    out.extend_from_slice(format!("{:0width$}", exponent.unsigned_abs()).as_bytes());
}

/// Writes `number` as Go's `%v` does, and go-yaml: `strconv.FormatFloat(number, 'g', -1, 64)`, the exponent
/// form for decimal exponents below -4 and from 6 on. So `100000` stays and `1000000` prints `1e+06`.
pub fn write_v(out: &mut Vec<u8>, number: f64) {
    if write_special(out, number) {
        return;
    }
    write_general(out, shortest(number));
}

/// Writes `number` as `strconv.FormatFloat(number, 'g', -1, 32)` does: rounded to a float32.
pub fn write_v32(out: &mut Vec<u8>, number: f64) {
    let number = number as f32;
    if !write_special(out, f64::from(number)) {
        write_general(out, split_digits(ryu::Buffer::new().format_finite(number).as_bytes()));
    }
}

fn write_general(out: &mut Vec<u8>, (negative, digits, exponent): (bool, Vec<u8>, i32)) {
    if negative {
        out.push(b'-');
    }
    // Go: internal/strconv/ftoa.go, '%g' with shortest digits decides by precision 6.
    if !(-4..6).contains(&(exponent - 1)) {
        push_exponent(out, &digits, exponent, 2);
    } else {
        push_plain(out, &digits, exponent);
    }
}

fn write_special(out: &mut Vec<u8>, number: f64) -> bool {
    if number.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if number.is_infinite() {
        out.extend_from_slice(if number > 0.0 { b"+Inf" } else { b"-Inf" });
    } else if number == 0.0 {
        out.extend_from_slice(if number.is_sign_negative() { b"-0" } else { b"0" });
    } else {
        return false;
    }
    true
}

/// Writes `number` as Go's encoding/json does: plain digits unless below 1e-6 or from 1e21 on.
///
/// Go: `encoding/json/encode.go`, `floatEncoder`. The number must be finite.
pub fn write_json(out: &mut Vec<u8>, number: f64) {
    if write_special(out, number) {
        return;
    }
    let (negative, digits, exponent) = shortest(number);
    if negative {
        out.push(b'-');
    }
    let size = number.abs();
    if !(1e-6..1e21).contains(&size) {
        push_exponent(out, &digits, exponent, 1);
    } else {
        push_plain(out, &digits, exponent);
    }
}

/// Writes the decimal digits of `number`.
pub fn write_int(out: &mut Vec<u8>, number: i64) {
    let mut digits = [0; 20];
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
        at -= 1;
        digits[at] = b'-';
    }
    out.extend_from_slice(&digits[at..]);
}

/// Reads an integer as `strconv.ParseInt(text, 0, 64)` does, without underscores: a sign, then decimal, or
/// `0x`, `0o`, `0b`, or octal after a zero.
pub fn parse_int(text: &[u8]) -> Option<i64> {
    let (negative, digits) = split_sign(text);
    signed(negative, parse_uint(digits)?)
}

/// Reads an integer as `strconv.ParseInt(text, base, 64)` does.
pub fn parse_int_in(text: &[u8], base: u32) -> Option<i64> {
    integer(text, base).ok()
}

/// Reads an integer as `strconv.Atoi` does.
///
/// # Errors
/// Its text.
pub(crate) fn atoi(text: &str) -> Result<i64, String> {
    integer(text.as_bytes(), 10).map_err(|error| {
        let reason = match error {
            IntError::Range(_) => "value out of range",
            IntError::Syntax => "invalid syntax",
        };
        format!("strconv.Atoi: parsing {}: {reason}", quote(text))
    })
}

/// Why a text is no integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IntError {
    /// It is not written as one.
    Syntax,
    /// It does not fit; the nearest that does.
    Range(i64),
}

/// Reads an integer as `strconv.ParseInt(text, base, 64)` does. Base 0 reads the base from a prefix (`0x`, `0o`, `0b`, `0`) and allows underscores.
pub(crate) fn integer(text: &[u8], base: u32) -> Result<i64, IntError> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (radix, digits) = match unsigned {
        _ if base != 0 => (base, unsigned),
        [b'0', prefix, rest @ ..] if !rest.is_empty() => match prefix.to_ascii_lowercase() {
            b'b' => (2, rest),
            b'o' => (8, rest),
            b'x' => (16, rest),
            _ => (8, &unsigned[1..]),
        },
        [b'0', rest @ ..] => (8, rest),
        _ => (10, unsigned),
    };
    if unsigned.is_empty() {
        return Err(IntError::Syntax);
    }
    let farthest = IntError::Range(if negative { i64::MIN } else { i64::MAX });
    let mut size: u64 = 0;
    let mut underscores = false;
    for &byte in digits {
        if byte == b'_' && base == 0 {
            underscores = true;
            continue;
        }
        let digit = char::from(byte).to_digit(radix).ok_or(IntError::Syntax)?;
        let next = size.checked_mul(u64::from(radix)).and_then(|size| size.checked_add(u64::from(digit)));
        size = next.ok_or(farthest)?;
    }
    if underscores && !underscores_are_between_digits(unsigned) {
        return Err(IntError::Syntax);
    }
    if negative {
        0_i64.checked_sub_unsigned(size).ok_or(farthest)
    } else {
        i64::try_from(size).map_err(|_| farthest)
    }
}

/// Whether underscores stand only between digits, or a prefix and a digit. Go: `strconv.underscoreOK`.
pub(crate) fn underscores_are_between_digits(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let (mut after_digit, mut after_underscore, mut digits, mut hex) = (false, false, text, false);
    if let [b'0', prefix, rest @ ..] = text
        && matches!(prefix.to_ascii_lowercase(), b'b' | b'o' | b'x')
    {
        digits = rest;
        after_digit = true;
        hex = prefix.eq_ignore_ascii_case(&b'x');
    }
    for byte in digits {
        let is_digit = byte.is_ascii_digit() || hex && byte.is_ascii_hexdigit();
        match byte {
            b'_' if !after_digit => return false,
            _ if after_underscore && !is_digit => return false,
            _ => {}
        }
        after_digit = is_digit;
        after_underscore = *byte == b'_';
    }
    !after_underscore
}

/// Reads an integer as `strconv.ParseUint(text, 0, 64)` does, without underscores.
pub fn parse_uint(text: &[u8]) -> Option<u64> {
    let (base, digits) = match text {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', b'o' | b'O', rest @ ..] => (8, rest),
        [b'0', b'b' | b'B', rest @ ..] => (2, rest),
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest),
        _ => (10, text),
    };
    digits_in(digits, base)
}

fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

fn signed(negative: bool, size: u64) -> Option<i64> {
    if negative { 0i64.checked_sub_unsigned(size) } else { i64::try_from(size).ok() }
}

fn digits_in(text: &[u8], base: u32) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |number, &byte| {
        let digit = char::from(byte).to_digit(base)?;
        number.checked_mul(u64::from(base))?.checked_add(u64::from(digit))
    })
}

/// Reads a decimal number as `strconv.ParseFloat(text, 64)` does: underscores between digits, no number
/// that is too large. Hexadecimal, `inf` and `nan` are not read.
pub fn parse_float(text: &[u8]) -> Option<f64> {
    let starts = text.iter().take(3).any(u8::is_ascii_digit);
    let known = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-' | b'_');
    if !starts || !text.iter().all(known) {
        return None;
    }
    let between = |at: usize| {
        at > 0 && text[at - 1].is_ascii_digit() && text.get(at + 1).is_some_and(u8::is_ascii_digit)
    };
    let digits: Vec<u8> = text.iter().copied().filter(|&byte| byte != b'_').collect();
    if digits.len() != text.len() && !(0..text.len()).all(|at| text[at] != b'_' || between(at)) {
        return None;
    }
    let number: f64 = std::str::from_utf8(&digits).ok()?.parse().ok()?;
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(number: f64) -> String {
        let mut out = Vec::new();
        write_v(&mut out, number);
        String::from_utf8(out).unwrap()
    }

    fn json(number: f64) -> String {
        let mut out = Vec::new();
        write_json(&mut out, number);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_first_thing_wrong_is_named() {
        for (text, expected) in [
            ("12", Ok(12)),
            ("-9223372036854775808", Ok(i64::MIN)),
            ("9223372036854775808", Err("value out of range")),
            ("9223372036854775808x", Err("invalid syntax")),
            ("99999999999999999999x", Err("value out of range")),
            ("x", Err("invalid syntax")),
            ("", Err("invalid syntax")),
        ] {
            let expected = expected.map_err(|reason| format!("strconv.Atoi: parsing \"{text}\": {reason}"));
            assert_eq!(atoi(text), expected);
        }
    }

    #[test]
    fn floats_print_as_go_prints_them() {
        for (number, text) in [
            (1.0, "1"),
            (0.0, "0"),
            (-0.0, "-0"),
            (1.5, "1.5"),
            (999_999.0, "999999"),
            (1_000_000.0, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (9_007_199_254_740_993.0, "9.007199254740992e+15"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-12.25, "-12.25"),
            (1e100, "1e+100"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(v(number), text);
        }
    }

    #[test]
    fn floats_print_as_encoding_json_prints_them() {
        for (number, text) in [
            (1_000_000.0, "1000000"),
            (0.000_001, "0.000001"),
            (1e-7, "1e-7"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (-0.0, "-0"),
            (0.1, "0.1"),
            (123.456, "123.456"),
        ] {
            assert_eq!(json(number), text);
        }
    }
}
