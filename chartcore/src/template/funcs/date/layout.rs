//! Go's layouts: the reference time, written the way times shall be written. Go: time/format.go.
//!
//! Here is what a layout is made of, and how times are written by it; [`super::reading`] is the way back.

use super::civil::{MONTHS, WEEKDAYS};
use super::time::Time;

/// How an offset from Greenwich is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    /// `Z` for Greenwich itself.
    pub(super) z: bool,
    pub(super) colons: bool,
    pub(super) minutes: bool,
    pub(super) seconds: bool,
}

/// One element of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperHalf,
    LowerHalf,
    Abbreviation,
    Offset(Offset),
    /// So many digits, behind this separator; whether zeros at the end are left out.
    Fraction {
        digits: usize,
        separator: u8,
        trimmed: bool,
    },
}

/// The offsets by how the reference time has them, where one begins another the longer one first.
const OFFSETS: [(&[u8], bool, bool, bool); 5] = [
    (b"070000", false, true, true),
    (b"07:00:00", true, true, true),
    (b"0700", false, true, false),
    (b"07:00", true, true, false),
    (b"07", false, false, false),
];

/// The text before an element, the element with its own text, and what follows it.
pub(super) type Split<'l> = (&'l [u8], Option<(Element, &'l [u8])>, &'l [u8]);

/// Splits a layout at its first element.
pub(super) fn next_element(layout: &[u8]) -> Split<'_> {
    for at in 0..layout.len() {
        if let Some((element, skip, length)) = element_at(&layout[at..]) {
            let start = at + skip;
            return (
                &layout[..start],
                Some((element, &layout[start..start + length])),
                &layout[start + length..],
            );
        }
    }
    (layout, None, b"")
}

/// The element that begins a text, how far from its beginning, and how long it is.
fn element_at(text: &[u8]) -> Option<(Element, usize, usize)> {
    use Element as E;
    let lower_follows = |at: usize| text.get(at).is_some_and(u8::is_ascii_lowercase);
    let found = match text.first()? {
        b'J' if text.starts_with(b"January") => (E::LongMonth, 7),
        b'J' if text.starts_with(b"Jan") && !lower_follows(3) => (E::Month, 3),
        b'M' if text.starts_with(b"Monday") => (E::LongWeekday, 6),
        b'M' if text.starts_with(b"Mon") && !lower_follows(3) => (E::Weekday, 3),
        b'M' if text.starts_with(b"MST") => (E::Abbreviation, 3),
        b'0' => match (text.get(1)?, text.get(2)) {
            (b'1', _) => (E::ZeroMonth, 2),
            (b'2', _) => (E::ZeroDay, 2),
            (b'3', _) => (E::ZeroHour12, 2),
            (b'4', _) => (E::ZeroMinute, 2),
            (b'5', _) => (E::ZeroSecond, 2),
            (b'6', _) => (E::Year, 2),
            (b'0', Some(b'2')) => (E::ZeroYearDay, 3),
            _ => return None,
        },
        b'1' if text.starts_with(b"15") => (E::Hour, 2),
        b'1' => (E::NumMonth, 1),
        b'2' if text.starts_with(b"2006") => (E::LongYear, 4),
        b'2' => (E::Day, 1),
        // Here the underscore is text.
        b'_' if text.starts_with(b"_2006") => return Some((E::LongYear, 1, 4)),
        b'_' if text.starts_with(b"_2") => (E::UnderDay, 2),
        b'_' if text.starts_with(b"__2") => (E::UnderYearDay, 3),
        b'3' => (E::Hour12, 1),
        b'4' => (E::Minute, 1),
        b'5' => (E::Second, 1),
        b'P' if text.starts_with(b"PM") => (E::UpperHalf, 2),
        b'p' if text.starts_with(b"pm") => (E::LowerHalf, 2),
        sign @ (b'-' | b'Z') => {
            let (written, colons, minutes, seconds) =
                OFFSETS.into_iter().find(|(written, ..)| text[1..].starts_with(written))?;
            let offset = Offset { z: *sign == b'Z', colons, minutes, seconds };
            (E::Offset(offset), 1 + written.len())
        }
        separator @ (b'.' | b',') => {
            let digit = *text.get(1).filter(|digit| matches!(digit, b'0' | b'9'))?;
            let length = text[1..].iter().take_while(|&&byte| byte == digit).count();
            if text.get(1 + length).is_some_and(u8::is_ascii_digit) {
                return None;
            }
            // Go keeps the number of digits in twelve bits.
            let digits = length & 0xfff;
            (E::Fraction { digits, separator: *separator, trimmed: digit == b'9' }, 1 + length)
        }
        _ => return None,
    };
    Some((found.0, 0, found.1))
}

/// Appends a number with zeros in front to a width that does not count the sign.
fn push_number(out: &mut Vec<u8>, number: i64, width: usize) {
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(format!("{:0width$}", number.unsigned_abs()).as_bytes());
}

/// Appends `time` as `layout` says. Go: `Time.AppendFormat`.
pub(super) fn write(out: &mut Vec<u8>, time: &Time, layout: &[u8]) {
    use Element as E;
    let clock = time.zone().clock(time.seconds());
    let (date, second_of_day) = time.date_and_second();
    let (hour, minute, second) = (second_of_day / 3_600, second_of_day / 60 % 60, second_of_day % 60);
    let month = MONTHS[(date.month - 1) as usize];
    let weekday = WEEKDAYS[time.weekday() as usize];
    let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
    let mut rest = layout;
    loop {
        let (text, found, after) = next_element(rest);
        out.extend_from_slice(text);
        let Some((element, _)) = found else { return };
        rest = after;
        match element {
            E::Year => push_number(out, date.year.abs() % 100, 2),
            E::LongYear => push_number(out, date.year, 4),
            E::Month => out.extend_from_slice(&month.as_bytes()[..3]),
            E::LongMonth => out.extend_from_slice(month.as_bytes()),
            E::NumMonth => push_number(out, date.month, 0),
            E::ZeroMonth => push_number(out, date.month, 2),
            E::Weekday => out.extend_from_slice(&weekday.as_bytes()[..3]),
            E::LongWeekday => out.extend_from_slice(weekday.as_bytes()),
            E::Day => push_number(out, date.day, 0),
            E::UnderDay => out.extend_from_slice(format!("{:2}", date.day).as_bytes()),
            E::ZeroDay => push_number(out, date.day, 2),
            E::UnderYearDay => out.extend_from_slice(format!("{:3}", date.year_day).as_bytes()),
            E::ZeroYearDay => push_number(out, date.year_day, 3),
            E::Hour => push_number(out, hour, 2),
            E::Hour12 => push_number(out, hour12, 0),
            E::ZeroHour12 => push_number(out, hour12, 2),
            E::Minute => push_number(out, minute, 0),
            E::ZeroMinute => push_number(out, minute, 2),
            E::Second => push_number(out, second, 0),
            E::ZeroSecond => push_number(out, second, 2),
            E::UpperHalf => out.extend_from_slice(if hour >= 12 { b"PM" } else { b"AM" }),
            E::LowerHalf => out.extend_from_slice(if hour >= 12 { b"pm" } else { b"am" }),
            E::Offset(offset) => write_offset(out, offset, clock.offset),
            E::Abbreviation if clock.name.is_empty() => {
                let plain = Offset { z: false, colons: false, minutes: true, seconds: false };
                write_offset(out, plain, clock.offset);
            }
            E::Abbreviation => out.extend_from_slice(&clock.name),
            E::Fraction { digits, separator, trimmed } => {
                write_fraction(out, time.nanoseconds(), digits, separator, trimmed);
            }
        }
    }
}

fn write_offset(out: &mut Vec<u8>, form: Offset, offset: i64) {
    if form.z && offset == 0 {
        out.push(b'Z');
        return;
    }
    // The sign is that of the whole minutes.
    let minutes = offset / 60;
    out.push(if minutes < 0 { b'-' } else { b'+' });
    push_number(out, minutes.abs() / 60, 2);
    if form.minutes {
        if form.colons {
            out.push(b':');
        }
        push_number(out, minutes.abs() % 60, 2);
    }
    if form.seconds {
        if form.colons {
            out.push(b':');
        }
        push_number(out, if minutes < 0 { -offset } else { offset } % 60, 2);
    }
}

fn write_fraction(out: &mut Vec<u8>, nanoseconds: u32, digits: usize, separator: u8, trimmed: bool) {
    if trimmed && (digits == 0 || nanoseconds == 0) {
        return;
    }
    out.push(separator);
    let text = format!("{nanoseconds:09}");
    let text = &text[..digits.min(9)];
    if !trimmed {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let text = text.trim_end_matches('0');
    if text.is_empty() {
        out.pop();
    }
    out.extend_from_slice(text.as_bytes());
}
