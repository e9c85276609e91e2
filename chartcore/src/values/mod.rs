//! Overrides and defaults to the one tree templates see.

mod coalesce;
mod enable;
mod import;
mod json;
mod print;
mod schema;
mod setter;
#[cfg(test)]
mod tests;
