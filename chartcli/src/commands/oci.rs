//! Registries as the command line reaches them: flags and settings to a client, and what is said of a chart that came
//! or went.

use std::path::PathBuf;

use chartcore::Compat;
use chartcore::cache::Cache;
use chartcore::files::directory;
use chartcore::registry::{CHART_LIMIT, Login, Logins, Pushed, Reference, Registry, Remote};
use chartcore::transport::Client;

use super::{Context, Failure};
use crate::network;

/// Helm's hint under a reference with `_`.
const UNDERSCORE: &str = "
OCI artifact references (e.g. tags) do not support the plus sign (+). To support
storing semantic versions, Helm adopts the convention of changing plus (+) to
an underscore (_) in chart version tags when pushing to a registry and back to
a plus (+) when pulling from a registry.
";

/// Who we are, by flags, files and environment.
pub(crate) fn logins(context: &Context<'_>) -> Logins {
    let settings = context.settings;
    let mut logins = Logins::new().config(settings.registry_config()).fallback(&settings.docker_config);
    if let Some((user, token)) = &settings.github {
        logins = logins.host("ghcr.io", Login::new(user, token.clone()));
    }
    let given = |flag: &str| context.given.text(flag).filter(|text| !text.is_empty());
    if let (Some(user), Some(password)) = (given("username"), given("password")) {
        logins = logins.everywhere(Login::new(user, password));
    }
    logins
}

/// A client for registries.
pub(crate) fn registry(context: &Context<'_>) -> Result<Registry, Failure> {
    let client = Client::new(&network::client_options(context))?;
    Ok(Registry::new(client, logins(context)).plain_http(context.given.switch("plain-http")))
}

/// The content that was fetched before.
pub(crate) fn cache(context: &Context<'_>) -> Cache {
    Cache::new(&context.settings.content_cache)
}

/// The version or range that is asked for: `--version`, else what `--devel` means.
pub(crate) fn wanted<'a>(context: &'a Context<'_>) -> &'a str {
    match context.given.text("version").unwrap_or_default().trim() {
        "" if context.given.switch("devel") => ">0.0.0-0",
        version => version,
    }
}

/// Finds a chart in a registry.
pub(crate) fn look_up(context: &Context<'_>, registry: &Registry, name: &str) -> Result<Remote, Failure> {
    let reference = registry.resolve(&Reference::parse(name)?, wanted(context), context.settings.compat)?;
    Ok(registry.look_up(&reference)?)
}

/// Fetches a chart for a command that goes on with it; where it is now. What was fetched is said on standard error.
pub(crate) fn fetch(context: &Context<'_>, name: &str) -> Result<PathBuf, Failure> {
    let registry = registry(context)?;
    let remote = look_up(context, &registry, name)?;
    let path = registry.cached_archive(&remote, &cache(context), &*network::progress())?;
    if context.given.switch("verify") {
        let missing = format!("failed to fetch provenance \"oci://{}.prov\"", remote.reference());
        let provenance = registry.provenance(&remote).map_err(|_| Failure::Usage(missing))?;
        let archive = directory::read_file(&path, CHART_LIMIT)?;
        super::pull::verify(context, &archive, &provenance, &remote.file_name())?;
    }
    crate::report::note(&pulled(&remote));
    Ok(path)
}

/// What Helm says of a chart that came.
pub(crate) fn pulled(remote: &Remote) -> String {
    let mut text = String::new();
    if remote.is_legacy() {
        text.push_str(&format!("Warning: chart media type {} is deprecated\n", remote.chart().media_type));
    }
    text.push_str(&told("Pulled", &remote.reference().to_string(), remote.digest()));
    text
}

/// What Helm says of a chart that went.
pub(crate) fn pushed(pushed: &Pushed) -> String {
    told("Pushed", &pushed.reference, &pushed.digest)
}

fn told(verb: &str, reference: &str, digest: &str) -> String {
    let mut text = format!("{verb}: {reference}\nDigest: {digest}\n");
    if reference.contains('_') {
        text.push_str(&format!("{reference} contains an underscore.\n{UNDERSCORE}"));
    }
    text
}

/// Says it where the profile's Helm does: 3 on standard error, 4 on standard output.
pub(crate) fn say(context: &Context<'_>, text: &str) {
    match context.settings.compat {
        Compat::Helm3 => crate::report::note(text),
        Compat::Helm4 => crate::output::print(text.as_bytes()),
    }
}
