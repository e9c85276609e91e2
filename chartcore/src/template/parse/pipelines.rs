//! Pipelines, commands, operands.

use super::super::ast::{Children, NO_NODE, NodeId, NodeKind};
use super::super::lex::{Token, TokenKind};
use super::super::{ParseError, number, unquote};
use super::Parser;
use crate::data::Str;
use crate::quote::quoted;

/// Go: `maxStackDepth`, how deep parentheses may nest.
const MAX_PARENTHESES: usize = 10_000;

/// A pipeline being parsed.
pub(super) struct OpenPipe {
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

impl Parser<'_> {
    /// Parses a pipeline up to the token `end`. Go: `Tree.pipeline`, with its recursion through
    /// parentheses on a stack.
    pub(super) fn pipeline(&mut self, context: &'static str, end: TokenKind) -> Result<NodeId, ParseError> {
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
                if self.vocabulary.find(name).is_none() {
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
                if let Err(message) = unquote::unquote(self.lexer.text(token)) {
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
