//! `lookup` in templates: a [`Host`] that asks a cluster.

use std::fmt;

use serde_json::Value as Json;

use super::request::Failure;
use super::{Cluster, Object};
use crate::data::{Value, json};
use crate::render::SharedHost;
use crate::template::Host;

/// Time, randomness and DNS of another host, and the objects of a cluster.
pub struct ClusterHost {
    cluster: Cluster,
    host: SharedHost,
}

impl fmt::Debug for ClusterHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterHost").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}

impl ClusterHost {
    /// Puts a cluster beside `host`.
    pub fn new(cluster: Cluster, host: SharedHost) -> Self {
        Self { cluster, host }
    }
}

impl Host for ClusterHost {
    fn now(&self) -> (i64, u32) {
        self.host.now()
    }

    fn time_zone(&self) -> &str {
        self.host.time_zone()
    }

    fn random(&self, bytes: &mut [u8]) {
        self.host.random(bytes);
    }

    fn resolve_host(&self, name: &str) -> String {
        self.host.resolve_host(name)
    }

    /// Helm: pkg/engine/lookup_func.go. A kind that is not served is an error, an object that is not there an
    /// empty map.
    fn lookup(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, String> {
        let discovery = self.cluster.discovery().map_err(|error| error.message().to_owned())?;
        let resource = discovery.find(api_version, kind).ok_or_else(|| {
            format!("unable to get apiresource from unstructured: {api_version}, Kind={kind}")
        })?;
        let path = resource.path(namespace, name);
        let answer = if name.is_empty() {
            self.cluster.run(self.cluster.http().find(&path))
        } else {
            let object =
                Object::new(resource.clone(), namespace, serde_json::json!({"metadata": {"name": name}}));
            self.cluster.run(self.cluster.http().find(&object.path()))
        };
        match answer.map_err(|failure: Failure| failure.text())? {
            None => Ok(Value::empty_map()),
            Some(live) => from_json(&live),
        }
    }
}

/// A live object as templates see it: whole numbers as Go's int64.
fn from_json(live: &Json) -> Result<Value, String> {
    let text = serde_json::to_vec(live).map_err(|error| error.to_string())?;
    match Value::from_serialize(live) {
        Ok(value) => Ok(value),
        Err(_) => json::parse(&text).map_err(|error| error.to_string()),
    }
}
