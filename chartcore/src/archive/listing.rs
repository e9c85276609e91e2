//! What would go into an archive, and what `.helmignore` keeps out.

use std::path::Path;

use super::{PackOptions, entries};
use crate::chart::{LoadOptions, load};
use crate::error::Result;
use crate::files::directory::{self, Ignored};

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name, beginning with the chart's.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// What would be packed of a chart's folder, and what not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The chart's name.
    pub name: String,
    /// The version it would be packed with.
    pub version: String,
    /// In the order of the archive.
    pub files: Vec<Listed>,
    /// What `.helmignore` and the rule for hidden templates leave out, in the order of names; a folder stands for all
    /// in it.
    pub ignored: Vec<Ignored>,
}

impl Listing {
    /// The bytes of all files.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

/// Lists what packing the chart in the folder `path` would put into the archive.
///
/// # Errors
/// The chart does not load, or cannot be packed.
pub fn list(path: &Path, load_options: &LoadOptions, options: &PackOptions) -> Result<Listing> {
    let chart = load(path, load_options)?;
    let packed = entries(&chart, options)?;
    let files = packed.iter().map(|entry| Listed { name: entry.name.clone(), size: entry.data.len() as u64 });
    let version = options.version.as_ref().unwrap_or(&chart.metadata().version).clone();
    Ok(Listing {
        name: chart.name().to_string(),
        version,
        files: files.collect(),
        ignored: directory::ignored(path, load_options.compat, &load_options.limits)?,
    })
}
