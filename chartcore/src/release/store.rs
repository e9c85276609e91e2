//! Where records are kept.
//!
//! Helm: pkg/storage/storage.go, pkg/storage/driver.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value as Json, json};

use super::{Release, not_found, record};
use crate::Compat;
use crate::cluster::{ApiResource, Cluster};
use crate::error::{Error, ErrorKind, Result};
use crate::render::SharedHost;

/// Labels that are Helm's own. Helm: pkg/storage/driver/util.go.
pub(super) const SYSTEM_LABELS: [&str; 6] = ["name", "owner", "status", "version", "createdAt", "modifiedAt"];

/// Keeps the records of releases.
pub trait Store {
    /// Adds a record.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`]: `release: already exists`.
    fn create(&self, release: &Release) -> Result<()>;

    /// Replaces a record.
    ///
    /// # Errors
    /// The record is not there, or cannot be written.
    fn update(&self, release: &Release) -> Result<()>;

    /// Removes a record.
    ///
    /// # Errors
    /// The record is not there, or cannot be removed.
    fn delete(&self, name: &str, revision: i64) -> Result<()>;

    /// One record.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]: `release: not found`.
    fn get(&self, name: &str, revision: i64) -> Result<Release>;

    /// All records of a release; none is no error.
    ///
    /// # Errors
    /// They cannot be read.
    fn history(&self, name: &str) -> Result<Vec<Release>>;

    /// All records.
    ///
    /// # Errors
    /// They cannot be read.
    fn list(&self) -> Result<Vec<Release>>;
}

/// Records in memory (`HELM_DRIVER=memory`): gone with the program.
#[derive(Default)]
pub struct MemoryStore {
    records: Mutex<BTreeMap<(String, i64), Release>>,
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl MemoryStore {
    fn records(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, i64), Release>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn create(&self, release: &Release) -> Result<()> {
        let key = (release.name.clone(), release.revision);
        let mut records = self.records();
        if records.contains_key(&key) {
            return Err(already_exists());
        }
        records.insert(key, release.clone());
        Ok(())
    }

    fn update(&self, release: &Release) -> Result<()> {
        let key = (release.name.clone(), release.revision);
        match self.records().get_mut(&key) {
            Some(slot) => {
                *slot = release.clone();
                Ok(())
            }
            None => Err(not_found()),
        }
    }

    fn delete(&self, name: &str, revision: i64) -> Result<()> {
        self.records().remove(&(name.to_owned(), revision)).map(drop).ok_or_else(not_found)
    }

    fn get(&self, name: &str, revision: i64) -> Result<Release> {
        self.records().get(&(name.to_owned(), revision)).cloned().ok_or_else(not_found)
    }

    fn history(&self, name: &str) -> Result<Vec<Release>> {
        Ok(self.records().values().filter(|release| release.name == name).cloned().collect())
    }

    fn list(&self) -> Result<Vec<Release>> {
        Ok(self.records().values().cloned().collect())
    }
}

fn already_exists() -> Error {
    Error::new(ErrorKind::AlreadyExists, "release: already exists")
}

/// What holds records on a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// Secrets of type `helm.sh/release.v1`, Helm's default.
    Secrets,
    /// ConfigMaps.
    ConfigMaps,
}

/// Records on a cluster.
pub struct ClusterStore {
    cluster: Cluster,
    namespace: String,
    kind: StoreKind,
    compat: Compat,
    host: SharedHost,
}

impl fmt::Debug for ClusterStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterStore").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl ClusterStore {
    /// The records of `namespace`; of all namespaces, to read, when it is empty.
    pub fn new(
        cluster: &Cluster,
        namespace: &str,
        kind: StoreKind,
        compat: Compat,
        host: SharedHost,
    ) -> Self {
        Self { cluster: cluster.clone(), namespace: namespace.to_owned(), kind, compat, host }
    }

    /// Known without discovery.
    fn resource(&self) -> ApiResource {
        let (kind, plural) = match self.kind {
            StoreKind::Secrets => ("Secret", "secrets"),
            StoreKind::ConfigMaps => ("ConfigMap", "configmaps"),
        };
        ApiResource {
            group: String::new(),
            version: "v1".to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            namespaced: true,
        }
    }

    fn object(&self, release: &Release, stamp: &str) -> Result<Json> {
        let encoded = record::encode(release, self.compat)?;
        let mut labels: BTreeMap<&str, String> =
            release.labels.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
        labels.insert(stamp, self.host.now().0.to_string());
        labels.insert("name", release.name.clone());
        labels.insert("owner", "helm".to_owned());
        labels.insert("status", release.info.status.as_str().to_owned());
        labels.insert("version", release.revision.to_string());
        let metadata = json!({"name": release.key(), "namespace": self.namespace, "labels": labels});
        Ok(match self.kind {
            StoreKind::Secrets => {
                let data = crate::data::json::encode_base64(encoded.as_bytes());
                json!({
                    "apiVersion": "v1",
                    "kind": "Secret",
                    "metadata": metadata,
                    "type": "helm.sh/release.v1",
                    "data": {"release": String::from_utf8_lossy(&data)},
                })
            }
            StoreKind::ConfigMaps => json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": metadata,
                "data": {"release": encoded},
            }),
        })
    }

    fn write(&self, method: http::Method, path: &str, object: &Json) -> std::result::Result<(), Error> {
        let path = format!("{path}?fieldManager={}", self.cluster.manager());
        let body = serde_json::to_vec(object).unwrap_or_default();
        let answer =
            self.cluster.run(self.cluster.http().send(method, &path, "application/json", Some(body)));
        answer.map(drop).map_err(
            |failure| {
                if failure.already_exists() { already_exists() } else { failure.into() }
            },
        )
    }

    fn read(&self, object: &Json) -> Result<Release> {
        let text = object.pointer("/data/release").and_then(Json::as_str).unwrap_or_default();
        let encoded = match self.kind {
            StoreKind::Secrets => record::decode_base64(text.as_bytes()).unwrap_or_default(),
            StoreKind::ConfigMaps => text.as_bytes().to_vec(),
        };
        let mut release = record::decode(&encoded)?;
        let labels = object.pointer("/metadata/labels").and_then(Json::as_object);
        for (key, value) in labels.into_iter().flatten() {
            let value = value.as_str().unwrap_or_default().to_owned();
            if !SYSTEM_LABELS.contains(&key.as_str()) {
                release.labels.insert(key.clone(), value.clone());
            }
            release.stored_labels.insert(key.clone(), value);
        }
        if release.namespace.is_empty()
            && let Some(namespace) = object.pointer("/metadata/namespace").and_then(Json::as_str)
        {
            release.namespace = namespace.to_owned();
        }
        Ok(release)
    }

    fn find(&self, selector: &str, verb: &str) -> Result<Vec<Release>> {
        let path = self.resource().path(&self.namespace, "");
        let found = self.cluster.run(self.cluster.http().list(&path, selector));
        let found = found.map_err(|failure| Error::from(failure).prefixed(verb))?;
        // Unpacking is most of the work; what cannot be read is left out, as in Helm.
        Ok(in_parallel(&found, |object| self.read(object).ok()).into_iter().flatten().collect())
    }
}

/// Maps a list on a few threads, keeping its order.
fn in_parallel<T: Sync, R: Send>(items: &[T], map: impl Fn(&T) -> R + Sync) -> Vec<R> {
    const SMALL: usize = 16;
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    if items.len() <= SMALL || threads == 1 {
        return items.iter().map(map).collect();
    }
    let map = &map;
    std::thread::scope(|scope| {
        let workers: Vec<_> = items
            .chunks(items.len().div_ceil(threads))
            .map(|chunk| scope.spawn(move || chunk.iter().map(map).collect::<Vec<R>>()))
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    })
}

impl Store for ClusterStore {
    fn create(&self, release: &Release) -> Result<()> {
        let object = self.object(release, "createdAt")?;
        let path = self.resource().path(&self.namespace, "");
        self.write(http::Method::POST, &path, &object).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => error,
            _ => error.prefixed("create: failed to create: "),
        })
    }

    fn update(&self, release: &Release) -> Result<()> {
        let object = self.object(release, "modifiedAt")?;
        let path = self.resource().path(&self.namespace, &release.key());
        self.write(http::Method::PUT, &path, &object)
            .map_err(|error| error.prefixed("update: failed to update: "))
    }

    fn delete(&self, name: &str, revision: i64) -> Result<()> {
        let key = format!("sh.helm.release.v1.{name}.v{revision}");
        let path = self.resource().path(&self.namespace, &key);
        let answer =
            self.cluster.run(self.cluster.http().send(http::Method::DELETE, &path, "application/json", None));
        answer.map(drop).map_err(|failure| if failure.is_not_found() { not_found() } else { failure.into() })
    }

    fn get(&self, name: &str, revision: i64) -> Result<Release> {
        let key = format!("sh.helm.release.v1.{name}.v{revision}");
        let path = self.resource().path(&self.namespace, &key);
        match self.cluster.run(self.cluster.http().find(&path)) {
            Ok(Some(object)) => self
                .read(&object)
                .map_err(|error| error.prefixed(format!("get: failed to decode data {key:?}: "))),
            Ok(None) => Err(not_found()),
            Err(failure) => Err(Error::from(failure).prefixed(format!("get: failed to get {key:?}: "))),
        }
    }

    fn history(&self, name: &str) -> Result<Vec<Release>> {
        self.find(&format!("name={name},owner=helm"), "query: failed to query with labels: ")
    }

    fn list(&self) -> Result<Vec<Release>> {
        self.find("owner=helm", "list: failed to list: ")
    }
}
