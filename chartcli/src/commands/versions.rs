//! `chart search oci://…`: the versions in a registry.

use chartcore::registry::{Reference, choose};
use chartcore::version::{Constraint, Version};

use super::{Context, Failure, Outcome, oci};
use crate::flags::{Flag, Kind};
use crate::output::{Encoding, Table};

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
    let names = context.given.positionals();
    let [name] = &names[..] else {
        return Err(Failure::Usage("name one chart: oci://HOST/REPOSITORY".to_owned()));
    };
    if !Reference::is_oci(name) {
        return Err(Failure::Usage(format!("{name:?} is neither `repo`, `hub` nor oci://HOST/REPOSITORY")));
    }
    let reference = Reference::parse(name)?;
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
    let encoding = Encoding::of(context)?;
    if encoding != Encoding::Table {
        let row = |version: &&Version| {
            vec![("name", chart.to_owned().into()), ("version", version.original().to_owned().into())]
        };
        return encoding.print(&versions.iter().map(row).collect::<Vec<_>>());
    }
    if versions.is_empty() {
        crate::output::print(b"No results found\n");
        return Ok(());
    }
    let mut table = Table::new(usize::MAX);
    table.row(["NAME", "CHART VERSION"]);
    for version in versions {
        table.row([chart, version.original()]);
    }
    crate::output::print(format!("{table}\n").as_bytes());
    Ok(())
}
