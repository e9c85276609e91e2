//! `chart uninstall`.

use chartcore::ErrorKind;
use chartcore::cluster::Propagation;
use chartcore::release::UninstallOptions;

use super::{Context, Failure, Outcome, releases};
use crate::flags::{Flag, Kind};

/// `chart uninstall`.
pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("cascade", Kind::Text("string"), "background, orphan or foreground (default background)"),
    Flag::new("description", Kind::Text("string"), "add a custom description"),
    Flag::new("dry-run", Kind::Switch, "simulate an uninstall"),
    Flag::new("ignore-not-found", Kind::Switch, "treat \"release not found\" as a successful uninstall"),
    Flag::new("keep-history", Kind::Switch, "mark the release as uninstalled, but keep its history"),
    Flag::new("no-hooks", Kind::Switch, "prevent hooks from running during uninstallation"),
    Flag::new("timeout", Kind::Duration("duration"), "time to wait for any operation (default 5m0s)"),
    Flag::new("wait", Kind::Optional("watcher|legacy|hookOnly", "watcher"), "wait until everything is gone"),
];

/// Takes releases off.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let cascade = given.text("cascade").unwrap_or("background");
    let propagation = Propagation::parse(cascade).ok_or_else(|| {
        Failure::Usage(format!(
            "invalid cascade value ({cascade}). Must be \"background\", \"foreground\", or \"orphan\""
        ))
    })?;
    let options = UninstallOptions {
        change: releases::change(context)?,
        dry_run: given.switch("dry-run"),
        keep_history: given.switch("keep-history"),
        propagation,
    };
    let releases = releases::open(context)?;
    for name in given.positionals() {
        let kept = match releases.plan_uninstall(&name, &options) {
            Ok(plan) => releases.execute(plan)?.kept,
            Err(error) if error.kind() == ErrorKind::NotFound && given.switch("ignore-not-found") => {
                String::new()
            }
            Err(error) => return Err(error.into()),
        };
        if !kept.is_empty() {
            crate::output::print(format!("{kept}\n").as_bytes());
        }
        crate::output::print(format!("release \"{name}\" uninstalled\n").as_bytes());
    }
    Ok(())
}
