//! `chart version`.

use chartcore::template::SystemHost;
use chartcore::{Compat, render};

use super::{Context, Outcome};
use crate::flags::{Flag, Kind};
use crate::settings::Role;

pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("client", Kind::Switch, "accepted for Helm 2's and 3's sake").short('c').hidden(),
    Flag::new("short", Kind::Switch, "print the version number"),
    Flag::new("template", Kind::Text("string"), "template for the version string"),
];

/// Prints Helm's `version.BuildInfo` line; as `chart`, our own version stands in front.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let helm = match context.settings.compat {
        Compat::Helm3 => "v3.22.0",
        Compat::Helm4 => "v4.3.1",
    };
    let own = concat!("v", env!("CARGO_PKG_VERSION"));
    let build = match context.settings.role {
        Role::DropIn => helm,
        Role::Native => own,
    };
    let client = if context.settings.compat == Compat::Helm4 { ", KubeClientVersion:\"v1.37\"" } else { "" };
    if let Some(template) = context.given.text("template") {
        let mut fields =
            vec![("Version", build), ("GitCommit", ""), ("GitTreeState", "clean"), ("GoVersion", "go1.26.8")];
        if context.settings.compat == Compat::Helm4 {
            fields.push(("KubeClientVersion", "v1.37"));
        }
        let text = render::text("_", template, &fields, context.settings.compat, &SystemHost::new())?;
        crate::output::print(text.as_bytes());
        return Ok(());
    }
    let text = match (context.given.switch("short"), context.settings.role) {
        (true, _) => format!("{build}\n"),
        (false, Role::DropIn) => format!(
            "version.BuildInfo{{Version:\"{build}\", GitCommit:\"\", GitTreeState:\"clean\", GoVersion:\"go1.26.8\"{client}}}\n"
        ),
        (false, Role::Native) => format!("chart {own} (as Helm {helm})\n"),
    };
    crate::output::print(text.as_bytes());
    Ok(())
}
