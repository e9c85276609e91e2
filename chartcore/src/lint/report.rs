//! What the linter found, and how Helm prints it.

use std::fmt;

use crate::diag::{Diagnostic, Severity};

/// One finding, as Helm words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: `Chart.yaml`, `templates/`, `templates/service.yaml`.
    pub path: String,
    /// What is wrong.
    pub text: String,
    /// Where and why, when more is known than Helm says.
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Info => "INFO",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
        };
        write!(f, "[{severity}] {}: {}", self.path, self.text)
    }
}

impl Message {
    /// The finding as a diagnostic.
    pub fn to_diagnostic(&self) -> Diagnostic {
        if let Some(diagnostic) = self.diagnostics.first() {
            return diagnostic.clone();
        }
        let mut diagnostic = Diagnostic::error("lint", format!("{}: {}", self.path, self.text));
        diagnostic.severity = self.severity;
        diagnostic
    }
}

/// Collects messages.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) messages: Vec<Message>,
}

impl Findings {
    pub(super) fn add(&mut self, severity: Severity, path: &str, text: impl Into<String>) {
        self.messages.push(Message {
            severity,
            path: path.to_owned(),
            text: text.into(),
            diagnostics: Vec::new(),
        });
    }

    pub(super) fn error(&mut self, path: &str, text: impl Into<String>) {
        self.add(Severity::Error, path, text);
    }

    pub(super) fn warning(&mut self, path: &str, text: impl Into<String>) {
        self.add(Severity::Warning, path, text);
    }

    pub(super) fn info(&mut self, path: &str, text: impl Into<String>) {
        self.add(Severity::Info, path, text);
    }

    /// An error of another part of the library, with its diagnostics.
    pub(super) fn failure(&mut self, path: &str, prefix: &str, error: &crate::Error) {
        self.messages.push(Message {
            severity: Severity::Error,
            path: path.to_owned(),
            text: format!("{prefix}{}", error.message()),
            diagnostics: error.diagnostics().to_vec(),
        });
    }
}

/// What was found in one chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartReport {
    /// The path as it was given.
    pub path: String,
    /// The findings, in the order of the rules.
    pub messages: Vec<Message>,
    /// Why the chart could not be looked at.
    pub failure: Option<String>,
    /// Whether it failed: it could not be looked at, or has an error (a warning, when strict).
    pub failed: bool,
}

impl ChartReport {
    /// Whether there is more than information.
    pub fn has_warnings_or_errors(&self) -> bool {
        self.failure.is_some() || self.failed || self.messages.iter().any(|it| it.severity > Severity::Info)
    }
}

/// What was found in many charts.
///
/// `Display` prints what `helm lint` prints on stdout; the summary of a failed run goes to stderr there, as
/// `Error: ` and [`Report::summary`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The charts, in the order they were looked at.
    pub charts: Vec<ChartReport>,
    pub(super) quiet: bool,
}

impl Report {
    /// How many charts failed.
    pub fn failed(&self) -> usize {
        self.charts.iter().filter(|chart| chart.failed).count()
    }

    /// `2 chart(s) linted, 0 chart(s) failed`.
    pub fn summary(&self) -> String {
        format!("{} chart(s) linted, {} chart(s) failed", self.charts.len(), self.failed())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut worth_saying = false;
        for chart in &self.charts {
            let is_bad = chart.has_warnings_or_errors();
            worth_saying |= is_bad;
            if self.quiet && !is_bad {
                continue;
            }
            writeln!(f, "==> Linting {}", chart.path)?;
            if chart.messages.is_empty()
                && let Some(failure) = &chart.failure
            {
                writeln!(f, "Error {failure}")?;
            }
            for message in &chart.messages {
                if !self.quiet || message.severity > Severity::Info {
                    writeln!(f, "{message}")?;
                }
            }
            writeln!(f)?;
        }
        if self.failed() == 0 && (!self.quiet || worth_saying) {
            writeln!(f, "{}", self.summary())?;
        }
        Ok(())
    }
}
