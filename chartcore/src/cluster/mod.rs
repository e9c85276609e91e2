//! A Kubernetes cluster: connection, discovery, apply, waiting, logs and lookup.
//!
//! [`Cluster::connect`] is the door. Every method blocks; requests inside one call run side by side on a
//! runtime the cluster owns, so callers need no async of their own (inside an async program, call from
//! `spawn_blocking`). Nothing here reads the environment: what Helm takes from `KUBECONFIG` and `HELM_KUBE*` is
//! handed in as [`ConnectOptions`].

mod apply;
mod connect;
mod discovery;
mod legacy;
mod logs;
mod lookup;
mod managed;
mod object;
mod request;
mod status;
mod strategic;
mod update;
mod wait;
mod watch;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value as Json;

pub use apply::{Applied, ApplyOptions, Propagation};
pub use connect::ConnectOptions;
pub use discovery::{ApiResource, Discovery};
pub use logs::{ContainerLog, PodSelector};
pub use lookup::ClusterHost;
pub use object::Object;
pub(crate) use object::documents;
pub use status::{Readiness, State};
pub use update::{Method, UpdateOptions, Updated};
pub use wait::{WaitOptions, WaitStrategy};

use crate::Compat;
use crate::error::{Error, ErrorKind, Result};
use crate::render::{Capabilities, KubeVersion};
use request::{Failure, Http};

/// How many requests of one call are under way at a time.
const AT_ONCE: usize = 16;

/// A connected cluster. Cheap to clone; clones share connections and what discovery found.
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
}

struct Inner {
    runtime: tokio::runtime::Runtime,
    http: Http,
    namespace: String,
    manager: String,
    discovery: Mutex<Option<Arc<Discovery>>>,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("server", &self.inner.http.server()).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Reads the configuration and makes a client. Nothing is sent yet: [`Cluster::check_reachable`] does.
    ///
    /// # Errors
    /// [`ErrorKind::Cluster`] when a kubeconfig cannot be read or names what it does not hold.
    pub fn connect(options: &ConnectOptions) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| Error::new(ErrorKind::Io, error.to_string()).with_source(error))?;
        let (http, namespace) = runtime.block_on(connect::connect(options))?;
        Ok(Self {
            inner: Arc::new(Inner {
                runtime,
                http,
                namespace,
                manager: options.manager.clone(),
                discovery: Mutex::new(None),
            }),
        })
    }

    /// The namespace of the kubeconfig's context, or `default`.
    pub fn default_namespace(&self) -> &str {
        &self.inner.namespace
    }

    /// Asks the server for its version.
    ///
    /// # Errors
    /// [`ErrorKind::Cluster`]: `kubernetes cluster unreachable: ...`, as the profile spells it.
    pub fn check_reachable(&self, compat: Compat) -> Result<()> {
        self.run(self.http().get("/version")).map(drop).map_err(|failure| unreachable(&failure, compat))
    }

    /// What the server can do, as `.Capabilities` shows it.
    ///
    /// # Errors
    /// [`ErrorKind::Cluster`] when the server does not answer.
    pub fn capabilities(&self) -> Result<Capabilities> {
        let version = self.run(self.http().get("/version")).map_err(|failure| {
            failure.into_error().prefixed("could not get server version from Kubernetes: ")
        })?;
        let discovery = self.discovery()?;
        let version = version.json.get("gitVersion").and_then(Json::as_str).unwrap_or_default();
        Ok(Capabilities::default()
            .on(KubeVersion::parse(version)?)
            .only_api_versions(discovery.api_versions().iter().cloned()))
    }

    /// The kinds the server serves; asked once, until [`Cluster::forget_discovery`].
    ///
    /// # Errors
    /// [`ErrorKind::Cluster`] when the server does not answer.
    pub fn discovery(&self) -> Result<Arc<Discovery>> {
        let known = || self.inner.discovery.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(discovery) = known().as_ref() {
            return Ok(Arc::clone(discovery));
        }
        let found = self.run(discovery::discover(self.http())).map_err(|failure| {
            failure.into_error().prefixed("could not get apiVersions from Kubernetes: ")
        })?;
        let found = Arc::new(found);
        *known() = Some(Arc::clone(&found));
        Ok(found)
    }

    /// Lets the next question ask the server again, for instance after CRDs were installed.
    pub fn forget_discovery(&self) {
        *self.inner.discovery.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The objects of a manifest, each with its place on the server; namespaced ones without a namespace go
    /// into `namespace`. Lists are taken apart.
    ///
    /// Helm: pkg/kube/client.go, `Build`.
    ///
    /// # Errors
    /// [`ErrorKind::Manifest`] when a document cannot be read, [`ErrorKind::Cluster`] when the server does not
    /// serve a kind; several problems are told at once.
    pub fn objects(&self, manifest: &[u8], namespace: &str) -> Result<Vec<Object>> {
        let documents = object::documents(manifest)?;
        if documents.is_empty() {
            return Ok(Vec::new());
        }
        let discovery = self.discovery()?;
        object::place(documents, &discovery, namespace)
    }

    /// As [`Cluster::objects`], where kinds that are about to be served count as served.
    ///
    /// # Errors
    /// As [`Cluster::objects`].
    pub fn objects_with(
        &self,
        manifest: &[u8],
        namespace: &str,
        coming: &[ApiResource],
    ) -> Result<Vec<Object>> {
        let discovery = self.discovery()?;
        object::place(object::documents(manifest)?, &discovery.with(coming), namespace)
    }

    /// The live object, if it is there.
    ///
    /// # Errors
    /// [`ErrorKind::Cluster`] with the server's text.
    pub fn get(&self, object: &Object) -> Result<Option<Json>> {
        self.run(self.http().find(&object.path())).map_err(Failure::into_error)
    }

    /// The live objects, in order, asked side by side.
    ///
    /// # Errors
    /// For each object the server's text.
    pub fn get_all(&self, objects: &[Object]) -> Vec<Result<Option<Json>>> {
        self.each(objects, |object| self.http().find_owned(object.path()))
            .into_iter()
            .map(|answer| answer.map_err(Failure::into_error))
            .collect()
    }

    /// The objects of one kind in a namespace (everywhere when it is empty) under a label selector.
    ///
    /// # Errors
    /// [`ErrorKind::Cluster`] with the server's text.
    pub fn list(&self, resource: &ApiResource, namespace: &str, selector: &str) -> Result<Vec<Json>> {
        let path = resource.path(namespace, "");
        self.run(self.http().list(&path, selector)).map_err(Failure::into_error)
    }

    pub(crate) fn http(&self) -> &Http {
        &self.inner.http
    }

    /// Who changes fields, in `managedFields`.
    pub(crate) fn manager(&self) -> &str {
        &self.inner.manager
    }

    /// Runs a future to its end.
    pub(crate) fn run<F: Future>(&self, future: F) -> F::Output {
        self.inner.runtime.block_on(future)
    }

    /// Runs one future for each item, some side by side; answers in the order of the items.
    pub(crate) fn each<'i, T, F>(&self, items: &'i [T], ask: impl Fn(&'i T) -> F) -> Vec<F::Output>
    where
        F: Future,
    {
        use futures_util::StreamExt;
        let answers = futures_util::stream::iter(items.iter().map(ask)).buffered(AT_ONCE);
        self.run(answers.collect())
    }
}

/// Helm's words for a server that does not answer.
fn unreachable(failure: &Failure, compat: Compat) -> Error {
    let kubernetes = match compat {
        Compat::Helm3 => "Kubernetes",
        Compat::Helm4 => "kubernetes",
    };
    let text = match failure {
        Failure::Status { code: 401, .. } => {
            "the server has asked for the client to provide credentials".to_owned()
        }
        failure => failure.text(),
    };
    Error::new(ErrorKind::Cluster, format!("{kubernetes} cluster unreachable: {text}"))
}
