//! Manifests against what Helm makes of the same text: fixtures/render/split.jsonl and sort.jsonl.

use std::path::PathBuf;

use chartcore::manifest::{self, Manifests};
use chartcore::render::RenderedFile;
use chartcore::{Compat, ErrorKind};
use serde_json::Value as Json;

const PROFILES: [(Compat, &str); 2] = [(Compat::Helm3, "helm3"), (Compat::Helm4, "helm4")];

fn rows(name: &str) -> Vec<Json> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/render").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn texts(list: &Json) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}

#[test]
fn documents_split_as_helm_splits_them() {
    let rows = rows("split.jsonl");
    assert!(rows.len() >= 600);
    for row in &rows {
        let text = row["text"].as_str().unwrap();
        for (compat, name) in PROFILES {
            let documents: Vec<&str> =
                manifest::split(text.as_bytes(), compat).into_iter().map(|range| &text[range]).collect();
            assert_eq!(documents, texts(&row[name]), "{name} {text:?}");
        }
    }
}

#[test]
fn documents_become_objects_and_hooks_as_in_helm() {
    let rows = rows("sort.jsonl");
    assert!(rows.len() >= 70);
    for row in &rows {
        let text = row["text"].as_str().unwrap();
        for (compat, name) in PROFILES {
            check_sorted(text, compat, &row[name]);
        }
    }
}

fn check_sorted(text: &str, compat: Compat, expected: &Json) {
    let files = [RenderedFile::new("c/templates/a.yaml", text.as_bytes().to_vec())];
    let manifests = match Manifests::from_files(&files, compat) {
        Ok(manifests) => manifests,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Manifest);
            assert_eq!(Some(error.message()), expected["error"].as_str(), "{compat:?} {text:?}");
            return;
        }
    };
    assert_eq!(expected["error"], Json::Null, "{compat:?} {text:?}");
    let resources = expected["manifests"].as_array().unwrap();
    assert_eq!(manifests.resources.len(), resources.len(), "{compat:?} {text:?}");
    for (resource, expected) in manifests.resources.iter().zip(resources) {
        let head = &expected["head"];
        let field = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        assert_eq!(resource.text.to_text(), field(&expected["content"]), "{compat:?} {text:?}");
        assert_eq!(resource.head.api_version, field(&head["apiVersion"]), "{compat:?} {text:?}");
        assert_eq!(resource.head.kind, field(&head["kind"]), "{compat:?} {text:?}");
        assert_eq!(resource.head.name, field(&head["metadata"]["name"]), "{compat:?} {text:?}");
        let annotations = head["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
        let annotations: Vec<(String, String)> =
            annotations.iter().map(|(key, value)| (key.clone(), field(value))).collect();
        let mut found = resource.head.annotations.clone();
        found.sort();
        assert_eq!(found, annotations, "{compat:?} {text:?}");
    }
    let hooks = expected["hooks"].as_array().unwrap();
    assert_eq!(manifests.hooks.len(), hooks.len(), "{compat:?} {text:?}");
    for (hook, expected) in manifests.hooks.iter().zip(hooks) {
        assert_eq!(hook.text.to_text(), expected["manifest"].as_str().unwrap());
        assert_eq!(hook.name, expected["name"].as_str().unwrap());
        assert_eq!(hook.kind, expected["kind"].as_str().unwrap());
        assert_eq!(&*hook.source, expected["path"].as_str().unwrap());
        assert_eq!(hook.weight, expected["weight"].as_i64().unwrap_or(0), "{text:?}");
        let events: Vec<&str> = hook.events.iter().map(|event| event.as_str()).collect();
        assert_eq!(events, texts(&expected["events"]));
        let policies: Vec<&str> = hook.delete_policies.iter().map(|policy| policy.as_str()).collect();
        assert_eq!(policies, texts(&expected["delete_policies"]));
        let policies: Vec<&str> = hook.log_policies.iter().map(|policy| policy.as_str()).collect();
        assert_eq!(policies, texts(&expected["output_log_policies"]));
    }
}
