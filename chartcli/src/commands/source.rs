//! Where a chart comes from: a path here, a repository or a registry elsewhere.

use std::path::{Path, PathBuf};

use super::{Context, Failure};

/// Finds the chart a command names. Helm: pkg/action/install.go, LocateChart.
pub(crate) fn locate(context: &Context<'_>, name: &str) -> Result<PathBuf, Failure> {
    let name = name.trim();
    if context.given.text("repo").is_none_or(str::is_empty) {
        if Path::new(name).exists() {
            return Ok(PathBuf::from(name));
        }
        if Path::new(name).is_absolute() || name.starts_with('.') {
            return Err(Failure::Usage(format!("path {name:?} not found")));
        }
    }
    if name.split('/').count() < 2 {
        return Err(Failure::Usage(format!(
            "non-absolute URLs should be in form of repo_name/path_to_chart, got: {name}"
        )));
    }
    let repository = name.split('/').next().unwrap_or(name);
    Err(Failure::Usage(format!("repo {repository} not found")))
}
