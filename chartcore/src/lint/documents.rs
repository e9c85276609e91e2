//! Rendered text as the documents Kubernetes' decoder sees.
//!
//! Kubernetes: apimachinery/pkg/util/yaml/decoder.go, `YAMLOrJSONDecoder`.

use crate::Compat;
use crate::data::{Map, Value, json, yaml};
use crate::manifest::trim_start;

/// What the rules look at in a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) name: String,
}

/// The documents of a text: objects, nulls as `None`, or why one cannot be read. After an error there may
/// be more, but Helm's rules stop there.
pub(super) struct Documents<'a> {
    rest: &'a [u8],
    compat: Compat,
    /// Whether the text may be a stream of JSON values.
    json: bool,
    /// How many documents have been read.
    count: usize,
}

impl<'a> Documents<'a> {
    pub(super) fn of(text: &'a [u8], compat: Compat) -> Self {
        /// How far the decoder looks for an opening brace.
        const LOOK_AHEAD: usize = 4096;
        let beginning = text.get(..LOOK_AHEAD).unwrap_or(text);
        Self { rest: text, compat, json: trim_start(beginning).starts_with(b"{"), count: 0 }
    }

    fn next_yaml(&mut self) -> Option<Result<Option<Object>, String>> {
        let document = match next_yaml_document(&mut self.rest)? {
            Ok(document) => document,
            Err(reason) => return Some(Err(reason)),
        };
        Some(read(&document, self.compat))
    }
}

impl Iterator for Documents<'_> {
    type Item = Result<Option<Object>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut reason = None;
        if self.json {
            match json::parse_prefix(self.rest) {
                Ok(None) => return None,
                Ok(Some((value, length))) => {
                    let document = self.rest.get(..length).unwrap_or_default();
                    let read = read(document, self.compat);
                    if read.is_ok() {
                        self.count += 1;
                        self.rest = self.rest.get(length..).unwrap_or_default();
                        return Some(read.map(|object| object.filter(|_| !value.is_null())));
                    }
                    reason = read.err();
                }
                Err(error) => reason = Some(error),
            }
            if self.count > 1 {
                return reason.map(Err);
            }
            self.json = false;
            self.rest = past_blank(self.rest);
        }
        let next = self.next_yaml();
        match (next, reason) {
            (Some(Err(_)), Some(reason)) => Some(Err(reason)),
            (next, _) => {
                self.count += 1;
                next
            }
        }
    }
}

/// Past white space up to and including the first line end.
fn past_blank(text: &[u8]) -> &[u8] {
    let white = text.len() - trim_start(text).len();
    let line_end = memchr::memchr(b'\n', &text[..white]).map_or(white, |at| at + 1);
    &text[line_end..]
}

/// Takes the lines up to the next separator. A separator that opens a text stays in its document, as a line.
fn next_yaml_document(rest: &mut &[u8]) -> Option<Result<Vec<u8>, String>> {
    let mut document = Vec::new();
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        *rest = rest.get(end + 1..).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(behind) = line.strip_prefix(b"---") {
            let behind = crate::manifest::trim(behind);
            if !behind.is_empty() && !behind.starts_with(b"#") {
                return Some(Err(format!(
                    "invalid Yaml document separator: {}",
                    String::from_utf8_lossy(behind)
                )));
            }
            if !document.is_empty() {
                return Some(Ok(document));
            }
        }
        document.extend_from_slice(line);
        document.push(b'\n');
    }
    (!document.is_empty()).then_some(Ok(document))
}

/// Reads one document into Helm's `k8sYamlStruct`; null is nothing.
fn read(document: &[u8], compat: Compat) -> Result<Option<Object>, String> {
    let value = yaml::parse(document).map_err(|error| error.full())?;
    let name = match compat {
        Compat::Helm3 => "K8sYamlStruct",
        Compat::Helm4 => "k8sYamlStruct",
    };
    let refused = |value: &Value, place: String| {
        let found = json::type_name(value);
        format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go {place}"
        )
    };
    let map = match &value {
        Value::Null => return Ok(None),
        Value::Map(map) => map,
        other => return Err(refused(other, format!("value of type rules.{name}"))),
    };
    let mut object = Object::default();
    // Go's decoder takes the keys in order and knows its fields in any case.
    for (key, value) in map.iter() {
        let key = key.to_text();
        let text = |field: &str| {
            text(value).ok_or_else(|| refused(value, format!("struct field {name}.{field} of type string")))
        };
        if key.eq_ignore_ascii_case("apiVersion") {
            object.api_version = text("apiVersion")?;
        } else if key.eq_ignore_ascii_case("kind") {
            object.kind = text("Kind")?;
        } else if key.eq_ignore_ascii_case("metadata") {
            match value {
                Value::Null => {}
                Value::Map(metadata) => read_metadata(metadata, &mut object, refused)?,
                other => {
                    let place = format!("struct field {name}.Metadata of type rules.k8sYamlMetadata");
                    return Err(refused(other, place));
                }
            }
        }
    }
    Ok(Some(object))
}

fn read_metadata(
    metadata: &Map,
    object: &mut Object,
    refused: impl Fn(&Value, String) -> String,
) -> Result<(), String> {
    for (key, value) in metadata.iter() {
        let key = key.to_text();
        for field in ["Namespace", "Name"] {
            if key.eq_ignore_ascii_case(field) {
                let place = || format!("struct field k8sYamlMetadata.Metadata.{field} of type string");
                let text = text(value).ok_or_else(|| refused(value, place()))?;
                if field == "Name" {
                    object.name = text;
                }
            }
        }
    }
    Ok(())
}

/// A scalar as the conversion gives it to a text field.
fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => String::new(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Value::Float(number) => (*number as f32).to_string(),
        Value::String(text) => text.to_string(),
        Value::List(_) | Value::Map(_) => return None,
    })
}

/// The keys of the annotations of a List's items.
pub(super) fn item_annotations(content: &[u8]) -> Result<Vec<String>, String> {
    let value = yaml::parse(content).map_err(|error| error.full())?;
    let items = value.get("items").and_then(|items| items.as_list()).unwrap_or_default();
    let annotations = items.iter().filter_map(|item| item.get("metadata")?.get("annotations")?.as_map());
    Ok(annotations.flat_map(|map| map.keys().map(|key| key.to_string())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<Result<String, String>> {
        let mut rest = text.as_bytes();
        std::iter::from_fn(|| next_yaml_document(&mut rest))
            .map(|document| document.map(|document| String::from_utf8(document).unwrap()))
            .collect()
    }

    /// Each row was checked against `YAMLReader` of apimachinery 0.37.
    #[test]
    fn documents_split_as_in_kubernetes() {
        for (text, documents) in [
            ("", &[][..]),
            ("a: 1", &["a: 1\n"]),
            ("---\na: 1\n---\nb: 2\n", &["---\na: 1\n", "b: 2\n"]),
            ("---\n---\na: 1\n", &["---\n", "a: 1\n"]),
            ("a: 1\r\n--- # note\r\nb: 2\r\n", &["a: 1\n", "b: 2\n"]),
            ("\n---\na: 1\n", &["\n", "a: 1\n"]),
        ] {
            let expected: Vec<_> = documents.iter().map(|document| Ok(document.to_string())).collect();
            assert_eq!(split(text), expected, "{text:?}");
        }
        assert_eq!(split("--- x\n"), [Err("invalid Yaml document separator: x".to_owned())]);
        assert_eq!(split("----\n"), [Err("invalid Yaml document separator: -".to_owned())]);
    }
}
