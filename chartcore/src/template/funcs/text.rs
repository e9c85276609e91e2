//! What a value is as text: Sprig's `strval` and `strslice`.

use std::borrow::Cow;

use crate::data::Str;
use crate::template::{Any, Element, print};

/// Appends what Sprig's `strval` makes of a value: bytes as they are, everything else as `%v` prints it.
#[inline]
pub(super) fn write(out: &mut Vec<u8>, value: &Any) {
    match value {
        Any::Str(text) => out.extend_from_slice(text),
        Any::List(list) if list.element() == Element::Byte => {
            out.extend(list.items().iter().map(|item| if let Any::Uint8(byte) = item { *byte } else { 0 }));
        }
        _ => print::write_v(out, value),
    }
}

/// Sprig's `strval`.
#[inline]
pub(super) fn of(value: &Any) -> Str {
    match value {
        Any::Str(text) => text.clone(),
        _ => {
            let mut out = Vec::new();
            write(&mut out, value);
            out.into()
        }
    }
}

/// Sprig's `strval`, borrowed where it can be.
#[inline]
pub(super) fn bytes(value: &Any) -> Cow<'_, [u8]> {
    match value {
        Any::Str(text) => Cow::Borrowed(text),
        _ => {
            let mut out = Vec::new();
            write(&mut out, value);
            Cow::Owned(out)
        }
    }
}

/// The items of a slice, also of one that is an object; `None` when the value is no slice.
pub(super) fn items(value: &Any) -> Option<Cow<'_, [Any]>> {
    match value {
        Any::List(list) => Some(Cow::Borrowed(list.items())),
        Any::Object(object) if matches!(object.kind(), "slice" | "array") => {
            let entries = object.entries().unwrap_or_default();
            Some(Cow::Owned(entries.into_iter().map(|entry| entry.1).collect()))
        }
        _ => None,
    }
}

/// Sprig's `strslice`: the texts of a slice's items without nil, or of a value that is no slice.
pub(super) fn texts(value: &Any) -> Vec<Str> {
    match items(value) {
        Some(items) => items.iter().filter(|item| !matches!(item, Any::Nil)).map(of).collect(),
        None if matches!(value, Any::Nil) => Vec::new(),
        None => vec![of(value)],
    }
}
