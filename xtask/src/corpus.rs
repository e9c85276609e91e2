//! The shared corpus of real charts through `chart template`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::{Outcome, figures, places, process};

pub(crate) fn run(words: &[&str]) -> Outcome {
    let Some(folder) = places::corpus() else {
        println!(
            "the corpus is not beside this checkout (set CHART_CORPUS to the folder of compare.py): skipped"
        );
        return Ok(());
    };
    process::must(process::cargo(), &["build", "--release", "--package", "chartcli"], &places::root())?;
    let profiles: Vec<&str> = match words {
        [] => vec!["helm3", "helm4"],
        ["helm3" | "helm4", ..] => vec![words[0]],
        [unknown, ..] => return Err(format!("`{unknown}` is no profile")),
    };
    let mut failed = Vec::new();
    for profile in profiles {
        let command = format!("{} template --compat {profile}", places::chart().display());
        let output = Command::new(PathBuf::from("python3"))
            .arg(folder.join("compare.py"))
            .arg(folder.join("visible.tar.xz"))
            .args(["--cmd", &command, "--golden", profile, "--strict", "--quiet"])
            .args(words.get(1..).unwrap_or_default())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("python3: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        print!("{text}");
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        let passed = number_before(&text, " passed, ").ok_or("compare.py printed no count")?;
        if words.len() < 2 {
            figures::record(&format!("corpus.{profile}"), passed)?;
            if let Some(share) = same_first_lines(&text) {
                figures::record(&format!("corpus.{profile}.first_lines"), share)?;
            }
        }
        if !output.status.success() {
            failed.push(profile);
        }
    }
    // How many must pass is a figure: what once passed may not fail again.
    for profile in &failed {
        let name = format!("corpus.{profile}");
        if figures::kept(&name)?.is_none() {
            return Err(format!("cases of {profile} fail and .ci/figures.toml keeps no figure `{name}`"));
        }
    }
    Ok(())
}

fn number_before(text: &str, mark: &str) -> Option<f64> {
    let line = text.lines().rev().find(|line| line.contains(mark))?;
    line.split(mark).next()?.split_whitespace().last()?.parse().ok()
}

/// Of "first error line as Helm prints it: N of M", N.
fn same_first_lines(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with("first error line as Helm prints it:"))?;
    line.rsplit(": ").next()?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{number_before, same_first_lines};

    #[test]
    fn reads_the_counts_of_the_last_lines() {
        let text = "first error line as Helm prints it: 260 of 270\n2000 passed, 177 failed\n";
        assert_eq!(number_before(text, " passed, "), Some(2000.0));
        assert_eq!(same_first_lines(text), Some(260.0));
    }
}
