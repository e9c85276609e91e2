//! A chart in memory, from files cut out of the input: load, merge, render, split into manifests.
//!
//! The input is a list of files: a line `=== name`, then the content up to the next such line.
#![no_main]

use chartcore::chart::{File, LoadOptions, load_files};
use chartcore::manifest::Manifests;
use chartcore::render::{RenderOptions, render};
use chartcore::template::{Limits, SealedHost};
use chartcore::values::{MergeOptions, Overrides, merge_with};
use chartcore::Compat;
use libfuzzer_sys::fuzz_target;

fn files(input: &str) -> Vec<File> {
    let mut files = Vec::new();
    for part in input.split("=== ").skip(1) {
        let (name, content) = part.split_once('\n').unwrap_or((part, ""));
        files.push(File::new(name.trim(), content.as_bytes()));
    }
    files
}

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    for compat in [Compat::Helm3, Compat::Helm4] {
        let Ok(chart) = load_files(files(&text), &LoadOptions::new(compat)) else { continue };
        let Ok(values) = merge_with(&chart, &Overrides::new(), &MergeOptions::default()) else { continue };
        let limits = Limits { steps: 100_000, output: 1 << 20, produced: 16 << 20 };
        let options = RenderOptions::new("fuzz").limits(limits).host(std::sync::Arc::new(SealedHost::new("seed")));
        if let Ok(rendered) = render(&chart, &values, &options) {
            let _ = Manifests::from_rendered(&rendered);
        }
    }
});
