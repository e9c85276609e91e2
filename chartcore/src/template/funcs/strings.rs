//! Text: case, trimming, quoting, wrapping.

use crate::template::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
