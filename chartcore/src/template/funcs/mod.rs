//! The functions templates can call: one file per family, one table here.

mod arguments;
mod builtin;
mod cast;
mod crypto;
mod data;
mod date;
mod dicts;
mod encoding;
mod include;
mod limits;
mod lists;
mod math;
mod network;
mod path;
mod random;
mod reflect;
mod regex;
mod strings;
mod text;
mod version;

use super::Function;

/// Every family's functions. Names are unique: where Helm overrides Sprig and Sprig overrides Go, only
/// the winner is listed.
static FAMILIES: &[&[Function]] = &[
    builtin::FUNCTIONS,
    crypto::FUNCTIONS,
    data::FUNCTIONS,
    date::FUNCTIONS,
    dicts::FUNCTIONS,
    encoding::FUNCTIONS,
    include::FUNCTIONS,
    lists::FUNCTIONS,
    math::FUNCTIONS,
    network::FUNCTIONS,
    path::FUNCTIONS,
    random::FUNCTIONS,
    reflect::FUNCTIONS,
    regex::FUNCTIONS,
    strings::FUNCTIONS,
    version::FUNCTIONS,
];

/// All functions.
pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.iter().flat_map(|family| family.iter())
}
