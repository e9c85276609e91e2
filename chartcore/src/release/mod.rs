//! Releases: what is installed, and the way from one state to the next.
//!
//! [`Releases`] reads and changes the releases of a namespace. A change is made in two steps: a `plan_*` method
//! reads the cluster and answers with a [`Plan`], which says step by step what would be done and can be printed,
//! kept and looked at; [`Releases::execute`] alone writes. Records are Helm's, so that Helm goes on where this
//! stopped, and the other way round.

mod definitions;
mod diff;
mod execute;
mod hooks;
mod install;
mod list;
mod ownership;
mod plan;
mod prepare;
mod record;
mod rollback;
mod status;
mod store;
mod test;
mod time;
mod uninstall;
mod unlock;
mod upgrade;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use diff::{Change, DiffOptions, Difference};
pub use execute::Outcome;
pub use install::InstallOptions;
pub use list::{ListOptions, Order, StatusFilter};
pub use plan::{Action, Apply, ChangeOptions, Plan, Step, Touch, Verb};
pub use prepare::{DryRun, PostRenderer, Source};
pub use record::{decode, encode};
pub use rollback::RollbackOptions;
pub use status::StatusReport;
pub use store::{ClusterStore, MemoryStore, Store, StoreKind};
pub use test::{TestOptions, Tested};
pub use time::Time;
pub use uninstall::UninstallOptions;
pub use upgrade::{UpgradeOptions, ValuesReuse};

use crate::Compat;
use crate::cluster::Cluster;
use crate::data::Value;
use crate::error::{Error, ErrorKind, Result};
use crate::render::SharedHost;
use crate::template::Host;

/// Where a release stands (Helm: pkg/release/common/status.go).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Nobody knows.
    Unknown,
    /// It is on the cluster.
    Deployed,
    /// It was taken off; its history was kept.
    Uninstalled,
    /// A newer revision took its place.
    Superseded,
    /// It did not get on the cluster.
    Failed,
    /// It is being taken off.
    Uninstalling,
    /// It is being installed.
    PendingInstall,
    /// It is being upgraded.
    PendingUpgrade,
    /// It is being rolled back.
    PendingRollback,
}

impl Status {
    /// The word in records and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Deployed => "deployed",
            Self::Uninstalled => "uninstalled",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
            Self::Uninstalling => "uninstalling",
            Self::PendingInstall => "pending-install",
            Self::PendingUpgrade => "pending-upgrade",
            Self::PendingRollback => "pending-rollback",
        }
    }

    /// Reads the word; anything else is unknown.
    pub fn parse(word: &str) -> Self {
        [
            Self::Deployed,
            Self::Uninstalled,
            Self::Superseded,
            Self::Failed,
            Self::Uninstalling,
            Self::PendingInstall,
            Self::PendingUpgrade,
            Self::PendingRollback,
        ]
        .into_iter()
        .find(|status| status.as_str() == word)
        .unwrap_or(Self::Unknown)
    }

    /// Whether a change is under way, or was when somebody died.
    pub fn is_pending(self) -> bool {
        matches!(self, Self::PendingInstall | Self::PendingUpgrade | Self::PendingRollback)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the objects of a release were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplyMethod {
    /// By server-side apply: `ssa`.
    ServerSide,
    /// By patches the client made: `csa`.
    ClientSide,
}

impl ApplyMethod {
    /// The word in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServerSide => "ssa",
            Self::ClientSide => "csa",
        }
    }
}

/// What a record says of a release besides its contents (Helm: pkg/release/v1/info.go).
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// When the first revision was deployed.
    pub first_deployed: Time,
    /// When this one was.
    pub last_deployed: Time,
    /// When it was taken off.
    pub deleted: Time,
    /// What happened last.
    pub description: String,
    /// Where it stands.
    pub status: Status,
    /// The revision that was taken back, if this is a rollback of Helm 4.
    pub rollback_revision: i64,
    /// What NOTES.txt wrote.
    pub notes: String,
}

/// A hook in a record (Helm: pkg/release/v1/hook.go).
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedHook {
    /// `metadata.name`.
    pub name: String,
    /// `kind`.
    pub kind: String,
    /// The template it came from.
    pub path: String,
    /// The document.
    pub manifest: String,
    /// When it runs.
    pub events: Vec<String>,
    /// Its last run.
    pub last_run: HookRun,
    /// Lower ones run first.
    pub weight: i64,
    /// When it is removed.
    pub delete_policies: Vec<String>,
    /// When its logs are shown.
    pub log_policies: Vec<String>,
}

/// One run of a hook.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HookRun {
    /// When it started.
    pub started_at: Time,
    /// When it ended.
    pub completed_at: Time,
    /// `Running`, `Succeeded`, `Failed`, `Unknown` or nothing.
    pub phase: String,
}

/// One revision of a release, as recorded.
#[derive(Clone, PartialEq)]
pub struct Release {
    /// The name.
    pub name: String,
    /// The namespace.
    pub namespace: String,
    /// The revision, from 1.
    pub revision: i64,
    /// What happened.
    pub info: Info,
    /// The chart as it was rendered: metadata, templates, default values, files; a map.
    pub chart: Value,
    /// What the user had set, a map.
    pub config: Value,
    /// What was rendered, hooks aside.
    pub manifest: String,
    /// The hooks.
    pub hooks: Vec<RecordedHook>,
    /// Labels the user gave.
    pub labels: BTreeMap<String, String>,
    /// All labels of the object that holds the record.
    pub stored_labels: BTreeMap<String, String>,
    /// How it was written; Helm 3 does not say.
    pub apply_method: Option<ApplyMethod>,
}

impl fmt::Debug for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Manifest and values may be secret.
        write!(f, "Release({}/{} v{}, {})", self.namespace, self.name, self.revision, self.info.status)
    }
}

impl Release {
    fn metadata(&self, key: &str) -> &str {
        self.chart.get("metadata").and_then(|map| map.get(key)).and_then(Value::as_str).unwrap_or_default()
    }

    /// The chart's name.
    pub fn chart_name(&self) -> &str {
        self.metadata("name")
    }

    /// The chart's version.
    pub fn chart_version(&self) -> &str {
        self.metadata("version")
    }

    /// The version of what the chart installs.
    pub fn app_version(&self) -> &str {
        self.metadata("appVersion")
    }

    /// `NAME-VERSION` as lists show it.
    pub fn chart_title(&self) -> String {
        match self.chart.get("metadata") {
            Some(Value::Map(_)) => format!("{}-{}", self.chart_name(), self.chart_version()),
            _ => "MISSING".to_owned(),
        }
    }

    /// The values the templates saw: the user's over the chart's.
    ///
    /// # Errors
    /// The values cannot be merged any more.
    pub fn computed_values(&self, compat: Compat) -> Result<Value> {
        prepare::recorded_values(self, compat)
    }

    /// The name of the Secret or ConfigMap that holds it.
    pub fn key(&self) -> String {
        format!("sh.helm.release.v1.{}.v{}", self.name, self.revision)
    }

    fn set_status(&mut self, status: Status, description: impl Into<String>) {
        self.info.status = status;
        self.info.description = description.into();
    }
}

/// Who hears what happens while a change is made.
pub trait Observer {
    /// Something worth a warning.
    fn warn(&self, _message: &str) {}

    /// A step begins.
    fn step(&self, _step: &Step) {}

    /// What a hook's container wrote.
    fn log(&self, _pod: &str, _container: &str, _text: &str) {}

    /// An object that is waited for has changed: its name, its state, why.
    fn waiting(&self, _object: &str, _state: &str, _message: &str) {}
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}

/// The releases of a namespace.
pub struct Releases {
    cluster: Cluster,
    namespace: String,
    store: Box<dyn Store>,
    compat: Compat,
    host: SharedHost,
    observer: Arc<dyn Observer>,
}

impl fmt::Debug for Releases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Releases").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl Releases {
    /// The releases of `namespace` whose records are kept in Secrets; an empty namespace means all, to read.
    pub fn new(cluster: &Cluster, namespace: &str, compat: Compat, host: SharedHost) -> Self {
        let store = ClusterStore::new(cluster, namespace, StoreKind::Secrets, compat, Arc::clone(&host));
        Self {
            cluster: cluster.clone(),
            namespace: namespace.to_owned(),
            store: Box::new(store),
            compat,
            host,
            observer: Arc::new(Silent),
        }
    }

    /// Keeps records elsewhere.
    #[must_use]
    pub fn with_store(mut self, store: impl Store + 'static) -> Self {
        self.store = Box::new(store);
        self
    }

    /// Tells somebody what happens.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// The cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    fn host(&self) -> &dyn Host {
        &*self.host
    }

    fn now(&self) -> Time {
        Time::now(self.host())
    }

    /// A revision of a release; the last one when `revision` is not positive.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]: `release: not found`; [`ErrorKind::Usage`] for a name that is none.
    pub fn get(&self, name: &str, revision: i64) -> Result<Release> {
        self.cluster.check_reachable(self.compat)?;
        if !is_release_name(name) {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("releaseContent: Release name is invalid: {name}"),
            ));
        }
        if revision > 0 { self.store.get(name, revision) } else { self.last(name) }
    }

    /// All revisions of a release, the oldest first.
    ///
    /// # Errors
    /// As [`Releases::get`].
    pub fn history(&self, name: &str) -> Result<Vec<Release>> {
        self.cluster.check_reachable(self.compat)?;
        if !is_release_name(name) {
            return Err(Error::new(ErrorKind::Usage, format!("release name is invalid: {name}")));
        }
        self.revisions(name)
    }

    fn last(&self, name: &str) -> Result<Release> {
        self.revisions(name)?.pop().ok_or_else(not_found)
    }

    fn revisions(&self, name: &str) -> Result<Vec<Release>> {
        let mut revisions = self.store.history(name)?;
        revisions.sort_by_key(|release| release.revision);
        if revisions.is_empty() { Err(not_found()) } else { Ok(revisions) }
    }
}

fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "release: not found")
}

/// Helm: pkg/chart/v2/util/validate_name.go, `ValidateReleaseName`.
fn is_release_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 53 && crate::render::is_release_name(name)
}
