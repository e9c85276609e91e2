//! One process at a time.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file_error;
use crate::error::{Error, ErrorKind, Result};

/// How long to wait for a lock, and how to let time pass.
#[derive(Clone, Copy)]
pub struct Patience<'a> {
    /// The longest wait.
    pub longest: Duration,
    /// Lets a moment pass.
    pub sleep: &'a (dyn Fn(Duration) + Sync),
}

impl Patience<'_> {
    /// Waits for real, at most this long.
    pub fn for_at_most(longest: Duration) -> Self {
        Self { longest, sleep: &std::thread::sleep }
    }
}

impl fmt::Debug for Patience<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Patience({:?})", self.longest)
    }
}

/// An exclusive lock on a file, given back when dropped, or by the system when the process dies. The file stays:
/// removing it would let two processes each lock their own.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

/// Between two looks at a lock that is taken.
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

impl Lock {
    /// Takes the lock, making file and folder where they are missing.
    ///
    /// # Errors
    /// Another process held it longer than `patience`, or the file cannot be written.
    pub fn take(path: &Path, patience: &Patience<'_>) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)
                .map_err(|error| file_error("cannot make the folder", folder, &error))?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| file_error("cannot lock", path, &error))?;
        let (mut waited, mut pause) = (Duration::ZERO, PAUSE);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file, path: path.to_owned() }),
                Err(TryLockError::WouldBlock) if waited < patience.longest => {
                    (patience.sleep)(pause);
                    waited += pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    let message = format!(
                        "{} is held by another process; waited {} s for it",
                        path.display(),
                        patience.longest.as_secs()
                    );
                    return Err(Error::new(ErrorKind::Io, message));
                }
                Err(TryLockError::Error(error)) => return Err(file_error("cannot lock", path, &error)),
            }
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file gives the lock back as well.
        let _ = self.file.unlock();
    }
}
