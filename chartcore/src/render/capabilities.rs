//! `.Capabilities`: what the cluster can do, or is said to be able to do.

use crate::error::{Error, ErrorKind, Result};
use crate::{Compat, diag};

/// The API versions Helm assumes without a cluster: what the client-go 0.37 it is built with registers,
/// in that order, and the CRD API. Helm: pkg/chart/common/capabilities.go, `DefaultVersionSet`.
static API_VERSIONS: [&str; 57] = [
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "lifecycle.k8s.io/v1alpha1",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];

/// The Kubernetes version Helm assumes without a cluster and without `--kube-version`.
const DEFAULT_KUBERNETES: &str = "v1.37.0";

/// A Kubernetes version, as Helm reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeVersion {
    /// What was given, with a `v` in front: `v1.33.4-gke.1`.
    full: String,
    /// The numbers alone: `v1.33.4`.
    normalized: String,
    major: String,
    minor: String,
}

impl KubeVersion {
    /// Reads a version: two or more numbers with dots between, then anything.
    ///
    /// Helm: `ParseKubeVersion`; Kubernetes: apimachinery/pkg/util/version, `ParseGeneric`.
    ///
    /// # Errors
    /// [`ErrorKind::Version`] with Helm's text `invalid kube version 'X': ...`.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_generic(text).map_err(|reason| {
            let message = format!("invalid kube version '{text}': {reason}");
            let diagnostic = diag::Diagnostic::error("kube-version", message.clone())
                .hint("write it as `1.34` or `v1.34.2`");
            Error::new(ErrorKind::Version, message).with_diagnostic(diagnostic)
        })
    }

    fn parse_generic(text: &str) -> std::result::Result<Self, String> {
        let quoted = crate::quote::quoted(text.as_bytes());
        let trimmed = text.trim_start_matches(['\t', '\n', '\x0c', '\r', ' ']);
        let trimmed = trimmed.strip_prefix('v').unwrap_or(trimmed);
        let unreadable = || format!("could not parse {quoted} as version");
        if !trimmed.starts_with(|letter: char| letter.is_ascii_digit()) || trimmed.contains('\n') {
            return Err(unreadable());
        }
        let mut length = 0;
        let bytes = trimmed.as_bytes();
        // `[0-9]+(\.[0-9]+)*`: a dot belongs to it only when a digit follows.
        while let Some(byte) = bytes.get(length) {
            let digit_follows = bytes.get(length + 1).is_some_and(u8::is_ascii_digit);
            if byte.is_ascii_digit() || (*byte == b'.' && digit_follows) {
                length += 1;
            } else {
                break;
            }
        }
        let components: Vec<&str> = trimmed[..length].split('.').collect();
        let [major, minor, ..] = components.as_slice() else {
            return Err(format!("illegal version string {quoted}"));
        };
        if major.starts_with('0') && *major != "0" {
            return Err(format!("illegal zero-prefixed version component \"{major}\" in {quoted}"));
        }
        let mut numbers = Vec::with_capacity(components.len());
        for component in &components {
            let number: u64 = component.parse().map_err(|_| {
                format!(
                    "illegal non-numeric version component \"{component}\" in {quoted}: \
                     strconv.ParseUint: parsing \"{component}\": value out of range"
                )
            })?;
            numbers.push(number.to_string());
        }
        let full = if text.starts_with('v') { text.to_owned() } else { format!("v{text}") };
        let (major, minor) = (unpadded(major), unpadded(minor));
        Ok(Self { full, normalized: format!("v{}", numbers.join(".")), major, minor })
    }

    /// `.Capabilities.KubeVersion.Version`: everything in Helm 4, the numbers alone in Helm 3.
    pub fn version(&self, compat: Compat) -> &str {
        match compat {
            Compat::Helm3 => &self.normalized,
            Compat::Helm4 => &self.full,
        }
    }

    /// What it prints as and is checked as: the numbers alone.
    pub fn normalized(&self) -> &str {
        &self.normalized
    }

    /// The first number.
    pub fn major(&self) -> &str {
        &self.major
    }

    /// The second number.
    pub fn minor(&self) -> &str {
        &self.minor
    }
}

fn unpadded(digits: &str) -> String {
    match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => digits.to_owned(),
    }
}

/// What `.Capabilities` shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    kube_version: KubeVersion,
    api_versions: Vec<String>,
}

impl Capabilities {
    /// What Helm assumes of a cluster of `version`, for instance `1.34`.
    ///
    /// # Errors
    /// [`ErrorKind::Version`] with Helm's text.
    pub fn for_kubernetes(version: &str) -> Result<Self> {
        Ok(Self { kube_version: KubeVersion::parse(version)?, ..Self::default() })
    }

    /// The same on another Kubernetes version.
    #[must_use]
    pub fn on(mut self, version: KubeVersion) -> Self {
        self.kube_version = version;
        self
    }

    /// Adds API versions, as `--api-versions` does: `monitoring.coreos.com/v1`,
    /// `monitoring.coreos.com/v1/ServiceMonitor`.
    #[must_use]
    pub fn api_versions<T: Into<String>>(mut self, versions: impl IntoIterator<Item = T>) -> Self {
        self.api_versions.extend(versions.into_iter().map(Into::into));
        self
    }

    /// Replaces all API versions by what a cluster says it serves.
    #[must_use]
    pub fn only_api_versions<T: Into<String>>(mut self, versions: impl IntoIterator<Item = T>) -> Self {
        self.api_versions = versions.into_iter().map(Into::into).collect();
        self
    }

    /// The Kubernetes version.
    pub fn kube_version(&self) -> &KubeVersion {
        &self.kube_version
    }

    /// The API versions, in order.
    pub fn known_api_versions(&self) -> &[String] {
        &self.api_versions
    }

    /// Whether `version` is among the API versions.
    pub fn has(&self, version: &str) -> bool {
        self.api_versions.iter().any(|known| known == version)
    }
}

impl Default for Capabilities {
    fn default() -> Self {
        let numbers = DEFAULT_KUBERNETES.to_owned();
        Self {
            kube_version: KubeVersion {
                full: numbers.clone(),
                normalized: numbers,
                major: "1".to_owned(),
                minor: "37".to_owned(),
            },
            api_versions: API_VERSIONS.iter().map(|&version| version.to_owned()).collect(),
        }
    }
}

/// `.Capabilities.HelmVersion`: the version a chart may ask for.
pub(super) fn helm_version(compat: Compat) -> &'static str {
    match compat {
        Compat::Helm3 => "v3.22.0",
        Compat::Helm4 => "v4.3.1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row was checked against `ParseKubeVersion` of both Helms.
    #[test]
    fn kubernetes_versions_read_as_helm_reads_them() {
        for (text, full, normalized, minor) in [
            ("1.34", "v1.34", "v1.34", "34"),
            ("v1.34.0", "v1.34.0", "v1.34.0", "34"),
            ("1.33.4-gke.1245000", "v1.33.4-gke.1245000", "v1.33.4", "33"),
            ("1.034.00", "v1.034.00", "v1.34.0", "34"),
            ("1.20+", "v1.20+", "v1.20", "20"),
            ("1.2.3.4x", "v1.2.3.4x", "v1.2.3.4", "2"),
            ("1.20.", "v1.20.", "v1.20", "20"),
        ] {
            let version = KubeVersion::parse(text).unwrap();
            assert_eq!(version.version(Compat::Helm4), full);
            assert_eq!(version.version(Compat::Helm3), normalized);
            assert_eq!(version.normalized(), normalized);
            assert_eq!((version.major(), version.minor()), ("1", minor));
        }
        for (text, reason) in [
            ("1", "illegal version string \"1\""),
            ("", "could not parse \"\" as version"),
            ("x1.2", "could not parse \"x1.2\" as version"),
            ("01.2", "illegal zero-prefixed version component \"01\" in \"01.2\""),
            (
                "1.99999999999999999999",
                "illegal non-numeric version component \"99999999999999999999\" in \
                 \"1.99999999999999999999\": strconv.ParseUint: parsing \"99999999999999999999\": \
                 value out of range",
            ),
        ] {
            let error = KubeVersion::parse(text).unwrap_err();
            assert_eq!(error.message(), format!("invalid kube version '{text}': {reason}"));
        }
    }

    #[test]
    fn given_api_versions_come_after_the_assumed_ones() {
        let capabilities = Capabilities::default().api_versions(["example.com/v1"]);
        assert!(capabilities.has("apps/v1"));
        assert_eq!(capabilities.known_api_versions().last().map(String::as_str), Some("example.com/v1"));
        assert!(!capabilities.has("apps/v1/Deployment"));
    }
}
