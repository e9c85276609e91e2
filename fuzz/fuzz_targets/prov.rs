//! Any bytes as a provenance file, and as a keyring: refused or read, in bounded memory.
#![no_main]

use std::sync::LazyLock;

use chartcore::Compat;
use chartcore::archive::provenance::Keyring;
use chartcore::archive::sha256;
use libfuzzer_sys::fuzz_target;

static RING: LazyLock<Keyring> = LazyLock::new(|| {
    let bytes = include_bytes!("../../fixtures/provenance/rings/public.gpg");
    Keyring::from_bytes("public.gpg", bytes).expect("the fixture is a keyring")
});

fuzz_target!(|bytes: &[u8]| {
    let digest = sha256(b"archive");
    for compat in [Compat::Helm3, Compat::Helm4] {
        let _ = RING.verify(digest, "signed-0.1.0.tgz", bytes, compat, 2_000_000_000);
    }
    if let Ok(ring) = Keyring::from_bytes("ring", bytes)
        && let Ok(mut key) = ring.signing_key("chart.test")
    {
        let _ = key.unlock(b"open sesame");
    }
});
