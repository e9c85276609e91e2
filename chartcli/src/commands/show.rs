//! `chart show`.

use chartcore::chart::{self, Chart};
use chartcore::{Compat, Error, ErrorKind};

use super::{Context, Failure, Outcome, source};
use crate::flags::{Flag, Kind};

pub(crate) const VALUES_FLAGS: &[Flag] =
    &[Flag::new("jsonpath", Kind::Text("string"), "a JSONPath expression to filter the output")];

/// Helm: pkg/action/show.go, readmeFileNames.
const README_NAMES: [&str; 4] = ["readme.md", "readme.txt", "readme", "readme.rst"];

fn opened(context: &Context<'_>) -> Result<Chart, Failure> {
    let name = context.given.positionals().remove(0);
    let path = source::locate(context, &name)?;
    source::load(context, &path)
}

fn definition(chart: &Chart) -> Result<Vec<u8>, Failure> {
    let mut out = chart.metadata().to_yaml()?;
    out.push(b'\n');
    Ok(out)
}

fn values_text(chart: &Chart) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(file) = chart.values_file() {
        out.extend_from_slice(file.data());
        out.push(b'\n');
    }
    out
}

fn readme_text(chart: &Chart, divider: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let found = chart
        .files()
        .iter()
        .find(|file| README_NAMES.iter().any(|name| file.name().eq_ignore_ascii_case(name)));
    if let Some(file) = found {
        out.extend_from_slice(divider);
        out.extend_from_slice(file.data());
        out.push(b'\n');
    }
    out
}

/// Helm 4 puts a divider before each CRD that has none, Helm 3 only before the first of `show all`.
fn crds_text(chart: &Chart, compat: Compat, whole: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, chart::Crd { file, .. }) in chart.crds().iter().enumerate() {
        let divided = match compat {
            Compat::Helm4 => true,
            Compat::Helm3 => whole && index == 0,
        };
        if divided && !file.data().starts_with(b"---") {
            out.extend_from_slice(b"---\n");
        }
        out.extend_from_slice(file.data());
        out.push(b'\n');
    }
    out
}

pub(crate) fn all(context: &Context<'_>) -> Outcome {
    let chart = opened(context)?;
    let mut out = definition(&chart)?;
    if chart.values_file().is_some() {
        out.extend_from_slice(b"---\n");
    }
    out.extend_from_slice(&values_text(&chart));
    out.extend_from_slice(&readme_text(&chart, b"---\n"));
    out.extend_from_slice(&crds_text(&chart, context.settings.compat, true));
    crate::output::print(&out);
    Ok(())
}

pub(crate) fn chart(context: &Context<'_>) -> Outcome {
    crate::output::print(&definition(&opened(context)?)?);
    Ok(())
}

pub(crate) fn crds(context: &Context<'_>) -> Outcome {
    crate::output::print(&crds_text(&opened(context)?, context.settings.compat, false));
    Ok(())
}

pub(crate) fn readme(context: &Context<'_>) -> Outcome {
    crate::output::print(&readme_text(&opened(context)?, b""));
    Ok(())
}

pub(crate) fn values(context: &Context<'_>) -> Outcome {
    let chart = opened(context)?;
    match context.given.text("jsonpath").filter(|path| !path.is_empty()) {
        Some(path) => {
            let text = chartcore::data::jsonpath::print(path, chart.values()).map_err(|wrong| {
                Error::new(ErrorKind::Usage, format!("error parsing jsonpath {path}: {wrong}"))
            })?;
            crate::output::print(&text);
        }
        None => crate::output::print(&values_text(&chart)),
    }
    Ok(())
}
