//! What goes wrong between the binary and servers: each fault of `faults/table.toml` ends in success or in a clear
//! message, leaves no half file, shows no credential to anybody, and a second run without it succeeds. Behind the
//! faults are a real registry and a real file server.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use chartcore::archive::sha256;
use components::{
    Fault, FaultOptions, FaultServer, FileServer, Registry, RegistryOptions, Rule, TOKEN, Validity,
};

const USER: &str = "robot";
const PASSWORD: &str = "hunter2-of-the-robot";
/// `robot:hunter2-of-the-robot` as `Authorization: Basic` has it.
const ENCODED: &str = "cm9ib3Q6aHVudGVyMi1vZi10aGUtcm9ib3Q";

/// One row of the table.
struct Case {
    name: &'static str,
    does: &'static str,
    rules: Vec<&'static str>,
    says: Option<&'static str>,
    /// Both ends are right.
    either: bool,
    expired: bool,
    proxy: bool,
    /// Waits a second for servers, not a minute.
    hurried: bool,
}

fn table() -> Vec<Case> {
    let text: &'static str = include_str!("faults/table.toml");
    let table: &'static toml::Table = Box::leak(Box::new(text.parse().unwrap()));
    let cases = table["case"].as_array().unwrap().iter();
    cases
        .map(|case| {
            let text = |name: &str| case.get(name).and_then(toml::Value::as_str);
            let switch = |name: &str| case.get(name).and_then(toml::Value::as_bool).unwrap_or(false);
            Case {
                name: text("name").unwrap(),
                does: text("does").unwrap(),
                rules: case["rules"].as_array().unwrap().iter().map(|rule| rule.as_str().unwrap()).collect(),
                says: text("says"),
                either: switch("either"),
                expired: text("tls") == Some("expired"),
                proxy: switch("proxy"),
                hurried: switch("hurried"),
            }
        })
        .collect()
}

/// `METHOD PATH FAULT [ARGUMENTS] [xTIMES] [+SKIPPED]`
fn rule(text: &'static str, other: &str) -> Rule {
    let mut words: Vec<&'static str> = text.split(' ').collect();
    let (mut times, mut skipped) = (usize::MAX, 0);
    while let Some(last) = words.last() {
        if let Some(number) = last.strip_prefix('+').and_then(|number| number.parse().ok()) {
            skipped = number;
        } else if let Some(number) = last.strip_prefix('x').and_then(|number| number.parse().ok()) {
            times = number;
        } else {
            break;
        }
        words.pop();
    }
    let number = |at: usize| words[at].parse::<usize>().unwrap();
    let pause = || Duration::from_millis(words[3].parse().unwrap());
    let fault = match words[2] {
        "status" => {
            let headers = words[4..].iter().map(|header| {
                let (name, value) = header.split_once('=').unwrap();
                (name, value.to_owned())
            });
            Fault::Status(number(3).try_into().unwrap(), headers.collect(), "")
        }
        "challenge" => Fault::Challenge(None),
        "challenge-user" => Fault::Challenge(Some((USER, PASSWORD))),
        "cut" => Fault::Cut(number(3)),
        "reset" => Fault::Reset(number(3)),
        "hangup" => Fault::HangUp,
        "wrong-bytes" => Fault::WrongBytes,
        "shorter" => Fault::Shorter(number(3)),
        "longer" => Fault::Longer(number(3)),
        "drip" => Fault::Drip(pause()),
        "late" => Fault::Late(pause()),
        "redirect" if words[4] == "{other}" => {
            Fault::Redirect(number(3).try_into().unwrap(), other.to_owned())
        }
        "redirect" => Fault::RedirectTo(number(3).try_into().unwrap(), words[4].to_owned()),
        unknown => panic!("{unknown} is no fault"),
    };
    Rule::on(words[0], words[1], fault).times(times).after(skipped)
}

/// What all cases share: the servers, and the charts on them.
struct World {
    registry: Registry,
    files: FileServer,
    folder: tempfile::TempDir,
    /// `web-0.1.0.tgz` as it was packed.
    web: Vec<u8>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let shop = folder.path().join("shop");
        fs::create_dir(&shop).unwrap();
        for number in 0..8 {
            let name = if number == 0 { "web".to_owned() } else { format!("part{number}") };
            let chart = folder.path().join(&name);
            write_chart(&chart, &name, "");
            // Something that does not compress, so that there is a middle to break in.
            let noise: String =
                (0..40_000_u32).map(|at| format!("{:x}", at.wrapping_mul(2_654_435_761 + number))).collect();
            fs::write(chart.join("noise.txt"), noise).unwrap();
            must(folder.path(), &["package", chart.to_str().unwrap(), "-d", shop.to_str().unwrap()]);
        }
        must(&shop, &["repo", "index", "."]);
        let registry = Registry::start(&RegistryOptions::plain());
        let web = shop.join("web-0.1.0.tgz");
        let target = format!("oci://{}/charts", registry.address());
        must(folder.path(), &["push", web.to_str().unwrap(), &target, "--plain-http"]);
        World { registry, files: FileServer::start(&shop), web: fs::read(web).unwrap(), folder }
    })
}

fn write_chart(folder: &Path, name: &str, dependencies: &str) {
    fs::create_dir_all(folder.join("templates")).unwrap();
    let metadata = format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n{dependencies}");
    fs::write(folder.join("Chart.yaml"), metadata).unwrap();
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Chart.Name }}\n";
    fs::write(folder.join("templates/map.yaml"), template).unwrap();
}

/// The binary in surroundings of its own.
fn chart(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chart"));
    command
        .args(words)
        .env_clear()
        .envs([("HOME", home.as_os_str())])
        .envs([
            ("TZ", "UTC"),
            ("CHART_ATTEMPTS", "4"),
            ("CHART_RETRY_DELAY", "5ms"),
            ("CHART_IDLE_TIMEOUT", "60s"),
        ])
        .stdin(Stdio::null());
    command
}

fn must(folder: &Path, words: &[&str]) {
    let home = tempfile::tempdir().unwrap();
    let ended = chart(home.path(), words).current_dir(folder).output().unwrap();
    assert!(ended.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ended.stderr));
}

/// One case's surroundings.
struct Stage {
    server: FaultServer,
    other: FaultServer,
    scratch: tempfile::TempDir,
    words: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

impl Stage {
    fn new(case: &Case) -> Self {
        let world = world();
        let scratch = tempfile::tempdir().unwrap();
        for folder in ["home", "out"] {
            fs::create_dir(scratch.path().join(folder)).unwrap();
        }
        let oci = case.does.ends_with("oci") || case.does.starts_with("push") || case.does == "pull tls";
        let upstream = if oci { world.registry.url() } else { world.files.url() };
        let other = FaultServer::before(&upstream, vec![]);
        let options = FaultOptions { tls: case.expired.then_some(Validity::Expired) };
        let server = FaultServer::before_with(&upstream, vec![], options);
        let mut stage = Self { server, other, scratch, words: Vec::new(), environment: Vec::new() };
        stage.words = stage.words_of(case);
        if case.hurried {
            stage.environment.push(("CHART_IDLE_TIMEOUT", "1s".to_owned()));
        }
        if case.proxy {
            stage.environment.push(("HTTP_PROXY", stage.server.url()));
        }
        stage
    }

    fn path(&self, name: &str) -> String {
        self.scratch.path().join(name).to_str().unwrap().to_owned()
    }

    /// The command, after what has to be there before it.
    fn words_of(&self, case: &Case) -> Vec<String> {
        let world = world();
        let url = if case.proxy { "http://charts.test".to_owned() } else { self.server.url() };
        let host = url.split("://").nth(1).unwrap().to_owned();
        let unique = format!("case-{}", &sha256(case.name.as_bytes()).hex()[..12]);
        let web = world.folder.path().join("shop/web-0.1.0.tgz").to_str().unwrap().to_owned();
        let out = self.path("out");
        let line = match case.does {
            "pull oci" => format!("pull oci://{host}/charts/web --version 0.1.0 -d {out} --plain-http"),
            "pull tls" => {
                format!("pull oci://{host}/charts/web --version 0.1.0 -d {out} --ca-file {}", self.ca())
            }
            "newest oci" => format!("pull oci://{host}/charts/web -d {out} --plain-http"),
            "template oci" => format!("template demo oci://{host}/charts/web --version 0.1.0 --plain-http"),
            "push" => format!("push {web} oci://{host}/{unique} --plain-http"),
            "push new" => format!("push {web} oci://{host}/{unique} --plain-http --no-overwrite"),
            "repo add" if case.expired => format!("repo add shop {url} --ca-file {}", self.ca()),
            "repo add" => format!("repo add shop {url}"),
            "repo update" => {
                self.before(&format!("repo add shop {url} --username {USER} --password {PASSWORD}"));
                return vec!["repo".to_owned(), "update".to_owned()];
            }
            "pull http" => format!("pull web --repo {url} --version 0.1.0 -d {out}"),
            "dependency build" => {
                self.before(&format!("repo add shop {url} --username {USER} --password {PASSWORD}"));
                let folder = PathBuf::from(self.path("top"));
                write_chart(&folder, "top", &dependencies(&url, 1));
                self.before(&format!("dependency update {}", folder.display()));
                fs::remove_dir_all(folder.join("charts")).unwrap();
                // What is in the cache need not be fetched, and nothing could go wrong.
                let _ = fs::remove_dir_all(self.scratch.path().join("home/.cache/helm/content"));
                self.server.forget();
                return ["dependency", "build", folder.to_str().unwrap()].map(str::to_owned).to_vec();
            }
            unknown => panic!("{unknown} is no command of this table"),
        };
        format!("{line} --username {USER} --password {PASSWORD}").split(' ').map(str::to_owned).collect()
    }

    fn ca(&self) -> String {
        self.server.certificate().unwrap().file().to_str().unwrap().to_owned()
    }

    fn before(&self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let ended = chart(&self.scratch.path().join("home"), &words).output().unwrap();
        assert!(ended.status.success(), "{line}: {}", String::from_utf8_lossy(&ended.stderr));
    }

    /// Success, and everything that was said.
    fn run(&self, more: &[&str]) -> (bool, String) {
        let words: Vec<&str> = self.words.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let mut command = chart(&self.scratch.path().join("home"), &words);
        let ended =
            command.envs(self.environment.iter().map(|(name, value)| (name, value))).output().unwrap();
        let said = [ended.stderr, ended.stdout].concat();
        (ended.status.success(), String::from_utf8(said).unwrap())
    }

    /// What must hold whenever the command has ended.
    fn check(&self, said: &str) -> Result<(), String> {
        for secret in [PASSWORD, ENCODED, TOKEN] {
            if said.contains(secret) {
                return Err(format!("a credential is shown: {said}"));
            }
        }
        let private = |seen: &components::Seen| {
            seen.header("authorization").is_some()
                || seen.header("cookie").is_some()
                || seen.target.contains(PASSWORD)
        };
        if let Some(seen) = self.other.seen().iter().find(|seen| private(seen)) {
            return Err(format!("another host saw a credential: {seen:?}"));
        }
        whole_files(self.scratch.path())
    }
}

fn dependencies(url: &str, count: usize) -> String {
    let mut text = String::from("dependencies:\n");
    for number in 0..count {
        let name = if number == 0 { "web".to_owned() } else { format!("part{number}") };
        text.push_str(&format!("- name: {name}\n  version: 0.1.0\n  repository: {url}\n"));
    }
    text
}

/// No temporary file, no archive that is not what was published, no cached content that is not what it is called.
fn whole_files(folder: &Path) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(|error| error.to_string())?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            whole_files(&path)?;
            continue;
        }
        let name = entry.file_name().into_string().unwrap_or_default();
        if name.ends_with(".part") || name.ends_with(".tmp") || name.starts_with(".tmp") {
            return Err(format!("{} was left behind", path.display()));
        }
        let content = fs::read(&path).map_err(|error| error.to_string())?;
        if let Some(hex) = name.strip_suffix(".chart")
            && sha256(&content).hex() != hex
        {
            return Err(format!("{} is not what it is called", path.display()));
        }
        if name.ends_with(".tgz") {
            let published = fs::read(world().folder.path().join("shop").join(&name));
            if published.is_ok_and(|published| published != content) {
                return Err(format!("{} is not what was published", path.display()));
            }
        }
    }
    Ok(())
}

fn check(case: &Case) -> Result<(), String> {
    let stage = Stage::new(case);
    stage.server.now(case.rules.iter().map(|text| rule(text, &stage.other.url())).collect());
    let (succeeded, said) = stage.run(&[]);
    let message = said.lines().find_map(|line| line.strip_prefix("Error: ")).unwrap_or_default();
    match case.says {
        _ if case.either => {}
        None if !succeeded => return Err(format!("fails: {said}")),
        Some(_) if succeeded => return Err(format!("succeeds: {said}")),
        Some(text) if message.is_empty() || !message.contains(text) => {
            return Err(format!("says {said:?} instead of {text:?}"));
        }
        _ => {}
    }
    stage.check(&said).map_err(|wrong| format!("first run: {wrong}"))?;
    stage.server.now(vec![]);
    let (succeeded, said) = stage.run(if case.expired { &["--insecure-skip-tls-verify"] } else { &[] });
    if !succeeded {
        return Err(format!("the second run fails: {said}"));
    }
    stage.check(&said).map_err(|wrong| format!("second run: {wrong}"))
}

#[test]
fn every_fault_ends_well() {
    let wanted = std::env::var("CHART_FAULT").ok();
    let cases: Vec<Case> = table()
        .into_iter()
        .filter(|case| wanted.as_deref().is_none_or(|name| case.name.contains(name)))
        .collect();
    assert!(wanted.is_some() || cases.len() >= 25, "the table is gone");
    let mut wrong = Vec::new();
    std::thread::scope(|scope| {
        let halves = cases.chunks(cases.len().div_ceil(4).max(1));
        let running: Vec<_> = halves
            .map(|half| {
                scope.spawn(move || {
                    half.iter()
                        .filter_map(|case| check(case).err().map(|why| format!("{}: {why}", case.name)))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        wrong.extend(running.into_iter().flat_map(|half| half.join().unwrap()));
    });
    assert!(wrong.is_empty(), "{} of {} faults end badly:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn the_secret_is_what_the_table_looks_for() {
    // Otherwise the checks above would look for nothing.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x"), "x").unwrap();
    let files = FileServer::start(folder.path());
    let stage = FaultServer::before(&files.url(), vec![]);
    let home = tempfile::tempdir().unwrap();
    let words = ["repo", "add", "shop", &stage.url(), "--username", USER, "--password", PASSWORD];
    let _ = chart(home.path(), &words).output().unwrap();
    assert!(
        stage
            .seen()
            .iter()
            .any(|seen| seen.header("authorization").is_some_and(|value| value.contains(ENCODED)))
    );
}

/// A chart with eight dependencies from `url`, locked.
fn locked_chart(home: &Path, folder: &Path, url: &str) {
    write_chart(folder, "top", &dependencies(url, 8));
    let ended = chart(home, &["dependency", "update", folder.to_str().unwrap()]).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    fs::remove_dir_all(folder.join("charts")).unwrap();
}

fn copy_chart(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("templates")).unwrap();
    for name in ["Chart.yaml", "Chart.lock", "templates/map.yaml"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

fn vendored(folder: &Path) -> usize {
    fs::read_dir(folder.join("charts")).map_or(0, |entries| {
        entries.flatten().filter(|entry| entry.path().extension().is_some_and(|kind| kind == "tgz")).count()
    })
}

#[test]
fn kill_nine_leaves_nothing_half_written() {
    let world = world();
    let scratch = tempfile::tempdir().unwrap();
    let (home, top) = (scratch.path().join("home"), scratch.path().join("top"));
    fs::create_dir(&home).unwrap();
    // Each archive takes a while, so that the end comes in the middle of something.
    let server = FaultServer::before(&world.files.url(), vec![]);
    locked_chart(&home, &top, &server.url());
    server.now(vec![Rule::on("GET", ".tgz", Fault::Late(Duration::from_millis(15)))]);
    let mut killed = 0;
    let mut chance = 1_u64;
    for _ in 0..50 {
        fs::remove_dir_all(home.join(".cache")).unwrap();
        let _ = fs::remove_dir_all(top.join("charts"));
        let words = ["dependency", "build", top.to_str().unwrap()];
        let mut child = chart(&home, &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis((chance >> 33) % 200));
        killed += u32::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        let _ = child.wait();
        // Temporary files may be there: nobody could remove them. Whatever has a real name is whole.
        remove_drafts(scratch.path());
        whole_files(scratch.path()).unwrap();
        let ended = chart(&home, &words).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        assert_eq!(vendored(&top), 8);
        whole_files(scratch.path()).unwrap();
    }
    assert!(killed >= 10, "only {killed} of 50 were killed before their end");
}

fn remove_drafts(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with(".chart-") && name.ends_with(".part") {
            fs::remove_file(path).unwrap();
        } else if path.is_dir() {
            remove_drafts(&path);
        }
    }
}

#[test]
fn a_hundred_at_once_share_one_cache() {
    let world = world();
    let scratch = tempfile::tempdir().unwrap();
    let (home, top) = (scratch.path().join("home"), scratch.path().join("top"));
    fs::create_dir(&home).unwrap();
    locked_chart(&home, &top, &world.files.url());
    fs::remove_dir_all(home.join(".cache")).unwrap();
    let folders: Vec<PathBuf> = (0..100).map(|number| scratch.path().join(format!("copy{number}"))).collect();
    folders.iter().for_each(|folder| copy_chart(&top, folder));
    let children: Vec<_> = folders
        .iter()
        .map(|folder| {
            let words = ["dependency", "build", folder.to_str().unwrap()];
            chart(&home, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for (child, folder) in children.into_iter().zip(&folders) {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        assert_eq!(vendored(folder), 8);
    }
    whole_files(scratch.path()).unwrap();
}

/// Runs a shell line in a namespace of its own where `folder` is a file system by the `mount` line; `None` where the
/// machine does not let us.
fn on_mounted(mount: &str, folder: &Path, words: &[String], home: &Path) -> Option<(bool, String)> {
    let probe =
        Command::new("unshare").args(["-rm", "sh", "-c", &format!("{mount} && true")]).output().ok()?;
    if !probe.status.success() {
        return None;
    }
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let line = format!("{mount} && '{}' {}", env!("CARGO_BIN_EXE_chart"), quoted.join(" "));
    let ended = Command::new("unshare")
        .args(["-rm", "sh", "-c", &line])
        .current_dir(folder)
        .env("HOME", home)
        .env("CHART_RETRY_DELAY", "5ms")
        .output()
        .ok()?;
    Some((
        ended.status.success(),
        String::from_utf8_lossy(&[ended.stderr, ended.stdout].concat()).into_owned(),
    ))
}

#[test]
fn a_full_disk_is_said() {
    let world = world();
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    let home = scratch.path().join("home");
    fs::create_dir(&out).unwrap();
    fs::create_dir(&home).unwrap();
    let line = format!(
        "pull oci://{}/charts/web --version 0.1.0 --plain-http -d {}",
        world.registry.address(),
        out.display()
    );
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let mount = format!("mount -t tmpfs -o size=4k tmpfs '{}'", out.display());
    match on_mounted(&mount, scratch.path(), &words, &home) {
        Some((succeeded, said)) => {
            assert!(!succeeded && said.contains("no space left on device"), "{said}");
        }
        None => {
            // A limit on the size of files is the next best.
            let quoted = words.join(" ");
            let script =
                format!("trap '' XFSZ; ulimit -f 1; exec '{}' {quoted}", env!("CARGO_BIN_EXE_chart"));
            let ended = Command::new("sh").args(["-c", &script]).env("HOME", &home).output().unwrap();
            assert!(!ended.status.success());
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert!(said.contains("cannot write"), "{said}");
        }
    }
    whole_files(scratch.path()).unwrap();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert!(chart(&home, &words).output().unwrap().status.success());
    assert_eq!(fs::read(out.join("web-0.1.0.tgz")).unwrap(), world.web);
}

#[test]
fn a_cache_that_cannot_be_written_is_said_or_done_without() {
    let world = world();
    let scratch = tempfile::tempdir().unwrap();
    let home = scratch.path().join("home");
    fs::create_dir(&home).unwrap();
    let folder = scratch.path().join("top");
    let url = world.files.url();
    locked_chart(&home, &folder, &url);
    fs::remove_dir_all(home.join(".cache")).unwrap();
    let oci = format!("oci://{}/charts/web", world.registry.address());
    for words in [
        vec!["dependency", "build", folder.to_str().unwrap()],
        vec!["template", "demo", &oci, "--version", "0.1.0", "--plain-http"],
        vec!["repo", "add", "shop", &url],
    ] {
        let _ = fs::remove_dir_all(folder.join("charts"));
        // Nothing can be made in /proc, whoever asks.
        let ended = chart(&home, &words)
            .env("HELM_CACHE_HOME", "/proc/helm")
            .env("HELM_CONTENT_CACHE", "/proc/helm/content")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success() || said.contains("/proc/helm"), "{words:?}: {said}");
        whole_files(scratch.path()).unwrap();
        let ended = chart(&home, &words).output().unwrap();
        assert!(ended.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }
}
