//! `include`, `tpl`, `required`, `fail`, `lookup`: what Helm adds to let templates use each other, give up,
//! and ask the cluster.
//!
//! Helm: pkg/engine/engine.go, pkg/engine/lookup_func.go. `include` and `tpl` run templates, so they are
//! steps of the executor; their entries here carry names and parameters.

use crate::template::error::{WARN_END, WARN_START};
use crate::template::{Any, Fault, Function, Scope, Type};

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("fail", &[Type::String], fail),
    Function::new("include", &[Type::String, Type::Any], not_a_plain_function),
    Function::new("lookup", &[Type::String, Type::String, Type::String, Type::String], lookup),
    Function::new("required", &[Type::String, Type::Any], required),
    Function::new("tpl", &[Type::String, Type::Any], not_a_plain_function),
];

fn text(arg: &Any) -> String {
    match arg {
        Any::Str(text) => text.to_text().into_owned(),
        _ => String::new(),
    }
}

fn not_a_plain_function(_: &mut Scope<'_>, _: &[Any]) -> Result<Any, Fault> {
    Err(Fault::new("needs the templates it was called from"))
}

/// Helm looks for the marks in the error's text and prints what stands between them alone.
fn warn(message: &str) -> Fault {
    Fault::new(format!("{WARN_START}{message}{WARN_END}"))
}

fn required(scope: &mut Scope<'_>, args: &[Any]) -> Result<Any, Fault> {
    let missing = match &args[1] {
        Any::Nil => true,
        Any::Str(text) => text.is_empty(),
        _ => false,
    };
    if !missing {
        return Ok(args[1].clone());
    }
    if scope.lint {
        return Ok(Any::str(""));
    }
    Err(warn(&text(&args[0])))
}

fn fail(scope: &mut Scope<'_>, args: &[Any]) -> Result<Any, Fault> {
    if scope.lint {
        return Ok(Any::str(""));
    }
    Err(warn(&text(&args[0])))
}

fn lookup(scope: &mut Scope<'_>, args: &[Any]) -> Result<Any, Fault> {
    let [api_version, kind, namespace, name] = [0, 1, 2, 3].map(|index| text(&args[index]));
    // Helm asks no cluster while it lints.
    if scope.lint {
        return Ok(Any::Map(crate::template::Map::new()));
    }
    match scope.host.lookup(&api_version, &kind, &namespace, &name) {
        Ok(found) => Ok(Any::from(found)),
        Err(message) => Err(Fault::new(message)),
    }
}
