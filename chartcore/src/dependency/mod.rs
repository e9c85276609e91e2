//! Dependencies: ranges to a lock, and what lies in `charts/`.
//!
//! [`resolve`] decides versions: charts in `charts/` and behind `file://` are looked at here, all others through a
//! [`Repositories`] that whoever can reach a network provides. [`list`] and [`strays`] tell what `dependency list`
//! shows.

mod list;
mod lock;

pub use list::{Listed, Status, Stray, StrayReason, list, strays};
pub use lock::{check_lock, check_lock_of, digest, legacy_digest};

use std::path::{Path, PathBuf};

use crate::chart::{Dependency, LoadOptions, Lock, Metadata, VersionCheck, load};
use crate::error::{Error, ErrorKind, Result};
use crate::files::{clean, quote};
use crate::version::{Constraint, Version};

/// The versions of a chart that a repository offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidates {
    /// The repository is not known by name; the range is locked as it is written, to be decided on download.
    AsWritten,
    /// The versions in an index, best first; one must match.
    Listed(Vec<String>),
    /// The tags of an OCI repository, best first; without a match the range is locked as it is written.
    Tagged(Vec<String>),
}

/// Where versions of charts elsewhere are found out.
pub trait Repositories {
    /// The versions of the chart that `dependency` names in its repository.
    ///
    /// # Errors
    /// The repository cannot be read or does not have the chart; Helm's text.
    fn candidates(&mut self, dependency: &Dependency) -> Result<Candidates>;
}

/// No repositories are known: all charts elsewhere are locked as they are written.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRepositories;

impl Repositories for NoRepositories {
    fn candidates(&mut self, _dependency: &Dependency) -> Result<Candidates> {
        Ok(Candidates::AsWritten)
    }
}

/// Decides a version for each dependency of the chart in the folder `chart_path`.
///
/// The lock has no time; whoever writes it sets `generated`. Helm: `Resolver.Resolve` in
/// internal/resolver/resolver.go.
///
/// # Errors
/// A range that is none, a folder that is not there, a repository that fails, or no version in range.
pub fn resolve(
    chart_path: &Path,
    metadata: &Metadata,
    repositories: &mut dyn Repositories,
    options: &LoadOptions,
) -> Result<Lock> {
    let mut locked = Vec::with_capacity(metadata.dependencies.len());
    let mut missing = Vec::new();
    for dependency in metadata.dependencies.iter().flatten() {
        let constraint = Constraint::parse(&dependency.version).map_err(|error| {
            let name = quote(&dependency.name);
            error.prefixed(format_args!("dependency {name} has an invalid version/constraint format: "))
        })?;
        let found = find_version(chart_path, dependency, &constraint, repositories, options)?;
        match found {
            Found::Version(version) => locked.push(Some(Dependency {
                name: dependency.name.clone(),
                repository: dependency.repository.clone(),
                version,
                ..Dependency::default()
            })),
            Found::NotAVersion => locked.push(None),
            Found::Nothing => {
                let Dependency { name, repository, version, .. } = dependency;
                let (name, repository, version) = (quote(name), quote(repository), quote(version));
                missing.push(format!("{name} (repository {repository}, version {version})"));
            }
        }
    }
    if !missing.is_empty() {
        let (count, missing) = (missing.len(), missing.join(", "));
        let message = format!(
            "can't get a valid version for {count} subchart(s): {missing}. Make sure a matching chart version \
             exists in the repo, or change the version constraint in Chart.yaml"
        );
        return Err(Error::new(ErrorKind::Dependency, message));
    }
    let mut lock = Lock { dependencies: locked, lists_dependencies: true, ..Lock::default() };
    lock.digest = digest(metadata, &lock)?;
    Ok(lock)
}

enum Found {
    Version(String),
    /// The chart is there and its version is none.
    NotAVersion,
    Nothing,
}

fn find_version(
    chart_path: &Path,
    dependency: &Dependency,
    constraint: &Constraint,
    repositories: &mut dyn Repositories,
    options: &LoadOptions,
) -> Result<Found> {
    if dependency.repository.is_empty() {
        local_path(&format!("charts/{}", dependency.name), chart_path)?;
        return Ok(Found::Version(dependency.version.clone()));
    }
    if dependency.repository.starts_with("file://") {
        let path = local_path(&dependency.repository, chart_path)?;
        let chart = load(&path, &options.version_check(VersionCheck::Skip))?;
        let version = &chart.metadata().version;
        return Ok(match Version::parse(version) {
            Err(_) => Found::NotAVersion,
            Ok(parsed) if constraint.check(&parsed) => Found::Version(version.clone()),
            Ok(_) => Found::Nothing,
        });
    }
    let (versions, fallback) = match repositories.candidates(dependency)? {
        Candidates::AsWritten => return Ok(Found::Version(dependency.version.clone())),
        Candidates::Listed(versions) => (versions, Found::Nothing),
        Candidates::Tagged(versions) => (versions, Found::Version(dependency.version.clone())),
    };
    let matching = versions
        .into_iter()
        .find(|version| Version::parse(version).is_ok_and(|version| constraint.check(&version)));
    Ok(matching.map_or(fallback, Found::Version))
}

/// The folder that `repository` (`file://…` or a relative path) names, seen from the chart. Helm: `GetLocalPath`.
///
/// # Errors
/// It does not exist.
pub fn local_path(repository: &str, chart_path: &Path) -> Result<PathBuf> {
    let path = repository.strip_prefix("file://").unwrap_or(repository);
    let path = if path.starts_with('/') {
        PathBuf::from(clean(path))
    } else {
        PathBuf::from(clean(&format!("{}/{path}", chart_path.display())))
    };
    if crate::files::directory::exists(&path) {
        return Ok(path);
    }
    Err(Error::new(ErrorKind::NotFound, format!("directory {} not found", path.display())))
}
