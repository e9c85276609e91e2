//! `chart push`.

use std::path::Path;
use std::sync::Arc;

use chartcore::chart::{self, LoadOptions, VersionCheck};
use chartcore::files::directory::{self, PathKind};
use chartcore::registry::{Artifact, CHART_LIMIT, PROVENANCE_LIMIT, PushedNew, Reference, Registry, SCHEME};

use super::{Context, Failure, Outcome, oci};
use crate::flags::{Flag, Kind};

pub(crate) const FLAGS: &[Flag] = &[Flag::new(
    "no-overwrite",
    Kind::Switch,
    "fail with exit code 3 if the version is there already with other content",
)];

/// Pushes an archive with its provenance file. Helm: pkg/pusher/ocipusher.go.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let mut arguments = context.given.positionals().into_iter();
    let (file, remote) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    check_remote(&remote)?;
    let artifact = read(context, Path::new(&file))?;
    let target = Registry::place(&remote, artifact.metadata())?;
    let registry = oci::registry(context)?;
    let pushed = match context.given.switch("no-overwrite") {
        true => match registry.push_new(&artifact, &target)? {
            PushedNew::Pushed(pushed) | PushedNew::AlreadyThere(pushed) => pushed,
        },
        false => registry.push(&artifact, &target)?,
    };
    oci::say(context, &oci::pushed(&pushed));
    Ok(())
}

fn read(context: &Context<'_>, path: &Path) -> Result<Artifact, Failure> {
    let missing = || Failure::Usage(format!("{}: no such file", path.display()));
    if !directory::exists(path) {
        return Err(missing());
    }
    if directory::kind_of(path)? == PathKind::Folder {
        return Err(Failure::Usage("cannot push directory, must provide chart archive (.tgz)".to_owned()));
    }
    let archive = directory::read_file(path, CHART_LIMIT)?;
    let mut name = path.as_os_str().to_owned();
    name.push(".prov");
    let provenance = match directory::exists(Path::new(&name)) {
        true => Some(Arc::from(directory::read_file(Path::new(&name), PROVENANCE_LIMIT)?)),
        false => None,
    };
    let created = context.settings.source_date_epoch.and_then(|seconds| u64::try_from(seconds).ok());
    Artifact::new(archive, provenance, created).map_err(|error| {
        // Helm reads the file first, in other words.
        let options = LoadOptions::new(context.settings.compat).version_check(VersionCheck::Skip);
        chart::load(path, &options).err().unwrap_or(error).into()
    })
}

/// Helm: pkg/uploader/chart_uploader.go over Go's net/url.
fn check_remote(remote: &str) -> Result<(), Failure> {
    if Reference::is_oci(remote) {
        return Ok(());
    }
    let scheme = remote.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| {
        scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
    });
    let first = remote.split('/').next().unwrap_or(remote);
    Err(Failure::Usage(match scheme {
        Some(scheme) => format!("scheme {scheme:?} not supported"),
        None if first.contains(':') => format!("invalid chart URL format: {remote}"),
        None => format!("scheme prefix missing from remote (e.g. \"{SCHEME}\")"),
    }))
}
