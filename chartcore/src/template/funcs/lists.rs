//! Slices. Each function has a `must` twin, which in Go returns the error instead of panicking with it:
//! templates see the same text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

use super::reflect::deep_equal;
use super::strings::strings_of;
use super::{arguments, cast, limits, text};
use crate::template::capacity::grown;
use crate::template::{Any, Capacity, Element, Fault, Function, List, Scope, Type, print};

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("append", &[Type::Any, Type::Any], push),
    Function::new("chunk", &[Type::Int, Type::Any], chunk),
    Function::new("compact", &[Type::Any], compact),
    Function::variadic("concat", &[Type::Any], concat),
    Function::new("first", &[Type::Any], first),
    Function::new("has", &[Type::Any, Type::Any], has),
    Function::new("initial", &[Type::Any], initial),
    Function::new("last", &[Type::Any], last),
    Function::variadic("list", &[Type::Any], list),
    Function::new("mustAppend", &[Type::Any, Type::Any], push),
    Function::new("mustChunk", &[Type::Int, Type::Any], chunk),
    Function::new("mustCompact", &[Type::Any], compact),
    Function::new("mustFirst", &[Type::Any], first),
    Function::new("mustHas", &[Type::Any, Type::Any], has),
    Function::new("mustInitial", &[Type::Any], initial),
    Function::new("mustLast", &[Type::Any], last),
    Function::new("mustPrepend", &[Type::Any, Type::Any], prepend),
    Function::new("mustPush", &[Type::Any, Type::Any], push),
    Function::new("mustRest", &[Type::Any], rest),
    Function::new("mustReverse", &[Type::Any], reverse),
    Function::variadic("mustSlice", &[Type::Any, Type::Any], slice),
    Function::new("mustUniq", &[Type::Any], uniq),
    Function::variadic("mustWithout", &[Type::Any, Type::Any], without),
    Function::new("prepend", &[Type::Any, Type::Any], prepend),
    Function::new("push", &[Type::Any, Type::Any], push),
    Function::new("rest", &[Type::Any], rest),
    Function::new("reverse", &[Type::Any], reverse),
    Function::variadic("slice", &[Type::Any, Type::Any], slice),
    Function::new("sortAlpha", &[Type::Any], sort_alpha),
    Function::variadic("tuple", &[Type::Any], list),
    Function::new("uniq", &[Type::Any], uniq),
    Function::variadic("without", &[Type::Any, Type::Any], without),
];

/// What Go says when it asks the nil interface for its type's kind.
pub(super) const NIL_TYPE: &str = "runtime error: invalid memory address or nil pointer dereference";

/// The items of a slice.
///
/// # Errors
/// The value is no slice; `refusal` is Sprig's text up to the kind.
fn items_of<'v>(value: &'v Any, refusal: &str) -> Result<Cow<'v, [Any]>, Fault> {
    match value {
        Any::List(list) => Ok(Cow::Borrowed(list.items())),
        Any::Nil => Err(Fault::new(NIL_TYPE)),
        _ => text::items(value).ok_or_else(|| Fault::new(format!("{refusal} {}", value.kind()))),
    }
}

fn made(items: Vec<Any>) -> Result<Any, Fault> {
    Ok(Any::List(List::new(items)))
}

/// A slice as Go's `append` left it after adding `items` one by one.
pub(super) fn appended(items: Vec<Any>) -> Result<Any, Fault> {
    Ok(Any::List(List::with_capacity(Element::Any, items, Capacity::Grown)))
}

fn list(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    made(arguments.to_vec())
}

fn push(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let old = items_of(arguments::any(arguments, 0), "Cannot push on type")?;
    limits::check_items(old.len() + 1)?;
    let mut items = Vec::with_capacity(old.len() + 1);
    items.extend_from_slice(&old);
    items.push(arguments::any(arguments, 1).clone());
    let capacity = Capacity::Of(grown(Element::Any, old.len(), items.len()));
    Ok(Any::List(List::with_capacity(Element::Any, items, capacity)))
}

fn prepend(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let old = items_of(arguments::any(arguments, 0), "Cannot prepend on type")?;
    limits::check_items(old.len() + 1)?;
    let mut items = Vec::with_capacity(old.len() + 1);
    items.push(arguments::any(arguments, 1).clone());
    items.extend_from_slice(&old);
    let capacity = Capacity::Of(grown(Element::Any, 1, items.len()));
    Ok(Any::List(List::with_capacity(Element::Any, items, capacity)))
}

/// `chunk SIZE LIST`. Sprig counts the chunks in floating point and lets a nonsensical count crash.
fn chunk(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let items = items_of(arguments::any(arguments, 1), "Cannot chunk type")?;
    let size = arguments::int(arguments, 0);
    let out_of_range = || Fault::new("runtime error: makeslice: len out of range");
    let count = cast::float_to_int(((items.len() as f64 - 1.0) / size as f64).floor() + 1.0);
    let count = usize::try_from(count).map_err(|_| out_of_range())?;
    let mut chunks = Vec::with_capacity(count.min(items.len()));
    for index in 0..count {
        let rest = cast::float_to_int((items.len() as f64 % size as f64).floor());
        let length = if index + 1 == count && rest != 0 { rest } else { size };
        let length = usize::try_from(length).map_err(|_| out_of_range())?;
        let start = index * length.max(usize::try_from(size).unwrap_or(0));
        let chunk = items.get(start..start + length).ok_or_else(out_of_range)?;
        chunks.push(Any::List(List::new(chunk.to_vec())));
    }
    Ok(Any::List(List::typed(Element::List, chunks)))
}

fn first(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let items = items_of(arguments::any(arguments, 0), "Cannot find first on type")?;
    Ok(items.first().cloned().unwrap_or_default())
}

fn last(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let items = items_of(arguments::any(arguments, 0), "Cannot find last on type")?;
    Ok(items.last().cloned().unwrap_or_default())
}

fn rest(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let items = items_of(arguments::any(arguments, 0), "Cannot find rest on type")?;
    match items.split_first() {
        Some((_, rest)) => made(rest.to_vec()),
        None => Ok(Any::List(List::nil(Element::Any))),
    }
}

fn initial(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let items = items_of(arguments::any(arguments, 0), "Cannot find initial on type")?;
    match items.split_last() {
        Some((_, initial)) => made(initial.to_vec()),
        None => Ok(Any::List(List::nil(Element::Any))),
    }
}

fn reverse(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let items = items_of(arguments::any(arguments, 0), "Cannot find reverse on type")?;
    made(items.iter().rev().cloned().collect())
}

fn compact(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let items = items_of(arguments::any(arguments, 0), "Cannot compact on type")?;
    appended(items.iter().filter(|item| item.truth()).cloned().collect())
}

/// Up to this many items are compared one with each other; more are sorted into buckets first.
const PAIRWISE: usize = 16;

fn uniq(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let items = items_of(arguments::any(arguments, 0), "Cannot find uniq on type")?;
    let mut kept: Vec<Any> = Vec::new();
    if items.len() <= PAIRWISE {
        for item in &*items {
            if !contains(&kept, item)? {
                kept.push(item.clone());
            }
        }
        return appended(kept);
    }
    // Items that are deeply equal print alike.
    let mut buckets: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut printed = Vec::new();
    for item in &*items {
        printed.clear();
        print::write_v(&mut printed, item);
        let mut hasher = DefaultHasher::new();
        hasher.write(&printed);
        let bucket = buckets.entry(hasher.finish()).or_default();
        let mut known = false;
        for &index in &*bucket {
            known = known || deep_equal(&kept[index], item)?;
        }
        if !known {
            bucket.push(kept.len());
            kept.push(item.clone());
        }
    }
    appended(kept)
}

fn contains(items: &[Any], wanted: &Any) -> Result<bool, Fault> {
    for item in items {
        if deep_equal(wanted, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn without(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let items = items_of(arguments::any(arguments, 0), "Cannot find without on type")?;
    let mut kept = Vec::new();
    for item in &*items {
        if !contains(arguments::rest(arguments, 1), item)? {
            kept.push(item.clone());
        }
    }
    appended(kept)
}

fn has(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let haystack = arguments::any(arguments, 1);
    if matches!(haystack, Any::Nil) {
        return Ok(Any::Bool(false));
    }
    let items = items_of(haystack, "Cannot find has on type")?;
    contains(&items, arguments::any(arguments, 0)).map(Any::Bool)
}

/// `slice LIST [START [END]]`. The end may lie behind the last item, up to Go's capacity.
fn slice(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let value = arguments::any(arguments, 0);
    let items = items_of(value, "list should be type of slice or array but")?;
    if items.is_empty() {
        return Ok(Any::Nil);
    }
    let index = |at: usize, default: usize| match arguments.get(at) {
        Some(index) => usize::try_from(cast::to_int(index)).ok(),
        None => Some(default),
    };
    if let (Any::Object(object), Some(start), Some(end)) = (value, index(1, 0), index(2, items.len()))
        && let Some(part) = object.part(start, end)
    {
        return Ok(part);
    }
    let owned;
    let list = match value {
        Any::List(list) => list,
        _ => {
            owned = List::new(items.to_vec());
            &owned
        }
    };
    let sliced = index(1, 0).zip(index(2, items.len())).and_then(|(start, end)| list.slice(start, end));
    sliced.map(Any::List).ok_or_else(|| Fault::new("reflect.Value.Slice: slice index out of bounds"))
}

fn concat(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let mut all = Vec::new();
    for value in arguments {
        let items = match value {
            Any::Nil => return Err(Fault::new(NIL_TYPE)),
            _ => text::items(value)
                .ok_or_else(|| Fault::new(format!("Cannot concat type {} as list", value.kind())))?,
        };
        limits::check_items(all.len() + items.len())?;
        all.extend_from_slice(&items);
    }
    if all.is_empty() {
        return Ok(Any::List(List::nil(Element::Any)));
    }
    appended(all)
}

/// Sorts a `[]string` in place, as Sprig does; of anything else a new one is made.
fn sort_alpha(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let value = arguments::any(arguments, 0);
    if matches!(value, Any::Nil) {
        return Ok(Any::List(List::strings([text::of(value)])));
    }
    let list = strings_of(value);
    list.sort_in_place();
    Ok(Any::List(list))
}
