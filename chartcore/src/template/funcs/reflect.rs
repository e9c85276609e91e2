//! Defaults, types and deep equality.

use super::arguments;
use super::limits::Walk;
use crate::template::{Any, Fault, Function, Scope, Type, print};

pub(super) static FUNCTIONS: &[Function] = &[
    Function::variadic("all", &[Type::Any], all),
    Function::variadic("any", &[Type::Any], any),
    Function::variadic("coalesce", &[Type::Any], coalesce),
    Function::new("deepEqual", &[Type::Any, Type::Any], deep_equal_of),
    Function::variadic("default", &[Type::Any, Type::Any], default),
    Function::new("empty", &[Type::Any], empty),
    Function::new("kindIs", &[Type::String, Type::Any], kind_is),
    Function::new("kindOf", &[Type::Any], kind_of),
    Function::new("ternary", &[Type::Any, Type::Any, Type::Bool], ternary),
    Function::new("typeIs", &[Type::String, Type::Any], type_is),
    Function::new("typeIsLike", &[Type::String, Type::Any], type_is_like),
    Function::new("typeOf", &[Type::Any], type_of),
];

// Sprig's `empty` and text/template's truth agree on every value a template can meet.

fn default(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let index = usize::from(arguments.get(1).is_some_and(Any::truth));
    Ok(arguments::any(arguments, index).clone())
}

fn empty(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Bool(!arguments::any(arguments, 0).truth()))
}

fn coalesce(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(arguments.iter().find(|value| value.truth()).cloned().unwrap_or_default())
}

fn all(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Bool(arguments.iter().all(Any::truth)))
}

fn any(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Bool(arguments.iter().any(Any::truth)))
}

fn ternary(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let index = usize::from(!arguments::bool(arguments, 2));
    Ok(arguments::any(arguments, index).clone())
}

fn type_of(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::str(arguments::any(arguments, 0).type_name()))
}

fn type_is(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Bool(*arguments::text(arguments, 0) == *arguments::any(arguments, 1).type_name()))
}

/// Also true when the value is a pointer to the type.
fn type_is_like(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let wanted = arguments::text(arguments, 0);
    let name = arguments::any(arguments, 1).type_name();
    Ok(Any::Bool(*wanted == *name || name.strip_prefix('*').is_some_and(|name| *wanted == *name)))
}

fn kind_of(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::str(arguments::any(arguments, 0).kind()))
}

fn kind_is(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Bool(*arguments::text(arguments, 0) == *arguments::any(arguments, 1).kind()))
}

fn deep_equal_of(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    deep_equal(arguments::any(arguments, 0), arguments::any(arguments, 1)).map(Any::Bool)
}

/// Go's `reflect.DeepEqual`: the types too must be the same, and nil slices and maps equal only each other.
///
/// # Errors
/// The values are nested too deeply.
#[inline]
pub(super) fn deep_equal(left: &Any, right: &Any) -> Result<bool, Fault> {
    match (left, right) {
        (Any::Str(left), Any::Str(right)) => Ok(left == right),
        _ => equal_at(left, right, &mut Walk::default()),
    }
}

fn equal_at(left: &Any, right: &Any, walk: &mut Walk) -> Result<bool, Fault> {
    Ok(match (left, right) {
        (Any::Nil, Any::Nil) => true,
        (Any::Bool(left), Any::Bool(right)) => left == right,
        (Any::Int(left), Any::Int(right))
        | (Any::Int64(left), Any::Int64(right))
        | (Any::Duration(left), Any::Duration(right)) => left == right,
        (Any::Uint8(left), Any::Uint8(right)) => left == right,
        (Any::Uint64(left), Any::Uint64(right)) => left == right,
        (Any::Float(left), Any::Float(right)) => left == right,
        (Any::Complex(left), Any::Complex(right)) => left == right,
        (Any::Str(left), Any::Str(right)) => left == right,
        (Any::List(left), Any::List(right)) => {
            if left.element() != right.element()
                || left.is_nil() != right.is_nil()
                || left.len() != right.len()
            {
                return Ok(false);
            }
            if left.same(right) {
                return Ok(true);
            }
            walk.enter(left.len())?;
            for (left, right) in left.items().iter().zip(right.items()) {
                if !equal_at(left, right, walk)? {
                    return Ok(false);
                }
            }
            walk.leave();
            true
        }
        (Any::Map(left), Any::Map(right)) => {
            if left.kind() != right.kind() || left.is_nil() != right.is_nil() || left.len() != right.len() {
                return Ok(false);
            }
            if left.same(right) {
                return Ok(true);
            }
            walk.enter(left.len())?;
            let equal = left.with_entries(|left| {
                right.with_entries(|right| {
                    for ((left_key, left), (right_key, right)) in left.iter().zip(right) {
                        if left_key != right_key || !equal_at(left, right, walk)? {
                            return Ok(false);
                        }
                    }
                    Ok(true)
                })
            });
            walk.leave();
            return equal;
        }
        (Any::Object(left_object), Any::Object(right_object)) => {
            std::rc::Rc::ptr_eq(left_object, right_object)
                || left_object.type_name() == right_object.type_name()
                    && left_object.to_value() == right_object.to_value()
                    && print::to_bytes(left) == print::to_bytes(right)
        }
        _ => false,
    })
}
