//! Running templates: the machine that steps through code.
//!
//! Includes, loops and expressions live on stacks of the machine, never on the native one, so no template
//! can overflow that.

mod calling;
mod templates;

use std::rc::Rc;

use crate::data::Str;
use crate::quote::quoted;

use super::any::untie_knots;
use super::associate::{Entry, NameMap};
use super::ast::{NO_NODE, NodeId};
use super::call::{self, Found};
use super::code::{Chain, Loop, Op, Origin};
use super::error::Cause;
use super::print::{print_value, write_indented};
use super::trace::Trace;
use super::walk::Walk;
use super::{Any, ExecError, Host, MapType, Memo, Method, Parsed, Templates, Type, funcs};
use templates::{Call, Caller, TplUnit, Unit, frame, no_template};

/// How many steps pass before the host is asked whether to go on.
const STRETCH: u64 = 1 << 18;

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
    tpl_units: NameMap<Str, Rc<TplUnit>>,
    steps: u64,
    /// Where the host is asked next whether to go on.
    checkpoint: u64,
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
    includes: Option<NameMap<Str, usize>>,
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
            tpl_units: NameMap::default(),
            steps: 0,
            checkpoint: limits.steps.min(STRETCH),
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
    /// left in, as Go leaves it; Helm takes it out of each file (`print::remove_no_value`).
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
            let (parsed, code) = (unit.parsed(), unit.body().code.as_slice());
            let flow = match self.trace {
                Some(_) => self.run_unit::<true>(parsed, code, &mut next, out),
                None => self.run_unit::<false>(parsed, code, &mut next, out),
            };
            match flow? {
                Flow::Switch => {}
                Flow::Done => return Ok(()),
            }
        }
    }

    fn run_unit<const TRACED: bool>(
        &mut self,
        parsed: &Parsed,
        code: &[Op],
        next: &mut usize,
        out: &mut Vec<u8>,
    ) -> Step<Flow> {
        loop {
            let Some(op) = code.get(*next) else { return Ok(Flow::Done) };
            *next += 1;
            if TRACED && let Some(trace) = &mut self.trace {
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
        if self.steps > self.checkpoint
            || written > self.limits.output
            || self.produced > self.limits.produced
        {
            return self.checked(written);
        }
        Ok(())
    }

    /// What a limit or a checkpoint means: failure, or another stretch of steps.
    #[cold]
    fn checked(&mut self, written: usize) -> Step<()> {
        let Limits { steps, output, produced } = self.limits;
        Err(Failure::from(if self.steps > steps {
            format!("exceeded the limit of {steps} steps")
        } else if written > output {
            format!("exceeded the limit of {output} bytes of output")
        } else if self.produced > produced {
            format!("exceeded the limit of {produced} bytes of text")
        } else if self.host.stopped() {
            "the render was stopped".to_owned()
        } else {
            self.checkpoint = self.steps.saturating_add(STRETCH).min(steps);
            return Ok(());
        }))
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
        if ident.of_values {
            return None;
        }
        held = match map.look(&ident.name, &ident.hint, |value| match value {
            Any::Map(inner) => Some(inner.clone()),
            _ => None,
        }) {
            Some(Some(inner)) => inner,
            _ => return None,
        };
        map = &held;
    }
    if map.kind() == MapType::String || last.of_values {
        return None;
    }
    map.look(&last.name, &last.hint, found)
}
