//! index.yaml through a tree, with everything each entry says: for writing it again, and for the odd ones.

use super::index::{Draft, Record, dependency_problem, failure, is_json};
use crate::Compat;
use crate::chart::{Metadata, normal_time};
use crate::data::{Map, Value, json, yaml};
use crate::error::Result;

/// One version of a chart with all its fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub(super) metadata: Metadata,
    pub(super) urls: Vec<String>,
    /// Normal; empty for never.
    pub(super) created: String,
    pub(super) removed: bool,
    pub(super) digest: String,
    /// `checksum`, `engine`, `tillerVersion`, `url`: kept, since Helm keeps them.
    pub(super) legacy: [String; 4],
}

/// An index: what is checked of it, and all its entries.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    pub(super) api_version: String,
    /// In the order of their names.
    pub(super) entries: Vec<(String, Vec<Option<Entry>>)>,
}

const TOP: [&str; 6] = ["serverInfo", "apiVersion", "generated", "entries", "publicKeys", "annotations"];
const LEGACY: [&str; 4] = ["checksum", "engine", "tillerVersion", "url"];
const OWN: [&str; 4] = ["urls", "created", "removed", "digest"];
pub(super) const METADATA: [&str; 17] = [
    "name",
    "home",
    "sources",
    "version",
    "description",
    "keywords",
    "maintainers",
    "icon",
    "apiVersion",
    "condition",
    "tags",
    "appVersion",
    "deprecated",
    "annotations",
    "kubeVersion",
    "dependencies",
    "type",
];
pub(super) const MAINTAINER: [&str; 3] = ["name", "email", "url"];
pub(super) const DEPENDENCY: [&str; 8] =
    ["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];

/// Whether Go takes `key` for a field of an index, whatever its case.
pub(super) fn is_field(key: &[u8]) -> bool {
    let groups: [&[&str]; 6] = [&TOP, &LEGACY, &OWN, &METADATA, &MAINTAINER, &DEPENDENCY];
    groups.iter().flat_map(|group| group.iter()).any(|name| name.as_bytes().eq_ignore_ascii_case(key))
}

fn named<'n>(names: &[&'n str], key: &[u8]) -> Option<&'n str> {
    let exact = names.iter().find(|name| name.as_bytes() == key);
    exact.or_else(|| names.iter().find(|name| name.as_bytes().eq_ignore_ascii_case(key))).copied()
}

/// What is being read, and how strictly.
struct Decoder {
    compat: Compat,
    strict: bool,
}

impl Document {
    /// Reads an index whole. Entries are not checked yet; the API version is not either.
    pub(super) fn read(bytes: &[u8], compat: Compat) -> Result<Self> {
        if bytes.is_empty() {
            return Err(failure("empty index.yaml file"));
        }
        let is_json = is_json(bytes);
        let value = if is_json {
            json::parse(bytes).map_err(|error| failure(error.to_string()))?
        } else {
            yaml::parse_typed_strict(bytes).map_err(|error| failure(error.full()))?
        };
        Decoder { compat, strict: !is_json }.document(&value)
    }

    /// Refuses an index without an API version.
    pub(super) fn check_version(&self) -> Result<()> {
        if self.api_version.is_empty() { Err(failure("no API version specified")) } else { Ok(()) }
    }
}

impl Decoder {
    fn wrong(&self, message: impl AsRef<str>) -> crate::Error {
        let message = message.as_ref();
        if self.strict {
            failure(format!("error unmarshaling JSON: while decoding JSON: {message}"))
        } else {
            failure(message)
        }
    }

    fn mismatch(&self, value: &Value, field: &str, go_type: &str) -> crate::Error {
        let found = json::type_name(value);
        self.wrong(format!("json: cannot unmarshal {found} into Go struct field {field} of type {go_type}"))
    }

    fn unknown(&self, key: &[u8]) -> Result<()> {
        if !self.strict {
            return Ok(());
        }
        let key = crate::quote::quoted(key);
        Err(self.wrong(format!("json: unknown field {key}")))
    }

    fn document(&self, value: &Value) -> Result<Document> {
        let mut document = Document::default();
        let map = match value {
            Value::Null => return Ok(document),
            Value::Map(map) => map,
            other => {
                let found = json::type_name(other);
                return Err(self
                    .wrong(format!("json: cannot unmarshal {found} into Go value of type repo.IndexFile")));
            }
        };
        for (key, value) in map.iter() {
            match named(&TOP, key.as_bytes()) {
                Some("apiVersion") => self.text(value, &mut document.api_version, "IndexFile.apiVersion")?,
                Some("generated") => self.time(value, &mut String::new())?,
                Some("publicKeys") => self.texts(value, &mut Vec::new(), "IndexFile.publicKeys")?,
                Some("annotations") => {
                    self.pairs(value, "IndexFile.annotations")?;
                }
                Some("serverInfo") => match value {
                    Value::Null | Value::Map(_) => {}
                    other => {
                        return Err(self.mismatch(other, "IndexFile.serverInfo", "map[string]interface {}"));
                    }
                },
                Some(_) => self.entries(value, &mut document.entries)?,
                None => self.unknown(key.as_bytes())?,
            }
        }
        Ok(document)
    }

    fn entries(&self, value: &Value, entries: &mut Vec<(String, Vec<Option<Entry>>)>) -> Result<()> {
        let map = match value {
            Value::Null => return Ok(()),
            Value::Map(map) => map,
            other => {
                return Err(self.mismatch(other, "IndexFile.entries", "map[string]repo.ChartVersions"));
            }
        };
        for (name, value) in map.iter() {
            let list = match value {
                Value::Null => &[],
                Value::List(list) => &list[..],
                other => return Err(self.mismatch(other, "IndexFile.entries", "repo.ChartVersions")),
            };
            let versions = list.iter().map(|value| self.entry(value)).collect::<Result<_>>()?;
            entries.push((name.to_text().into_owned(), versions));
        }
        Ok(())
    }

    fn entry(&self, value: &Value) -> Result<Option<Entry>> {
        let map = match value {
            Value::Null => return Ok(None),
            Value::Map(map) => map,
            other => return Err(self.mismatch(other, "IndexFile.entries", "repo.ChartVersion")),
        };
        let mut entry = Entry::default();
        let mut metadata = Map::new();
        for (key, value) in map.iter() {
            if let Some(field) = named(&OWN, key.as_bytes()) {
                match field {
                    "urls" => self.texts(value, &mut entry.urls, "ChartVersion.entries.urls")?,
                    "created" => self.time(value, &mut entry.created)?,
                    "digest" => self.text(value, &mut entry.digest, "ChartVersion.entries.digest")?,
                    _ => match value {
                        Value::Null => {}
                        Value::Bool(truth) => entry.removed = *truth,
                        other => return Err(self.mismatch(other, "ChartVersion.entries.removed", "bool")),
                    },
                }
            } else if let Some(field) = named(&LEGACY, key.as_bytes()) {
                let slot = LEGACY.iter().position(|name| *name == field).unwrap_or(0);
                self.text(value, &mut entry.legacy[slot], &format!("ChartVersion.entries.{field}"))?;
            } else if let Some(field) = named(&METADATA, key.as_bytes()) {
                self.check_metadata(field, value)?;
                metadata.insert(key.clone(), value.clone());
            } else {
                self.unknown(key.as_bytes())?;
            }
        }
        entry.metadata = Metadata::from_map(&metadata, self.compat).map_err(|error| {
            let message = error.message();
            let start = "error unmarshaling JSON: while decoding JSON: ";
            let message = message.strip_prefix(start).unwrap_or(message);
            self.wrong(
                message
                    .replace("Go struct field Metadata.", "Go struct field ChartVersion.entries.Metadata."),
            )
        })?;
        Ok(Some(entry))
    }

    /// What Chart.yaml takes and an index does not: numbers and truth values that stand where texts are wanted, and in
    /// YAML fields that are unknown further down.
    fn check_metadata(&self, field: &str, value: &Value) -> Result<()> {
        let path = format!("ChartVersion.entries.Metadata.{field}");
        let (inner, record): (&[&str], _) = match field {
            "maintainers" => (&MAINTAINER, "Maintainer"),
            "dependencies" => (&DEPENDENCY, "Dependency"),
            "deprecated" => return Ok(()),
            _ => {
                return match value {
                    Value::List(list) => list.iter().try_for_each(|value| self.only_text(value, &path)),
                    Value::Map(map) => map.iter().try_for_each(|(_, value)| self.only_text(value, &path)),
                    value => self.only_text(value, &path),
                };
            }
        };
        for (key, value) in
            value.as_list().into_iter().flatten().filter_map(Value::as_map).flat_map(Map::iter)
        {
            match named(inner, key.as_bytes()) {
                None => self.unknown(key.as_bytes())?,
                Some("enabled" | "import-values" | "tags") => {}
                Some(name) => {
                    self.only_text(value, &format!("{record}.entries.Metadata.{field}.{name}"))?;
                }
            }
        }
        Ok(())
    }

    fn only_text(&self, value: &Value, field: &str) -> Result<()> {
        match value {
            Value::Bool(_) | Value::Int(_) | Value::Float(_) => Err(self.mismatch(value, field, "string")),
            _ => Ok(()),
        }
    }

    fn text(&self, value: &Value, slot: &mut String, field: &str) -> Result<()> {
        match value {
            Value::Null => {}
            Value::String(text) => *slot = text.to_text().into_owned(),
            Value::Bool(truth) if self.strict => *slot = truth.to_string(),
            Value::Int(number) if self.strict => *slot = number.to_string(),
            Value::Float(number) if self.strict => *slot = crate::chart::number_text(*number),
            other => return Err(self.mismatch(other, field, "string")),
        }
        Ok(())
    }

    fn texts(&self, value: &Value, slot: &mut Vec<String>, field: &str) -> Result<()> {
        let list = match value {
            Value::Null => return Ok(()),
            Value::List(list) => list,
            other => return Err(self.mismatch(other, field, "[]string")),
        };
        for value in list.iter() {
            let mut text = String::new();
            self.text(value, &mut text, field)?;
            slot.push(text);
        }
        Ok(())
    }

    fn pairs(&self, value: &Value, field: &str) -> Result<()> {
        let map = match value {
            Value::Null => return Ok(()),
            Value::Map(map) => map,
            other => return Err(self.mismatch(other, field, "map[string]string")),
        };
        map.iter().try_for_each(|(_, value)| self.text(value, &mut String::new(), field))
    }

    fn time(&self, value: &Value, slot: &mut String) -> Result<()> {
        match value {
            Value::Null => Ok(()),
            Value::String(text) => {
                *slot = normal_time(&text.to_text()).map_err(|message| self.wrong(message))?;
                Ok(())
            }
            _ => Err(self.wrong("Time.UnmarshalJSON: input is not a JSON string")),
        }
    }
}

impl Entry {
    /// What Go's encoding/json makes of it.
    pub(super) fn to_map(&self) -> Map {
        let Value::Map(metadata) = self.metadata.to_value() else { return Map::new() };
        let mut map = std::sync::Arc::unwrap_or_clone(metadata);
        let urls: Vec<Value> = self.urls.iter().map(|url| url.as_str().into()).collect();
        map.insert("urls", if urls.is_empty() { Value::Null } else { urls.into() });
        let created = if self.created.is_empty() { "0001-01-01T00:00:00Z" } else { &self.created };
        map.insert("created", created.into());
        if self.removed {
            map.insert("removed", true.into());
        }
        let texts = LEGACY.iter().zip(&self.legacy).map(|(key, text)| (*key, text));
        for (key, text) in texts.chain([("digest", &self.digest)]).filter(|(_, text)| !text.is_empty()) {
            map.insert(key, text.as_str().into());
        }
        map
    }

    /// The record, or what is wrong with the entry.
    pub(super) fn record(&self) -> std::result::Result<Record<'static>, String> {
        let metadata = &self.metadata;
        let own = |text: &String| text.clone().into();
        let problem = metadata.dependencies.iter().find_map(|dependency| match dependency {
            None => Some("validation: dependencies must not contain empty or null nodes".to_owned()),
            Some(dependency) => dependency_problem(&dependency.name, &dependency.alias),
        });
        let draft = Draft {
            name: own(&metadata.name),
            version: own(&metadata.version),
            app_version: own(&metadata.app_version),
            description: own(&metadata.description),
            kind: own(&metadata.kind),
            keywords: metadata.keywords.iter().map(own).collect(),
            urls: self.urls.iter().map(own).collect(),
            digest: own(&self.digest),
            created: own(&self.created),
            deprecated: metadata.deprecated,
            empty_maintainer: metadata.maintainers.iter().any(Option::is_none),
            problem,
        };
        draft.finish().map_err(|(_, problem)| problem)
    }
}
