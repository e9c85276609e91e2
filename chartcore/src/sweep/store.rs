//! Where the files of a sweep are kept.

use std::fs;
use std::path::PathBuf;

use crate::error::Result;
use crate::files::directory::io_error;

/// Where a sweep finds what it rendered before, and puts what it renders now.
pub trait SweepStore: Sync {
    /// A file, if it is there and whole.
    fn read(&self, name: &str) -> Option<Vec<u8>>;

    /// Writes a file; nobody ever sees half of it.
    ///
    /// # Errors
    /// What went wrong, with the file's name.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<()>;
}

/// A folder on the disk, made when it is first written to.
#[derive(Debug, Clone)]
pub struct FolderStore {
    folder: PathBuf,
}

impl FolderStore {
    /// Keeps files in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

impl SweepStore for FolderStore {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.folder.join(name)).ok()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| io_error("mkdir", parent, error))?;
        }
        // Threads never write the same file: jobs with equal inputs write equal bytes, under names of their own.
        let partial =
            path.with_extension(format!("{}-{:?}.partial", std::process::id(), std::thread::current().id()));
        fs::write(&partial, bytes).map_err(|error| io_error("open", &partial, error))?;
        fs::rename(&partial, &path).map_err(|error| io_error("rename", &path, error))
    }
}
