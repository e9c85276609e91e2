//! Finding, replacing, splitting and trimming.

use memchr::memmem;

use super::part_of;
use crate::data::Str;
use crate::template::funcs::{arguments, limits};
use crate::template::{Any, Fault, List, Map, MapType, Scope, unicode};

pub(super) fn contains(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let (part, whole) = (arguments::text(arguments, 0), arguments::text(arguments, 1));
    Ok(Any::Bool(memmem::find(whole, part).is_some()))
}

pub(super) fn has_prefix(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Bool(arguments::text(arguments, 1).starts_with(arguments::text(arguments, 0))))
}

pub(super) fn has_suffix(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Bool(arguments::text(arguments, 1).ends_with(arguments::text(arguments, 0))))
}

/// `replace OLD NEW TEXT`. An empty OLD is found before each letter and at the end.
pub(super) fn replace(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let (old, new, text) =
        (arguments::text(arguments, 0), arguments::text(arguments, 1), arguments::text(arguments, 2));
    if old == new {
        return Ok(Any::Str(text.clone()));
    }
    let mut out;
    let mut from = 0;
    if old.is_empty() {
        let count = unicode::count(text) + 1;
        limits::check_text(text.len().saturating_add(count.saturating_mul(new.len())))?;
        out = Vec::with_capacity(text.len() + count * new.len());
        while let Some((_, length)) = unicode::first(&text[from..]) {
            out.extend_from_slice(new);
            out.extend_from_slice(&text[from..from + length]);
            from += length;
        }
        out.extend_from_slice(new);
        return Ok(Any::Str(out.into()));
    }
    let finder = memmem::Finder::new(old);
    let Some(first) = finder.find(text) else {
        return Ok(Any::Str(text.clone()));
    };
    let mut found = Some(first);
    out = Vec::with_capacity(text.len() + new.len());
    while let Some(at) = found {
        out.extend_from_slice(&text[from..at]);
        out.extend_from_slice(new);
        limits::check_text(out.len())?;
        from = at + old.len();
        found = finder.find(&text[from..]).map(|offset| from + offset);
    }
    out.extend_from_slice(&text[from..]);
    Ok(Any::Str(out.into()))
}

/// Go's `strings.SplitN`: at most `count` parts, all of them when negative, none when 0. An empty separator
/// stands between letters.
fn parts<'t>(text: &'t [u8], separator: &[u8], count: i64) -> Vec<&'t [u8]> {
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    if most == 0 {
        return parts;
    }
    let mut rest = text;
    if separator.is_empty() {
        while parts.len() + 1 < most
            && let Some((_, length)) = unicode::first(rest)
        {
            let (letter, after) = rest.split_at(length);
            parts.push(letter);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(rest);
        }
        return parts;
    }
    let finder = memmem::Finder::new(separator);
    while parts.len() + 1 < most
        && let Some(at) = finder.find(rest)
    {
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest);
    parts
}

/// The parts under `_0`, `_1` and so on.
fn numbered(parts: &[&[u8]]) -> Result<Any, Fault> {
    limits::check_items(parts.len())?;
    let entries = parts.iter().enumerate();
    let entries = entries.map(|(index, part)| (format!("_{index}").into(), Any::str(*part))).collect();
    Ok(Any::Map(Map::typed(MapType::String, entries)))
}

pub(super) fn split(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    numbered(&parts(arguments::text(arguments, 1), arguments::text(arguments, 0), -1))
}

pub(super) fn splitn(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let count = arguments::int(arguments, 1);
    numbered(&parts(arguments::text(arguments, 2), arguments::text(arguments, 0), count))
}

pub(super) fn split_list(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let parts = parts(arguments::text(arguments, 1), arguments::text(arguments, 0), -1);
    limits::check_items(parts.len())?;
    Ok(Any::List(List::strings(parts.into_iter().map(Str::new))))
}

/// `bytes` without the letters at both ends that `cut` says.
fn trimmed(bytes: &[u8], cut: impl Fn(char) -> bool) -> &[u8] {
    let mut rest = bytes;
    while let Some((letter, length)) = unicode::first(rest)
        && cut(letter)
    {
        rest = &rest[length..];
    }
    while let Some((letter, length)) = unicode::last(rest)
        && cut(letter)
    {
        rest = &rest[..rest.len() - length];
    }
    rest
}

pub(super) fn trim(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = arguments::text(arguments, 0);
    Ok(part_of(text, trimmed(text, unicode::is_space)))
}

/// `trimAll LETTERS TEXT`.
pub(super) fn trim_all(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let (cut, text) = (arguments::text(arguments, 0), arguments::text(arguments, 1));
    let rest = match &cut[..] {
        [] => &text[..],
        [single] if single.is_ascii() => trimmed(text, |letter| letter == char::from(*single)),
        _ => trimmed(text, |letter| unicode::letters(cut).any(|other| other == letter)),
    };
    Ok(part_of(text, rest))
}

pub(super) fn trim_prefix(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let (prefix, text) = (arguments::text(arguments, 0), arguments::text(arguments, 1));
    Ok(part_of(text, text.strip_prefix(prefix.as_bytes()).unwrap_or(text)))
}

pub(super) fn trim_suffix(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let (suffix, text) = (arguments::text(arguments, 0), arguments::text(arguments, 1));
    Ok(part_of(text, text.strip_suffix(suffix.as_bytes()).unwrap_or(text)))
}
