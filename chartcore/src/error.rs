//! The one error of the library: a kind to match on, and diagnostics to read.

use std::fmt;

use crate::diag::{Diagnostic, Location};

/// The result of every fallible call of the library.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, for a program to match on.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A file or folder does not exist or cannot be read.
    NotFound,
    /// A chart is malformed: metadata, layout, archive.
    Chart,
    /// Values cannot be read or merged: a file, a `--set` expression.
    Values,
    /// Values do not meet a `values.schema.json`.
    Schema,
    /// A template does not parse or fails while it runs.
    Template,
    /// A rendered document is not a Kubernetes manifest.
    Manifest,
    /// A dependency is missing or cannot be resolved.
    Dependency,
    /// A repository's index or the list of repositories is malformed.
    Repository,
    /// A version or a constraint is malformed.
    Version,
    /// A signature does not count, or a key or provenance file cannot be used.
    Signature,
    /// A limit (depth, size, steps) was reached.
    Limit,
    /// An option does not make sense.
    Usage,
    /// A Jinja template of a plan does not parse, or fails while it runs.
    Jinja,
    /// A helmfile is malformed, or uses what is not supported.
    Helmfile,
    /// An input or output operation failed.
    Io,
    /// A server cannot be reached, or does not answer as it should.
    Network,
    /// A server wants other credentials.
    Unauthorized,
    /// What is to be made is already there, and is something else.
    AlreadyExists,
    /// Bytes are not what their digest, length or signature says.
    Integrity,
    /// A cluster cannot be reached, or refuses.
    Cluster,
    /// A release is not in a state that allows what is asked.
    Release,
}

/// An error with its kind, its message in Helm's words, and located diagnostics.
///
/// `Display` prints the message alone, whose first line equals Helm's; the snippet, notes and hints are
/// in [`Error::diagnostics`] and are drawn by [`crate::diag`].
pub struct Error {
    repr: Box<Repr>,
}

struct Repr {
    kind: ErrorKind,
    message: String,
    diagnostics: Vec<Diagnostic>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error of `kind` with Helm's message.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { repr: Box::new(Repr { kind, message: message.into(), diagnostics: Vec::new(), source: None }) }
    }

    /// Adds a located diagnostic.
    #[must_use]
    pub fn with_diagnostic(mut self, diagnostic: Diagnostic) -> Self {
        self.repr.diagnostics.push(diagnostic);
        self
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.repr.source = Some(Box::new(source));
        self
    }

    /// Puts `prefix` in front of the message, as Go's `fmt.Errorf("prefix: %w")` does.
    #[must_use]
    pub fn prefixed(mut self, prefix: impl fmt::Display) -> Self {
        self.repr.message = format!("{prefix}{}", self.repr.message);
        self
    }

    /// Shows the line of `file` that the message, one of the YAML reader's, is about.
    #[must_use]
    pub(crate) fn at_line_of(self, file: &str, data: &[u8]) -> Self {
        let Some((_, rest)) = self.repr.message.split_once("yaml: line ") else { return self };
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let reason = rest[digits.len()..].trim_start_matches(": ").to_owned();
        let Ok(line) = digits.parse::<usize>() else { return self };
        let text = line.checked_sub(1).and_then(|index| data.split(|&byte| byte == b'\n').nth(index));
        let text = text.map(|text| String::from_utf8_lossy(text).trim_end_matches('\r').to_owned());
        let length = text.as_ref().map_or(0, String::len);
        let place = Location { file: file.to_owned(), line, column: 1, length, text };
        self.with_diagnostic(Diagnostic::error("yaml", reason).at(place))
    }

    /// Puts `suffix` behind the message.
    #[must_use]
    pub fn suffixed(mut self, suffix: impl fmt::Display) -> Self {
        self.repr.message = format!("{}{suffix}", self.repr.message);
        self
    }

    /// What went wrong, for a program.
    pub fn kind(&self) -> ErrorKind {
        self.repr.kind
    }

    /// The message in Helm's words, without `Error: `.
    pub fn message(&self) -> &str {
        &self.repr.message
    }

    /// Where and why, for a person; the first one is the primary.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.repr.diagnostics
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.repr.kind)
            .field("message", &self.repr.message)
            .field("diagnostics", &self.repr.diagnostics)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.repr.source.as_ref().map(|source| &**source as _)
    }
}
