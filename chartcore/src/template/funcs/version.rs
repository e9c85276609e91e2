//! `semver`, `semverCompare`.

use crate::template::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
