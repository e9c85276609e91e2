//! Times and durations. Sprig: date.go; Helm 4: pkg/engine/funcs.go for `duration...`.

mod civil;
mod duration;
mod layout;
mod reading;
mod time;
mod zone;

pub(crate) use duration::method as duration_method;
pub(super) use time::{toml_text, yaml_text};

use self::duration::{HOUR, MINUTE, SECOND};
use self::time::{Moment, Time, local};
use self::zone::Zone;
use super::{arguments, cast};
use crate::data::{Str, number};
use crate::quote::quoted;
use crate::template::{Any, Fault, Function, Scope, Type, unicode};

const TIME: Type = Type::Named("time.Time");

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("ago", &[Type::Any], ago),
    Function::new("date", &[Type::String, Type::Any], |scope, arguments| {
        let zone = local(scope.host);
        Ok(formatted(scope, arguments::text(arguments, 0), arguments::any(arguments, 1), zone))
    }),
    Function::new("dateInZone", &[Type::String, Type::Any, Type::String], date_in_zone),
    Function::new("dateModify", &[Type::String, TIME], date_modify),
    Function::new("date_in_zone", &[Type::String, Type::Any, Type::String], date_in_zone),
    Function::new("date_modify", &[Type::String, TIME], date_modify),
    Function::new("duration", &[Type::Any], duration_of_seconds),
    Function::new("durationDays", &[Type::Any], |_, arguments| {
        Ok(measured(arguments, Any::Float(0.0), |it| Any::Float(duration::in_units(it, HOUR) / 24.0)))
    }),
    Function::new("durationHours", &[Type::Any], |_, arguments| {
        Ok(measured(arguments, Any::Float(0.0), |it| Any::Float(duration::in_units(it, HOUR))))
    }),
    Function::new("durationMicroseconds", &[Type::Any], |_, arguments| {
        Ok(measured(arguments, Any::Int64(0), |it| Any::Int64(it / 1_000)))
    }),
    Function::new("durationMilliseconds", &[Type::Any], |_, arguments| {
        Ok(measured(arguments, Any::Int64(0), |it| Any::Int64(it / 1_000_000)))
    }),
    Function::new("durationMinutes", &[Type::Any], |_, arguments| {
        Ok(measured(arguments, Any::Float(0.0), |it| Any::Float(duration::in_units(it, MINUTE))))
    }),
    Function::new("durationNanoseconds", &[Type::Any], |_, arguments| {
        Ok(measured(arguments, Any::Int64(0), Any::Int64))
    }),
    Function::new("durationRound", &[Type::Any], duration_round),
    Function::new("durationRoundTo", &[Type::Any, Type::Any], |_, arguments| {
        Ok(in_multiples(arguments, duration::round))
    }),
    Function::new("durationSeconds", &[Type::Any], |_, arguments| {
        Ok(measured(arguments, Any::Float(0.0), |it| Any::Float(duration::in_units(it, SECOND))))
    }),
    Function::new("durationTruncateTo", &[Type::Any, Type::Any], |_, arguments| {
        Ok(in_multiples(arguments, duration::truncate))
    }),
    Function::new("durationWeeks", &[Type::Any], |_, arguments| {
        Ok(measured(arguments, Any::Float(0.0), |it| Any::Float(duration::in_units(it, HOUR) / 24.0 / 7.0)))
    }),
    Function::new("htmlDate", &[Type::Any], |scope, arguments| {
        let zone = local(scope.host);
        Ok(formatted(scope, HTML, arguments::any(arguments, 0), zone))
    }),
    Function::new("htmlDateInZone", &[Type::Any, Type::String], |scope, arguments| {
        let zone = zone(scope, arguments::text(arguments, 1));
        Ok(formatted(scope, HTML, arguments::any(arguments, 0), zone))
    }),
    Function::new("mustDateModify", &[Type::String, TIME], must_date_modify),
    Function::new("mustToDate", &[Type::String, Type::String], |scope, arguments| {
        parsed(scope, arguments).map(Any::object)
    }),
    Function::new("mustToDuration", &[Type::Any], |_, arguments| {
        as_duration(arguments::any(arguments, 0)).map(Any::Duration)
    }),
    Function::new("must_date_modify", &[Type::String, TIME], must_date_modify),
    Function::new("now", &[], |scope, _| {
        Ok(Any::object(Time::new(Moment::now(scope.host), local(scope.host))))
    }),
    Function::new("toDate", &[Type::String, Type::String], |scope, arguments| {
        Ok(Any::object(parsed(scope, arguments).unwrap_or_else(|_| Time::zero())))
    }),
    Function::new("unixEpoch", &[TIME], |_, arguments| {
        Ok(Any::str(time::time(arguments, 0)?.seconds().to_string()))
    }),
];

/// The year, and month, day, hour, minute and second as ten digits, so many seconds after 1970 in Greenwich.
pub(super) fn year_and_rest(seconds: i64) -> (i64, String) {
    let time = Time::new(Moment { seconds, nanoseconds: 0 }, Zone::UTC);
    let mut rest = Vec::new();
    time.write(&mut rest, b"0102150405");
    (time.date_and_second().0.year, String::from_utf8_lossy(&rest).into_owned())
}

/// The `time.Time` of an RFC 3339 text; with a name, in a zone so called whose clocks show UTC.
pub(super) fn of_rfc3339(text: &str, zone: Option<&'static str>) -> Option<Any> {
    let time = reading::parse(b"2006-01-02T15:04:05.999999999Z07:00", text.as_bytes(), &Zone::UTC).ok()?;
    Some(Any::object(match zone {
        Some(name) => time.within(Zone::fixed(name, 0)),
        None => time,
    }))
}

/// The layout of `htmlDate`.
const HTML: &[u8] = b"2006-01-02";

/// The moment a value stands for: a time, or an integer of seconds since 1970; now for anything else.
fn moment(scope: &Scope<'_>, value: &Any) -> Moment {
    match value {
        Any::Int(seconds) | Any::Int64(seconds) => Moment { seconds: *seconds, nanoseconds: 0 },
        _ => value.downcast::<Time>().map_or_else(|| Moment::now(scope.host), Time::moment),
    }
}

fn formatted(scope: &Scope<'_>, layout: &[u8], value: &Any, zone: Zone) -> Any {
    let mut out = Vec::with_capacity(layout.len() + 10);
    Time::new(moment(scope, value), zone).write(&mut out, layout);
    Any::Str(out.into())
}

/// The zone of that name; UTC for a name nobody has.
fn zone(scope: &Scope<'_>, name: &Str) -> Zone {
    match name.as_str() {
        Some("Local") => local(scope.host),
        Some(name) => Zone::load(name).unwrap_or(Zone::UTC),
        None => Zone::UTC,
    }
}

fn date_in_zone(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let zone = zone(scope, arguments::text(arguments, 2));
    Ok(formatted(scope, arguments::text(arguments, 0), arguments::any(arguments, 1), zone))
}

fn date_modify(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let time = time::time(arguments, 1)?;
    Ok(match duration::parse(arguments::text(arguments, 0)) {
        Ok(duration) => Any::object(time.plus(duration)),
        Err(_) => arguments::any(arguments, 1).clone(),
    })
}

fn must_date_modify(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let duration = duration::parse(arguments::text(arguments, 0)).map_err(Fault::new)?;
    Ok(Any::object(time::time(arguments, 1)?.plus(duration)))
}

fn parsed(scope: &Scope<'_>, arguments: &[Any]) -> Result<Time, Fault> {
    let (layout, text) = (arguments::text(arguments, 0), arguments::text(arguments, 1));
    reading::parse(layout, text, &local(scope.host)).map_err(Fault::new)
}

fn ago(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let moment = moment(scope, arguments::any(arguments, 0));
    let passed = Moment::now(scope.host).since(moment);
    Ok(duration::text(duration::round(passed, SECOND)))
}

/// `duration`: the text of so many seconds, which come as text or as an int64.
fn duration_of_seconds(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let seconds = match arguments::any(arguments, 0) {
        Any::Str(text) => parsed_int(text),
        Any::Int64(seconds) => *seconds,
        _ => 0,
    };
    Ok(duration::text(seconds.wrapping_mul(SECOND)))
}

/// `strconv.ParseInt` as Sprig takes it, error or not: 0 for what is no number, the farthest number for what is
/// too far.
fn parsed_int(text: &[u8]) -> i64 {
    match number::integer(text, 10) {
        Ok(number) | Err(number::IntError::Range(number)) => number,
        Err(number::IntError::Syntax) => 0,
    }
}

/// `strings.TrimSpace`.
fn without_space(mut text: &[u8]) -> &[u8] {
    while let Some((_, length)) = unicode::first(text).filter(|it| unicode::is_space(it.0)) {
        text = &text[length..];
    }
    while let Some((_, length)) = unicode::last(text).filter(|it| unicode::is_space(it.0)) {
        text = &text[..text.len() - length];
    }
    text
}

/// `durationRound`: the largest unit of a duration, and how many of it.
fn duration_round(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let value = arguments::any(arguments, 0);
    let duration = match value {
        Any::Str(text) => duration::parse(text).unwrap_or(0),
        Any::Int64(nanoseconds) => *nanoseconds,
        _ => value.downcast::<Time>().map_or(0, |time| Moment::now(scope.host).since(time.moment())),
    };
    let size = duration.unsigned_abs();
    let units = [
        (365 * 24 * HOUR, "y"),
        (30 * 24 * HOUR, "mo"),
        (24 * HOUR, "d"),
        (HOUR, "h"),
        (MINUTE, "m"),
        (SECOND, "s"),
    ];
    let found = units.into_iter().map(|(unit, name)| (unit.unsigned_abs(), name)).find(|unit| size > unit.0);
    Ok(Any::str(found.map_or_else(|| "0s".to_owned(), |(unit, name)| format!("{}{name}", size / unit))))
}

/// Helm 4: `asDuration`.
fn as_duration(value: &Any) -> Result<i64, Fault> {
    match value {
        Any::Duration(duration) => Ok(*duration),
        Any::Str(text) => {
            let trimmed = without_space(text);
            if trimmed.is_empty() {
                return Err(Fault::new("empty duration"));
            }
            if let Ok(duration) = duration::parse(trimmed) {
                return Ok(duration);
            }
            match cast::parse_float(trimmed) {
                Some(seconds) => of_float_seconds(seconds),
                None => Err(Fault::new(format!("could not parse duration {}", quoted(text)))),
            }
        }
        Any::Nil => Err(Fault::new("invalid duration")),
        Any::Int(seconds) | Any::Int64(seconds) => of_seconds(Some(*seconds), seconds),
        Any::Uint8(seconds) => of_seconds(Some(i64::from(*seconds)), seconds),
        Any::Uint64(seconds) => of_seconds(i64::try_from(*seconds).ok(), seconds),
        Any::Float(seconds) => of_float_seconds(*seconds),
        Any::Object(object) if object.kind() == "int" => match object.to_value() {
            crate::data::Value::Int(seconds) => of_seconds(Some(seconds), &seconds),
            _ => unsupported(value),
        },
        _ => unsupported(value),
    }
}

fn unsupported(value: &Any) -> Result<i64, Fault> {
    Err(Fault::new(format!("unsupported duration type {}", value.type_name())))
}

fn of_seconds(seconds: Option<i64>, shown: &dyn std::fmt::Display) -> Result<i64, Fault> {
    seconds
        .and_then(|seconds| seconds.checked_mul(SECOND))
        .ok_or_else(|| Fault::new(format!("duration seconds overflow: {shown}")))
}

fn of_float_seconds(seconds: f64) -> Result<i64, Fault> {
    /// The first number of nanoseconds that is too large.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let shown = |number: f64| {
        let mut out = Vec::new();
        number::write_v(&mut out, number);
        String::from_utf8_lossy(&out).into_owned()
    };
    if !seconds.is_finite() {
        return Err(Fault::new(format!("invalid duration seconds: {}", shown(seconds))));
    }
    if seconds.abs() > LIMIT / 1e9 {
        return Err(Fault::new(format!("duration seconds overflow: {}", shown(seconds))));
    }
    let nanoseconds = seconds * 1e9;
    if nanoseconds.abs() > LIMIT {
        return Err(Fault::new(format!("duration nanoseconds overflow: {}", shown(nanoseconds))));
    }
    // Go's conversion of the limit itself wraps around.
    Ok(if nanoseconds == LIMIT { i64::MIN } else { nanoseconds as i64 })
}

/// What `measure` makes of the duration that is the argument; `otherwise` when it is none.
fn measured(arguments: &[Any], otherwise: Any, measure: fn(i64) -> Any) -> Any {
    as_duration(arguments::any(arguments, 0)).map_or(otherwise, measure)
}

fn in_multiples(arguments: &[Any], adjust: fn(i64, i64) -> i64) -> Any {
    let Ok(duration) = as_duration(arguments::any(arguments, 0)) else { return Any::Duration(0) };
    let unit = as_duration(arguments::any(arguments, 1));
    Any::Duration(unit.map_or(duration, |unit| adjust(duration, unit)))
}
