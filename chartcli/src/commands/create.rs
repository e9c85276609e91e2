//! `chart create`.

use std::path::Path;

use chartcore::chart::{ScaffoldOptions, scaffold};

use super::{Context, Outcome};
use crate::flags::{Flag, Kind};

pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("chart-api-version", Kind::Text("string"), "chart API version to use (v2)").hidden(),
    Flag::new("starter", Kind::Text("string"), "the name or absolute path to Helm starter scaffold").short('p'),
];

/// Writes a new chart.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let target = context.given.positionals().remove(0);
    crate::output::print(format!("Creating {target}\n").as_bytes());
    let mut options = ScaffoldOptions::new(context.settings.compat);
    if let Some(starter) = context.given.text("starter") {
        let starters = Path::new(&context.settings.listed["HELM_DATA_HOME"]).join("starters");
        let path = if Path::new(starter).is_absolute() { starter.into() } else { starters.join(starter) };
        options = options.starter(path);
    }
    scaffold(Path::new(&target), &options)?;
    Ok(())
}
