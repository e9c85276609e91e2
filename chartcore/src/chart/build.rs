//! Charts made in memory.

use std::sync::Arc;

use super::{Chart, File, Metadata};
use crate::Compat;
use crate::data::Value;
use crate::error::{Error, ErrorKind, Result};

/// Makes a chart from parts.
///
/// ```
/// use chartcore::Chart;
///
/// let chart = Chart::builder("web")
///     .version("1.2.0")
///     .template("configmap.yaml", "name: {{ .Release.Name }}-{{ .Values.suffix }}")
///     .build()?;
/// assert_eq!(chart.templates()[0].name(), "templates/configmap.yaml");
/// # Ok::<(), chartcore::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ChartBuilder {
    compat: Compat,
    metadata: Metadata,
    values: Value,
    templates: Vec<File>,
    files: Vec<File>,
    schema: Option<File>,
    dependencies: Vec<Chart>,
}

impl Chart {
    /// Starts a chart of `apiVersion: v2`, version 0.1.0.
    pub fn builder(name: impl Into<String>) -> ChartBuilder {
        let metadata = Metadata {
            name: name.into(),
            version: "0.1.0".to_string(),
            api_version: "v2".to_string(),
            ..Metadata::default()
        };
        ChartBuilder {
            compat: Compat::default(),
            metadata,
            values: Value::empty_map(),
            templates: Vec::new(),
            files: Vec::new(),
            schema: None,
            dependencies: Vec::new(),
        }
    }

    /// Makes a chart named `name` with the one template `templates/NAME.yaml`.
    ///
    /// # Errors
    /// The name is none a chart may have.
    pub fn from_template(name: &str, template: &str) -> Result<Self> {
        Self::builder(name).template(&format!("{name}.yaml"), template).build()
    }
}

impl ChartBuilder {
    /// Sets whose rules the chart follows.
    #[must_use]
    pub fn compat(mut self, compat: Compat) -> Self {
        self.compat = compat;
        self
    }

    /// Sets the version.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.metadata.version = version.into();
        self
    }

    /// Sets the version of what the chart installs.
    #[must_use]
    pub fn app_version(mut self, version: impl Into<String>) -> Self {
        self.metadata.app_version = version.into();
        self
    }

    /// Changes any other field of Chart.yaml.
    #[must_use]
    pub fn metadata(mut self, change: impl FnOnce(&mut Metadata)) -> Self {
        change(&mut self.metadata);
        self
    }

    /// Adds a template; `templates/` is put in front of a name that lacks it.
    #[must_use]
    pub fn template(mut self, name: &str, text: impl Into<String>) -> Self {
        let name = match name.strip_prefix("templates/") {
            Some(_) => name.to_string(),
            None => format!("templates/{name}"),
        };
        self.templates.push(File::new(name, text.into().into_bytes()));
        self
    }

    /// Adds a file for `.Files` or, under `crds/`, a CRD.
    #[must_use]
    pub fn file(mut self, name: impl Into<Arc<str>>, data: impl Into<Arc<[u8]>>) -> Self {
        self.files.push(File::new(name, data));
        self
    }

    /// Sets the defaults, a map.
    #[must_use]
    pub fn values(mut self, values: impl Into<Value>) -> Self {
        self.values = values.into();
        self
    }

    /// Sets `values.schema.json`.
    #[must_use]
    pub fn schema(mut self, json: impl Into<Arc<[u8]>>) -> Self {
        self.schema = Some(File::new("values.schema.json", json));
        self
    }

    /// Adds a subchart.
    #[must_use]
    pub fn dependency(mut self, chart: Chart) -> Self {
        self.dependencies.push(chart);
        self
    }

    /// Checks the parts and puts them together.
    ///
    /// # Errors
    /// The metadata is not valid, or the values are no map.
    pub fn build(self) -> Result<Chart> {
        let mut metadata = self.metadata;
        metadata.validate()?;
        let values = match self.values {
            Value::Null => Value::empty_map(),
            Value::Map(map) => Value::Map(map),
            _ => return Err(Error::new(ErrorKind::Values, "the values of a chart must be a map")),
        };
        let mut dependencies = self.dependencies;
        dependencies.sort_by(|left, right| left.name().cmp(right.name()));
        let raw = self.templates.iter().chain(&self.files).chain(&self.schema).cloned().collect();
        Ok(Chart {
            compat: self.compat,
            metadata: Arc::new(metadata),
            lock: None,
            values,
            values_file: None,
            schema: self.schema,
            templates: self.templates.into(),
            files: self.files.into(),
            raw,
            dependencies,
            warnings: Arc::default(),
        })
    }
}
