//! Charts through their templates.

use benches::{fixture, generated};
use chartcore::render::{RenderOptions, render};
use chartcore::values::{Merger, Overrides, merge};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

#[divan::bench]
fn load_and_render() -> bool {
    let chart = fixture("serving-stack").expect("the fixture loads");
    let values = merge(&chart, &Overrides::new()).expect("the fixture's values merge");
    render(&chart, &values, &RenderOptions::new("bench")).is_ok()
}

/// A loaded chart with other values each time: what a sweep does.
#[divan::bench]
fn again(bencher: Bencher) {
    let chart = fixture("serving-stack").expect("the fixture loads");
    let merger = Merger::new(&chart).expect("the fixture has sound dependencies");
    let options = RenderOptions::new("bench");
    bencher.with_inputs(|| Overrides::new().set("decode.replicas=7")).bench_refs(|overrides| {
        let values = merger.merge(overrides).expect("the fixture's values merge");
        render(black_box(&chart), &values, &options).expect("the fixture renders")
    });
}

#[divan::bench(args = [10, 100, 1000])]
fn templates(bencher: Bencher, count: usize) {
    let chart = generated(count, 10).expect("the generated chart loads");
    let values = merge(&chart, &Overrides::new()).expect("the generated values merge");
    let options = RenderOptions::new("bench");
    bencher.bench(|| render(black_box(&chart), &values, &options).is_ok());
}

#[divan::bench(args = [10, 100, 1000])]
fn values(bencher: Bencher, entries: usize) {
    let chart = generated(20, entries).expect("the generated chart loads");
    let values = merge(&chart, &Overrides::new()).expect("the generated values merge");
    let options = RenderOptions::new("bench");
    bencher.bench(|| render(black_box(&chart), &values, &options).is_ok());
}
