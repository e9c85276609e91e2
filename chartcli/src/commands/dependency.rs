//! `chart dependency`.

use std::path::Path;

use chartcore::chart::{self, LoadOptions, VersionCheck};
use chartcore::dependency;

use super::{Context, Outcome};
use crate::flags::{Flag, Kind};
use crate::output::Table;

pub(crate) const FLAGS: &[Flag] =
    &[Flag::new("max-col-width", Kind::Count("uint"), "maximum column width for output table (default 80)")];

/// Prints each dependency and whether it is in `charts/`. Helm: pkg/action/dependency.go, List.
pub(crate) fn list(context: &Context<'_>) -> Outcome {
    let path = context.given.positionals().into_iter().next().unwrap_or_else(|| ".".to_owned());
    let path = Path::new(&path);
    let options = LoadOptions::new(context.settings.compat).version_check(VersionCheck::Skip);
    let chart = chart::load(path, &options)?;
    if !chart.metadata().lists_dependencies {
        let folder = chartcore::files::clean_path(&format!("{}/charts", path.display()));
        crate::output::print(format!("WARNING: no dependencies at {folder}\n").as_bytes());
        return Ok(());
    }
    let width = context.given.text("max-col-width").and_then(|width| width.parse().ok()).unwrap_or(80);
    let mut table = Table::new(width);
    table.row(["NAME", "VERSION", "REPOSITORY", "STATUS"]);
    for listed in dependency::list(path, &chart, &options) {
        let entry = listed.dependency;
        table.row([&entry.name, &entry.version, &entry.repository, &listed.status.to_string()]);
    }
    let mut text = table.to_string();
    text.push_str("\n\n");
    for stray in dependency::strays(path, &chart, &options) {
        text.push_str(&format!("{stray}\n"));
    }
    crate::output::print(text.as_bytes());
    Ok(())
}
