//! Which values the templates of a chart mention, and what the user set although nobody does.

use std::collections::BTreeSet;

use super::Rendered;
use crate::chart::Chart;
use crate::diag::Diagnostic;
use crate::values::{self, Path, Values};

/// The paths of `.Values` that templates mention, from the root chart on: a subchart `db` that says
/// `.Values.image` reads `db.image`. What a partial mentions counts for every chart, because any may include
/// it; the empty path stands for a template that takes `.Values` as a whole.
///
/// This is read off the text: nothing is rendered, and branches that are not taken count.
pub fn reads(values: &Values) -> BTreeSet<Path> {
    let mut charts = Vec::new();
    collect(values.chart(), Vec::new(), &mut charts);
    let mut found = BTreeSet::new();
    for (prefix, chart) in &charts {
        for file in chart.templates() {
            let Ok(parsed) = file.template(chart.compat()) else { continue };
            let is_partial = file.name().rsplit('/').next().is_some_and(|base| base.starts_with('_'));
            for field in parsed.fields_below("Values") {
                let keys: Vec<String> = field.iter().map(|key| key.to_string()).collect();
                if keys.first().is_some_and(|key| key == "global") {
                    found.insert(Path::of_keys(keys.iter().cloned()));
                }
                if is_partial {
                    found.extend(charts.iter().map(|(prefix, _)| below(prefix, &keys)));
                } else {
                    found.insert(below(prefix, &keys));
                }
            }
        }
    }
    found
}

/// All charts of the tree with the keys that lead to their values.
fn collect<'a>(chart: &'a Chart, prefix: Vec<String>, charts: &mut Vec<(Vec<String>, &'a Chart)>) {
    charts.push((prefix.clone(), chart));
    for child in chart.dependencies() {
        let mut prefix = prefix.clone();
        prefix.push(child.name().to_owned());
        collect(child, prefix, charts);
    }
}

fn below(prefix: &[String], keys: &[String]) -> Path {
    Path::of_keys(prefix.iter().chain(keys).cloned())
}

impl Rendered {
    /// What the user set although neither defaults nor templates know it: `--set imgae.tag=v2`. Each finding
    /// has the nearest known key as its hint.
    pub fn unused_values(&self) -> Vec<Diagnostic> {
        values::unused(self.values(), &reads(self.values()))
    }
}
