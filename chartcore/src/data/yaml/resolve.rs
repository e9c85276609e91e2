//! What a plain scalar is: go-yaml v2's reading of YAML 1.1.

use crate::data::number;

/// What stands for `!!` unless a `%TAG` says otherwise.
pub(super) const LONG_TAG: &str = "tag:yaml.org,2002:";

/// A scalar's value, as Go's `interface{}` would hold it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Resolved {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    /// Only under `!!timestamp`; without that tag it stays text.
    Timestamp,
    /// The text itself.
    Text,
}

impl Resolved {
    /// The tag go-yaml names it by.
    pub(super) fn short_tag(self) -> &'static str {
        match self {
            Self::Null => "!!null",
            Self::Bool(_) => "!!bool",
            Self::Int(_) | Self::Uint(_) => "!!int",
            Self::Float(_) => "!!float",
            Self::Timestamp => "!!timestamp",
            Self::Text => "!!str",
        }
    }
}

/// What a first byte may be the start of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hint {
    Text,
    Word,
    Number,
    Dot,
}

const fn hints() -> [Hint; 256] {
    let mut table = [Hint::Text; 256];
    let words = b"yYnNtTfFoO~";
    let mut index = 0;
    while index < words.len() {
        table[words[index] as usize] = Hint::Word;
        index += 1;
    }
    let numbers = b"+-0123456789";
    let mut index = 0;
    while index < numbers.len() {
        table[numbers[index] as usize] = Hint::Number;
        index += 1;
    }
    table[b'.' as usize] = Hint::Dot;
    table
}

static HINTS: [Hint; 256] = hints();

/// Resolves a plain scalar without a tag.
#[inline]
pub(super) fn resolve(text: &[u8]) -> Resolved {
    let Some(&first) = text.first() else { return Resolved::Null };
    match HINTS[usize::from(first)] {
        Hint::Text => Resolved::Text,
        Hint::Word => word(text),
        Hint::Number => number(text),
        Hint::Dot => dot(text),
    }
}

fn word(text: &[u8]) -> Resolved {
    match text {
        b"y" | b"Y" | b"yes" | b"Yes" | b"YES" | b"true" | b"True" | b"TRUE" | b"on" | b"On" | b"ON" => {
            Resolved::Bool(true)
        }
        b"n" | b"N" | b"no" | b"No" | b"NO" | b"false" | b"False" | b"FALSE" | b"off" | b"Off" | b"OFF" => {
            Resolved::Bool(false)
        }
        b"~" | b"null" | b"Null" | b"NULL" => Resolved::Null,
        _ => Resolved::Text,
    }
}

fn dot(text: &[u8]) -> Resolved {
    match text {
        b".nan" | b".NaN" | b".NAN" => Resolved::Float(f64::NAN),
        b".inf" | b".Inf" | b".INF" => Resolved::Float(f64::INFINITY),
        _ => number::parse_float(text).map_or(Resolved::Text, Resolved::Float),
    }
}

fn number(text: &[u8]) -> Resolved {
    if text.len() <= 18 && text[0] != b'0' && text.iter().all(u8::is_ascii_digit) {
        return Resolved::Int(text.iter().fold(0, |number, byte| number * 10 + i64::from(byte - b'0')));
    }
    match text {
        b"+.inf" | b"+.Inf" | b"+.INF" => return Resolved::Float(f64::INFINITY),
        b"-.inf" | b"-.Inf" | b"-.INF" => return Resolved::Float(f64::NEG_INFINITY),
        _ => {}
    }
    // Most texts that start with a digit are none of these; the second byte usually tells.
    let stripped: Vec<u8>;
    let plain = if text.contains(&b'_') {
        stripped = text.iter().copied().filter(|&byte| byte != b'_').collect();
        &stripped
    } else {
        text
    };
    if let Some(number) = number::parse_int(plain) {
        return Resolved::Int(number);
    }
    if let Some(number) = number::parse_uint(plain) {
        return Resolved::Uint(number);
    }
    if is_yaml_float(plain)
        && let Some(number) = number::parse_float(plain)
    {
        return Resolved::Float(number);
    }
    // Go: yaml/resolve.go. After `0b` a second sign may stand.
    if let Some(digits) = plain.strip_prefix(b"0b") {
        if let Some(number) = number::parse_int_in(digits, 2) {
            return Resolved::Int(number);
        }
    } else if let Some(digits) = plain.strip_prefix(b"-0b")
        && let Some(number) = number::parse_int_in(&[b"-", digits].concat(), 2)
    {
        return Resolved::Int(number);
    }
    Resolved::Text
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_yaml_float(text: &[u8]) -> bool {
    let digits = |text: &mut &[u8]| {
        let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        *text = &text[count..];
        count
    };
    let mut rest = text.strip_prefix(b"+").or_else(|| text.strip_prefix(b"-")).unwrap_or(text);
    let whole = digits(&mut rest);
    if let Some(after) = rest.strip_prefix(b".") {
        rest = after;
        if digits(&mut rest) == 0 && whole == 0 {
            return false;
        }
    } else if whole == 0 {
        return false;
    }
    if let Some(after) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        rest = after.strip_prefix(b"+").or_else(|| after.strip_prefix(b"-")).unwrap_or(after);
        if digits(&mut rest) == 0 {
            return false;
        }
    }
    rest.is_empty()
}

/// Whether it is one of the timestamps go-yaml knows: a date, or a date and a time of its three layouts.
pub(super) fn is_timestamp(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let Some((year, rest)) = text.split_once('-') else { return false };
    if year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let Some((month, rest)) = take_number(rest, 1..=12) else { return false };
    let Some(rest) = rest.strip_prefix('-') else { return false };
    let Some((day, rest)) = take_number(rest, 1..=31) else { return false };
    let year: u32 = year.parse().unwrap_or(0);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if day > days {
        return false;
    }
    if rest.is_empty() {
        return true;
    }
    let zoned = rest.starts_with(['T', 't']);
    let Some(rest) = rest.strip_prefix(['T', 't', ' ']) else { return false };
    // Go skips a run of blanks in the text where the layout has one.
    let rest = if zoned { rest } else { rest.trim_start_matches(' ') };
    let clock = take_number(rest, 0..=23)
        .and_then(|(_, rest)| take_number(rest.strip_prefix(':')?, 0..=59))
        .and_then(|(_, rest)| take_number(rest.strip_prefix(':')?, 0..=59));
    let Some((_, mut rest)) = clock else { return false };
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return false;
        }
        rest = &fraction[digits..];
    }
    if !zoned {
        return rest.is_empty();
    }
    if rest == "Z" {
        return true;
    }
    let Some(zone) = rest.strip_prefix(['+', '-']) else { return false };
    let two = |text: &str, limit: u32| {
        text.len() == 2
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse::<u32>().is_ok_and(|number| number <= limit)
    };
    zone.split_once(':').is_some_and(|(hours, minutes)| two(hours, 24) && two(minutes, 60))
}

fn take_number(text: &str, range: std::ops::RangeInclusive<u32>) -> Option<(u32, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let number = text[..digits].parse().ok().filter(|number| range.contains(number))?;
    Some((number, &text[digits..]))
}
