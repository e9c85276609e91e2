//! Points in time as records hold them and as Go prints them.

use std::fmt;

use crate::template::Host;

/// A point in time with the offset it was written in; the zero time is nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Time {
    /// Seconds since 1970 and nanoseconds, or nothing.
    instant: Option<(i64, u32)>,
    /// Seconds east of UTC.
    offset: i32,
}

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Time {
    /// What the host's clock says, in UTC.
    pub fn now(host: &dyn Host) -> Self {
        Self { instant: Some(host.now()), offset: 0 }
    }

    /// Reads RFC 3339; an empty text, or one that is none, is the zero time.
    pub fn parse(text: &str) -> Self {
        let Ok(stamp) = text.parse::<jiff::Timestamp>() else { return Self::default() };
        let (seconds, nanos) = (stamp.as_second(), stamp.subsec_nanosecond());
        let (seconds, nanos) =
            if nanos < 0 { (seconds - 1, nanos + 1_000_000_000) } else { (seconds, nanos) };
        // Go's zero time is year 1.
        if seconds == -62_135_596_800 {
            return Self::default();
        }
        let offset = match text.get(text.len().saturating_sub(6)..) {
            Some(zone) if zone.starts_with(['+', '-']) => {
                let part =
                    |range| zone.get(range).and_then(|digits: &str| digits.parse::<i32>().ok()).unwrap_or(0);
                let seconds = part(1..3) * 3600 + part(4..6) * 60;
                if zone.starts_with('-') { -seconds } else { seconds }
            }
            _ => 0,
        };
        Self { instant: Some((seconds, u32::try_from(nanos).unwrap_or(0))), offset }
    }

    /// Whether there is none.
    pub fn is_zero(&self) -> bool {
        self.instant.is_none()
    }

    /// Seconds and nanoseconds since 1970, to compare by; the zero time comes first.
    pub fn instant(&self) -> (i64, u32) {
        self.instant.unwrap_or((i64::MIN, 0))
    }

    /// Year, month, day, hour, minute, second, day of the week.
    fn fields(&self) -> (i64, u32, u32, u32, u32, u32, usize) {
        let seconds = match self.instant {
            Some((seconds, _)) => seconds + i64::from(self.offset),
            None => -62_135_596_800,
        };
        let days = seconds.div_euclid(86_400);
        let rest = u32::try_from(seconds.rem_euclid(86_400)).unwrap_or(0);
        // Howard Hinnant's `civil_from_days`.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let weekday = usize::try_from(days.rem_euclid(7)).unwrap_or(0);
        let small = |number: i64| u32::try_from(number).unwrap_or(0);
        (year, small(month), small(day), rest / 3600, rest / 60 % 60, rest % 60, weekday)
    }

    /// `Mon Jan  2 15:04:05 2006`.
    pub fn ansic(&self) -> String {
        let (year, month, day, hour, minute, second, weekday) = self.fields();
        let weekday = DAYS.get(weekday).copied().unwrap_or_default();
        let month = MONTHS.get(month as usize - 1).copied().unwrap_or_default();
        format!("{weekday} {month} {day:>2} {hour:02}:{minute:02}:{second:02} {year:04}")
    }

    /// RFC 3339 with as many digits as there are, as Go writes JSON.
    pub fn rfc3339(&self) -> String {
        let (year, month, day, hour, minute, second, _) = self.fields();
        let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        text.push_str(&self.fraction());
        text.push_str(&self.zone(":", "Z"));
        text
    }

    /// RFC 3339 in whole seconds.
    pub fn rfc3339_seconds(&self) -> String {
        let whole = Self { instant: self.instant.map(|(seconds, _)| (seconds, 0)), offset: self.offset };
        whole.rfc3339()
    }

    /// As Go's `time.Time` prints itself: `2006-01-02 15:04:05.999999999 -0700 MST`.
    pub fn go_text(&self) -> String {
        let (year, month, day, hour, minute, second, _) = self.fields();
        let fraction = self.fraction();
        let zone = self.zone("", "+0000");
        let name = if self.offset == 0 { "UTC".to_owned() } else { zone.clone() };
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction} {zone} {name}")
    }

    fn fraction(&self) -> String {
        match self.instant {
            Some((_, nanos)) if nanos > 0 => {
                let digits = format!("{nanos:09}");
                format!(".{}", digits.trim_end_matches('0'))
            }
            _ => String::new(),
        }
    }

    fn zone(&self, between: &str, utc: &str) -> String {
        if self.offset == 0 {
            return utc.to_owned();
        }
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.unsigned_abs() / 60;
        format!("{sign}{:02}{between}{:02}", minutes / 60, minutes % 60)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Go printed these.
    #[test]
    fn times_print_as_gos() {
        let time = Time::parse("2026-11-21T00:05:09.120034Z");
        assert_eq!(time.ansic(), "Sat Nov 21 00:05:09 2026");
        assert_eq!(time.rfc3339(), "2026-11-21T00:05:09.120034Z");
        assert_eq!(time.go_text(), "2026-11-21 00:05:09.120034 +0000 UTC");
        let time = Time::parse("2024-02-03T04:05:06+02:00");
        assert_eq!(time.ansic(), "Sat Feb  3 04:05:06 2024");
        assert_eq!(time.rfc3339(), "2024-02-03T04:05:06+02:00");
        assert_eq!(time.go_text(), "2024-02-03 04:05:06 +0200 +0200");
        assert!(Time::parse("").is_zero());
        assert!(Time::parse("0001-01-01T00:00:00Z").is_zero());
        assert!(Time::parse("yesterday").is_zero());
    }
}
