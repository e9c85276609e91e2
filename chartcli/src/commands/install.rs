//! `chart install`.

use chartcore::Chart;
use chartcore::release::{InstallOptions, Releases, Source};
use chartcore::values::{MergeOptions, Overrides};

use super::release_report::{self, Format};
use super::releases::{self, Executable};
use super::{Context, Failure, Outcome, source};
use crate::flags::{Flag, Kind};

/// `chart install` besides the shared groups.
pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("generate-name", Kind::Switch, "generate the name (and omit the NAME parameter)").short('g'),
    Flag::new("name-template", Kind::Text("string"), "template used to name the release"),
    Flag::new("replace", Kind::Switch, "reuse the name of a release that was uninstalled or failed"),
];

/// Installs a chart.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let format = Format::of(context)?;
    let options = options(context)?;
    let (name, reference) = name_and_chart(context).map_err(failed)?;
    let chart = Loaded::read(context, &reference).map_err(failed)?;
    let releases = releases::open(context).map_err(failed)?;
    let release = install(context, &releases, &name, &chart, &options).map_err(failed)?;
    release_report::changed(context, release, format)
}

fn failed(failure: Failure) -> Failure {
    failure.prefixed("INSTALLATION FAILED: ")
}

/// A chart, the values for it, and what changes its manifests.
pub(crate) struct Loaded {
    pub(crate) chart: Chart,
    pub(crate) overrides: Overrides,
    merge: MergeOptions,
    post_renderer: Option<Executable>,
}

impl Loaded {
    /// Reads chart and values in Helm's order.
    pub(crate) fn read(context: &Context<'_>, reference: &str) -> Result<Self, Failure> {
        let path = source::locate(context, reference)?;
        let overrides = source::overrides(context)?;
        overrides.resolve(context.settings.compat)?;
        let chart = source::load(context, &path)?;
        Ok(Self {
            chart,
            overrides,
            merge: source::merge_options(context),
            post_renderer: Executable::of(context),
        })
    }

    /// What the library renders.
    pub(crate) fn source<'s>(&'s self, context: &Context<'_>) -> Source<'s> {
        let given = &context.given;
        Source {
            chart: &self.chart,
            overrides: &self.overrides,
            merge: &self.merge,
            post_renderer: self.post_renderer.as_ref().map(|program| program as _),
            subchart_notes: given.switch("render-subchart-notes"),
            hide_secrets: given.switch("hide-secret"),
            skip_crds: given.switch("skip-crds"),
        }
    }
}

/// Reads the flags of an install.
pub(crate) fn options(context: &Context<'_>) -> Result<InstallOptions, Failure> {
    let mut change = releases::change(context)?;
    // `install` knows no limit: it adds the first record.
    change.history_max = 0;
    Ok(InstallOptions {
        change,
        dry_run: releases::dry_run(context)?,
        create_namespace: context.given.switch("create-namespace"),
        replace: context.given.switch("replace"),
        labels: releases::labels(context),
    })
}

/// Plans and does it.
pub(crate) fn install(
    context: &Context<'_>,
    releases: &Releases,
    name: &str,
    loaded: &Loaded,
    options: &InstallOptions,
) -> Result<chartcore::release::Release, Failure> {
    let plan = releases.plan_install(name, &loaded.source(context), options)?;
    Ok(releases.execute(plan)?.release)
}

/// Helm: pkg/action/install.go, `NameAndChart`.
fn name_and_chart(context: &Context<'_>) -> Result<(String, String), Failure> {
    let given = &context.given;
    let generated = given.switch("generate-name");
    let template = given.text("name-template").filter(|template| !template.is_empty());
    let mut arguments = given.positionals();
    if arguments.len() > 2 {
        return Err(Failure::Usage(format!(
            "expected at most two arguments, unexpected arguments: {}",
            arguments[2..].join(", ")
        )));
    }
    if arguments.len() == 2 {
        if generated {
            return Err("cannot set --generate-name and also specify a name".to_owned().into());
        }
        if template.is_some() {
            return Err("cannot set --name-template and also specify a name".to_owned().into());
        }
        let reference = arguments.remove(1);
        return Ok((arguments.remove(0), reference));
    }
    let reference = arguments.remove(0);
    let host = chartcore::template::SystemHost::new().in_time_zone(&context.settings.time_zone);
    if let Some(template) = template {
        let name = chartcore::render::text("name-template", template, &[], context.settings.compat, &host)?;
        return Ok((name, reference));
    }
    if !generated {
        return Err("must either provide a name or specify --generate-name".to_owned().into());
    }
    let base = reference.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let base = if base.is_empty() || base == "." { "chart" } else { base };
    let base = base.split('.').next().unwrap_or_default();
    let (seconds, _) = chartcore::template::Host::now(&host);
    Ok((format!("{base}-{seconds}"), reference))
}
