//! Releases on the screen: Helm's words and tables, JSON and YAML.
//!
//! Helm: pkg/cmd/status.go, pkg/cli/output.

use chartcore::Compat;
use chartcore::data::{Value, json, yaml};
use chartcore::release::{Release, StatusReport};

use super::{Context, Failure, Outcome};

/// In which form a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One line of JSON.
    Json,
    /// YAML.
    Yaml,
}

impl Format {
    /// Reads `-o`.
    pub(crate) fn of(context: &Context<'_>) -> Result<Self, Failure> {
        match context.given.text("output") {
            None | Some("table") => Ok(Self::Table),
            Some("json") => Ok(Self::Json),
            Some("yaml") => Ok(Self::Yaml),
            Some(other) => Err(Failure::Usage(format!(
                "invalid argument {other:?} for \"-o, --output\" flag: invalid format type"
            ))),
        }
    }
}

/// Prints JSON as it is, with a line end, or the same as YAML.
pub(crate) fn structured(text: &[u8], format: Format) -> Outcome {
    if format == Format::Json {
        let mut line = text.to_vec();
        line.push(b'\n');
        crate::output::print(&line);
        return Ok(());
    }
    let value = json::parse(text).map_err(|error| Failure::Usage(error.to_string()))?;
    crate::output::print(&yaml_text(&value)?);
    Ok(())
}

/// A value as YAML.
pub(crate) fn yaml_text(value: &Value) -> Result<Vec<u8>, Failure> {
    yaml::write(value).map_err(|error| Failure::Usage(error.full()))
}

/// What of a release is shown beside what always is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shown {
    /// Values, hooks and the manifest (`--debug`, `get all`).
    pub(crate) everything: bool,
    /// The description, where Helm 3 shows it only when asked.
    pub(crate) description: bool,
    /// The chart and its version.
    pub(crate) metadata: bool,
    /// No notes.
    pub(crate) hide_notes: bool,
    /// The release was just made: values that are none are a map.
    pub(crate) fresh: bool,
}

/// Prints a release for people.
pub(crate) fn table(context: &Context<'_>, report: &StatusReport, shown: Shown) -> Outcome {
    let compat = context.settings.compat;
    let release = &report.release;
    let mut out = format!("NAME: {}\n", release.name);
    if !release.info.last_deployed.is_zero() {
        out.push_str(&format!("LAST DEPLOYED: {}\n", release.info.last_deployed.ansic()));
    }
    out.push_str(&format!(
        "NAMESPACE: {}\nSTATUS: {}\nREVISION: {}\n",
        release.namespace, release.info.status, release.revision
    ));
    if shown.metadata {
        out.push_str(&format!(
            "CHART: {}\nVERSION: {}\nAPP_VERSION: {}\n",
            release.chart_name(),
            release.chart_version(),
            release.app_version()
        ));
    }
    if compat == Compat::Helm4 || shown.description {
        out.push_str(&format!("DESCRIPTION: {}\n", release.info.description));
    }
    if !report.resources.is_empty() {
        out.push_str("RESOURCES:\n");
        for (kind, tables) in &report.resources {
            out.push_str(&format!("==> {kind}\n"));
            for table in tables {
                out.push_str(&super::status::draw(table));
            }
            out.push('\n');
        }
        out.push('\n');
    }
    let tests: Vec<_> =
        release.hooks.iter().filter(|hook| hook.events.iter().any(|event| event == "test")).collect();
    if tests.is_empty() {
        out.push_str("TEST SUITE: None\n");
    }
    for test in tests.iter().filter(|test| !test.last_run.started_at.is_zero()) {
        out.push_str(&format!(
            "TEST SUITE:     {}\nLast Started:   {}\nLast Completed: {}\nPhase:          {}\n",
            test.name,
            test.last_run.started_at.ansic(),
            test.last_run.completed_at.ansic(),
            test.last_run.phase
        ));
    }
    let mut bytes = out.into_bytes();
    if shown.everything {
        bytes.extend_from_slice(b"USER-SUPPLIED VALUES:\n");
        bytes.extend(yaml_text(&supplied(release, shown.fresh))?);
        bytes.extend_from_slice(b"\nCOMPUTED VALUES:\n");
        bytes.extend(yaml_text(&release.computed_values(compat)?)?);
        bytes.push(b'\n');
    }
    if shown.everything || release.info.description.eq_ignore_ascii_case("dry run complete") {
        bytes.extend_from_slice(b"HOOKS:\n");
        for hook in &release.hooks {
            bytes.extend_from_slice(format!("---\n# Source: {}\n{}\n", hook.path, hook.manifest).as_bytes());
        }
        bytes.extend_from_slice(format!("MANIFEST:\n{}\n", release.manifest).as_bytes());
    }
    if !shown.hide_notes && !release.info.notes.is_empty() {
        bytes.extend_from_slice(format!("NOTES:\n{}\n", release.info.notes.trim()).as_bytes());
    }
    crate::output::print(&bytes);
    Ok(())
}

/// The user's values as Helm shows them: a record without any has none.
pub(crate) fn supplied(release: &Release, fresh: bool) -> Value {
    let is_empty = release.config.as_map().is_none_or(|config| config.is_empty());
    if is_empty && !fresh { Value::Null } else { release.config.clone() }
}

/// Prints a release that was just installed or upgraded.
pub(crate) fn changed(context: &Context<'_>, release: Release, format: Format) -> Outcome {
    let compat = context.settings.compat;
    if format != Format::Table {
        return structured(&release.to_json(compat, true)?, format);
    }
    let shown = Shown {
        everything: context.settings.debug,
        hide_notes: context.given.switch("hide-notes"),
        fresh: true,
        ..Shown::default()
    };
    table(context, &StatusReport { release, resources: Vec::new() }, shown)
}
