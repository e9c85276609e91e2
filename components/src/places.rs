//! Where fetched programs are kept.

use std::env;
use std::path::{Path, PathBuf};

/// The workspace's top folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Where the Helms, the oracle and the registry are kept: `CHART_REFERENCE_DIR`, or `reference` in the target folder.
pub fn reference() -> PathBuf {
    match (env::var_os("CHART_REFERENCE_DIR"), env::var_os("CARGO_TARGET_DIR")) {
        (Some(folder), _) => root().join(folder),
        (None, Some(target)) => root().join(target).join("reference"),
        (None, None) => root().join("target").join("reference"),
    }
}
