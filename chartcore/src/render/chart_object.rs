//! `.Chart`: a Go struct in Helm 3, a plain map in Helm 4.

use std::any::Any as Downcast;
use std::sync::Arc;

use super::go_struct::{in_order, json_object, print_struct};
use crate::Compat;
use crate::chart::{Chart, Dependency, Maintainer, Metadata};
use crate::data::{Str, Value};
use crate::template::{Any, List, Map, MapType, Object};

pub(super) fn chart_object(compat: Compat, chart: &Chart, is_root: bool) -> Any {
    match compat {
        Compat::Helm3 => Any::object(ChartObject { metadata: Arc::clone(&chart.metadata), is_root }),
        Compat::Helm4 => {
            let mut entries: Vec<(Str, Any)> = METADATA_FIELDS
                .iter()
                .map(|&name| (name.into(), metadata_entry(chart.metadata(), name)))
                .collect();
            entries.push(("IsRoot".into(), Any::Bool(is_root)));
            Any::Map(Map::typed(MapType::Any, entries))
        }
    }
}

/// The fields of Helm's `chart.Metadata`, in the order they are declared.
static METADATA_FIELDS: [&str; 17] = [
    "Name",
    "Home",
    "Sources",
    "Version",
    "Description",
    "Keywords",
    "Maintainers",
    "Icon",
    "APIVersion",
    "Condition",
    "Tags",
    "AppVersion",
    "Deprecated",
    "Annotations",
    "KubeVersion",
    "Dependencies",
    "Type",
];

/// A field of the metadata as a Go struct has it (Helm 3).
fn metadata_field(metadata: &Metadata, name: &str) -> Option<Any> {
    let texts = |texts: &[String]| Any::List(List::strings(texts.iter().map(Str::from)));
    Some(match name {
        "Name" => Any::str(&metadata.name),
        "Home" => Any::str(&metadata.home),
        "Sources" => texts(&metadata.sources),
        "Version" => Any::str(&metadata.version),
        "Description" => Any::str(&metadata.description),
        "Keywords" => texts(&metadata.keywords),
        "Maintainers" => Any::List(List::new(
            metadata
                .maintainers
                .iter()
                .map(|entry| pointer(entry, |it| MaintainerObject(it.clone())))
                .collect(),
        )),
        "Icon" => Any::str(&metadata.icon),
        "APIVersion" => Any::str(&metadata.api_version),
        "Condition" => Any::str(&metadata.condition),
        "Tags" => Any::str(&metadata.tags),
        "AppVersion" => Any::str(&metadata.app_version),
        "Deprecated" => Any::Bool(metadata.deprecated),
        "Annotations" => annotations(metadata),
        "KubeVersion" => Any::str(&metadata.kube_version),
        "Dependencies" => Any::List(List::new(
            metadata
                .dependencies
                .iter()
                .map(|entry| pointer(entry, |it| DependencyObject(it.clone())))
                .collect(),
        )),
        "Type" => Any::str(&metadata.kind),
        _ => return None,
    })
}

fn pointer<T, O: Object + 'static>(entry: &Option<T>, object: impl Fn(&T) -> O) -> Any {
    entry.as_ref().map_or(Any::Nil, |entry| Any::object(object(entry)))
}

fn annotations(metadata: &Metadata) -> Any {
    // Go has a nil map where Chart.yaml has no annotations.
    if metadata.annotations.is_empty() {
        return Any::Map(Map::nil_of(MapType::String));
    }
    let entries = metadata.annotations.iter().map(|(key, value)| (key.into(), Any::str(value))).collect();
    Any::Map(Map::typed(MapType::String, entries))
}

/// A field of the metadata as Helm 4 shows it: plain maps and lists all the way.
fn metadata_entry(metadata: &Metadata, name: &str) -> Any {
    let texts = |texts: &[String]| Any::List(List::new(texts.iter().map(Any::str).collect()));
    match name {
        "Sources" => texts(&metadata.sources),
        "Keywords" => texts(&metadata.keywords),
        "Maintainers" => plain_list(&metadata.maintainers, |maintainer| {
            vec![
                ("Email".into(), Any::str(&maintainer.email)),
                ("Name".into(), Any::str(&maintainer.name)),
                ("URL".into(), Any::str(&maintainer.url)),
            ]
        }),
        "Dependencies" => plain_list(&metadata.dependencies, |dependency| {
            let imports = dependency.import_values.iter().map(Any::from).collect();
            vec![
                ("Alias".into(), Any::str(&dependency.alias)),
                ("Condition".into(), Any::str(&dependency.condition)),
                ("Enabled".into(), Any::Bool(dependency.enabled)),
                ("ImportValues".into(), Any::List(List::new(imports))),
                ("Name".into(), Any::str(&dependency.name)),
                ("Repository".into(), Any::str(&dependency.repository)),
                ("Tags".into(), texts(&dependency.tags)),
                ("Version".into(), Any::str(&dependency.version)),
            ]
        }),
        _ => metadata_field(metadata, name).unwrap_or_default(),
    }
}

fn plain_list<T>(items: &[Option<T>], entries: impl Fn(&T) -> Vec<(Str, Any)>) -> Any {
    let maps = items.iter().map(|item| match item {
        Some(item) => Any::Map(Map::typed(MapType::Any, entries(item))),
        None => Any::Nil,
    });
    Any::List(List::new(maps.collect()))
}

/// What encoding/json writes of Helm's struct `chart.Metadata`, in its order.
fn metadata_json(metadata: &Metadata) -> Vec<(&'static str, Any)> {
    const KEYS: [&str; 17] = [
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
    let mut fields = in_order(&metadata.to_value(), &KEYS);
    for (key, value) in &mut fields {
        // Their items are structs too.
        let field = match *key {
            "maintainers" => metadata_field(metadata, "Maintainers"),
            "dependencies" => metadata_field(metadata, "Dependencies"),
            _ => None,
        };
        *value = field.unwrap_or_else(|| value.clone());
    }
    fields
}

/// `.Chart` of Helm 3: `struct { chart.Metadata; IsRoot bool }`.
#[derive(Debug)]
struct ChartObject {
    metadata: Arc<Metadata>,
    is_root: bool,
}

impl Object for ChartObject {
    fn type_name(&self) -> &str {
        "struct { chart.Metadata; IsRoot bool }"
    }

    fn kind(&self) -> &'static str {
        "struct"
    }

    fn comparable(&self) -> bool {
        false
    }

    fn field(&self, name: &[u8]) -> Option<Any> {
        match name {
            b"IsRoot" => Some(Any::Bool(self.is_root)),
            b"Metadata" => Some(Any::object(MetadataObject(Arc::clone(&self.metadata)))),
            _ => metadata_field(&self.metadata, std::str::from_utf8(name).ok()?),
        }
    }

    fn print(&self, out: &mut Vec<u8>) {
        let metadata = Any::object(MetadataObject(Arc::clone(&self.metadata)));
        print_struct(out, [metadata, Any::Bool(self.is_root)]);
    }

    fn fields(&self) -> Option<Vec<(&'static str, Any)>> {
        let metadata = Any::object(MetadataObject(Arc::clone(&self.metadata)));
        Some(vec![("Metadata", metadata), ("IsRoot", Any::Bool(self.is_root))])
    }

    fn to_value(&self) -> Value {
        let mut value = self.metadata.to_value();
        if let Some(map) = value.as_map_mut() {
            map.insert("IsRoot", self.is_root.into());
        }
        value
    }

    fn json_fields(&self) -> Option<Vec<(&'static str, Any)>> {
        let mut fields = metadata_json(&self.metadata);
        fields.push(("IsRoot", Any::Bool(self.is_root)));
        Some(fields)
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}

/// `.Chart.Metadata` of Helm 3.
#[derive(Debug)]
struct MetadataObject(Arc<Metadata>);

impl Object for MetadataObject {
    fn type_name(&self) -> &str {
        "chart.Metadata"
    }

    fn kind(&self) -> &'static str {
        "struct"
    }

    fn comparable(&self) -> bool {
        false
    }

    fn field(&self, name: &[u8]) -> Option<Any> {
        metadata_field(&self.0, std::str::from_utf8(name).ok()?)
    }

    fn fields(&self) -> Option<Vec<(&'static str, Any)>> {
        Some(
            METADATA_FIELDS.iter().filter_map(|&name| Some((name, metadata_field(&self.0, name)?))).collect(),
        )
    }

    fn print(&self, out: &mut Vec<u8>) {
        print_struct(out, METADATA_FIELDS.iter().filter_map(|name| metadata_field(&self.0, name)));
    }

    fn to_value(&self) -> Value {
        self.0.to_value()
    }

    fn json_fields(&self) -> Option<Vec<(&'static str, Any)>> {
        Some(metadata_json(&self.0))
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}

/// An element of `.Chart.Maintainers` of Helm 3.
#[derive(Debug)]
struct MaintainerObject(Maintainer);

impl Object for MaintainerObject {
    fn type_name(&self) -> &str {
        "*chart.Maintainer"
    }

    fn kind(&self) -> &'static str {
        "ptr"
    }

    fn field(&self, name: &[u8]) -> Option<Any> {
        Some(match name {
            b"Name" => Any::str(&self.0.name),
            b"Email" => Any::str(&self.0.email),
            b"URL" => Any::str(&self.0.url),
            _ => return None,
        })
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.push(b'&');
        print_struct(out, [&self.0.name, &self.0.email, &self.0.url].map(Any::str));
    }

    fn fields(&self) -> Option<Vec<(&'static str, Any)>> {
        let texts = [("Name", &self.0.name), ("Email", &self.0.email), ("URL", &self.0.url)];
        Some(texts.into_iter().map(|(name, text)| (name, Any::str(text))).collect())
    }

    fn to_value(&self) -> Value {
        json_object([("name", &self.0.name), ("email", &self.0.email), ("url", &self.0.url)])
    }

    fn json_fields(&self) -> Option<Vec<(&'static str, Any)>> {
        Some(in_order(&self.to_value(), &["name", "email", "url"]))
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}

/// An element of `.Chart.Dependencies` of Helm 3.
#[derive(Debug)]
struct DependencyObject(Dependency);

impl Object for DependencyObject {
    fn type_name(&self) -> &str {
        "*chart.Dependency"
    }

    fn kind(&self) -> &'static str {
        "ptr"
    }

    fn field(&self, name: &[u8]) -> Option<Any> {
        let dependency = &self.0;
        Some(match name {
            b"Name" => Any::str(&dependency.name),
            b"Version" => Any::str(&dependency.version),
            b"Repository" => Any::str(&dependency.repository),
            b"Condition" => Any::str(&dependency.condition),
            b"Tags" => Any::List(List::strings(dependency.tags.iter().map(Str::from))),
            b"Enabled" => Any::Bool(dependency.enabled),
            b"ImportValues" => Any::List(List::new(dependency.import_values.iter().map(Any::from).collect())),
            b"Alias" => Any::str(&dependency.alias),
            _ => return None,
        })
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.push(b'&');
        print_struct(out, self.fields().unwrap_or_default().into_iter().map(|field| field.1));
    }

    fn fields(&self) -> Option<Vec<(&'static str, Any)>> {
        const NAMES: [&str; 8] =
            ["Name", "Version", "Repository", "Condition", "Tags", "Enabled", "ImportValues", "Alias"];
        Some(NAMES.iter().filter_map(|&name| Some((name, self.field(name.as_bytes())?))).collect())
    }

    fn to_value(&self) -> Value {
        self.0.to_value()
    }

    fn json_fields(&self) -> Option<Vec<(&'static str, Any)>> {
        let keys =
            ["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];
        Some(in_order(&self.to_value(), &keys))
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}
