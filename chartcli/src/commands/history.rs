//! `chart history`.

use chartcore::Compat;
use chartcore::data::Value;
use chartcore::release::Release;

use super::list::object;
use super::release_report::{Format, structured};
use super::{Context, Outcome, releases};
use crate::flags::{Flag, Kind};
use crate::output::Table;

/// `chart history`.
pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("max", Kind::Count("int"), "maximum number of revisions to include (default 256)"),
    releases::OUTPUT,
    Flag::new("show-rollback-revision", Kind::Switch, "show which revision was rolled back to")
        .only(Compat::Helm4),
];

/// Shows the revisions of a release.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let format = Format::of(context)?;
    let max = given.text("max").and_then(|text| text.parse().ok()).unwrap_or(256usize);
    let history = releases::open(context)?.history(&given.positionals()[0])?;
    let shown = &history[history.len().saturating_sub(max)..];
    if format == Format::Table {
        let with_rollback = given.switch("show-rollback-revision");
        let mut table = Table::new(usize::MAX);
        let mut header = vec!["REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION", "DESCRIPTION"];
        if with_rollback {
            header.insert(5, "ROLLBACK");
        }
        table.row(header);
        for release in shown {
            let mut row = vec![
                release.revision.to_string(),
                release.info.last_deployed.ansic(),
                release.info.status.to_string(),
                release.chart_title(),
                release.app_version().to_owned(),
                release.info.description.clone(),
            ];
            if with_rollback {
                let from = release.info.rollback_revision;
                row.insert(5, if from > 0 { from.to_string() } else { String::new() });
            }
            table.row(row);
        }
        crate::output::print(format!("{table}\n").as_bytes());
        return Ok(());
    }
    let mut text = vec![b'['];
    for (index, release) in shown.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        object(&mut text, entries(release, context.settings.compat).into_iter());
    }
    text.push(b']');
    structured(&text, format)
}

fn entries(release: &Release, compat: Compat) -> Vec<(&'static str, Value)> {
    let info = &release.info;
    let mut entries = vec![("revision", Value::from(release.revision))];
    match (info.last_deployed.is_zero(), compat) {
        (false, _) => entries.push(("updated", info.last_deployed.rfc3339().into())),
        (true, Compat::Helm3) => entries.push(("updated", "".into())),
        (true, Compat::Helm4) => {}
    }
    entries.push(("status", info.status.as_str().into()));
    entries.push(("chart", release.chart_title().into()));
    entries.push(("app_version", release.app_version().into()));
    if compat == Compat::Helm4 && info.rollback_revision > 0 {
        entries.push(("rollback_revision", info.rollback_revision.into()));
    }
    entries.push(("description", info.description.as_str().into()));
    entries
}
