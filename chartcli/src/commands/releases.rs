//! What every command on releases starts from: the cluster, the options of a change, who hears what happens.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use chartcore::Compat;
use chartcore::cluster::{Cluster, WaitStrategy};
use chartcore::release::{
    Apply, ChangeOptions, ClusterStore, DryRun, MemoryStore, Observer, Releases, Step, StoreKind,
};
use chartcore::render::SharedHost;
use chartcore::template::SystemHost;

use super::{Context, Failure};
use crate::flags::{self, Flag, Kind};
use crate::settings::{Role, Settings};

use Kind::{Count, Duration as Time, Optional, Slice, Switch, Text};

/// How a change is made: flags of install, upgrade and rollback.
pub(crate) const CHANGE: &[Flag] = &[
    Flag::new("force", Switch, "force resource updates through a replacement strategy"),
    Flag::new("force-conflicts", Switch, "if set server-side apply will force changes against conflicts")
        .only(Compat::Helm4),
    Flag::new("force-replace", Switch, "force resource updates by replacement").only(Compat::Helm4),
    Flag::new("no-hooks", Switch, "prevent hooks from running"),
    Flag::new(
        "server-side",
        Text("true|false|auto"),
        "object updates run in the server instead of the client",
    )
    .only(Compat::Helm4),
    Flag::new("timeout", Time("duration"), "time to wait for any Kubernetes operation (default 5m0s)"),
    Flag::new("wait", Optional("watcher|legacy|hookOnly", "watcher"), "wait until resources are ready"),
    Flag::new("wait-for-jobs", Switch, "with --wait, wait until all jobs have been completed"),
    Flag::new("dry-run", Optional("none|client|server", "unset"), "only show what would be done"),
    Flag::new("description", Text("string"), "add a custom description"),
];

/// Flags of install and upgrade besides [`CHANGE`].
pub(crate) const RENDER: &[Flag] = &[
    Flag::new("atomic", Switch, "undo a change that failed; sets --wait"),
    Flag::new("create-namespace", Switch, "create the release namespace if not present"),
    Flag::new("dependency-update", Switch, "update dependencies if they are missing"),
    Flag::new("disable-openapi-validation", Switch, "accepted for Helm's sake"),
    Flag::new("enable-dns", Switch, "enable DNS lookups when rendering templates"),
    Flag::new("hide-notes", Switch, "do not show notes"),
    Flag::new("hide-secret", Switch, "hide Kubernetes Secrets when also using the --dry-run flag"),
    Flag::new("labels", Slice("key=value"), "labels of the release's record").short('l'),
    OUTPUT,
    Flag::new("post-renderer", Text("path"), "an executable to run over the manifests"),
    Flag::new("post-renderer-args", Slice("string"), "an argument to the post-renderer"),
    Flag::new("render-subchart-notes", Switch, "render subchart notes along with the parent"),
    Flag::new("rollback-on-failure", Switch, "undo a change that failed; sets --wait").only(Compat::Helm4),
    Flag::new("skip-crds", Switch, "if set, no CRDs will be installed"),
    Flag::new("skip-schema-validation", Switch, "do not check values against values.schema.json"),
    Flag::new("take-ownership", Switch, "take existing objects, whoever they belong to"),
    Flag::new("allow-unsafe-links", Switch, "follow symbolic links that leave the chart"),
    Flag::new("allow-schema-refs", Switch, "let $ref in a schema read files"),
];

/// `-o`.
pub(crate) const OUTPUT: Flag =
    Flag::new("output", Text("table|json|yaml"), "prints the output in the given format").short('o');

/// `--revision`.
pub(crate) const REVISION: Flag = Flag::new("revision", Count("int"), "the revision (default: the last one)");

/// Connects, and opens the releases of the namespace asked for.
pub(crate) fn open(context: &Context<'_>) -> Result<Releases, Failure> {
    open_in(context, false)
}

/// As [`open`]; of all namespaces when `everywhere`.
pub(crate) fn open_in(context: &Context<'_>, everywhere: bool) -> Result<Releases, Failure> {
    let given = context.settings.given_namespace.as_deref();
    open_with(context, if everywhere { Some("") } else { given })
}

/// As [`open`], whatever namespace the command line names.
pub(crate) fn open_namespace(context: &Context<'_>, namespace: &str) -> Result<Releases, Failure> {
    open_with(context, Some(namespace))
}

fn open_with(context: &Context<'_>, namespace: Option<&str>) -> Result<Releases, Failure> {
    let settings = context.settings;
    let cluster = Cluster::connect(&settings.connect).map_err(|error| spelt(error, settings.compat))?;
    let namespace = namespace.unwrap_or(cluster.default_namespace()).to_owned();
    let host = SystemHost::new().in_time_zone(&settings.time_zone);
    let host: SharedHost = Arc::new(if context.given.switch("enable-dns") { host.with_dns() } else { host });
    let releases = Releases::new(&cluster, &namespace, settings.compat, Arc::clone(&host))
        .with_observer(Reporter::new(settings));
    match settings.driver.as_str() {
        "" | "secret" | "secrets" => Ok(releases),
        "configmap" | "configmaps" => {
            let store = ClusterStore::new(&cluster, &namespace, StoreKind::ConfigMaps, settings.compat, host);
            Ok(releases.with_store(store))
        }
        "memory" => Ok(releases.with_store(MemoryStore::default())),
        "sql" => Err(Failure::Usage("unable to instantiate SQL driver: not supported".to_owned())),
        other => Err(Failure::Usage(format!("unknown driver {other:?}"))),
    }
}

fn spelt(error: chartcore::Error, compat: Compat) -> chartcore::Error {
    match (compat, error.message().strip_prefix("kubernetes cluster")) {
        (Compat::Helm3, Some(rest)) => {
            chartcore::Error::new(error.kind(), format!("Kubernetes cluster{rest}"))
        }
        _ => error,
    }
}

/// Reads [`CHANGE`] and what of [`RENDER`] belongs to it.
pub(crate) fn change(context: &Context<'_>) -> Result<ChangeOptions, Failure> {
    let (given, compat) = (&context.given, context.settings.compat);
    let force_replace = given.switch("force-replace") || given.switch("force");
    if force_replace && given.switch("force-conflicts") {
        let name = if given.switch("force-replace") { "force-replace" } else { "force" };
        return Err(Failure::Usage(format!(
            "if any flags in the group [{name} force-conflicts] are set none of the others can be; [force-conflicts \
             {name}] were all set"
        )));
    }
    let apply = match given.text("server-side") {
        None | Some("auto") => Apply::Auto,
        Some("true") => Apply::ServerSide,
        Some("false") => Apply::ClientSide,
        Some(other) => {
            return Err(Failure::Usage(format!("invalid/unknown release server-side apply method: {other}")));
        }
    };
    let history_max = match given.text("history-max") {
        Some(text) => text.parse().unwrap_or(0),
        None => context.settings.max_history,
    };
    Ok(ChangeOptions {
        apply,
        force_replace,
        force_conflicts: given.switch("force-conflicts"),
        wait: wait(context)?,
        wait_for_jobs: given.switch("wait-for-jobs"),
        timeout: given.text("timeout").map_or(Duration::from_secs(300), flags::duration),
        no_hooks: given.switch("no-hooks"),
        rollback_on_failure: given.switch("rollback-on-failure") || given.switch("atomic"),
        cleanup_on_fail: given.switch("cleanup-on-fail"),
        history_max,
        description: given.text("description").unwrap_or_default().to_owned(),
        take_ownership: given.switch("take-ownership"),
    })
    .map(|change| legacy(change, compat))
}

/// Helm 3 waits by its own rules.
fn legacy(mut change: ChangeOptions, compat: Compat) -> ChangeOptions {
    let waits = change.wait == WaitStrategy::Watcher || change.rollback_on_failure;
    if compat == Compat::Helm3 && waits {
        change.wait = WaitStrategy::Legacy;
    }
    change
}

/// Reads `--wait`.
pub(crate) fn wait(context: &Context<'_>) -> Result<WaitStrategy, Failure> {
    Ok(match context.given.text("wait") {
        None | Some("hookOnly" | "false") => WaitStrategy::HookOnly,
        Some("watcher" | "true") => WaitStrategy::Watcher,
        Some("legacy") => WaitStrategy::Legacy,
        Some(other) => {
            return Err(Failure::Usage(format!(
                "invalid argument {other:?} for \"--wait\" flag: invalid wait input {other:?}. Valid inputs are watcher, \
                 hookOnly, and legacy"
            )));
        }
    })
}

/// Reads `--dry-run`. Helm: pkg/cmd/helpers.go, `cmdGetDryRunFlagStrategy`.
pub(crate) fn dry_run(context: &Context<'_>) -> Result<DryRun, Failure> {
    let compat = context.settings.compat;
    let warn = |text: &str| {
        if compat == Compat::Helm4 {
            message(&format!("level=WARN msg={text:?}\n"));
        }
    };
    let Some(text) = context.given.text("dry-run") else { return Ok(DryRun::None) };
    Ok(match text {
        "unset" => {
            warn("--dry-run is deprecated and should be replaced with '--dry-run=client'");
            DryRun::Client
        }
        "client" => DryRun::Client,
        "server" => DryRun::Server,
        "none" => DryRun::None,
        other => match (flags::parse_bool(other), compat) {
            (Some(on), _) => {
                let strategy = if on { "client" } else { "none" };
                warn(&format!(
                    "boolean '--dry-run={other}' flag is deprecated and must be replaced with '--dry-run={strategy}'"
                ));
                if on { DryRun::Client } else { DryRun::None }
            }
            (None, Compat::Helm3) => {
                return Err(Failure::Usage(
                    "Invalid dry-run flag. Flag must one of the following: false, true, none, client, server"
                        .to_owned(),
                ));
            }
            (None, Compat::Helm4) => {
                return Err(Failure::Usage(format!(
                    "invalid dry-run value ({other:?}). Must be \"none\", \"server\", or \"client\""
                )));
            }
        },
    })
}

/// Reads `--labels`.
pub(crate) fn labels(context: &Context<'_>) -> BTreeMap<String, String> {
    let pairs = context.given.slice("labels");
    pairs
        .iter()
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// Reads `--revision`.
pub(crate) fn revision(context: &Context<'_>) -> i64 {
    context.given.text("revision").and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Writes to standard error, if anybody listens.
pub(crate) fn message(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Tells what happens on standard error.
struct Reporter {
    compat: Compat,
    debug: bool,
    waits: bool,
}

impl Reporter {
    fn new(settings: &Settings) -> Self {
        Self { compat: settings.compat, debug: settings.debug, waits: settings.role == Role::Native }
    }
}

impl Observer for Reporter {
    fn warn(&self, text: &str) {
        match self.compat {
            Compat::Helm4 => message(&format!("level=WARN msg={text:?}\n")),
            Compat::Helm3 => message(&format!("WARNING: {text}\n")),
        }
    }

    fn step(&self, step: &Step) {
        if self.debug {
            message(&format!("level=DEBUG msg={:?}\n", step.to_string()));
        }
    }

    fn log(&self, _pod: &str, _container: &str, text: &str) {
        message(text);
    }

    fn waiting(&self, object: &str, state: &str, reason: &str) {
        if self.waits {
            message(&format!("{object}: {state}: {reason}\n"));
        }
    }
}

/// An executable that changes manifests: they go in and come out by its streams.
pub(crate) struct Executable {
    program: String,
    arguments: Vec<String>,
}

impl Executable {
    /// Reads `--post-renderer` and its arguments.
    pub(crate) fn of(context: &Context<'_>) -> Option<Self> {
        let program = context.given.text("post-renderer").filter(|program| !program.is_empty())?;
        Some(Self { program: program.to_owned(), arguments: context.given.slice("post-renderer-args") })
    }
}

impl chartcore::release::PostRenderer for Executable {
    fn run(&self, manifests: &[u8]) -> Result<Vec<u8>, String> {
        use std::process::{Command, Stdio};
        let failed = |error: std::io::Error| format!("error while running command {}: {error}", self.program);
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                if let Some(mut stdin) = stdin {
                    // A program that does not read its input says so by its output.
                    let _ = stdin.write_all(manifests);
                }
            });
            child.wait_with_output()
        });
        let output = output.map_err(failed)?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(format!(
                "error while running command {}. error output:\n{errors}: {}",
                self.program, output.status
            ));
        }
        if output.stdout.iter().all(u8::is_ascii_whitespace) {
            return Err(format!("post-renderer {:?} produced empty output", self.program));
        }
        Ok(output.stdout)
    }
}
