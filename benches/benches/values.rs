//! Overrides over defaults.

use benches::{fixture, generated};
use chartcore::values::{Merger, Overrides, merge};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

#[divan::bench]
fn serving_stack(bencher: Bencher) {
    let chart = fixture("serving-stack").expect("the fixture loads");
    let overrides = Overrides::new().set("decode.replicas=5,model.name=other");
    bencher.bench(|| merge(black_box(&chart), &overrides).is_ok());
}

#[divan::bench(args = [10, 100, 1000])]
fn one_override(bencher: Bencher, entries: usize) {
    let chart = generated(1, entries).expect("the generated chart loads");
    let merger = Merger::new(&chart).expect("the generated chart has sound dependencies");
    let overrides = Overrides::new().set("service0.replicas=5");
    bencher.bench(|| black_box(&merger).merge(&overrides).is_ok());
}

#[divan::bench]
fn set(bencher: Bencher) {
    let overrides = Overrides::new().set("a.b[3].c=1,d={x,y,z},e\\.f=text with words,g[0][1]=true");
    bencher.bench(|| black_box(&overrides).resolve(chartcore::Compat::Helm4).is_ok());
}
