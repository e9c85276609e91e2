//! Any text as a reference and as an image: refused, or a name that is safe in a path and reads back as itself.
#![no_main]

use chartcore::registry::{Image, Reference};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(reference) = Reference::parse(text) {
        let printed = reference.to_string();
        let again = Reference::parse(&printed).expect("a printed reference is a reference");
        assert_eq!(again.to_string(), printed);
        for part in reference.repository().split('/') {
            assert!(!part.is_empty() && part != "." && part != "..");
        }
        assert!(!reference.name().contains(['/', '\\', '\0']));
        let safe = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
        assert!(reference.tag().is_none_or(|tag| tag.chars().all(safe)));
    }
    if let Ok(image) = Image::parse(text) {
        assert_eq!(image.is_pinned(), image.reference().digest().is_some() || image.reference().tag().is_some_and(|tag| tag != "latest"));
    }
});
