//! Doing what a plan says: the only place that writes.

use super::hooks::HookOptions;
use super::plan::{Action, Plan, Step, Touch, Verb};
use super::{ApplyMethod, Release, Releases, RollbackOptions, Status, UninstallOptions, ownership};
use crate::Compat;
use crate::cluster::{Method, Object, Propagation, UpdateOptions, WaitOptions, WaitStrategy};
use crate::error::{Error, ErrorKind, Result};

/// How long CRDs may take to be served. Helm: pkg/action/install.go, `installCRDs`.
const DEFINITIONS_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

/// What a plan came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The release as it is recorded now.
    pub release: Release,
    /// What was kept, in Helm's words.
    pub kept: String,
}

/// What happened so far.
#[derive(Default)]
struct Progress {
    recorded: bool,
    created: Vec<Object>,
    deleted: Vec<Object>,
    /// Errors that do not stop an uninstall.
    problems: Vec<String>,
}

impl Releases {
    /// Does what a plan says. A plan that is a dry run changes nothing.
    ///
    /// A change that fails leaves a record that says so, and is undone if the plan's options ask for it.
    ///
    /// # Errors
    /// [`ErrorKind::Release`] when the release is no longer what it was when the plan was made; else whatever
    /// the cluster refuses, in Helm's words.
    pub fn execute(&self, plan: Plan) -> Result<Outcome> {
        for warning in &plan.warnings {
            self.observer.warn(warning);
        }
        if plan.dry_run {
            return Ok(Outcome { kept: plan.kept, release: plan.release });
        }
        let mut release = plan.release.clone();
        let mut progress = Progress::default();
        for step in &plan.steps {
            self.observer.step(step);
            if let Err(error) = self.execute_step(step, &plan, &mut release, &mut progress) {
                return Err(self.fail(&plan, release, progress, error));
            }
        }
        if progress.problems.is_empty() {
            return Ok(Outcome { release, kept: plan.kept });
        }
        let (count, texts) = (progress.problems.len(), progress.problems.join("; "));
        Err(Error::new(
            ErrorKind::Release,
            format!("uninstallation completed with {count} error(s): {texts}"),
        ))
    }

    /// Refuses a plan whose release has moved on. Not part of [`Releases::execute`]: a plan just made is current.
    ///
    /// # Errors
    /// [`ErrorKind::Release`] when there are other revisions than when the plan was made.
    pub fn check_current(&self, plan: &Plan) -> Result<()> {
        self.cluster.check_reachable(self.compat)?;
        let newest = self.store.history(&plan.release.name)?.iter().map(|known| known.revision).max();
        let newest = newest.unwrap_or(0);
        if newest != plan.newest {
            return Err(Error::new(
                ErrorKind::Release,
                format!(
                    "the plan was made for `{}` at revision {}, which is now at revision {newest}: plan again",
                    plan.release.name, plan.newest
                ),
            ));
        }
        Ok(())
    }

    fn execute_step(
        &self,
        step: &Step,
        plan: &Plan,
        release: &mut Release,
        progress: &mut Progress,
    ) -> Result<()> {
        match step {
            Step::InstallCrds { path, manifest } => self.install_definitions(plan, path, manifest),
            Step::CreateNamespace { name } => self.create_namespace(plan, name),
            Step::Prune { revision } => match self.store.delete(&release.name, *revision) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
            Step::Supersede { revision, description } => {
                let mut old = self.store.get(&release.name, *revision)?;
                old.info.status = Status::Superseded;
                if !description.is_empty() {
                    old.info.description.clone_from(description);
                }
                self.record(&old);
                Ok(())
            }
            Step::CreateRecord => {
                self.store.create(release)?;
                progress.recorded = true;
                Ok(())
            }
            Step::UpdateRecord { status, description } => {
                release.info.status = Status::parse(status);
                if !description.is_empty() {
                    release.info.description.clone_from(description);
                }
                match plan.action {
                    // An object that cannot be recorded must not stay behind.
                    Action::Uninstall => {
                        self.record(release);
                        Ok(())
                    }
                    _ => self.store.update(release),
                }
            }
            Step::Hooks { event } => {
                let options = HookOptions { event, method: plan.method, change: &plan.options, delay: false };
                let outcome = self.run_hooks(release, &options);
                match (plan.action, outcome) {
                    (Action::Uninstall, Err(error)) if event == "post-delete" => {
                        progress.problems.push(error.message().to_owned());
                        Ok(())
                    }
                    (Action::Install, Err(error)) => Err(error.prefixed(format!("failed {event}: "))),
                    (Action::Upgrade, Err(error)) => Err(error.prefixed(format!("{event} hooks failed: "))),
                    (_, outcome) => outcome,
                }
            }
            Step::Resources { touches } => self.write_objects(plan, release, touches, progress),
            Step::DeleteResources { touches } => self.delete_objects(plan, release, touches, progress),
            Step::Wait => {
                let objects = self.cluster.objects(release.manifest.as_bytes(), &release.namespace)?;
                self.wait_for(&objects, plan)
            }
            Step::WaitForDelete => {
                let options = self.wait_options(&plan.options);
                if let Err(error) = self.cluster.wait_for_delete(&progress.deleted, &options) {
                    progress.problems.push(error.message().to_owned());
                }
                Ok(())
            }
            Step::DeleteRecord { revision } => match self.store.delete(&release.name, *revision) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    let text = format!("uninstall: Failed to purge the release: {}", error.message());
                    progress.problems.push(text);
                    Ok(())
                }
                _ => Ok(()),
            },
        }
    }

    fn wait_for(&self, objects: &[Object], plan: &Plan) -> Result<()> {
        let observer = |object: &Object, readiness: &crate::cluster::Readiness| {
            let name = format!("{}/{}", object.resource.kind, object.name);
            self.observer.waiting(&name, &readiness.state.to_string(), &readiness.message);
        };
        let options = WaitOptions { observer: Some(&observer), ..self.wait_options(&plan.options) };
        self.cluster.wait(objects, &options)
    }

    fn install_definitions(&self, plan: &Plan, path: &str, manifest: &str) -> Result<()> {
        let failed = |error: Error| error.prefixed(format!("failed to install CRD {path}: "));
        let objects = self.cluster.objects(manifest.as_bytes(), &self.namespace).map_err(failed)?;
        // What is there stays as it is: an apply would change it.
        let there = self.cluster.get_all(&objects);
        let mut missing = Vec::new();
        for (object, live) in objects.into_iter().zip(there) {
            if live.map_err(failed)?.is_none() {
                missing.push(object);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let server_side = plan.method == ApplyMethod::ServerSide;
        match self.cluster.create(&missing, server_side, plan.options.force_conflicts) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
            _ => {}
        }
        let options = WaitOptions {
            strategy: WaitStrategy::Watcher,
            timeout: DEFINITIONS_TIMEOUT,
            ..self.wait_options(&plan.options)
        };
        self.cluster.wait(&missing, &options)?;
        self.cluster.forget_discovery();
        Ok(())
    }

    fn create_namespace(&self, plan: &Plan, name: &str) -> Result<()> {
        let manifest = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels:\n    name: {name}\n"
        );
        let objects = self.cluster.objects(manifest.as_bytes(), "")?;
        if matches!(objects.first().map(|object| self.cluster.get(object)), Some(Ok(Some(_)))) {
            return Ok(());
        }
        let server_side = plan.method == ApplyMethod::ServerSide;
        match self.cluster.create(&objects, server_side, false) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    fn write_objects(
        &self,
        plan: &Plan,
        release: &Release,
        touches: &[Touch],
        progress: &mut Progress,
    ) -> Result<()> {
        let unable = "unable to build kubernetes objects from release manifest: ";
        let namespace = &release.namespace;
        let mut targets = self
            .cluster
            .objects(release.manifest.as_bytes(), namespace)
            .map_err(|error| error.prefixed(unable))?;
        ownership::mark(&mut targets, &release.name, namespace);
        let is_adopted =
            |object: &Object| touches.iter().any(|touch| touch.verb == Verb::Adopt && touch.is(object));
        let mut originals: Vec<Object> =
            targets.iter().filter(|target| is_adopted(target)).cloned().collect();
        let is_first = plan.base.is_none();
        if is_first && targets.is_empty() {
            return Ok(());
        }
        if is_first && originals.is_empty() {
            let server_side = plan.method == ApplyMethod::ServerSide;
            progress.created = self.cluster.create(&targets, server_side, false)?;
            return Ok(());
        }
        let mut upgrade_managed_fields = is_first || plan.action == Action::Rollback;
        if let Some(base) = &plan.base {
            let before = self.cluster.objects(base.manifest.as_bytes(), namespace)?;
            originals.extend(before);
            upgrade_managed_fields |= base.apply_method != Some(ApplyMethod::ServerSide);
        }
        let options = UpdateOptions {
            method: match (plan.options.force_replace, plan.method) {
                (true, _) => Method::Replace,
                (false, ApplyMethod::ServerSide) => Method::ServerSide,
                (false, ApplyMethod::ClientSide) => Method::ClientSide,
            },
            force_conflicts: plan.options.force_conflicts,
            upgrade_managed_fields,
            three_way_for_unknown: is_first && plan.options.take_ownership,
        };
        let updated = self.cluster.update(&originals, &targets, &options);
        progress.created = updated.created;
        updated.error.map_or(Ok(()), Err)
    }

    fn delete_objects(
        &self,
        plan: &Plan,
        release: &Release,
        touches: &[Touch],
        progress: &mut Progress,
    ) -> Result<()> {
        let all = self.cluster.objects(release.manifest.as_bytes(), &release.namespace)?;
        let objects: Vec<Object> = touches
            .iter()
            .filter(|touch| touch.verb == Verb::Delete)
            .filter_map(|touch| all.iter().find(|object| touch.is(object)).cloned())
            .collect();
        if let Err(errors) = self.cluster.delete(&objects, plan.propagation) {
            for error in &errors {
                self.observer.warn(error.message());
            }
            let text = format!("failed to delete release: {}", release.name);
            return Err(Error::new(ErrorKind::Release, text));
        }
        progress.deleted = objects;
        Ok(())
    }

    /// Writes a record; a failure is a warning, because there is something worse to tell.
    pub(super) fn record(&self, release: &Release) {
        if let Err(error) = self.store.update(release) {
            self.observer.warn(&format!("failed to update release: {}", error.message()));
        }
    }

    /// Records that a change failed, and undoes it if that is asked for.
    fn fail(&self, plan: &Plan, mut release: Release, progress: Progress, error: Error) -> Error {
        if !progress.recorded {
            if plan.action == Action::Uninstall {
                self.record(&release);
            }
            return error;
        }
        let name = release.name.clone();
        match plan.action {
            Action::Install => {
                let text = format!("Release {name:?} failed: {}", error.message());
                release.set_status(Status::Failed, text);
                if plan.options.rollback_on_failure {
                    self.record(&release);
                    return self.undo_install(plan, &name, error);
                }
                self.record(&release);
                error
            }
            Action::Upgrade => {
                release.set_status(Status::Failed, format!("Upgrade {name:?} failed: {}", error.message()));
                self.observer.warn(&format!("upgrade failed name={name} error={:?}", error.message()));
                self.record(&release);
                let error = match self.clean_up(plan, &progress) {
                    None => error,
                    Some(text) => {
                        return Error::new(
                            ErrorKind::Release,
                            format!(
                                "an error occurred while cleaning up resources. original upgrade error: {}: {text}",
                                error.message()
                            ),
                        );
                    }
                };
                if plan.options.rollback_on_failure { self.undo_upgrade(plan, &name, error) } else { error }
            }
            Action::Rollback => {
                release.set_status(Status::Failed, format!("Rollback {name:?} failed: {}", error.message()));
                if let Some(base) = &plan.base {
                    let mut base = base.clone();
                    base.info.status = Status::Superseded;
                    self.record(&base);
                }
                self.record(&release);
                match self.clean_up(plan, &progress) {
                    None => error,
                    Some(text) => Error::new(
                        ErrorKind::Release,
                        format!(
                            "an error occurred while cleaning up resources. original rollback error: {text}"
                        ),
                    ),
                }
            }
            Action::Uninstall | Action::Unlock => error,
        }
    }

    /// Deletes what a failed change made, if that is asked for; answers why it could not.
    fn clean_up(&self, plan: &Plan, progress: &Progress) -> Option<String> {
        if !plan.options.cleanup_on_fail || progress.created.is_empty() {
            return None;
        }
        let errors = self.cluster.delete(&progress.created, Propagation::Background).err()?;
        let texts: Vec<&str> = errors.iter().map(Error::message).collect();
        Some(format!("unable to cleanup resources: {}", texts.join(", ")))
    }

    fn reason(&self) -> &'static str {
        match self.compat {
            Compat::Helm3 => "atomic",
            Compat::Helm4 => "rollback-on-failure",
        }
    }

    fn undo_install(&self, plan: &Plan, name: &str, error: Error) -> Error {
        let options = UninstallOptions { change: plan.options.clone(), ..UninstallOptions::default() };
        match self.plan_uninstall(name, &options).and_then(|plan| self.execute(plan)) {
            Ok(_) => error.prefixed(format!(
                "release {name} failed, and has been uninstalled due to {} being set: ",
                self.reason()
            )),
            Err(undoing) => Error::new(
                ErrorKind::Release,
                format!(
                    "an error occurred while uninstalling the release. original install error: {}: {}",
                    error.message(),
                    undoing.message()
                ),
            ),
        }
    }

    fn undo_upgrade(&self, plan: &Plan, name: &str, error: Error) -> Error {
        let good = self.revisions(name).map(|history| {
            let good = history
                .iter()
                .rfind(|release| matches!(release.info.status, Status::Superseded | Status::Deployed));
            good.map(|release| release.revision)
        });
        let revision = match good {
            Ok(Some(revision)) => revision,
            Ok(None) => {
                return error.prefixed(
                    "unable to find a previously successful release when attempting to rollback. original upgrade \
                     error: ",
                );
            }
            Err(finding) => {
                return Error::new(
                    ErrorKind::Release,
                    format!(
                        "an error occurred while finding last successful release. original upgrade error: {}: {}",
                        error.message(),
                        finding.message()
                    ),
                );
            }
        };
        let mut change = plan.options.clone();
        change.description = String::new();
        change.cleanup_on_fail = false;
        // Helm's rollback after a failure keeps all revisions.
        change.history_max = 0;
        let options = RollbackOptions { change, revision, dry_run: false };
        match self.plan_rollback(name, &options).and_then(|plan| self.execute(plan)) {
            Ok(_) => error.prefixed(format!(
                "release {name} failed, and has been rolled back due to {} being set: ",
                self.reason()
            )),
            Err(undoing) => Error::new(
                ErrorKind::Release,
                format!(
                    "an error occurred while rolling back the release. original upgrade error: {}: {}",
                    error.message(),
                    undoing.message()
                ),
            ),
        }
    }
}
