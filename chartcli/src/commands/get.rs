//! `chart get`: what a record holds.

use chartcore::Compat;
use chartcore::data::{Value, json};
use chartcore::release::{ApplyMethod, Release, StatusReport};

use super::list::object;
use super::release_report::{self, Format, Shown, structured, supplied, yaml_text};
use super::{Context, Failure, Outcome, releases};
use crate::flags::{Flag, Kind};

/// Of every `get` command.
pub(crate) const FLAGS: &[Flag] = &[releases::REVISION];

/// `get all`.
pub(crate) const ALL_FLAGS: &[Flag] = &[Flag::new(
    "template",
    Kind::Text("string"),
    "go template for formatting the output, eg: {{.Release.Name}}",
)];

/// `get values`.
pub(crate) const VALUES_FLAGS: &[Flag] =
    &[Flag::new("all", Kind::Switch, "dump all (computed) values").short('a'), releases::OUTPUT];

/// `get metadata`.
pub(crate) const METADATA_FLAGS: &[Flag] = &[releases::OUTPUT];

fn release(context: &Context<'_>) -> Result<Release, Failure> {
    let name = &context.given.positionals()[0];
    Ok(releases::open(context)?.get(name, releases::revision(context))?)
}

/// Everything.
pub(crate) fn all(context: &Context<'_>) -> Outcome {
    let release = release(context)?;
    if let Some(template) = context.given.text("template").filter(|template| !template.is_empty()) {
        return by_template(context, &release, template);
    }
    let shown = Shown { everything: true, metadata: true, ..Shown::default() };
    release_report::table(context, &StatusReport { release, resources: Vec::new() }, shown)
}

/// The fields of Go's struct that are texts and numbers.
fn by_template(context: &Context<'_>, release: &Release, template: &str) -> Outcome {
    let revision = release.revision.to_string();
    let source = format!("{{{{ with dict \"Release\" . }}}}{template}{{{{ end }}}}");
    let text = chartcore::render::text(
        "all",
        &source,
        &[
            ("Name", &release.name),
            ("Namespace", &release.namespace),
            ("Version", &revision),
            ("Manifest", &release.manifest),
        ],
        context.settings.compat,
        &chartcore::template::SystemHost::new(),
    )?;
    crate::output::print(text.as_bytes());
    Ok(())
}

/// The values.
pub(crate) fn values(context: &Context<'_>) -> Outcome {
    let format = Format::of(context)?;
    let release = release(context)?;
    let all = context.given.switch("all");
    let values =
        if all { release.computed_values(context.settings.compat)? } else { supplied(&release, false) };
    if format == Format::Json {
        let text = json::write(&values).map_err(|error| Failure::Usage(error.to_string()))?;
        return structured(&text, format);
    }
    let mut out = Vec::new();
    if format == Format::Table {
        let title: &[u8] = if all { b"COMPUTED VALUES:\n" } else { b"USER-SUPPLIED VALUES:\n" };
        out.extend_from_slice(title);
    }
    out.extend(yaml_text(&values)?);
    crate::output::print(&out);
    Ok(())
}

/// The manifest.
pub(crate) fn manifest(context: &Context<'_>) -> Outcome {
    crate::output::print(format!("{}\n", release(context)?.manifest).as_bytes());
    Ok(())
}

/// The hooks.
pub(crate) fn hooks(context: &Context<'_>) -> Outcome {
    let release = release(context)?;
    let hooks = release.hooks.iter();
    let text: String =
        hooks.map(|hook| format!("---\n# Source: {}\n{}\n", hook.path, hook.manifest)).collect();
    crate::output::print(text.as_bytes());
    Ok(())
}

/// The notes.
pub(crate) fn notes(context: &Context<'_>) -> Outcome {
    let release = release(context)?;
    if !release.info.notes.is_empty() {
        crate::output::print(format!("NOTES:\n{}\n", release.info.notes).as_bytes());
    }
    Ok(())
}

/// What the chart says of itself, and where the release stands.
///
/// Helm: pkg/action/get_metadata.go, pkg/cmd/get_metadata.go.
pub(crate) fn metadata(context: &Context<'_>) -> Outcome {
    let format = Format::of(context)?;
    let compat = context.settings.compat;
    let release = release(context)?;
    let metadata = release.chart.get("metadata").cloned().unwrap_or(Value::Null);
    let annotations = metadata.get("annotations").cloned();
    let dependencies = metadata.get("dependencies").cloned();
    // Helm reads the last revision by its labels, and shows them all; a given one without its own.
    let labels = if releases::revision(context) > 0 { &release.labels } else { &release.stored_labels };
    let deployed_at = release.info.last_deployed.rfc3339_seconds();
    if format == Format::Table {
        let joined = |pairs: Vec<(String, String)>| {
            pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
        };
        let annotations = annotations.as_ref().and_then(Value::as_map).map(|map| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            map.iter().map(|(key, value)| (key.to_text().into_owned(), text(value))).collect()
        });
        let mut names: Vec<&str> = dependencies
            .as_ref()
            .and_then(Value::as_list)
            .unwrap_or_default()
            .iter()
            .filter_map(|dependency| dependency.get("name")?.as_str())
            .collect();
        names.sort_unstable();
        let labels = labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let mut text = format!(
            "NAME: {}\nCHART: {}\nVERSION: {}\nAPP_VERSION: {}\nANNOTATIONS: {}\n{}DEPENDENCIES: {}\n\
             NAMESPACE: {}\nREVISION: {}\nSTATUS: {}\nDEPLOYED_AT: {deployed_at}\n",
            release.name,
            release.chart_name(),
            release.chart_version(),
            release.app_version(),
            joined(annotations.unwrap_or_default()),
            if compat == Compat::Helm4 { format!("LABELS: {}\n", joined(labels)) } else { String::new() },
            names.join(","),
            release.namespace,
            release.revision,
            release.info.status,
        );
        if compat == Compat::Helm4 {
            text.push_str(&format!(
                "APPLY_METHOD: {}\n",
                match release.apply_method {
                    None => "client-side apply (defaulted)",
                    Some(ApplyMethod::ClientSide) => "client-side apply",
                    Some(ApplyMethod::ServerSide) => "server-side apply",
                }
            ));
        }
        crate::output::print(text.as_bytes());
        return Ok(());
    }
    let mut entries: Vec<(&str, Value)> = vec![
        ("name", release.name.as_str().into()),
        ("chart", release.chart_name().into()),
        ("version", release.chart_version().into()),
        ("appVersion", release.app_version().into()),
    ];
    entries.extend(annotations.map(|annotations| ("annotations", annotations)));
    if !labels.is_empty() && compat == Compat::Helm4 {
        let map = labels.iter().map(|(key, value)| (key.as_str().into(), Value::from(value.as_str())));
        entries.push(("labels", map.collect::<chartcore::data::Map>().into()));
    }
    entries.extend(dependencies.map(|dependencies| ("dependencies", dependencies)));
    entries.push(("namespace", release.namespace.as_str().into()));
    entries.push(("revision", release.revision.into()));
    entries.push(("status", release.info.status.as_str().into()));
    entries.push(("deployedAt", deployed_at.into()));
    if let (Some(method), Compat::Helm4) = (release.apply_method, compat) {
        entries.push(("applyMethod", method.as_str().into()));
    }
    let mut text = Vec::new();
    object(&mut text, entries.into_iter());
    structured(&text, format)
}
