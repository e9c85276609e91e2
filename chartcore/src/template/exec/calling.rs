//! Calls of functions and methods.
//!
//! Go: text/template/exec.go, `evalCall`.

use super::super::ast::{NodeId, NodeKind};
use super::super::call::{self, Found};
use super::super::code::Origin;
use super::super::compile::{ideal_constant, literal_for};
use super::super::{Any, Function, Method, Parsed, Scope, Type, funcs, unquote};
use super::{Executor, Failure, Pending, Step};
use crate::data::Str;

impl Executor<'_> {
    #[inline]
    pub(super) fn call(&mut self, function: &'static Function, count: usize, node: NodeId) -> Step<()> {
        let from = self.stack.len().saturating_sub(count);
        let mut scope =
            Scope { host: self.host, compat: self.templates.compat(), lint: self.lint, memo: &mut self.memo };
        let result = (function.call)(&mut scope, &self.stack[from..]);
        self.stack.truncate(from);
        match result {
            Ok(value) => {
                self.weigh(&value)?;
                self.stack.push(match &value {
                    // Go's own functions hand on what they were given.
                    Any::Object(object) if function.params.first() != Some(&Type::Reflect) => {
                        object.copied().unwrap_or(value)
                    }
                    _ => value,
                });
                Ok(())
            }
            Err(fault) => {
                self.at = node;
                Err(Failure::function(function.name, fault.text()))
            }
        }
    }

    /// Counts what a function made.
    #[inline]
    pub(super) fn weigh(&mut self, value: &Any) -> Step<()> {
        let weight = match value {
            Any::Str(text) => text.len(),
            Any::List(list) => list.len() * size_of::<Any>(),
            _ => return Ok(()),
        };
        self.produced += weight as u64;
        if weight > self.limits.output {
            return self.checked(weight);
        }
        Ok(())
    }

    #[cold]
    pub(super) fn call_value(&mut self, parsed: &Parsed, count: usize, piped: bool, node: NodeId) -> Failure {
        let from = self.stack.len().saturating_sub(count);
        let callee = self.stack.get(from).cloned().unwrap_or_default();
        let text = match parsed.ast.kind(node) {
            NodeKind::Command { arguments } if !piped => {
                parsed.ast.text(&parsed.source, parsed.ast.children(arguments)[1])
            }
            _ => match &callee {
                Any::Str(text) => text.to_string(),
                other => format!("<{} Value>", other.type_name()),
            },
        };
        self.at = node;
        Failure::function("call", funcs::fault_of_call(&callee, &text).text())
    }

    /// Calls a method; the receiver is the first argument.
    pub(super) fn invoke(&mut self, method: &'static Method, args: &[Any], node: NodeId) -> Step<Any> {
        let given = args.len() - 1;
        check_count(method, given, given)?;
        let mut scope =
            Scope { host: self.host, compat: self.templates.compat(), lint: self.lint, memo: &mut self.memo };
        match (method.call)(&mut scope, args) {
            Ok(value) => {
                self.weigh(&value)?;
                Ok(value)
            }
            Err(fault) => {
                self.at = node;
                Err(Failure::function(method.name, fault.text()))
            }
        }
    }

    /// Finds the method of the popped receiver; false if there is no receiver, and then no value.
    pub(super) fn start_method(
        &mut self,
        parsed: &Parsed,
        ident: u32,
        count: u32,
        piped: bool,
        origin: Origin,
    ) -> Step<bool> {
        let receiver = self.pop();
        let interface = origin == Origin::Dynamic && self.interface;
        let ident = &parsed.idents[ident as usize];
        match call::field(&receiver, interface, ident, self.missing_key, true)? {
            Found::Method(method) => {
                let count = count as usize;
                check_count(method, count, count - usize::from(piped))?;
                self.pending.push(Pending { method, receiver });
                Ok(true)
            }
            Found::Value(value, _) => {
                if piped {
                    self.stack.pop();
                }
                self.stack.push(value);
                Ok(false)
            }
        }
    }

    pub(super) fn method_parameter(&self, index: u32) -> Type {
        let params = self.pending.last().map_or(&[][..], |pending| pending.method.params);
        let last = params.len().saturating_sub(1);
        params.get((index as usize).min(last)).copied().unwrap_or(Type::Any)
    }

    pub(super) fn method_literal(&mut self, parsed: &Parsed, index: u32, node: NodeId) -> Step<()> {
        self.at = node;
        let expected = self.method_parameter(index);
        let kind = parsed.ast.kind(node);
        let shown = || parsed.ast.text(&parsed.source, node);
        let number = match kind {
            NodeKind::Number { number, .. } => Some(parsed.ast.numbers[number as usize]),
            _ => None,
        };
        if matches!(kind, NodeKind::Nil) {
            if !call::can_be_nil(expected) {
                return Err(Failure::from(format!("cannot assign nil to {}", expected.name())));
            }
            self.stack.push(Any::Nil);
            return Ok(());
        }
        let value = match literal_for(expected, kind, number, shown)? {
            Some(literal) => literal.to_any(),
            None => match kind {
                NodeKind::Bool(truth) => Any::Bool(truth),
                NodeKind::String { start, end } => {
                    let literal = &parsed.source[start as usize..end as usize];
                    Any::Str(Str::new(unquote::unquote(literal).unwrap_or_default()))
                }
                NodeKind::Number { start, end, .. } => {
                    let text = &parsed.source[start as usize..end as usize];
                    match ideal_constant(text, number.unwrap_or_default()) {
                        Some(literal) => literal.to_any(),
                        None => {
                            let text = String::from_utf8_lossy(text);
                            return Err(Failure::from(format!("{text} overflows int")));
                        }
                    }
                }
                _ => Any::Nil,
            },
        };
        self.stack.push(value);
        Ok(())
    }

    pub(super) fn call_method(&mut self, count: usize, piped: bool, node: NodeId) -> Step<()> {
        if piped {
            let from = self.stack.len().saturating_sub(count + 1);
            self.stack[from..].rotate_left(1);
            let expected = self.method_parameter(count as u32);
            self.check_top(expected, Origin::Concrete)?;
        }
        let Some(Pending { method, receiver }) = self.pending.pop() else { return Ok(()) };
        let from = self.stack.len().saturating_sub(count + usize::from(piped));
        let mut args = Vec::with_capacity(self.stack.len() - from + 1);
        args.push(receiver);
        args.extend(self.stack.drain(from..));
        let value = self.invoke(method, &args, node)?;
        self.stack.push(value);
        Ok(())
    }
}

fn check_count(method: &Method, given: usize, written: usize) -> Step<()> {
    let wanted = method.params.len();
    if method.variadic {
        if given + 1 < wanted {
            let name = method.name;
            let least = wanted - 1;
            return Err(Failure::from(format!(
                "wrong number of args for {name}: want at least {least} got {written}"
            )));
        }
    } else if given != wanted {
        let name = method.name;
        return Err(Failure::from(format!("wrong number of args for {name}: want {wanted} got {given}")));
    }
    Ok(())
}
