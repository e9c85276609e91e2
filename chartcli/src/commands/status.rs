//! `chart status`.

use chartcore::Compat;
use chartcore::release::StatusReport;
use serde_json::Value as Json;

use super::release_report::{self, Format, Shown, structured};
use super::{Context, Outcome, releases};
use crate::flags::{Flag, Kind};

/// `chart status`.
pub(crate) const FLAGS: &[Flag] = &[
    releases::OUTPUT,
    releases::REVISION,
    Flag::new("show-desc", Kind::Switch, "display the description message").only(Compat::Helm3),
    Flag::new("show-resources", Kind::Switch, "display the resources").only(Compat::Helm3),
];

/// Shows a release and what its objects are at.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let compat = context.settings.compat;
    let format = Format::of(context)?;
    let name = &given.positionals()[0];
    let revision = releases::revision(context);
    let releases = releases::open(context)?;
    let with_resources = compat == Compat::Helm4 || given.switch("show-resources");
    let report = if with_resources {
        releases.status(name, revision, format == Format::Table)?
    } else {
        StatusReport { release: releases.get(name, revision)?, resources: Vec::new() }
    };
    if format != Format::Table {
        return structured(&report.to_json(compat)?, format);
    }
    let shown = Shown { description: given.switch("show-desc"), ..Shown::default() };
    release_report::table(context, &report, shown)
}

/// A server's table as kubectl draws it: columns three blanks apart, no wide ones.
pub(crate) fn draw(table: &Json) -> String {
    let list = |key: &str| table.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let columns: Vec<usize> = list("columnDefinitions")
        .iter()
        .enumerate()
        .filter(|(_, column)| column.get("priority").and_then(Json::as_i64).unwrap_or(0) == 0)
        .map(|(index, _)| index)
        .collect();
    let cell = |value: Option<&Json>| match value {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Null) | None => "<nil>".to_owned(),
        Some(other) => other.to_string(),
    };
    let header = columns.iter().map(|&index| {
        let name = list("columnDefinitions").get(index).and_then(|column| column.get("name"));
        name.and_then(Json::as_str).unwrap_or_default().to_uppercase()
    });
    let mut rows: Vec<Vec<String>> = vec![header.collect()];
    for row in list("rows") {
        let cells = row.get("cells").and_then(Json::as_array);
        rows.push(columns.iter().map(|&index| cell(cells.and_then(|cells| cells.get(index)))).collect());
    }
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count() + 3)
            .max()
            .unwrap_or(0)
            .max(6)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        for (index, cell) in row.iter().enumerate() {
            out.push_str(cell);
            if index + 1 < row.len() {
                let gap = widths.get(index).copied().unwrap_or(0).saturating_sub(cell.chars().count());
                out.push_str(&" ".repeat(gap));
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn tables_are_kubectls() {
        let table = serde_json::json!({
            "columnDefinitions": [{"name": "Name"}, {"name": "Wide", "priority": 1}, {"name": "Age"}],
            "rows": [{"cells": ["h4demo", "x", "49s"]}, {"cells": ["a", "y", 3]}],
        });
        assert_eq!(super::draw(&table), "NAME     AGE\nh4demo   49s\na        3\n");
    }
}
