//! Random values.

use crate::template::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
