//! Making index.yaml of a folder of archives. Helm: `IndexDirectory`, `Merge` and `WriteFile` in
//! pkg/repo/v1/index.go.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::index::failure;
use super::tree::{DEPENDENCY, Document, Entry, MAINTAINER, METADATA};
use super::url;
use crate::Compat;
use crate::archive::sha256;
use crate::cache::write_whole;
use crate::chart::{LoadOptions, VersionCheck, load_archive, time_text};
use crate::data::{Map, Value, json, yaml};
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};
use crate::files::directory;
use crate::version::{Constraint, Version};

/// What to do with a version that the older index has with another digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// Fail: what is published stays what it is.
    #[default]
    Refuse,
    /// Take the archive of the folder, as Helm does.
    Replace,
}

/// How an index is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// As YAML.
    #[default]
    Yaml,
    /// As JSON, in lines.
    Json,
}

/// How to index a folder.
#[derive(Debug, Clone)]
pub struct IndexOptions {
    /// What stands in front of the archives' names.
    pub url: String,
    /// The time of new entries and of the index, in seconds since 1970.
    pub now: u64,
    /// What to do with conflicts.
    pub on_conflict: OnConflict,
    /// Whose rules archives are read by.
    pub compat: Compat,
    /// How many archives are read at once.
    pub threads: usize,
}

/// An index in the making.
#[derive(Debug, Clone)]
pub struct NewIndex {
    generated: String,
    entries: Vec<(String, Vec<Entry>)>,
}

impl NewIndex {
    /// An index of nothing.
    pub fn empty(now: u64) -> Self {
        Self { generated: time_text(now), entries: Vec::new() }
    }

    /// Indexes the archives of a folder and of the folders in it. What is no chart is left out, as Helm does; a
    /// warning says so.
    ///
    /// # Errors
    /// The folder cannot be read, or a chart is not valid.
    pub fn of_folder(folder: &Path, options: &IndexOptions) -> Result<(Self, Vec<Diagnostic>)> {
        let archives = archives(folder)?;
        let next = AtomicUsize::new(0);
        let read = Mutex::new(Vec::with_capacity(archives.len()));
        let threads = options.threads.clamp(1, archives.len().max(1));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some((parent, name)) = archives.get(index) else { break };
                        let outcome = entry(folder, parent, name, options);
                        read.lock().unwrap_or_else(PoisonError::into_inner).push((index, outcome));
                    }
                });
            }
        });
        let mut index = Self::empty(options.now);
        let mut warnings = Vec::new();
        let mut read = read.into_inner().unwrap_or_else(PoisonError::into_inner);
        read.sort_by_key(|(index, _)| *index);
        for (_, outcome) in read {
            match outcome {
                Read::Entry(entry) => index.push(*entry),
                Read::NoChart(warning) => warnings.push(warning),
                Read::Failed(message) => return Err(failure(message)),
            }
        }
        index.sort();
        Ok((index, warnings))
    }

    fn push(&mut self, entry: Entry) {
        match self.entries.binary_search_by(|(name, _)| name.as_str().cmp(&entry.metadata.name)) {
            Ok(at) => self.entries[at].1.push(entry),
            Err(at) => self.entries.insert(at, (entry.metadata.name.clone(), vec![entry])),
        }
    }

    fn sort(&mut self) {
        for (_, versions) in &mut self.entries {
            versions
                .sort_by_cached_key(|entry| std::cmp::Reverse(Version::parse(&entry.metadata.version).ok()));
        }
    }

    /// Adds what an older index has and this one has not. Of versions that both have, this one's entry stays, with
    /// the time of the older one if the archive is the same.
    ///
    /// # Errors
    /// The older index is not readable (`merge failed: …`), or has a version with another digest and that is not
    /// allowed.
    pub fn merge(&mut self, older: &[u8], source: &Path, options: &IndexOptions) -> Result<()> {
        let failed =
            |error: Error| error.prefixed(format_args!("merge failed: error loading {}: ", source.display()));
        let document = Document::read(older, options.compat).map_err(failed)?;
        document.check_version().map_err(failed)?;
        let mut changed = Vec::new();
        for entry in document.entries.into_iter().flat_map(|(_, entries)| entries).flatten() {
            if entry.record().is_err() {
                continue;
            }
            match self.find_mut(&entry.metadata.name, &entry.metadata.version) {
                None => self.push(entry),
                Some(ours) if ours.metadata.version != entry.metadata.version => {}
                Some(ours) if ours.digest == entry.digest || entry.digest.is_empty() => {
                    if !entry.created.is_empty() {
                        ours.created = entry.created;
                    }
                }
                Some(ours) => changed.push((
                    format!("{}-{}", ours.metadata.name, ours.metadata.version),
                    entry.digest,
                    ours.digest.clone(),
                )),
            }
        }
        if let (OnConflict::Refuse, Some((name, published, ours))) = (options.on_conflict, changed.first()) {
            let (count, source) = (changed.len(), source.display());
            let message = format!(
                "merge failed: {count} published version(s) would change: {} has the digest {published} in {source} \
                 and {ours} here",
                name
            );
            let hint = "a published version keeps its bytes: raise the version, or remove the new archive";
            let diagnostic =
                Diagnostic::error("published-digest", "a published digest would change").hint(hint);
            return Err(Error::new(ErrorKind::Integrity, message).with_diagnostic(diagnostic));
        }
        self.sort();
        Ok(())
    }

    /// The entry that Helm takes for this version: the same text, or one in its range.
    fn find_mut(&mut self, name: &str, version: &str) -> Option<&mut Entry> {
        let at = self.entries.binary_search_by(|(other, _)| other.as_str().cmp(name)).ok()?;
        let versions = &mut self.entries[at].1;
        let constraint = Constraint::parse(version).ok()?;
        let exact = versions.iter().position(|entry| entry.metadata.version == version);
        let index = exact.or_else(|| {
            let fits =
                |entry: &Entry| Version::parse(&entry.metadata.version).is_ok_and(|v| constraint.check(&v));
            versions.iter().position(fits)
        });
        versions.get_mut(index?)
    }

    /// The text of the index.
    ///
    /// # Errors
    /// A text that YAML or JSON cannot hold.
    pub fn to_text(&self, format: Format) -> Result<Vec<u8>> {
        match format {
            Format::Yaml => self.to_yaml(),
            Format::Json => self.to_json(),
        }
    }

    fn to_yaml(&self) -> Result<Vec<u8>> {
        let entries = self.entries.iter().map(|(name, versions)| {
            let versions: Vec<Value> = versions.iter().map(|entry| entry.to_map().into()).collect();
            (name.as_str().into(), Value::from(versions))
        });
        let mut map = Map::new();
        map.insert("apiVersion", "v1".into());
        map.insert("entries", entries.collect::<Map>().into());
        map.insert("generated", self.generated.as_str().into());
        yaml::write(&map.into()).map_err(|error| failure(error.to_string()))
    }

    fn to_json(&self) -> Result<Vec<u8>> {
        let mut out = b"{\"apiVersion\":\"v1\",\"generated\":".to_vec();
        push_json(&mut out, &self.generated.as_str().into())?;
        out.extend_from_slice(b",\"entries\":{");
        for (index, (name, versions)) in self.entries.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            push_json(&mut out, &name.as_str().into())?;
            out.extend_from_slice(b":[");
            for (index, entry) in versions.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_ordered(&mut out, &entry.to_map(), &ENTRY)?;
            }
            out.push(b']');
        }
        out.extend_from_slice(b"}}");
        Ok(json::indented(&out, "  "))
    }
}

/// The fields of an entry in the order of Go's structs: the metadata's, then the entry's own.
const ENTRY: [&str; 25] = {
    let own = ["urls", "created", "removed", "digest", "checksum", "engine", "tillerVersion", "url"];
    let mut all = [""; 25];
    let mut at = 0;
    while at < METADATA.len() {
        all[at] = METADATA[at];
        at += 1;
    }
    while at < all.len() {
        all[at] = own[at - METADATA.len()];
        at += 1;
    }
    all
};

fn push_json(out: &mut Vec<u8>, value: &Value) -> Result<()> {
    json::write_into(out, value).map_err(|error| failure(error.to_string()))
}

/// Writes a map with its keys in this order.
fn push_ordered(out: &mut Vec<u8>, map: &Map, order: &[&str]) -> Result<()> {
    out.push(b'{');
    let mut first = true;
    for key in order {
        let Some(value) = map.get(key) else { continue };
        if !first {
            out.push(b',');
        }
        first = false;
        push_json(out, &(*key).into())?;
        out.push(b':');
        let inner: Option<&[&str]> = match *key {
            "maintainers" => Some(&MAINTAINER),
            "dependencies" => Some(&DEPENDENCY),
            _ => None,
        };
        match (inner, value.as_list()) {
            (Some(order), Some(list)) => {
                out.push(b'[');
                for (index, entry) in list.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    match entry.as_map() {
                        Some(map) => push_ordered(out, map, order)?,
                        None => push_json(out, entry)?,
                    }
                }
                out.push(b']');
            }
            _ => push_json(out, value)?,
        }
    }
    out.push(b'}');
    Ok(())
}

/// What became of one archive.
enum Read {
    Entry(Box<Entry>),
    NoChart(Diagnostic),
    Failed(String),
}

/// The archives of a folder as Helm finds them: `*.tgz`, then `*/*.tgz`, each with its folder's name.
fn archives(folder: &Path) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut below = Vec::new();
    for (name, is_folder) in directory::list(folder)? {
        if is_folder {
            // Helm passes over folders it cannot read.
            for (inner, _) in directory::list(&folder.join(&name)).unwrap_or_default() {
                if inner.ends_with(".tgz") {
                    below.push((name.clone(), inner));
                }
            }
        }
        if name.ends_with(".tgz") {
            found.push((String::new(), name));
        }
    }
    found.extend(below);
    Ok(found)
}

fn entry(folder: &Path, parent: &str, name: &str, options: &IndexOptions) -> Read {
    let path: PathBuf = folder.join(parent).join(name);
    let no_chart = |error: Error| {
        let shown = path.display();
        Read::NoChart(Diagnostic::warning("index-archive", format!("skipping {shown}: {}", error.message())))
    };
    let load = LoadOptions::new(options.compat).version_check(VersionCheck::Skip);
    let bytes = match directory::read_file(&path, load.limits.archive_bytes.saturating_mul(2)) {
        Ok(bytes) => bytes,
        Err(error) => return no_chart(error),
    };
    let mut metadata = match load_archive(&bytes, &load) {
        Ok(chart) => chart.metadata().clone(),
        Err(error) => return no_chart(error),
    };
    if metadata.api_version.is_empty() {
        metadata.api_version = "v1".to_owned();
    }
    if let Err(error) = metadata.validate() {
        let message = error.message();
        return Read::Failed(format!(
            "failed adding to {name} to index: validate failed for {name}: {message}"
        ));
    }
    let base = url::join(&options.url, parent);
    let url = if base.is_empty() { name.to_owned() } else { url::join(&base, name) };
    Read::Entry(Box::new(Entry {
        metadata,
        urls: vec![url],
        created: time_text(options.now),
        digest: sha256(&bytes).hex(),
        ..Entry::default()
    }))
}

/// Indexes a folder into the index.yaml in it, as `repo index` does.
///
/// With `merge`, what that index has is added; if the file is not there, an empty index is put there first.
///
/// # Errors
/// As [`NewIndex::of_folder`] and [`NewIndex::merge`]; or index.yaml cannot be written.
pub fn index_folder(
    folder: &Path,
    merge: Option<&Path>,
    format: Format,
    options: &IndexOptions,
) -> Result<Vec<Diagnostic>> {
    let folder = directory::absolute(folder)?;
    let (mut index, warnings) = NewIndex::of_folder(&folder, options)?;
    if let Some(path) = merge {
        match fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                write_whole(path, &NewIndex::empty(options.now).to_text(format)?)?;
            }
            _ => {
                let older =
                    super::index::read_whole(path).map_err(|error| error.prefixed("merge failed: "))?;
                index.merge(&older, path, options)?;
            }
        }
    }
    write_whole(&folder.join("index.yaml"), &index.to_text(format)?)?;
    Ok(warnings)
}
