//! `--post-renderer`: a program that gets the manifests and gives others back.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chartcore::Compat;

use super::{Context, Failure};

/// The program, found.
pub(crate) struct PostRenderer {
    program: PathBuf,
    arguments: Vec<String>,
}

impl PostRenderer {
    /// The program the flag names, if it was given. Helm: pkg/postrender/exec.go.
    ///
    /// # Errors
    /// Helm's text when there is no such program; Helm 4 runs plugins only.
    pub(crate) fn asked(context: &Context<'_>) -> Result<Option<Self>, Failure> {
        let given = &context.given;
        let Some(name) = given.text("post-renderer").filter(|name| !name.is_empty()) else { return Ok(None) };
        let refused = |reason: String| {
            Failure::Usage(format!("invalid argument {name:?} for \"--post-renderer\" flag: {reason}"))
        };
        if context.settings.compat == Compat::Helm4 {
            return Err(refused(format!("plugin: {{Name:{name} Type:postrenderer/v1}} not found")));
        }
        let program = find(name).map_err(|reason| {
            refused(format!("unable to find binary at {name}: exec: {name:?}: {reason}"))
        })?;
        Ok(Some(Self { program, arguments: given.slice("post-renderer-args") }))
    }

    /// Gives the program the manifests and takes what it prints.
    pub(crate) fn run(&self, manifests: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let shown = self.program.display();
        let failed = |reason: String, said: &[u8]| {
            let said = String::from_utf8_lossy(said);
            Failure::Usage(format!(
                "error while running post render on files: error while running command {shown}. error output:\n{said}: {reason}"
            ))
        };
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed(error.to_string(), b""))?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                // A program that does not read to the end closes the pipe; that is its right.
                if let Some(mut stdin) = stdin {
                    let _ = stdin.write_all(&manifests);
                }
            });
            child.wait_with_output()
        });
        let output = output.map_err(|error| failed(error.to_string(), b""))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let reason = match output.status.code() {
            Some(code) => format!("exit status {code}"),
            None => output.status.to_string(),
        };
        Err(failed(reason, &output.stderr))
    }
}

/// The file a name means: as it stands if it holds a slash, else in PATH. Go: `exec.LookPath`.
fn find(name: &str) -> Result<PathBuf, String> {
    if name.contains(std::path::MAIN_SEPARATOR) {
        let path = Path::new(name);
        return match std::path::absolute(path) {
            Ok(absolute) if is_program(path) => Ok(absolute),
            _ if path.exists() => Err("permission denied".to_owned()),
            _ => Err(format!("stat {name}: no such file or directory")),
        };
    }
    std::env::split_paths(&crate::settings::search_path())
        .map(|folder| folder.join(name))
        .find(|path| is_program(path))
        .ok_or_else(|| "executable file not found in $PATH".to_owned())
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}
