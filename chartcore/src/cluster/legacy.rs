//! Waiting as Helm 3 does: by asking, with its own idea of what is ready.
//!
//! Helm: pkg/kube/ready.go, pkg/kube/wait.go.

use std::time::Duration;

use serde_json::Value as Json;

use super::Object;
use super::request::{Failure, Http, encode};
use super::wait::WaitOptions;
use crate::error::{Error, ErrorKind, Result};

/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(500);

/// How often one object may fail to be read.
const MAX_FAILURES: u32 = 30;

/// Waits until every object is ready.
pub(super) async fn wait(http: &Http, objects: &[Object], options: &WaitOptions<'_>) -> Result<()> {
    let poll = async {
        let mut failures = 0;
        'asking: loop {
            for object in objects {
                match is_ready(http, object, options.jobs).await {
                    Ok(true) => {}
                    Ok(false) => {
                        tokio::time::sleep(PAUSE).await;
                        continue 'asking;
                    }
                    Err(NotReady::Never(text)) => return Err(Error::new(ErrorKind::Cluster, text)),
                    Err(NotReady::Unknown(failure)) => {
                        failures += 1;
                        let again = match &failure {
                            Failure::Status { code, .. } => *code == 429 || (*code >= 500 && *code != 501),
                            Failure::Transport(_) => true,
                        };
                        if !again || failures > MAX_FAILURES {
                            return Err(failure.into_error());
                        }
                        tokio::time::sleep(PAUSE).await;
                        continue 'asking;
                    }
                }
            }
            return Ok(());
        }
    };
    tokio::time::timeout(options.timeout, poll)
        .await
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Cluster, "context deadline exceeded")))
}

/// Helm 3's words for a hook that failed.
pub(super) fn hook_failure(objects: &[&Object], error: &Error) -> Error {
    let text = error.message();
    let failed = objects.iter().find(|object| {
        text.contains(&format!(
            "resource {}/{}/{} not ready",
            object.resource.kind, object.namespace, object.name
        )) && text.contains("status: Failed")
    });
    let message = match failed {
        Some(object) if object.resource.kind == "Pod" => format!("pod {} failed", object.name),
        Some(object) => format!("job {} failed: BackoffLimitExceeded", object.name),
        None => "timed out waiting for the condition".to_owned(),
    };
    Error::new(ErrorKind::Cluster, message)
}

enum NotReady {
    /// It never will be.
    Never(String),
    /// It could not be read.
    Unknown(Failure),
}

impl From<Failure> for NotReady {
    fn from(failure: Failure) -> Self {
        Self::Unknown(failure)
    }
}

fn text<'j>(json: &'j Json, pointer: &str) -> &'j str {
    json.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

fn number(json: &Json, pointer: &str, default: i64) -> i64 {
    json.pointer(pointer).and_then(Json::as_i64).unwrap_or(default)
}

async fn is_ready(http: &Http, object: &Object, jobs: bool) -> std::result::Result<bool, NotReady> {
    let kind = (object.resource.group.as_str(), object.resource.kind.as_str());
    let known = matches!(
        kind,
        ("", "Pod" | "PersistentVolumeClaim" | "Service" | "ReplicationController")
            | ("batch", "Job")
            | ("apps" | "extensions", "Deployment" | "DaemonSet" | "StatefulSet" | "ReplicaSet")
            | ("apiextensions.k8s.io", "CustomResourceDefinition")
    );
    if !known || object.name.is_empty() || (kind.1 == "Job" && !jobs) {
        return Ok(true);
    }
    let live = http.get(&object.path()).await?.json;
    let observed = number(&live, "/status/observedGeneration", 0) == number(&live, "/metadata/generation", 0);
    Ok(match kind.1 {
        "Pod" => is_pod_ready(&live),
        "Job" => {
            let failed = number(&live, "/status/failed", 0) > number(&live, "/spec/backoffLimit", 6);
            if failed {
                let name = format!("{}/{}", object.namespace, object.name);
                return Err(NotReady::Never(format!("job is failed: {name}")));
            }
            let wanted = live.pointer("/spec/completions").and_then(Json::as_i64);
            wanted.is_none_or(|wanted| number(&live, "/status/succeeded", 0) >= wanted)
        }
        "PersistentVolumeClaim" => text(&live, "/status/phase") == "Bound",
        "Service" => is_service_ready(&live),
        "CustomResourceDefinition" => {
            let conditions = live.pointer("/status/conditions").and_then(Json::as_array);
            conditions.into_iter().flatten().any(|condition| {
                matches!(
                    (text(condition, "/type"), text(condition, "/status")),
                    ("Established", "True") | ("NamesAccepted", "False")
                )
            })
        }
        "StatefulSet" => observed && is_stateful_set_ready(&live),
        "DaemonSet" => observed && is_daemon_set_ready(&live),
        "Deployment" => observed && is_deployment_ready(http, object, &live).await?,
        // ReplicaSets and ReplicationControllers, by their pods.
        _ => observed && are_pods_ready(http, object, &live).await?,
    })
}

fn is_pod_ready(live: &Json) -> bool {
    let conditions = live.pointer("/status/conditions").and_then(Json::as_array);
    conditions
        .into_iter()
        .flatten()
        .any(|condition| (text(condition, "/type"), text(condition, "/status")) == ("Ready", "True"))
}

fn is_service_ready(live: &Json) -> bool {
    let kind = text(live, "/spec/type");
    if kind == "ExternalName" {
        return true;
    }
    let has =
        |pointer: &str| live.pointer(pointer).and_then(Json::as_array).is_some_and(|list| !list.is_empty());
    !text(live, "/spec/clusterIP").is_empty()
        && (kind != "LoadBalancer" || has("/spec/externalIPs") || has("/status/loadBalancer/ingress"))
}

fn is_stateful_set_ready(live: &Json) -> bool {
    if !matches!(text(live, "/spec/updateStrategy/type"), "RollingUpdate") {
        return true;
    }
    let partition = number(live, "/spec/updateStrategy/rollingUpdate/partition", 0);
    let wanted = number(live, "/spec/replicas", 1);
    let settled = text(live, "/status/currentRevision") == text(live, "/status/updateRevision");
    number(live, "/status/updatedReplicas", 0) >= wanted - partition
        && number(live, "/status/readyReplicas", 0) == wanted
        && (partition != 0 || settled)
}

fn is_daemon_set_ready(live: &Json) -> bool {
    if text(live, "/spec/updateStrategy/type") != "RollingUpdate" {
        return true;
    }
    let wanted = number(live, "/status/desiredNumberScheduled", 0);
    let unavailable = live.pointer("/spec/updateStrategy/rollingUpdate/maxUnavailable");
    number(live, "/status/updatedNumberScheduled", 0) == wanted
        && number(live, "/status/numberReady", 0) >= wanted - scaled(unavailable, wanted, true)
}

/// A count or a part of `total` in percent.
fn scaled(value: Option<&Json>, total: i64, round_up: bool) -> i64 {
    match value {
        Some(Json::Number(number)) => number.as_i64().unwrap_or(0),
        Some(Json::String(text)) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            let scaled = percent.saturating_mul(total);
            if round_up { scaled.saturating_add(99) / 100 } else { scaled / 100 }
        }
        _ => 0,
    }
}

async fn is_deployment_ready(
    http: &Http,
    object: &Object,
    live: &Json,
) -> std::result::Result<bool, NotReady> {
    if live.pointer("/spec/paused").and_then(Json::as_bool).unwrap_or(false) {
        return Ok(true);
    }
    let path = format!("/apis/apps/v1/namespaces/{}/replicasets", object.namespace);
    let sets = http.list(&path, &selector(live)).await?;
    let revision = |json: &Json| {
        let annotations = json.pointer("/metadata/annotations");
        annotations.and_then(|all| all.get("deployment.kubernetes.io/revision")).cloned()
    };
    let Some(newest) = sets.iter().find(|set| revision(set).is_some() && revision(set) == revision(live))
    else {
        return Ok(false);
    };
    let observed =
        number(newest, "/status/observedGeneration", 0) == number(newest, "/metadata/generation", 0);
    let wanted = number(live, "/spec/replicas", 1);
    let unavailable = match text(live, "/spec/strategy/type") {
        "RollingUpdate" if wanted > 0 => {
            let surge = scaled(live.pointer("/spec/strategy/rollingUpdate/maxSurge"), wanted, true);
            let unavailable = live.pointer("/spec/strategy/rollingUpdate/maxUnavailable");
            match scaled(unavailable, wanted, false) {
                0 if surge == 0 => 1,
                unavailable => unavailable.min(wanted),
            }
        }
        _ => 0,
    };
    Ok(observed && number(newest, "/status/readyReplicas", 0) >= wanted - unavailable)
}

async fn are_pods_ready(http: &Http, object: &Object, live: &Json) -> std::result::Result<bool, NotReady> {
    let path = format!("/api/v1/namespaces/{}/pods", object.namespace);
    let pods = http.list(&path, &selector(live)).await?;
    Ok(pods.iter().all(is_pod_ready))
}

/// The label selector of what an object owns.
pub(super) fn selector(live: &Json) -> String {
    let labels = live
        .pointer("/spec/selector/matchLabels")
        .or_else(|| live.pointer("/spec/selector").filter(|selector| selector.get("matchLabels").is_none()))
        .and_then(Json::as_object);
    let pairs =
        labels.into_iter().flatten().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    pairs.collect::<Vec<_>>().join(",")
}

/// The pods an object owns, for `status`.
pub(super) fn pods_path(object: &Object, live: &Json) -> Option<String> {
    let owns = matches!(
        object.resource.kind.as_str(),
        "ReplicaSet" | "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicationController"
    );
    let selector = selector(live);
    (owns && !selector.is_empty())
        .then(|| format!("/api/v1/namespaces/{}/pods?labelSelector={}", object.namespace, encode(&selector)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parts_are_counts_or_percents() {
        assert_eq!(scaled(Some(&json!(2)), 10, true), 2);
        assert_eq!(scaled(Some(&json!("25%")), 10, true), 3);
        assert_eq!(scaled(Some(&json!("25%")), 10, false), 2);
        assert_eq!(scaled(None, 10, true), 0);
    }

    #[test]
    fn services_need_an_address() {
        assert!(is_service_ready(&json!({"spec": {"type": "ExternalName"}})));
        assert!(!is_service_ready(&json!({"spec": {"type": "ClusterIP"}})));
        assert!(is_service_ready(&json!({"spec": {"type": "ClusterIP", "clusterIP": "10.0.0.1"}})));
        assert!(!is_service_ready(&json!({"spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}})));
    }
}
