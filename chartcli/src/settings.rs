//! The environment and the places of files, read once and only here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chartcore::Compat;
use chartcore::cluster::ConnectOptions;
use chartcore::transport::{Proxies, Secret};

use crate::flags::Given;

/// Under which name the program was started: its own, or as a drop-in for `helm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// As `chart`.
    Native,
    /// As `helm`: Helm's messages, exit codes and leniency.
    DropIn,
}

/// Everything the commands may know of the world they run in.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) role: Role,
    pub(crate) compat: Compat,
    pub(crate) debug: bool,
    pub(crate) namespace: String,
    /// The IANA name of the local time zone, from `TZ`.
    pub(crate) time_zone: String,
    pub(crate) color: bool,
    /// Seconds since 1970, from `SOURCE_DATE_EPOCH`.
    pub(crate) source_date_epoch: Option<i64>,
    /// The same as it was written.
    source_date_epoch_text: Option<String>,
    /// Seconds since 1970.
    pub(crate) now: u64,
    /// GnuPG's keyring of public keys.
    pub(crate) keyring: String,
    pub(crate) error_format: ErrorFormat,
    /// From `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`.
    pub(crate) proxies: Proxies,
    /// How long servers are waited for and how often they are asked.
    pub(crate) patience: crate::network::Patience,
    /// Docker's own file of logins.
    pub(crate) docker_config: PathBuf,
    /// User and token for ghcr.io, from `GITHUB_ACTOR` and `GITHUB_TOKEN`.
    pub(crate) github: Option<(String, Secret)>,
    /// The folder of what was fetched before; Helm 4's.
    pub(crate) content_cache: PathBuf,
    /// The namespace, if a flag or the environment names one; else the kubeconfig's counts.
    pub(crate) given_namespace: Option<String>,
    /// How to find the cluster.
    pub(crate) connect: ConnectOptions,
    /// Where records are kept (`HELM_DRIVER`).
    pub(crate) driver: String,
    /// How many revisions are kept (`HELM_MAX_HISTORY`).
    pub(crate) max_history: usize,
    /// What `env` prints, by name.
    pub(crate) listed: BTreeMap<&'static str, String>,
}

/// How errors are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorFormat {
    /// Message, snippet, notes, hints.
    Human,
    /// One line.
    Short,
    /// One JSON object a line.
    Json,
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn home() -> PathBuf {
    env("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from)
}

/// Helm: pkg/helmpath/lazypath.go: HELM_X_HOME, else XDG_X_HOME/helm, else the default under HOME.
fn base(helm: &str, xdg: &str, default: &str) -> PathBuf {
    match (env(helm), env(xdg)) {
        (Some(folder), _) => PathBuf::from(folder),
        (None, Some(folder)) => Path::new(&folder).join("helm"),
        (None, None) => home().join(default).join("helm"),
    }
}

impl Settings {
    /// Which profile is asked for, from `--compat` or `CHART_COMPAT`; Helm 4 otherwise.
    pub(crate) fn compat_of(given: &Given<'_>) -> Result<Compat, String> {
        let asked = given.text("compat").map(str::to_owned).or_else(|| env("CHART_COMPAT"));
        match asked.as_deref() {
            None | Some("helm4") => Ok(Compat::Helm4),
            Some("helm3") => Ok(Compat::Helm3),
            Some(other) => Err(format!(
                "invalid argument {other:?} for \"--compat\" flag: must be \"helm3\" or \"helm4\""
            )),
        }
    }

    /// The role told by the program's own name.
    pub(crate) fn role_of(program: &str) -> Role {
        let name = Path::new(program).file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if name == "helm" { Role::DropIn } else { Role::Native }
    }

    /// Reads flags and environment.
    pub(crate) fn read(program: &str, given: &Given<'_>) -> Result<Self, String> {
        let cache = base("HELM_CACHE_HOME", "XDG_CACHE_HOME", ".cache");
        let config = base("HELM_CONFIG_HOME", "XDG_CONFIG_HOME", ".config");
        let data = base("HELM_DATA_HOME", "XDG_DATA_HOME", ".local/share");
        let compat = Self::compat_of(given)?;
        let pick = |flag: &str, name: &str, default: String| {
            given.text(flag).map(str::to_owned).or_else(|| env(name)).unwrap_or(default)
        };
        let shown = |path: PathBuf| path.to_string_lossy().into_owned();
        let debug = match given.text("debug") {
            Some(_) => given.switch("debug"),
            None => env("HELM_DEBUG").and_then(|text| crate::flags::parse_bool(&text)).unwrap_or(false),
        };
        let namespace = pick("namespace", "HELM_NAMESPACE", "default".to_owned());
        let groups = given.array("kube-as-group");
        let mut listed = BTreeMap::from([
            ("HELM_BIN", program.to_owned()),
            ("HELM_BURST_LIMIT", pick("burst-limit", "HELM_BURST_LIMIT", "100".to_owned())),
            ("HELM_CACHE_HOME", shown(cache.clone())),
            ("HELM_CONFIG_HOME", shown(config.clone())),
            ("HELM_DATA_HOME", shown(data.clone())),
            ("HELM_DEBUG", debug.to_string()),
            ("HELM_KUBEAPISERVER", pick("kube-apiserver", "HELM_KUBEAPISERVER", String::new())),
            (
                "HELM_KUBEASGROUPS",
                if groups.is_empty() {
                    env("HELM_KUBEASGROUPS").unwrap_or_default()
                } else {
                    groups.join(",")
                },
            ),
            ("HELM_KUBEASUSER", pick("kube-as-user", "HELM_KUBEASUSER", String::new())),
            ("HELM_KUBECAFILE", pick("kube-ca-file", "HELM_KUBECAFILE", String::new())),
            ("HELM_KUBECONTEXT", pick("kube-context", "HELM_KUBECONTEXT", String::new())),
            (
                "HELM_KUBEINSECURE_SKIP_TLS_VERIFY",
                pick(
                    "kube-insecure-skip-tls-verify",
                    "HELM_KUBEINSECURE_SKIP_TLS_VERIFY",
                    "false".to_owned(),
                ),
            ),
            (
                "HELM_KUBETLS_SERVER_NAME",
                pick("kube-tls-server-name", "HELM_KUBETLS_SERVER_NAME", String::new()),
            ),
            ("HELM_KUBETOKEN", pick("kube-token", "HELM_KUBETOKEN", String::new())),
            ("HELM_MAX_HISTORY", env("HELM_MAX_HISTORY").unwrap_or_else(|| "10".to_owned())),
            ("HELM_NAMESPACE", namespace.clone()),
            ("HELM_PLUGINS", env("HELM_PLUGINS").unwrap_or_else(|| shown(data.join("plugins")))),
            ("HELM_QPS", qps(given.text("qps").map(str::to_owned).or_else(|| env("HELM_QPS")))),
            (
                "HELM_REGISTRY_CONFIG",
                pick("registry-config", "HELM_REGISTRY_CONFIG", shown(config.join("registry/config.json"))),
            ),
            (
                "HELM_REPOSITORY_CACHE",
                pick("repository-cache", "HELM_REPOSITORY_CACHE", shown(cache.join("repository"))),
            ),
            (
                "HELM_REPOSITORY_CONFIG",
                pick("repository-config", "HELM_REPOSITORY_CONFIG", shown(config.join("repositories.yaml"))),
            ),
        ]);
        let content_cache = pick("content-cache", "HELM_CONTENT_CACHE", shown(cache.join("content")));
        if compat == Compat::Helm4 {
            listed.insert("HELM_CONTENT_CACHE", content_cache.clone());
        }
        if let Some(path) = env("KUBECONFIG") {
            listed.insert("KUBECONFIG", path);
        }
        if let Some(path) = given.text("kubeconfig") {
            listed.insert("KUBECONFIG", path.to_owned());
        }
        let when =
            given.text("color").or(given.text("colour")).map(str::to_owned).or_else(|| env("HELM_COLOR"));
        let color = match when.as_deref() {
            Some("always") => true,
            Some("never") => false,
            None | Some("auto") => {
                env("NO_COLOR").is_none() && std::io::IsTerminal::is_terminal(&std::io::stderr())
            }
            Some(other) => {
                return Err(format!("invalid color mode {other:?}: must be one of: never, auto, always"));
            }
        };
        let error_format = match given.text("error-format") {
            None | Some("human") => ErrorFormat::Human,
            Some("short") => ErrorFormat::Short,
            Some("json") => ErrorFormat::Json,
            Some(other) => {
                return Err(format!(
                    "invalid argument {other:?} for \"--error-format\" flag: must be \"human\", \"short\" or \"json\""
                ));
            }
        };
        let source_date_epoch_text = env("SOURCE_DATE_EPOCH");
        let source_date_epoch = source_date_epoch_text.as_ref().and_then(|text| text.parse().ok());
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let time_zone =
            env("TZ").map_or_else(|| "UTC".to_owned(), |zone| zone.trim_start_matches(':').to_owned());
        let given_namespace = given.text("namespace").map(str::to_owned).or_else(|| env("HELM_NAMESPACE"));
        let max_history = env("HELM_MAX_HISTORY").and_then(|text| text.parse().ok()).unwrap_or(10);
        let connect = connect(&listed, groups);
        Ok(Self {
            given_namespace,
            connect,
            driver: env("HELM_DRIVER").unwrap_or_default(),
            max_history,
            role: Self::role_of(program),
            compat,
            debug,
            namespace,
            time_zone,
            source_date_epoch,
            source_date_epoch_text,
            now: now.map_or(0, |time| time.as_secs()),
            keyring: keyring(),
            color,
            error_format,
            proxies: crate::network::proxies(env),
            patience: crate::network::patience(env)?,
            docker_config: env("DOCKER_CONFIG")
                .map_or_else(|| home().join(".docker"), PathBuf::from)
                .join("config.json"),
            github: env("GITHUB_TOKEN").map(|token| {
                // Any name goes with a token.
                (env("GITHUB_ACTOR").unwrap_or_else(|| "github".to_owned()), Secret::new(token))
            }),
            content_cache: PathBuf::from(content_cache),
            listed,
        })
    }

    /// Helm's file of logins.
    pub(crate) fn registry_config(&self) -> &str {
        self.listed.get("HELM_REGISTRY_CONFIG").map_or("", String::as_str)
    }

    /// The time of what is packed, when `SOURCE_DATE_EPOCH` gives it. Helm: pkg/cmd/source_date_epoch.go.
    pub(crate) fn archive_time(&self) -> Result<Option<u64>, String> {
        let Some(text) = &self.source_date_epoch_text else { return Ok(None) };
        // Helm 3 does not look at it.
        let is_lenient = self.compat == Compat::Helm3 && self.role == Role::DropIn;
        let reason = match text.parse::<i64>() {
            Ok(time) => match u64::try_from(time) {
                Ok(time) => return Ok(Some(time)),
                Err(_) => "must not be negative".to_owned(),
            },
            Err(error) => {
                use std::num::IntErrorKind::{NegOverflow, PosOverflow};
                let reason = match error.kind() {
                    PosOverflow | NegOverflow => "value out of range",
                    _ => "invalid syntax",
                };
                format!("strconv.ParseInt: parsing {text:?}: {reason}")
            }
        };
        if is_lenient { Ok(None) } else { Err(format!("invalid SOURCE_DATE_EPOCH: {reason}")) }
    }

    /// What the program calls itself in messages.
    pub(crate) fn program(&self) -> &'static str {
        match self.role {
            Role::Native => "chart",
            Role::DropIn => "helm",
        }
    }
}

/// Where GnuPG keeps public keys: `pubring.gpg`, or `pubring.kbx` where only that is there. Helm 4:
/// `defaultKeyring`.
fn keyring() -> String {
    let folder = env("GNUPGHOME").map_or_else(|| home().join(".gnupg"), PathBuf::from);
    let (legacy, keybox) = (folder.join("pubring.gpg"), folder.join("pubring.kbx"));
    let chosen = if !legacy.exists() && keybox.exists() { keybox } else { legacy };
    chosen.to_string_lossy().into_owned()
}

/// How to find the cluster, by the variables of `helm env`.
fn connect(listed: &BTreeMap<&'static str, String>, groups: Vec<String>) -> ConnectOptions {
    let of = |name: &str| listed.get(name).filter(|text| !text.is_empty()).cloned();
    let is_on = |name: &str| of(name).as_deref().and_then(crate::flags::parse_bool).unwrap_or(false);
    let kubeconfig = match of("KUBECONFIG") {
        Some(paths) => std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect(),
        None => vec![home().join(".kube/config")],
    };
    let groups = if groups.is_empty() {
        of("HELM_KUBEASGROUPS").map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default()
    } else {
        groups
    };
    ConnectOptions {
        kubeconfig,
        context: of("HELM_KUBECONTEXT"),
        server: of("HELM_KUBEAPISERVER"),
        token: of("HELM_KUBETOKEN"),
        ca_file: of("HELM_KUBECAFILE").map(PathBuf::from),
        as_user: of("HELM_KUBEASUSER"),
        as_groups: groups,
        insecure: is_on("HELM_KUBEINSECURE_SKIP_TLS_VERIFY"),
        tls_server_name: of("HELM_KUBETLS_SERVER_NAME"),
        in_cluster: env("KUBERNETES_SERVICE_HOST").is_some(),
        ..ConnectOptions::default()
    }
}

/// Helm prints the limit with two digits.
fn qps(text: Option<String>) -> String {
    let number: f32 = text.and_then(|text| text.parse().ok()).unwrap_or(0.0);
    format!("{number:.2}")
}

/// Where programs are looked for.
pub(crate) fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
