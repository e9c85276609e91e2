//! Time zones. Go: `time.Location`.

use std::fmt;
use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::data::Str;

/// Seconds in 400 years of the Gregorian calendar, after which weekdays and so the rules of zones repeat.
const CYCLE: i64 = 146_097 * 86_400;

/// A place, as far as its clocks are concerned.
#[derive(Clone)]
pub(super) struct Zone(Repr);

#[derive(Clone)]
enum Repr {
    Utc,
    /// A zone of the database, and whether it is there for being the local one.
    Named(Rc<Named>),
    /// An offset that a parsed text named, perhaps with an abbreviation.
    Fixed {
        name: Str,
        offset: i64,
    },
}

struct Named {
    name: String,
    rules: TimeZone,
}

/// What the clocks of a place show at some moment.
pub(super) struct Clock {
    /// The abbreviation; empty when there is none.
    pub(super) name: Str,
    /// Seconds east of Greenwich.
    pub(super) offset: i64,
    /// Whether it is summer time.
    pub(super) is_summer: bool,
}

impl Zone {
    pub(super) const UTC: Self = Self(Repr::Utc);

    /// The zone of that name in the IANA database that is part of the library; the empty name is UTC.
    ///
    /// Go: `time.LoadLocation`, which minds upper and lower case.
    pub(super) fn load(name: &str) -> Option<Self> {
        if matches!(name, "" | "UTC") {
            return Some(Self::UTC);
        }
        let rules = TimeZoneDatabase::bundled().get(name).ok()?;
        if rules.iana_name() != Some(name) {
            return None;
        }
        Some(Self(Repr::Named(Rc::new(Named { name: name.to_owned(), rules }))))
    }

    /// A zone that is always `offset` seconds east of Greenwich.
    pub(super) fn fixed(name: impl Into<Str>, offset: i64) -> Self {
        Self(Repr::Fixed { name: name.into(), offset })
    }

    /// The name of the place.
    pub(super) fn name(&self) -> Str {
        match &self.0 {
            Repr::Utc => "UTC".into(),
            Repr::Named(named) => Str::new(&named.name),
            Repr::Fixed { name, .. } => name.clone(),
        }
    }

    /// What its clocks show `seconds` after 1970.
    pub(super) fn clock(&self, seconds: i64) -> Clock {
        match &self.0 {
            Repr::Utc => Clock { name: "UTC".into(), offset: 0, is_summer: false },
            Repr::Fixed { name, offset } => Clock { name: name.clone(), offset: *offset, is_summer: false },
            Repr::Named(named) => {
                let info = named.rules.to_offset_info(timestamp(seconds));
                Clock {
                    name: info.abbreviation().into(),
                    offset: i64::from(info.offset().seconds()),
                    is_summer: info.dst().is_dst(),
                }
            }
        }
    }

    /// When clocks showing `seconds` after 1970 show that. Of two moments the one Go takes.
    pub(super) fn moment(&self, seconds: i64) -> i64 {
        let guess = self.clock(seconds).offset;
        if guess == 0 {
            return seconds;
        }
        let offset = self.clock(seconds.wrapping_sub(guess)).offset;
        seconds.wrapping_sub(offset)
    }

    /// The offset that an abbreviation stands for in this place, preferably at clock time `seconds`.
    ///
    /// Go: `Location.lookupName`.
    pub(super) fn offset_of(&self, abbreviation: &[u8], seconds: i64) -> Option<i64> {
        let Repr::Named(named) = &self.0 else { return None };
        let mut offsets = Vec::new();
        let first = self.clock(i64::MIN / 2);
        if first.name.as_bytes() == abbreviation {
            offsets.push(first.offset);
        }
        for transition in named.rules.following(Timestamp::MIN).take_while(|transition| {
            // From here on rules repeat themselves.
            transition.timestamp().as_second() < timestamp_of_year_2038()
        }) {
            let offset = i64::from(transition.offset().seconds());
            if transition.abbreviation().as_bytes() == abbreviation && !offsets.contains(&offset) {
                offsets.push(offset);
            }
        }
        let in_use =
            |offset: &&i64| self.clock(seconds.wrapping_sub(**offset)).name.as_bytes() == abbreviation;
        offsets.iter().find(in_use).or_else(|| offsets.first()).copied()
    }
}

fn timestamp_of_year_2038() -> i64 {
    i64::from(i32::MAX)
}

/// A moment the database knows that has the same weekday, and the same place in its year.
fn timestamp(seconds: i64) -> Timestamp {
    let (low, high) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    let near = match seconds {
        seconds if seconds > high => high - CYCLE + (seconds - high).rem_euclid(CYCLE),
        seconds if seconds < low => low,
        seconds => seconds,
    };
    Timestamp::from_second(near).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}
