//! Templates that run templates: `{{template}}`, `include`, `tpl`, and the way back.
//!
//! Helm: pkg/engine/engine.go.

use std::rc::Rc;
use std::sync::Arc;

use super::super::associate::{Entry, NameMap};
use super::super::ast::{NO_NODE, NodeId};
use super::super::code::{Body, Op};
use super::super::print::{self, write_indented};
use super::super::{Any, Frame, Parsed, Type, lex};
use super::{Executor, Failure, Slot, Step};
use crate::data::Str;
use crate::quote::quoted;

/// Go: `maxExecDepth`.
const MAX_DEPTH: usize = 100_000;

/// Helm: `recursionMaxNums`, how often a template may be included inside itself.
const MAX_INCLUDES: usize = 1_000;

/// How deep `tpl` may run inside `tpl`. Go would overflow its stack, much later.
const MAX_TPL_DEPTH: usize = 1_000;

/// The name of what `tpl` runs. Helm names its set so.
const TPL_NAME: &str = "gotpl";

/// What code belongs to: a template of the set, or one that `tpl` parsed.
#[derive(Clone)]
pub(super) enum Unit<'a> {
    Entry(&'a Entry),
    Tpl(Rc<TplUnit>, usize),
}

/// A source that `tpl` runs.
pub(super) struct TplUnit {
    pub(super) parsed: Arc<Parsed>,
    pub(super) source: Str,
}

impl Unit<'_> {
    pub(super) fn parsed(&self) -> &Parsed {
        match self {
            Self::Entry(entry) => &entry.parsed,
            Self::Tpl(unit, _) => &unit.parsed,
        }
    }

    pub(super) fn shared(&self) -> Arc<Parsed> {
        match self {
            Self::Entry(entry) => Arc::clone(&entry.parsed),
            Self::Tpl(unit, _) => Arc::clone(&unit.parsed),
        }
    }

    pub(super) fn body(&self) -> &Body {
        match self {
            Self::Entry(entry) => &entry.parsed.bodies[entry.body],
            Self::Tpl(unit, body) => &unit.parsed.bodies[*body],
        }
    }

    pub(super) fn file(&self) -> String {
        match self {
            Self::Entry(entry) => entry.file.to_string(),
            Self::Tpl(..) => TPL_NAME.to_owned(),
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Entry(entry) => entry.name.to_string(),
            Self::Tpl(..) => self.body().name.as_ref().map_or(TPL_NAME.to_owned(), Str::to_string),
        }
    }
}

/// Why a template runs.
pub(super) enum Caller {
    /// `{{template}}`, whose output goes where its caller's goes.
    Template,
    /// `include`, of that name; its output starts at that byte.
    Include { name: Str, start: usize },
    /// `tpl`; its output starts at that byte.
    Tpl { start: usize },
}

/// A template that waits for the one it called.
pub(super) struct Call<'a> {
    pub(super) unit: Unit<'a>,
    /// The node errors inside are at.
    pub(super) at: NodeId,
    /// The node errors are at afterwards.
    pub(super) after: NodeId,
    pub(super) next: usize,
    pub(super) base: usize,
    pub(super) dot: Slot,
    pub(super) dots: usize,
    pub(super) walks: usize,
    pub(super) caller: Caller,
}

impl<'a> Executor<'a> {
    /// The template of that name, as the running code sees it.
    pub(super) fn find_template(&self, name: &Str) -> Step<Unit<'a>> {
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
    pub(super) fn find(&self, name: &Str) -> Option<Unit<'a>> {
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
    pub(super) fn defined_outside(&self, inner: &Rc<TplUnit>, name: &Str) -> bool {
        let outer = self.overlays.iter().take_while(|unit| !Rc::ptr_eq(unit, inner));
        self.templates.find(name).is_some()
            || outer.into_iter().any(|unit| {
                unit.parsed.bodies.iter().any(|content| {
                    content.name.as_ref().map_or(TPL_NAME.as_bytes(), Str::as_bytes) == name.as_bytes()
                })
            })
    }

    /// Starts a template; the running one waits.
    pub(super) fn enter(&mut self, unit: Unit<'a>, dot: Any, caller: Caller, next: &mut usize) {
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
    pub(super) fn leave(&mut self, call: Call<'a>, next: &mut usize, out: &mut Vec<u8>) -> Step<()> {
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

    pub(super) fn capture(&mut self, out: &mut Vec<u8>, start: usize) {
        let text = Str::new(&out[start..]);
        out.truncate(start);
        self.stack.push(Any::Str(text));
    }

    /// `include name data`
    pub(super) fn include(&mut self, node: NodeId, next: &mut usize, out: &[u8]) -> Step<()> {
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
    pub(super) fn count_include(&mut self, name: &Str) -> Step<()> {
        let calls = &self.calls;
        let includes = self.includes.get_or_insert_with(|| {
            let mut includes = NameMap::default();
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
    pub(super) fn tpl(&mut self, node: NodeId, next: &mut usize, out: &[u8]) -> Step<bool> {
        let data = self.pop();
        let Any::Str(source) = self.pop() else { return Ok(false) };
        if lex::find_action(&source).is_none() {
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

/// Go: `ExecuteTemplate` of what does not exist. Helm's set is named `gotpl`.
pub(super) fn no_template(name: &[u8]) -> String {
    format!("template: no template {} associated with template \"{TPL_NAME}\"", quoted(name))
}

/// Where a template is.
#[cold]
pub(super) fn frame(unit: &Unit<'_>, node: NodeId, message: String) -> Frame {
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
