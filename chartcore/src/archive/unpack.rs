//! An archive back to a folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::Digest;
use crate::chart::{Chart, LoadOptions, load_archive};
use crate::error::{Error, ErrorKind, Result};
use crate::files::directory::io_error;

/// Writes the files of an archive to `folder/NAME`, which appears whole or not at all; `digest` names the folder it is
/// made in meanwhile. Helm: `Expand` in pkg/chart/v2/util/expand.go.
///
/// # Errors
/// The bytes are no chart, `folder/NAME` is there already, or the file system refuses.
pub fn unpack(archive: &[u8], folder: &Path, options: &LoadOptions) -> Result<PathBuf> {
    let chart = load_archive(archive, options)?;
    let target = match folder.as_os_str() == "." {
        true => PathBuf::from(chart.name()),
        false => folder.join(chart.name()),
    };
    // An empty folder may be there: Helm makes one before it unpacks.
    if fs::symlink_metadata(&target).is_ok()
        && fs::read_dir(&target).map_or(true, |mut entries| entries.next().is_some())
    {
        let message =
            format!("failed to untar: a file or directory with the name {} already exists", target.display());
        return Err(Error::new(ErrorKind::Io, message));
    }
    let made = folder.join(format!(".{}-{}", chart.name(), short(&super::sha256(archive))));
    fs::create_dir_all(folder)
        .map_err(|error| io_error("mkdir", folder, error).prefixed("failed to untar (mkdir): "))?;
    let _ = fs::remove_dir_all(&made);
    let written = write_all(&chart, &made)
        .and_then(|()| fs::rename(&made, &target).map_err(|error| io_error("rename", &target, error)));
    written.inspect_err(|_| {
        let _ = fs::remove_dir_all(&made);
    })?;
    Ok(target)
}

fn short(digest: &Digest) -> String {
    format!("{}-{}", digest.hex().get(..12).unwrap_or_default(), std::process::id())
}

/// Names were checked when the archive was read: relative, without `..`.
fn write_all(chart: &Chart, folder: &Path) -> Result<()> {
    for file in chart.raw() {
        let path = folder.join(file.name());
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| io_error("mkdir", parent, error))?;
        fs::write(&path, file.data()).map_err(|error| io_error("open", &path, error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{PackOptions, pack};

    #[test]
    fn a_chart_is_unpacked_whole_or_not_at_all() {
        let chart =
            Chart::builder("web").template("a.yaml", "a: 1\n").file("docs/b.txt", *b"b").build().unwrap();
        let archive = pack(&chart, &PackOptions::new()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let options = LoadOptions::default();
        let target = unpack(archive.bytes(), folder.path(), &options).unwrap();
        assert_eq!(target, folder.path().join("web"));
        assert_eq!(fs::read(target.join("docs/b.txt")).unwrap(), b"b");
        let error = unpack(archive.bytes(), folder.path(), &options).unwrap_err();
        let wanted =
            format!("failed to untar: a file or directory with the name {} already exists", target.display());
        assert_eq!(error.to_string(), wanted);
        assert!(unpack(b"no archive", folder.path(), &options).is_err());
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["web"]);
    }
}
