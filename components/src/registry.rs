//! Debian's docker-registry.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use crate::certificate::{Certificate, Validity, write_htpasswd};

/// How a registry listens.
#[derive(Debug, Clone, Default)]
pub struct RegistryOptions {
    /// Over TLS, with a certificate of its own.
    pub tls: bool,
    /// For this user and password alone.
    pub htpasswd: Option<(String, String)>,
}

impl RegistryOptions {
    /// Plain HTTP, open to all.
    pub fn plain() -> Self {
        Self::default()
    }

    /// Over TLS.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Only for this user.
    #[must_use]
    pub fn user(mut self, user: &str, password: &str) -> Self {
        self.htpasswd = Some((user.to_owned(), password.to_owned()));
        self
    }
}

/// A running registry; it ends when this is dropped.
#[derive(Debug)]
pub struct Registry {
    child: Child,
    port: u16,
    certificate: Option<Certificate>,
    folder: tempfile::TempDir,
}

const TRIES: usize = 5;

impl Registry {
    /// Starts one and waits until it answers.
    ///
    /// # Panics
    /// There is no docker-registry and none can be fetched, or it does not start: the text says what to do.
    pub fn start(options: &RegistryOptions) -> Self {
        let program = program().unwrap_or_else(|reason| panic!("{reason}"));
        let folder = tempfile::tempdir().expect("a folder for the registry");
        let certificate = options.tls.then(|| Certificate::new(Validity::Now, &[]));
        for _ in 0..TRIES {
            let port = free_port();
            let config = folder.path().join("config.yml");
            fs::write(&config, configuration(folder.path(), port, certificate.as_ref(), options))
                .expect("a config");
            let log = fs::File::create(folder.path().join("log")).expect("a log");
            let mut child = Command::new(&program)
                .arg("serve")
                .arg(&config)
                .stdin(Stdio::null())
                .stdout(log.try_clone().expect("a log"))
                .stderr(log)
                .spawn()
                .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
            if answers(&mut child, port) {
                return Self { child, port, certificate, folder };
            }
            // Somebody else took the port in between.
            let _ = child.kill();
            let _ = child.wait();
        }
        let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        panic!("docker-registry does not start:\n{log}");
    }

    /// Host and port: `127.0.0.1:5000`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The base URL: `http://127.0.0.1:5000`.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.certificate.is_some() { "https" } else { "http" }, self.address())
    }

    /// Its certificate, which is its CA too.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Where it keeps what is pushed.
    pub fn storage(&self) -> PathBuf {
        self.folder.path().join("storage")
    }

    /// What it has written to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(
    folder: &Path,
    port: u16,
    certificate: Option<&Certificate>,
    options: &RegistryOptions,
) -> String {
    let mut text = format!(
        "version: 0.1\nlog:\n  level: warn\nstorage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: true\n\
         http:\n  addr: 127.0.0.1:{port}\n  secret: test\n",
        folder.join("storage").display()
    );
    if let Some(certificate) = certificate {
        text.push_str(&format!(
            "  tls:\n    certificate: {}\n    key: {}\n",
            certificate.file().display(),
            certificate.key_file().display()
        ));
    }
    if let Some((user, password)) = &options.htpasswd {
        let file = folder.join("htpasswd");
        write_htpasswd(&file, user, password);
        text.push_str(&format!("auth:\n  htpasswd:\n    realm: test\n    path: {}\n", file.display()));
    }
    text
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn answers(child: &mut Child, port: u16) -> bool {
    for _ in 0..600 {
        if child.try_wait().ok().flatten().is_some() {
            return false;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

static FETCHING: Mutex<()> = Mutex::new(());

/// The registry's binary: from PATH, or Debian's package unpacked into the reference folder.
///
/// # Errors
/// Neither works; the text says what to do.
pub fn program() -> Result<PathBuf, String> {
    let _alone = FETCHING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) =
        std::env::split_paths(&path).map(|folder| folder.join("docker-registry")).find(|file| file.is_file())
    {
        return Ok(found);
    }
    let kept = crate::reference().join("docker-registry").join("usr/bin/docker-registry");
    if kept.is_file() {
        return Ok(kept);
    }
    fetch(&kept).map_err(|reason| {
        format!(
            "no docker-registry on PATH, and Debian's package cannot be fetched ({reason}); \
             `apt-get install docker-registry` or put the binary at {}",
            kept.display()
        )
    })?;
    Ok(kept)
}

/// Downloads and unpacks without being root; in a folder of its own that is renamed when whole.
fn fetch(kept: &Path) -> Result<(), String> {
    let reference = crate::reference();
    fs::create_dir_all(&reference).map_err(|error| format!("{}: {error}", reference.display()))?;
    let scratch = tempfile::tempdir_in(&reference).map_err(|error| error.to_string())?;
    let run = |program: &str, arguments: &[&str]| -> Result<(), String> {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(scratch.path())
            .output()
            .map_err(|error| format!("{program}: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(()) } else { Err(format!("{program}: {}", said.trim())) }
    };
    run("apt-get", &["download", "docker-registry"])?;
    let package = fs::read_dir(scratch.path())
        .map_err(|error| error.to_string())?
        .flatten()
        .find(|entry| entry.path().extension().is_some_and(|kind| kind == "deb"))
        .ok_or("apt-get downloaded no package")?;
    let package = package.file_name().to_string_lossy().into_owned();
    run("dpkg-deb", &["-x", &package, "unpacked"])?;
    let unpacked = scratch.path().join("unpacked");
    let place = reference.join("docker-registry");
    match fs::rename(&unpacked, &place) {
        Ok(()) => Ok(()),
        // Another process was faster.
        Err(_) if kept.is_file() => Ok(()),
        Err(error) => Err(format!("{}: {error}", place.display())),
    }
}
