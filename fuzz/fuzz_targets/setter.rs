//! The five `--set` families. The first byte chooses, the rest is the flag's text.
#![no_main]

use chartcore::Compat;
use chartcore::values::{Overrides, Setter, ValuesSource};
use libfuzzer_sys::fuzz_target;

#[derive(Debug)]
struct NoFiles;

impl ValuesSource for NoFiles {
    fn read(&self, name: &str) -> chartcore::Result<Vec<u8>> {
        Ok(name.as_bytes().to_vec())
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, text)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let setter = match choice % 5 {
        0 => Setter::Typed,
        1 => Setter::Text,
        2 => Setter::Json,
        3 => Setter::File,
        _ => Setter::Literal,
    };
    for compat in [Compat::Helm3, Compat::Helm4] {
        let overrides = Overrides::with_source(NoFiles).with_setter(Setter::Typed, "a.b=1,list[1]=x").with_setter(setter, &text);
        let _ = overrides.resolve(compat);
    }
});
