//! `chart resolve`.

use chartcore::vendor;

use super::{Context, Failure, Outcome, oci, repositories};
use crate::flags::{Flag, Kind};
use crate::network;
use crate::output::{Encoding, Table};

pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("ca-file", Kind::Text("string"), "verify certificates of HTTPS servers using this CA bundle"),
    Flag::new("cert-file", Kind::Text("string"), "identify HTTPS client using this SSL certificate file"),
    Flag::new("devel", Kind::Switch, "use development versions, too: '>0.0.0-0'. Ignored with a constraint"),
    Flag::new("insecure-skip-tls-verify", Kind::Switch, "skip tls certificate checks"),
    Flag::new("key-file", Kind::Text("string"), "identify HTTPS client using this SSL key file"),
    Flag::new("output", Kind::Text("format"), "table, json or yaml (default table)").short('o'),
    Flag::new("pass-credentials", Kind::Switch, "pass credentials to all domains"),
    Flag::new("password", Kind::Text("string"), "chart repository password"),
    Flag::new("plain-http", Kind::Switch, "use insecure HTTP connections"),
    Flag::new("repo", Kind::Text("string"), "chart repository url where to locate the requested chart"),
    Flag::new("username", Kind::Text("string"), "chart repository username"),
    Flag::new("version", Kind::Text("string"), "the same as CONSTRAINT"),
];

/// Says which chart exactly is meant by a name and a range.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let encoding = Encoding::of(context)?;
    let mut arguments = context.given.positionals().into_iter();
    let reference = arguments.next().unwrap_or_default();
    let mut choice = repositories::choice(context);
    if let Some(constraint) = arguments.next() {
        if context.given.text("version").is_some_and(|version| version != constraint) {
            return Err(Failure::Usage("--version and CONSTRAINT say different things: give one".to_owned()));
        }
        choice.version = constraint;
    }
    if arguments.next().is_some() {
        return Err(Failure::Usage("resolve takes a chart and a constraint, no more".to_owned()));
    }
    let pinned = vendor::pin(
        &reference,
        &choice,
        &repositories::places(context),
        &repositories::fetcher(context),
        &oci::registry(context)?,
        &*network::progress(),
    )?;
    crate::report::warnings(context.settings, &pinned.warnings);
    if encoding != Encoding::Table {
        return encoding.print_one(&vec![
            ("name", pinned.name.into()),
            ("version", pinned.version.into()),
            ("appVersion", pinned.app_version.into()),
            ("url", pinned.url.into()),
            ("digest", pinned.digest.into()),
        ]);
    }
    let mut table = Table::new(usize::MAX);
    table.row(["NAME", "VERSION", "APP VERSION", "URL", "DIGEST"]);
    table.row([&pinned.name, &pinned.version, &pinned.app_version, &pinned.url, &pinned.digest]);
    crate::output::print(format!("{table}\n").as_bytes());
    Ok(())
}
