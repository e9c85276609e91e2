//! Helm-compatible charts, in process.

pub mod archive;
#[cfg(feature = "transport")]
pub mod cache;
pub mod chart;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod data;
pub mod dependency;
pub mod diag;
pub mod error;
pub mod files;
pub mod helmfile;
#[cfg(feature = "jinja")]
pub mod jinja;
pub mod lint;
pub mod manifest;
#[cfg(feature = "registry")]
pub mod publish;
mod quote;
pub mod regex;
#[cfg(feature = "registry")]
pub mod registry;
#[cfg(feature = "cluster")]
pub mod release;
pub mod render;
#[cfg(feature = "repository")]
pub mod repository;
pub mod sweep;
pub mod template;
#[cfg(feature = "transport")]
pub mod transport;
mod unicode;
pub mod values;
#[cfg(all(feature = "repository", feature = "registry"))]
pub mod vendor;
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
