//! The nodes of expressions, kept to name places in errors.
//!
//! Control structures need no nodes: no error is ever at one (`{{template}}` aside). Nodes live in one
//! arena and refer to the source by offsets.

use super::unquote;
use crate::quote::write_quoted;

/// An index into [`Ast::nodes`].
pub(super) type NodeId = u32;

/// No node: errors are where the last evaluated node is.
pub(super) const NO_NODE: NodeId = u32::MAX;

/// A run of [`Ast::children`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Children {
    pub(super) start: u32,
    pub(super) length: u32,
}

/// A node: where Go says it is, and what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// The offset errors report. Of `.a.b` it is that of `.b`, as in Go.
    pub(super) position: u32,
    pub(super) kind: NodeKind,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum NodeKind {
    /// Variables (the first `declared` children) and commands.
    Pipe {
        children: Children,
        declared: u8,
        assign: bool,
    },
    /// An operand and its arguments.
    Command {
        arguments: Children,
    },
    /// A function's name, as all below from `start` to `end` in the source.
    Identifier {
        start: u32,
        end: u32,
    },
    /// `.a.b`
    Field {
        start: u32,
        end: u32,
    },
    /// `$x.a.b`
    Variable {
        start: u32,
        end: u32,
    },
    /// `(…).a.b`: the fields are the text.
    Chain {
        node: NodeId,
        start: u32,
        end: u32,
    },
    Dot,
    Nil,
    Bool(bool),
    /// With an index into [`Ast::numbers`].
    Number {
        start: u32,
        end: u32,
        number: u32,
    },
    /// A literal with its quotes.
    String {
        start: u32,
        end: u32,
    },
    /// `{{template "name" pipe}}`; the literal is the text, the pipe may be [`NO_NODE`].
    Template {
        start: u32,
        end: u32,
        pipe: NodeId,
    },
}

/// A number literal: what it can be. Go: parse.NumberNode.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Number {
    pub(super) int: Option<i64>,
    pub(super) uint: Option<u64>,
    pub(super) float: Option<f64>,
    pub(super) complex: Option<(f64, f64)>,
}

/// All nodes of a file.
#[derive(Debug, Default)]
pub(super) struct Ast {
    pub(super) nodes: Vec<Node>,
    pub(super) children: Vec<NodeId>,
    pub(super) numbers: Vec<Number>,
}

impl Ast {
    pub(super) fn add(&mut self, position: u32, kind: NodeKind) -> NodeId {
        self.nodes.push(Node { position, kind });
        (self.nodes.len() - 1) as NodeId
    }

    pub(super) fn kind(&self, node: NodeId) -> NodeKind {
        self.nodes[node as usize].kind
    }

    pub(super) fn children(&self, children: Children) -> &[NodeId] {
        &self.children[children.start as usize..][..children.length as usize]
    }

    /// Where a node starts and ends in the source.
    pub(super) fn extent(&self, node: NodeId) -> (usize, usize) {
        let position = self.nodes[node as usize].position as usize;
        let start = match self.kind(node) {
            NodeKind::Field { start, .. } | NodeKind::Variable { start, .. } => start as usize,
            _ => position,
        };
        let mut last = node;
        loop {
            let position = self.nodes[last as usize].position as usize;
            let end = match self.kind(last) {
                NodeKind::Pipe { children, .. } | NodeKind::Command { arguments: children } => {
                    match self.children(children).last() {
                        Some(&child) => {
                            last = child;
                            continue;
                        }
                        None => position,
                    }
                }
                NodeKind::Identifier { end, .. }
                | NodeKind::Field { end, .. }
                | NodeKind::Variable { end, .. }
                | NodeKind::Chain { end, .. }
                | NodeKind::Number { end, .. }
                | NodeKind::String { end, .. }
                | NodeKind::Template { end, .. } => end as usize,
                NodeKind::Dot => position + 1,
                NodeKind::Nil => position + 3,
                NodeKind::Bool(truth) => position + if truth { 4 } else { 5 },
            };
            return (start, end.max(start));
        }
    }

    /// The node as Go prints it (`Node.String`): the source with its white space made regular.
    pub(super) fn text(&self, source: &[u8], node: NodeId) -> String {
        enum Piece {
            Node(NodeId),
            Text(&'static str),
            Source(u32, u32),
        }
        let mut out = Vec::new();
        // A stack instead of recursion: parentheses nest ten thousand deep.
        let mut pieces = vec![Piece::Node(node)];
        while let Some(piece) = pieces.pop() {
            let node = match piece {
                Piece::Text(text) => {
                    out.extend_from_slice(text.as_bytes());
                    continue;
                }
                Piece::Source(start, end) => {
                    out.extend_from_slice(&source[start as usize..end as usize]);
                    continue;
                }
                Piece::Node(node) => node,
            };
            let first = pieces.len();
            match self.kind(node) {
                NodeKind::Pipe { children, declared, assign } => {
                    let declared = usize::from(declared);
                    for (index, &child) in self.children(children).iter().enumerate() {
                        if index == declared && declared > 0 {
                            pieces.push(Piece::Text(if assign { " = " } else { " := " }));
                        } else if index > 0 {
                            pieces.push(Piece::Text(if index < declared { ", " } else { " | " }));
                        }
                        pieces.push(Piece::Node(child));
                    }
                }
                NodeKind::Command { arguments } => {
                    for (index, &child) in self.children(arguments).iter().enumerate() {
                        if index > 0 {
                            pieces.push(Piece::Text(" "));
                        }
                        let parentheses = matches!(self.kind(child), NodeKind::Pipe { .. });
                        if parentheses {
                            pieces.push(Piece::Text("("));
                        }
                        pieces.push(Piece::Node(child));
                        if parentheses {
                            pieces.push(Piece::Text(")"));
                        }
                    }
                }
                NodeKind::Chain { node: inner, start, end } => {
                    let parentheses = matches!(self.kind(inner), NodeKind::Pipe { .. });
                    if parentheses {
                        pieces.push(Piece::Text("("));
                    }
                    pieces.push(Piece::Node(inner));
                    if parentheses {
                        pieces.push(Piece::Text(")"));
                    }
                    pieces.push(Piece::Source(start, end));
                }
                NodeKind::Identifier { start, end }
                | NodeKind::Field { start, end }
                | NodeKind::Variable { start, end }
                | NodeKind::Number { start, end, .. }
                | NodeKind::String { start, end } => {
                    out.extend_from_slice(&source[start as usize..end as usize]);
                }
                NodeKind::Dot => out.push(b'.'),
                NodeKind::Nil => out.extend_from_slice(b"nil"),
                NodeKind::Bool(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
                NodeKind::Template { start, end, pipe } => {
                    let name = unquote::unquote(&source[start as usize..end as usize]).unwrap_or_default();
                    out.extend_from_slice(b"{{template ");
                    write_quoted(&mut out, &name);
                    if pipe != NO_NODE {
                        out.push(b' ');
                        pieces.push(Piece::Node(pipe));
                    }
                    pieces.push(Piece::Text("}}"));
                }
            }
            pieces[first..].reverse();
        }
        String::from_utf8_lossy(&out).into_owned()
    }
}
