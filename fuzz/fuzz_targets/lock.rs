//! Any bytes as Chart.lock: refused, or read, and then written and read again without a difference.
#![no_main]

use chartcore::Compat;
use chartcore::chart::{Lock, Metadata};
use chartcore::dependency::{check_lock_of, digest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for compat in [Compat::Helm3, Compat::Helm4] {
        let Ok(Some(lock)) = Lock::from_yaml(bytes, compat) else { continue };
        let metadata = Metadata { dependencies: lock.dependencies.clone(), lists_dependencies: true, ..Metadata::default() };
        let _ = digest(&metadata, &lock);
        let _ = check_lock_of(&metadata, &metadata, &lock, compat);
        let Ok(text) = lock.to_yaml() else { continue };
        let again = Lock::from_yaml(&text, compat).expect("what is written is read").expect("and is not empty");
        assert_eq!(again.dependencies.len(), lock.dependencies.len());
    }
});
