//! Charts from registries and repositories, and into registries; `chartpy.remote` is the face.

use std::path::{Path, PathBuf};

use chartcore::archive::sha256;
use chartcore::chart::{self, LoadOptions};
use chartcore::files::directory;
use chartcore::publish::{self as publishing, OnExists, PublishOptions, Strategy};
use chartcore::registry::{CREATED_ANNOTATION, Login, Logins, Reference, Registry};
use chartcore::repository::{Access, Choice, Fetcher, Index, Places, Record, choose};
use chartcore::transport::{Client, ClientOptions, Credentials, NoProgress, Proxies, TlsOptions};
use chartcore::{Compat, Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::boundary::{self, enter};
use crate::chart::{Chart, profile};

/// How servers are reached.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Connection {
    user: Option<String>,
    password: Option<String>,
    config: Option<PathBuf>,
    plain_http: bool,
    insecure: bool,
    ca_file: Option<PathBuf>,
    http_proxy: String,
    https_proxy: String,
    no_proxy: String,
}

impl Connection {
    fn tls(&self) -> TlsOptions {
        TlsOptions {
            ca_file: self.ca_file.clone(),
            insecure_skip_verify: self.insecure,
            ..TlsOptions::default()
        }
    }

    fn options(&self) -> ClientOptions {
        ClientOptions {
            tls: self.tls(),
            proxies: Proxies {
                http: self.http_proxy.clone(),
                https: self.https_proxy.clone(),
                no_proxy: self.no_proxy.clone(),
            },
            user_agent: concat!("chartpy/", env!("CARGO_PKG_VERSION")).to_owned(),
            plain_http: self.plain_http,
            ..ClientOptions::default()
        }
    }

    fn registry(&self) -> chartcore::Result<Registry> {
        let mut logins = Logins::new();
        if let Some(config) = &self.config {
            logins = logins.config(config);
        }
        if let (Some(user), Some(password)) = (&self.user, &self.password) {
            logins = logins.everywhere(Login::new(user.clone(), password.clone()));
        }
        Ok(Registry::new(Client::new(&self.options())?, logins).plain_http(self.plain_http))
    }

    fn choice(&self, version: &str, repository: &str) -> Choice {
        let credentials = match (&self.user, &self.password) {
            (Some(user), Some(password)) => Some(Credentials::basic(user.clone(), password.clone())),
            _ => None,
        };
        let access = Access { home: repository.to_owned(), credentials, everywhere: false, tls: self.tls() };
        Choice { version: version.to_owned(), repository: repository.to_owned(), access }
    }
}

/// Where a call of ours keeps what it fetches: nothing of the user's is read or changed.
fn places(folder: &Path) -> Places {
    Places {
        config: folder.join("repositories.yaml"),
        cache: folder.join("indexes"),
        content: folder.join("archives"),
    }
}

/// Fetch the archive of a chart.
#[pyfunction]
#[pyo3(name = "_fetch")]
#[expect(clippy::too_many_arguments, reason = "they are the fields of a request")]
pub(crate) fn fetch(
    py: Python<'_>,
    reference: &str,
    version: &str,
    repository: &str,
    digest: Option<&str>,
    cache: PathBuf,
    connection: Connection,
    compat: &str,
) -> PyResult<Chart> {
    let compat = profile(py, compat)?;
    enter(py, || {
        let path = if Reference::is_oci(reference) {
            let registry = connection.registry()?;
            let found = registry.resolve(&Reference::parse(reference)?, version, compat)?;
            registry.cached_archive(&registry.look_up(&found)?, &places(&cache).archives(), &NoProgress)?
        } else {
            let fetcher = Fetcher::new(connection.options(), compat);
            let places = places(&cache);
            let choice = connection.choice(version, repository);
            let located = fetcher.locate(reference, &choice, &places, &NoProgress)?;
            fetcher.fetch(&located, &places.archives(), &NoProgress)?.path
        };
        let bytes = directory::read_file(&path, chartcore::repository::LARGEST_ARCHIVE)?;
        if let Some(expected) = digest {
            verify(&bytes, expected)?;
        }
        chart::load_archive(&bytes, &LoadOptions::new(compat))
    })
    .map(Chart::new)
}

fn verify(bytes: &[u8], expected: &str) -> chartcore::Result<()> {
    let found = sha256(bytes).hex();
    if expected.strip_prefix("sha256:").unwrap_or(expected).eq_ignore_ascii_case(&found) {
        return Ok(());
    }
    let message = format!("the chart's digest is sha256:{found}, expected {expected}");
    Err(Error::new(ErrorKind::Integrity, message))
}

/// What a version resolved to.
type Resolved = (String, String, String, String, String, String);

/// Find the version of a chart that a constraint means.
#[pyfunction]
#[pyo3(name = "_resolve_version")]
pub(crate) fn resolve_version(
    py: Python<'_>,
    reference: &str,
    version: &str,
    repository: &str,
    cache: PathBuf,
    connection: Connection,
    compat: &str,
) -> PyResult<Resolved> {
    let compat = profile(py, compat)?;
    enter(py, || {
        if Reference::is_oci(reference) {
            let registry = connection.registry()?;
            let found = registry.resolve(&Reference::parse(reference)?, version, compat)?;
            let remote = registry.look_up(&found)?;
            let config = remote.config();
            let created = remote.manifest().annotations().get(CREATED_ANNOTATION).cloned();
            return Ok((
                config.name.clone(),
                config.version.clone(),
                config.app_version.clone(),
                format!("oci://{}", remote.reference()),
                remote.chart().digest.clone(),
                created.unwrap_or_default(),
            ));
        }
        if Path::new(repository).is_file() {
            return in_index(Path::new(repository), reference, version, compat);
        }
        let fetcher = Fetcher::new(connection.options(), compat);
        let choice = connection.choice(version, repository);
        let located = fetcher.locate(reference, &choice, &places(&cache), &NoProgress)?;
        let Some(record) = &located.record else {
            let message = format!("{reference} is in no index: its versions are not known");
            return Err(Error::new(ErrorKind::Repository, message));
        };
        Ok(resolved(record, &located.url))
    })
}

fn in_index(path: &Path, name: &str, version: &str, compat: Compat) -> chartcore::Result<Resolved> {
    let (records, _) = Index::open(path, compat)?.versions(name)?;
    let records = records.unwrap_or_default();
    let record = choose(name, &records, version)?;
    Ok(resolved(record, record.urls.first().map_or("", AsRef::as_ref)))
}

fn resolved(record: &Record<'_>, url: &str) -> Resolved {
    let digest = match record.digest.as_ref() {
        "" => String::new(),
        digest if digest.starts_with("sha256:") => digest.to_owned(),
        digest => format!("sha256:{digest}"),
    };
    (
        record.name.to_string(),
        record.version.to_string(),
        record.app_version.to_string(),
        url.to_owned(),
        digest,
        record.created.to_string(),
    )
}

/// Publish charts.
#[pyfunction]
#[pyo3(name = "_publish")]
#[expect(clippy::too_many_arguments, reason = "they are the fields of a request")]
pub(crate) fn publish<'py>(
    py: Python<'py>,
    folders: Vec<PathBuf>,
    target: &str,
    strategy: &str,
    version: Option<String>,
    app_version: Option<String>,
    images: Vec<(String, String)>,
    on_exists: &str,
    allow_dirty: bool,
    dry_run: bool,
    epoch: Option<u64>,
    connection: Connection,
    compat: &str,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let mut options = PublishOptions::new(profile(py, compat)?);
    options.strategy = match (version, strategy) {
        (Some(version), _) => Strategy::Given(version),
        (None, "base") => Strategy::Base,
        (None, "git-hash") => Strategy::GitHash,
        (None, "tag") => Strategy::Tag,
        (None, "describe") => Strategy::Describe,
        (None, other) => {
            let known = "`base`, `git-hash`, `tag` or `describe`";
            return Err(boundary::usage_error(py, &format!("unknown strategy `{other}`, expected {known}")));
        }
    };
    options.on_exists = match on_exists {
        "fail" => OnExists::Fail,
        "skip" => OnExists::Skip,
        "verify" => OnExists::Verify,
        other => {
            let message = format!("unknown on_exists `{other}`, expected `fail`, `skip` or `verify`");
            return Err(boundary::usage_error(py, &message));
        }
    };
    options.app_version = app_version;
    options.images = images;
    options.allow_dirty = allow_dirty;
    options.dry_run = dry_run;
    options.epoch = epoch;
    let done = enter(py, || {
        let prepared = publishing::prepare(&folders, &options, None)?;
        let mut done = Vec::new();
        publishing::publish(&connection.registry()?, &prepared, target, &options, &mut |one| done.push(one))?;
        Ok(done)
    })?;
    let record = |one: &publishing::Published| {
        let fields = PyDict::new(py);
        fields.set_item("status", one.status.as_str())?;
        fields.set_item("name", &one.name)?;
        fields.set_item("version", &one.version)?;
        fields.set_item("app_version", &one.app_version)?;
        fields.set_item("reference", &one.reference)?;
        fields.set_item("tag", &one.tag)?;
        fields.set_item("manifest_digest", &one.manifest_digest)?;
        fields.set_item("chart_digest", &one.chart_digest)?;
        fields.set_item("commit", &one.commit)?;
        fields.set_item("images", &one.images)?;
        Ok(fields)
    };
    done.iter().map(record).collect()
}
