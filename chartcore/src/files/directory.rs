//! A folder to files, in Helm's order and under Helm's rules for links.

use std::ffi::OsString;
use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::ignore::{self, IgnoreRules};
use super::{FileTree, Limits, NamedBytes, base_name, clean, describe_io, quote, without_bom};
use crate::Compat;
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};

/// What to do with a symbolic link whose target lies outside the chart's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Symlinks {
    /// Refuse it: such a link can pull any readable file into a chart that is shown or published.
    #[default]
    RefuseOutside,
    /// Follow it with a warning, as Helm does.
    Follow,
}

/// How deep the kernel follows links before it says ELOOP.
const KERNEL_LINK_LIMIT: usize = 40;

/// The absolute, shortened form of `path`. Go: `filepath.Abs`.
///
/// # Errors
/// The working directory cannot be found out.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    let absolute = std::path::absolute(path)
        .map_err(|error| Error::new(ErrorKind::Io, describe_io(&error)).with_source(error))?;
    Ok(match absolute.to_str() {
        Some(text) => PathBuf::from(clean(text)),
        None => absolute,
    })
}

/// The error of a failed call on `path`, as Go words it: `open PATH: no such file or directory`.
pub fn io_error(operation: &str, path: &Path, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        _ => ErrorKind::Io,
    };
    let text = format!("{operation} {}: {}", path.display(), describe_io(&error));
    Error::new(kind, text).with_source(error)
}

/// Reads one file whole, refusing what is not a regular file and what is larger than `limit`.
///
/// # Errors
/// The file is not there, not regular, not readable or too large.
pub fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let status = fs::metadata(path).map_err(|error| io_error("open", path, error))?;
    if !status.is_file() && !status.is_dir() {
        return Err(irregular(path));
    }
    let mut buffer = Vec::new();
    let length = read_into(&mut buffer, path, limit)?;
    if length as u64 > limit {
        return Err(Error::new(ErrorKind::Limit, format!("{} is larger than {limit} bytes", path.display())));
    }
    buffer.truncate(length);
    Ok(buffer)
}

/// What lies at a path, links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathKind {
    /// A folder.
    Folder,
    /// A regular file.
    File,
    /// A device, a pipe, a socket.
    Irregular,
}

/// What lies at `path`, links followed.
///
/// # Errors
/// Nothing does; Go's words for `os.Stat`.
pub fn kind_of(path: &Path) -> Result<PathKind> {
    let status = fs::metadata(path).map_err(|error| io_error("stat", path, error))?;
    Ok(match status {
        status if status.is_dir() => PathKind::Folder,
        status if status.is_file() => PathKind::File,
        _ => PathKind::Irregular,
    })
}

/// Whether something is there, links followed.
pub fn exists(path: &Path) -> bool {
    kind_of(path).is_ok()
}

/// The names in a folder, sorted bytewise, with whether each is a folder (links followed).
///
/// # Errors
/// The folder cannot be read.
pub fn list(path: &Path) -> Result<Vec<(String, bool)>> {
    let mut names = Vec::new();
    for (name, kind) in entries(path)? {
        let is_folder = kind.is_dir() || kind.is_symlink() && path.join(&name).is_dir();
        names.push((name.to_string_lossy().into_owned(), is_folder));
    }
    Ok(names)
}

/// Reads the chart's folder: entries bytewise by name in each folder, depth first; what `.helmignore`
/// names is skipped, folders with all that is below.
///
/// # Errors
/// A file cannot be read, is not a regular file, or is too large; a link is broken, goes in circles, or leaves
/// the chart when that is not allowed.
pub fn read(path: &Path, compat: Compat, limits: &Limits, symlinks: Symlinks) -> Result<FileTree> {
    read_telling(path, compat, limits, symlinks, &mut |_| {})
}

/// As [`read`]; `tell` hears of each file as it comes.
///
/// # Errors
/// As for [`read`].
pub(crate) fn read_telling(
    path: &Path,
    compat: Compat,
    limits: &Limits,
    symlinks: Symlinks,
    tell: &mut dyn FnMut(&NamedBytes),
) -> Result<FileTree> {
    let top = absolute(path)?;
    let rules = read_rules(&top, compat)?;
    let mut walk = Walk {
        compat,
        limits,
        symlinks,
        rules,
        canonical_top: None,
        path: top.clone(),
        top,
        name: String::new(),
        buffer: vec![0; 256 * 1024],
        remaining: limits.directory_bytes,
        visited: 0,
        tree: FileTree::default(),
        tell,
    };
    walk.folder(0)?;
    Ok(walk.tree)
}

/// A file or folder that `.helmignore` keeps out of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// The name relative to the chart; a folder's ends in `/`.
    pub name: String,
    /// Files: one, or all in the folder.
    pub files: usize,
    /// Their bytes.
    pub size: u64,
}

/// What `.helmignore`, and the rule for hidden templates, keep out of the chart in the folder `path`, in the order of
/// [`read`]. Links are not followed.
///
/// # Errors
/// A folder cannot be read, is nested too deep, or holds too many files.
pub fn ignored(path: &Path, compat: Compat, limits: &Limits) -> Result<Vec<Ignored>> {
    let top = absolute(path)?;
    let rules = read_rules(&top, compat)?;
    let mut search = Search { rules, limits, visited: 0, found: Vec::new() };
    search.folder(&top, "", 0)?;
    Ok(search.found)
}

/// A walk that looks for what is ignored.
struct Search<'a> {
    rules: IgnoreRules,
    limits: &'a Limits,
    visited: usize,
    found: Vec<Ignored>,
}

impl Search<'_> {
    fn enter(&mut self, path: &Path, depth: usize) -> Result<Vec<(OsString, FileType)>> {
        let entries = entries(path)?;
        self.visited += entries.len();
        let (shown, depths, files) = (path.display(), self.limits.depth, self.limits.files);
        if depth > depths {
            return Err(Error::new(
                ErrorKind::Limit,
                format!("{shown} lies more than {depths} folders deep"),
            ));
        }
        if self.visited > files {
            return Err(Error::new(ErrorKind::Limit, format!("{shown} holds more than {files} files")));
        }
        Ok(entries)
    }

    fn folder(&mut self, path: &Path, prefix: &str, depth: usize) -> Result<()> {
        for (entry, kind) in self.enter(path, depth)? {
            let (below, name) = (path.join(&entry), format!("{prefix}{}", entry.to_string_lossy()));
            let is_folder = if kind.is_symlink() { below.is_dir() } else { kind.is_dir() };
            if self.rules.ignores(&name, is_folder) {
                let (files, size) =
                    if kind.is_dir() { self.total(&below, depth + 1)? } else { (1, length(&below)) };
                let name = if is_folder { format!("{name}/") } else { name };
                self.found.push(Ignored { name, files, size });
            } else if kind.is_dir() {
                self.folder(&below, &format!("{name}/"), depth + 1)?;
            }
        }
        Ok(())
    }

    fn total(&mut self, path: &Path, depth: usize) -> Result<(usize, u64)> {
        let (mut files, mut size) = (0, 0);
        for (entry, kind) in self.enter(path, depth)? {
            let below = path.join(entry);
            let (more_files, more) =
                if kind.is_dir() { self.total(&below, depth + 1)? } else { (1, length(&below)) };
            files += more_files;
            size += more;
        }
        Ok((files, size))
    }
}

/// The bytes of a file or link; none when it is gone.
fn length(path: &Path) -> u64 {
    fs::symlink_metadata(path).map_or(0, |status| status.len())
}

fn read_rules(top: &Path, compat: Compat) -> Result<IgnoreRules> {
    let path = top.join(ignore::FILE_NAME);
    let bytes = match fs::metadata(&path) {
        Ok(_) => read_file(&path, Limits::for_compat(compat).directory_bytes)?,
        Err(_) => Vec::new(),
    };
    IgnoreRules::parse(&bytes, compat)
}

fn irregular(path: &Path) -> Error {
    let message = format!("cannot load irregular file {} as it has file mode type bits set", path.display());
    Error::new(ErrorKind::Chart, message)
}

/// The entries of a folder, sorted bytewise by name.
fn entries(path: &Path) -> Result<Vec<(OsString, FileType)>> {
    let failure = |error| io_error("open", path, error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(failure)? {
        let entry = entry.map_err(failure)?;
        let kind = entry.file_type().map_err(|error| io_error("lstat", &entry.path(), error))?;
        entries.push((entry.file_name(), kind));
    }
    entries.sort_unstable_by(|left, right| left.0.as_encoded_bytes().cmp(right.0.as_encoded_bytes()));
    Ok(entries)
}

/// Reads a file into the front of `buffer`, at most one byte more than `limit`; returns how much was read. The
/// buffer grows and is used again for the next file.
fn read_into(buffer: &mut Vec<u8>, path: &Path, limit: u64) -> Result<usize> {
    let mut file = File::open(path).map_err(|error| io_error("open", path, error))?;
    let mut length = 0;
    loop {
        if length == buffer.len() {
            buffer.resize((length * 2).max(16 * 1024), 0);
        }
        match file.read(&mut buffer[length..]) {
            Ok(0) => return Ok(length),
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io_error("read", path, error)),
        }
        if length as u64 > limit {
            return Ok(length);
        }
    }
}

struct Walk<'a> {
    compat: Compat,
    limits: &'a Limits,
    symlinks: Symlinks,
    rules: IgnoreRules,
    top: PathBuf,
    /// The chart's folder without links; found out at the first link.
    canonical_top: Option<PathBuf>,
    /// Where the walk is, on disk and inside the chart.
    path: PathBuf,
    name: String,
    buffer: Vec<u8>,
    remaining: u64,
    visited: usize,
    tree: FileTree,
    tell: &'a mut dyn FnMut(&NamedBytes),
}

impl Walk<'_> {
    fn folder(&mut self, depth: usize) -> Result<()> {
        if depth > self.limits.depth {
            let (path, limit) = (self.path.display(), self.limits.depth);
            let message = format!("{path} lies more than {limit} folders deep");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        for (entry, kind) in entries(&self.path)? {
            self.visited += 1;
            if self.visited > self.limits.files {
                let (top, limit) = (self.top.display(), self.limits.files);
                return Err(Error::new(ErrorKind::Limit, format!("{top} holds more than {limit} files")));
            }
            let length = self.name.len();
            if length > 0 {
                self.name.push('/');
            }
            self.name.push_str(&entry.to_string_lossy());
            self.path.push(&entry);
            self.entry(kind, depth)?;
            self.path.pop();
            self.name.truncate(length);
        }
        Ok(())
    }

    fn entry(&mut self, kind: FileType, depth: usize) -> Result<()> {
        let mut kind = kind;
        let mut target = None;
        if kind.is_symlink() {
            let resolved = self.resolve()?;
            kind = fs::symlink_metadata(&resolved)
                .map_err(|error| io_error("lstat", &resolved, error))?
                .file_type();
            target = Some(resolved);
        }
        if self.rules.ignores(&self.name, kind.is_dir()) {
            return Ok(());
        }
        if let Some(target) = target {
            self.check_target(&target, kind.is_dir())?;
        }
        if kind.is_dir() {
            return self.folder(depth + 1);
        }
        if !kind.is_file() {
            return Err(irregular(&self.path));
        }
        self.file()
    }

    fn file(&mut self) -> Result<()> {
        let limit = self.remaining.min(self.limits.file_bytes);
        let length = read_into(&mut self.buffer, &self.path, limit)
            .map_err(|error| error.prefixed(format_args!("error reading {}: ", self.name)))?;
        if length as u64 > limit {
            return Err(self.too_large(length as u64));
        }
        self.remaining -= length as u64;
        let data = without_bom(&self.buffer[..length]).into();
        let file = NamedBytes { name: self.name.as_str().into(), data };
        (self.tell)(&file);
        self.tree.files.push(file);
        Ok(())
    }

    fn too_large(&self, length: u64) -> Error {
        let message = if self.compat == Compat::Helm3 && length > self.limits.file_bytes {
            let (file, limit) = (quote(base_name(&self.name)), self.limits.file_bytes);
            format!("chart file {file} is larger than the maximum file size {limit}")
        } else {
            let (name, limit) = (&self.name, self.limits.directory_bytes);
            format!("error reading {name}: chart exceeds maximum decompressed size of {limit} bytes")
        };
        Error::new(ErrorKind::Limit, message)
    }

    /// Where the link leads, with Helm's warning.
    fn resolve(&mut self) -> Result<PathBuf> {
        let shown = self.path.display();
        let resolved = match fs::canonicalize(&self.path) {
            Ok(resolved) => resolved,
            Err(error) => {
                let kind = match error.kind() {
                    io::ErrorKind::NotFound => ErrorKind::NotFound,
                    _ => ErrorKind::Io,
                };
                let reason = self.broken(&error);
                return Err(Error::new(kind, format!("error evaluating symlink {shown}: {reason}")));
            }
        };
        let message = format!(
            "found symbolic link in path: {shown} resolves to {}. Contents of linked file included and used",
            resolved.display()
        );
        self.tree.warnings.push(Diagnostic::warning("symbolic-link", message));
        Ok(resolved)
    }

    /// Why the link cannot be followed, as Go's `EvalSymlinks` says it: it names the first missing part.
    fn broken(&self, error: &io::Error) -> String {
        if error.kind() != io::ErrorKind::NotFound {
            return match error.raw_os_error() {
                Some(_) if describe_io(error).contains("symbolic links") => {
                    "EvalSymlinks: too many links".to_string()
                }
                _ if error.kind() == io::ErrorKind::NotADirectory => describe_io(error),
                _ => format!("lstat {}: {}", self.path.display(), describe_io(error)),
            };
        }
        let mut path = self.path.clone();
        for _ in 0..KERNEL_LINK_LIMIT {
            let Ok(target) = fs::read_link(&path) else { break };
            let parent = path.parent().unwrap_or(Path::new("/"));
            let parent = fs::canonicalize(parent).unwrap_or_else(|_| parent.to_path_buf());
            let joined = parent.join(target);
            path = joined.to_str().map(|text| PathBuf::from(clean(text))).unwrap_or(joined);
        }
        let mut missing = path.as_path();
        while let Some(parent) = missing.parent() {
            if fs::symlink_metadata(parent).is_ok() {
                break;
            }
            missing = parent;
        }
        format!("lstat {}: {}", missing.display(), describe_io(error))
    }

    fn check_target(&mut self, target: &Path, is_folder: bool) -> Result<()> {
        if self.canonical_top.is_none() {
            let top = fs::canonicalize(&self.top).map_err(|error| io_error("lstat", &self.top, error))?;
            self.canonical_top = Some(top);
        }
        let inside = self.canonical_top.as_ref().is_some_and(|top| target.starts_with(top));
        if !inside && self.symlinks == Symlinks::RefuseOutside {
            let (link, target) = (self.path.display(), target.display());
            let message = format!("symbolic link {link} leads out of the chart to {target}");
            let hint = "copy the file into the chart, or allow links that leave the chart";
            let diagnostic = Diagnostic::error("symbolic-link-outside", message.clone()).hint(hint);
            return Err(Error::new(ErrorKind::Chart, message).with_diagnostic(diagnostic));
        }
        if is_folder {
            let parent = self.path.parent().unwrap_or(&self.top);
            let parent = fs::canonicalize(parent).map_err(|error| io_error("lstat", parent, error))?;
            if parent.starts_with(target) {
                return Err(self.circle(target, &parent));
            }
        }
        Ok(())
    }

    /// A link to a folder above itself. Helm walks the circle until the kernel refuses; the text is the one
    /// it ends with when the link is the only one on the way.
    fn circle(&self, target: &Path, parent: &Path) -> Error {
        let link = self.path.file_name().unwrap_or_default();
        let below = parent.strip_prefix(target).unwrap_or(Path::new(""));
        let mut path = self.path.clone();
        for _ in 0..KERNEL_LINK_LIMIT {
            path.push(below);
            path.push(link);
        }
        let path = path.display();
        let message = format!("open {path}: too many levels of symbolic links");
        let note = format!("{} leads back to {}", self.path.display(), target.display());
        let diagnostic = Diagnostic::error("symbolic-link-loop", message.clone()).note(note);
        Error::new(ErrorKind::Chart, message).with_diagnostic(diagnostic)
    }
}
