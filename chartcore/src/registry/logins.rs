//! Who we are at which registry: Helm's and Docker's `config.json`, credential helpers, and what is handed in.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::data::json::encode_base64;
use crate::error::{Error, ErrorKind, Result};
use crate::files::directory::{self, io_error};
use crate::transport::Secret;

/// The longest configuration file that is read.
const CONFIG_LIMIT: u64 = 4 << 20;

/// The most that is read of a helper's answer.
const HELPER_LIMIT: u64 = 1 << 20;

/// The key under which Docker Hub's login is kept.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// What a helper says of a host it does not know.
const UNKNOWN_TO_HELPER: &str = "credentials not found in native keychain";

/// One login. `Debug` shows none of its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Login {
    user: String,
    password: Secret,
    identity_token: Secret,
    registry_token: Secret,
}

impl Login {
    /// A user and a password, or a token that stands for one.
    pub fn new(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { user: user.into(), password: password.into(), ..Self::default() }
    }

    /// The user's name; empty when only a token is known.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password.
    pub fn password(&self) -> &Secret {
        &self.password
    }

    /// The token that is exchanged for others (OAuth 2's refresh token).
    pub(super) fn identity_token(&self) -> &Secret {
        &self.identity_token
    }

    /// The token that is sent to the registry as it is.
    pub(super) fn registry_token(&self) -> &Secret {
        &self.registry_token
    }

    fn is_empty(&self) -> bool {
        self.user.is_empty()
            && self.password.is_empty()
            && self.identity_token.is_empty()
            && self.registry_token.is_empty()
    }
}

/// Where logins are looked for, in this order: the one for every host (`--username`), Helm's registry configuration,
/// Docker's, those that settings name for a host (`GITHUB_TOKEN` for ghcr.io).
///
/// Helm: pkg/registry/client.go over ORAS's credentials package. Unlike Helm, logins never move to a keychain that
/// no configuration names.
#[derive(Debug, Clone, Default)]
pub struct Logins {
    everywhere: Option<Login>,
    config: Option<PathBuf>,
    fallback: Option<PathBuf>,
    hosts: Vec<(String, Login)>,
}

impl Logins {
    /// Knows nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Uses this login at every registry.
    #[must_use]
    pub fn everywhere(mut self, login: Login) -> Self {
        self.everywhere = Some(login);
        self
    }

    /// Reads and writes this file (Helm's `registry/config.json`).
    #[must_use]
    pub fn config(mut self, path: impl Into<PathBuf>) -> Self {
        self.config = Some(path.into());
        self
    }

    /// Reads this file where the one above knows nobody (Docker's `config.json`).
    #[must_use]
    pub fn fallback(mut self, path: impl Into<PathBuf>) -> Self {
        self.fallback = Some(path.into());
        self
    }

    /// Uses this login at `host` where no file knows one.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>, login: Login) -> Self {
        self.hosts.push((host.into(), login));
        self
    }

    /// The login for a host with its port, if there is one.
    ///
    /// # Errors
    /// A configuration that is no JSON, or a helper that fails.
    pub fn find(&self, host: &str) -> Result<Option<Login>> {
        if self.everywhere.is_some() {
            return Ok(self.everywhere.clone());
        }
        let key = key_of(host);
        for path in [&self.config, &self.fallback].into_iter().flatten() {
            let config = Config::read(path)?;
            let login = match config.helper(key) {
                Some(helper) => ask_helper(helper, key)?,
                None => config.login(key)?,
            };
            if let Some(login) = login.filter(|login| !login.is_empty()) {
                return Ok(Some(login));
            }
        }
        Ok(self.hosts.iter().find(|(name, _)| name == host).map(|(_, login)| login.clone()))
    }

    /// Keeps a login for a host, in the file or with the helper it names.
    ///
    /// # Errors
    /// There is no file to write, it cannot be written, or a helper fails.
    pub fn keep(&self, host: &str, login: &Login) -> Result<()> {
        let path = self.writable()?;
        let mut config = Config::read(path)?;
        let key = key_of(host);
        if let Some(helper) = config.helper(key) {
            let entry = serde_json::json!({
                "ServerURL": key, "Username": login.user, "Secret": login.password.expose(),
            });
            return run_helper(helper, "store", entry.to_string().as_bytes()).map(|_| ());
        }
        let pair = format!("{}:{}", login.user, login.password.expose());
        let auth = String::from_utf8(encode_base64(pair.as_bytes())).unwrap_or_default();
        config.auths_mut().insert(key.to_owned(), serde_json::json!({ "auth": auth }));
        config.write(path)
    }

    /// Forgets the login for a host; not knowing one is fine.
    ///
    /// # Errors
    /// As [`Logins::keep`].
    pub fn forget(&self, host: &str) -> Result<()> {
        let path = self.writable()?;
        let mut config = Config::read(path)?;
        let key = key_of(host);
        if let Some(helper) = config.helper(key) {
            return run_helper(helper, "erase", key.as_bytes()).map(|_| ());
        }
        if !config.auths().is_some_and(|auths| auths.contains_key(key)) {
            return Ok(());
        }
        config.auths_mut().remove(key);
        config.write(path)
    }

    fn writable(&self) -> Result<&Path> {
        let missing = || Error::new(ErrorKind::Usage, "no registry configuration is named to keep logins in");
        self.config.as_deref().ok_or_else(missing)
    }
}

/// Docker Hub has one login under an old address. ORAS: `ServerAddressFromRegistry`.
fn key_of(host: &str) -> &str {
    match host {
        "docker.io" | "registry-1.docker.io" => DOCKER_HUB,
        host => host,
    }
}

/// A `config.json`; what is not about logins stays as it is.
#[derive(Default)]
struct Config {
    content: Map<String, Value>,
}

/// An entry of `auths`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

impl Config {
    fn read(path: &Path) -> Result<Self> {
        if !directory::exists(path) {
            return Ok(Self::default());
        }
        let bytes = directory::read_file(path, CONFIG_LIMIT)?;
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        // The reason names a line, never what stands there.
        let wrong = |reason: String| {
            let message =
                format!("failed to decode config file {}: invalid config format: {reason}", path.display());
            Error::new(ErrorKind::Usage, message)
        };
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(content)) => Ok(Self { content }),
            Ok(_) => Err(wrong("expected an object".to_owned())),
            Err(error) => Err(wrong(format!("line {}, column {}", error.line(), error.column()))),
        }
    }

    fn auths(&self) -> Option<&Map<String, Value>> {
        self.content.get("auths")?.as_object()
    }

    fn auths_mut(&mut self) -> &mut Map<String, Value> {
        let auths = self.content.entry("auths").or_insert_with(|| Value::Object(Map::new()));
        if !auths.is_object() {
            *auths = Value::Object(Map::new());
        }
        match auths {
            Value::Object(auths) => auths,
            _ => unreachable!("it was just made an object"),
        }
    }

    /// The helper for a host: its own, else the one for all.
    fn helper(&self, key: &str) -> Option<&str> {
        let own = self.content.get("credHelpers").and_then(|helpers| helpers.get(key)?.as_str());
        let all = self.content.get("credsStore").and_then(Value::as_str);
        own.or(all).filter(|name| !name.is_empty())
    }

    fn login(&self, key: &str) -> Result<Option<Login>> {
        let Some(auths) = self.auths() else { return Ok(None) };
        // Old files have `https://HOST/`.
        let found =
            auths.get(key).or_else(|| auths.iter().find(|(name, _)| host_of(name) == key).map(|(_, it)| it));
        let Some(entry) = found else { return Ok(None) };
        let wrong = |what: &str| {
            Error::new(ErrorKind::Usage, format!("{what}: invalid config format: entry of {key}"))
        };
        let entry = Entry::deserialize(entry).map_err(|_| wrong("failed to unmarshal auth field"))?;
        let mut login = Login {
            user: entry.username.unwrap_or_default(),
            password: entry.password.unwrap_or_default().into(),
            identity_token: entry.identitytoken.unwrap_or_default().into(),
            registry_token: entry.registrytoken.unwrap_or_default().into(),
        };
        if let Some(auth) = entry.auth.filter(|auth| !auth.is_empty()) {
            let pair = decode_base64(&auth).and_then(|bytes| String::from_utf8(bytes).ok());
            let pair = pair.as_deref().and_then(|pair| pair.split_once(':'));
            let (user, password) = pair.ok_or_else(|| wrong("failed to decode auth field"))?;
            login.user = user.to_owned();
            login.password = password.into();
        }
        Ok(Some(login))
    }

    /// Written whole or not at all, for its owner only; a link is followed so that it stays one.
    fn write(&self, path: &Path) -> Result<()> {
        let mut text = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
        serde::Serialize::serialize(&self.content, &mut serializer)
            .map_err(|error| Error::new(ErrorKind::Io, error.to_string()))?;
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder =
            target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        make_private_folder(folder).map_err(|error| io_error("mkdir", folder, error))?;
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(format!(".{name}.{}", std::process::id()));
        write_private(&temporary, &text).map_err(|error| io_error("open", &temporary, error))?;
        fs::rename(&temporary, &target).map_err(|error| {
            let _ = fs::remove_file(&temporary);
            io_error("rename", &target, error)
        })
    }
}

#[cfg(unix)]
fn make_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// ORAS: `ToHostname`.
fn host_of(address: &str) -> &str {
    let rest = address.strip_prefix("http://").unwrap_or(address);
    let rest = rest.strip_prefix("https://").unwrap_or(rest);
    rest.split('/').next().unwrap_or(rest)
}

/// What a helper answers to `get`.
#[derive(Deserialize)]
struct HelperLogin {
    #[serde(rename = "Username", default)]
    username: String,
    #[serde(rename = "Secret", default)]
    secret: String,
}

fn ask_helper(helper: &str, key: &str) -> Result<Option<Login>> {
    let answer = match run_helper(helper, "get", key.as_bytes()) {
        Ok(answer) => answer,
        Err(error) if error.message().ends_with(UNKNOWN_TO_HELPER) => return Ok(None),
        Err(error) => return Err(error),
    };
    let login: HelperLogin = serde_json::from_slice(&answer).map_err(|_| {
        Error::new(
            ErrorKind::Usage,
            format!("docker-credential-{helper}: the answer for {key} is not understood"),
        )
    })?;
    Ok(Some(match login.username.as_str() {
        "<token>" => Login { identity_token: login.secret.into(), ..Login::default() },
        _ => Login::new(login.username, login.secret),
    }))
}

/// Runs `docker-credential-HELPER ACTION` with `input`; its answer. What it prints may be a secret and is in no
/// error, save for the one line with which helpers say why they failed.
fn run_helper(helper: &str, action: &str, input: &[u8]) -> Result<Vec<u8>> {
    let is_name =
        helper.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if !is_name {
        let message = format!("credential helper {helper:?} is not a name a helper can have");
        return Err(Error::new(ErrorKind::Usage, message));
    }
    let program = format!("docker-credential-{helper}");
    let failed =
        |reason: String| Error::new(ErrorKind::Unauthorized, format!("{program} {action}: {reason}"));
    let mut child = Command::new(&program)
        .arg(action)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(crate::files::describe_io(&error)))?;
    let (answer, succeeded) = talk(&mut child, input).map_err(|error| failed(error.to_string()))?;
    if succeeded {
        return Ok(answer);
    }
    let line = String::from_utf8_lossy(&answer);
    let line = line.trim();
    let told = action == "get" && line.contains(UNKNOWN_TO_HELPER);
    Err(failed(if told { UNKNOWN_TO_HELPER.to_owned() } else { "the helper failed".to_owned() }))
}

fn talk(child: &mut Child, input: &[u8]) -> io::Result<(Vec<u8>, bool)> {
    if let Some(mut stdin) = child.stdin.take() {
        // A helper may answer without reading.
        let _ = stdin.write_all(input);
    }
    let mut answer = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(HELPER_LIMIT).read_to_end(&mut answer)?;
    }
    Ok((answer, child.wait()?.success()))
}

/// Standard base64 with padding.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let bytes: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    if !bytes.len().is_multiple_of(4) {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3);
    let count = bytes.len() / 4;
    for (index, group) in bytes.chunks(4).enumerate() {
        let padding = group.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || (padding > 0 && index + 1 != count) {
            return None;
        }
        let mut word = 0_u32;
        for byte in &group[..4 - padding] {
            word = word << 6 | u32::from(digit(*byte)?);
        }
        word <<= 6 * padding;
        out.extend_from_slice(&word.to_be_bytes()[1..4 - padding]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logins(folder: &tempfile::TempDir, text: &str) -> Logins {
        let path = folder.path().join("config.json");
        fs::write(&path, text).unwrap();
        Logins::new().config(path)
    }

    #[test]
    fn base64_is_undone() {
        for text in ["", "a", "ab", "abc", "alice:s3cret", "ü:ß?>"] {
            let encoded = String::from_utf8(encode_base64(text.as_bytes())).unwrap();
            assert_eq!(decode_base64(&encoded).as_deref(), Some(text.as_bytes()), "{encoded}");
        }
        for bad in ["a", "ab", "abc", "a===", "====", "YQ==YQ==", "Y Q="] {
            assert_eq!(decode_base64(bad), None, "{bad}");
        }
    }

    #[test]
    fn entries_are_read_in_all_their_forms() {
        let folder = tempfile::tempdir().unwrap();
        let logins = logins(
            &folder,
            r#"{"auths": {
                "h:5000": {"auth": "YWxpY2U6czNjOnJldA=="},
                "https://old.example.com/v1/": {"auth": "Ym9iOnB3"},
                "plain": {"username": "carol", "password": "pw"},
                "token": {"identitytoken": "refresh"},
                "bearer": {"registrytoken": "access"},
                "https://index.docker.io/v1/": {"auth": "aHViOnB3"},
                "broken": {"auth": "YQ=="},
                "empty": {}
            }}"#,
        )
        .host("ghcr.io", Login::new("x", "github"));
        for (host, user, password) in [
            ("h:5000", "alice", "s3c:ret"),
            ("old.example.com", "bob", "pw"),
            ("plain", "carol", "pw"),
            ("docker.io", "hub", "pw"),
            ("registry-1.docker.io", "hub", "pw"),
            ("ghcr.io", "x", "github"),
        ] {
            assert_eq!(logins.find(host).unwrap(), Some(Login::new(user, password)), "{host}");
        }
        assert_eq!(logins.find("token").unwrap().unwrap().identity_token().expose(), "refresh");
        assert_eq!(logins.find("bearer").unwrap().unwrap().registry_token().expose(), "access");
        assert_eq!(logins.find("nobody").unwrap(), None);
        assert_eq!(logins.find("empty").unwrap(), None);
        assert!(logins.find("broken").is_err());
        let everywhere = logins.everywhere(Login::new("me", "pw"));
        assert_eq!(everywhere.find("h:5000").unwrap(), Some(Login::new("me", "pw")));
    }

    #[test]
    fn a_login_is_kept_and_forgotten_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let logins = logins(&folder, r#"{"currentContext": "x", "auths": {"other": {"auth": "YTpi"}}}"#);
        logins.keep("h:5000", &Login::new("alice", "s3cret")).unwrap();
        let text = fs::read_to_string(folder.path().join("config.json")).unwrap();
        assert!(
            text.contains("\t\"auths\": {")
                && text.contains("YWxpY2U6czNjcmV0")
                && text.contains("currentContext")
        );
        assert_eq!(logins.find("h:5000").unwrap(), Some(Login::new("alice", "s3cret")));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(folder.path().join("config.json")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        logins.forget("h:5000").unwrap();
        logins.forget("h:5000").unwrap();
        assert_eq!(logins.find("h:5000").unwrap(), None);
        assert!(logins.find("other").unwrap().is_some());
    }

    #[test]
    fn nothing_secret_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let login = Login::new("alice", "hunter2");
        let logins =
            logins(&folder, r#"{"auths": {"h": {"auth": "aHVudGVyMg=="}, "i": {"auth": "hunter2"}}}"#)
                .everywhere(login.clone());
        assert!(!format!("{login:?} {logins:?}").contains("hunter2"));
        let logins = Logins { everywhere: None, ..logins };
        for host in ["h", "i"] {
            let error = logins.find(host).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
        let malformed = self::logins(&folder, "{\"auths\": hunter2}");
        assert!(!format!("{:?}", malformed.find("h").unwrap_err()).contains("hunter2"));
        let evil = self::logins(&folder, r#"{"credsStore": "../../bin/sh"}"#);
        assert!(evil.find("h").unwrap_err().to_string().contains("is not a name"));
    }
}
