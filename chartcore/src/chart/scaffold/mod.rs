//! `chart create`: the files of a new chart. Helm: pkg/chart/v2/util/create.go.
//!
//! Nothing is written here: the caller gets the files and puts them on disk.

use std::sync::Arc;

use super::{Chart, File, Metadata};
use crate::Compat;
use crate::error::{Error, ErrorKind, Result};
use crate::files::{base_name, quote};

/// Stands for the chart's name in the scaffold and in starters.
const PLACEHOLDER: &str = "<CHARTNAME>";

const NAME_LIMIT: usize = 250;

/// The files of a new chart.
#[derive(Debug, Clone)]
pub struct Scaffold {
    /// The files in the order Helm writes them; names are relative to the chart's folder.
    pub files: Vec<File>,
    /// Folders to make beside those of the files.
    pub folders: Vec<&'static str>,
    /// A starter's subcharts, each to be packed into `charts/`.
    pub dependencies: Vec<Chart>,
}

/// The order in which Helm writes them, which is the order of its warnings about files that are there already.
const FILES: [(&str, &str); 10] = [
    (".helmignore", include_str!("helmignore")),
    ("templates/ingress.yaml", include_str!("templates/ingress.yaml")),
    ("templates/httproute.yaml", include_str!("templates/httproute.yaml")),
    ("templates/deployment.yaml", include_str!("templates/deployment.yaml")),
    ("templates/service.yaml", include_str!("templates/service.yaml")),
    ("templates/serviceaccount.yaml", include_str!("templates/serviceaccount.yaml")),
    ("templates/hpa.yaml", include_str!("templates/hpa.yaml")),
    ("templates/NOTES.txt", include_str!("templates/NOTES.txt")),
    ("templates/_helpers.tpl", include_str!("templates/_helpers.tpl")),
    ("templates/tests/test-connection.yaml", include_str!("templates/tests/test-connection.yaml")),
];

/// The files of a new chart named `name`.
///
/// # Errors
/// The name is empty, longer than 250 bytes, or has other letters than `a-zA-Z0-9._-`.
pub fn create(name: &str, compat: Compat) -> Result<Scaffold> {
    if name.is_empty() || name.len() > NAME_LIMIT {
        let message = format!("chart name must be between 1 and {NAME_LIMIT} characters");
        return Err(Error::new(ErrorKind::Usage, message));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if !name.bytes().all(allowed) {
        let message = r#"chart name must match the regular expression "^[a-zA-Z0-9._-]+$""#;
        return Err(Error::new(ErrorKind::Usage, message));
    }
    let values = match compat {
        Compat::Helm3 => include_str!("values.helm3.yaml"),
        Compat::Helm4 => include_str!("values.helm4.yaml"),
    };
    let first = [("Chart.yaml", include_str!("Chart.yaml")), ("values.yaml", values)];
    let files = first.iter().chain(&FILES);
    let files = files.map(|(file, text)| File::new(*file, named(text.as_bytes(), name))).collect();
    Ok(Scaffold { files, folders: vec!["charts"], dependencies: Vec::new() })
}

/// The files of a new chart named `name` after the chart `starter`: its Chart.yaml is replaced, and
/// `<CHARTNAME>` in its templates and values stands for the name. Helm: `CreateFrom` and `SaveDir`.
///
/// # Errors
/// The name is none a folder can have, or the values are no YAML once the name is in them.
pub fn create_from(name: &str, starter: &Chart) -> Result<Scaffold> {
    let metadata = Metadata {
        name: name.to_string(),
        description: "A Helm chart for Kubernetes".to_string(),
        kind: "application".to_string(),
        version: "0.1.0".to_string(),
        app_version: "0.1.0".to_string(),
        api_version: "v2".to_string(),
        ..Metadata::default()
    };
    if base_name(name) != name {
        return Err(Error::new(ErrorKind::Usage, format!("{} is not a valid chart name", quote(name))));
    }
    let mut files = vec![File::new("Chart.yaml", metadata.to_yaml()?)];
    for file in starter.raw().iter().filter(|file| file.name() == "values.yaml") {
        let values = named(file.data(), name);
        super::read_values(&values, starter.compat())
            .map_err(|error| error.prefixed("transforming values file: "))?;
        files.push(File::new("values.yaml", values));
    }
    files.extend(starter.schema().cloned());
    for file in starter.templates() {
        files.push(File::new(file.name(), named(file.data(), name)));
    }
    files.extend(starter.files().iter().cloned());
    Ok(Scaffold { files, folders: Vec::new(), dependencies: starter.dependencies().to_vec() })
}

/// `text` with the name in the places kept for it.
fn named(text: &[u8], name: &str) -> Arc<[u8]> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find_placeholder(rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(name.as_bytes());
        rest = &rest[at + PLACEHOLDER.len()..];
    }
    out.extend_from_slice(rest);
    out.into()
}

fn find_placeholder(text: &[u8]) -> Option<usize> {
    text.windows(PLACEHOLDER.len()).position(|window| window == PLACEHOLDER.as_bytes())
}
