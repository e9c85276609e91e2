//! Texts.
//!
//! Sprig counts in bytes where it cuts (`trunc`, `substr`, `abbrev`, `wrap`), so texts need not stay UTF-8.

mod case;
mod layout;
mod search;

use std::borrow::Cow;

use super::{arguments, limits, text};
use crate::data::Str;
use crate::template::{Any, Fault, Function, List, Scope, Type, print, unicode};

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("abbrev", &[Type::Int, Type::String], layout::abbrev),
    Function::new("abbrevboth", &[Type::Int, Type::Int, Type::String], layout::abbrevboth),
    Function::new("camelcase", &[Type::String], case::camelcase),
    Function::variadic("cat", &[Type::Any], cat),
    Function::new("contains", &[Type::String, Type::String], search::contains),
    Function::new("hasPrefix", &[Type::String, Type::String], search::has_prefix),
    Function::new("hasSuffix", &[Type::String, Type::String], search::has_suffix),
    Function::new("hello", &[], hello),
    Function::new("indent", &[Type::Int, Type::String], layout::indent),
    Function::new("initials", &[Type::String], initials),
    Function::new("join", &[Type::String, Type::Any], join),
    Function::new("kebabcase", &[Type::String], case::kebabcase),
    Function::new("lower", &[Type::String], case::lower),
    Function::new("nindent", &[Type::Int, Type::String], layout::nindent),
    Function::new("nospace", &[Type::String], nospace),
    Function::new("plural", &[Type::String, Type::String, Type::Int], plural),
    Function::variadic("quote", &[Type::Any], quote),
    Function::new("repeat", &[Type::Int, Type::String], repeat),
    Function::new("replace", &[Type::String, Type::String, Type::String], search::replace),
    Function::new("shuffle", &[Type::String], shuffle),
    Function::new("snakecase", &[Type::String], case::snakecase),
    Function::new("split", &[Type::String, Type::String], search::split),
    Function::new("splitList", &[Type::String, Type::String], search::split_list),
    Function::new("splitn", &[Type::String, Type::Int, Type::String], search::splitn),
    Function::variadic("squote", &[Type::Any], squote),
    Function::new("substr", &[Type::Int, Type::Int, Type::String], substr),
    Function::new("swapcase", &[Type::String], case::swapcase),
    Function::new("title", &[Type::String], case::title),
    Function::new("toString", &[Type::Any], to_string),
    Function::new("toStrings", &[Type::Any], to_strings),
    Function::new("trim", &[Type::String], search::trim),
    Function::new("trimAll", &[Type::String, Type::String], search::trim_all),
    Function::new("trimPrefix", &[Type::String, Type::String], search::trim_prefix),
    Function::new("trimSuffix", &[Type::String, Type::String], search::trim_suffix),
    Function::new("trimall", &[Type::String, Type::String], search::trim_all),
    Function::new("trunc", &[Type::Int, Type::String], trunc),
    Function::new("untitle", &[Type::String], case::untitle),
    Function::new("upper", &[Type::String], case::upper),
    Function::new("wrap", &[Type::Int, Type::String], layout::wrap),
    Function::new("wrapWith", &[Type::Int, Type::String, Type::String], layout::wrap_with),
];

/// `part`, which is `whole` or a part of it, without a copy when it is all of it.
fn part_of(whole: &Str, part: &[u8]) -> Any {
    Any::Str(if part.len() == whole.len() { whole.clone() } else { Str::new(part) })
}

fn hello(_: &mut Scope<'_>, _: &[Any]) -> Result<Any, Fault> {
    Ok(Any::str("Hello!"))
}

fn to_string(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = text::of(arguments::any(arguments, 0));
    limits::check_text(text.len())?;
    Ok(Any::Str(text))
}

fn to_strings(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let value = arguments::any(arguments, 0);
    Ok(Any::List(strings_of(value)))
}

/// A `[]string` of a value, which is the value itself when it is one already.
pub(super) fn strings_of(value: &Any) -> List {
    use crate::template::{Capacity, Element};
    match value {
        Any::List(list) if list.element() == Element::String => list.clone(),
        _ => {
            let capacity = text::items(value).map_or(Capacity::Exact, |items| Capacity::Of(items.len()));
            let items = text::texts(value).into_iter().map(Any::Str).collect();
            List::with_capacity(Element::String, items, capacity)
        }
    }
}

/// Appends what `write` makes of each argument that is not nil, with blanks between.
#[inline]
fn spaced(arguments: &[Any], mut write: impl FnMut(&mut Vec<u8>, &Any)) -> Result<Any, Fault> {
    let mut out = Vec::new();
    for (index, value) in arguments.iter().filter(|value| !matches!(value, Any::Nil)).enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        write(&mut out, value);
        limits::check_text(out.len())?;
    }
    Ok(Any::Str(out.into()))
}

fn cat(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    spaced(arguments, print::write_v)
}

fn quote(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    spaced(arguments, |out, value| crate::quote::write_quoted(out, &text::bytes(value)))
}

fn squote(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    spaced(arguments, |out, value| {
        out.push(b'\'');
        print::write_v(out, value);
        out.push(b'\'');
    })
}

fn join(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let separator = arguments::text(arguments, 0);
    let value = arguments::any(arguments, 1);
    let items = match text::items(value) {
        Some(items) => items,
        None => Cow::Borrowed(std::slice::from_ref(value)),
    };
    let mut out = Vec::new();
    for (index, item) in items.iter().filter(|item| !matches!(item, Any::Nil)).enumerate() {
        if index > 0 {
            out.extend_from_slice(separator);
        }
        text::write(&mut out, item);
        limits::check_text(out.len())?;
    }
    Ok(Any::Str(out.into()))
}

fn plural(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let one = arguments::int(arguments, 2) == 1;
    Ok(arguments::any(arguments, usize::from(!one)).clone())
}

fn repeat(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = arguments::text(arguments, 1);
    let Ok(count) = usize::try_from(arguments::int(arguments, 0)) else {
        return Err(Fault::new("strings: negative Repeat count"));
    };
    if count == 1 {
        return Ok(Any::Str(text.clone()));
    }
    match text.len().checked_mul(count) {
        Some(length) if isize::try_from(length).is_ok() => limits::check_text(length)?,
        _ => return Err(Fault::new("strings: Repeat output length overflow")),
    }
    if text.is_empty() {
        return Ok(Any::Str(Str::EMPTY));
    }
    Ok(Any::Str(text.repeat(count).into()))
}

fn trunc(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = arguments::text(arguments, 1);
    let count = arguments::int(arguments, 0);
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let cut = if size >= text.len() {
        &text[..]
    } else if count < 0 {
        &text[text.len() - size..]
    } else {
        &text[..size]
    };
    Ok(part_of(text, cut))
}

fn substr(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = arguments::text(arguments, 2);
    let (start, end) = (arguments::int(arguments, 0), arguments::int(arguments, 1));
    let length = text.len() as i64;
    let out_of_range =
        |bounds: String| Fault::new(format!("runtime error: slice bounds out of range [{bounds}"));
    let (from, to) = if start < 0 {
        match end {
            ..0 => return Err(out_of_range(format!(":{end}]"))),
            _ if end > length => return Err(out_of_range(format!(":{end}] with length {length}"))),
            _ => (0, end),
        }
    } else if end < 0 || end > length {
        if start > length {
            return Err(out_of_range(format!("{start}:{length}]")));
        }
        (start, length)
    } else {
        if start > end {
            return Err(out_of_range(format!("{start}:{end}]")));
        }
        (start, end)
    };
    Ok(part_of(text, text.get(from as usize..to as usize).unwrap_or_default()))
}

/// Go's `rune(text[i])`: each byte taken for a letter of Latin-1.
fn latin1(bytes: &[u8]) -> impl Iterator<Item = char> + '_ {
    bytes.iter().map(|&byte| char::from(byte))
}

fn initials(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let mut out = Vec::new();
    let mut after_gap = true;
    for letter in latin1(arguments::text(arguments, 0)) {
        if unicode::is_space(letter) {
            after_gap = true;
        } else if std::mem::replace(&mut after_gap, false) {
            unicode::push(&mut out, letter);
        }
    }
    Ok(Any::Str(out.into()))
}

fn nospace(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = arguments::text(arguments, 0);
    if !latin1(text).any(unicode::is_space) {
        return Ok(Any::Str(text.clone()));
    }
    let mut out = Vec::with_capacity(text.len());
    for letter in latin1(text).filter(|letter| !unicode::is_space(*letter)) {
        unicode::push(&mut out, letter);
    }
    Ok(Any::Str(out.into()))
}

/// Shuffles the letters. The order is the host's; Go's is random.
fn shuffle(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let mut letters: Vec<char> = unicode::letters(arguments::text(arguments, 0)).collect();
    let mut random = vec![0; letters.len() * 8];
    scope.host.random(&mut random);
    let numbers =
        random.chunks_exact(8).map(|bytes| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
    for (index, number) in (1..letters.len()).rev().zip(numbers) {
        letters.swap(index, (number % (index as u64 + 1)) as usize);
    }
    Ok(Any::str(letters.into_iter().collect::<String>()))
}
