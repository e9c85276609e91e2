//! `charts/` from one state to the next: everything is written beside its place first, then renamed.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::Vendor;
use super::fetch::Archive;
use crate::cache::Draft;
use crate::chart::{Lock, load};
use crate::error::Result;
use crate::files::directory::{self, PathKind, io_error};

/// Puts the archives into the folder and removes those that are outdated. Helm: `safeMoveDeps`.
pub(super) fn install(folder: &Path, archives: &[Archive], lock: &Lock, vendor: &Vendor<'_>) -> Result<()> {
    let mut drafts = Vec::new();
    let mut kept = BTreeSet::new();
    for archive in archives {
        let provenance = archive.provenance.as_deref().map(|bytes| (format!("{}.prov", archive.file), bytes));
        for (name, bytes) in [(archive.file.clone(), &archive.bytes[..])].into_iter().chain(provenance) {
            let path = folder.join(&name);
            kept.insert(name);
            if !is_there(&path, bytes) {
                drafts.push((draft(&path, bytes)?, path));
            }
        }
    }
    let before = directory::list(folder)?;
    for (draft, path) in drafts {
        draft.keep(&path)?;
    }
    (vendor.say)("Deleting outdated charts");
    let in_place: BTreeSet<&str> = lock
        .dependencies
        .iter()
        .flatten()
        .filter(|dependency| dependency.repository.is_empty())
        .map(|dependency| dependency.name.as_str())
        .collect();
    for (name, is_folder) in before {
        let path = folder.join(&name);
        if is_folder || kept.contains(&name) || name.starts_with(".chart-") {
            continue;
        }
        match load(&path, &vendor.load) {
            Err(error) => {
                (vendor.say)(&format!("Could not verify {} for deletion: {error} (Skipping)", path.display()))
            }
            Ok(chart) if in_place.contains(chart.name()) => {}
            Ok(_) => fs::remove_file(&path).map_err(|error| io_error("remove", &path, error))?,
        }
    }
    Ok(())
}

/// Whether the file has these bytes already.
fn is_there(path: &PathBuf, bytes: &[u8]) -> bool {
    let length = bytes.len() as u64;
    let is_file = directory::kind_of(path).is_ok_and(|kind| kind == PathKind::File);
    is_file
        && fs::symlink_metadata(path).is_ok_and(|status| status.is_file() && status.len() == length)
        && directory::read_file(path, length).is_ok_and(|found| found == bytes)
}

fn draft(path: &Path, bytes: &[u8]) -> Result<Draft> {
    let mut draft = Draft::beside(path)?;
    draft.file().write_all(bytes).map_err(|error| io_error("write", path, error))?;
    Ok(draft)
}
