//! Events to values, for the documents nearly everybody writes.
//!
//! Anchors, tags, merges, keys that are no plain words, infinite numbers: whatever needs go-yaml's decoder
//! in full is left to [`super::decode`]. That keeps this path short, and it never recurses.

use crate::data::{Map, Str, Value, number};

use super::event::{Event, Parser, Properties};
use super::resolve::{Resolved, resolve};
use super::scalar::Style;
use super::scan::Mark;
use super::{Error, MAX_DEPTH};

struct Frame {
    is_map: bool,
    /// Where its items start in the stack of values or entries.
    start: usize,
}

/// What a node is to the collection it stands in.
#[derive(PartialEq, Eq)]
enum Role {
    Key,
    Value,
}

/// The value of the first document of the stream, or `None` when it takes the full decoder.
pub(super) fn compose(parser: &mut Parser<'_>) -> Result<Option<Value>, Error> {
    if !matches!(parser.next()?, Event::DocumentStart) {
        return Ok(Some(Value::Null));
    }
    let mut frames: Vec<Frame> = Vec::with_capacity(16);
    let mut values: Vec<Value> = Vec::with_capacity(32);
    let mut entries: Vec<(Str, Value)> = Vec::with_capacity(64);
    let mut role = Role::Value;
    loop {
        let value = match parser.next()? {
            Event::Scalar(scalar) => {
                if !is_bare(&scalar.properties) {
                    return Ok(None);
                }
                let text = scalar.scalar.text();
                let plain = scalar.scalar.style == Style::Plain;
                if role == Role::Key {
                    let key = if plain { plain_key(&text) } else { Some(Str::new(text)) };
                    let Some(key) = key else { return Ok(None) };
                    entries.push((key, Value::Null));
                    role = Role::Value;
                    continue;
                }
                let value = if plain { plain_value(&text) } else { Some(Value::String(Str::new(text))) };
                let Some(value) = value else { return Ok(None) };
                value
            }
            Event::SequenceStart(properties) | Event::MappingStart(properties)
                if role == Role::Key || !is_bare(&properties) =>
            {
                return Ok(None);
            }
            Event::SequenceStart(properties) => {
                check_depth(frames.len(), properties.mark)?;
                frames.push(Frame { is_map: false, start: values.len() });
                continue;
            }
            Event::MappingStart(properties) => {
                check_depth(frames.len(), properties.mark)?;
                frames.push(Frame { is_map: true, start: entries.len() });
                role = Role::Key;
                continue;
            }
            Event::SequenceEnd => {
                let start = frames.pop().map_or(0, |frame| frame.start);
                Value::from(values.split_off(start))
            }
            Event::MappingEnd => {
                let start = frames.pop().map_or(0, |frame| frame.start);
                Value::from(Map::from_entries(entries.split_off(start)))
            }
            Event::Alias { .. } | Event::DocumentStart | Event::DocumentEnd | Event::StreamEnd => {
                return Ok(None);
            }
        };
        match frames.last() {
            None => {
                // The end of the document may still hold an error.
                parser.next()?;
                return Ok(Some(value));
            }
            Some(frame) if frame.is_map => {
                if let Some(entry) = entries.last_mut() {
                    entry.1 = value;
                }
                role = Role::Key;
            }
            Some(_) => {
                values.push(value);
                role = Role::Value;
            }
        }
    }
}

pub(super) fn is_bare(properties: &Properties<'_>) -> bool {
    properties.tag == 0 && properties.anchor.is_empty()
}

/// Refuses nesting that would endanger whoever walks the tree.
pub(super) fn check_depth(depth: usize, mark: Mark) -> Result<(), Error> {
    if depth >= MAX_DEPTH {
        return Err(Error::new(mark.line as usize + 1, format!("exceeded max depth of {MAX_DEPTH}")));
    }
    Ok(())
}

/// The value of a plain scalar; `None` for those JSON has no form for.
#[inline]
fn plain_value(text: &[u8]) -> Option<Value> {
    Some(match resolve(text) {
        Resolved::Text | Resolved::Timestamp => Value::String(Str::new(text)),
        Resolved::Null => Value::Null,
        Resolved::Bool(truth) => Value::Bool(truth),
        Resolved::Int(number) => Value::Float(number as f64),
        Resolved::Uint(number) => Value::Float(number as f64),
        Resolved::Float(number) if number.is_finite() => Value::Float(number),
        Resolved::Float(_) => return None,
    })
}

/// The key a plain scalar makes; `None` for a merge and for null.
#[inline]
fn plain_key(text: &[u8]) -> Option<Str> {
    match resolve(text) {
        Resolved::Text if text == b"<<" => None,
        resolved => key_text(resolved, text),
    }
}

/// What sigs.k8s.io/yaml turns a key into; `None` for null.
pub(super) fn key_text(resolved: Resolved, text: &[u8]) -> Option<Str> {
    let mut out = Vec::new();
    Some(match resolved {
        Resolved::Text | Resolved::Timestamp => Str::new(text),
        Resolved::Null | Resolved::Uint(_) => return None,
        Resolved::Bool(truth) => Str::from(if truth { "true" } else { "false" }),
        Resolved::Int(number) => Str::from(number.to_string()),
        Resolved::Float(number) => {
            number::write_v32(&mut out, number);
            match out.as_slice() {
                b"+Inf" => Str::from(".inf"),
                b"-Inf" => Str::from("-.inf"),
                b"NaN" => Str::from(".nan"),
                text => Str::new(text),
            }
        }
    })
}
