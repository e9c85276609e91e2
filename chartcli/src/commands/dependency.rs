//! `chart dependency`.

use std::path::{Path, PathBuf};

use chartcore::archive::provenance::Keyring;
use chartcore::chart::{self, LoadOptions, VersionCheck};
use chartcore::dependency;
use chartcore::files::directory::Symlinks;
use chartcore::vendor::{self, Branch, Refresh, Unknown, Vendor};
use chartcore::{Chart, archive};

use super::{Context, Failure, Outcome, oci, repositories};
use crate::flags::{Flag, Kind};
use crate::network;
use crate::output::{Cell, Encoding, Row, Table};
use crate::settings::Role;

pub(crate) const FLAGS: &[Flag] =
    &[Flag::new("max-col-width", Kind::Count("uint"), "maximum column width for output table (default 80)")];

pub(crate) const VENDOR_FLAGS: &[Flag] = &[
    Flag::new("keyring", Kind::Text("string"), "keyring containing public keys (default GnuPG's)"),
    Flag::new("locked", Kind::Switch, "fail unless Chart.lock is there and fits Chart.yaml; never change it"),
    Flag::new("offline", Kind::Switch, "take indexes and archives from the cache alone"),
    Flag::new("skip-refresh", Kind::Switch, "do not refresh the local repository cache"),
    Flag::new("verify", Kind::Switch, "verify the packages against signatures"),
];

pub(crate) const TREE_FLAGS: &[Flag] =
    &[Flag::new("output", Kind::Text("format"), "table, json or yaml (default table)").short('o')];

/// The paths that are given, or the folder we are in.
fn paths(context: &Context<'_>) -> Vec<PathBuf> {
    let given = context.given.positionals();
    if given.is_empty() {
        return vec![PathBuf::from(".")];
    }
    given.iter().map(|path| PathBuf::from(chartcore::files::clean_path(path))).collect()
}

/// How the charts of these commands are loaded.
fn load_options(context: &Context<'_>) -> LoadOptions {
    let options = LoadOptions::new(context.settings.compat).version_check(VersionCheck::Skip);
    match context.settings.role {
        Role::DropIn => options.symlinks(Symlinks::Follow),
        Role::Native => options,
    }
}

/// What is done with one chart's dependencies.
pub(crate) type Work = fn(&Path, &Vendor<'_>) -> chartcore::Result<()>;

/// Updates or builds the dependencies of a chart; what Helm prints goes to `say`.
pub(crate) fn vendor(
    context: &Context<'_>,
    path: &Path,
    work: Work,
    say: &(dyn Fn(&str) + Sync),
) -> Result<(), Failure> {
    let (given, settings) = (&context.given, context.settings);
    let (places, fetcher) = (repositories::places(context), repositories::fetcher(context));
    let (registry, progress) = (oci::registry(context)?, network::progress());
    let mut vendor = Vendor::new(&places, &fetcher, &registry, &*progress, say);
    vendor.load = load_options(context);
    vendor.refresh = match (given.switch("offline"), given.switch("skip-refresh")) {
        (true, _) => Refresh::Offline,
        (false, true) => Refresh::Skip,
        (false, false) => Refresh::Needed,
    };
    vendor.locked = given.switch("locked");
    vendor.now = settings.archive_time()?.unwrap_or(settings.now);
    vendor.mtime = settings.archive_time()?;
    if settings.role == Role::DropIn {
        vendor.unknown = Unknown::Refuse;
        vendor.recursive = false;
    }
    let verifier = |name: &str, bytes: &[u8], provenance: &[u8]| {
        let keyring = given.text("keyring").unwrap_or(&settings.keyring);
        let ring =
            Keyring::read(Path::new(keyring)).map_err(|error| error.prefixed("failed to load keyring: "))?;
        ring.verify(archive::sha256(bytes), name, provenance, settings.compat, settings.now)?;
        Ok(())
    };
    if given.switch("verify") {
        vendor.verifier = Some(&verifier);
        // `build` lets charts without provenance pass, as Helm does.
        vendor.verify_always = !std::ptr::fn_addr_eq(work, vendor::build as Work);
    }
    Ok(work(path, &vendor)?)
}

/// Works on every chart that is given; one that fails does not stop the others.
fn each(context: &Context<'_>, work: Work) -> Outcome {
    let say = |line: &str| crate::output::print(format!("{line}\n").as_bytes());
    let paths = paths(context);
    if paths.len() > 1 && context.settings.role == Role::DropIn {
        return Err("accepts at most 1 argument".to_owned().into());
    }
    let mut failed = Vec::new();
    let count = paths.len();
    for path in &paths {
        match vendor(context, path, work, &say) {
            Ok(()) => {}
            Err(failure) if count == 1 => return Err(failure),
            Err(failure) => {
                crate::report::failure(context.settings, &failure);
                failed.push(path.display().to_string());
            }
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!("{} of {count} charts failed: {}", failed.len(), failed.join(", ")).into())
}

/// Updates `charts/` and Chart.lock. Helm: pkg/cmd/dependency_update.go.
pub(crate) fn update(context: &Context<'_>) -> Outcome {
    each(context, vendor::update)
}

/// Builds `charts/` from Chart.lock. Helm: pkg/cmd/dependency_build.go.
pub(crate) fn build(context: &Context<'_>) -> Outcome {
    each(context, vendor::build)
}

/// Updates a chart's dependencies for a command that goes on with it; `loudly` on standard error.
pub(crate) fn update_for(context: &Context<'_>, path: &Path, loudly: bool) -> Result<(), Failure> {
    let say = |line: &str| {
        if loudly {
            crate::report::note(&format!("{line}\n"));
        }
    };
    vendor(context, path, vendor::update, &say)
}

/// Draws what a chart is made of.
pub(crate) fn tree(context: &Context<'_>) -> Outcome {
    let encoding = Encoding::of(context)?;
    let path = paths(context).remove(0);
    let options = load_options(context);
    let tree = vendor::tree(&path, &chart::load(&path, &options)?, &options);
    match encoding {
        Encoding::Table => crate::output::print(tree.to_string().as_bytes()),
        _ => encoding.print_one(&row(&tree))?,
    }
    Ok(())
}

fn row(branch: &Branch) -> Row {
    let mut fields: Row =
        vec![("name", branch.name.clone().into()), ("version", branch.version.clone().into())];
    if !branch.range.is_empty() {
        fields.push(("range", branch.range.clone().into()));
    }
    if !branch.repository.is_empty() {
        fields.push(("repository", branch.repository.clone().into()));
    }
    if let Some(status) = branch.status {
        fields.push(("status", status.to_string().into()));
    }
    fields.push(("dependencies", Cell::List(branch.branches.iter().map(row).collect())));
    fields
}

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

/// Refuses a chart that lacks dependencies, or fetches them with `--dependency-update`. Helm: `runInstall`.
pub(crate) fn check(
    context: &Context<'_>,
    path: &Path,
    chart: Chart,
    load: impl FnOnce() -> Result<Chart, Failure>,
) -> Result<Chart, Failure> {
    if !context.given.switch("dependency-update") || chart.missing_dependencies().is_empty() {
        return Ok(chart);
    }
    update_for(context, path, true)?;
    load()
}
