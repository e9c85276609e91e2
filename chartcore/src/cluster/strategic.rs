//! Three-way merges done by the client: strategic for Kubernetes' own kinds, JSON merge patches for the others.
//!
//! Helm sends what apimachinery's `strategicpatch` makes of (old manifest, new manifest, live object) and lets
//! the server apply it. Here the same merge is done at once, and what is sent is the difference between the
//! live object and its outcome, bound to the version that was read: the object that results is the same.
//! Which lists merge by which key is in `merge_keys.tsv`, taken from the tags of the API types
//! (`fixtures/cluster/patchmeta`).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Map, Value as Json};

/// How a field of an API type merges.
#[derive(Debug, Clone, Copy, Default)]
struct Field {
    /// The type of what is below it.
    child: &'static str,
    /// Whether a list merges by key (or, without a key, as a set).
    merge: bool,
    /// Whether a map keeps only the keys of the new manifest.
    retain_keys: bool,
    /// What tells elements apart.
    key: &'static str,
}

struct Table {
    kinds: BTreeMap<(&'static str, &'static str), &'static str>,
    fields: BTreeMap<(&'static str, &'static str), Field>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Table { kinds: BTreeMap::new(), fields: BTreeMap::new() };
        for line in include_str!("merge_keys.tsv").lines() {
            let mut words = line.split('\t');
            let mut next = || words.next().unwrap_or_default();
            if next() == "kind" {
                let (api_version, kind, name) = (next(), next(), next());
                table.kinds.insert((api_version, kind), name);
            } else {
                let (owner, name, child, strategy, key) = (next(), next(), next(), next(), next());
                let field = Field {
                    child,
                    merge: strategy.split(',').any(|word| word == "merge"),
                    retain_keys: strategy.split(',').any(|word| word == "retainKeys"),
                    key,
                };
                table.fields.insert((owner, name), field);
            }
        }
        table
    })
}

/// Whether Kubernetes' own types tell how objects of this kind merge.
pub(super) fn is_known(api_version: &str, kind: &str) -> bool {
    table().kinds.contains_key(&(api_version, kind))
}

/// What becomes of `live` when the manifest changes from `old` to `new`.
///
/// apimachinery: pkg/util/strategicpatch, `CreateThreeWayMergePatch` with `overwrite`.
pub(super) fn merge(api_version: &str, kind: &str, old: &Json, new: &Json, live: &Json) -> Json {
    let owner = table().kinds.get(&(api_version, kind)).copied().unwrap_or_default();
    merge_value(Field { child: owner, ..Field::default() }, Some(old), new, Some(live))
}

fn merge_value(field: Field, old: Option<&Json>, new: &Json, live: Option<&Json>) -> Json {
    match (new, live) {
        (Json::Object(new), Some(Json::Object(live))) => {
            Json::Object(merge_map(field, old.and_then(Json::as_object), new, live))
        }
        (Json::Array(new), Some(Json::Array(live))) if field.merge => {
            Json::Array(merge_list(field, old.and_then(Json::as_array).map(Vec::as_slice), new, live))
        }
        _ => without_nulls(new),
    }
}

fn merge_map(
    field: Field,
    old: Option<&Map<String, Json>>,
    new: &Map<String, Json>,
    live: &Map<String, Json>,
) -> Map<String, Json> {
    let mut out = Map::new();
    for (key, value) in live {
        let is_wanted = new.get(key).is_some_and(|new| !new.is_null());
        let is_dropped = old.is_some_and(|old| old.contains_key(key)) || new.contains_key(key);
        if !is_wanted && !is_dropped && !field.retain_keys {
            out.insert(key.clone(), value.clone());
        }
    }
    for (key, value) in new.iter().filter(|(_, value)| !value.is_null()) {
        let child = table().fields.get(&(field.child, key.as_str())).copied().unwrap_or_default();
        let merged = merge_value(child, old.and_then(|old| old.get(key)), value, live.get(key));
        out.insert(key.clone(), merged);
    }
    out
}

/// Elements of the new list in its order; between them what only the server knows, where it stood.
fn merge_list(field: Field, old: Option<&[Json]>, new: &[Json], live: &[Json]) -> Vec<Json> {
    let element = Field { merge: false, ..field };
    let same = |left: &Json, right: &Json| match field.key {
        "" => left == right,
        key => left.get(key).is_some() && left.get(key) == right.get(key),
    };
    let find = |list: &[Json], item: &Json| list.iter().position(|other| same(item, other));
    let mut merged: Vec<(Option<usize>, Json)> = Vec::with_capacity(new.len());
    for item in new {
        let at = find(live, item);
        let before = old.and_then(|old| find(old, item).and_then(|at| old.get(at)));
        merged.push((at, merge_value(element, before, item, at.and_then(|at| live.get(at)))));
    }
    let mut servers = live
        .iter()
        .enumerate()
        .filter(|(_, item)| find(new, item).is_none() && old.is_none_or(|old| find(old, item).is_none()))
        .peekable();
    let mut out = Vec::with_capacity(merged.len());
    for (at, item) in merged {
        while let Some((_, extra)) = servers.next_if(|(place, _)| at.is_some_and(|at| *place < at)) {
            out.push(extra.clone());
        }
        out.push(item);
    }
    out.extend(servers.map(|(_, extra)| extra.clone()));
    out
}

/// A null in a manifest means that the field is not there.
fn without_nulls(value: &Json) -> Json {
    match value {
        Json::Object(map) => Json::Object(
            map.iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), without_nulls(value)))
                .collect(),
        ),
        Json::Array(items) => items.iter().map(without_nulls).collect(),
        scalar => scalar.clone(),
    }
}

/// The JSON merge patch (RFC 7386) from `from` to `to`; nothing when they are equal.
pub(super) fn difference(from: &Json, to: &Json) -> Option<Json> {
    let (Json::Object(from), Json::Object(to)) = (from, to) else {
        return (from != to).then(|| to.clone());
    };
    let mut patch = Map::new();
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        patch.insert(key.clone(), Json::Null);
    }
    for (key, value) in to {
        let change = match from.get(key) {
            Some(before) => difference(before, value),
            None => Some(without_nulls(value)),
        };
        if let Some(change) = change {
            patch.insert(key.clone(), change);
        }
    }
    (!patch.is_empty()).then_some(Json::Object(patch))
}

/// The three-way JSON merge: what `new` says, minus what `old` said and `new` does not.
///
/// apimachinery: pkg/util/jsonmergepatch, `CreateThreeWayJSONMergePatch`.
pub(super) fn merge_json(old: &Json, new: &Json, live: &Json) -> Json {
    merge_value(Field::default(), Some(old), new, Some(live))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(old: Json, new: Json, live: Json) -> Json {
        let wrap = |spec: Json| json!({"spec": {"template": {"spec": spec}}});
        let merged = merge("apps/v1", "Deployment", &wrap(old), &wrap(new), &wrap(live));
        merged["spec"]["template"]["spec"].clone()
    }

    #[test]
    fn the_table_knows_pods() {
        assert!(is_known("v1", "Pod"));
        assert!(is_known("apps/v1", "Deployment"));
        assert!(!is_known("example.com/v1", "Thing"));
    }

    #[test]
    fn containers_merge_by_name() {
        let old = json!({"containers": [{"name": "a", "image": "a:1", "args": ["x"]}, {"name": "gone", "image": "g"}]});
        let new = json!({"containers": [{"name": "a", "image": "a:2"}, {"name": "b", "image": "b"}]});
        let live = json!({
            "containers": [
                {"name": "injected", "image": "i"},
                {"name": "a", "image": "a:1", "args": ["x"], "imagePullPolicy": "Always"},
                {"name": "gone", "image": "g"},
            ],
            "dnsPolicy": "ClusterFirst",
        });
        assert_eq!(
            deployment(old, new, live),
            json!({
                "containers": [
                    {"name": "injected", "image": "i"},
                    {"name": "a", "image": "a:2", "imagePullPolicy": "Always"},
                    {"name": "b", "image": "b"},
                ],
                "dnsPolicy": "ClusterFirst",
            })
        );
    }

    #[test]
    fn volumes_keep_only_the_new_keys() {
        let old = json!({"volumes": [{"name": "v", "emptyDir": {}}]});
        let new = json!({"volumes": [{"name": "v", "configMap": {"name": "c"}}]});
        let live = json!({"volumes": [{"name": "v", "emptyDir": {}}]});
        assert_eq!(deployment(old, new.clone(), live), new);
    }

    #[test]
    fn sets_lose_what_was_ours_and_keep_what_was_not() {
        let of = |list: &[&str]| json!({"metadata": {"finalizers": list}});
        let merged = merge("v1", "ConfigMap", &of(&["a", "b"]), &of(&["b", "c"]), &of(&["x", "a", "b"]));
        assert_eq!(merged, of(&["x", "b", "c"]));
    }

    #[test]
    fn differences_are_merge_patches() {
        let from = json!({"a": 1, "b": {"c": 1, "d": 2}, "l": [1]});
        let to = json!({"a": 1, "b": {"c": 2}, "l": [1, 2], "n": {"x": 1}});
        assert_eq!(
            difference(&from, &to),
            Some(json!({"b": {"c": 2, "d": null}, "l": [1, 2], "n": {"x": 1}}))
        );
        assert_eq!(difference(&to, &to), None);
    }
}
