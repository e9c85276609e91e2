//! The rules of taking a release off.
//!
//! Helm: pkg/action/uninstall.go.

use super::plan::{Action, ChangeOptions, Plan, Step, Touch, Verb};
use super::{ApplyMethod, Release, Releases, Status, is_release_name, ownership};
use crate::Compat;
use crate::cluster::{Object, Propagation, WaitStrategy};
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::KindOrder;

/// How to uninstall.
#[derive(Debug, Clone, Default)]
pub struct UninstallOptions {
    /// How the change is made.
    pub change: ChangeOptions,
    /// Whether it is only shown.
    pub dry_run: bool,
    /// Whether records stay (`--keep-history`).
    pub keep_history: bool,
    /// What becomes of dependents (`--cascade`).
    pub propagation: Propagation,
}

impl Releases {
    /// Plans to take a release off. Reads the cluster, writes nothing.
    ///
    /// # Errors
    /// Whatever Helm refuses before it writes, in its words.
    pub fn plan_uninstall(&self, name: &str, options: &UninstallOptions) -> Result<Plan> {
        self.cluster.check_reachable(self.compat)?;
        if !is_release_name(name) {
            let text = format!("uninstall: Release name is invalid: {name}");
            return Err(Error::new(ErrorKind::Usage, text));
        }
        let history = self.revisions(name).map_err(|error| {
            if options.dry_run {
                error
            } else {
                error.prefixed(format!("uninstall: Release not loaded: {name}: "))
            }
        })?;
        let Some(last) = history.last() else { return Err(super::not_found()) };
        let mut release = last.clone();
        let records = || history.iter().map(|release| Step::DeleteRecord { revision: release.revision });
        let mut plan = Plan {
            action: Action::Uninstall,
            compat: self.compat,
            release: last.clone(),
            base: Some(last.clone()),
            newest: last.revision,
            // Hooks of an uninstall are applied by the server in Helm 4, however the release was made.
            method: match self.compat {
                Compat::Helm3 => ApplyMethod::ClientSide,
                Compat::Helm4 => ApplyMethod::ServerSide,
            },
            steps: Vec::new(),
            options: options.change.clone(),
            propagation: options.propagation,
            warnings: Vec::new(),
            dry_run: options.dry_run,
            kept: String::new(),
        };
        if last.info.status == Status::Uninstalled && !options.dry_run {
            if options.keep_history {
                let text = format!("the release named {:?} is already deleted", name);
                return Err(Error::new(ErrorKind::Release, text));
            }
            plan.steps = records().collect();
            return Ok(plan);
        }
        release.info.status = Status::Uninstalling;
        release.info.deleted = self.now();
        release.info.description = "Deletion in progress (or silently failed)".to_owned();
        let touches = self.deletions(&release, &mut plan)?;
        let has = |event: &str| {
            !options.change.no_hooks
                && release.hooks.iter().any(|hook| hook.events.iter().any(|known| known == event))
        };
        let hooks = |event: &str| Step::Hooks { event: event.to_owned() };
        if has("pre-delete") {
            plan.steps.push(hooks("pre-delete"));
        }
        plan.steps.push(Step::UpdateRecord {
            status: Status::Uninstalling.as_str().to_owned(),
            description: release.info.description.clone(),
        });
        plan.steps.push(Step::DeleteResources { touches });
        if options.change.wait != WaitStrategy::HookOnly {
            plan.steps.push(Step::WaitForDelete);
        }
        if has("post-delete") {
            plan.steps.push(hooks("post-delete"));
        }
        if options.keep_history {
            let description = super::install::described(&options.change, "Uninstallation complete");
            plan.steps
                .push(Step::UpdateRecord { status: Status::Uninstalled.as_str().to_owned(), description });
            for deployed in history
                .iter()
                .filter(|other| other.info.status == Status::Deployed && other.revision != last.revision)
            {
                plan.steps.push(Step::Supersede { revision: deployed.revision, description: String::new() });
            }
        } else {
            plan.steps.extend(records());
        }
        plan.release = release;
        Ok(plan)
    }

    /// The objects to delete in their order, and in the plan what is kept and why.
    fn deletions(&self, release: &Release, plan: &mut Plan) -> Result<Vec<Touch>> {
        let failed = |error: Error| {
            let text = format!("failed to delete release: {}", release.name);
            Error::new(ErrorKind::Release, text).with_source(error)
        };
        let mut objects =
            self.cluster.objects(release.manifest.as_bytes(), &release.namespace).map_err(failed)?;
        KindOrder::uninstall(self.compat).sort(&mut objects, |object| &object.resource.kind);
        let (kept, candidates): (Vec<Object>, Vec<Object>) = objects.into_iter().partition(|object| {
            let policy = object.annotation("helm.sh/resource-policy").map(|text| text.trim().to_lowercase());
            policy.as_deref() == Some("keep")
        });
        let mut text = String::new();
        if !kept.is_empty() {
            text.push_str("These resources were kept due to the resource policy:\n");
        }
        for object in &kept {
            text.push_str(&format!("[{}] {}\n", object.resource.kind, object.name));
        }
        let mut touches = Vec::new();
        let mut unowned = Vec::new();
        let mut unverified = Vec::new();
        // Helm 3 deletes whatever has the name.
        let answers = match self.compat {
            Compat::Helm3 => Vec::new(),
            Compat::Helm4 => self.cluster.get_all(&candidates),
        };
        let mut answers = answers.into_iter();
        for object in &candidates {
            match answers.next() {
                None => touches.push(Touch::new(Verb::Delete, object)),
                Some(Ok(None)) => {}
                Some(Ok(Some(live))) => match ownership::check(&live, &release.name, &release.namespace) {
                    Ok(()) => touches.push(Touch::new(Verb::Delete, object)),
                    Err(_) => unowned.push(object),
                },
                Some(Err(error)) => unverified.push((object, error)),
            }
        }
        if !unowned.is_empty() {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&format!(
                "{} resource(s) were not deleted because they are not owned by this release:\n",
                unowned.len()
            ));
            for object in &unowned {
                plan.warnings
                    .push(format!("skipping delete of resource not owned by this release: {object}"));
                text.push_str(&format!("[{}] {}\n", object.resource.kind, object.name));
            }
        }
        if !unverified.is_empty() {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&format!(
                "{} resource(s) were not deleted because their ownership could not be verified:\n",
                unverified.len()
            ));
            for (object, error) in &unverified {
                text.push_str(&format!("[{}] {}: {error}\n", object.resource.kind, object.name));
            }
        }
        plan.kept = text;
        Ok(touches)
    }
}
