//! Which releases there are.
//!
//! Helm: pkg/action/list.go.

use std::collections::BTreeMap;

use super::{Release, Releases, Status};
use crate::error::{Error, ErrorKind, Result};
use crate::regex::Regex;

/// Which statuses are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatusFilter {
    /// `--deployed`.
    pub deployed: bool,
    /// `--uninstalled`.
    pub uninstalled: bool,
    /// `--uninstalling`.
    pub uninstalling: bool,
    /// `--pending`.
    pub pending: bool,
    /// `--failed`.
    pub failed: bool,
    /// `--superseded`.
    pub superseded: bool,
}

impl StatusFilter {
    /// Every status.
    pub fn all() -> Self {
        Self {
            deployed: true,
            uninstalled: true,
            uninstalling: true,
            pending: true,
            failed: true,
            superseded: true,
        }
    }

    /// Whether nothing is chosen.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    fn includes(self, status: Status) -> bool {
        match status {
            Status::Deployed => self.deployed,
            Status::Uninstalled => self.uninstalled,
            Status::Uninstalling => self.uninstalling,
            Status::PendingInstall | Status::PendingUpgrade | Status::PendingRollback => self.pending,
            Status::Failed => self.failed,
            Status::Superseded => self.superseded,
            Status::Unknown => false,
        }
    }
}

/// In which order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// By name.
    #[default]
    Name,
    /// By the time of the last change.
    Date,
}

/// Which releases to list.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// Which statuses.
    pub statuses: StatusFilter,
    /// A regular expression names must match; empty for all.
    pub filter: String,
    /// A label selector: `a=b,c!=d`, `e`, `!f`, `g in (x,y)`.
    pub selector: String,
    /// By what they are sorted.
    pub order: Order,
    /// Whether the other way round.
    pub reverse: bool,
    /// How many at most; 0 for all.
    pub max: usize,
    /// How many to leave out at the start.
    pub offset: usize,
}

impl Releases {
    /// The releases of the namespace, each by its last revision.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for a filter or a selector that is none; the cluster does not answer.
    pub fn list(&self, options: &ListOptions) -> Result<Vec<Release>> {
        self.cluster.check_reachable(self.compat)?;
        let filter = match options.filter.as_str() {
            "" => None,
            text => Some(Regex::new(text).map_err(|error| Error::new(ErrorKind::Usage, error.to_string()))?),
        };
        let selector = Selector::parse(&options.selector)?;
        let mut found = self.store.list()?;
        if let Some(filter) = &filter {
            found.retain(|release| filter.is_match(release.name.as_bytes()));
        }
        if options.statuses != (StatusFilter { superseded: true, ..StatusFilter::default() }) {
            found = latest(found);
        }
        found.retain(|release| {
            options.statuses.includes(release.info.status) && selector.matches(&release.stored_labels)
        });
        let key = |release: &Release| (release.name.clone(), release.namespace.clone(), release.revision);
        match options.order {
            Order::Name => found.sort_by_key(key),
            Order::Date => found.sort_by_key(|release| (release.info.last_deployed.instant(), key(release))),
        }
        if options.reverse {
            found.reverse();
        }
        let max = if options.max == 0 { usize::MAX } else { options.max };
        Ok(found.into_iter().skip(options.offset).take(max).collect())
    }
}

/// Of each release the last revision.
fn latest(found: Vec<Release>) -> Vec<Release> {
    let mut last: BTreeMap<(String, String), Release> = BTreeMap::new();
    for release in found {
        let key = (release.namespace.clone(), release.name.clone());
        match last.get(&key) {
            Some(known) if known.revision > release.revision => {}
            _ => drop(last.insert(key, release)),
        }
    }
    last.into_values().collect()
}

/// A label selector (Kubernetes: apimachinery/pkg/labels).
#[derive(Debug, Default, PartialEq)]
pub(super) struct Selector {
    requirements: Vec<(String, Requirement)>,
}

#[derive(Debug, PartialEq)]
enum Requirement {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Missing,
}

impl Selector {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let invalid = |part: &str| {
            Error::new(
                ErrorKind::Usage,
                format!("unable to parse requirement: found {part:?}, expected a label requirement"),
            )
        };
        let mut requirements = Vec::new();
        for part in split_outside_parentheses(text) {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            let one = |value: &str| vec![value.trim().to_owned()];
            let (key, requirement) = if let Some((key, value)) = part.split_once("!=") {
                (key, Requirement::NotIn(one(value)))
            } else if let Some((key, value)) = part.split_once("==") {
                (key, Requirement::In(one(value)))
            } else if let Some((key, value)) = part.split_once('=') {
                (key, Requirement::In(one(value)))
            } else if let Some((key, rest)) = part.split_once(" notin ") {
                (key, Requirement::NotIn(set(rest).ok_or_else(|| invalid(part))?))
            } else if let Some((key, rest)) = part.split_once(" in ") {
                (key, Requirement::In(set(rest).ok_or_else(|| invalid(part))?))
            } else if let Some(key) = part.strip_prefix('!') {
                (key, Requirement::Missing)
            } else {
                (part, Requirement::Exists)
            };
            let key = key.trim();
            if key.is_empty() || key.contains(char::is_whitespace) {
                return Err(invalid(part));
            }
            requirements.push((key.to_owned(), requirement));
        }
        Ok(Self { requirements })
    }

    pub(super) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements.iter().all(|(key, requirement)| {
            let value = labels.get(key);
            match requirement {
                Requirement::In(values) => value.is_some_and(|value| values.contains(value)),
                Requirement::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
                Requirement::Exists => value.is_some(),
                Requirement::Missing => value.is_none(),
            }
        })
    }
}

fn set(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    Some(inner.split(',').map(|value| value.trim().to_owned()).collect())
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0i32);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_select() {
        let labels = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        for (selector, matches) in [
            ("", true),
            ("a=1", true),
            ("a==1,b=2", true),
            ("a!=1", false),
            ("c!=1", true),
            ("a in (1, 2)", true),
            ("a notin (1)", false),
            ("a", true),
            ("!a", false),
            ("!c", true),
            ("c", false),
        ] {
            assert_eq!(Selector::parse(selector).unwrap().matches(&labels), matches, "{selector}");
        }
        assert!(Selector::parse("a b").is_err());
        assert!(Selector::parse("a in 1").is_err());
    }
}
