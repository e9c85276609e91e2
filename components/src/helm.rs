//! The two Helms that say what is right.

use std::path::{Path, PathBuf};
use std::process::Command;

/// One installed Helm.
#[derive(Debug, Clone)]
pub struct Helm {
    /// The name of its profile: `helm3` or `helm4`.
    pub profile: &'static str,
    /// The binary.
    pub program: PathBuf,
}

/// Profile, version, Go package, and the variable that names a binary elsewhere.
const RELEASES: [(&str, &str, &str, &str); 2] = [
    ("helm3", "3.22.0", "helm.sh/helm/v3/cmd/helm@v3.22.0", "CHART_HELM3"),
    ("helm4", "4.3.1", "helm.sh/helm/v4/cmd/helm@v4.3.1", "CHART_HELM4"),
];

/// Both Helms, built with `go install` where they are not there yet; `said` hears of it.
///
/// # Errors
/// A Helm cannot be built; what to do about it.
pub fn both(said: &dyn Fn(&str)) -> Result<Vec<Helm>, String> {
    RELEASES.iter().map(|release| install(release, said)).collect()
}

/// Both Helms if they have been installed (`cargo xtask helm`), for tests that compare with them.
pub fn installed() -> Option<Vec<Helm>> {
    RELEASES
        .iter()
        .map(|(profile, version, _, variable)| {
            let program = place(version, variable);
            program.is_file().then_some(Helm { profile, program })
        })
        .collect()
}

fn place(version: &str, variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(program) => PathBuf::from(program),
        None => crate::reference().join(format!("helm-{version}")).join("helm"),
    }
}

fn install(
    (profile, version, package, variable): &(&'static str, &str, &str, &str),
    said: &dyn Fn(&str),
) -> Result<Helm, String> {
    let program = place(version, variable);
    if !program.is_file() {
        said(&format!("building Helm {version} (two minutes with cold caches)"));
        let folder = program.parent().unwrap_or(Path::new("."));
        let status = Command::new("go")
            .args(["install", package])
            .current_dir(crate::places::root())
            .env("GOBIN", folder)
            .env("CGO_ENABLED", "0")
            .env("GOFLAGS", "-mod=mod")
            .status()
            .map_err(|error| format!("`go install {package}`: {error}"))?;
        if !status.success() {
            return Err(format!("`go install {package}` ended with {status}"));
        }
    }
    Ok(Helm { profile, program })
}

impl Helm {
    /// A call of this Helm that sees nothing of the user's: its home and caches are in `home`.
    pub fn command(&self, home: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().env("HOME", home).env("TZ", "UTC").env("LC_ALL", "C.UTF-8");
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        for (name, folder) in
            [("HELM_CACHE_HOME", "cache"), ("HELM_CONFIG_HOME", "config"), ("HELM_DATA_HOME", "data")]
        {
            command.env(name, home.join(folder));
        }
        command
    }
}
