//! What would be done, step by step.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{ApplyMethod, Release, record};
use crate::Compat;
use crate::cluster::{Object, Propagation, WaitStrategy};
use crate::error::{Error, ErrorKind, Result};

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A first revision.
    Install,
    /// The next one.
    Upgrade,
    /// An old one again.
    Rollback,
    /// None any more.
    Uninstall,
    /// A change that died is put away.
    Unlock,
}

impl Action {
    /// The verb.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Rollback => "rollback",
            Self::Uninstall => "uninstall",
            Self::Unlock => "unlock",
        }
    }
}

/// Who merges: the server, the client, or whoever did it last (`--server-side`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Apply {
    /// As the revision before; a first one by the profile's habit.
    #[default]
    Auto,
    /// The server.
    ServerSide,
    /// The client.
    ClientSide,
}

/// How a change is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeOptions {
    /// Who merges.
    pub apply: Apply,
    /// Whether objects are replaced as a whole (`--force-replace`).
    pub force_replace: bool,
    /// Whether fields of other managers are taken (`--force-conflicts`).
    pub force_conflicts: bool,
    /// How to wait (`--wait`).
    #[serde(with = "wait_strategy")]
    pub wait: WaitStrategy,
    /// Whether jobs must be done (`--wait-for-jobs`).
    pub wait_for_jobs: bool,
    /// How long one wait may take (`--timeout`).
    pub timeout: Duration,
    /// Whether hooks are left out (`--no-hooks`).
    pub no_hooks: bool,
    /// Whether a failed change is undone (`--rollback-on-failure`, `--atomic`).
    pub rollback_on_failure: bool,
    /// Whether objects a failed change made are deleted (`--cleanup-on-fail`).
    pub cleanup_on_fail: bool,
    /// How many revisions to keep; 0 for all (`--history-max`).
    pub history_max: usize,
    /// What to record instead of `Install complete` and the like.
    pub description: String,
    /// Whether objects of nobody, or of others, become the release's (`--take-ownership`).
    pub take_ownership: bool,
}

impl Default for ChangeOptions {
    fn default() -> Self {
        Self {
            apply: Apply::Auto,
            force_replace: false,
            force_conflicts: false,
            wait: WaitStrategy::HookOnly,
            wait_for_jobs: false,
            timeout: Duration::from_secs(300),
            no_hooks: false,
            rollback_on_failure: false,
            cleanup_on_fail: false,
            history_max: 10,
            description: String::new(),
            take_ownership: false,
        }
    }
}

mod wait_strategy {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::cluster::WaitStrategy;

    pub(super) fn serialize<S: Serializer>(strategy: &WaitStrategy, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(strategy.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<WaitStrategy, D::Error> {
        match String::deserialize(from)?.as_str() {
            "watcher" => Ok(WaitStrategy::Watcher),
            "legacy" => Ok(WaitStrategy::Legacy),
            "hookOnly" => Ok(WaitStrategy::HookOnly),
            other => Err(serde::de::Error::custom(format!("`{other}` is no wait strategy"))),
        }
    }
}

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// It is made.
    Create,
    /// It is there and becomes the release's.
    Adopt,
    /// It is the release's and is changed.
    Update,
    /// It is deleted.
    Delete,
    /// It would be deleted, but its resource policy keeps it.
    Keep,
}

impl Verb {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Adopt => "adopt",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Keep => "keep",
        }
    }
}

/// One object of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// What is done.
    pub verb: Verb,
    /// Its API version.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace, or nothing.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Touch {
    pub(super) fn new(verb: Verb, object: &Object) -> Self {
        Self {
            verb,
            api_version: object.resource.api_version(),
            kind: object.resource.kind.clone(),
            namespace: object.namespace.clone(),
            name: object.name.clone(),
        }
    }

    pub(super) fn is(&self, object: &Object) -> bool {
        self.kind == object.resource.kind
            && self.namespace == object.namespace
            && self.name == object.name
            && self.api_version.rsplit_once('/').map_or("", |(group, _)| group) == object.resource.group
    }
}

/// One step of a plan, in the order they are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Step {
    /// Makes the CRDs of a file of `crds/` that are not there, and waits for them.
    InstallCrds {
        /// The file.
        path: String,
        /// Its content.
        manifest: String,
    },
    /// Makes the release's namespace, if it is not there.
    CreateNamespace {
        /// Its name.
        name: String,
    },
    /// Removes an old record, because `--history-max` says so.
    Prune {
        /// Its revision.
        revision: i64,
    },
    /// Marks a record as superseded.
    Supersede {
        /// Its revision.
        revision: i64,
        /// What to record, or nothing to leave what is there.
        description: String,
    },
    /// Adds the record of the new revision: from now on Helm sees it.
    CreateRecord,
    /// Writes the release's record again, with its status as it is by then.
    UpdateRecord {
        /// The status.
        status: String,
        /// What happened.
        description: String,
    },
    /// Runs the hooks of a moment.
    Hooks {
        /// `pre-install` and the like.
        event: String,
    },
    /// Makes the live objects what the manifest says.
    Resources {
        /// Which, and what is done to each.
        touches: Vec<Touch>,
    },
    /// Deletes objects.
    DeleteResources {
        /// Which.
        touches: Vec<Touch>,
    },
    /// Waits until the objects are ready.
    Wait,
    /// Waits until the deleted objects are gone.
    WaitForDelete,
    /// Removes a record.
    DeleteRecord {
        /// Its revision.
        revision: i64,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InstallCrds { path, .. } => write!(f, "install crds {path}"),
            Self::CreateNamespace { name } => write!(f, "create namespace {name}"),
            Self::Prune { revision } => write!(f, "prune record of revision {revision}"),
            Self::Supersede { revision, .. } => write!(f, "mark revision {revision} as superseded"),
            Self::CreateRecord => f.write_str("create record"),
            Self::UpdateRecord { status, description } => {
                write!(f, "record {status}")?;
                if description.is_empty() { Ok(()) } else { write!(f, ": {description}") }
            }
            Self::Hooks { event } => write!(f, "run {event} hooks"),
            Self::Resources { touches } | Self::DeleteResources { touches } => {
                let mut first = true;
                for touch in touches {
                    if !std::mem::take(&mut first) {
                        f.write_str("\n  ")?;
                    }
                    write!(f, "{} {}", touch.verb.as_str(), touch.kind)?;
                    if !touch.namespace.is_empty() {
                        write!(f, " {}", touch.namespace)?;
                    }
                    write!(f, "/{}", touch.name)?;
                }
                if touches.is_empty() { f.write_str("nothing to do to objects") } else { Ok(()) }
            }
            Self::Wait => f.write_str("wait until everything is ready"),
            Self::WaitForDelete => f.write_str("wait until everything is gone"),
            Self::DeleteRecord { revision } => write!(f, "delete record of revision {revision}"),
        }
    }
}

/// Everything a change will do, and what it needs to do it.
///
/// `Display` prints it for people, [`Plan::to_json`] for programs; neither shows values or manifests unless it
/// is the latter, which holds the whole release and is as secret as the release is.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What it is for.
    pub action: Action,
    /// Whose rules it follows.
    pub compat: Compat,
    /// The release as it shall be recorded first.
    pub release: Release,
    /// The revision whose objects are on the cluster now.
    pub base: Option<Release>,
    /// The newest revision when the plan was made; 0 when there was none.
    pub newest: i64,
    /// How objects are written.
    pub method: ApplyMethod,
    /// The steps.
    pub steps: Vec<Step>,
    /// How.
    pub options: ChangeOptions,
    /// What becomes of dependents when objects are deleted.
    pub propagation: Propagation,
    /// What is worth saying before anything is done.
    pub warnings: Vec<String>,
    /// Whether nothing is to be written.
    pub dry_run: bool,
    /// What an uninstall keeps, in Helm's words.
    pub kept: String,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let release = &self.release;
        writeln!(
            f,
            "{} {} revision {} of {} in namespace {}:",
            self.action.as_str(),
            release.name,
            release.revision,
            release.chart_title(),
            release.namespace
        )?;
        for step in &self.steps {
            writeln!(f, "  {step}")?;
        }
        Ok(())
    }
}

impl Plan {
    /// The plan as JSON, to be kept and executed later.
    pub fn to_json(&self) -> Json {
        json!({
            "action": self.action,
            "compat": match self.compat { Compat::Helm3 => "helm3", Compat::Helm4 => "helm4" },
            "release": release_json(&self.release),
            "base": self.base.as_ref().map(release_json),
            "newest": self.newest,
            "method": self.method.as_str(),
            "steps": self.steps,
            "options": self.options,
            "propagation": self.propagation.as_str(),
            "kept": self.kept,
        })
    }

    /// Reads what [`Plan::to_json`] wrote.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when it is no plan.
    pub fn from_json(json: &Json) -> Result<Self> {
        let invalid = |text: String| Error::new(ErrorKind::Usage, format!("this is no plan: {text}"));
        let text = |key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default();
        fn part<T: serde::de::DeserializeOwned>(json: &Json, key: &str) -> std::result::Result<T, String> {
            serde_json::from_value(json.get(key).cloned().unwrap_or(Json::Null))
                .map_err(|error| format!("`{key}`: {error}"))
        }
        let release = |key: &str| match json.get(key) {
            Some(found @ Json::Object(_)) => release_from(found).map(Some),
            _ => Ok(None),
        };
        Ok(Self {
            action: part(json, "action").map_err(invalid)?,
            compat: if text("compat") == "helm3" { Compat::Helm3 } else { Compat::Helm4 },
            release: release("release")?.ok_or_else(|| invalid("`release` is missing".to_owned()))?,
            base: release("base")?,
            newest: json.get("newest").and_then(Json::as_i64).unwrap_or(0),
            method: match text("method") {
                "csa" => ApplyMethod::ClientSide,
                _ => ApplyMethod::ServerSide,
            },
            steps: part(json, "steps").map_err(invalid)?,
            options: part(json, "options").map_err(invalid)?,
            propagation: Propagation::parse(&text("propagation").to_lowercase()).unwrap_or_default(),
            warnings: Vec::new(),
            dry_run: false,
            kept: text("kept").to_owned(),
        })
    }

    /// The objects it touches.
    pub fn touches(&self) -> impl Iterator<Item = &Touch> {
        self.steps.iter().flat_map(|step| match step {
            Step::Resources { touches } | Step::DeleteResources { touches } => touches.as_slice(),
            _ => &[],
        })
    }
}

fn release_json(release: &Release) -> Json {
    let record = record::to_json(release, Compat::Helm4).unwrap_or_default();
    json!({
        "record": serde_json::from_slice::<Json>(&record).unwrap_or(Json::Null),
        "labels": release.labels,
    })
}

fn release_from(json: &Json) -> Result<Release> {
    let invalid = |text: String| Error::new(ErrorKind::Usage, format!("this is no plan: {text}"));
    let text = serde_json::to_vec(json.get("record").unwrap_or(&Json::Null)).unwrap_or_default();
    let value = crate::data::json::parse(&text).map_err(|error| invalid(error.to_string()))?;
    let mut release = record::from_value(&value);
    if release.name.is_empty() {
        return Err(invalid("a release has no name".to_owned()));
    }
    let labels = json.get("labels").cloned().unwrap_or(Json::Null);
    release.labels = serde_json::from_value(labels).map_err(|error| invalid(error.to_string()))?;
    Ok(release)
}

/// The records `--history-max` removes before another one is added.
///
/// Helm: pkg/storage/storage.go, `removeLeastRecent`.
pub(super) fn prunes(history: &[Release], history_max: usize) -> Vec<Step> {
    if history_max == 0 {
        return Vec::new();
    }
    let keep = history_max - 1;
    let deployed = history.iter().rfind(|release| release.info.status == super::Status::Deployed);
    let mut left = history.len();
    let mut steps = Vec::new();
    for release in history {
        if left <= keep {
            break;
        }
        if deployed.is_none_or(|deployed| deployed.revision != release.revision) {
            steps.push(Step::Prune { revision: release.revision });
            left -= 1;
        }
    }
    steps
}

/// Who writes, when a revision follows another. Helm: `getUpgradeServerSideValue`.
pub(super) fn method_after(apply: Apply, before: &Release, compat: Compat) -> ApplyMethod {
    match (compat, apply) {
        (Compat::Helm3, _) | (_, Apply::ClientSide) => ApplyMethod::ClientSide,
        (Compat::Helm4, Apply::ServerSide) => ApplyMethod::ServerSide,
        (Compat::Helm4, Apply::Auto) => match before.apply_method {
            Some(ApplyMethod::ServerSide) => ApplyMethod::ServerSide,
            _ => ApplyMethod::ClientSide,
        },
    }
}

/// What a record says of how it was written: Helm 3 says nothing.
pub(super) fn recorded_method(method: ApplyMethod, compat: Compat) -> Option<ApplyMethod> {
    match compat {
        Compat::Helm3 => None,
        Compat::Helm4 => Some(method),
    }
}
