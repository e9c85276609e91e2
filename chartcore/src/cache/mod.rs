//! Files that many processes share: content kept by its digest, locks, and writing whole or not at all.

mod draft;
mod lock;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::archive::{Digest, sha256};
use crate::error::{Error, ErrorKind, Result};

pub use draft::{Draft, write_whole};
pub use lock::{Lock, Patience};

/// What a cached file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A packed chart, kept by its own sha256.
    Chart,
    /// The provenance of a chart, kept by the chart's sha256: it cannot be checked by its name.
    Provenance,
}

impl Kind {
    fn suffix(self) -> &'static str {
        match self {
            Self::Chart => "chart",
            Self::Provenance => "prov",
        }
    }
}

/// Content kept by sha256, laid out as Helm 4's, so that both find what the other fetched.
/// Helm: pkg/downloader/cache.go.
///
/// Any number of processes may use one folder at once: files appear whole, by renaming, and are never changed.
/// A process that is killed leaves a temporary file behind, which [`Cache::sweep`] removes.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache in a folder, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the content of that digest is or would be.
    pub fn path(&self, digest: &Digest, kind: Kind) -> PathBuf {
        let hex = digest.hex();
        let shelf = hex.get(..2).unwrap_or_default().to_owned();
        self.root.join(shelf).join(format!("{hex}.{}", kind.suffix()))
    }

    /// The file of that digest, if it is there and still what its name says. A file that is not is removed.
    ///
    /// # Errors
    /// It is there but cannot be read.
    pub fn find(&self, digest: &Digest, kind: Kind) -> Result<Option<PathBuf>> {
        let path = self.path(digest, kind);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file_error("cannot read", &path, &error)),
        };
        let (found, length) =
            digest_of(&mut file).map_err(|error| file_error("cannot read", &path, &error))?;
        if length > 0 && (kind == Kind::Provenance || found == *digest) {
            return Ok(Some(path));
        }
        discard(&path);
        Ok(None)
    }

    /// The content of that digest, as [`Cache::find`].
    ///
    /// # Errors
    /// It is there but cannot be read, or is longer than `limit`.
    pub fn get(&self, digest: &Digest, kind: Kind, limit: u64) -> Result<Option<Vec<u8>>> {
        let path = self.path(digest, kind);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file_error("cannot read", &path, &error)),
        };
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| file_error("cannot read", &path, &error))?;
        if bytes.len() as u64 > limit {
            let message = format!("{} is longer than {limit} bytes", path.display());
            return Err(Error::new(ErrorKind::Limit, message));
        }
        if !bytes.is_empty() && (kind == Kind::Provenance || sha256(&bytes) == *digest) {
            return Ok(Some(bytes));
        }
        discard(&path);
        Ok(None)
    }

    /// Keeps `bytes` under `digest`; what is already there stays.
    ///
    /// # Errors
    /// A chart's bytes have another digest, or the file system refuses.
    pub fn put(&self, digest: &Digest, kind: Kind, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.path(digest, kind);
        if kind == Kind::Chart {
            let found = sha256(bytes);
            if found != *digest {
                let message = format!("the content has the digest {found} instead of {digest}");
                return Err(Error::new(ErrorKind::Integrity, message));
            }
            if path.metadata().is_ok_and(|file| file.len() == bytes.len() as u64) {
                return Ok(path);
            }
        }
        let mut draft = Draft::beside(&path)?;
        let written = draft.file().write_all(bytes);
        written.map_err(|error| file_error("cannot write", draft.path(), &error))?;
        draft.keep(&path)?;
        Ok(path)
    }

    /// A lock by name, for work that only one process should do at a time, such as fetching one index.
    ///
    /// # Errors
    /// Another process held it longer than `patience`, or the folder cannot be written.
    pub fn lock(&self, name: &str, patience: &Patience<'_>) -> Result<Lock> {
        let name: String =
            name.chars()
                .map(|letter| {
                    if letter.is_ascii_alphanumeric() || letter == '.' || letter == '-' {
                        letter
                    } else {
                        '_'
                    }
                })
                .collect();
        Lock::take(&self.root.join(format!("{name}.lock")), patience)
    }

    /// Removes temporary files that are older than `age` at `now` (seconds since 1970): their writers are dead.
    /// Returns how many there were.
    pub fn sweep(&self, now: i64, age: Duration) -> usize {
        let shelves = fs::read_dir(&self.root).into_iter().flatten().flatten().map(|entry| entry.path());
        let swept = shelves.filter(|path| path.is_dir()).map(|shelf| draft::sweep(&shelf, now, age));
        swept.sum::<usize>() + draft::sweep(&self.root, now, age)
    }
}

/// The sha256 and the length of what is left to read.
pub(crate) fn digest_of(reader: &mut impl Read) -> io::Result<(Digest, u64)> {
    let mut hash = Sha256::new();
    let mut length = 0;
    let mut buffer = vec![0; 64 << 10];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok((Digest::from(<[u8; 32]>::from(hash.finalize())), length)),
            Ok(count) => {
                hash.update(buffer.get(..count).unwrap_or_default());
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A broken file is as good as none; one that cannot be removed is met again and found broken again.
fn discard(path: &Path) {
    let _ = fs::remove_file(path);
}

/// What the file system refused, in the system's usual words.
pub(crate) fn file_error(what: &str, path: &Path, error: &io::Error) -> Error {
    let (kind, text) = match error.kind() {
        io::ErrorKind::StorageFull => (ErrorKind::Io, "no space left on device".to_owned()),
        io::ErrorKind::QuotaExceeded => (ErrorKind::Io, "disk quota exceeded".to_owned()),
        io::ErrorKind::ReadOnlyFilesystem => (ErrorKind::Io, "read-only file system".to_owned()),
        io::ErrorKind::PermissionDenied => (ErrorKind::Io, "permission denied".to_owned()),
        io::ErrorKind::NotFound => (ErrorKind::NotFound, "no such file or directory".to_owned()),
        _ => (ErrorKind::Io, error.to_string()),
    };
    Error::new(kind, format!("{what} {}: {text}", path.display()))
}
