//! What templates see as `.`: one map per chart, with `.Release .Chart .Values .Files .Capabilities .Subcharts`.
//!
//! Helm: pkg/engine/engine.go, `recAllTpls`.

use std::any::Any as Downcast;
use std::sync::Arc;

use crate::Compat;
use crate::chart::{Chart, Dependency, Maintainer, Metadata};
use crate::data::{self, Str, Value};
use crate::template::{Any, List, Map, MapType, Method, Object, Scope, Type, print};

use super::capabilities::{self, Capabilities};
use super::files::Files;
use super::options::RenderOptions;
use crate::values::Values;

/// One chart's `.`, and where it stands in the tree.
pub(super) struct ChartContext<'a> {
    /// The chart.
    pub(super) chart: &'a Chart,
    /// `root`, `root/charts/child`.
    pub(super) path: String,
    /// The map; `.Template` is put into it before each file.
    pub(super) map: Map,
}

/// Go's name of Helm's values type.
pub(super) fn values_type(compat: Compat) -> MapType {
    match compat {
        Compat::Helm3 => MapType::Values3,
        Compat::Helm4 => MapType::Values4,
    }
}

/// Makes the contexts of the chart and all its subcharts, parents first.
pub(super) fn contexts<'a>(merged: &'a Values, options: &RenderOptions) -> Vec<ChartContext<'a>> {
    let (root, tree) = (merged.chart(), merged.tree());
    let compat = root.compat();
    let values = match Any::from(tree) {
        Any::Map(map) => map.seen_as(values_type(compat)),
        _ => Map::typed(values_type(compat), Vec::new()),
    };
    let shared = Shared {
        compat,
        release: release(options),
        capabilities: Any::object(CapabilitiesObject {
            capabilities: Arc::clone(&options.capabilities),
            compat,
        }),
    };
    let mut contexts = Vec::new();
    let place = Place {
        path: root.name().to_owned(),
        loaded: Some(merged.source()),
        loaded_path: root.name().to_owned(),
    };
    shared.add(root, place, values, true, &mut contexts);
    contexts
}

/// Where a chart stands.
struct Place<'a> {
    /// The names from the root to it, aliases applied.
    path: String,
    /// The chart as it was loaded, before it got an alias.
    loaded: Option<&'a Chart>,
    /// The names from the root to it as they were loaded.
    loaded_path: String,
}

impl<'a> Place<'a> {
    /// Where the subchart `child` stands.
    ///
    /// Helm 3 copies an aliased chart without what is below it, and subcharts that Chart.yaml does not name go
    /// on taking the chart as it was loaded for their parent. Helm: v3 pkg/chartutil/dependencies.go,
    /// `getAliasDependency`.
    fn below(&self, chart: &Chart, child: &Chart) -> Self {
        let keeps_parent = |loaded: &&Chart| {
            chart.compat() == Compat::Helm3
                && loaded.name() != chart.name()
                && loaded.metadata().dependencies.is_empty()
        };
        let parent =
            if self.loaded.as_ref().is_some_and(keeps_parent) { &self.loaded_path } else { &self.path };
        let loaded = self.loaded.and_then(|loaded| loaded_child(loaded, child.name()));
        let loaded_name = loaded.map_or(child.name(), Chart::name);
        Self {
            path: format!("{parent}/charts/{}", child.name()),
            loaded,
            loaded_path: format!("{}/charts/{loaded_name}", self.loaded_path),
        }
    }
}

/// The subchart that goes by `name`, its alias or its own.
fn loaded_child<'a>(parent: &'a Chart, name: &str) -> Option<&'a Chart> {
    let entry = parent.metadata().dependencies.iter().flatten().find(|entry| entry.alias == name);
    let own = entry.map_or(name, |entry| entry.name.as_str());
    parent.dependencies().iter().find(|child| child.name() == own)
}

/// What all charts of one render see alike.
struct Shared {
    compat: Compat,
    release: Any,
    capabilities: Any,
}

impl Shared {
    fn add<'a>(
        &self,
        chart: &'a Chart,
        place: Place<'_>,
        values: Map,
        is_root: bool,
        contexts: &mut Vec<ChartContext<'a>>,
    ) -> Map {
        let subcharts = Map::new();
        // Helm hands the map to the engine as its values type.
        let map = Map::typed(
            values_type(self.compat),
            vec![
                ("Capabilities".into(), self.capabilities.clone()),
                ("Chart".into(), chart_object(self.compat, chart, is_root)),
                ("Files".into(), Any::object(Files::new(self.compat, Arc::clone(&chart.files)))),
                ("Release".into(), self.release.clone()),
                ("Subcharts".into(), Any::Map(subcharts.clone())),
                ("Values".into(), Any::Map(values.clone())),
            ],
        );
        contexts.push(ChartContext { chart, path: place.path.clone(), map: map.clone() });
        for child in chart.dependencies() {
            // The parent goes on seeing it as the plain map it is in its values.
            let child_values =
                table(&values, child.name()).unwrap_or_default().seen_as(values_type(self.compat));
            let child_map = self.add(child, place.below(chart, child), child_values, false, contexts);
            subcharts.insert(child.name(), Any::Map(child_map));
        }
        map
    }
}

/// The map under a dotted name, one level per dot (Helm: `Values.Table`).
fn table(values: &Map, name: &str) -> Option<Map> {
    let mut table = values.clone();
    for key in name.split('.') {
        table = match table.get(key) {
            Some(Any::Map(map)) => map,
            _ => return None,
        };
    }
    Some(table)
}

fn release(options: &RenderOptions) -> Any {
    Any::Map(Map::typed(
        MapType::Any,
        vec![
            ("IsInstall".into(), Any::Bool(!options.is_upgrade && !options.lint)),
            ("IsUpgrade".into(), Any::Bool(options.is_upgrade)),
            ("Name".into(), Any::str(&options.release_name)),
            ("Namespace".into(), Any::str(&options.namespace)),
            ("Revision".into(), Any::Int(options.revision)),
            ("Service".into(), Any::str("Helm")),
        ],
    ))
}

fn chart_object(compat: Compat, chart: &Chart, is_root: bool) -> Any {
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

/// Prints `{a b c}`, as `%v` prints a struct.
fn print_struct(out: &mut Vec<u8>, fields: impl IntoIterator<Item = Any>) {
    out.push(b'{');
    for (index, field) in fields.into_iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        print::write_v(out, &field);
    }
    out.push(b'}');
}

/// A JSON object of the texts that are not empty.
fn json_object<T: AsRef<str>>(texts: impl IntoIterator<Item = (&'static str, T)>) -> Value {
    let kept = texts.into_iter().filter(|(_, text)| !text.as_ref().is_empty());
    kept.map(|(key, text)| (key.into(), text.as_ref().into())).collect::<data::Map>().into()
}

/// The entries of `value` in the order of a Go struct's fields.
fn in_order(value: &Value, keys: &[&'static str]) -> Vec<(&'static str, Any)> {
    keys.iter().filter_map(|&key| Some((key, Any::from(value.get(key)?)))).collect()
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

    fn field(&self, name: &[u8]) -> Option<Any> {
        metadata_field(&self.0, std::str::from_utf8(name).ok()?)
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
        let names: [&[u8]; 8] = [
            b"Name",
            b"Version",
            b"Repository",
            b"Condition",
            b"Tags",
            b"Enabled",
            b"ImportValues",
            b"Alias",
        ];
        print_struct(out, names.iter().filter_map(|name| self.field(name)));
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

/// `.Capabilities`.
#[derive(Debug)]
struct CapabilitiesObject {
    capabilities: Arc<Capabilities>,
    compat: Compat,
}

impl CapabilitiesObject {
    fn package(&self) -> &'static str {
        match self.compat {
            Compat::Helm3 => "chartutil",
            Compat::Helm4 => "common",
        }
    }

    fn kube_version(&self) -> Any {
        Any::object(KubeVersionObject { capabilities: Arc::clone(&self.capabilities), compat: self.compat })
    }

    fn api_versions(&self) -> Any {
        Any::object(ApiVersionsObject { capabilities: Arc::clone(&self.capabilities), compat: self.compat })
    }

    fn helm_version(&self) -> Any {
        Any::object(HelmVersionObject { compat: self.compat })
    }
}

impl Object for CapabilitiesObject {
    fn type_name(&self) -> &str {
        match self.package() {
            "chartutil" => "*chartutil.Capabilities",
            _ => "*common.Capabilities",
        }
    }

    fn kind(&self) -> &'static str {
        "ptr"
    }

    fn field(&self, name: &[u8]) -> Option<Any> {
        Some(match name {
            b"KubeVersion" => self.kube_version(),
            b"APIVersions" => self.api_versions(),
            b"HelmVersion" => self.helm_version(),
            _ => return None,
        })
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.push(b'&');
        print_struct(out, [self.kube_version(), self.api_versions(), self.helm_version()]);
    }

    fn to_value(&self) -> Value {
        let field = |any: Any| any.to_value().unwrap_or_default();
        data::Map::from_entries(vec![
            ("APIVersions".into(), field(self.api_versions())),
            ("HelmVersion".into(), field(self.helm_version())),
            ("KubeVersion".into(), field(self.kube_version())),
        ])
        .into()
    }

    fn json_fields(&self) -> Option<Vec<(&'static str, Any)>> {
        Some(vec![
            ("KubeVersion", self.kube_version()),
            ("APIVersions", self.api_versions()),
            ("HelmVersion", self.helm_version()),
        ])
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}

/// `.Capabilities.KubeVersion`: a struct with the methods `String` and `GitVersion`.
#[derive(Debug)]
struct KubeVersionObject {
    capabilities: Arc<Capabilities>,
    compat: Compat,
}

static KUBE_VERSION_METHODS: [Method; 2] = [
    Method {
        name: "String",
        params: &[],
        variadic: false,
        call: |_: &mut Scope<'_>, arguments| {
            Ok(kube_version(arguments)
                .map_or(Any::Nil, |it| Any::str(it.capabilities.kube_version().normalized())))
        },
    },
    Method {
        name: "GitVersion",
        params: &[],
        variadic: false,
        call: |_: &mut Scope<'_>, arguments| {
            Ok(kube_version(arguments)
                .map_or(Any::Nil, |it| Any::str(it.capabilities.kube_version().version(it.compat))))
        },
    },
];

fn kube_version(arguments: &[Any]) -> Option<&KubeVersionObject> {
    arguments.first()?.downcast()
}

impl Object for KubeVersionObject {
    fn type_name(&self) -> &str {
        match self.compat {
            Compat::Helm3 => "chartutil.KubeVersion",
            Compat::Helm4 => "common.KubeVersion",
        }
    }

    fn kind(&self) -> &'static str {
        "struct"
    }

    fn field(&self, name: &[u8]) -> Option<Any> {
        let version = self.capabilities.kube_version();
        Some(match name {
            b"Version" => Any::str(version.version(self.compat)),
            b"Major" => Any::str(version.major()),
            b"Minor" => Any::str(version.minor()),
            _ => return None,
        })
    }

    fn method(&self, name: &[u8]) -> Option<&'static Method> {
        KUBE_VERSION_METHODS.iter().find(|method| method.name.as_bytes() == name)
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.capabilities.kube_version().normalized().as_bytes());
    }

    fn to_value(&self) -> Value {
        let version = self.capabilities.kube_version();
        data::Map::from_entries(vec![
            ("Version".into(), version.version(self.compat).into()),
            ("Major".into(), version.major().into()),
            ("Minor".into(), version.minor().into()),
        ])
        .into()
    }

    fn json_fields(&self) -> Option<Vec<(&'static str, Any)>> {
        Some(in_order(&self.to_value(), &["Version", "Major", "Minor"]))
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}

/// `.Capabilities.APIVersions`: a list of texts with the method `Has`.
#[derive(Debug)]
struct ApiVersionsObject {
    capabilities: Arc<Capabilities>,
    compat: Compat,
}

static HAS: Method = Method {
    name: "Has",
    params: &[Type::String],
    variadic: false,
    call: |_: &mut Scope<'_>, arguments| {
        let versions = arguments.first().and_then(Any::downcast::<ApiVersionsObject>);
        let (Some(versions), Some(Any::Str(wanted))) = (versions, arguments.get(1)) else {
            return Ok(Any::Bool(false));
        };
        let found = versions
            .capabilities
            .known_api_versions()
            .iter()
            .any(|known| known.as_bytes() == wanted.as_bytes());
        Ok(Any::Bool(found))
    },
};

impl Object for ApiVersionsObject {
    fn type_name(&self) -> &str {
        match self.compat {
            Compat::Helm3 => "chartutil.VersionSet",
            Compat::Helm4 => "common.VersionSet",
        }
    }

    fn kind(&self) -> &'static str {
        "slice"
    }

    fn method(&self, name: &[u8]) -> Option<&'static Method> {
        (name == b"Has").then_some(&HAS)
    }

    fn entries(&self) -> Option<Vec<(Any, Any)>> {
        let versions = self.capabilities.known_api_versions().iter().enumerate();
        Some(versions.map(|(index, version)| (Any::Int(index as i64), Any::str(version))).collect())
    }

    fn truth(&self) -> bool {
        !self.capabilities.known_api_versions().is_empty()
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        out.extend_from_slice(self.capabilities.known_api_versions().join(" ").as_bytes());
        out.push(b']');
    }

    fn to_value(&self) -> Value {
        let versions = self.capabilities.known_api_versions().iter();
        versions.map(|version| Value::from(version.as_str())).collect::<Vec<_>>().into()
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}

/// `.Capabilities.HelmVersion`: the build charts may ask about.
#[derive(Debug)]
struct HelmVersionObject {
    compat: Compat,
}

impl HelmVersionObject {
    fn texts(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let mut texts = vec![
            ("Version", "version", capabilities::helm_version(self.compat)),
            ("GitCommit", "git_commit", ""),
            ("GitTreeState", "git_tree_state", "clean"),
            ("GoVersion", "go_version", "go1.26.8"),
        ];
        if self.compat == Compat::Helm4 {
            texts.push(("KubeClientVersion", "kube_client_version", "v1.37"));
        }
        texts
    }
}

impl Object for HelmVersionObject {
    fn type_name(&self) -> &str {
        "version.BuildInfo"
    }

    fn kind(&self) -> &'static str {
        "struct"
    }

    fn field(&self, name: &[u8]) -> Option<Any> {
        self.texts().iter().find(|field| field.0.as_bytes() == name).map(|field| Any::str(field.2))
    }

    fn print(&self, out: &mut Vec<u8>) {
        print_struct(out, self.texts().iter().map(|field| Any::str(field.2)));
    }

    fn to_value(&self) -> Value {
        json_object(self.texts().iter().map(|field| (field.1, field.2)))
    }

    fn json_fields(&self) -> Option<Vec<(&'static str, Any)>> {
        let keys: Vec<&'static str> = self.texts().iter().map(|field| field.1).collect();
        Some(in_order(&self.to_value(), &keys))
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}
