//! Versions. Sprig: semver.go, with Masterminds/semver.

use std::any::Any as Downcast;
use std::cmp::Ordering;

use super::arguments;
use crate::data::Value;
use crate::error::Error;
use crate::template::{Any, Element, Fault, Function, List, Method, Object, Scope, Type};
use crate::version::{Constraint, Version};

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("semver", &[Type::String], |_, arguments| {
        let version = Version::parse(arguments::text(arguments, 0)).map_err(fault)?;
        Ok(Any::object(SemVer { version, is_pointer: true }))
    }),
    Function::new("semverCompare", &[Type::String, Type::String], |_, arguments| {
        let constraint = Constraint::parse(arguments::text(arguments, 0)).map_err(fault)?;
        let version = Version::parse(arguments::text(arguments, 1)).map_err(fault)?;
        Ok(Any::Bool(constraint.check(&version)))
    }),
];

fn fault(error: Error) -> Fault {
    Fault::new(error.message().to_owned())
}

/// `*semver.Version`, or `semver.Version` where a method returned it by value.
#[derive(Debug)]
struct SemVer {
    version: Version,
    is_pointer: bool,
}

/// What copystructure makes of a version: it leaves out the fields Go does not export, which are all of them.
pub(super) fn without_fields(value: &Any) -> Option<Any> {
    let version = value.downcast::<SemVer>()?;
    Some(Any::object(SemVer { version: Version::new(0, 0, 0, "", ""), is_pointer: version.is_pointer }))
}

impl Object for SemVer {
    fn type_name(&self) -> &str {
        if self.is_pointer { "*semver.Version" } else { "semver.Version" }
    }

    fn kind(&self) -> &'static str {
        if self.is_pointer { "ptr" } else { "struct" }
    }

    fn method(&self, name: &[u8]) -> Option<&'static Method> {
        let find = |methods: &'static [Method]| methods.iter().find(|method| method.name.as_bytes() == name);
        find(METHODS).or_else(|| find(POINTER_METHODS).filter(|_| self.is_pointer))
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.version.to_string().as_bytes());
    }

    fn to_value(&self) -> Value {
        Value::String(self.version.to_string().into())
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}

const POINTER: &[Type] = &[Type::Named("*semver.Version")];

/// What both the pointer and the value have.
static METHODS: &[Method] = &[
    method("IncMajor", &[], |_, arguments| by_value(receiver(arguments)?.next_major())),
    method("IncMinor", &[], |_, arguments| by_value(receiver(arguments)?.next_minor())),
    method("IncPatch", &[], |_, arguments| by_value(receiver(arguments)?.next_patch())),
    method("Major", &[], |_, arguments| Ok(Any::Uint64(receiver(arguments)?.major()))),
    method("MarshalJSON", &[], |_, arguments| Ok(bytes(&format!("\"{}\"", receiver(arguments)?)))),
    method("MarshalText", &[], |_, arguments| Ok(bytes(&receiver(arguments)?.to_string()))),
    method("Metadata", &[], |_, arguments| Ok(Any::str(receiver(arguments)?.metadata()))),
    method("Minor", &[], |_, arguments| Ok(Any::Uint64(receiver(arguments)?.minor()))),
    method("Patch", &[], |_, arguments| Ok(Any::Uint64(receiver(arguments)?.patch()))),
    method("Prerelease", &[], |_, arguments| Ok(Any::str(receiver(arguments)?.prerelease()))),
    method("SetMetadata", &[Type::String], |_, arguments| {
        let metadata = arguments::text(arguments, 1).to_text().into_owned();
        by_value(receiver(arguments)?.with_metadata(&metadata))
    }),
    method("SetPrerelease", &[Type::String], |_, arguments| {
        let prerelease = arguments::text(arguments, 1).to_text().into_owned();
        by_value(receiver(arguments)?.with_prerelease(&prerelease))
    }),
    method("String", &[], |_, arguments| Ok(Any::str(receiver(arguments)?.to_string()))),
    method("Value", &[], |_, arguments| Ok(Any::str(receiver(arguments)?.to_string()))),
];

/// What only the pointer has.
static POINTER_METHODS: &[Method] = &[
    method("Compare", POINTER, |_, arguments| {
        Ok(Any::Int(match compare(arguments)? {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }))
    }),
    method("Equal", POINTER, |_, arguments| Ok(Any::Bool(compare(arguments)?.is_eq()))),
    method("GreaterThan", POINTER, |_, arguments| Ok(Any::Bool(compare(arguments)?.is_gt()))),
    method("GreaterThanEqual", POINTER, |_, arguments| Ok(Any::Bool(compare(arguments)?.is_ge()))),
    method("LessThan", POINTER, |_, arguments| Ok(Any::Bool(compare(arguments)?.is_lt()))),
    method("LessThanEqual", POINTER, |_, arguments| Ok(Any::Bool(compare(arguments)?.is_le()))),
    method("Original", &[], |_, arguments| Ok(Any::str(receiver(arguments)?.original()))),
];

const fn method(
    name: &'static str,
    params: &'static [Type],
    call: fn(&mut Scope<'_>, &[Any]) -> Result<Any, Fault>,
) -> Method {
    Method { name, params, variadic: false, call }
}

fn version(arguments: &[Any], index: usize) -> Result<&Version, Fault> {
    let semver: Option<&SemVer> = arguments::any(arguments, index).downcast();
    let missing = || Fault::new("runtime error: invalid memory address or nil pointer dereference");
    semver.map(|semver| &semver.version).ok_or_else(missing)
}

fn receiver(arguments: &[Any]) -> Result<&Version, Fault> {
    version(arguments, 0)
}

fn compare(arguments: &[Any]) -> Result<Ordering, Fault> {
    Ok(receiver(arguments)?.cmp(version(arguments, 1)?))
}

fn by_value(version: Result<Version, Error>) -> Result<Any, Fault> {
    Ok(Any::object(SemVer { version: version.map_err(fault)?, is_pointer: false }))
}

fn bytes(text: &str) -> Any {
    Any::List(List::typed(Element::Byte, text.bytes().map(Any::Uint8).collect()))
}
