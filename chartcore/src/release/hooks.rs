//! Running hooks.
//!
//! Helm: pkg/action/hooks.go.

use super::plan::ChangeOptions;
use super::{ApplyMethod, HookRun, Release, Releases};
use crate::cluster::{PodSelector, Propagation, WaitOptions};
use crate::error::{Error, ErrorKind, Result};

/// Kept even when a policy says otherwise: with it all its objects would go.
const DEFINITION: &str = "CustomResourceDefinition";

/// How hooks run.
pub(super) struct HookOptions<'o> {
    pub(super) event: &'o str,
    pub(super) method: ApplyMethod,
    pub(super) change: &'o ChangeOptions,
    /// Whether hooks that succeeded stay until [`Releases::finish_hooks`].
    pub(super) delay: bool,
}

impl Releases {
    /// Runs the hooks of a moment, lower weights first. The record is written before each, so that somebody
    /// who looks knows what is going on.
    pub(super) fn run_hooks(&self, release: &mut Release, options: &HookOptions<'_>) -> Result<()> {
        let order = executing(release, options.event);
        let mut done: Vec<usize> = Vec::new();
        for index in order.iter().copied() {
            let outcome = self.run_hook(release, index, options);
            if let Err(error) = outcome {
                self.show_logs(release, index, "hook-failed");
                if let Err(deleting) = self.delete_hook(release, index, "hook-failed", options.change) {
                    self.observer.warn(&format!(
                        "error deleting the hook resource on hook failure: {}",
                        deleting.message()
                    ));
                }
                for index in done {
                    self.delete_hook(release, index, "hook-succeeded", options.change)?;
                }
                return Err(error);
            }
            done.push(index);
        }
        if options.delay { Ok(()) } else { self.finish_hooks(release, options) }
    }

    /// Shows the logs of hooks that succeeded and deletes those whose policy says so, the last one first.
    pub(super) fn finish_hooks(&self, release: &mut Release, options: &HookOptions<'_>) -> Result<()> {
        for index in executing(release, options.event).into_iter().rev() {
            self.show_logs(release, index, "hook-succeeded");
            self.delete_hook(release, index, "hook-succeeded", options.change)?;
        }
        Ok(())
    }

    fn run_hook(&self, release: &mut Release, index: usize, options: &HookOptions<'_>) -> Result<()> {
        let Some(hook) = release.hooks.get_mut(index) else { return Ok(()) };
        if hook.delete_policies.is_empty() {
            hook.delete_policies.push("before-hook-creation".to_owned());
        }
        self.delete_hook(release, index, "before-hook-creation", options.change)?;
        let now = self.now();
        let Some(hook) = release.hooks.get_mut(index) else { return Ok(()) };
        let (path, manifest) = (hook.path.clone(), hook.manifest.clone());
        let event = options.event;
        let objects = self.cluster.objects(manifest.as_bytes(), &release.namespace).map_err(|error| {
            error.prefixed(format!("unable to build kubernetes object for {event} hook {path}: "))
        })?;
        hook.last_run =
            HookRun { started_at: now, completed_at: super::Time::default(), phase: "Running".to_owned() };
        self.record(release);
        let ended = |release: &mut Release, phase: &str, now| {
            if let Some(hook) = release.hooks.get_mut(index) {
                hook.last_run.completed_at = now;
                phase.clone_into(&mut hook.last_run.phase);
            }
        };
        let server_side = options.method == ApplyMethod::ServerSide;
        if let Err(error) = self.cluster.create(&objects, server_side, false) {
            ended(release, "Failed", self.now());
            return Err(error.prefixed(format!("warning: Hook {event} {path} failed: ")));
        }
        let waited = self.cluster.wait_for_hooks(&objects, &self.wait_options(options.change));
        ended(release, if waited.is_ok() { "Succeeded" } else { "Failed" }, self.now());
        waited
    }

    /// Deletes a hook's objects if its policy says so, and waits until they are gone.
    fn delete_hook(
        &self,
        release: &Release,
        index: usize,
        policy: &str,
        change: &ChangeOptions,
    ) -> Result<()> {
        let Some(hook) = release.hooks.get(index) else { return Ok(()) };
        if hook.kind == DEFINITION || !hook.delete_policies.iter().any(|known| known == policy) {
            return Ok(());
        }
        let objects =
            self.cluster.objects(hook.manifest.as_bytes(), &release.namespace).map_err(|error| {
                error.prefixed(format!("unable to build kubernetes object for deleting hook {}: ", hook.path))
            })?;
        let there = self.cluster.get_all(&objects);
        let objects: Vec<_> = objects
            .into_iter()
            .zip(there)
            .filter(|(_, live)| !matches!(live, Ok(None)))
            .map(|(object, _)| object)
            .collect();
        if objects.is_empty() {
            return Ok(());
        }
        self.cluster.delete(&objects, Propagation::Background).map_err(|errors| {
            let texts: Vec<&str> = errors.iter().map(Error::message).collect();
            Error::new(ErrorKind::Cluster, texts.join("; "))
        })?;
        self.cluster.wait_for_delete(&objects, &self.wait_options(change))
    }

    fn show_logs(&self, release: &Release, index: usize, policy: &str) {
        let Some(hook) = release.hooks.get(index) else { return };
        if !hook.log_policies.iter().any(|known| known == policy) {
            return;
        }
        let labels = format!("job-name={}", hook.name);
        let selector = match hook.kind.as_str() {
            "Job" => PodSelector::Labels(&labels),
            "Pod" => PodSelector::Name(&hook.name),
            _ => return,
        };
        match self.cluster.logs(&release.namespace, &selector, false) {
            Ok(logs) => {
                for log in logs {
                    match log.text {
                        Ok(text) => self.observer.log(&log.pod, &log.container, &text),
                        Err(text) => {
                            self.observer.warn(&format!("error outputting logs for hook failure: {text}"));
                        }
                    }
                }
            }
            Err(error) => {
                self.observer.warn(&format!("error outputting logs for hook failure: {}", error.message()));
            }
        }
    }

    pub(super) fn wait_options(&self, change: &ChangeOptions) -> WaitOptions<'_> {
        WaitOptions {
            strategy: change.wait,
            jobs: change.wait_for_jobs,
            timeout: change.timeout,
            host: self.host(),
            observer: None,
        }
    }
}

/// The hooks of a moment in the order they run: by weight, then by name.
fn executing(release: &Release, event: &str) -> Vec<usize> {
    let mut found: Vec<(i64, &str, usize)> = release
        .hooks
        .iter()
        .enumerate()
        .filter(|(_, hook)| hook.events.iter().any(|known| known == event))
        .map(|(index, hook)| (hook.weight, hook.name.as_str(), index))
        .collect();
    found.sort_by(|left, right| (left.0, left.1).cmp(&(right.0, right.1)));
    found.into_iter().map(|(_, _, index)| index).collect()
}
