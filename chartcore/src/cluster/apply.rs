//! Creating, applying, replacing and deleting one object.

use http::Method;
use serde_json::{Value as Json, json};

use super::Object;
use super::request::{Failure, Http, encode};

/// How an object is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ApplyOptions {
    /// Whether fields of other managers are taken (`--force-conflicts`).
    pub force: bool,
    /// Whether the server only says what it would do.
    pub dry_run: bool,
    /// Whether unknown fields are let through (`--disable-openapi-validation` and Helm 3).
    pub lenient: bool,
}

/// What an apply did.
#[derive(Debug, Clone)]
pub struct Applied {
    /// Whether the object was not there before.
    pub created: bool,
    /// The object as the server has it now.
    pub live: Json,
}

/// What becomes of the objects an object owns when it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// They go after it, in the background.
    #[default]
    Background,
    /// They go before it.
    Foreground,
    /// They stay.
    Orphan,
}

impl Propagation {
    /// Reads `--cascade`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "background" => Some(Self::Background),
            "foreground" => Some(Self::Foreground),
            "orphan" => Some(Self::Orphan),
            _ => None,
        }
    }

    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        }
    }
}

/// The words of Helm's `%s/%s %s` of an object and its GroupVersionKind.
fn shown(object: &Object) -> String {
    let resource = &object.resource;
    let group_version = match resource.group.as_str() {
        "" => format!("/{}", resource.version),
        group => format!("{group}/{}", resource.version),
    };
    format!("{}/{} {group_version}, Kind={}", object.namespace, object.name, resource.kind)
}

fn query(manager: &str, options: ApplyOptions) -> String {
    let validation = if options.lenient { "Ignore" } else { "Strict" };
    let dry = if options.dry_run { "&dryRun=All" } else { "" };
    format!("?fieldManager={}&fieldValidation={validation}{dry}", encode(manager))
}

/// Makes an object. Helm: `createResource`.
pub(super) async fn create(http: &Http, manager: &str, object: &Object) -> Result<Json, Failure> {
    let path = format!("{}?fieldManager={}", object.collection(), encode(manager));
    let body = serde_json::to_vec(&object.json).unwrap_or_default();
    let answer =
        retried(async || http.send(Method::POST, &path, "application/json", Some(body.clone())).await);
    answer.await.map(|answer| answer.json)
}

/// Applies an object on the server. Helm: `patchResourceServerSide`.
pub(super) async fn apply(
    http: &Http,
    manager: &str,
    object: &Object,
    options: ApplyOptions,
) -> Result<Applied, Failure> {
    let path = format!("{}{}&force={}", object.path(), query(manager, options), options.force);
    let body = serde_json::to_vec(&object.json).unwrap_or_default();
    let send =
        async || http.send(Method::PATCH, &path, "application/apply-patch+yaml", Some(body.clone())).await;
    match retried(send).await {
        Ok(answer) => Ok(Applied { created: answer.code == 201, live: answer.json }),
        Err(Failure::Status { code, reason, message }) => {
            let said = match code {
                415 => format!("server-side apply not available on the server: {message}"),
                409 => format!("conflict occurred while applying object {}: {message}", shown(object)),
                _ => format!("server-side apply failed for object {}: {message}", shown(object)),
            };
            Err(Failure::Status { code, reason, message: said })
        }
        Err(Failure::Transport(text)) => {
            Err(Failure::Transport(format!("server-side apply failed for object {}: {text}", shown(object))))
        }
    }
}

/// Replaces an object as a whole. Helm: `replaceResource`.
pub(super) async fn replace(
    http: &Http,
    manager: &str,
    object: &Object,
    options: ApplyOptions,
) -> Result<Json, Failure> {
    let path = format!("{}{}", object.path(), query(manager, options));
    let mut json = object.json.clone();
    // Helm's helper reads the version the server has, so that the write cannot miss.
    if let Some(live) = http.find(&object.path()).await?
        && let Some(version) = live.pointer("/metadata/resourceVersion")
        && let Some(metadata) = json.get_mut("metadata").and_then(Json::as_object_mut)
    {
        metadata.insert("resourceVersion".to_owned(), version.clone());
    }
    let body = serde_json::to_vec(&json).unwrap_or_default();
    let answer = http.send(Method::PUT, &path, "application/json", Some(body)).await;
    answer.map(|answer| answer.json).map_err(|failure| prefixed(failure, "failed to replace object: "))
}

/// Changes an object by a JSON merge patch or a JSON patch.
pub(super) async fn patch(
    http: &Http,
    manager: &str,
    object: &Object,
    content_type: &str,
    body: &Json,
) -> Result<Json, Failure> {
    let path = format!("{}?fieldManager={}", object.path(), encode(manager));
    let body = serde_json::to_vec(body).unwrap_or_default();
    http.send(Method::PATCH, &path, content_type, Some(body)).await.map(|answer| answer.json)
}

/// Deletes an object; says whether it was there.
pub(super) async fn delete(http: &Http, object: &Object, propagation: Propagation) -> Result<bool, Failure> {
    let body = json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": propagation.as_str(),
    });
    let body = serde_json::to_vec(&body).unwrap_or_default();
    let path = object.path();
    match retried(async || http.send(Method::DELETE, &path, "application/json", Some(body.clone())).await)
        .await
    {
        Ok(_) => Ok(true),
        Err(failure) if failure.is_not_found() => Ok(false),
        Err(failure) => Err(failure),
    }
}

pub(super) fn prefixed(failure: Failure, prefix: &str) -> Failure {
    match failure {
        Failure::Status { code, reason, message } => {
            Failure::Status { code, reason, message: format!("{prefix}{message}") }
        }
        Failure::Transport(text) => Failure::Transport(format!("{prefix}{text}")),
    }
}

/// Tries again when a quota was changed under the request. Helm: `isResourceQuotaConflict`.
async fn retried<T>(send: impl AsyncFn() -> Result<T, Failure>) -> Result<T, Failure> {
    let mut pause = std::time::Duration::from_millis(10);
    for _ in 0..4 {
        match send().await {
            Err(failure)
                if failure.is_conflict()
                    && failure.text().contains("Operation cannot be fulfilled on resourcequotas") => {}
            outcome => return outcome,
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    send().await
}
