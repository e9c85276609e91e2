//! `toYaml`, `toJson`, `toToml` and their `from*`.
//!
//! Helm: pkg/engine/funcs.go; `toPrettyJson`, `toRawJson` and `mustFromJson` are Sprig's.

use super::date;
use super::reflected::{Form, reflected};
use crate::data::json::{self, Escape};
use crate::data::{self, Value, toml, yaml};
use crate::template::{Any, Element, Fault, Function, List, Map, MapType, Scope, Type};

type Body = fn(&mut Scope<'_>, &[Any]) -> Result<Any, Fault>;

pub(super) static FUNCTIONS: &[Function] = &[
    of_any("toYaml", |_, args| Ok(Any::str(yaml_text(first(args)).unwrap_or_default()))),
    of_any("mustToYaml", |_, args| Ok(Any::str(yaml_text(first(args))?))),
    of_any("toYamlPretty", |_, args| Ok(Any::str(pretty_yaml_text(first(args))?))),
    of_text("fromYaml", |_, args| {
        Ok(match yaml::parse_map(text(args)) {
            Ok(map) => Any::from(&Value::from(map)),
            Err(error) => error_map(data::Map::new(), error.full()),
        })
    }),
    of_text("fromYamlArray", |_, args| Ok(list(yaml::parse_list(text(args)).map_err(|error| error.full())))),
    of_any("toJson", |_, args| Ok(Any::str(json_text(first(args), Escape::Html).unwrap_or_default()))),
    of_any("mustToJson", |_, args| Ok(Any::str(json_text(first(args), Escape::Html)?))),
    of_any("toPrettyJson", |_, args| Ok(Any::str(pretty_json_text(first(args)).unwrap_or_default()))),
    of_any("mustToPrettyJson", |_, args| Ok(Any::str(pretty_json_text(first(args))?))),
    of_any("toRawJson", |_, args| Ok(Any::str(json_text(first(args), Escape::Json)?))),
    of_any("mustToRawJson", |_, args| Ok(Any::str(json_text(first(args), Escape::Json)?))),
    of_text("fromJson", |_, args| {
        Ok(match json::parse_map(text(args)) {
            (map, None) => Any::from(&Value::from(map)),
            (map, Some(error)) => error_map(map, error.to_string()),
        })
    }),
    of_text("mustFromJson", |_, args| match json::parse(text(args)) {
        Ok(value) => Ok(Any::from(&value)),
        Err(error) => Err(Fault::new(error.to_string())),
    }),
    of_text("fromJsonArray", |_, args| {
        Ok(list(json::parse_list(text(args)).map_err(|error| error.to_string())))
    }),
    of_any("toToml", |_, args| {
        Ok(match toml_text(first(args))? {
            Ok(text) => Any::str(text),
            Err(error) => Any::str(error),
        })
    }),
    of_any("mustToToml", |_, args| match toml_text(first(args))? {
        Ok(text) => Ok(Any::str(text)),
        Err(error) => Err(Fault::new(error)),
    }),
    of_text("fromToml", |_, args| {
        Ok(match toml::parse_items(text(args)) {
            Ok(entries) => toml_any(toml::Item::Map(entries)),
            Err(error) => error_map(data::Map::new(), error.to_string()),
        })
    }),
];

const fn of_any(name: &'static str, call: Body) -> Function {
    Function { name, params: &[Type::Any], variadic: false, call }
}

const fn of_text(name: &'static str, call: Body) -> Function {
    Function { name, params: &[Type::String], variadic: false, call }
}

fn first(args: &[Any]) -> &Any {
    args.first().unwrap_or(&Any::Nil)
}

fn text(args: &[Any]) -> &[u8] {
    match args.first() {
        Some(Any::Str(text)) => text,
        _ => &[],
    }
}

/// What `fromYaml` and its kind give instead of an error.
fn error_map(map: data::Map, error: String) -> Any {
    let any = Any::from(&Value::from(map));
    if let Any::Map(map) = &any {
        map.insert("Error", Any::str(error));
    }
    any
}

/// What `fromYamlArray` and its kind give: the error's text as the only item.
fn list(items: Result<Vec<Value>, String>) -> Any {
    Any::List(match items {
        Ok(items) => List::new(items.iter().map(Any::from).collect()),
        Err(error) => List::new(vec![Any::str(error)]),
    })
}

fn yaml_text(any: &Any) -> Result<Vec<u8>, Fault> {
    let value = any
        .to_value()
        .map_err(|fault| Fault::new(format!("error marshaling into JSON: {}", fault.text())))?;
    let mut out = yaml::write(&value).map_err(|error| Fault::new(error.marshal_text()))?;
    out.pop_if(|last| *last == b'\n');
    Ok(out)
}

/// What Helm prints nothing for is empty; what Go's encoder panics at is an error.
fn pretty_yaml_text(any: &Any) -> Result<Vec<u8>, Fault> {
    let mut out = reflected(any, Form::Yaml, yaml::write_pretty)?.unwrap_or_default();
    out.pop_if(|last| *last == b'\n');
    Ok(out)
}

fn json_text(any: &Any, escape: Escape) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    write_json(&mut out, any, escape, 0)?;
    Ok(out)
}

fn pretty_json_text(any: &Any) -> Result<Vec<u8>, Fault> {
    Ok(json::indented(&json_text(any, Escape::Html)?, "  "))
}

/// A few maps that hold each other twice are a text without end.
const LONGEST_JSON: usize = 64 << 20;

/// Writes what encoding/json writes: straight from the shared maps, and structs in the order of their fields.
fn write_json(out: &mut Vec<u8>, any: &Any, escape: Escape, depth: usize) -> Result<(), Fault> {
    if depth > json::MAX_DEPTH {
        let name = any.type_name();
        return Err(Fault::new(format!("json: unsupported value: encountered a cycle via {name}")));
    }
    if out.len() > LONGEST_JSON {
        return Err(Fault::new(format!("json: the text is longer than the limit of {LONGEST_JSON} bytes")));
    }
    match any {
        Any::Uint64(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Any::List(list) if list.is_nil() => out.extend_from_slice(b"null"),
        Any::Map(map) if map.is_nil() => out.extend_from_slice(b"null"),
        Any::List(list) if list.element() != Element::Byte => {
            out.push(b'[');
            for (index, item) in list.items().iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_json(out, item, escape, depth + 1)?;
            }
            out.push(b']');
        }
        Any::Map(map) if map.as_frozen().is_none() => map.with_entries(|entries| {
            let entries = entries.iter().map(|(key, item)| (key.as_bytes(), item));
            write_json_object(out, entries, escape, depth)
        })?,
        Any::Object(object) => match object.json_fields() {
            Some(fields) => {
                let fields = fields.iter().map(|(key, item)| (key.as_bytes(), item));
                write_json_object(out, fields, escape, depth)?;
            }
            None => write_json_value(out, &object.to_value(), escape)?,
        },
        other => write_json_value(out, &other.to_value()?, escape)?,
    }
    Ok(())
}

fn write_json_object<'a>(
    out: &mut Vec<u8>,
    entries: impl Iterator<Item = (&'a [u8], &'a Any)>,
    escape: Escape,
    depth: usize,
) -> Result<(), Fault> {
    out.push(b'{');
    for (index, (key, item)) in entries.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json::push_text(out, key, escape);
        out.push(b':');
        write_json(out, item, escape, depth + 1)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_json_value(out: &mut Vec<u8>, value: &Value, escape: Escape) -> Result<(), Fault> {
    json::write_with(out, value, escape).map_err(|error| Fault::new(error.to_string()))
}

/// What `fromToml` reads: dates and times are `time.Time`.
fn toml_any(item: toml::Item) -> Any {
    match item {
        toml::Item::Plain(value) => Any::from(&value),
        toml::Item::Datetime { text, zone } => {
            date::of_rfc3339(&text, zone).unwrap_or_else(|| Any::str(text))
        }
        toml::Item::List(items) => Any::List(List::new(items.into_iter().map(toml_any).collect())),
        toml::Item::Map(entries) => {
            let entries = entries.into_iter().map(|(key, item)| (key, toml_any(item)));
            Any::Map(Map::typed(MapType::Any, entries.collect()))
        }
    }
}

/// The text, or BurntSushi's error; a nil is Go's panic.
fn toml_text(any: &Any) -> Result<Result<Vec<u8>, String>, Fault> {
    match any {
        Any::Nil => return Err(Fault::new("reflect: call of reflect.Value.Type on zero Value")),
        Any::Complex(_) => return Ok(Err("unsupported type for key '': complex128".to_owned())),
        _ => {}
    }
    let write = |value: &Value| toml::write(value).map_err(|error| error.to_string());
    match reflected(any, Form::Toml, write) {
        Err(fault) if fault.text() == Form::Toml.complex() => Ok(Err(fault.text().to_owned())),
        outcome => outcome,
    }
}
