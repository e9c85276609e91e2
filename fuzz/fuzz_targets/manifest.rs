//! Any bytes as a manifest, as a chart's configuration and as a challenge's answer: refused, or blobs within limits.
#![no_main]

use chartcore::registry::{CHART_LIMIT, Config, MANIFEST_LIMIT, Manifest, PROVENANCE_LIMIT};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for kind in [None, Some("application/vnd.oci.image.manifest.v1+json"), Some("application/vnd.oci.image.index.v1+json")] {
        let Ok(manifest) = Manifest::parse(bytes, kind) else { continue };
        let Ok(blobs) = manifest.chart() else { continue };
        assert!(blobs.config.size <= MANIFEST_LIMIT && blobs.chart.size <= CHART_LIMIT);
        assert!(blobs.provenance.is_none_or(|blob| blob.size <= PROVENANCE_LIMIT));
        for blob in [Some(blobs.config), Some(blobs.chart), blobs.provenance].into_iter().flatten() {
            let digits = blob.digest.strip_prefix("sha256:").expect("sha256 only");
            assert!(digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        }
    }
    let _ = Config::parse(bytes);
});
