//! Whether an object is what its manifest asks for: kstatus' rules.
//!
//! fluxcd/cli-utils: pkg/kstatus/status; Helm: internal/statusreaders.

use std::fmt;

use serde_json::Value as Json;

/// What an object is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// On its way.
    InProgress,
    /// It will not get there.
    Failed,
    /// There.
    Current,
    /// Being deleted.
    Terminating,
    /// Not there.
    NotFound,
    /// Nobody could say.
    Unknown,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InProgress => "InProgress",
            Self::Failed => "Failed",
            Self::Current => "Current",
            Self::Terminating => "Terminating",
            Self::NotFound => "NotFound",
            Self::Unknown => "Unknown",
        })
    }
}

/// A state and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// What it is at.
    pub state: State,
    /// Why.
    pub message: String,
}

impl Readiness {
    pub(super) fn new(state: State, message: impl Into<String>) -> Self {
        Self { state, message: message.into() }
    }

    fn current(message: impl Into<String>) -> Self {
        Self::new(State::Current, message)
    }

    fn waiting(message: impl Into<String>) -> Self {
        Self::new(State::InProgress, message)
    }

    fn failed(message: impl Into<String>) -> Self {
        Self::new(State::Failed, message)
    }
}

/// What is asked of the objects that are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// Are they as their manifests say?
    Ready,
    /// The same, and are jobs done?
    ReadyAndDone,
    /// Hooks: have jobs and pods ended? Anything else is ready at once.
    Ended,
}

/// Answers `question` for a live object; `now` is in seconds since 1970.
pub(super) fn readiness(live: &Json, question: Question, now: i64) -> Readiness {
    let api_version = text(live, "/apiVersion");
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let kind = text(live, "/kind");
    if question == Question::Ended && !matches!((group, kind), ("batch", "Job") | ("", "Pod")) {
        return generic(live).unwrap_or_else(|| Readiness::current("Resource is current"));
    }
    if let Some(readiness) = generic(live) {
        return readiness;
    }
    match (group, kind) {
        ("batch", "Job") if question != Question::Ready => ended_job(live),
        ("", "Pod") if question == Question::Ended => ended_pod(live),
        ("", "Service") => service(live),
        ("", "Pod") => pod(live, now),
        ("", "Secret" | "ConfigMap") | ("batch", "CronJob") => Readiness::current("Resource is always ready"),
        ("", "PersistentVolumeClaim") => claim(live),
        ("apps", "StatefulSet") => stateful_set(live),
        ("apps" | "extensions", "DaemonSet") => daemon_set(live),
        ("apps" | "extensions", "Deployment") => deployment(live),
        ("apps" | "extensions", "ReplicaSet") => replica_set(live),
        ("policy", "PodDisruptionBudget") => Readiness::current("AllowedDisruptions has been computed."),
        ("batch", "Job") => job(live),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(live),
        _ => ready_condition(live),
    }
}

fn text<'j>(json: &'j Json, pointer: &str) -> &'j str {
    json.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

fn number(json: &Json, pointer: &str, default: i64) -> i64 {
    json.pointer(pointer).and_then(Json::as_i64).unwrap_or(default)
}

/// Type, status, reason and message of each condition.
fn conditions(json: &Json) -> impl Iterator<Item = (&str, &str, &str, &str)> {
    let list = json.pointer("/status/conditions").and_then(Json::as_array).into_iter().flatten();
    list.map(|condition| {
        (
            text(condition, "/type"),
            text(condition, "/status"),
            text(condition, "/reason"),
            text(condition, "/message"),
        )
    })
}

/// What holds for every kind.
fn generic(live: &Json) -> Option<Readiness> {
    if !text(live, "/metadata/deletionTimestamp").is_empty() {
        return Some(Readiness::new(State::Terminating, "Resource scheduled for deletion"));
    }
    let generation = live.pointer("/metadata/generation").and_then(Json::as_i64);
    let observed = live.pointer("/status/observedGeneration").and_then(Json::as_i64);
    if let (Some(generation), Some(observed)) = (generation, observed)
        && generation != observed
    {
        let kind = text(live, "/kind");
        return Some(Readiness::waiting(format!(
            "{kind} generation is {generation}, but latest observed generation is {observed}"
        )));
    }
    for (name, status, _, message) in conditions(live) {
        match (name, status) {
            ("Reconciling", "True") => return Some(Readiness::waiting(message)),
            ("Stalled", "True") => return Some(Readiness::failed(message)),
            _ => {}
        }
    }
    None
}

fn ready_condition(live: &Json) -> Readiness {
    for (name, status, _, message) in conditions(live) {
        match (name, status) {
            ("Ready", "True") => return Readiness::current("Resource is Ready"),
            ("Ready", "False" | "Unknown") => return Readiness::waiting(message),
            _ => {}
        }
    }
    Readiness::current("Resource is current")
}

fn service(live: &Json) -> Readiness {
    if text(live, "/spec/type") == "LoadBalancer" && text(live, "/spec/clusterIP").is_empty() {
        return Readiness::waiting("ClusterIP not set. Service type: LoadBalancer");
    }
    Readiness::current("Service is ready")
}

fn claim(live: &Json) -> Readiness {
    match text(live, "/status/phase") {
        "Bound" => Readiness::current("PVC is Bound"),
        "" => Readiness::waiting("PVC is not Bound. phase: unknown"),
        phase => Readiness::waiting(format!("PVC is not Bound. phase: {phase}")),
    }
}

fn pod(live: &Json, now: i64) -> Readiness {
    match text(live, "/status/phase") {
        "Succeeded" => Readiness::current("Pod has completed successfully"),
        "Failed" => Readiness::current("Pod has completed, but not successfully"),
        "Running" => {
            if conditions(live).any(|(name, status, ..)| (name, status) == ("Ready", "True")) {
                return Readiness::current("Pod is Ready");
            }
            let containers = live.pointer("/status/containerStatuses").and_then(Json::as_array);
            let looping: Vec<&str> = containers
                .into_iter()
                .flatten()
                .filter(|container| text(container, "/state/waiting/reason") == "CrashLoopBackOff")
                .map(|container| text(container, "/name"))
                .collect();
            if !looping.is_empty() {
                return Readiness::failed(format!("Containers in CrashLoop state: {}", looping.join(",")));
            }
            Readiness::waiting("Pod is running but is not Ready")
        }
        "Pending" => {
            let unschedulable = conditions(live).any(|(name, status, reason, _)| {
                (name, status, reason) == ("PodScheduled", "False", "Unschedulable")
            });
            if unschedulable {
                // The scheduler has a moment before its word counts.
                let made = text(live, "/metadata/creationTimestamp").parse::<jiff::Timestamp>();
                let made = made.map_or(0, |made| made.as_second());
                return if now - 15 < made {
                    Readiness::waiting("Pod has not been scheduled")
                } else {
                    Readiness::failed("Pod could not be scheduled")
                };
            }
            Readiness::waiting("Pod is in the Pending phase")
        }
        "" => Readiness::waiting("Pod phase not available"),
        phase => Readiness::new(State::Unknown, format!("unknown phase {phase}")),
    }
}

fn ended_pod(live: &Json) -> Readiness {
    let name = text(live, "/metadata/name");
    match text(live, "/status/phase") {
        "Succeeded" => Readiness::current(format!("pod {name} succeeded")),
        "Failed" => Readiness::failed(format!("pod {name} failed")),
        _ => Readiness::waiting("Pod in progress"),
    }
}

fn ended_job(live: &Json) -> Readiness {
    let succeeded = number(live, "/status/succeeded", 0);
    let completions = number(live, "/spec/completions", number(live, "/spec/parallelism", 1));
    let failed = number(live, "/status/failed", 0);
    for (name, status, ..) in conditions(live) {
        match (name, status) {
            ("Complete", "True") => {
                return Readiness::current(format!("Job Completed. succeeded: {succeeded}/{completions}"));
            }
            ("Failed", "True") => {
                return Readiness::failed(format!("Job Failed. failed: {failed}/{completions}"));
            }
            _ => {}
        }
    }
    Readiness::waiting("Job in progress")
}

fn job(live: &Json) -> Readiness {
    match ended_job(live) {
        Readiness { state: State::InProgress, .. } if text(live, "/status/startTime").is_empty() => {
            Readiness::waiting("Job not started")
        }
        Readiness { state: State::InProgress, .. } => Readiness::current(format!(
            "Job in progress. success:{}, active: {}, failed: {}",
            number(live, "/status/succeeded", 0),
            number(live, "/status/active", 0),
            number(live, "/status/failed", 0)
        )),
        ended => ended,
    }
}

fn deployment(live: &Json) -> Readiness {
    let mut progressing = live.pointer("/spec/progressDeadlineSeconds").is_none()
        || number(live, "/spec/progressDeadlineSeconds", 0) == i64::from(i32::MAX);
    let mut available = false;
    for (name, status, reason, _) in conditions(live) {
        match name {
            "Progressing" if reason == "ProgressDeadlineExceeded" => {
                return Readiness::failed("Progress deadline exceeded");
            }
            "Progressing" if status == "True" && reason == "NewReplicaSetAvailable" => progressing = true,
            "Available" if status == "True" => available = true,
            _ => {}
        }
    }
    let wanted = number(live, "/spec/replicas", 1);
    let replicas = number(live, "/status/replicas", 0);
    let updated = number(live, "/status/updatedReplicas", 0);
    let ready = number(live, "/status/readyReplicas", 0);
    let reachable = number(live, "/status/availableReplicas", 0);
    if wanted > replicas {
        return Readiness::waiting(format!("Replicas: {replicas}/{wanted}"));
    }
    if wanted > updated {
        return Readiness::waiting(format!("Updated: {updated}/{wanted}"));
    }
    if replicas > wanted {
        return Readiness::waiting(format!("Pending termination: {}", replicas - wanted));
    }
    if updated > reachable {
        return Readiness::waiting(format!("Available: {reachable}/{updated}"));
    }
    if wanted > ready {
        return Readiness::waiting(format!("Ready: {ready}/{wanted}"));
    }
    if !progressing {
        return Readiness::waiting("ReplicaSet not Available");
    }
    if !available {
        return Readiness::waiting("Deployment not Available");
    }
    Readiness::current(format!("Deployment is available. Replicas: {replicas}"))
}

fn replica_set(live: &Json) -> Readiness {
    if conditions(live).any(|(name, status, ..)| (name, status) == ("ReplicaFailure", "True")) {
        return Readiness::waiting("Replica Failure condition. Check Pods");
    }
    let wanted = number(live, "/spec/replicas", 1);
    let replicas = number(live, "/status/replicas", 0);
    for (label, pointer) in [
        ("Labelled", "/status/fullyLabeledReplicas"),
        ("Available", "/status/availableReplicas"),
        ("Ready", "/status/readyReplicas"),
    ] {
        let reached = number(live, pointer, 0);
        if wanted > reached {
            return Readiness::waiting(format!("{label}: {reached}/{wanted}"));
        }
    }
    if replicas > wanted {
        return Readiness::waiting(format!("Pending termination: {}", replicas - wanted));
    }
    Readiness::current(format!("ReplicaSet is available. Replicas: {replicas}"))
}

fn stateful_set(live: &Json) -> Readiness {
    if text(live, "/spec/updateStrategy/type") == "OnDelete" {
        return Readiness::current("StatefulSet is using the ondelete update strategy");
    }
    let wanted = number(live, "/spec/replicas", 1);
    let ready = number(live, "/status/readyReplicas", 0);
    let current = number(live, "/status/currentReplicas", 0);
    let updated = number(live, "/status/updatedReplicas", 0);
    let replicas = number(live, "/status/replicas", 0);
    let partition = number(live, "/spec/updateStrategy/rollingUpdate/partition", -1);
    if wanted > replicas {
        return Readiness::waiting(format!("Replicas: {replicas}/{wanted}"));
    }
    if wanted > ready {
        return Readiness::waiting(format!("Ready: {ready}/{wanted}"));
    }
    if replicas > wanted {
        return Readiness::waiting(format!("Pending termination: {}", replicas - wanted));
    }
    if partition != -1 {
        if updated < wanted - partition {
            return Readiness::waiting(format!("updated: {updated}/{}", wanted - partition));
        }
        return Readiness::current(format!("Partition rollout complete. updated: {updated}"));
    }
    if wanted > current {
        return Readiness::waiting(format!("current: {current}/{wanted}"));
    }
    if text(live, "/status/currentRevision") != text(live, "/status/updateRevision") {
        return Readiness::waiting("Waiting for updated revision to match current");
    }
    Readiness::current(format!("All replicas scheduled as expected. Replicas: {replicas}"))
}

fn daemon_set(live: &Json) -> Readiness {
    let kind = text(live, "/kind");
    for (pointer, name) in [
        ("/metadata/generation", "metadata.generation"),
        ("/status/observedGeneration", "status.observedGeneration"),
    ] {
        if live.pointer(pointer).is_none() {
            return Readiness::waiting(format!("{kind} {name} not found"));
        }
    }
    let wanted = number(live, "/status/desiredNumberScheduled", -1);
    if wanted == -1 {
        return Readiness::waiting("Missing .status.desiredNumberScheduled");
    }
    for (label, pointer) in [
        ("Current", "/status/currentNumberScheduled"),
        ("Updated", "/status/updatedNumberScheduled"),
        ("Available", "/status/numberAvailable"),
        ("Ready", "/status/numberReady"),
    ] {
        let reached = number(live, pointer, 0);
        if wanted > reached {
            return Readiness::waiting(format!("{label}: {reached}/{wanted}"));
        }
    }
    Readiness::current(format!("All replicas scheduled as expected. Replicas: {wanted}"))
}

fn definition(live: &Json) -> Readiness {
    for (name, status, reason, message) in conditions(live) {
        match (name, status) {
            ("NamesAccepted", "False") => return Readiness::failed(message),
            ("Established", "False") if reason != "Installing" => return Readiness::failed(message),
            ("Established", "True") => return Readiness::current("CRD is established"),
            _ => {}
        }
    }
    Readiness::waiting("Install in progress")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(live: Json, question: Question, state: State, message: &str) {
        assert_eq!(readiness(&live, question, 1_000), Readiness::new(state, message));
    }

    #[test]
    fn deployments_are_current_when_all_replicas_are() {
        let of = |status: Json| {
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generation": 2},
                   "spec": {"replicas": 2, "progressDeadlineSeconds": 600}, "status": status})
        };
        check(
            of(json!({"observedGeneration": 1})),
            Question::Ready,
            State::InProgress,
            "Deployment generation is 2, but latest observed generation is 1",
        );
        check(of(json!({"observedGeneration": 2})), Question::Ready, State::InProgress, "Replicas: 0/2");
        let full = json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
            "availableReplicas": 2, "conditions": [
                {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
                {"type": "Available", "status": "True"}]});
        check(of(full), Question::Ready, State::Current, "Deployment is available. Replicas: 2");
        let stuck = json!({"conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]});
        check(of(stuck), Question::Ready, State::Failed, "Progress deadline exceeded");
    }

    #[test]
    fn jobs_end_only_when_asked() {
        let running = json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {"completions": 1},
                             "status": {"startTime": "x", "active": 1}});
        check(
            running.clone(),
            Question::Ready,
            State::Current,
            "Job in progress. success:0, active: 1, failed: 0",
        );
        check(running.clone(), Question::ReadyAndDone, State::InProgress, "Job in progress");
        check(running, Question::Ended, State::InProgress, "Job in progress");
        let failed = json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {"completions": 1},
            "status": {"failed": 3, "conditions": [{"type": "Failed", "status": "True"}]}});
        check(failed, Question::Ended, State::Failed, "Job Failed. failed: 3/1");
    }

    #[test]
    fn anything_else_is_current_unless_it_says_otherwise() {
        let of = |status: &str| {
            json!({"apiVersion": "x/v1", "kind": "Thing",
                   "status": {"conditions": [{"type": "Ready", "status": status, "message": "soon"}]}})
        };
        check(of("True"), Question::Ready, State::Current, "Resource is Ready");
        check(of("False"), Question::Ready, State::InProgress, "soon");
        check(json!({"kind": "Thing"}), Question::Ready, State::Current, "Resource is current");
        check(
            json!({"kind": "Thing", "metadata": {"deletionTimestamp": "now"}}),
            Question::Ended,
            State::Terminating,
            "Resource scheduled for deletion",
        );
    }
}
