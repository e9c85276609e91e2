//! `deepCopy`.

use crate::template::funcs::limits::Walk;
use crate::template::funcs::{arguments, version};
use crate::template::{Any, Capacity, Fault, List, Map, Scope};

/// Copies maps and slices down to the leaves. Objects are immutable and stay shared.
///
/// Source: github.com/mitchellh/copystructure.
pub(super) fn deep_copy(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    match arguments::any(arguments, 0) {
        Any::Nil => Err(Fault::new("reflect: call of reflect.Value.Type on zero Value")),
        value => copied(value, &mut Walk::default()),
    }
}

fn copied(value: &Any, walk: &mut Walk) -> Result<Any, Fault> {
    match value {
        Any::Map(map) => copied_map(map, walk).map(Any::Map),
        Any::List(list) => copied_list(list, walk).map(Any::List),
        Any::Object(object) if object.deep_copied().is_some() => Ok(object.deep_copied().unwrap_or_default()),
        _ => Ok(version::without_fields(value).unwrap_or_else(|| value.clone())),
    }
}

fn copied_map(map: &Map, walk: &mut Walk) -> Result<Map, Fault> {
    if map.is_nil() {
        return Ok(map.clone());
    }
    // Nobody has looked into a frozen map, so its tree can be shared until somebody does.
    if let Some(tree) = map.as_frozen() {
        return Ok(Map::frozen(tree).seen_as(map.kind()));
    }
    walk.enter(map.len())?;
    let entries = map.with_entries(|entries| {
        let copies = entries.iter().map(|(key, item)| Ok((key.clone(), copied(item, walk)?)));
        copies.collect::<Result<Vec<_>, Fault>>()
    })?;
    walk.leave();
    Ok(Map::typed(map.kind(), entries))
}

fn copied_list(list: &List, walk: &mut Walk) -> Result<List, Fault> {
    if list.is_nil() {
        return Ok(list.clone());
    }
    walk.enter(list.len())?;
    let items = list.items().iter().map(|item| copied(item, walk)).collect::<Result<_, _>>()?;
    walk.leave();
    Ok(List::with_capacity(list.element(), items, Capacity::Of(list.capacity())))
}
