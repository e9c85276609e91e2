//! The methods of the type `.Values` has: `chartutil.Values` in Helm 3, `common.Values` in Helm 4.
//!
//! Helm: pkg/chart/common/values.go.

use super::{Any, Fault, Map, MapType, Method, Scope, Type};
use crate::data::yaml;
use crate::quote::quoted;

static METHODS: [Method; 5] = [
    Method { name: "AsMap", params: &[], variadic: false, call: as_map },
    Method { name: "Encode", params: &[Type::Named("io.Writer")], variadic: false, call: encode },
    Method { name: "PathValue", params: &[Type::String], variadic: false, call: path_value },
    Method { name: "Table", params: &[Type::String], variadic: false, call: table },
    Method { name: "YAML", params: &[], variadic: false, call: yaml },
];

/// The method of that name.
pub(super) fn method(name: &[u8]) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name.as_bytes() == name)
}

type Outcome = Result<Any, Fault>;

fn receiver(arguments: &[Any]) -> Result<&Map, Fault> {
    match arguments.first() {
        Some(Any::Map(map)) => Ok(map),
        _ => Err(Fault::new("the receiver is no map")),
    }
}

fn path(arguments: &[Any]) -> &[u8] {
    match arguments.get(1) {
        Some(Any::Str(path)) => path,
        _ => &[],
    }
}

fn as_map(_: &mut Scope<'_>, arguments: &[Any]) -> Outcome {
    let map = receiver(arguments)?;
    Ok(Any::Map(if map.is_empty() { Map::new() } else { map.plain() }))
}

/// No value of a template is a writer, so the check of the argument fails before.
fn encode(_: &mut Scope<'_>, _: &[Any]) -> Outcome {
    Err(Fault::new("a template has no io.Writer"))
}

fn yaml(_: &mut Scope<'_>, arguments: &[Any]) -> Outcome {
    let value = Any::Map(receiver(arguments)?.clone())
        .to_value()
        .map_err(|fault| Fault::new(format!("error marshaling into JSON: {}", fault.text())))?;
    let text = yaml::write(&value).map_err(|error| Fault::new(error.marshal_text()))?;
    Ok(Any::Str(text.into()))
}

fn table(_: &mut Scope<'_>, arguments: &[Any]) -> Outcome {
    let mut map = receiver(arguments)?.clone();
    for key in path(arguments).split(|&byte| byte == b'.') {
        map = inner(&map, key)?;
    }
    Ok(Any::Map(map))
}

fn inner(map: &Map, key: &[u8]) -> Result<Map, Fault> {
    match map.get(key) {
        Some(Any::Map(inner)) if inner.kind() != MapType::String => Ok(inner.seen_as(map.kind())),
        _ => Err(Fault::new(format!("{} is not a table", quoted(key)))),
    }
}

fn path_value(_: &mut Scope<'_>, arguments: &[Any]) -> Outcome {
    let map = receiver(arguments)?;
    let path = path(arguments);
    if path.is_empty() {
        return Err(Fault::new("YAML path cannot be empty"));
    }
    let no_value = |key: &[u8]| Fault::new(format!("{} is not a value", quoted(key)));
    let Some(dot) = memchr::memrchr(b'.', path) else {
        return plain(map, path).ok_or_else(|| no_value(path));
    };
    let (way, key) = (&path[..dot], &path[dot + 1..]);
    let mut table = map.clone();
    for step in way.split(|&byte| byte == b'.') {
        table = inner(&table, step).map_err(|_| no_value(key))?;
    }
    plain(&table, key).ok_or_else(|| no_value(key))
}

/// What is under a key, if it is no table.
fn plain(map: &Map, key: &[u8]) -> Option<Any> {
    map.get(key).filter(|value| !matches!(value, Any::Map(map) if map.kind() == MapType::Any))
}
