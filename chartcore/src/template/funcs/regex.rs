//! Regular expressions. Sprig: regex.go.

use std::collections::HashMap;
use std::rc::Rc;

use super::{arguments, limits};
use crate::data::Str;
use crate::quote::back_quoted;
use crate::regex::{self, Regex};
use crate::template::{Any, Element, Fault, Function, List, Scope, Type};

const TWO: &[Type] = &[Type::String, Type::String];
const THREE: &[Type] = &[Type::String, Type::String, Type::String];
const TWO_AND_LIMIT: &[Type] = &[Type::String, Type::String, Type::Int];

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("mustRegexFind", TWO, |scope, arguments| find(compiled(scope, arguments)?, arguments)),
    Function::new("mustRegexFindAll", TWO_AND_LIMIT, |scope, arguments| {
        find_all(compiled(scope, arguments)?, arguments)
    }),
    Function::new("mustRegexMatch", TWO, |scope, arguments| {
        let regex = compiled(scope, arguments)?;
        Ok(Any::Bool(regex.is_match(arguments::text(arguments, 1))))
    }),
    Function::new("mustRegexReplaceAll", THREE, |scope, arguments| {
        replace_all(compiled(scope, arguments)?, arguments)
    }),
    Function::new("mustRegexReplaceAllLiteral", THREE, |scope, arguments| {
        replace_all_literal(compiled(scope, arguments)?, arguments)
    }),
    Function::new("mustRegexSplit", TWO_AND_LIMIT, |scope, arguments| {
        split(compiled(scope, arguments)?, arguments)
    }),
    Function::new("regexFind", TWO, |scope, arguments| find(known_good(scope, arguments)?, arguments)),
    Function::new("regexFindAll", TWO_AND_LIMIT, |scope, arguments| {
        find_all(known_good(scope, arguments)?, arguments)
    }),
    Function::new("regexMatch", TWO, |scope, arguments| {
        let regex = compiled(scope, arguments);
        Ok(Any::Bool(regex.is_ok_and(|regex| regex.is_match(arguments::text(arguments, 1)))))
    }),
    Function::new("regexQuoteMeta", &[Type::String], |_, arguments| {
        Ok(Any::Str(regex::quote_meta(arguments::text(arguments, 0)).into()))
    }),
    Function::new("regexReplaceAll", THREE, |scope, arguments| {
        replace_all(known_good(scope, arguments)?, arguments)
    }),
    Function::new("regexReplaceAllLiteral", THREE, |scope, arguments| {
        replace_all_literal(known_good(scope, arguments)?, arguments)
    }),
    Function::new("regexSplit", TWO_AND_LIMIT, |scope, arguments| {
        split(known_good(scope, arguments)?, arguments)
    }),
];

/// The expressions of a render, compiled.
#[derive(Default)]
struct Compiled {
    regexes: HashMap<Str, Rc<Regex>>,
    memory: usize,
}

impl Compiled {
    /// How much memory all of them may take, roughly, before the cache starts anew.
    const MEMORY_LIMIT: usize = 64 << 20;
}

/// The expression that is the first argument.
fn compiled(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Rc<Regex>, Fault> {
    let pattern = arguments::text(arguments, 0);
    let cache: &mut Compiled = scope.memo.of();
    if let Some(regex) = cache.regexes.get(pattern) {
        return Ok(Rc::clone(regex));
    }
    let regex = Rc::new(Regex::new(pattern).map_err(|error| Fault::new(error.message().to_owned()))?);
    cache.memory += regex.memory_usage() + pattern.len();
    if cache.memory > Compiled::MEMORY_LIMIT {
        *cache = Compiled::default();
    }
    cache.regexes.insert(pattern.clone(), Rc::clone(&regex));
    Ok(regex)
}

/// As [`compiled`], with the text Go panics with where Sprig takes the expression to be good.
fn known_good(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Rc<Regex>, Fault> {
    compiled(scope, arguments).map_err(|fault| {
        let pattern = back_quoted(arguments::text(arguments, 0));
        Fault::new(format!("regexp: Compile({pattern}): {}", fault.text()))
    })
}

fn find(regex: Rc<Regex>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = arguments::text(arguments, 1);
    Ok(Any::str(regex.find(text).map_or(&b""[..], |range| &text[range])))
}

/// How many matches the third argument wants; `None` for all.
fn limit(arguments: &[Any]) -> Option<usize> {
    usize::try_from(arguments::int(arguments, 2)).ok()
}

/// What to ask for to find out whether there is more than a list may hold.
fn bounded(limit: Option<usize>) -> Option<usize> {
    Some(limit.map_or(limits::ITEMS + 1, |limit| limit.min(limits::ITEMS + 1)))
}

fn find_all(regex: Rc<Regex>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = arguments::text(arguments, 1);
    let found = regex.find_all(text, bounded(limit(arguments)));
    limits::check_items(found.len())?;
    if found.is_empty() {
        return Ok(Any::List(List::nil(Element::String)));
    }
    Ok(Any::List(List::strings(found.into_iter().map(|range| Str::new(&text[range])))))
}

fn replace_all(regex: Rc<Regex>, arguments: &[Any]) -> Result<Any, Fault> {
    let (text, template) = (arguments::text(arguments, 1), arguments::text(arguments, 2));
    replaced(regex.replace_all_within(text, template, limits::TEXT))
}

fn replace_all_literal(regex: Rc<Regex>, arguments: &[Any]) -> Result<Any, Fault> {
    let (text, replacement) = (arguments::text(arguments, 1), arguments::text(arguments, 2));
    replaced(regex.replace_all_literal_within(text, replacement, limits::TEXT))
}

fn replaced(text: Option<Vec<u8>>) -> Result<Any, Fault> {
    match text {
        Some(text) => Ok(Any::Str(text.into())),
        None => Err(limits::text_too_long()),
    }
}

fn split(regex: Rc<Regex>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = arguments::text(arguments, 1);
    let limit = limit(arguments);
    if limit == Some(0) {
        return Ok(Any::List(List::nil(Element::String)));
    }
    let pieces = regex.split(text, bounded(limit));
    limits::check_items(pieces.len())?;
    Ok(Any::List(List::strings(pieces.into_iter().map(Str::new))))
}
