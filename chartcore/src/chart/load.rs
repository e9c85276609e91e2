//! Folders, archives and files in memory to charts. Helm: pkg/chart/v2/loader.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::ahead::Ahead;
use super::metadata::api_version;
use super::{Chart, File, Lock, Metadata};
use crate::Compat;
use crate::data::{Map, Value, yaml};
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};
use crate::files::directory::{self, PathKind, Symlinks};
use crate::files::tarball::{self, Budget};
use crate::files::{FileTree, Limits};

/// Whether Helm 4 looks at `apiVersion` before anything else. It does for `template`, `install`, `upgrade` and
/// `package`, not for `show`, `lint` and `dependency`; error texts differ. Helm 3 never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VersionCheck {
    /// Look first. Helm: pkg/chart/loader.
    #[default]
    First,
    /// Load whatever it is. Helm: pkg/chart/v2/loader.
    Skip,
}

/// How to load a chart.
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
pub struct LoadOptions {
    /// Whose rules to follow.
    pub compat: Compat,
    /// How much a chart may hold.
    pub limits: Limits,
    /// What to do with links that leave the chart.
    pub symlinks: Symlinks,
    /// Whether to look at `apiVersion` first.
    pub version_check: VersionCheck,
    /// Whether the templates of a chart in a folder are parsed while the rest is still read, on another thread: for
    /// whoever renders it anyway.
    pub parse_ahead: bool,
}

impl LoadOptions {
    /// The options for a profile: Helm's limits, no links out of the chart, `apiVersion` first.
    pub fn new(compat: Compat) -> Self {
        Self {
            compat,
            limits: Limits::for_compat(compat),
            symlinks: Symlinks::default(),
            version_check: VersionCheck::default(),
            parse_ahead: false,
        }
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets what happens to links that leave the chart.
    #[must_use]
    pub fn symlinks(mut self, symlinks: Symlinks) -> Self {
        self.symlinks = symlinks;
        self
    }

    /// Sets whether `apiVersion` is looked at first.
    #[must_use]
    pub fn version_check(mut self, version_check: VersionCheck) -> Self {
        self.version_check = version_check;
        self
    }

    /// Sets whether templates are parsed while the rest is still read.
    #[must_use]
    pub fn parse_ahead(mut self, parse: bool) -> Self {
        self.parse_ahead = parse;
        self
    }

    fn looks_first(&self) -> bool {
        self.compat == Compat::Helm4 && self.version_check == VersionCheck::First
    }
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self::new(Compat::default())
    }
}

/// Loads the chart in a folder or an archive.
///
/// # Errors
/// There is no chart, or it is malformed; the texts are Helm's. Helm's own commands pass an absolute path, which
/// then shows in the texts.
pub fn load(path: impl AsRef<Path>, options: &LoadOptions) -> Result<Chart> {
    let path = path.as_ref();
    match directory::kind_of(path)? {
        PathKind::Folder => load_directory(path, options),
        PathKind::File => load_archive_file(path, options),
        PathKind::Irregular => {
            let message = format!("file '{}' cannot be read: it is not a regular file", path.display());
            Err(Error::new(ErrorKind::Chart, message))
        }
    }
}

fn load_directory(path: &Path, options: &LoadOptions) -> Result<Chart> {
    if options.looks_first() {
        let file = directory::absolute(path)?.join("Chart.yaml");
        let bytes = directory::read_file(&file, options.limits.directory_bytes).map_err(|error| {
            let shown = file.display();
            error.prefixed(format_args!("unable to detect chart at {shown}: "))
        })?;
        check_api_version(&bytes)?;
    }
    let LoadOptions { compat, limits, symlinks, .. } = options;
    if !options.parse_ahead {
        let tree = directory::read(path, *compat, limits, *symlinks)?;
        return Loader::new(options).finish(tree);
    }
    Ahead::beside(*compat, |ahead| {
        let tree = directory::read_telling(path, *compat, limits, *symlinks, &mut |file| ahead.see(file))?;
        let mut loader = Loader::new(options);
        loader.early = ahead.take();
        loader.finish(tree)
    })
}

fn load_archive_file(path: &Path, options: &LoadOptions) -> Result<Chart> {
    let name = path.display().to_string();
    // Compressed bytes are never more than this; what they unpack to is counted while unpacking.
    let bytes = directory::read_file(path, options.limits.archive_bytes.saturating_mul(2))?;
    tarball::check_signature(&name, &bytes)?;
    let mut loader = Loader::new(options);
    let tree = tarball::read(&*bytes, &mut loader.budget, options.compat).map_err(|error| {
        if tarball::is_not_gzip(&error) {
            return not_a_chart(&name, error);
        }
        if options.looks_first() {
            // Helm 4 keeps the reason to itself.
            let reason = Diagnostic::error("archive", error.message());
            return Error::new(error.kind(), "unable to load chart archive").with_diagnostic(reason);
        }
        error
    })?;
    loader.finish_archive(tree).map_err(|error| {
        // Helm 4 looks for this error at any depth.
        if options.compat == Compat::Helm4 && tarball::is_nested_not_gzip(&error) {
            return not_a_chart(&name, error);
        }
        error
    })
}

fn not_a_chart(name: &str, error: Error) -> Error {
    let message = format!("file '{name}' does not appear to be a valid chart file (details: {error})");
    Error::new(error.kind(), message)
}

/// Loads the chart in the bytes of an archive.
///
/// # Errors
/// It is no archive or no chart; the texts are those of Helm's `LoadArchive`.
pub fn load_archive(bytes: &[u8], options: &LoadOptions) -> Result<Chart> {
    let mut loader = Loader::new(options);
    let tree = tarball::read(bytes, &mut loader.budget, options.compat).map_err(|error| {
        if !options.looks_first() {
            return error;
        }
        if tarball::is_not_gzip(&error) {
            let message = format!("stream does not appear to be a valid chart file (details: {error})");
            return Error::new(error.kind(), message);
        }
        error.prefixed("unable to load chart archive: ")
    })?;
    loader.finish_archive(tree)
}

/// Makes a chart of files in memory; names are relative to the chart.
///
/// # Errors
/// Chart.yaml is missing or some file is malformed.
pub fn load_files(files: Vec<File>, options: &LoadOptions) -> Result<Chart> {
    let mut loader = Loader::new(options);
    let chart = loader.assemble(files, 0)?;
    Ok(loader.with_warnings(chart))
}

/// Reads a values file: the first document for Helm 3; for Helm 4 all documents, each merged over the one before.
///
/// # Errors
/// Not YAML, or something else than a map; the texts are Go's.
pub fn read_values(bytes: &[u8], compat: Compat) -> Result<Value> {
    let failure = |text: String, error: yaml::Error| Error::new(ErrorKind::Values, text).with_source(error);
    if compat == Compat::Helm3 {
        return Ok(yaml::parse_map(bytes).map_err(|error| failure(error.full(), error))?.into());
    }
    let documents = yaml::parse_documents(bytes).map_err(|error| failure(error.load_text(), error))?;
    let mut documents = documents.into_iter();
    let mut values = documents.next().unwrap_or_default();
    for document in documents {
        merge_over(&mut values, document);
    }
    Ok(values.into())
}

/// Puts `upper` over `lower`, map by map. Helm: `MergeMaps`.
fn merge_over(lower: &mut Map, upper: Map) {
    for (key, value) in upper {
        match (value, lower.get_mut(&key).and_then(Value::as_map_mut)) {
            (Value::Map(upper), Some(lower)) => merge_over(lower, Arc::unwrap_or_clone(upper)),
            (value, _) => {
                lower.insert(key, value);
            }
        }
    }
}

fn check_api_version(bytes: &[u8]) -> Result<()> {
    let found = api_version(bytes)
        .map_err(|error| error.prefixed("cannot load Chart.yaml: "))
        .map_err(|error| error.at_line_of("Chart.yaml", bytes))?;
    match found.as_str() {
        "" | "v1" | "v2" => Ok(()),
        // Helm loads it and then refuses to work with it.
        "v3" => Err(Error::new(ErrorKind::Chart, "invalid chart apiVersion")),
        _ => Err(Error::new(ErrorKind::Chart, "unsupported chart version")),
    }
}

/// The state of one load: options, what may still be unpacked, what there is to say.
struct Loader<'a> {
    options: &'a LoadOptions,
    budget: Budget,
    warnings: Vec<Diagnostic>,
    /// Files that were made before the others, in their order, because they are being parsed already.
    early: Vec<File>,
}

/// The files of a chart by what they are for.
#[derive(Default)]
struct Sorted {
    templates: Vec<File>,
    files: Vec<File>,
    /// Files under `charts/`, by the first part of the rest of their names.
    subcharts: BTreeMap<String, Vec<File>>,
    values: Option<(Value, File)>,
    schema: Option<File>,
    lock: Option<Lock>,
}

impl<'a> Loader<'a> {
    fn new(options: &'a LoadOptions) -> Self {
        Self { options, budget: Budget::new(&options.limits), warnings: Vec::new(), early: Vec::new() }
    }

    fn finish(mut self, tree: FileTree) -> Result<Chart> {
        let files = self.take_files(tree);
        let chart = self.assemble(files, 0)?;
        Ok(self.with_warnings(chart))
    }

    fn finish_archive(mut self, tree: FileTree) -> Result<Chart> {
        let files = self.take_files(tree);
        if self.options.looks_first() {
            let found = files.iter().find(|file| file.name() == "Chart.yaml").ok_or_else(|| {
                Error::new(ErrorKind::Chart, "unable to detect chart version, no Chart.yaml found")
            })?;
            check_api_version(found.data())?;
        }
        let chart = self.assemble(files, 0)?;
        Ok(self.with_warnings(chart))
    }

    fn take_files(&mut self, tree: FileTree) -> Vec<File> {
        self.warnings.extend(tree.warnings);
        let mut early = std::mem::take(&mut self.early).into_iter().peekable();
        let made = tree.files.into_iter().map(|file| {
            let known = early.next_if(|early| early.name() == &*file.name);
            known.unwrap_or_else(|| File::new(file.name, file.data))
        });
        made.collect()
    }

    fn with_warnings(self, mut chart: Chart) -> Chart {
        chart.warnings = self.warnings.into();
        chart
    }

    fn warn(&mut self, code: &'static str, message: &str) {
        self.warnings.push(Diagnostic::warning(code, message));
    }

    fn assemble(&mut self, raw: Vec<File>, depth: usize) -> Result<Chart> {
        let limit = self.options.limits.charts;
        if depth > limit {
            return Err(Error::new(ErrorKind::Limit, format!("charts are nested more than {limit} deep")));
        }
        let compat = self.options.compat;
        let mut metadata: Option<Metadata> = None;
        for file in raw.iter().filter(|file| file.name() == "Chart.yaml") {
            let metadata = metadata.get_or_insert_default();
            metadata
                .read_over(file.data(), compat)
                .map_err(in_file("Chart.yaml"))
                .map_err(|error| error.at_line_of("Chart.yaml", file.data()))?;
            if metadata.api_version.is_empty() {
                metadata.api_version = "v1".to_string();
            }
        }
        let sorted = self.sort(&raw, &mut metadata)?;
        let Some(mut metadata) = metadata else {
            return Err(Error::new(ErrorKind::Chart, "Chart.yaml file is missing"));
        };
        metadata.validate()?;
        let mut dependencies = Vec::with_capacity(sorted.subcharts.len());
        for (entry, files) in sorted.subcharts {
            if let Some(chart) = self.subchart(&entry, files, &metadata.name, depth)? {
                dependencies.push(chart);
            }
        }
        dependencies.sort_by(|left, right| left.name().cmp(right.name()));
        let (values, values_file) = match sorted.values {
            Some((values, file)) => (values, Some(file)),
            None => (Value::empty_map(), None),
        };
        Ok(Chart {
            compat,
            metadata: Arc::new(metadata),
            lock: sorted.lock.map(Arc::new),
            values,
            values_file,
            schema: sorted.schema,
            templates: sorted.templates.into(),
            files: sorted.files.into(),
            raw: raw.into(),
            dependencies,
            warnings: Arc::default(),
        })
    }

    fn sort(&mut self, raw: &[File], metadata: &mut Option<Metadata>) -> Result<Sorted> {
        let compat = self.options.compat;
        let mut sorted = Sorted::default();
        for file in raw {
            match file.name() {
                "Chart.yaml" => {}
                "Chart.lock" => {
                    sorted.lock = Lock::from_yaml(file.data(), compat).map_err(in_file("Chart.lock"))?;
                }
                "values.yaml" => {
                    let values = read_values(file.data(), compat)
                        .map_err(in_file("values.yaml"))
                        .map_err(|error| error.at_line_of("values.yaml", file.data()))?;
                    sorted.values = Some((values, file.clone()));
                }
                "values.schema.json" => sorted.schema = Some(file.clone()),
                "requirements.yaml" => {
                    let metadata = metadata.get_or_insert_default();
                    if metadata.api_version != "v1" {
                        self.warn(
                            "requirements-yaml",
                            "Dependencies are handled in Chart.yaml since apiVersion \"v2\". \
                             We recommend migrating dependencies to Chart.yaml.",
                        );
                    }
                    metadata.read_over(file.data(), compat).map_err(in_file("requirements.yaml"))?;
                    if metadata.api_version == "v1" {
                        sorted.files.push(file.clone());
                    }
                }
                "requirements.lock" => {
                    sorted.lock =
                        Lock::from_yaml(file.data(), compat).map_err(in_file("requirements.lock"))?;
                    let metadata = metadata.get_or_insert_default();
                    if metadata.api_version == "v1" {
                        sorted.files.push(file.clone());
                    } else {
                        self.warn(
                            "requirements-lock",
                            "Dependency locking is handled in Chart.lock since apiVersion \"v2\". \
                             We recommend migrating to Chart.lock.",
                        );
                    }
                }
                name if name.starts_with("templates/") => sorted.templates.push(file.clone()),
                name => match name.strip_prefix("charts/") {
                    Some(rest) if extension(rest) != Some("prov") => {
                        let entry = rest.split('/').next().unwrap_or(rest);
                        let renamed = File::new(rest, file.shared_data());
                        match sorted.subcharts.get_mut(entry) {
                            Some(files) => files.push(renamed),
                            None => {
                                sorted.subcharts.insert(entry.to_string(), vec![renamed]);
                            }
                        }
                    }
                    _ => sorted.files.push(file.clone()),
                },
            }
        }
        Ok(sorted)
    }

    /// Loads what lies in `charts/` under the name `entry`; nothing for hidden and underscored names.
    fn subchart(
        &mut self,
        entry: &str,
        files: Vec<File>,
        parent: &str,
        depth: usize,
    ) -> Result<Option<Chart>> {
        if entry.starts_with(['_', '.']) {
            return Ok(None);
        }
        let loaded = if extension(entry) == Some("tgz") {
            let Some(file) = files.first() else { return Ok(None) };
            if file.name() != entry {
                let found = file.name();
                let message =
                    format!("error unpacking subchart tar in {parent}: expected {entry}, got {found}");
                return Err(Error::new(ErrorKind::Chart, message));
            }
            tarball::read(file.data(), &mut self.budget, self.options.compat).and_then(|tree| {
                let files = self.take_files(tree);
                self.assemble(files, depth + 1)
            })
        } else {
            let inner = files.iter().filter_map(|file| {
                let (_, name) = file.name().split_once('/')?;
                Some(File::new(name, file.shared_data()))
            });
            self.assemble(inner.collect(), depth + 1)
        };
        loaded
            .map(Some)
            .map_err(|error| error.prefixed(format_args!("error unpacking subchart {entry} in {parent}: ")))
    }
}

fn in_file(name: &'static str) -> impl Fn(Error) -> Error {
    move |error| error.prefixed(format_args!("cannot load {name}: "))
}

/// What follows the last dot of the last part of a name.
fn extension(name: &str) -> Option<&str> {
    name.rsplit('/').next()?.rsplit_once('.').map(|(_, extension)| extension)
}
