//! Any bytes as index.yaml and as repositories.yaml: refused, or read, the same with a tree and without.
#![no_main]

use chartcore::Compat;
use chartcore::repository::{Index, Repositories, Search, SearchOptions, choose};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Repositories::from_yaml(bytes);
    let index = Index::from_bytes(bytes.to_vec(), "fuzz", Compat::Helm4);
    let Ok((names, _)) = index.names() else { return };
    for name in names.iter().take(4) {
        if let Ok((Some(records), _)) = index.versions(name) {
            assert!(records.windows(2).all(|pair| pair[0].parsed >= pair[1].parsed));
            let _ = choose(name, &records, ">=0-0");
        }
    }
    let options = SearchOptions { words: Some("a".to_owned()), all_versions: true, ..SearchOptions::default() };
    if let Ok(mut search) = Search::new(&options) {
        let _ = search.add("fuzz", &index);
        search.finish();
    }
});
