//! A chart made ready to be published, in memory: the working tree is read and never written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::PublishOptions;
use super::git::{Commit, Git};
use super::values::set_image;
use super::vendored::{self, Vendoring};
use super::version::{self, Strategy, Versions};
use crate::archive::{Archive, PackOptions, pack};
use crate::chart::{Chart, File, LoadOptions, Metadata, load, load_files};
use crate::dependency::local_path;
use crate::diag::{Diagnostic, Severity};
use crate::error::{Error, ErrorKind, Result};
use crate::files::quote;
use crate::lint::{LintOptions, lint_chart};
use crate::manifest::Manifests;
use crate::registry::{Artifact, Image, REVISION_ANNOTATION, SOURCE_ANNOTATION};
use crate::render::{Capabilities, RenderOptions, render};
use crate::values::{MergeOptions, merge_with};

/// How deep charts of `file://` may name each other.
const DEPTH: usize = 16;

/// A chart ready to be pushed.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub(super) folder: PathBuf,
    pub(super) commit: Option<Commit>,
    pub(super) archive: Archive,
    pub(super) artifact: Artifact,
    pub(super) images: Vec<String>,
    pub(super) warnings: Vec<Diagnostic>,
}

impl Prepared {
    /// The chart's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The packed chart.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Chart.yaml as it is published.
    pub fn metadata(&self) -> &Metadata {
        self.artifact.metadata()
    }

    /// The images its templates name with the defaults, sorted.
    pub fn images(&self) -> &[String] {
        &self.images
    }

    /// What there is to say.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

/// Makes charts ready: version, images, dependencies, lint, archive. Nothing is pushed; `vendoring` fetches dependencies
/// that `charts/` lacks, without it they must be there.
///
/// # Errors
/// The tree differs from the commit, a version cannot be made, or a chart breaks a rule.
pub fn prepare(
    folders: &[PathBuf],
    options: &PublishOptions,
    vendoring: Option<&Vendoring<'_>>,
) -> Result<Vec<Prepared>> {
    let Some(first) = folders.first() else {
        return Err(Error::new(ErrorKind::Usage, "no chart to publish"));
    };
    let git = match Git::at(first) {
        Ok(git) => Some(git),
        Err(_) if options.allow_dirty && !options.needs_commit() => None,
        Err(error) => {
            return Err(error.suffixed(
                "; a chart is published from a commit (pass --allow-dirty with --version to publish without one)",
            ));
        }
    };
    let mut is_dirty = false;
    if let Some(git) = &git {
        let mut known = Default::default();
        let mut parts = Vec::new();
        for folder in folders {
            parts.extend(super::changed::reached(folder, &mut known, 0)?);
        }
        let parts: Vec<&Path> = parts.iter().map(PathBuf::as_path).collect();
        let changes = git.changes(&parts)?;
        is_dirty = !changes.is_empty();
        if is_dirty && !options.allow_dirty {
            return Err(dirty(&changes));
        }
    }
    folders.iter().map(|folder| one(folder, git.as_ref(), is_dirty, options, vendoring)).collect()
}

fn dirty(changes: &[String]) -> Error {
    let shown: Vec<&str> = changes.iter().take(3).map(String::as_str).collect();
    let more = changes.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!("the working tree differs from the commit: {}{more}", shown.join(", "));
    let diagnostic = Diagnostic::error("dirty-tree", "what is published must be what the commit holds").hint(
        "commit or stash the changes; --allow-dirty publishes them and says so in the chart's annotations",
    );
    Error::new(ErrorKind::Usage, message).with_diagnostic(diagnostic)
}

fn one(
    folder: &Path,
    git: Option<&Git>,
    is_dirty: bool,
    options: &PublishOptions,
    vendoring: Option<&Vendoring<'_>>,
) -> Result<Prepared> {
    let shown = folder.display().to_string();
    let about = |error: Error| error.prefixed(format_args!("{shown}: "));
    let load_options = LoadOptions::new(options.compat);
    let chart = load(folder, &load_options)?;
    let commit = git.map(Git::head).transpose()?;
    let versions = versions(&chart, git, commit.as_ref(), options).map_err(about)?;

    let mut files = own_files(folder, &chart, git)?;
    if let Some(vendoring) = vendoring {
        vendored::add(folder, &chart, &mut files, &load_options, vendoring)?;
    }
    add_local_dependencies(folder, &chart, &mut files, git, &load_options, 0)?;
    let mut warnings = chart.warnings().to_vec();
    for (path, image) in &options.images {
        refuse_floating(image, options.allow_latest)?;
        let file = files.iter_mut().find(|file| file.name() == "values.yaml");
        let file = file.ok_or_else(|| {
            about(Error::new(ErrorKind::Values, "there is no values.yaml to set an image in"))
        })?;
        let edited = set_image(file.data(), path, image).map_err(about)?;
        if !edited.comments_kept {
            let message = format!("--set-image {path}: values.yaml was written anew, its comments are lost");
            warnings.push(Diagnostic::warning("comments-lost", message));
        }
        *file = File::new("values.yaml", edited.text);
    }
    let metadata = published_metadata(chart.metadata(), &versions, commit.as_ref(), is_dirty, options);
    let text: Vec<u8> = metadata.to_saved_yaml()?;
    for file in files.iter_mut().filter(|file| file.name() == "Chart.yaml") {
        *file = File::new("Chart.yaml", text.clone());
    }
    let chart = load_files(files, &load_options).map_err(about)?;
    chart.check_dependencies().map_err(about)?;
    lint(&chart, &shown, options)?;
    let images = images(&chart, options, &mut warnings).map_err(about)?;
    for image in &images {
        refuse_floating(image, options.allow_latest).map_err(about)?;
    }
    let epoch = options.epoch.or(commit.as_ref().map(|commit| commit.time));
    let mut pack_options = PackOptions::new();
    if let Some(epoch) = epoch {
        pack_options = pack_options.mtime(epoch);
    }
    let archive = pack(&chart, &pack_options).map_err(about)?;
    let artifact = Artifact::new(archive.bytes(), None, epoch).map_err(about)?;
    Ok(Prepared { folder: folder.to_owned(), commit, archive, artifact, images, warnings })
}

fn versions(
    chart: &Chart,
    git: Option<&Git>,
    commit: Option<&Commit>,
    options: &PublishOptions,
) -> Result<Versions> {
    let base = &chart.metadata().version;
    let from = || {
        git.zip(commit).ok_or_else(|| Error::new(ErrorKind::Usage, "there is no commit to make a version of"))
    };
    let mut versions = match &options.strategy {
        Strategy::Base => Versions { version: version::strict(base)?, app_version: None },
        Strategy::Given(given) => Versions { version: version::strict(given)?, app_version: None },
        Strategy::GitHash => {
            let hash = match &options.git_hash {
                Some(hash) => hash.clone(),
                None => from()?.1.short().to_owned(),
            };
            version::with_hash(base, &hash, options.safe_hash)?
        }
        Strategy::Tag => {
            let (git, commit) = from()?;
            version::of_tags(&git.tags_at_head()?, commit)?
        }
        Strategy::Describe => {
            let (git, commit) = from()?;
            version::of_description(base, &git.describe()?, commit)?
        }
    };
    if options.app_version.is_some() {
        versions.app_version.clone_from(&options.app_version);
    }
    Ok(versions)
}

/// The chart's files as the commit has them: what git ignores stays at home, but for what was vendored.
fn own_files(folder: &Path, chart: &Chart, git: Option<&Git>) -> Result<Vec<File>> {
    let ignored: BTreeSet<String> = match git {
        Some(git) => git.ignored(folder)?.into_iter().filter(|name| !name.starts_with("charts/")).collect(),
        None => BTreeSet::new(),
    };
    Ok(chart.raw().iter().filter(|file| !ignored.contains(file.name())).cloned().collect())
}

/// Puts the charts of `file://` into `charts/`, as `dependency build` would, without writing them there.
fn add_local_dependencies(
    folder: &Path,
    chart: &Chart,
    files: &mut Vec<File>,
    git: Option<&Git>,
    options: &LoadOptions,
    depth: usize,
) -> Result<()> {
    if depth > DEPTH {
        let message = format!("{}: charts name each other more than {DEPTH} deep", folder.display());
        return Err(Error::new(ErrorKind::Limit, message));
    }
    for dependency in chart.metadata().dependencies.iter().flatten() {
        if !dependency.repository.starts_with("file://") {
            continue;
        }
        let path = local_path(&dependency.repository, folder)?;
        let child = load(&path, options)?;
        let constraint = crate::version::Constraint::parse(&dependency.version)?;
        let version = crate::version::Version::parse(&child.metadata().version)?;
        if child.name() != dependency.name || !constraint.check(&version) {
            let (name, found) = (quote(&dependency.name), &child.metadata().version);
            let message = format!(
                "dependency {name} of {} wants version {}, {} has {} {found}",
                chart.name(),
                dependency.version,
                path.display(),
                child.name(),
            );
            return Err(Error::new(ErrorKind::Dependency, message));
        }
        let mut inner = own_files(&path, &child, git)?;
        add_local_dependencies(&path, &child, &mut inner, git, options, depth + 1)?;
        let prefix = format!("charts/{}/", child.name());
        let packed = format!("charts/{}-", child.name());
        // What an earlier `dependency build` left there is not what the commit says.
        files.retain(|file| {
            let is_archive = file.name().strip_prefix(&packed).is_some_and(|rest| rest.ends_with(".tgz"));
            !file.name().starts_with(&prefix) && !is_archive
        });
        files.extend(
            inner.iter().map(|file| File::new(format!("{prefix}{}", file.name()), file.shared_data())),
        );
    }
    Ok(())
}

fn published_metadata(
    metadata: &Metadata,
    versions: &Versions,
    commit: Option<&Commit>,
    is_dirty: bool,
    options: &PublishOptions,
) -> Metadata {
    let mut metadata = metadata.clone();
    metadata.version.clone_from(&versions.version);
    if let Some(app_version) = &versions.app_version {
        metadata.app_version.clone_from(app_version);
    }
    let mut annotate = |key: &str, text: String| {
        metadata.annotations.retain(|(known, _)| known != key);
        metadata.annotations.push((key.to_owned(), text));
    };
    if let Some(commit) = commit {
        let suffix = if is_dirty { "-dirty" } else { "" };
        annotate(REVISION_ANNOTATION, format!("{}{suffix}", commit.hash));
    }
    if let Some(source) = &options.source {
        annotate(SOURCE_ANNOTATION, source.clone());
    }
    metadata.annotations.sort();
    metadata
}

fn lint(chart: &Chart, shown: &str, options: &PublishOptions) -> Result<()> {
    let mut lint_options = LintOptions::new(options.compat);
    if let Some(version) = &options.kube_version {
        lint_options = lint_options.kube_version(version.clone());
    }
    let report = lint_chart(chart, shown, &options.overrides, &lint_options);
    if !report.failed {
        return Ok(());
    }
    let errors = report.messages.iter().filter(|message| message.severity == Severity::Error);
    let texts: Vec<String> = errors.map(ToString::to_string).collect();
    let message = format!("{shown}: lint failed: {}", texts.join("\n"));
    Err(Error::new(ErrorKind::Chart, message))
}

/// The images that the templates name with the defaults and what `-f` and `--set` say.
fn images(chart: &Chart, options: &PublishOptions, warnings: &mut Vec<Diagnostic>) -> Result<Vec<String>> {
    if chart.metadata().kind == "library" {
        return Ok(Vec::new());
    }
    let mut capabilities = Capabilities::default();
    if let Some(version) = &options.kube_version {
        capabilities = capabilities.on(version.clone());
    }
    // What is random in a template has no part in which images there are.
    let render_options =
        RenderOptions::new("release-name").capabilities(capabilities).sealed("publish", Some(0));
    let rendered = merge_with(chart, &options.overrides, &MergeOptions::default())
        .and_then(|values| render(chart, &values, &render_options))
        .and_then(|rendered| Manifests::from_rendered(&rendered));
    match rendered {
        Ok(manifests) => Ok(manifests.images()),
        Err(error) if options.check_images => {
            Err(error.prefixed("the images cannot be known (pass values with -f or --set): "))
        }
        Err(error) => {
            let message =
                format!("the images were not looked at, because the defaults do not render: {error}");
            warnings.push(Diagnostic::warning("images-unknown", message));
            Ok(Vec::new())
        }
    }
}

/// Refuses an image that may be another one tomorrow.
fn refuse_floating(image: &str, allow_latest: bool) -> Result<()> {
    if allow_latest || Image::parse(image)?.is_pinned() {
        return Ok(());
    }
    let which = if image.contains(":latest") { "has the tag latest" } else { "has no tag" };
    let message = format!("image {} {which}: a published chart must name a published image", quote(image));
    let diagnostic = Diagnostic::error("floating-image", "the image may be another one tomorrow")
        .hint("set it with --set-image PATH=IMAGE:TAG, or pass --allow-latest");
    Err(Error::new(ErrorKind::Usage, message).with_diagnostic(diagnostic))
}
