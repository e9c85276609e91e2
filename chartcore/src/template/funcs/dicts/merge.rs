//! `merge` and its kin: dario.cat/mergo 1.0.1 on maps.
//!
//! The first map is changed and returned. What it lacks is taken from the others without copying, so nested
//! maps are shared afterwards. A value that is empty (`false`, `0`, `""`, `[]`, `{}`, nil) counts as lacking.

use crate::data::Str;
use crate::template::funcs::arguments;
use crate::template::funcs::limits::Walk;
use crate::template::{Any, Fault, List, Map, MapType, Scope};

/// Why a merge stopped.
enum Stop {
    /// Mergo's error, which `merge` swallows.
    Error(Fault),
    /// A panic.
    Panic(Fault),
}

pub(super) fn merge(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    swallowed(merged(arguments, false))
}

pub(super) fn merge_overwrite(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    swallowed(merged(arguments, true))
}

pub(super) fn must_merge(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    told(merged(arguments, false))
}

pub(super) fn must_merge_overwrite(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    told(merged(arguments, true))
}

fn swallowed(result: Result<Any, Stop>) -> Result<Any, Fault> {
    match result {
        Ok(merged) => Ok(merged),
        Err(Stop::Error(_)) => Ok(Any::Str(Str::EMPTY)),
        Err(Stop::Panic(fault)) => Err(fault),
    }
}

fn told(result: Result<Any, Stop>) -> Result<Any, Fault> {
    result.map_err(|stop| match stop {
        Stop::Error(fault) | Stop::Panic(fault) => fault,
    })
}

fn merged(arguments: &[Any], overwrite: bool) -> Result<Any, Stop> {
    let mut target = arguments::map(arguments, 0).map(Map::plain);
    for source in (1..arguments.len()).filter_map(|index| arguments::map(arguments, index)) {
        merge_into(target.get_or_insert_with(Map::new), source, overwrite, &mut Walk::default())?;
    }
    Ok(Any::Map(target.unwrap_or_else(Map::nil)))
}

fn is_slice(value: &Any) -> bool {
    value.kind() == "slice"
}

fn is_map(value: &Any) -> bool {
    value.kind() == "map"
}

/// Puts `value` under `key`, if the map may hold it. `type_name` is the static type Go sees.
fn assign(target: &Map, key: &Str, value: Any, type_name: &str) -> Result<(), Stop> {
    if target.kind() == MapType::String && type_name != "string" {
        return Err(Stop::Panic(Fault::new(format!(
            "reflect.Value.SetMapIndex: value of type {type_name} is not assignable to type string"
        ))));
    }
    target.insert(key.clone(), value);
    Ok(())
}

fn merge_into(target: &Map, source: &Map, overwrite: bool, walk: &mut Walk) -> Result<(), Stop> {
    walk.enter(source.len()).map_err(Stop::Panic)?;
    let item_type = if source.kind() == MapType::String { "string" } else { "interface {}" };
    for key in source.keys() {
        let Some(new) = source.get(&key) else { continue };
        let old = target.get(&key);
        match &new {
            Any::Nil => {
                if overwrite {
                    assign(target, &key, new, item_type)?;
                }
                continue;
            }
            Any::Map(source) => merge_map(old.as_ref(), source, overwrite, walk)?,
            _ if is_slice(&new) => merge_slice(target, &key, old.as_ref(), &new, overwrite)?,
            _ => {}
        }
        // A map merged into an empty map may have filled it: it is asked now.
        let kept = old.as_ref().is_some_and(Any::truth);
        if kept && (is_slice(&new) || is_map(&new) && old.as_ref().is_some_and(is_map)) {
            continue;
        }
        if overwrite || !kept {
            assign(target, &key, new, item_type)?;
        }
    }
    walk.leave();
    Ok(())
}

/// Merges a map into what the target has under the key, if that is a map too.
fn merge_map(old: Option<&Any>, source: &Map, overwrite: bool, walk: &mut Walk) -> Result<(), Stop> {
    match old {
        Some(Any::Map(target)) if !target.is_nil() => merge_into(target, source, overwrite, walk),
        Some(Any::Object(object)) if object.kind() == "ptr" && !overwrite && !source.is_nil() => {
            Err(Stop::Error(Fault::new("src and dst must be of same type")))
        }
        _ => Ok(()),
    }
}

/// Overwrites with a slice, even an empty one; else leaves what is there, or an empty slice.
fn merge_slice(target: &Map, key: &Str, old: Option<&Any>, new: &Any, overwrite: bool) -> Result<(), Stop> {
    if old.is_some() && target.kind() == MapType::String {
        return Err(Stop::Panic(Fault::new("reflect: call of reflect.Value.IsNil on string Value")));
    }
    let put = match (old, new) {
        _ if overwrite || target.is_empty() => new.clone(),
        (None | Some(Any::Nil), Any::List(list)) => Any::List(List::typed(list.element(), Vec::new())),
        (None | Some(Any::Nil), _) => new.clone(),
        (Some(old), _) => old.clone(),
    };
    let type_name = put.type_name().to_owned();
    assign(target, key, put, &type_name)
}
