//! What a chart is in a registry: media types, the manifest, its annotations. Helm: pkg/registry/{chart,client}.go.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::reference::check_digest;
use crate::archive::{DEFAULT_MTIME, Digest, sha256};
use crate::chart::{LoadOptions, Metadata, VersionCheck, load_archive, time_text};
use crate::data::{Map, Value, json};
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};

/// The media type of a chart's configuration: Chart.yaml as JSON.
pub const CONFIG_MEDIA_TYPE: &str = "application/vnd.cncf.helm.config.v1+json";
/// The media type of the archive.
pub const CHART_MEDIA_TYPE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// The media type of an archive pushed by an old Helm.
pub const LEGACY_CHART_MEDIA_TYPE: &str = "application/tar+gzip";
/// The media type of the provenance file.
pub const PROVENANCE_MEDIA_TYPE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
/// The media type of a manifest.
pub const MANIFEST_MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of a list of manifests.
pub const INDEX_MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's media type of a manifest.
pub(super) const DOCKER_MANIFEST_MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's media type of a list of manifests.
pub(super) const DOCKER_INDEX_MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// The most bytes of a manifest, and of a chart's configuration.
pub const MANIFEST_LIMIT: u64 = 4 << 20;
/// The most bytes of an archive: what a chart may unpack to.
pub const CHART_LIMIT: u64 = 100 << 20;
/// The most bytes of a provenance file.
pub const PROVENANCE_LIMIT: u64 = 5 << 20;

const TITLE: &str = "org.opencontainers.image.title";
const VERSION: &str = "org.opencontainers.image.version";

/// The annotation that names the commit a chart was made of.
pub const REVISION_ANNOTATION: &str = "org.opencontainers.image.revision";
/// The annotation that names the time a chart was made.
pub const CREATED_ANNOTATION: &str = "org.opencontainers.image.created";
/// The annotation that names where the source is.
pub const SOURCE_ANNOTATION: &str = "org.opencontainers.image.source";

/// One blob of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Descriptor {
    /// What it is.
    #[serde(rename = "mediaType")]
    pub media_type: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// How many bytes.
    pub size: u64,
    /// Other places to fetch it from; such a blob is refused.
    #[serde(default, deserialize_with = "null_as_default")]
    urls: Vec<String>,
}

impl Descriptor {
    /// Describes some bytes.
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: sha256(bytes).to_string(),
            size: bytes.len() as u64,
            urls: Vec::new(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"mediaType\":");
        json::push_text(out, self.media_type.as_bytes(), json::Escape::Html);
        out.extend_from_slice(b",\"digest\":");
        json::push_text(out, self.digest.as_bytes(), json::Escape::Html);
        out.extend_from_slice(format!(",\"size\":{}}}", self.size).as_bytes());
    }

    /// Whether the blob may be fetched at all, and is not larger than `limit`.
    fn check(&self, limit: u64) -> Result<()> {
        check_digest(&self.digest).map_err(|error| malformed(error.message()))?;
        if self.size > limit {
            let Self { media_type, size, .. } = self;
            let message =
                format!("blob with mediatype {media_type} has {size} bytes, at most {limit} are read");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        if !self.urls.is_empty() {
            return Err(malformed(format_args!(
                "blob {} is to be fetched from elsewhere, which is not done",
                self.digest
            )));
        }
        Ok(())
    }
}

fn null_as_default<'de, D, T>(deserializer: D) -> std::result::Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A manifest as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    #[serde(default)]
    schema_version: u32,
    #[serde(default, deserialize_with = "null_as_default")]
    media_type: String,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default, deserialize_with = "null_as_default")]
    layers: Vec<Descriptor>,
    #[serde(default, deserialize_with = "null_as_default")]
    manifests: Vec<Descriptor>,
    #[serde(default, deserialize_with = "null_as_default")]
    annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads a manifest or an index. `content_type` is what the registry called it.
    ///
    /// # Errors
    /// No JSON, another schema, or one document that could be read as manifest and as index.
    pub fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Self> {
        if bytes.len() as u64 > MANIFEST_LIMIT {
            return Err(Error::new(
                ErrorKind::Limit,
                format!("manifest is larger than {MANIFEST_LIMIT} bytes"),
            ));
        }
        let manifest: Self =
            serde_json::from_slice(bytes).map_err(|error| malformed(&error).with_source(error))?;
        if manifest.schema_version != 2 {
            let found = manifest.schema_version;
            return Err(malformed(format_args!("schema version is {found}, expected 2")));
        }
        let declared = content_type.map(|text| text.split(';').next().unwrap_or(text).trim());
        let declared = declared.filter(|text| is_known(text));
        if let Some(declared) = declared.filter(|_| is_known(&manifest.media_type))
            && declared != manifest.media_type
        {
            let found = &manifest.media_type;
            return Err(malformed(format_args!("the registry calls it {declared}, it calls itself {found}")));
        }
        // CVE-2021-41190: one document must not be two things.
        let has_layers = manifest.config.is_some() || !manifest.layers.is_empty();
        if has_layers && !manifest.manifests.is_empty() {
            return Err(malformed("it is a manifest and an index at once"));
        }
        let kind = declared.unwrap_or(&manifest.media_type);
        if (is_index(kind) && has_layers) || (is_manifest(kind) && !manifest.manifests.is_empty()) {
            return Err(malformed(format_args!("its content is not that of {kind}")));
        }
        Ok(manifest)
    }

    /// The annotations, by key.
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }

    /// The manifests of an index, those first that say they are manifests; none for a manifest.
    pub(super) fn listed(&self) -> impl Iterator<Item = &Descriptor> {
        self.manifests.iter().filter(|entry| is_manifest(&entry.media_type))
    }

    /// Whether this is a list of other manifests.
    pub(super) fn is_index(&self) -> bool {
        !self.manifests.is_empty() || is_index(&self.media_type)
    }

    /// The blobs of a chart. Helm: `processChartPull`.
    ///
    /// # Errors
    /// It is no chart, in Helm's words, or describes its blobs in a way that is not followed.
    pub fn chart(&self) -> Result<ChartBlobs<'_>> {
        let blobs = self.config.iter().chain(&self.layers);
        let is_known = |blob: &&Descriptor| {
            [CONFIG_MEDIA_TYPE, CHART_MEDIA_TYPE, LEGACY_CHART_MEDIA_TYPE].contains(&blob.media_type.as_str())
        };
        // The manifest itself counts.
        let found = 1 + blobs.filter(is_known).count();
        if found < 2 {
            return Err(malformed_chart(format!(
                "manifest does not contain minimum number of descriptors (2), descriptors found: {found}"
            )));
        }
        let config = self.config.as_ref().filter(|config| config.media_type == CONFIG_MEDIA_TYPE);
        let config = config.ok_or_else(|| {
            malformed_chart(format!("could not load config with mediatype {CONFIG_MEDIA_TYPE}"))
        })?;
        let chart = match self.only(CHART_MEDIA_TYPE)? {
            Some(chart) => chart,
            None => self.only(LEGACY_CHART_MEDIA_TYPE)?.ok_or_else(|| {
                malformed_chart(format!(
                    "manifest does not contain a layer with mediatype {CHART_MEDIA_TYPE}"
                ))
            })?,
        };
        let provenance = self.only(PROVENANCE_MEDIA_TYPE)?;
        config.check(MANIFEST_LIMIT)?;
        chart.check(CHART_LIMIT)?;
        if let Some(provenance) = provenance {
            provenance.check(PROVENANCE_LIMIT)?;
        }
        Ok(ChartBlobs { config, chart, provenance })
    }

    /// The one layer of a type: which of several counts would be left to chance.
    fn only(&self, media_type: &str) -> Result<Option<&Descriptor>> {
        let mut found = self.layers.iter().filter(|layer| layer.media_type == media_type);
        let first = found.next();
        if found.next().is_some() {
            return Err(malformed(format_args!("it has more than one layer with mediatype {media_type}")));
        }
        Ok(first)
    }
}

/// The blobs of a chart's manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChartBlobs<'a> {
    /// Chart.yaml as JSON.
    pub config: &'a Descriptor,
    /// The archive.
    pub chart: &'a Descriptor,
    /// The provenance file.
    pub provenance: Option<&'a Descriptor>,
}

/// Name and version in a chart's configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The chart's name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// The chart's version.
    #[serde(default, deserialize_with = "null_as_default")]
    pub version: String,
    /// The version of what it installs.
    #[serde(default, deserialize_with = "null_as_default")]
    pub app_version: String,
    /// One sentence.
    #[serde(default, deserialize_with = "null_as_default")]
    pub description: String,
}

impl Config {
    /// Reads a chart's configuration.
    ///
    /// # Errors
    /// No JSON object, or a field that is no text.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes).map_err(|error| {
            Error::new(ErrorKind::Chart, format!("chart configuration is malformed: {error}"))
        })
    }

    /// Refuses an archive that is another chart than the configuration says.
    ///
    /// # Errors
    /// Name or version differ.
    pub fn check(&self, metadata: &Metadata) -> Result<()> {
        let pairs = [("name", &self.name, &metadata.name), ("version", &self.version, &metadata.version)];
        for (field, configured, packed) in pairs {
            if !configured.is_empty() && configured != packed {
                return Err(malformed_chart(format!(
                    "the configuration says {field} {configured:?}, the archive {packed:?}"
                )));
            }
        }
        Ok(())
    }
}

/// A chart ready to be pushed: the same archive, time and provenance give the same manifest digest.
#[derive(Debug, Clone)]
pub struct Artifact {
    metadata: Metadata,
    archive: Arc<[u8]>,
    provenance: Option<Arc<[u8]>>,
    config: Vec<u8>,
    manifest: Vec<u8>,
    digest: Digest,
    chart_digest: Digest,
}

impl Artifact {
    /// Makes an artifact of an archive's bytes. `created` counts seconds since 1970 (`SOURCE_DATE_EPOCH`); without it
    /// the time is a fixed one, so that equal archives are equal artifacts. Helm: `Client.Push`.
    ///
    /// # Errors
    /// The bytes are no chart.
    pub fn new(
        archive: impl Into<Arc<[u8]>>,
        provenance: Option<Arc<[u8]>>,
        created: Option<u64>,
    ) -> Result<Self> {
        let archive = archive.into();
        let options = LoadOptions::default().version_check(VersionCheck::Skip);
        let chart = load_archive(&archive, &options)?;
        let metadata = chart.metadata().clone();
        let config = config_json(&metadata)?;
        let mut layers = vec![Descriptor::of(CHART_MEDIA_TYPE, &archive)];
        layers.extend(provenance.as_ref().map(|bytes| Descriptor::of(PROVENANCE_MEDIA_TYPE, bytes)));
        layers.sort_by(|left, right| left.digest.cmp(&right.digest));
        let annotations = annotations(&metadata, created.unwrap_or(DEFAULT_MTIME));
        let manifest = manifest_json(&Descriptor::of(CONFIG_MEDIA_TYPE, &config), &layers, &annotations);
        let (digest, chart_digest) = (sha256(&manifest), sha256(&archive));
        Ok(Self { metadata, archive, provenance, config, manifest, digest, chart_digest })
    }

    /// Chart.yaml of the archive.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The manifest's bytes.
    pub fn manifest(&self) -> &[u8] {
        &self.manifest
    }

    /// The manifest's digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The archive's digest.
    pub fn chart_digest(&self) -> Digest {
        self.chart_digest
    }

    /// The archive's bytes.
    pub fn archive(&self) -> &[u8] {
        &self.archive
    }

    /// The blobs to upload: what each is, and its bytes.
    pub(super) fn blobs(&self) -> Vec<(Descriptor, &[u8])> {
        let mut blobs = vec![
            (Descriptor::of(CONFIG_MEDIA_TYPE, &self.config), self.config.as_slice()),
            (Descriptor::of(CHART_MEDIA_TYPE, &self.archive), &*self.archive),
        ];
        if let Some(provenance) = &self.provenance {
            blobs.push((Descriptor::of(PROVENANCE_MEDIA_TYPE, provenance), provenance));
        }
        blobs
    }
}

fn is_index(media_type: &str) -> bool {
    matches!(media_type, INDEX_MEDIA_TYPE | DOCKER_INDEX_MEDIA_TYPE)
}

fn is_manifest(media_type: &str) -> bool {
    matches!(media_type, MANIFEST_MEDIA_TYPE | DOCKER_MANIFEST_MEDIA_TYPE)
}

fn is_known(media_type: &str) -> bool {
    is_index(media_type) || is_manifest(media_type)
}

fn malformed(reason: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Chart, format!("manifest is malformed: {reason}"))
}

/// What is in the registry under that name is no chart.
fn malformed_chart(message: String) -> Error {
    let diagnostic = Diagnostic::error("not-a-chart", "the artifact is no chart")
        .hint("charts are pushed with `chart push` or `helm push`; images and other artifacts cannot be pulled as charts");
    Error::new(ErrorKind::Chart, message).with_diagnostic(diagnostic)
}

/// Chart.yaml as Go's encoding/json writes the struct: its fields in their order, not sorted.
fn config_json(metadata: &Metadata) -> Result<Vec<u8>> {
    const FIELDS: [&str; 17] = [
        "name",
        "home",
        "sources",
        "version",
        "description",
        "keywords",
        "maintainers",
        "icon",
        "apiVersion",
        "condition",
        "tags",
        "appVersion",
        "deprecated",
        "annotations",
        "kubeVersion",
        "dependencies",
        "type",
    ];
    const MAINTAINER: [&str; 3] = ["name", "email", "url"];
    const DEPENDENCY: [&str; 8] =
        ["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];
    let value = metadata.to_value();
    let mut out = Vec::with_capacity(1_024);
    let write = |out: &mut Vec<u8>, value: &Value| {
        json::write_into(out, value).map_err(|error| Error::new(ErrorKind::Chart, error.to_string()))
    };
    push_object(&mut out, value.as_map(), &FIELDS, |out, key, value| match key {
        "maintainers" => push_objects(out, value, &MAINTAINER, |out, _, value| write(out, value)),
        "dependencies" => push_objects(out, value, &DEPENDENCY, |out, _, value| write(out, value)),
        _ => write(out, value),
    })?;
    Ok(out)
}

fn push_object(
    out: &mut Vec<u8>,
    map: Option<&Map>,
    fields: &[&str],
    mut write: impl FnMut(&mut Vec<u8>, &str, &Value) -> Result<()>,
) -> Result<()> {
    out.push(b'{');
    let mut first = true;
    for field in fields {
        let Some(value) = map.and_then(|map| map.get(field)) else { continue };
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        out.extend_from_slice(format!("\"{field}\":").as_bytes());
        write(out, field, value)?;
    }
    out.push(b'}');
    Ok(())
}

fn push_objects(
    out: &mut Vec<u8>,
    list: &Value,
    fields: &[&str],
    mut write: impl FnMut(&mut Vec<u8>, &str, &Value) -> Result<()>,
) -> Result<()> {
    out.push(b'[');
    for (index, entry) in list.as_list().unwrap_or_default().iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match entry.as_map() {
            Some(map) => push_object(out, Some(map), fields, &mut write)?,
            None => out.extend_from_slice(b"null"),
        }
    }
    out.push(b']');
    Ok(())
}

/// What a registry's pages and scanners read of a chart. Helm: `generateOCIAnnotations`.
fn annotations(metadata: &Metadata, created: u64) -> BTreeMap<String, String> {
    let mut authors = String::new();
    for (index, maintainer) in metadata.maintainers.iter().flatten().enumerate() {
        if index > 0 {
            authors.push_str(", ");
        }
        authors.push_str(&maintainer.name);
        if !maintainer.email.is_empty() {
            authors.push_str(&format!(" ({})", maintainer.email));
        }
    }
    let created = time_text(created);
    let own = [
        ("org.opencontainers.image.description", metadata.description.as_str()),
        (TITLE, &metadata.name),
        (VERSION, &metadata.version),
        ("org.opencontainers.image.url", &metadata.home),
        (CREATED_ANNOTATION, &created),
        (SOURCE_ANNOTATION, metadata.sources.first().map_or("", String::as_str)),
        ("org.opencontainers.image.authors", &authors),
    ];
    let mut annotations = BTreeMap::new();
    for (key, text) in own {
        if !text.trim().is_empty() {
            annotations.insert(key.to_owned(), text.to_owned());
        }
    }
    for (key, text) in &metadata.annotations {
        if !matches!(key.as_str(), TITLE | VERSION) {
            annotations.insert(key.clone(), text.clone());
        }
    }
    annotations
}

/// Go's JSON of `ocispec.Manifest` as Helm fills it: there is no `mediaType`.
fn manifest_json(
    config: &Descriptor,
    layers: &[Descriptor],
    annotations: &BTreeMap<String, String>,
) -> Vec<u8> {
    let mut out = b"{\"schemaVersion\":2,\"config\":".to_vec();
    config.write(&mut out);
    out.extend_from_slice(b",\"layers\":[");
    for (index, layer) in layers.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        layer.write(&mut out);
    }
    out.extend_from_slice(b"],\"annotations\":{");
    for (index, (key, text)) in annotations.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json::push_text(&mut out, key.as_bytes(), json::Escape::Html);
        out.push(b':');
        json::push_text(&mut out, text.as_bytes(), json::Escape::Html);
    }
    out.extend_from_slice(b"}}");
    out
}
