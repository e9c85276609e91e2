//! From a published chart back to where it came from.

use serde::Serialize;

use crate::error::Result;
use crate::registry::{CREATED_ANNOTATION, REVISION_ANNOTATION, Reference, Registry, SOURCE_ANNOTATION};

/// Where a published chart came from. An absent text is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// The reference with its tag, without `oci://`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The chart's name.
    pub name: String,
    /// The chart's version.
    pub version: String,
    /// The version of what it installs.
    #[serde(rename = "appVersion")]
    pub app_version: String,
    /// The commit it was made of.
    pub commit: String,
    /// Where its source is.
    pub source: String,
    /// When it was made.
    pub created: String,
    /// The manifest's digest.
    #[serde(rename = "manifestDigest")]
    pub manifest_digest: String,
    /// The archive's digest.
    #[serde(rename = "chartDigest")]
    pub chart_digest: String,
}

/// Reads where a chart came from out of its manifest.
///
/// # Errors
/// There is no such chart.
pub fn trace(registry: &Registry, reference: &Reference) -> Result<Trace> {
    let remote = registry.look_up(reference)?;
    let annotation = |key: &str| remote.manifest().annotations().get(key).cloned().unwrap_or_default();
    Ok(Trace {
        reference: reference.to_string(),
        name: remote.config().name.clone(),
        version: remote.config().version.clone(),
        app_version: remote.config().app_version.clone(),
        commit: annotation(REVISION_ANNOTATION),
        source: annotation(SOURCE_ANNOTATION),
        created: annotation(CREATED_ANNOTATION),
        manifest_digest: remote.digest().to_owned(),
        chart_digest: remote.chart().digest.clone(),
    })
}
