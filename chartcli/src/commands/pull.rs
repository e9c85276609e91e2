//! `chart pull`.

use std::path::{Path, PathBuf};

use chartcore::archive::{self, provenance::Keyring};
use chartcore::cache;
use chartcore::chart::{LoadOptions, VersionCheck};
use chartcore::files::{clean_path, directory};
use chartcore::registry::{CHART_LIMIT, Reference};

use super::{Context, Failure, Outcome, oci, repositories};
use crate::flags::{Flag, Kind};
use crate::network;

pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("destination", Kind::Text("string"), "location to write the chart (default \".\")").short('d'),
    Flag::new("prov", Kind::Switch, "fetch the provenance file, but don't perform verification"),
    Flag::new("untar", Kind::Switch, "if set to true, will untar the chart after downloading it"),
    Flag::new("untardir", Kind::Text("string"), "folder below the destination to untar to (default \".\")"),
];

/// What came, in the folder it was asked for in.
pub(crate) struct Arrived {
    /// The archive.
    pub(crate) archive: PathBuf,
    /// What to say of it.
    pub(crate) told: String,
}

/// Fetches charts. Helm: pkg/action/pull.go.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    for name in context.given.positionals() {
        pull(context, &name)?;
    }
    Ok(())
}

fn pull(context: &Context<'_>, name: &str) -> Outcome {
    let given = &context.given;
    let destination = PathBuf::from(given.text("destination").filter(|text| !text.is_empty()).unwrap_or("."));
    if !given.switch("untar") {
        let arrived = fetch(context, name, &destination)?;
        oci::say(context, &arrived.told);
        return Ok(());
    }
    let below = destination.join(given.text("untardir").unwrap_or("."));
    let folder = PathBuf::from(clean_path(&below.to_string_lossy()));
    let scratch = tempfile::Builder::new()
        .prefix("helm-")
        .tempdir()
        .map_err(|error| format!("failed to untar: {error}"))?;
    let arrived = fetch(context, name, scratch.path())?;
    oci::say(context, &arrived.told);
    let bytes = directory::read_file(&arrived.archive, CHART_LIMIT)?;
    let options = LoadOptions::new(context.settings.compat).version_check(VersionCheck::Skip);
    archive::unpack(&bytes, &folder, &options)?;
    Ok(())
}

/// Brings an archive, and its provenance where that is asked for, into `folder`.
fn fetch(context: &Context<'_>, name: &str, folder: &Path) -> Result<Arrived, Failure> {
    if Reference::is_oci(name) && context.given.text("repo").is_none_or(str::is_empty) {
        return from_registry(context, name, folder);
    }
    from_repository(context, name, folder)
}

fn from_repository(context: &Context<'_>, name: &str, folder: &Path) -> Result<Arrived, Failure> {
    let given = &context.given;
    let fetcher = repositories::fetcher(context);
    let cache = oci::cache(context);
    let progress = network::progress();
    let located = repositories::locate(context, &fetcher, name)?;
    let archive = folder.join(located.file_name()?);
    let fetched = fetcher.fetch(&located, &cache, &*progress)?;
    let provenance = || fetcher.provenance(&located.url, &fetched.digest, &located.access, &cache);
    let provenance = match (given.switch("verify"), given.switch("prov")) {
        (true, _) => Some(provenance()?),
        (false, true) => match provenance() {
            Ok(provenance) => Some(provenance),
            Err(error) => {
                crate::report::note(&format!("WARNING: Verification not found for {name}: {error}\n"));
                None
            }
        },
        (false, false) => None,
    };
    let bytes = directory::read_file(&fetched.path, CHART_LIMIT)?;
    let mut told = String::new();
    if let Some(provenance) = &provenance {
        if given.switch("verify") {
            told = verify(context, &bytes, provenance, &located.file_name()?)?;
        }
        let mut file = archive.as_os_str().to_owned();
        file.push(".prov");
        cache::write_whole(Path::new(&file), provenance)?;
    }
    cache::write_whole(&archive, &bytes)?;
    Ok(Arrived { archive, told })
}

fn from_registry(context: &Context<'_>, name: &str, folder: &Path) -> Result<Arrived, Failure> {
    let given = &context.given;
    let registry = oci::registry(context)?;
    let remote = oci::look_up(context, &registry, name)?;
    let archive = folder.join(remote.file_name());
    // Provenance first: without what `--verify` needs, nothing is written.
    let provenance = match (given.switch("verify"), given.switch("prov")) {
        (true, _) => Some(registry.provenance(&remote).map_err(|_| {
            Failure::Usage(format!("failed to fetch provenance \"oci://{}.prov\"", remote.reference()))
        })?),
        (false, true) => match registry.provenance(&remote) {
            Ok(provenance) => Some(provenance),
            Err(error) => {
                crate::report::note(&format!("WARNING: Verification not found for {name}: {error}\n"));
                None
            }
        },
        (false, false) => None,
    };
    let mut told = oci::pulled(&remote);
    match &provenance {
        Some(provenance) if given.switch("verify") => {
            let bytes = registry.archive(&remote)?;
            told.push_str(&verify(context, &bytes, provenance, &remote.file_name())?);
            cache::write_whole(&archive, &bytes)?;
        }
        _ => registry.download_archive(&remote, &archive, &*network::progress())?,
    }
    if let Some(provenance) = provenance {
        let mut file = archive.as_os_str().to_owned();
        file.push(".prov");
        cache::write_whole(Path::new(&file), &provenance)?;
    }
    Ok(Arrived { archive, told })
}

/// Checks an archive against its provenance; what Helm says of who signed it.
pub(crate) fn verify(
    context: &Context<'_>,
    bytes: &[u8],
    provenance: &[u8],
    name: &str,
) -> Result<String, Failure> {
    let settings = context.settings;
    let keyring = context.given.text("keyring").unwrap_or(&settings.keyring);
    let ring =
        Keyring::read(Path::new(keyring)).map_err(|error| error.prefixed("failed to load keyring: "))?;
    let verified = ring.verify(archive::sha256(bytes), name, provenance, settings.compat, settings.now)?;
    Ok(verified.to_string())
}
