//! From what Chart.yaml calls a repository to its URL and its place in the cache.

use std::path::Path;

use super::{Refresh, Vendor};
use crate::chart::{Dependency, Metadata};
use crate::dependency::local_path;
use crate::error::{Error, ErrorKind, Result};
use crate::registry::Reference;
use crate::repository::{Places, Repositories, Repository, is_absolute, same_place};

/// Where a dependency comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// It lies in `charts/`.
    InPlace,
    /// A folder of this machine.
    Local,
    /// A registry.
    Registry,
    /// A repository over HTTP, by its index in [`Asked::repositories`].
    Index(usize),
}

/// What is asked for, with URLs instead of names.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) metadata: Metadata,
    /// One for each dependency.
    pub(super) origins: Vec<Origin>,
    /// The repositories that are needed, each once; those that are not in the list have Helm's name for them.
    pub(super) repositories: Vec<Repository>,
}

impl Asked {
    /// Whether a repository is in the list.
    pub(super) fn is_managed(repository: &Repository) -> bool {
        !repository.name.starts_with(crate::repository::UNMANAGED)
    }

    /// Helm: `hasAllRepos`.
    pub(super) fn refuse_unknown(&self) -> Result<()> {
        let unknown =
            self.origins.iter().zip(&self.metadata.dependencies).filter_map(|(origin, dependency)| {
                match origin {
                    Origin::Index(index) if !Self::is_managed(self.repositories.get(*index)?) => {
                        Some(dependency.as_ref()?.repository.as_str())
                    }
                    _ => None,
                }
            });
        let unknown: Vec<&str> = unknown.collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let message = format!(
            "no repository definition for {}. Please add the missing repos via 'helm repo add'",
            unknown.join(", ")
        );
        Err(Error::new(ErrorKind::Dependency, message))
    }
}

/// Finds the repository of each dependency. Helm: `resolveRepoNames` and `ensureMissingRepos`.
pub(super) fn with_urls(chart_path: &Path, metadata: &Metadata, vendor: &Vendor<'_>) -> Result<Asked> {
    let known = Repositories::read_if_there(&vendor.places.config)?;
    let mut asked = Asked { metadata: metadata.clone(), origins: Vec::new(), repositories: Vec::new() };
    let mut missing = Vec::new();
    for dependency in &mut asked.metadata.dependencies {
        let Some(dependency) = dependency else {
            asked.origins.push(Origin::InPlace);
            continue;
        };
        let origin = match origin(chart_path, dependency, &known)? {
            Found::Origin(origin) => origin,
            Found::Repository(repository) => {
                let at = asked.repositories.iter().position(|other| other.name == repository.name);
                Origin::Index(at.unwrap_or_else(|| {
                    asked.repositories.push(repository);
                    asked.repositories.len() - 1
                }))
            }
            Found::Nothing => {
                missing.push(dependency.repository.clone());
                Origin::InPlace
            }
        };
        asked.origins.push(origin);
    }
    if missing.is_empty() {
        return Ok(asked);
    }
    let mut message =
        format!("no repository definition for {}. Please add them via 'helm repo add'", missing.join(", "));
    // Helm's own advice for those who write a name where a URL should be.
    let is_bare =
        |name: &String| !name.contains("//") && !name.starts_with('@') && !name.starts_with("alias:");
    if missing.iter().any(is_bare) {
        message.push_str(
            "\nNote that repositories must be URLs or aliases. For example, to refer to the \"example\"\n\
             repository, use \"https://charts.example.com/\" or \"@example\" instead of\n\
             \"example\". Don't forget to add the repo, too ('helm repo add').",
        );
    }
    Err(Error::new(ErrorKind::Dependency, message))
}

enum Found {
    Origin(Origin),
    Repository(Repository),
    Nothing,
}

fn origin(chart_path: &Path, dependency: &mut Dependency, known: &Repositories) -> Result<Found> {
    let place = dependency.repository.clone();
    if place.is_empty() {
        return Ok(Found::Origin(Origin::InPlace));
    }
    if place.starts_with("file://") {
        local_path(&place, chart_path)?;
        return Ok(Found::Origin(Origin::Local));
    }
    if Reference::is_oci(&place) {
        return Ok(Found::Origin(Origin::Registry));
    }
    let name = place.strip_prefix('@').or_else(|| place.strip_prefix("alias:"));
    let matches = |repository: &&Repository| {
        name.is_some_and(|name| repository.name == name) || same_place(&repository.url, &place)
    };
    if let Some(repository) = known.list.iter().find(matches) {
        if name.is_some_and(|name| repository.name == name) {
            dependency.repository.clone_from(&repository.url);
        }
        return Ok(Found::Repository(repository.clone()));
    }
    if is_absolute(&place) || place.starts_with('/') {
        let repository =
            Repository { name: Places::unmanaged_name(&place), url: place, ..Repository::default() };
        return Ok(Found::Repository(repository));
    }
    Ok(Found::Nothing)
}

/// Brings the needed indexes up to date, side by side, saying how each went. One that fails does not stop the others;
/// whether that matters shows later.
pub(super) fn refresh(asked: &Asked, vendor: &Vendor<'_>) {
    if vendor.refresh != Refresh::Needed {
        return;
    }
    let (managed, unmanaged): (Vec<&Repository>, Vec<&Repository>) =
        asked.repositories.iter().partition(|repository| Asked::is_managed(repository));
    let say = vendor.say;
    if !unmanaged.is_empty() {
        say("Getting updates for unmanaged Helm repositories...");
        refresh_these(&unmanaged, vendor);
    }
    if !managed.is_empty() {
        say("Hang tight while we grab the latest from your chart repositories...");
        refresh_these(&managed, vendor);
        say("Update Complete. ⎈Happy Helming!⎈");
    }
}

fn refresh_these(repositories: &[&Repository], vendor: &Vendor<'_>) {
    std::thread::scope(|scope| {
        for repository in repositories {
            scope.spawn(move || {
                let outcome = vendor.fetcher.update(repository, vendor.places, vendor.progress);
                let Repository { name, url, .. } = repository;
                let (name, url) = (crate::files::quote(name), url.as_str());
                let managed = Asked::is_managed(repository);
                let shown = if managed { name } else { crate::files::quote(url) };
                (vendor.say)(&match outcome {
                    Ok(_) => format!("...Successfully got an update from the {shown} chart repository"),
                    Err(error) if managed => {
                        format!(
                            "...Unable to get an update from the {shown} chart repository ({url}):\n\t{error}"
                        )
                    }
                    Err(error) => {
                        format!("...Unable to get an update from the {shown} chart repository:\n\t{error}")
                    }
                });
            });
        }
    });
}
