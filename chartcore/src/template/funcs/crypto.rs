//! Keys, certificates, password hashes, AES.

use crate::template::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
