//! Running a release's tests.
//!
//! Helm: pkg/action/release_testing.go.

use super::hooks::HookOptions;
use super::plan::ChangeOptions;
use super::{ApplyMethod, Release, Releases, is_release_name};
use crate::cluster::{ContainerLog, PodSelector, WaitStrategy};
use crate::error::{Error, ErrorKind, Result};

/// Which tests, and how long.
#[derive(Debug, Clone, Default)]
pub struct TestOptions {
    /// How long one test may take, and the rest of a change's options.
    pub change: ChangeOptions,
    /// Only these (`--filter name=X`).
    pub only: Vec<String>,
    /// Not these (`--filter '!name=X'`).
    pub except: Vec<String>,
}

/// What the tests came to. Their objects are there until [`Releases::finish_tests`].
#[derive(Debug)]
pub struct Tested {
    /// The release with the tests' last runs.
    pub release: Release,
    /// Why one failed.
    pub error: Option<Error>,
}

impl Releases {
    /// Runs the tests of a release.
    ///
    /// # Errors
    /// The release is not there. A test that fails is told in [`Tested`].
    pub fn test(&self, name: &str, options: &TestOptions) -> Result<Tested> {
        self.cluster.check_reachable(self.compat)?;
        if !is_release_name(name) {
            let text = format!("releaseTest: Release name is invalid: {name}");
            return Err(Error::new(ErrorKind::Usage, text));
        }
        let mut release = self.last(name)?;
        let all = std::mem::take(&mut release.hooks);
        let (chosen, skipped) = all.into_iter().partition(|hook| options.includes(&hook.name));
        release.hooks = chosen;
        let change = options.strategy();
        let hook_options = options.hook_options(&release, &change);
        let outcome = self.run_hooks(&mut release, &hook_options);
        let mut hooks: Vec<_> = skipped;
        hooks.append(&mut release.hooks);
        release.hooks = hooks;
        self.store.update(&release)?;
        Ok(Tested { release, error: outcome.err() })
    }

    /// Deletes the tests that succeeded, where their policy says so.
    ///
    /// # Errors
    /// One cannot be deleted.
    pub fn finish_tests(&self, tested: &Tested, options: &TestOptions) -> Result<()> {
        if tested.error.is_some() {
            return Ok(());
        }
        let mut release = tested.release.clone();
        release.hooks.retain(|hook| options.includes(&hook.name));
        let change = options.strategy();
        let hook_options = options.hook_options(&tested.release, &change);
        self.finish_hooks(&mut release, &hook_options)
    }

    /// What the test pods wrote, init containers included.
    ///
    /// # Errors
    /// A pod is gone.
    pub fn test_logs(&self, tested: &Tested, options: &TestOptions) -> Result<Vec<ContainerLog>> {
        let mut tests: Vec<_> = tested
            .release
            .hooks
            .iter()
            .filter(|hook| hook.events.iter().any(|event| event == "test"))
            .filter(|hook| hook.kind == "Pod" && options.includes(&hook.name))
            .collect();
        tests.sort_by(|left, right| (left.weight, &left.name).cmp(&(right.weight, &right.name)));
        let mut logs = Vec::new();
        for hook in tests {
            let found = self.cluster.logs(&self.namespace, &PodSelector::Name(&hook.name), true);
            logs.extend(found.map_err(|error| error.prefixed(format!("unable to get pod {}: ", hook.name)))?);
        }
        Ok(logs)
    }
}

impl TestOptions {
    fn includes(&self, name: &str) -> bool {
        !self.except.iter().any(|other| other == name)
            && (self.only.is_empty() || self.only.iter().any(|other| other == name))
    }

    fn strategy(&self) -> ChangeOptions {
        ChangeOptions { wait: WaitStrategy::Watcher, ..self.change.clone() }
    }

    fn hook_options<'o>(&self, release: &Release, change: &'o ChangeOptions) -> HookOptions<'o> {
        let method = release.apply_method.unwrap_or(ApplyMethod::ClientSide);
        HookOptions { event: "test", method, change, delay: true }
    }
}
