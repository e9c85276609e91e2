//! `chart digest`.

use std::fs::File;
use std::path::Path;

use chartcore::archive::{self, Digest, PackOptions};
use chartcore::chart::{self, LoadOptions};
use chartcore::data::{Map, Value};
use chartcore::files::directory::{self, PathKind, io_error};

use super::{Context, Failure, Outcome};
use crate::flags::{Flag, Kind};
use crate::output::{self, Format};

pub(crate) const FLAGS: &[Flag] =
    &[Flag::new("output", Kind::Text("table|json"), "how to print the digests (default table)").short('o')];

/// Prints the digest of an archive and of what it holds; for a folder, of the archive that would be packed.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let format = Format::of(context.given.text("output"))?;
    let path = context.given.positionals().remove(0);
    let path = Path::new(&path);
    let (content, archive) = match directory::kind_of(path)? {
        PathKind::Folder => of_folder(context, path)?,
        _ => of_archive(context, path)?,
    };
    match format {
        Format::Table => output::print(format!("content {content}\narchive {archive}\n").as_bytes()),
        Format::Json => {
            let mut map = Map::new();
            map.insert("content", content.to_string().into());
            map.insert("archive", archive.to_string().into());
            output::print_json(&Value::from(map))?;
        }
    }
    Ok(())
}

fn of_folder(context: &Context<'_>, path: &Path) -> Result<(Digest, Digest), Failure> {
    let mut options = PackOptions::new();
    if let Some(time) = context.settings.archive_time()? {
        options = options.mtime(time);
    }
    let chart = chart::load(directory::absolute(path)?, &LoadOptions::new(context.settings.compat))?;
    let content = archive::content_digest(&chart, &options)?;
    Ok((content, archive::pack(&chart, &options)?.digest()))
}

fn of_archive(context: &Context<'_>, path: &Path) -> Result<(Digest, Digest), Failure> {
    let archive = archive::sha256_file(path)?;
    let file = File::open(path).map_err(|error| io_error("open", path, error))?;
    Ok((archive::content_digest_of_archive(file, context.settings.compat)?, archive))
}
