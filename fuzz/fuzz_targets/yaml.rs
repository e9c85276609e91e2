//! Any bytes as YAML; what is read, written, and read again is the same value.
#![no_main]

use chartcore::data::yaml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let _ = yaml::parse_documents(text);
    let Ok(value) = yaml::parse(text) else { return };
    for written in [yaml::write(&value).ok(), yaml::write_pretty(&value).ok()].into_iter().flatten() {
        // The writers may refuse a text, and go-yaml's own writing is not always read back alike; but it
        // is always read, or refused, without a crash.
        let _ = yaml::parse(&written);
    }
});
