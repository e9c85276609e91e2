//! `chart test`.

use chartcore::Compat;
use chartcore::release::{StatusReport, TestOptions};

use super::release_report::{self, Shown};
use super::{Context, Outcome, releases};
use crate::flags::{Flag, Kind};

/// `chart test`.
pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("filter", Kind::Slice("strings"), "tests by name: name=X, or '!name=X' for all but it"),
    Flag::new("hide-notes", Kind::Switch, "do not show notes").only(Compat::Helm3),
    Flag::new("logs", Kind::Switch, "dump the logs from test pods"),
    Flag::new("timeout", Kind::Duration("duration"), "time to wait for any operation (default 5m0s)"),
];

/// Runs a release's tests.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let mut options = TestOptions { change: releases::change(context)?, ..TestOptions::default() };
    for filter in given.slice("filter") {
        if let Some(name) = filter.strip_prefix("name=") {
            options.only.push(name.to_owned());
        } else if let Some(rest) = filter.strip_prefix('!')
            && let Some(name) = rest.trim_start().strip_prefix("name=")
        {
            options.except.push(name.to_owned());
        }
    }
    let releases = releases::open(context)?;
    let tested = releases.test(&given.positionals()[0], &options)?;
    let hide_notes = context.settings.compat == Compat::Helm4 || given.switch("hide-notes");
    let shown = Shown { hide_notes, everything: context.settings.debug, ..Shown::default() };
    let report = StatusReport { release: tested.release.clone(), resources: Vec::new() };
    release_report::table(context, &report, shown)?;
    if given.switch("logs") {
        crate::output::print(b"\n");
        for log in releases.test_logs(&tested, &options)? {
            match log.text {
                Ok(text) => crate::output::print(
                    format!("POD LOGS: {} ({})\n{text}\n", log.pod, log.container).as_bytes(),
                ),
                Err(reason) => releases::message(&format!(
                    "Error: unable to get logs for pod {}, container {}: {reason}\n",
                    log.pod, log.container
                )),
            }
        }
    }
    releases.finish_tests(&tested, &options)?;
    tested.error.map_or(Ok(()), |error| Err(error.into()))
}
