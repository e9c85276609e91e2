//! Running other programs.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;

/// What a program left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finished {
    /// The exit status; `None` after a signal or when the time was up.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Finished {
    /// Whether the status is zero.
    pub(crate) fn succeeded(&self) -> bool {
        self.status == Some(0)
    }

    /// The message of a failed run, from the line that starts with `Error: `, without that word.
    pub(crate) fn error_message(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let lines: Vec<&str> = text.lines().collect();
        let start = lines.iter().position(|line| line.starts_with("Error: ") || line.starts_with("error: "));
        match start {
            Some(start) => lines[start..].join("\n")["Error: ".len()..].trim_end().to_owned(),
            None => text.trim_end().to_owned(),
        }
    }

    /// The first line of [`Finished::error_message`].
    pub(crate) fn error_line(&self) -> String {
        self.error_message().lines().next().unwrap_or_default().trim_end().to_owned()
    }
}

/// A program about to run in a clean environment.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) folder: PathBuf,
    pub(crate) stdin: Vec<u8>,
    pub(crate) environment: Vec<(String, OsString)>,
}

const PATIENCE: Duration = Duration::from_secs(120);

impl Call {
    /// A call with no inherited environment but PATH, in UTC and the C locale, with its home in `home`.
    pub(crate) fn hermetic(program: &Path, arguments: &[String], folder: &Path, home: &Path) -> Call {
        let mut environment = vec![
            ("HOME".to_owned(), home.as_os_str().to_owned()),
            ("TZ".to_owned(), OsString::from("UTC")),
            ("LC_ALL".to_owned(), OsString::from("C.UTF-8")),
        ];
        for name in ["PATH", "SYSTEMROOT", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                environment.push((name.to_owned(), value));
            }
        }
        Call {
            program: program.to_owned(),
            arguments: arguments.to_vec(),
            folder: folder.to_owned(),
            stdin: Vec::new(),
            environment,
        }
    }

    /// Runs to the end, or kills the program when it takes longer than two minutes.
    pub(crate) fn run(&self) -> Outcome<Finished> {
        let failed = |error: std::io::Error| format!("{}: {error}", self.program.display());
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // A program that does not read its input closes the pipe; that is its right.
                if let Some(mut stdin) = stdin {
                    let _ = stdin.write_all(&self.stdin);
                }
            });
            let output = scope.spawn(move || drain(stdout));
            let messages = scope.spawn(move || drain(stderr));
            let start = Instant::now();
            let mut pause = Duration::from_micros(200);
            let status = loop {
                match child.try_wait().map_err(failed)? {
                    Some(status) => break status.code(),
                    None if start.elapsed() > PATIENCE => {
                        child.kill().map_err(failed)?;
                        child.wait().map_err(failed)?;
                        break None;
                    }
                    None => {
                        std::thread::sleep(pause);
                        pause = (pause * 2).min(Duration::from_millis(10));
                    }
                }
            };
            Ok(Finished {
                status,
                stdout: output.join().unwrap_or_default(),
                stderr: messages.join().unwrap_or_default(),
            })
        })
    }
}

fn drain(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        let _ = pipe.read_to_end(&mut bytes);
    }
    bytes
}

/// The cargo that started this chore.
pub(crate) fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// Runs a program with this one's streams and environment; an error when it fails.
pub(crate) fn must(program: PathBuf, arguments: &[&str], folder: &Path) -> Outcome {
    must_with(program, arguments, folder, &[])
}

/// As [`must`], with more environment variables.
pub(crate) fn must_with(
    program: PathBuf,
    arguments: &[&str],
    folder: &Path,
    environment: &[(&str, &str)],
) -> Outcome {
    let shown = format!("{} {}", program.display(), arguments.join(" "));
    let status = Command::new(&program)
        .args(arguments)
        .current_dir(folder)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("`{shown}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` ended with {status}")) }
}
