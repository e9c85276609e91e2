//! Types and kinds, `default` and friends.

use crate::template::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
