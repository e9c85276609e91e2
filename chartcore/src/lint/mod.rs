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
mod policy;
mod report;
mod source;
mod templates;
mod url;
mod values;

pub use policy::Policy;
pub use report::{ChartReport, Message, Report};

use crate::Compat;
use crate::chart::Chart;
use crate::diag::Severity;
use crate::render::KubeVersion;
use crate::template::Limits;
use crate::values::Overrides;
use report::Findings;
use source::{Entry, Source};

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
    policy: Policy,
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
            policy: Policy::default(),
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

    /// Sets the rules beyond Helm's; none are looked at by default.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
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

/// Lints the chart at `path`, a folder or an archive, with `overrides` over its values.
///
/// Helm: pkg/action/lint.go; pkg/chart/v2/lint/lint.go.
pub fn lint(path: &str, overrides: &Overrides, options: &LintOptions) -> ChartReport {
    match Source::open(path, options.compat) {
        Ok(source) => report(path, &source, overrides, options),
        Err(error) => ChartReport {
            path: path.to_owned(),
            messages: Vec::new(),
            failure: Some(error.message().to_owned()),
            failed: true,
        },
    }
}

/// Lints a chart in memory, which `shown` names in messages, with `overrides` over its values.
///
/// The files are those the chart was loaded from; a chart that does not load cannot come here.
pub fn lint_chart(chart: &Chart, shown: &str, overrides: &Overrides, options: &LintOptions) -> ChartReport {
    let source = Source::Archive { shown: shown.to_owned(), files: chart.raw().to_vec() };
    report(shown, &source, overrides, options)
}

fn report(path: &str, source: &Source, overrides: &Overrides, options: &LintOptions) -> ChartReport {
    let messages = check(source, overrides, options);
    let lowest = options.lowest_failure();
    let failed = messages.iter().any(|message| message.severity >= lowest);
    ChartReport { path: path.to_owned(), messages, failure: None, failed }
}

/// Lints several charts, and the charts below them when asked to.
pub fn lint_all<T: AsRef<str>>(paths: &[T], overrides: &Overrides, options: &LintOptions) -> Report {
    let mut all: Vec<String> = paths.iter().map(|path| path.as_ref().to_owned()).collect();
    if options.subcharts {
        for path in paths {
            all.extend(source::subcharts(path.as_ref()));
        }
    }
    let charts = all.iter().map(|path| lint(path, overrides, options)).collect();
    Report { charts, quiet: options.quiet }
}

/// All rules, in Helm's order.
fn check(source: &Source, overrides: &Overrides, options: &LintOptions) -> Vec<Message> {
    let compat = options.compat;
    let mut findings = Findings::default();
    check_chartfile(source, compat, &mut findings);
    values::check(source, overrides, options, &mut findings);
    // Helm loads the chart once for each group of rules; the errors are the same.
    let chart = source.load(compat);
    if templates_are_there(source, compat, &mut findings) {
        match &chart {
            Ok(chart) => templates::check(chart, overrides, options, &mut findings),
            Err(error) => findings.failure("templates/", "", error),
        }
    }
    match &chart {
        Ok(chart) => dependencies::check(chart, &source.shown(), &mut findings),
        Err(error) => findings.failure("", "unable to load chart\n\t", error),
    }
    if compat == Compat::Helm4 {
        match (source.entry("crds"), &chart) {
            (Entry::Missing, _) => {}
            (Entry::File, _) => findings.error("crds/", "not a directory"),
            (Entry::Folder, Ok(chart)) => crds::check(chart, &mut findings),
            (Entry::Folder, Err(error)) => findings.failure("crds/", "", error),
        }
    }
    if let Ok(chart) = &chart {
        policy::check(chart, overrides, options, &mut findings);
    }
    findings.messages
}

fn check_chartfile(source: &Source, compat: Compat, findings: &mut Findings) {
    if source.entry("Chart.yaml") == Entry::Folder {
        findings.error("Chart.yaml", "should be a file, not a directory");
    }
    match source.read("Chart.yaml", compat) {
        Ok(data) => chartfile::check(&data, compat, findings),
        Err(error) => findings.failure("Chart.yaml", "unable to parse YAML\n\t", &error),
    }
}

/// Whether the rules about templates apply. Helm 3 takes a missing folder for an empty one.
fn templates_are_there(source: &Source, compat: Compat, findings: &mut Findings) -> bool {
    match (source.entry("templates"), compat) {
        (Entry::Folder, _) | (Entry::Missing, Compat::Helm3) => return true,
        (Entry::Missing, Compat::Helm4) => findings.warning("templates/", "directory does not exist"),
        (Entry::File, Compat::Helm3) => findings.warning("templates/", "not a directory"),
        (Entry::File, Compat::Helm4) => findings.error("templates/", "not a directory"),
    }
    false
}
