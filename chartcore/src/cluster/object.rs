//! One object as it shall be, and where it lies on the server.

use std::fmt;

use serde_json::{Map, Number, Value as Json};

use super::discovery::{ApiResource, Discovery};
use crate::Compat;
use crate::data::{Value, yaml};
use crate::error::{Error, ErrorKind, Result};

/// An object of a manifest.
#[derive(Clone)]
pub struct Object {
    /// Its kind.
    pub resource: ApiResource,
    /// Its namespace; empty for kinds without one.
    pub namespace: String,
    /// Its name; empty when the server is to make one (`generateName`).
    pub name: String,
    /// What the manifest says, with the namespace filled in.
    pub json: Json,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The content may be secret.
        write!(f, "Object({self})")
    }
}

impl fmt::Display for Object {
    /// As Helm names objects: `Service "web" in namespace "default"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} in namespace {:?}", self.resource.kind, self.name, self.namespace)
    }
}

impl Object {
    /// Makes an object of what a manifest or a server says.
    pub fn new(resource: ApiResource, namespace: &str, json: Json) -> Self {
        let name = json.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default().to_owned();
        let own = json.pointer("/metadata/namespace").and_then(Json::as_str).unwrap_or_default();
        let namespace = match (resource.namespaced, own) {
            (false, _) => String::new(),
            (true, "") => namespace.to_owned(),
            (true, own) => own.to_owned(),
        };
        let mut object = Self { resource, namespace, name, json };
        if object.resource.namespaced && !object.namespace.is_empty() {
            let namespace = Json::from(object.namespace.as_str());
            object.metadata().insert("namespace".to_owned(), namespace);
        }
        object
    }

    /// Its path on the server.
    pub fn path(&self) -> String {
        self.resource.path(&self.namespace, &self.name)
    }

    /// The path of all objects of its kind in its namespace.
    pub fn collection(&self) -> String {
        self.resource.path(&self.namespace, "")
    }

    /// Whether both are the same object: group, version aside, kind, namespace and name.
    pub fn is_same(&self, other: &Self) -> bool {
        self.resource.group == other.resource.group
            && self.resource.kind == other.resource.kind
            && self.namespace == other.namespace
            && self.name == other.name
    }

    /// An annotation of the manifest.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.json.get("metadata")?.get("annotations")?.get(key)?.as_str()
    }

    /// `metadata.generateName`, or nothing.
    pub fn generate_name(&self) -> &str {
        self.json.pointer("/metadata/generateName").and_then(Json::as_str).unwrap_or_default()
    }

    fn metadata(&mut self) -> &mut Map<String, Json> {
        object_in(&mut self.json, "metadata")
    }

    /// Sets a label.
    pub fn set_label(&mut self, key: &str, value: &str) {
        let metadata = self.json_metadata();
        object_in(metadata, "labels").insert(key.to_owned(), value.into());
    }

    /// Sets an annotation.
    pub fn set_annotation(&mut self, key: &str, value: &str) {
        let metadata = self.json_metadata();
        object_in(metadata, "annotations").insert(key.to_owned(), value.into());
    }

    fn json_metadata(&mut self) -> &mut Json {
        self.metadata();
        &mut self.json["metadata"]
    }
}

/// The map under `key`, made when it is not there or something else is.
fn object_in<'j>(json: &'j mut Json, key: &str) -> &'j mut Map<String, Json> {
    if !json.is_object() {
        *json = Json::Object(Map::new());
    }
    let slot = &mut json[key];
    if !slot.is_object() {
        *slot = Json::Object(Map::new());
    }
    match slot {
        Json::Object(map) => map,
        _ => unreachable!("it was just made a map"),
    }
}

/// The documents of a manifest as JSON, empty ones left out, lists taken apart.
pub(crate) fn documents(manifest: &[u8]) -> Result<Vec<Json>> {
    let mut documents = Vec::new();
    for range in crate::manifest::split(manifest, Compat::Helm4) {
        let text = manifest.get(range).unwrap_or_default();
        let value = yaml::parse_typed(text)
            .map_err(|error| Error::new(ErrorKind::Manifest, format!("error parsing : {}", error.full())))?;
        let json = to_json(&value);
        match json {
            Json::Null => {}
            Json::Object(mut map) => {
                let is_list =
                    map.get("kind").and_then(Json::as_str).is_some_and(|kind| kind.ends_with("List"));
                match map.get_mut("items").map(Json::take) {
                    Some(Json::Array(items)) if is_list => {
                        documents.extend(items.into_iter().filter(Json::is_object));
                    }
                    Some(other) => {
                        map.insert("items".to_owned(), other);
                        documents.push(Json::Object(map));
                    }
                    None if map.is_empty() => {}
                    None => documents.push(Json::Object(map)),
                }
            }
            _ => {
                return Err(Error::new(
                    ErrorKind::Manifest,
                    "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal a value into Go value of \
                     type map[string]interface {}",
                ));
            }
        }
    }
    Ok(documents)
}

/// Finds the kind of each document.
pub(super) fn place(documents: Vec<Json>, discovery: &Discovery, namespace: &str) -> Result<Vec<Object>> {
    let mut objects = Vec::with_capacity(documents.len());
    let mut problems = Vec::new();
    for json in documents {
        let text =
            |pointer: &str| json.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("/apiVersion"), text("/kind"));
        if kind.is_empty() {
            problems.push("unable to decode \"\": Object 'Kind' is missing in a document".to_owned());
            continue;
        }
        match discovery.find(&api_version, &kind) {
            Some(resource) => objects.push(Object::new(resource.clone(), namespace, json)),
            None => problems.push(format!(
                "resource mapping not found for name: {:?} namespace: {:?} from \"\": no matches for kind {kind:?} \
                 in version {api_version:?}\nensure CRDs are installed first",
                text("/metadata/name"),
                text("/metadata/namespace"),
            )),
        }
    }
    match problems.as_slice() {
        [] => Ok(objects),
        [one] => Err(Error::new(ErrorKind::Cluster, one.clone())),
        many => Err(Error::new(ErrorKind::Cluster, format!("[{}]", many.join(", ")))),
    }
}

/// A value as JSON, numbers as Go's encoder writes them: whole ones without a point.
pub(crate) fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Int(number) => Json::from(*number),
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 => {
            Json::from(*number as i64)
        }
        Value::Float(number) => Number::from_f64(*number).map_or(Json::Null, Json::Number),
        Value::String(text) => Json::String(text.to_text().into_owned()),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| (key.to_text().into_owned(), to_json(value)));
            Json::Object(entries.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_become_documents() {
        let manifest =
            b"---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n- {kind: A, x: 1}\n- {kind: B}\n---\n\
                         kind: C\nport: 8080\nratio: 1.0\nhalf: 0.5\n";
        let documents = documents(manifest).unwrap();
        let text = serde_json::to_string(&documents).unwrap();
        assert_eq!(
            text,
            r#"[{"kind":"A","x":1},{"kind":"B"},{"half":0.5,"kind":"C","port":8080,"ratio":1}]"#
        );
    }

    #[test]
    fn all_unknown_kinds_are_named() {
        let documents = documents(b"apiVersion: x/v1\nkind: Foo\nmetadata: {name: a}\n").unwrap();
        let error = place(documents, &Discovery::default(), "default").unwrap_err();
        assert_eq!(
            error.message(),
            "resource mapping not found for name: \"a\" namespace: \"\" from \"\": no matches for kind \"Foo\" in \
             version \"x/v1\"\nensure CRDs are installed first"
        );
    }
}
