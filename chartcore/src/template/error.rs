//! What goes wrong: parse errors and execution errors, structured, with Go's and Helm's texts.

use std::fmt;

use crate::Compat;
use crate::quote::quoted;

/// Helm marks the messages of `required` and `fail` so as to find them again. Helm: `warnWrap`.
pub(super) const WARN_START: &str = "HELM_ERR_START";
/// See [`WARN_START`].
pub(super) const WARN_END: &str = "HELM_ERR_END";

/// A template that does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    pub(super) line: usize,
    pub(super) message: String,
    /// The line the action started on, when it is an earlier one.
    pub(super) started: Option<usize>,
    /// The column in bytes, from 0, which Go does not tell.
    pub(super) column: usize,
    /// The line and the word of the structure that lacks its `{{end}}`, or of the action on earlier lines.
    pub(super) opened: Option<(usize, &'static str)>,
}

impl ParseError {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in bytes, from 0: where the parser stood.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The line the action started on, when it is an earlier one.
    pub fn started(&self) -> Option<usize> {
        self.started
    }

    /// The line and the word (`if`, `define`) of the structure that lacks its `{{end}}`; `action` for an action that
    /// started on an earlier line.
    pub fn opened(&self) -> Option<(usize, &'static str)> {
        self.opened
    }

    /// What is wrong, without the place. `name` is the file's: Go mentions it once more when an action
    /// started on an earlier line.
    pub fn message(&self, name: &str) -> String {
        match self.started {
            // Go avoids "action in action".
            Some(line) if self.message.ends_with(" action") => {
                format!("{} started at {name}:{line}", self.message)
            }
            Some(line) => format!("{} in action started at {name}:{line}", self.message),
            None => self.message.clone(),
        }
    }

    /// Go's text: `template: NAME:LINE: message`.
    pub fn go_text(&self, name: &str) -> String {
        format!("template: {name}:{}: {}", self.line, self.message(name))
    }

    /// Helm's text: `parse error at (NAME:LINE): ` and what stands after the last `: ` in Go's.
    ///
    /// Helm: pkg/engine/engine.go, `cleanupParseError`.
    pub fn helm_text(&self, name: &str) -> String {
        let text = self.go_text(name);
        let mut tokens = text.split(": ");
        let location = tokens.nth(1).unwrap_or_default();
        let message = text.rsplit(": ").next().unwrap_or_default();
        format!("parse error at ({location}): {message}")
    }
}

/// One step of the way to an error: a template and the node it was at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The file's name (`gotpl` inside `tpl`).
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 0, as Go counts: of `.a.b`, that of `.b`.
    pub column: usize,
    /// The line and column (from 1 and 0) of the node's first byte.
    pub start: (usize, usize),
    /// How many bytes of its first line the node spans.
    pub length: usize,
    /// The name of the template that was executing.
    pub executing: String,
    /// The node, as Go prints it.
    pub node: String,
    /// What Go says there, without what the next frame says.
    pub message: String,
}

impl Frame {
    fn text(&self) -> String {
        format!(
            "template: {}:{}:{}: executing {} at <{}>: {}",
            self.file,
            self.line,
            self.column,
            quoted(self.executing.as_bytes()),
            self.node,
            self.message
        )
    }
}

/// What is behind the innermost frame's message, in Go's chain of wrapped errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Nothing: text/template itself complains.
    Language,
    /// A function's error, after `error calling NAME: ` (that many bytes).
    Function(usize),
}

/// An execution that failed: the frames from the executed file to the innermost template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecError {
    repr: Box<Repr>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Repr {
    frames: Vec<Frame>,
    cause: Cause,
    /// The text when there is no frame: the template does not exist.
    bare: String,
}

impl ExecError {
    #[cold]
    pub(super) fn new(frames: Vec<Frame>, cause: Cause) -> Self {
        Self { repr: Box::new(Repr { frames, cause, bare: String::new() }) }
    }

    #[cold]
    pub(super) fn bare(text: String) -> Self {
        Self { repr: Box::new(Repr { frames: Vec::new(), cause: Cause::Language, bare: text }) }
    }

    /// The way to the error, outermost first, innermost last. Empty when the template does not exist.
    pub fn frames(&self) -> &[Frame] {
        &self.repr.frames
    }

    /// What went wrong in the innermost frame; the message alone for `required` and `fail`.
    pub fn message(&self) -> &str {
        match self.warned() {
            Some(message) => message,
            None => self.repr.frames.last().map_or(&self.repr.bare, |frame| &frame.message),
        }
    }

    /// The message of `required` or `fail`, if one of them failed.
    pub fn warned(&self) -> Option<&str> {
        let message = &self.repr.frames.last()?.message;
        let start = message.find(WARN_START)? + WARN_START.len();
        let end = message.rfind(WARN_END)?;
        message.get(start..end)
    }

    /// Go's text, one line.
    pub fn go_text(&self) -> String {
        match self.repr.frames.as_slice() {
            [] => self.repr.bare.clone(),
            frames => frames.iter().map(Frame::text).collect(),
        }
    }

    /// Helm: `execution error at (FILE:LINE:COLUMN): message`, with the place in the executed file.
    fn warned_text(&self) -> Option<String> {
        let message = self.warned()?;
        let outermost = self.repr.frames.first()?;
        let Frame { file, line, column, .. } = outermost;
        Some(format!("execution error at ({file}:{line}:{column}): {message}"))
    }

    /// What Helm 3 prints. Helm: v3 pkg/engine/engine.go, `cleanupExecError`.
    pub fn helm3_text(&self) -> String {
        self.warned_text().unwrap_or_else(|| self.go_text())
    }

    /// What Helm 4 prints: a paragraph for each error of Go's chain, or Go's text when one of them is not
    /// a template's. Helm: v4 pkg/engine/engine.go, `reformatExecErrorMsg`.
    pub fn helm4_text(&self) -> String {
        if let Some(text) = self.warned_text() {
            return text;
        }
        let text = self.go_text();
        if self.repr.frames.is_empty() {
            return text;
        }
        let mut paragraphs: Vec<String> = Vec::new();
        for link in self.links() {
            let Some(paragraph) = paragraph(&link) else { return text };
            if paragraphs.last() != Some(&paragraph) {
                paragraphs.push(paragraph);
            }
        }
        paragraphs.concat().trim().to_owned()
    }

    /// The texts of Go's chain of errors, outermost first.
    fn links(&self) -> Vec<String> {
        let frames = &self.repr.frames;
        let mut links = Vec::with_capacity(frames.len() + 1);
        for (index, frame) in frames.iter().enumerate() {
            let mut text = frame.text();
            if index + 1 < frames.len() {
                // What the next frame says follows in Go's text; Helm cuts it off where it begins.
                text.push_str("template:");
                links.push(text);
                // `error calling tpl: error during tpl function execution …: ` wraps once more.
                let inner = frame.message.split_once(": ").map_or("", |(_, inner)| inner);
                if !inner.is_empty() {
                    links.push(inner.to_owned());
                }
                continue;
            }
            links.push(text);
            if let Cause::Function(prefix) = self.repr.cause {
                links.push(frame.message.get(prefix..).unwrap_or_default().to_owned());
            }
        }
        links
    }

    /// What that Helm prints.
    pub fn helm_text(&self, compat: Compat) -> String {
        match compat {
            Compat::Helm3 => self.helm3_text(),
            Compat::Helm4 => self.helm4_text(),
        }
    }
}

/// One error of the chain as Helm 4 shows it. Helm: `parseTemplateExecErrorString`, `TraceableError`.
fn paragraph(text: &str) -> Option<String> {
    let rest = text.strip_prefix("template: ")?;
    if rest.starts_with("no template ") {
        return Some(format!("{text}\n"));
    }
    let cut = |message: &'_ str| -> String {
        message.find(" template:").map_or(message, |at| &message[..at]).to_owned()
    };
    let shown = |location: &str, function: Option<&str>, message: &str| {
        let mut out = String::new();
        if !location.is_empty() {
            out.push_str(&format!("{location}\n  "));
        }
        if let Some(function) = function {
            out.push_str(&format!("{function}\n    "));
        }
        if !message.is_empty() {
            out.push_str(&format!("{message}\n"));
        }
        out
    };
    if let Some((location, after)) = rest.split_once(": executing ")
        && let Some(after) = after.strip_prefix('"')
        && let Some((function, after)) = after.split_once('"')
        && let Some(after) = after.strip_prefix(" at <")
        && let Some((node, message)) = after.split_once(">: ")
    {
        let function = format!("executing \"{function}\" at <{node}>:");
        return Some(shown(location, Some(&function), &cut(message)));
    }
    let (location, message) = rest.rsplit_once(": ")?;
    Some(shown(location, None, &cut(message)))
}

impl fmt::Display for ExecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.go_text())
    }
}

impl std::error::Error for ExecError {}
