//! Jinja templates of plans, compatible with Python's.
//!
//! minijinja runs them. Where plans need Python's ways and minijinja has others (dicts and lists that change, the
//! order of keys, PyYAML's and `json`'s texts) the values templates see are objects of this module, and the
//! filters its own; templates stay as they are.

mod filters;
mod json;
mod literals;
mod number;
mod object;
mod tree;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Rest, Value};
use minijinja::{AutoEscape, UndefinedBehavior};
use minijinja_contrib::pycompat;

pub use tree::{Entries, Tree};

use crate::diag::{Diagnostic, Location};
use crate::error::{Error, ErrorKind, Result};
use crate::files::directory;
use literals::Rewritten;

/// The longest template that is read.
const LONGEST: u64 = 16 << 20;
/// How much a template may write.
const LARGEST: usize = 256 << 20;
/// How many steps a template may take.
const STEPS: u64 = 200_000_000;
/// How deep macros, includes and loops may call each other.
const RECURSION: usize = 60;
/// What the names of templates with the prelude in front begin with, where minijinja keeps them.
const COMPOSED: &str = "\u{0}";

/// The error of a [`Callback`].
pub type CallbackError = Box<dyn std::error::Error + Send + Sync>;

/// A filter or function that is not the library's own: positional arguments (a filter's value first), then named
/// ones.
pub type Callback =
    Arc<dyn Fn(&[Tree], &[(String, Tree)]) -> std::result::Result<Tree, CallbackError> + Send + Sync>;

/// What templates are compiled with.
#[derive(Clone, Default)]
pub struct EnvironmentOptions {
    prelude: Option<String>,
    filters: Vec<(String, Callback)>,
    functions: Vec<(String, Callback)>,
    globals: Vec<(String, Tree)>,
}

impl EnvironmentOptions {
    /// Nothing beside what the library brings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts the file `name` in front of each template, as text: its macros are everybody's.
    #[must_use]
    pub fn prelude(mut self, name: impl Into<String>) -> Self {
        self.prelude = Some(name.into());
        self
    }

    /// Adds a filter.
    #[must_use]
    pub fn filter(mut self, name: impl Into<String>, callback: Callback) -> Self {
        self.filters.push((name.into(), callback));
        self
    }

    /// Adds a function.
    #[must_use]
    pub fn function(mut self, name: impl Into<String>, callback: Callback) -> Self {
        self.functions.push((name.into(), callback));
        self
    }

    /// Adds a value every template sees.
    #[must_use]
    pub fn global(mut self, name: impl Into<String>, value: Tree) -> Self {
        self.globals.push((name.into(), value));
        self
    }
}

impl fmt::Debug for EnvironmentOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvironmentOptions").field("prelude", &self.prelude).finish_non_exhaustive()
    }
}

/// One template's text as it was written.
struct Source {
    original: String,
    rewritten: Rewritten,
}

impl Source {
    fn new(original: String) -> Self {
        let rewritten = literals::wrap(&original);
        Self { original, rewritten }
    }
}

/// Templates, compiled once, to be rendered with many values on any thread.
pub struct Environment {
    inner: minijinja::Environment<'static>,
    sources: Arc<BTreeMap<String, Source>>,
    prelude: Option<String>,
    /// Output and template, by output.
    outputs: BTreeMap<String, String>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("outputs", &self.outputs).finish_non_exhaustive()
    }
}

/// The files of a folder of templates as they were: names, sizes and times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp(Vec<(String, u64, Option<SystemTime>)>);

/// Looks at a folder of templates without reading them.
///
/// # Errors
/// [`ErrorKind::NotFound`] when there is no such folder, [`ErrorKind::Io`] when it cannot be read.
pub fn stamp(folder: &Path) -> Result<Stamp> {
    let mut files = Vec::new();
    for (name, is_folder) in directory::list(folder)? {
        if is_folder || !is_template(&name) {
            continue;
        }
        let path = folder.join(&name);
        let metadata = std::fs::metadata(&path).map_err(|error| directory::io_error("stat", &path, error))?;
        files.push((name, metadata.len(), metadata.modified().ok()));
    }
    files.sort();
    Ok(Stamp(files))
}

fn is_template(name: &str) -> bool {
    name.ends_with(".j2") || name.ends_with(".jinja") || name.ends_with(".jinja2")
}

/// The name of what a template makes: `a.yaml.j2` makes `a.yaml`, `a_yaml.j2` makes `a_yaml.yaml`.
pub fn output_name(template: &str) -> String {
    let stem = [".j2", ".jinja2", ".jinja"].iter().find_map(|ending| template.strip_suffix(ending));
    let stem = stem.unwrap_or(template);
    if stem.contains('.') { stem.to_owned() } else { format!("{stem}.yaml") }
}

impl Environment {
    /// Reads and compiles the templates of a folder: files that end in `.j2`, those that start with `_` as parts.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when the folder or the prelude does not exist, [`ErrorKind::Jinja`] when a template
    /// has a syntax error.
    pub fn load(folder: &Path, options: &EnvironmentOptions) -> Result<Self> {
        let mut files = Vec::new();
        for (name, is_folder) in directory::list(folder)? {
            let wanted = is_template(&name) || options.prelude.as_ref() == Some(&name);
            if is_folder || !wanted {
                continue;
            }
            let bytes = directory::read_file(&folder.join(&name), LONGEST)?;
            let text = String::from_utf8(bytes).map_err(|error| {
                let line = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
                let line = 1 + line.filter(|byte| **byte == b'\n').count();
                failure(&name, line, 0, None, "the template is not UTF-8")
            })?;
            files.push((name, text));
        }
        Self::from_files(files, options)
    }

    /// Compiles templates that are in memory, by name.
    ///
    /// # Errors
    /// As for [`Self::load`].
    pub fn from_files(
        files: impl IntoIterator<Item = (String, String)>,
        options: &EnvironmentOptions,
    ) -> Result<Self> {
        let sources: BTreeMap<String, Source> =
            files.into_iter().map(|(name, text)| (name, Source::new(text))).collect();
        let sources = Arc::new(sources);
        let prelude = match &options.prelude {
            Some(name) => Some(sources.get(name).ok_or_else(|| {
                Error::new(ErrorKind::NotFound, format!("open {name}: no such file or directory"))
            })?),
            None => None,
        };
        let mut environment = Self {
            inner: configured(options),
            sources: Arc::clone(&sources),
            prelude: options.prelude.clone(),
            outputs: BTreeMap::new(),
        };
        let loaded = Arc::clone(&sources);
        environment
            .inner
            .set_loader(move |name| Ok(loaded.get(name).map(|source| source.rewritten.text.clone())));
        if let Some(name) = &options.prelude {
            environment.inner.get_template(name).map_err(|error| environment.explain(&error))?;
        }
        for (name, source) in &*sources {
            if name.starts_with('_') || options.prelude.as_ref() == Some(name) {
                continue;
            }
            let text = match prelude {
                Some(prelude) => format!("{}\n{}", prelude.rewritten.text, source.rewritten.text),
                None => source.rewritten.text.clone(),
            };
            let added = environment.inner.add_template_owned(format!("{COMPOSED}{name}"), text);
            added.map_err(|error| environment.explain(&error))?;
            environment.outputs.insert(output_name(name), name.clone());
        }
        Ok(environment)
    }

    /// The names of what the templates make, in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.outputs.keys().map(String::as_str)
    }

    /// Renders every template; each text is stripped and ends with one newline.
    ///
    /// Each template starts from the values as they are given, whatever the one before made of its own.
    ///
    /// # Errors
    /// [`ErrorKind::Jinja`] with the template and its line, [`ErrorKind::Limit`] when a template goes on too long.
    pub fn render(&self, values: &Tree) -> Result<Vec<(String, String)>> {
        self.render_until(values, &|| false)
    }

    /// As [`Self::render`], but given up when `stopped` says so; it is asked now and then while templates write.
    ///
    /// # Errors
    /// As for [`Self::render`]; [`ErrorKind::Limit`] when it was given up.
    pub fn render_until(&self, values: &Tree, stopped: &dyn Fn() -> bool) -> Result<Vec<(String, String)>> {
        let one = |(output, template): (&String, &String)| {
            Ok((output.clone(), self.run(template, values, stopped)?))
        };
        self.outputs.iter().map(one).collect()
    }

    /// Renders one template, named by itself or by what it makes.
    ///
    /// # Errors
    /// As for [`Self::render`]; [`ErrorKind::NotFound`] when there is no such template.
    pub fn render_one(&self, name: &str, values: &Tree) -> Result<String> {
        self.run(self.outputs.get(name).map_or(name, String::as_str), values, &|| false)
    }

    /// Renders a text that is no file; nothing is stripped. `name` is what errors call it.
    ///
    /// # Errors
    /// As for [`Self::render`].
    pub fn render_text(&self, name: &str, text: &str, values: &Tree) -> Result<String> {
        let source = Source::new(text.to_owned());
        let made = self.inner.template_from_named_str(name, &source.rewritten.text);
        let explain = |error: &minijinja::Error| self.explain_with(error, Some((name, &source)));
        let template = made.map_err(|error| explain(&error))?;
        let mut out = Limited::new(&|| false);
        template.render_captured_to(object::live(values), &mut out).map_err(|error| explain(&error))?;
        Ok(into_text(out.written))
    }

    fn run(&self, name: &str, values: &Tree, stopped: &dyn Fn() -> bool) -> Result<String> {
        let template = self
            .inner
            .get_template(&format!("{COMPOSED}{name}"))
            .map_err(|_| Error::new(ErrorKind::NotFound, format!("there is no template `{name}`")))?;
        let mut out = Limited::new(stopped);
        template.render_captured_to(object::live(values), &mut out).map_err(|error| self.explain(&error))?;
        let text = into_text(out.written);
        let stripped = text.trim();
        let mut ended = String::with_capacity(stripped.len() + 1);
        ended.push_str(stripped);
        ended.push('\n');
        Ok(ended)
    }

    fn explain(&self, error: &minijinja::Error) -> Error {
        self.explain_with(error, None)
    }

    /// The library's error for minijinja's, with the place in the file that was written.
    fn explain_with(&self, error: &minijinja::Error, given: Option<(&str, &Source)>) -> Error {
        // The innermost one knows the place: the others are the way there.
        let mut innermost = error;
        let mut way = vec![error];
        while let Some(inner) =
            std::error::Error::source(innermost).and_then(|source| source.downcast_ref::<minijinja::Error>())
        {
            innermost = inner;
            way.push(inner);
        }
        let placed = way.iter().rev().find(|error| error.name().is_some() && error.line().is_some());
        let detail = innermost.detail().map_or_else(|| innermost.kind().to_string(), str::to_owned);
        let detail = match innermost.kind() {
            minijinja::ErrorKind::OutOfFuel => format!("exceeded the limit of {STEPS} steps"),
            minijinja::ErrorKind::WriteFailure => std::error::Error::source(innermost)
                .map_or_else(|| innermost.to_string(), |source| source.to_string()),
            _ => detail,
        };
        let limit =
            matches!(innermost.kind(), minijinja::ErrorKind::OutOfFuel | minijinja::ErrorKind::WriteFailure);
        let mut found = match placed {
            Some(placed) => {
                let line = placed.line().unwrap_or_default();
                self.placed(placed.name().unwrap_or_default(), line, placed.range(), &detail, given)
            }
            None => Error::new(ErrorKind::Jinja, detail),
        };
        if limit {
            let diagnostics = found.diagnostics().to_vec();
            found = diagnostics
                .into_iter()
                .fold(Error::new(ErrorKind::Limit, found.message()), Error::with_diagnostic);
        }
        match callback_failure(innermost) {
            Some(cause) => found.with_source(cause),
            None => found,
        }
    }

    fn placed(
        &self,
        name: &str,
        line: usize,
        range: Option<std::ops::Range<usize>>,
        detail: &str,
        given: Option<(&str, &Source)>,
    ) -> Error {
        let composed = name.strip_prefix(COMPOSED);
        let mut file = composed.unwrap_or(name);
        let mut line = line;
        let mut offset = range.map(|range| range.start);
        if let (Some(_), Some(prelude)) = (composed, &self.prelude)
            && let Some(source) = self.sources.get(prelude)
        {
            let lines = source.rewritten.text.matches('\n').count() + 1;
            let length = source.rewritten.text.len() + 1;
            if line > lines {
                line -= lines;
                offset = offset.and_then(|offset| offset.checked_sub(length));
            } else {
                file = prelude;
            }
        }
        let source = given.filter(|(given, _)| *given == file).map(|(_, source)| source);
        let source = source.or_else(|| self.sources.get(file));
        let Some(source) = source else { return failure(file, line, 0, None, detail) };
        let text = source.original.lines().nth(line.saturating_sub(1));
        let column = offset.and_then(|offset| {
            let before = source.original.get(..source.rewritten.original(offset))?;
            let same_line = before.matches('\n').count() + 1 == line;
            same_line.then(|| before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1)
        });
        failure(file, line, column.unwrap_or_default(), text, detail)
    }
}

fn failure(file: &str, line: usize, column: usize, text: Option<&str>, detail: &str) -> Error {
    let location = Location { file: file.to_owned(), line, column, length: 0, text: text.map(str::to_owned) };
    Error::new(ErrorKind::Jinja, format!("{file}:{line}: {detail}"))
        .with_diagnostic(Diagnostic::error("jinja", detail).at(location))
}

fn into_text(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

fn configured(options: &EnvironmentOptions) -> minijinja::Environment<'static> {
    let mut inner = minijinja::Environment::new();
    match SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        Ok(syntax) => inner.set_syntax(syntax),
        Err(error) => unreachable!("the usual delimiters: {error}"),
    }
    inner.set_auto_escape_callback(|_| AutoEscape::None);
    inner.set_undefined_behavior(UndefinedBehavior::Lenient);
    inner.set_recursion_limit(RECURSION);
    inner.set_fuel(Some(STEPS));
    inner.set_debug(true);
    inner.set_unknown_method_callback(pycompat::unknown_method_callback);
    inner.set_formatter(|out, state, value| {
        if value.is_number() && !value.is_integer() {
            return out.write_str(&filters::to_text(value)).map_err(minijinja::Error::from);
        }
        minijinja::escape_formatter(out, state, value)
    });
    filters::add(&mut inner);
    for (name, value) in &options.globals {
        inner.add_global(name.clone(), object::live(value));
    }
    for (name, callback) in &options.filters {
        let (label, callback) = (format!("filter `{name}`"), Arc::clone(callback));
        inner.add_filter(name.clone(), move |args: Rest<Value>, named: Kwargs| {
            call(&label, &callback, &args, &named)
        });
    }
    for (name, callback) in &options.functions {
        let (label, callback) = (format!("function `{name}`"), Arc::clone(callback));
        inner.add_function(name.clone(), move |args: Rest<Value>, named: Kwargs| {
            call(&label, &callback, &args, &named)
        });
    }
    inner
}

/// A callback's failure on its way through minijinja.
#[derive(Debug, Clone)]
struct CallbackFailure(Arc<CallbackError>);

impl fmt::Display for CallbackFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for CallbackFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&**self.0)
    }
}

fn callback_failure(error: &minijinja::Error) -> Option<CallbackFailure> {
    std::error::Error::source(error)?.downcast_ref::<CallbackFailure>().cloned()
}

fn call(
    label: &str,
    callback: &Callback,
    args: &[Value],
    named: &Kwargs,
) -> std::result::Result<Value, minijinja::Error> {
    let positional = args.iter().map(object::tree).collect::<std::result::Result<Vec<_>, _>>()?;
    let mut pairs = Vec::new();
    for name in named.args() {
        pairs.push((name.to_owned(), object::tree(&named.get::<Value>(name)?)?));
    }
    let answer = callback(&positional, &pairs).map_err(|error| {
        let message = format!("{label}: {error}");
        minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, message)
            .with_source(CallbackFailure(Arc::new(error)))
    })?;
    Ok(object::live(&answer))
}

/// What a template writes, up to a limit, and until somebody stops it.
struct Limited<'a> {
    written: Vec<u8>,
    writes: u32,
    stopped: &'a dyn Fn() -> bool,
}

impl<'a> Limited<'a> {
    fn new(stopped: &'a dyn Fn() -> bool) -> Self {
        Self { written: Vec::with_capacity(8 << 10), writes: 0, stopped }
    }
}

impl Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written.len() + bytes.len() > LARGEST {
            return Err(io::Error::other(format!("exceeded the limit of {LARGEST} bytes")));
        }
        self.writes = self.writes.wrapping_add(1);
        if self.writes.is_multiple_of(1 << 14) && (self.stopped)() {
            return Err(io::Error::other("the render was stopped"));
        }
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
