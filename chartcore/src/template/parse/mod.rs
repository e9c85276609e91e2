//! Tokens to nodes and code.
//!
//! Accepts and refuses what Go's text/template/parse does, in the same words. Neither parentheses nor
//! control structures recurse here: both have stacks of their own.

mod pipelines;

use std::cell::Cell;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::Compat;
use crate::data::Str;
use crate::quote::quoted;

use super::ParseError;
use super::associate::NameMap;
use super::ast::{Ast, NO_NODE, NodeId};
use super::code::{Body, Chain, Ident, Literal, Loop, Op, Target};
use super::funcs::Vocabulary;
use super::lex::{Lexer, Token, TokenKind};
use super::unquote;
use pipelines::OpenPipe;

/// A parsed file: independent of the file's name, shared between renders and threads.
#[derive(Debug)]
pub struct Parsed {
    pub(super) source: Arc<[u8]>,
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
    parse_shared(&Arc::from(source), compat)
}

/// As [`parse`], sharing the source.
///
/// # Errors
/// As for [`parse`].
pub fn parse_shared(source: &Arc<[u8]>, compat: Compat) -> Result<Arc<Parsed>, ParseError> {
    parse_with(source, Vocabulary::Helm(compat))
}

/// Parses one file that may call no functions but text/template's own. Go's `slice`, which Sprig's hides from
/// Helm's templates, is among them.
///
/// # Errors
/// What Go's parser says, with the line.
pub fn parse_plain(source: &[u8]) -> Result<Arc<Parsed>, ParseError> {
    parse_with(&Arc::from(source), Vocabulary::Go)
}

fn parse_with(source: &Arc<[u8]>, vocabulary: Vocabulary) -> Result<Arc<Parsed>, ParseError> {
    if source.len() > i32::MAX as usize {
        return Err(ParseError {
            line: 1,
            message: "the template is larger than 2 GiB".to_owned(),
            started: None,
            column: 0,
            opened: None,
        });
    }
    Parser::new(source, vocabulary).run(source).map(Arc::new)
}

/// What a control structure remembers until its `{{end}}`.
struct Control {
    kind: ControlKind,
    /// Where its action starts.
    started: u32,
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
    fn new(context: &'static str, name: Option<Str>, code: Vec<Op>) -> Self {
        let root = Str::new("$");
        Self {
            name,
            context,
            code,
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

/// Room that one file after the other uses: growing it anew for each would copy everything twice.
#[derive(Default)]
struct Scratch {
    pipes: Vec<OpenPipe>,
    pending: Vec<NodeId>,
    operands: Vec<NodeId>,
    work: Vec<super::compile::Work>,
    ast: Ast,
    idents: Vec<Ident>,
    literals: Vec<Literal>,
    code: Vec<Op>,
}

/// Larger sources than this do not leave their room behind.
const KEPT_SOURCE: usize = 1 << 20;

thread_local! {
    static SCRATCH: Cell<Scratch> = Cell::default();
}

/// What was gathered, in no more room than it needs.
#[allow(clippy::drain_collect, reason = "taking the vector would take its room along")]
fn taken<T>(gathered: &mut Vec<T>) -> Vec<T> {
    gathered.drain(..).collect()
}

pub(super) struct Parser<'s> {
    pub(super) lexer: Lexer<'s>,
    pub(super) source: &'s [u8],
    pub(super) vocabulary: Vocabulary,
    tokens: [Token; 3],
    peeked: usize,
    pub(super) trees: Vec<Tree>,
    pipes: Vec<OpenPipe>,
    pending: Vec<NodeId>,
    operands: Vec<NodeId>,
    pub(super) work: Vec<super::compile::Work>,
    /// The jumps of `and` and `or` that wait for their target.
    pub(super) shorts: Vec<usize>,
    /// Room for the code of the next template.
    code: Vec<Op>,
    pub(super) ast: Ast,
    bodies: Vec<Body>,
    /// Where the template of a name is in `bodies`.
    defined: NameMap<Str, usize>,
    pub(super) idents: Vec<Ident>,
    pub(super) literals: Vec<Literal>,
    loops: Vec<Loop>,
    pub(super) names: Vec<Str>,
    pub(super) messages: Vec<Box<str>>,
}

impl<'s> Parser<'s> {
    fn new(source: &'s [u8], vocabulary: Vocabulary) -> Self {
        let scratch = SCRATCH.take();
        let nowhere = Token { kind: TokenKind::Eof, start: 0, end: 0 };
        Self {
            lexer: Lexer::new(source),
            source,
            vocabulary,
            tokens: [nowhere; 3],
            peeked: 0,
            trees: vec![Tree::new("file", None, scratch.code)],
            pipes: scratch.pipes,
            pending: scratch.pending,
            operands: scratch.operands,
            work: scratch.work,
            shorts: Vec::new(),
            code: Vec::new(),
            ast: scratch.ast,
            bodies: Vec::new(),
            defined: NameMap::default(),
            idents: scratch.idents,
            literals: scratch.literals,
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
        let message = message.into();
        let (line, column) = self.lexer.place(last);
        let action = self.tree().action.map(|action| self.lexer.line(action));
        let opened = match action {
            _ if message.starts_with("unexpected EOF") => self.unclosed(),
            Some(started) if started < line => Some((started, "action")),
            _ => None,
        };
        ParseError { line, message, started: None, column, opened }
    }

    /// The innermost structure that waits for its `{{end}}`.
    fn unclosed(&mut self) -> Option<(usize, &'static str)> {
        let tree = self.trees.last()?;
        let (started, word) = match tree.controls.last() {
            Some(control) => (control.started, control.kind.word()),
            // A definition starts with an action of the tree around it.
            None => {
                let around = self.trees.len().checked_sub(2).and_then(|index| self.trees.get(index))?;
                (around.action?, tree.context.split(' ').next()?)
            }
        };
        Some((self.lexer.line(started), word))
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

    fn run(mut self, source: &Arc<[u8]>) -> Result<Parsed, ParseError> {
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
        let ast = Ast {
            nodes: taken(&mut self.ast.nodes),
            children: taken(&mut self.ast.children),
            numbers: taken(&mut self.ast.numbers),
        };
        let (idents, literals) = (taken(&mut self.idents), taken(&mut self.literals));
        if source.len() < KEPT_SOURCE {
            self.pipes.clear();
            self.pending.clear();
            self.operands.clear();
            self.work.clear();
            SCRATCH.set(Scratch {
                pipes: self.pipes,
                pending: self.pending,
                operands: self.operands,
                work: self.work,
                ast: self.ast,
                idents: self.idents,
                literals: self.literals,
                code: self.code,
            });
        }
        Ok(Parsed {
            source: Arc::clone(source),
            ast,
            bodies: self.bodies,
            idents,
            literals,
            loops: self.loops,
            names: self.names,
            messages: self.messages,
        })
    }

    fn open_definition(&mut self) -> Result<(), ParseError> {
        const CONTEXT: &str = "define clause";
        let code = std::mem::take(&mut self.code);
        self.trees.push(Tree::new(CONTEXT, None, code));
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
        match unquote::unquote(self.lexer.text(token)) {
            Ok(name) => Ok(Str::new(name)),
            Err(message) => Err(self.error(message)),
        }
    }

    /// Ends the innermost template. Go: `Tree.add`.
    fn close_tree(&mut self) -> Result<(), ParseError> {
        self.tree().code.push(Op::Return);
        let tree = self.tree();
        let body = Body {
            name: tree.name.take(),
            code: taken(&mut tree.code),
            slots: tree.slots as u32,
            empty: tree.empty,
        };
        self.code = std::mem::take(&mut self.tree().code);
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
        let code = std::mem::take(&mut self.code);
        self.trees.push(Tree::new(CONTEXT, Some(name), code));
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
            started: tree.action.unwrap_or(tree.last),
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
}
