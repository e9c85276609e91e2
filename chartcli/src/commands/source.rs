//! Where a chart and its values come from.

use std::io::Read;
use std::path::{Path, PathBuf};

use chartcore::chart::{self, LoadOptions};
use chartcore::files::directory::Symlinks;
use chartcore::registry::Reference;
use chartcore::render::{KubeVersion, RenderOptions, Rendered};
use chartcore::repository::{Access, Fetcher};
use chartcore::values::{self, MergeOptions, Overrides, Setter};
use chartcore::{Chart, Compat, Error, ErrorKind};

use super::{Context, Failure, oci, repositories};
use crate::settings::Role;

/// The largest file of values that is fetched.
const LARGEST_VALUES: u64 = 100 << 20;

/// Finds the chart a command names. Helm: pkg/action/install.go, LocateChart.
pub(crate) fn locate(context: &Context<'_>, name: &str) -> Result<PathBuf, Failure> {
    let name = name.trim();
    if context.given.text("repo").is_none_or(str::is_empty) {
        if Path::new(name).exists() {
            return std::path::absolute(name)
                .map_err(|error| Error::new(ErrorKind::Io, error.to_string()).with_source(error).into());
        }
        if Path::new(name).is_absolute() || name.starts_with('.') {
            return Err(Failure::Usage(format!("path {name:?} not found")));
        }
    }
    if Reference::is_oci(name) && context.given.text("repo").is_none_or(str::is_empty) {
        return oci::fetch(context, name);
    }
    repositories::fetch(context, name)
}

/// Loads the chart at `path`. A drop-in for Helm follows symbolic links as Helm does.
pub(crate) fn load(context: &Context<'_>, path: &Path) -> Result<Chart, Failure> {
    load_and(context, path, Parse::Later)
}

/// Whether the templates of a chart will be wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parse {
    /// By nobody, perhaps.
    Later,
    /// By a render that follows.
    Ahead,
}

/// As [`load`], for a command that knows what it will do with the chart.
pub(crate) fn load_and(context: &Context<'_>, path: &Path, parse: Parse) -> Result<Chart, Failure> {
    let mut options = LoadOptions::new(context.settings.compat).parse_ahead(parse == Parse::Ahead);
    if context.settings.role == Role::DropIn || context.given.switch("allow-unsafe-links") {
        options = options.symlinks(Symlinks::Follow);
    }
    Ok(chart::load(path, &options)?)
}

/// What `-f` and the `--set` family say.
pub(crate) fn overrides(context: &Context<'_>) -> Result<Overrides, Failure> {
    let given = &context.given;
    let (fetcher, access) = (repositories::fetcher(context), repositories::access(context));
    let mut overrides = Overrides::with_source(move |name: &str| read(name, &fetcher, &access));
    for file in given.slice("values") {
        overrides = overrides.file(&file)?;
    }
    for (flag, setter) in [
        ("set-json", Setter::Json),
        ("set", Setter::Typed),
        ("set-string", Setter::Text),
        ("set-file", Setter::File),
        ("set-literal", Setter::Literal),
    ] {
        for text in given.array(flag) {
            overrides = overrides.with_setter(setter, &text);
        }
    }
    Ok(overrides)
}

/// Helm: `readFile` in pkg/cli/values/options.go.
fn read(name: &str, fetcher: &Fetcher, access: &Access) -> chartcore::Result<Vec<u8>> {
    if name.starts_with("http://") || name.starts_with("https://") {
        let access = Access { home: name.to_owned(), ..access.clone() };
        return fetcher.bytes(name, &access, LARGEST_VALUES);
    }
    if name.trim() != "-" {
        return values::read_from_disk(name);
    }
    let mut bytes = Vec::new();
    match std::io::stdin().lock().read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Error::new(ErrorKind::Io, format!("read /dev/stdin: {error}")).with_source(error)),
    }
}

/// How values are merged.
pub(crate) fn merge_options(context: &Context<'_>) -> MergeOptions {
    let merge = MergeOptions::default().skip_schema(context.given.switch("skip-schema-validation"));
    if context.given.switch("allow-schema-refs") { merge.schema_source(schema_file) } else { merge }
}

/// Checks, merges and renders, in Helm's order.
pub(crate) fn render(
    context: &Context<'_>,
    chart: &Chart,
    overrides: &Overrides,
    options: &RenderOptions,
) -> Result<Rendered, Failure> {
    chartcore::render::check(chart, options)?;
    let merge = merge_options(context).parse_ahead(true);
    let values =
        values::merge_with(chart, overrides, &merge).map_err(|error| match context.settings.compat {
            // Helm 4 names the step that failed, if there is one: without declared dependencies nothing is merged
            // before the values themselves, and schemas have their say last.
            Compat::Helm4 if error.kind() == ErrorKind::Values && chart.metadata().lists_dependencies => {
                error.prefixed("chart dependencies processing failed: ")
            }
            _ => error,
        })?;
    Ok(chartcore::render::render(chart, &values, options)?)
}

/// Reads `--kube-version`.
pub(crate) fn kube_version(text: &str) -> Result<KubeVersion, Failure> {
    Ok(KubeVersion::parse(text)?)
}

/// What `$ref` leads to with `--allow-schema-refs`: files of this machine.
fn schema_file(url: &str) -> Result<Vec<u8>, String> {
    match url.strip_prefix("file://") {
        Some(path) => values::read_from_disk(path).map_err(|error| error.to_string()),
        None => Err(format!("{url} is not a file: `--allow-schema-refs` opens files only")),
    }
}
