//! Where things are in the workspace and beside it.

use std::env;
use std::path::{Path, PathBuf};

/// The workspace's top folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// Where the Helms, the oracle and the registry are kept.
pub(crate) fn reference() -> PathBuf {
    components::reference()
}

/// The `chart` binary under test: CHART_BIN, or the release build.
pub(crate) fn chart() -> PathBuf {
    match env::var_os("CHART_BIN") {
        Some(program) => PathBuf::from(program),
        None => target().join("release").join("chart"),
    }
}

/// The folder of compare.py and the packed corpus, if it lies beside this checkout.
pub(crate) fn corpus() -> Option<PathBuf> {
    let folder = match env::var_os("CHART_CORPUS") {
        Some(folder) => PathBuf::from(folder),
        None => root().parent()?.join("shared").join("corpus"),
    };
    folder.join("compare.py").is_file().then_some(folder)
}

/// The folder of the shared conformance tables, if it lies beside this checkout.
pub(crate) fn conformance() -> Option<PathBuf> {
    let folder = match env::var_os("CHART_CONFORMANCE") {
        Some(folder) => PathBuf::from(folder),
        None => root().parent()?.join("shared").join("conformance"),
    };
    folder.is_dir().then_some(folder)
}

/// A fresh, empty folder under the target folder, for one chore.
pub(crate) fn scratch(name: &str) -> Result<PathBuf, String> {
    let folder = target().join("xtask").join(format!("{name}-{}", std::process::id()));
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}
