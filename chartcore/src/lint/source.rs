//! Where the chart under the linter lies: a folder, or an archive in memory.

use std::path::{Path, PathBuf};

use crate::Compat;
use crate::chart::{self, Chart, File, LoadOptions, VersionCheck};
use crate::error::Result;
use crate::files::tarball::{self, Budget};
use crate::files::{clean, directory};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Missing,
    File,
    Folder,
}

/// A chart that may be too broken to load.
pub(super) enum Source {
    Folder(PathBuf),
    Archive { shown: String, files: Vec<File> },
}

impl Source {
    /// Opens a path as `helm lint` does.
    ///
    /// # Errors
    /// There is no chart, with Helm's text.
    ///
    /// Helm: pkg/action/lint.go, `lintChart`.
    pub(super) fn open(path: &str, compat: Compat) -> Result<Self> {
        let source = if path.ends_with(".tgz") || path.ends_with(".tar.gz") {
            let options = LoadOptions::new(compat);
            let bytes = directory::read_file(Path::new(path), options.limits.archive_bytes.saturating_mul(2))
                .map_err(|error| error.prefixed("unable to open tarball: "))?;
            let tree = tarball::read(&*bytes, &mut Budget::new(&options.limits), compat)
                .map_err(|error| error.prefixed("unable to extract tarball: "))?;
            let files = tree.files.into_iter().map(|file| File::new(file.name, file.data)).collect();
            Self::Archive { shown: path.to_owned(), files }
        } else {
            Self::Folder(PathBuf::from(path))
        };
        if source.entry("Chart.yaml") == Entry::Missing {
            let shown = PathBuf::from(clean(&format!("{path}/Chart.yaml")));
            let missing = std::io::Error::from_raw_os_error(2);
            let error = directory::io_error("stat", &shown, missing);
            return Err(error.prefixed("unable to check Chart.yaml file in chart: "));
        }
        Ok(source)
    }

    /// The path Helm names in its messages: absolute for a folder.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Folder(path) => {
                directory::absolute(path).unwrap_or_else(|_| path.clone()).to_string_lossy().into_owned()
            }
            Self::Archive { shown, .. } => shown.clone(),
        }
    }

    /// What stands at `name`, directly in the chart.
    pub(super) fn entry(&self, name: &str) -> Entry {
        match self {
            Self::Folder(path) => {
                let path = path.join(name);
                match (directory::exists(&path), path.is_dir()) {
                    (false, _) => Entry::Missing,
                    (true, true) => Entry::Folder,
                    (true, false) => Entry::File,
                }
            }
            Self::Archive { files, .. } => {
                let below =
                    |file: &File| file.name().strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
                if files.iter().any(|file| file.name() == name) {
                    Entry::File
                } else if files.iter().any(below) {
                    Entry::Folder
                } else {
                    Entry::Missing
                }
            }
        }
    }

    /// The bytes of the file `name`, as they lie there.
    ///
    /// # Errors
    /// It cannot be read, with Go's text.
    pub(super) fn read(&self, name: &str, compat: Compat) -> Result<Vec<u8>> {
        match self {
            Self::Folder(path) => {
                let path = directory::absolute(path)?.join(name);
                directory::read_file(&path, LoadOptions::new(compat).limits.directory_bytes)
            }
            Self::Archive { files, .. } => {
                let found = files.iter().rfind(|file| file.name() == name);
                Ok(found.map(|file| file.data().to_vec()).unwrap_or_default())
            }
        }
    }

    /// The chart.
    ///
    /// # Errors
    /// Those of loading, with Helm's texts.
    pub(super) fn load(&self, compat: Compat) -> Result<Chart> {
        let mut options = LoadOptions::new(compat);
        options.version_check = VersionCheck::Skip;
        match self {
            Self::Folder(path) => chart::load(directory::absolute(path)?, &options),
            Self::Archive { files, .. } => chart::load_files(files.clone(), &options),
        }
    }
}

/// The charts below `charts/` of a folder, as `--with-subcharts` finds them: every folder with a Chart.yaml
/// and every archive, at any depth, in the order of a walk by name.
///
/// Helm: pkg/cmd/lint.go.
pub(super) fn subcharts(path: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&Path::new(path).join("charts"), 0, &mut found);
    found
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<String>) {
    /// Deeper folders hold no charts anybody vendored.
    const DEEPEST: usize = 64;
    if depth > DEEPEST {
        return;
    }
    for (name, is_folder) in directory::list(folder).unwrap_or_default() {
        let path = folder.join(&name);
        let shown = path.to_string_lossy();
        if name == "Chart.yaml" {
            found.push(folder.to_string_lossy().into_owned());
        } else if shown.ends_with(".tgz") || shown.ends_with(".tar.gz") {
            found.push(shown.into_owned());
        }
        if is_folder && !path.is_symlink() {
            walk(&path, depth + 1, found);
        }
    }
}
