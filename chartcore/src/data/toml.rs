//! TOML as Go reads and writes it.
