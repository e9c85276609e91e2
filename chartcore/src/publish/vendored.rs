//! Dependencies that lie in repositories: fetched into a copy of the chart, as Chart.lock says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::changed::reached;
use crate::chart::{Chart, File, LoadOptions, load};
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};
use crate::files::directory::{io_error, list, read_file};

/// The largest archive that is taken in.
const LARGEST: u64 = 100 << 20;

/// Where and how dependencies are built: the working tree is not touched.
#[derive(Clone, Copy)]
pub struct Vendoring<'a> {
    /// An empty folder for copies of charts.
    pub folder: &'a Path,
    /// Fills `charts/` of the chart in a folder, as `dependency build` does.
    pub build: &'a dyn Fn(&Path) -> Result<()>,
}

impl std::fmt::Debug for Vendoring<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vendoring").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Adds the archives of dependencies that are in repositories and not yet in `charts/`.
///
/// # Errors
/// Chart.lock does not say which versions, or they cannot be had.
pub(super) fn add(
    folder: &Path,
    chart: &Chart,
    files: &mut Vec<File>,
    options: &LoadOptions,
    vendoring: &Vendoring<'_>,
) -> Result<()> {
    let missing = chart.missing_dependencies();
    let elsewhere = chart.metadata().dependencies.iter().flatten().filter(|dependency| {
        let is_local = dependency.repository.is_empty() || dependency.repository.starts_with("file://");
        !is_local && missing.contains(&dependency.name.as_str())
    });
    let names: Vec<&str> = elsewhere.map(|dependency| dependency.name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    if chart.lock().is_none() {
        let message = format!(
            "{}: no Chart.lock says which versions of {} are published",
            folder.display(),
            names.join(", ")
        );
        let diagnostic = Diagnostic::error("no-lock", "two clones must publish the same dependencies")
            .hint("run `chart dependency update` and commit Chart.lock");
        return Err(Error::new(ErrorKind::Dependency, message).with_diagnostic(diagnostic));
    }
    // Copies stand to each other as the charts do, so that `file://../other` leads to the right one.
    let parts = reached(folder, &mut BTreeMap::new(), 0)?;
    let mut own = None;
    for part in &parts {
        let copy = vendoring.folder.join(below_root(part));
        for file in load(part, options)?.raw() {
            write(&copy.join(file.name()), file.data())?;
        }
        if own.is_none() && fs::canonicalize(folder).is_ok_and(|real| real == *part) {
            own = Some(copy);
        }
    }
    let own = own.unwrap_or_else(|| vendoring.folder.join(below_root(folder)));
    (vendoring.build)(&own)?;
    let charts = own.join("charts");
    for (name, is_folder) in list(&charts)? {
        let is_wanted = names.iter().any(|wanted| {
            name.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('-') && rest.ends_with(".tgz"))
        });
        if !is_folder && is_wanted {
            files.push(File::new(format!("charts/{name}"), read_file(&charts.join(&name), LARGEST)?));
        }
    }
    Ok(())
}

fn below_root(path: &Path) -> PathBuf {
    path.components().filter(|part| matches!(part, std::path::Component::Normal(_))).collect()
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| io_error("mkdir", folder, error))?;
    fs::write(path, bytes).map_err(|error| io_error("open", path, error))
}
