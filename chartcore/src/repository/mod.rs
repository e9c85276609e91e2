//! Chart repositories over HTTP: index.yaml, repositories.yaml, searching.
//!
//! [`Index`] reads an index of any size in one pass; [`write`] makes one; [`Repositories`] is Helm's own list of
//! repositories, shared with it; [`search`] is what `search repo` does.

mod index;
mod tree;
mod url;

pub use index::{Index, LARGEST_INDEX, Record, Warnings, choose, is_range};
