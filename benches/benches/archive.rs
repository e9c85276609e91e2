//! Charts to archives, and back.

use benches::{fixture, generated};
use chartcore::archive::{PackOptions, content_digest_of_archive, pack, sha256};
use chartcore::chart::{LoadOptions, load_archive};
use chartcore::{Chart, Compat};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

fn packed(chart: &Chart) -> Vec<u8> {
    pack(chart, &PackOptions::new()).expect("the chart packs").into_bytes()
}

/// From the folder to the bytes, as `chart package` does it.
#[divan::bench]
fn load_and_pack() -> Vec<u8> {
    packed(&fixture("serving-stack").expect("the fixture loads"))
}

#[divan::bench(args = [10, 100, 1000])]
fn pack_templates(bencher: Bencher, templates: usize) {
    let chart = generated(templates, 100).expect("the generated chart loads");
    let bytes: usize = chart.raw().iter().map(|file| file.data().len()).sum();
    bencher.counter(BytesCount::new(bytes)).bench(|| packed(black_box(&chart)));
}

#[divan::bench(args = [10, 100, 1000])]
fn unpack_templates(bencher: Bencher, templates: usize) {
    let archive = packed(&generated(templates, 100).expect("the generated chart loads"));
    let options = LoadOptions::new(Compat::Helm4);
    bencher.counter(BytesCount::of_slice(&archive)).bench(|| load_archive(black_box(&archive), &options));
}

#[divan::bench]
fn digest_of_an_archive(bencher: Bencher) {
    let archive = packed(&generated(100, 100).expect("the generated chart loads"));
    bencher
        .counter(BytesCount::of_slice(&archive))
        .bench(|| (sha256(black_box(&archive)), content_digest_of_archive(&archive[..], Compat::Helm4)));
}
