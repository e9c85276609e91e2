//! What a Kubernetes manifest says of itself, without building a tree.
//!
//! Helm decodes every rendered document into its struct `SimpleHead` only to learn kind, name and
//! annotations. [`head`] accepts and refuses exactly the same documents, with the same text, but keeps
//! nothing else. Whatever is out of the ordinary goes through the full decoder.

use std::fmt;

use crate::data::{Str, number};

use super::compose::is_bare;
use super::decode::{Decoder, Tree, json_text, unsupported_number};
use super::event::{Event, Parser, ScalarEvent};
use super::input::Input;
use super::node::Document;
use super::resolve::{Resolved, resolve};
use super::scalar::Style;
use super::scan::Scanner;
use super::{Error, JSON_DEPTH};

/// What a manifest says of itself. A key that is absent or null is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// `apiVersion`.
    pub api_version: Option<Str>,
    /// `kind`.
    pub kind: Option<Str>,
    /// `metadata.name`.
    pub name: Option<Str>,
    /// `metadata.namespace`, if it is a scalar.
    pub namespace: Option<Str>,
    /// `metadata.generateName`, if it is a scalar.
    pub generate_name: Option<Str>,
    /// `metadata.annotations`, by key. Numbers and truth values are texts here, as Helm sees them.
    pub annotations: Option<Vec<(Str, Str)>>,
}

/// Why Helm cannot read a manifest's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadError {
    /// It is not YAML, or not JSON.
    Yaml(Error),
    /// A value is of the wrong type.
    Type {
        /// What is there, in JSON's words.
        found: &'static str,
        /// Where it is, and what Helm wants there.
        field: Field,
    },
}

/// The fields whose type Helm insists on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The document.
    Root,
    /// `apiVersion`.
    ApiVersion,
    /// `kind`.
    Kind,
    /// `metadata`.
    Metadata,
    /// `metadata.name`.
    Name,
    /// `metadata.annotations`.
    Annotations,
    /// A value in `metadata.annotations`.
    Annotation,
}

impl HeadError {
    /// The text of sigs.k8s.io/yaml's `Unmarshal` when the struct is `package.SimpleHead`: `util` in Helm 4,
    /// `releaseutil` in Helm 3.
    pub fn text(&self, package: &str) -> String {
        const METADATA: &str = "struct { Name string \"json:\\\"name\\\"\"; \
            Annotations map[string]string \"json:\\\"annotations\\\"\" }";
        let (found, field) = match self {
            Self::Yaml(error) => return error.full(),
            Self::Type { found, field } => (found, field),
        };
        let place = match field {
            Field::Root => format!("value of type {package}.SimpleHead"),
            Field::ApiVersion => "struct field SimpleHead.apiVersion of type string".into(),
            Field::Kind => "struct field SimpleHead.kind of type string".into(),
            Field::Metadata => format!("struct field SimpleHead.metadata of type {METADATA}"),
            Field::Name => "struct field .metadata.name of type string".into(),
            Field::Annotations => "struct field .metadata.annotations of type map[string]string".into(),
            Field::Annotation => "struct field .metadata.annotations of type string".into(),
        };
        format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go {place}"
        )
    }
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text("util"))
    }
}

impl std::error::Error for HeadError {}

impl From<Error> for HeadError {
    fn from(error: Error) -> Self {
        Self::Yaml(error)
    }
}

/// Checks the first document and reads its head; an empty stream has an empty one.
///
/// # Errors
/// Those of Helm's `yaml.Unmarshal` into `SimpleHead`. Helm: pkg/release/v1/util/manifest_sorter.go.
pub fn head(bytes: &[u8]) -> Result<Head, HeadError> {
    let input = Input::new(bytes);
    let mut parser = Parser::new(Scanner::new(&input));
    if let Some(head) = skim(&mut parser)? {
        return Ok(head);
    }
    let mut parser = Parser::new(Scanner::new(&input));
    let Some(document) = Document::read(&mut parser)? else { return Ok(Head::default()) };
    let tree = Decoder::new(&document, false).decode()?;
    Exact::default().root(tree)
}

/// Where the skimming reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spot {
    Elsewhere,
    Root,
    Metadata,
    Annotations,
}

struct Level {
    is_map: bool,
    spot: Spot,
}

/// Which value comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    Unknown,
    ApiVersion,
    Kind,
    Metadata,
    Name,
    Namespace,
    GenerateName,
    Annotations,
    Annotation,
}

/// Reads an ordinary document; `None` for one that takes the full decoder.
fn skim(parser: &mut Parser<'_>) -> Result<Option<Head>, Error> {
    let mut head = Head::default();
    if !matches!(parser.next()?, Event::DocumentStart) {
        return Ok(Some(head));
    }
    let mut levels: Vec<Level> = Vec::with_capacity(32);
    let mut at_key = false;
    let mut slot = Slot::Unknown;
    let mut seen_metadata = false;
    loop {
        match parser.next()? {
            Event::Scalar(scalar) => {
                if !is_bare(&scalar.properties) {
                    return Ok(None);
                }
                if at_key {
                    let Some(level) = levels.last() else { return Ok(None) };
                    let Some(next) = key_slot(&scalar, level.spot, &mut head, &mut seen_metadata) else {
                        return Ok(None);
                    };
                    slot = next;
                    at_key = false;
                    continue;
                }
                if levels.is_empty() {
                    // Only null will do.
                    return Ok(None);
                }
                if slot == Slot::Unknown {
                    if is_infinite(&scalar) {
                        return Ok(None);
                    }
                } else if !fill(&mut head, slot, &scalar) {
                    return Ok(None);
                }
            }
            Event::MappingStart(properties) => {
                if at_key || !is_bare(&properties) {
                    return Ok(None);
                }
                let spot = match slot {
                    Slot::Unknown if levels.is_empty() => Spot::Root,
                    Slot::Unknown | Slot::Namespace | Slot::GenerateName => Spot::Elsewhere,
                    Slot::Metadata => Spot::Metadata,
                    Slot::Annotations => {
                        head.annotations = Some(Vec::new());
                        Spot::Annotations
                    }
                    _ => return Ok(None),
                };
                levels.push(Level { is_map: true, spot });
                at_key = true;
                slot = Slot::Unknown;
                if levels.len() > JSON_DEPTH {
                    return Err(Error::json("exceeded max depth"));
                }
                continue;
            }
            Event::SequenceStart(properties) => {
                if at_key || levels.is_empty() || !is_bare(&properties) {
                    return Ok(None);
                }
                if !matches!(slot, Slot::Unknown | Slot::Namespace | Slot::GenerateName) {
                    return Ok(None);
                }
                levels.push(Level { is_map: false, spot: Spot::Elsewhere });
                slot = Slot::Unknown;
                if levels.len() > JSON_DEPTH {
                    return Err(Error::json("exceeded max depth"));
                }
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                levels.pop();
            }
            Event::Alias { .. } | Event::DocumentStart | Event::DocumentEnd | Event::StreamEnd => {
                return Ok(None);
            }
        }
        slot = Slot::Unknown;
        match levels.last() {
            Some(level) => at_key = level.is_map,
            None => break,
        }
    }
    // The end of the document may still hold an error.
    parser.next()?;
    if let Some(annotations) = &mut head.annotations {
        // Of equal keys the last one wins.
        annotations.reverse();
        annotations.sort_by(|left, right| left.0.cmp(&right.0));
        annotations.dedup_by(|later, earlier| later.0 == earlier.0);
    }
    Ok(Some(head))
}

/// Whether this plain scalar is infinite or not a number, which JSON cannot say.
#[inline]
fn is_infinite(scalar: &ScalarEvent<'_>) -> bool {
    match scalar.scalar.direct() {
        Some(text @ ([b'.', ..] | [b'+' | b'-', b'.', ..]))
            if scalar.scalar.style == Style::Plain && text.len() <= 5 =>
        {
            matches!(resolve(text), Resolved::Float(number) if !number.is_finite())
        }
        _ => false,
    }
}

/// What comes after this key; `None` when the document is not ordinary.
#[inline]
fn key_slot(scalar: &ScalarEvent<'_>, spot: Spot, head: &mut Head, seen_metadata: &mut bool) -> Option<Slot> {
    let text = scalar.scalar.direct()?;
    if scalar.scalar.style == Style::Plain {
        match resolve(text) {
            Resolved::Text if text != b"<<" => {}
            Resolved::Bool(_) | Resolved::Int(_) | Resolved::Float(_) if spot == Spot::Elsewhere => {}
            _ => return None,
        }
    }
    Some(match spot {
        Spot::Elsewhere => Slot::Unknown,
        Spot::Root => match text {
            b"apiVersion" if head.api_version.is_none() => Slot::ApiVersion,
            b"kind" if head.kind.is_none() => Slot::Kind,
            b"metadata" if !*seen_metadata => {
                *seen_metadata = true;
                Slot::Metadata
            }
            _ if [&b"apiversion"[..], b"kind", b"metadata"].contains(&fold(text).as_slice()) => return None,
            _ => Slot::Unknown,
        },
        Spot::Metadata => match text {
            b"name" if head.name.is_none() => Slot::Name,
            b"annotations" if head.annotations.is_none() => Slot::Annotations,
            b"namespace" => Slot::Namespace,
            b"generateName" => Slot::GenerateName,
            _ if [&b"name"[..], b"annotations"].contains(&fold(text).as_slice()) => return None,
            _ => Slot::Unknown,
        },
        Spot::Annotations => {
            head.annotations.get_or_insert_default().push((Str::new(text), Str::EMPTY));
            Slot::Annotation
        }
    })
}

/// A name as encoding/json compares names without regard to case.
fn fold(text: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(text) {
        Ok(text) => text.replace('\u{17f}', "s").replace('\u{212a}', "k").to_ascii_lowercase().into_bytes(),
        Err(_) => text.to_ascii_lowercase(),
    }
}

/// Puts a scalar where it belongs; false when the full decoder has to judge.
fn fill(head: &mut Head, slot: Slot, scalar: &ScalarEvent<'_>) -> bool {
    let text = scalar.scalar.text();
    let resolved = if scalar.scalar.style == Style::Plain { resolve(&text) } else { Resolved::Text };
    if resolved == Resolved::Null {
        // A second of the same key would make a difference; the full decoder knows.
        return !matches!(slot, Slot::Annotations | Slot::Metadata);
    }
    let value = coerced(resolved).unwrap_or_else(|| Str::new(text));
    match slot {
        Slot::ApiVersion => head.api_version = Some(value),
        Slot::Kind => head.kind = Some(value),
        Slot::Name => head.name = Some(value),
        Slot::Namespace => head.namespace = Some(value),
        Slot::GenerateName => head.generate_name = Some(value),
        Slot::Annotation => match head.annotations.as_mut().and_then(|annotations| annotations.last_mut()) {
            Some(annotation) => annotation.1 = value,
            None => return false,
        },
        Slot::Metadata | Slot::Annotations | Slot::Unknown => return false,
    }
    !(matches!(slot, Slot::Namespace | Slot::GenerateName) && is_infinite(scalar))
}

/// What a number or truth value becomes where Go wants a string; `None` for text.
fn coerced(resolved: Resolved) -> Option<Str> {
    Some(match resolved {
        Resolved::Bool(truth) => Str::from(if truth { "true" } else { "false" }),
        Resolved::Int(number) => Str::from(number.to_string()),
        Resolved::Uint(number) => Str::from(number.to_string()),
        Resolved::Float(number) => {
            let mut out = Vec::new();
            number::write_v32(&mut out, number);
            Str::from(out)
        }
        Resolved::Null | Resolved::Timestamp | Resolved::Text => return None,
    })
}

/// The full decoding into `SimpleHead`.
#[derive(Default)]
struct Exact {
    head: Head,
    /// The first number JSON has no form for.
    unsupported: Option<f64>,
    /// The first value of a wrong type.
    wrong: Option<HeadError>,
}

impl Exact {
    fn root(mut self, tree: Tree) -> Result<Head, HeadError> {
        match tree {
            Tree::Null => {}
            Tree::Map(entries) => {
                for (key, value) in Tree::settle(entries)? {
                    match fold(&key).as_slice() {
                        b"apiversion" => {
                            let text = self.text(value, Field::ApiVersion)?;
                            self.head.api_version = text.or(self.head.api_version.take());
                        }
                        b"kind" => {
                            let text = self.text(value, Field::Kind)?;
                            self.head.kind = text.or(self.head.kind.take());
                        }
                        b"metadata" => self.metadata(value)?,
                        _ => self.other(value)?,
                    }
                }
            }
            other => {
                self.refuse(&other, Field::Root);
                self.other(other)?;
            }
        }
        if let Some(number) = self.unsupported {
            return Err(unsupported_number(number).into());
        }
        match self.wrong {
            Some(error) => Err(error),
            None => Ok(self.head),
        }
    }

    fn metadata(&mut self, tree: Tree) -> Result<(), Error> {
        let entries = match tree {
            Tree::Map(entries) => entries,
            Tree::Null => {
                self.head = Head {
                    api_version: self.head.api_version.take(),
                    kind: self.head.kind.take(),
                    ..Head::default()
                };
                return Ok(());
            }
            other => {
                self.refuse(&other, Field::Metadata);
                return self.other(other);
            }
        };
        for (key, value) in Tree::settle(entries)? {
            match fold(&key).as_slice() {
                b"name" => {
                    let text = self.text(value, Field::Name)?;
                    self.head.name = text.or(self.head.name.take());
                }
                b"annotations" => self.annotations(value)?,
                _ => {
                    if let Some(text) = scalar_text(&value) {
                        match &*key {
                            b"namespace" => self.head.namespace = Some(text),
                            b"generateName" => self.head.generate_name = Some(text),
                            _ => {}
                        }
                    }
                    self.other(value)?;
                }
            }
        }
        Ok(())
    }

    fn annotations(&mut self, tree: Tree) -> Result<(), Error> {
        let entries = match tree {
            Tree::Map(entries) => entries,
            Tree::Null => {
                self.head.annotations = None;
                return Ok(());
            }
            other => {
                self.refuse(&other, Field::Annotations);
                return self.other(other);
            }
        };
        let mut annotations = self.head.annotations.take().unwrap_or_default();
        for (key, value) in Tree::settle(entries)? {
            let text = self.text(value, Field::Annotation)?.unwrap_or_default();
            let key = json_text(key.to_vec());
            match annotations.binary_search_by(|known| known.0.cmp(&key)) {
                Ok(index) => annotations[index].1 = text,
                Err(index) => annotations.insert(index, (key, text)),
            }
        }
        self.head.annotations = Some(annotations);
        Ok(())
    }

    /// A field that wants text.
    fn text(&mut self, tree: Tree, field: Field) -> Result<Option<Str>, Error> {
        let text = scalar_text(&tree);
        if matches!(tree, Tree::List(_) | Tree::Map(_)) {
            self.refuse(&tree, field);
            self.other(tree)?;
        }
        Ok(text)
    }

    /// A value that only has to be JSON.
    fn other(&mut self, tree: Tree) -> Result<(), Error> {
        match tree {
            Tree::Float(number) if !number.is_finite() => {
                self.unsupported.get_or_insert(number);
            }
            Tree::List(items) => {
                for item in items {
                    self.other(item)?;
                }
            }
            Tree::Map(entries) => {
                for (_, value) in Tree::settle(entries)? {
                    self.other(value)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn refuse(&mut self, tree: &Tree, field: Field) {
        let found = match tree {
            Tree::Null => "null",
            Tree::Bool(_) => "bool",
            Tree::Int(_) | Tree::Uint(_) | Tree::Float(_) => "number",
            Tree::Text(_) => "string",
            Tree::List(_) => "array",
            Tree::Map(_) => "object",
        };
        self.wrong.get_or_insert(HeadError::Type { found, field });
    }
}

/// A scalar where Go wants a string.
fn scalar_text(tree: &Tree) -> Option<Str> {
    match tree {
        Tree::Text(text) => Some(json_text(text.clone())),
        Tree::Bool(truth) => coerced(Resolved::Bool(*truth)),
        Tree::Int(number) => coerced(Resolved::Int(*number)),
        Tree::Uint(number) => coerced(Resolved::Uint(*number)),
        Tree::Float(number) => coerced(Resolved::Float(*number)),
        Tree::Null | Tree::List(_) | Tree::Map(_) => None,
    }
}
