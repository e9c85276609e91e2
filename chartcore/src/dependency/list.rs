//! What `dependency list` shows: each dependency with its state in `charts/`, and what else lies there.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::chart::{Chart, Dependency, LoadOptions, VersionCheck, load};
use crate::files::directory;
use crate::files::ignore::matches;
use crate::version::{Constraint, Version};

/// The state of a dependency; `Display` prints Helm's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// An archive of the right version is there.
    Ok,
    /// Nothing is there.
    Missing,
    /// A folder of the right version is there (or the chart itself is an archive).
    Unpacked,
    /// What is there has a version out of range.
    WrongVersion,
    /// The range, or the version of what is there, is none.
    InvalidVersion,
    /// The archive is not readable.
    Corrupt,
    /// The archive holds a chart of another name.
    Misnamed,
    /// Several archives could be meant.
    TooManyMatches,
    /// The name makes no file pattern.
    BadPattern,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::Unpacked => "unpacked",
            Self::WrongVersion => "wrong version",
            Self::InvalidVersion => "invalid version",
            Self::Corrupt => "corrupt",
            Self::Misnamed => "misnamed",
            Self::TooManyMatches => "too many matches",
            Self::BadPattern => "bad pattern",
        })
    }
}

/// A dependency of Chart.yaml and its state.
#[derive(Debug, Clone)]
pub struct Listed<'a> {
    /// The entry of Chart.yaml.
    pub dependency: &'a Dependency,
    /// Its state in `charts/`.
    pub status: Status,
}

/// Something in `charts/` that Chart.yaml does not ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Where it is, beginning with the chart's path.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: StrayReason,
}

/// Why something in `charts/` is strange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrayReason {
    /// It cannot be loaded.
    NotAChart,
    /// Chart.yaml does not name it.
    NotListed,
}

impl fmt::Display for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = crate::files::quote(&self.path.display().to_string());
        match self.reason {
            StrayReason::NotAChart => write!(f, "WARNING: {path} is not a chart."),
            StrayReason::NotListed => write!(f, "WARNING: {path} is not in Chart.yaml."),
        }
    }
}

/// The dependencies of `chart`, which was loaded from `chart_path`, in the order of Chart.yaml.
///
/// Helm: `dependencyStatus` in pkg/action/dependency.go.
pub fn list<'a>(chart_path: &Path, chart: &'a Chart, options: &LoadOptions) -> Vec<Listed<'a>> {
    let options = options.version_check(VersionCheck::Skip);
    let folder = chart_path.join("charts");
    let names = directory::list(&folder).unwrap_or_default();
    let dependencies = chart.metadata().dependencies.iter().flatten();
    dependencies
        .map(|dependency| {
            let status = status(&folder, &names, dependency, chart, &options);
            Listed { dependency, status }
        })
        .collect()
}

fn status(
    folder: &Path,
    names: &[(String, bool)],
    dependency: &Dependency,
    chart: &Chart,
    options: &LoadOptions,
) -> Status {
    let pattern = format!("{}-*.tgz", dependency.name);
    if matches(pattern.as_bytes(), b"").is_err() {
        return Status::BadPattern;
    }
    let is_match = |name: &&str| matches(pattern.as_bytes(), name.as_bytes()).unwrap_or(false);
    let mut archives: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).filter(is_match).collect();
    if archives.len() > 1 {
        let prefix = format!("{}-", dependency.name);
        archives.retain(|name| {
            let name = name.strip_suffix(".tgz").unwrap_or(name);
            Version::parse_strict(name.strip_prefix(&prefix).unwrap_or(name)).is_ok()
        });
        if archives.len() > 1 {
            return Status::TooManyMatches;
        }
    }
    if let [archive] = archives[..] {
        let path = folder.join(archive);
        if directory::exists(&path) {
            return archive_status(&path, dependency, options);
        }
    }
    let held = chart.dependencies().iter().rfind(|held| held.name() == dependency.name);
    match held {
        None => Status::Missing,
        Some(held) => version_status(dependency, held).unwrap_or(Status::Unpacked),
    }
}

fn archive_status(path: &Path, dependency: &Dependency, options: &LoadOptions) -> Status {
    match load(path, options) {
        Err(_) => Status::Corrupt,
        Ok(chart) if chart.name() != dependency.name => Status::Misnamed,
        Ok(chart) => version_status(dependency, &chart).unwrap_or(Status::Ok),
    }
}

/// What is wrong with the version, if anything.
fn version_status(dependency: &Dependency, chart: &Chart) -> Option<Status> {
    let version = &chart.metadata().version;
    if *version == dependency.version {
        return None;
    }
    let Ok(constraint) = Constraint::parse(&dependency.version) else { return Some(Status::InvalidVersion) };
    match Version::parse(version) {
        Err(_) => Some(Status::InvalidVersion),
        Ok(version) if constraint.check(&version) => None,
        Ok(_) => Some(Status::WrongVersion),
    }
}

/// The folders and archives in `charts/` that are no charts or that Chart.yaml does not name, by name.
///
/// Helm: `printMissing` in pkg/action/dependency.go.
pub fn strays(chart_path: &Path, chart: &Chart, options: &LoadOptions) -> Vec<Stray> {
    let options = options.version_check(VersionCheck::Skip);
    let folder = chart_path.join("charts");
    let mut strays = Vec::new();
    for (name, is_folder) in directory::list(&folder).unwrap_or_default() {
        let path = folder.join(&name);
        if !is_folder && !name.ends_with(".tgz") {
            continue;
        }
        let reason = match load(&path, &options) {
            Err(_) => StrayReason::NotAChart,
            Ok(stray) => {
                let mut dependencies = chart.metadata().dependencies.iter().flatten();
                if dependencies.any(|dependency| dependency.name == stray.name()) {
                    continue;
                }
                StrayReason::NotListed
            }
        };
        strays.push(Stray { path, reason });
    }
    strays
}
