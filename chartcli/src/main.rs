//! The `chart` command: Helm's words and flags over `chartcore`.

mod cli;
mod commands;
mod flags;
mod network;
mod output;
mod report;
mod settings;

use std::process::ExitCode;

// Without huge pages (its feature `no_thp`): touching two megabytes for a small chart costs more than they save.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(cli::run(std::env::args_os().collect()))
}
