//! What a user sets: `-f` files, values in memory, the `--set` family, in Helm's order.
//!
//! Helm: pkg/cli/values/options.go.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::coalesce::merge_maps;
use super::json::{self, Json};
use super::setter::{self, Grammar};
use crate::Compat;
use crate::chart::read_values;
use crate::data::Value;
use crate::error::{Error, ErrorKind, Result};
use crate::files::directory::io_error;

/// Where files named in overrides come from.
///
/// The default reads the disk. A caller that knows standard input (`-`) or URLs brings its own; any
/// `Fn(&str) -> Result<Vec<u8>>` will do.
pub trait ValuesSource: Send + Sync {
    /// Reads what `name` names.
    ///
    /// # Errors
    /// It is not there or not readable; in Go's words: `open NAME: no such file or directory`.
    fn read(&self, name: &str) -> Result<Vec<u8>>;
}

impl<F> ValuesSource for F
where
    F: Fn(&str) -> Result<Vec<u8>> + Send + Sync,
{
    fn read(&self, name: &str) -> Result<Vec<u8>> {
        self(name)
    }
}

/// How much of one file is read: as much as a whole chart may have (Helm: `MaxDecompressedChartSize`). A device
/// such as /dev/zero has no end.
const FILE_LIMIT: u64 = 100 * 1024 * 1024;

/// Reads a file of values from the disk; also a pipe, as in `-f <(command)`.
///
/// # Errors
/// `open NAME: no such file or directory` and the like.
pub fn read_from_disk(name: &str) -> Result<Vec<u8>> {
    if name.trim() == "-" {
        return Err(Error::new(ErrorKind::Usage, "standard input is not available here"));
    }
    let path = Path::new(name);
    let mut file = File::open(path).map_err(|error| io_error("open", path, error))?;
    let mut bytes = Vec::new();
    let read = file.by_ref().take(FILE_LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|error| io_error("read", path, error))?;
    if bytes.len() as u64 > FILE_LIMIT {
        let text = format!("read {name}: it does not end within {FILE_LIMIT} bytes");
        return Err(Error::new(ErrorKind::Limit, text));
    }
    Ok(bytes)
}

/// A way to set values by text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setter {
    /// `--set`: truth values, null and whole numbers are such; all else is text.
    Typed,
    /// `--set-string`: text.
    Text,
    /// `--set-file`: the contents of a file.
    File,
    /// `--set-json`: JSON.
    Json,
    /// `--set-literal`: text to the end, without escapes.
    Literal,
}

impl Setter {
    /// The flag, `--set` for instance.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Typed => "--set",
            Self::Text => "--set-string",
            Self::File => "--set-file",
            Self::Json => "--set-json",
            Self::Literal => "--set-literal",
        }
    }

    /// The order in which Helm applies them, whatever the order they are given in.
    const ORDER: [Self; 5] = [Self::Json, Self::Typed, Self::Text, Self::File, Self::Literal];
}

/// A file's name and text.
#[derive(Clone)]
pub(super) struct Text {
    pub(super) name: Arc<str>,
    pub(super) bytes: Arc<[u8]>,
    parsed: Arc<[OnceLock<Value>; 2]>,
}

impl Text {
    /// The values of the file.
    pub(super) fn values(&self, compat: Compat) -> Result<Value> {
        let slot = &self.parsed[usize::from(compat == Compat::Helm4)];
        if let Some(value) = slot.get() {
            return Ok(value.clone());
        }
        let value = read_values(&self.bytes, compat)
            .map_err(|error| error.prefixed(format_args!("failed to parse {}: ", self.name)))
            .map_err(|error| error.at_line_of(&self.name, &self.bytes))?;
        Ok(slot.get_or_init(|| value).clone())
    }
}

/// One override.
#[derive(Clone)]
pub(super) enum Part {
    Text(Text),
    Value(Value),
    Set(Setter, Arc<str>),
}

/// Everything a user sets, to be merged over a chart's defaults.
///
/// Files and in-memory values apply in the order they are added; then, as in Helm, all of `set_json`, of
/// `set`, of `set_string`, of `set_file` and of `set_literal`. Cheap to clone; what has been read and parsed
/// is kept for the next merge.
///
/// ```
/// use chartcore::Compat;
/// use chartcore::values::Overrides;
///
/// let overrides = Overrides::new().text("prod.yaml", "image: {tag: v1}\nreplicas: 2").set("image.tag=v2");
/// let values = overrides.resolve(Compat::Helm4)?;
/// assert_eq!(values.get("image").and_then(|image| image.get("tag")).and_then(|tag| tag.as_str()), Some("v2"));
/// # Ok::<(), chartcore::Error>(())
/// ```
#[derive(Clone)]
pub struct Overrides {
    source: Arc<dyn ValuesSource>,
    parts: Vec<Part>,
    resolved: Arc<[OnceLock<Value>; 2]>,
}

impl Default for Overrides {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for part in &self.parts {
            // Values may be secret; names tell enough.
            match part {
                Part::Text(text) => list.entry(&text.name),
                Part::Value(_) => list.entry(&"value"),
                Part::Set(setter, _) => list.entry(&setter.flag()),
            };
        }
        list.finish()
    }
}

impl Overrides {
    /// No overrides; files will be read from the disk.
    pub fn new() -> Self {
        Self::with_source(read_from_disk)
    }

    /// No overrides; files will be read from `source`.
    pub fn with_source(source: impl ValuesSource + 'static) -> Self {
        Self { source: Arc::new(source), parts: Vec::new(), resolved: Arc::default() }
    }

    fn with(mut self, part: Part) -> Self {
        self.parts.push(part);
        self.resolved = Arc::default();
        self
    }

    /// Adds a file of values (`-f`), which is read now and parsed when values are merged.
    ///
    /// # Errors
    /// The file cannot be read: `open NAME: no such file or directory`.
    pub fn file(self, name: &str) -> Result<Self> {
        let bytes = self.source.read(name)?;
        Ok(self.text(name, bytes))
    }

    /// Adds the text of a file of values; `name` is for messages.
    #[must_use]
    pub fn text(self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes: Vec<u8> = bytes.into();
        self.with(Part::Text(Text { name: name.into(), bytes: bytes.into(), parsed: Arc::default() }))
    }

    /// Adds values in memory, as if they were a file.
    #[must_use]
    pub fn value(self, value: impl Into<Value>) -> Self {
        self.with(Part::Value(value.into()))
    }

    /// Adds a text such as `a.b[0]=1,c={x,y}` for one of the setters.
    #[must_use]
    pub fn with_setter(self, setter: Setter, text: &str) -> Self {
        self.with(Part::Set(setter, text.into()))
    }

    /// Adds a `--set`.
    #[must_use]
    pub fn set(self, text: &str) -> Self {
        self.with_setter(Setter::Typed, text)
    }

    /// Adds a `--set-string`.
    #[must_use]
    pub fn set_string(self, text: &str) -> Self {
        self.with_setter(Setter::Text, text)
    }

    /// Adds a `--set-file`; the files it names are read when values are merged for the first time.
    #[must_use]
    pub fn set_file(self, text: &str) -> Self {
        self.with_setter(Setter::File, text)
    }

    /// Adds a `--set-json`.
    #[must_use]
    pub fn set_json(self, text: &str) -> Self {
        self.with_setter(Setter::Json, text)
    }

    /// Adds a `--set-literal`.
    #[must_use]
    pub fn set_literal(self, text: &str) -> Self {
        self.with_setter(Setter::Literal, text)
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The overrides as one map.
    ///
    /// # Errors
    /// Helm's: `failed to parse FILE: ...`, `failed parsing --set data: ...`.
    pub fn resolve(&self, compat: Compat) -> Result<Value> {
        let slot = &self.resolved[usize::from(compat == Compat::Helm4)];
        if let Some(value) = slot.get() {
            return Ok(value.clone());
        }
        let mut base = Value::empty_map();
        for part in &self.parts {
            match part {
                Part::Text(text) => base = merge_maps(&base, &text.values(compat)?)?,
                Part::Value(value @ Value::Map(_)) => base = merge_maps(&base, value)?,
                Part::Value(_) => {
                    return Err(Error::new(ErrorKind::Values, "values must be a map"));
                }
                Part::Set(..) => {}
            }
        }
        for setter in Setter::ORDER {
            for part in &self.parts {
                if let Part::Set(own, text) = part
                    && *own == setter
                {
                    self.apply(&mut base, setter, text, compat)?;
                }
            }
        }
        Ok(slot.get_or_init(|| base).clone())
    }

    /// Applies one setter.
    fn apply(&self, base: &mut Value, setter: Setter, text: &str, compat: Compat) -> Result<()> {
        let failure = |message: String| Err(Error::new(ErrorKind::Values, message));
        let trimmed = text.trim();
        if setter == Setter::Json && compat == Compat::Helm4 && trimmed.starts_with('{') {
            let parsed = json::parse(trimmed.as_bytes()).ok().and_then(Json::into_value);
            let Some(value) = parsed else {
                return failure(format!("failed parsing --set-json data JSON: {text}"));
            };
            *base = merge_maps(base, &value)?;
            return Ok(());
        }
        let read = |name: &str| self.source.read(name).map_err(|error| error.message().to_string());
        let grammar = match setter {
            Setter::Typed => Grammar::Typed,
            Setter::Text => Grammar::Text,
            Setter::File => Grammar::File(&read),
            Setter::Json => Grammar::Json,
            Setter::Literal => Grammar::Literal,
        };
        match setter::apply(base, text, grammar, compat) {
            Ok(()) => Ok(()),
            Err(_) if setter == Setter::Json => failure(format!("failed parsing --set-json data {text}")),
            Err(reason) => failure(format!("failed parsing {} data: {reason}", setter.flag())),
        }
    }

    /// Each override by itself, in the order of application. What only works on top of others is left out.
    pub(super) fn layers(&self, compat: Compat) -> Vec<(&Part, Value)> {
        let mut layers = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => layers.extend(text.values(compat).ok().map(|value| (part, value))),
                Part::Value(value) => layers.push((part, value.clone())),
                Part::Set(..) => {}
            }
        }
        for setter in Setter::ORDER {
            for part in &self.parts {
                if let Part::Set(own, text) = part
                    && *own == setter
                {
                    let mut alone = Value::empty_map();
                    if self.apply(&mut alone, setter, text, compat).is_ok() {
                        layers.push((part, alone));
                    }
                }
            }
        }
        layers
    }
}
