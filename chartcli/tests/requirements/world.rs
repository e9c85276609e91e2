//! A home, a registry and a clone for the rows that publish.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use components::{Registry, RegistryOptions};

/// How a run ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// What it printed, when it must have succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// What it said on standard error, when it must have ended with this code.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self.err
    }

    /// The lines of JSON it printed.
    #[track_caller]
    pub(crate) fn json(self) -> Vec<serde_json::Value> {
        self.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A home of its own and a registry.
pub(crate) struct World {
    pub(crate) home: tempfile::TempDir,
    pub(crate) registry: Registry,
}

impl World {
    pub(crate) fn plain() -> Self {
        Self::with(&RegistryOptions::plain())
    }

    pub(crate) fn with(options: &RegistryOptions) -> Self {
        Self { home: tempfile::tempdir().unwrap(), registry: Registry::start(options) }
    }

    /// `oci://HOST/PATH`.
    pub(crate) fn oci(&self, path: &str) -> String {
        format!("oci://{}/{path}", self.registry.address())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A command that sees this home alone, and git and helpers on the path.
    pub(crate) fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env_clear()
            .env("HOME", self.home.path())
            .env("TZ", "UTC")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .stdin(Stdio::null());
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "n").env(format!("GIT_{who}_EMAIL"), "n@example.com");
            command.env(format!("GIT_{who}_DATE"), "2024-05-06T07:08:09Z");
        }
        command
    }

    /// Runs the binary in the home with `--plain-http`.
    pub(crate) fn chart(&self, words: &[&str]) -> Ran {
        self.chart_in(self.home.path(), words)
    }

    pub(crate) fn chart_in(&self, folder: &Path, words: &[&str]) -> Ran {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_chart")), folder);
        command.args(words).arg("--plain-http");
        ran(&mut command)
    }

    /// Runs git, which must succeed.
    pub(crate) fn git(&self, folder: &Path, words: &[&str]) -> String {
        let mut command = self.command(Path::new("git"), folder);
        command.args(["-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"]).args(words);
        ran(&mut command).ok().trim().to_owned()
    }

    /// A repository with the chart `charts/dpctlr` (named `dual-pods-controller`) and one commit.
    pub(crate) fn clone_with_chart(&self, name: &str) -> PathBuf {
        let folder = self.path(name);
        let chart = folder.join("charts/dpctlr");
        fs::create_dir_all(chart.join("templates")).unwrap();
        write(
            &chart.join("Chart.yaml"),
            "apiVersion: v2\nname: dual-pods-controller # not the folder's name\nversion: 0.1.0\ndescription: Pods\n",
        );
        write(
            &chart.join("values.yaml"),
            "# Which image runs\nImage: registry.example.com/dpctlr:v0.0.1 # set on publish\n",
        );
        write(
            &chart.join("templates/pod.yaml"),
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: {{ .Values.Image }}}]}\n",
        );
        self.git(&folder, &["init", "-q"]);
        self.commit(&folder, "one");
        folder
    }

    pub(crate) fn commit(&self, folder: &Path, message: &str) -> String {
        self.git(folder, &["add", "-A"]);
        self.git(folder, &["commit", "-q", "-m", message]);
        self.git(folder, &["rev-parse", "HEAD"])
    }

    /// The digest that the registry has under a tag, asked over plain HTTP without any of our code.
    pub(crate) fn digest(&self, repository: &str, tag: &str) -> Option<String> {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(self.registry.address()).unwrap();
        let request = format!(
            "HEAD /v2/{repository}/manifests/{tag} HTTP/1.1\r\nHost: registry\r\nConnection: close\r\n\
             Accept: application/vnd.oci.image.manifest.v1+json\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
            .lines()
            .find_map(|line| line.strip_prefix("Docker-Content-Digest: ").map(|text| text.trim().to_owned()))
    }
}

pub(crate) fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn ran(command: &mut Command) -> Ran {
    let ended = command.output().unwrap();
    Ran {
        code: ended.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&ended.stdout).into_owned(),
        err: String::from_utf8_lossy(&ended.stderr).into_owned(),
    }
}
