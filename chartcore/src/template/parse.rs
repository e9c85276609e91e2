//! Tokens to nodes and code.
//!
//! Accepts and refuses what Go's text/template/parse does, in the same words. Neither parentheses nor
//! control structures recurse here: both have stacks of their own.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::Compat;
use crate::data::Str;
use crate::quote::quoted;

use super::ParseError;
use super::ast::{Ast, Children, NO_NODE, NodeId, NodeKind};
use super::code::{Body, Chain, Ident, Literal, Loop, Op, Target};
use super::lex::{Lexer, Token, TokenKind};
use super::{funcs, number, quote};

/// Go: `maxStackDepth`, how deep parentheses may nest.
const MAX_PARENTHESES: usize = 10_000;

/// A parsed file: independent of the file's name, shared between renders and threads.
#[derive(Debug)]
pub struct Parsed {
    pub(super) source: Box<[u8]>,
    pub(super) ast: Ast,
    /// The file itself, then what it defines, in the order the definitions end.
    pub(super) bodies: Vec<Body>,
    pub(super) idents: Vec<Ident>,
    pub(super) literals: Vec<Literal>,
    pub(super) loops: Vec<Loop>,
    pub(super) names: Vec<Str>,
    pub(super) messages: Vec<Box<str>>,
}

impl Parsed {
    /// The source it was parsed from.
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// The names of the templates it defines.
    pub fn defined(&self) -> impl Iterator<Item = &Str> {
        self.bodies.iter().filter_map(|body| body.name.as_ref())
    }

    /// The names of a chain.
    #[inline]
    pub(super) fn chain(&self, chain: Chain) -> &[Ident] {
        &self.idents[chain.start as usize..][..chain.length as usize]
    }

    /// The line (from 1) and the column (in bytes, from 0) of an offset.
    pub(super) fn place(&self, offset: usize) -> (usize, usize) {
        let before = &self.source[..offset];
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        (line, offset - memchr::memrchr(b'\n', before).map_or(0, |at| at + 1))
    }
}

/// Parses one file.
///
/// # Errors
/// What Go's parser says, with the line.
pub fn parse(source: &[u8], compat: Compat) -> Result<Arc<Parsed>, ParseError> {
    if source.len() > i32::MAX as usize {
        return Err(ParseError {
            line: 1,
            message: "the template is larger than 2 GiB".to_owned(),
            started: None,
        });
    }
    Parser::new(source, compat).run().map(Arc::new)
}

/// What a control structure remembers until its `{{end}}`.
struct Control {
    kind: ControlKind,
    /// Whether it stands in the else of the one around it and ends with it.
    chained: bool,
    in_else: bool,
    /// The variables the parser saw before.
    declared: usize,
    /// The variables alive before, and after its pipeline.
    scope: usize,
    inner_scope: usize,
    /// The jump to the else-list, to be aimed.
    otherwise: usize,
    /// The jump over the else-list, to be aimed.
    over: usize,
    /// Of a range.
    index: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ControlKind {
    If,
    With,
    Range,
}

impl ControlKind {
    fn word(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::With => "with",
            Self::Range => "range",
        }
    }
}

/// A template being parsed: the file, or a define or block in it.
pub(super) struct Tree {
    name: Option<Str>,
    context: &'static str,
    pub(super) code: Vec<Op>,
    controls: Vec<Control>,
    range_depth: usize,
    /// Where the current action started, for errors on later lines.
    action: Option<u32>,
    /// Where the last token was, which is where errors are.
    last: u32,
    /// Variables declared so far, as the parser counts: to the end of the structure around them.
    declared: Vec<Str>,
    /// Variables alive when the code runs, by slot; slot 0 is `$`.
    pub(super) scope: Vec<Str>,
    pub(super) slots: usize,
    /// The last place some jump is aimed at: steps before and after it are not joined.
    pub(super) label: usize,
    empty: bool,
}

impl Tree {
    fn new(context: &'static str, name: Option<Str>) -> Self {
        let root = Str::new("$");
        Self {
            name,
            context,
            code: Vec::new(),
            controls: Vec::new(),
            range_depth: 0,
            action: None,
            last: 0,
            declared: vec![root.clone()],
            scope: vec![root],
            slots: 1,
            label: 0,
            empty: true,
        }
    }

    /// Makes a variable; returns its slot.
    pub(super) fn declare(&mut self, name: Str) -> u32 {
        self.scope.push(name);
        self.slots = self.slots.max(self.scope.len());
        (self.scope.len() - 1) as u32
    }

    /// The slot of the variable declared last under that name.
    pub(super) fn slot(&self, name: &[u8]) -> Option<u32> {
        self.scope.iter().rposition(|variable| variable.as_bytes() == name).map(|slot| slot as u32)
    }
}

/// A pipeline being parsed.
struct OpenPipe {
    context: &'static str,
    end: TokenKind,
    position: u32,
    assign: bool,
    declared: u8,
    /// Where its variables and commands start in [`Parser::pending`].
    children: usize,
    /// The command being parsed: its position, and where its arguments start in [`Parser::operands`].
    command: (u32, usize),
}

pub(super) struct Parser<'s> {
    pub(super) lexer: Lexer<'s>,
    pub(super) source: &'s [u8],
    pub(super) compat: Compat,
    tokens: [Token; 3],
    peeked: usize,
    pub(super) trees: Vec<Tree>,
    pipes: Vec<OpenPipe>,
    pending: Vec<NodeId>,
    operands: Vec<NodeId>,
    pub(super) work: Vec<super::compile::Work>,
    /// The jumps of `and` and `or` that wait for their target.
    pub(super) shorts: Vec<usize>,
    pub(super) ast: Ast,
    bodies: Vec<Body>,
    /// Where the template of a name is in `bodies`.
    defined: HashMap<Str, usize>,
    pub(super) idents: Vec<Ident>,
    pub(super) literals: Vec<Literal>,
    loops: Vec<Loop>,
    pub(super) names: Vec<Str>,
    pub(super) messages: Vec<Box<str>>,
}

impl<'s> Parser<'s> {
    fn new(source: &'s [u8], compat: Compat) -> Self {
        let nowhere = Token { kind: TokenKind::Eof, start: 0, end: 0 };
        Self {
            lexer: Lexer::new(source),
            source,
            compat,
            tokens: [nowhere; 3],
            peeked: 0,
            trees: vec![Tree::new("file", None)],
            pipes: Vec::new(),
            pending: Vec::new(),
            operands: Vec::new(),
            work: Vec::new(),
            shorts: Vec::new(),
            ast: Ast::default(),
            bodies: Vec::new(),
            defined: HashMap::new(),
            idents: Vec::new(),
            literals: Vec::new(),
            loops: Vec::new(),
            names: Vec::new(),
            messages: Vec::new(),
        }
    }

    // --- tokens ---

    fn lex(&mut self) -> Token {
        let token = self.lexer.next();
        self.tokens[0] = token;
        self.tree().last = token.start;
        token
    }

    fn next(&mut self) -> Token {
        if self.peeked > 0 {
            self.peeked -= 1;
            self.tokens[self.peeked]
        } else {
            self.lex()
        }
    }

    fn backup(&mut self) {
        self.peeked += 1;
    }

    fn peek(&mut self) -> Token {
        if self.peeked > 0 {
            return self.tokens[self.peeked - 1];
        }
        self.peeked = 1;
        self.lex()
    }

    fn next_non_space(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != TokenKind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> Token {
        let token = self.next_non_space();
        self.backup();
        token
    }

    pub(super) fn tree(&mut self) -> &mut Tree {
        self.trees.last_mut().expect("the file's tree is never closed before the end")
    }

    // --- errors ---

    #[cold]
    fn error(&mut self, message: impl Into<String>) -> ParseError {
        let last = self.tree().last;
        ParseError { line: self.lexer.line(last), message: message.into(), started: None }
    }

    #[cold]
    fn unexpected(&mut self, token: Token, context: &str) -> ParseError {
        let shown = self.lexer.show(token);
        if token.kind != TokenKind::Error {
            return self.error(format!("unexpected {shown} in {context}"));
        }
        let line = self.lexer.line(token.start);
        let started =
            self.tree().action.map(|action| self.lexer.line(action)).filter(|&action| action != line);
        ParseError { started, ..self.error(shown) }
    }

    fn expect(&mut self, kind: TokenKind, context: &str) -> Result<Token, ParseError> {
        let token = self.next_non_space();
        if token.kind == kind { Ok(token) } else { Err(self.unexpected(token, context)) }
    }

    // --- templates ---

    fn run(mut self) -> Result<Parsed, ParseError> {
        loop {
            if self.trees.len() == 1 && self.tree().controls.is_empty() {
                match self.peek().kind {
                    TokenKind::Eof => break,
                    TokenKind::LeftDelim => {
                        let delim = self.next();
                        if self.next_non_space().kind == TokenKind::Define {
                            self.open_definition()?;
                            continue;
                        }
                        // What was read goes back under the delimiter.
                        self.tokens[1] = delim;
                        self.peeked = 2;
                    }
                    _ => {}
                }
            } else if self.peek_non_space().kind == TokenKind::Eof {
                return Err(self.error("unexpected EOF"));
            }
            self.text_or_action()?;
        }
        self.close_tree()?;
        // The file's body was closed last; it goes first.
        self.bodies.rotate_right(1);
        Ok(Parsed {
            source: self.source.into(),
            ast: self.ast,
            bodies: self.bodies,
            idents: self.idents,
            literals: self.literals,
            loops: self.loops,
            names: self.names,
            messages: self.messages,
        })
    }

    fn open_definition(&mut self) -> Result<(), ParseError> {
        const CONTEXT: &str = "define clause";
        self.trees.push(Tree::new(CONTEXT, None));
        let token = self.next_non_space();
        let name = self.template_name(token, CONTEXT)?;
        self.tree().name = Some(name);
        self.expect(TokenKind::RightDelim, CONTEXT)?;
        self.peek_non_space();
        Ok(())
    }

    fn template_name(&mut self, token: Token, context: &str) -> Result<Str, ParseError> {
        if !matches!(token.kind, TokenKind::String | TokenKind::RawString) {
            return Err(self.unexpected(token, context));
        }
        match quote::unquote(self.lexer.text(token)) {
            Ok(name) => Ok(Str::from(name)),
            Err(message) => Err(self.error(message)),
        }
    }

    /// Ends the innermost template. Go: `Tree.add`.
    fn close_tree(&mut self) -> Result<(), ParseError> {
        self.tree().code.push(Op::Return);
        let tree = self.tree();
        let body = Body {
            name: tree.name.take(),
            code: std::mem::take(&mut tree.code),
            slots: tree.slots as u32,
            empty: tree.empty,
        };
        let Some(name) = body.name.clone() else {
            self.bodies.push(body);
            return Ok(());
        };
        // Of templates of one name in one file, only one may have a body.
        match self.defined.entry(name) {
            Entry::Vacant(vacant) => {
                vacant.insert(self.bodies.len());
                self.bodies.push(body);
            }
            Entry::Occupied(occupied) => {
                let earlier = &mut self.bodies[*occupied.get()];
                if earlier.empty {
                    *earlier = body;
                } else if !body.empty {
                    let shown = quoted(occupied.key());
                    return Err(self.error(format!("template: multiple definition of template {shown}")));
                }
            }
        }
        self.trees.pop();
        Ok(())
    }

    // --- text and actions ---

    fn text_or_action(&mut self) -> Result<(), ParseError> {
        let token = self.next_non_space();
        match token.kind {
            TokenKind::Text => {
                let tree = self.trees.last_mut().expect("a tree");
                if tree.empty {
                    let text = String::from_utf8_lossy(self.lexer.text(token));
                    tree.empty = text.trim().is_empty();
                }
                tree.code.push(Op::Text { start: token.start, end: token.end });
                Ok(())
            }
            TokenKind::LeftDelim => {
                self.tree().action = Some(token.start);
                self.action()
            }
            _ => Err(self.unexpected(token, "input")),
        }
    }

    fn action(&mut self) -> Result<(), ParseError> {
        let token = self.next_non_space();
        let control = match token.kind {
            TokenKind::Else => return self.otherwise(),
            TokenKind::End => return self.end(),
            TokenKind::Block => return self.block(),
            TokenKind::If => Some(ControlKind::If),
            TokenKind::With => Some(ControlKind::With),
            TokenKind::Range => Some(ControlKind::Range),
            _ => None,
        };
        if let Some(kind) = control {
            return self.open_control(kind, false);
        }
        match token.kind {
            TokenKind::Break => self.leave_loop("{{break}}")?,
            TokenKind::Continue => self.leave_loop("{{continue}}")?,
            TokenKind::Template => self.template()?,
            _ => {
                self.backup();
                self.peek();
                let pipe = self.pipeline("command", TokenKind::RightDelim)?;
                self.tree().empty = false;
                self.compile_action(pipe);
            }
        }
        self.tree().action = None;
        Ok(())
    }

    fn leave_loop(&mut self, shown: &'static str) -> Result<(), ParseError> {
        let token = self.next_non_space();
        if token.kind != TokenKind::RightDelim {
            return Err(self.unexpected(token, shown));
        }
        if self.tree().range_depth == 0 {
            return Err(self.error(format!("{shown} outside {{{{range}}}}")));
        }
        let tree = self.tree();
        if shown == "{{continue}}" {
            let around = tree.controls.iter().rev();
            let innermost =
                around.filter(|control| control.kind == ControlKind::Range).find(|control| !control.in_else);
            if let Some(index) = innermost.map(|control| control.index) {
                tree.code.push(Op::Continue { index });
            }
            return Ok(());
        }
        // Go catches the break of an else-list where it catches that of the loop itself.
        for position in (0..tree.controls.len()).rev() {
            let Control { kind, in_else, index, .. } = tree.controls[position];
            match kind {
                ControlKind::Range if in_else => {
                    tree.code.push(Op::LeaveElse { index });
                    break;
                }
                ControlKind::Range => {
                    tree.code.push(Op::Break { index });
                    break;
                }
                ControlKind::With if !in_else => tree.code.push(Op::EndWith),
                _ => {}
            }
        }
        Ok(())
    }

    fn template(&mut self) -> Result<(), ParseError> {
        const CONTEXT: &str = "template clause";
        let token = self.next_non_space();
        let name = self.template_name(token, CONTEXT)?;
        let mut pipe = NO_NODE;
        if self.next_non_space().kind != TokenKind::RightDelim {
            self.backup();
            pipe = self.pipeline(CONTEXT, TokenKind::RightDelim)?;
        }
        self.tree().empty = false;
        self.compile_template(token, name, pipe);
        Ok(())
    }

    fn block(&mut self) -> Result<(), ParseError> {
        const CONTEXT: &str = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, TokenKind::RightDelim)?;
        self.tree().empty = false;
        // The call comes first in the code; nothing in the body can change what it does.
        self.compile_template(token, name.clone(), pipe);
        self.trees.push(Tree::new(CONTEXT, Some(name)));
        self.peek_non_space();
        Ok(())
    }

    // --- control structures ---

    fn open_control(&mut self, kind: ControlKind, chained: bool) -> Result<(), ParseError> {
        let tree = self.tree();
        let (declared, scope) = (tree.declared.len(), tree.scope.len());
        let pipe = self.pipeline(kind.word(), TokenKind::RightDelim)?;
        let mut index = 0;
        match kind {
            ControlKind::If => self.compile_condition(pipe),
            ControlKind::With => {
                self.compile_value(pipe);
                self.tree().code.push(Op::With { to: 0 });
            }
            ControlKind::Range => {
                index = self.loops.len() as u32;
                let targets = self.compile_range(pipe);
                self.loops.push(targets);
                let tree = self.tree();
                tree.code.push(Op::Range { index });
                tree.range_depth += 1;
                let body = tree.code.len() as Target;
                tree.label = tree.code.len();
                self.loops[index as usize].body = body;
            }
        }
        let tree = self.tree();
        tree.empty = false;
        let control = Control {
            kind,
            chained,
            in_else: false,
            declared,
            scope,
            inner_scope: tree.scope.len(),
            otherwise: tree.code.len() - 1,
            over: usize::MAX,
            index,
        };
        tree.controls.push(control);
        self.peek_non_space();
        Ok(())
    }

    fn otherwise(&mut self) -> Result<(), ParseError> {
        let next = self.peek_non_space().kind;
        if !matches!(next, TokenKind::If | TokenKind::With) {
            self.expect(TokenKind::RightDelim, "else")?;
        }
        self.tree().action = None;
        let tree = self.tree();
        let Some(control) = tree.controls.last() else {
            return Err(self.unexpected_end("{{else}}"));
        };
        if control.in_else {
            return Err(self.error("expected end; found {{else}}"));
        }
        let kind = control.kind;
        self.close_list();
        let tree = self.tree();
        let over = tree.code.len();
        tree.code.push(Op::Jump { to: 0 });
        self.aim_otherwise();
        let tree = self.tree();
        let control = tree.controls.last_mut().expect("seen above");
        control.in_else = true;
        control.over = over;
        let inner_scope = control.inner_scope;
        // What the list declared is not declared if it was not run, though the parser goes on to know it.
        tree.scope.truncate(inner_scope);
        match (kind, next) {
            (ControlKind::If, TokenKind::If) | (ControlKind::With, TokenKind::With) => {
                self.next();
                self.open_control(kind, true)
            }
            _ => {
                self.peek_non_space();
                Ok(())
            }
        }
    }

    /// Ends the list of a control structure: what closes a `with`, what goes round a loop.
    fn close_list(&mut self) {
        let tree = self.trees.last_mut().expect("a tree");
        let Some(control) = tree.controls.last() else { return };
        if control.in_else {
            return;
        }
        match control.kind {
            ControlKind::If => {}
            ControlKind::With => tree.code.push(Op::EndWith),
            ControlKind::Range => {
                tree.range_depth -= 1;
                self.loops[control.index as usize].next = tree.code.len() as Target;
                tree.code.push(Op::Next { index: control.index });
            }
        }
    }

    /// Aims the jump to the else-list here.
    fn aim_otherwise(&mut self) {
        let tree = self.trees.last_mut().expect("a tree");
        let Some(control) = tree.controls.last() else { return };
        let here = tree.code.len() as Target;
        tree.label = tree.code.len();
        match &mut tree.code[control.otherwise] {
            Op::Unless { to } | Op::UnlessField { to, .. } | Op::With { to } => *to = here,
            _ => self.loops[control.index as usize].otherwise = here,
        }
    }

    fn end(&mut self) -> Result<(), ParseError> {
        self.expect(TokenKind::RightDelim, "end")?;
        self.tree().action = None;
        if self.tree().controls.is_empty() {
            if self.trees.len() == 1 {
                return Err(self.unexpected_end("{{end}}"));
            }
            self.close_tree()?;
            self.tree().action = None;
            return Ok(());
        }
        loop {
            self.close_list();
            if self.tree().controls.last().is_some_and(|control| !control.in_else) {
                self.aim_otherwise();
            }
            let tree = self.trees.last_mut().expect("a tree");
            let Some(control) = tree.controls.pop() else { return Ok(()) };
            let here = tree.code.len() as Target;
            tree.label = tree.code.len();
            if control.over != usize::MAX {
                tree.code[control.over] = Op::Jump { to: here };
            }
            if control.kind == ControlKind::Range {
                self.loops[control.index as usize].end = here;
            }
            tree.scope.truncate(control.scope);
            tree.declared.truncate(control.declared);
            if !control.chained {
                return Ok(());
            }
        }
    }

    #[cold]
    fn unexpected_end(&mut self, shown: &str) -> ParseError {
        let context = self.tree().context;
        if self.trees.len() == 1 {
            return self.error(format!("unexpected {shown}"));
        }
        if context == "block clause" {
            // Go's tree of the block is done then: the line is where the tree around it was.
            self.trees.pop();
        }
        self.error(format!("unexpected {shown} in {context}"))
    }

    // --- pipelines ---

    /// Parses a pipeline up to the token `end`. Go: `Tree.pipeline`, with its recursion through
    /// parentheses on a stack.
    fn pipeline(&mut self, context: &'static str, end: TokenKind) -> Result<NodeId, ParseError> {
        let floor = self.pipes.len();
        self.open_pipe(context, end)?;
        'pipe: loop {
            let token = self.next_non_space();
            let Some(pipe) = self.pipes.last_mut() else { return Ok(NO_NODE) };
            let mut term = None;
            if token.kind == pipe.end {
                let node = self.close_pipe()?;
                if self.pipes.len() == floor {
                    return Ok(node);
                }
                term = Some(node);
            } else if starts_operand(token.kind) {
                pipe.command = (token.start, self.operands.len());
                self.backup();
            } else {
                let context = pipe.context;
                return Err(self.unexpected(token, context));
            }
            loop {
                if term.is_none() {
                    self.peek_non_space();
                    term = match self.term()? {
                        Term::Node(node) => Some(node),
                        Term::None => None,
                        Term::Parenthesis => {
                            if self.pipes.len() > MAX_PARENTHESES {
                                return Err(self.error("max expression depth exceeded"));
                            }
                            self.open_pipe("parenthesized pipeline", TokenKind::RightParen)?;
                            continue 'pipe;
                        }
                    };
                }
                if let Some(node) = term.take() {
                    let node = self.fields(node)?;
                    self.operands.push(node);
                }
                let token = self.next();
                match token.kind {
                    TokenKind::Space => continue,
                    TokenKind::RightDelim | TokenKind::RightParen => self.backup(),
                    TokenKind::Pipe => {}
                    _ => return Err(self.unexpected(token, "operand")),
                }
                self.close_command()?;
                continue 'pipe;
            }
        }
    }

    fn open_pipe(&mut self, context: &'static str, end: TokenKind) -> Result<(), ParseError> {
        let mut pipe = OpenPipe {
            context,
            end,
            position: self.peek_non_space().start,
            assign: false,
            declared: 0,
            children: self.pending.len(),
            command: (0, self.operands.len()),
        };
        loop {
            let variable = self.peek_non_space();
            if variable.kind != TokenKind::Variable {
                break;
            }
            self.next();
            // The space after the variable is needed again if it turns out to be an operand.
            let after = self.peek();
            let next = self.peek_non_space();
            let comma = next.kind == TokenKind::Char && self.lexer.text(next) == b",";
            if comma || matches!(next.kind, TokenKind::Assign | TokenKind::Declare) {
                self.next_non_space();
                let kind = NodeKind::Variable { start: variable.start, end: variable.end };
                let node = self.ast.add(variable.start, kind);
                self.pending.push(node);
                pipe.declared += 1;
                let name = Str::new(self.lexer.text(variable));
                self.tree().declared.push(name);
                if !comma {
                    pipe.assign = next.kind == TokenKind::Assign;
                    break;
                }
                if context != "range" || pipe.declared > 1 {
                    return Err(self.error(format!("too many declarations in {context}")));
                }
                match self.peek_non_space().kind {
                    TokenKind::Variable | TokenKind::RightDelim | TokenKind::RightParen => {}
                    _ => return Err(self.error("range can only initialize variables")),
                }
            } else {
                if after.kind == TokenKind::Space {
                    self.tokens[1] = after;
                    self.tokens[2] = variable;
                    self.peeked = 3;
                } else {
                    self.tokens[1] = variable;
                    self.peeked = 2;
                }
                break;
            }
        }
        self.pipes.push(pipe);
        Ok(())
    }

    fn close_command(&mut self) -> Result<(), ParseError> {
        let Some(pipe) = self.pipes.last() else { return Ok(()) };
        let (position, first) = pipe.command;
        if self.operands.len() == first {
            return Err(self.error("empty command"));
        }
        let arguments = self.adopt_operands(first);
        let node = self.ast.add(position, NodeKind::Command { arguments });
        self.pending.push(node);
        Ok(())
    }

    fn adopt_operands(&mut self, first: usize) -> Children {
        let start = self.ast.children.len() as u32;
        self.ast.children.extend(self.operands.drain(first..));
        Children { start, length: self.ast.children.len() as u32 - start }
    }

    fn close_pipe(&mut self) -> Result<NodeId, ParseError> {
        let Some(pipe) = self.pipes.pop() else { return Ok(NO_NODE) };
        let commands = pipe.children + usize::from(pipe.declared);
        if self.pending.len() == commands {
            return Err(self.error(format!("missing value for {}", pipe.context)));
        }
        for index in commands + 1..self.pending.len() {
            let NodeKind::Command { arguments } = self.ast.kind(self.pending[index]) else { continue };
            let first = self.ast.children(arguments)[0];
            if matches!(
                self.ast.kind(first),
                NodeKind::Bool(_)
                    | NodeKind::Dot
                    | NodeKind::Nil
                    | NodeKind::Number { .. }
                    | NodeKind::String { .. }
            ) {
                let stage = index - commands + 1;
                return Err(self.error(format!("non executable command in pipeline stage {stage}")));
            }
        }
        let start = self.ast.children.len() as u32;
        self.ast.children.extend(self.pending.drain(pipe.children..));
        let children = Children { start, length: self.ast.children.len() as u32 - start };
        let kind = NodeKind::Pipe { children, declared: pipe.declared, assign: pipe.assign };
        let node = self.ast.add(pipe.position, kind);
        Ok(node)
    }

    /// The fields that follow a term without a space. Go: `Tree.operand`.
    fn fields(&mut self, node: NodeId) -> Result<NodeId, ParseError> {
        let first = self.peek();
        if first.kind != TokenKind::Field {
            return Ok(node);
        }
        let mut end = first.end;
        while self.peek().kind == TokenKind::Field {
            end = self.next().end;
        }
        let position = first.start;
        let kind = match self.ast.kind(node) {
            NodeKind::Field { start, .. } => NodeKind::Field { start, end },
            NodeKind::Variable { start, .. } => NodeKind::Variable { start, end },
            NodeKind::Bool(_)
            | NodeKind::String { .. }
            | NodeKind::Number { .. }
            | NodeKind::Nil
            | NodeKind::Dot => {
                let shown = quoted(self.ast.text(self.source, node).as_bytes());
                return Err(self.error(format!("unexpected . after term {shown}")));
            }
            _ => NodeKind::Chain { node, start: position, end },
        };
        Ok(self.ast.add(position, kind))
    }

    fn term(&mut self) -> Result<Term, ParseError> {
        let token = self.next_non_space();
        let Token { start, end, .. } = token;
        let kind = match token.kind {
            TokenKind::Identifier => {
                let name = self.lexer.text(token);
                if funcs::find(name, self.compat).is_none() {
                    let shown = quoted(name);
                    return Err(self.error(format!("function {shown} not defined")));
                }
                NodeKind::Identifier { start, end }
            }
            TokenKind::Dot => NodeKind::Dot,
            TokenKind::Nil => NodeKind::Nil,
            TokenKind::Variable => {
                let name = self.lexer.text(token);
                if !self.tree().declared.iter().any(|declared| declared.as_bytes() == name) {
                    let shown = quoted(name);
                    return Err(self.error(format!("undefined variable {shown}")));
                }
                NodeKind::Variable { start, end }
            }
            TokenKind::Field => NodeKind::Field { start, end },
            TokenKind::Bool => NodeKind::Bool(self.lexer.text(token) == b"true"),
            TokenKind::CharConstant | TokenKind::Complex | TokenKind::Number => {
                match number::parse(self.lexer.text(token), token.kind) {
                    Ok(number) => {
                        self.ast.numbers.push(number);
                        NodeKind::Number { start, end, number: self.ast.numbers.len() as u32 - 1 }
                    }
                    Err(message) => return Err(self.error(message)),
                }
            }
            TokenKind::LeftParen => return Ok(Term::Parenthesis),
            TokenKind::String | TokenKind::RawString => {
                if let Err(message) = quote::unquote(self.lexer.text(token)) {
                    return Err(self.error(message));
                }
                NodeKind::String { start, end }
            }
            _ => {
                self.backup();
                return Ok(Term::None);
            }
        };
        Ok(Term::Node(self.ast.add(start, kind)))
    }
}

enum Term {
    Node(NodeId),
    Parenthesis,
    None,
}

fn starts_operand(kind: TokenKind) -> bool {
    use TokenKind::*;
    matches!(
        kind,
        Bool | CharConstant
            | Complex
            | Dot
            | Field
            | Identifier
            | Number
            | Nil
            | RawString
            | String
            | Variable
            | LeftParen
    )
}
