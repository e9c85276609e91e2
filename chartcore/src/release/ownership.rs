//! Whose an object is.
//!
//! Helm: pkg/action/validate.go.

use serde_json::Value as Json;

use super::Releases;
use crate::Compat;
use crate::cluster::Object;
use crate::error::{Error, ErrorKind, Result};
use crate::quote::quoted;

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const HELM: &str = "Helm";
const RELEASE_NAME: &str = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";

/// Marks objects as the release's.
pub(super) fn mark(objects: &mut [Object], name: &str, namespace: &str) {
    for object in objects {
        object.set_label(MANAGED_BY, HELM);
        object.set_annotation(RELEASE_NAME, name);
        object.set_annotation(RELEASE_NAMESPACE, namespace);
    }
}

/// Whether a live object is the release's; if not, why.
pub(super) fn check(live: &Json, name: &str, namespace: &str) -> std::result::Result<(), String> {
    let of = |map: &str, key: &str| {
        live.get("metadata").and_then(|metadata| metadata.get(map)?.get(key)?.as_str())
    };
    let mut problems = Vec::new();
    for (what, map, key, wanted) in [
        ("label", "labels", MANAGED_BY, HELM),
        ("annotation", "annotations", RELEASE_NAME, name),
        ("annotation", "annotations", RELEASE_NAMESPACE, namespace),
    ] {
        let (shown, shown_wanted) = (quoted(key.as_bytes()), quoted(wanted.as_bytes()));
        match of(map, key) {
            Some(found) if found == wanted => {}
            Some(found) => problems.push(format!(
                "{what} validation error: key {shown} must equal {shown_wanted}: current value is {}",
                quoted(found.as_bytes())
            )),
            None => problems
                .push(format!("{what} validation error: missing key {shown}: must be set to {shown_wanted}")),
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!("invalid ownership metadata; {}", problems.join("; ")))
    }
}

impl Releases {
    /// Those of `objects` that are there already. They must be the release's, unless ownership is taken.
    pub(super) fn existing(
        &self,
        objects: &[Object],
        name: &str,
        take_ownership: bool,
        what: &str,
    ) -> Result<Vec<Object>> {
        let unable = match self.compat {
            Compat::Helm3 => format!("Unable to continue with {what}: "),
            Compat::Helm4 => format!("unable to continue with {what}: "),
        };
        let mut found = Vec::new();
        let mut asked = Vec::new();
        for object in objects {
            match (object.name.is_empty(), object.generate_name().is_empty()) {
                (true, false) => {}
                (false, false) => {
                    let text = "metadata.name and metadata.generateName cannot both be set";
                    return Err(Error::new(ErrorKind::Manifest, format!("{unable}{text}")));
                }
                _ => asked.push(object.clone()),
            }
        }
        for (object, live) in asked.iter().zip(self.cluster.get_all(&asked)) {
            let live = live.map_err(|error| {
                error.prefixed(format!("{unable}could not get information about the resource {object}: "))
            })?;
            let Some(live) = live else { continue };
            if !take_ownership {
                check(&live, name, &self.namespace).map_err(|reason| {
                    let text = format!(
                        "{unable}{object} exists and cannot be imported into the current release: {reason}"
                    );
                    Error::new(ErrorKind::AlreadyExists, text)
                })?;
            }
            found.push(object.clone());
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn strangers_are_told_from_our_own() {
        let ours = json!({"metadata": {
            "labels": {MANAGED_BY: "Helm"},
            "annotations": {RELEASE_NAME: "web", RELEASE_NAMESPACE: "n"}}});
        assert_eq!(check(&ours, "web", "n"), Ok(()));
        assert_eq!(
            check(&json!({"metadata": {"annotations": {RELEASE_NAME: "other"}}}), "web", "n"),
            Err("invalid ownership metadata; label validation error: missing key \"app.kubernetes.io/managed-by\": must \
                 be set to \"Helm\"; annotation validation error: key \"meta.helm.sh/release-name\" must equal \"web\": \
                 current value is \"other\"; annotation validation error: missing key \
                 \"meta.helm.sh/release-namespace\": must be set to \"n\""
                .to_owned())
        );
    }
}
