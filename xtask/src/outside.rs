//! `examples/outside`, the README's first lines of Rust: a crate outside the workspace that builds with the
//! library's default features, runs, and brings no network, no async runtime and no TLS with it.

use std::process::{Command, Stdio};

use crate::{Outcome, places, process};

/// Names of crates, or their beginnings, that the default features must not bring.
const UNWANTED: [&str; 18] = [
    "async-std",
    "aws-lc",
    "h2",
    "http",
    "hyper",
    "kube",
    "mio",
    "native-tls",
    "openssl",
    "quinn",
    "reqwest",
    "ring",
    "rustls",
    "smol",
    "socket2",
    "tokio",
    "ureq",
    "webpki",
];

pub(crate) fn run() -> Outcome {
    let folder = places::root().join("examples/outside");
    let readme = places::root().join("README.md");
    let readme =
        std::fs::read_to_string(&readme).map_err(|error| format!("{}: {error}", readme.display()))?;
    let main = folder.join("src/main.rs");
    let main = std::fs::read_to_string(&main).map_err(|error| format!("{}: {error}", main.display()))?;
    if !readme.contains(&format!("```rust\n{main}```")) {
        return Err("README.md does not show examples/outside/src/main.rs as it is".to_owned());
    }
    let target = places::target().join("outside");
    let target = target.to_str().ok_or("the target folder is not UTF-8")?;
    process::must_with(process::cargo(), &["run", "--quiet"], &folder, &[("CARGO_TARGET_DIR", target)])?;
    let tree = Command::new(process::cargo())
        .args(["tree", "--edges", "normal,build", "--prefix", "none"])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cargo tree: {error}"))?;
    if !tree.status.success() {
        return Err(format!("cargo tree: {}", String::from_utf8_lossy(&tree.stderr)));
    }
    let tree = String::from_utf8_lossy(&tree.stdout);
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let unwanted: Vec<&&str> = names
        .iter()
        .filter(|name| UNWANTED.iter().any(|part| *name == part || name.starts_with(&format!("{part}-"))))
        .collect();
    if names.len() < 5 || !unwanted.is_empty() {
        return Err(format!("examples/outside depends on {unwanted:?} ({} crates in all)", names.len()));
    }
    println!("examples/outside runs; none of its {} crates is for a network, async or TLS", names.len());
    Ok(())
}
