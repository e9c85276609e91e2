//! Signing and verifying against what Helm 3.22.0 and 4.3.1 say.
//!
//! fixtures/provenance was written by fixtures/provenance/make.py, which runs gpg and both Helms.
#![cfg(feature = "provenance")]

use std::fs;
use std::path::{Path, PathBuf};

use chartcore::archive::provenance::{EXTENSION, Keyring, provenance_path, verify_file};
use chartcore::archive::sha256;
use chartcore::error::ErrorKind;
use chartcore::{Compat, Result};
use serde_json::Value;

/// After everything in the fixtures was made, but for what is from the future.
const NOW: u64 = 2_000_000_000;

const NAME: &str = "signed-0.1.0.tgz";

/// Where we differ on purpose: the case, what we say (nothing when we accept), why.
const DIFFERENCES: [(&str, &str, &str); 14] = [
    (
        "text-deep",
        "error converting YAML to JSON: yaml: line 1: exceeded max depth of 500",
        "our YAML is bounded earlier",
    ),
    ("packet-length-huge", "unexpected EOF", "Helm never looks whether a packet is whole"),
    ("packet-length-partial", "unexpected EOF", "as above"),
    (
        "packet-subpackets-huge",
        "openpgp: invalid data: malformed signature packet",
        "one text for all damage",
    ),
    ("packet-subpacket-zero", "openpgp: invalid data: malformed signature packet", "as above"),
    ("packet-embedded-deep", "openpgp: invalid data: malformed signature packet", "as above"),
    ("ring-ones", "failed to load keyring: unexpected EOF", "Helm never looks whether a packet is whole"),
    (
        "ring-huge-modulus",
        "failed to load keyring: openpgp: invalid data: malformed key packet",
        "one text for all damage",
    ),
    (
        "ring-tiny-modulus",
        "failed to load keyring: openpgp: invalid data: first packet was not a public/private key",
        "a key too small to be trusted is left out before it is read",
    ),
    (
        "ring-length-huge",
        "failed to load keyring: unexpected EOF",
        "Helm never looks whether a packet is whole",
    ),
    ("ring-partial", "failed to load keyring: unexpected EOF", "as above"),
    ("ring-literal-first", "", "Helm reads on inside a message; we read on after it"),
    (
        "ring-nested-compressed",
        "failed to load keyring: openpgp: invalid data: first packet was not a public/private key",
        "nothing compressed is unpacked",
    ),
    (
        "text-alias-bomb",
        "error converting YAML to JSON: yaml: document contains excessive aliasing",
        "Helm 3 stops at the metadata",
    ),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/provenance").canonicalize().unwrap()
}

fn read(name: &str) -> Vec<u8> {
    fs::read(fixtures().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn cases() -> Vec<Value> {
    let text = fs::read_to_string(fixtures().join("expected.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ring(name: &str) -> Keyring {
    Keyring::read(&fixtures().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn verify(case: &Value, compat: Compat) -> Result<String> {
    let archive = read(case["archive"].as_str().unwrap());
    let prov = read(case["prov"].as_str().unwrap());
    let ring = Keyring::read(&fixtures().join(case["ring"].as_str().unwrap()))
        .map_err(|error| error.prefixed("failed to load keyring: "))?;
    Ok(ring.verify(sha256(&archive), NAME, &prov, compat, NOW)?.to_string())
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn verdicts_are_helms() {
    let cases = cases();
    assert!(cases.len() >= 180, "the table has shrunk");
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        for (profile, compat) in [("helm3", Compat::Helm3), ("helm4", Compat::Helm4)] {
            // Helm 3 reads binary rings only; we read all kinds in both profiles.
            let is_binary =
                |ring: &str| !(ring.ends_with(".asc") || ring.contains("kbx") || ring.contains("armor"));
            let helm = match case["ring"].as_str().unwrap() {
                ring if is_binary(ring) => &case[profile],
                _ => &case["helm4"],
            };
            let ours = verify(case, compat).map_err(|error| {
                assert!(
                    matches!(error.kind(), ErrorKind::Signature | ErrorKind::NotFound | ErrorKind::Chart),
                    "{error:?}"
                );
                error.message().replace(fixtures().to_str().unwrap(), "$DIR")
            });
            let helm_error = helm["error"].as_str().map(|text| text.lines().next().unwrap_or_default());
            let known = DIFFERENCES.iter().find(|difference| difference.0 == name);
            let is_right = match (&ours, known) {
                (Ok(_), Some((_, ours, _))) => ours.is_empty(),
                (Err(error), Some((_, ours, _))) => error == ours || Some(error.as_str()) == helm_error,
                // The order of a key's names is left to chance by Helm.
                (Ok(said), None) => helm["ok"].as_str().is_some_and(|helm| sorted(helm) == sorted(said)),
                (Err(error), None) => Some(error.as_str()) == helm_error,
            };
            if !is_right {
                wrong.push(format!("{name}: {ours:?}\n  {profile} {helm}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn differences_are_differences() {
    let cases = cases();
    for (name, ours, _) in DIFFERENCES {
        let case = cases.iter().find(|case| case["name"] == name).unwrap_or_else(|| panic!("{name}"));
        let is_other = |profile: &str| match case[profile]["error"].as_str() {
            Some(helm) => helm != ours,
            None => !ours.is_empty(),
        };
        assert!(is_other("helm3") || is_other("helm4"), "{name} differs no more");
    }
}

#[test]
fn files_on_disk_are_looked_at_in_helms_order() {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("provenance");
    let _ = fs::remove_dir_all(&scratch);
    fs::create_dir_all(&scratch).unwrap();
    let (archive, ring) = (scratch.join(NAME), fixtures().join("rings/public.gpg"));
    let said = |path: &Path, ring: &Path| match verify_file(path, ring, Compat::Helm4, NOW) {
        Ok(verified) => verified.to_string(),
        Err(error) => error.message().replace(scratch.to_str().unwrap(), "$DIR"),
    };
    assert_eq!(said(&archive, &ring), format!("stat $DIR/{NAME}: no such file or directory"));
    assert_eq!(said(&scratch, &ring), "unpacked charts cannot be verified");
    fs::write(scratch.join("a.txt"), "x").unwrap();
    assert_eq!(said(&scratch.join("a.txt"), &ring), "chart must be a tgz file");
    fs::copy(fixtures().join("files").join(NAME), &archive).unwrap();
    let missing = format!(
        "could not load provenance file $DIR/{NAME}.prov: stat $DIR/{NAME}.prov: no such file or directory"
    );
    assert_eq!(said(&archive, &ring), missing);
    fs::copy(fixtures().join("files/gpg-rsa.prov"), provenance_path(&archive)).unwrap();
    let nowhere = scratch.join("ring");
    assert_eq!(said(&archive, &nowhere), "failed to load keyring: open $DIR/ring: no such file or directory");
    assert!(said(&archive, &ring).starts_with("Signed by: Test Key RSA"));
    let upper = scratch.join("signed-0.1.0.TGZ");
    fs::copy(&archive, &upper).unwrap();
    fs::copy(provenance_path(&archive), format!("{}{EXTENSION}", upper.display())).unwrap();
    assert_eq!(
        said(&upper, &ring),
        "provenance does not contain a SHA for a file named \"signed-0.1.0.TGZ\""
    );
    fs::write(&archive, "changed").unwrap();
    assert!(said(&archive, &ring).starts_with("sha256 sum does not match for signed-0.1.0.tgz: \"sha256:"));
}

#[test]
fn what_is_signed_here_is_what_helm_signs() {
    let archive = read("files/signed-0.1.0.tgz");
    for (key, file, digest) in [
        ("rsa@chart.test", "rsa", ""),
        ("ed25519@chart.test", "ed25519", ""),
        ("p256@chart.test", "p256", ""),
        ("names@chart.test", "names", ""),
    ] {
        let signing = ring("rings/secret.gpg").signing_key(key).unwrap();
        assert!(!signing.is_locked());
        let made = signing.sign(&archive, NAME, Compat::Helm4, 1_710_000_000).unwrap();
        let again = signing.sign(&archive, NAME, Compat::Helm3, 1_710_000_000).unwrap();
        assert_eq!(made, again, "{key}");
        let text = |prov: &str| prov.split("-----BEGIN PGP SIGNATURE").next().unwrap().to_string();
        let helm = String::from_utf8(read(&format!("files/helm4-{file}.prov"))).unwrap();
        assert_eq!(text(&made), text(&helm), "{key}");
        assert_eq!(made.ends_with('\n'), helm.ends_with('\n'));
        let verified = ring("rings/public.gpg")
            .verify(sha256(&archive), NAME, made.as_bytes(), Compat::Helm4, NOW)
            .unwrap();
        assert_eq!(verified.fingerprint, signing.fingerprint());
        assert_eq!(verified.digest, sha256(&archive));
        // Early clocks do not make signatures older than their keys.
        let early = signing.sign(&archive, NAME, Compat::Helm4, 5).unwrap();
        let at = |now| {
            ring("rings/public.gpg").verify(sha256(&archive), NAME, early.as_bytes(), Compat::Helm4, now)
        };
        assert!(at(1_704_000_000).is_err());
        assert!(at(1_705_400_000).is_ok());
        if !digest.is_empty() {
            assert_eq!(sha256(made.as_bytes()).to_string(), digest, "{key}");
        }
    }
}

#[test]
fn keys_are_chosen_as_helm_chooses_them() {
    let exact = "Test Key RSA (not a real key) <rsa@chart.test>";
    for (file, key, wanted) in [
        ("secret.gpg", exact, Ok(exact)),
        ("secret.gpg", "rsa@chart.test", Ok(exact)),
        ("secret.gpg", "Test Key RSA", Ok(exact)),
        ("secret.asc", "RSA", Ok(exact)),
        ("secret.gpg", "RSA ", Ok(exact)),
        ("secret.gpg", "chart.test", Err("more than one key contain the id \"chart.test\"")),
        // Two names of one key are two as well.
        ("secret-names.gpg", "Names", Err("more than one key contain the id \"Names\"")),
        ("secret-names.gpg", "other@", Ok("Test Key Other Names (not a real key) <other@chart.test>")),
        ("secret.gpg", "nobody", Err("private key not found")),
        ("secret.gpg", "test key rsa", Err("private key not found")),
        (
            "public.gpg",
            "rsa@chart.test",
            Err("provided key is not a private key. Try providing a keyring with secret keys"),
        ),
        (
            "pubring.kbx",
            "rsa@chart.test",
            Err("provided key is not a private key. Try providing a keyring with secret keys"),
        ),
    ] {
        let chosen = ring(&format!("rings/{file}")).signing_key(key);
        let chosen = chosen.as_ref().map(|key| key.name()).map_err(|error| error.message());
        assert_eq!(chosen, wanted, "{file}: {key}");
    }
}

#[test]
fn locked_keys_want_their_passphrase() {
    let archive = read("files/signed-0.1.0.tgz");
    let mut key = ring("rings/secret-locked.gpg").signing_key("locked").unwrap();
    assert!(key.is_locked());
    let refused = key.sign(&archive, NAME, Compat::Helm4, 1_710_000_000).unwrap_err();
    assert!(refused.message().starts_with("openpgp: invalid argument: signing key "), "{refused}");
    let wrong = key.unlock(b"open barley").unwrap_err();
    assert_eq!(wrong.message(), "openpgp: invalid data: private key checksum failure");
    assert_eq!(wrong.kind(), ErrorKind::Signature);
    key.unlock(b"open sesame").unwrap();
    let made = key.sign(&archive, NAME, Compat::Helm4, 1_710_000_000).unwrap();
    assert!(
        ring("rings/public.gpg").verify(sha256(&archive), NAME, made.as_bytes(), Compat::Helm3, NOW).is_ok()
    );
    // The secret half of this one was left at home.
    let stub = ring("rings/secret-stub.gpg").signing_key("subkey").unwrap();
    assert!(!stub.is_locked());
    let refused = stub.sign(&archive, NAME, Compat::Helm4, 1_710_000_000).unwrap_err();
    let message = "failed to either sign or armor message block: openpgp: s2k GNU dummy key: dummy key found";
    assert_eq!(refused.message(), message);
}

#[test]
fn changed_bytes_never_panic_and_never_verify() {
    let archive = sha256(&read("files/signed-0.1.0.tgz"));
    let good = read("files/gpg-ed25519.prov");
    let public = read("rings/public.gpg");
    let ring = ring("rings/public.gpg");
    let name = ring.verify(archive, NAME, &good, Compat::Helm4, NOW).unwrap().signed_by;
    let at = |word: &[u8]| good.windows(word.len()).position(|window| window == word).unwrap();
    let text = at(b"SHA512") + 6..at(b"\n-----BEGIN PGP SIGNATURE");
    for index in 0..good.len() {
        for change in [1, 0x20, 0x80] {
            let mut changed = good.clone();
            changed[index] ^= change;
            // Of the signature a part is only for finding the key.
            if let Ok(verified) = ring.verify(archive, NAME, &changed, Compat::Helm4, NOW) {
                let is_idle = !text.contains(&index) || good[index].is_ascii_whitespace();
                assert!(
                    is_idle && verified.signed_by == name,
                    "byte {index}: {}",
                    String::from_utf8_lossy(&changed)
                );
            }
        }
        let is_whole = good[index..].trim_ascii().is_empty();
        assert_eq!(
            ring.verify(archive, NAME, &good[..index], Compat::Helm4, NOW).is_ok(),
            is_whole,
            "{index}"
        );
    }
    let step = if cfg!(debug_assertions) { 7 } else { 1 };
    for index in (0..public.len()).step_by(step) {
        let mut changed = public.clone();
        changed[index] ^= 0x55;
        let _ = Keyring::from_bytes("ring", &changed);
        let _ = Keyring::from_bytes("ring", &public[..index]);
    }
}
