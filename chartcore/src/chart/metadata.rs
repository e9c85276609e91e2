//! Chart.yaml and Chart.lock.

use super::decode::{self, Field};
use super::timestamp;
use crate::Compat;
use crate::data::{Map, Str, Value, yaml};
use crate::error::{Error, ErrorKind, Result};
use crate::files::base_name;
use crate::quote::{is_print, quote};
use crate::version::Version;

/// Chart.yaml, field by field as Helm's `chart.Metadata` (pkg/chart/v2/metadata.go). An absent text is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// The chart's name.
    pub name: String,
    /// The home page.
    pub home: String,
    /// Where the source is.
    pub sources: Vec<String>,
    /// The chart's version, as written.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// For searching.
    pub keywords: Vec<String>,
    /// Who maintains it. A null entry stays to be refused by validation.
    pub maintainers: Vec<Option<Maintainer>>,
    /// The icon's URL.
    pub icon: String,
    /// `v1` or `v2`.
    pub api_version: String,
    /// For charts that are dependencies: the path that enables them.
    pub condition: String,
    /// For charts that are dependencies: tags.
    pub tags: String,
    /// The version of what the chart installs.
    pub app_version: String,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// Key and value, sorted by key.
    pub annotations: Vec<(String, String)>,
    /// A constraint on the cluster's version.
    pub kube_version: String,
    /// The subcharts. A null entry stays to be refused by validation.
    pub dependencies: Vec<Option<Dependency>>,
    /// Whether `dependencies` is there at all, be it empty: digests and `dependency list` tell the two apart.
    pub lists_dependencies: bool,
    /// `application`, `library` or nothing.
    pub kind: String,
}

/// A person or a team.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Maintainer {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Page.
    pub url: String,
}

/// An entry of `dependencies` (pkg/chart/v2/dependency.go).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dependency {
    /// The chart's name.
    pub name: String,
    /// A constraint.
    pub version: String,
    /// A URL, `file://`, `@name`, `alias:name`, or nothing for a chart in `charts/`.
    pub repository: String,
    /// Comma-separated paths that enable it.
    pub condition: String,
    /// Tags that enable it.
    pub tags: Vec<String>,
    /// Set by Helm when it has decided.
    pub enabled: bool,
    /// `import-values`, as written.
    pub import_values: Vec<Value>,
    /// The name to use instead.
    pub alias: String,
}

/// Chart.lock.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lock {
    /// When it was made, in RFC 3339; empty for never.
    pub generated: String,
    /// Digest of the dependencies it locks.
    pub digest: String,
    /// Exact versions. A null entry stays, to be written again.
    pub dependencies: Vec<Option<Dependency>>,
    /// Whether there is a list at all, be it empty.
    pub lists_dependencies: bool,
}

const METADATA_FIELDS: [&str; 17] = [
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

/// The fields of Chart.yaml that are texts or lists of texts.
const METADATA_TEXTS: [&str; 22] = [
    "name",
    "home",
    "sources",
    "version",
    "description",
    "keywords",
    "icon",
    "apiVersion",
    "condition",
    "tags",
    "appVersion",
    "annotations",
    "kubeVersion",
    "type",
    "maintainers.name",
    "maintainers.email",
    "maintainers.url",
    "dependencies.name",
    "dependencies.version",
    "dependencies.repository",
    "dependencies.condition",
    "dependencies.alias",
];

impl Metadata {
    /// Reads Chart.yaml without checking what it says.
    ///
    /// # Errors
    /// Not YAML, or a value of the wrong type; Go's texts.
    pub fn from_yaml(bytes: &[u8], compat: Compat) -> Result<Self> {
        let mut metadata = Self::default();
        metadata.read_over(bytes, compat)?;
        Ok(metadata)
    }

    /// Reads what [`yaml::parse_typed`] made of a file that holds metadata among other things.
    ///
    /// # Errors
    /// A value of the wrong type; Go's texts.
    pub(crate) fn from_map(map: &Map, compat: Compat) -> Result<Self> {
        let mut metadata = Self::default();
        metadata.read_map(map, compat)?;
        Ok(metadata)
    }

    /// Reads a file over what is there, as Helm does with requirements.yaml.
    pub(super) fn read_over(&mut self, bytes: &[u8], compat: Compat) -> Result<()> {
        let value = decode::read(bytes, &METADATA_TEXTS)?;
        let package = decode::package(compat);
        match decode::top(&value, &format!("{package}.Metadata"))? {
            Some(map) => self.read_map(map, compat),
            None => Ok(()),
        }
    }

    fn read_map(&mut self, map: &Map, compat: Compat) -> Result<()> {
        let package = decode::package(compat);
        for (key, value) in map.iter() {
            let Some(path) = decode::field(&METADATA_FIELDS, key) else { continue };
            let field = Field { record: "Metadata", path };
            match path {
                "name" => decode::text(value, &mut self.name, field)?,
                "home" => decode::text(value, &mut self.home, field)?,
                "sources" => decode::texts(value, &mut self.sources, field)?,
                "version" => decode::text(value, &mut self.version, field)?,
                "description" => decode::text(value, &mut self.description, field)?,
                "keywords" => decode::texts(value, &mut self.keywords, field)?,
                "maintainers" => {
                    let go_type = format!("{package}.Maintainer");
                    decode::list(
                        value,
                        &mut self.maintainers,
                        |value| field.mismatch(value, &format!("[]*{go_type}")),
                        |entry, slot| optional(entry, slot, field, &go_type, Maintainer::read_over),
                    )?;
                }
                "icon" => decode::text(value, &mut self.icon, field)?,
                "apiVersion" => decode::text(value, &mut self.api_version, field)?,
                "condition" => decode::text(value, &mut self.condition, field)?,
                "tags" => decode::text(value, &mut self.tags, field)?,
                "appVersion" => decode::text(value, &mut self.app_version, field)?,
                "deprecated" => decode::truth(value, &mut self.deprecated, field)?,
                "annotations" => decode::pairs(value, &mut self.annotations, field)?,
                "kubeVersion" => decode::text(value, &mut self.kube_version, field)?,
                "dependencies" => {
                    self.lists_dependencies = dependencies(value, &mut self.dependencies, field, package)?;
                }
                _ => decode::text(value, &mut self.kind, field)?,
            }
        }
        Ok(())
    }

    /// Checks the metadata and cleans its texts of control characters. Helm: `Metadata.Validate`.
    ///
    /// # Errors
    /// The first thing that is missing or wrong, with `validation: ` in front.
    pub fn validate(&mut self) -> Result<()> {
        for text in [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ] {
            sanitize(text);
        }
        self.sources.iter_mut().for_each(sanitize);
        self.keywords.iter_mut().for_each(sanitize);
        if self.api_version.is_empty() {
            return Err(invalid("chart.metadata.apiVersion is required"));
        }
        if self.name.is_empty() {
            return Err(invalid("chart.metadata.name is required"));
        }
        if matches!(self.name.as_str(), "." | "..") {
            return Err(invalid(format!("chart.metadata.name {} is not allowed", quote(&self.name))));
        }
        if base_name(&self.name) != self.name {
            return Err(invalid(format!("chart.metadata.name {} is invalid", quote(&self.name))));
        }
        if self.version.is_empty() {
            return Err(invalid("chart.metadata.version is required"));
        }
        if Version::parse(&self.version).is_err() {
            return Err(invalid(format!("chart.metadata.version {} is invalid", quote(&self.version))));
        }
        if !matches!(self.kind.as_str(), "" | "application" | "library") {
            return Err(invalid("chart.metadata.type must be application or library"));
        }
        for maintainer in &mut self.maintainers {
            let Some(maintainer) = maintainer else {
                return Err(invalid("maintainers must not contain empty or null nodes"));
            };
            [&mut maintainer.name, &mut maintainer.email, &mut maintainer.url].into_iter().for_each(sanitize);
        }
        for index in 0..self.dependencies.len() {
            let Some(dependency) = &mut self.dependencies[index] else {
                return Err(invalid("dependencies must not contain empty or null nodes"));
            };
            dependency.validate()?;
            let key = dependency.effective_name().to_string();
            let earlier = &self.dependencies[..index];
            if earlier.iter().flatten().any(|dependency| dependency.effective_name() == key) {
                let key = quote(&key);
                return Err(invalid(format!("more than one dependency with name or alias {key}")));
            }
        }
        Ok(())
    }

    /// What Go's encoding/json makes of it: absent texts are left out, keys are Chart.yaml's.
    pub fn to_value(&self) -> Value {
        let mut map = Map::new();
        push_text(&mut map, "name", &self.name);
        push_text(&mut map, "home", &self.home);
        push_texts(&mut map, "sources", &self.sources);
        push_text(&mut map, "version", &self.version);
        push_text(&mut map, "description", &self.description);
        push_texts(&mut map, "keywords", &self.keywords);
        let maintainers = self.maintainers.iter().map(|entry| match entry {
            Some(maintainer) => maintainer.to_value(),
            None => Value::Null,
        });
        push_list(&mut map, "maintainers", maintainers.collect());
        push_text(&mut map, "icon", &self.icon);
        push_text(&mut map, "apiVersion", &self.api_version);
        push_text(&mut map, "condition", &self.condition);
        push_text(&mut map, "tags", &self.tags);
        push_text(&mut map, "appVersion", &self.app_version);
        if self.deprecated {
            map.insert("deprecated", true.into());
        }
        if !self.annotations.is_empty() {
            let pairs = self.annotations.iter();
            let pairs = pairs.map(|(key, value)| (Str::from(key), Value::from(value.as_str())));
            map.insert("annotations", pairs.collect::<Map>().into());
        }
        push_text(&mut map, "kubeVersion", &self.kube_version);
        push_list(&mut map, "dependencies", dependency_values(&self.dependencies));
        push_text(&mut map, "type", &self.kind);
        map.into()
    }

    /// Chart.yaml as Helm writes it: keys sorted, no comments, no unknown keys.
    ///
    /// # Errors
    /// A text with control characters that YAML cannot hold.
    pub fn to_yaml(&self) -> Result<Vec<u8>> {
        write(&self.to_value())
    }

    /// Chart.yaml as Helm saves it: a chart of `apiVersion: v1` keeps its dependencies in requirements.yaml.
    ///
    /// # Errors
    /// As [`Self::to_yaml`].
    pub fn to_saved_yaml(&self) -> Result<Vec<u8>> {
        if self.api_version == "v1" && !self.dependencies.is_empty() {
            return Self { dependencies: Vec::new(), ..self.clone() }.to_yaml();
        }
        self.to_yaml()
    }
}

impl Maintainer {
    fn read_over(&mut self, map: &Map) -> Result<()> {
        for (key, value) in map.iter() {
            let (path, slot) = match decode::field(&["name", "email", "url"], key) {
                Some("name") => ("maintainers.name", &mut self.name),
                Some("email") => ("maintainers.email", &mut self.email),
                Some(_) => ("maintainers.url", &mut self.url),
                None => continue,
            };
            decode::text(value, slot, Field { record: "Maintainer", path })?;
        }
        Ok(())
    }

    fn to_value(&self) -> Value {
        let mut map = Map::new();
        push_text(&mut map, "name", &self.name);
        push_text(&mut map, "email", &self.email);
        push_text(&mut map, "url", &self.url);
        map.into()
    }
}

impl Dependency {
    /// The name it goes by in the parent's values: the alias, if it has one.
    pub fn effective_name(&self) -> &str {
        if self.alias.is_empty() { &self.name } else { &self.alias }
    }

    fn read_over(&mut self, map: &Map) -> Result<()> {
        const FIELDS: [&str; 8] =
            ["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];
        for (key, value) in map.iter() {
            let Some(name) = decode::field(&FIELDS, key) else { continue };
            let field = |path| Field { record: "Dependency", path };
            match name {
                "name" => decode::text(value, &mut self.name, field("dependencies.name"))?,
                "version" => decode::text(value, &mut self.version, field("dependencies.version"))?,
                "repository" => {
                    decode::text(value, &mut self.repository, field("dependencies.repository"))?;
                }
                "condition" => decode::text(value, &mut self.condition, field("dependencies.condition"))?,
                "tags" => decode::texts(value, &mut self.tags, field("dependencies.tags"))?,
                "enabled" => decode::truth(value, &mut self.enabled, field("dependencies.enabled"))?,
                "import-values" => {
                    let field = field("dependencies.import-values");
                    decode::list(
                        value,
                        &mut self.import_values,
                        |value| field.mismatch(value, "[]interface {}"),
                        |entry, slot| {
                            *slot = untyped(entry);
                            Ok(())
                        },
                    )?;
                }
                _ => decode::text(value, &mut self.alias, field("dependencies.alias"))?,
            }
        }
        Ok(())
    }

    fn validate(&mut self) -> Result<()> {
        for text in [&mut self.name, &mut self.version, &mut self.repository, &mut self.condition] {
            sanitize(text);
        }
        self.tags.iter_mut().for_each(sanitize);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !self.alias.bytes().all(allowed) {
            let name = quote(&self.name);
            return Err(invalid(format!("dependency {name} has disallowed characters in the alias")));
        }
        Ok(())
    }

    /// What Go's encoding/json makes of it; name and repository are always there.
    pub fn to_value(&self) -> Value {
        let mut map = Map::new();
        map.insert("name", self.name.as_str().into());
        push_text(&mut map, "version", &self.version);
        map.insert("repository", self.repository.as_str().into());
        push_text(&mut map, "condition", &self.condition);
        push_texts(&mut map, "tags", &self.tags);
        if self.enabled {
            map.insert("enabled", true.into());
        }
        push_list(&mut map, "import-values", self.import_values.clone());
        push_text(&mut map, "alias", &self.alias);
        map.into()
    }
}

impl Lock {
    /// Reads Chart.lock or requirements.lock; nothing for an empty file.
    ///
    /// # Errors
    /// Not YAML, or a value of the wrong type; Go's texts.
    pub fn from_yaml(bytes: &[u8], compat: Compat) -> Result<Option<Self>> {
        let value = decode::read(
            bytes,
            &["digest", "dependencies.name", "dependencies.version", "dependencies.repository"],
        )?;
        let package = decode::package(compat);
        let Some(map) = decode::top(&value, &format!("{package}.Lock"))? else { return Ok(None) };
        let mut lock = Self::default();
        for (key, value) in map.iter() {
            let Some(path) = decode::field(&["generated", "digest", "dependencies"], key) else { continue };
            let field = Field { record: "Lock", path };
            match path {
                "generated" => match value {
                    Value::Null => {}
                    Value::String(text) => {
                        lock.generated = timestamp::normalize(&text.to_text())
                            .map_err(|message| decode::json_error(&message))?;
                    }
                    _ => return Err(decode::json_error("Time.UnmarshalJSON: input is not a JSON string")),
                },
                "digest" => decode::text(value, &mut lock.digest, field)?,
                _ => lock.lists_dependencies = dependencies(value, &mut lock.dependencies, field, package)?,
            }
        }
        Ok(Some(lock))
    }

    /// Chart.lock as Helm writes it.
    ///
    /// # Errors
    /// As [`Metadata::to_yaml`].
    pub fn to_yaml(&self) -> Result<Vec<u8>> {
        write(&self.to_value())
    }

    /// What Go's encoding/json makes of it.
    pub fn to_value(&self) -> Value {
        let mut map = Map::new();
        let generated = if self.generated.is_empty() { timestamp::NEVER } else { &self.generated };
        map.insert("generated", generated.into());
        map.insert("digest", self.digest.as_str().into());
        let entries = dependency_values(&self.dependencies);
        let no_list = entries.is_empty() && !self.lists_dependencies;
        map.insert("dependencies", if no_list { Value::Null } else { entries.into() });
        map.into()
    }
}

/// Reads the `apiVersion` alone, as Helm 4 does before it decides how to load a chart.
///
/// # Errors
/// Not YAML, or a value of the wrong type.
pub(super) fn api_version(bytes: &[u8]) -> Result<String> {
    let value = decode::read(bytes, &["apiVersion"])?;
    let mut found = String::new();
    for (key, value) in decode::top(&value, "loader.chartBase")?.into_iter().flat_map(Map::iter) {
        if let Some(path) = decode::field(&["apiVersion"], key) {
            decode::text(value, &mut found, Field { record: "chartBase", path })?;
        }
    }
    Ok(found)
}

fn optional<T: Default>(
    value: &Value,
    slot: &mut Option<T>,
    field: Field,
    go_type: &str,
    read_over: impl Fn(&mut T, &Map) -> Result<()>,
) -> Result<()> {
    match value {
        Value::Null => *slot = None,
        Value::Map(map) => read_over(slot.get_or_insert_default(), map)?,
        other => return Err(field.mismatch(other, go_type)),
    }
    Ok(())
}

fn dependencies(
    value: &Value,
    slot: &mut Vec<Option<Dependency>>,
    field: Field,
    package: &str,
) -> Result<bool> {
    let go_type = format!("{package}.Dependency");
    decode::list(
        value,
        slot,
        |value| field.mismatch(value, &format!("[]*{go_type}")),
        |entry, slot| optional(entry, slot, field, &go_type, Dependency::read_over),
    )
}

fn dependency_values(dependencies: &[Option<Dependency>]) -> Vec<Value> {
    dependencies.iter().map(|entry| entry.as_ref().map_or(Value::Null, Dependency::to_value)).collect()
}

/// Numbers as everything read through JSON has them.
fn untyped(value: &Value) -> Value {
    match value {
        Value::Int(number) => Value::Float(*number as f64),
        Value::List(list) => Value::from(list.iter().map(untyped).collect::<Vec<_>>()),
        Value::Map(map) => {
            Value::from(map.iter().map(|(key, value)| (key.clone(), untyped(value))).collect::<Map>())
        }
        other => other.clone(),
    }
}

fn push_text(map: &mut Map, key: &str, text: &str) {
    if !text.is_empty() {
        map.insert(key, text.into());
    }
}

fn push_texts(map: &mut Map, key: &str, texts: &[String]) {
    push_list(map, key, texts.iter().map(|text| text.as_str().into()).collect());
}

fn push_list(map: &mut Map, key: &str, list: Vec<Value>) {
    if !list.is_empty() {
        map.insert(key, list.into());
    }
}

/// White space becomes spaces, what cannot be printed goes. Helm: `sanitizeString`.
pub(crate) fn sanitize(text: &mut String) {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return;
    }
    let letters = text.chars().map(|letter| if letter.is_whitespace() { ' ' } else { letter });
    *text = letters.filter(|&letter| is_print(letter)).collect();
}

fn invalid(message: impl AsRef<str>) -> Error {
    Error::new(ErrorKind::Chart, format!("validation: {}", message.as_ref()))
}

fn write(value: &Value) -> Result<Vec<u8>> {
    yaml::write(value).map_err(|error| Error::new(ErrorKind::Chart, error.to_string()).with_source(error))
}
