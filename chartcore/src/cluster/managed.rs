//! Taking over fields that were written by the client: from `Update` entries of `managedFields` to one `Apply` entry.

use serde_json::{Map, Value as Json, json};

/// The JSON patch that makes the `Update` entries of `manager` part of its `Apply` entry; nothing when there
/// are none.
///
/// client-go: util/csaupgrade/upgrade.go.
pub(super) fn upgrade(live: &Json, manager: &str) -> Option<Json> {
    let entries = live.pointer("/metadata/managedFields")?.as_array()?;
    let is_ours = |entry: &Json, operation: &str| {
        entry.get("manager").and_then(Json::as_str) == Some(manager)
            && entry.get("operation").and_then(Json::as_str) == Some(operation)
            && entry.get("subresource").and_then(Json::as_str).unwrap_or_default().is_empty()
    };
    if !entries.iter().any(|entry| is_ours(entry, "Update")) {
        return None;
    }
    let mut fields = Json::Object(Map::new());
    let mut applied: Option<Json> = None;
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        if is_ours(entry, "Apply") || is_ours(entry, "Update") {
            unite(&mut fields, entry.get("fieldsV1").unwrap_or(&Json::Null));
            if is_ours(entry, "Apply") || applied.is_none() {
                applied = Some(entry.clone());
            }
        } else {
            kept.push(entry.clone());
        }
    }
    let mut applied = applied?;
    if let Some(entry) = applied.as_object_mut() {
        entry.insert("operation".to_owned(), "Apply".into());
        entry.insert("fieldsV1".to_owned(), fields);
    }
    kept.insert(0, applied);
    let version = live.pointer("/metadata/resourceVersion").cloned().unwrap_or(Json::Null);
    Some(json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": kept},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
    ]))
}

/// The union of two field sets: maps of maps, an empty one being a leaf.
fn unite(into: &mut Json, from: &Json) {
    let (Some(into), Some(from)) = (into.as_object_mut(), from.as_object()) else { return };
    for (key, value) in from {
        match into.get_mut(key) {
            Some(known) => unite(known, value),
            None => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_become_an_apply() {
        let live = json!({"metadata": {"resourceVersion": "7", "managedFields": [
            {"manager": "helm", "operation": "Update", "fieldsV1": {"f:data": {"f:a": {}}}},
            {"manager": "other", "operation": "Update", "fieldsV1": {"f:data": {"f:b": {}}}},
            {"manager": "helm", "operation": "Apply", "fieldsV1": {"f:data": {"f:c": {}}}},
        ]}});
        let patch = upgrade(&live, "helm").unwrap();
        let entries = patch[0]["value"].as_array().unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0]["operation"], "Apply");
        assert_eq!(entries[0]["fieldsV1"], json!({"f:data": {"f:a": {}, "f:c": {}}}));
        assert_eq!(patch[1]["value"], "7");
        assert!(upgrade(&live, "nobody").is_none());
    }
}
