//! Files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use super::file_error;
use crate::error::Result;

/// How temporary files are called: `.chart-PID-NUMBER.part`.
const PREFIX: &str = ".chart-";
const SUFFIX: &str = ".part";

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A temporary file beside its target. It takes the target's name with [`Draft::keep`], or is gone when dropped.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl Draft {
    /// An empty file in the target's folder, which is made where it is missing.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn beside(target: &Path) -> Result<Self> {
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        fs::create_dir_all(folder).map_err(|error| file_error("cannot make the folder", folder, &error))?;
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{PREFIX}{}-{number}{SUFFIX}", std::process::id()));
            match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { path, file, kept: false }),
                // Left behind by a process that had our number before.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < u32::MAX - 1 => {}
                Err(error) => return Err(file_error("cannot write", &path, &error)),
            }
        }
    }

    /// The file, open for writing.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Where it is for now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Empties it.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn restart(&mut self) -> Result<()> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(|error| file_error("cannot write", &self.path, &error))
    }

    /// Writes it through to the disk and gives it the target's name.
    ///
    /// # Errors
    /// The file system refuses; the target is then as it was.
    pub fn keep(mut self, target: &Path) -> Result<()> {
        let synced = self.file.sync_all();
        synced.map_err(|error| file_error("cannot write", &self.path, &error))?;
        fs::rename(&self.path, target).map_err(|error| file_error("cannot write", target, &error))?;
        self.kept = true;
        // The new name is in the folder, which has its own place on the disk. Not every system can sync folders.
        if let Some(folder) = target.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes a file whole or not at all, with the folders above it.
///
/// # Errors
/// The file system refuses; the target is then as it was.
pub fn write_whole(target: &Path, content: &[u8]) -> Result<()> {
    let mut draft = Draft::beside(target)?;
    let written = draft.file().write_all(content);
    written.map_err(|error| file_error("cannot write", draft.path(), &error))?;
    draft.keep(target)
}

/// Removes the temporary files in `folder` that have not been written for `age`.
pub(super) fn sweep(folder: &Path, now: i64, age: Duration) -> usize {
    let mut swept = 0;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        let written = entry.metadata().and_then(|file| file.modified()).ok();
        let seconds =
            written.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs());
        let old = seconds.and_then(|seconds| i64::try_from(seconds).ok()).is_some_and(|seconds| {
            u64::try_from(now.saturating_sub(seconds)).is_ok_and(|passed| passed >= age.as_secs())
        });
        if ours && old && fs::remove_file(entry.path()).is_ok() {
            swept += 1;
        }
    }
    swept
}
