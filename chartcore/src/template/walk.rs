//! What `range` goes through.
//!
//! Go: text/template/exec.go, `walkRange`.

use super::{Any, Element, List, MapType, format};
use crate::data::Str;

/// A walk in progress.
pub(super) struct Walk {
    kind: Kind,
    index: usize,
}

enum Kind {
    List(List),
    /// A map's entries as they were when the walk began, by key.
    Map {
        entries: Vec<(Str, Any)>,
        interface: bool,
    },
    /// The numbers from 0, as values of the type of the limit.
    Count {
        end: i64,
        like: fn(i64) -> Any,
    },
    /// What an object says it has.
    Object(Vec<(Any, Any)>),
}

impl Walk {
    /// A walk through a value; `None` if there is nothing to walk through. `pair`: there are two variables.
    ///
    /// # Errors
    /// Go's text, for what cannot be walked through.
    pub(super) fn new(value: &Any, pair: bool) -> Result<Option<Self>, String> {
        let kind = match value {
            Any::Nil => return Ok(None),
            Any::List(list) => Kind::List(list.clone()),
            Any::Map(map) => Kind::Map { entries: map.entries(), interface: map.kind() != MapType::String },
            Any::Int(end) => count(value, *end, Any::Int, pair)?,
            Any::Int64(end) => count(value, *end, Any::Int64, pair)?,
            Any::Duration(end) => count(value, *end, Any::Duration, pair)?,
            Any::Uint8(end) => count(value, i64::from(*end), |number| Any::Uint8(number as u8), pair)?,
            Any::Uint64(end) => {
                let end = i64::try_from(*end).unwrap_or(i64::MAX);
                count(value, end, |number| Any::Uint64(number as u64), pair)?
            }
            Any::Object(object) => match (object.entries(), object.underlying()) {
                (Some(entries), _) => Kind::Object(entries),
                (None, Some(plain @ (Any::List(_) | Any::Map(_) | Any::Int(_) | Any::Int64(_)))) => {
                    return Self::new(&plain, pair);
                }
                _ => return Err(cannot(value)),
            },
            Any::Bool(_) | Any::Float(_) | Any::Complex(_) | Any::Str(_) => return Err(cannot(value)),
        };
        Ok(Some(Self { kind, index: 0 }))
    }

    /// The next element, and whether it is an interface still.
    #[inline]
    pub(super) fn next(&mut self) -> Option<(Any, bool)> {
        let index = self.index;
        let element = match &mut self.kind {
            Kind::List(list) => (list.items().get(index)?.clone(), list.element() == Element::Any),
            Kind::Map { entries, interface } => (entries.get(index)?.1.clone(), *interface),
            Kind::Count { end, like } => {
                let number = index as i64;
                if number >= *end {
                    return None;
                }
                (like(number), false)
            }
            Kind::Object(entries) => (entries.get(index)?.1.clone(), false),
        };
        self.index += 1;
        Some(element)
    }

    /// The index or key of the element that was last given.
    pub(super) fn key(&self) -> Any {
        let index = self.index.saturating_sub(1);
        match &self.kind {
            Kind::List(_) => Any::Int(index as i64),
            Kind::Map { entries, .. } => {
                entries.get(index).map_or(Any::Nil, |entry| Any::Str(entry.0.clone()))
            }
            Kind::Count { .. } => Any::Nil,
            Kind::Object(entries) => entries.get(index).map_or(Any::Nil, |entry| entry.0.clone()),
        }
    }
}

fn count(value: &Any, end: i64, like: fn(i64) -> Any, pair: bool) -> Result<Kind, String> {
    if pair {
        let shown = shown(value);
        return Err(format!("can't use {shown} to iterate over more than one variable"));
    }
    Ok(Kind::Count { end, like })
}

#[cold]
fn cannot(value: &Any) -> String {
    format!("range can't iterate over {}", shown(value))
}

fn shown(value: &Any) -> String {
    let mut out = Vec::new();
    format::write_verb(&mut out, b'v', value);
    String::from_utf8_lossy(&out).into_owned()
}
