//! The rules of the next revision.
//!
//! Helm: pkg/action/upgrade.go.

use std::collections::BTreeMap;

use super::install::{check_hidden, check_labels, described, wait_when_undone};
use super::plan::{Action, ChangeOptions, Plan, Step, Touch, Verb, method_after, prunes, recorded_method};
use super::prepare::{DryRun, Source, Target, recorded_chart};
use super::{Info, Release, Releases, Status, Time, is_release_name, ownership};
use crate::chart::Chart;
use crate::cluster::{Object, Propagation, WaitStrategy};
use crate::data::Value;
use crate::error::{Error, ErrorKind, Result};
use crate::values::{self, Overrides, Previous};

/// What an upgrade keeps of the values before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ValuesReuse {
    /// Everything when nothing new is given, else nothing.
    #[default]
    WhenNoneGiven,
    /// Nothing (`--reset-values`).
    Reset,
    /// The user's and the old chart's (`--reuse-values`).
    Reuse,
    /// The user's alone (`--reset-then-reuse-values`).
    ResetThenReuse,
}

/// How to upgrade.
#[derive(Debug, Clone, Default)]
pub struct UpgradeOptions {
    /// How the change is made.
    pub change: ChangeOptions,
    /// Whether it is only shown.
    pub dry_run: DryRun,
    /// What is kept of the values before.
    pub reuse: ValuesReuse,
    /// Labels to add to the record's; `null` removes one.
    pub labels: BTreeMap<String, String>,
}

impl Releases {
    /// Plans the next revision of a release. Reads the cluster, writes nothing.
    ///
    /// # Errors
    /// Whatever Helm refuses before it writes, in its words.
    pub fn plan_upgrade(&self, name: &str, source: &Source<'_>, options: &UpgradeOptions) -> Result<Plan> {
        self.cluster.check_reachable(self.compat)?;
        if !is_release_name(name) {
            return Err(Error::new(ErrorKind::Usage, format!("release name is invalid: {name}")));
        }
        check_hidden(source, options.dry_run, self.compat)?;
        let history = self.revisions(name).map_err(|error| no_deployed(error, name))?;
        let (last, current) = current(&history, name)?;
        let (chart, user) = self.reused(source, current, options.reuse)?;
        let overrides = match &user {
            Some(user) => Overrides::new().value(user.clone()),
            None => source.overrides.clone(),
        };
        let source = Source { chart: &chart, overrides: &overrides, skip_crds: true, ..*source };
        let revision = last.revision + 1;
        let target = Target { name, revision, is_upgrade: true, dry_run: options.dry_run };
        let prepared = self.prepare(&source, &target)?;
        check_labels(&options.labels)?;
        let method = method_after(options.change.apply, last, self.compat);
        let mut labels = last.labels.clone();
        labels.extend(options.labels.clone());
        labels.retain(|_, value| value != "null");
        let mut release = Release {
            name: name.to_owned(),
            namespace: current.namespace.clone(),
            revision,
            info: Info {
                first_deployed: current.info.first_deployed,
                last_deployed: self.now(),
                deleted: Time::default(),
                description: "Preparing upgrade".to_owned(),
                status: Status::PendingUpgrade,
                rollback_revision: 0,
                notes: prepared.notes,
            },
            chart: prepared.chart,
            config: prepared.config,
            manifest: prepared.manifest,
            hooks: prepared.hooks,
            labels,
            stored_labels: BTreeMap::new(),
            apply_method: recorded_method(method, self.compat),
        };
        let touches = self.changes(current, &release, options.change.take_ownership)?;
        if options.dry_run != DryRun::None {
            release.info.description = described(&options.change, "Dry run complete");
        }
        let mut change = options.change.clone();
        wait_when_undone(&mut change);
        let mut steps = prunes(&history, change.history_max);
        steps.push(Step::CreateRecord);
        steps.extend(change_steps(&release, touches, &change, ("pre-upgrade", "post-upgrade")));
        steps.push(Step::Supersede { revision: current.revision, description: String::new() });
        steps.push(Step::UpdateRecord {
            status: Status::Deployed.as_str().to_owned(),
            description: described(&change, "Upgrade complete"),
        });
        Ok(Plan {
            action: Action::Upgrade,
            compat: self.compat,
            newest: last.revision,
            base: Some(current.clone()),
            release,
            method,
            steps,
            options: change,
            propagation: Propagation::Background,
            warnings: prepared.warnings,
            dry_run: options.dry_run != DryRun::None,
            kept: String::new(),
        })
    }

    /// The chart and the user's values, with what is kept of those before.
    fn reused(
        &self,
        source: &Source<'_>,
        current: &Release,
        reuse: ValuesReuse,
    ) -> Result<(Chart, Option<Value>)> {
        let chart = source.chart.clone();
        if reuse == ValuesReuse::Reset {
            return Ok((chart, None));
        }
        let new = source.overrides.resolve(self.compat)?;
        let before = recorded_chart(current, self.compat)?;
        let previous = Previous { chart: &before, config: &current.config };
        Ok(match reuse {
            ValuesReuse::Reuse => {
                let (chart, user) = values::reuse(&chart, previous, &new)?;
                (chart, Some(user))
            }
            ValuesReuse::ResetThenReuse => (chart, Some(values::reset_then_reuse(previous, &new)?)),
            // Nothing new: as it was. Something new: keep the user's own words for error messages.
            _ if new.as_map().is_none_or(crate::data::Map::is_empty) => {
                (chart, Some(values::keep(previous, &new)))
            }
            _ => (chart, None),
        })
    }

    /// What becomes of each object between two revisions.
    pub(super) fn changes(
        &self,
        current: &Release,
        target: &Release,
        take_ownership: bool,
    ) -> Result<Vec<Touch>> {
        let (before, after) = self.objects_between(current, target)?;
        let new: Vec<Object> =
            after.iter().filter(|object| !before.iter().any(|old| old.is_same(object))).cloned().collect();
        let adopted = self.existing(&new, &target.name, take_ownership, "update")?;
        let mut touches: Vec<Touch> = after
            .iter()
            .map(|object| {
                let same = |other: &Object| other.is_same(object);
                let verb = if adopted.iter().any(same) {
                    Verb::Adopt
                } else if before.iter().any(same) {
                    Verb::Update
                } else {
                    Verb::Create
                };
                Touch::new(verb, object)
            })
            .collect();
        for object in before.iter().filter(|old| !after.iter().any(|new| new.is_same(old))) {
            let keep = object.annotation("helm.sh/resource-policy") == Some("keep");
            touches.push(Touch::new(if keep { Verb::Keep } else { Verb::Delete }, object));
        }
        Ok(touches)
    }

    /// The objects of both revisions, those of the second marked as the release's.
    pub(super) fn objects_between(
        &self,
        current: &Release,
        target: &Release,
    ) -> Result<(Vec<Object>, Vec<Object>)> {
        let before =
            self.cluster.objects(current.manifest.as_bytes(), &current.namespace).map_err(|error| {
                if error.message().contains("no matches for kind") {
                    error.prefixed(
                        "current release manifest contains removed kubernetes api(s) for this kubernetes version and it \
                         is therefore unable to build the kubernetes objects for performing the diff. error from \
                         kubernetes: ",
                    )
                } else {
                    error.prefixed("unable to build kubernetes objects from current release manifest: ")
                }
            })?;
        let mut after =
            self.cluster.objects(target.manifest.as_bytes(), &target.namespace).map_err(|error| {
                error.prefixed("unable to build kubernetes objects from new release manifest: ")
            })?;
        ownership::mark(&mut after, &target.name, &target.namespace);
        Ok((before, after))
    }
}

/// Hooks, objects, waiting, hooks.
pub(super) fn change_steps(
    release: &Release,
    touches: Vec<Touch>,
    change: &ChangeOptions,
    (before, after): (&str, &str),
) -> Vec<Step> {
    let has = |event: &str| {
        !change.no_hooks && release.hooks.iter().any(|hook| hook.events.iter().any(|it| it == event))
    };
    let mut steps = Vec::new();
    if has(before) {
        steps.push(Step::Hooks { event: before.to_owned() });
    }
    steps.push(Step::Resources { touches });
    if change.wait != WaitStrategy::HookOnly {
        steps.push(Step::Wait);
    }
    if has(after) {
        steps.push(Step::Hooks { event: after.to_owned() });
    }
    steps
}

/// The last revision, and the one whose objects are on the cluster.
///
/// Helm: `prepareUpgrade`.
fn current<'h>(history: &'h [Release], name: &str) -> Result<(&'h Release, &'h Release)> {
    let Some(last) = history.last() else { return Err(no_deployed(super::not_found(), name)) };
    if last.info.status.is_pending() {
        return Err(Error::new(
            ErrorKind::Release,
            "another operation (install/upgrade/rollback) is in progress",
        )
        .with_diagnostic(
            crate::diag::Diagnostic::error("pending", "another operation is in progress")
                .note(format!("revision {} is {}", last.revision, last.info.status))
                .hint(format!("if nothing is running any more: `chart unlock {name}`")),
        ));
    }
    if last.info.status == Status::Deployed {
        return Ok((last, last));
    }
    match history.iter().rfind(|release| release.info.status == Status::Deployed) {
        Some(deployed) => Ok((last, deployed)),
        None if matches!(last.info.status, Status::Failed | Status::Superseded) => Ok((last, last)),
        None => Err(no_deployed(super::not_found(), name)),
    }
}

/// Helm: driver.NewErrNoDeployedReleases.
fn no_deployed(error: Error, name: &str) -> Error {
    if error.kind() == ErrorKind::NotFound {
        let name = crate::quote::quoted(name.as_bytes());
        return Error::new(ErrorKind::NotFound, format!("{name} has no deployed releases"));
    }
    error
}
