//! Go's own functions: `and`, `index`, `printf`, comparisons.

use crate::template::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
