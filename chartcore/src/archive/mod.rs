//! A chart as bytes that do not change.
//!
//! The tar inside equals Helm 4.3.1's with `SOURCE_DATE_EPOCH`, entry by entry, save that subcharts are sorted by
//! name where Helm's order is random. The compressed bytes are the same on every machine.

mod digest;
mod entries;
mod listing;
#[cfg(feature = "provenance")]
pub mod provenance;
mod unpack;

pub use digest::{Digest, content_digest, content_digest_of_archive, sha256, sha256_file};
pub use entries::{Entry, entries};
pub use listing::{Listed, Listing, list};
pub use unpack::unpack;

use crate::Compat;
use crate::chart::Chart;
use crate::error::{Error, ErrorKind, Result};
use crate::files::{GzipHeader, TAR_MTIME_LIMIT, finish_tar, write_gzip, write_tar_file};
use crate::version::Version;

/// The time of every entry when none is given: 1980-01-01T00:00:00Z, which zip can hold too.
pub const DEFAULT_MTIME: u64 = 315_532_800;

/// What Helm puts into the gzip header, by which its archives are known. Helm: `headerBytes` in
/// pkg/chart/v2/util/save.go; Helm 3 writes no proper sub-field.
const EXTRA_HELM3: &[u8] = b"+aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo=";
const EXTRA_HELM4: &[u8] = b"rr\x28\x00aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo=";

/// How to pack a chart.
#[non_exhaustive]
#[derive(Debug, Clone, Default)]
pub struct PackOptions {
    /// Replaces the version.
    pub version: Option<String>,
    /// Replaces the version of what the chart installs.
    pub app_version: Option<String>,
    /// Seconds since 1970 for every entry and, by Helm 4's rules, for `generated` in Chart.lock
    /// (`SOURCE_DATE_EPOCH`). Without it entries get [`DEFAULT_MTIME`] and Chart.lock keeps its time.
    pub mtime: Option<u64>,
}

impl PackOptions {
    /// The chart as it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the version.
    ///
    /// # Errors
    /// It is none; Masterminds' text.
    pub fn version(mut self, version: impl Into<String>) -> Result<Self> {
        let version = version.into();
        Version::parse(&version)?;
        self.version = Some(version);
        Ok(self)
    }

    /// Replaces the version of what the chart installs.
    #[must_use]
    pub fn app_version(mut self, version: impl Into<String>) -> Self {
        self.app_version = Some(version.into());
        self
    }

    /// Sets the time of every entry, in seconds since 1970.
    #[must_use]
    pub fn mtime(mut self, seconds: u64) -> Self {
        self.mtime = Some(seconds);
        self
    }
}

/// A packed chart.
#[derive(Debug, Clone)]
pub struct Archive {
    name: String,
    version: String,
    bytes: Vec<u8>,
    digest: Digest,
}

impl Archive {
    /// The chart's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The chart's version, verbatim.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// `NAME-VERSION.tgz`.
    pub fn file_name(&self) -> String {
        format!("{}-{}.tgz", self.name, self.version)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, taken out.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The sha256 of the bytes; prints `sha256:…`.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// Packs a chart. Helm: pkg/action/package.go and pkg/chart/v2/util/save.go.
///
/// # Errors
/// A version that is none, dependencies that are not in `charts/`, a schema that is no JSON; Helm's texts.
pub fn pack(chart: &Chart, options: &PackOptions) -> Result<Archive> {
    pack_if(chart, options, Chart::check_dependencies)
}

/// As [`pack`], of a chart that may lack dependencies: as `dependency update` packs local charts.
#[cfg(feature = "repository")]
pub(crate) fn pack_unchecked(chart: &Chart, options: &PackOptions) -> Result<Archive> {
    pack_if(chart, options, |_| Ok(()))
}

fn pack_if(
    chart: &Chart,
    options: &PackOptions,
    check: impl FnOnce(&Chart) -> Result<()>,
) -> Result<Archive> {
    let mtime = options.mtime.unwrap_or(DEFAULT_MTIME);
    if mtime >= TAR_MTIME_LIMIT {
        let message = format!("time {mtime} is too far in the future for an archive");
        return Err(Error::new(ErrorKind::Usage, message));
    }
    let version = options.version.as_deref().unwrap_or(&chart.metadata().version);
    Version::parse(version)?;
    check(chart)?;
    let entries = entries(chart, options).map_err(|error| error.prefixed("failed to save: "))?;
    let size: usize = entries.iter().map(|entry| entry.data.len() + 1_024).sum();
    let mut tar = Vec::with_capacity(size + 1_024);
    for entry in &entries {
        write_tar_file(&mut tar, &entry.name, &entry.data, mtime);
    }
    finish_tar(&mut tar);
    let extra = match chart.compat() {
        Compat::Helm3 => EXTRA_HELM3,
        Compat::Helm4 => EXTRA_HELM4,
    };
    let bytes = write_gzip(GzipHeader { extra, comment: "Helm" }, &tar);
    let digest = sha256(&bytes);
    Ok(Archive { name: chart.name().to_string(), version: version.to_string(), bytes, digest })
}
