//! The part of helmfile that plans of releases need: load, select, order, and what each release is rendered with.
//!
//! No templating, no environments, no hooks: a key that is not known here is an error that names it, so that
//! nothing is left out in silence. Charts are the caller's to get: see [`Release::chart`].

mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::data::Value;
use crate::diag::{Diagnostic, Location};
use crate::error::{Error, ErrorKind, Result};
use crate::files::directory;
use crate::values::Overrides;

/// The longest helmfile that is read.
const LONGEST: u64 = 16 << 20;

/// A helmfile: all its documents as one.
#[derive(Debug, Clone, Default)]
pub struct Helmfile {
    name: String,
    folder: PathBuf,
    repositories: Vec<Repository>,
    create_namespace: Option<bool>,
    releases: Vec<Release>,
}

/// A chart repository a helmfile names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// What charts are prefixed with: `istio` for `istio/base`.
    pub name: String,
    /// Where it is.
    pub url: String,
}

/// Values of a release.
#[derive(Debug, Clone, PartialEq)]
pub enum ReleaseValues {
    /// A file, relative to the helmfile.
    File(String),
    /// Written in the helmfile itself.
    Inline(Value),
}

/// A release a helmfile declares.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// The release's name.
    pub name: String,
    /// Its namespace, if the helmfile says so.
    pub namespace: Option<String>,
    /// The chart: `oci://...`, `repository/name` or a path relative to the helmfile.
    pub chart: String,
    /// The chart's version or constraint.
    pub version: Option<String>,
    /// Whether it is to be there; false means it is to be removed.
    pub installed: bool,
    /// Its labels, for selectors.
    pub labels: BTreeMap<String, String>,
    /// Releases that come first: `namespace/name` or `name`.
    pub needs: Vec<String>,
    /// Its values, later ones over earlier ones.
    pub values: Vec<ReleaseValues>,
    /// Whether the namespace is made, if the release says so itself.
    pub create_namespace: Option<bool>,
    /// The line it is declared on.
    pub line: usize,
}

/// What a [`Release::chart`] refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartReference<'a> {
    /// An `oci://` reference.
    Registry(&'a str),
    /// A chart of one of the helmfile's repositories.
    Repository {
        /// The repository.
        repository: &'a Repository,
        /// The chart's name in it.
        name: &'a str,
    },
    /// A folder or an archive.
    Path(&'a str),
}

impl Release {
    /// The overrides of the release: files are read from `folder`, now.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when a file is not there; [`ErrorKind::Helmfile`] for a file that is a template.
    pub fn overrides(&self, folder: &Path) -> Result<Overrides> {
        self.values.iter().try_fold(Overrides::new(), |overrides, item| match item {
            ReleaseValues::File(name) => overrides.file(&folder.join(name).to_string_lossy()),
            ReleaseValues::Inline(value) => Ok(overrides.value(value.clone())),
        })
    }

    /// The value of a label, or of `name`, `namespace` and `chart`, which every release has.
    fn label(&self, key: &str) -> Option<&str> {
        match key {
            "name" => Some(&self.name),
            "namespace" => self.namespace.as_deref(),
            "chart" => Some(self.chart.rsplit('/').next().unwrap_or(&self.chart)),
            _ => self.labels.get(key).map(String::as_str),
        }
    }

    fn is_meant_by(&self, need: &str) -> bool {
        match need.rsplit_once('/') {
            None => self.name == need,
            Some((namespace, name)) => {
                let namespace = namespace.rsplit('/').next().unwrap_or(namespace);
                self.name == name && self.namespace.as_deref() == Some(namespace)
            }
        }
    }
}

impl Helmfile {
    /// Reads a helmfile.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none, [`ErrorKind::Helmfile`] with file and line when it is malformed
    /// or uses what is not supported.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = directory::read_file(path, LONGEST)?;
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        Self::parse(&path.to_string_lossy(), folder, &bytes)
    }

    /// Reads the text of a helmfile; `name` is for errors, `folder` is where its files are.
    ///
    /// # Errors
    /// As for [`Self::load`].
    pub fn parse(name: &str, folder: impl Into<PathBuf>, bytes: &[u8]) -> Result<Self> {
        let mut helmfile = Self { name: name.to_owned(), folder: folder.into(), ..Self::default() };
        read::read(&mut helmfile, bytes)?;
        helmfile.check()?;
        Ok(helmfile)
    }

    /// What it is called in errors: its path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder its files are relative to.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The repositories.
    pub fn repositories(&self) -> &[Repository] {
        &self.repositories
    }

    /// The releases, in the order of the file.
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// Whether a release of that name is declared.
    pub fn declares(&self, name: &str) -> bool {
        self.releases.iter().any(|release| release.name == name)
    }

    /// Whether the namespace of a release is made: what it says, else `helmDefaults`, else yes.
    pub fn creates_namespace(&self, release: &Release) -> bool {
        release.create_namespace.or(self.create_namespace).unwrap_or(true)
    }

    /// What the chart of a release refers to.
    ///
    /// # Errors
    /// [`ErrorKind::Helmfile`] for a `repository/name` whose repository is not declared and that is no path.
    pub fn chart_reference<'a>(&'a self, release: &'a Release) -> Result<ChartReference<'a>> {
        if release.chart.starts_with("oci://") {
            return Ok(ChartReference::Registry(&release.chart));
        }
        if let Some((prefix, name)) = release.chart.split_once('/')
            && let Some(repository) = self.repositories.iter().find(|repository| repository.name == prefix)
        {
            return Ok(ChartReference::Repository { repository, name });
        }
        let is_path = release.chart.starts_with(['.', '/']) || self.folder.join(&release.chart).exists();
        if is_path {
            return Ok(ChartReference::Path(&release.chart));
        }
        let problem = format!(
            "the chart `{}` of the release `{}` is in no declared repository and is no path",
            release.chart, release.name
        );
        Err(self.failure("helmfile-chart", release.line, &problem))
    }

    /// The helmfile with only the releases a selector matches: `name=x`, `tier!=web`, joined by commas.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for a selector that is none.
    pub fn select(&self, selector: &str) -> Result<Self> {
        let mut wanted = Vec::new();
        for part in selector.split(',') {
            let (key, value, equal) = match (part.split_once("!="), part.split_once('=')) {
                (Some((key, value)), _) => (key, value, false),
                (None, Some((key, value))) => (key, value, true),
                (None, None) => return Err(bad_selector(selector)),
            };
            if key.trim().is_empty() {
                return Err(bad_selector(selector));
            }
            wanted.push((key.trim(), value.trim(), equal));
        }
        let matches = |release: &&Release| {
            wanted.iter().all(|(key, value, equal)| (release.label(key) == Some(*value)) == *equal)
        };
        Ok(Self { releases: self.releases.iter().filter(matches).cloned().collect(), ..self.clone() })
    }

    /// The releases in the order they are to be installed: what others need first, else as in the file.
    ///
    /// # Errors
    /// [`ErrorKind::Helmfile`] when releases need each other in a circle.
    pub fn order(&self) -> Result<Vec<&Release>> {
        let mut left: Vec<&Release> = self.releases.iter().collect();
        let mut ordered: Vec<&Release> = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let waits = |release: &Release| {
                let needs = |other: &&Release| release.needs.iter().any(|need| other.is_meant_by(need));
                left.iter().any(needs)
            };
            let (ready, waiting): (Vec<&Release>, Vec<&Release>) =
                left.iter().copied().partition(|release| !waits(release));
            if ready.is_empty() {
                let names: Vec<&str> = waiting.iter().map(|release| release.name.as_str()).collect();
                let line = waiting.first().map_or(0, |release| release.line);
                let problem = format!("releases need each other in a circle: {}", names.join(", "));
                return Err(self.failure("helmfile-needs", line, &problem));
            }
            ordered.extend(ready);
            left = waiting;
        }
        Ok(ordered)
    }

    /// Names that occur twice, and needs nobody meets.
    fn check(&self) -> Result<()> {
        for (at, release) in self.releases.iter().enumerate() {
            let same =
                |other: &&Release| (&other.name, &other.namespace) == (&release.name, &release.namespace);
            if self.releases.iter().take(at).any(|other| same(&other)) {
                let problem = format!("the release `{}` is declared twice", release.name);
                return Err(self.failure("helmfile-release", release.line, &problem));
            }
            for need in &release.needs {
                if !self.releases.iter().any(|other| other.is_meant_by(need)) {
                    let problem =
                        format!("the release `{}` needs `{need}`, which is not declared", release.name);
                    return Err(self.failure("helmfile-needs", release.line, &problem));
                }
            }
        }
        self.order().map(|_| ())
    }

    fn failure(&self, code: &'static str, line: usize, problem: &str) -> Error {
        failure(&self.name, code, line, problem)
    }
}

fn bad_selector(selector: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("bad selector `{selector}`, expected `key=value` or `key!=value`"))
}

fn failure(file: &str, code: &'static str, line: usize, problem: &str) -> Error {
    let location = Location { file: file.to_owned(), line, column: 0, length: 0, text: None };
    Error::new(ErrorKind::Helmfile, format!("{file}:{line}: {problem}"))
        .with_diagnostic(Diagnostic::error(code, problem).at(location))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "\
helmDefaults:
  createNamespace: false
---
repositories:
  - name: istio
    url: https://example.com/charts
releases:
  - name: web
    namespace: one
    chart: istio/web
    version: 1.2.3
    needs: [one/base, other]
    values:
      - web.yaml
      - replicas: 2
    labels: {tier: front, index: 3}
  - name: other
    chart: oci://example.com/charts/other
    installed: false
    createNamespace: true
  - name: base
    namespace: one
    chart: ./base
";

    fn parsed(text: &str) -> Result<Helmfile> {
        Helmfile::parse("helmfile.yaml", "", text.as_bytes())
    }

    #[test]
    fn a_helmfile_of_two_documents() {
        let helmfile = parsed(PLAN).unwrap();
        let [web, other, base] = helmfile.releases() else { panic!("three releases") };
        assert_eq!((web.line, other.line, base.line), (8, 17, 21));
        assert_eq!(web.labels.get("index").map(String::as_str), Some("3"));
        assert!(!helmfile.creates_namespace(web) && helmfile.creates_namespace(other));
        assert!(web.installed && !other.installed);
        assert_eq!(web.values[0], ReleaseValues::File("web.yaml".to_owned()));
        let order: Vec<&str> =
            helmfile.order().unwrap().iter().map(|release| release.name.as_str()).collect();
        assert_eq!(order, ["other", "base", "web"]);
        let repository = &helmfile.repositories()[0];
        let reference = ChartReference::Repository { repository, name: "web" };
        assert_eq!(helmfile.chart_reference(web).unwrap(), reference);
        assert_eq!(helmfile.chart_reference(base).unwrap(), ChartReference::Path("./base"));
        for (selector, count) in [
            ("name=web", 1),
            ("tier=front", 1),
            ("tier!=front", 2),
            ("namespace=one,name!=web", 1),
            ("name=x", 0),
        ] {
            assert_eq!(helmfile.select(selector).unwrap().releases().len(), count, "{selector}");
        }
        assert_eq!(helmfile.select("web").unwrap_err().kind(), ErrorKind::Usage);
    }

    #[test]
    fn what_is_not_supported_is_named_with_its_line() {
        for (text, line, problem) in [
            ("environments:\n  a: {}\n", 1, "the key `environments` is not supported"),
            (
                "releases:\n- name: a\n  chart: b\n  hooks: []\n",
                4,
                "the key `releases[0].hooks` is not supported",
            ),
            ("---\n---\nhelmDefaults:\n  wait: true\n", 4, "the key `helmDefaults.wait` is not supported"),
            (
                "repositories:\n- name: a\n  url: b\n  oci: true\n",
                4,
                "the key `repositories[0].oci` is not supported",
            ),
            ("releases:\n- chart: b\n", 2, "`releases[0].name` is missing"),
            ("releases:\n- name: a\n", 2, "`releases[0].chart` is missing"),
            ("releases:\n- name: 1.5\n  chart: b\n", 2, "`releases[0].name` must be a text, not a number"),
            (
                "releases:\n- name: a\n  chart: b\n  installed: x\n",
                4,
                "`releases[0].installed` must be true or false",
            ),
            ("releases:\n- name: a\n  chart: b\n  values: x\n", 4, "`releases[0].values` must be a list"),
            (
                "releases:\n- name: a\n  chart: b\n  values:\n  - 1\n",
                5,
                "`releases[0].values[0]` must be a file",
            ),
            ("releases:\n- name: a\n  chart: b\n  values:\n  - a.gotmpl\n", 5, "is a template"),
            (
                "releases:\n- name: a\n  chart: b\n  needs: [c]\n",
                2,
                "the release `a` needs `c`, which is not declared",
            ),
            (
                "releases:\n- {name: a, chart: b}\n- {name: a, chart: b}\n",
                3,
                "the release `a` is declared twice",
            ),
            (
                "releases:\n- {name: a, chart: b, needs: [c]}\n- {name: c, chart: b, needs: [a]}\n",
                2,
                "releases need each other in a circle: a, c",
            ),
            ("releases: 1\n", 1, "`releases` must be a list"),
            ("a: 1\n b: 2\n", 2, "mapping values are not allowed"),
            ("- a\n", 1, "a helmfile must be a map"),
            ("releases:\n{{ if }}\n", 2, "templates are not supported"),
        ] {
            let error = parsed(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Helmfile, "{text}");
            let place = error.diagnostics()[0].primary.clone().unwrap();
            assert!(error.message().contains(problem), "{text:?}: {}", error.message());
            assert_eq!((place.file.as_str(), place.line), ("helmfile.yaml", line), "{text:?}");
        }
    }
}
