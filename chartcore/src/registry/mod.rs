//! OCI registries: names of artifacts, what a chart is there, who we are there, pushing and pulling.
//!
//! ```no_run
//! use chartcore::registry::{Logins, Reference, Registry};
//! use chartcore::transport::{Client, ClientOptions};
//!
//! let registry = Registry::new(Client::new(&ClientOptions::default())?, Logins::new());
//! let reference = Reference::parse("oci://ghcr.io/llm-d/charts/web")?;
//! let newest = registry.resolve(&reference, "", chartcore::Compat::Helm4)?;
//! let archive = registry.archive(&registry.look_up(&newest)?)?;
//! # Ok::<(), chartcore::Error>(())
//! ```

mod access;
mod artifact;
mod challenge;
mod client;
mod images;
mod logins;
mod pull;
mod push;
mod reference;
mod tags;

pub use artifact::{
    Artifact, CHART_LIMIT, CHART_MEDIA_TYPE, CONFIG_MEDIA_TYPE, CREATED_ANNOTATION, ChartBlobs, Config,
    Descriptor, INDEX_MEDIA_TYPE, LEGACY_CHART_MEDIA_TYPE, MANIFEST_LIMIT, MANIFEST_MEDIA_TYPE, Manifest,
    PROVENANCE_LIMIT, PROVENANCE_MEDIA_TYPE, REVISION_ANNOTATION, SOURCE_ANNOTATION,
};
pub use client::{Fetched, Registry};
pub use images::Image;
pub use logins::{Login, Logins};
pub use pull::Remote;
pub(crate) use push::already_exists;
pub use push::{Pushed, PushedNew};
pub use reference::{Reference, SCHEME};
pub use tags::{builds_of, choose, versions};
