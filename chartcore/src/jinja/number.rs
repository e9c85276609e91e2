//! Numbers as Python writes and reads them.

/// Python's `repr` of a float.
pub(super) fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let mut buffer = ryu::Buffer::new();
    let shortest = buffer.format_finite(number.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // The digits without leading zeros, and where their point stands.
    let digits = format!("{whole}{}", if fraction == "0" { "" } else { fraction });
    let leading = digits.len() - digits.trim_start_matches('0').len();
    let point = i32::try_from(whole.len()).unwrap_or_default() + exponent
        - i32::try_from(leading).unwrap_or_default();
    let digits = digits.trim_start_matches('0').trim_end_matches('0');
    let sign = if number.is_sign_negative() { "-" } else { "" };
    if digits.is_empty() {
        return format!("{sign}0.0");
    }
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if !(-3..=16).contains(&point) {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let power = point - 1;
        let power_sign = if power < 0 { '-' } else { '+' };
        return format!("{sign}{first}{dot}{rest}e{power_sign}{:02}", power.abs());
    }
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    if point <= 0 {
        format!("{sign}0.{}{digits}", zeros(-point))
    } else if point >= count {
        format!("{sign}{digits}{}.0", zeros(point - count))
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or_default());
        format!("{sign}{whole}.{fraction}")
    }
}

/// A text without the underscores Python allows between digits.
fn plain_digits(text: &str) -> Option<String> {
    let text = text.trim();
    let misplaced = text.starts_with('_') || text.ends_with('_') || text.contains("__");
    (!misplaced).then(|| text.replace('_', ""))
}

/// Python's `int(text, base)`.
pub(super) fn parse_int(text: &str, base: u32) -> Option<i128> {
    let text = plain_digits(text)?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match (base, lower.get(..2)) {
        (16 | 0, Some("0x")) => (16, lower.get(2..)?),
        (8 | 0, Some("0o")) => (8, lower.get(2..)?),
        (2 | 0, Some("0b")) => (2, lower.get(2..)?),
        (0, _) => (10, lower.as_str()),
        (base @ 2..=36, _) => (base, lower.as_str()),
        _ => return None,
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i128::from_str_radix(digits, base).ok()?;
    Some(if negative { -number } else { number })
}

/// Python's `float(text)`.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    plain_digits(text)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_read_as_in_python() {
        for (number, text) in [
            (0.9, "0.9"),
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (100.0, "100.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (9007199254740993.0, "9007199254740992.0"),
            (0.0001, "0.0001"),
            (0.00012, "0.00012"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (12.5, "12.5"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(float_text(number), text);
        }
    }

    #[test]
    fn integers_read_as_in_python() {
        for (text, base, number) in [
            ("12", 10, Some(12)),
            (" -1_000 ", 10, Some(-1000)),
            ("0x1f", 16, Some(31)),
            ("0x1f", 10, None),
            ("1__0", 10, None),
            ("", 10, None),
            ("+-1", 10, None),
            ("1.5", 10, None),
        ] {
            assert_eq!(parse_int(text, base), number, "{text:?}");
        }
    }
}
