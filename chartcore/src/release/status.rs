//! A release with its live objects.

use serde_json::Value as Json;

use super::{Release, Releases, record};
use crate::Compat;
use crate::error::{Error, ErrorKind, Result};

/// A release and what its objects are at.
#[derive(Debug, Clone)]
pub struct StatusReport {
    /// The release.
    pub release: Release,
    /// `VERSION/KIND` to the server's answers: tables, or the objects themselves.
    pub resources: Vec<(String, Vec<Json>)>,
}

impl Releases {
    /// A revision of a release with its live objects, as tables or as they are.
    ///
    /// # Errors
    /// As [`Releases::get`]; a kind of the manifest is no longer served.
    pub fn status(&self, name: &str, revision: i64, as_tables: bool) -> Result<StatusReport> {
        let release = self.get(name, revision)?;
        let objects = self.cluster.objects(release.manifest.as_bytes(), &release.namespace)?;
        let resources = self.cluster.tables(&objects, as_tables);
        Ok(StatusReport { release, resources })
    }
}

impl Release {
    /// The release as Helm prints it as JSON: fields in Go's order, the chart only if asked for.
    ///
    /// # Errors
    /// A value has no form in JSON.
    pub fn to_json(&self, compat: Compat, with_chart: bool) -> Result<Vec<u8>> {
        let mut shown = self.clone();
        if !with_chart {
            shown.chart = crate::data::Value::Null;
        }
        record::to_json(&shown, compat).map_err(|error| Error::new(ErrorKind::Release, error.to_string()))
    }
}

impl StatusReport {
    /// As [`Release::to_json`], with the live objects under `info.resources`.
    ///
    /// # Errors
    /// A value has no form in JSON.
    pub fn to_json(&self, compat: Compat) -> Result<Vec<u8>> {
        let text = self.release.to_json(compat, false)?;
        if self.resources.is_empty() {
            return Ok(text);
        }
        let failed = |error: String| Error::new(ErrorKind::Release, error);
        let mut resources = crate::data::Map::new();
        for (key, items) in &self.resources {
            let items = serde_json::to_vec(items).map_err(|error| failed(error.to_string()))?;
            let value = crate::data::json::parse(&items).map_err(|error| failed(error.to_string()))?;
            resources.insert(key.as_str(), value);
        }
        // `info` ends with its notes or its status; the objects follow.
        let written =
            crate::data::json::write(&resources.into()).map_err(|error| failed(error.to_string()))?;
        Ok(insert_in_info(&text, &written))
    }
}

/// Puts `"resources":VALUE` at the end of the object under `info`.
fn insert_in_info(text: &[u8], value: &[u8]) -> Vec<u8> {
    let end = end_of_info(text).unwrap_or(0);
    let mut out = Vec::with_capacity(text.len() + value.len() + 16);
    out.extend_from_slice(text.get(..end).unwrap_or_default());
    if end > 0 {
        out.extend_from_slice(b",\"resources\":");
        out.extend_from_slice(value);
    }
    out.extend_from_slice(text.get(end..).unwrap_or_default());
    out
}

fn end_of_info(text: &[u8]) -> Option<usize> {
    const START: &[u8] = b"\"info\":{";
    let mut at = memchr::memmem::find(text, START)? + START.len();
    let (mut depth, mut in_text) = (1, false);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' if in_text => at += 1,
            b'"' => in_text = !in_text,
            b'{' if !in_text => depth += 1,
            b'}' if !in_text => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_go_into_info() {
        let text = br#"{"name":"a","info":{"notes":"}\"{"},"x":1}"#;
        let out = insert_in_info(text, b"{}");
        assert_eq!(
            String::from_utf8_lossy(&out),
            r#"{"name":"a","info":{"notes":"}\"{","resources":{}},"x":1}"#
        );
    }
}
