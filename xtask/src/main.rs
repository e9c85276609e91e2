//! Chores of the workspace. `cargo xtask help` lists them.
//!
//! Everything here prints: it is a program for people and for continuous integration.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod archives;
mod cases;
mod cluster;
mod conformance;
mod corpus;
mod determinism;
mod figures;
mod fuzz;
mod golden;
#[cfg(unix)]
mod hostile;
mod live;
mod oracle;
mod outside;
mod places;
mod process;
/// Shared with the test of the same cases, which uses the rest of it.
#[cfg(unix)]
#[allow(dead_code)]
#[path = "../../chartcli/tests/hostile/recipe.rs"]
mod recipe;
mod reference;
mod tidy;

use std::process::ExitCode;

/// What every chore ends in: an explanation for people when it fails.
type Outcome<T = ()> = Result<T, String>;

const HELP: &str = "\
cargo xtask <chore>

  test [-- ARGS]            every test of the workspace, with the components it needs
  components                fetch what the tests start: docker-registry, both Helms
  oracle build | run        build the Go oracle and print its path; serve it on stdin/stdout
  helm                      install Helm 3.22.0 and 4.3.1 with `go install` when absent; print their paths
  golden [--check] [NAME]   write fixtures/golden from both Helms; --check: compare instead of writing
  hostile [--new] [NAME]    write fixtures/hostile/helm.tsv from both Helms; --new: only what is not there
  corpus [helm3|helm4]      the shared corpus through `chart template`, compared byte for byte
  conformance [TABLE]       every row of the oracle's shared tables through the library
  outside                   examples/outside: the README's Rust, built alone and run
  live [--charts N]         both Helms and `chart` side by side on N corpus charts (default 100)
  archives [--crossed N]    `package` and `verify` beside both Helms on every corpus chart, and crosswise
  determinism [--cases N]   the same bytes under other locales, time zones, folders and file orders
  fuzz [--full] [--seed N]  generated cases, library against oracle: templates, YAML, merges, --set, functions
       [--only FAMILY] [--count N] [--show N] [--replay FILE]
  compare [--pairs N]       speed and memory against Helm 4, as ratios
  figures [--keep]          hold the measured figures against the kept ones; --keep: raise the kept ones
  cluster build | up | down a real control plane on loopback (etcd, Kubernetes 1.34, kwok)
  cluster test [-- ARGS]    the tests that need one
  tidy                      file lengths, names, machine paths

Set CHART_REFERENCE_DIR to keep the Helms and the oracle outside the target folder, CHART_CORPUS to the
folder that holds compare.py, CHART_CONFORMANCE to that of the tables, and CHART_BIN to try another binary than the release build.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        ["test", rest @ ..] => test(rest),
        ["components"] => components(),
        ["oracle", "build"] => oracle::build().map(|path| println!("{}", path.display())),
        ["oracle", "run", rest @ ..] => oracle::run(rest),
        ["helm"] => reference::both().map(|helms| {
            for helm in helms {
                println!("{}", helm.program.display());
            }
        }),
        ["golden", rest @ ..] => golden::run(rest),
        #[cfg(unix)]
        ["hostile", rest @ ..] => hostile::run(rest),
        ["corpus", rest @ ..] => corpus::run(rest),
        ["conformance", rest @ ..] => conformance::run(rest),
        ["outside"] => outside::run(),
        ["live", rest @ ..] => live::run(rest),
        ["archives", rest @ ..] => archives::run(rest),
        ["determinism", rest @ ..] => determinism::run(rest),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["cluster", rest @ ..] => cluster::run(rest),
        ["compare", rest @ ..] => compare(rest),
        ["figures", rest @ ..] => figures::run(rest),
        ["tidy"] => tidy::run(),
        [unknown, ..] => Err(format!("`{unknown}` is no chore; `cargo xtask help` lists them")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Fetches what is not there yet.
fn components() -> Outcome {
    println!("{}", components::registry_program()?.display());
    for helm in reference::both()? {
        println!("{}", helm.program.display());
    }
    Ok(())
}

fn test(rest: &[&str]) -> Outcome {
    components()?;
    let mut arguments = vec!["test", "--workspace", "--all-features", "--no-fail-fast"];
    arguments.extend_from_slice(rest);
    process::must(process::cargo(), &arguments, &places::root())?;
    if rest.is_empty() { outside::run() } else { Ok(()) }
}

/// Builds both sides and runs `benches/compare/compare.py`.
fn compare(rest: &[&str]) -> Outcome {
    let root = places::root();
    process::must(
        process::cargo(),
        &["build", "--release", "--package", "chartcli", "--package", "benches"],
        &root,
    )?;
    let helms = reference::both()?;
    let helm4 = helms.iter().find(|helm| helm.profile == "helm4").ok_or("no Helm 4")?;
    let rerender = places::target().join("release").join("rerender");
    let mut words = vec![root.join("benches/compare/compare.py")];
    for (flag, path) in [
        ("--chart", places::chart()),
        ("--helm", helm4.program.clone()),
        ("--rerender", rerender),
        ("--oracle", oracle::build()?),
    ] {
        words.extend([flag.into(), path]);
    }
    if let Some(corpus) = live::corpus_folder()? {
        words.extend(["--corpus".into(), corpus]);
    }
    let report = places::target().join("compare.json");
    words.extend(["--json".into(), report.clone()]);
    let mut words: Vec<String> = words.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    words.extend(rest.iter().map(|word| (*word).to_owned()));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = process::must("python3".into(), &words, &root);
    // Bars that were missed are figures all the same.
    if let Ok(text) = std::fs::read_to_string(&report) {
        std::fs::remove_file(&report).map_err(|error| error.to_string())?;
        let measured: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        for (name, row) in measured.as_object().into_iter().flatten() {
            let most = if name.starts_with("growth.") { "_most" } else { "" };
            if let Some(ratio) = row["ratio"].as_f64() {
                figures::record(&format!("{}{name}{most}", figures::SPEED), ratio)?;
            }
        }
    }
    outcome
}

/// The value after `flag`, as a number.
fn number_after(flag: &str, words: &[&str], default: usize) -> Outcome<usize> {
    match words.iter().position(|word| *word == flag) {
        None => Ok(default),
        Some(at) => words
            .get(at + 1)
            .and_then(|word| word.parse().ok())
            .ok_or_else(|| format!("{flag} wants a number after it")),
    }
}
