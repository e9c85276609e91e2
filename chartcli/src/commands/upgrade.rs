//! `chart upgrade`.

use chartcore::ErrorKind;
use chartcore::release::{Status, UpgradeOptions, ValuesReuse};

use super::install::{self, Loaded};
use super::release_report::{self, Format};
use super::{Context, Failure, Outcome, releases};
use crate::flags::{Flag, Kind};

/// `chart upgrade` besides the shared groups.
pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("cleanup-on-fail", Kind::Switch, "delete objects that a failed upgrade made"),
    Flag::new("history-max", Kind::Count("int"), "how many revisions are kept; 0 for all (default 10)"),
    Flag::new("install", Kind::Switch, "if a release by this name doesn't already exist, run an install")
        .short('i'),
    Flag::new("recreate-pods", Kind::Switch, "accepted for Helm 3's sake").only(chartcore::Compat::Helm3),
    Flag::new(
        "reset-then-reuse-values",
        Kind::Switch,
        "the chart's values, then the last release's, then new ones",
    ),
    Flag::new("reset-values", Kind::Switch, "reset the values to the ones built into the chart"),
    Flag::new("reuse-values", Kind::Switch, "reuse the last release's values and merge in new ones"),
];

/// Upgrades a release.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let format = Format::of(context)?;
    let options = options(context)?;
    let arguments = context.given.positionals();
    let (name, reference) = (arguments[0].as_str(), arguments[1].as_str());
    let releases = releases::open(context)?;
    if context.given.switch("install") {
        let history = match releases.history(name) {
            Ok(history) => Some(history),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let uninstalled = history.as_ref().is_some_and(|history| {
            history.last().is_some_and(|release| release.info.status == Status::Uninstalled)
        });
        if history.is_none() || uninstalled {
            if format == Format::Table {
                crate::output::print(
                    format!("Release {name:?} does not exist. Installing it now.\n").as_bytes(),
                );
            }
            let mut options = install::options(context)?;
            options.replace = uninstalled;
            let loaded = Loaded::read(context, reference)?;
            let release = install::install(context, &releases, name, &loaded, &options)?;
            return release_report::changed(context, release, format);
        }
    }
    let loaded = Loaded::read(context, reference)?;
    chartcore::render::check(&loaded.chart, &chartcore::render::RenderOptions::new("name"))?;
    let failed = |error: chartcore::Error| Failure::from(error).prefixed("UPGRADE FAILED: ");
    let plan = releases.plan_upgrade(name, &loaded.source(context), &options).map_err(failed)?;
    let outcome = releases.execute(plan).map_err(failed)?;
    if format == Format::Table {
        crate::output::print(format!("Release {name:?} has been upgraded. Happy Helming!\n").as_bytes());
    }
    release_report::changed(context, outcome.release, format)
}

/// Reads the flags of an upgrade.
pub(crate) fn options(context: &Context<'_>) -> Result<UpgradeOptions, Failure> {
    let given = &context.given;
    let reuse = if given.switch("reset-values") {
        ValuesReuse::Reset
    } else if given.switch("reuse-values") {
        ValuesReuse::Reuse
    } else if given.switch("reset-then-reuse-values") {
        ValuesReuse::ResetThenReuse
    } else {
        ValuesReuse::WhenNoneGiven
    };
    Ok(UpgradeOptions {
        change: releases::change(context)?,
        dry_run: releases::dry_run(context)?,
        reuse,
        labels: releases::labels(context),
    })
}
