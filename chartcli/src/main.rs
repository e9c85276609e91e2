//! The `chart` command: Helm's words and flags over `chartcore`.

mod cli;
mod commands;
mod flags;
mod network;
mod output;
mod report;
mod settings;

use std::process::ExitCode;

// A render is short: glibc's and macOS' allocators touch the least memory for it. The others are slow.
#[cfg(any(target_env = "musl", windows))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(cli::run(std::env::args_os().collect()))
}
