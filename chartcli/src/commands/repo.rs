//! `chart repo`.

use std::io::Read as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use chartcore::repository::{
    Changed, Format, IndexOptions, OnConflict, Repositories, Repository, index_folder,
};
use chartcore::transport::Secret;
use chartcore::{Compat, ErrorKind};

use super::{Context, Failure, Outcome, repositories};
use crate::flags::{Flag, Kind};
use crate::network;
use crate::output::{Encoding, Table};
use crate::settings::Role;

pub(crate) const ADD_FLAGS: &[Flag] = &[
    Flag::new("allow-deprecated-repos", Kind::Switch, "let repositories be added that are known to be gone"),
    Flag::new("ca-file", Kind::Text("string"), "verify certificates of HTTPS servers using this CA bundle"),
    Flag::new("cert-file", Kind::Text("string"), "identify HTTPS client using this SSL certificate file"),
    Flag::new("force-update", Kind::Switch, "replace (overwrite) the repo if it already exists"),
    Flag::new("insecure-skip-tls-verify", Kind::Switch, "skip tls certificate checks for the repository"),
    Flag::new("key-file", Kind::Text("string"), "identify HTTPS client using this SSL key file"),
    Flag::new("no-update", Kind::Switch, "accepted for Helm 3's sake").only(Compat::Helm3),
    Flag::new("pass-credentials", Kind::Switch, "pass credentials to all domains"),
    Flag::new("password", Kind::Text("string"), "chart repository password"),
    Flag::new("password-stdin", Kind::Switch, "read chart repository password from stdin"),
    Flag::new("timeout", Kind::Duration("duration"), "time to wait for the index file (default 2m0s)"),
    Flag::new("username", Kind::Text("string"), "chart repository username"),
];

pub(crate) const UPDATE_FLAGS: &[Flag] = &[
    Flag::new("fail-on-repo-update-fail", Kind::Switch, "fail if any of the repositories fails")
        .only(Compat::Helm3),
    Flag::new("timeout", Kind::Duration("duration"), "time to wait for the index file (default 2m0s)"),
];

pub(crate) const LIST_FLAGS: &[Flag] = &[
    Flag::new("no-headers", Kind::Switch, "suppress headers in the output").only(Compat::Helm4),
    Flag::new("output", Kind::Text("format"), "table, json or yaml (default table)").short('o'),
];

pub(crate) const INDEX_FLAGS: &[Flag] = &[
    Flag::new("json", Kind::Switch, "output in JSON format"),
    Flag::new("merge", Kind::Text("file"), "merge the generated index into the given index"),
    Flag::new(
        "replace",
        Kind::Switch,
        "with --merge, let an archive replace a published one that has other bytes, as Helm does",
    ),
    Flag::new("url", Kind::Text("string"), "url of chart repository"),
];

/// Repositories that have been deleted for good, and what took their place. Helm: pkg/cmd/repo_add.go.
const DEPRECATED: [(&str, &str); 2] = [
    ("//kubernetes-charts.storage.googleapis.com", "https://charts.helm.sh/stable"),
    ("//kubernetes-charts-incubator.storage.googleapis.com", "https://charts.helm.sh/incubator"),
];

/// Puts a repository into the list. Helm: pkg/cmd/repo_add.go.
pub(crate) fn add(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let text = |flag: &str| given.text(flag).unwrap_or_default().to_owned();
    let mut arguments = given.positionals();
    let url = arguments.pop().unwrap_or_default();
    let name = arguments.pop().unwrap_or_default();
    if !given.switch("allow-deprecated-repos")
        && let Some((_, instead)) = DEPRECATED.iter().find(|(old, _)| url.contains(old))
    {
        return Err(format!("repo {url:?} is no longer available; try {instead:?} instead").into());
    }
    let mut password = text("password");
    if !text("username").is_empty() && password.is_empty() {
        password = read_password(context)?;
    }
    let repository = Repository {
        name: name.clone(),
        url: url.clone(),
        username: text("username"),
        password: Secret::new(password),
        cert_file: text("cert-file"),
        key_file: text("key-file"),
        ca_file: text("ca-file"),
        insecure_skip_tls_verify: given.switch("insecure-skip-tls-verify"),
        pass_credentials_all: given.switch("pass-credentials"),
    };
    let places = repositories::places(context);
    let fetcher = repositories::fetcher(context);
    let progress = network::progress();
    let mut warnings = Vec::new();
    let told = Repositories::change(&places.config, |list| {
        if name.contains('/') {
            let message =
                format!("repository name ({name}) contains '/', please specify a different name without '/'");
            return Err(chartcore::Error::new(ErrorKind::Usage, message));
        }
        if let Some(existing) = list.get(&name).filter(|_| !given.switch("force-update")) {
            if *existing == repository {
                return Ok(Changed::No(format!(
                    "{name:?} already exists with the same configuration, skipping"
                )));
            }
            let message = format!("repository name ({name}) already exists, please specify a different name");
            let hint = "to replace it, pass `--force-update`";
            let diagnostic = chartcore::diag::Diagnostic::error("repository", &*message).hint(hint);
            return Err(chartcore::Error::new(ErrorKind::Repository, message).with_diagnostic(diagnostic));
        }
        match fetcher.update(&repository, &places, &*progress) {
            Ok(updated) => warnings = updated.warnings,
            // These come before anything is fetched, and Helm says them as they are.
            Err(error) if is_plain(&error) => return Err(error),
            Err(error) => {
                return Err(error.prefixed(format_args!(
                    "looks like {url:?} is not a valid chart repository or cannot be reached: "
                )));
            }
        }
        list.put(repository);
        Ok(Changed::Yes(format!("{name:?} has been added to your repositories")))
    })?;
    crate::report::warnings(context.settings, &warnings);
    crate::output::print(format!("{told}\n").as_bytes());
    Ok(())
}

fn is_plain(error: &chartcore::Error) -> bool {
    let message = error.message();
    message.starts_with("could not find protocol handler") || message.starts_with("invalid chart URL format")
}

fn read_password(context: &Context<'_>) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::Usage(error.to_string());
    let mut text = String::new();
    if context.given.switch("password-stdin") {
        std::io::stdin().lock().read_to_string(&mut text).map_err(failed)?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        return Ok(text.strip_suffix('\r').unwrap_or(text).to_owned());
    }
    // A password is never typed where it can be seen; Helm fails the same way without a terminal.
    Err("inappropriate ioctl for device: pass the password with --password-stdin".to_owned().into())
}

/// Prints the list. Helm: pkg/cmd/repo_list.go.
pub(crate) fn list(context: &Context<'_>) -> Outcome {
    let encoding = Encoding::of(context)?;
    // A list that cannot be read is an empty one, as in Helm.
    let read = Repositories::read_leniently(&repositories::places(context).config).unwrap_or_default();
    if read.list.is_empty() && encoding == Encoding::Table {
        return match context.settings.compat {
            Compat::Helm3 => Err("no repositories to show".to_owned().into()),
            Compat::Helm4 => {
                crate::report::note("no repositories to show\n");
                Ok(())
            }
        };
    }
    if encoding == Encoding::Table {
        let mut table = Table::new(usize::MAX);
        if !context.given.switch("no-headers") {
            table.row(["NAME", "URL"]);
        }
        for repository in &read.list {
            table.row([&repository.name, &repository.url]);
        }
        crate::output::print(format!("{table}\n").as_bytes());
        return Ok(());
    }
    let row =
        |entry: &Repository| vec![("name", entry.name.clone().into()), ("url", entry.url.clone().into())];
    encoding.print(&read.list.iter().map(row).collect::<Vec<_>>())
}

/// Brings the indexes up to date, all at once. Helm: pkg/cmd/repo_update.go.
pub(crate) fn update(context: &Context<'_>) -> Outcome {
    let none = || Failure::Usage("no repositories found. You must add one before updating".to_owned());
    let places = repositories::places(context);
    let list = match Repositories::read(&places.config) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(none()),
        Err(error) => {
            let file = places.config.display();
            return Err(error.prefixed(format_args!("failed loading file: {file}: ")).into());
        }
        Ok(read) if read.list.is_empty() => return Err(none()),
        Ok(read) => read.list,
    };
    let names = context.given.positionals();
    for name in &names {
        if !list.iter().any(|repository| repository.name == *name) {
            let message = format!("no repositories found matching '{name}'.  Nothing will be updated");
            return Err(message.into());
        }
    }
    let chosen: Vec<Repository> =
        list.into_iter().filter(|entry| names.is_empty() || names.contains(&entry.name)).collect();
    crate::output::print(b"Hang tight while we grab the latest from your chart repositories...\n");
    let failed = refresh(context, &chosen)?;
    if !failed.is_empty() {
        let urls = failed.join(" ");
        match context.settings.compat {
            Compat::Helm4 => {
                return Err(format!("failed to update the following repositories: [{urls}]").into());
            }
            Compat::Helm3 if context.given.switch("fail-on-repo-update-fail") => {
                return Err(format!("Failed to update the following repositories: [{urls}]").into());
            }
            Compat::Helm3 => {}
        }
    }
    crate::output::print("Update Complete. ⎈Happy Helming!⎈\n".as_bytes());
    Ok(())
}

/// Updates repositories side by side, saying how each went; the URLs of those that failed.
fn refresh(context: &Context<'_>, list: &[Repository]) -> Result<Vec<String>, Failure> {
    let places = repositories::places(context);
    let fetcher = repositories::fetcher(context);
    let progress = network::progress();
    let failed = Mutex::new(Vec::new());
    let said = Mutex::new(());
    std::thread::scope(|scope| {
        for repository in list {
            let (places, fetcher, progress, failed, said) = (&places, &fetcher, &progress, &failed, &said);
            scope.spawn(move || {
                let outcome = fetcher.update(repository, places, &**progress);
                let _guard = said.lock().unwrap_or_else(PoisonError::into_inner);
                let Repository { name, url, .. } = repository;
                match outcome {
                    Ok(updated) => {
                        crate::report::warnings(context.settings, &updated.warnings);
                        let text = format!("...Successfully got an update from the {name:?} chart repository\n");
                        crate::output::print(text.as_bytes());
                    }
                    Err(error) => {
                        let text = format!(
                            "...Unable to get an update from the {name:?} chart repository ({url}):\n\t{error}\n"
                        );
                        crate::output::print(text.as_bytes());
                        failed.lock().unwrap_or_else(PoisonError::into_inner).push(url.clone());
                    }
                }
            });
        }
    });
    Ok(failed.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Takes repositories out of the list. Helm: pkg/cmd/repo_remove.go.
pub(crate) fn remove(context: &Context<'_>) -> Outcome {
    let places = repositories::places(context);
    let none = || Failure::Usage("no repositories configured".to_owned());
    match Repositories::read_leniently(&places.config) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(none()),
        Err(error) => return Err(error.into()),
        Ok(read) if read.list.is_empty() => return Err(none()),
        Ok(_) => {}
    }
    for name in context.given.positionals() {
        Repositories::change(&places.config, |list| {
            if list.remove(&name) {
                return Ok(Changed::Yes(()));
            }
            Err(chartcore::Error::new(ErrorKind::NotFound, format!("no repo named {name:?} found")))
        })?;
        places.forget(&name)?;
        crate::output::print(format!("{name:?} has been removed from your repositories\n").as_bytes());
    }
    Ok(())
}

/// Writes index.yaml for a folder of archives. Helm: pkg/cmd/repo_index.go.
pub(crate) fn index(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let folder = given.positionals().into_iter().next().unwrap_or_default();
    let drop_in = context.settings.role == Role::DropIn;
    let options = IndexOptions {
        url: given.text("url").unwrap_or_default().to_owned(),
        now: context.settings.archive_time()?.unwrap_or(context.settings.now),
        on_conflict: if drop_in || given.switch("replace") {
            OnConflict::Replace
        } else {
            OnConflict::Refuse
        },
        compat: context.settings.compat,
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    };
    let format = if given.switch("json") { Format::Json } else { Format::Yaml };
    let merge = given.text("merge").filter(|path| !path.is_empty()).map(Path::new);
    let warnings = index_folder(Path::new(&folder), merge, format, &options)?;
    if !drop_in {
        crate::report::warnings(context.settings, &warnings);
    }
    Ok(())
}
