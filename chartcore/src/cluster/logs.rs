//! What containers have written, and tables as the server prints them.

use serde_json::Value as Json;

use super::request::{Failure, encode};
use super::{Cluster, Object, legacy};
use crate::error::Result;

/// What one container wrote.
#[derive(Debug, Clone)]
pub struct ContainerLog {
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// Its output, or why there is none.
    pub text: std::result::Result<String, String>,
}

/// Asks the server for the table `kubectl get` prints.
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

impl Cluster {
    /// The logs of the pods under a label or field selector; init containers too if asked for.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Cluster`] when the pods cannot be listed.
    pub fn logs(&self, namespace: &str, selector: &PodSelector<'_>, init: bool) -> Result<Vec<ContainerLog>> {
        let pods = format!("/api/v1/namespaces/{namespace}/pods");
        self.run(async {
            let found = match selector {
                PodSelector::Name(name) => vec![self.http().get(&format!("{pods}/{name}")).await?.json],
                PodSelector::Labels(labels) => self.http().list(&pods, labels).await?,
            };
            let mut logs = Vec::new();
            for pod in &found {
                let name = pod.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default();
                let of = |pointer: &str| pod.pointer(pointer).and_then(Json::as_array).into_iter().flatten();
                let containers = of("/spec/initContainers").filter(|_| init).chain(of("/spec/containers"));
                for container in containers {
                    let container = container.get("name").and_then(Json::as_str).unwrap_or_default();
                    let path = format!("{pods}/{name}/log?container={}", encode(container));
                    let text = self.http().text(&path).await.map_err(|failure: Failure| failure.text());
                    logs.push(ContainerLog { pod: name.to_owned(), container: container.to_owned(), text });
                }
            }
            Ok(logs)
        })
    }

    /// The live objects as the server's tables, with the pods they own: `VERSION/KIND` to tables.
    ///
    /// Helm: pkg/kube/client.go, `Get`.
    pub fn tables(&self, objects: &[Object], as_tables: bool) -> Vec<(String, Vec<Json>)> {
        let accept = if as_tables { TABLE } else { "application/json" };
        let answers = self.each(objects, |object| async move {
            let shown = self.http().get_as(&object.path(), accept).await.ok()?.json;
            Some((object, shown))
        });
        let mut found: Vec<(String, Vec<Json>)> = Vec::new();
        let mut add = |key: String, items: Vec<Json>| match found.iter_mut().find(|(known, _)| *known == key)
        {
            Some((_, list)) => list.extend(items),
            None => found.push((key, items)),
        };
        let mut selectors: Vec<String> = Vec::new();
        for (object, shown) in answers.into_iter().flatten() {
            add(format!("{}/{}", object.resource.version, object.resource.kind), vec![shown]);
            let Some(path) = legacy::pods_path(object, &object.json) else { continue };
            if selectors.contains(&path) {
                continue;
            }
            if let Ok(answer) = self.run(self.http().get_as(&path, accept)) {
                let items = match answer.json.get("items") {
                    Some(Json::Array(items)) if !as_tables => items
                        .iter()
                        .cloned()
                        .map(|mut item| {
                            item["kind"] = "Pod".into();
                            item["apiVersion"] = "v1".into();
                            item
                        })
                        .collect(),
                    _ => vec![answer.json],
                };
                add("v1/Pod(related)".to_owned(), items);
            }
            selectors.push(path);
        }
        found
    }
}

/// Which pods.
#[derive(Debug, Clone, Copy)]
pub enum PodSelector<'s> {
    /// The one of this name.
    Name(&'s str),
    /// Those with these labels.
    Labels(&'s str),
}
