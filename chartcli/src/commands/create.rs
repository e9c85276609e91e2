//! `chart create`.

use std::fs;
use std::path::{Component, Path, PathBuf};

use chartcore::archive::{self, PackOptions};
use chartcore::chart::{self, LoadOptions, scaffold};
use chartcore::files::directory::io_error;

use super::{Context, Failure, Outcome};
use crate::flags::{Flag, Kind};

pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("chart-api-version", Kind::Text("string"), "chart API version to use (v2)").hidden(),
    Flag::new("starter", Kind::Text("string"), "the name or absolute path to Helm starter scaffold")
        .short('p'),
];

/// Writes a new chart. Helm: pkg/cmd/create.go; pkg/chart/v2/util/create.go.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let target = context.given.positionals().remove(0);
    crate::output::print(format!("Creating {target}\n").as_bytes());
    match context.given.text("chart-api-version") {
        None | Some("" | "v2") => {}
        Some(other) => {
            return Err(Failure::Usage(format!(
                "unsupported chart API version: {other} (supported: v2, v3)"
            )));
        }
    }
    let compat = context.settings.compat;
    let folder = Path::new(&target);
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or(&target);
    let starter = context.given.text("starter").filter(|starter| !starter.is_empty());
    let made = match starter {
        None => scaffold::create(name, compat)?,
        Some(starter) => {
            let path = Path::new(&context.settings.listed["HELM_DATA_HOME"]).join("starters").join(starter);
            let chart = chart::load(&path, &LoadOptions::new(compat))
                .map_err(|error| error.prefixed(format_args!("could not load {}: ", path.display())))?;
            scaffold::create_from(name, &chart)?
        }
    };
    let absolute = absolute(folder);
    let parent = absolute.parent().unwrap_or(&absolute);
    match fs::metadata(parent) {
        Err(error) => return Err(io_error("stat", parent, error).into()),
        Ok(metadata) if !metadata.is_dir() => {
            return Err(format!("no such directory {}", parent.display()).into());
        }
        Ok(_) => {}
    }
    for file in &made.files {
        let path = absolute.join(file.name());
        if starter.is_none() && path.exists() {
            let warning =
                format!("WARNING: File {:?} already exists. Overwriting.\n", path.display().to_string());
            crate::output::print(warning.as_bytes());
        }
        crate::output::write_file(&path, file.data()).map_err(|error| io_error("open", &path, error))?;
    }
    for below in &made.folders {
        let path = folder.join(below);
        fs::create_dir_all(&path).map_err(|error| io_error("mkdir", &path, error))?;
    }
    for dependency in &made.dependencies {
        let packed = archive::pack(dependency, &PackOptions::default())?;
        let path = folder.join("charts").join(packed.file_name());
        crate::output::write_file(&path, packed.bytes()).map_err(|error| io_error("open", &path, error))?;
    }
    Ok(())
}

/// The path from the root, without `.` and `..`. Go: `filepath.Abs`.
fn absolute(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut clean = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            other => clean.push(other),
        }
    }
    clean
}
