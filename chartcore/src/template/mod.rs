//! The Go template language, with Helm's functions. Knows nothing of charts.
//!
//! Sources are parsed once ([`parse`]), associated under names ([`Templates`]), and executed many times
//! ([`Templates::executor`]).
//!
//! ```
//! use chartcore::Compat;
//! use chartcore::template::{self, Any, Limits, Templates};
//! # use chartcore::template::Host;
//! # struct Nowhere;
//! # impl Host for Nowhere {
//! #     fn now(&self) -> (i64, u32) { (0, 0) }
//! #     fn random(&self, _bytes: &mut [u8]) {}
//! # }
//! let parsed = template::parse(b"{{ print 1 2 }}", Compat::Helm4).expect("a template");
//! let mut templates = Templates::new(Compat::Helm4);
//! templates.add("greeting", parsed);
//! let mut out = Vec::new();
//! templates.executor(&Nowhere, Limits::default()).execute("greeting", &Any::Nil, &mut out).expect("text");
//! assert_eq!(out, b"1 2");
//! ```

mod any;
mod associate;
mod ast;
mod call;
mod capacity;
mod code;
mod compile;
mod error;
mod exec;
mod float;
pub(crate) mod format;
pub(crate) mod funcs;
mod function;
mod host;
mod lex;
mod number;
mod parse;
mod paths;
pub mod print;
mod trace;
mod unquote;
mod values_object;
mod walk;
mod world;

pub(crate) use crate::unicode;

pub use any::{Any, Capacity, Element, List, Map, MapType, Method, Object};
pub use associate::Templates;
pub use error::{ExecError, Frame, ParseError};
pub use exec::{Executor, Limits, MissingKey};
pub use funcs::functions;
pub use function::{Body, Fault, Function, Memo, Scope, Type};
pub use host::Host;
pub use parse::{Parsed, parse, parse_plain, parse_shared};
pub use trace::{Origin, Trace};
pub use world::{SealedHost, SystemHost};
