//! Real servers for tests, on free loopback ports, gone when dropped.
//!
//! * [`Registry`]: Debian's docker-registry, plain, with TLS, with htpasswd.
//! * [`FileServer`]: a folder over HTTP/1.1 with ETag, ranges, credentials and TLS.
//! * [`FaultServer`]: a reverse and forward proxy that breaks requests by a script and keeps what it saw.
//! * [`helm`]: both Helms.
//!
//! Everything here is for tests: what fails, panics or says so in a text for people.

mod certificate;
mod faults;
mod files;
pub mod helm;
mod places;
mod registry;
mod wire;

pub use certificate::{Certificate, Validity};
pub use faults::{Fault, FaultOptions, FaultServer, Rule, TOKEN};
pub use files::{FileOptions, FileServer};
pub use places::reference;
pub use registry::{Registry, RegistryOptions, program as registry_program};
pub use wire::Seen;
