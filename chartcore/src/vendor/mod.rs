//! Dependencies on disk: Chart.yaml's ranges to Chart.lock and the archives in `charts/`.
//!
//! [`update`] decides versions anew, [`build`] takes those of Chart.lock. Only the indexes that are needed are asked
//! for, each is read once, archives come side by side through the cache, and `charts/` changes when everything is
//! there and checked: a failed run leaves it as it was. Helm: pkg/downloader/manager.go.

mod fetch;
mod install;
mod names;
mod pin;
mod tree;
mod versions;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use pin::{Pinned, pin};
pub use tree::{Branch, tree};

use crate::Compat;
use crate::cache::Patience;
use crate::chart::{Chart, LoadOptions, Lock, Metadata, VersionCheck, load, time_text};
use crate::dependency;
use crate::error::{Error, ErrorKind, Result};
use crate::files::directory::{self, io_error};
use crate::registry::Registry;
use crate::repository::{Fetcher, Places};
use crate::transport::Progress;

/// How deep local charts may depend on each other.
const LOCAL_DEPTH: usize = 32;

/// How long another process that works on the same chart is waited for.
const PATIENCE: Duration = Duration::from_secs(300);

/// Checks an archive, by its file name, against its provenance.
pub type Verifier<'a> = dyn Fn(&str, &[u8], &[u8]) -> Result<()> + Sync + 'a;

/// Whether indexes are asked for anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refresh {
    /// Those that are needed.
    #[default]
    Needed,
    /// None (`--skip-refresh`).
    Skip,
    /// Nothing is asked for, archives neither (`--offline`).
    Offline,
}

/// What `build` does with a repository that the list does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unknown {
    /// Asks it, as `update` does.
    #[default]
    Ask,
    /// Refuses, as Helm does.
    Refuse,
}

/// What vendoring needs of the world, and how it is to go about it.
#[non_exhaustive]
pub struct Vendor<'a> {
    /// Where Helm keeps what it knows.
    pub places: &'a Places,
    /// Fetches over HTTP.
    pub fetcher: &'a Fetcher,
    /// Fetches from registries.
    pub registry: &'a Registry,
    /// How charts are loaded; whose rules count.
    pub load: LoadOptions,
    /// Whether indexes are asked for anew.
    pub refresh: Refresh,
    /// What `build` does with unknown repositories.
    pub unknown: Unknown,
    /// Whether Chart.lock must be there and fit, for `update` too (`--locked`).
    pub locked: bool,
    /// Whether local charts get their own dependencies first, where they miss some.
    pub recursive: bool,
    /// Checks provenance (`--verify`).
    pub verifier: Option<&'a Verifier<'a>>,
    /// Whether a missing provenance is an error.
    pub verify_always: bool,
    /// The time written into Chart.lock, in seconds since 1970.
    pub now: u64,
    /// The time of the entries of local charts' archives (`SOURCE_DATE_EPOCH`).
    pub mtime: Option<u64>,
    /// How many archives come at once.
    pub threads: usize,
    /// Is told how transfers come along.
    pub progress: &'a dyn Progress,
    /// Is told what Helm would print, line by line.
    pub say: &'a (dyn Fn(&str) + Sync),
}

impl<'a> Vendor<'a> {
    /// The usual way of going about it.
    pub fn new(
        places: &'a Places,
        fetcher: &'a Fetcher,
        registry: &'a Registry,
        progress: &'a dyn Progress,
        say: &'a (dyn Fn(&str) + Sync),
    ) -> Self {
        Self {
            places,
            fetcher,
            registry,
            load: LoadOptions::new(fetcher.compat()).version_check(VersionCheck::Skip),
            refresh: Refresh::default(),
            unknown: Unknown::default(),
            locked: false,
            recursive: true,
            verifier: None,
            verify_always: false,
            now: 0,
            mtime: None,
            threads: 8,
            progress,
            say,
        }
    }

    fn compat(&self) -> Compat {
        self.load.compat
    }
}

/// Decides the versions of a chart's dependencies, fetches them into `charts/` and writes Chart.lock if it changed.
///
/// # Errors
/// The chart is no folder, a repository or a version is missing, an archive cannot be had, or files cannot be
/// written; Helm's texts.
pub fn update(chart_path: &Path, vendor: &Vendor<'_>) -> Result<()> {
    Run { vendor, visited: BTreeSet::new() }.update(chart_path)
}

/// Fetches the versions of Chart.lock into `charts/`; without a lock as [`update`].
///
/// # Errors
/// As [`update`], or Chart.lock does not fit Chart.yaml.
pub fn build(chart_path: &Path, vendor: &Vendor<'_>) -> Result<()> {
    Run { vendor, visited: BTreeSet::new() }.build(chart_path)
}

/// One run, with the local charts it has been at.
struct Run<'v, 'a> {
    vendor: &'v Vendor<'a>,
    visited: BTreeSet<PathBuf>,
}

fn load_folder(path: &Path, options: &LoadOptions) -> Result<Chart> {
    let status = fs::metadata(path).map_err(|error| {
        io_error("stat", path, error).prefixed(format_args!("could not find {}: ", path.display()))
    })?;
    if !status.is_dir() {
        return Err(Error::new(ErrorKind::Usage, "only unpacked charts can be updated"));
    }
    load(path, options)
}

impl Run<'_, '_> {
    fn update(&mut self, chart_path: &Path) -> Result<()> {
        let vendor = self.vendor;
        let chart = load_folder(chart_path, &vendor.load)?;
        if !chart.metadata().lists_dependencies {
            return Ok(());
        }
        if vendor.locked {
            if chart.lock().is_none() {
                let message = "--locked needs a Chart.lock; `dependency update` without it makes one";
                return Err(Error::new(ErrorKind::Dependency, message));
            }
            return self.build(chart_path);
        }
        let _lock = self.enter(chart_path)?;
        let asked = names::with_urls(chart_path, chart.metadata(), vendor)?;
        self.vendor_local(chart_path, &asked)?;
        let mut versions = versions::Versions::gather(&asked, vendor)?;
        let mut lock = dependency::resolve(chart_path, &asked.metadata, &mut versions, &vendor.load)?;
        self.save(chart_path, &chart, &mut lock, &versions)?;
        lock.digest = dependency::digest(&asked.metadata, &lock)?;
        if chart.lock().is_some_and(|old| old.digest == lock.digest) {
            return Ok(());
        }
        lock.generated = time_text(vendor.now);
        write_lock(chart_path, &lock, chart.metadata().api_version == "v1")
    }

    fn build(&mut self, chart_path: &Path) -> Result<()> {
        let vendor = self.vendor;
        let chart = load_folder(chart_path, &vendor.load)?;
        let Some(lock) = chart.lock() else {
            if vendor.locked && chart.metadata().lists_dependencies {
                let message = "--locked needs a Chart.lock; `dependency update` makes one";
                return Err(Error::new(ErrorKind::Dependency, message));
            }
            return self.update(chart_path);
        };
        let held = self.enter(chart_path)?;
        let asked = names::with_urls(chart_path, chart.metadata(), vendor)?;
        dependency::check_lock_of(&asked.metadata, chart.metadata(), lock, vendor.compat())?;
        let locked = Metadata { dependencies: lock.dependencies.clone(), ..asked.metadata.clone() };
        let locked = names::with_urls(chart_path, &locked, vendor)?;
        if vendor.unknown == Unknown::Refuse {
            locked.refuse_unknown()?;
        }
        self.vendor_local(chart_path, &locked)?;
        let versions = versions::Versions::gather(&locked, vendor)?;
        let mut lock = Lock { dependencies: locked.metadata.dependencies.clone(), ..lock.clone() };
        self.save(chart_path, &chart, &mut lock, &versions)?;
        drop(held);
        Ok(())
    }

    /// Marks a chart as being worked on, by us and, through a lock in the cache, by no other process.
    fn enter(&mut self, chart_path: &Path) -> Result<Option<crate::cache::Lock>> {
        let path = fs::canonicalize(chart_path).map_err(|error| io_error("stat", chart_path, error))?;
        if self.visited.len() >= LOCAL_DEPTH {
            let message = format!("local charts depend on each other more than {LOCAL_DEPTH} deep");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        if !self.visited.insert(path.clone()) {
            let message = format!("the local chart {} depends on itself", path.display());
            return Err(Error::new(ErrorKind::Dependency, message));
        }
        let name = crate::archive::sha256(path.to_string_lossy().as_bytes()).hex();
        let cache = self.vendor.places.archives();
        match cache.lock(&format!("vendor-{name}"), &Patience::for_at_most(PATIENCE)) {
            Ok(lock) => Ok(Some(lock)),
            // A cache that cannot be written serves no other process either.
            Err(_) if directory::kind_of(cache.root()).is_ok() && is_read_only(cache.root()) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives local charts their own dependencies where they miss some.
    fn vendor_local(&mut self, chart_path: &Path, asked: &names::Asked) -> Result<()> {
        if !self.vendor.recursive {
            return Ok(());
        }
        for dependency in asked.metadata.dependencies.iter().flatten() {
            if !dependency.repository.starts_with("file://") {
                continue;
            }
            let path = dependency::local_path(&dependency.repository, chart_path)?;
            if directory::kind_of(&path)? != directory::PathKind::Folder {
                continue;
            }
            if !load(&path, &self.vendor.load)?.missing_dependencies().is_empty() {
                self.build(&path)?;
                // Another dependency may lead here again: that is no circle.
                if let Ok(path) = fs::canonicalize(&path) {
                    self.visited.remove(&path);
                }
            }
        }
        Ok(())
    }

    fn save(
        &self,
        chart_path: &Path,
        chart: &Chart,
        lock: &mut Lock,
        versions: &versions::Versions,
    ) -> Result<()> {
        let vendor = self.vendor;
        let folder = chart_path.join("charts");
        match directory::kind_of(&folder) {
            Ok(directory::PathKind::Folder) => {}
            Ok(_) => {
                let shown = crate::files::quote(&folder.display().to_string());
                return Err(Error::new(ErrorKind::Io, format!("{shown} is not a directory")));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(&folder).map_err(|error| io_error("mkdir", &folder, error))?;
            }
            Err(error) => {
                let shown = folder.display();
                return Err(error.prefixed(format_args!("unable to retrieve file info for '{shown}': ")));
            }
        }
        (vendor.say)(&format!("Saving {} charts", lock.dependencies.len()));
        let _ = chart;
        let archives = fetch::fetch_all(chart_path, lock, versions, vendor).inspect_err(|error| {
            (vendor.say)(&format!("Save error occurred:  {error}"));
        })?;
        install::install(&folder, &archives, lock, vendor)
    }
}

fn is_read_only(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|status| status.permissions().readonly())
        || fs::File::create(folder.join(".chart-probe")).is_err()
}

/// Writes Chart.lock, never through a link. Helm: `writeLock`.
fn write_lock(chart_path: &Path, lock: &Lock, is_v1: bool) -> Result<()> {
    let name = if is_v1 { "requirements.lock" } else { "Chart.lock" };
    let path = chart_path.join(name);
    if let Ok(status) = fs::symlink_metadata(&path)
        && status.is_symlink()
    {
        let target = fs::read_link(&path).unwrap_or_default();
        let shown = crate::files::quote(&target.display().to_string());
        return Err(Error::new(ErrorKind::Io, format!("the {name} file is a symlink to {shown}")));
    }
    crate::cache::write_whole(&path, &lock.to_yaml()?)
}
