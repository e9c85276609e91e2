//! A chart into a registry.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::artifact::Artifact;
use super::client::Registry;
use super::reference::{Reference, SCHEME};
use crate::chart::Metadata;
use crate::error::{Error, ErrorKind, Result};
use crate::files::clean;

/// How long a push that must not overwrite waits before it looks again: longer than others are likely to be between
/// their own look and push, which takes them about as long as it took us.
const SETTLING: Duration = Duration::from_millis(250);
const LONGEST_SETTLING: Duration = Duration::from_secs(5);

/// What was pushed, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pushed {
    /// The reference with its tag, without `oci://`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The tag.
    pub tag: String,
    /// The manifest's digest.
    pub digest: String,
    /// The archive's digest.
    #[serde(rename = "chartDigest")]
    pub chart_digest: String,
}

impl Registry {
    /// Where a chart belongs in a repository of charts (`oci://HOST/PATH`): `HOST/PATH/NAME:VERSION`.
    ///
    /// # Errors
    /// The repository is none, or name or version cannot be part of a reference; Helm's text.
    pub fn place(repository: &str, metadata: &Metadata) -> Result<Reference> {
        let path = clean(repository.strip_prefix(SCHEME).unwrap_or(repository));
        Reference::parse(&format!("{path}/{}", metadata.name))?.with_version(&metadata.version)
    }

    /// Pushes a chart, over whatever the tag names by now. Blobs that are there are not sent again. Helm:
    /// `Client.Push`.
    ///
    /// # Errors
    /// The registry refuses some step; ORAS's words.
    pub fn push(&self, artifact: &Artifact, target: &Reference) -> Result<Pushed> {
        self.upload_all(artifact, target)?;
        self.put_manifest(target, artifact.manifest())
            .map_err(|error| error.prefixed("failed to perform \"PushReference\" on destination: "))?;
        Ok(Self::pushed(artifact, target))
    }

    pub(super) fn upload_all(&self, artifact: &Artifact, target: &Reference) -> Result<()> {
        let by_digest = target.with_digest(&artifact.digest().to_string())?;
        let exists = |error: Error| error.prefixed("failed to perform \"Exists\" on destination: ");
        if self.find(&by_digest).map_err(exists)?.is_some() {
            return Ok(());
        }
        for (descriptor, bytes) in artifact.blobs() {
            if !self.has_blob(target, &descriptor).map_err(exists)? {
                self.upload(target, &descriptor, bytes, None)
                    .map_err(|error| error.prefixed("failed to perform \"Push\" on destination: "))?;
            }
        }
        Ok(())
    }

    fn pushed(artifact: &Artifact, target: &Reference) -> Pushed {
        Pushed {
            reference: target.to_string(),
            tag: target.tag().unwrap_or_default().to_owned(),
            digest: artifact.digest().to_string(),
            chart_digest: artifact.chart_digest().to_string(),
        }
    }

    /// Pushes a chart unless its tag already names something else: looks first, pushes, and looks again.
    ///
    /// Registries cannot set a tag only if it is free, so two that push at the same instant may both find it free; then
    /// the later one's content stays. Each therefore waits after its push for as long as another could still be between
    /// looking and pushing, looks again, and reports [`ErrorKind::AlreadyExists`] if the tag names other content by
    /// then: nobody is told of a success that is already overwritten.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] where the tag names another artifact, which stays as it is; otherwise as
    /// [`Registry::push`].
    pub fn push_new(&self, artifact: &Artifact, target: &Reference) -> Result<PushedNew> {
        let digest = artifact.digest().to_string();
        if let Some(there) = self.find(target)? {
            return match there == digest {
                true => Ok(PushedNew::AlreadyThere(Self::pushed(artifact, target))),
                false => Err(already_exists(target, &there, &digest)),
            };
        }
        self.upload_all(artifact, target)?;
        let clock = Arc::clone(&self.client.options().clock);
        let looked = clock.elapsed();
        // Uploading takes time, in which somebody else may have come.
        if let Some(there) = self.find(target)?.filter(|there| *there != digest) {
            return Err(already_exists(target, &there, &digest));
        }
        self.put_manifest(target, artifact.manifest())
            .map_err(|error| error.prefixed("failed to perform \"PushReference\" on destination: "))?;
        clock.sleep(SETTLING.max((clock.elapsed() - looked) * 4).min(LONGEST_SETTLING));
        match self.look_again(target)? {
            Some(there) if there == digest => Ok(PushedNew::Pushed(Self::pushed(artifact, target))),
            Some(there) => Err(already_exists(target, &there, &digest)),
            None => Err(Error::new(
                ErrorKind::Network,
                format!("{target}: the registry took the manifest {digest} but does not know the tag"),
            )),
        }
    }
}

/// How a push that overwrites nothing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushedNew {
    /// The tag was free.
    Pushed(Pushed),
    /// The very same artifact was there.
    AlreadyThere(Pushed),
}

/// The error of a version that is there with other content.
pub(crate) fn already_exists(target: &Reference, there: &str, ours: &str) -> Error {
    let message =
        format!("{target} already exists with other content: {there} is there, {ours} was to be pushed");
    let diagnostic = crate::diag::Diagnostic::error(
        "already-exists",
        "a published version is never overwritten",
    )
    .hint(
        "raise the version (`chart bump --patch`), or publish a commit of its own with `--append-git-hash`",
    );
    Error::new(ErrorKind::AlreadyExists, message).with_diagnostic(diagnostic)
}
