//! Rules about Chart.yaml.
//!
//! Helm: pkg/chart/v2/lint/rules/chartfile.go.

use super::report::Findings;
use super::url;
use crate::Compat;
use crate::chart::Metadata;
use crate::data::{Value, yaml};
use crate::version::{Constraint, Version};

const FILE: &str = "Chart.yaml";

/// Checks what Chart.yaml says. `data` is the file.
pub(super) fn check(data: &[u8], compat: Compat, findings: &mut Findings) {
    let metadata = match Metadata::from_yaml(data, compat) {
        Ok(metadata) => metadata,
        Err(error) => return findings.failure(FILE, "unable to parse YAML\n\t", &error),
    };
    // Types are seen in the tree only: the metadata has texts.
    let tree = yaml::parse(data).unwrap_or_default();
    if compat == Compat::Helm4
        && let Some(problem) = strictly(data, &tree)
    {
        findings.warning(FILE, format!("failed to strictly parse chart metadata file\n\t{problem}"));
    }
    let mut error = |problem: Option<String>| {
        if let Some(problem) = problem {
            findings.error(FILE, problem);
        }
    };
    error(name(&metadata));
    error(api_version(&metadata));
    error(not_a_text(&tree, "version"));
    error(version(&metadata));
    error(not_a_text(&tree, "appVersion"));
    error(maintainers(&metadata));
    error(sources(&metadata));
    if metadata.icon.is_empty() {
        findings.info(FILE, "icon is recommended");
    } else if !url::is_request_url(&metadata.icon) {
        findings.error(FILE, format!("invalid icon URL '{}'", metadata.icon));
    }
    if !metadata.kind.is_empty() && metadata.api_version != "v2" {
        findings.error(
            FILE,
            format!(
                "chart type is not valid in apiVersion '{}'. It is valid in apiVersion 'v2'",
                metadata.api_version
            ),
        );
    }
    if !metadata.dependencies.is_empty() && metadata.api_version != "v2" {
        findings.error(
            FILE,
            format!(
                "dependencies are not valid in the Chart file with apiVersion '{}'. They are valid in apiVersion 'v2'",
                metadata.api_version
            ),
        );
    }
    if compat == Compat::Helm4 && Version::parse_strict(&metadata.version).is_err() {
        findings.warning(FILE, format!("version '{}' is not a valid SemVerV2", metadata.version));
    }
}

/// What a strict reader says: keys that are there twice, else the first key nobody knows.
fn strictly(data: &[u8], tree: &Value) -> Option<String> {
    if let Err(error) = yaml::parse_strict(data) {
        return Some(error.full());
    }
    let unknown = unknown_key(tree, &FIELDS)?;
    Some(format!(
        "error unmarshaling JSON: while decoding JSON: json: unknown field {}",
        crate::quote::quoted(unknown.as_bytes())
    ))
}

/// A record's keys, and the records in the lists under them.
type Fields = [(&'static str, &'static [&'static str])];

/// Chart.yaml's keys. Helm: pkg/chart/v2/metadata.go, dependency.go.
static FIELDS: [(&str, &[&str]); 17] = [
    ("name", &[]),
    ("home", &[]),
    ("sources", &[]),
    ("version", &[]),
    ("description", &[]),
    ("keywords", &[]),
    ("maintainers", &["name", "email", "url"]),
    ("icon", &[]),
    ("apiVersion", &[]),
    ("condition", &[]),
    ("tags", &[]),
    ("appVersion", &[]),
    ("deprecated", &[]),
    ("annotations", &[]),
    ("kubeVersion", &[]),
    (
        "dependencies",
        &["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"],
    ),
    ("type", &[]),
];

/// The first unknown key, in the order encoding/json meets them: by name, inner ones on the way.
fn unknown_key(tree: &Value, fields: &Fields) -> Option<String> {
    for (key, value) in tree.as_map()?.iter() {
        let key = key.to_text();
        let Some((_, inner)) = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(&key)) else {
            return Some(key.into_owned());
        };
        if inner.is_empty() {
            continue;
        }
        for key in
            value.as_list().unwrap_or_default().iter().filter_map(Value::as_map).flat_map(|map| map.keys())
        {
            let key = key.to_text();
            if inner.iter().all(|name| !name.eq_ignore_ascii_case(&key)) {
                return Some(key.into_owned());
            }
        }
    }
    None
}

fn name(metadata: &Metadata) -> Option<String> {
    if metadata.name.is_empty() {
        return Some("name is required".to_owned());
    }
    (crate::files::base_name(&metadata.name) != metadata.name)
        .then(|| format!("chart name {} is invalid", crate::quote::quoted(metadata.name.as_bytes())))
}

fn api_version(metadata: &Metadata) -> Option<String> {
    match metadata.api_version.as_str() {
        "" => Some("apiVersion is required. The value must be either \"v1\" or \"v2\"".to_owned()),
        "v1" | "v2" => None,
        other => {
            Some(format!("apiVersion '{other}' is not valid. The value must be either \"v1\" or \"v2\""))
        }
    }
}

/// Go's type of a field that should be a text.
fn not_a_text(tree: &Value, key: &str) -> Option<String> {
    let kind = match tree.get(key)? {
        Value::String(_) => return None,
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int64",
        Value::Float(_) => "float64",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
    };
    Some(format!("{key} should be of type string but it's of type {kind}"))
}

fn version(metadata: &Metadata) -> Option<String> {
    let text = &metadata.version;
    if text.is_empty() {
        return Some("version is required".to_owned());
    }
    let Ok(version) = Version::parse(text) else {
        return Some(format!("version '{text}' is not a valid SemVer"));
    };
    let reasons = Constraint::parse(">0.0.0-0").ok()?.validate(&version).err()?;
    reasons.first().map(|reason| format!("version {reason}"))
}

/// The first maintainer something is wrong with.
fn maintainers(metadata: &Metadata) -> Option<String> {
    metadata.maintainers.iter().find_map(|maintainer| {
        let Some(maintainer) = maintainer else { return Some("a maintainer entry is empty".to_owned()) };
        let (name, email, page) = (&maintainer.name, &maintainer.email, &maintainer.url);
        if name.is_empty() {
            Some("each maintainer requires a name".to_owned())
        } else if !email.is_empty() && !url::is_email(email) {
            Some(format!("invalid email '{email}' for maintainer '{name}'"))
        } else if !page.is_empty() && !url::is_url(page) {
            Some(format!("invalid url '{page}' for maintainer '{name}'"))
        } else {
            None
        }
    })
}

fn sources(metadata: &Metadata) -> Option<String> {
    let wrong = metadata.sources.iter().find(|source| !url::is_request_url(source))?;
    Some(format!("invalid source URL '{wrong}'"))
}
