//! The Go oracle: building it, serving it, asking it.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::{Outcome, places, process};

/// Builds the oracle (Go's build cache makes a second time cheap) and answers with its path.
pub(crate) fn build() -> Outcome<PathBuf> {
    let program = places::reference().join("oracle");
    let output = program.to_str().ok_or("the reference folder is not UTF-8")?;
    std::fs::create_dir_all(places::reference()).map_err(|error| format!("{output}: {error}"))?;
    process::must_with(
        PathBuf::from("go"),
        &["build", "-o", output, "."],
        &places::root().join("fixtures/oracle"),
        &[("CGO_ENABLED", "0"), ("GOFLAGS", "-mod=readonly -buildvcs=false")],
    )?;
    Ok(program)
}

/// Serves the oracle on this process's streams.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let status = Command::new(build()?).args(arguments).status().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("the oracle ended with {status}")) }
}

/// A running oracle.
#[derive(Debug)]
pub(crate) struct Oracle {
    child: Child,
    requests: Option<BufWriter<ChildStdin>>,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    /// Builds and starts it.
    pub(crate) fn start() -> Outcome<Oracle> {
        let mut child = Command::new(build()?)
            .env("TZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the oracle does not start: {error}"))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the oracle has no streams".to_owned());
        };
        Ok(Oracle { child, requests: Some(BufWriter::new(stdin)), answers: BufReader::new(stdout) })
    }

    /// Sends every request and answers in their order.
    pub(crate) fn ask(&mut self, requests: &[Value]) -> Outcome<Vec<Value>> {
        let mut answers = Vec::with_capacity(requests.len());
        let sink = self.requests.as_mut().ok_or("the oracle is closed")?;
        let source = &mut self.answers;
        std::thread::scope(|scope| {
            // Both pipes are bounded: writing waits for reading, so they must not share a thread.
            let sender = scope.spawn(move || -> std::io::Result<()> {
                for request in requests {
                    serde_json::to_writer(&mut *sink, request)?;
                    sink.write_all(b"\n")?;
                }
                sink.flush()
            });
            let mut line = String::new();
            for _ in requests {
                line.clear();
                let read = source.read_line(&mut line).map_err(|error| format!("the oracle: {error}"))?;
                if read == 0 {
                    return Err("the oracle ended before its answer".to_owned());
                }
                let answer = serde_json::from_str(&line).map_err(|error| format!("the oracle: {error}"))?;
                answers.push(answer);
            }
            match sender.join() {
                Ok(Ok(())) => Ok(answers),
                Ok(Err(error)) => Err(format!("the oracle: {error}")),
                Err(_) => Err("the oracle's sender panicked".to_owned()),
            }
        })
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}
