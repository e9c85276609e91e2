//! Base64, base32, checksums.

use crate::template::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
