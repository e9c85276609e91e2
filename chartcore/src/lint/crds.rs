//! Rules about `crds/`, which Helm 4 has.
//!
//! Helm: pkg/chart/v2/lint/rules/crds.go.

use super::documents::Documents;
use super::report::Findings;
use crate::Compat;
use crate::chart::Chart;

/// Every document under `crds/` must be a CRD and no template.
pub(super) fn check(chart: &Chart, findings: &mut Findings) {
    for crd in chart.crds() {
        for document in Documents::of(crd.file.data(), Compat::Helm4) {
            match document {
                Ok(None) => {}
                Ok(Some(object)) => {
                    if !object.api_version.starts_with("apiextensions.k8s.io") {
                        findings.error(crd.file.name(), "apiVersion is not in 'apiextensions.k8s.io'");
                    }
                    if object.kind != "CustomResourceDefinition" {
                        findings.error(crd.file.name(), "object kind is not 'CustomResourceDefinition'");
                    }
                }
                Err(reason) => {
                    findings.error(crd.file.name(), format!("unable to parse YAML: {reason}"));
                    return;
                }
            }
        }
    }
}
