//! Values as Go's encoders see them that are not told about JSON: go-yaml v3 (`toYamlPretty`) and BurntSushi's
//! TOML (`toToml`).
//!
//! A `[]byte` is a list of numbers, a time stands without quotes, and a struct has its Go fields in their order.
//! The last two no [`Value`] can say: such texts are written as words that occur nowhere else, which are then
//! taken out of what was written.

use memchr::memmem::Finder;

use super::date;
use crate::data::{self, Value, yaml};
use crate::template::{Any, Element, Fault, Map, Object};

/// Which encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Yaml,
    Toml,
}

impl Form {
    /// Go's text for a complex number.
    pub(super) fn complex(self) -> &'static str {
        match self {
            Self::Yaml => "cannot marshal type: complex128",
            Self::Toml => "unsupported type: complex128",
        }
    }

    fn time(self, any: &Any) -> Option<Vec<u8>> {
        match self {
            Self::Yaml => date::yaml_text(any),
            Self::Toml => date::toml_text(any),
        }
    }

    /// What the writer puts around the word that stands for a time.
    fn quote(self) -> &'static [u8] {
        match self {
            Self::Yaml => b"",
            Self::Toml => b"\"",
        }
    }
}

/// Writes a value; the outer error is what Go's encoder panics at.
pub(super) fn reflected<E>(
    any: &Any,
    form: Form,
    write: impl Fn(&Value) -> Result<Vec<u8>, E>,
) -> Result<Result<Vec<u8>, E>, Fault> {
    let mut mark = "Word".to_owned();
    loop {
        let mut reader = Reader { form, mark, words: 0, times: Vec::new() };
        let value = reader.value(any, 0)?;
        if reader.words == 0 {
            return Ok(write(&value));
        }
        let finder = Finder::new(&reader.mark);
        if occurrences(&value, &finder) == reader.words {
            return Ok(write(&value).map(|text| without_words(&text, &finder, &reader.times, form)));
        }
        mark = reader.mark + "Word";
    }
}

/// How often a word's start occurs in the texts and keys of a value.
fn occurrences(value: &Value, finder: &Finder<'_>) -> usize {
    let count = |text: &[u8]| finder.find_iter(text).count();
    match value {
        Value::String(text) => count(text),
        Value::List(items) => items.iter().map(|item| occurrences(item, finder)).sum(),
        Value::Map(map) => map.iter().map(|(key, item)| count(key) + occurrences(item, finder)).sum(),
        _ => 0,
    }
}

/// Puts the times in place of the words that stand for them, and takes away those before fields.
fn without_words(text: &[u8], finder: &Finder<'_>, times: &[Vec<u8>], form: Form) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    for at in finder.find_iter(text) {
        let digits = at + finder.needle().len();
        let length = text[digits..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = text[digits..digits + length]
            .iter()
            .fold(0usize, |number, digit| number.wrapping_mul(10).wrapping_add(usize::from(digit - b'0')));
        let end = digits + length + 1;
        if text.get(end - 1) == Some(&TIME) {
            let quote = form.quote().len();
            out.extend_from_slice(&text[from..at - quote]);
            out.extend_from_slice(times.get(number).map_or(b"", Vec::as_slice));
            from = (end + quote).min(text.len());
        } else {
            out.extend_from_slice(&text[from..at]);
            from = end.min(text.len());
        }
    }
    out.extend_from_slice(&text[from..]);
    out
}

/// How a word ends that stands for a time, and one that stands before a field's name.
const TIME: u8 = b't';
const FIELD: char = 'f';

struct Reader {
    form: Form,
    mark: String,
    /// How many words there are.
    words: usize,
    times: Vec<Vec<u8>>,
}

impl Reader {
    fn value(&mut self, any: &Any, depth: usize) -> Result<Value, Fault> {
        if depth > yaml::MAX_DEPTH {
            let limit = yaml::MAX_DEPTH;
            return Err(Fault::new(format!(
                "a value is nested more than {limit} levels deep: does it contain itself?"
            )));
        }
        match any {
            Any::List(list) if list.element() == Element::Byte => {
                let numbers = list.items().iter().map(|item| match item {
                    Any::Uint8(byte) => Value::Int(i64::from(*byte)),
                    _ => Value::Null,
                });
                Ok(numbers.collect::<Vec<Value>>().into())
            }
            Any::List(list) => {
                let items: Result<Vec<Value>, Fault> =
                    list.items().iter().map(|item| self.value(item, depth + 1)).collect();
                Ok(items?.into())
            }
            Any::Map(map) if map.is_nil() && self.form == Form::Toml => Ok(Value::Null),
            Any::Map(map) if map.as_frozen().is_none() => self.map(map, depth),
            Any::Complex(_) => Err(Fault::new(self.form.complex())),
            Any::Duration(_) => Ok(Value::String(crate::template::print::to_bytes(any).into())),
            Any::Object(object) => self.object(any, &**object, depth),
            other => other.to_value(),
        }
    }

    fn map(&mut self, map: &Map, depth: usize) -> Result<Value, Fault> {
        let mut entries = data::Map::default();
        for (key, item) in map.entries().iter() {
            entries.insert(key.clone(), self.value(item, depth + 1)?);
        }
        Ok(entries.into())
    }

    fn object(&mut self, any: &Any, object: &dyn Object, depth: usize) -> Result<Value, Fault> {
        if let Some(time) = self.form.time(any) {
            self.times.push(time);
            self.words += 1;
            return Ok(format!("{}{}t", self.mark, self.times.len() - 1).into());
        }
        if object.fields().is_some() {
            let mut entries = data::Map::default();
            self.fields(&mut entries, object, depth)?;
            return Ok(entries.into());
        }
        match object.entries() {
            Some(items) if object.kind() == "map" => {
                let mut entries = data::Map::default();
                for (key, item) in &items {
                    if let Any::Str(key) = key {
                        entries.insert(key.clone(), self.value(item, depth + 1)?);
                    }
                }
                Ok(entries.into())
            }
            _ => any.to_value(),
        }
    }

    /// The exported fields of a struct, in their order.
    fn fields(&mut self, entries: &mut data::Map, object: &dyn Object, depth: usize) -> Result<(), Fault> {
        // Of the structs templates see only this one has no name, and it holds another one embedded.
        let embeds = object.type_name().starts_with("struct {");
        for (name, field) in object.fields().unwrap_or_default() {
            if !name.starts_with(|first: char| first.is_ascii_uppercase()) {
                continue;
            }
            match (&field, self.form) {
                (Any::Object(inner), Form::Toml) if embeds => {
                    self.fields(entries, &**inner, depth + 1)?;
                    continue;
                }
                // BurntSushi leaves out nil lists, which is what Chart.yaml's absent ones are.
                (Any::List(list), Form::Toml) if list.is_empty() => continue,
                _ => {}
            }
            let name = match self.form {
                Form::Yaml => name.to_ascii_lowercase(),
                Form::Toml => name.to_owned(),
            };
            let key = format!("{}{:03}{FIELD}{name}", self.mark, entries.len());
            self.words += 1;
            let value = self.value(&field, depth + 1)?;
            entries.insert(key, value);
        }
        Ok(())
    }
}
