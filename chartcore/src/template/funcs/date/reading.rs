//! Times read by Go's layouts. Go: time/format.go, `Parse`.

use super::civil::{self, MONTHS, WEEKDAYS};
use super::layout::{Element, Offset, next_element};
use super::time::{Moment, Time};
use super::zone::Zone;

/// Why an element of a value cannot be read.
enum Problem {
    /// It does not look like the element.
    Bad,
    /// It does, but says too much: which field.
    Range(&'static str),
}

/// What has been read of a value.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanoseconds: i64,
    before_noon: bool,
    after_noon: bool,
    is_utc: bool,
    offset: Option<i64>,
    abbreviation: Vec<u8>,
}

/// Reads `value` by `layout`. What names no zone is taken for a time of `zone`.
///
/// Go: `time.ParseInLocation`.
///
/// # Errors
/// Go's text: `parsing time "..." as "...": cannot parse "..." as "..."`.
pub(super) fn parse(layout: &[u8], value: &[u8], zone: &Zone) -> Result<Time, String> {
    let mut fields = Fields::default();
    let (mut rest, mut left) = (layout, value);
    loop {
        let (text, found, after) = next_element(rest);
        left = skip(left, text).map_err(|at| mismatch(layout, value, text, at))?;
        let Some((element, written)) = found else {
            if !left.is_empty() {
                return Err(failure(value, &format!("extra text: {}", quoted(left))));
            }
            break;
        };
        rest = after;
        let before = left;
        match fields.read(element, &mut left, rest) {
            Ok(()) => {}
            Err(Problem::Bad) => return Err(mismatch(layout, value, written, before)),
            Err(Problem::Range(field)) => return Err(failure(value, &format!("{field} out of range"))),
        }
    }
    fields.time(zone).map_err(|problem| failure(value, problem))
}

fn mismatch(layout: &[u8], value: &[u8], element: &[u8], left: &[u8]) -> String {
    let (value, layout) = (quoted(value), quoted(layout));
    format!("parsing time {value} as {layout}: cannot parse {} as {}", quoted(left), quoted(element))
}

fn failure(value: &[u8], problem: &str) -> String {
    format!("parsing time {}: {problem}", quoted(value))
}

/// Quotes as package time does, which is not as Go does elsewhere: beyond ASCII, bytes in hexadecimal.
pub(super) fn quoted(text: &[u8]) -> String {
    let mut out = String::from("\"");
    for &byte in text {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b' '..=0x7f => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

/// Takes literal text off a value, any run of blanks for any other; what is left on failure.
fn skip<'v>(mut value: &'v [u8], mut text: &[u8]) -> Result<&'v [u8], &'v [u8]> {
    let cut = |text: &[u8]| text.iter().take_while(|&&byte| byte == b' ').count();
    while let Some((&first, after)) = text.split_first() {
        if first == b' ' {
            if value.first().is_some_and(|&byte| byte != b' ') {
                return Err(value);
            }
            text = &text[cut(text)..];
            value = &value[cut(value)..];
            continue;
        }
        match value.split_first() {
            Some((&byte, rest)) if byte == first => (value, text) = (rest, after),
            _ => return Err(value),
        }
    }
    Ok(value)
}

impl Fields {
    /// Reads one element off the value; `layout` is what follows the element.
    fn read(&mut self, element: Element, value: &mut &[u8], layout: &[u8]) -> Result<(), Problem> {
        use Element as E;
        match element {
            E::Year => {
                let year = signed(take(value, 2)?)?;
                self.year = if year >= 69 { year + 1900 } else { year + 2000 };
            }
            E::LongYear => {
                if value.len() < 4 || !value[0].is_ascii_digit() {
                    return Err(Problem::Bad);
                }
                self.year = signed(take(value, 4)?)?;
            }
            E::Month => self.month = Some(name(value, MONTHS.iter().map(|month| &month[..3]))? + 1),
            E::LongMonth => self.month = Some(name(value, MONTHS.into_iter())? + 1),
            E::NumMonth | E::ZeroMonth => {
                let month = number(value, element == E::ZeroMonth)?;
                self.month = Some(month);
                within(month, 1, 12, "month")?;
            }
            E::Weekday => drop(name(value, WEEKDAYS.iter().map(|day| &day[..3]))?),
            E::LongWeekday => drop(name(value, WEEKDAYS.into_iter())?),
            E::Day | E::UnderDay | E::ZeroDay => {
                if element == E::UnderDay {
                    *value = value.strip_prefix(b" ").unwrap_or(value);
                }
                self.day = Some(number(value, element == E::ZeroDay)?);
            }
            E::UnderYearDay | E::ZeroYearDay => {
                if element == E::UnderYearDay {
                    for _ in 0..2 {
                        *value = value.strip_prefix(b" ").unwrap_or(value);
                    }
                }
                let digits = value.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
                if digits == 0 || element == E::ZeroYearDay && digits != 3 {
                    return Err(Problem::Bad);
                }
                self.year_day = Some(decimal(take(value, digits)?));
            }
            E::Hour => {
                self.hour = number(value, false)?;
                within(self.hour, 0, 23, "hour")?;
            }
            E::Hour12 | E::ZeroHour12 => {
                self.hour = number(value, element == E::ZeroHour12)?;
                within(self.hour, 0, 12, "hour")?;
            }
            E::Minute | E::ZeroMinute => {
                self.minute = number(value, element == E::ZeroMinute)?;
                within(self.minute, 0, 59, "minute")?;
            }
            E::Second | E::ZeroSecond => {
                self.second = number(value, element == E::ZeroSecond)?;
                within(self.second, 0, 59, "second")?;
                self.read_unannounced_fraction(value, layout)?;
            }
            E::UpperHalf | E::LowerHalf => {
                let half = take(value, 2)?;
                let (before, after): (&[u8], &[u8]) =
                    if element == E::UpperHalf { (b"AM", b"PM") } else { (b"am", b"pm") };
                if half == after {
                    self.after_noon = true;
                } else if half == before {
                    self.before_noon = true;
                } else {
                    return Err(Problem::Bad);
                }
            }
            E::Offset(form) => match value.strip_prefix(b"Z") {
                Some(rest) if form.z => {
                    *value = rest;
                    self.is_utc = true;
                }
                _ => self.read_offset(form, value)?,
            },
            E::Abbreviation => match value.strip_prefix(b"UTC") {
                Some(rest) => {
                    *value = rest;
                    self.is_utc = true;
                }
                None => {
                    let length = abbreviation_length(value).ok_or(Problem::Bad)?;
                    self.abbreviation = take(value, length)?.to_vec();
                }
            },
            E::Fraction { digits, trimmed: false, .. } => {
                self.nanoseconds = fraction(take(value, 1 + digits)?)?;
            }
            E::Fraction { .. } => {
                if let [b'.' | b',', digits @ ..] = *value {
                    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    if length > 0 {
                        self.nanoseconds = fraction(take(value, 1 + length)?)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads a fraction behind the seconds where the layout has none.
    fn read_unannounced_fraction(&mut self, value: &mut &[u8], layout: &[u8]) -> Result<(), Problem> {
        let [b'.' | b',', digits @ ..] = *value else { return Ok(()) };
        let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let announced = matches!(next_element(layout).1, Some((Element::Fraction { .. }, _)));
        if length > 0 && !announced {
            self.nanoseconds = fraction(take(value, 1 + length)?)?;
        }
        Ok(())
    }

    fn read_offset(&mut self, form: Offset, value: &mut &[u8]) -> Result<(), Problem> {
        let colon = usize::from(form.colons);
        let parts = 1 + usize::from(form.minutes) + usize::from(form.seconds);
        let text = take(value, 1 + parts * 2 + (parts - 1) * colon)?;
        let mut digits: [&[u8]; 3] = [b"00"; 3];
        for (index, part) in digits.iter_mut().enumerate().take(parts) {
            let at = 1 + index * (2 + colon);
            if index > 0 && form.colons && text[at - 1] != b':' {
                return Err(Problem::Bad);
            }
            *part = &text[at..at + 2];
        }
        // Ranges are complained of before anything else.
        let mut numbers = [0; 3];
        let mut bad = false;
        for (number, part) in numbers.iter_mut().zip(digits) {
            bad = bad || !part.iter().all(u8::is_ascii_digit);
            if !bad {
                *number = decimal(part);
            }
        }
        let fields = ["time zone offset hour", "time zone offset minute", "time zone offset second"];
        for (index, limit) in [(2, 60), (1, 60), (0, 24)] {
            within(numbers[index], 0, limit, fields[index])?;
        }
        let seconds = (numbers[0] * 60 + numbers[1]) * 60 + numbers[2];
        self.offset = match text[0] {
            _ if bad => return Err(Problem::Bad),
            b'+' => Some(seconds),
            b'-' => Some(-seconds),
            _ => return Err(Problem::Bad),
        }
        // Go has no better word for no offset than -1.
        .filter(|&seconds| seconds != -1);
        Ok(())
    }

    /// The time the fields stand for.
    fn time(self, zone: &Zone) -> Result<Time, &'static str> {
        let hour = match self.hour {
            hour if self.after_noon && hour < 12 => hour + 12,
            12 if self.before_noon => 0,
            hour => hour,
        };
        let (month, day) = match self.year_day {
            Some(year_day) => self.month_and_day(year_day)?,
            None => (self.month.unwrap_or(1), self.day.unwrap_or(1)),
        };
        if day < 1 || day > civil::days_in(month, self.year) {
            return Err("day out of range");
        }
        let seconds =
            civil::days(self.year, month, day) * 86_400 + hour * 3_600 + self.minute * 60 + self.second;
        let nanoseconds = self.nanoseconds as u32;
        let time = |seconds: i64, zone: Zone| Ok(Time::new(Moment { seconds, nanoseconds }, zone));
        if self.is_utc {
            return time(seconds, Zone::UTC);
        }
        if let Some(offset) = self.offset {
            let moment = seconds - offset;
            let clock = zone.clock(moment);
            let known = clock.offset == offset
                && (self.abbreviation.is_empty() || clock.name.as_bytes() == self.abbreviation);
            return time(moment, if known { zone.clone() } else { Zone::fixed(self.abbreviation, offset) });
        }
        if self.abbreviation.is_empty() {
            return time(zone.moment(seconds), zone.clone());
        }
        if let Some(offset) = zone.offset_of(&self.abbreviation, seconds) {
            return time(seconds - offset, zone.clone());
        }
        let hours = self.abbreviation.strip_prefix(b"GMT").filter(|hours| !hours.is_empty());
        let offset = hours.and_then(|hours| signed(hours).ok()).unwrap_or(0) * 3_600;
        time(seconds, Zone::fixed(self.abbreviation, offset))
    }

    fn month_and_day(&self, year_day: i64) -> Result<(i64, i64), &'static str> {
        const LEAP_DAY: i64 = 31 + 29;
        let (mut year_day, mut found) = (year_day, None);
        if civil::is_leap(self.year) {
            match year_day {
                LEAP_DAY => found = Some((2, 29)),
                later if later > LEAP_DAY => year_day -= 1,
                _ => {}
            }
        }
        if !(1..=365).contains(&year_day) {
            return Err("day-of-year out of range");
        }
        let (month, day) = found.unwrap_or_else(|| {
            let month = (1..=12).rev().find(|&month| civil::days_before(month) < year_day).unwrap_or(1);
            (month, year_day - civil::days_before(month))
        });
        if self.month.is_some_and(|known| known != month) {
            return Err("day-of-year does not match month");
        }
        if self.day.is_some_and(|known| known != day) {
            return Err("day-of-year does not match day");
        }
        Ok((month, day))
    }
}

fn within(number: i64, low: i64, high: i64, field: &'static str) -> Result<(), Problem> {
    if (low..=high).contains(&number) { Ok(()) } else { Err(Problem::Range(field)) }
}

/// Takes so many bytes off a value.
fn take<'v>(value: &mut &'v [u8], length: usize) -> Result<&'v [u8], Problem> {
    let (taken, rest) = value.split_at_checked(length).ok_or(Problem::Bad)?;
    *value = rest;
    Ok(taken)
}

/// Takes one or two digits, or exactly two.
fn number(value: &mut &[u8], two: bool) -> Result<i64, Problem> {
    let digits = value.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || two && digits != 2 {
        return Err(Problem::Bad);
    }
    Ok(decimal(take(value, digits)?))
}

/// Takes one of several names, in upper or lower case. Says which.
fn name<'n>(value: &mut &[u8], mut names: impl Iterator<Item = &'n str>) -> Result<i64, Problem> {
    let begins = |name: &'n str| {
        let begin = value.get(..name.len())?;
        begin.eq_ignore_ascii_case(name.as_bytes()).then_some(name.len())
    };
    let mut index = 0;
    let length = names.find_map(|name| {
        let length = begins(name);
        index += i64::from(length.is_none());
        length
    });
    take(value, length.ok_or(Problem::Bad)?)?;
    Ok(index)
}

fn decimal(digits: &[u8]) -> i64 {
    digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
}

/// Digits with an optional sign; no digits are 0. At most ten bytes come here.
fn signed(text: &[u8]) -> Result<i64, Problem> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if !digits.iter().all(u8::is_ascii_digit) || digits.len() > 18 {
        return Err(Problem::Bad);
    }
    Ok(if negative { -decimal(digits) } else { decimal(digits) })
}

/// The nanoseconds of a separator and digits; more than nine digits are cut off.
fn fraction(text: &[u8]) -> Result<i64, Problem> {
    let (Some(b'.' | b','), digits) = (text.first(), &text[1..]) else { return Err(Problem::Bad) };
    let digits = &digits[..digits.len().min(9)];
    let number = signed(digits)?;
    if number < 0 {
        return Err(Problem::Range("fractional second"));
    }
    Ok(number * 10_i64.pow(9 - digits.len() as u32))
}

/// How long the abbreviation of a zone is that begins a value. Go: `parseTimeZone`.
fn abbreviation_length(value: &[u8]) -> Option<usize> {
    if value.len() < 3 {
        return None;
    }
    if value.starts_with(b"ChST") || value.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = value.strip_prefix(b"GMT") {
        return Some(3 + signed_hours_length(rest));
    }
    if matches!(value[0], b'+' | b'-') {
        return Some(signed_hours_length(value)).filter(|&length| length > 0);
    }
    match value.iter().take(6).take_while(|byte| byte.is_ascii_uppercase()).count() {
        3 => Some(3),
        4 if value[3] == b'T' || value.starts_with(b"WITA") => Some(4),
        5 if value[4] == b'T' => Some(5),
        _ => None,
    }
}

/// How long `+3` or `-11` is at the beginning of a text; 0 when there is none or it is beyond 23.
fn signed_hours_length(text: &[u8]) -> usize {
    let [b'+' | b'-', rest @ ..] = text else { return 0 };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let significant = rest[..digits].iter().skip_while(|&&byte| byte == b'0').count();
    if digits == 0 || significant > 2 || decimal(&rest[digits - significant..digits]) > 23 {
        return 0;
    }
    1 + digits
}
