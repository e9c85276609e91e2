//! Rules Helm does not have: what a team may ask of its charts.

use std::collections::BTreeSet;

use super::LintOptions;
use super::report::{Findings, Message};
use crate::chart::Chart;
use crate::data::{Value, yaml};
use crate::diag::Severity;
use crate::manifest;
use crate::render::{self, Rendered};
use crate::values::{self, MergeOptions, Overrides};
use crate::version::Version;

/// How bad each break of a rule is; a rule without a severity is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// A rendered container runs an image with the tag `latest` or without a tag or digest.
    pub images: Option<Severity>,
    /// A dependency asks for a range of versions, and no Chart.lock says which it is.
    pub dependencies: Option<Severity>,
    /// The defaults hold a password, token or key in plain text.
    pub secrets: Option<Severity>,
    /// The user sets what no template reads and no default knows.
    pub unused_values: Option<Severity>,
}

/// How deep trees are looked into; what loads is not deeper by much.
const DEPTH: usize = 200;

/// Checks what the policy asks for. A chart that cannot be rendered is reported by the other rules.
pub(super) fn check(chart: &Chart, overrides: &Overrides, options: &LintOptions, findings: &mut Findings) {
    let policy = &options.policy;
    if let Some(severity) = policy.dependencies {
        check_dependencies(chart, severity, findings);
    }
    if let Some(severity) = policy.secrets {
        check_secrets(chart.values(), &mut Vec::new(), severity, findings);
    }
    if policy.images.is_none() && policy.unused_values.is_none() {
        return;
    }
    let merge = MergeOptions::default().skip_schema(true);
    let Ok(merged) = values::merge_with(chart, overrides, &merge) else { return };
    let Ok(rendered) = render::render(chart, &merged, &super::templates::release(options)) else { return };
    if let Some(severity) = policy.images {
        check_images(&rendered, severity, findings);
    }
    if let Some(severity) = policy.unused_values {
        for finding in rendered.unused_values() {
            let mut text = finding.message.clone();
            for hint in &finding.hints {
                text.push_str("; ");
                text.push_str(hint);
            }
            let diagnostics = vec![finding];
            findings.messages.push(Message { severity, path: "values".to_owned(), text, diagnostics });
        }
    }
}

fn check_dependencies(chart: &Chart, severity: Severity, findings: &mut Findings) {
    if chart.lock().is_some() {
        return;
    }
    for dependency in chart.metadata().dependencies.iter().flatten() {
        let is_fetched = !dependency.repository.is_empty() && !dependency.repository.starts_with("file://");
        if is_fetched && Version::parse_strict(&dependency.version).is_err() {
            let text = format!(
                "dependency {} may be any of {:?}, and there is no Chart.lock",
                dependency.name, dependency.version
            );
            findings.add(severity, "Chart.yaml", text);
        }
    }
}

/// Names the keys, never what they hold.
fn check_secrets(value: &Value, path: &mut Vec<String>, severity: Severity, findings: &mut Findings) {
    match value {
        Value::Map(map) if path.len() < DEPTH => {
            for (key, value) in map.iter() {
                path.push(key.to_string());
                check_secrets(value, path, severity, findings);
                path.pop();
            }
        }
        Value::List(list) if path.len() < DEPTH => {
            for (index, value) in list.iter().enumerate() {
                path.push(index.to_string());
                check_secrets(value, path, severity, findings);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Map(_) | Value::List(_) => {}
        scalar => {
            let holds_text = scalar.as_str().is_none_or(|text| !text.is_empty() && !text.contains("{{"));
            if holds_text && path.last().is_some_and(|key| names_a_secret(key)) {
                let text = format!("{} is a secret in plain text; refer to a Secret", path.join("."));
                findings.add(severity, "values.yaml", text);
            }
        }
    }
}

fn names_a_secret(key: &str) -> bool {
    const ENDINGS: [&str; 8] =
        ["password", "passwd", "passphrase", "token", "apikey", "privatekey", "secretkey", "clientsecret"];
    let key: String =
        key.chars().filter(|letter| !matches!(letter, '-' | '_')).collect::<String>().to_lowercase();
    !key.starts_with("existing") && ENDINGS.iter().any(|ending| key.ends_with(ending))
}

fn check_images(rendered: &Rendered, severity: Severity, findings: &mut Findings) {
    let own = format!("{}/", rendered.chart().name());
    for file in rendered.files() {
        if !(file.name().ends_with(".yaml") || file.name().ends_with(".yml")) {
            continue;
        }
        let mut images = BTreeSet::new();
        for range in manifest::split(file.content(), rendered.compat()) {
            let document = file.content().get(range).unwrap_or_default();
            if let Ok(document) = yaml::parse(document) {
                collect_images(&document, 0, &mut images);
            }
        }
        let name = file.name().strip_prefix(&own).unwrap_or(file.name());
        for image in images {
            let reason = match tag(&image) {
                Some("latest") => "its tag is latest",
                None => "it has no tag, which means latest",
                Some(_) => continue,
            };
            findings.add(severity, name, format!("image {image:?} is not pinned: {reason}"));
        }
    }
}

/// The images of containers, wherever a pod's template stands.
fn collect_images(value: &Value, depth: usize, images: &mut BTreeSet<String>) {
    if depth > DEPTH {
        return;
    }
    match value {
        Value::Map(map) => {
            for (key, value) in map.iter() {
                let are_containers =
                    matches!(key.as_str(), Some("containers" | "initContainers" | "ephemeralContainers"));
                if let (true, Value::List(containers)) = (are_containers, value) {
                    let names =
                        containers.iter().filter_map(|container| container.as_map()?.get("image")?.as_str());
                    images.extend(names.filter(|image| !image.is_empty()).map(str::to_owned));
                }
                collect_images(value, depth + 1, images);
            }
        }
        Value::List(list) => {
            for value in list.iter() {
                collect_images(value, depth + 1, images);
            }
        }
        _ => {}
    }
}

/// What pins an image: its digest or its tag.
fn tag(image: &str) -> Option<&str> {
    if let Some((_, digest)) = image.split_once('@') {
        return Some(digest);
    }
    let base = image.rsplit('/').next().unwrap_or(image);
    base.split_once(':').map(|(_, tag)| tag).filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_pinned_by_tag_or_digest() {
        for (image, pinned) in [
            ("nginx", None),
            ("nginx:", None),
            ("localhost:5000/nginx", None),
            ("localhost:5000/nginx:1.2", Some("1.2")),
            ("nginx:latest", Some("latest")),
            ("nginx:latest@sha256:00", Some("sha256:00")),
        ] {
            assert_eq!(tag(image), pinned, "{image}");
        }
    }

    #[test]
    fn names_of_secrets_are_no_secrets() {
        for (key, is_secret) in [
            ("password", true),
            ("postgres-password", true),
            ("API_KEY", true),
            ("apiToken", true),
            ("existingSecretPassword", false),
            ("secretName", false),
            ("passwordKey", false),
        ] {
            assert_eq!(names_a_secret(key), is_secret, "{key}");
        }
    }
}
