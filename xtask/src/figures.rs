//! Measured figures, held against the best ones so far in `.ci/figures.toml`.
//!
//! A chore that measures calls [`record`]; `cargo xtask figures` compares and fails when one fell.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::{Outcome, places};

/// How the names of speeds and sizes begin. They are ratios of one run, and those wander with what else the machine
/// does: what is kept of them is a floor written by hand, half of what a quiet machine measures, and `--keep` leaves
/// it alone.
pub(crate) const SPEED: &str = "speed.";

const HEADER: &str = "\
# The best figures so far; continuous integration fails below them. Written by `cargo xtask figures --keep`.
# Those of `speed.` are not the best but floors, half of what a quiet machine measures, and changed by hand only:
# `cargo xtask compare` measures them as ratios to Helm 4, and has the bars themselves.
";

fn kept_file() -> PathBuf {
    places::root().join(".ci/figures.toml")
}

fn measured_folder() -> PathBuf {
    places::target().join("figures")
}

/// Notes a measurement. Names are `area.what`; those that end in `_most` are better when lower.
pub(crate) fn record(name: &str, value: f64) -> Outcome {
    let folder = measured_folder();
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let path = folder.join(name);
    fs::write(&path, value.to_string()).map_err(|error| format!("{}: {error}", path.display()))
}

/// The kept figure of that name.
pub(crate) fn kept(name: &str) -> Outcome<Option<f64>> {
    Ok(load()?.get(name).copied())
}

fn load() -> Outcome<BTreeMap<String, f64>> {
    let path = kept_file();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let table: toml::Table = text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
    let number =
        |value: &toml::Value| value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
    Ok(table.iter().filter_map(|(name, value)| Some((name.clone(), number(value)?))).collect())
}

fn lower_is_better(name: &str) -> bool {
    name.ends_with("_most")
}

fn fell(name: &str, measured: f64, kept: f64) -> bool {
    if lower_is_better(name) { measured > kept } else { measured < kept }
}

pub(crate) fn run(words: &[&str]) -> Outcome {
    if let ["record", name, value] = words {
        return record(name, value.parse().map_err(|_| format!("`{value}` is not a number"))?);
    }
    let mut kept = load()?;
    let mut measured = BTreeMap::new();
    for entry in fs::read_dir(measured_folder()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let value = fs::read_to_string(entry.path()).ok().and_then(|text| text.trim().parse::<f64>().ok());
        measured.insert(name, value.ok_or("a measured figure is not a number")?);
    }
    let mut fallen = Vec::new();
    for (name, best) in &kept {
        let now = measured.get(name);
        let verdict = match now {
            None => "not measured",
            Some(now) if fell(name, *now, *best) => "FELL",
            Some(_) => "held",
        };
        println!("{name:<40} {best:>12} {:>12} {verdict}", now.map_or("-".to_owned(), f64::to_string));
        if verdict == "FELL" {
            fallen.push(name.clone());
        }
    }
    for (name, now) in measured.iter().filter(|(name, _)| !kept.contains_key(*name)) {
        println!("{name:<40} {:>12} {now:>12} new", "-");
    }
    if words.contains(&"--keep") {
        for (name, now) in measured.into_iter().filter(|(name, _)| !name.starts_with(SPEED)) {
            let better = kept.get(&name).is_none_or(|best| fell(&name, *best, now));
            if better {
                kept.insert(name, now);
            }
        }
        let mut text = HEADER.to_owned();
        for (name, value) in &kept {
            text.push_str(&format!("\"{name}\" = {value:?}\n"));
        }
        fs::write(kept_file(), text).map_err(|error| error.to_string())?;
    }
    if fallen.is_empty() { Ok(()) } else { Err(format!("figures fell: {}", fallen.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::fell;

    #[test]
    fn a_lower_count_falls_and_a_lower_ceiling_does_not() {
        assert!(fell("corpus.helm4", 9.0, 10.0));
        assert!(!fell("corpus.helm4", 10.0, 10.0));
        assert!(fell("fuzz.unexplained_most", 1.0, 0.0));
        assert!(!fell("fuzz.unexplained_most", 0.0, 1.0));
    }
}
