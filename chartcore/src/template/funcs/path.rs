//! Slash-separated paths. `os*` are the same functions, as on Linux.

use super::arguments;
use crate::data::Str;
use crate::template::{Any, Fault, Function, Scope, Type};

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("base", &[Type::String], base),
    Function::new("clean", &[Type::String], clean),
    Function::new("dir", &[Type::String], dir),
    Function::new("ext", &[Type::String], ext),
    Function::new("isAbs", &[Type::String], is_abs),
    Function::new("osBase", &[Type::String], base),
    Function::new("osClean", &[Type::String], clean),
    Function::new("osDir", &[Type::String], dir),
    Function::new("osExt", &[Type::String], ext),
    Function::new("osIsAbs", &[Type::String], is_abs),
];

/// Go's `path.Base`: the last element.
fn base(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let path = arguments::text(arguments, 0);
    let end = path.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
    let start = path[..end].iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    Ok(Any::str(match &path[start..end] {
        [] if path.is_empty() => b".",
        [] => b"/",
        name => name,
    }))
}

/// Go's `path.Dir`: all but the last element.
fn dir(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let path = arguments::text(arguments, 0);
    let end = path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    Ok(Any::Str(cleaned(&path[..end])))
}

fn clean(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Str(cleaned(arguments::text(arguments, 0))))
}

/// Go's `path.Ext`: from the last dot of the last element on.
fn ext(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let path = arguments::text(arguments, 0);
    let at = path.iter().rposition(|&byte| byte == b'.' || byte == b'/');
    Ok(Any::str(match at {
        Some(dot) if path[dot] == b'.' => &path[dot..],
        _ => b"",
    }))
}

fn is_abs(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Bool(arguments::text(arguments, 0).starts_with(b"/")))
}

/// Go's `path.Clean`: the shortest path to the same place, by the letters alone.
fn cleaned(path: &[u8]) -> Str {
    let rooted = path.starts_with(b"/");
    let mut names: Vec<&[u8]> = Vec::new();
    for name in path.split(|&byte| byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." if names.last().is_some_and(|last| *last != b"..") => {
                names.pop();
            }
            b".." if rooted => {}
            _ => names.push(name),
        }
    }
    let root: &[u8] = if rooted { b"/" } else { b"" };
    let cleaned = [root, &names.join(&b'/')].concat();
    if cleaned.is_empty() { ".".into() } else { cleaned.into() }
}
