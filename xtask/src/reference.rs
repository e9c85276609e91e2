//! The two Helms that say what is right.

use std::path::Path;

pub(crate) use components::helm::Helm;

use crate::process::Call;
use crate::{Outcome, places};

/// Both Helms, built with `go install` where they are not there yet.
pub(crate) fn both() -> Outcome<Vec<Helm>> {
    components::helm::both(&|said| eprintln!("xtask: {said}"))
}

/// A call of a Helm that touches nothing of the user's.
pub(crate) fn helm_call(helm: &Helm, arguments: &[String], folder: &Path, home: &Path) -> Call {
    let mut call = Call::hermetic(&helm.program, arguments, folder, home);
    for (name, place) in
        [("HELM_CACHE_HOME", "cache"), ("HELM_CONFIG_HOME", "config"), ("HELM_DATA_HOME", "data")]
    {
        call.environment.push((name.to_owned(), home.join(place).into_os_string()));
    }
    call
}

/// A call of the `chart` binary under a profile, in the same surroundings as [`helm_call`].
pub(crate) fn chart_call(profile: &str, arguments: &[String], folder: &Path, home: &Path) -> Call {
    let mut arguments = arguments.to_vec();
    arguments.extend(["--compat".to_owned(), profile.to_owned()]);
    Call::hermetic(&places::chart(), &arguments, folder, home)
}
