//! The versions that are there to choose from: each index is read once, for the charts that are asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{self, Asked, Origin};
use super::{Refresh, Vendor};
use crate::chart::Dependency;
use crate::dependency::{Candidates, Repositories};
use crate::error::{Error, ErrorKind, Result};
use crate::registry::Reference;
use crate::repository::{Record, Repository, same_place};
use crate::version::Version;

/// What the indexes and registries offer of what is asked for.
pub(super) struct Versions {
    origins: Vec<(String, Origin)>,
    repositories: Vec<Offered>,
    /// Tags by repository and name.
    tags: BTreeMap<(String, String), Vec<String>>,
}

/// What one repository offers.
struct Offered {
    repository: Repository,
    /// The charts that are asked for, or why the index cannot be read.
    charts: Result<BTreeMap<String, Vec<Record<'static>>>>,
}

impl Versions {
    /// Refreshes the indexes and reads what is needed of them.
    pub(super) fn gather(asked: &Asked, vendor: &Vendor<'_>) -> Result<Self> {
        names::refresh(asked, vendor);
        let mut wanted: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); asked.repositories.len()];
        let mut origins = Vec::new();
        let mut tags = BTreeMap::new();
        for (origin, dependency) in asked.origins.iter().zip(&asked.metadata.dependencies) {
            let Some(dependency) = dependency else { continue };
            origins.push((dependency.repository.clone(), origin.clone()));
            match origin {
                Origin::Index(index) => {
                    if let Some(wanted) = wanted.get_mut(*index) {
                        wanted.insert(&dependency.name);
                    }
                }
                Origin::Registry if Version::parse(&dependency.version).is_err() => {
                    if vendor.refresh == Refresh::Offline {
                        let message = format!(
                            "the versions of {} in {} are not known without a network: --offline needs an exact version",
                            dependency.name, dependency.repository
                        );
                        return Err(Error::new(ErrorKind::Dependency, message));
                    }
                    let key = (dependency.repository.clone(), dependency.name.clone());
                    if !tags.contains_key(&key) {
                        tags.insert(key, tags_of(dependency, vendor)?);
                    }
                }
                _ => {}
            }
        }
        let read = |repository: &Repository, wanted: &BTreeSet<&str>| {
            let index = vendor.places.index(&repository.name, vendor.compat())?;
            let (charts, _) = index.fold(
                BTreeMap::new,
                |name| wanted.contains(name),
                |charts: &mut BTreeMap<_, Vec<_>>, name, records| {
                    charts.insert(name.to_owned(), records.drain(..).map(Record::into_owned).collect());
                },
            )?;
            Ok(charts)
        };
        let repositories = asked.repositories.iter().zip(&wanted);
        let repositories = repositories.map(|(repository, wanted)| Offered {
            repository: repository.clone(),
            charts: read(repository, wanted),
        });
        Ok(Self { origins, repositories: repositories.collect(), tags })
    }

    /// The repository of that URL.
    fn offered(&self, url: &str) -> Option<&Offered> {
        let origin = self.origins.iter().find(|(known, _)| known == url).map(|(_, origin)| origin);
        match origin {
            Some(Origin::Index(index)) => self.repositories.get(*index),
            _ => self.repositories.iter().find(|offered| same_place(&offered.repository.url, url)),
        }
    }

    fn charts(&self, dependency: &Dependency) -> Result<(&Repository, Option<&[Record<'static>]>)> {
        let Some(offered) = self.offered(&dependency.repository) else {
            let message = format!("no repository definition for {}", dependency.repository);
            return Err(Error::new(ErrorKind::Dependency, message));
        };
        match &offered.charts {
            Ok(charts) => Ok((&offered.repository, charts.get(&dependency.name).map(Vec::as_slice))),
            Err(error) => {
                let name = &offered.repository.name;
                let message = format!(
                    "no cached repository for {name} found. (try 'helm repo update'): {}",
                    error.message()
                );
                Err(Error::new(error.kind(), message))
            }
        }
    }

    /// The repository and the entry of a locked dependency. Helm: `findChartURL`.
    pub(super) fn entry(&self, dependency: &Dependency) -> Result<(&Repository, &Record<'static>)> {
        let (repository, records) = self.charts(dependency)?;
        let records = records.ok_or_else(|| Error::new(ErrorKind::NotFound, "entry not found"))?;
        let wanted = Version::parse(&dependency.version);
        let fits = |record: &&Record<'static>| {
            let same = match &wanted {
                Ok(wanted) => record.parsed == *wanted,
                Err(_) => dependency.version.is_empty() || record.version == dependency.version,
            };
            same && !record.urls.is_empty()
        };
        let exact = records.iter().find(|record| fits(record) && record.version == dependency.version);
        let found = exact.or_else(|| records.iter().find(fits));
        Ok((repository, found.ok_or_else(|| Error::new(ErrorKind::NotFound, "no matching version"))?))
    }
}

fn tags_of(dependency: &Dependency, vendor: &Vendor<'_>) -> Result<Vec<String>> {
    let Dependency { name, repository, .. } = dependency;
    let failed = |error: Error| {
        error.prefixed(format_args!("could not retrieve list of tags for repository {repository}: "))
    };
    let reference = Reference::parse(&format!("{repository}/{name}")).map_err(failed)?;
    let versions = vendor.registry.versions(&reference).map_err(failed)?;
    Ok(versions.iter().map(|version| version.original().to_owned()).collect())
}

impl Repositories for Versions {
    fn candidates(&mut self, dependency: &Dependency) -> Result<Candidates> {
        let Dependency { name, repository, version, .. } = dependency;
        if Reference::is_oci(repository) {
            let tags = self.tags.get(&(repository.clone(), name.clone()));
            return Ok(Candidates::Tagged(tags.cloned().unwrap_or_else(|| vec![version.clone()])));
        }
        let (_, records) = self.charts(dependency)?;
        let Some(records) = records else {
            let message = format!("{name} chart not found in repo {repository}");
            return Err(Error::new(ErrorKind::Dependency, message));
        };
        let usable = records.iter().filter(|record| !record.urls.is_empty());
        Ok(Candidates::Listed(usable.map(|record| record.version.to_string()).collect()))
    }
}
