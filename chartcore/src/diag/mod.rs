//! Problems, located: what is wrong, where, why, and what to do.

mod draw;

pub use draw::{draw, to_json};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Probably not what was meant; the work goes on.
    Warning,
    /// The work cannot go on.
    Error,
}

/// A place in a file the user wrote. Lines and columns count from 1; a column counts bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// The file's name as the user knows it (a path, or the chart-relative template name).
    pub file: String,
    /// The line, from 1; 0 when only the file is known.
    pub line: usize,
    /// The first byte's column, from 1; 0 when only the line is known.
    pub column: usize,
    /// How many bytes the place spans on its line; 0 when unknown.
    pub length: usize,
    /// The text of that line, when it is at hand.
    pub text: Option<String>,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// A stable code such as `nil-pointer` or `set-unknown-key`, for programs.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, one line, lower case, no full stop.
    pub message: String,
    /// Where it is, when known.
    pub primary: Option<Location>,
    /// The label under the caret.
    pub label: Option<String>,
    /// The way there: include stack, the file a value came from.
    pub notes: Vec<(String, Option<Location>)>,
    /// What to do.
    pub hints: Vec<String>,
}

impl Diagnostic {
    /// Makes an error diagnostic without a place.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            primary: None,
            label: None,
            notes: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Makes a warning without a place.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Sets the place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.primary = Some(location);
        self
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push((text.into(), None));
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(text.into());
        self
    }
}
