//! Repositories as the command line reaches them: flags and settings to places and clients.

use std::path::PathBuf;

use chartcore::repository::{Access, Choice, Fetcher, Located, Places};

use super::{Context, Failure};
use crate::network;

/// Where Helm keeps what it knows of repositories.
pub(crate) fn places(context: &Context<'_>) -> Places {
    let listed = |name: &str| context.settings.listed.get(name).map(PathBuf::from);
    let content = || listed("HELM_CACHE_HOME").unwrap_or_default().join("content");
    Places {
        config: listed("HELM_REPOSITORY_CONFIG").unwrap_or_default(),
        cache: listed("HELM_REPOSITORY_CACHE").unwrap_or_default(),
        content: listed("HELM_CONTENT_CACHE").unwrap_or_else(content),
    }
}

/// What fetches.
pub(crate) fn fetcher(context: &Context<'_>) -> Fetcher {
    Fetcher::new(network::client_options(context), context.settings.compat)
}

/// Who asks, as the flags say.
pub(crate) fn access(context: &Context<'_>) -> Access {
    Access {
        home: String::new(),
        credentials: network::credentials(&context.given),
        everywhere: context.given.switch("pass-credentials"),
        tls: network::tls(&context.given),
    }
}

/// Which chart the flags mean.
pub(crate) fn choice(context: &Context<'_>) -> Choice {
    let text = |flag: &str| context.given.text(flag).unwrap_or_default().trim().to_owned();
    let mut version = text("version");
    if version.is_empty() && context.given.switch("devel") {
        version = ">0.0.0-0".to_owned();
    }
    Choice { version, repository: text("repo"), access: access(context) }
}

/// Finds the archive that is meant, with Helm's warnings.
pub(crate) fn locate(context: &Context<'_>, fetcher: &Fetcher, name: &str) -> Result<Located, Failure> {
    let progress = network::progress();
    let located = fetcher.locate(name, &choice(context), &places(context), &*progress)?;
    crate::report::warnings(context.settings, &located.warnings);
    Ok(located)
}

/// Fetches a chart for a command that goes on with it; where it is now.
pub(crate) fn fetch(context: &Context<'_>, name: &str) -> Result<PathBuf, Failure> {
    let fetcher = fetcher(context);
    let located = locate(context, &fetcher, name)?;
    Ok(fetcher.fetch(&located, &places(context).archives(), &*network::progress())?.path)
}
