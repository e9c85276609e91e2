//! Following objects: what is there, then every change, for as long as it takes.

use futures_util::StreamExt;
use http::{Method, Request};
use kube::core::WatchEvent;
use serde_json::Value as Json;

use super::request::{Failure, Http, encode};

/// How long one watch may stay open before it is asked for anew.
const WATCH_SECONDS: u32 = 290;

/// How long to wait before a watch that ended is opened again.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(200);

/// One thing that was seen.
pub(super) enum Seen<'j> {
    /// All objects that are there now.
    All(&'j [Json]),
    /// An object is there, or is different.
    Changed(&'j Json),
    /// An object is gone.
    Gone(&'j Json),
}

/// Follows the objects below `path` (the one named `name`, unless it is empty), telling `see` of each change,
/// until it answers `true`. A watch that is dropped is opened again; a server that refuses for good ends it.
pub(super) async fn follow(
    http: &Http,
    path: &str,
    name: &str,
    mut see: impl FnMut(Seen<'_>) -> bool,
) -> Result<(), Failure> {
    let selector = match name {
        "" => String::new(),
        name => format!("&fieldSelector={}", encode(&format!("metadata.name={name}"))),
    };
    loop {
        let answer = match http.get(&format!("{path}?limit=0{selector}")).await {
            Ok(answer) => answer,
            Err(failure @ Failure::Status { code: 401 | 403 | 404 | 405, .. }) => return Err(failure),
            Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let empty = Vec::new();
        // Items of a list do not say what they are; the list does.
        let kind = answer.json.get("kind").and_then(Json::as_str).unwrap_or_default();
        let kind = kind.strip_suffix("List").unwrap_or(kind).to_owned();
        let api_version = answer.json.get("apiVersion").cloned().unwrap_or(Json::Null);
        let mut items = answer.json.get("items").and_then(Json::as_array).unwrap_or(&empty).clone();
        for item in items.iter_mut().filter_map(Json::as_object_mut) {
            item.entry("kind").or_insert_with(|| kind.as_str().into());
            item.entry("apiVersion").or_insert_with(|| api_version.clone());
        }
        if see(Seen::All(&items)) {
            return Ok(());
        }
        let version =
            answer.json.pointer("/metadata/resourceVersion").and_then(Json::as_str).unwrap_or_default();
        let query = format!(
            "{path}?watch=true&timeoutSeconds={WATCH_SECONDS}&resourceVersion={}{selector}",
            encode(version)
        );
        if watch(http, &query, &mut see).await {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One watch; answers whether `see` has seen enough.
async fn watch(http: &Http, query: &str, see: &mut impl FnMut(Seen<'_>) -> bool) -> bool {
    let Ok(request) = Request::builder().method(Method::GET).uri(query).body(Vec::new()) else {
        return false;
    };
    let Ok(events) = http.client().request_events::<Json>(request).await else { return false };
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        let enough = match event {
            Ok(WatchEvent::Added(object) | WatchEvent::Modified(object)) => see(Seen::Changed(&object)),
            Ok(WatchEvent::Deleted(object)) => see(Seen::Gone(&object)),
            Ok(WatchEvent::Bookmark(_)) => false,
            Ok(WatchEvent::Error(_)) | Err(_) => return false,
        };
        if enough {
            return true;
        }
    }
    false
}
