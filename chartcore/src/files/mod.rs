//! Named bytes in order: folders, archives, ignore rules, glob patterns.

mod glob;

pub use glob::Glob;
