//! Floats in every layout of Go's strconv.
//!
//! Go: strconv's `FormatFloat`. Digits come from exact conversions; only the layout is made here.

use crate::data::number::shortest;

/// No double has more digits than this; more precision is zeros.
const MOST_DIGITS: usize = 1_100;

/// A decimal: `0.DIGITS × 10^point`, digits without trailing zeros.
struct Decimal {
    digits: Vec<u8>,
    point: i32,
}

/// Appends `number` as `strconv.FormatFloat(number, verb, precision, 64)`; no precision is Go's -1.
pub(super) fn write(out: &mut Vec<u8>, number: f64, verb: u8, precision: Option<usize>) {
    if number.is_nan() {
        return out.extend_from_slice(b"NaN");
    }
    if number.is_infinite() {
        return out.extend_from_slice(if number > 0.0 { b"+Inf" } else { b"-Inf" });
    }
    if number.is_sign_negative() {
        out.push(b'-');
    }
    let size = number.abs();
    match verb {
        b'b' => {
            let (mantissa, exponent) = parts(size);
            let exponent = exponent - 52;
            out.extend_from_slice(format!("{mantissa}p{exponent:+}").as_bytes());
        }
        b'x' | b'X' => hexadecimal(out, size, verb == b'X', precision),
        b'e' | b'E' => {
            let decimal = match precision {
                Some(precision) => rounded(size, precision + 1),
                None => exact(size),
            };
            let precision = precision.unwrap_or(decimal.digits.len().saturating_sub(1));
            exponential(out, &decimal, precision, verb);
        }
        b'f' => {
            let decimal = match precision {
                Some(precision) => rounded_after_point(size, precision),
                None => exact(size),
            };
            let shortest = (decimal.digits.len() as i32 - decimal.point).max(0) as usize;
            plain(out, &decimal, precision.unwrap_or(shortest));
        }
        _ => {
            let decimal = match precision {
                Some(precision) => rounded(size, precision.max(1)),
                None => exact(size),
            };
            let count = decimal.digits.len();
            let precision = precision.map(|precision| precision.max(1));
            let limit = match precision {
                Some(precision) if precision > count && count as i32 >= decimal.point => count as i32,
                Some(precision) => precision.min(MOST_DIGITS) as i32,
                None => 6,
            };
            let exponent = decimal.point - 1;
            if exponent < -4 || exponent >= limit {
                let precision = precision.map_or(count, |precision| precision.min(count));
                let verb = if verb == b'G' { b'E' } else { b'e' };
                exponential(out, &decimal, precision.saturating_sub(1), verb);
            } else {
                plain(out, &decimal, (count as i32 - decimal.point).max(0) as usize);
            }
        }
    }
}

/// Mantissa (with its leading one, unless subnormal) and the exponent of that one.
fn parts(size: f64) -> (u64, i32) {
    let bits = size.to_bits();
    let (exponent, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
    if exponent == 0 { (fraction, -1_022) } else { (fraction | 1 << 52, exponent - 1_023) }
}

fn exact(size: f64) -> Decimal {
    if size == 0.0 {
        return Decimal { digits: Vec::new(), point: 0 };
    }
    let (_, digits, point) = shortest(size);
    Decimal { digits, point }
}

/// `size` to a number of significant digits.
fn rounded(size: f64, digits: usize) -> Decimal {
    if size == 0.0 {
        return Decimal { digits: Vec::new(), point: 0 };
    }
    let text = format!("{size:.*e}", digits.min(MOST_DIGITS) - 1);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    trimmed(digits, exponent.parse::<i32>().unwrap_or(0) + 1)
}

/// `size` to a number of digits after the point.
fn rounded_after_point(size: f64, digits: usize) -> Decimal {
    let text = format!("{size:.*}", digits.min(MOST_DIGITS));
    let whole = text.split('.').next().unwrap_or_default();
    let whole = whole.trim_start_matches('0').len();
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    let point = if whole > 0 { whole as i32 } else { 1 - zeros as i32 };
    trimmed(digits[zeros..].to_vec(), point)
}

fn trimmed(mut digits: Vec<u8>, point: i32) -> Decimal {
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    let point = if digits.is_empty() { 0 } else { point };
    Decimal { digits, point }
}

/// `d.ddde±dd`
fn exponential(out: &mut Vec<u8>, decimal: &Decimal, precision: usize, letter: u8) {
    out.push(decimal.digits.first().copied().unwrap_or(b'0'));
    if precision > 0 {
        out.push(b'.');
        let rest = decimal.digits.get(1..).unwrap_or_default();
        let rest = &rest[..rest.len().min(precision)];
        out.extend_from_slice(rest);
        out.resize(out.len() + precision - rest.len(), b'0');
    }
    let exponent = if decimal.digits.is_empty() { 0 } else { decimal.point - 1 };
    out.push(letter);
    out.push(if exponent < 0 { b'-' } else { b'+' });
    out.extend_from_slice(format!("{:02}", exponent.unsigned_abs()).as_bytes());
}

/// `ddd.ddd`
fn plain(out: &mut Vec<u8>, decimal: &Decimal, precision: usize) {
    let digit = |index: i32| {
        usize::try_from(index).ok().and_then(|index| decimal.digits.get(index)).copied().unwrap_or(b'0')
    };
    if decimal.point > 0 {
        out.extend((0..decimal.point).map(digit));
    } else {
        out.push(b'0');
    }
    if precision > 0 {
        out.push(b'.');
        out.extend((0..precision as i32).map(|index| digit(decimal.point + index)));
    }
}

/// `0x1.yyyyyyyyp±dd`. Go: `fmtX`.
fn hexadecimal(out: &mut Vec<u8>, size: f64, upper: bool, precision: Option<usize>) {
    let (mut mantissa, mut exponent) = parts(size);
    if mantissa == 0 {
        exponent = 0;
    }
    mantissa <<= 60 - 52;
    while mantissa != 0 && mantissa >> 60 == 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    if let Some(precision) = precision.filter(|&precision| precision < 15) {
        let shift = precision as u32 * 4;
        let extra = (mantissa << shift) & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        if extra | (mantissa & 1) > 1 << 59 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa >> 61 != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let digits = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    out.extend_from_slice(if upper { b"0X" } else { b"0x" });
    out.push(b'0' + (mantissa >> 60 & 1) as u8);
    mantissa <<= 4;
    match precision {
        None if mantissa == 0 => {}
        None => {
            out.push(b'.');
            while mantissa != 0 {
                out.push(digits[(mantissa >> 60) as usize & 15]);
                mantissa <<= 4;
            }
        }
        Some(0) => {}
        Some(precision) => {
            out.push(b'.');
            for _ in 0..precision {
                out.push(digits[(mantissa >> 60) as usize & 15]);
                mantissa <<= 4;
            }
        }
    }
    out.push(if upper { b'P' } else { b'p' });
    out.push(if exponent < 0 { b'-' } else { b'+' });
    out.extend_from_slice(format!("{:02}", exponent.unsigned_abs()).as_bytes());
}

/// `%#g`: keeps the point and the trailing zeros. `text` starts with a sign.
pub(super) fn restore_zeros(text: &mut Vec<u8>, verb: u8, precision: Option<usize>) {
    let mut missing = match verb {
        b'g' | b'G' | b'x' => precision.map_or(6, |precision| precision as i64),
        _ => 0,
    };
    let exponents: &[u8] = if matches!(verb, b'x' | b'X') { b"pP" } else { b"eEpP" };
    let tail_at = text.iter().position(|byte| exponents.contains(byte)).unwrap_or(text.len());
    let tail = text.split_off(tail_at);
    let (mut point, mut nonzero) = (false, false);
    for &byte in &text[1..] {
        if byte == b'.' {
            point = true;
        } else {
            nonzero |= byte != b'0';
            missing -= i64::from(nonzero);
        }
    }
    if !point {
        if text.len() == 2 && text[1] == b'0' {
            missing -= 1;
        }
        text.push(b'.');
    }
    text.resize(text.len() + missing.max(0) as usize, b'0');
    text.extend_from_slice(&tail);
}
