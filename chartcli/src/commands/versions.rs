//! `chart search oci://…`: the versions in a registry.

use chartcore::registry::{Reference, choose};
use chartcore::version::{Constraint, Version};

use super::{Context, Failure, Outcome, oci};
use crate::flags::{Flag, Kind};
use crate::output::Table;

pub(crate) const FLAGS: &[Flag] = &[
    Flag::new(
        "devel",
        Kind::Switch,
        "use development versions, too: '>0.0.0-0'. Ignored when --version is set",
    ),
    Flag::new("fail-on-no-result", Kind::Switch, "search fails if no results are found"),
    Flag::new("output", Kind::Text("format"), "prints the output in table, json or yaml (default table)")
        .short('o'),
    Flag::new("version", Kind::Text("string"), "search using semantic versioning constraints"),
    Flag::new("versions", Kind::Switch, "show every version, pre-releases included").short('l'),
];

/// Prints the versions of a chart in a registry, newest first.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let name = context.given.positionals().into_iter().next().unwrap_or_default();
    if !Reference::is_oci(&name) {
        return Err(Failure::Usage(format!("{name:?} is neither a subcommand nor oci://HOST/REPOSITORY")));
    }
    let reference = Reference::parse(&name)?;
    let versions = oci::registry(context)?.versions(&reference)?;
    let wanted = oci::wanted(context);
    let shown: Vec<&Version> = match (context.given.switch("versions"), wanted) {
        (true, "" | ">0.0.0-0") => versions.iter().collect(),
        (true, range) => {
            let constraint = Constraint::parse(range)?;
            versions.iter().filter(|version| constraint.check(version)).collect()
        }
        (false, wanted) => choose(&versions, wanted, context.settings.compat).into_iter().collect(),
    };
    if shown.is_empty() && context.given.switch("fail-on-no-result") {
        return Err(Failure::Usage("no results found".to_owned()));
    }
    let chart = format!("oci://{}/{}", reference.registry(), reference.repository());
    print(context, &chart, &shown)
}

fn print(context: &Context<'_>, chart: &str, versions: &[&Version]) -> Outcome {
    match context.given.text("output") {
        None | Some("table") if versions.is_empty() => crate::output::print(b"No results found\n"),
        None | Some("table") => {
            let mut table = Table::new(usize::MAX);
            table.row(["NAME", "CHART VERSION"]);
            for version in versions {
                table.row([chart, version.original()]);
            }
            crate::output::print(format!("{table}\n").as_bytes());
        }
        Some("json") => {
            let entries: Vec<serde_json::Value> = versions
                .iter()
                .map(|version| serde_json::json!({ "name": chart, "version": version.original() }))
                .collect();
            let mut line = serde_json::to_vec(&entries).unwrap_or_default();
            line.push(b'\n');
            crate::output::print(&line);
        }
        Some("yaml") => {
            let mut text = String::new();
            for version in versions {
                text.push_str(&format!("- name: {chart}\n  version: {}\n", version.original()));
            }
            crate::output::print(if versions.is_empty() { b"[]\n" } else { text.as_bytes() });
        }
        Some(_) => return Err(Failure::Usage("invalid format type".to_owned())),
    }
    Ok(())
}
