//! What every Go template has: logic, comparison, indexing, printing, escaping.
//!
//! Go: text/template/funcs.go. `and`, `or`, `len` and `call` are steps of their own; their entries here
//! carry names and parameters.

use std::cmp::Ordering;

use crate::data::Str;
use crate::template::{Any, Capacity, Fault, Function, List, MapType, Scope, Type, format, unicode};

pub(super) static FUNCTIONS: &[Function] = &[
    Function::variadic("and", &[Type::Reflect, Type::Reflect], and),
    Function::variadic("call", &[Type::Reflect, Type::Reflect], call),
    Function::variadic("eq", &[Type::Reflect, Type::Reflect], eq),
    Function::new("ge", &[Type::Reflect, Type::Reflect], ge),
    Function::new("gt", &[Type::Reflect, Type::Reflect], gt),
    Function::variadic("html", &[Type::Any], html),
    Function::variadic("index", &[Type::Reflect, Type::Reflect], index),
    Function::variadic("js", &[Type::Any], js),
    Function::new("le", &[Type::Reflect, Type::Reflect], le),
    Function::new("len", &[Type::Reflect], len),
    Function::new("lt", &[Type::Reflect, Type::Reflect], lt),
    Function::new("ne", &[Type::Reflect, Type::Reflect], ne),
    Function::new("not", &[Type::Reflect], not),
    Function::variadic("or", &[Type::Reflect, Type::Reflect], or),
    Function::variadic("print", &[Type::Any], print),
    Function::variadic("printf", &[Type::String, Type::Any], printf),
    Function::variadic("println", &[Type::Any], println),
    Function::variadic("urlquery", &[Type::Any], urlquery),
];

/// Go's `slice`, which Sprig's hides.
pub(super) static SLICE: Function = Function::variadic("slice", &[Type::Reflect, Type::Reflect], slice);

type Outcome = Result<Any, Fault>;

// --- logic ---

fn and(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    let decisive = args.iter().find(|arg| !arg.truth()).or(args.last());
    Ok(decisive.cloned().unwrap_or_default())
}

fn or(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    let decisive = args.iter().find(|arg| arg.truth()).or(args.last());
    Ok(decisive.cloned().unwrap_or_default())
}

fn not(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    Ok(Any::Bool(!args[0].truth()))
}

// --- calling ---

fn call(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    Err(fault_of_call(&args[0], ""))
}

/// Why a value cannot be called: no value of a template is a function.
pub(in crate::template) fn fault_of_call(callee: &Any, text: &str) -> Fault {
    match callee {
        Any::Nil => Fault::new("call of nil"),
        other => Fault::new(format!("non-function {text} of type {}", other.type_name())),
    }
}

// --- length and indexing ---

fn len(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    length(&args[0], false).map(|length| Any::Int(length as i64))
}

/// `len`. `interface`: a nil is a nil interface, not nothing at all.
pub(in crate::template) fn length(item: &Any, interface: bool) -> Result<usize, Fault> {
    match item {
        Any::Str(text) => Ok(text.len()),
        Any::List(list) => Ok(list.len()),
        Any::Map(map) => Ok(map.len()),
        Any::Nil if interface => Err(Fault::new("len of nil pointer")),
        Any::Nil => Err(Fault::new("reflect: call of reflect.Value.Type on zero Value")),
        Any::Object(object) => match (object.underlying(), object.entries()) {
            (Some(plain @ (Any::Str(_) | Any::List(_) | Any::Map(_))), _) => length(&plain, false),
            (_, Some(entries)) => Ok(entries.len()),
            _ => Err(Fault::new(format!("len of type {}", object.type_name().trim_start_matches('*')))),
        },
        other => Err(Fault::new(format!("len of type {}", other.type_name()))),
    }
}

/// Go: `indexArg`.
fn position(index: &Any, capacity: usize) -> Result<usize, Fault> {
    let plain = plain(index);
    let number = match plain.as_ref().unwrap_or(index) {
        Any::Int(number) | Any::Int64(number) | Any::Duration(number) => *number,
        Any::Uint8(number) => i64::from(*number),
        Any::Uint64(number) => *number as i64,
        Any::Nil => return Err(Fault::new("cannot index slice/array with nil")),
        _ => return Err(Fault::new(format!("cannot index slice/array with type {}", index.type_name()))),
    };
    match usize::try_from(number) {
        Ok(position) if position <= capacity => Ok(position),
        _ => Err(Fault::new(format!("index out of range: {number}"))),
    }
}

fn index(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    let Some((first, indexes)) = args.split_first() else { return Ok(Any::Nil) };
    if matches!(first, Any::Nil) {
        return Err(Fault::new("index of untyped nil"));
    }
    let mut item = first.clone();
    for index in indexes {
        item = index_one(&item, index)?;
    }
    Ok(item)
}

fn slice(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    let Some((item, indexes)) = args.split_first() else { return Ok(Any::Nil) };
    let (length, capacity) = match item {
        Any::Nil => return Err(Fault::new("slice of untyped nil")),
        _ if indexes.len() > 3 => {
            return Err(Fault::new(format!("too many slice indexes: {}", indexes.len())));
        }
        Any::Str(_) if indexes.len() == 3 => return Err(Fault::new("cannot 3-index slice a string")),
        Any::Str(text) => (text.len(), text.len()),
        Any::List(list) => (list.len(), list.capacity()),
        other => return Err(Fault::new(format!("can't slice item of type {}", other.type_name()))),
    };
    let mut bounds = [0, length, capacity];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, capacity)?;
    }
    let [start, end, most] = bounds;
    let ascending = |low: usize, high: usize| {
        if low > high { Err(Fault::new(format!("invalid slice index: {low} > {high}"))) } else { Ok(()) }
    };
    ascending(start, end)?;
    ascending(end, most)?;
    match item {
        Any::Str(text) => Ok(Any::Str(Str::new(text.get(start..end).unwrap_or_default()))),
        Any::List(list) if indexes.len() == 3 => {
            let items = list.slice(start, end).map(|part| part.items().to_vec()).unwrap_or_default();
            Ok(Any::List(List::with_capacity(list.element(), items, Capacity::Of(most - start))))
        }
        Any::List(list) => Ok(list.slice(start, end).map_or(Any::Nil, Any::List)),
        _ => Ok(Any::Nil),
    }
}

fn index_one(item: &Any, index: &Any) -> Outcome {
    match item {
        Any::Nil => Err(Fault::new("index of nil pointer")),
        Any::List(list) => match list.items().get(position(index, list.len())?) {
            Some(item) => Ok(item.clone()),
            None => Err(Fault::new("reflect: slice index out of range")),
        },
        Any::Str(text) => match text.get(position(index, text.len())?) {
            Some(byte) => Ok(Any::Uint8(*byte)),
            None => Err(Fault::new("reflect: string index out of range")),
        },
        Any::Map(map) => {
            let key = map_key(index)?;
            Ok(map.get(key).unwrap_or_else(|| match map.kind() {
                MapType::String => Any::Str(Str::EMPTY),
                _ => Any::Nil,
            }))
        }
        Any::Object(object) => {
            if let Some(plain @ (Any::Str(_) | Any::List(_) | Any::Map(_))) = object.underlying() {
                return index_one(&plain, index);
            }
            if let Some(entries) = object.entries() {
                if object.kind() == "map" {
                    let wanted = map_key(index)?;
                    let found =
                        entries.into_iter().find(|entry| matches!(&entry.0, Any::Str(key) if key == wanted));
                    return Ok(found.map_or_else(|| object.zero().unwrap_or_default(), |entry| entry.1));
                }
                let at = position(index, entries.len())?;
                let found = entries.into_iter().nth(at).map(|entry| entry.1);
                return found.ok_or_else(|| Fault::new("reflect: slice index out of range"));
            }
            let name = object.type_name().trim_start_matches('*');
            Err(Fault::new(format!("can't index item of type {name}")))
        }
        other => Err(Fault::new(format!("can't index item of type {}", other.type_name()))),
    }
}

/// Go: `prepareArg` for a string key.
fn map_key(index: &Any) -> Result<&Str, Fault> {
    match index {
        Any::Str(key) => Ok(key),
        Any::Nil => Err(Fault::new("value is nil; should be of type string")),
        other => Err(Fault::new(format!("value has type {}; should be string", other.type_name()))),
    }
}

/// The plain value of a named type's object.
fn plain(value: &Any) -> Option<Any> {
    match value {
        Any::Object(object) => object.underlying(),
        _ => None,
    }
}

// --- comparison ---

/// Go: `basicKind`, with the value.
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Complex((f64, f64)),
    Str(&'a [u8]),
    Other,
}

fn basic(value: &Any) -> Basic<'_> {
    match value {
        Any::Bool(truth) => Basic::Bool(*truth),
        Any::Int(number) | Any::Int64(number) | Any::Duration(number) => Basic::Int(*number),
        Any::Uint8(number) => Basic::Uint(u64::from(*number)),
        Any::Uint64(number) => Basic::Uint(*number),
        Any::Float(number) => Basic::Float(*number),
        Any::Complex(number) => Basic::Complex(**number),
        Any::Str(text) => Basic::Str(text),
        Any::Nil | Any::List(_) | Any::Map(_) | Any::Object(_) => Basic::Other,
    }
}

/// Whether an integer of either sign equals one that has none.
fn mixed(signed: i64, unsigned: u64) -> bool {
    u64::try_from(signed).is_ok_and(|number| number == unsigned)
}

#[cold]
fn incompatible(left: &Any, right: &Any) -> Fault {
    let (left, right) = (left.type_name(), right.type_name());
    Fault::new(format!("incompatible types for comparison: {left} and {right}"))
}

/// Go: `eq` of two.
fn equal(left: &Any, right: &Any) -> Result<bool, Fault> {
    let (plain_left, plain_right) = (plain(left), plain(right));
    let pair = (basic(plain_left.as_ref().unwrap_or(left)), basic(plain_right.as_ref().unwrap_or(right)));
    Ok(match pair {
        (Basic::Str(left), Basic::Str(right)) => left == right,
        (Basic::Bool(left), Basic::Bool(right)) => left == right,
        (Basic::Int(left), Basic::Int(right)) => left == right,
        (Basic::Float(left), Basic::Float(right)) => left == right,
        (Basic::Uint(left), Basic::Uint(right)) => left == right,
        (Basic::Complex(left), Basic::Complex(right)) => left == right,
        (Basic::Int(signed), Basic::Uint(unsigned)) | (Basic::Uint(unsigned), Basic::Int(signed)) => {
            mixed(signed, unsigned)
        }
        (Basic::Other, Basic::Other) => return same(left, right),
        _ if matches!(left, Any::Nil) || matches!(right, Any::Nil) => false,
        _ => return Err(incompatible(left, right)),
    })
}

/// Go: `isNil`.
fn is_nil(value: &Any) -> bool {
    match value {
        Any::Nil => true,
        Any::List(list) => list.is_nil(),
        Any::Map(map) => map.is_nil(),
        _ => false,
    }
}

/// Equality of what has no basic kind.
fn same(left: &Any, right: &Any) -> Result<bool, Fault> {
    let comparable = left.kind() == right.kind() || matches!(left, Any::Nil) || matches!(right, Any::Nil);
    if comparable && (is_nil(left) || is_nil(right)) {
        return Ok(is_nil(left) && is_nil(right));
    }
    if !comparable {
        // Go's format string has its verbs in this order.
        let mut out = b"non-comparable types ".to_vec();
        format::write_verb(&mut out, b's', left);
        out.extend_from_slice(format!(": {}, {}: ", left.type_name(), right.type_name()).as_bytes());
        format::write_verb(&mut out, b'v', right);
        return Err(Fault::new(String::from_utf8_lossy(&out).into_owned()));
    }
    match (left, right) {
        (Any::Object(one), Any::Object(other)) => {
            if !other.comparable() {
                return Err(non_comparable(right));
            }
            let identical = std::rc::Rc::ptr_eq(one, other);
            if identical || one.kind() == "ptr" || one.type_name() != other.type_name() {
                return Ok(identical);
            }
            // Comparable structs: alike if they print alike.
            let (mut left, mut right) = (Vec::new(), Vec::new());
            one.print(&mut left);
            other.print(&mut right);
            Ok(left == right)
        }
        _ => Err(non_comparable(right)),
    }
}

#[cold]
fn non_comparable(value: &Any) -> Fault {
    let mut out = b"non-comparable type ".to_vec();
    format::write_verb(&mut out, b's', value);
    out.extend_from_slice(format!(": {}", value.type_name()).as_bytes());
    Fault::new(String::from_utf8_lossy(&out).into_owned())
}

fn eq(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    let Some((first, others)) = args.split_first() else { return Ok(Any::Nil) };
    if others.is_empty() {
        return Err(Fault::new("missing argument for comparison"));
    }
    for other in others {
        if equal(first, other)? {
            return Ok(Any::Bool(true));
        }
    }
    Ok(Any::Bool(false))
}

fn ne(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    Ok(Any::Bool(!equal(&args[0], &args[1])?))
}

/// Go: `lt`.
fn less(left: &Any, right: &Any) -> Result<bool, Fault> {
    const BAD: &str = "invalid type for comparison";
    let (plain_left, plain_right) = (plain(left), plain(right));
    let pair = (basic(plain_left.as_ref().unwrap_or(left)), basic(plain_right.as_ref().unwrap_or(right)));
    Ok(match pair {
        (Basic::Other, _) | (_, Basic::Other) => return Err(Fault::new(BAD)),
        (Basic::Bool(_), Basic::Bool(_)) | (Basic::Complex(_), Basic::Complex(_)) => {
            return Err(Fault::new(BAD));
        }
        (Basic::Str(left), Basic::Str(right)) => left < right,
        (Basic::Int(left), Basic::Int(right)) => left < right,
        (Basic::Float(left), Basic::Float(right)) => left < right,
        (Basic::Uint(left), Basic::Uint(right)) => left < right,
        (Basic::Int(left), Basic::Uint(right)) => {
            u64::try_from(left).map_or(Ordering::Less, |left| left.cmp(&right)).is_lt()
        }
        (Basic::Uint(left), Basic::Int(right)) => u64::try_from(right).is_ok_and(|right| left < right),
        _ => return Err(incompatible(left, right)),
    })
}

fn less_or_equal(args: &[Any]) -> Result<bool, Fault> {
    Ok(less(&args[0], &args[1])? || equal(&args[0], &args[1])?)
}

fn lt(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    Ok(Any::Bool(less(&args[0], &args[1])?))
}

fn le(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    Ok(Any::Bool(less_or_equal(args)?))
}

fn gt(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    Ok(Any::Bool(!less_or_equal(args)?))
}

fn ge(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    Ok(Any::Bool(!less(&args[0], &args[1])?))
}

// --- printing ---

fn print(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    let mut out = Vec::new();
    format::sprint(&mut out, args);
    Ok(Any::Str(out.into()))
}

fn println(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    let mut out = Vec::new();
    format::sprintln(&mut out, args);
    Ok(Any::Str(out.into()))
}

fn printf(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    let Some((Any::Str(pattern), values)) = args.split_first() else { return Ok(Any::str("")) };
    let mut out = Vec::with_capacity(pattern.len() + 16 * values.len());
    format::sprintf(&mut out, pattern, values);
    Ok(Any::Str(out.into()))
}

// --- escaping ---

/// Go: `evalArgs`: the arguments as one text, nil as `<no value>`.
fn text_of(args: &[Any]) -> Str {
    if let [Any::Str(text)] = args {
        return text.clone();
    }
    let shown: Vec<Any> = args
        .iter()
        .map(|arg| if matches!(arg, Any::Nil) { Any::str("<no value>") } else { arg.clone() })
        .collect();
    let mut out = Vec::new();
    format::sprint(&mut out, &shown);
    out.into()
}

fn html(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    let text = text_of(args);
    let mut out = Vec::with_capacity(text.len());
    for &byte in text.iter() {
        match byte {
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            other => out.push(other),
        }
    }
    Ok(Any::Str(out.into()))
}

fn js(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    let text = text_of(args);
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        if byte >= 0x80 {
            let (letter, width) = unicode::first(&text[at..]).unwrap_or((unicode::REPLACEMENT, 1));
            if unicode::is_print(letter) {
                out.extend_from_slice(&text[at..at + width]);
            } else {
                out.extend_from_slice(format!("\\u{:04X}", u32::from(letter)).as_bytes());
            }
            at += width;
            continue;
        }
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\'' => out.extend_from_slice(b"\\'"),
            b'"' => out.extend_from_slice(b"\\\""),
            b'<' | b'>' | b'&' | b'=' | 0..b' ' => out.extend_from_slice(format!("\\u{byte:04X}").as_bytes()),
            other => out.push(other),
        }
        at += 1;
    }
    Ok(Any::Str(out.into()))
}

fn urlquery(_: &mut Scope<'_>, args: &[Any]) -> Outcome {
    let text = text_of(args);
    let mut out = Vec::with_capacity(text.len());
    for &byte in text.iter() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte),
            b' ' => out.push(b'+'),
            other => out.extend_from_slice(format!("%{other:02X}").as_bytes()),
        }
    }
    Ok(Any::Str(out.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Element, List};

    #[test]
    fn bytes_index_as_bytes() {
        let list = Any::List(List::typed(Element::Byte, vec![Any::Uint8(7)]));
        assert!(matches!(index_one(&list, &Any::Int(0)), Ok(Any::Uint8(7))));
    }
}
