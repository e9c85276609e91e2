//! The rules of a first revision.
//!
//! Helm: pkg/action/install.go.

use std::collections::BTreeMap;

use super::plan::{Action, Apply, ChangeOptions, Plan, Step, Touch, Verb, recorded_method};
use super::prepare::{DryRun, Source, Target};
use super::store::SYSTEM_LABELS;
use super::{ApplyMethod, Info, Release, Releases, Status, Time, is_release_name, ownership};
use crate::Compat;
use crate::cluster::Propagation;
use crate::error::{Error, ErrorKind, Result};

/// How to install.
#[derive(Debug, Clone, Default)]
pub struct InstallOptions {
    /// How the change is made.
    pub change: ChangeOptions,
    /// Whether it is only shown.
    pub dry_run: DryRun,
    /// Whether the namespace is made (`--create-namespace`).
    pub create_namespace: bool,
    /// Whether a name that was uninstalled or failed may be used again (`--replace`).
    pub replace: bool,
    /// Labels of the record (`--labels`).
    pub labels: BTreeMap<String, String>,
}

impl Releases {
    /// Plans the first revision of a release. Reads the cluster, writes nothing.
    ///
    /// # Errors
    /// Whatever Helm refuses before it writes, in its words: the name is taken, the chart does not render, an
    /// object is somebody else's, the cluster does not answer.
    pub fn plan_install(&self, name: &str, source: &Source<'_>, options: &InstallOptions) -> Result<Plan> {
        let offline = options.dry_run == DryRun::Client && self.compat == Compat::Helm4;
        if !offline {
            self.cluster.check_reachable(self.compat).map_err(|error| match self.compat {
                Compat::Helm3 => error,
                Compat::Helm4 => error.prefixed("cluster reachability check failed: "),
            })?;
        }
        check_hidden(source, options.dry_run, self.compat)?;
        let history = self.check_name(name, options)?;
        let revision = match history.last() {
            Some(last) if options.replace => last.revision + 1,
            _ => 1,
        };
        let target = Target { name, revision: 1, is_upgrade: false, dry_run: options.dry_run };
        let prepared = self.prepare(source, &target)?;
        check_labels(&options.labels)?;
        let method = match (self.compat, options.change.apply) {
            (Compat::Helm3, _) | (_, Apply::ClientSide) => ApplyMethod::ClientSide,
            _ => ApplyMethod::ServerSide,
        };
        let now = self.now();
        let mut release = Release {
            name: name.to_owned(),
            namespace: self.namespace.clone(),
            revision,
            info: Info {
                first_deployed: now,
                last_deployed: now,
                deleted: Time::default(),
                description: "Initial install underway".to_owned(),
                status: Status::PendingInstall,
                rollback_revision: 0,
                notes: prepared.notes,
            },
            chart: prepared.chart,
            config: prepared.config,
            manifest: prepared.manifest,
            hooks: prepared.hooks,
            labels: options.labels.clone(),
            stored_labels: BTreeMap::new(),
            apply_method: recorded_method(method, self.compat),
        };
        let mut touches = Vec::new();
        if !offline {
            let unable = "unable to build kubernetes objects from release manifest: ";
            let mut objects = self
                .cluster
                .objects_with(release.manifest.as_bytes(), &self.namespace, &prepared.coming)
                .map_err(|error| error.prefixed(unable))?;
            ownership::mark(&mut objects, name, &self.namespace);
            let adopted = self.existing(&objects, name, options.change.take_ownership, "install")?;
            touches = objects
                .iter()
                .map(|object| {
                    let is_there = adopted.iter().any(|adopted| adopted.is_same(object));
                    Touch::new(if is_there { Verb::Adopt } else { Verb::Create }, object)
                })
                .collect();
        }
        let mut warnings = prepared.warnings;
        if options.dry_run != DryRun::None {
            if !prepared.crds.is_empty() && !offline {
                let text = "This chart or one of its subcharts contains CRDs. Rendering may fail or contain \
                            inaccuracies.";
                warnings.push(text.to_owned());
            }
            release.info.description = "Dry run complete".to_owned();
        }
        let mut steps: Vec<Step> =
            prepared.crds.into_iter().map(|(path, manifest)| Step::InstallCrds { path, manifest }).collect();
        if options.create_namespace {
            steps.push(Step::CreateNamespace { name: self.namespace.clone() });
        }
        if let Some(last) = history.last().filter(|_| options.replace)
            && last.info.status != Status::Failed
        {
            let description = "superseded by new release".to_owned();
            steps.push(Step::Supersede { revision: last.revision, description });
        }
        steps.push(Step::CreateRecord);
        let hooks = |event: &str| Step::Hooks { event: event.to_owned() };
        let has = |event: &str| {
            !options.change.no_hooks
                && release.hooks.iter().any(|hook| hook.events.iter().any(|it| it == event))
        };
        if has("pre-install") {
            steps.push(hooks("pre-install"));
        }
        steps.push(Step::Resources { touches });
        let mut change = options.change.clone();
        wait_when_undone(&mut change);
        if change.wait != crate::cluster::WaitStrategy::HookOnly {
            steps.push(Step::Wait);
        }
        if has("post-install") {
            steps.push(hooks("post-install"));
        }
        steps.push(Step::UpdateRecord {
            status: Status::Deployed.as_str().to_owned(),
            description: described(&change, "Install complete"),
        });
        Ok(Plan {
            action: Action::Install,
            compat: self.compat,
            release,
            base: None,
            newest: history.last().map_or(0, |release| release.revision),
            method,
            steps,
            options: change,
            propagation: Propagation::Background,
            warnings,
            dry_run: options.dry_run != DryRun::None,
            kept: String::new(),
        })
    }

    /// The history of a name that may be used.
    ///
    /// Helm: `availableName`.
    fn check_name(&self, name: &str, options: &InstallOptions) -> Result<Vec<Release>> {
        let prefix = match self.compat {
            Compat::Helm3 => "",
            Compat::Helm4 => "release name check failed: ",
        };
        let refuse = |text: &str| Error::new(ErrorKind::Usage, format!("{prefix}{text}"));
        if !is_release_name(name) {
            let reason = if name.is_empty() {
                "no name provided"
            } else {
                "invalid release name, must match regex \
                 ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer \
                 than 53"
            };
            return Err(refuse(&format!("release name {}: {reason}", crate::quote::quoted(name.as_bytes()))));
        }
        if options.dry_run != DryRun::None {
            return Ok(Vec::new());
        }
        let mut history = self.store.history(name)?;
        history.sort_by_key(|release| release.revision);
        match history.last() {
            None => Ok(history),
            Some(last)
                if options.replace && matches!(last.info.status, Status::Uninstalled | Status::Failed) =>
            {
                Ok(history)
            }
            Some(_) => Err(refuse(match self.compat {
                Compat::Helm3 => "cannot re-use a name that is still in use",
                Compat::Helm4 => "cannot reuse a name that is still in use",
            })),
        }
    }
}

/// Whoever undoes a failed change must know that it failed. Helm: `i.Wait = i.Wait || i.Atomic`.
pub(super) fn wait_when_undone(change: &mut ChangeOptions) {
    use crate::cluster::WaitStrategy;
    if change.rollback_on_failure && change.wait == WaitStrategy::HookOnly {
        change.wait = WaitStrategy::Watcher;
    }
}

pub(super) fn described(change: &ChangeOptions, default: &str) -> String {
    if change.description.is_empty() { default.to_owned() } else { change.description.clone() }
}

pub(super) fn check_hidden(source: &Source<'_>, dry_run: DryRun, compat: Compat) -> Result<()> {
    if source.hide_secrets && dry_run == DryRun::None {
        let text = match compat {
            Compat::Helm3 => "Hiding Kubernetes secrets requires a dry-run mode",
            Compat::Helm4 => "hiding Kubernetes secrets requires a dry-run mode",
        };
        return Err(Error::new(ErrorKind::Usage, text));
    }
    Ok(())
}

pub(super) fn check_labels(labels: &BTreeMap<String, String>) -> Result<()> {
    if labels.keys().any(|key| SYSTEM_LABELS.contains(&key.as_str())) {
        let text = format!(
            "user supplied labels contains system reserved label name. System labels: [{}]",
            SYSTEM_LABELS.join(" ")
        );
        return Err(Error::new(ErrorKind::Usage, text));
    }
    Ok(())
}
