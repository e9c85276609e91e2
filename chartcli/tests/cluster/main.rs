//! Releases on a real control plane, beside both Helms. `cargo xtask cluster test` runs this; plain `cargo test`
//! does not even build it, because it needs a running API server.

#![expect(clippy::print_stdout, reason = "a check that cannot be made here says so")]

mod beside;
mod dry_runs;
mod failures;
mod interoperation;
mod rows;
mod space;
mod words;
