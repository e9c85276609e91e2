//! Values as they lie in files: what YAML, JSON, TOML, `--set` and serde make.
//!
//! [`Value`] is immutable and cheap to clone, `Send` and `Sync`. Templates work on
//! [`crate::template::Any`], which is what Go's `interface{}` is: typed, shared and mutable.

pub mod json;
pub mod jsonpath;
pub mod number;
mod serde;
pub(crate) mod stream;
mod text;
pub mod toml;
mod value;
pub mod yaml;

pub use serde::SerializeError;
pub use text::Str;
pub use value::{Map, Value};
