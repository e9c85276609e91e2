//! `chart search`.

use chartcore::ErrorKind;
use chartcore::repository::{DEFAULT_ENDPOINT, Repositories, Search, SearchOptions, search_hub};
use chartcore::{Compat, diag::Diagnostic};

use super::{Context, Failure, Outcome, repositories};
use crate::flags::{Flag, Kind};
use crate::output::{Cell, Encoding, Table};

pub(crate) const REPO_FLAGS: &[Flag] = &[
    Flag::new(
        "devel",
        Kind::Switch,
        "use development versions, too: '>0.0.0-0'. Ignored when --version is set",
    ),
    Flag::new("regexp", Kind::Switch, "use regular expressions for searching").short('r'),
    Flag::new("version", Kind::Text("string"), "search using semantic versioning constraints"),
    Flag::new("versions", Kind::Switch, "show each version of each chart on its own line").short('l'),
];

pub(crate) const OUTPUT_FLAGS: &[Flag] = &[
    Flag::new("fail-on-no-result", Kind::Switch, "search fails if no results are found"),
    Flag::new("max-col-width", Kind::Count("uint"), "maximum column width for output table (default 50)"),
    Flag::new("output", Kind::Text("format"), "table, json or yaml (default table)").short('o'),
];

pub(crate) const HUB_FLAGS: &[Flag] = &[
    Flag::new(
        "endpoint",
        Kind::Text("string"),
        "Hub instance to query for charts (default https://hub.helm.sh)",
    ),
    Flag::new("list-repo-url", Kind::Switch, "print charts repository URL"),
];

fn width(context: &Context<'_>) -> usize {
    match context.given.text("max-col-width").and_then(|width| width.parse().ok()) {
        Some(0) => usize::MAX,
        Some(width) => width,
        None => 50,
    }
}

/// The end of a search that found nothing.
fn nothing(context: &Context<'_>, encoding: Encoding) -> Outcome {
    if context.given.switch("fail-on-no-result") {
        return Err("no results found".to_owned().into());
    }
    if encoding == Encoding::Table {
        crate::output::print(b"No results found\n");
        return Ok(());
    }
    encoding.print(&[])
}

/// Searches the cached indexes. Helm: pkg/cmd/search_repo.go.
pub(crate) fn repo(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let encoding = Encoding::of(context)?;
    let words = given.positionals();
    let options = SearchOptions {
        words: (!words.is_empty()).then(|| words.join(" ")),
        is_regex: given.switch("regexp"),
        all_versions: given.switch("versions"),
        devel: given.switch("devel"),
        version: given.text("version").unwrap_or_default().to_owned(),
    };
    let places = repositories::places(context);
    let none = || Failure::Usage("no repositories configured".to_owned());
    let list = match Repositories::read_leniently(&places.config) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(none()),
        Err(error) => return Err(error.into()),
        Ok(read) if read.list.is_empty() => return Err(none()),
        Ok(read) => read.list,
    };
    let compat = context.settings.compat;
    let mut search = Search::new(&options)?;
    let mut warnings = Vec::new();
    for repository in &list {
        let name = &repository.name;
        let added = places.index(name, compat).and_then(|index| search.add(name, &index));
        match (added, compat) {
            (Ok(skipped), _) => warnings.extend(skipped),
            (Err(error), Compat::Helm3) => {
                let hint = format!("Repo {name:?} is corrupt or missing. Try 'helm repo update'.");
                warnings.push(Diagnostic::warning("repository", hint));
                warnings.push(Diagnostic::warning("repository", error.message()));
            }
            (Err(error), Compat::Helm4) => {
                let text = format!("repo is corrupt or missing: repo={name} error={:?}", error.message());
                warnings.push(Diagnostic::warning("repository", text));
            }
        }
    }
    crate::report::warnings(context.settings, &warnings);
    let hits = search.finish();
    if hits.is_empty() {
        return nothing(context, encoding);
    }
    if encoding == Encoding::Table {
        let mut table = Table::new(width(context));
        table.row(["NAME", "CHART VERSION", "APP VERSION", "DESCRIPTION"]);
        for hit in &hits {
            table.row([&hit.name, &hit.version, &hit.app_version, &hit.description]);
        }
        crate::output::print(format!("{table}\n").as_bytes());
        return Ok(());
    }
    let rows = hits.into_iter().map(|hit| {
        vec![
            ("name", hit.name.into()),
            ("version", hit.version.into()),
            ("app_version", hit.app_version.into()),
            ("description", hit.description.into()),
        ]
    });
    encoding.print(&rows.collect::<Vec<_>>())
}

/// Asks a hub. Helm: pkg/cmd/search_hub.go.
pub(crate) fn hub(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let encoding = Encoding::of(context)?;
    let endpoint = given.text("endpoint").unwrap_or(DEFAULT_ENDPOINT);
    let words = given.positionals().join(" ");
    let hits = search_hub(&repositories::fetcher(context), endpoint, &words)?;
    if hits.is_empty() {
        return nothing(context, encoding);
    }
    let with_repository = given.switch("list-repo-url");
    if encoding == Encoding::Table {
        let mut table = Table::new(width(context));
        let last = if with_repository { &["REPO URL"][..] } else { &[] };
        table.row(["URL", "CHART VERSION", "APP VERSION", "DESCRIPTION"].iter().chain(last));
        for hit in &hits {
            let cells = [&hit.url, &hit.version, &hit.app_version, &hit.description];
            table.row(cells.into_iter().chain(with_repository.then_some(&hit.repository_url)));
        }
        crate::output::print(format!("{table}\n").as_bytes());
        return Ok(());
    }
    let rows = hits.into_iter().map(|hit| {
        let repository = vec![("url", hit.repository_url.into()), ("name", hit.repository_name.into())];
        vec![
            ("url", hit.url.into()),
            ("version", hit.version.into()),
            ("app_version", hit.app_version.into()),
            ("description", hit.description.into()),
            ("repository", Cell::Group(repository)),
        ]
    });
    encoding.print(&rows.collect::<Vec<_>>())
}
