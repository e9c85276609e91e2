//! YAML 1.1 as Helm reads and writes it.
//!
//! Reading is what sigs.k8s.io/yaml 1.6 does over go-yaml v2.4: the first document of the stream, numbers
//! as float64, `yes` and `on` as truth values, keys as strings, the last of equal keys. Errors carry
//! go-yaml's text.

mod compose;
mod decode;
mod event;
mod head;
mod input;
mod lines;
mod node;
mod order;
mod resolve;
mod scalar;
mod scan;
mod stream;
mod tag;
mod write;

use std::borrow::Cow;
use std::fmt;

use super::{Map, Value};

use decode::Decoder;
use event::Parser;
use input::Input;
use node::Document;
use scan::Scanner;

pub use head::{Field, Head, HeadError, head};
pub use lines::{Lines, Place, Step};
pub(crate) use stream::{Stream, Text};
pub use write::{write, write_into, write_pretty, write_pretty_into};

/// How deep a value may nest. go-yaml stops at 10,000; whoever walks a tree on a small stack must stop sooner.
pub const MAX_DEPTH: usize = 500;

/// How deep Go's JSON may nest.
const JSON_DEPTH: usize = 10_000;

/// Why a text is not YAML, or not a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    stage: Stage,
    line: usize,
    message: String,
}

/// Which of Helm's two writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavour {
    /// `toYaml`: go-yaml v2.
    Plain,
    /// `toYamlPretty`: go-yaml v3.
    Pretty,
}

/// Which step of sigs.k8s.io/yaml fails; each puts words in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// go-yaml itself.
    Yaml,
    /// Making JSON of it.
    Convert,
    /// Reading the JSON.
    Decode,
    /// Cutting the stream into documents.
    Split,
}

impl Error {
    #[cold]
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self { stage: Stage::Yaml, line, message: message.into() }
    }

    /// An error of the conversion to JSON.
    #[cold]
    fn plain(message: impl Into<String>) -> Self {
        Self { stage: Stage::Convert, line: 0, message: message.into() }
    }

    /// An error of reading the JSON.
    #[cold]
    fn json(message: impl Into<String>) -> Self {
        Self { stage: Stage::Decode, line: 0, message: message.into() }
    }

    /// The line go-yaml names, counted from 1; 0 when it names none (always so on the first line).
    pub fn line(&self) -> usize {
        self.line
    }

    /// Go's words, without place and prefix.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The text of sigs.k8s.io/yaml's `Unmarshal`, such as
    /// `error converting YAML to JSON: yaml: line 3: could not find expected ':'`.
    pub fn full(&self) -> String {
        match self.stage {
            Stage::Yaml | Stage::Convert => format!("error converting YAML to JSON: {self}"),
            Stage::Decode => format!("error unmarshaling JSON: while decoding JSON: {self}"),
            Stage::Split => self.message.clone(),
        }
    }

    /// The text of sigs.k8s.io/yaml's `Marshal`.
    pub fn marshal_text(&self) -> String {
        match self.stage {
            Stage::Convert => format!("error marshaling into JSON: {self}"),
            _ => self.to_string(),
        }
    }

    /// The text of Helm's `LoadValues`, for errors of [`parse_documents`].
    pub fn load_text(&self) -> String {
        match self.stage {
            Stage::Split => format!("error reading yaml document: {self}"),
            _ => format!("cannot unmarshal yaml document: {}", self.full()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.stage, self.line) {
            (Stage::Yaml, 0) => write!(f, "yaml: {}", self.message),
            (Stage::Yaml, line) => write!(f, "yaml: line {line}: {}", self.message),
            _ => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}

/// Reads the first document; an empty stream is null.
///
/// # Errors
/// go-yaml's: syntax, unknown anchors, keys that are no scalars, numbers JSON has no form for.
pub fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let input = Input::new(bytes);
    if let Some(value) = compose::compose(&mut Parser::new(Scanner::new(&input)))? {
        return Ok(value);
    }
    match Document::read(&mut Parser::new(Scanner::new(&input)))? {
        Some(document) => Decoder::new(&document, false).decode()?.into_value(),
        None => Ok(Value::Null),
    }
}

/// As [`parse`], but equal keys in one map are an error, as in `UnmarshalStrict`.
///
/// # Errors
/// As [`parse`], and `key "a" already set in map` with the line of each.
pub fn parse_strict(bytes: &[u8]) -> Result<Value, Error> {
    let input = Input::new(bytes);
    match Document::read(&mut Parser::new(Scanner::new(&input)))? {
        Some(document) => Decoder::new(&document, true).decode()?.into_value(),
        None => Ok(Value::Null),
    }
}

/// As [`parse`], but whole numbers are [`Value::Int`]: for records such as Chart.yaml, where sigs.k8s.io/yaml makes
/// a text of a number before JSON makes a float of it (`appVersion: 20240930`).
///
/// # Errors
/// As [`parse`], but infinite numbers are let through.
pub(crate) fn parse_typed(bytes: &[u8]) -> Result<Value, Error> {
    let input = Input::new(bytes);
    match Document::read(&mut Parser::new(Scanner::new(&input)))? {
        Some(document) => Decoder::new(&document, false).decode()?.into_typed_value(),
        None => Ok(Value::Null),
    }
}

/// As [`parse_typed`], but equal keys in one map are an error.
///
/// # Errors
/// As [`parse_typed`] and [`parse_strict`].
pub(crate) fn parse_typed_strict(bytes: &[u8]) -> Result<Value, Error> {
    let input = Input::new(bytes);
    match Document::read(&mut Parser::new(Scanner::new(&input)))? {
        Some(document) => Decoder::new(&document, true).decode()?.into_typed_value(),
        None => Ok(Value::Null),
    }
}

/// As [`parse`], with the place of every value.
///
/// # Errors
/// As [`parse`].
pub fn parse_with_lines(bytes: &[u8]) -> Result<(Value, Lines), Error> {
    let input = Input::new(bytes);
    match Document::read(&mut Parser::new(Scanner::new(&input)))? {
        Some(document) => {
            let value = Decoder::new(&document, false).decode()?.into_value()?;
            Ok((value, Lines::new(&document)))
        }
        None => Ok((Value::Null, Lines::default())),
    }
}

/// Reads the first document, which must be a map; null is the empty one. Go: `Unmarshal` into a
/// `map[string]interface{}`.
///
/// # Errors
/// As [`parse`], and `cannot unmarshal array into Go value of type map[string]interface {}`.
pub fn parse_map(bytes: &[u8]) -> Result<Map, Error> {
    match parse(bytes)? {
        Value::Map(map) => Ok(std::sync::Arc::unwrap_or_clone(map)),
        Value::Null => Ok(Map::new()),
        other => Err(wrong_type(&other, "map[string]interface {}")),
    }
}

/// Reads the first document, which must be a list; null is the empty one. Go: `Unmarshal` into an
/// `[]interface{}`.
///
/// # Errors
/// As [`parse`], and `cannot unmarshal object into Go value of type []interface {}`.
pub fn parse_list(bytes: &[u8]) -> Result<Vec<Value>, Error> {
    match parse(bytes)? {
        Value::List(list) => Ok(std::sync::Arc::unwrap_or_clone(list)),
        Value::Null => Ok(Vec::new()),
        other => Err(wrong_type(&other, "[]interface {}")),
    }
}

fn wrong_type(value: &Value, wanted: &str) -> Error {
    let found = super::json::type_name(value);
    Error::json(format!("json: cannot unmarshal {found} into Go value of type {wanted}"))
}

/// Reads all documents of a values file, each of which must be a map or null.
///
/// Documents are cut at lines that start with `---`, as Kubernetes' reader does, so the lines of errors
/// count from the start of their document. Helm: pkg/chart/v2/loader, LoadValues.
///
/// # Errors
/// Those of [`parse_map`], and a separator with more on its line than a comment; [`Error::load_text`] has
/// Helm's words for both.
pub fn parse_documents(bytes: &[u8]) -> Result<Vec<Map>, Error> {
    let mut documents = Vec::new();
    let mut document: Cow<'_, [u8]> = Cow::Borrowed(&[]);
    let mut start = 0;
    let mut at = 0;
    while at < bytes.len() {
        let line_end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
        let line = &bytes[at..line_end];
        if let Some(rest) = line.strip_prefix(b"---") {
            let rest = String::from_utf8_lossy(rest);
            let rest = rest.trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                let message = format!("invalid Yaml document separator: {rest}");
                return Err(Error { stage: Stage::Split, line: 0, message });
            }
            if at > start {
                document = normal_lines(&bytes[start..at]);
                documents.push(parse_map(&document)?);
                start = (line_end + 1).min(bytes.len());
            }
        }
        at = line_end + 1;
    }
    if start < bytes.len() {
        document = normal_lines(&bytes[start..]);
        documents.push(parse_map(&document)?);
    }
    drop(document);
    Ok(documents)
}

/// Lines end in a line feed alone.
fn normal_lines(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.contains(&b'\r') {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_suffix(b"\r\n") {
            Some(line) => {
                out.extend_from_slice(line);
                out.push(b'\n');
            }
            None => out.extend_from_slice(line),
        }
    }
    Cow::Owned(out)
}
