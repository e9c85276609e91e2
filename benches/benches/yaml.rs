//! Reading and writing YAML.

use benches::document;
use chartcore::data::yaml;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

#[divan::bench(args = [10, 100, 1000])]
fn parse(bencher: Bencher, entries: usize) {
    let text = document(entries);
    bencher.counter(BytesCount::of_str(&text)).bench(|| yaml::parse(black_box(text.as_bytes())));
}

#[divan::bench(args = [10, 100, 1000])]
fn write(bencher: Bencher, entries: usize) {
    let text = document(entries);
    let value = yaml::parse(text.as_bytes()).expect("the generated document is YAML");
    bencher.counter(BytesCount::of_str(&text)).bench(|| yaml::write(black_box(&value)));
}

#[divan::bench(args = [10, 100, 1000])]
fn write_pretty(bencher: Bencher, entries: usize) {
    let text = document(entries);
    let value = yaml::parse(text.as_bytes()).expect("the generated document is YAML");
    bencher.counter(BytesCount::of_str(&text)).bench(|| yaml::write_pretty(black_box(&value)));
}
