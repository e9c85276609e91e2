//! A constraint and a version, apart by a newline.
#![no_main]

use chartcore::version::{Constraint, Version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    let (constraint, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or(b"1.2.3"));
    let version = Version::parse(version);
    if let Ok(version) = &version {
        // What is printed is read back as the same version.
        let again = Version::parse(version.to_string()).expect("a printed version is a version");
        assert_eq!(again.to_string(), version.to_string());
    }
    if let (Ok(constraint), Ok(version)) = (Constraint::parse(constraint), version) {
        let allowed = constraint.check(&version);
        assert_eq!(allowed, constraint.validate(&version).is_ok());
    }
});
