//! What `helm template` checks before it renders.

use super::options::RenderOptions;
use crate::Compat;
use crate::chart::Chart;
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};
use crate::version::{Constraint, Version};

/// Checks what can be checked before values are merged, in Helm's order: that the chart can be installed,
/// that its dependencies are in `charts/`, that the release's name is one. Gives back the warnings.
///
/// [`super::render`] does this too; a caller who wants Helm's order of errors calls it before merging.
///
/// Helm: pkg/cmd/install.go, `runInstall`; pkg/action/install.go, `CheckDependencies`.
///
/// # Errors
/// [`ErrorKind::Chart`], [`ErrorKind::Dependency`] or [`ErrorKind::Usage`], with Helm's texts.
pub fn check(chart: &Chart, options: &RenderOptions) -> Result<Vec<Diagnostic>> {
    let kind = chart.metadata().kind.as_str();
    if !options.lint && !matches!(kind, "" | "application") {
        return Err(Error::new(ErrorKind::Chart, format!("{kind} charts are not installable")));
    }
    let mut warnings = Vec::new();
    if options.lint {
        return Ok(warnings);
    }
    if chart.metadata().deprecated {
        warnings.push(Diagnostic::warning(
            "deprecated-chart",
            match chart.compat() {
                Compat::Helm3 => "This chart is deprecated",
                Compat::Helm4 => "this chart is deprecated",
            },
        ));
    }
    let checked = dependencies(chart).and_then(|()| options.check_release_name(chart.compat()));
    match checked {
        Ok(()) => Ok(warnings),
        Err(error) => Err(warnings.into_iter().fold(error, Error::with_diagnostic)),
    }
}

/// Every declared dependency must be in `charts/`, even a disabled one.
fn dependencies(chart: &Chart) -> Result<()> {
    let prefix = match chart.compat() {
        Compat::Helm3 => {
            "An error occurred while checking for chart dependencies. You may need to run `helm dependency build` to \
             fetch missing dependencies: "
        }
        Compat::Helm4 => {
            "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to \
             fetch missing dependencies: "
        }
    };
    chart.check_dependencies().map_err(|error| error.prefixed(prefix))
}

/// The chart's `kubeVersion` must admit the cluster's version. A constraint that does not parse admits none.
///
/// Helm: pkg/action/action.go, `renderResources`.
pub(super) fn kube_version(chart: &Chart, options: &RenderOptions) -> Result<()> {
    let constraint = chart.metadata().kube_version.as_str();
    let version = options.known_capabilities().kube_version();
    if constraint.is_empty() || options.lint || admits(constraint, version.normalized()) {
        return Ok(());
    }
    let message = format!(
        "chart requires kubeVersion: {constraint} which is incompatible with Kubernetes {}",
        version.version(chart.compat())
    );
    Err(Error::new(ErrorKind::Chart, message))
}

fn admits(constraint: &str, version: &str) -> bool {
    match (Constraint::parse(constraint), Version::parse(version)) {
        (Ok(constraint), Ok(version)) => constraint.check(&version),
        _ => false,
    }
}
