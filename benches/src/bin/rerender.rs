//! Loads a chart once and renders it many times with other values; prints medians as JSON.
//!
//! `rerender CHART [--compat helm3|helm4] [--count N] [--set KEY=VALUE]`, or `rerender --generated TEMPLATES ENTRIES`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;
use std::time::Instant;

use benches::generated;
use chartcore::chart::{Chart, LoadOptions, load};
use chartcore::render::{Capabilities, RenderOptions, render};
use chartcore::values::{Merger, Overrides};
use chartcore::{Compat, Result};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("rerender: {error}");
            ExitCode::FAILURE
        }
    }
}

fn number(words: &[String], flag: &str, offset: usize) -> Option<usize> {
    let at = words.iter().position(|word| word == flag)?;
    words.get(at + offset)?.parse().ok()
}

fn run(words: &[String]) -> Result<serde_json::Value> {
    let count = number(words, "--count", 1).unwrap_or(50);
    let compat = if words.iter().any(|word| word == "helm3") { Compat::Helm3 } else { Compat::Helm4 };
    let start = Instant::now();
    let chart: Chart = match (number(words, "--generated", 1), number(words, "--generated", 2)) {
        (Some(templates), Some(entries)) => generated(templates, entries)?,
        _ => load(words.first().map_or("", String::as_str), &LoadOptions::new(compat))?,
    };
    let loading = start.elapsed().as_nanos();
    let merger = Merger::new(&chart)?;
    let options = RenderOptions::new("r").capabilities(Capabilities::for_kubernetes("1.34.0")?);
    let set = words.iter().position(|word| word == "--set").and_then(|at| words.get(at + 1));
    let (mut whole, mut rendering) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    for round in 0..count {
        let mut overrides = Overrides::new().set(&format!("rerenderRound=round-{round}"));
        if let Some(set) = set {
            overrides = overrides.set(set);
        }
        let start = Instant::now();
        let values = merger.merge(&overrides)?;
        let middle = start.elapsed();
        let rendered = render(&chart, &values, &options)?;
        let end = start.elapsed();
        bytes = rendered.files().iter().map(|file| file.content().len()).sum::<usize>();
        whole.push(end.as_nanos());
        rendering.push((end - middle).as_nanos());
    }
    Ok(serde_json::json!({
        "count": count, "load_ns": loading as u64, "output_bytes": bytes,
        "least_ns": whole.iter().min().map_or(0, |least| *least as u64),
        "render_ns": median(rendering), "with_values_ns": median(whole),
    }))
}

fn median(mut samples: Vec<u128>) -> u64 {
    samples.sort_unstable();
    samples.get(samples.len() / 2).map_or(0, |middle| *middle as u64)
}
