//! Fetching indexes and archives, with what each repository asks for.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use super::file::Repository;
use super::index::{Index, LARGEST_INDEX, Warnings, failure};
use super::url;
use crate::Compat;
use crate::archive::Digest;
use crate::cache::{Cache, Kind, write_whole};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::{
    Client, ClientOptions, Credentials, Download, Expected, Progress, Request, TlsOptions, Url, Validators,
};

/// The largest archive that is fetched.
pub const LARGEST_ARCHIVE: u64 = 256 << 20;

/// The largest provenance file that is fetched.
const LARGEST_PROVENANCE: u64 = 4 << 20;

/// What Helm's names of indexes begin with that no repository of the list stands for.
pub const UNMANAGED: &str = "helm-manager-";

/// Where Helm keeps what it knows of repositories.
#[derive(Debug, Clone)]
pub struct Places {
    /// repositories.yaml.
    pub config: PathBuf,
    /// The folder of indexes.
    pub cache: PathBuf,
    /// The folder of archives by their digest.
    pub content: PathBuf,
}

impl Places {
    /// The cached index of a repository. Helm: `CacheIndexFile`.
    ///
    /// # Errors
    /// The name is a path.
    pub fn index_file(&self, name: &str) -> Result<PathBuf> {
        self.cached(name, "index.yaml")
    }

    /// The cached names of a repository's charts. Helm: `CacheChartsFile`.
    ///
    /// # Errors
    /// The name is a path.
    pub fn charts_file(&self, name: &str) -> Result<PathBuf> {
        self.cached(name, "charts.txt")
    }

    fn cached(&self, name: &str, file: &str) -> Result<PathBuf> {
        if name.contains(['/', '\\', '\0']) {
            let shown = crate::files::quote(name);
            return Err(failure(format!("repository name {shown} is a path: it would leave the cache")));
        }
        let dash = if name.is_empty() { "" } else { "-" };
        Ok(self.cache.join(format!("{name}{dash}{file}")))
    }

    /// The cache of archives.
    pub fn archives(&self) -> Cache {
        Cache::new(&self.content)
    }

    /// Forgets what is cached of a repository.
    ///
    /// # Errors
    /// The index is there and cannot be removed.
    pub fn forget(&self, name: &str) -> Result<()> {
        for extra in [self.charts_file(name)?, self.cached(name, VALIDATORS)?] {
            // Helm does not mind either: only the index counts.
            let _ = fs::remove_file(extra);
        }
        let index = self.index_file(name)?;
        match fs::remove_file(&index) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(crate::files::directory::io_error("remove", &index, error))
            }
            _ => Ok(()),
        }
    }

    /// The name under which the index of a repository is cached that is not in the list.
    pub fn unmanaged_name(url: &str) -> String {
        format!("{UNMANAGED}{}", crate::archive::sha256(url.as_bytes()).hex())
    }

    /// Opens the cached index of a repository.
    ///
    /// # Errors
    /// There is none; Helm's text of the file that is not there.
    pub fn index(&self, name: &str, compat: Compat) -> Result<Index> {
        Index::open(&self.index_file(name)?, compat)
    }
}

/// The file beside an index that says how old it is.
const VALIDATORS: &str = "index.http";

/// Who asks, and over which TLS.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Where the credentials belong: a URL of that scheme, host and port.
    pub home: String,
    /// The credentials.
    pub credentials: Option<Credentials>,
    /// Whether they may go anywhere.
    pub everywhere: bool,
    /// Certificates.
    pub tls: TlsOptions,
}

impl Access {
    /// What the list says of a repository; credentials count only when there is a user and a password.
    pub fn of(repository: &Repository) -> Self {
        let file = |path: &str| (!path.is_empty()).then(|| PathBuf::from(path));
        let has_both = !repository.username.is_empty() && !repository.password.is_empty();
        Self {
            home: repository.url.clone(),
            credentials: has_both
                .then(|| Credentials::basic(repository.username.clone(), repository.password.clone())),
            everywhere: repository.pass_credentials_all,
            tls: TlsOptions {
                ca_file: file(&repository.ca_file),
                cert_file: file(&repository.cert_file),
                key_file: file(&repository.key_file),
                insecure_skip_verify: repository.insecure_skip_tls_verify,
                ..TlsOptions::default()
            },
        }
    }

    /// Whether there is anything special about it.
    pub fn is_plain(&self) -> bool {
        self.credentials.is_none() && self.tls == TlsOptions::default()
    }

    fn request(&self, url: &Url) -> Request {
        let at_home = self.everywhere || self.home.parse::<Url>().is_ok_and(|home| home.same_origin(url));
        Request::get(url.clone())
            .credentials(self.credentials.clone().filter(|_| at_home))
            .pass_credentials(self.everywhere)
    }
}

/// What became of an index that was asked for.
#[derive(Debug, Clone)]
pub struct Updated {
    /// Whether the server had a newer one.
    pub changed: bool,
    /// Entries that were skipped.
    pub warnings: Warnings,
}

/// An archive in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The file; it is called by its digest.
    pub path: PathBuf,
    /// Its sha256.
    pub digest: Digest,
    /// Whether it was in the cache already.
    pub cached: bool,
}

/// Fetches over HTTP; clients are made once for each set of certificates.
#[derive(Debug)]
pub struct Fetcher {
    options: ClientOptions,
    compat: Compat,
    clients: Mutex<Vec<(TlsOptions, Client)>>,
}

impl Fetcher {
    /// A fetcher whose clients have these options, but for their certificates.
    pub fn new(options: ClientOptions, compat: Compat) -> Self {
        Self { options, compat, clients: Mutex::new(Vec::new()) }
    }

    /// Whose rules indexes are read by.
    pub fn compat(&self) -> Compat {
        self.compat
    }

    fn client(&self, tls: &TlsOptions) -> Result<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = clients.iter().find(|(known, _)| known == tls) {
            return Ok(client.clone());
        }
        let client = Client::new(&ClientOptions { tls: tls.clone(), ..self.options.clone() })?;
        clients.push((tls.clone(), client.clone()));
        Ok(client)
    }

    /// Brings the cached index of a repository up to date, under its name. An index that cannot be read does not
    /// replace a good one. Helm: `DownloadIndexFile`.
    ///
    /// # Errors
    /// The server cannot be reached or refuses, or the index is not readable.
    pub fn update(
        &self,
        repository: &Repository,
        places: &Places,
        progress: &dyn Progress,
    ) -> Result<Updated> {
        self.update_with(repository, &Access::of(repository), places, progress)
    }

    pub(super) fn update_with(
        &self,
        repository: &Repository,
        access: &Access,
        places: &Places,
        progress: &dyn Progress,
    ) -> Result<Updated> {
        let index_url = url::resolve(&repository.url, "index.yaml")?;
        let parsed = fetchable(&repository.url, &index_url)?;
        let target = places.index_file(&repository.name)?;
        let sidecar = places.cached(&repository.name, VALIDATORS)?;
        let mut request = access.request(&parsed);
        if let Some(known) = Known::read(&sidecar, &target, &index_url) {
            if let Some(etag) = known.etag {
                request = request.header("If-None-Match", etag);
            }
            if let Some(time) = known.last_modified {
                request = request.header("If-Modified-Since", time);
            }
        }
        let fresh = Temporary(target.with_extension(format!("new-{}", unique())));
        let download = self.client(&access.tls)?.download(
            &request,
            &fresh.0,
            &Expected::at_most(LARGEST_INDEX),
            progress,
        )?;
        let downloaded = match download {
            Download::Refused(response) if response.status() == 304 => {
                return Ok(Updated { changed: false, warnings: Warnings::new() });
            }
            other => other.complete()?,
        };
        let bytes = super::index::read_whole(&fresh.0)?;
        let index = Index::from_bytes(bytes, &*repository.url, self.compat);
        let (names, warnings) = index.names()?;
        drop(index);
        let mut charts = names.join("\n");
        if !charts.is_empty() {
            charts.push('\n');
        }
        write_whole(&places.charts_file(&repository.name)?, charts.as_bytes())?;
        fs::rename(&fresh.0, &target)
            .map_err(|error| crate::files::directory::io_error("rename", &target, error))?;
        Known::write(&sidecar, &target, &index_url, downloaded.validators);
        Ok(Updated { changed: true, warnings })
    }

    /// Whether the archive of a digest is in the cache.
    ///
    /// # Errors
    /// The digest is none.
    pub fn is_cached(&self, digest: &str, cache: &Cache) -> Result<bool> {
        match read_digest(digest)? {
            None => Ok(false),
            Some(digest) => Ok(cache.find(&digest, Kind::Chart)?.is_some()),
        }
    }

    /// Fetches an archive into the cache, or finds it there. `digest` is what an index says of it; empty for nothing.
    ///
    /// # Errors
    /// It cannot be fetched, or is not what the digest says.
    pub fn archive(
        &self,
        address: &str,
        digest: &str,
        access: &Access,
        cache: &Cache,
        progress: &dyn Progress,
    ) -> Result<Fetched> {
        let expected = read_digest(digest)?;
        if let Some(digest) = expected
            && let Some(path) = cache.find(&digest, Kind::Chart)?
        {
            return Ok(Fetched { path, digest, cached: true });
        }
        let parsed = fetchable(address, address)?;
        let request = access.request(&parsed).header("Accept", "application/gzip,application/octet-stream");
        let client = self.client(&access.tls)?;
        let limit = Expected::at_most(LARGEST_ARCHIVE);
        if let Some(digest) = expected {
            let path = cache.path(&digest, Kind::Chart);
            let _ = client.download(&request, &path, &limit.digest(digest), progress)?.complete()?;
            return Ok(Fetched { path, digest, cached: false });
        }
        let fresh = Temporary(cache.root().join(format!(".chart-{}.tmp", unique())));
        let downloaded = client.download(&request, &fresh.0, &limit, progress)?.complete()?;
        let path = cache.path(&downloaded.digest, Kind::Chart);
        if let Some(shelf) = path.parent() {
            fs::create_dir_all(shelf)
                .map_err(|error| crate::files::directory::io_error("mkdir", shelf, error))?;
        }
        fs::rename(&fresh.0, &path)
            .map_err(|error| crate::files::directory::io_error("rename", &path, error))?;
        Ok(Fetched { path, digest: downloaded.digest, cached: false })
    }

    /// Fetches the provenance of an archive, which is kept beside it in the cache.
    ///
    /// # Errors
    /// There is none: `failed to fetch provenance "URL.prov"`.
    pub fn provenance(
        &self,
        address: &str,
        digest: &Digest,
        access: &Access,
        cache: &Cache,
    ) -> Result<Vec<u8>> {
        if let Some(bytes) = cache.get(digest, Kind::Provenance, LARGEST_PROVENANCE)? {
            return Ok(bytes);
        }
        let address = format!("{address}.prov");
        let bytes = self.bytes(&address, access, LARGEST_PROVENANCE).map_err(|error| {
            let message = format!("failed to fetch provenance {}", crate::files::quote(&address));
            Error::new(error.kind(), message).with_source(error)
        })?;
        cache.put(digest, Kind::Provenance, &bytes)?;
        Ok(bytes)
    }

    /// Fetches something whole into memory.
    ///
    /// # Errors
    /// It cannot be fetched, or is longer than `limit`.
    pub fn bytes(&self, address: &str, access: &Access, limit: u64) -> Result<Vec<u8>> {
        let parsed = fetchable(address, address)?;
        let response = self.client(&access.tls)?.send(&access.request(&parsed))?;
        if response.status() != 200 {
            return Err(response.failure());
        }
        response.bytes(limit)
    }
}

/// The URL, if it is one that HTTP can fetch. Helm: `getter.Providers.ByScheme`.
fn fetchable(named: &str, address: &str) -> Result<Url> {
    let scheme = url::scheme(named)?;
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err(failure(format!("could not find protocol handler for: {scheme}")));
    }
    address.parse()
}

/// A digest of an index: 64 hexadecimal digits, perhaps with the algorithm in front.
fn read_digest(text: &str) -> Result<Option<Digest>> {
    let digits = text.split_once(':').map_or(text, |(_, digits)| digits);
    if digits.is_empty() {
        return Ok(None);
    }
    let invalid = |what: String| Error::new(ErrorKind::Integrity, what);
    if let Some(byte) = digits.bytes().find(|byte| !byte.is_ascii_hexdigit()) {
        let shown = char::from(byte).escape_default();
        return Err(invalid(format!("encoding/hex: invalid byte: U+{byte:04X} '{shown}'")));
    }
    if digits.len() % 2 == 1 {
        return Err(invalid("encoding/hex: odd length hex string".to_owned()));
    }
    let bytes: Vec<u8> = digits
        .as_bytes()
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let length = bytes.len();
    <[u8; 32]>::try_from(bytes)
        .map(|bytes| Some(Digest::from(bytes)))
        .map_err(|_| invalid(format!("invalid digest length: {length}")))
}

/// A part of a name that no other process and no other thread has.
pub(crate) fn unique() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// A file that goes when it has not been renamed.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the renaming there is nothing left.
        let _ = fs::remove_file(&self.0);
    }
}

/// What is known of the age of a cached index. It counts only for the very file it was written for: Helm may have
/// fetched another since.
struct Known;

impl Known {
    fn read(sidecar: &Path, index: &Path, url: &str) -> Option<Validators> {
        let text = fs::read_to_string(sidecar).ok()?;
        let mut lines = text.lines();
        if lines.next()? != state(index)? || lines.next()? != url {
            return None;
        }
        let mut next = || lines.next().filter(|line| !line.is_empty()).map(str::to_owned);
        Some(Validators { etag: next(), last_modified: next() })
    }

    /// Without it the index is merely fetched again.
    fn write(sidecar: &Path, index: &Path, url: &str, validators: Validators) {
        let Validators { etag, last_modified } = validators;
        let state = state(index).filter(|_| etag.is_some() || last_modified.is_some());
        let Some(state) = state else {
            let _ = fs::remove_file(sidecar);
            return;
        };
        let (etag, last_modified) = (etag.unwrap_or_default(), last_modified.unwrap_or_default());
        let _ = write_whole(sidecar, format!("{state}\n{url}\n{etag}\n{last_modified}\n").as_bytes());
    }
}

/// Size and time of a file, by which another one is known.
fn state(path: &Path) -> Option<String> {
    let status = fs::metadata(path).ok()?;
    let time = status.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{} {}", status.len(), time.as_nanos()))
}
