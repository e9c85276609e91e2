//! Named bytes in order: folders, archives, ignore rules, glob patterns.

pub mod directory;
mod glob;
mod gzip;
pub mod ignore;
mod path;
mod sniff;
mod tar;
pub mod tarball;

use std::sync::Arc;

pub(crate) use crate::quote::quote;
pub use glob::Glob;
pub use gzip::GzipHeader;
pub(crate) use gzip::write as write_gzip;
pub use path::clean as clean_path;
pub(crate) use path::{base_name, clean, describe_io};
pub(crate) use tar::write_file as write_tar_file;
pub(crate) use tar::{MTIME_LIMIT as TAR_MTIME_LIMIT, finish as finish_tar};

use crate::Compat;
use crate::diag::Diagnostic;

/// Files by name, in the order they were met, and what there is to say about them.
#[derive(Debug, Clone, Default)]
pub struct FileTree {
    /// The files; names are relative to the chart, with `/`.
    pub files: Vec<NamedBytes>,
    /// Warnings, such as symbolic links that were followed.
    pub warnings: Vec<Diagnostic>,
}

/// A file's name and bytes (a UTF-8 byte order mark is stripped).
#[derive(Debug, Clone)]
pub struct NamedBytes {
    /// The name, relative to the chart, with `/`.
    pub name: Arc<str>,
    /// The bytes.
    pub data: Arc<[u8]>,
}

/// How much a chart may hold. The texts of the errors are Helm's where Helm has the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all files of a folder.
    pub directory_bytes: u64,
    /// Bytes of all files of an archive and of the archives inside it.
    pub archive_bytes: u64,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Files of a folder or entries of an archive.
    pub files: usize,
    /// Folders below folders, on disk.
    pub depth: usize,
    /// Charts below charts.
    pub charts: usize,
}

const MEBIBYTE: u64 = 1024 * 1024;

impl Limits {
    /// Helm's limits for `compat`, and ours where Helm has none.
    ///
    /// Helm: `MaxDecompressedChartSize` and (Helm 3) `MaxDecompressedFileSize`.
    pub fn for_compat(compat: Compat) -> Self {
        let limits = Self {
            directory_bytes: 100 * MEBIBYTE,
            archive_bytes: 100 * MEBIBYTE,
            file_bytes: u64::MAX,
            files: 100_000,
            depth: 100,
            charts: 32,
        };
        match compat {
            Compat::Helm3 => Self { directory_bytes: 512 * MEBIBYTE, file_bytes: 5 * MEBIBYTE, ..limits },
            Compat::Helm4 => limits,
        }
    }
}

/// The bytes after a UTF-8 byte order mark, which every loader of Helm drops.
pub(crate) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}
