//! `chart resolve`: which chart exactly is meant by a name and a range.

use std::path::Path;

use crate::Compat;
use crate::chart::{LoadOptions, VersionCheck, load};
use crate::diag::Diagnostic;
use crate::error::Result;
use crate::files::directory::exists;
use crate::registry::{Reference, Registry};
use crate::repository::{Choice, Fetcher, Places};
use crate::transport::Progress;

/// An exact chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Its name.
    pub name: String,
    /// Its exact version.
    pub version: String,
    /// The version of what it installs.
    pub app_version: String,
    /// Where its archive is: a URL, a reference with its tag, or a path.
    pub url: String,
    /// The sha256 of its archive, `sha256:…`; empty when nobody says.
    pub digest: String,
    /// What there was to say on the way.
    pub warnings: Vec<Diagnostic>,
}

/// Decides which chart is meant: a path, `oci://…`, `REPOSITORY/CHART`, a URL, or a name in `choice.repository`; of the
/// versions in range the newest by SemVer.
///
/// # Errors
/// There is no such chart or version.
pub fn pin(
    reference: &str,
    choice: &Choice,
    places: &Places,
    fetcher: &Fetcher,
    registry: &Registry,
    progress: &dyn Progress,
) -> Result<Pinned> {
    let compat = fetcher.compat();
    if choice.repository.is_empty() && exists(Path::new(reference)) {
        return pin_path(Path::new(reference), compat);
    }
    if choice.repository.is_empty() && Reference::is_oci(reference) {
        let reference = registry.resolve(&Reference::parse(reference)?, &choice.version, compat)?;
        let remote = registry.look_up(&reference)?;
        let config = remote.config();
        return Ok(Pinned {
            name: config.name.clone(),
            version: config.version.clone(),
            app_version: config.app_version.clone(),
            url: format!("oci://{}", remote.reference()),
            digest: remote.chart().digest.clone(),
            warnings: Vec::new(),
        });
    }
    let located = fetcher.locate(reference, choice, places, progress)?;
    if let Some(record) = &located.record {
        let digest = match located.digest.as_str() {
            "" => String::new(),
            digest if digest.contains(':') => digest.to_owned(),
            digest => format!("sha256:{digest}"),
        };
        return Ok(Pinned {
            name: record.name.to_string(),
            version: record.version.to_string(),
            app_version: record.app_version.to_string(),
            url: located.url,
            digest,
            warnings: located.warnings,
        });
    }
    // Only the archive itself knows what is behind a bare URL.
    let fetched = fetcher.fetch(&located, &places.archives(), progress)?;
    Ok(Pinned {
        url: located.url,
        digest: fetched.digest.to_string(),
        warnings: located.warnings,
        ..pin_path(&fetched.path, compat)?
    })
}

fn pin_path(path: &Path, compat: Compat) -> Result<Pinned> {
    let chart = load(path, &LoadOptions::new(compat).version_check(VersionCheck::Skip))?;
    let metadata = chart.metadata();
    let is_file = path.is_file();
    let digest = if is_file { crate::archive::sha256_file(path)?.to_string() } else { String::new() };
    Ok(Pinned {
        name: metadata.name.clone(),
        version: metadata.version.clone(),
        app_version: metadata.app_version.clone(),
        url: path.display().to_string(),
        digest,
        warnings: Vec::new(),
    })
}
