//! What kinds a server serves, and where.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::request::{Failure, Http};

/// Asks for all groups, versions and resources in one answer; older servers answer with the plain list.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// One kind and where its objects lie.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiResource {
    /// `apps`, or nothing for the core group.
    pub group: String,
    /// `v1`.
    pub version: String,
    /// `Deployment`.
    pub kind: String,
    /// `deployments`.
    pub plural: String,
    /// Whether its objects lie in namespaces.
    pub namespaced: bool,
}

impl ApiResource {
    /// `apps/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The path of an object, or of all objects when `name` is empty.
    pub fn path(&self, namespace: &str, name: &str) -> String {
        let mut path = match self.group.as_str() {
            "" => format!("/api/{}", self.version),
            group => format!("/apis/{group}/{}", self.version),
        };
        if self.namespaced && !namespace.is_empty() {
            path.push_str("/namespaces/");
            path.push_str(namespace);
        }
        path.push('/');
        path.push_str(&self.plural);
        if !name.is_empty() {
            path.push('/');
            path.push_str(name);
        }
        path
    }
}

/// Every kind a server serves.
#[derive(Debug, Clone, Default)]
pub struct Discovery {
    kinds: BTreeMap<(String, String, String), ApiResource>,
    api_versions: Vec<String>,
}

impl Discovery {
    /// The kind `kind` of `api_version`.
    pub fn find(&self, api_version: &str, kind: &str) -> Option<&ApiResource> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.kinds.get(&(group.to_owned(), version.to_owned(), kind.to_owned()))
    }

    /// Group versions, and `GROUP/VERSION/KIND` for each kind, sorted: `.Capabilities.APIVersions`.
    pub fn api_versions(&self) -> &[String] {
        &self.api_versions
    }

    /// The same with kinds that are about to be served.
    #[must_use]
    pub fn with(&self, resources: &[ApiResource]) -> Self {
        let mut more = self.clone();
        for resource in resources {
            more.api_versions.push(resource.api_version());
            more.add(resource.clone());
        }
        more.sorted()
    }

    fn add(&mut self, resource: ApiResource) {
        self.api_versions.push(format!("{}/{}", resource.api_version(), resource.kind));
        let key = (resource.group.clone(), resource.version.clone(), resource.kind.clone());
        self.kinds.entry(key).or_insert(resource);
    }

    fn sorted(mut self) -> Self {
        self.api_versions.sort();
        self.api_versions.dedup();
        self
    }
}

fn text<'j>(json: &'j Json, pointer: &str) -> &'j str {
    json.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

fn items<'j>(json: &'j Json, pointer: &str) -> impl Iterator<Item = &'j Json> {
    json.pointer(pointer).and_then(Json::as_array).into_iter().flatten()
}

/// Asks the server.
pub(super) async fn discover(http: &Http) -> Result<Discovery, Failure> {
    let both = futures_util::future::join(http.get_as("/api", AGGREGATED), http.get_as("/apis", AGGREGATED));
    let (core, named) = both.await;
    let (core, named) = (core?.json, named?.json);
    let mut discovery = Discovery::default();
    for list in [&core, &named] {
        if text(list, "/kind") == "APIGroupDiscoveryList" {
            for group in items(list, "/items") {
                read_group(&mut discovery, group);
            }
        } else {
            read_plain(&mut discovery, list, http).await?;
        }
    }
    Ok(discovery.sorted())
}

/// An `APIGroupDiscovery`.
fn read_group(discovery: &mut Discovery, group: &Json) {
    let name = text(group, "/metadata/name");
    for version in items(group, "/versions") {
        let number = text(version, "/version");
        discovery.api_versions.push(if name.is_empty() {
            number.to_owned()
        } else {
            format!("{name}/{number}")
        });
        for resource in items(version, "/resources") {
            let own = |pointer: &str, default: &str| match text(resource, pointer) {
                "" => default.to_owned(),
                text => text.to_owned(),
            };
            let found = ApiResource {
                group: own("/responseKind/group", name),
                version: own("/responseKind/version", number),
                kind: own("/responseKind/kind", ""),
                plural: own("/resource", ""),
                namespaced: text(resource, "/scope") == "Namespaced",
            };
            for subresource in items(resource, "/subresources") {
                let kind = text(subresource, "/responseKind/kind");
                if !kind.is_empty() {
                    discovery.api_versions.push(format!("{}/{kind}", found.api_version()));
                }
            }
            if !found.kind.is_empty() {
                discovery.add(found);
            }
        }
    }
}

/// The answers of servers before 1.27: a list of versions, then one request for each.
async fn read_plain(discovery: &mut Discovery, list: &Json, http: &Http) -> Result<(), Failure> {
    let mut paths = Vec::new();
    for version in items(list, "/versions").filter_map(Json::as_str) {
        paths.push((version.to_owned(), format!("/api/{version}")));
    }
    for group in items(list, "/groups") {
        for version in items(group, "/versions") {
            let version = text(version, "/groupVersion");
            paths.push((version.to_owned(), format!("/apis/{version}")));
        }
    }
    let answers = futures_util::future::join_all(paths.iter().map(|(_, path)| http.get(path))).await;
    for ((version, _), answer) in paths.iter().zip(answers) {
        discovery.api_versions.push(version.clone());
        // A group whose server is away is left out, as client-go does.
        let Ok(answer) = answer else { continue };
        let (group, number) = version.split_once('/').unwrap_or(("", version));
        for resource in items(&answer.json, "/resources") {
            let plural = text(resource, "/name");
            let kind = text(resource, "/kind");
            if plural.contains('/') {
                discovery.api_versions.push(format!("{version}/{kind}"));
                continue;
            }
            discovery.add(ApiResource {
                group: group.to_owned(),
                version: number.to_owned(),
                kind: kind.to_owned(),
                plural: plural.to_owned(),
                namespaced: resource.get("namespaced").and_then(Json::as_bool).unwrap_or(false),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregated_answers_are_read() {
        let group = serde_json::json!({
            "metadata": {"name": "apps"},
            "versions": [{"version": "v1", "resources": [
                {"resource": "deployments", "responseKind": {"group": "", "version": "", "kind": "Deployment"},
                 "scope": "Namespaced", "subresources": [
                    {"subresource": "scale", "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"}}]}
            ]}]
        });
        let mut discovery = Discovery::default();
        read_group(&mut discovery, &group);
        let discovery = discovery.sorted();
        let found = discovery.find("apps/v1", "Deployment").unwrap();
        assert_eq!(found.path("web", "a"), "/apis/apps/v1/namespaces/web/deployments/a");
        assert_eq!(found.path("", ""), "/apis/apps/v1/deployments");
        assert_eq!(discovery.api_versions(), ["apps/v1", "apps/v1/Deployment", "apps/v1/Scale"]);
        assert!(discovery.find("v1", "Pod").is_none());
    }
}
