//! From what a user calls a chart to where its archive is. Helm: `ResolveChartVersion` in
//! pkg/downloader/chart_downloader.go and `FindChartInRepoURL`.

use super::client::{Access, Fetched, Fetcher, Places};
use super::file::{Repositories, Repository};
use super::index::{Record, choose, failure, is_range};
use super::url;
use crate::Compat;
use crate::cache::Cache;
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};
use crate::files::quote;
use crate::transport::Progress;

/// Which chart is meant, beside its name.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// A version or a range; empty for the newest.
    pub version: String,
    /// The URL of a repository in which the name is to be looked up; empty for none.
    pub repository: String,
    /// Who asks; `home` is filled in here.
    pub access: Access,
}

/// Where an archive is.
#[derive(Debug, Clone)]
pub struct Located {
    /// Its URL.
    pub url: String,
    /// Its sha256 as the index says; empty if it does not.
    pub digest: String,
    /// Who asks for it.
    pub access: Access,
    /// The entry of the index, if there is one.
    pub record: Option<Record<'static>>,
    /// Entries of the index that were skipped, and a version that is not quite the one asked for.
    pub warnings: Vec<Diagnostic>,
}

impl Located {
    /// What the archive is to be called: the last part of the URL's path.
    ///
    /// # Errors
    /// The URL ends in no name.
    pub fn file_name(&self) -> Result<String> {
        let name = url::file_name(&self.url);
        name.ok_or_else(|| failure(format!("{} does not end in the name of a file", quote(&self.url))))
    }
}

impl Fetcher {
    /// Finds the archive that is meant by a URL, by `REPOSITORY/CHART`, or by a name in `choice.repository`.
    ///
    /// Only the last looks at the network: indexes of known repositories are taken from the cache, as Helm does.
    ///
    /// # Errors
    /// There is no such repository, chart or version; Helm's texts, with the nearest versions as a hint.
    pub fn locate(
        &self,
        reference: &str,
        choice: &Choice,
        places: &Places,
        progress: &dyn Progress,
    ) -> Result<Located> {
        if !choice.repository.is_empty() {
            return self.locate_at(reference, choice, places, progress);
        }
        if url::is_absolute(reference) {
            return self.locate_url(reference, choice, places);
        }
        let repositories = Repositories::read_if_there(&places.config)?;
        let Some((name, chart)) = reference.split_once('/') else {
            let message =
                format!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {reference}");
            return Err(failure(message));
        };
        let Some(repository) = repositories.get(name) else {
            return Err(Error::new(ErrorKind::NotFound, format!("repo {name} not found")));
        };
        if repository.url.is_empty() {
            return Err(failure(format!("no URL found for repository {name}")));
        }
        let (versions, warnings) = places
            .index(name, self.compat())
            .and_then(|index| index.versions(chart))
            .map_err(|error| error.prefixed("no cached repo found. (try 'helm repo update'): "))?;
        let chosen = match &versions {
            None => Err(Error::new(ErrorKind::NotFound, "no chart name found")),
            Some(versions) => choose(chart, versions, &choice.version),
        };
        let chosen = chosen.map_err(|error| {
            let (shown, version) = (quote(chart), &choice.version);
            error.prefixed(format_args!(
                "chart {shown} matching {version} not found in {name} index. (try 'helm repo update'): "
            ))
        })?;
        let own = Access::of(repository);
        let access = Access {
            home: repository.url.clone(),
            credentials: own.credentials.or_else(|| choice.access.credentials.clone()),
            everywhere: own.everywhere || choice.access.everywhere,
            tls: if own.tls == Default::default() { choice.access.tls.clone() } else { own.tls },
        };
        self.located(reference, &repository.url, chosen, choice, access, warnings)
    }

    /// A chart by its name in a repository that need not be in the list.
    fn locate_at(
        &self,
        chart: &str,
        choice: &Choice,
        places: &Places,
        progress: &dyn Progress,
    ) -> Result<Located> {
        let address = &choice.repository;
        let name = Places::unmanaged_name(address);
        let access = Access { home: address.clone(), ..choice.access.clone() };
        let warnings = self
            .update_with(
                &Repository { name: name.clone(), url: address.clone(), ..Repository::default() },
                &access,
                places,
                progress,
            )
            .map_err(|error| {
                let shown = quote(address);
                error.prefixed(format_args!(
                    "looks like {shown} is not a valid chart repository or cannot be reached: "
                ))
            })?
            .warnings;
        let (versions, more) = places.index(&name, self.compat())?.versions(chart)?;
        let warnings = if warnings.is_empty() { more } else { warnings };
        let chosen = match &versions {
            None => Err(Error::new(ErrorKind::NotFound, String::new())),
            Some(versions) => choose(chart, versions, &choice.version),
        };
        let mut what = format!("chart {}", quote(chart));
        if !choice.version.is_empty() {
            what.push_str(&format!(" version {}", quote(&choice.version)));
        }
        let chosen = chosen.map_err(|error| {
            let missing =
                Error::new(ErrorKind::NotFound, format!("{what} not found in {address} repository"));
            error.diagnostics().iter().cloned().fold(missing, Error::with_diagnostic)
        })?;
        self.located(&what, address, chosen, choice, access, warnings)
    }

    fn located(
        &self,
        reference: &str,
        base: &str,
        chosen: &Record<'static>,
        choice: &Choice,
        access: Access,
        mut warnings: Vec<Diagnostic>,
    ) -> Result<Located> {
        let Some(first) = chosen.urls.first() else {
            let shown = if choice.repository.is_empty() {
                format!("chart {}", quote(reference))
            } else {
                reference.to_owned()
            };
            return Err(failure(format!("{shown} has no downloadable URLs")));
        };
        let asked = &choice.version;
        if self.compat() == Compat::Helm4 && !asked.is_empty() && *asked != chosen.version && !is_range(asked)
        {
            let (name, version) = (&chosen.name, &chosen.version);
            warnings.push(Diagnostic::warning(
                "version-fallback",
                format!("unable to find exact version requested; falling back to closest available version: chart={name} requested={asked} selected={version}"),
            ));
        }
        Ok(Located {
            url: url::resolve(base, first)?,
            digest: chosen.digest.to_string(),
            access,
            record: Some(chosen.clone()),
            warnings,
        })
    }

    /// A URL, with the credentials of the first known repository whose index names it.
    fn locate_url(&self, address: &str, choice: &Choice, places: &Places) -> Result<Located> {
        let mut located = Located {
            url: address.to_owned(),
            digest: String::new(),
            access: Access { home: address.to_owned(), ..choice.access.clone() },
            record: None,
            warnings: Vec::new(),
        };
        // Only a repository with something of its own makes a difference; Helm reads all indexes.
        for repository in &Repositories::read_if_there(&places.config)?.list {
            let own = Access::of(repository);
            if own.is_plain() {
                continue;
            }
            let Ok(index) = places.index(&repository.name, self.compat()) else { continue };
            let (found, _) = index.fold(
                || false,
                |_| true,
                |found, _, records| {
                    *found |= records
                        .iter()
                        .flat_map(|record| &record.urls)
                        .any(|url| url.as_ref() == address || url::same_place(address, url));
                },
            )?;
            if found {
                located.access = own;
                break;
            }
        }
        Ok(located)
    }

    /// Fetches what was located into the cache, or finds it there.
    ///
    /// # Errors
    /// As [`Fetcher::archive`].
    pub fn fetch(&self, located: &Located, cache: &Cache, progress: &dyn Progress) -> Result<Fetched> {
        self.archive(&located.url, &located.digest, &located.access, cache, progress)
    }
}
