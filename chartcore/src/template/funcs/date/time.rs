//! Moments in places. Go: `time.Time`, `time.Month`, `time.Weekday`, `*time.Location`.

use std::any::Any as Downcast;
use std::cmp::Ordering;

use super::civil::{self, Date, MONTHS, WEEKDAYS};
use super::duration;
use super::layout;
use super::zone::Zone;
use crate::data::Value;
use crate::template::funcs::arguments;
use crate::template::{Any, Element, Fault, Host, List, Method, Object, Scope, Type};

/// Seconds from 0001-01-01, Go's zero time, to 1970.
const ZERO: i64 = -62_135_596_800;

const NANOSECONDS: i128 = 1_000_000_000;

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    /// Since 1970.
    pub(super) seconds: i64,
    pub(super) nanoseconds: u32,
}

impl Moment {
    pub(super) fn now(host: &dyn Host) -> Self {
        let (seconds, nanoseconds) = host.now();
        Self { seconds, nanoseconds: nanoseconds.min(999_999_999) }
    }

    fn total(self) -> i128 {
        i128::from(self.seconds) * NANOSECONDS + i128::from(self.nanoseconds)
    }

    fn from_total(total: i128) -> Self {
        Self {
            seconds: total.div_euclid(NANOSECONDS) as i64,
            nanoseconds: total.rem_euclid(NANOSECONDS) as u32,
        }
    }

    /// The time from `earlier` to this moment, in nanoseconds; the farthest there is when that is too far.
    pub(super) fn since(self, earlier: Self) -> i64 {
        let distance = self.total() - earlier.total();
        distance.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }
}

/// A moment as the clocks of a place show it.
#[derive(Debug, Clone)]
pub(super) struct Time {
    moment: Moment,
    zone: Zone,
}

impl Time {
    pub(super) fn new(moment: Moment, zone: Zone) -> Self {
        Self { moment, zone }
    }

    /// Go's zero time.
    pub(super) fn zero() -> Self {
        Self::new(Moment { seconds: ZERO, nanoseconds: 0 }, Zone::UTC)
    }

    pub(super) fn moment(&self) -> Moment {
        self.moment
    }

    /// Since 1970.
    pub(super) fn seconds(&self) -> i64 {
        self.moment.seconds
    }

    pub(super) fn nanoseconds(&self) -> u32 {
        self.moment.nanoseconds
    }

    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The same moment elsewhere.
    pub(super) fn within(&self, zone: Zone) -> Self {
        Self::new(self.moment, zone)
    }

    /// So many nanoseconds later.
    pub(super) fn plus(&self, duration: i64) -> Self {
        Self::new(Moment::from_total(self.moment.total() + i128::from(duration)), self.zone.clone())
    }

    /// What the clocks show, as if it were Greenwich.
    fn local_seconds(&self) -> i64 {
        self.seconds().wrapping_add(self.zone.clock(self.seconds()).offset)
    }

    /// The day, and the second of the day.
    pub(super) fn date_and_second(&self) -> (Date, i64) {
        let seconds = self.local_seconds();
        (Date::from_days(seconds.div_euclid(86_400)), seconds.rem_euclid(86_400))
    }

    /// From 0 for Sunday.
    pub(super) fn weekday(&self) -> i64 {
        (self.local_seconds().div_euclid(86_400) + 4).rem_euclid(7)
    }

    /// Go: `Time.AddDate`.
    fn plus_date(&self, years: i64, months: i64, days: i64) -> Self {
        let (date, second) = self.date_and_second();
        let day = civil::days(
            date.year.wrapping_add(years),
            date.month.wrapping_add(months),
            date.day.wrapping_add(days),
        );
        let seconds = self.zone.moment(day.wrapping_mul(86_400).wrapping_add(second));
        Self::new(Moment { seconds, nanoseconds: self.nanoseconds() }, self.zone.clone())
    }

    /// How far the moment is behind the last multiple of `unit` since Go's zero time.
    fn rest(&self, unit: i64) -> i64 {
        let since_zero = self.moment.total() - i128::from(ZERO) * NANOSECONDS;
        since_zero.rem_euclid(i128::from(unit)) as i64
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, layout: &[u8]) {
        layout::write(out, self, layout);
    }

    fn formatted(&self, layout: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out, layout);
        out
    }

    /// The text in JSON.
    ///
    /// # Errors
    /// A year or an offset that RFC 3339 has no room for. `method` is named in the text.
    fn json(&self, method: &str) -> Result<Vec<u8>, String> {
        if !(0..=9999).contains(&self.date_and_second().0.year) {
            return Err(format!("Time.{method}: year outside of range [0,9999]"));
        }
        if self.zone.clock(self.seconds()).offset.abs() >= 24 * 3_600 {
            return Err(format!("Time.{method}: timezone hour outside of range [0,23]"));
        }
        Ok(self.formatted(RFC3339_NANO))
    }
}

/// A time as go-yaml v3 writes it; `None` when the value is none.
pub(in crate::template::funcs) fn yaml_text(any: &Any) -> Option<Vec<u8>> {
    any.downcast::<Time>().map(|time| time.formatted(RFC3339_NANO))
}

/// A time as BurntSushi's TOML writes it: what was read without an offset has none.
pub(in crate::template::funcs) fn toml_text(any: &Any) -> Option<Vec<u8>> {
    let time: &Time = any.downcast()?;
    let name = time.zone.name();
    Some(time.formatted(match name.as_bytes() {
        b"datetime-local" => b"2006-01-02T15:04:05.999999999",
        b"date-local" => b"2006-01-02",
        b"time-local" => b"15:04:05.999999999",
        _ => RFC3339_NANO,
    }))
}

const RFC3339_NANO: &[u8] = b"2006-01-02T15:04:05.999999999Z07:00";

impl Object for Time {
    fn type_name(&self) -> &str {
        "time.Time"
    }

    fn kind(&self) -> &'static str {
        "struct"
    }

    fn method(&self, name: &[u8]) -> Option<&'static Method> {
        METHODS.iter().find(|method| method.name.as_bytes() == name)
    }

    fn print(&self, out: &mut Vec<u8>) {
        self.write(out, b"2006-01-02 15:04:05.999999999 -0700 MST");
    }

    fn to_value(&self) -> Value {
        match self.json("MarshalJSON") {
            Ok(text) => Value::String(text.into()),
            Err(_) => Value::Null,
        }
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}

const TIME: &[Type] = &[Type::Named("time.Time")];
const DURATION: &[Type] = &[Type::Named("time.Duration")];

static METHODS: &[Method] = &[
    method("Add", DURATION, |_, arguments| {
        Ok(Any::object(receiver(arguments)?.plus(duration::of(arguments, 1))))
    }),
    method("AddDate", &[Type::Int, Type::Int, Type::Int], |_, arguments| {
        let [years, months, days] = [1, 2, 3].map(|index| arguments::int(arguments, index));
        Ok(Any::object(receiver(arguments)?.plus_date(years, months, days)))
    }),
    method("After", TIME, |_, arguments| Ok(Any::Bool(compare(arguments)?.is_gt()))),
    method("Before", TIME, |_, arguments| Ok(Any::Bool(compare(arguments)?.is_lt()))),
    method("Compare", TIME, |_, arguments| {
        Ok(Any::Int(match compare(arguments)? {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }))
    }),
    method("Day", &[], |_, arguments| Ok(Any::Int(date(arguments)?.day))),
    method("Equal", TIME, |_, arguments| Ok(Any::Bool(compare(arguments)?.is_eq()))),
    method("Format", &[Type::String], |_, arguments| {
        Ok(Any::Str(receiver(arguments)?.formatted(arguments::text(arguments, 1)).into()))
    }),
    method("Hour", &[], |_, arguments| Ok(Any::Int(second_of_day(arguments)? / 3_600))),
    method("In", &[Type::Named("*time.Location")], |_, arguments| {
        let location: Option<&Location> = arguments::any(arguments, 1).downcast();
        let missing = || Fault::new("time: missing Location in call to Time.In");
        Ok(Any::object(receiver(arguments)?.within(location.ok_or_else(missing)?.0.clone())))
    }),
    method("IsDST", &[], |_, arguments| {
        let time = receiver(arguments)?;
        Ok(Any::Bool(time.zone.clock(time.seconds()).is_summer))
    }),
    method("IsZero", &[], |_, arguments| Ok(Any::Bool(receiver(arguments)?.moment == Time::zero().moment))),
    method("Local", &[], |scope, arguments| Ok(Any::object(receiver(arguments)?.within(local(scope.host))))),
    method("Location", &[], |_, arguments| Ok(Any::object(Location(receiver(arguments)?.zone.clone())))),
    method("MarshalJSON", &[], |_, arguments| {
        let text = receiver(arguments)?.json("MarshalJSON").map_err(Fault::new)?;
        Ok(bytes([b"\"", text.as_slice(), b"\""].concat()))
    }),
    method("MarshalText", &[], |_, arguments| {
        Ok(bytes(receiver(arguments)?.json("MarshalText").map_err(Fault::new)?))
    }),
    method("Minute", &[], |_, arguments| Ok(Any::Int(second_of_day(arguments)? / 60 % 60))),
    method("Month", &[], |_, arguments| Ok(Any::object(Named::Month(date(arguments)?.month)))),
    method("Nanosecond", &[], |_, arguments| Ok(Any::Int(i64::from(receiver(arguments)?.nanoseconds())))),
    method("Round", DURATION, |_, arguments| {
        let (time, unit) = (receiver(arguments)?, duration::of(arguments, 1));
        if unit <= 0 {
            return Ok(Any::object(time.clone()));
        }
        let rest = time.rest(unit);
        let less_than_half = rest.unsigned_abs() * 2 < unit.unsigned_abs();
        Ok(Any::object(time.plus(if less_than_half { -rest } else { unit - rest })))
    }),
    method("Second", &[], |_, arguments| Ok(Any::Int(second_of_day(arguments)? % 60))),
    method("String", &[], |_, arguments| {
        let mut out = Vec::new();
        receiver(arguments)?.print(&mut out);
        Ok(Any::Str(out.into()))
    }),
    method("Sub", TIME, |_, arguments| {
        Ok(Any::Duration(receiver(arguments)?.moment.since(time(arguments, 1)?.moment)))
    }),
    method("Truncate", DURATION, |_, arguments| {
        let (time, unit) = (receiver(arguments)?, duration::of(arguments, 1));
        Ok(Any::object(if unit <= 0 { time.clone() } else { time.plus(-time.rest(unit)) }))
    }),
    method("UTC", &[], |_, arguments| Ok(Any::object(receiver(arguments)?.within(Zone::UTC)))),
    method("Unix", &[], |_, arguments| Ok(Any::Int64(receiver(arguments)?.seconds()))),
    method("UnixMicro", &[], |_, arguments| Ok(Any::Int64(since_epoch(arguments, 1_000)?))),
    method("UnixMilli", &[], |_, arguments| Ok(Any::Int64(since_epoch(arguments, 1_000_000)?))),
    method("UnixNano", &[], |_, arguments| Ok(Any::Int64(since_epoch(arguments, 1)?))),
    method("Weekday", &[], |_, arguments| Ok(Any::object(Named::Weekday(receiver(arguments)?.weekday())))),
    method("Year", &[], |_, arguments| Ok(Any::Int(date(arguments)?.year))),
    method("YearDay", &[], |_, arguments| Ok(Any::Int(date(arguments)?.year_day))),
];

const fn method(
    name: &'static str,
    params: &'static [Type],
    call: fn(&mut Scope<'_>, &[Any]) -> Result<Any, Fault>,
) -> Method {
    Method { name, params, variadic: false, call }
}

/// A `time.Time` argument.
pub(super) fn time(arguments: &[Any], index: usize) -> Result<&Time, Fault> {
    let missing = || Fault::new("wrong type for value; expected time.Time");
    arguments::any(arguments, index).downcast().ok_or_else(missing)
}

fn receiver(arguments: &[Any]) -> Result<&Time, Fault> {
    time(arguments, 0)
}

fn compare(arguments: &[Any]) -> Result<Ordering, Fault> {
    Ok(receiver(arguments)?.moment.cmp(&time(arguments, 1)?.moment))
}

fn date(arguments: &[Any]) -> Result<Date, Fault> {
    Ok(receiver(arguments)?.date_and_second().0)
}

fn second_of_day(arguments: &[Any]) -> Result<i64, Fault> {
    Ok(receiver(arguments)?.date_and_second().1)
}

/// The receiver's time since 1970 in a unit of so many nanoseconds. Go lets it overflow.
fn since_epoch(arguments: &[Any], unit: i128) -> Result<i64, Fault> {
    let moment = receiver(arguments)?.moment;
    let seconds = i128::from(moment.seconds) * (NANOSECONDS / unit);
    Ok((seconds + i128::from(moment.nanoseconds) / unit) as i64)
}

fn bytes(text: Vec<u8>) -> Any {
    Any::List(List::typed(Element::Byte, text.into_iter().map(Any::Uint8).collect()))
}

/// The place the host is in.
pub(super) fn local(host: &dyn Host) -> Zone {
    Zone::load(host.time_zone()).unwrap_or(Zone::UTC)
}

/// `*time.Location`.
#[derive(Debug)]
struct Location(Zone);

impl Object for Location {
    fn type_name(&self) -> &str {
        "*time.Location"
    }

    fn kind(&self) -> &'static str {
        "ptr"
    }

    fn method(&self, name: &[u8]) -> Option<&'static Method> {
        static STRING: Method = method("String", &[], |_, arguments| {
            let location: Option<&Location> = arguments::any(arguments, 0).downcast();
            Ok(Any::Str(location.map_or(Zone::UTC.name(), |location| location.0.name())))
        });
        (name == b"String").then_some(&STRING)
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.name());
    }

    fn to_value(&self) -> Value {
        // None of its fields is exported.
        Value::empty_map()
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}

/// `time.Month` (from 1) or `time.Weekday` (from 0): numbers that print as words.
#[derive(Debug, Clone, Copy)]
enum Named {
    Month(i64),
    Weekday(i64),
}

impl Named {
    fn number(self) -> i64 {
        match self {
            Self::Month(number) | Self::Weekday(number) => number,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Month(number) => MONTHS[(number - 1).rem_euclid(12) as usize],
            Self::Weekday(number) => WEEKDAYS[number.rem_euclid(7) as usize],
        }
    }
}

impl Object for Named {
    fn type_name(&self) -> &str {
        match self {
            Self::Month(_) => "time.Month",
            Self::Weekday(_) => "time.Weekday",
        }
    }

    fn kind(&self) -> &'static str {
        "int"
    }

    fn method(&self, name: &[u8]) -> Option<&'static Method> {
        static STRING: Method = method("String", &[], |_, arguments| {
            let named: Option<&Named> = arguments::any(arguments, 0).downcast();
            Ok(Any::str(named.map_or("", |named| named.word())))
        });
        (name == b"String").then_some(&STRING)
    }

    fn truth(&self) -> bool {
        self.number() != 0
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.word().as_bytes());
    }

    fn underlying(&self) -> Option<Any> {
        Some(Any::Int(self.number()))
    }

    fn to_value(&self) -> Value {
        Value::Int(self.number())
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}
