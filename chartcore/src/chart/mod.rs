//! A chart as it lies on disk.
//!
//! [`load`] reads a folder or an archive, [`load_archive`] bytes, [`load_files`] files in memory;
//! [`Chart::builder`] makes a chart from nothing.

mod ahead;
mod build;
mod bump;
mod decode;
mod edit;
mod file;
mod load;
mod metadata;
pub mod scaffold;
mod timestamp;

use std::sync::Arc;

pub(crate) use ahead::parse_beside;
pub use build::ChartBuilder;
pub use bump::{Bumped, Part, bump};
pub use edit::MetadataChange;
pub use file::File;
pub use load::{LoadOptions, VersionCheck, load, load_archive, load_files, read_values};
pub use metadata::{Dependency, Lock, Maintainer, Metadata};

use crate::Compat;
use crate::data::Value;
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};

pub(crate) use decode::short_float as number_text;
pub(crate) use metadata::sanitize;
pub(crate) use timestamp::{from_seconds as time_text, normalize as normal_time};

/// A chart with its subcharts: immutable, cheap to clone, shared between threads.
#[derive(Debug, Clone)]
pub struct Chart {
    pub(crate) compat: Compat,
    pub(crate) metadata: Arc<Metadata>,
    pub(crate) lock: Option<Arc<Lock>>,
    /// `values.yaml`, parsed; always a map.
    pub(crate) values: Value,
    /// `values.yaml`, as written.
    pub(crate) values_file: Option<File>,
    /// `values.schema.json`, as written.
    pub(crate) schema: Option<File>,
    /// Files under `templates/`, in load order (names relative to this chart).
    pub(crate) templates: Arc<[File]>,
    /// All other files, in load order; what `.Files` and `crds/` are made of.
    pub(crate) files: Arc<[File]>,
    /// Every file as it was loaded, in order: what `show` and `package` need.
    pub(crate) raw: Arc<[File]>,
    /// Sorted by name; Helm's order is random.
    pub(crate) dependencies: Vec<Chart>,
    /// What loading had to say, subcharts included; empty for a subchart.
    pub(crate) warnings: Arc<[Diagnostic]>,
}

/// A file of `crds/` of a chart or of one of its subcharts.
#[derive(Debug, Clone)]
pub struct Crd {
    /// The name with the charts' path in front: `parent/charts/child/crds/thing.yaml`.
    pub path: String,
    /// The file; its name is relative to its own chart.
    pub file: File,
}

impl Chart {
    /// Chart.yaml.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The chart's name.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Whose rules it was loaded by; merging and rendering follow the same ones.
    pub fn compat(&self) -> Compat {
        self.compat
    }

    /// Chart.lock or requirements.lock.
    pub fn lock(&self) -> Option<&Lock> {
        self.lock.as_deref()
    }

    /// The defaults, a map.
    pub fn values(&self) -> &Value {
        &self.values
    }

    /// `values.yaml` as written.
    pub fn values_file(&self) -> Option<&File> {
        self.values_file.as_ref()
    }

    /// `values.schema.json` as written.
    pub fn schema(&self) -> Option<&File> {
        self.schema.as_ref()
    }

    /// The files under `templates/`.
    pub fn templates(&self) -> &[File] {
        &self.templates
    }

    /// All files that are neither special nor templates nor subcharts.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// Every file as it was loaded, in order, those of subcharts included.
    pub fn raw(&self) -> &[File] {
        &self.raw
    }

    /// The subcharts, sorted by name.
    pub fn dependencies(&self) -> &[Chart] {
        &self.dependencies
    }

    /// What loading had to say: links that were followed, files that have moved in newer charts.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The readme: `README.md`, `readme.txt` and the like. Helm: pkg/action/show.go.
    pub fn readme(&self) -> Option<&File> {
        let is_readme = |file: &&File| {
            ["readme.md", "readme.txt", "readme"].iter().any(|name| file.name().eq_ignore_ascii_case(name))
        };
        self.files.iter().find(is_readme)
    }

    /// The files of `crds/`: its own in load order, then those of each subchart.
    ///
    /// Helm: `Chart.CRDObjects`; extensions `.yaml`, `.yml` and `.json` in any case.
    pub fn crds(&self) -> Vec<Crd> {
        let mut crds = Vec::new();
        self.collect_crds(self.name(), &mut crds);
        crds
    }

    fn collect_crds(&self, path: &str, crds: &mut Vec<Crd>) {
        for file in self.files.iter().filter(|file| is_crd(file.name())) {
            crds.push(Crd { path: format!("{path}/{}", file.name()), file: file.clone() });
        }
        for dependency in &self.dependencies {
            dependency.collect_crds(&format!("{path}/charts/{}", dependency.name()), crds);
        }
    }

    /// The dependencies that Chart.yaml names and `charts/` does not hold, in the order of Chart.yaml.
    pub fn missing_dependencies(&self) -> Vec<&str> {
        let held = |name: &str| self.dependencies.iter().any(|chart| chart.name() == name);
        let named = self.metadata.dependencies.iter().flatten();
        named.map(|dependency| dependency.name.as_str()).filter(|name| !held(name)).collect()
    }

    /// Refuses a chart that lacks dependencies. Helm: `CheckDependencies` in pkg/action/install.go.
    ///
    /// # Errors
    /// Names the missing ones.
    pub fn check_dependencies(&self) -> Result<()> {
        let missing = self.missing_dependencies();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.join(", ");
        let message = format!("found in Chart.yaml, but missing in charts/ directory: {missing}");
        Err(Error::new(ErrorKind::Dependency, message))
    }
}

fn is_crd(name: &str) -> bool {
    let extension = |name: &str| name.rsplit('/').next()?.rsplit_once('.').map(|(_, end)| end.to_string());
    name.starts_with("crds/")
        && extension(name)
            .is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end.eq_ignore_ascii_case(known)))
}
