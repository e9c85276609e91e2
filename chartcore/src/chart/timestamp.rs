//! The time in Chart.lock, checked and rewritten as Go's time.Time does in JSON.

/// Go's zero time.
pub(super) const NEVER: &str = "0001-01-01T00:00:00Z";

const LAYOUT: &str = "2006-01-02T15:04:05Z07:00";

/// Reads RFC 3339 and writes it again: a fraction without trailing zeros, at most nine digits; offset zero as `Z`.
///
/// # Errors
/// Go's text of the parse error.
pub(crate) fn normalize(text: &str) -> Result<String, String> {
    let mut reader = Reader { text, rest: text };
    let year = reader.digits(4, 4, "2006")?;
    reader.literal("-")?;
    let month = reader.digits(2, 2, "01")?;
    if !(1..=12).contains(&month) {
        return Err(reader.out_of_range("month"));
    }
    reader.literal("-")?;
    let day = reader.digits(2, 2, "02")?;
    reader.literal("T")?;
    let hour = reader.digits(1, 2, "15")?;
    if hour > 23 {
        return Err(reader.out_of_range("hour"));
    }
    reader.literal(":")?;
    let minute = reader.digits(2, 2, "04")?;
    if minute > 59 {
        return Err(reader.out_of_range("minute"));
    }
    reader.literal(":")?;
    let second = reader.digits(2, 2, "05")?;
    if second > 59 {
        return Err(reader.out_of_range("second"));
    }
    let fraction = reader.fraction();
    let zone = reader.zone()?;
    if !reader.rest.is_empty() {
        return Err(format!("parsing time {}: extra text: {}", quote(text), quote(reader.rest)));
    }
    if day == 0 || day > days_in(year, month) {
        return Err(reader.out_of_range("day"));
    }
    Ok(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}

/// The time so many seconds after 1970, as Go writes it.
pub(crate) fn from_seconds(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years of 365 or 366 days, counted from the first of March of the year 0.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn quote(text: &str) -> String {
    crate::files::quote(text)
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl Reader<'_> {
    fn mismatch(&self, element: &str) -> String {
        let (text, rest) = (quote(self.text), quote(self.rest));
        format!("parsing time {text} as \"{LAYOUT}\": cannot parse {rest} as \"{element}\"")
    }

    fn out_of_range(&self, what: &str) -> String {
        format!("parsing time {}: {what} out of range", quote(self.text))
    }

    fn literal(&mut self, literal: &str) -> Result<(), String> {
        self.rest = self.rest.strip_prefix(literal).ok_or_else(|| self.mismatch(literal))?;
        Ok(())
    }

    fn digits(&mut self, least: usize, most: usize, element: &str) -> Result<u32, String> {
        let count = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if count < least {
            return Err(self.mismatch(element));
        }
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        digits.parse().map_err(|_| self.mismatch(element))
    }

    fn fraction(&mut self) -> String {
        let Some(digits) = self.rest.strip_prefix(['.', ',']) else { return String::new() };
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return String::new();
        }
        self.rest = &digits[count..];
        let kept = digits[..count.min(9)].trim_end_matches('0');
        if kept.is_empty() { String::new() } else { format!(".{kept}") }
    }

    fn zone(&mut self) -> Result<String, String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok("Z".to_string());
        }
        let bytes = self.rest.as_bytes();
        let shaped = bytes.len() >= 6
            && matches!(bytes[0], b'+' | b'-')
            && bytes[3] == b':'
            && [1, 2, 4, 5].iter().all(|&at| bytes[at].is_ascii_digit());
        if !shaped {
            return Err(self.mismatch("Z07:00"));
        }
        let number = |at: usize| u32::from(bytes[at] - b'0') * 10 + u32::from(bytes[at + 1] - b'0');
        let (hours, minutes) = (number(1), number(4));
        if hours > 24 {
            return Err(self.out_of_range("time zone offset hour"));
        }
        if minutes > 60 {
            return Err(self.out_of_range("time zone offset minute"));
        }
        let (zone, rest) = self.rest.split_at(6);
        let zone = if (hours, minutes) == (0, 0) { "Z" } else { zone };
        let zone = zone.to_string();
        self.rest = rest;
        Ok(zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_from_1970() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_827_696, "2000-02-29T12:34:56Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
        ] {
            assert_eq!(from_seconds(seconds), text);
        }
    }
}
