//! Archives of dependencies: packed here, or fetched side by side through the cache.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::versions::Versions;
use super::{Refresh, Vendor};
use crate::archive::{PackOptions, pack_unchecked};
use crate::chart::{Dependency, Lock, load, load_archive};
use crate::dependency::local_path;
use crate::error::{Error, ErrorKind, Result};
use crate::files::directory;
use crate::registry::Reference;
use crate::repository::{Access, LARGEST_ARCHIVE, file_name, resolve};
use crate::version::{Constraint, Version};

/// An archive for `charts/`.
pub(super) struct Archive {
    /// The name of the file.
    pub(super) file: String,
    pub(super) bytes: Vec<u8>,
    /// Its provenance, when it was asked for.
    pub(super) provenance: Option<Vec<u8>>,
}

/// What is to be fetched.
enum Job<'a> {
    Http { url: String, digest: String, access: Access, dependency: &'a Dependency },
    Registry { address: String, reference: Reference, dependency: &'a Dependency },
}

impl Job<'_> {
    fn address(&self) -> &str {
        match self {
            Self::Http { url, .. } => url,
            Self::Registry { address, .. } => address,
        }
    }

    fn dependency(&self) -> &Dependency {
        match self {
            Self::Http { dependency, .. } | Self::Registry { dependency, .. } => dependency,
        }
    }
}

/// Gets everything that the lock names, in memory; local charts get their own versions into the lock.
pub(super) fn fetch_all(
    chart_path: &Path,
    lock: &mut Lock,
    versions: &Versions,
    vendor: &Vendor<'_>,
) -> Result<Vec<Archive>> {
    let mut archives = Vec::new();
    for dependency in lock.dependencies.iter_mut().flatten() {
        if dependency.repository.is_empty() {
            (vendor.say)(&format!(
                "Dependency {} did not declare a repository. Assuming it exists in the charts directory",
                dependency.name
            ));
            check_in_place(chart_path, dependency, vendor)?;
        } else if dependency.repository.starts_with("file://") {
            let (version, archive) = pack_local(chart_path, dependency, vendor)?;
            dependency.version = version;
            archives.push(archive);
        }
    }
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let mut told = BTreeSet::new();
    for dependency in lock.dependencies.iter().flatten() {
        let Dependency { name, repository, .. } = dependency;
        if repository.is_empty() || repository.starts_with("file://") {
            continue;
        }
        let job = job(dependency, versions)?;
        if !told.insert((job.address().to_owned(), dependency.version.clone())) {
            (vendor.say)(&format!("Already downloaded {name} from repo {repository}"));
            continue;
        }
        (vendor.say)(&format!("Downloading {name} from repo {repository}"));
        jobs.push(job);
    }
    archives.extend(side_by_side(&jobs, vendor)?);
    Ok(archives)
}

fn job<'a>(dependency: &'a Dependency, versions: &Versions) -> Result<Job<'a>> {
    let Dependency { name, repository, version, .. } = dependency;
    if Reference::is_oci(repository) {
        let reference = Reference::parse(&format!("{}/{name}", repository.trim_end_matches('/')))
            .and_then(|reference| reference.with_version(version))
            .map_err(|error| error.prefixed("could not parse OCI reference: "))?;
        return Ok(Job::Registry { address: format!("{repository}/{name}"), reference, dependency });
    }
    let missing = |error: Error| error.prefixed("could not find : ");
    let (listed, record) = versions.entry(dependency).map_err(missing)?;
    let first = record.urls.first().map_or("", |url| url.as_ref());
    let url = resolve(repository, first).map_err(missing)?;
    Ok(Job::Http { url, digest: record.digest.to_string(), access: Access::of(listed), dependency })
}

fn side_by_side(jobs: &[Job<'_>], vendor: &Vendor<'_>) -> Result<Vec<Archive>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(jobs.len()));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(index) else { break };
            let outcome = fetch(job, vendor);
            if outcome.is_err() {
                // The others may stop: nothing is kept unless everything is there.
                next.store(jobs.len(), Ordering::Relaxed);
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).push((index, outcome));
        }
    };
    let threads = vendor.threads.clamp(1, jobs.len().max(1));
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

fn fetch(job: &Job<'_>, vendor: &Vendor<'_>) -> Result<Archive> {
    let failed = |error: Error| error.prefixed(format_args!("could not download {}: ", job.address()));
    let archive = match job {
        Job::Http { url, digest, access, .. } => fetch_http(url, digest, access, vendor),
        Job::Registry { reference, .. } => fetch_oci(reference, vendor),
    };
    let archive = archive.map_err(failed)?;
    let chart = load_archive(&archive.bytes, &vendor.load).map_err(failed)?;
    let wanted = &job.dependency().name;
    if chart.name() != wanted {
        let (file, found) = (&archive.file, chart.name());
        let message = format!("{file} holds the chart {found}, not {wanted}");
        return Err(failed(Error::new(ErrorKind::Integrity, message)));
    }
    Ok(archive)
}

fn offline() -> Error {
    let message = "it is not in the cache, and --offline forbids to fetch it";
    Error::new(ErrorKind::NotFound, message)
}

fn fetch_http(url: &str, digest: &str, access: &Access, vendor: &Vendor<'_>) -> Result<Archive> {
    let cache = vendor.places.archives();
    let file = file_name(url).ok_or_else(|| {
        let shown = crate::files::quote(url);
        Error::new(ErrorKind::Repository, format!("{shown} does not end in the name of a file"))
    })?;
    if vendor.refresh == Refresh::Offline && !vendor.fetcher.is_cached(digest, &cache)? {
        return Err(offline());
    }
    let fetched = vendor.fetcher.archive(url, digest, access, &cache, vendor.progress)?;
    let bytes = directory::read_file(&fetched.path, LARGEST_ARCHIVE)?;
    let provenance = match vendor.verifier {
        None => None,
        Some(verifier) => match vendor.fetcher.provenance(url, &fetched.digest, access, &cache) {
            Ok(provenance) => {
                verifier(&file, &bytes, &provenance)?;
                Some(provenance)
            }
            Err(error) => missing_provenance(url, error, vendor)?,
        },
    };
    Ok(Archive { file, bytes, provenance })
}

fn fetch_oci(reference: &Reference, vendor: &Vendor<'_>) -> Result<Archive> {
    if vendor.refresh == Refresh::Offline {
        return Err(offline());
    }
    let remote = vendor.registry.look_up(reference)?;
    let path = vendor.registry.cached_archive(&remote, &vendor.places.archives(), vendor.progress)?;
    let bytes = directory::read_file(&path, LARGEST_ARCHIVE)?;
    let file = remote.file_name();
    let provenance = match vendor.verifier {
        None => None,
        Some(verifier) => match vendor.registry.provenance(&remote) {
            Ok(provenance) => {
                verifier(&file, &bytes, &provenance)?;
                Some(provenance)
            }
            Err(error) => missing_provenance(&format!("oci://{}", remote.reference()), error, vendor)?,
        },
    };
    (vendor.say)(&format!("Pulled: {}\nDigest: {}", remote.reference(), remote.digest()));
    Ok(Archive { file, bytes, provenance })
}

fn missing_provenance(address: &str, error: Error, vendor: &Vendor<'_>) -> Result<Option<Vec<u8>>> {
    if vendor.verify_always {
        let shown = crate::files::quote(&format!("{address}.prov"));
        let message = format!("failed to fetch provenance {shown}");
        return Err(Error::new(error.kind(), message).with_source(error));
    }
    (vendor.say)(&format!("WARNING: Verification not found for {address}: {error}"));
    Ok(None)
}

/// Helm looks at the folder alone.
fn check_in_place(chart_path: &Path, dependency: &Dependency, vendor: &Vendor<'_>) -> Result<()> {
    let Dependency { name, version, .. } = dependency;
    let path = chart_path.join("charts").join(name);
    let chart = load(&path, &vendor.load)
        .map_err(|error| error.prefixed(format_args!("unable to load chart '{}': ", path.display())))?;
    let constraint = Constraint::parse(version).map_err(|error| {
        error.prefixed(format_args!("dependency {name} has an invalid version/constraint format: "))
    })?;
    let found = &chart.metadata().version;
    let parsed = Version::parse(found)
        .map_err(|error| error.prefixed(format_args!("invalid version {version} for dependency {name}: ")))?;
    if constraint.check(&parsed) {
        return Ok(());
    }
    let message = format!("dependency {name} at version {found} does not satisfy the constraint {version}");
    Err(Error::new(ErrorKind::Dependency, message))
}

/// Helm: `tarFromLocalDir`.
fn pack_local(chart_path: &Path, dependency: &Dependency, vendor: &Vendor<'_>) -> Result<(String, Archive)> {
    let Dependency { name, version, repository, .. } = dependency;
    let path = local_path(repository, chart_path)?;
    let chart = load(&path, &vendor.load)?;
    let constraint = Constraint::parse(version).map_err(|error| {
        error.prefixed(format_args!("dependency {name} has an invalid version/constraint format: "))
    })?;
    let found = chart.metadata().version.clone();
    if !constraint.check(&Version::parse(&found)?) {
        let message = format!("can't get a valid version for dependency {name}");
        return Err(Error::new(ErrorKind::Dependency, message));
    }
    let mut options = PackOptions::new();
    if let Some(seconds) = vendor.mtime {
        options = options.mtime(seconds);
    }
    let packed = pack_unchecked(&chart, &options)?;
    Ok((found, Archive { file: packed.file_name(), bytes: packed.into_bytes(), provenance: None }))
}
