//! `chart publish`, `chart changed`, `chart trace`.

use std::path::{Path, PathBuf};

use chartcore::publish::{self, OnExists, PublishOptions, Published, Strategy, Trace, Vendoring};
use chartcore::registry::{Reference, Registry};
use chartcore::transport::Client;
use chartcore::vendor::{self, Vendor};

use super::{Context, Failure, Outcome, oci, repositories, source};
use crate::flags::{Flag, Kind};
use crate::network;

pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("allow-dirty", Kind::Switch, "publish what differs from the commit, and say so in the chart"),
    Flag::new("allow-latest", Kind::Switch, "let images have the tag latest or none"),
    Flag::new("app-version", Kind::Text("string"), "the version of what the chart installs"),
    Flag::new("append-git-hash", Kind::Switch, "publish VERSION-HASH, with appVersion HASH"),
    Flag::new(
        "changed-since",
        Kind::Text("ref"),
        "publish the charts (in and below DIR, default charts/) that changed since this commit",
    ),
    Flag::new("check-images", Kind::Switch, "ask the registries for every image the chart names"),
    Flag::new("dry-run", Kind::Switch, "do everything but push"),
    Flag::new("from-tag", Kind::Switch, "publish the version tag of the commit, without its v"),
    Flag::new("git-describe", Kind::Switch, "publish an ordered version: the last tag and the commits since"),
    Flag::new(
        "git-hash",
        Kind::Text("string"),
        "the hash to append, instead of the commit's first seven digits",
    ),
    Flag::new("kube-version", Kind::Text("string"), "Kubernetes version to lint and render for"),
    Flag::new(
        "on-exists",
        Kind::Text("fail|skip|verify"),
        "what to do where the version is there (default fail)",
    ),
    Flag::new("safe-hash", Kind::Switch, "write a g before the hash, so that every hash makes a version"),
    Flag::new("set-image", Kind::Array("path=image"), "set an image in the published values.yaml"),
    Flag::new("source", Kind::Text("url"), "where the source is, for the annotation that registries show"),
    Flag::new("version", Kind::Text("string"), "publish this version"),
];

pub(crate) const CHANGED: &[Flag] =
    &[Flag::new("since", Kind::Text("ref"), "the commit to compare with: a hash, a tag, a branch")];

pub(crate) const TRACE: &[Flag] =
    &[Flag::new("output", Kind::Text("text|json"), "how to print it (default text)").short('o')];

/// The folder that charts are looked for in when none is named.
const CHARTS: &str = "charts";

/// Publishes charts, each version once and for all, and prints one line of JSON for each.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let mut folders = context.given.positionals();
    let target = folders.pop().unwrap_or_default();
    if !Reference::is_oci(&target) {
        return Err(Failure::Usage(format!("the last argument must be oci://HOST/PATH, got {target:?}")));
    }
    let folders = chosen(context, folders)?;
    if folders.is_empty() {
        crate::report::note("no chart changed, nothing to publish\n");
        return Ok(());
    }
    let options = options(context)?;
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (places, fetcher) = (repositories::places(context), repositories::fetcher(context));
    let (registry, progress) = (registry(context, &target)?, network::progress());
    let quiet = |_: &str| {};
    let mut vendor = Vendor::new(&places, &fetcher, &registry, &*progress, &quiet);
    vendor.mtime = options.epoch;
    let build = |folder: &Path| vendor::build(folder, &vendor);
    let vendoring = Vendoring { folder: scratch.path(), build: &build };
    let prepared = publish::prepare(&folders, &options, Some(&vendoring))?;
    for chart in &prepared {
        crate::report::warnings(context.settings, chart.warnings());
    }
    publish::publish(&registry, &prepared, &target, &options, &mut print)?;
    Ok(())
}

fn print(published: Published) {
    crate::report::note(&format!("{}: {}\n", published.reference, published.status.as_str()));
    let mut line = serde_json::to_vec(&published).unwrap_or_default();
    line.push(b'\n');
    crate::output::print(&line);
}

/// Images may be in many registries, of which `--plain-http` means the one that is published to.
fn registry(context: &Context<'_>, target: &str) -> Result<Registry, Failure> {
    let client = Client::new(&network::client_options(context))?;
    let registry = Registry::new(client, oci::logins(context));
    let host = target.trim_start_matches("oci://").split('/').next().unwrap_or_default().to_ascii_lowercase();
    Ok(if context.given.switch("plain-http") { registry.plain_http_at(host) } else { registry })
}

/// The charts to publish: those that are named, or those that changed.
fn chosen(context: &Context<'_>, mut folders: Vec<String>) -> Result<Vec<PathBuf>, Failure> {
    let paths = |folders: Vec<String>| folders.into_iter().map(PathBuf::from).collect::<Vec<_>>();
    match context.given.text("changed-since").filter(|since| !since.is_empty()) {
        Some(since) => {
            if folders.is_empty() {
                folders.push(CHARTS.to_owned());
            }
            Ok(publish::changed(&paths(folders), since)?)
        }
        None if folders.is_empty() => {
            Err(Failure::Usage("name the charts to publish, or pass --changed-since".to_owned()))
        }
        None => Ok(paths(folders)),
    }
}

fn options(context: &Context<'_>) -> Result<PublishOptions, Failure> {
    let given = &context.given;
    let text = |flag: &str| given.text(flag).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut options = PublishOptions::new(context.settings.compat);
    options.strategy = strategy(context)?;
    options.app_version = text("app-version");
    options.git_hash = text("git-hash");
    options.safe_hash = given.switch("safe-hash");
    options.allow_latest = given.switch("allow-latest");
    options.allow_dirty = given.switch("allow-dirty");
    options.check_images = given.switch("check-images");
    options.dry_run = given.switch("dry-run");
    options.source = text("source");
    options.epoch = context.settings.source_date_epoch.and_then(|seconds| u64::try_from(seconds).ok());
    options.overrides = source::overrides(context)?;
    options.overrides.resolve(context.settings.compat)?;
    options.on_exists = match given.text("on-exists") {
        None | Some("fail") => OnExists::Fail,
        Some("skip") => OnExists::Skip,
        Some("verify") => OnExists::Verify,
        Some(other) => {
            return Err(Failure::Usage(format!(
                "invalid argument {other:?} for \"--on-exists\" flag: must be \"fail\", \"skip\" or \"verify\""
            )));
        }
    };
    for pair in given.array("set-image") {
        let Some((path, image)) =
            pair.split_once('=').filter(|(path, image)| !path.is_empty() && !image.is_empty())
        else {
            return Err(Failure::Usage(format!("--set-image {pair}: expected PATH=IMAGE")));
        };
        options.images.push((path.to_owned(), image.to_owned()));
    }
    if let Some(version) = text("kube-version") {
        options.kube_version = Some(source::kube_version(&version)?);
    }
    Ok(options)
}

/// At most one way to make the version.
fn strategy(context: &Context<'_>) -> Result<Strategy, Failure> {
    let given = &context.given;
    let version = given.text("version").filter(|version| !version.is_empty());
    let mut asked: Vec<Strategy> =
        version.map(|version| Strategy::Given(version.to_owned())).into_iter().collect();
    for (flag, strategy) in [
        ("append-git-hash", Strategy::GitHash),
        ("from-tag", Strategy::Tag),
        ("git-describe", Strategy::Describe),
    ] {
        if given.switch(flag) {
            asked.push(strategy);
        }
    }
    match asked.len() {
        0 => Ok(Strategy::Base),
        1 => Ok(asked.remove(0)),
        _ => {
            let flags = "--version, --append-git-hash, --from-tag, --git-describe";
            Err(Failure::Usage(format!("give at most one of {flags}")))
        }
    }
}

/// Prints the folders of the charts that changed.
pub(crate) fn changed(context: &Context<'_>) -> Outcome {
    let Some(since) = context.given.text("since").filter(|since| !since.is_empty()) else {
        return Err(Failure::Usage("required flag(s) \"since\" not set".to_owned()));
    };
    let mut folders = context.given.positionals();
    if folders.is_empty() {
        folders.push(CHARTS.to_owned());
    }
    let folders: Vec<PathBuf> = folders.into_iter().map(PathBuf::from).collect();
    let mut text = String::new();
    for folder in publish::changed(&folders, since)? {
        text.push_str(&format!("{}\n", folder.display()));
    }
    crate::output::print(text.as_bytes());
    Ok(())
}

/// Prints where a published chart came from.
pub(crate) fn trace(context: &Context<'_>) -> Outcome {
    let name = context.given.positionals().remove(0);
    let registry = oci::registry(context)?;
    let reference =
        registry.resolve(&Reference::parse(&name)?, oci::wanted(context), context.settings.compat)?;
    let trace = publish::trace(&registry, &reference)?;
    match context.given.text("output") {
        None | Some("text") => crate::output::print(shown(&trace).as_bytes()),
        Some("json") => {
            let mut line = serde_json::to_vec(&trace).unwrap_or_default();
            line.push(b'\n');
            crate::output::print(&line);
        }
        Some(other) => {
            return Err(Failure::Usage(format!(
                "invalid argument {other:?} for \"-o, --output\" flag: must be \"text\" or \"json\""
            )));
        }
    }
    Ok(())
}

fn shown(trace: &Trace) -> String {
    let rows = [
        ("ref", &trace.reference),
        ("name", &trace.name),
        ("version", &trace.version),
        ("appVersion", &trace.app_version),
        ("commit", &trace.commit),
        ("source", &trace.source),
        ("created", &trace.created),
        ("manifestDigest", &trace.manifest_digest),
        ("chartDigest", &trace.chart_digest),
    ];
    rows.iter()
        .map(|(key, text)| format!("{key}: {}\n", if text.is_empty() { "unknown" } else { text }))
        .collect()
}
