//! Any bytes as a template over fixed data: an error or a text, within the limits.
#![no_main]

use chartcore::Compat;
use chartcore::data::yaml;
use chartcore::template::{self, Any, Limits, SealedHost, Templates};
use libfuzzer_sys::fuzz_target;

const DATA: &[u8] = b"s: text\nn: 3\nf: 1.5\nt: true\nnil: null\nl: [a, b, c]\nm: {a: 1, b: {c: deep}}\nlm: [{name: x}, {name: y}]\n";

fuzz_target!(|source: &[u8]| {
    for compat in [Compat::Helm3, Compat::Helm4] {
        let Ok(parsed) = template::parse(source, compat) else { continue };
        let mut templates = Templates::new(compat);
        templates.add("t", parsed);
        let data = Any::from(&yaml::parse(DATA).expect("the data are YAML"));
        let limits = Limits { steps: 100_000, output: 1 << 20, produced: 16 << 20 };
        let host = SealedHost::new("seed");
        let mut out = Vec::new();
        if let Err(error) = templates.executor(&host, limits).execute("t", &data, &mut out) {
            let _ = error.helm_text(compat);
        }
    }
});
