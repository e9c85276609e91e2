//! Rules about templates and what they render to.
//!
//! Helm: pkg/chart/v2/lint/rules/template.go (4), pkg/lint/rules/template.go (3).

use super::LintOptions;
use super::deprecations::deprecation;
use super::documents::{Documents, Object};
use super::names;
use super::report::Findings;
use crate::Compat;
use crate::chart::{Chart, File};
use crate::data::Value;
use crate::error::{ErrorKind, Result};
use crate::manifest::trim;
use crate::render::{self, Capabilities, RenderOptions, Rendered};
use crate::values::{self, MergeOptions, Overrides, Values};

/// Renders the chart as release `test-release` and looks at every template.
pub(super) fn check(chart: &Chart, overrides: &Overrides, options: &LintOptions, findings: &mut Findings) {
    let merged = match merge(chart, overrides, options) {
        Ok(merged) => merged,
        // Helm stops here without a word when values do not fit together; the schema it reports.
        Err(error) => {
            if error.kind() == ErrorKind::Schema {
                findings.failure("templates/", "", &error);
            }
            return;
        }
    };
    let rendered = match render::render(chart, &merged, &release(options)) {
        Ok(rendered) => rendered,
        Err(error) => return findings.failure("templates/", "", &error),
    };
    for template in rendered.chart().templates() {
        if !check_template(template, &rendered, options, findings) {
            return;
        }
    }
}

/// The release a linted chart is rendered as.
pub(super) fn release(options: &LintOptions) -> RenderOptions {
    let mut capabilities = Capabilities::default();
    if let Some(version) = &options.kube_version {
        capabilities = capabilities.on(version.clone());
    }
    RenderOptions::new("test-release")
        .namespace(&options.namespace)
        .revision(0)
        .capabilities(capabilities)
        .limits(options.limits)
        .lint(true)
}

/// Merges values as Helm's linter does: it coalesces what it has coalesced once more, by which a null of the
/// user first takes a default away and then lets it come back.
fn merge(chart: &Chart, overrides: &Overrides, options: &LintOptions) -> Result<Values> {
    let merge_options = MergeOptions::default().skip_schema(!options.schema);
    if !has_null(&overrides.resolve(options.compat)?, 0) {
        return values::merge_with(chart, overrides, &merge_options);
    }
    let once = values::merge_with(chart, overrides, &MergeOptions::default().skip_schema(true))?;
    values::merge_with(chart, &Overrides::new().value(once.tree().clone()), &merge_options)
}

fn has_null(value: &Value, depth: usize) -> bool {
    /// Deeper values are refused when they are merged.
    const DEEPEST: usize = 500;
    match value {
        Value::Null => true,
        Value::Map(map) => depth < DEEPEST && map.iter().any(|(_, value)| has_null(value, depth + 1)),
        _ => false,
    }
}

/// Looks at one template; false when Helm gives up on all that follow.
fn check_template(
    template: &File,
    rendered: &Rendered,
    options: &LintOptions,
    findings: &mut Findings,
) -> bool {
    let compat = options.compat;
    let name = template.name();
    let extension = extension(name);
    if !matches!(extension, ".yaml" | ".yml" | ".tpl" | ".txt") {
        findings.error(
            name,
            format!(
                "file extension '{extension}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt"
            ),
        );
    }
    if compat == Compat::Helm3 {
        check_leftovers_of_helm2(template, findings);
    }
    let is_yaml = match compat {
        Compat::Helm3 => extension == ".yaml",
        Compat::Helm4 => matches!(extension.to_ascii_lowercase().as_str(), ".yaml" | ".yml"),
    };
    if !is_yaml {
        return true;
    }
    let path = format!("{}/{name}", rendered.chart().name());
    let content = rendered.files().iter().find(|file| file.name() == path).map(|file| file.content());
    let Some(content) = content.filter(|content| !trim(content).is_empty()) else { return true };
    if let Some(problem) = top_indent(content) {
        findings.warning(name, problem);
    }
    for document in Documents::of(content, compat) {
        match document {
            Ok(None) => {}
            Ok(Some(object)) => check_object(&object, content, name, options, findings),
            Err(reason) => {
                findings.error(name, format!("unable to parse YAML: {reason}"));
                return false;
            }
        }
    }
    true
}

fn check_object(object: &Object, content: &[u8], name: &str, options: &LintOptions, findings: &mut Findings) {
    let quoted = crate::quote::quoted(object.name.as_bytes());
    let problems: Vec<String> = names::problems(&object.kind, &object.name)
        .into_iter()
        .map(|problem| format!("metadata.name: Invalid value: {quoted}: {problem}"))
        .collect();
    if let [first, rest @ ..] = problems.as_slice() {
        let all = if rest.is_empty() { first.clone() } else { format!("[{}]", problems.join(", ")) };
        findings.warning(
            name,
            format!("object name does not conform to Kubernetes naming requirements: {quoted}: {all}"),
        );
    }
    let assumed = Capabilities::default();
    let kubernetes = options.kube_version.as_ref().unwrap_or(assumed.kube_version());
    if let Some(text) = deprecation(&object.api_version, &object.kind, kubernetes) {
        findings.warning(name, text);
    }
    let selects = |word: &[u8]| memchr::memmem::find(content, word).is_some();
    if matches!(object.kind.as_str(), "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet")
        && !selects(b"matchLabels")
        && !selects(b"matchExpressions")
    {
        findings.error(
            name,
            format!("a {} must contain matchLabels or matchExpressions, and {quoted} does not", object.kind),
        );
    }
    if object.kind == "List" {
        check_list(content, name, options.compat, findings);
    }
}

fn check_list(content: &[u8], name: &str, compat: Compat, findings: &mut Findings) {
    match super::documents::item_annotations(content) {
        Ok(annotations) if annotations.iter().any(|key| key == "helm.sh/resource-policy") => {
            let word = match compat {
                Compat::Helm3 => "Annotation",
                Compat::Helm4 => "annotation",
            };
            findings.error(name, format!("{word} 'helm.sh/resource-policy' within List objects are ignored"));
        }
        Ok(_) => {}
        Err(reason) => findings.error(name, format!("unable to parse YAML: {reason}")),
    }
}

/// What Helm 3 still says to charts written for Helm 2.
fn check_leftovers_of_helm2(template: &File, findings: &mut Findings) {
    let data = template.data();
    if has_crd_hook(data) {
        findings.warning(
            template.name(),
            "manifest is a crd-install hook. This hook is no longer supported in v3 and all CRDs should also exist the \
             crds/ directory at the top level of the chart",
        );
    }
    if memchr::memmem::find(data, b".Release.Time").is_some() {
        findings.error(
            template.name(),
            ".Release.Time has been removed in v3, please replace with the `now` function in your templates",
        );
    }
}

/// `"?helm\.sh/hook"?:\s+crd-install`.
fn has_crd_hook(data: &[u8]) -> bool {
    const KEY: &[u8] = b"helm.sh/hook";
    memchr::memmem::find_iter(data, KEY).any(|at| {
        let rest = data.get(at + KEY.len()..).unwrap_or_default();
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        let Some(rest) = rest.strip_prefix(b":") else { return false };
        let white =
            rest.iter().take_while(|byte| matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' ')).count();
        white > 0 && rest[white..].starts_with(b"crd-install")
    })
}

/// Whether the first line that is not blank is indented.
fn top_indent(content: &[u8]) -> Option<String> {
    /// Longer lines Go's scanner refuses.
    const LONGEST_LINE: usize = 64 << 10;
    for line in content.split(|&byte| byte == b'\n') {
        if line.len() >= LONGEST_LINE {
            return Some("bufio.Scanner: token too long".to_owned());
        }
        if trim(line).is_empty() {
            continue;
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            let quoted = crate::quote::quoted(line);
            return Some(format!(
                "document starts with an illegal indent: {quoted}, which may cause parsing problems"
            ));
        }
        return None;
    }
    None
}

/// Go's `filepath.Ext`: from the last dot of the last part of the name.
fn extension(name: &str) -> &str {
    let base = name.rsplit('/').next().unwrap_or(name);
    base.rfind('.').and_then(|dot| base.get(dot..)).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crd_hooks_are_found_in_any_spelling() {
        for (text, found) in [
            ("\"helm.sh/hook\": crd-install", true),
            ("helm.sh/hook:\n  crd-install", true),
            ("helm.sh/hook:crd-install", false),
            ("helm.sh/hook-weight: crd-install", false),
            ("helm.sh/hook: pre-install, crd-install", false),
        ] {
            assert_eq!(has_crd_hook(text.as_bytes()), found, "{text}");
        }
    }

    #[test]
    fn extensions_are_go_s() {
        for (name, expected) in
            [("templates/a.yaml", ".yaml"), ("a.d/b", ""), (".hidden", ".hidden"), ("a.tar.gz", ".gz")]
        {
            assert_eq!(extension(name), expected);
        }
    }
}
