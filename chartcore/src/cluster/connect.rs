//! From a configuration to a client.

use std::path::PathBuf;

use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::request::Http;
use crate::error::{Error, ErrorKind, Result};

/// How to find a cluster: what Helm takes from `KUBECONFIG`, `--kube-*` and `HELM_KUBE*`.
#[derive(Clone)]
pub struct ConnectOptions {
    /// Files to merge, the first one's word counts; those that do not exist are left out.
    pub kubeconfig: Vec<PathBuf>,
    /// The context to use instead of the current one (`--kube-context`).
    pub context: Option<String>,
    /// The server's address (`--kube-apiserver`).
    pub server: Option<String>,
    /// A bearer token (`--kube-token`).
    pub token: Option<String>,
    /// A file of certificates that may sign the server's (`--kube-ca-file`).
    pub ca_file: Option<PathBuf>,
    /// Whom to act as (`--kube-as-user`).
    pub as_user: Option<String>,
    /// As which groups (`--kube-as-group`).
    pub as_groups: Vec<String>,
    /// Whether any certificate will do (`--kube-insecure-skip-tls-verify`).
    pub insecure: bool,
    /// The name the server's certificate must have (`--kube-tls-server-name`).
    pub tls_server_name: Option<String>,
    /// Whether this runs in a pod of the cluster and there is no kubeconfig.
    pub in_cluster: bool,
    /// The name under which fields are owned. `helm`, so that Helm meets its own fields when it goes on.
    pub manager: String,
}

impl std::fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token is a secret.
        f.debug_struct("ConnectOptions")
            .field("kubeconfig", &self.kubeconfig)
            .field("context", &self.context)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            kubeconfig: Vec::new(),
            context: None,
            server: None,
            token: None,
            ca_file: None,
            as_user: None,
            as_groups: Vec::new(),
            insecure: false,
            tls_server_name: None,
            in_cluster: false,
            manager: "helm".to_owned(),
        }
    }
}

impl ConnectOptions {
    /// Options that read one kubeconfig.
    pub fn from_kubeconfig(path: impl Into<PathBuf>) -> Self {
        Self { kubeconfig: vec![path.into()], ..Self::default() }
    }
}

/// What a kubeconfig is called in Helm's messages.
fn invalid(text: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Cluster, format!("kubernetes cluster unreachable: {text}"))
}

/// Makes a client, and tells the context's namespace.
pub(super) async fn connect(options: &ConnectOptions) -> Result<(Http, String)> {
    let mut config = configuration(options).await?;
    if let Some(server) = &options.server {
        let address = if server.contains("://") { server.clone() } else { format!("http://{server}") };
        config.cluster_url = address.parse().map_err(|error| invalid(format!("{server}: {error}")))?;
    }
    if let Some(path) = &options.ca_file {
        config.root_cert = None;
        config.root_cert_file = Some(path.clone());
    }
    if options.insecure {
        config.accept_invalid_certs = true;
    }
    if let Some(name) = &options.tls_server_name {
        config.tls_server_name = Some(name.clone());
    }
    if let Some(token) = &options.token {
        config.auth_info = AuthInfo { token: Some(token.clone().into()), ..AuthInfo::default() };
    }
    if let Some(user) = &options.as_user {
        config.auth_info.impersonate = Some(user.clone());
    }
    if !options.as_groups.is_empty() {
        config.auth_info.impersonate_groups = Some(options.as_groups.clone());
    }
    // Waiting has its own clock.
    config.read_timeout = None;
    config.write_timeout = None;
    let namespace = config.default_namespace.clone();
    let server = config.cluster_url.to_string();
    let client = Client::try_from(config).map_err(invalid)?;
    Ok((Http::new(client, server.trim_end_matches('/').to_owned()), namespace))
}

async fn configuration(options: &ConnectOptions) -> Result<Config> {
    let mut merged: Option<Kubeconfig> = None;
    for path in options.kubeconfig.iter().filter(|path| path.is_file()) {
        let read = Kubeconfig::read_from(path).map_err(|error| invalid(chain(&error)))?;
        merged = Some(match merged {
            None => read,
            Some(merged) => merged.merge(read).map_err(|error| invalid(chain(&error)))?,
        });
    }
    let wanted = KubeConfigOptions { context: options.context.clone(), cluster: None, user: None };
    match merged {
        Some(kubeconfig) if !kubeconfig.contexts.is_empty() => {
            if let Some(context) = &options.context
                && !kubeconfig.contexts.iter().any(|known| known.name == *context)
            {
                return Err(invalid(format!("context {context:?} does not exist")));
            }
            Config::from_custom_kubeconfig(kubeconfig, &wanted).await.map_err(|error| invalid(chain(&error)))
        }
        _ if options.in_cluster => Config::incluster_dns().map_err(invalid),
        // What client-go assumes when nobody says anything.
        _ => Ok(Config::new(http::Uri::from_static("http://localhost:8080"))),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
