//! Any bytes as a chart archive: refused, or a chart, in bounded memory.
#![no_main]

use chartcore::Compat;
use chartcore::chart::{LoadOptions, load_archive};
use chartcore::files::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for compat in [Compat::Helm3, Compat::Helm4] {
        let limits = Limits { archive_bytes: 16 << 20, ..Limits::for_compat(compat) };
        let _ = load_archive(bytes, &LoadOptions::new(compat).limits(limits));
    }
});
