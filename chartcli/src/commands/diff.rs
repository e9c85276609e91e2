//! `chart diff`, `chart plan`, `chart apply`, `chart unlock`, `chart crds`: what Helm has no words for.

use chartcore::ErrorKind;
use chartcore::release::{DiffOptions, Difference, DryRun, InstallOptions, Plan, Releases, Status};

use super::install::{self, Loaded};
use super::{Context, Failure, Outcome, releases, source, upgrade};
use crate::flags::{Flag, Kind};

use Kind::{Count, Switch, Text};

/// Of `diff` and `crds diff`.
pub(crate) const DIFF_FLAGS: &[Flag] = &[
    Flag::new("context", Count("lines"), "how many lines around a change are shown (default 3)"),
    Flag::new("detailed-exitcode", Switch, "exit with 2 when there are differences"),
    Flag::new("show-secrets", Switch, "show the values of Secrets"),
];

/// Of `diff` alone.
pub(crate) const LIVE_FLAGS: &[Flag] =
    &[Flag::new("live", Switch, "compare live objects with what the server would make of them")];

/// Of `plan` and `apply`.
pub(crate) const PLAN_FLAGS: &[Flag] = &[Flag::new("plan", Text("file"), "the file that holds the plan")];

/// Of `crds apply`.
pub(crate) const CRDS_FLAGS: &[Flag] =
    &[Flag::new("force-conflicts", Switch, "take fields that others manage")];

/// Shows what an upgrade, or the first install, would change.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let releases = releases::open(context)?;
    let plan = plan_change(context, &releases, DryRun::Server)?;
    let options = options(context);
    show(context, &releases.diff(&plan, &options)?)
}

fn options(context: &Context<'_>) -> DiffOptions {
    let given = &context.given;
    DiffOptions {
        live: given.switch("live"),
        show_secrets: given.switch("show-secrets"),
        context: given.text("context").and_then(|text| text.parse().ok()).unwrap_or(3),
    }
}

fn show(context: &Context<'_>, differences: &[Difference]) -> Outcome {
    let text: String = differences.iter().map(Difference::to_string).collect();
    crate::output::print(text.as_bytes());
    if !differences.is_empty() && context.given.switch("detailed-exitcode") {
        return Err(Failure::Exit(2));
    }
    Ok(())
}

/// The plan of `upgrade --install`.
fn plan_change(context: &Context<'_>, releases: &Releases, dry_run: DryRun) -> Result<Plan, Failure> {
    let arguments = context.given.positionals();
    let (name, reference) = (arguments[0].as_str(), arguments[1].as_str());
    let loaded = Loaded::read(context, reference)?;
    let source = loaded.source(context);
    let last = match releases.history(name) {
        Ok(mut history) => history.pop(),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let uninstalled = last.as_ref().is_some_and(|release| release.info.status == Status::Uninstalled);
    if last.is_some() && !uninstalled {
        let mut options = upgrade::options(context)?;
        options.dry_run = dry_run;
        return Ok(releases.plan_upgrade(name, &source, &options)?);
    }
    let options = InstallOptions { dry_run, replace: uninstalled, ..install::options(context)? };
    Ok(releases.plan_install(name, &source, &options)?)
}

/// Says what an upgrade, or the first install, would do, and keeps it in a file if asked.
pub(crate) fn plan(context: &Context<'_>) -> Outcome {
    let releases = releases::open(context)?;
    let plan = plan_change(context, &releases, DryRun::None)?;
    if let Some(path) = context.given.text("plan").filter(|path| !path.is_empty()) {
        let text = serde_json::to_vec(&plan.to_json()).unwrap_or_default();
        // It holds the release's values: nobody else's business.
        crate::output::write_private(std::path::Path::new(path), &text)
            .map_err(|error| Failure::Usage(format!("{path}: {error}")))?;
    }
    if context.given.text("output") == Some("json") {
        let text = serde_json::to_string(&described(&plan)).unwrap_or_default();
        crate::output::print(format!("{text}\n").as_bytes());
        return Ok(());
    }
    crate::output::print(plan.to_string().as_bytes());
    Ok(())
}

/// The plan without what it would write: nothing secret.
fn described(plan: &Plan) -> serde_json::Value {
    let mut steps = serde_json::to_value(&plan.steps).unwrap_or_default();
    for step in steps.as_array_mut().into_iter().flatten().filter_map(serde_json::Value::as_object_mut) {
        step.remove("manifest");
    }
    serde_json::json!({
        "action": plan.action.as_str(),
        "release": plan.release.name,
        "namespace": plan.release.namespace,
        "revision": plan.release.revision,
        "chart": plan.release.chart_title(),
        "method": plan.method.as_str(),
        "steps": steps,
    })
}

/// Does what a kept plan says, if the release has not moved on.
pub(crate) fn apply(context: &Context<'_>) -> Outcome {
    let path = context.given.text("plan").filter(|path| !path.is_empty());
    let path = path.ok_or_else(|| Failure::Usage("apply wants a plan: `--plan FILE`".to_owned()))?;
    let text = std::fs::read(path).map_err(|error| Failure::Usage(format!("{path}: {error}")))?;
    let json = serde_json::from_slice(&text)
        .map_err(|error| Failure::Usage(format!("{path}: this is no plan: {error}")))?;
    let plan = Plan::from_json(&json)?;
    let releases = releases::open_namespace(context, &plan.release.namespace)?;
    releases.check_current(&plan)?;
    let (action, name) = (plan.action, plan.release.name.clone());
    let release = releases.execute(plan)?.release;
    crate::output::print(
        format!(
            "{} of {name} is done: revision {} is {}\n",
            action.as_str(),
            release.revision,
            release.info.status
        )
        .as_bytes(),
    );
    Ok(())
}

/// Puts a release that is stuck back to where one can go on.
pub(crate) fn unlock(context: &Context<'_>) -> Outcome {
    let releases = releases::open(context)?;
    let name = &context.given.positionals()[0];
    let plan = releases.plan_unlock(name)?;
    let release = releases.execute(plan)?.release;
    crate::output::print(
        format!("release {name:?}, revision {}: {}\n", release.revision, release.info.description).as_bytes(),
    );
    Ok(())
}

/// Shows how a chart's CRDs differ from those on the cluster.
pub(crate) fn crds_diff(context: &Context<'_>) -> Outcome {
    let chart = source::load(context, &source::locate(context, &context.given.positionals()[0])?)?;
    let releases = releases::open(context)?;
    let differences = releases.diff_crds(&chart, &options(context))?;
    show(context, &differences)
}

/// Applies a chart's CRDs.
pub(crate) fn crds_apply(context: &Context<'_>) -> Outcome {
    let chart = source::load(context, &source::locate(context, &context.given.positionals()[0])?)?;
    let releases = releases::open(context)?;
    for (name, created) in releases.apply_crds(&chart, context.given.switch("force-conflicts"))? {
        let verb = if created { "created" } else { "applied" };
        crate::output::print(format!("{name} {verb}\n").as_bytes());
    }
    Ok(())
}
