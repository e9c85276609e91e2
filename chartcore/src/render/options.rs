//! What to render for.

use std::fmt;
use std::sync::Arc;

use crate::Compat;
use crate::error::{Error, ErrorKind, Result};
use crate::template::{Limits, MissingKey};

use super::capabilities::Capabilities;
use super::host::{SharedHost, World};

/// The release a chart is rendered for, and what it may see and use.
#[derive(Clone)]
pub struct RenderOptions {
    pub(super) release_name: String,
    pub(super) namespace: String,
    pub(super) revision: i64,
    pub(super) is_upgrade: bool,
    pub(super) lint: bool,
    pub(super) strict: bool,
    pub(super) capabilities: Arc<Capabilities>,
    pub(super) limits: Limits,
    world: World,
    dns: bool,
}

impl RenderOptions {
    /// A first installation of `release_name` into the namespace `default`, on the Kubernetes Helm assumes.
    pub fn new(release_name: impl Into<String>) -> Self {
        Self {
            release_name: release_name.into(),
            namespace: "default".to_owned(),
            revision: 1,
            is_upgrade: false,
            lint: false,
            strict: false,
            capabilities: Arc::default(),
            limits: Limits::default(),
            world: World::System,
            dns: false,
        }
    }

    /// Sets `.Release.Namespace`.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sets `.Release.Revision`.
    #[must_use]
    pub fn revision(mut self, revision: i64) -> Self {
        self.revision = revision;
        self
    }

    /// Sets `.Release.IsUpgrade`, and `.Release.IsInstall` to the opposite.
    #[must_use]
    #[allow(clippy::wrong_self_convention, reason = "the name is Helm's: `.Release.IsUpgrade`")]
    pub fn is_upgrade(mut self, is_upgrade: bool) -> Self {
        self.is_upgrade = is_upgrade;
        self
    }

    /// Sets `.Capabilities`.
    #[must_use]
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = Arc::new(capabilities);
        self
    }

    /// Renders as `lint` does: `required` and `fail` do not fail, and neither install nor upgrade is said.
    #[must_use]
    pub fn lint(mut self, lint: bool) -> Self {
        self.lint = lint;
        self
    }

    /// Makes a missing map key an error instead of nothing (Helm: the engine's `Strict`).
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Sets what a render may use before it is stopped.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets where time, randomness, DNS and the cluster come from; without it, from the machine.
    #[must_use]
    pub fn host(mut self, host: SharedHost) -> Self {
        self.world = World::Given(host);
        self
    }

    /// Takes randomness from `seed`, anew for each render, and stops the clock (at `now` seconds since 1970, or
    /// where [`SealedHost`] says): the same inputs then give the same bytes. What is made of it is no secret.
    ///
    /// [`SealedHost`]: crate::template::SealedHost
    #[must_use]
    pub fn sealed(mut self, seed: impl AsRef<[u8]>, now: Option<i64>) -> Self {
        self.world = World::Sealed { seed: seed.as_ref().into(), now };
        self
    }

    /// Whether `getHostByName` asks the machine's resolver (`--enable-dns`).
    #[must_use]
    pub fn enable_dns(mut self, dns: bool) -> Self {
        self.dns = dns;
        self
    }

    /// The release's name.
    pub fn release_name(&self) -> &str {
        &self.release_name
    }

    /// The release's namespace.
    pub fn release_namespace(&self) -> &str {
        &self.namespace
    }

    /// What the cluster can do.
    pub fn known_capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    pub(super) fn shared_host(&self) -> SharedHost {
        self.world.host(self.dns)
    }

    pub(super) fn missing_key(&self) -> MissingKey {
        if self.strict { MissingKey::Error } else { MissingKey::Zero }
    }

    /// Checks the release's name as `helm template` does.
    ///
    /// Helm: pkg/action/install.go, `availableName`; pkg/chart/v2/util/validate_name.go.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] with Helm's text.
    pub(super) fn check_release_name(&self, compat: Compat) -> Result<()> {
        let name = &self.release_name;
        let reason = if name.is_empty() {
            "no name provided"
        } else if name.len() > 53 || !is_release_name(name) {
            "invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ \
             and the length must not be longer than 53"
        } else {
            return Ok(());
        };
        let prefix = match compat {
            Compat::Helm3 => "",
            Compat::Helm4 => "release name check failed: ",
        };
        Err(Error::new(
            ErrorKind::Usage,
            format!("{prefix}release name {}: {reason}", crate::quote::quoted(name.as_bytes())),
        ))
    }
}

impl fmt::Debug for RenderOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenderOptions")
            .field("release_name", &self.release_name)
            .field("namespace", &self.namespace)
            .field("revision", &self.revision)
            .field("is_upgrade", &self.is_upgrade)
            .field("lint", &self.lint)
            .field("strict", &self.strict)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Labels of lower-case letters, digits and inner dashes, with dots between.
pub(crate) fn is_release_name(name: &str) -> bool {
    name.split('.').all(|label| {
        let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = label.as_bytes();
        bytes.first().is_some_and(alphanumeric)
            && bytes.last().is_some_and(alphanumeric)
            && bytes.iter().all(|byte| alphanumeric(byte) || *byte == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_names_are_labels_with_dots() {
        for name in ["a", "my-release", "a.b-c.d", "0", &"x".repeat(53)] {
            assert!(RenderOptions::new(name).check_release_name(Compat::Helm4).is_ok(), "{name}");
        }
        for name in ["", "A", "a_b", "-a", "a-", ".a", "a..b", &"x".repeat(54)] {
            assert!(RenderOptions::new(name).check_release_name(Compat::Helm4).is_err(), "{name}");
        }
    }

    #[test]
    fn both_helms_name_the_release_they_refuse() {
        let options = RenderOptions::new("");
        let text = |compat| options.check_release_name(compat).unwrap_err().message().to_owned();
        assert_eq!(text(Compat::Helm3), "release name \"\": no name provided");
        assert_eq!(text(Compat::Helm4), "release name check failed: release name \"\": no name provided");
    }
}
