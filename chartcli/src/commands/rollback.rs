//! `chart rollback`.

use chartcore::release::{DryRun, RollbackOptions};

use super::{Context, Failure, Outcome, releases};
use crate::flags::{Flag, Kind};

/// `chart rollback` besides the shared group.
pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("cleanup-on-fail", Kind::Switch, "delete objects that a failed rollback made"),
    Flag::new("history-max", Kind::Count("int"), "how many revisions are kept; 0 for all (default 10)"),
    Flag::new("recreate-pods", Kind::Switch, "accepted for Helm 3's sake").only(chartcore::Compat::Helm3),
];

/// Rolls a release back.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let arguments = context.given.positionals();
    let revision = match arguments.get(1) {
        None => 0,
        Some(text) => text.parse().map_err(|_| {
            Failure::Usage(format!(
                "could not convert revision to a number: strconv.Atoi: parsing {text:?}: invalid syntax"
            ))
        })?,
    };
    let options = RollbackOptions {
        change: releases::change(context)?,
        revision,
        dry_run: releases::dry_run(context)? != DryRun::None,
    };
    let releases = releases::open(context)?;
    let plan = releases.plan_rollback(&arguments[0], &options)?;
    releases.execute(plan)?;
    crate::output::print(b"Rollback was a success! Happy Helming!\n");
    Ok(())
}
