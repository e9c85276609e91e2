//! Reading the arguments of a call, which the executor has checked against the parameters.

use crate::data::Str;
use crate::template::{Any, Map};

/// An `interface{}` argument; nil when there are fewer.
#[inline]
pub(super) fn any(arguments: &[Any], index: usize) -> &Any {
    arguments.get(index).unwrap_or(&Any::Nil)
}

/// The arguments of a repeated parameter that starts at `index`.
#[inline]
pub(super) fn rest(arguments: &[Any], index: usize) -> &[Any] {
    arguments.get(index..).unwrap_or_default()
}

/// A `string` argument.
#[inline]
pub(super) fn text(arguments: &[Any], index: usize) -> &Str {
    match arguments.get(index) {
        Some(Any::Str(text)) => text,
        _ => &Str::EMPTY,
    }
}

/// An `int` or `int64` argument.
#[inline]
pub(super) fn int(arguments: &[Any], index: usize) -> i64 {
    match arguments.get(index) {
        Some(Any::Int(number) | Any::Int64(number)) => *number,
        _ => 0,
    }
}

/// A `float64` argument.
#[inline]
pub(super) fn float(arguments: &[Any], index: usize) -> f64 {
    match arguments.get(index) {
        Some(Any::Float(number)) => *number,
        _ => 0.0,
    }
}

/// A `bool` argument.
#[inline]
pub(super) fn bool(arguments: &[Any], index: usize) -> bool {
    matches!(arguments.get(index), Some(Any::Bool(true)))
}

/// A `map[string]interface{}` argument; `None` for Go's nil map.
#[inline]
pub(super) fn map(arguments: &[Any], index: usize) -> Option<&Map> {
    match arguments.get(index) {
        Some(Any::Map(map)) if !map.is_nil() => Some(map),
        _ => None,
    }
}
