//! Dictionaries: maps with string keys, shared and changed in place.

mod copy;
mod merge;

use super::{arguments, limits, lists, text};
use crate::data::Str;
use crate::template::{Any, Capacity, Element, Fault, Function, List, Map, MapType, Scope, Type};

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("deepCopy", &[Type::Any], copy::deep_copy),
    Function::variadic("dict", &[Type::Any], dict),
    Function::variadic("dig", &[Type::Any], dig),
    Function::new("get", &[Type::Map, Type::String], get),
    Function::new("hasKey", &[Type::Map, Type::String], has_key),
    Function::variadic("keys", &[Type::Map], keys),
    Function::variadic("merge", &[Type::Map, Type::Map], merge::merge),
    Function::variadic("mergeOverwrite", &[Type::Map, Type::Map], merge::merge_overwrite),
    Function::new("mustDeepCopy", &[Type::Any], copy::deep_copy),
    Function::variadic("mustMerge", &[Type::Map, Type::Map], merge::must_merge),
    Function::variadic("mustMergeOverwrite", &[Type::Map, Type::Map], merge::must_merge_overwrite),
    Function::variadic("omit", &[Type::Map, Type::String], omit),
    Function::variadic("pick", &[Type::Map, Type::String], pick),
    Function::variadic("pluck", &[Type::String, Type::Map], pluck),
    Function::new("set", &[Type::Map, Type::String, Type::Any], set),
    Function::new("unset", &[Type::Map, Type::String], unset),
    Function::new("values", &[Type::Map], values),
];

/// A key without a value gets the empty text.
fn dict(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let pairs = arguments.chunks(2);
    let entries =
        pairs.map(|pair| (text::of(&pair[0]), pair.get(1).cloned().unwrap_or(Any::Str(Str::EMPTY))));
    Ok(Any::Map(Map::typed(MapType::Any, entries.collect())))
}

/// The value, or the empty text when there is no such key.
fn get(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let value = arguments::map(arguments, 0).and_then(|map| map.get(arguments::text(arguments, 1)));
    Ok(value.unwrap_or(Any::Str(Str::EMPTY)))
}

fn set(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let Some(map) = arguments::map(arguments, 0) else {
        return Err(Fault::new("assignment to entry in nil map"));
    };
    map.insert(arguments::text(arguments, 1).clone(), arguments::any(arguments, 2).clone());
    Ok(Any::Map(map.plain()))
}

fn unset(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let Some(map) = arguments::map(arguments, 0) else {
        return Ok(Any::Map(Map::nil()));
    };
    map.remove(arguments::text(arguments, 1));
    Ok(Any::Map(map.plain()))
}

fn has_key(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let key = arguments::text(arguments, 1);
    Ok(Any::Bool(arguments::map(arguments, 0).is_some_and(|map| map.contains_key(key))))
}

fn pluck(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let key = arguments::text(arguments, 0);
    let maps = (1..arguments.len()).filter_map(|index| arguments::map(arguments, index));
    lists::appended(maps.filter_map(|map| map.get(key)).collect())
}

/// The keys of each map, sorted; Go's order is random.
fn keys(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let mut keys = Vec::new();
    for map in (0..arguments.len()).filter_map(|index| arguments::map(arguments, index)) {
        limits::check_items(keys.len() + map.len())?;
        map.with_entries(|entries| keys.extend(entries.iter().map(|entry| Any::Str(entry.0.clone()))));
    }
    Ok(Any::List(List::with_capacity(Element::String, keys, Capacity::Grown)))
}

/// The values in the order of their keys; Go's order is random.
fn values(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let values = arguments::map(arguments, 0)
        .map(|map| map.with_entries(|entries| entries.iter().map(|entry| entry.1.clone()).collect()));
    lists::appended(values.unwrap_or_default())
}

fn pick(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let Some(map) = arguments::map(arguments, 0) else {
        return Ok(Any::Map(Map::new()));
    };
    let keys = (1..arguments.len()).map(|index| arguments::text(arguments, index));
    let entries = keys.filter_map(|key| Some((key.clone(), map.get(key)?))).collect();
    Ok(Any::Map(Map::typed(MapType::Any, entries)))
}

fn omit(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let Some(map) = arguments::map(arguments, 0) else {
        return Ok(Any::Map(Map::new()));
    };
    let is_omitted = |key: &Str| (1..arguments.len()).any(|index| arguments::text(arguments, index) == key);
    let entries =
        map.with_entries(|entries| entries.iter().filter(|entry| !is_omitted(&entry.0)).cloned().collect());
    Ok(Any::Map(Map::typed(MapType::Any, entries)))
}

/// Go's text for a type assertion that fails.
fn wrong_type(value: &Any, wanted: &str) -> Fault {
    let found = if matches!(value, Any::Nil) { "nil" } else { value.type_name() };
    Fault::new(format!("interface conversion: interface {{}} is {found}, not {wanted}"))
}

/// A plain `map[string]interface{}`: `.Values` itself is of another type and is refused, as in Go.
fn plain_map(value: &Any) -> Result<&Map, Fault> {
    match value {
        Any::Map(map) if map.kind() == MapType::Any => Ok(map),
        _ => Err(wrong_type(value, MapType::Any.name())),
    }
}

/// `dig KEY... DEFAULT DICT`.
fn dig(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let [keys @ .., default, dict] = arguments else {
        return Err(Fault::new("dig needs at least three arguments"));
    };
    if keys.is_empty() {
        return Err(Fault::new("dig needs at least three arguments"));
    }
    plain_map(dict)?;
    if let Some(wrong) = keys.iter().find(|key| !matches!(key, Any::Str(_))) {
        return Err(wrong_type(wrong, "string"));
    }
    let mut found = dict.clone();
    for index in 0..keys.len() {
        let Some(next) = plain_map(&found)?.get(arguments::text(keys, index)) else {
            return Ok(default.clone());
        };
        found = next;
    }
    Ok(found)
}
