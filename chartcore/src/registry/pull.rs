//! A chart out of a registry: which version, its manifest, its blobs, each checked against its digest.

use std::path::Path;

use super::artifact::{
    CREATED_ANNOTATION, ChartBlobs, Config, Descriptor, MANIFEST_LIMIT, Manifest, PROVENANCE_LIMIT,
};
use super::client::{Fetched, Registry};
use super::reference::Reference;
use super::tags::{builds_of, choose, versions};
use crate::Compat;
use crate::archive::Digest;
use crate::cache::{Cache, Kind};
use crate::chart::{LoadOptions, Metadata, VersionCheck, load_archive};
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::{Download, Expected, Progress};
use crate::version::Version;

/// The most manifests of an index that are looked at for a chart.
const INDEX_ENTRIES: usize = 16;

/// The most builds of a version whose times are compared.
const BUILDS: usize = 32;

/// A chart in a registry: its manifest is here, its archive still there.
#[derive(Debug, Clone)]
pub struct Remote {
    reference: Reference,
    digest: String,
    manifest: Manifest,
    config: Config,
    chart: Descriptor,
    provenance: Option<Descriptor>,
}

impl Remote {
    /// What it was found under.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The digest of what the reference names: the manifest, or the index it was found in.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Name and version by the configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The archive's descriptor.
    pub fn chart(&self) -> &Descriptor {
        &self.chart
    }

    /// The provenance file's descriptor.
    pub fn provenance(&self) -> Option<&Descriptor> {
        self.provenance.as_ref()
    }

    /// Whether the archive has the media type of an old Helm.
    pub fn is_legacy(&self) -> bool {
        self.chart.media_type == super::artifact::LEGACY_CHART_MEDIA_TYPE
    }

    /// What `pull` calls the archive. Helm: `DownloadTo` in pkg/downloader/chart_downloader.go, save that of the tag
    /// `1.0.0_b` it makes `1.0.0+b` whichever way it was given.
    pub fn file_name(&self) -> String {
        let name = self.reference.name();
        match (self.reference.version(), self.reference.digest()) {
            (Some(version), None) => format!("{name}-{version}.tgz"),
            (_, digest) => format!("{name}@{}.tgz", digest.unwrap_or(&self.digest).replace(':', "-")),
        }
    }
}

impl Registry {
    /// The versions in a repository, newest first.
    ///
    /// # Errors
    /// As [`Registry::tags`].
    pub fn versions(&self, reference: &Reference) -> Result<Vec<Version>> {
        Ok(versions(self.tags(reference)?))
    }

    /// Decides which artifact is meant by a reference and `--version`: a version, a range, or nothing.
    ///
    /// Helm: `Client.ValidateReference`. Unlike Helm, a tag in the reference itself need not be a version.
    ///
    /// # Errors
    /// The reference and the version contradict each other, or nothing is in range; Helm's texts.
    pub fn resolve(&self, reference: &Reference, wanted: &str, compat: Compat) -> Result<Reference> {
        let wanted = wanted.trim();
        let tag = reference.tag().unwrap_or_default();
        if !wanted.is_empty() && !tag.is_empty() && tag != wanted.replace('+', "_") {
            let message = format!("chart reference and version mismatch: {wanted} is not {tag}");
            return Err(Error::new(ErrorKind::Usage, message));
        }
        if let Some(digest) = reference.digest() {
            let by_digest = reference.with_digest(digest)?;
            if wanted.is_empty() && tag.is_empty() {
                return Ok(by_digest);
            }
            // The digest decides; a tag that is there must not say otherwise.
            let tagged = reference.with_version(if tag.is_empty() { wanted } else { tag })?;
            return match self.find(&tagged)? {
                Some(found) if found != digest => {
                    let message = format!("chart reference digest mismatch: {found} is not {digest}");
                    Err(Error::new(ErrorKind::Integrity, message))
                }
                _ => Ok(by_digest),
            };
        }
        if !tag.is_empty() {
            return Ok(reference.clone());
        }
        if Version::parse(wanted).is_ok() {
            return reference.with_version(wanted);
        }
        let versions = self.versions(reference)?;
        if versions.is_empty() {
            let message = format!("unable to locate any tags in provided repository: oci://{reference}");
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        let chosen = choose(&versions, wanted, compat)
            .map_err(|error| if wanted.is_empty() { only_builds(error, &versions) } else { error })?;
        reference.with_version(chosen.original())
    }

    /// Fetches manifest and configuration of a chart.
    ///
    /// # Errors
    /// It is not there (with the builds there are of a version that is not), no chart, or not what its digests say.
    pub fn look_up(&self, reference: &Reference) -> Result<Remote> {
        let top = match self.manifest(reference) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(self.with_builds(error, reference));
            }
            top => top?,
        };
        let Fetched { digest, manifest, .. } = top;
        let manifest = match manifest.is_index() {
            true => self.chart_in_index(reference, &manifest)?,
            false => manifest,
        };
        let ChartBlobs { config, chart, provenance } = manifest.chart()?;
        let (chart, provenance) = (chart.clone(), provenance.cloned());
        let config = Config::parse(&self.blob(reference, config, MANIFEST_LIMIT)?)?;
        Ok(Remote { reference: reference.clone(), digest, manifest, config, chart, provenance })
    }

    /// The first manifest of an index that is a chart's.
    fn chart_in_index(&self, reference: &Reference, index: &Manifest) -> Result<Manifest> {
        for entry in index.listed().take(INDEX_ENTRIES) {
            let found = self.manifest(&reference.with_digest(&entry.digest)?)?.manifest;
            if !found.is_index() && found.chart().is_ok() {
                return Ok(found);
            }
        }
        let message = "manifest does not contain minimum number of descriptors (2), descriptors found: 1";
        Err(Error::new(ErrorKind::Chart, message))
    }

    /// The archive in memory, verified to be the chart the configuration says.
    ///
    /// # Errors
    /// A blob is missing or not what its digest says, or the archive is another chart.
    pub fn archive(&self, remote: &Remote) -> Result<Vec<u8>> {
        let bytes = self.blob(&remote.reference, &remote.chart, remote.chart.size)?;
        check(remote, &bytes)?;
        Ok(bytes)
    }

    /// The archive as a file: from `cache`, or fetched into it.
    ///
    /// # Errors
    /// As [`Registry::archive`], and what the file system refuses.
    pub fn cached_archive(
        &self,
        remote: &Remote,
        cache: &Cache,
        progress: &dyn Progress,
    ) -> Result<std::path::PathBuf> {
        let digest = digest_of(&remote.chart)?;
        if let Some(path) = cache.find(&digest, Kind::Chart)? {
            return Ok(path);
        }
        let path = cache.path(&digest, Kind::Chart);
        self.download_archive(remote, &path, progress)?;
        Ok(path)
    }

    /// The archive to a file that appears whole or not at all. What breaks off is taken up again.
    ///
    /// # Errors
    /// As [`Registry::archive`], and what the file system refuses.
    pub fn download_archive(&self, remote: &Remote, target: &Path, progress: &dyn Progress) -> Result<()> {
        let expected =
            Expected::at_most(remote.chart.size).length(remote.chart.size).digest(digest_of(&remote.chart)?);
        let request = self.blob_request(&remote.reference, &remote.chart)?;
        match self.client.download(&request, target, &expected, progress)? {
            Download::Complete(_) => Ok(()),
            // The token may have run out since the manifest came: this asks for another.
            Download::Refused(response) if response.status() == 401 => {
                let bytes = self.archive(remote)?;
                crate::cache::write_whole(target, &bytes)
            }
            Download::Refused(response) => {
                let method = crate::transport::Method::Get;
                Err(super::client::refused(method, response)
                    .prefixed("failed to perform \"Fetch\" on source: "))
            }
        }
    }

    /// The provenance file.
    ///
    /// # Errors
    /// There is none (Helm's text), or it is not what its digest says.
    pub fn provenance(&self, remote: &Remote) -> Result<Vec<u8>> {
        let Some(provenance) = &remote.provenance else {
            let kind = super::artifact::PROVENANCE_MEDIA_TYPE;
            let message = format!("manifest does not contain a layer with mediatype {kind}");
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        self.blob(&remote.reference, provenance, PROVENANCE_LIMIT)
    }

    /// Says which builds there are of a version that was never released, and which is the newest.
    fn with_builds(&self, error: Error, reference: &Reference) -> Error {
        let Some(wanted) = reference.version() else { return error };
        let Ok(versions) = self.versions(reference) else { return error };
        let builds = builds_of(&versions, &wanted);
        if builds.is_empty() {
            let diagnostic = Diagnostic::error("version-not-found", format!("there is no version {wanted}"));
            return match versions.first() {
                Some(newest) => {
                    let newest = newest.original();
                    error.with_diagnostic(
                        diagnostic.hint(format!("there is no version {wanted}; the newest is {newest}")),
                    )
                }
                None => error,
            };
        }
        let newest = self.newest_build(reference, &builds);
        let count = builds.len();
        let plural = if count == 1 { "build" } else { "builds" };
        let diagnostic = Diagnostic::error(
            "only-builds",
            format!("version {wanted} does not exist, but {count} {plural} of it: the newest is {newest}"),
        );
        let hint = format!(
            "version {wanted} does not exist, but {count} {plural} of it; the newest is {newest}: pass --version {newest}"
        );
        error.with_diagnostic(diagnostic.hint(hint))
    }

    /// The build that was made last: git hashes have no order, so the time each was made decides where it is known.
    fn newest_build(&self, reference: &Reference, builds: &[&Version]) -> String {
        let first = builds.first().map(|version| version.original().to_owned()).unwrap_or_default();
        if builds.len() > BUILDS {
            return first;
        }
        let mut newest = (String::new(), first);
        for version in builds {
            let tagged = reference.with_version(version.original());
            let Ok(fetched) = tagged.and_then(|tagged| self.manifest(&tagged)) else { continue };
            let made = fetched.manifest.annotations().get(CREATED_ANNOTATION).cloned().unwrap_or_default();
            // Equal times leave the order of versions.
            if made > newest.0 {
                newest = (made, version.original().to_owned());
            }
        }
        newest.1
    }
}

/// Where no version is given and all there are are pre-releases.
fn only_builds(error: Error, versions: &[Version]) -> Error {
    let Some(newest) = versions.first() else { return error };
    let newest = newest.original();
    let diagnostic =
        Diagnostic::error("only-prereleases", format!("all versions are pre-releases, such as {newest}"));
    let hint = format!("all versions are pre-releases: pass --version {newest}, or --devel for the newest");
    error.with_diagnostic(diagnostic.hint(hint))
}

/// Refuses an archive that is not the chart its configuration says.
///
/// # Errors
/// It is no chart, or another one.
pub(super) fn check(remote: &Remote, archive: &[u8]) -> Result<Metadata> {
    let options = LoadOptions::default().version_check(VersionCheck::Skip);
    let chart = load_archive(archive, &options)
        .map_err(|error| error.prefixed(format_args!("archive of {}: ", remote.reference)))?;
    remote.config.check(chart.metadata())?;
    Ok(chart.metadata().clone())
}

fn digest_of(descriptor: &Descriptor) -> Result<Digest> {
    Digest::parse(&descriptor.digest)
        .ok_or_else(|| Error::new(ErrorKind::Chart, format!("{} is no digest", descriptor.digest)))
}
