//! The oracle's requests answered by the library.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chartcore::data::{self, Str, yaml};
use chartcore::version::{Constraint, Version};
use serde_json::{Map, Number, Value, json};

/// The library's answer, in the oracle's form.
pub(crate) fn answer(request: &Value) -> Value {
    match catch_unwind(AssertUnwindSafe(|| run(request))) {
        Ok(Ok(result)) => json!({ "result": result }),
        Ok(Err(message)) => json!({ "error": text(message.as_bytes()) }),
        Err(reason) => {
            let reason = reason.downcast_ref::<String>().map(String::as_str);
            json!({ "panic": reason.unwrap_or("a panic without words") })
        }
    }
}

type Answer = Result<Value, String>;

fn run(request: &Value) -> Answer {
    match request["op"].as_str().unwrap_or_default() {
        "yaml_value" => {
            let value = yaml::parse(words(request, "text").as_bytes()).map_err(|error| error.full())?;
            Ok(typed(&value))
        }
        "semver" => {
            let constraint = Constraint::parse(words(request, "constraint")).map_err(|error| format!("constraint: {error}"))?;
            let version = Version::parse(words(request, "version")).map_err(|error| format!("version: {error}"))?;
            Ok(json!(constraint.check(&version)))
        }
        other => Err(format!("`{other}` is not asked of the library yet")),
    }
}

fn words<'a>(request: &'a Value, field: &str) -> &'a str {
    request[field].as_str().unwrap_or_default()
}

/// A text as the oracle writes it: a string, or `{"b64": ...}` when it is not UTF-8.
fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::String(text.to_owned()),
        Err(_) => json!({ "b64": base64(bytes) }),
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = if place <= group.len() { ALPHABET[(bits >> (18 - 6 * place)) as usize & 63] } else { b'=' };
            out.push(char::from(letter));
        }
    }
    out
}

/// A value in the oracle's typed form: integers stay apart from floats.
fn typed(value: &data::Value) -> Value {
    match value {
        data::Value::Null => Value::Null,
        data::Value::Bool(truth) => Value::Bool(*truth),
        data::Value::Int(whole) => json!(whole),
        data::Value::Float(float) => match Number::from_f64(*float) {
            Some(number) => Value::Number(number),
            None => json!({ "f": format!("{float:?}") }),
        },
        data::Value::String(string) => text(string.as_bytes()),
        data::Value::List(items) => Value::Array(items.iter().map(typed).collect()),
        data::Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| (key_text(key), typed(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

fn key_text(key: &Str) -> String {
    String::from_utf8_lossy(key.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_pads() {
        assert_eq!(base64(b"a"), "YQ==");
        assert_eq!(base64(b"ab"), "YWI=");
        assert_eq!(base64(b"\xff\xfe\xfd"), "//79");
    }
}
