//! The one walk over a chart's files, for packing and for listing.

use std::sync::Arc;

use serde::de::IgnoredAny;

use super::PackOptions;
use crate::Compat;
use crate::chart::{Chart, Lock, Metadata, time_text};
use crate::error::{Error, ErrorKind, Result};
use crate::files::{base_name, quote};

/// One file of an archive.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name, beginning with the chart's.
    pub name: String,
    /// The bytes.
    pub data: Arc<[u8]>,
}

/// The files of a packed chart in order: Chart.yaml and Chart.lock written anew, values, schema, templates, other
/// files, and then each subchart, by name, as a folder. Helm: `writeTarContents`.
///
/// # Errors
/// Metadata that is not valid, or a schema that is no JSON.
pub fn entries(chart: &Chart, options: &PackOptions) -> Result<Vec<Entry>> {
    let mut metadata = chart.metadata().clone();
    if let Some(version) = &options.version {
        metadata.version.clone_from(version);
    }
    if let Some(version) = &options.app_version {
        metadata.app_version.clone_from(version);
    }
    metadata.validate().map_err(|error| error.prefixed("chart validation: "))?;
    let mut out = Vec::with_capacity(chart.raw().len());
    push_chart(&mut out, chart, &metadata, "", options)?;
    Ok(out)
}

fn push_chart(
    out: &mut Vec<Entry>,
    chart: &Chart,
    metadata: &Metadata,
    prefix: &str,
    options: &PackOptions,
) -> Result<()> {
    if base_name(&metadata.name) != metadata.name {
        let message = format!("{} is not a valid chart name", quote(&metadata.name));
        return Err(Error::new(ErrorKind::Chart, message));
    }
    let base = format!("{prefix}{}/", metadata.name);
    let mut push = |name: &str, data: Arc<[u8]>| out.push(Entry { name: format!("{base}{name}"), data });
    push("Chart.yaml", metadata.to_saved_yaml()?.into());
    if metadata.api_version == "v2"
        && let Some(lock) = chart.lock()
    {
        // Helm 3 knows no SOURCE_DATE_EPOCH.
        let stamp = options.mtime.filter(|_| chart.compat() == Compat::Helm4);
        let bytes = match stamp {
            Some(seconds) => Lock { generated: time_text(seconds), ..lock.clone() }.to_yaml()?,
            None => lock.to_yaml()?,
        };
        push("Chart.lock", bytes.into());
    }
    let raw_values = chart.raw().iter().filter(|file| file.name() == "values.yaml");
    raw_values.for_each(|file| push("values.yaml", file.shared_data()));
    if let Some(schema) = chart.schema() {
        check_json(schema.data(), chart.compat())?;
        push("values.schema.json", schema.shared_data());
    }
    for file in chart.templates().iter().chain(chart.files()) {
        push(file.name(), file.shared_data());
    }
    for dependency in chart.dependencies() {
        push_chart(out, dependency, dependency.metadata(), &format!("{base}charts/"), options)?;
    }
    Ok(())
}

fn check_json(bytes: &[u8], compat: Compat) -> Result<()> {
    serde_json::from_slice::<IgnoredAny>(bytes).map(|_| ()).map_err(|error| {
        let message = match compat {
            Compat::Helm3 => "Invalid JSON in values.schema.json",
            Compat::Helm4 => "invalid JSON in values.schema.json",
        };
        Error::new(ErrorKind::Schema, message).with_source(error)
    })
}
