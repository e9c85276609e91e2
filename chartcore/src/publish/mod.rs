//! Publishing: charts of a commit into a registry, each version once and for all.
//!
//! [`prepare`] makes charts ready without touching the working tree or the network, [`publish`] looks, pushes and
//! looks again, [`trace`] leads back to the commit, [`changed`] tells which charts a range of commits changed.

mod changed;
mod git;
mod prepare;
mod trace;
mod values;
mod vendored;
mod version;

use serde::Serialize;

pub use changed::{changed, charts_below};
pub use git::{Commit, Git};
pub use prepare::{Prepared, prepare};
pub use trace::{Trace, trace};
pub use vendored::Vendoring;
pub use version::Strategy;

use crate::Compat;
use crate::archive::{PackOptions, entries};
use crate::chart::{Chart, LoadOptions, Metadata, VersionCheck, load_archive};
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};
use crate::registry::{Image, PushedNew, REVISION_ANNOTATION, Reference, Registry};
use crate::render::KubeVersion;
use crate::values::Overrides;

/// What to do where the version is there already with other content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnExists {
    /// Fail with [`ErrorKind::AlreadyExists`].
    #[default]
    Fail,
    /// Leave what is there.
    Skip,
    /// Leave what is there if its files are ours, be it of another commit; else fail.
    Verify,
}

/// How to publish.
#[non_exhaustive]
#[derive(Debug, Clone, Default)]
pub struct PublishOptions {
    /// Whose rules to load, lint and pack by.
    pub compat: Compat,
    /// How the version is made.
    pub strategy: Strategy,
    /// The version of what the chart installs, instead of what the strategy says.
    pub app_version: Option<String>,
    /// The commit's short name, instead of what git says.
    pub git_hash: Option<String>,
    /// Writes `g` before a commit's name, so that any of them is part of a version.
    pub safe_hash: bool,
    /// Images to set: path into values.yaml, and the image.
    pub images: Vec<(String, String)>,
    /// Lets images have the tag `latest` or none.
    pub allow_latest: bool,
    /// Asks the registries for every image.
    pub check_images: bool,
    /// Publishes what differs from the commit, and says so.
    pub allow_dirty: bool,
    /// What to do where the version is there.
    pub on_exists: OnExists,
    /// Where the source is, for the annotation that registries show.
    pub source: Option<String>,
    /// Seconds since 1970 (`SOURCE_DATE_EPOCH`); without it, the commit's time.
    pub epoch: Option<u64>,
    /// Values to lint and render with; they are not published.
    pub overrides: Overrides,
    /// The Kubernetes to lint and render for.
    pub kube_version: Option<KubeVersion>,
    /// Only looks: nothing is pushed.
    pub dry_run: bool,
}

impl PublishOptions {
    /// The version of Chart.yaml, and no exceptions.
    pub fn new(compat: Compat) -> Self {
        Self { compat, ..Self::default() }
    }

    fn needs_commit(&self) -> bool {
        match self.strategy {
            Strategy::Base | Strategy::Given(_) => false,
            Strategy::GitHash => self.git_hash.is_none(),
            Strategy::Tag | Strategy::Describe => true,
        }
    }
}

/// How publishing one chart ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Status {
    /// The version is new.
    #[serde(rename = "published")]
    Published,
    /// The very same artifact was there.
    #[serde(rename = "already published")]
    AlreadyPublished,
    /// Other content was there and stays, as [`OnExists::Skip`] wants.
    #[serde(rename = "exists, skipped")]
    Skipped,
    /// Nothing was pushed, as [`PublishOptions::dry_run`] wants.
    #[serde(rename = "would be published")]
    WouldBe,
}

impl Status {
    /// As a person reads it, and as JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::AlreadyPublished => "already published",
            Self::Skipped => "exists, skipped",
            Self::WouldBe => "would be published",
        }
    }
}

/// A published chart, as `chart publish` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Published {
    /// How it ended.
    pub status: Status,
    /// The chart's name.
    pub name: String,
    /// The chart's version.
    pub version: String,
    /// The version of what it installs.
    #[serde(rename = "appVersion")]
    pub app_version: String,
    /// The reference with its tag, without `oci://`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The tag.
    pub tag: String,
    /// The digest of the manifest that the tag names.
    #[serde(rename = "manifestDigest")]
    pub manifest_digest: String,
    /// The digest of the archive.
    #[serde(rename = "chartDigest")]
    pub chart_digest: String,
    /// The commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The images that the chart names with its defaults.
    pub images: Vec<String>,
}

/// Publishes charts below `target` (`oci://HOST/PATH`; capital letters become small). All are looked for before any is
/// pushed; `done` is told of each as it ends.
///
/// # Errors
/// An image is missing, a version is there with other content ([`ErrorKind::AlreadyExists`]), or a registry refuses.
pub fn publish(
    registry: &Registry,
    prepared: &[Prepared],
    target: &str,
    options: &PublishOptions,
    done: &mut dyn FnMut(Published),
) -> Result<()> {
    let places = prepared
        .iter()
        .map(|chart| Registry::place(&target.to_ascii_lowercase(), chart.metadata()))
        .collect::<Result<Vec<Reference>>>()?;
    if options.check_images {
        check_images(registry, prepared)?;
    }
    let mut found = Vec::with_capacity(prepared.len());
    for (chart, place) in prepared.iter().zip(&places) {
        found.push(look(registry, chart, place, options)?);
    }
    for ((chart, place), found) in prepared.iter().zip(&places).zip(found) {
        let result = match found {
            Some(result) => result,
            None if options.dry_run => result(chart, place, Status::WouldBe),
            None => match registry.push_new(&chart.artifact, place) {
                Ok(PushedNew::Pushed(_)) => result(chart, place, Status::Published),
                Ok(PushedNew::AlreadyThere(_)) => result(chart, place, Status::AlreadyPublished),
                // Somebody came first since we looked.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => match registry.find(place)? {
                    Some(there) => existing(registry, chart, place, &there, options)?,
                    None => return Err(error),
                },
                Err(error) => return Err(error),
            },
        };
        done(result);
    }
    Ok(())
}

fn result(chart: &Prepared, place: &Reference, status: Status) -> Published {
    let metadata = chart.metadata();
    Published {
        status,
        name: metadata.name.clone(),
        version: metadata.version.clone(),
        app_version: metadata.app_version.clone(),
        reference: place.to_string(),
        tag: place.tag().unwrap_or_default().to_owned(),
        manifest_digest: chart.artifact.digest().to_string(),
        chart_digest: chart.artifact.chart_digest().to_string(),
        commit: chart.commit.as_ref().map(|commit| commit.hash.clone()),
        images: chart.images.clone(),
    }
}

/// Looks whether the version is there; `None` where it is free.
fn look(
    registry: &Registry,
    chart: &Prepared,
    place: &Reference,
    options: &PublishOptions,
) -> Result<Option<Published>> {
    match registry.find(place)? {
        None => Ok(None),
        Some(there) => existing(registry, chart, place, &there, options).map(Some),
    }
}

fn existing(
    registry: &Registry,
    chart: &Prepared,
    place: &Reference,
    there: &str,
    options: &PublishOptions,
) -> Result<Published> {
    let ours = chart.artifact.digest().to_string();
    if there == ours {
        return Ok(result(chart, place, Status::AlreadyPublished));
    }
    let status = match options.on_exists {
        OnExists::Skip => Status::Skipped,
        OnExists::Verify if same_files(registry, chart, place, options.compat)? => Status::AlreadyPublished,
        OnExists::Fail | OnExists::Verify => {
            return Err(crate::registry::already_exists(place, there, &ours));
        }
    };
    // What is told is what is there.
    let remote = registry.look_up(place)?;
    Ok(Published {
        manifest_digest: there.to_owned(),
        chart_digest: remote.chart().digest.clone(),
        commit: remote.manifest().annotations().get(REVISION_ANNOTATION).cloned(),
        ..result(chart, place, status)
    })
}

/// Whether what is published holds the same files, whatever commit and time it was made at.
fn same_files(registry: &Registry, chart: &Prepared, place: &Reference, compat: Compat) -> Result<bool> {
    let remote = registry.look_up(place)?;
    let load_options = LoadOptions::new(compat).version_check(VersionCheck::Skip);
    let there = load_archive(&registry.archive(&remote)?, &load_options)?;
    let ours = load_archive(chart.artifact.archive(), &load_options)?;
    let timeless = |chart: &Chart| -> Result<Vec<(String, Vec<u8>)>> {
        let files = entries(chart, &PackOptions::new().mtime(0))?;
        let own = format!("{}/Chart.yaml", chart.name());
        let rest = files.into_iter().filter(|file| file.name != own);
        Ok(rest.map(|file| (file.name, file.data.to_vec())).collect())
    };
    Ok(without_commit(there.metadata()) == without_commit(ours.metadata())
        && timeless(&there)? == timeless(&ours)?)
}

fn without_commit(metadata: &Metadata) -> Metadata {
    let mut metadata = metadata.clone();
    metadata.annotations.retain(|(key, _)| key != REVISION_ANNOTATION);
    metadata.annotations.sort();
    metadata
}

/// Asks for every image of every chart, each once, and names all that are missing.
fn check_images(registry: &Registry, prepared: &[Prepared]) -> Result<()> {
    let mut images: Vec<&str> = prepared.iter().flat_map(|chart| &chart.images).map(String::as_str).collect();
    images.sort_unstable();
    images.dedup();
    let mut missing = Vec::new();
    for image in images {
        let there = registry
            .has_image(&Image::parse(image)?)
            .map_err(|error| error.prefixed(format_args!("image {}: ", crate::files::quote(image))))?;
        if !there {
            missing.push(crate::files::quote(image));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let plural = if missing.len() == 1 { "image is" } else { "images are" };
    let message = format!("{} {plural} not in the registry: {}", missing.len(), missing.join(", "));
    let diagnostic = Diagnostic::error("missing-image", "a chart is published after its images")
        .hint("push the images first, or name published ones with --set-image PATH=IMAGE:TAG");
    Err(Error::new(ErrorKind::NotFound, message).with_diagnostic(diagnostic))
}
