//! Waiting until objects are what they shall be.

use std::cell::RefCell;
use std::time::Duration;

use serde_json::Value as Json;

use super::request::Failure;
use super::status::{Question, Readiness, State, readiness};
use super::watch::{Seen, follow};
use super::{Cluster, Object, legacy};
use crate::error::{Error, ErrorKind, Result};
use crate::template::Host;

/// How to wait (`--wait`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WaitStrategy {
    /// By watches, with kstatus' rules.
    Watcher,
    /// By asking again and again, with the rules of Helm 3.
    Legacy,
    /// Only for hooks.
    #[default]
    HookOnly,
}

impl WaitStrategy {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Watcher => "watcher",
            Self::Legacy => "legacy",
            Self::HookOnly => "hookOnly",
        }
    }
}

/// What to wait for, and how long.
#[derive(Clone, Copy)]
pub struct WaitOptions<'o> {
    /// By which rules.
    pub strategy: WaitStrategy,
    /// Whether jobs must be done (`--wait-for-jobs`).
    pub jobs: bool,
    /// How long; zero means half a minute.
    pub timeout: Duration,
    /// The clock.
    pub host: &'o dyn Host,
    /// Who hears of every change.
    pub observer: Option<&'o dyn Fn(&Object, &Readiness)>,
}

/// Helm: pkg/kube/statuswait.go, `DefaultStatusWatcherTimeout`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Up to this many objects of a kind are watched one by one; more of them together.
const WATCHED_ALONE: usize = 4;

/// The last words on objects that were waited for.
const TIMED_OUT: &str = "context deadline exceeded";

impl Cluster {
    /// Waits until all objects are ready.
    ///
    /// # Errors
    /// [`ErrorKind::Cluster`] when one fails or the time is up, naming each that is not ready.
    pub fn wait(&self, objects: &[Object], options: &WaitOptions<'_>) -> Result<()> {
        match options.strategy {
            WaitStrategy::HookOnly => Ok(()),
            WaitStrategy::Legacy => self.run(legacy::wait(self.http(), objects, options)),
            WaitStrategy::Watcher => {
                let question = if options.jobs { Question::ReadyAndDone } else { Question::Ready };
                let waited: Vec<&Object> =
                    objects.iter().filter(|object| !is_paused(object) && !is_always_ready(object)).collect();
                self.watch_all(&waited, question, options)
            }
        }
    }

    /// Waits until hooks have ended.
    ///
    /// # Errors
    /// As [`Cluster::wait`].
    pub fn wait_for_hooks(&self, objects: &[Object], options: &WaitOptions<'_>) -> Result<()> {
        let waited: Vec<&Object> = objects.iter().filter(|object| !object.name.is_empty()).collect();
        let outcome = self.watch_all(&waited, Question::Ended, options);
        match (options.strategy, outcome) {
            (WaitStrategy::Legacy, Err(error)) => Err(legacy::hook_failure(&waited, &error)),
            (_, outcome) => outcome,
        }
    }

    /// Waits until all objects are gone.
    ///
    /// # Errors
    /// [`ErrorKind::Cluster`] when the time is up, naming those that are still there.
    pub fn wait_for_delete(&self, objects: &[Object], options: &WaitOptions<'_>) -> Result<()> {
        let states = RefCell::new(vec![Readiness::new(State::Unknown, ""); objects.len()]);
        let is_done =
            |states: &[Readiness]| states.iter().all(|readiness| readiness.state == State::NotFound);
        let read = |live: &Json| readiness(live, Question::Ready, options.host.now().0);
        let all: Vec<&Object> = objects.iter().collect();
        let outcome = self.observe(&all, &states, is_done, read, options);
        let mut problems: Vec<String> = objects
            .iter()
            .zip(states.borrow().iter())
            .filter(|(_, readiness)| !matches!(readiness.state, State::NotFound | State::Unknown))
            .map(|(object, readiness)| {
                let Readiness { state, message } = readiness;
                format!("resource {} still exists. status: {state}, message: {message}", place(object))
            })
            .collect();
        ended(outcome, &mut problems, options)
    }

    fn watch_all(&self, objects: &[&Object], question: Question, options: &WaitOptions<'_>) -> Result<()> {
        let states = RefCell::new(vec![Readiness::new(State::Unknown, ""); objects.len()]);
        let is_done = |states: &[Readiness]| {
            states.iter().all(|readiness| matches!(readiness.state, State::Current | State::Failed))
        };
        let read = |live: &Json| readiness(live, question, options.host.now().0);
        let outcome = self.observe(objects, &states, is_done, read, options);
        let mut problems: Vec<String> = objects
            .iter()
            .zip(states.borrow().iter())
            .filter(|(_, readiness)| readiness.state != State::Current)
            .map(|(object, readiness)| {
                let Readiness { state, message } = readiness;
                format!("resource {} not ready. status: {state}, message: {message}", place(object))
            })
            .collect();
        ended(outcome, &mut problems, options)
    }

    /// Follows objects until `is_done` of their states.
    fn observe(
        &self,
        objects: &[&Object],
        states: &RefCell<Vec<Readiness>>,
        is_done: impl Fn(&[Readiness]) -> bool,
        read: impl Fn(&Json) -> Readiness,
        options: &WaitOptions<'_>,
    ) -> Watched {
        if objects.is_empty() {
            return Watched::Done;
        }
        let timeout = if options.timeout.is_zero() { DEFAULT_TIMEOUT } else { options.timeout };
        let set = |index: usize, readiness: Readiness| {
            let mut states = states.borrow_mut();
            if let (Some(slot), Some(object)) = (states.get_mut(index), objects.get(index))
                && *slot != readiness
            {
                if let Some(observer) = options.observer {
                    observer(object, &readiness);
                }
                *slot = readiness;
            }
        };
        let groups = groups(objects);
        let (set, is_done, read) = (&set, &is_done, &read);
        let watches = groups.iter().map(|(path, name, members)| {
            Box::pin(follow(self.http(), path, name, move |seen| {
                let name_of = |live: &Json| {
                    live.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default().to_owned()
                };
                let member = |live: &Json| {
                    let name = name_of(live);
                    members
                        .iter()
                        .copied()
                        .find(|index| objects.get(*index).is_some_and(|it| it.name == name))
                };
                match seen {
                    Seen::All(items) => {
                        for &index in members {
                            let name = objects.get(index).map(|object| object.name.as_str());
                            let live = items.iter().find(|item| Some(name_of(item).as_str()) == name);
                            let readiness = live
                                .map_or_else(|| Readiness::new(State::NotFound, "Resource not found"), read);
                            set(index, readiness);
                        }
                    }
                    Seen::Changed(live) => {
                        if let Some(index) = member(live) {
                            set(index, read(live));
                        }
                    }
                    Seen::Gone(live) => {
                        if let Some(index) = member(live) {
                            set(index, Readiness::new(State::NotFound, "Resource not found"));
                        }
                    }
                }
                is_done(&states.borrow())
            }))
        });
        let first = futures_util::future::select_all(watches.collect::<Vec<_>>());
        match self.run(async { tokio::time::timeout(timeout, first).await }) {
            Ok((Ok(()), ..)) => Watched::Done,
            Ok((Err(failure), ..)) => Watched::Refused(failure),
            Err(_) => Watched::TimedOut,
        }
    }
}

/// How following ended.
enum Watched {
    Done,
    TimedOut,
    Refused(Failure),
}

fn ended(outcome: Watched, problems: &mut Vec<String>, options: &WaitOptions<'_>) -> Result<()> {
    match outcome {
        Watched::Done => {}
        Watched::TimedOut if options.strategy == WaitStrategy::Legacy => {
            *problems = vec![TIMED_OUT.to_owned()];
        }
        Watched::TimedOut => problems.push(TIMED_OUT.to_owned()),
        Watched::Refused(failure) => return Err(failure.into_error()),
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::new(ErrorKind::Cluster, problems.join("\n"))) }
}

/// `Deployment/web/name`.
fn place(object: &Object) -> String {
    format!("{}/{}/{}", object.resource.kind, object.namespace, object.name)
}

fn is_paused(object: &Object) -> bool {
    object.resource.kind == "Deployment"
        && object.json.pointer("/spec/paused").and_then(Json::as_bool).unwrap_or(false)
}

/// Kinds that kstatus never waits for: they were just written, so they are there.
fn is_always_ready(object: &Object) -> bool {
    matches!(
        (object.resource.group.as_str(), object.resource.kind.as_str()),
        ("", "Secret" | "ConfigMap" | "ServiceAccount")
            | ("batch", "CronJob")
            | ("rbac.authorization.k8s.io", "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding")
    ) || object.name.is_empty()
}

/// What to watch: a path, a name or nothing for all of it, and which objects that covers.
fn groups(objects: &[&Object]) -> Vec<(String, String, Vec<usize>)> {
    let mut groups: Vec<(String, String, Vec<usize>)> = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        let path = object.collection();
        match groups.iter_mut().find(|(known, ..)| *known == path) {
            Some((_, _, members)) => members.push(index),
            None => groups.push((path, String::new(), vec![index])),
        }
    }
    let mut out = Vec::with_capacity(groups.len());
    for (path, _, members) in groups {
        if members.len() > WATCHED_ALONE {
            out.push((path, String::new(), members));
            continue;
        }
        for index in members {
            let name = objects.get(index).map(|object| object.name.clone()).unwrap_or_default();
            out.push((path.clone(), name, vec![index]));
        }
    }
    out
}
