//! The two Helms that say what is right.

use std::path::PathBuf;

use crate::process::{self, Call};
use crate::{Outcome, places};

/// One installed Helm.
#[derive(Debug, Clone)]
pub(crate) struct Helm {
    /// The name of its profile: `helm3` or `helm4`.
    pub(crate) profile: &'static str,
    pub(crate) program: PathBuf,
}

const RELEASES: [(&str, &str, &str); 2] = [
    ("helm3", "3.22.0", "helm.sh/helm/v3/cmd/helm@v3.22.0"),
    ("helm4", "4.3.1", "helm.sh/helm/v4/cmd/helm@v4.3.1"),
];

/// Both Helms, built with `go install` where they are not there yet.
pub(crate) fn both() -> Outcome<Vec<Helm>> {
    RELEASES.iter().map(|(profile, version, package)| install(profile, version, package)).collect()
}

fn install(profile: &'static str, version: &str, package: &str) -> Outcome<Helm> {
    let folder = places::reference().join(format!("helm-{version}"));
    let program = folder.join("helm");
    if !program.is_file() {
        eprintln!("xtask: building Helm {version} (two minutes with cold caches)");
        let folder = folder.to_str().ok_or("the reference folder is not UTF-8")?;
        process::must_with(
            PathBuf::from("go"),
            &["install", package],
            &places::root(),
            &[("GOBIN", folder), ("CGO_ENABLED", "0"), ("GOFLAGS", "-mod=mod")],
        )?;
    }
    Ok(Helm { profile, program })
}

impl Helm {
    /// A call of this Helm that touches nothing of the user's.
    pub(crate) fn call(
        &self,
        arguments: &[String],
        folder: &std::path::Path,
        home: &std::path::Path,
    ) -> Call {
        let mut call = Call::hermetic(&self.program, arguments, folder, home);
        for (name, place) in
            [("HELM_CACHE_HOME", "cache"), ("HELM_CONFIG_HOME", "config"), ("HELM_DATA_HOME", "data")]
        {
            call.environment.push((name.to_owned(), home.join(place).into_os_string()));
        }
        call
    }
}

/// A call of the `chart` binary under a profile, in the same surroundings as [`Helm::call`].
pub(crate) fn chart_call(
    profile: &str,
    arguments: &[String],
    folder: &std::path::Path,
    home: &std::path::Path,
) -> Call {
    let mut arguments = arguments.to_vec();
    arguments.extend(["--compat".to_owned(), profile.to_owned()]);
    Call::hermetic(&places::chart(), &arguments, folder, home)
}
