//! Indenting, wrapping and abbreviating.

use super::part_of;
use crate::data::Str;
use crate::template::funcs::{arguments, limits};
use crate::template::{Any, Fault, Scope};

pub(super) fn indent(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    indented(arguments, b"")
}

pub(super) fn nindent(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    indented(arguments, b"\n")
}

/// The text after `prefix`, each line with blanks in front, empty lines too.
#[inline]
fn indented(arguments: &[Any], prefix: &[u8]) -> Result<Any, Fault> {
    let text = arguments::text(arguments, 1);
    let Ok(spaces) = usize::try_from(arguments::int(arguments, 0)) else {
        return Err(Fault::new("strings: negative Repeat count"));
    };
    let lines = memchr::memchr_iter(b'\n', text).count() + 1;
    let length = lines.saturating_mul(spaces).saturating_add(text.len() + prefix.len());
    limits::check_text(length)?;
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(prefix);
    let mut from = 0;
    for newline in memchr::memchr_iter(b'\n', text) {
        out.resize(out.len() + spaces, b' ');
        out.extend_from_slice(&text[from..=newline]);
        from = newline + 1;
    }
    out.resize(out.len() + spaces, b' ');
    out.extend_from_slice(&text[from..]);
    Ok(Any::Str(out.into()))
}

/// The narrowest text `abbrev` makes, and with dots on both sides.
const NARROWEST: i64 = 4;
const NARROWEST_WITHIN: i64 = 7;
const DOTS: &[u8] = b"...";

pub(super) fn abbrev(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let (width, text) = (arguments::int(arguments, 0), arguments::text(arguments, 1));
    if width < NARROWEST || text.len() as i64 <= width {
        return Ok(Any::Str(text.clone()));
    }
    Ok(Any::Str([&text[..width as usize - DOTS.len()], DOTS].concat().into()))
}

/// `abbrevboth OFFSET WIDTH TEXT`: at most WIDTH bytes of which OFFSET is one.
///
/// Goutils: `AbbreviateFull`. Where it would refuse the width it gives the empty text, as Sprig drops the error.
pub(super) fn abbrevboth(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let (offset, width, text) =
        (arguments::int(arguments, 0), arguments::int(arguments, 1), arguments::text(arguments, 2));
    let length = text.len() as i64;
    if width < NARROWEST || offset > 0 && width < NARROWEST_WITHIN || length <= width {
        return Ok(Any::Str(text.clone()));
    }
    let room = width - DOTS.len() as i64;
    // Goutils compares after a subtraction that wraps around.
    let offset = offset.min(length);
    let offset = if length.wrapping_sub(offset) < room { length - room } else { offset };
    let cut = |from: i64, to: i64| text.get(from as usize..to as usize).unwrap_or_default();
    if offset <= NARROWEST {
        return Ok(Any::Str([cut(0, room), DOTS].concat().into()));
    }
    if width < NARROWEST_WITHIN {
        return Ok(Any::Str(Str::EMPTY));
    }
    if offset + room < length {
        let inner = room - DOTS.len() as i64;
        return Ok(Any::Str([DOTS, cut(offset, offset + inner), DOTS].concat().into()));
    }
    Ok(Any::Str([DOTS, cut(length - room, length)].concat().into()))
}

pub(super) fn wrap(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    wrapped(arguments::text(arguments, 1), arguments::int(arguments, 0), b"\n", false)
}

pub(super) fn wrap_with(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let separator: &[u8] = match arguments::text(arguments, 1) {
        separator if separator.is_empty() => b"\n",
        separator => separator,
    };
    wrapped(arguments::text(arguments, 2), arguments::int(arguments, 0), separator, true)
}

/// Breaks a text at blanks into lines of at most `width` bytes; words that are longer are cut or left whole.
fn wrapped(text: &Str, width: i64, separator: &[u8], cut_words: bool) -> Result<Any, Fault> {
    let width = usize::try_from(width).unwrap_or(0).max(1);
    if text.len() <= width {
        return Ok(part_of(text, text));
    }
    let mut out = Vec::with_capacity(text.len() + text.len() / width);
    let mut rest = &text[..];
    while rest.len() > width {
        if rest[0] == b' ' {
            rest = &rest[1..];
            continue;
        }
        let (end, next) = match memchr::memrchr(b' ', &rest[..=width]) {
            Some(blank) => (blank, blank + 1),
            None if cut_words => (width, width),
            None => match memchr::memchr(b' ', &rest[width..]) {
                Some(blank) => (width + blank, width + blank + 1),
                None => break,
            },
        };
        out.extend_from_slice(&rest[..end]);
        out.extend_from_slice(separator);
        limits::check_text(out.len())?;
        rest = &rest[next..];
    }
    out.extend_from_slice(rest);
    Ok(Any::Str(out.into()))
}
