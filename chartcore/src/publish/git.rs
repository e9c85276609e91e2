//! The one door to git: the program, asked for facts, never told to change anything.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, ErrorKind, Result};

/// How many digits of a commit's name make its short form: always so many, so that every clone makes the same.
const SHORT: usize = 7;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// All digits of its name.
    pub hash: String,
    /// When it was made, in seconds since 1970.
    pub time: u64,
}

impl Commit {
    /// The first seven digits.
    pub fn short(&self) -> &str {
        self.hash.get(..SHORT).unwrap_or(&self.hash)
    }
}

/// A tag behind HEAD, and how far behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) tag: Option<String>,
    pub(super) commits: u64,
}

/// A git repository.
#[derive(Debug, Clone)]
pub struct Git {
    top: PathBuf,
}

impl Git {
    /// The repository that a folder belongs to.
    ///
    /// # Errors
    /// git is not there, or the folder is in no repository.
    pub fn at(folder: &Path) -> Result<Self> {
        let top = run(folder, &["rev-parse", "--show-toplevel"])?;
        Ok(Self { top: PathBuf::from(top.trim_end_matches(['\n', '\r'])) })
    }

    /// The repository's top folder.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    /// There is none yet.
    pub fn head(&self) -> Result<Commit> {
        let text = self.line(&["log", "-1", "--format=%H %ct", "HEAD"])?;
        let (hash, time) = text.split_once(' ').unwrap_or((&text, "0"));
        let time = time.parse().map_err(|_| failed("log", "the commit has no time"))?;
        Ok(Commit { hash: hash.to_owned(), time })
    }

    /// The tags of the commit that is checked out.
    ///
    /// # Errors
    /// git fails.
    pub fn tags_at_head(&self) -> Result<Vec<String>> {
        Ok(self.run(&["tag", "--points-at", "HEAD"])?.lines().map(str::to_owned).collect())
    }

    /// The nearest version tag behind HEAD with the number of commits since, or the number of all commits.
    pub(super) fn describe(&self) -> Result<Described> {
        if self.line(&["rev-parse", "--is-shallow-repository"])? == "true" {
            return Err(failed("describe", "the clone is shallow, so commits cannot be counted")
                .suffixed("; fetch the history first (actions/checkout: `fetch-depth: 0`)"));
        }
        // Only tags that are versions count; `describe` finds none in a repository without them.
        let found =
            self.run(&["describe", "--tags", "--long", "--match", "v[0-9]*", "--match", "[0-9]*", "HEAD"]);
        let Ok(text) = found else {
            let count = self.line(&["rev-list", "--count", "HEAD"])?;
            return Ok(Described { tag: None, commits: count.parse().unwrap_or(0) });
        };
        let mut parts = text.trim().rsplitn(3, '-');
        let (_, commits, tag) = (parts.next(), parts.next(), parts.next());
        let commits = commits.and_then(|count| count.parse().ok());
        match (tag, commits) {
            (Some(tag), Some(commits)) => Ok(Described { tag: Some(tag.to_owned()), commits }),
            _ => Err(failed("describe", "the answer is not understood")),
        }
    }

    /// What differs from the commit: changed files anywhere, and new ones in `folders`. Paths from the top.
    ///
    /// # Errors
    /// git fails.
    pub fn changes(&self, folders: &[&Path]) -> Result<Vec<String>> {
        let changed = self.run(&["status", "--porcelain", "-z", "--untracked-files=no", "--no-renames"])?;
        let mut paths: Vec<String> =
            changed.split('\0').filter_map(|entry| entry.get(3..)).map(str::to_owned).collect();
        for folder in folders {
            let folder = text_of(folder)?;
            let new =
                self.run(&["ls-files", "-z", "--full-name", "--others", "--exclude-standard", "--", folder])?;
            paths.extend(new.split('\0').filter(|path| !path.is_empty()).map(str::to_owned));
        }
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    /// The files in `folder` that git is told to ignore, as paths from `folder`.
    ///
    /// # Errors
    /// git fails.
    pub fn ignored(&self, folder: &Path) -> Result<Vec<String>> {
        let list = run(folder, &["ls-files", "-z", "--others", "--ignored", "--exclude-standard"])?;
        Ok(list.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }

    /// The files that differ between `since` and HEAD, deleted ones too; changes on the side of `since` do not count
    /// where both have a common past. Paths from the top.
    ///
    /// # Errors
    /// `since` names no commit.
    pub fn changed_since(&self, since: &str) -> Result<Vec<String>> {
        if since.starts_with('-') {
            return Err(Error::new(ErrorKind::Usage, format!("{since:?} names no commit")));
        }
        let commit = format!("{since}^{{commit}}");
        self.run(&["rev-parse", "--quiet", "--verify", "--end-of-options", &commit])
            .map_err(|_| Error::new(ErrorKind::Usage, format!("{since:?} names no commit of this clone")))?;
        let base = ["diff", "--name-only", "-z", "--no-renames"];
        let both = |range: &str| self.run(&[&base[..], &[range, "--"]].concat());
        // A shallow clone may not hold the common past.
        let list = match both(&format!("{since}...HEAD")) {
            Ok(list) => list,
            Err(_) => both(&format!("{since}..HEAD"))?,
        };
        Ok(list.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }

    fn run(&self, arguments: &[&str]) -> Result<String> {
        run(&self.top, arguments)
    }

    fn line(&self, arguments: &[&str]) -> Result<String> {
        Ok(self.run(arguments)?.trim_end_matches(['\n', '\r']).to_owned())
    }
}

fn text_of(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| Error::new(ErrorKind::Usage, format!("{} is not UTF-8", path.display())))
}

fn failed(command: &str, reason: &str) -> Error {
    Error::new(ErrorKind::Io, format!("git {command}: {reason}"))
}

/// Runs git in a folder; what it prints.
fn run(folder: &Path, arguments: &[&str]) -> Result<String> {
    let command = arguments.first().copied().unwrap_or_default();
    let output = Command::new("git")
        .arg("--no-pager")
        .args(["-c", "core.quotePath=false", "-c", "core.fsmonitor=false"])
        .args(arguments)
        .current_dir(folder)
        // Looking must not write the index, and words must not depend on the language.
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound if folder.exists() => Error::new(
                ErrorKind::NotFound,
                "git is not installed: it is asked which commit a chart is published from",
            ),
            _ => failed(command, &crate::files::describe_io(&error)),
        })?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        let line = told.lines().next().unwrap_or("failed").trim_start_matches("fatal: ").to_owned();
        return Err(failed(command, &line));
    }
    String::from_utf8(output.stdout).map_err(|_| failed(command, "a path is not UTF-8"))
}
