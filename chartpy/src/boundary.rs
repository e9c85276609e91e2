//! The one way from Python into the library and back.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chartcore::diag::{self, Diagnostic, Severity};
use chartcore::{Error, ErrorKind};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

/// Runs `work` without the GIL. Its error becomes the exception of its kind; so does a panic.
pub(crate) fn enter<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> chartcore::Result<T> + Send,
) -> PyResult<T> {
    py.detach(|| catch(work)).map_err(|failure| failure.into_exception(py))
}

/// Why work in the library failed.
pub(crate) enum Failure {
    /// The library's error.
    Error(Error),
    /// A panic, with its message.
    Panic(String),
}

/// Runs `work` and catches its panic.
pub(crate) fn catch<T>(work: impl FnOnce() -> chartcore::Result<T>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(Failure::Error),
        Err(panic) => Err(Failure::Panic(panic_text(&*panic))),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "unknown".to_owned())
}

impl Failure {
    /// The exception for it.
    pub(crate) fn into_exception(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Error(error) => exception(py, &error),
            Self::Panic(text) => {
                let message = format!("internal error, please report it: {text}");
                raise(py, "InternalError", "internal", &message, &[])
            }
        }
    }
}

/// The exception for an error of the library.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let (class, code) = match error.kind() {
        ErrorKind::NotFound => ("MissingFileError", "not-found"),
        ErrorKind::Chart => ("LoadError", "chart"),
        ErrorKind::Values => ("ValuesError", "values"),
        ErrorKind::Schema => ("SchemaError", "schema"),
        ErrorKind::Template => ("TemplateError", "template"),
        ErrorKind::Manifest => ("ManifestError", "manifest"),
        ErrorKind::Dependency => ("DependencyError", "dependency"),
        ErrorKind::Version => ("VersionError", "version"),
        ErrorKind::Signature => ("SignatureError", "signature"),
        ErrorKind::Limit => ("LimitError", "limit"),
        ErrorKind::Usage => ("UsageError", "usage"),
        ErrorKind::Repository => ("RepositoryError", "repository"),
        ErrorKind::Network => ("RemoteError", "network"),
        ErrorKind::Unauthorized => ("AuthError", "unauthorized"),
        ErrorKind::AlreadyExists => ("AlreadyExistsError", "already-exists"),
        ErrorKind::Integrity => ("IntegrityError", "integrity"),
        ErrorKind::Jinja => ("JinjaError", "jinja"),
        ErrorKind::Helmfile => ("HelmfileError", "helmfile"),
        ErrorKind::Io => ("LoadError", "io"),
        _ => ("ChartError", "chart-error"),
    };
    let raised = raise(py, class, code, error.message(), error.diagnostics());
    let Some(cause) = python_cause(error) else { return raised };
    let cause = cause.clone_ref(py);
    // Ctrl-C and the like are no failure of the template.
    if !cause.is_instance_of::<PyException>(py) {
        return cause;
    }
    raised.set_cause(py, Some(cause));
    raised
}

/// The exception of a Python function the library called.
fn python_cause(error: &Error) -> Option<&PyErr> {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref::<PyErr>() {
            return Some(found);
        }
        source = error.source();
    }
    None
}

/// A `ValuesError` of the conversion from Python.
pub(crate) fn values_error(py: Python<'_>, code: &str, message: &str) -> PyErr {
    raise(py, "ValuesError", code, message, &[])
}

/// A `UsageError`.
pub(crate) fn usage_error(py: Python<'_>, message: &str) -> PyErr {
    raise(py, "UsageError", "usage", message, &[])
}

fn raise(py: Python<'_>, class: &str, code: &str, message: &str, diagnostics: &[Diagnostic]) -> PyErr {
    let drawn: String = diagnostics.iter().map(|diagnostic| diag::draw(diagnostic, false)).collect();
    let made = || -> PyResult<PyErr> {
        let listed = to_python(py, diagnostics)?;
        let class = errors(py)?.getattr(class)?;
        Ok(PyErr::from_value(class.call1((message, code, listed, drawn.trim_end_matches('\n')))?))
    };
    made().unwrap_or_else(|error| error)
}

/// `chartpy.errors`, imported once.
fn errors(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    Ok(MODULE.get_or_try_init(py, || py.import("chartpy.errors").map(Bound::unbind))?.bind(py))
}

/// `chartpy.records`, imported once.
pub(crate) fn records(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    Ok(MODULE.get_or_try_init(py, || py.import("chartpy.records").map(Bound::unbind))?.bind(py))
}

/// The word for a severity.
pub(crate) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// Diagnostics as a tuple of `chartpy.Diagnostic`.
pub(crate) fn to_python<'py>(py: Python<'py>, diagnostics: &[Diagnostic]) -> PyResult<Bound<'py, PyTuple>> {
    let class = records(py)?.getattr("Diagnostic")?;
    let mut listed = Vec::with_capacity(diagnostics.len());
    for diagnostic in diagnostics {
        let place = diagnostic.primary.as_ref();
        let known = |number: usize| (number > 0).then_some(number);
        let notes = diagnostic.notes.iter().map(|(text, at)| match at {
            Some(at) if at.line > 0 => format!("{}:{} {text}", at.file, at.line),
            Some(at) => format!("{} {text}", at.file),
            None => text.clone(),
        });
        listed.push(class.call1((
            &diagnostic.message,
            diagnostic.code,
            severity_word(diagnostic.severity),
            place.map(|place| &place.file),
            place.and_then(|place| known(place.line)),
            place.and_then(|place| known(place.column)),
            place.and_then(|place| place.text.as_ref()),
            diagnostic.label.as_ref(),
            PyTuple::new(py, notes.collect::<Vec<_>>())?,
            PyTuple::new(py, &diagnostic.hints)?,
        ))?);
    }
    PyTuple::new(py, listed)
}

/// Whether an exception is a `ChartError`.
pub(crate) fn is_ours(error: &PyErr, py: Python<'_>) -> PyResult<bool> {
    Ok(error.is_instance(py, &errors(py)?.getattr("ChartError")?))
}
