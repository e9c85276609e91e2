//! A namespace of its own for each test, the three tools, and what is on the cluster.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use chartcore::cluster::{ApplyOptions, Cluster, ConnectOptions, Propagation};
use serde_json::Value as Json;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// This workspace, as Helm 4.
    Chart,
    /// This workspace, as Helm 3.
    Chart3,
    Helm3,
    Helm4,
}

fn variable(name: &str) -> PathBuf {
    match std::env::var_os(name) {
        Some(value) => PathBuf::from(value),
        None => panic!("{name} is not set: `cargo xtask cluster test` runs these tests"),
    }
}

/// A connection for looking.
pub(crate) fn cluster() -> Cluster {
    let options = ConnectOptions::from_kubeconfig(variable("CHART_TEST_KUBECONFIG"));
    Cluster::connect(&options).expect("the test cluster is there")
}

/// The API server's audit log.
pub(crate) fn audit_log() -> PathBuf {
    variable("CHART_TEST_AUDIT")
}

/// The unpacked corpus, if it lies beside this checkout.
pub(crate) fn corpus() -> Option<PathBuf> {
    std::env::var_os("CHART_TEST_CORPUS").map(PathBuf::from)
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) ok: bool,
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        Self {
            ok: output.status.success(),
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The first line of the error.
    pub(crate) fn error(&self) -> &str {
        self.err.lines().find(|line| line.starts_with("Error: ")).unwrap_or_default()
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// A namespace, and a folder for charts; both go when it is dropped.
pub(crate) struct Space {
    pub(crate) namespace: String,
    pub(crate) folder: tempfile::TempDir,
    made: bool,
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Space {
    /// Makes a namespace.
    pub(crate) fn new() -> Self {
        let mut space = Self::without_namespace();
        let manifest =
            format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: {}}}}}", space.namespace);
        space.put(&manifest);
        space.made = true;
        space
    }

    /// Chooses a name for a namespace that is not there.
    pub(crate) fn without_namespace() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            namespace: format!("t{}-{number}", std::process::id()),
            folder: tempfile::tempdir().expect("a folder"),
            made: true,
        }
    }

    fn command(&self, tool: Tool) -> Command {
        let (program, compat) = match tool {
            Tool::Chart => (PathBuf::from(env!("CARGO_BIN_EXE_chart")), Some("helm4")),
            Tool::Chart3 => (PathBuf::from(env!("CARGO_BIN_EXE_chart")), Some("helm3")),
            Tool::Helm3 => (variable("CHART_TEST_HELM3"), None),
            Tool::Helm4 => (variable("CHART_TEST_HELM4"), None),
        };
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("TZ", "UTC")
            .env("KUBECONFIG", variable("CHART_TEST_KUBECONFIG"))
            .env("HELM_NAMESPACE", &self.namespace);
        if let Some(compat) = compat {
            command.env("CHART_COMPAT", compat);
        }
        command
    }

    /// Runs a tool with the words of `line` in the namespace.
    pub(crate) fn run(&self, tool: Tool, line: &str) -> Ended {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.run_words(tool, &words)
    }

    pub(crate) fn run_words(&self, tool: Tool, words: &[&str]) -> Ended {
        Ended::of(self.command(tool).args(words).output().expect("the program starts"))
    }

    /// Runs a tool that must succeed; answers with its output.
    #[track_caller]
    pub(crate) fn must(&self, tool: Tool, line: &str) -> String {
        let ended = self.run(tool, line);
        assert!(ended.ok, "{tool:?} {line}:\n{}\n{}", ended.out, ended.err);
        ended.out
    }

    /// Runs a tool that must fail; answers with its first line.
    #[track_caller]
    pub(crate) fn refused(&self, tool: Tool, line: &str) -> String {
        let ended = self.run(tool, line);
        assert!(!ended.ok, "{tool:?} {line} succeeded:\n{}", ended.out);
        ended.error().to_owned()
    }

    /// Writes a chart of these files, `Chart.yaml` made up unless it is there; answers with its path.
    pub(crate) fn chart(&self, name: &str, files: &[(&str, &str)]) -> String {
        let folder = self.folder.path().join(name);
        let write = |path: &Path, text: &str| {
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        if !files.iter().any(|(file, _)| *file == "Chart.yaml") {
            let text = format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\nappVersion: 1.2.3\n");
            write(&folder.join("Chart.yaml"), &text);
        }
        for (file, text) in files {
            write(&folder.join(file), text);
        }
        format!("./{name}")
    }

    /// The chart `create` makes.
    pub(crate) fn created(&self, name: &str) -> String {
        self.must(Tool::Chart, &format!("create {name}"));
        format!("./{name}")
    }

    /// A chart of one ConfigMap whose data are `.Values.data`.
    pub(crate) fn config_chart(&self) -> String {
        self.chart(
            "config",
            &[
                ("values.yaml", "data: {a: one}\nname: config\n"),
                (
                    "templates/config.yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-{{ .Values.name }}\ndata:\n  \
                     {{- range $key, $value := .Values.data }}\n  {{ $key }}: {{ $value | quote }}\n  {{- end }}\n",
                ),
            ],
        )
    }

    /// Puts an object on the cluster.
    pub(crate) fn put(&self, manifest: &str) {
        let cluster = cluster();
        for object in cluster.objects(manifest.as_bytes(), &self.namespace).expect("objects") {
            let options = ApplyOptions { force: true, ..ApplyOptions::default() };
            cluster.apply(&object, options).expect("applied");
        }
    }

    /// An object, if it is there.
    pub(crate) fn object(&self, api_version: &str, kind: &str, name: &str) -> Option<Json> {
        let manifest = format!("{{apiVersion: {api_version}, kind: {kind}, metadata: {{name: {name}}}}}");
        let cluster = cluster();
        let objects = cluster.objects(manifest.as_bytes(), &self.namespace).expect("a kind");
        cluster.get(&objects[0]).expect("the server answers").filter(|live| {
            // What is on its way out is gone, for these tests.
            live.pointer("/metadata/deletionTimestamp").is_none()
        })
    }

    /// The data of a ConfigMap.
    pub(crate) fn config(&self, name: &str) -> Option<Json> {
        self.object("v1", "ConfigMap", name).map(|live| live["data"].clone())
    }

    /// Everything releases put into the namespace, without what servers fill in, by kind and name.
    pub(crate) fn live(&self) -> Vec<(String, Json)> {
        let cluster = cluster();
        let discovery = cluster.discovery().expect("discovery");
        let mut found = Vec::new();
        for (api_version, kind) in KINDS {
            let Some(resource) = discovery.find(api_version, kind) else { continue };
            for live in cluster.list(resource, &self.namespace, "").expect("a list") {
                let name = live["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                let is_ours = !name.starts_with("sh.helm.release.v1.")
                    && name != "kube-root-ca.crt"
                    && !(*kind == "ServiceAccount" && name == "default")
                    && live.pointer("/metadata/deletionTimestamp").is_none()
                    && live.pointer("/metadata/ownerReferences").is_none();
                if is_ours {
                    let text = neutral(live).to_string().replace(&self.namespace, "NAMESPACE");
                    found.push((format!("{kind}/{name}"), serde_json::from_str(&text).expect("JSON")));
                }
            }
        }
        found.sort_by(|left, right| left.0.cmp(&right.0));
        found
    }

    /// Names of the objects of [`Space::live`].
    pub(crate) fn names(&self) -> Vec<String> {
        self.live().into_iter().map(|(name, _)| name).collect()
    }

    /// Revision, status and description of each record, by `history`.
    pub(crate) fn history(&self, tool: Tool, release: &str) -> Vec<(i64, String, String)> {
        let ended = self.run(tool, &format!("history {release} -o json"));
        assert!(ended.ok, "{}", ended.err);
        let text = |entry: &Json, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let entries = ended.json();
        let entries = entries.as_array().expect("a list").iter();
        entries
            .map(|entry| {
                (entry["revision"].as_i64().unwrap_or(0), text(entry, "status"), text(entry, "description"))
            })
            .collect()
    }

    /// The statuses of all revisions.
    pub(crate) fn statuses(&self, release: &str) -> Vec<String> {
        self.history(Tool::Chart, release).into_iter().map(|(_, status, _)| status).collect()
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        if !self.made {
            return;
        }
        let cluster = cluster();
        let manifest = format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: {}}}}}", self.namespace);
        if let Ok(objects) = cluster.objects(manifest.as_bytes(), "") {
            let _ = cluster.delete(&objects, Propagation::Background);
        }
    }
}

/// Kinds that charts put into namespaces.
const KINDS: &[(&str, &str)] = &[
    ("v1", "ConfigMap"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Pod"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("v1", "ResourceQuota"),
    ("v1", "LimitRange"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
];

/// A live object without what differs from server to server, or from moment to moment.
fn neutral(mut live: Json) -> Json {
    if let Some(object) = live.as_object_mut() {
        object.remove("status");
    }
    for pointer in ["/metadata", "/spec", "/spec/template/metadata"] {
        if let Some(map) = live.pointer_mut(pointer).and_then(Json::as_object_mut) {
            for key in [
                "uid",
                "resourceVersion",
                "creationTimestamp",
                "generation",
                "managedFields",
                "clusterIP",
                "clusterIPs",
                "healthCheckNodePort",
                "selfLink",
                "finalizers",
                "volumeName",
                "nodeName",
            ] {
                map.remove(key);
            }
        }
    }
    for port in live.pointer_mut("/spec/ports").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Some(port) = port.as_object_mut() {
            port.remove("nodePort");
        }
    }
    // Jobs carry their own uid in labels and selectors.
    let uid = |key: &String| key.contains("controller-uid");
    for pointer in ["/metadata/labels", "/spec/selector/matchLabels", "/spec/template/metadata/labels"] {
        if let Some(map) = live.pointer_mut(pointer).and_then(Json::as_object_mut) {
            map.retain(|key, _| !uid(key));
        }
    }
    if let Some(map) = live.pointer_mut("/metadata/annotations").and_then(Json::as_object_mut) {
        map.retain(|key, _| {
            key != "deployment.kubernetes.io/revision" && !key.starts_with("pv.kubernetes.io/")
        });
    }
    live
}
