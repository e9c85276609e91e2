//! The Go template language, with Helm's functions. Knows nothing of charts.
//!
//! Sources are parsed once ([`parse`]) and executed many times.

mod any;
pub(crate) mod funcs;
mod function;
mod host;
pub mod print;

pub use any::{Any, Element, List, Map, MapType, Method, Object};
pub use function::{Fault, Function, Scope, Type};
pub use host::Host;
