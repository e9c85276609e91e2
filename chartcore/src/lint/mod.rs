//! `helm lint`: what is wrong, or could be better, in a chart.
//!
//! [`lint`] looks at one chart and gives [`Message`]s in Helm's order; [`lint_all`] looks at many and prints
//! as Helm prints.

mod chartfile;
mod crds;
mod dependencies;
mod deprecations;
mod documents;
mod names;
mod report;
mod templates;
mod url;
mod values;

use std::path::Path;

pub use report::{ChartReport, Message, Report};

use crate::Compat;
use crate::diag::Severity;
use crate::render::KubeVersion;
use crate::template::Limits;
use crate::values::Overrides;

/// How to lint.
#[derive(Debug, Clone)]
pub struct LintOptions {
    compat: Compat,
    namespace: String,
    kube_version: Option<KubeVersion>,
    strict: bool,
    quiet: bool,
    subcharts: bool,
    schema: bool,
    limits: Limits,
}

impl LintOptions {
    /// Helm's defaults.
    pub fn new(compat: Compat) -> Self {
        Self {
            compat,
            namespace: "default".to_owned(),
            kube_version: None,
            strict: false,
            quiet: false,
            subcharts: false,
            schema: true,
            limits: Limits::default(),
        }
    }

    /// Sets `.Release.Namespace`.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sets the Kubernetes version for capabilities and deprecations (`--kube-version`).
    #[must_use]
    pub fn kube_version(mut self, version: KubeVersion) -> Self {
        self.kube_version = Some(version);
        self
    }

    /// Whether a warning fails the chart (`--strict`).
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Whether only warnings and errors are printed (`--quiet`).
    #[must_use]
    pub fn quiet(mut self, quiet: bool) -> Self {
        self.quiet = quiet;
        self
    }

    /// Whether the charts in `charts/` are linted too (`--with-subcharts`).
    #[must_use]
    pub fn subcharts(mut self, subcharts: bool) -> Self {
        self.subcharts = subcharts;
        self
    }

    /// Whether values are checked against `values.schema.json`; `--skip-schema-validation` turns it off.
    #[must_use]
    pub fn schema(mut self, schema: bool) -> Self {
        self.schema = schema;
        self
    }

    /// Sets what a render may use before it is stopped.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    fn lowest_failure(&self) -> Severity {
        if self.strict { Severity::Warning } else { Severity::Error }
    }
}
