//! The `--set` family: `a.b[0].c=1,d={x,y}` into a tree.
//!
//! Helm: pkg/strvals/{parser,literal_parser}.go. Five grammars share the paths and differ in what a value is.

use std::sync::Arc;

use super::{json, print};
use crate::Compat;
use crate::data::{Map, Str, Value, number};

/// The largest list index.
const MAX_INDEX: i64 = 65_536;
/// How many dots a path may have.
const MAX_LEVEL: usize = 30;
/// How many steps a path may have, dots behind brackets included, which Helm does not count.
const MAX_STEPS: usize = 100;
/// How many list places one text may create. Helm has no limit, so a short text can ask for any amount of memory.
const MAX_PLACES: usize = 4_000_000;

/// What stands behind the `=`.
#[derive(Clone, Copy)]
pub(super) enum Grammar<'a> {
    /// `--set`: truth values, null, whole numbers; all else is text.
    Typed,
    /// `--set-string`: text.
    Text,
    /// `--set-file`: the name of a file whose contents become the text.
    File(&'a dyn Fn(&str) -> Result<Vec<u8>, String>),
    /// `--set-json`: JSON.
    Json,
    /// `--set-literal`: text, to the end, without escapes.
    Literal,
}

/// Applies `text` to `tree`, which is a map.
///
/// # Errors
/// Helm's text, without the `failed parsing --set data: ` in front.
pub(super) fn apply(
    tree: &mut Value,
    text: &str,
    grammar: Grammar<'_>,
    compat: Compat,
) -> Result<(), String> {
    let mut setter = Setter { text, at: 0, grammar, places: 0, steps: 0 };
    let Some(map) = tree.as_map_mut() else {
        return Ok(());
    };
    loop {
        setter.steps = 0;
        match setter.key(map, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            // Helm 4 looks for io.EOF inside the wrapped error and takes it for the regular end.
            Err(Stop::EndInIndex) if compat == Compat::Helm4 => return Ok(()),
            Err(Stop::EndInIndex) => return Err("error parsing index: EOF".to_string()),
            Err(Stop::Fault(message)) => return Err(message),
        }
    }
}

/// Why reading stopped.
enum Stop {
    /// The text is over.
    End,
    /// The text is over within brackets: io.EOF, wrapped.
    EndInIndex,
    /// Go's error text.
    Fault(String),
}

type Step<T> = Result<T, Stop>;

fn fault<T>(message: impl Into<String>) -> Step<T> {
    Err(Stop::Fault(message.into()))
}

fn mismatch<T>(found: &Value, wanted: &str) -> Step<T> {
    fault(format!(
        "unable to parse key: interface conversion: interface {{}} is {}, not {wanted}",
        print::type_name(found)
    ))
}

struct Setter<'a> {
    text: &'a str,
    at: usize,
    grammar: Grammar<'a>,
    places: usize,
    steps: usize,
}

impl Setter<'_> {
    fn is_literal(&self) -> bool {
        matches!(self.grammar, Grammar::Literal)
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.text[self.at..].chars().next()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    /// Reads up to one of `stops`, which is consumed; nothing when the text ended first.
    fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let mut read = String::new();
        while let Some(letter) = self.next() {
            if stops.contains(&letter) {
                return (read, Some(letter));
            }
            if letter == '\\' && !self.is_literal() {
                match self.next() {
                    Some(escaped) => read.push(escaped),
                    None => break,
                }
            } else {
                read.push(letter);
            }
        }
        (read, None)
    }

    /// Counts a step down, so that a long path cannot overflow the stack.
    fn descend(&mut self) -> Step<()> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return fault(format!("the path has more than {MAX_STEPS} steps"));
        }
        Ok(())
    }

    /// Reads one path and its value into `map`.
    fn key(&mut self, map: &mut Map, level: usize) -> Step<()> {
        self.descend()?;
        let stops: &[char] = if self.is_literal() { &['=', '[', '.'] } else { &['=', '[', ',', '.'] };
        let (key, stop) = self.until(stops);
        match stop {
            None if key.is_empty() => Err(Stop::End),
            None => fault(format!("key {} has no value", crate::quote::quote(&key))),
            Some('[') => {
                let index = self.index()?;
                let mut list = match map.get_mut(&key) {
                    None => Vec::new(),
                    Some(Value::List(list)) => take(list),
                    Some(other) => return mismatch(other, "[]interface {}"),
                };
                let length = list.len();
                let result = self.item(&mut list, index, level);
                match map.get_mut(&key) {
                    // A list under the empty key is not replaced, only changed in place.
                    Some(present) if key.is_empty() => {
                        list.truncate(length);
                        *present = list.into();
                    }
                    _ => put(map, key, list.into()),
                }
                result
            }
            Some('=') => self.value_of(map, key),
            Some(',') => fault(format!("key {} has no value (cannot end with ,)", crate::quote::quote(&key))),
            Some(_) => {
                let level = level + 1;
                if level > MAX_LEVEL {
                    return fault(format!(
                        "value name nested level is greater than maximum supported nested level of {MAX_LEVEL}"
                    ));
                }
                let (result, empty) = match map.get_mut(&key) {
                    Some(Value::Map(inner)) => {
                        let inner = Arc::make_mut(inner);
                        let result = self.key(inner, level);
                        (result, inner.is_empty())
                    }
                    Some(other) => return mismatch(other, "map[string]interface {}"),
                    None => {
                        let mut inner = Map::new();
                        let result = self.key(&mut inner, level);
                        let empty = inner.is_empty();
                        if !empty {
                            put(map, key.clone(), inner.into());
                        }
                        (result, empty)
                    }
                };
                if empty && result.is_ok() {
                    return fault(format!("key map {} has no value", crate::quote::quote(&key)));
                }
                result
            }
        }
    }

    fn value_of(&mut self, map: &mut Map, key: String) -> Step<()> {
        match self.grammar {
            Grammar::Literal => {
                let rest = self.rest();
                put(map, key, rest);
                Ok(())
            }
            Grammar::Json => {
                let value = self.json()?;
                put(map, key, value);
                Ok(())
            }
            _ => match self.list_or_scalar()? {
                Some(value) => {
                    put(map, key, value);
                    Ok(())
                }
                None => {
                    put(map, key, "".into());
                    Err(Stop::End)
                }
            },
        }
    }

    /// What is left, as text.
    fn rest(&mut self) -> Value {
        let rest = &self.text[self.at..];
        self.at = self.text.len();
        rest.into()
    }

    /// One JSON value, with the comma behind it.
    fn json(&mut self) -> Step<Value> {
        if self.skip_blanks_and_comma() {
            return Ok(Value::Null);
        }
        let (value, length) = json::parse_prefix(&self.text.as_bytes()[self.at..]).map_err(Stop::Fault)?;
        let Some(value) = value.into_value() else {
            return fault("json: cannot unmarshal number into Go value of type float64");
        };
        self.at += length;
        self.skip_blanks_and_comma();
        Ok(value)
    }

    /// Skips blanks; whether a comma (skipped, too) or the end comes then.
    fn skip_blanks_and_comma(&mut self) -> bool {
        while let Some(letter) = self.text[self.at..].chars().next() {
            if letter != ',' && !letter.is_whitespace() {
                return false;
            }
            self.at += letter.len_utf8();
            if letter == ',' {
                return true;
            }
        }
        true
    }

    /// `{a,b}` or a scalar; nothing when the text ends behind the `=`.
    fn list_or_scalar(&mut self) -> Step<Option<Value>> {
        if self.at == self.text.len() {
            return Ok(None);
        }
        if !self.text[self.at..].starts_with('{') {
            let (text, _) = self.until(&[',']);
            return self.scalar(&text).map(Some);
        }
        self.at += 1;
        let mut list = Vec::new();
        loop {
            let (text, stop) = self.until(&[',', '}']);
            match stop {
                None => return fault("list must terminate with '}'"),
                Some('}') => {
                    if self.text[self.at..].starts_with(',') {
                        self.at += 1;
                    }
                    list.push(self.scalar(&text)?);
                    return Ok(Some(list.into()));
                }
                Some(_) => list.push(self.scalar(&text)?),
            }
        }
    }

    fn scalar(&self, text: &str) -> Step<Value> {
        match self.grammar {
            Grammar::Typed => Ok(typed(text)),
            Grammar::File(read) => match read(text) {
                Ok(bytes) => Ok(Value::String(bytes.into())),
                Err(message) => fault(message),
            },
            Grammar::Text | Grammar::Json | Grammar::Literal => Ok(text.into()),
        }
    }

    /// The number within brackets.
    fn index(&mut self) -> Step<i64> {
        let (text, stop) = self.until(&[']']);
        if stop.is_none() {
            return Err(Stop::EndInIndex);
        }
        match number::atoi(&text) {
            Ok(index) => Ok(index),
            Err(reason) => fault(format!("error parsing index: {reason}")),
        }
    }

    /// Reads what follows `[index]` into `list`.
    fn item(&mut self, list: &mut Vec<Value>, index: i64, level: usize) -> Step<()> {
        self.descend()?;
        if index < 0 {
            return fault(format!("negative {index} index not allowed"));
        }
        let (key, stop) = self.until(&['[', '.', '=']);
        if !key.is_empty() {
            return fault(format!("unexpected data at end of array index: {}", print::quote_runes(&key)));
        }
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        match stop {
            None => Err(Stop::End),
            Some('=') => {
                let value = match self.grammar {
                    Grammar::Literal => self.rest(),
                    Grammar::Json => self.json()?,
                    _ => self.list_or_scalar()?.unwrap_or_else(|| "".into()),
                };
                self.place(list, index, value)
            }
            Some('[') => {
                let next = self.index()?;
                let mut inner = match list.get_mut(at) {
                    None | Some(Value::Null) => Vec::new(),
                    Some(Value::List(inner)) => take(inner),
                    Some(other) => return mismatch(other, "[]interface {}"),
                };
                let result = self.item(&mut inner, next, level);
                match list.get_mut(at) {
                    // Not replaced when the text ends early, only changed in place.
                    Some(present @ Value::List(_)) if result.is_err() => *present = inner.into(),
                    _ if result.is_err() => {}
                    _ => self.place(list, index, inner.into())?,
                }
                result
            }
            Some(_) => {
                if let Some(present) = list.get_mut(at) {
                    if !matches!(present, Value::Map(_)) {
                        *present = Value::empty_map();
                    }
                    if let Some(inner) = present.as_map_mut() {
                        self.key(inner, level)?;
                    }
                    return self.check_index(index);
                }
                let mut inner = Map::new();
                self.key(&mut inner, level)?;
                self.place(list, index, inner.into())
            }
        }
    }

    fn check_index(&self, index: i64) -> Step<()> {
        if index > MAX_INDEX {
            return fault(format!("index of {index} is greater than maximum supported index of {MAX_INDEX}"));
        }
        Ok(())
    }

    fn place(&mut self, list: &mut Vec<Value>, index: i64, value: Value) -> Step<()> {
        self.check_index(index)?;
        let at = usize::try_from(index).unwrap_or(0);
        if list.len() <= at {
            self.places += at + 1 - list.len();
            if self.places > MAX_PLACES {
                return fault(format!("the text creates more than {MAX_PLACES} list items"));
            }
            list.resize(at + 1, Value::Null);
        }
        list[at] = value;
        Ok(())
    }
}

/// Takes the items out of a list that is about to be put back.
fn take(list: &mut Arc<Vec<Value>>) -> Vec<Value> {
    Arc::try_unwrap(std::mem::take(list)).unwrap_or_else(|shared| shared.to_vec())
}

/// Sets `key`, unless it is empty.
fn put(map: &mut Map, key: String, value: Value) {
    if !key.is_empty() {
        map.insert(key, value);
    }
}

/// The value `--set` makes of a text.
fn typed(text: &str) -> Value {
    let folds_to = |word: &str| {
        // Go folds by Unicode, where the long s is an s.
        text.chars()
            .map(|letter| if letter == 'ſ' { 's' } else { letter.to_ascii_lowercase() })
            .eq(word.chars())
    };
    if folds_to("true") {
        return true.into();
    }
    if folds_to("false") {
        return false.into();
    }
    if folds_to("null") {
        return Value::Null;
    }
    if text == "0" {
        return Value::Int(0);
    }
    match text.parse() {
        Ok(number) if !text.starts_with('0') => Value::Int(number),
        _ => Value::String(Str::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, compat: Compat) -> Result<Value, String> {
        let mut tree = Value::empty_map();
        apply(&mut tree, text, Grammar::Typed, compat).map(|()| tree)
    }

    #[test]
    fn hostile_texts_are_bounded() {
        let brackets = format!("a{}=1", "[0]".repeat(100_000));
        assert_eq!(set(&brackets, Compat::Helm4), Err("the path has more than 100 steps".to_string()));
        let mixed = format!("{}a=1", "a[0].".repeat(100_000));
        assert_eq!(set(&mixed, Compat::Helm4), Err("the path has more than 100 steps".to_string()));
        let dots = format!("{}=1", "a.".repeat(100_000));
        assert!(set(&dots, Compat::Helm3).unwrap_err().contains("nested level of 30"));
        let places: String = (0..100).map(|number| format!("k{number}[65536]=1,")).collect();
        assert!(set(&places, Compat::Helm4).unwrap_err().contains("more than 4000000 list items"));
        let key = format!("{}=1", "k".repeat(1 << 20));
        assert_eq!(set(&key, Compat::Helm4).unwrap().as_map().map(Map::len), Some(1));
    }

    #[test]
    fn an_index_left_open_is_the_end_for_helm_4_only() {
        assert_eq!(set("a[=1", Compat::Helm4), Ok(Value::empty_map()));
        assert_eq!(set("a[=1", Compat::Helm3), Err("error parsing index: EOF".to_string()));
    }
}
