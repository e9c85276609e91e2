//! One document and what object it is.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::Compat;
use crate::data::{Str, yaml};

/// The text of a document: a part of the rendered file it came from, which it shares.
#[derive(Clone)]
pub struct Text {
    file: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl Text {
    /// The part of `file` in `range`, which must lie inside it.
    pub(super) fn new(file: Arc<Vec<u8>>, range: Range<usize>) -> Self {
        debug_assert!(range.end <= file.len() && range.start <= range.end);
        Self { file, range }
    }

    /// The bytes. Templates can write bytes that are not UTF-8; they are kept.
    pub fn as_bytes(&self) -> &[u8] {
        self.file.get(self.range.clone()).unwrap_or_default()
    }

    /// The text, with malformed UTF-8 replaced.
    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes())
    }

    /// Where it starts in the rendered file.
    pub(super) fn start(&self) -> usize {
        self.range.start
    }

    /// The line of the rendered file on which the document starts, from 1.
    pub fn first_line(&self) -> usize {
        let before = self.file.get(..self.range.start).unwrap_or_default();
        1 + memchr::memchr_iter(b'\n', before).count()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.range.len())
    }
}

/// What a document says of itself, read as Helm reads it (`SimpleHead`), and its namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// `apiVersion`, or nothing.
    pub api_version: String,
    /// `kind`, or nothing.
    pub kind: String,
    /// `metadata.name`, or nothing.
    pub name: String,
    /// `metadata.namespace`, or nothing.
    pub namespace: String,
    /// `metadata.annotations`, by key.
    pub annotations: Vec<(String, String)>,
}

impl Head {
    /// Reads the first document of `text` as Helm does.
    ///
    /// # Errors
    /// Why Helm refuses it.
    pub(super) fn read(text: &[u8], compat: Compat) -> Result<Self, Unreadable> {
        let package = match compat {
            Compat::Helm3 => "releaseutil",
            Compat::Helm4 => "util",
        };
        let head = yaml::head(text).map_err(|error| Unreadable {
            text: error.text(package),
            line: match &error {
                yaml::HeadError::Yaml(error) => error.line(),
                yaml::HeadError::Type { .. } => 0,
            },
        })?;
        let owned = |text: Option<Str>| text.map(|text| text.to_string()).unwrap_or_default();
        let annotations = head.annotations.unwrap_or_default().into_iter();
        Ok(Self {
            api_version: owned(head.api_version),
            kind: owned(head.kind),
            name: owned(head.name),
            namespace: owned(head.namespace),
            annotations: annotations.map(|(key, value)| (key.to_string(), value.to_string())).collect(),
        })
    }

    /// The annotation `key`.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        let found = self.annotations.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }

    /// The API group: `apps` of `apps/v1`, nothing of `v1`.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

/// A rendered document that is not a hook.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The template it came from, under the root chart's name.
    pub source: Arc<str>,
    /// What it says of itself; of a document of comments everything is empty.
    pub head: Head,
    /// The document.
    pub text: Text,
}

/// Why a document is not a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// Helm's text, without the file.
    pub(super) text: String,
    /// The line of the document it names; 0 when it names none.
    pub(super) line: usize,
}
