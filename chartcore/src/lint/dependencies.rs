//! Rules about dependencies.
//!
//! Helm: pkg/chart/v2/lint/rules/dependencies.go.

use super::report::Findings;
use crate::chart::Chart;

/// Compares what Chart.yaml declares with what lies in `charts/`. `folder` is the chart's absolute path,
/// under which Helm reports.
pub(super) fn check(chart: &Chart, folder: &str, findings: &mut Findings) {
    let declared: Vec<_> = chart.metadata().dependencies.iter().flatten().collect();
    let vendored: Vec<&str> = chart.dependencies().iter().map(Chart::name).collect();

    let undeclared: Vec<&str> =
        vendored.iter().copied().filter(|name| declared.iter().all(|it| it.name != *name)).collect();
    if !undeclared.is_empty() {
        findings
            .error(folder, format!("chart metadata is missing these dependencies: {}", undeclared.join(",")));
    }

    let keys: Vec<&str> = declared
        .iter()
        .map(|it| if it.alias.is_empty() { it.name.as_str() } else { it.alias.as_str() })
        .collect();
    let shadowing: Vec<&str> = keys
        .iter()
        .enumerate()
        .filter(|(index, key)| keys[..*index].contains(key))
        .map(|(_, key)| *key)
        .collect();
    if !shadowing.is_empty() {
        findings.error(folder, format!("multiple dependencies with name or alias: {}", shadowing.join(",")));
    }

    let missing: Vec<&str> =
        declared.iter().map(|it| it.name.as_str()).filter(|name| !vendored.contains(name)).collect();
    if !missing.is_empty() {
        findings
            .warning(folder, format!("chart directory is missing these dependencies: {}", missing.join(",")));
    }
}
