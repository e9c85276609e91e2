//! Running templates: the machine that steps through code.
//!
//! Includes, loops and expressions live on stacks of the machine, never on the native one, so no template
//! can overflow that.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::data::Str;
use crate::quote::quoted;

use super::any::untie_knots;
use super::associate::Entry;
use super::ast::{NO_NODE, NodeId, NodeKind};
use super::call::{self, Found};
use super::code::{Body, Chain, Loop, Op, Origin};
use super::compile::{ideal_constant, literal_for};
use super::error::Cause;
use super::trace::Trace;
use super::walk::Walk;
use super::{
    Any, ExecError, Frame, Function, Host, MapType, Memo, Method, Parsed, Scope, Templates, Type, funcs,
    print, quote,
};

/// Go: `maxExecDepth`.
const MAX_DEPTH: usize = 100_000;

/// Helm: `recursionMaxNums`, how often a template may be included inside itself.
const MAX_INCLUDES: usize = 1_000;

/// How deep `tpl` may run inside `tpl`. Go would overflow its stack, much later.
const MAX_TPL_DEPTH: usize = 1_000;

/// The name of what `tpl` runs. Helm names its set so.
const TPL_NAME: &str = "gotpl";

/// What a render may use before it is stopped. The defaults are far beyond any chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many rounds of loops and calls of templates and functions.
    pub steps: u64,
    /// How many bytes of output, and of any text made on the way.
    pub output: usize,
    /// How many bytes of text functions may make, together.
    pub produced: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 100_000_000, output: 256 << 20, produced: 8 << 30 }
    }
}

/// What a missing map key is (Go: the option `missingkey`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingKey {
    /// The zero of the element type: `missingkey=zero`, Helm's choice.
    #[default]
    Zero,
    /// No value at all: `missingkey=default`.
    Invalid,
    /// An error: `missingkey=error`, Helm's strict mode.
    Error,
}

/// A value with what Go's reflection would know of where it came from.
#[derive(Clone, Default)]
struct Slot {
    value: Any,
    /// Whether it is an interface still: out of a map or list of interfaces.
    interface: bool,
}

impl Slot {
    fn concrete(value: Any) -> Self {
        Self { value, interface: false }
    }
}

/// What code belongs to: a template of the set, or one that `tpl` parsed.
#[derive(Clone)]
enum Unit<'a> {
    Entry(&'a Entry),
    Tpl(Rc<TplUnit>, usize),
}

/// A source that `tpl` runs.
struct TplUnit {
    parsed: Arc<Parsed>,
    source: Str,
}

impl Unit<'_> {
    fn parsed(&self) -> &Parsed {
        match self {
            Self::Entry(entry) => &entry.parsed,
            Self::Tpl(unit, _) => &unit.parsed,
        }
    }

    fn shared(&self) -> Arc<Parsed> {
        match self {
            Self::Entry(entry) => Arc::clone(&entry.parsed),
            Self::Tpl(unit, _) => Arc::clone(&unit.parsed),
        }
    }

    fn body(&self) -> &Body {
        match self {
            Self::Entry(entry) => &entry.parsed.bodies[entry.body],
            Self::Tpl(unit, body) => &unit.parsed.bodies[*body],
        }
    }

    fn file(&self) -> String {
        match self {
            Self::Entry(entry) => entry.file.to_string(),
            Self::Tpl(..) => TPL_NAME.to_owned(),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Entry(entry) => entry.name.to_string(),
            Self::Tpl(..) => self.body().name.as_ref().map_or(TPL_NAME.to_owned(), Str::to_string),
        }
    }
}

/// Why a template runs.
enum Caller {
    /// `{{template}}`, whose output goes where its caller's goes.
    Template,
    /// `include`, of that name; its output starts at that byte.
    Include { name: Str, start: usize },
    /// `tpl`; its output starts at that byte.
    Tpl { start: usize },
}

/// A template that waits for the one it called.
struct Call<'a> {
    unit: Unit<'a>,
    /// The node errors inside are at.
    at: NodeId,
    /// The node errors are at afterwards.
    after: NodeId,
    next: usize,
    base: usize,
    dot: Slot,
    dots: usize,
    walks: usize,
    caller: Caller,
}

/// A running `range`.
struct Running {
    walk: Walk,
    dot: Slot,
    /// How many dots of `with` there were.
    dots: usize,
}

/// A method call whose arguments are being evaluated.
struct Pending {
    method: &'static Method,
    receiver: Any,
}

/// One render: runs templates of one set, one after another, on one thread.
pub struct Executor<'a> {
    templates: &'a Templates,
    host: &'a dyn Host,
    limits: Limits,
    lint: bool,
    missing_key: MissingKey,
    memo: Memo,
    /// What `tpl` parsed in this render.
    tpl_units: HashMap<Str, Rc<TplUnit>>,
    steps: u64,
    produced: u64,

    // What runs now.
    unit: Unit<'a>,
    /// The node errors are at.
    at: NodeId,
    dot: Slot,
    /// Where the variables of the running template start.
    base: usize,
    /// Whether the last field, variable or dot was an interface still.
    interface: bool,
    stack: Vec<Any>,
    slots: Vec<Slot>,
    /// The dots around `with`.
    dots: Vec<Slot>,
    walks: Vec<Running>,
    calls: Vec<Call<'a>>,
    pending: Vec<Pending>,
    /// What the running `tpl`s define, innermost last.
    overlays: Vec<Rc<TplUnit>>,
    /// How often each template is being included, once there are more includes than one may have.
    includes: Option<HashMap<Str, usize>>,
    include_depth: usize,
    scratch: Vec<u8>,
    trace: Option<Trace>,
}

/// What an error says, before it is placed.
struct Failure {
    message: String,
    cause: Cause,
}

impl Failure {
    #[cold]
    fn function(name: &str, text: &str) -> Self {
        let prefix = format!("error calling {name}: ");
        Self { cause: Cause::Function(prefix.len()), message: prefix + text }
    }
}

impl From<String> for Failure {
    #[cold]
    fn from(message: String) -> Self {
        Self { message, cause: Cause::Language }
    }
}

type Step<T> = Result<T, Failure>;

/// Whether to go on with the same code.
enum Flow {
    /// Another template runs now.
    Switch,
    Done,
}

impl<'a> Executor<'a> {
    pub(super) fn new(templates: &'a Templates, host: &'a dyn Host, limits: Limits) -> Self {
        static NOTHING: std::sync::OnceLock<Entry> = std::sync::OnceLock::new();
        let nothing = NOTHING.get_or_init(|| Entry {
            name: Str::EMPTY,
            file: Str::EMPTY,
            parsed: super::parse(b"", crate::Compat::Helm4).expect("nothing parses"),
            body: 0,
        });
        Self {
            templates,
            host,
            limits,
            lint: false,
            missing_key: MissingKey::Zero,
            memo: Memo::default(),
            tpl_units: HashMap::new(),
            steps: 0,
            produced: 0,
            unit: Unit::Entry(nothing),
            at: NO_NODE,
            dot: Slot::default(),
            base: 0,
            interface: false,
            stack: Vec::new(),
            slots: Vec::new(),
            dots: Vec::new(),
            walks: Vec::new(),
            calls: Vec::new(),
            pending: Vec::new(),
            overlays: Vec::new(),
            includes: None,
            include_depth: 0,
            scratch: Vec::new(),
            trace: None,
        }
    }

    /// In lint mode `required` and `fail` do not fail.
    #[must_use]
    pub fn lint(mut self, lint: bool) -> Self {
        self.lint = lint;
        self
    }

    /// Sets what a missing map key is.
    #[must_use]
    pub fn missing_key(mut self, missing_key: MissingKey) -> Self {
        self.missing_key = missing_key;
        self
    }

    /// Runs the template `name` with `data` as its dot and appends what it prints to `out`. `<no value>` is
    /// left in, as Go leaves it; Helm takes it out of each file ([`print::remove_no_value`]).
    ///
    /// # Errors
    /// Go's error, structured. What was printed before it stays in `out`.
    pub fn execute(&mut self, name: &str, data: &Any, out: &mut Vec<u8>) -> Result<(), ExecError> {
        let Some(entry) = self.templates.find(name.as_bytes()) else {
            return Err(ExecError::bare(no_template(name.as_bytes())));
        };
        self.unit = Unit::Entry(entry);
        self.at = NO_NODE;
        self.base = 0;
        self.dot = Slot::concrete(data.clone());
        self.slots.clear();
        self.slots.resize_with(entry.parsed.bodies[entry.body].slots as usize, Slot::default);
        self.slots[0] = self.dot.clone();
        let outcome = self.run(out);
        let outcome = outcome.map_err(|failure| {
            let error = self.place(failure);
            // What includes had printed is theirs, not the template's.
            let captured = self.calls.iter().find_map(|call| match call.caller {
                Caller::Include { start, .. } | Caller::Tpl { start } => Some(start),
                Caller::Template => None,
            });
            if let Some(start) = captured {
                out.truncate(start);
            }
            error
        });
        self.dot = Slot::default();
        self.stack.clear();
        self.slots.clear();
        self.dots.clear();
        self.walks.clear();
        self.calls.clear();
        self.pending.clear();
        self.overlays.clear();
        self.includes = None;
        self.include_depth = 0;
        outcome
    }

    /// As [`Executor::execute`] into an empty `out`, and says which part of which template wrote what.
    ///
    /// # Errors
    /// Those of [`Executor::execute`].
    pub fn execute_traced(&mut self, name: &str, data: &Any, out: &mut Vec<u8>) -> Result<Trace, ExecError> {
        self.trace = Some(Trace::default());
        let outcome = self.execute(name, data, out);
        let trace = self.trace.take().unwrap_or_default();
        outcome.map(|()| trace)
    }

    /// The error with the frames it happened in.
    #[cold]
    fn place(&self, failure: Failure) -> ExecError {
        let mut frames = Vec::new();
        for call in &self.calls {
            let message = match &call.caller {
                // Go says nothing of `{{template}}`.
                Caller::Template => continue,
                Caller::Include { .. } => "error calling include: ".to_owned(),
                Caller::Tpl { .. } => "error calling tpl: ".to_owned(),
            };
            frames.push(frame(&call.unit, call.at, message));
        }
        // Which source a tpl ran is known by the units inside it, in order.
        let mut overlays = self.overlays.iter();
        let tpls = self.calls.iter().filter(|call| !matches!(call.caller, Caller::Template));
        for (frame, call) in frames.iter_mut().zip(tpls) {
            if let Caller::Tpl { .. } = call.caller
                && let Some(unit) = overlays.next()
            {
                let source = quoted(&unit.source);
                frame.message.push_str(&format!("error during tpl function execution for {source}: "));
            }
        }
        frames.push(frame(&self.unit, self.at, failure.message));
        ExecError::new(frames, failure.cause)
    }

    // --- the machine ---

    fn run(&mut self, out: &mut Vec<u8>) -> Step<()> {
        let mut next = 0;
        loop {
            let unit = self.unit.clone();
            match self.run_unit(unit.parsed(), &unit.body().code, &mut next, out)? {
                Flow::Switch => {}
                Flow::Done => return Ok(()),
            }
        }
    }

    fn run_unit(&mut self, parsed: &Parsed, code: &[Op], next: &mut usize, out: &mut Vec<u8>) -> Step<Flow> {
        loop {
            let Some(op) = code.get(*next) else { return Ok(Flow::Done) };
            *next += 1;
            if let Some(trace) = &mut self.trace {
                trace.note(out.len(), op, self.at, || (self.unit.file(), self.unit.shared()));
            }
            match *op {
                Op::Text { start, end } => {
                    out.extend_from_slice(&parsed.source[start as usize..end as usize])
                }
                Op::Print => {
                    let value = self.pop();
                    print_value(out, &value);
                }
                Op::PrintField { chain, node } => {
                    self.at = node;
                    if look(parsed, &self.dot.value, chain, |value| print_value(out, value)).is_none() {
                        let value = self.field(parsed, self.dot.clone(), chain)?;
                        print_value(out, &value);
                    }
                }
                Op::PrintVariableField { slot, chain, node } => {
                    self.at = node;
                    let slot = &self.slots[self.base + slot as usize];
                    if look(parsed, &slot.value, chain, |value| print_value(out, value)).is_none() {
                        let value = self.field(parsed, slot.clone(), chain)?;
                        print_value(out, &value);
                    }
                }
                Op::PrintIndented { spaces, line_break } => {
                    let value = self.pop();
                    if let Any::Str(text) = &value {
                        write_indented(out, text, spaces as usize, line_break);
                    }
                }
                Op::Literal { index, node } => {
                    self.at = node;
                    self.stack.push(parsed.literals[index as usize].to_any());
                }
                Op::Dot { node } => {
                    self.at = node;
                    self.interface = self.dot.interface;
                    self.stack.push(self.dot.value.clone());
                }
                Op::Variable { slot, node } => {
                    self.at = node;
                    let slot = &self.slots[self.base + slot as usize];
                    self.interface = slot.interface;
                    self.stack.push(slot.value.clone());
                }
                Op::Field { chain, node } => {
                    self.at = node;
                    if let Some(value) = look(parsed, &self.dot.value, chain, Any::clone) {
                        self.interface = true;
                        self.stack.push(value);
                    } else {
                        let value = self.field(parsed, self.dot.clone(), chain)?;
                        self.stack.push(value);
                    }
                }
                Op::VariableField { slot, chain, node } => {
                    self.at = node;
                    let slot = &self.slots[self.base + slot as usize];
                    if let Some(value) = look(parsed, &slot.value, chain, Any::clone) {
                        self.interface = true;
                        self.stack.push(value);
                    } else {
                        let value = self.field(parsed, slot.clone(), chain)?;
                        self.stack.push(value);
                    }
                }
                Op::TopField { chain } => {
                    let top = self.pop();
                    let value = self.field(parsed, Slot::concrete(top), chain)?;
                    self.stack.push(value);
                }
                Op::Check { expected, origin, node } => {
                    if node != NO_NODE {
                        self.at = node;
                    }
                    self.check_top(*expected, origin)?;
                }
                Op::Rotate { count } => {
                    let from = self.stack.len().saturating_sub(count as usize + 1);
                    self.stack[from..].rotate_left(1);
                }
                Op::Nip => {
                    let top = self.pop();
                    if let Some(below) = self.stack.last_mut() {
                        *below = top;
                    }
                }
                Op::Jump { to } => *next = to as usize,
                Op::Unless { to } => {
                    if !self.pop().truth() {
                        *next = to as usize;
                    }
                }
                Op::UnlessField { chain, node, to } => {
                    self.at = node;
                    let truth = match look(parsed, &self.dot.value, chain, Any::truth) {
                        Some(truth) => truth,
                        None => self.field(parsed, self.dot.clone(), chain)?.truth(),
                    };
                    if !truth {
                        *next = to as usize;
                    }
                }
                Op::Short { wanted, to } => {
                    if self.stack.last().is_some_and(|top| top.truth() == wanted) {
                        *next = to as usize;
                    } else {
                        self.stack.pop();
                    }
                }
                Op::Store { slot } => {
                    let value = self.pop();
                    self.slots[self.base + slot as usize] = Slot::concrete(value);
                }
                Op::StoreKeep { slot } => {
                    let value = self.stack.last().cloned().unwrap_or_default();
                    self.slots[self.base + slot as usize] = Slot::concrete(value);
                }
                Op::With { to } => {
                    let value = self.pop();
                    if value.truth() {
                        let outer = std::mem::replace(&mut self.dot, Slot::concrete(value));
                        self.dots.push(outer);
                    } else {
                        *next = to as usize;
                    }
                }
                Op::EndWith => {
                    if let Some(dot) = self.dots.pop() {
                        self.dot = dot;
                    }
                }
                Op::Range { index } => {
                    let targets = &parsed.loops[index as usize];
                    *next = self.start_range(targets)?;
                }
                Op::Next { index } => {
                    self.spend(1, out.len())?;
                    let targets = &parsed.loops[index as usize];
                    if self.advance(targets) {
                        *next = targets.body as usize;
                    } else {
                        self.end_range();
                    }
                }
                Op::Break { index } => {
                    self.unwind_to_range();
                    self.end_range();
                    *next = parsed.loops[index as usize].end as usize;
                }
                Op::Continue { index } => {
                    self.unwind_to_range();
                    *next = parsed.loops[index as usize].next as usize;
                }
                Op::LeaveElse { index } => *next = parsed.loops[index as usize].end as usize,
                Op::Call { function, count, bare, node } => {
                    self.spend(1, out.len())?;
                    if bare {
                        self.at = node;
                    }
                    self.call(function, count as usize, node)?;
                }
                Op::Len { origin, bare, node } => {
                    if bare {
                        self.at = node;
                    }
                    let interface = origin == Origin::Dynamic && self.interface;
                    let value = self.pop();
                    match funcs::length(&value, interface) {
                        Ok(length) => self.stack.push(Any::Int(length as i64)),
                        Err(fault) => {
                            self.at = node;
                            return Err(Failure::function("len", fault.text()));
                        }
                    }
                }
                Op::CallValue { count, piped, node } => {
                    return Err(self.call_value(parsed, count as usize, piped, node));
                }
                Op::Include { node } => {
                    self.spend(1, out.len())?;
                    self.include(node, next, out)?;
                    return Ok(Flow::Switch);
                }
                Op::Tpl { node } => {
                    self.spend(1, out.len())?;
                    if self.tpl(node, next, out)? {
                        return Ok(Flow::Switch);
                    }
                }
                Op::FindTemplate { name, node } => {
                    self.at = node;
                    self.find_template(&parsed.names[name as usize])?;
                }
                Op::Template { name, node, dot } => {
                    self.spend(1, out.len())?;
                    let dot = if dot { self.pop() } else { Any::Nil };
                    // What the pipeline was at last stays where errors are in the caller.
                    let at = std::mem::replace(&mut self.at, node);
                    let unit = self.find_template(&parsed.names[name as usize])?;
                    self.at = at;
                    self.enter(unit, dot, Caller::Template, next);
                    return Ok(Flow::Switch);
                }
                Op::Method { ident, count, piped, origin, skip } => {
                    if !self.start_method(parsed, ident, count, piped, origin)? {
                        *next = skip as usize;
                    }
                }
                Op::MethodArgument { index, origin } => {
                    let expected = self.method_parameter(index);
                    self.check_top(expected, origin)?;
                }
                Op::MethodLiteral { index, node } => self.method_literal(parsed, index, node)?,
                Op::MethodCall { count, piped, node } => {
                    self.spend(1, out.len())?;
                    self.call_method(count as usize, piped, node)?;
                }
                Op::At { node } => self.at = node,
                Op::Fail { message, node } => {
                    if node != NO_NODE {
                        self.at = node;
                    }
                    return Err(Failure::from(parsed.messages[message as usize].to_string()));
                }
                Op::Return => match self.calls.pop() {
                    Some(call) => {
                        self.leave(call, next, out)?;
                        return Ok(Flow::Switch);
                    }
                    None => return Ok(Flow::Done),
                },
            }
        }
    }

    #[inline]
    fn pop(&mut self) -> Any {
        self.stack.pop().unwrap_or_default()
    }

    /// Counts against the limits.
    #[inline]
    fn spend(&mut self, steps: u64, written: usize) -> Step<()> {
        self.steps += steps;
        if self.steps > self.limits.steps
            || written > self.limits.output
            || self.produced > self.limits.produced
        {
            return Err(self.exceeded(written));
        }
        Ok(())
    }

    #[cold]
    fn exceeded(&self, written: usize) -> Failure {
        let Limits { steps, output, produced } = self.limits;
        Failure::from(if self.steps > steps {
            format!("exceeded the limit of {steps} steps")
        } else if written > output {
            format!("exceeded the limit of {output} bytes of output")
        } else {
            format!("exceeded the limit of {produced} bytes of text")
        })
    }

    #[inline]
    fn check_top(&mut self, expected: Type, origin: Origin) -> Step<()> {
        let interface = origin == Origin::Dynamic && self.interface;
        match self.stack.last_mut() {
            Some(top) => call::check(top, interface, expected).map_err(Failure::from),
            None => Ok(()),
        }
    }

    // --- fields ---

    /// The field at the end of a chain, whatever is on the way.
    fn field(&mut self, parsed: &Parsed, root: Slot, chain: Chain) -> Step<Any> {
        let Slot { mut value, mut interface } = root;
        for ident in parsed.chain(chain) {
            (value, interface) = match call::field(&value, interface, ident, self.missing_key, false)? {
                Found::Value(value, interface) => (value, interface),
                Found::Method(method) => (self.invoke(method, &[value], self.at)?, false),
            };
        }
        self.interface = interface;
        Ok(value)
    }

    // --- functions and methods ---

    #[inline]
    fn call(&mut self, function: &'static Function, count: usize, node: NodeId) -> Step<()> {
        let from = self.stack.len().saturating_sub(count);
        let mut scope =
            Scope { host: self.host, compat: self.templates.compat(), lint: self.lint, memo: &mut self.memo };
        let result = (function.call)(&mut scope, &self.stack[from..]);
        self.stack.truncate(from);
        match result {
            Ok(value) => {
                self.weigh(&value)?;
                self.stack.push(value);
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
    fn weigh(&mut self, value: &Any) -> Step<()> {
        let weight = match value {
            Any::Str(text) => text.len(),
            Any::List(list) => list.len() * size_of::<Any>(),
            _ => return Ok(()),
        };
        self.produced += weight as u64;
        if weight > self.limits.output {
            return Err(self.exceeded(weight));
        }
        Ok(())
    }

    #[cold]
    fn call_value(&mut self, parsed: &Parsed, count: usize, piped: bool, node: NodeId) -> Failure {
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
    fn invoke(&mut self, method: &'static Method, args: &[Any], node: NodeId) -> Step<Any> {
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
    fn start_method(
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

    fn method_parameter(&self, index: u32) -> Type {
        let params = self.pending.last().map_or(&[][..], |pending| pending.method.params);
        let last = params.len().saturating_sub(1);
        params.get((index as usize).min(last)).copied().unwrap_or(Type::Any)
    }

    fn method_literal(&mut self, parsed: &Parsed, index: u32, node: NodeId) -> Step<()> {
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
                    Any::Str(quote::unquote(literal).unwrap_or_default().into())
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

    fn call_method(&mut self, count: usize, piped: bool, node: NodeId) -> Step<()> {
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

    // --- loops ---

    fn start_range(&mut self, targets: &Loop) -> Step<usize> {
        let value = self.pop();
        let Some(walk) = Walk::new(&value, targets.pair)? else { return Ok(targets.otherwise as usize) };
        let running = Running { walk, dot: self.dot.clone(), dots: self.dots.len() };
        self.walks.push(running);
        if self.advance(targets) {
            return Ok(targets.body as usize);
        }
        self.end_range();
        Ok(targets.otherwise as usize)
    }

    /// Sets the dot and the variables to the next element, if there is one.
    #[inline]
    fn advance(&mut self, targets: &Loop) -> bool {
        let Some(running) = self.walks.last_mut() else { return false };
        let Some((element, interface)) = running.walk.next() else { return false };
        if let Some(slot) = targets.key {
            self.slots[self.base + slot as usize] = Slot::concrete(running.walk.key());
        }
        let element = Slot { value: element, interface };
        if let Some(slot) = targets.element {
            self.slots[self.base + slot as usize] = element.clone();
        }
        self.dot = element;
        true
    }

    fn unwind_to_range(&mut self) {
        if let Some(running) = self.walks.last() {
            self.dots.truncate(running.dots);
        }
    }

    fn end_range(&mut self) {
        if let Some(running) = self.walks.pop() {
            self.dot = running.dot;
        }
    }

    // --- templates ---

    /// The template of that name, as the running code sees it.
    fn find_template(&self, name: &Str) -> Step<Unit<'a>> {
        if self.calls.len() >= MAX_DEPTH {
            return Err(Failure::from(format!("exceeded maximum template depth ({MAX_DEPTH})")));
        }
        match self.find(name) {
            Some(unit) => Ok(unit),
            None => Err(Failure::from(format!("template {} not defined", quoted(name)))),
        }
    }

    /// Looks in what the running `tpl`s define, innermost first, then in the set.
    #[inline]
    fn find(&self, name: &Str) -> Option<Unit<'a>> {
        for unit in self.overlays.iter().rev() {
            for (body, content) in unit.parsed.bodies.iter().enumerate() {
                let own = content.name.as_ref().map_or(TPL_NAME.as_bytes(), Str::as_bytes);
                if own == name.as_bytes() && (!content.empty || !self.defined_outside(unit, name)) {
                    return Some(Unit::Tpl(Rc::clone(unit), body));
                }
            }
        }
        self.templates.find(name).map(Unit::Entry)
    }

    /// Whether a template is defined outside of what one `tpl` defines: then an empty one does not hide it.
    #[cold]
    fn defined_outside(&self, inner: &Rc<TplUnit>, name: &Str) -> bool {
        let outer = self.overlays.iter().take_while(|unit| !Rc::ptr_eq(unit, inner));
        self.templates.find(name).is_some()
            || outer.into_iter().any(|unit| {
                unit.parsed.bodies.iter().any(|content| {
                    content.name.as_ref().map_or(TPL_NAME.as_bytes(), Str::as_bytes) == name.as_bytes()
                })
            })
    }

    /// Starts a template; the running one waits.
    fn enter(&mut self, unit: Unit<'a>, dot: Any, caller: Caller, next: &mut usize) {
        let slots = unit.body().slots as usize;
        let outer = std::mem::replace(&mut self.unit, unit);
        let dot = Slot::concrete(dot);
        let outer_dot = std::mem::replace(&mut self.dot, dot);
        self.calls.push(Call {
            unit: outer,
            at: self.at,
            after: self.at,
            next: *next,
            base: self.base,
            dot: outer_dot,
            dots: self.dots.len(),
            walks: self.walks.len(),
            caller,
        });
        self.base = self.slots.len();
        self.slots.push(self.dot.clone());
        self.slots.resize_with(self.base + slots, Slot::default);
        *next = 0;
    }

    /// Goes back to the template that called.
    fn leave(&mut self, call: Call<'a>, next: &mut usize, out: &mut Vec<u8>) -> Step<()> {
        self.slots.truncate(self.base);
        self.base = call.base;
        self.unit = call.unit;
        self.at = call.after;
        self.dot = call.dot;
        self.dots.truncate(call.dots);
        self.walks.truncate(call.walks);
        *next = call.next;
        let start = match call.caller {
            Caller::Template => return Ok(()),
            Caller::Include { name, start } => {
                self.include_depth -= 1;
                if let Some(includes) = &mut self.includes {
                    if self.include_depth <= MAX_INCLUDES {
                        self.includes = None;
                    } else if let Some(count) = includes.get_mut(&name) {
                        *count -= 1;
                    }
                }
                start
            }
            Caller::Tpl { start } => {
                self.overlays.pop();
                print::remove_no_value(out, start);
                start
            }
        };
        self.produced += (out.len() - start) as u64;
        // Where the text is printed right away, it is where it should be already.
        match self.unit.body().code.get(*next) {
            Some(Op::Print) => *next += 1,
            Some(&Op::Check { expected: Type::String, .. }) => {
                if let Some(&Op::PrintIndented { spaces, line_break }) = self.unit.body().code.get(*next + 1)
                {
                    *next += 2;
                    self.scratch.clear();
                    self.scratch.extend_from_slice(&out[start..]);
                    out.truncate(start);
                    write_indented(out, &self.scratch, spaces as usize, line_break);
                } else {
                    self.capture(out, start);
                }
            }
            _ => self.capture(out, start),
        }
        Ok(())
    }

    fn capture(&mut self, out: &mut Vec<u8>, start: usize) {
        let text = Str::new(&out[start..]);
        out.truncate(start);
        self.stack.push(Any::Str(text));
    }

    /// `include name data`
    fn include(&mut self, node: NodeId, next: &mut usize, out: &[u8]) -> Step<()> {
        let data = self.pop();
        let Any::Str(name) = self.pop() else { return Ok(()) };
        let at = std::mem::replace(&mut self.at, node);
        if self.include_depth >= MAX_INCLUDES {
            self.count_include(&name)?;
        }
        if self.calls.len() >= MAX_DEPTH {
            return Err(Failure::from(format!("exceeded maximum template depth ({MAX_DEPTH})")));
        }
        let Some(unit) = self.find(&name) else {
            return Err(Failure::function("include", &no_template(&name)));
        };
        self.include_depth += 1;
        // Errors inside are at the call; what follows it goes on from where the arguments ended.
        self.enter(unit, data, Caller::Include { name, start: out.len() }, next);
        if let Some(call) = self.calls.last_mut() {
            call.after = at;
        }
        Ok(())
    }

    /// Helm counts per name. As long as there are fewer includes than one name may have, there is nothing
    /// to count.
    #[cold]
    fn count_include(&mut self, name: &Str) -> Step<()> {
        let calls = &self.calls;
        let includes = self.includes.get_or_insert_with(|| {
            let mut includes = HashMap::new();
            for call in calls {
                if let Caller::Include { name, .. } = &call.caller {
                    *includes.entry(name.clone()).or_insert(0) += 1;
                }
            }
            includes
        });
        let count = includes.entry(name.clone()).or_insert(0);
        if *count > MAX_INCLUDES {
            let text =
                format!("rendering template has a nested reference name: {name}: unable to execute template");
            return Err(Failure::function("include", &text));
        }
        *count += 1;
        Ok(())
    }

    /// `tpl source data`: whether another template runs now.
    fn tpl(&mut self, node: NodeId, next: &mut usize, out: &[u8]) -> Step<bool> {
        let data = self.pop();
        let Any::Str(source) = self.pop() else { return Ok(false) };
        if memchr::memmem::find(&source, b"{{").is_none() {
            // Plain text stays what it is.
            let mut text = source.to_vec();
            let before = text.len();
            print::remove_no_value(&mut text, 0);
            self.stack.push(Any::Str(if text.len() == before { source } else { text.into() }));
            return Ok(false);
        }
        let at = std::mem::replace(&mut self.at, node);
        if self.calls.len() >= MAX_DEPTH {
            return Err(Failure::from(format!("exceeded maximum template depth ({MAX_DEPTH})")));
        }
        if self.overlays.len() >= MAX_TPL_DEPTH {
            return Err(Failure::from(format!("exceeded maximum template depth ({MAX_TPL_DEPTH})")));
        }
        let unit = match self.tpl_units.get(&source) {
            Some(unit) => Rc::clone(unit),
            None => {
                let parsed = self.templates.parse_tpl(&source).map_err(|error| {
                    let shown = quoted(&source);
                    let text = format!("cannot parse template {shown}: {}", error.go_text(TPL_NAME));
                    Failure::function("tpl", &text)
                })?;
                let unit = Rc::new(TplUnit { parsed, source: source.clone() });
                self.tpl_units.insert(source, Rc::clone(&unit));
                unit
            }
        };
        self.overlays.push(Rc::clone(&unit));
        self.enter(Unit::Tpl(unit, 0), data, Caller::Tpl { start: out.len() }, next);
        if let Some(call) = self.calls.last_mut() {
            call.after = at;
        }
        Ok(true)
    }
}

impl Drop for Executor<'_> {
    fn drop(&mut self) {
        untie_knots();
    }
}

impl std::fmt::Debug for Executor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor").field("templates", &self.templates).finish_non_exhaustive()
    }
}

/// Go: `ExecuteTemplate` of what does not exist. Helm's set is named `gotpl`.
fn no_template(name: &[u8]) -> String {
    format!("template: no template {} associated with template \"{TPL_NAME}\"", quoted(name))
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

/// Where a template is.
#[cold]
fn frame(unit: &Unit<'_>, node: NodeId, message: String) -> Frame {
    let parsed = unit.parsed();
    if node == NO_NODE {
        return Frame {
            file: unit.file(),
            line: 1,
            column: 0,
            start: (1, 0),
            length: 0,
            executing: unit.name(),
            node: String::new(),
            message,
        };
    }
    let position = parsed.ast.nodes[node as usize].position as usize;
    let (line, column) = parsed.place(position);
    let (start, end) = parsed.ast.extent(node);
    let text = &parsed.source[start..end];
    Frame {
        file: unit.file(),
        line,
        column,
        start: parsed.place(start),
        length: memchr::memchr(b'\n', text).unwrap_or(text.len()),
        executing: unit.name(),
        node: parsed.ast.text(&parsed.source, node),
        message,
    }
}

/// Looks at the field at the end of a chain when there are only maps of interfaces on the way, and it is
/// there: nearly always.
#[inline]
fn look<R>(parsed: &Parsed, root: &Any, chain: Chain, found: impl FnOnce(&Any) -> R) -> Option<R> {
    let Any::Map(root) = root else { return None };
    let (last, way) = parsed.chain(chain).split_last()?;
    // The maps are held while they are walked through; the root is held by the caller.
    let mut held;
    let mut map = root;
    for ident in way {
        held = match map.look(&ident.name, &ident.hint, |value| match value {
            Any::Map(inner) => Some(inner.clone()),
            _ => None,
        }) {
            Some(Some(inner)) => inner,
            _ => return None,
        };
        map = &held;
    }
    if map.kind() == MapType::String {
        return None;
    }
    map.look(&last.name, &last.hint, found)
}

/// Prints as an action does. Go: `printValue`.
#[inline]
fn print_value(out: &mut Vec<u8>, value: &Any) {
    match value {
        Any::Str(text) => out.extend_from_slice(text),
        Any::Nil => out.extend_from_slice(print::NO_VALUE),
        other => print::write_v(out, other),
    }
}

/// Sprig: `indent`, and `nindent` with the line break.
fn write_indented(out: &mut Vec<u8>, text: &[u8], spaces: usize, line_break: bool) {
    if line_break {
        out.push(b'\n');
    }
    let lines = memchr::memchr_iter(b'\n', text).count() + 1;
    out.reserve(text.len() + lines * spaces);
    let mut rest = text;
    loop {
        out.resize(out.len() + spaces, b' ');
        match memchr::memchr(b'\n', rest) {
            Some(at) => {
                out.extend_from_slice(&rest[..=at]);
                rest = &rest[at + 1..];
            }
            None => return out.extend_from_slice(rest),
        }
    }
}
