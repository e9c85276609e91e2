//! Which part of a template wrote which part of the output.

use std::sync::Arc;

use super::Parsed;
use super::ast::NO_NODE;
use super::code::Op;

/// A stretch of output and where it comes from.
#[derive(Debug)]
struct Piece {
    /// Where it starts in the output.
    output: usize,
    file: String,
    parsed: Arc<Parsed>,
    /// The offset in the source.
    source: usize,
    /// Whether it is source text, byte for byte; else all of it was written by one action.
    copied: bool,
}

/// The way back from output to template, recorded while a template runs.
///
/// What an `include` printed belongs to the action that called it, because functions may have changed it on the
/// way; what a `{{template}}` printed belongs to the template it is in.
#[derive(Debug, Default)]
pub struct Trace {
    pieces: Vec<Piece>,
}

/// A place in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file's name (`gotpl` inside `tpl`).
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 0.
    pub column: usize,
    /// Whether the output there is source text; else an action wrote it.
    pub copied: bool,
}

impl Trace {
    /// Notes that what is written from `output` on comes from `op`, if it writes at all. `unit` tells which file
    /// is running.
    pub(super) fn note(
        &mut self,
        output: usize,
        op: &Op,
        at: u32,
        unit: impl FnOnce() -> (String, Arc<Parsed>),
    ) {
        let (node, text) = match *op {
            Op::Text { start, .. } => (NO_NODE, Some(start as usize)),
            Op::PrintField { node, .. } | Op::PrintVariableField { node, .. } => (node, None),
            Op::Print | Op::PrintIndented { .. } => (at, None),
            _ => return,
        };
        while self.pieces.last().is_some_and(|piece| piece.output >= output) {
            self.pieces.pop();
        }
        let (file, parsed) = unit();
        let source = match text {
            Some(start) => start,
            None if node == NO_NODE => return,
            None => parsed.ast.extent(node).0,
        };
        self.pieces.push(Piece { output, file, parsed, source, copied: text.is_some() });
    }

    /// Where the byte at `output` comes from.
    pub fn origin(&self, output: usize) -> Option<Origin> {
        let index = self.pieces.partition_point(|piece| piece.output <= output).checked_sub(1)?;
        let piece = self.pieces.get(index)?;
        let inside = if piece.copied { output - piece.output } else { 0 };
        let (line, column) = piece.parsed.place((piece.source + inside).min(piece.parsed.source.len()));
        Some(Origin { file: piece.file.clone(), line, column, copied: piece.copied })
    }
}
