//! What goes wrong: parse errors and execution errors, structured, with Go's and Helm's texts.

use std::fmt;

use crate::Compat;

/// A template that does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    pub(super) line: usize,
    pub(super) message: String,
}

impl ParseError {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong, without the place. `name` is the file's: Go mentions it once more when an action
    /// started on an earlier line.
    pub fn message(&self, _name: &str) -> String {
        self.message.clone()
    }

    /// Go's text: `template: NAME:LINE: message`.
    pub fn go_text(&self, name: &str) -> String {
        format!("template: {name}:{}: {}", self.line, self.message(name))
    }

    /// Helm's text: `parse error at (NAME:LINE): ` and what stands after the last `: ` in Go's.
    ///
    /// Helm: pkg/engine/engine.go, `cleanupParseError`.
    pub fn helm_text(&self, name: &str) -> String {
        self.go_text(name)
    }
}

/// One step of the way to an error: a template and the node it was at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The file's name (`gotpl` inside `tpl`).
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 0, as Go counts.
    pub column: usize,
    /// How many bytes of that line the node spans; 0 when unknown.
    pub length: usize,
    /// The name of the template that was executing.
    pub executing: String,
    /// The node, as Go prints it.
    pub node: String,
    /// What Go says there, without what the next frame says.
    pub message: String,
}

/// An execution that failed: the frames from the executed file to the innermost template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecError {
    pub(super) frames: Vec<Frame>,
}

impl ExecError {
    /// The way to the error, outermost first, innermost last. Empty when the template does not exist.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// What went wrong in the innermost frame.
    pub fn message(&self) -> &str {
        self.frames.last().map_or("", |frame| &frame.message)
    }

    /// Go's text, one line.
    pub fn go_text(&self) -> String {
        String::new()
    }

    /// What Helm 3 prints. Helm: v3 pkg/engine/engine.go, `cleanupExecError`.
    pub fn helm3_text(&self) -> String {
        self.go_text()
    }

    /// What Helm 4 prints. Helm: v4 pkg/engine/engine.go, `reformatExecErrorMsg`.
    pub fn helm4_text(&self) -> String {
        self.go_text()
    }

    /// What that Helm prints.
    pub fn helm_text(&self, compat: Compat) -> String {
        match compat {
            Compat::Helm3 => self.helm3_text(),
            Compat::Helm4 => self.helm4_text(),
        }
    }
}

impl fmt::Display for ExecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.go_text())
    }
}

impl std::error::Error for ExecError {}
