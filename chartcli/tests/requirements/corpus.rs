//! Real charts, which stay where they are: the shared corpus beside the checkout, or where CHART_CORPUS says.

use std::path::PathBuf;
use std::process::Command;

/// The folder of compare.py and the packed corpus. Without it, says that `row` was not checked.
fn folder(row: u32) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("CHART_CORPUS").map_or_else(|| root.join("shared/corpus"), PathBuf::from);
    let is_there = folder.join("compare.py").is_file();
    if !is_there {
        println!("row {row}: NOT CHECKED, there is no corpus at {} (set CHART_CORPUS)", folder.display());
    }
    is_there.then_some(folder)
}

/// The unpacked corpus, with `charts/` and `values/`.
pub(crate) fn unpacked(row: u32) -> Option<PathBuf> {
    let folder = folder(row)?;
    let output = Command::new("python3")
        .arg(folder.join("compare.py"))
        .arg(folder.join("visible.tar.xz"))
        .arg("--unpack")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(PathBuf::from(String::from_utf8(output.stdout).unwrap().trim()))
}

/// Checks the corpus's cases whose id matches `only`, byte by byte, in both profiles.
pub(crate) fn check(row: u32, only: &str) {
    let Some(folder) = folder(row) else { return };
    for profile in crate::said::PROFILES {
        let command = format!("{} template --compat {profile}", env!("CARGO_BIN_EXE_chart"));
        let output = Command::new("python3")
            .arg(folder.join("compare.py"))
            .arg(folder.join("visible.tar.xz"))
            .args(["--cmd", &command, "--golden", profile, "--strict", "--only", only, "--diff", "20"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "row {row}, {profile}:\n{text}");
        assert!(
            !text.lines().any(|line| line.starts_with("0 passed")),
            "row {row}, {profile}: no case was run:\n{text}"
        );
    }
}
