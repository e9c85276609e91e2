//! Values against parameters, and the fields of values.
//!
//! Go: text/template/exec.go, `validateType`, `evalField`.

use crate::data::Str;
use crate::quote::quoted;

use super::code::Ident;
use super::{Any, Element, MapType, Method, MissingKey, Type, funcs, values_object};

/// Go: `canBeNil`.
pub(super) fn can_be_nil(expected: Type) -> bool {
    match expected {
        Type::Any | Type::Reflect | Type::Bytes | Type::List | Type::Strings | Type::Map => true,
        Type::Named(name) => name.starts_with('*'),
        Type::Bool | Type::Int | Type::Int64 | Type::Float | Type::String => false,
    }
}

/// Checks a value against a parameter's type, converting it where Go does. `interface`: it came out of a
/// map or list of interfaces.
#[inline]
pub(super) fn check(value: &mut Any, interface: bool, expected: Type) -> Result<(), String> {
    if assignable(value, expected) { Ok(()) } else { convert(value, interface, expected) }
}

#[inline]
fn assignable(value: &Any, expected: Type) -> bool {
    match (value, expected) {
        (_, Type::Any | Type::Reflect)
        | (Any::Str(_), Type::String)
        | (Any::Bool(_), Type::Bool)
        | (Any::Int(_), Type::Int)
        | (Any::Int64(_), Type::Int64)
        | (Any::Float(_), Type::Float) => true,
        (Any::Map(map), Type::Map) => map.kind() != MapType::String,
        (Any::List(list), Type::List) => list.element() == Element::Any,
        (Any::List(list), Type::Strings) => list.element() == Element::String,
        (Any::List(list), Type::Bytes) => list.element() == Element::Byte,
        (Any::Nil, _) => false,
        (value, Type::Named(name)) => value.type_name() == name,
        _ => false,
    }
}

#[cold]
fn convert(value: &mut Any, interface: bool, expected: Type) -> Result<(), String> {
    match value {
        Any::Nil if !interface => {
            if can_be_nil(expected) {
                return Ok(());
            }
            return Err(format!("invalid value; expected {}", expected.name()));
        }
        Any::Nil => {
            return Err(format!("wrong type for value; expected {}; got interface {{}}", expected.name()));
        }
        Any::Object(object) => {
            if let Type::Named(name) = expected
                && object.type_name().strip_prefix('*') == Some(name)
            {
                return Ok(());
            }
            // A named slice or map type is assignable to the plain one.
            if let Some(plain @ (Any::List(_) | Any::Map(_))) = object.underlying()
                && assignable(&plain, expected)
            {
                *value = plain;
                return Ok(());
            }
        }
        _ => {}
    }
    Err(format!("wrong type for value; expected {}; got {}", expected.name(), value.type_name()))
}

/// What a field access finds.
pub(super) enum Found {
    /// A value, and whether it is an interface still.
    Value(Any, bool),
    /// A method to call on the receiver.
    Method(&'static Method),
}

/// Looks a field up. Go: `evalField`. `given`: there are arguments, so it has to be a method.
pub(super) fn field(
    receiver: &Any,
    interface: bool,
    ident: &Ident,
    missing: MissingKey,
    given: bool,
) -> Result<Found, String> {
    let name = &ident.name;
    match receiver {
        Any::Map(map) => {
            if ident.of_values
                && matches!(map.kind(), MapType::Values3 | MapType::Values4)
                && let Some(method) = values_object::method(name)
            {
                return Ok(Found::Method(method));
            }
            if given {
                return Err(format!("{name} is not a method but has arguments"));
            }
            let plain = map.kind() == MapType::String;
            match map.look(name, &ident.hint, Any::clone) {
                Some(value) => Ok(Found::Value(value, !plain)),
                None => missing_key(name, plain, missing),
            }
        }
        Any::Nil if interface => Err(format!("nil pointer evaluating interface {{}}.{name}")),
        Any::Nil => match missing {
            MissingKey::Error => Err(format!("nil data; no entry for key {}", quoted(name))),
            MissingKey::Zero | MissingKey::Invalid => Ok(Found::Value(Any::Nil, false)),
        },
        Any::Object(object) => {
            if let Some(method) = object.method(name) {
                return Ok(Found::Method(method));
            }
            let map = object.kind() == "map";
            if let Some(value) = object.field(name) {
                if given && map {
                    return Err(format!("{name} is not a method but has arguments"));
                }
                if given {
                    return Err(format!("{name} has arguments but cannot be invoked as function"));
                }
                return Ok(Found::Value(value, false));
            }
            if map {
                return match (object.zero(), missing) {
                    (Some(zero), MissingKey::Zero) if !given => Ok(Found::Value(zero, false)),
                    _ => missing_key(name, false, missing),
                };
            }
            Err(no_field(name, interface, object.type_name()))
        }
        Any::Duration(_) => match funcs::duration_method(name) {
            Some(method) => Ok(Found::Method(method)),
            None => Err(no_field(name, interface, receiver.type_name())),
        },
        other => Err(no_field(name, interface, other.type_name())),
    }
}

#[cold]
fn no_field(name: &Str, interface: bool, type_name: &str) -> String {
    let type_name = if interface { "interface {}" } else { type_name };
    format!("can't evaluate field {name} in type {type_name}")
}

#[cold]
fn missing_key(name: &Str, plain: bool, missing: MissingKey) -> Result<Found, String> {
    match missing {
        MissingKey::Zero if plain => Ok(Found::Value(Any::Str(Str::EMPTY), false)),
        MissingKey::Zero => Ok(Found::Value(Any::Nil, true)),
        MissingKey::Invalid => Ok(Found::Value(Any::Nil, false)),
        MissingKey::Error => Err(format!("map has no entry for key {}", quoted(name))),
    }
}
