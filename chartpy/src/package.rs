//! Archives on the disk: packing, signing, verifying, digests and listings.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use chartcore::archive::provenance::{self, Keyring, SigningKey};
use chartcore::archive::{self, Archive, PackOptions};
use chartcore::chart::{LoadOptions, load};
use chartcore::files::directory::{PathKind, Symlinks, io_error, kind_of};
use chartcore::{Compat, Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::boundary::{self, enter};
use crate::chart::profile;

/// How the arguments of `Chart.package` and `listing` change what is packed.
pub(crate) fn options(
    version: Option<String>,
    app_version: Option<String>,
    epoch: Option<u64>,
) -> chartcore::Result<PackOptions> {
    let mut options = PackOptions::new();
    if let Some(version) = version {
        options = options.version(version)?;
    }
    if let Some(version) = app_version {
        options = options.app_version(version);
    }
    if let Some(epoch) = epoch {
        options = options.mtime(epoch);
    }
    Ok(options)
}

/// Who signs, from the arguments of `Chart.package`.
pub(crate) struct Signer {
    key: String,
    keyring: PathBuf,
    passphrase: Option<Vec<u8>>,
}

impl Signer {
    /// Reads the arguments; nothing when no key is named.
    pub(crate) fn of(
        py: Python<'_>,
        key: Option<String>,
        keyring: Option<PathBuf>,
        passphrase: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Option<Self>> {
        let passphrase = match passphrase {
            None => None,
            Some(given) => Some(match given.cast::<PyString>() {
                Ok(text) => text.to_cow()?.as_bytes().to_vec(),
                Err(_) => given.cast::<PyBytes>()?.as_bytes().to_vec(),
            }),
        };
        match (key, keyring) {
            (None, None) if passphrase.is_none() => Ok(None),
            (Some(key), Some(keyring)) => Ok(Some(Self { key, keyring, passphrase })),
            _ => Err(boundary::usage_error(py, "`key` and `keyring` go together")),
        }
    }

    fn key(&self) -> chartcore::Result<SigningKey> {
        let mut key = Keyring::read(&self.keyring)?.signing_key(&self.key)?;
        if key.is_locked() {
            let Some(passphrase) = &self.passphrase else {
                let message = format!("the key {} is locked: give its `passphrase`", key.name());
                return Err(Error::new(ErrorKind::Usage, message));
            };
            key.unlock(passphrase)?;
        }
        Ok(key)
    }

    /// The provenance file's text.
    pub(crate) fn sign(
        &self,
        archive: &Archive,
        compat: Compat,
        epoch: Option<u64>,
    ) -> chartcore::Result<String> {
        self.key()?.sign(archive.bytes(), &archive.file_name(), compat, epoch.unwrap_or_else(clock))
    }
}

fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// Writes a file beside its place and then moves it there, so that no half of it is ever seen.
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> chartcore::Result<PathBuf> {
    let path = folder.join(name);
    let partial = folder.join(format!(".{name}.{}", std::process::id()));
    std::fs::create_dir_all(folder).map_err(|error| io_error("mkdir", folder, error))?;
    std::fs::write(&partial, bytes).map_err(|error| io_error("open", &partial, error))?;
    std::fs::rename(&partial, &path).map_err(|error| io_error("rename", &path, error))?;
    Ok(path)
}

/// Verify an archive by the provenance file beside it (`PATH.prov`) and a keyring.
///
/// The keyring is binary, armored, or GnuPG's `pubring.kbx`. `now`, in seconds since 1970, decides what has expired;
/// without it the clock.
///
/// Raises `SignatureError` when there is no signature that counts, or when the archive is another.
///
/// >>> import chartpy
/// >>> try:
/// ...     chartpy.verify("web-0.1.0.tgz", keyring="pubring.gpg")
/// ... except FileNotFoundError as error:
/// ...     print(error)
/// stat web-0.1.0.tgz: no such file or directory
#[pyfunction]
#[pyo3(signature = (path, *, keyring, compat = "helm4", now = None))]
pub(crate) fn verify<'py>(
    py: Python<'py>,
    path: PathBuf,
    keyring: PathBuf,
    compat: &str,
    now: Option<u64>,
) -> PyResult<Bound<'py, PyAny>> {
    let compat = profile(py, compat)?;
    let verified = enter(py, || provenance::verify_file(&path, &keyring, compat, now.unwrap_or_else(clock)))?;
    let class = boundary::records(py)?.getattr("Verification")?;
    let digest = verified.digest.to_string();
    class.call1((verified.file_name, digest, verified.fingerprint, verified.signed_by))
}

/// The digests of a chart's folder or archive: of what it holds, and of the archive.
///
/// `content` is the same for every archive of the same files, whoever packed it and when. For a folder `archive` is the
/// digest of what `Chart.package` would write.
///
/// >>> import chartpy, tempfile
/// >>> chart = chartpy.load({"Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n"})
/// >>> with tempfile.TemporaryDirectory() as folder:
/// ...     one, two = chart.package(folder, epoch=1), chart.package(folder + "/two", epoch=2)
/// ...     chartpy.digest(one).content == chartpy.digest(two).content, one.digest == two.digest
/// (True, False)
#[pyfunction]
#[pyo3(signature = (path, *, epoch = None, compat = "helm4"))]
pub(crate) fn digest<'py>(
    py: Python<'py>,
    path: PathBuf,
    epoch: Option<u64>,
    compat: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let compat = profile(py, compat)?;
    let (content, archive) = enter(py, || {
        if kind_of(&path)? == PathKind::Folder {
            let chart = load(&path, &LoadOptions::new(compat))?;
            let options = options(None, None, epoch)?;
            let content = archive::content_digest(&chart, &options)?;
            return Ok((content, archive::pack(&chart, &options)?.digest()));
        }
        let sum = archive::sha256_file(&path)?;
        let file = File::open(&path).map_err(|error| io_error("open", &path, error))?;
        Ok((archive::content_digest_of_archive(file, compat)?, sum))
    })?;
    let class = boundary::records(py)?.getattr("Digests")?;
    class.call1((content.to_string(), archive.to_string()))
}

/// What packing the chart in a folder would put into the archive, and what `.helmignore` leaves out.
///
/// >>> import chartpy, pathlib, tempfile
/// >>> with tempfile.TemporaryDirectory() as folder:
/// ...     place = pathlib.Path(folder)
/// ...     _ = (place / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 0.1.0\n")
/// ...     _ = (place / "old.bak").write_text("old")
/// ...     _ = (place / ".helmignore").write_text("*.bak\n")
/// ...     listing = chartpy.listing(folder)
/// >>> [file.name for file in listing.files], [file.name for file in listing.ignored]
/// (['web/Chart.yaml', 'web/.helmignore'], ['old.bak'])
#[pyfunction]
#[pyo3(signature = (path, *, version = None, app_version = None, compat = "helm4", follow_symlinks = false))]
pub(crate) fn listing<'py>(
    py: Python<'py>,
    path: PathBuf,
    version: Option<String>,
    app_version: Option<String>,
    compat: &str,
    follow_symlinks: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let mut load_options = LoadOptions::new(profile(py, compat)?);
    if follow_symlinks {
        load_options = load_options.symlinks(Symlinks::Follow);
    }
    let listing = enter(py, || archive::list(&path, &load_options, &options(version, app_version, None)?))?;
    let records = boundary::records(py)?;
    let entry = records.getattr("PackedFile")?;
    let files = listing.files.iter().map(|file| entry.call1((&file.name, file.size)));
    let files = files.collect::<PyResult<Vec<_>>>()?;
    let ignored = listing.ignored.iter().map(|file| entry.call1((&file.name, file.size)));
    let ignored = ignored.collect::<PyResult<Vec<_>>>()?;
    records.getattr("Listing")?.call1((&listing.name, &listing.version, files, ignored))
}
