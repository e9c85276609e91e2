//! `include`, `tpl`, `required`, `fail`, `lookup`.

use crate::template::Function;

pub(super) static FUNCTIONS: &[Function] = &[];
