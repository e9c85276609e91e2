//! A chart as it lies on disk.

mod file;
mod metadata;

use std::sync::Arc;

pub use file::File;
pub use metadata::{Dependency, Lock, Maintainer, Metadata};

use crate::Compat;
use crate::data::Value;

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
    pub(crate) dependencies: Vec<Chart>,
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

    /// The subcharts, in load order.
    pub fn dependencies(&self) -> &[Chart] {
        &self.dependencies
    }
}
