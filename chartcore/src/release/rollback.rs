//! The rules of taking an old revision again.
//!
//! Helm: pkg/action/rollback.go.

use std::collections::BTreeMap;

use super::plan::{Action, ChangeOptions, Plan, Step, method_after, prunes, recorded_method};
use super::upgrade::change_steps;
use super::{Info, Release, Releases, Status, Time, is_release_name};
use crate::Compat;
use crate::cluster::Propagation;
use crate::error::{Error, ErrorKind, Result};

/// Helm: `MaxDescriptionLength`.
const MAX_DESCRIPTION: usize = 256;

/// How to roll back.
#[derive(Debug, Clone, Default)]
pub struct RollbackOptions {
    /// How the change is made.
    pub change: ChangeOptions,
    /// The revision to take again; 0 for the one before the last.
    pub revision: i64,
    /// Whether it is only shown.
    pub dry_run: bool,
}

impl Releases {
    /// Plans a rollback. Reads the cluster, writes nothing.
    ///
    /// # Errors
    /// Whatever Helm refuses before it writes, in its words.
    pub fn plan_rollback(&self, name: &str, options: &RollbackOptions) -> Result<Plan> {
        let length = options.change.description.chars().count();
        if length > MAX_DESCRIPTION {
            let text = format!("description must be {MAX_DESCRIPTION} characters or less, got {length}");
            return Err(Error::new(ErrorKind::Usage, text));
        }
        self.cluster.check_reachable(self.compat)?;
        if !is_release_name(name) {
            let text = format!("prepareRollback: Release name is invalid: {name}");
            return Err(Error::new(ErrorKind::Usage, text));
        }
        if options.revision < 0 {
            return Err(Error::new(ErrorKind::Usage, "invalid release revision"));
        }
        let history = self.revisions(name)?;
        let Some(last) = history.last() else { return Err(super::not_found()) };
        let wanted = if options.revision == 0 { last.revision - 1 } else { options.revision };
        let Some(previous) = history.iter().find(|release| release.revision == wanted) else {
            return Err(Error::new(ErrorKind::NotFound, format!("release has no {wanted} version")));
        };
        let method = method_after(options.change.apply, previous, self.compat);
        let description = match options.change.description.as_str() {
            "" => format!("Rollback to {wanted}"),
            text => text.to_owned(),
        };
        let release = Release {
            name: name.to_owned(),
            namespace: last.namespace.clone(),
            revision: last.revision + 1,
            info: Info {
                first_deployed: last.info.first_deployed,
                last_deployed: self.now(),
                deleted: Time::default(),
                description: description.clone(),
                status: Status::PendingRollback,
                rollback_revision: if self.compat == Compat::Helm4 { wanted } else { 0 },
                notes: previous.info.notes.clone(),
            },
            chart: previous.chart.clone(),
            config: previous.config.clone(),
            manifest: previous.manifest.clone(),
            hooks: previous.hooks.clone(),
            labels: previous.labels.clone(),
            stored_labels: BTreeMap::new(),
            apply_method: recorded_method(method, self.compat),
        };
        // A rollback takes what is there: it was the release's before.
        let touches = if options.dry_run { Vec::new() } else { self.changes(last, &release, true)? };
        let mut steps = prunes(&history, options.change.history_max);
        steps.push(Step::CreateRecord);
        steps.extend(change_steps(&release, touches, &options.change, ("pre-rollback", "post-rollback")));
        for deployed in history.iter().filter(|release| release.info.status == Status::Deployed) {
            steps.push(Step::Supersede { revision: deployed.revision, description: String::new() });
        }
        steps.push(Step::UpdateRecord { status: Status::Deployed.as_str().to_owned(), description });
        Ok(Plan {
            action: Action::Rollback,
            compat: self.compat,
            newest: last.revision,
            base: Some(last.clone()),
            release,
            method,
            steps,
            options: options.change.clone(),
            propagation: Propagation::Background,
            warnings: Vec::new(),
            dry_run: options.dry_run,
            kept: String::new(),
        })
    }
}
