//! A real control plane on loopback: etcd, the API server, the controller manager, the scheduler and kwok.
//!
//! Everything is built or fetched once into the reference folder, listens on free ports of 127.0.0.1, and is
//! stopped by the process ids that were kept.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Outcome, places, process, reference};

const KUBERNETES: &str = "1.34.2";
const KWOK: &str = "sigs.k8s.io/kwok/cmd/kwok@v0.7.0";
const TOKEN: &str = "chart-test-admin";

/// How long each part may take to answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// `cargo xtask cluster ...`.
pub(crate) fn run(words: &[&str]) -> Outcome {
    match words {
        ["build"] => Programs::ready().map(|programs| println!("{}", programs.folder.display())),
        ["up"] => {
            let folder = home();
            down(&folder)?;
            let cluster = up(&folder)?;
            println!("export KUBECONFIG={}", cluster.kubeconfig.display());
            Ok(())
        }
        ["down"] => down(&home()),
        ["test", rest @ ..] => test(rest),
        _ => Err("cluster wants one of: build, up, down, test [-- ARGS]".to_owned()),
    }
}

/// Where `up` keeps its state for `down`.
fn home() -> PathBuf {
    places::reference().join("cluster")
}

/// Starts a cluster of its own, runs the tests that need one, and stops it.
fn test(rest: &[&str]) -> Outcome {
    let folder = places::scratch("cluster")?;
    let helms = reference::both()?;
    let cluster = up(&folder)?;
    let mut arguments =
        vec!["test", "--package", "chartcli", "--features", "cluster-tests", "--test", "cluster"];
    arguments.extend_from_slice(rest);
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut environment = vec![
        ("CHART_TEST_KUBECONFIG".to_owned(), text(&cluster.kubeconfig)),
        ("CHART_TEST_AUDIT".to_owned(), text(&cluster.audit)),
    ];
    for helm in &helms {
        environment.push((format!("CHART_TEST_{}", helm.profile.to_uppercase()), text(&helm.program)));
    }
    if let Ok(Some(corpus)) = crate::live::corpus_folder() {
        environment.push(("CHART_TEST_CORPUS".to_owned(), text(&corpus)));
    }
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let outcome = process::must_with(process::cargo(), &arguments, &places::root(), &environment);
    down(&folder)?;
    if outcome.is_ok() {
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    } else {
        eprintln!("xtask: the logs are in {}", folder.display());
    }
    outcome
}

/// The programs a control plane is made of.
struct Programs {
    folder: PathBuf,
    etcd: PathBuf,
}

impl Programs {
    /// Builds and fetches what is not there yet.
    fn ready() -> Outcome<Self> {
        let folder = places::reference().join(format!("kubernetes-{KUBERNETES}"));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let names = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];
        if names.iter().any(|name| !folder.join(name).is_file()) {
            eprintln!("xtask: building Kubernetes {KUBERNETES} (six minutes with cold caches)");
            // Without a version in it, clients cannot read what the server says of itself.
            let version = "k8s.io/component-base/version";
            let flags = format!(
                "-s -w -X {version}.gitVersion=v{KUBERNETES} -X {version}.gitMajor=1 -X {version}.gitMinor=34"
            );
            let output = format!("{}/", folder.display());
            let packages = names.map(|name| format!("k8s.io/kubernetes/cmd/{name}"));
            let mut arguments = vec!["build", "-ldflags", &flags, "-o", &output];
            arguments.extend(packages.iter().map(String::as_str));
            process::must_with(
                PathBuf::from("go"),
                &arguments,
                &places::root().join("fixtures/cluster"),
                &[("CGO_ENABLED", "0"), ("GOFLAGS", "-mod=readonly")],
            )?;
        }
        if !folder.join("kwok").is_file() {
            let folder = folder.to_str().ok_or("the reference folder is not UTF-8")?;
            process::must_with(
                PathBuf::from("go"),
                &["install", KWOK],
                &places::root(),
                &[("GOBIN", folder), ("CGO_ENABLED", "0"), ("GOFLAGS", "-mod=mod")],
            )?;
        }
        let etcd = folder.join("etcd/usr/bin/etcd");
        if !etcd.is_file() {
            let package = folder.join("etcd");
            fs::create_dir_all(&package).map_err(|error| format!("{}: {error}", package.display()))?;
            // Fetched and unpacked, not installed: no root needed, nothing else changes on the machine.
            process::must(PathBuf::from("apt-get"), &["download", "etcd-server"], &package)?;
            let archive = fs::read_dir(&package)
                .map_err(|error| error.to_string())?
                .filter_map(|entry| entry.ok().map(|entry| entry.path()))
                .find(|path| path.extension().is_some_and(|end| end == "deb"))
                .ok_or("apt-get download left no package")?;
            process::must(PathBuf::from("dpkg-deb"), &["-x", &archive.to_string_lossy(), "."], &package)?;
        }
        Ok(Self { folder, etcd })
    }
}

/// A running control plane.
pub(crate) struct Cluster {
    pub(crate) kubeconfig: PathBuf,
    pub(crate) audit: PathBuf,
}

/// Starts everything with its state in `folder`.
fn up(folder: &Path) -> Outcome<Cluster> {
    let programs = Programs::ready()?;
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let started = start(&programs, folder);
    if started.is_err() {
        down(folder)?;
    }
    started
}

fn start(programs: &Programs, folder: &Path) -> Outcome<Cluster> {
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let (etcd, peer, api) = (free_port()?, free_port()?, free_port()?);
    let (manager, scheduler) = (free_port()?, free_port()?);
    write(&folder.join("tokens.csv"), &format!("{TOKEN},admin,admin,system:masters\n"))?;
    process::must(PathBuf::from("openssl"), &["genrsa", "-out", &path("sa.key"), "2048"], folder)?;
    let etcd_url = format!("http://127.0.0.1:{etcd}");
    spawn(
        &programs.etcd,
        &[
            format!("--data-dir={}", path("etcd")),
            format!("--listen-client-urls={etcd_url}"),
            format!("--advertise-client-urls={etcd_url}"),
            format!("--listen-peer-urls=http://127.0.0.1:{peer}"),
            format!("--initial-advertise-peer-urls=http://127.0.0.1:{peer}"),
            format!("--initial-cluster=default=http://127.0.0.1:{peer}"),
            "--unsafe-no-fsync".to_owned(),
        ],
        folder,
        "etcd",
    )?;
    let audit = folder.join("audit.log");
    let policy = places::root().join("fixtures/cluster/audit.yaml");
    spawn(
        &programs.folder.join("kube-apiserver"),
        &[
            format!("--etcd-servers={etcd_url}"),
            "--bind-address=127.0.0.1".to_owned(),
            "--advertise-address=127.0.0.1".to_owned(),
            format!("--secure-port={api}"),
            format!("--cert-dir={}", path("certificates")),
            format!("--service-account-key-file={}", path("sa.key")),
            format!("--service-account-signing-key-file={}", path("sa.key")),
            "--service-account-issuer=https://localhost".to_owned(),
            format!("--token-auth-file={}", path("tokens.csv")),
            "--authorization-mode=RBAC".to_owned(),
            "--service-cluster-ip-range=10.0.0.0/16".to_owned(),
            "--allow-privileged=true".to_owned(),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            format!("--audit-policy-file={}", policy.display()),
            format!("--audit-log-path={}", audit.display()),
            "--audit-log-mode=blocking".to_owned(),
        ],
        folder,
        "kube-apiserver",
    )?;
    let server = format!("https://127.0.0.1:{api}");
    let certificate = folder.join("certificates/apiserver.crt");
    wait_for(&server, &certificate, folder)?;
    let kubeconfig = folder.join("kubeconfig");
    write(
        &kubeconfig,
        &format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
             clusters:\n- name: test\n  cluster:\n    server: {server}\n    certificate-authority: {}\n\
             contexts:\n- name: test\n  context: {{cluster: test, user: admin}}\n\
             users:\n- name: admin\n  user: {{token: {TOKEN}}}\n",
            certificate.display()
        ),
    )?;
    let config = kubeconfig.to_string_lossy().into_owned();
    spawn(
        &programs.folder.join("kube-controller-manager"),
        &[
            format!("--kubeconfig={config}"),
            format!("--service-account-private-key-file={}", path("sa.key")),
            "--leader-elect=false".to_owned(),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={manager}"),
            format!("--cert-dir={}", path("certificates")),
        ],
        folder,
        "kube-controller-manager",
    )?;
    spawn(
        &programs.folder.join("kube-scheduler"),
        &[
            format!("--kubeconfig={config}"),
            "--leader-elect=false".to_owned(),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={scheduler}"),
            format!("--cert-dir={}", path("certificates")),
        ],
        folder,
        "kube-scheduler",
    )?;
    spawn(
        &programs.folder.join("kwok"),
        &[format!("--kubeconfig={config}"), "--manage-all-nodes=true".to_owned()],
        folder,
        "kwok",
    )?;
    post(&server, &certificate, "/api/v1/nodes", &places::root().join("fixtures/cluster/node.yaml"))?;
    Ok(Cluster { kubeconfig, audit })
}

/// Starts a program that outlives this one; its process id goes into `NAME.pid`, its words into `NAME.log`.
fn spawn(program: &Path, arguments: &[String], folder: &Path, name: &str) -> Outcome {
    let failed = |error: std::io::Error| format!("{}: {error}", program.display());
    let log = fs::File::create(folder.join(format!("{name}.log"))).map_err(failed)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(failed)?)
        .stderr(log);
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // Ctrl-C at `cluster test` is for the tests; `down` stops the servers.
        command.process_group(0);
    }
    let child = command.spawn().map_err(failed)?;
    write(&folder.join(format!("{name}.pid")), &format!("{}\n{}\n", child.id(), program.display()))
}

/// Stops what `up` started in `folder`, each by its own process id.
fn down(folder: &Path) -> Outcome {
    for name in ["kwok", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd"] {
        let record = folder.join(format!("{name}.pid"));
        let Ok(text) = fs::read_to_string(&record) else { continue };
        let mut lines = text.lines();
        if let (Some(pid), Some(program)) = (lines.next(), lines.next()) {
            stop(pid, program);
        }
        fs::remove_file(&record).map_err(|error| format!("{}: {error}", record.display()))?;
    }
    if folder == home() {
        // The next `up` starts empty.
        for name in ["etcd", "certificates", "audit.log", "kubeconfig"] {
            let path = folder.join(name);
            let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
    }
    Ok(())
}

/// Ends a process if its id still belongs to `program`.
fn stop(pid: &str, program: &str) {
    let is_ours = || fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|path| path == Path::new(program));
    for signal in ["-TERM", "-KILL"] {
        if !is_ours() {
            return;
        }
        let _ = Command::new("kill").args([signal, pid]).status();
        let start = Instant::now();
        while is_ours() && start.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn curl(certificate: &Path) -> Command {
    let mut command = Command::new("curl");
    command.args(["--silent", "--fail", "--max-time", "5", "--cacert"]).arg(certificate);
    command.args(["--header", &format!("Authorization: Bearer {TOKEN}")]);
    command
}

fn wait_for(server: &str, certificate: &Path, folder: &Path) -> Outcome {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        let ready = curl(certificate).arg(format!("{server}/readyz")).stdout(Stdio::null()).status();
        if ready.is_ok_and(|status| status.success()) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    let log = fs::read_to_string(folder.join("kube-apiserver.log")).unwrap_or_default();
    let tail: Vec<&str> = log.lines().rev().take(5).collect();
    Err(format!(
        "the API server does not get ready:\n{}",
        tail.into_iter().rev().collect::<Vec<_>>().join("\n")
    ))
}

fn post(server: &str, certificate: &Path, path: &str, file: &Path) -> Outcome {
    let status = curl(certificate)
        .args(["--request", "POST", "--header", "Content-Type: application/yaml", "--data-binary"])
        .arg(format!("@{}", file.display()))
        .arg(format!("{server}{path}"))
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("curl: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("POST {path} ended with {status}")) }
}

fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

fn write(path: &Path, text: &str) -> Outcome {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
