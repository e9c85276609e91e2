//! Durations. Go: `time.Duration`.

use super::reading::quoted;
use crate::template::funcs::arguments;
use crate::template::{Any, Fault, Method, Scope, Type, print};

pub(super) const SECOND: i64 = 1_000_000_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;

/// The number of nanoseconds `1h30m`, `-1.5s`, `300ms` and the like stand for.
///
/// Go: `time.ParseDuration`.
///
/// # Errors
/// Go's text: `time: invalid duration "..."`, `missing unit in`, `unknown unit`.
pub(super) fn parse(text: &[u8]) -> Result<i64, String> {
    const OVERFLOW: u64 = 1 << 63;
    let invalid = || format!("time: invalid duration {}", quoted(text));
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if rest == b"0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut sum: u64 = 0;
    while !rest.is_empty() {
        let (digits, after) = split_digits(rest);
        let (fraction, after) = match after.strip_prefix(b".") {
            Some(after) => split_digits(after),
            None => (&b""[..], after),
        };
        if digits.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let whole = whole_number(digits).ok_or_else(invalid)?;
        let length = after.iter().take_while(|&&byte| byte != b'.' && !byte.is_ascii_digit()).count();
        let (unit, after) = after.split_at(length);
        rest = after;
        let size: u64 = match unit {
            b"" => return Err(format!("time: missing unit in duration {}", quoted(text))),
            b"ns" => 1,
            b"us" => 1_000,
            unit if unit == "µs".as_bytes() || unit == "μs".as_bytes() => 1_000,
            b"ms" => 1_000_000,
            b"s" => SECOND as u64,
            b"m" => MINUTE as u64,
            b"h" => HOUR as u64,
            _ => {
                let unit = quoted(unit);
                // The message, which holds quotes already, is not quoted again.
                return Err(format!("time: unknown unit {unit} in duration {}", quoted(text)));
            }
        };
        let whole = whole.checked_mul(size).filter(|&whole| whole <= OVERFLOW).ok_or_else(invalid)?;
        let (numerator, scale) = leading_fraction(fraction);
        let part = if numerator > 0 { (numerator as f64 * (size as f64 / scale)) as u64 } else { 0 };
        sum = whole
            .checked_add(part)
            .filter(|&part| part <= OVERFLOW)
            .and_then(|part| sum.checked_add(part))
            .filter(|&sum| sum <= OVERFLOW)
            .ok_or_else(invalid)?;
    }
    if negative {
        return Ok((sum as i64).wrapping_neg());
    }
    i64::try_from(sum).map_err(|_| invalid())
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

fn whole_number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        let number = number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
        (number <= 1 << 63).then_some(number)
    })
}

/// The digits of a fraction as a number and what to divide it by; digits beyond 63 bits are left out.
fn leading_fraction(digits: &[u8]) -> (u64, f64) {
    let (mut number, mut scale) = (0_u64, 1.0);
    for digit in digits {
        if number > ((1 << 63) - 1) / 10 {
            break;
        }
        let next = number * 10 + u64::from(digit - b'0');
        if next > 1 << 63 {
            break;
        }
        number = next;
        scale *= 10.0;
    }
    (number, scale)
}

/// The nearest multiple of `unit`, halves away from zero. Go: `Duration.Round`.
pub(super) fn round(duration: i64, unit: i64) -> i64 {
    if unit <= 0 {
        return duration;
    }
    let rest = duration % unit;
    let less_than_half = rest.unsigned_abs() * 2 < unit.unsigned_abs();
    if less_than_half {
        duration - rest
    } else if duration < 0 {
        (duration - rest).checked_sub(unit).unwrap_or(i64::MIN)
    } else {
        (duration - rest).checked_add(unit).unwrap_or(i64::MAX)
    }
}

/// The multiple of `unit` towards zero. Go: `Duration.Truncate`.
pub(super) fn truncate(duration: i64, unit: i64) -> i64 {
    if unit <= 0 { duration } else { duration - duration % unit }
}

/// So many of a unit, as Go divides: whole ones and the rest apart.
pub(super) fn in_units(duration: i64, unit: i64) -> f64 {
    (duration / unit) as f64 + (duration % unit) as f64 / unit as f64
}

/// What `time.Duration.String` prints.
pub(super) fn text(duration: i64) -> Any {
    let mut out = Vec::new();
    print::write_duration(&mut out, duration);
    Any::Str(out.into())
}

const DURATION: &[Type] = &[Type::Named("time.Duration")];

/// The method of a `time.Duration` that has that name; the receiver is an [`Any::Duration`].
pub(crate) fn method(name: &[u8]) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name.as_bytes() == name)
}

static METHODS: &[Method] = &[
    plain("Abs", |_, arguments| Ok(Any::Duration(receiver(arguments).checked_abs().unwrap_or(i64::MAX)))),
    plain("Hours", |_, arguments| Ok(Any::Float(in_units(receiver(arguments), HOUR)))),
    plain("Microseconds", |_, arguments| Ok(Any::Int64(receiver(arguments) / 1_000))),
    plain("Milliseconds", |_, arguments| Ok(Any::Int64(receiver(arguments) / 1_000_000))),
    plain("Minutes", |_, arguments| Ok(Any::Float(in_units(receiver(arguments), MINUTE)))),
    plain("Nanoseconds", |_, arguments| Ok(Any::Int64(receiver(arguments)))),
    Method {
        name: "Round",
        params: DURATION,
        variadic: false,
        call: |_, arguments| Ok(Any::Duration(round(receiver(arguments), of(arguments, 1)))),
    },
    plain("Seconds", |_, arguments| Ok(Any::Float(in_units(receiver(arguments), SECOND)))),
    plain("String", |_, arguments| Ok(text(receiver(arguments)))),
    Method {
        name: "Truncate",
        params: DURATION,
        variadic: false,
        call: |_, arguments| Ok(Any::Duration(truncate(receiver(arguments), of(arguments, 1)))),
    },
];

const fn plain(name: &'static str, call: fn(&mut Scope<'_>, &[Any]) -> Result<Any, Fault>) -> Method {
    Method { name, params: &[], variadic: false, call }
}

fn receiver(arguments: &[Any]) -> i64 {
    of(arguments, 0)
}

/// A `time.Duration` argument, in nanoseconds.
pub(super) fn of(arguments: &[Any], index: usize) -> i64 {
    match arguments::any(arguments, index) {
        Any::Duration(number) | Any::Int(number) | Any::Int64(number) => *number,
        _ => 0,
    }
}
