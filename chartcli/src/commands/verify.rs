//! `chart verify`.

use std::path::Path;

use chartcore::archive::provenance;

use super::{Context, Outcome};
use crate::flags::{Flag, Kind};

pub(crate) const FLAGS: &[Flag] =
    &[Flag::new("keyring", Kind::Text("file"), "keyring containing public keys (default GnuPG's)")];

/// Verifies an archive by the provenance file beside it. Helm: pkg/cmd/verify.go.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let settings = context.settings;
    let path = context.given.positionals().remove(0);
    let keyring = context.given.text("keyring").unwrap_or(&settings.keyring);
    let verified =
        provenance::verify_file(Path::new(&path), Path::new(keyring), settings.compat, settings.now)?;
    crate::output::print(verified.to_string().as_bytes());
    Ok(())
}
