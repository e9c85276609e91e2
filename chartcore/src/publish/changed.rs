//! Which charts a range of commits changed.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::git::Git;
use crate::Compat;
use crate::chart::Metadata;
use crate::error::Result;
use crate::files::clean;
use crate::files::directory::{self, absolute};

/// How deep charts are looked for.
const DEPTH: usize = 16;

/// The longest Chart.yaml that is read.
const LONGEST: u64 = 5 << 20;

/// The charts in and below `folders`, sorted: folders with a Chart.yaml that are no part of another chart.
///
/// # Errors
/// A folder cannot be read.
pub fn charts_below(folders: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut charts = Vec::new();
    for folder in folders {
        collect(folder, 0, &mut charts)?;
    }
    charts.sort();
    charts.dedup();
    Ok(charts)
}

fn collect(folder: &Path, depth: usize, charts: &mut Vec<PathBuf>) -> Result<()> {
    let entries = directory::list(folder)?;
    if entries.iter().any(|(name, is_folder)| name == "Chart.yaml" && !is_folder) {
        charts.push(folder.to_owned());
        return Ok(());
    }
    if depth == DEPTH {
        return Ok(());
    }
    for (name, is_folder) in entries {
        let path = folder.join(&name);
        let is_link = path.symlink_metadata().is_ok_and(|entry| entry.is_symlink());
        if is_folder && !is_link && !name.starts_with('.') {
            collect(&path, depth + 1, charts)?;
        }
    }
    Ok(())
}

/// The charts in and below `folders` that changed since a commit: a file of theirs did, or one of a chart that they
/// depend on by `file://`, directly or through others.
///
/// # Errors
/// git fails, the commit is none, or a Chart.yaml cannot be read.
pub fn changed(folders: &[PathBuf], since: &str) -> Result<Vec<PathBuf>> {
    let charts = charts_below(folders)?;
    let Some(first) = charts.first() else { return Ok(Vec::new()) };
    let git = Git::at(first)?;
    let top = real(git.top());
    let files: Vec<PathBuf> = git.changed_since(since)?.iter().map(|file| top.join(file)).collect();
    let mut known = BTreeMap::new();
    let mut out = Vec::new();
    for chart in charts {
        let reached = reached(&chart, &mut known, 0)?;
        if files.iter().any(|file| reached.iter().any(|folder| file.starts_with(folder))) {
            out.push(chart);
        }
    }
    Ok(out)
}

/// The folder of a chart and those of the charts it depends on by `file://`.
pub(super) fn reached(
    chart: &Path,
    known: &mut BTreeMap<PathBuf, Vec<PathBuf>>,
    depth: usize,
) -> Result<Vec<PathBuf>> {
    let folder = real(&absolute(chart)?);
    if let Some(reached) = known.get(&folder) {
        return Ok(reached.clone());
    }
    // A cycle ends here: its charts are each other's part anyway.
    known.insert(folder.clone(), vec![folder.clone()]);
    let mut all = vec![folder.clone()];
    if depth < DEPTH {
        for neighbour in neighbours(&folder)? {
            all.extend(reached(&neighbour, known, depth + 1)?);
        }
    }
    all.sort();
    all.dedup();
    known.insert(folder, all.clone());
    Ok(all)
}

/// The folders that a chart names with `file://`.
fn neighbours(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for name in ["Chart.yaml", "requirements.yaml"] {
        let file = folder.join(name);
        if !directory::exists(&file) {
            continue;
        }
        let metadata = Metadata::from_yaml(&directory::read_file(&file, LONGEST)?, Compat::Helm4)
            .map_err(|error| error.prefixed(format_args!("{}: ", file.display())))?;
        for dependency in metadata.dependencies.iter().flatten() {
            if let Some(path) = dependency.repository.strip_prefix("file://") {
                let path = if path.starts_with('/') {
                    clean(path)
                } else {
                    clean(&format!("{}/{path}", folder.display()))
                };
                found.push(PathBuf::from(path));
            }
        }
    }
    found.retain(|path| directory::exists(&path.join("Chart.yaml")));
    Ok(found)
}

/// The folder without links, so that it compares with what git says.
fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path)
        .unwrap_or_else(|_| path.components().filter(|part| !matches!(part, Component::CurDir)).collect())
}
