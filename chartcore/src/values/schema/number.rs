//! Decimal numbers, exactly: what a schema says and what a value is.

use std::cmp::Ordering;

use crate::data::{Value, number};

/// The largest exponent that is looked at, as in Go's math/big.
const MAX_EXPONENT: i64 = 1_000_000;

/// A decimal number: `0.DIGITS × 10^exponent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    /// Without zeros at either end; none for 0.
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// Reads what JSON and Go write; nothing when the exponent is out of all bounds.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse().ok()?),
            None => (text, 0),
        };
        if !(-MAX_EXPONENT..=MAX_EXPONENT).contains(&power) {
            return None;
        }
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> =
            whole.bytes().chain(fraction.bytes()).map(|byte| byte.wrapping_sub(b'0')).collect();
        if digits.is_empty() || digits.iter().any(|&digit| digit > 9) {
            return None;
        }
        let mut exponent = power + i64::try_from(whole.len()).ok()?;
        let leading = digits.iter().take_while(|&&digit| digit == 0).count();
        digits.drain(..leading);
        exponent -= i64::try_from(leading).ok()?;
        while digits.last() == Some(&0) {
            digits.pop();
        }
        if digits.is_empty() {
            return Some(Self { negative: false, digits, exponent: 0 });
        }
        Some(Self { negative, digits, exponent })
    }

    /// The number a value is; nothing unless it is a finite one.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Int(number) => Self::parse(&number.to_string()),
            Value::Float(float) => {
                let mut text = Vec::new();
                number::write_v(&mut text, *float);
                Self::parse(std::str::from_utf8(&text).ok()?)
            }
            _ => None,
        }
    }

    /// Whether it is whole.
    pub(super) fn is_integer(&self) -> bool {
        i64::try_from(self.digits.len()).is_ok_and(|length| length <= self.exponent) || self.digits.is_empty()
    }

    /// The number as an i64, if it is whole; too large ones are cut to the bounds.
    pub(super) fn to_i64(&self) -> Option<i64> {
        if !self.is_integer() {
            return None;
        }
        let mut number: i64 = 0;
        for place in 0..self.exponent.min(20) {
            let digit =
                usize::try_from(place).ok().and_then(|place| self.digits.get(place)).copied().unwrap_or(0);
            number = number.saturating_mul(10).saturating_add(i64::from(digit));
        }
        Some(if self.negative { -number } else { number })
    }

    /// Whether it is `divisor` times a whole number.
    pub(super) fn is_multiple_of(&self, divisor: &Self) -> bool {
        if self.digits.is_empty() {
            return true;
        }
        if divisor.digits.is_empty() {
            return false;
        }
        // Both as digits × 10^power; the quotient of the powers is brought to the left.
        let power = |decimal: &Self| decimal.exponent - decimal.digits.len() as i64;
        let shift = power(self) - power(divisor);
        let mut small: u128 = 0;
        for &digit in &divisor.digits {
            // Nobody counts in steps of more than 37 digits.
            match small.checked_mul(10).and_then(|small| small.checked_add(digit.into())) {
                Some(next) if next < u128::MAX / 16 => small = next,
                _ => return false,
            }
        }
        // The left side does not end in a zero, so nothing is a multiple of more tens.
        // Nor does anybody count in steps below the smallest float64.
        if !(0..=2_000).contains(&shift) {
            return false;
        }
        let mut rest: u128 = 0;
        for &digit in &self.digits {
            rest = (rest * 10 + u128::from(digit)) % small;
        }
        for _ in 0..shift {
            if rest == 0 {
                break;
            }
            rest = rest * 10 % small;
        }
        rest == 0
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |decimal: &Self| if decimal.digits.is_empty() { i64::MIN } else { decimal.exponent };
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (negative, _) => {
                let order = size(self).cmp(&size(other)).then_with(|| self.digits.cmp(&other.digits));
                if negative { order.reverse() } else { order }
            }
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Decimal {
    /// The number as messages print it: `12,345.678`, `1.5×10⁰⁷`.
    pub(super) fn localized(&self) -> String {
        let mut text = String::new();
        if self.negative {
            text.push('-');
        }
        text.push_str("0.");
        text.extend(self.digits.iter().map(|digit| char::from(b'0' + digit)));
        text.push_str(&format!("e{}", self.exponent));
        let float: f64 = text.parse().unwrap_or_default();
        let mut plain = Vec::new();
        number::write_v(&mut plain, float);
        let plain = String::from_utf8_lossy(&plain);
        match plain.split_once('e') {
            None => grouped(&plain),
            Some((mantissa, power)) => {
                let raised = power.chars().filter_map(|letter| match letter {
                    '-' => Some('⁻'),
                    '0'..='9' => "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(letter as usize - '0' as usize),
                    _ => None,
                });
                format!("{mantissa}×10{}", raised.collect::<String>())
            }
        }
    }
}

/// A plain decimal number with a comma after each three places.
pub(super) fn grouped(plain: &str) -> String {
    let (sign, rest) = match plain.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", plain),
    };
    let (whole, fraction) = match rest.find('.') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let mut out = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(fraction);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn numbers_compare_as_decimals() {
        let sorted = [
            "-1e5",
            "-10",
            "-9.5",
            "-0.1",
            "0",
            "1e-7",
            "0.1",
            "0.12",
            "1",
            "1.0000000000000000001",
            "10",
            "1e22",
        ];
        for pair in sorted.windows(2) {
            assert!(decimal(pair[0]) < decimal(pair[1]), "{pair:?}");
        }
        assert_eq!(decimal("100"), decimal("1.00e2"));
        assert_eq!(decimal("-0.0"), decimal("0"));
        assert!(decimal("1e2").is_integer() && decimal("0").is_integer() && !decimal("1.5").is_integer());
        assert_eq!(decimal("-120").to_i64(), Some(-120));
        assert_eq!(Decimal::parse("1e2000000"), None);
    }

    #[test]
    fn multiples_are_exact() {
        assert!(decimal("0.3").is_multiple_of(&decimal("0.1")));
        assert!(!decimal("1e300").is_multiple_of(&decimal("7e299")));
        assert!(decimal("10").is_multiple_of(&decimal("2.5")));
        assert!(!decimal("0.015").is_multiple_of(&decimal("0.01")));
        assert!(!decimal("1").is_multiple_of(&decimal("10")));
    }

    #[test]
    fn numbers_print_as_in_messages() {
        for (text, expected) in [
            ("1000", "1,000"),
            ("12345.678", "12,345.678"),
            ("-12345678", "-1.2345678×10⁰⁷"),
            ("0.00001", "1×10⁻⁰⁵"),
            ("1e300", "1×10³⁰⁰"),
            ("0", "0"),
        ] {
            assert_eq!(decimal(text).localized(), expected);
        }
    }
}
