//! `toYaml`, `toJson`, `toToml` and their `from*`.

use crate::template::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
