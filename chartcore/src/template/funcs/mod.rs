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
mod reflected;
mod regex;
mod strings;
mod text;
mod version;

use std::sync::OnceLock;

use super::Function;
use super::associate::NameMap;
use crate::Compat;

pub(super) use builtin::{fault_of_call, length};
pub(super) use date::duration_method;

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

/// What Helm 3 does not have.
const SINCE_HELM4: &[&str] = &[
    "durationDays",
    "durationHours",
    "durationMicroseconds",
    "durationMilliseconds",
    "durationMinutes",
    "durationNanoseconds",
    "durationRoundTo",
    "durationSeconds",
    "durationTruncateTo",
    "durationWeeks",
    "mustToDuration",
    "mustToToml",
    "mustToYaml",
];

/// All functions.
pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// All functions of a profile, in no order that means anything.
pub fn functions(compat: Compat) -> impl Iterator<Item = &'static Function> {
    all().filter(move |function| compat == Compat::Helm4 || !SINCE_HELM4.contains(&function.name))
}

/// Which functions a template may call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Vocabulary {
    /// Those of text/template alone.
    Go,
    /// Those and Sprig's and Helm's.
    Helm(Compat),
}

impl Vocabulary {
    /// The function of that name.
    pub(super) fn find(self, name: &[u8]) -> Option<&'static Function> {
        match self {
            Self::Helm(compat) => find(name, compat),
            Self::Go if name == builtin::SLICE.name.as_bytes() => Some(&builtin::SLICE),
            Self::Go => builtin::FUNCTIONS.iter().find(|function| function.name.as_bytes() == name),
        }
    }
}

/// The function of that name.
fn find(name: &[u8], compat: Compat) -> Option<&'static Function> {
    static TABLES: [OnceLock<NameMap<&'static [u8], &'static Function>>; 2] =
        [OnceLock::new(), OnceLock::new()];
    let table = match compat {
        Compat::Helm3 => &TABLES[0],
        Compat::Helm4 => &TABLES[1],
    };
    table
        .get_or_init(|| functions(compat).map(|function| (function.name.as_bytes(), function)).collect())
        .get(name)
        .copied()
}
