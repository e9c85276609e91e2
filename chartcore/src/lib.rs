//! Helm-compatible charts, in process.

pub mod archive;
pub mod chart;
pub mod data;
pub mod dependency;
pub mod diag;
pub mod error;
pub mod files;
pub mod lint;
pub mod manifest;
mod quote;
pub mod regex;
pub mod render;
pub mod template;
pub mod values;
pub mod version;

pub use chart::Chart;
pub use error::{Error, ErrorKind, Result};

/// Whose behaviour to reproduce where Helm 3 and Helm 4 differ.
///
/// `Helm3` is Helm 3.22.0, `Helm4` is Helm 4.3.1. The differences are listed in COMPATIBILITY.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compat {
    /// Helm 3.22.0.
    Helm3,
    /// Helm 4.3.1.
    #[default]
    Helm4,
}
