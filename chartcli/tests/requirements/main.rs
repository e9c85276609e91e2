//! The rows of the requirements that need no cluster, one test each, named by number. What needs a server gets the real
//! one from `components`.
//!
//! What a row expects of Helm's output is in `fixtures/requirements/golden`, written by
//! `fixtures/requirements/write-goldens.py` with both Helms; `said::check` compares all cases of a row with it. The
//! tests then assert what else the row says. Rows about charts of others run on the shared corpus, when it is there.

#![expect(clippy::print_stdout, reason = "a row that cannot be checked here says so")]

mod archive;
mod cli;
mod corpus;
mod dependency;
mod engine;
mod library;
mod lint;
mod load;
mod publish;
mod registry;
mod repository;
mod said;
mod values;
mod world;
