//! Pipelines to steps.
//!
//! Follows Go's evalPipeline, evalCommand and evalArg (text/template/exec.go): what they decide from the
//! tree alone is decided here, once. Work waits on a stack, so that parentheses may nest as deep as the
//! parser lets them.

use std::sync::atomic::AtomicU32;

use crate::data::Str;

use super::ast::{Children, NO_NODE, NodeId, NodeKind, Number};
use super::call::can_be_nil;
use super::code::{Chain, Ident, Literal, Loop, Op, Origin, Target};
use super::lex::Token;
use super::parse::Parser;
use super::{Function, Type, unquote, values_object};

/// A piece of compilation still to be done.
pub(super) enum Work {
    /// Evaluates a pipeline; its value ends on the stack.
    Pipe(NodeId),
    /// Evaluates a command of a pipeline. `piped`: the value before it is on the stack.
    Command { node: NodeId, pipe: NodeId, piped: bool },
    /// Sets the variables of a pipeline.
    Declare(NodeId),
    /// Evaluates an argument for a parameter.
    Argument { node: NodeId, expected: &'static Type },
    /// Evaluates an argument of a method, whose parameters are not known yet.
    MethodArgument { node: NodeId, index: u32 },
    /// Aims the jump over a method call.
    MethodEnd { method: Option<usize>, count: u32, piped: bool, node: NodeId },
    /// The jump of `and` or `or` after an argument.
    Short { wanted: bool },
    /// The end of `and` or `or`.
    ShortEnd { first: usize, piped: bool },
    /// A step.
    Emit(Op),
    /// The start of a method call; its index in the code goes to the [`Work::MethodEnd`] below.
    MethodStart { ident: u32, count: u32, piped: bool, origin: Origin },
}

impl Parser<'_> {
    fn emit(&mut self, op: Op) {
        self.tree().code.push(op);
    }

    fn fail(&mut self, node: NodeId, message: String) {
        self.messages.push(message.into());
        let message = self.messages.len() as u32 - 1;
        self.emit(Op::Fail { message, node });
    }

    /// The last step, if nothing jumps between it and what comes next.
    fn last(&mut self) -> Option<Op> {
        let tree = self.tree();
        if tree.label == tree.code.len() { None } else { tree.code.last().copied() }
    }

    fn replace_last(&mut self, op: Op) {
        self.tree().code.pop();
        self.emit(op);
    }

    // --- what the parser asks for ---

    /// `{{pipe}}`
    pub(super) fn compile_action(&mut self, pipe: NodeId) {
        self.compile_value(pipe);
        let declares = matches!(self.ast.kind(pipe), NodeKind::Pipe { declared: 1.., .. });
        if declares {
            match self.last() {
                Some(Op::StoreKeep { slot }) => self.replace_last(Op::Store { slot }),
                // The variable does not exist: the step before fails.
                _ => self.emit(Op::Print),
            }
            return;
        }
        match self.last() {
            Some(Op::Field { chain, node }) => self.replace_last(Op::PrintField { chain, node }),
            Some(Op::VariableField { slot, chain, node }) => {
                self.replace_last(Op::PrintVariableField { slot, chain, node });
            }
            Some(Op::Call { function, count: 2, .. }) if matches!(function.name, "nindent" | "indent") => {
                self.compile_indented(function.name == "nindent");
            }
            _ => self.emit(Op::Print),
        }
    }

    /// `… | nindent 4` at the end of an action is printed line by line, without a copy between.
    fn compile_indented(&mut self, line_break: bool) {
        let tree = self.tree();
        let from = tree.code.len().saturating_sub(4);
        let joined = match tree.code[from..] {
            [
                Op::Literal { index, node },
                Op::Rotate { count: 1 },
                Op::Check { expected, origin, node: NO_NODE },
                Op::Call { .. },
            ] if tree.label <= from => Some((index, Op::Check { expected, origin, node })),
            _ => None,
        };
        let Some((index, check)) = joined else { return self.emit(Op::Print) };
        let spaces = match self.literals[index as usize] {
            Literal::Int(spaces) => u32::try_from(spaces).ok().filter(|&spaces| spaces < 4_096),
            _ => None,
        };
        let Some(spaces) = spaces else { return self.emit(Op::Print) };
        let tree = self.tree();
        tree.code.truncate(from);
        tree.code.push(check);
        tree.code.push(Op::PrintIndented { spaces, line_break });
    }

    /// `{{if pipe}}`: ends in the jump to the else-list.
    pub(super) fn compile_condition(&mut self, pipe: NodeId) {
        self.compile_value(pipe);
        match self.last() {
            Some(Op::Field { chain, node }) => self.replace_last(Op::UnlessField { chain, node, to: 0 }),
            _ => self.emit(Op::Unless { to: 0 }),
        }
    }

    /// `{{range pipe}}`: what the loop sets.
    pub(super) fn compile_range(&mut self, pipe: NodeId) -> Loop {
        self.compile_value(pipe);
        let mut targets = Loop::default();
        let NodeKind::Pipe { children, declared, .. } = self.ast.kind(pipe) else { return targets };
        let slots: Vec<Option<u32>> = (0..usize::from(declared))
            .map(|index| {
                let name = self.variable_name(self.ast.children(children)[index]);
                self.tree().slot(&name)
            })
            .collect();
        match slots[..] {
            [element] => targets.element = element,
            [key, element] => {
                // `$x, $x := …` declares two of the name: the first is the one below the second.
                targets.key = if key == element { key.map(|slot| slot.saturating_sub(1)) } else { key };
                targets.element = element;
                targets.pair = true;
            }
            _ => {}
        }
        targets
    }

    /// `{{template "name" pipe}}`
    pub(super) fn compile_template(&mut self, token: Token, name: Str, pipe: NodeId) {
        let kind = NodeKind::Template { start: token.start, end: token.end, pipe };
        let node = self.ast.add(token.start, kind);
        self.names.push(name);
        let name = self.names.len() as u32 - 1;
        // Go looks the template up before it evaluates the pipeline.
        self.emit(Op::FindTemplate { name, node });
        if pipe != NO_NODE {
            self.compile_value(pipe);
        }
        self.emit(Op::Template { name, node, dot: pipe != NO_NODE });
    }

    /// Leaves the value of a pipeline on the stack, its variables set.
    pub(super) fn compile_value(&mut self, pipe: NodeId) {
        let floor = self.work.len();
        self.work.push(Work::Pipe(pipe));
        while self.work.len() > floor {
            match self.work.pop() {
                Some(work) => self.compile(work),
                None => break,
            }
        }
    }

    fn compile(&mut self, work: Work) {
        match work {
            Work::Pipe(node) => self.compile_pipe(node),
            Work::Command { node, pipe, piped } => self.compile_command(node, pipe, piped),
            Work::Declare(node) => self.compile_declaration(node),
            Work::Argument { node, expected } => self.compile_argument(node, expected),
            Work::MethodArgument { node, index } => self.compile_method_argument(node, index),
            Work::MethodStart { ident, count, piped, origin } => {
                let start = self.tree().code.len();
                self.emit(Op::Method { ident, count, piped, origin, skip: 0 });
                // The end waits below this method's arguments.
                let end = self.work.iter_mut().rev().find_map(|work| match work {
                    Work::MethodEnd { method: method @ None, .. } => Some(method),
                    _ => None,
                });
                if let Some(method) = end {
                    *method = Some(start);
                }
            }
            Work::MethodEnd { method, count, piped, node } => {
                self.emit(Op::MethodCall { count, piped, node });
                let tree = self.tree();
                let here = tree.code.len();
                tree.label = here;
                if let Some(Op::Method { skip, .. }) = method.map(|start| &mut tree.code[start]) {
                    *skip = here as Target;
                }
            }
            Work::Short { wanted } => {
                let at = self.tree().code.len();
                self.shorts.push(at);
                self.emit(Op::Short { wanted, to: 0 });
            }
            Work::ShortEnd { first, piped } => self.compile_short_end(first, piped),
            Work::Emit(op) => self.emit(op),
        }
    }

    fn compile_pipe(&mut self, node: NodeId) {
        let NodeKind::Pipe { children, declared, .. } = self.ast.kind(node) else { return };
        if declared > 0 {
            self.work.push(Work::Declare(node));
        }
        let commands = &self.ast.children(children)[usize::from(declared)..];
        for (index, &command) in commands.iter().enumerate().rev() {
            self.work.push(Work::Command { node: command, pipe: node, piped: index > 0 });
        }
    }

    fn variable_name(&self, node: NodeId) -> Vec<u8> {
        match self.ast.kind(node) {
            NodeKind::Variable { start, end } => {
                let text = &self.source[start as usize..end as usize];
                text.split(|&byte| byte == b'.').next().unwrap_or_default().to_vec()
            }
            _ => Vec::new(),
        }
    }

    fn compile_declaration(&mut self, node: NodeId) {
        let NodeKind::Pipe { children, declared, assign } = self.ast.kind(node) else { return };
        for index in 0..usize::from(declared) {
            let name = self.variable_name(self.ast.children(children)[index]);
            if !assign {
                let slot = self.tree().declare(Str::from(name));
                self.emit(Op::StoreKeep { slot });
            } else if let Some(slot) = self.tree().slot(&name) {
                self.emit(Op::StoreKeep { slot });
            } else {
                self.fail(NO_NODE, format!("undefined variable: {}", String::from_utf8_lossy(&name)));
            }
        }
    }

    // --- commands ---

    /// Go: `evalCommand`.
    fn compile_command(&mut self, node: NodeId, pipe: NodeId, piped: bool) {
        let NodeKind::Command { arguments } = self.ast.kind(node) else { return };
        let first = self.ast.children(arguments)[0];
        let given = arguments.length > 1 || piped;
        match self.ast.kind(first) {
            NodeKind::Identifier { start, end } => {
                self.compile_call(first, node, (start, end), arguments, piped)
            }
            NodeKind::Field { .. } | NodeKind::Chain { .. } if given => {
                self.compile_method(first, arguments, piped);
            }
            NodeKind::Variable { start, end } if given => {
                if self.source[start as usize..end as usize].contains(&b'.') {
                    self.compile_method(first, arguments, piped);
                } else if self.compile_variable(first) {
                    self.not_a_function(first, first);
                }
            }
            NodeKind::Pipe { .. } if given => {
                // Go is still at the pipeline around then, or at what was evaluated last in it.
                self.not_a_function(if piped { NO_NODE } else { pipe }, first);
            }
            _ if given => self.not_a_function(first, first),
            NodeKind::Nil => self.fail(first, "nil is not a command".to_owned()),
            _ => self.compile_operand(first),
        }
    }

    fn not_a_function(&mut self, at: NodeId, node: NodeId) {
        let shown = self.ast.text(self.source, node);
        self.fail(at, format!("can't give argument to non-function {shown}"));
    }

    /// Evaluates an operand that takes no arguments.
    fn compile_operand(&mut self, node: NodeId) {
        match self.ast.kind(node) {
            NodeKind::Pipe { .. } => self.work.push(Work::Pipe(node)),
            NodeKind::Identifier { start, end } => {
                let none = Children { start: 0, length: 1 };
                self.compile_call(node, node, (start, end), none, false);
            }
            NodeKind::Field { start, end } => {
                let chain = self.chain(start + 1, end);
                self.emit(Op::Field { chain, node });
            }
            NodeKind::Variable { .. } => {
                self.compile_variable(node);
            }
            NodeKind::Chain { node: inner, start, end } => {
                if matches!(self.ast.kind(inner), NodeKind::Nil) {
                    return self.nil_chain(node);
                }
                let chain = self.chain(start + 1, end);
                self.work.push(Work::Emit(Op::TopField { chain }));
                self.compile_operand(inner);
            }
            NodeKind::Dot => self.emit(Op::Dot { node }),
            NodeKind::Bool(truth) => self.literal(Literal::Bool(truth), node),
            NodeKind::Nil => self.literal(Literal::Nil, node),
            NodeKind::String { start, end } => self.string(start, end, node),
            NodeKind::Number { start, end, number } => self.ideal(start, end, number, node),
            NodeKind::Command { .. } | NodeKind::Template { .. } => {}
        }
    }

    fn nil_chain(&mut self, node: NodeId) {
        let shown = self.ast.text(self.source, node);
        self.fail(node, format!("indirection through explicit nil in {shown}"));
    }

    /// Evaluates `$x.a.b`; says whether the variable exists.
    fn compile_variable(&mut self, node: NodeId) -> bool {
        let NodeKind::Variable { start, end } = self.ast.kind(node) else { return false };
        let name = self.variable_name(node);
        let Some(slot) = self.tree().slot(&name) else {
            self.fail(node, format!("undefined variable: {}", String::from_utf8_lossy(&name)));
            return false;
        };
        let fields = start + name.len() as u32;
        if fields == end {
            self.emit(Op::Variable { slot, node });
        } else {
            let chain = self.chain(fields + 1, end);
            self.emit(Op::VariableField { slot, chain, node });
        }
        true
    }

    /// The field names of `a.b.c`, which stands from `start` to `end`.
    fn chain(&mut self, start: u32, end: u32) -> Chain {
        let first = self.idents.len() as u32;
        let source = self.source;
        for name in source[start as usize..end as usize].split(|&byte| byte == b'.') {
            let of_values = values_object::method(name).is_some();
            self.idents.push(Ident { name: Str::new(name), hint: AtomicU32::new(0), of_values });
        }
        Chain { start: first, length: self.idents.len() as u32 - first }
    }

    fn literal(&mut self, literal: Literal, node: NodeId) {
        self.literals.push(literal);
        let index = self.literals.len() as u32 - 1;
        self.emit(Op::Literal { index, node });
    }

    fn string(&mut self, start: u32, end: u32, node: NodeId) {
        let text = unquote::unquote(&self.source[start as usize..end as usize]).unwrap_or_default();
        self.literal(Literal::Str(Str::new(text)), node);
    }

    /// A number where no type is asked for. Go: `idealConstant`.
    fn ideal(&mut self, start: u32, end: u32, number: u32, node: NodeId) {
        let text = &self.source[start as usize..end as usize];
        match ideal_constant(text, self.ast.numbers[number as usize]) {
            Some(literal) => self.literal(literal, node),
            None => {
                let message = format!("{} overflows int", String::from_utf8_lossy(text));
                self.fail(node, message);
            }
        }
    }

    // --- functions ---

    /// Go: `evalFunction` and `evalCall`. `identifier` is the name's node, `node` the command's.
    fn compile_call(
        &mut self,
        identifier: NodeId,
        node: NodeId,
        (start, end): (u32, u32),
        arguments: Children,
        piped: bool,
    ) {
        // The parser has looked it up already.
        let Some(function) = self.vocabulary.find(&self.source[start as usize..end as usize]) else {
            return;
        };
        let count = arguments.length - 1;
        let given = count + u32::from(piped);
        let wanted = function.params.len() as u32;
        if function.variadic {
            if given < wanted - 1 {
                let message = format!(
                    "wrong number of args for {}: want at least {} got {count}",
                    function.name,
                    wanted - 1
                );
                return self.fail(identifier, message);
            }
        } else if given != wanted {
            let message = format!("wrong number of args for {}: want {wanted} got {given}", function.name);
            return self.fail(identifier, message);
        }
        match function.name {
            "and" | "or" => return self.compile_short(function, arguments, piped, node),
            _ => {}
        }
        let last_origin = if piped || count == 0 {
            Origin::Concrete
        } else {
            let last = self.ast.children(arguments)[count as usize];
            origin_of(self.ast.kind(last))
        };
        let call = match function.name {
            "include" => Op::Include { node },
            "tpl" => Op::Tpl { node },
            "len" => Op::Len { origin: last_origin, bare: count == 0, node },
            "call" => Op::CallValue { count: given, piped: piped && count == 0, node },
            _ => Op::Call { function, count: given, bare: count == 0, node },
        };
        self.work.push(Work::Emit(call));
        if piped {
            let expected = parameter(function, given - 1);
            // With no arguments of its own, the error is at the function's name.
            let at = if count == 0 { identifier } else { NO_NODE };
            if !takes_anything(expected) {
                self.work.push(Work::Emit(Op::Check { expected, origin: Origin::Concrete, node: at }));
            }
            if count > 0 {
                self.work.push(Work::Emit(Op::Rotate { count }));
            }
        }
        self.push_arguments(function, arguments);
    }

    fn push_arguments(&mut self, function: &'static Function, arguments: Children) {
        for index in (1..arguments.length).rev() {
            let node = self.ast.children(arguments)[index as usize];
            self.work.push(Work::Argument { node, expected: parameter(function, index - 1) });
        }
    }

    /// `and` and `or`, which stop at the first argument that decides.
    fn compile_short(&mut self, function: &'static Function, arguments: Children, piped: bool, node: NodeId) {
        let wanted = function.name == "or";
        self.work.push(Work::ShortEnd { first: self.shorts.len(), piped });
        if arguments.length == 1 {
            self.work.push(Work::Emit(Op::At { node }));
        }
        for index in (1..arguments.length).rev() {
            if piped || index + 1 < arguments.length {
                self.work.push(Work::Short { wanted });
            }
            let node = self.ast.children(arguments)[index as usize];
            self.work.push(Work::Argument { node, expected: parameter(function, index - 1) });
        }
    }

    fn compile_short_end(&mut self, first: usize, piped: bool) {
        let over = self.tree().code.len();
        if piped {
            // Through here comes the piped value; the jumps come with an argument on top of it.
            self.emit(Op::Jump { to: over as Target + 2 });
        }
        let here = self.tree().code.len() as Target;
        for at in self.shorts.split_off(first) {
            if let Op::Short { to, .. } = &mut self.tree().code[at] {
                *to = here;
            }
        }
        if piped {
            self.emit(Op::Nip);
        }
        let tree = self.tree();
        tree.label = tree.code.len();
    }

    /// Go: `evalArg`.
    fn compile_argument(&mut self, node: NodeId, expected: &'static Type) {
        let kind = self.ast.kind(node);
        match kind {
            NodeKind::Nil => {
                if can_be_nil(*expected) {
                    self.literal(Literal::Nil, node);
                } else {
                    self.fail(node, format!("cannot assign nil to {}", expected.name()));
                }
            }
            NodeKind::Bool(_) | NodeKind::Number { .. } | NodeKind::String { .. } => {
                let number = match kind {
                    NodeKind::Number { number, .. } => Some(self.ast.numbers[number as usize]),
                    _ => None,
                };
                let converted = literal_for(*expected, kind, number, || self.ast.text(self.source, node));
                match converted {
                    Ok(Some(literal)) => self.literal(literal, node),
                    Ok(None) => self.compile_operand(node),
                    Err(message) => self.fail(node, message),
                }
            }
            _ => {
                if !takes_anything(expected) {
                    let check = Op::Check { expected, origin: origin_of(kind), node: NO_NODE };
                    self.work.push(Work::Emit(check));
                }
                self.compile_operand(node);
            }
        }
    }

    // --- methods ---

    /// A field with arguments: a method, or an error. Go: `evalFieldChain`.
    fn compile_method(&mut self, node: NodeId, arguments: Children, piped: bool) {
        let count = arguments.length - 1;
        let (start, end) = match self.ast.kind(node) {
            NodeKind::Field { start, end }
            | NodeKind::Variable { start, end }
            | NodeKind::Chain { start, end, .. } => (start as usize, end as usize),
            _ => return,
        };
        let dot =
            self.source[start..end].iter().rposition(|&byte| byte == b'.').map_or(start, |at| start + at);
        let name = self.chain(dot as u32 + 1, end as u32);
        let before = (start < dot).then_some((start as u32, dot as u32));
        self.work.push(Work::MethodEnd { method: None, count, piped, node });
        for index in (1..arguments.length).rev() {
            let node = self.ast.children(arguments)[index as usize];
            self.work.push(Work::MethodArgument { node, index: index - 1 });
        }
        let plain_chain = before.is_none() && matches!(self.ast.kind(node), NodeKind::Chain { .. });
        let origin = if plain_chain { Origin::Concrete } else { Origin::Dynamic };
        self.work.push(Work::MethodStart {
            ident: name.start,
            count: count + u32::from(piped),
            piped,
            origin,
        });
        match (self.ast.kind(node), before) {
            (NodeKind::Field { .. }, None) => self.emit(Op::Dot { node }),
            (NodeKind::Field { .. }, Some((start, end))) => {
                let chain = self.chain(start + 1, end);
                self.emit(Op::Field { chain, node });
            }
            (NodeKind::Variable { .. }, Some((start, end))) => {
                let name = self.variable_name(node);
                let Some(slot) = self.tree().slot(&name) else {
                    return self
                        .fail(node, format!("undefined variable: {}", String::from_utf8_lossy(&name)));
                };
                let fields = start + name.len() as u32;
                if fields == end {
                    self.emit(Op::Variable { slot, node });
                } else {
                    let chain = self.chain(fields + 1, end);
                    self.emit(Op::VariableField { slot, chain, node });
                }
            }
            (NodeKind::Chain { node: inner, .. }, before) => {
                if matches!(self.ast.kind(inner), NodeKind::Nil) {
                    return self.nil_chain(node);
                }
                if let Some((start, end)) = before {
                    let chain = self.chain(start + 1, end);
                    self.work.push(Work::Emit(Op::TopField { chain }));
                }
                self.compile_operand(inner);
            }
            _ => {}
        }
    }

    fn compile_method_argument(&mut self, node: NodeId, index: u32) {
        match self.ast.kind(node) {
            NodeKind::Nil | NodeKind::Bool(_) | NodeKind::Number { .. } | NodeKind::String { .. } => {
                self.emit(Op::MethodLiteral { index, node });
            }
            kind => {
                self.work.push(Work::Emit(Op::MethodArgument { index, origin: origin_of(kind) }));
                self.compile_operand(node);
            }
        }
    }
}

fn origin_of(kind: NodeKind) -> Origin {
    match kind {
        NodeKind::Field { .. } | NodeKind::Variable { .. } | NodeKind::Dot | NodeKind::Chain { .. } => {
            Origin::Dynamic
        }
        _ => Origin::Concrete,
    }
}

fn takes_anything(expected: &Type) -> bool {
    matches!(expected, Type::Any | Type::Reflect)
}

/// The type of the argument `index`.
fn parameter(function: &'static Function, index: u32) -> &'static Type {
    let last = function.params.len().saturating_sub(1);
    function.params.get((index as usize).min(last)).unwrap_or(&Type::Any)
}

/// A number where no type is asked for; `None` if it overflows int. Go: `idealConstant`.
pub(super) fn ideal_constant(text: &[u8], number: Number) -> Option<Literal> {
    if let Some((real, imaginary)) = number.complex {
        return Some(Literal::Complex(real, imaginary));
    }
    let hex = text.len() > 2 && text[0] == b'0' && matches!(text[1], b'x' | b'X');
    let hex_int = hex && !text.iter().any(|byte| matches!(byte, b'p' | b'P'));
    let looks_float = text.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E' | b'p' | b'P'));
    match number.float {
        Some(float) if !hex_int && !text.starts_with(b"'") && looks_float => Some(Literal::Float(float)),
        _ => number.int.map(Literal::Int),
    }
}

/// A literal where a type is asked for; `Ok(None)` if any will do. Go: the second half of `evalArg`.
pub(super) fn literal_for(
    expected: Type,
    kind: NodeKind,
    number: Option<Number>,
    shown: impl FnOnce() -> String,
) -> Result<Option<Literal>, String> {
    let wrong = |what: &str, shown: String| Err(format!("expected {what}; found {shown}"));
    match expected {
        Type::Any | Type::Reflect => Ok(None),
        Type::Bool => match kind {
            NodeKind::Bool(truth) => Ok(Some(Literal::Bool(truth))),
            _ => wrong("bool", shown()),
        },
        Type::String => match kind {
            NodeKind::String { .. } => Ok(None),
            _ => wrong("string", shown()),
        },
        Type::Int | Type::Int64 => match number.and_then(|number| number.int) {
            Some(int) if expected == Type::Int => Ok(Some(Literal::Int(int))),
            Some(int) => Ok(Some(Literal::Int64(int))),
            None => wrong("integer", shown()),
        },
        Type::Named("uint32") => match number.and_then(|number| number.uint) {
            Some(uint) => Ok(Some(Literal::Int(i64::from(uint as u32)))),
            None => wrong("unsigned integer", shown()),
        },
        Type::Float => match number.and_then(|number| number.float) {
            Some(float) => Ok(Some(Literal::Float(float))),
            None => wrong("float", shown()),
        },
        // The kind behind the name decides; of the named types that are numbers, only this one is asked for.
        Type::Named("time.Duration") => match number.and_then(|number| number.int) {
            Some(int) => Ok(Some(Literal::Duration(int))),
            None => wrong("integer", shown()),
        },
        Type::Bytes | Type::List | Type::Strings | Type::Map | Type::Named(_) => {
            Err(format!("can't handle {} for arg of type {}", shown(), expected.name()))
        }
    }
}
