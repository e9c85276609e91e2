//! The calendar: days since 1970 to years, months and days, and back.

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
    /// From 1.
    pub(super) year_day: i64,
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// From Sunday.
pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// How many days a month (from 1) has.
pub(super) fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// How many days of an ordinary year come before a month (from 1).
pub(super) fn days_before(month: i64) -> i64 {
    (1..month).map(|month| days_in(month, 1)).sum()
}

impl Date {
    /// The day so many days after 1970-01-01.
    pub(super) fn from_days(days: i64) -> Self {
        // Years are counted from March here, so that the leap day is the last one. Day 0 is 0000-03-01.
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let year_day = days_before(month) + day + i64::from(month > 2 && is_leap(year));
        Self { year, month, day, year_day }
    }
}

/// Days from 1970-01-01 to a date whose month and day may lie outside of their ranges.
pub(super) fn days(year: i64, month: i64, day: i64) -> i64 {
    let months = month.wrapping_sub(1);
    let year = year.wrapping_add(months.div_euclid(12));
    let month = months.rem_euclid(12) + 1;
    let year = if month <= 2 { year.wrapping_sub(1) } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5;
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era.wrapping_mul(146_097).wrapping_add(days).wrapping_sub(719_468).wrapping_add(day.wrapping_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_each_other_s_inverse() {
        let mut day = -1_000_000;
        while day < 1_000_000 {
            let date = Date::from_days(day);
            assert_eq!(days(date.year, date.month, date.day), day);
            assert!(
                (1..=12).contains(&date.month) && (1..=days_in(date.month, date.year)).contains(&date.day)
            );
            assert_eq!(days(date.year, 1, 1) + date.year_day - 1, day);
            day += 37;
        }
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 14, 31), days(2001, 2, 28) + 3);
        assert_eq!(days(1, 1, 1), -719_162);
    }
}
