//! The `chart` command.

fn main() {}
