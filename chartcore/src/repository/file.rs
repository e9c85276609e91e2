//! repositories.yaml: Helm's own list of repositories, shared with it.

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::index::failure;
use crate::cache::{Draft, Lock, Patience};
use crate::chart::normal_time;
use crate::data::{Map, Value, json, yaml};
use crate::error::{Error, ErrorKind, Result};
use crate::files::directory::{self, io_error};
use crate::transport::Secret;

/// The largest list that is read.
const LARGEST_FILE: u64 = 16 << 20;

/// How long a lock that somebody else holds is waited for. Helm: pkg/cmd/repo_add.go.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);

/// A repository: where it is, and how to get at it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Repository {
    /// What it is called in `NAME/CHART`.
    pub name: String,
    /// The URL above index.yaml.
    pub url: String,
    /// For basic authentication.
    pub username: String,
    /// For basic authentication.
    pub password: Secret,
    /// A client's certificate.
    pub cert_file: String,
    /// Its key.
    pub key_file: String,
    /// Whom to trust.
    pub ca_file: String,
    /// Whether to trust anybody.
    pub insecure_skip_tls_verify: bool,
    /// Whether archives on other hosts get the credentials too.
    pub pass_credentials_all: bool,
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The list of repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repositories {
    /// As written; Helm writes none.
    pub api_version: String,
    /// As written; Helm writes the zero time.
    pub generated: String,
    /// In the order they were added.
    pub list: Vec<Repository>,
}

impl Repositories {
    /// Reads the list.
    ///
    /// # Errors
    /// It is not there (kind `NotFound`), or is malformed; Helm's texts.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = directory::read_file(path, LARGEST_FILE).map_err(|error| {
            error.prefixed(format_args!("couldn't load repositories file ({}): ", path.display()))
        })?;
        Self::from_yaml(&bytes)
    }

    /// Reads the list; an absent file is an empty one.
    ///
    /// # Errors
    /// As [`Repositories::read`].
    pub fn read_if_there(path: &Path) -> Result<Self> {
        match Self::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            read => read,
        }
    }

    /// Reads the list as far as it can be read: what Helm shows and searches although something is wrong.
    ///
    /// # Errors
    /// The file is not there.
    pub fn read_leniently(path: &Path) -> Result<Self> {
        let bytes = directory::read_file(path, LARGEST_FILE)?;
        Ok(Self::decode(&bytes).0)
    }

    /// Reads the text of repositories.yaml. Null entries are left out.
    ///
    /// # Errors
    /// Not YAML, or a value of the wrong type; Go's texts.
    pub fn from_yaml(bytes: &[u8]) -> Result<Self> {
        match Self::decode(bytes) {
            (read, None) => Ok(read),
            (_, Some(error)) => Err(error),
        }
    }

    /// What Go's decoder leaves behind, and its error. A value of the wrong type is passed over, the first one is the
    /// error.
    fn decode(bytes: &[u8]) -> (Self, Option<Error>) {
        let mut read = Self::default();
        let mut problem = None;
        let value = match yaml::parse_typed(bytes) {
            Ok(value) => value,
            Err(error) => return (read, Some(failure(error.full()))),
        };
        let map = match &value {
            Value::Null => return (read, None),
            Value::Map(map) => map,
            other => return (read, Some(wrong(other, "value of type", "repo.File"))),
        };
        for (key, value) in map.iter() {
            match key.to_text().to_ascii_lowercase().as_str() {
                "apiversion" => note(&mut problem, text(value, &mut read.api_version, "File.apiVersion")),
                "generated" => {
                    let time = match value {
                        Value::Null => continue,
                        Value::String(text) => normal_time(&text.to_text()),
                        _ => Err("Time.UnmarshalJSON: input is not a JSON string".to_owned()),
                    };
                    match time {
                        Ok(time) => read.generated = time,
                        // This ends Go's decoding.
                        Err(message) => return (read, Some(decoding(&message))),
                    }
                }
                "repositories" => match value {
                    Value::Null => {}
                    Value::List(list) => {
                        for entry in list.iter().filter(|entry| !entry.is_null()) {
                            read.list.push(Repository::decode(entry, &mut problem));
                        }
                    }
                    other => {
                        let place = "struct field File.repositories of type";
                        note(&mut problem, Err(wrong(other, place, "[]*repo.Entry")));
                    }
                },
                _ => {}
            }
        }
        (read, problem)
    }

    /// The text of repositories.yaml, as Helm writes it.
    ///
    /// # Errors
    /// A text that YAML cannot hold.
    pub fn to_yaml(&self) -> Result<Vec<u8>> {
        let mut map = Map::new();
        map.insert("apiVersion", self.api_version.as_str().into());
        let generated = if self.generated.is_empty() { "0001-01-01T00:00:00Z" } else { &self.generated };
        map.insert("generated", generated.into());
        map.insert("repositories", self.list.iter().map(Repository::to_value).collect::<Vec<_>>().into());
        yaml::write(&map.into()).map_err(|error| failure(error.to_string()))
    }

    /// The repository of that name.
    pub fn get(&self, name: &str) -> Option<&Repository> {
        self.list.iter().find(|repository| repository.name == name)
    }

    /// Puts a repository in the place of the one of its name, or at the end.
    pub fn put(&mut self, repository: Repository) {
        match self.list.iter_mut().find(|entry| entry.name == repository.name) {
            Some(entry) => *entry = repository,
            None => self.list.push(repository),
        }
    }

    /// Takes out the repositories of that name; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.list.len();
        self.list.retain(|repository| repository.name != name);
        self.list.len() < before
    }

    /// Changes the list on disk while nobody else does: under Helm's lock file, read anew, written whole or not at
    /// all, for nobody else to read (mode 0600).
    ///
    /// # Errors
    /// The file cannot be locked, read or written, or `change` fails; then nothing is written.
    pub fn change<T>(path: &Path, change: impl FnOnce(&mut Self) -> Result<Changed<T>>) -> Result<T> {
        let lock = Lock::take(&lock_path(path), &Patience::for_at_most(LOCK_PATIENCE))?;
        let mut repositories = Self::read_if_there(path)?;
        let outcome = match change(&mut repositories)? {
            Changed::No(outcome) => outcome,
            Changed::Yes(outcome) => {
                write_private(path, &repositories.to_yaml()?)?;
                outcome
            }
        };
        drop(lock);
        Ok(outcome)
    }
}

/// What became of the list.
#[derive(Debug)]
pub enum Changed<T> {
    /// It is to be written.
    Yes(T),
    /// It stays as it is.
    No(T),
}

impl Repository {
    fn decode(value: &Value, problem: &mut Option<Error>) -> Self {
        let mut entry = Self::default();
        let Value::Map(map) = value else {
            note(problem, Err(wrong(value, "struct field File.repositories of type", "repo.Entry")));
            return entry;
        };
        for (key, value) in map.iter() {
            let key = key.to_text().to_ascii_lowercase();
            let mut secret = String::new();
            let read = match key.as_str() {
                "name" => text(value, &mut entry.name, "Entry.repositories.name"),
                "url" => text(value, &mut entry.url, "Entry.repositories.url"),
                "username" => text(value, &mut entry.username, "Entry.repositories.username"),
                "password" => text(value, &mut secret, "Entry.repositories.password")
                    .map(|()| entry.password = Secret::new(secret)),
                "certfile" => text(value, &mut entry.cert_file, "Entry.repositories.certFile"),
                "keyfile" => text(value, &mut entry.key_file, "Entry.repositories.keyFile"),
                "cafile" => text(value, &mut entry.ca_file, "Entry.repositories.caFile"),
                "insecure_skip_tls_verify" => truth(value, &mut entry.insecure_skip_tls_verify, &key),
                "pass_credentials_all" => truth(value, &mut entry.pass_credentials_all, &key),
                _ => Ok(()),
            };
            note(problem, read);
        }
        entry
    }

    fn to_value(&self) -> Value {
        let mut map = Map::new();
        for (key, text) in [
            ("caFile", &self.ca_file),
            ("certFile", &self.cert_file),
            ("keyFile", &self.key_file),
            ("name", &self.name),
            ("url", &self.url),
            ("username", &self.username),
        ] {
            map.insert(key, text.as_str().into());
        }
        map.insert("password", self.password.expose().into());
        map.insert("insecure_skip_tls_verify", self.insecure_skip_tls_verify.into());
        map.insert("pass_credentials_all", self.pass_credentials_all.into());
        map.into()
    }
}

fn decoding(message: &str) -> Error {
    failure(format!("error unmarshaling JSON: while decoding JSON: {message}"))
}

fn wrong(value: &Value, place: &str, go_type: &str) -> Error {
    let found = json::type_name(value);
    decoding(&format!("json: cannot unmarshal {found} into Go {place} {go_type}"))
}

/// Keeps the first problem.
fn note(problem: &mut Option<Error>, read: Result<()>) {
    if let Err(error) = read {
        problem.get_or_insert(error);
    }
}

fn truth(value: &Value, slot: &mut bool, key: &str) -> Result<()> {
    match value {
        Value::Null => {}
        Value::Bool(truth) => *slot = *truth,
        other => return Err(wrong(other, &format!("struct field Entry.repositories.{key} of type"), "bool")),
    }
    Ok(())
}

fn text(value: &Value, slot: &mut String, field: &str) -> Result<()> {
    match value {
        Value::Null => {}
        Value::String(text) => *slot = text.to_text().into_owned(),
        Value::Bool(truth) => *slot = truth.to_string(),
        Value::Int(number) => *slot = number.to_string(),
        Value::Float(number) => *slot = crate::chart::number_text(*number),
        other => return Err(wrong(other, &format!("struct field {field} of type"), "string")),
    }
    Ok(())
}

/// Helm's lock file beside repositories.yaml: `repositories.lock`.
fn lock_path(path: &Path) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match name.rfind('.') {
        // The extension alone is no reason to lose the whole name.
        Some(0) | None => path.with_file_name(format!("{name}.lock")),
        Some(dot) => path.with_file_name(format!("{}.lock", &name[..dot])),
    }
}

/// Writes the list whole or not at all, for its owner alone.
fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let mut draft = Draft::beside(path)?;
    let written = set_private(draft.file()).and_then(|()| draft.file().write_all(content));
    written.map_err(|error| io_error("write", path, error))?;
    draft.keep(path)
}

#[cfg(unix)]
fn set_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn set_private(_: &File) -> io::Result<()> {
    Ok(())
}
