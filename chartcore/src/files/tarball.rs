//! A packed chart (`.tgz`) to files, under Helm's checks. Helm: pkg/chart/loader/archive.

use std::io::Read;
use std::sync::Arc;

use super::gzip::{GzipReader, INVALID_HEADER};
use super::sniff::content_type;
use super::tar::{TarError, TarReader};
use super::{FileTree, Limits, MEBIBYTE, NamedBytes, clean, quote, without_bom};
use crate::Compat;
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};

/// How many bytes and entries may still be unpacked. One budget serves an archive and all archives in it, so
/// that archives that hold archives cannot multiply.
#[derive(Debug, Clone)]
pub struct Budget {
    limit: u64,
    bytes: u64,
    file_bytes: u64,
    entries: usize,
}

impl Budget {
    /// The budget that `limits` give.
    pub fn new(limits: &Limits) -> Self {
        Self {
            limit: limits.archive_bytes,
            bytes: limits.archive_bytes,
            file_bytes: limits.file_bytes,
            entries: limits.files,
        }
    }
}

/// Whether an error of [`read`] says that the bytes are not gzip at all.
pub fn is_not_gzip(error: &Error) -> bool {
    error.message() == INVALID_HEADER
}

/// Whether an error says so of an archive somewhere inside the chart.
pub fn is_nested_not_gzip(error: &Error) -> bool {
    error.message().strip_suffix(INVALID_HEADER).is_some_and(|outer| outer.ends_with(": "))
}

/// Refuses the file `name` early when its first bytes are not those of an archive, with a hint for the person
/// who gave a values file where a chart was asked for. Helm: `EnsureArchive`.
///
/// # Errors
/// The first bytes are not gzip's.
pub fn check_signature(name: &str, bytes: &[u8]) -> Result<()> {
    if bytes.starts_with(b"\x1f\x8b\x08") {
        return Ok(());
    }
    // Helm looks at a buffer of 512 bytes whatever the length of the file.
    let mut head = [0; 512];
    let length = bytes.len().min(head.len());
    head[..length].copy_from_slice(&bytes[..length]);
    let message = if name.ends_with(".yml") || name.ends_with(".yaml") {
        format!("file '{name}' seems to be a YAML file, but expected a gzipped archive")
    } else {
        let kind = content_type(&head);
        format!("file '{name}' does not appear to be a gzipped archive; got '{kind}'")
    };
    Err(Error::new(ErrorKind::Chart, message))
}

/// Unpacks an archive: folders are skipped, the first part of each name is dropped, unsafe names are refused.
///
/// Links and devices become empty files, as in Helm; a warning says so.
///
/// # Errors
/// A damaged archive, an unsafe name, or more than the budget; the texts are Go's and Helm's.
pub fn read(input: impl Read, budget: &mut Budget, compat: Compat) -> Result<FileTree> {
    let mut tree = FileTree::default();
    for_each(input, budget, compat, |entry| {
        if entry.is_special {
            let original = entry.original;
            let message =
                format!("{original} in the archive is a link or a device and counts as an empty file");
            tree.warnings.push(Diagnostic::warning("archive-special-file", message));
        }
        tree.files.push(NamedBytes { name: entry.name.into(), data: Arc::from(without_bom(entry.data)) });
    })?;
    Ok(tree)
}

/// One file of an archive.
pub(crate) struct Unpacked<'a> {
    /// The name in the archive.
    pub(crate) original: &'a str,
    /// The name in the chart.
    pub(crate) name: String,
    /// Whether it is a link or a device; it has no bytes then.
    pub(crate) is_special: bool,
    /// The bytes as they are.
    pub(crate) data: &'a [u8],
}

/// As [`read`], file by file and without keeping them.
pub(crate) fn for_each(
    input: impl Read,
    budget: &mut Budget,
    compat: Compat,
    mut visit: impl FnMut(Unpacked<'_>),
) -> Result<()> {
    let stream = GzipReader::new(input).map_err(|error| failure(TarError::Stream(error)))?;
    // Folders and extended headers count too: four headers for each file are plenty.
    let headers = budget.entries.saturating_mul(4).max(16);
    let mut archive = TarReader::new(stream, headers, budget.limit.saturating_mul(2).max(MEBIBYTE));
    let mut is_empty = true;
    let mut contents = Vec::new();
    while let Some(header) = archive.next_entry().map_err(failure)? {
        if header.is_folder() || header.is_global() {
            continue;
        }
        let original = String::from_utf8_lossy(&header.name);
        let name = checked_name(&original)?;
        if header.size > budget.bytes {
            return Err(too_large(budget, compat));
        }
        if header.size > budget.file_bytes {
            let (file, limit) = (quote(&original), budget.file_bytes);
            let message =
                format!("decompressed chart file {file} is larger than the maximum file size {limit}");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        contents.clear();
        archive.read_contents(&mut contents).map_err(failure)?;
        let count = contents.len() as u64;
        budget.bytes -= count.min(budget.bytes);
        if count < header.size || budget.bytes == 0 {
            return Err(too_large(budget, compat));
        }
        budget.entries = budget.entries.checked_sub(1).ok_or_else(|| {
            Error::new(ErrorKind::Limit, "archive and the archives in it hold too many files")
        })?;
        is_empty = false;
        visit(Unpacked { original: &original, name, is_special: header.is_special(), data: &contents });
    }
    if is_empty {
        return Err(Error::new(ErrorKind::Chart, "no files in chart archive"));
    }
    Ok(())
}

fn failure(error: TarError) -> Error {
    let kind = match error {
        TarError::TooManyEntries(_) | TarError::TooLarge(_) => ErrorKind::Limit,
        _ => ErrorKind::Chart,
    };
    Error::new(kind, error.to_string())
}

fn too_large(budget: &Budget, compat: Compat) -> Error {
    let what = match compat {
        Compat::Helm3 => "maximum file size",
        Compat::Helm4 => "maximum size",
    };
    Error::new(ErrorKind::Limit, format!("decompressed chart is larger than the {what} {}", budget.limit))
}

/// The name inside the chart, or why it is refused.
fn checked_name(original: &str) -> Result<String> {
    let refusal = |message: String| Err(Error::new(ErrorKind::Chart, message));
    // Made on Windows, perhaps.
    let delimiter = if original.contains('\\') { '\\' } else { '/' };
    let (top, rest) = original.split_once(delimiter).unwrap_or((original, ""));
    let rest = rest.replace(delimiter, "/");
    if rest.starts_with('/') {
        return refusal("chart illegally contains absolute paths".to_string());
    }
    let name = clean(&rest);
    if name == "." {
        let original = quote(original);
        return refusal(format!("chart illegally contains content outside the base directory: {original}"));
    }
    if name.starts_with("..") {
        return refusal("chart illegally references parent directory".to_string());
    }
    if matches!(name.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic()) {
        return refusal("chart contains illegally named files".to_string());
    }
    if top == "Chart.yaml" {
        return refusal("chart yaml not in base directory".to_string());
    }
    Ok(name)
}
