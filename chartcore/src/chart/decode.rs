//! YAML into records as Go's encoding/json fills them: keys in any case, numbers turned to text, the
//! texts of type errors. Helm reads its files by sigs.k8s.io/yaml, which goes through JSON.

use crate::Compat;
use crate::data::json::type_name;
use crate::data::{Map, Value, number, yaml};
use crate::error::{Error, ErrorKind, Result};

/// Reads a YAML file whose whole numbers stay whole, so that `20240930` does not become `2.024093e+07` where a
/// text is asked for. `texts` are the fields that are texts, as keys from the top joined with dots.
///
/// # Errors
/// Go's text of a YAML error, or of an infinite number where no text is asked for.
pub(super) fn read(bytes: &[u8], texts: &[&'static str]) -> Result<Value> {
    let value = yaml::parse_typed(bytes).map_err(|error| yaml_error(&error))?;
    match infinite(&value, "", texts) {
        None => Ok(value),
        Some(number) => {
            let mut message = b"error converting YAML to JSON: json: unsupported value: ".to_vec();
            number::write_v(&mut message, number);
            Err(Error::new(ErrorKind::Chart, String::from_utf8_lossy(&message)))
        }
    }
}

/// The first number that JSON has no form for and that does not become a text.
fn infinite(value: &Value, path: &str, texts: &[&'static str]) -> Option<f64> {
    match value {
        Value::Float(number) if !number.is_finite() && !texts.contains(&path) => Some(*number),
        Value::List(list) => list.iter().find_map(|entry| infinite(entry, path, texts)),
        Value::Map(map) => map.iter().find_map(|(key, value)| {
            let path = match path {
                "" => key.to_text().into_owned(),
                "annotations" => path.to_string(),
                // No text lies deeper than two keys.
                path if path.contains('.') => ".".to_string(),
                path => format!("{path}.{key}"),
            };
            infinite(value, field(texts, path.as_bytes()).unwrap_or(&path), texts)
        }),
        _ => None,
    }
}

/// A YAML error with the prefix of sigs.k8s.io/yaml.
pub(super) fn yaml_error(error: &yaml::Error) -> Error {
    Error::new(ErrorKind::Chart, error.full()).with_source(error.clone())
}

/// An error of the second step, with the prefix of sigs.k8s.io/yaml.
pub(super) fn json_error(message: &str) -> Error {
    Error::new(ErrorKind::Chart, format!("error unmarshaling JSON: while decoding JSON: {message}"))
}

/// A field of a record that is being read: what type errors name.
#[derive(Clone, Copy)]
pub(super) struct Field {
    /// The record's Go name.
    pub(super) record: &'static str,
    /// The keys from the top, joined with dots.
    pub(super) path: &'static str,
}

impl Field {
    pub(super) fn mismatch(self, value: &Value, go_type: &str) -> Error {
        let (kind, Self { record, path }) = (type_name(value), self);
        json_error(&format!(
            "json: cannot unmarshal {kind} into Go struct field {record}.{path} of type {go_type}"
        ))
    }
}

/// The map at the top of a file; nothing for null, which changes nothing.
///
/// # Errors
/// Something else than a map is there.
pub(super) fn top<'a>(value: &'a Value, go_type: &str) -> Result<Option<&'a Map>> {
    match value {
        Value::Map(map) => Ok(Some(map)),
        Value::Null => Ok(None),
        other => {
            let kind = type_name(other);
            Err(json_error(&format!("json: cannot unmarshal {kind} into Go value of type {go_type}")))
        }
    }
}

/// The package whose names Go prints in front of record types.
pub(super) fn package(compat: Compat) -> &'static str {
    match compat {
        Compat::Helm3 => "chart",
        Compat::Helm4 => "v2",
    }
}

/// The field of `names` that `key` means: the same text, or the same but for case.
pub(super) fn field(names: &[&'static str], key: &[u8]) -> Option<&'static str> {
    if let Some(&name) = names.iter().find(|name| name.as_bytes() == key) {
        return Some(name);
    }
    let key = std::str::from_utf8(key).ok()?;
    names.iter().copied().find(|name| name.chars().map(fold).eq(key.chars().map(fold)))
}

/// The letter that stands for all letters equal but for case, for the letters of our field names.
fn fold(letter: char) -> char {
    match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        letter => letter.to_ascii_lowercase(),
    }
}

/// Reads a text; numbers and truth values are turned to text, null changes nothing.
pub(super) fn text(value: &Value, slot: &mut String, field: Field) -> Result<()> {
    match value {
        Value::Null => {}
        Value::String(text) => *slot = text.to_text().into_owned(),
        Value::Bool(truth) => *slot = truth.to_string(),
        Value::Int(number) => *slot = number.to_string(),
        Value::Float(number) => *slot = short_float(*number),
        Value::List(_) | Value::Map(_) => return Err(field.mismatch(value, "string")),
    }
    Ok(())
}

/// Reads a truth value.
pub(super) fn truth(value: &Value, slot: &mut bool, field: Field) -> Result<()> {
    match value {
        Value::Null => {}
        Value::Bool(truth) => *slot = *truth,
        other => return Err(field.mismatch(other, "bool")),
    }
    Ok(())
}

/// Reads a list over what was there before: null empties it, entries are read one over the other. Returns whether
/// there is a list now.
pub(super) fn list<T: Default>(
    value: &Value,
    slot: &mut Vec<T>,
    mismatch: impl Fn(&Value) -> Error,
    mut read_entry: impl FnMut(&Value, &mut T) -> Result<()>,
) -> Result<bool> {
    let entries = match value {
        Value::Null => {
            slot.clear();
            return Ok(false);
        }
        Value::List(entries) => entries,
        other => return Err(mismatch(other)),
    };
    slot.resize_with(entries.len(), T::default);
    for (entry, slot) in entries.iter().zip(slot) {
        read_entry(entry, slot)?;
    }
    Ok(true)
}

/// Reads a list of texts.
pub(super) fn texts(value: &Value, slot: &mut Vec<String>, field: Field) -> Result<()> {
    list(value, slot, |value| field.mismatch(value, "[]string"), |entry, slot| text(entry, slot, field))?;
    Ok(())
}

/// Reads a map of texts into pairs sorted by key.
pub(super) fn pairs(value: &Value, slot: &mut Vec<(String, String)>, field: Field) -> Result<()> {
    let map = match value {
        Value::Null => {
            slot.clear();
            return Ok(());
        }
        Value::Map(map) => map,
        other => return Err(field.mismatch(other, "map[string]string")),
    };
    for (key, value) in map.iter() {
        let key = key.to_text().into_owned();
        let mut read = String::new();
        text(value, &mut read, field)?;
        match slot.binary_search_by(|pair| pair.0.cmp(&key)) {
            Ok(index) => slot[index].1 = read,
            Err(index) => slot.insert(index, (key, read)),
        }
    }
    Ok(())
}

/// Go's `strconv.FormatFloat(number, 'g', -1, 32)`.
pub(crate) fn short_float(number: f64) -> String {
    let mut out = Vec::new();
    number::write_v32(&mut out, number);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_texts_as_in_go() {
        for (number, text) in [
            (1.1, "1.1"),
            (1.0, "1"),
            (1_234_567.0, "1.234567e+06"),
            (1.234_567_890_123_456_8e29, "1.2345679e+29"),
            (f64::INFINITY, "+Inf"),
            (0.1, "0.1"),
            (16_777_217.0, "1.6777216e+07"),
            (1e300, "+Inf"),
        ] {
            assert_eq!(short_float(number), text);
        }
    }

    #[test]
    fn keys_match_but_for_case() {
        let names = ["sources", "apiVersion", "import-values"];
        for (key, name) in [
            ("sources", Some("sources")),
            ("\u{17f}OURCES", Some("sources")),
            ("APIVERSION", Some("apiVersion")),
            ("Import-Values", Some("import-values")),
            ("source", None),
        ] {
            assert_eq!(field(&names, key.as_bytes()), name, "{key}");
        }
    }
}
