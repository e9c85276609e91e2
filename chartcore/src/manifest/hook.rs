//! Hooks: resources that run at a moment of a release's life.

use super::object::{Head, Text};

/// When a hook runs (Helm: pkg/release/v1/hook.go).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HookEvent {
    /// Before resources are created.
    PreInstall,
    /// After resources are created.
    PostInstall,
    /// Before resources are removed.
    PreDelete,
    /// After resources are removed.
    PostDelete,
    /// Before resources are changed.
    PreUpgrade,
    /// After resources are changed.
    PostUpgrade,
    /// Before resources are taken back.
    PreRollback,
    /// After resources are taken back.
    PostRollback,
    /// On `helm test`.
    Test,
}

impl HookEvent {
    /// The name in the annotation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreInstall => "pre-install",
            Self::PostInstall => "post-install",
            Self::PreDelete => "pre-delete",
            Self::PostDelete => "post-delete",
            Self::PreUpgrade => "pre-upgrade",
            Self::PostUpgrade => "post-upgrade",
            Self::PreRollback => "pre-rollback",
            Self::PostRollback => "post-rollback",
            Self::Test => "test",
        }
    }

    /// Reads one entry of `helm.sh/hook`; `test-success` is Helm 2's name of `test`.
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "pre-install" => Self::PreInstall,
            "post-install" => Self::PostInstall,
            "pre-delete" => Self::PreDelete,
            "post-delete" => Self::PostDelete,
            "pre-upgrade" => Self::PreUpgrade,
            "post-upgrade" => Self::PostUpgrade,
            "pre-rollback" => Self::PreRollback,
            "post-rollback" => Self::PostRollback,
            "test" | "test-success" => Self::Test,
            _ => return None,
        })
    }
}

/// When a hook's resource is removed again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DeletePolicy {
    /// Before the hook runs the next time; what applies when nothing is said.
    BeforeHookCreation,
    /// When it succeeded.
    HookSucceeded,
    /// When it failed.
    HookFailed,
    /// A word Helm records but does not act on.
    Other(String),
}

impl DeletePolicy {
    /// The name in the annotation.
    pub fn as_str(&self) -> &str {
        match self {
            Self::BeforeHookCreation => "before-hook-creation",
            Self::HookSucceeded => "hook-succeeded",
            Self::HookFailed => "hook-failed",
            Self::Other(word) => word,
        }
    }
}

impl From<String> for DeletePolicy {
    fn from(word: String) -> Self {
        match word.as_str() {
            "before-hook-creation" => Self::BeforeHookCreation,
            "hook-succeeded" => Self::HookSucceeded,
            "hook-failed" => Self::HookFailed,
            _ => Self::Other(word),
        }
    }
}

/// When a hook's logs are shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LogPolicy {
    /// When it succeeded.
    HookSucceeded,
    /// When it failed.
    HookFailed,
    /// A word Helm records but does not act on.
    Other(String),
}

impl LogPolicy {
    /// The name in the annotation.
    pub fn as_str(&self) -> &str {
        match self {
            Self::HookSucceeded => "hook-succeeded",
            Self::HookFailed => "hook-failed",
            Self::Other(word) => word,
        }
    }
}

impl From<String> for LogPolicy {
    fn from(word: String) -> Self {
        match word.as_str() {
            "hook-succeeded" => Self::HookSucceeded,
            "hook-failed" => Self::HookFailed,
            _ => Self::Other(word),
        }
    }
}

/// A resource with the annotation `helm.sh/hook`.
#[derive(Debug, Clone)]
pub struct Hook {
    /// `metadata.name`.
    pub name: String,
    /// `kind`.
    pub kind: String,
    /// The template it came from, under the root chart's name.
    pub source: std::sync::Arc<str>,
    /// The document.
    pub text: Text,
    /// When it runs.
    pub events: Vec<HookEvent>,
    /// Lower ones run first.
    pub weight: i64,
    /// When it is removed; empty means [`DeletePolicy::BeforeHookCreation`].
    pub delete_policies: Vec<DeletePolicy>,
    /// When its logs are shown.
    pub log_policies: Vec<LogPolicy>,
}

impl Hook {
    /// Whether `helm test` runs it.
    pub fn is_test(&self) -> bool {
        self.events.contains(&HookEvent::Test)
    }

    /// Reads the hook annotations. `Ok(None)`: there is no `helm.sh/hook`.
    ///
    /// # Errors
    /// The annotation's text, when one of its entries is unknown: Helm drops such a document.
    pub(super) fn from_head(
        head: &Head,
        source: &std::sync::Arc<str>,
        text: &Text,
    ) -> Result<Option<Self>, String> {
        let Some(names) = head.annotation("helm.sh/hook") else { return Ok(None) };
        let events: Option<Vec<_>> = words(names).map(|word| HookEvent::parse(&word)).collect();
        let Some(events) = events else { return Err(names.to_owned()) };
        let listed =
            |key| head.annotation(key).map(|list| words(list).collect::<Vec<_>>()).unwrap_or_default();
        Ok(Some(Self {
            name: head.name.clone(),
            kind: head.kind.clone(),
            source: source.clone(),
            text: text.clone(),
            events,
            weight: head.annotation("helm.sh/hook-weight").and_then(atoi).unwrap_or(0),
            delete_policies: listed("helm.sh/hook-delete-policy").into_iter().map(Into::into).collect(),
            log_policies: listed("helm.sh/hook-output-log-policy").into_iter().map(Into::into).collect(),
        }))
    }
}

/// The entries of a comma-separated annotation, trimmed and in lower case. An empty text has one empty entry.
fn words(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(|word| word.trim().to_lowercase())
}

/// Go's `strconv.Atoi`: an optional sign and decimal digits that fit int64.
fn atoi(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// Sorts hooks of one event into the order they run in: weight, then name, then kind as they stand.
///
/// Helm: pkg/action/hooks.go.
pub fn sort_for_execution(hooks: &mut [Hook]) {
    hooks.sort_by(|left, right| (left.weight, &left.name).cmp(&(right.weight, &right.name)));
}
