//! sha256: of bytes, of files, and of what an archive holds.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{PackOptions, entries};
use crate::Compat;
use crate::chart::Chart;
use crate::error::{Error, ErrorKind, Result};
use crate::files::Limits;
use crate::files::directory::{self, PathKind, io_error};
use crate::files::tarball::{self, Budget};

/// A sha256 sum; `Display` prints `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Reads 64 hexadecimal digits, with or without `sha256:` before them.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The 64 hexadecimal digits alone.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> [u8; 32] {
        self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The sha256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// The sha256 of a regular file, read piece by piece.
///
/// # Errors
/// The file cannot be read or is not regular.
pub fn sha256_file(path: &Path) -> Result<Digest> {
    if directory::kind_of(path)? == PathKind::Irregular {
        return Err(Error::new(ErrorKind::Io, format!("read {}: not a regular file", path.display())));
    }
    let mut file = File::open(path).map_err(|error| io_error("open", path, error))?;
    let mut sum = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Digest(sum.finalize().into())),
            Ok(count) => sum.update(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io_error("read", path, error)),
        }
    }
}

/// The digest of what a chart's archive would hold; see [`content_digest_of_archive`].
///
/// # Errors
/// As [`entries`].
pub fn content_digest(chart: &Chart, options: &PackOptions) -> Result<Digest> {
    let top = chart.name().len() + 1;
    let entries = entries(chart, options)?;
    let lines = entries.iter().map(|entry| (entry.name[top..].to_string(), sha256(&entry.data)));
    Ok(over(lines.collect()))
}

/// The digest of what an archive holds, whatever its compression, dates, modes and the order of its files: the sha256
/// of one line for each file, `HEX  NAME\n`, in the order of the names, which do not begin with the chart's. In the
/// unpacked chart's folder `find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum` says
/// the same.
///
/// # Errors
/// The archive is damaged, holds unsafe names, or more than the limits.
pub fn content_digest_of_archive(archive: impl Read, compat: Compat) -> Result<Digest> {
    let mut budget = Budget::new(&Limits::for_compat(compat));
    let mut lines = Vec::new();
    tarball::for_each(archive, &mut budget, compat, |entry| lines.push((entry.name, sha256(entry.data))))?;
    Ok(over(lines))
}

fn over(mut lines: Vec<(String, Digest)>) -> Digest {
    lines.sort_by(|left, right| left.0.cmp(&right.0));
    let mut sum = Sha256::new();
    for (name, digest) in &lines {
        sum.update(format!("{}  {name}\n", digest.hex()));
    }
    Digest(sum.finalize().into())
}
