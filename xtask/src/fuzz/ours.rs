//! The oracle's requests answered by the library.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chartcore::chart::{Chart, File, LoadOptions, load_files};
use chartcore::data::{self, Str, json as go_json, toml as go_toml, yaml};
use chartcore::regex::Regex;
use chartcore::render::{Capabilities, RenderOptions, render};
use chartcore::template::{self, Any, Limits, MissingKey, SealedHost, Templates};
use chartcore::values::{MergeOptions, Overrides, Setter, Values, ValuesSource, merge_with};
use chartcore::version::{Constraint, Version};
use chartcore::{Compat, Error};
use serde_json::{Map, Number, Value, json};

/// The library's answer, in the oracle's form.
pub(crate) fn answer(request: &Value) -> Value {
    match catch_unwind(AssertUnwindSafe(|| run(request))) {
        Ok(Ok(result)) => json!({ "result": result }),
        Ok(Err(failure)) => match failure.partial.as_slice() {
            [] => json!({ "error": text(&failure.message) }),
            partial => json!({ "error": text(&failure.message), "partial": text(partial) }),
        },
        Err(reason) => {
            let reason = reason.downcast_ref::<String>().map(String::as_str);
            json!({ "panic": reason.unwrap_or("a panic without words") })
        }
    }
}

/// A message, and what was written before it.
struct Failure {
    message: Vec<u8>,
    partial: Vec<u8>,
}

impl<T: Into<Vec<u8>>> From<T> for Failure {
    fn from(message: T) -> Self {
        Failure { message: message.into(), partial: Vec::new() }
    }
}

type Answer = Result<Value, Failure>;

fn run(request: &Value) -> Answer {
    match request["op"].as_str().unwrap_or_default() {
        "tt" => plain_template(request),
        "render" => {
            let chart = chart(request)?;
            let values = values(&chart, request)?;
            let capabilities = Capabilities::for_kubernetes("1.34.0").map_err(said)?;
            let options = RenderOptions::new("r").capabilities(capabilities);
            let rendered = render(&chart, &values, &options).map_err(said)?;
            let files = rendered.files().iter().map(|file| (file.name().to_owned(), text(file.content())));
            Ok(Value::Object(files.collect()))
        }
        "coalesce" => {
            let chart = chart(request)?;
            let values = values(&chart, request)?;
            Ok(json!({ "values": typed(values.tree()), "enabled": enabled(values.chart()) }))
        }
        "set" => set(request),
        "yaml_value" => {
            let value = yaml::parse(words(request, "text").as_bytes()).map_err(|error| error.full())?;
            Ok(typed(&value))
        }
        "yaml_emit" => {
            let value = data(request, "data");
            Ok(text(&yaml::write(&value).map_err(|error| error.marshal_text())?))
        }
        "yaml_pretty" => {
            Ok(text(&yaml::write_pretty(&data(request, "data")).map_err(|error| error.to_string())?))
        }
        "json" => {
            let value = data(request, "data");
            let written = match words(request, "kind") {
                "raw" => go_json::write_raw(&value),
                "pretty" => go_json::write_indented(&value, "  "),
                _ => go_json::write(&value),
            };
            Ok(text(&written.map_err(|error| error.to_string())?))
        }
        "toml" => Ok(text(&go_toml::write(&data(request, "data")).map_err(|error| error.to_string())?)),
        "semver" => {
            let constraint = Constraint::parse(words(request, "constraint"))
                .map_err(|error| format!("constraint: {error}"))?;
            let version =
                Version::parse(words(request, "version")).map_err(|error| format!("version: {error}"))?;
            Ok(json!(constraint.check(&version)))
        }
        "regex" => {
            let pattern = Regex::new(words(request, "pattern")).map_err(|error| error.to_string())?;
            Ok(json!({ "match": pattern.is_match(words(request, "text")) }))
        }
        other => Err(format!("`{other}` is not asked of the library").into()),
    }
}

fn compat(request: &Value) -> Compat {
    if request["compat"] == "helm3" { Compat::Helm3 } else { Compat::Helm4 }
}

/// The text Helm would print for an error.
fn said(error: Error) -> Failure {
    error.to_string().into()
}

fn plain_template(request: &Value) -> Answer {
    let parsed =
        template::parse_plain(words(request, "template").as_bytes()).map_err(|error| error.go_text("t"))?;
    let mut templates = Templates::new(Compat::Helm4);
    templates.add("t", parsed);
    let missing = match words(request, "missingkey") {
        "error" => MissingKey::Error,
        "default" => MissingKey::Invalid,
        _ => MissingKey::Zero,
    };
    let host = SealedHost::new("seed");
    let mut executor = templates.executor(&host, Limits::default()).missing_key(missing);
    let mut out = Vec::new();
    match executor.execute("t", &Any::from(&data(request, "data")), &mut out) {
        Ok(()) => Ok(text(&out)),
        Err(error) => Err(Failure { message: error.go_text().into_bytes(), partial: out }),
    }
}

fn chart(request: &Value) -> Result<Chart, Failure> {
    let files = request["chart"].as_object().into_iter().flatten();
    let files = files
        .map(|(name, content)| File::new(name.as_str(), content.as_str().unwrap_or_default().as_bytes()));
    load_files(files.collect(), &LoadOptions::new(compat(request))).map_err(said)
}

fn values(chart: &Chart, request: &Value) -> Result<Values, Failure> {
    let overrides = Overrides::new().value(data(request, "values"));
    merge_with(chart, &overrides, &MergeOptions::default().skip_schema(true)).map_err(said)
}

/// The names of the charts that stayed, as a tree.
fn enabled(chart: &Chart) -> Value {
    let children = chart.dependencies().iter().map(|child| (child.name().to_owned(), enabled(child)));
    Value::Object(children.collect())
}

/// Files that read as their own name, as the oracle's do.
#[derive(Debug)]
struct NamesAsContent;

impl ValuesSource for NamesAsContent {
    fn read(&self, name: &str) -> chartcore::Result<Vec<u8>> {
        Ok(format!("<{name}>").into_bytes())
    }
}

fn set(request: &Value) -> Answer {
    let setter = match words(request, "kind") {
        "string" => Setter::Text,
        "json" => Setter::Json,
        "literal" => Setter::Literal,
        "file" => Setter::File,
        _ => Setter::Typed,
    };
    let overrides = Overrides::with_source(NamesAsContent)
        .value(data(request, "data"))
        .with_setter(setter, words(request, "text"));
    Ok(typed(&overrides.resolve(compat(request)).map_err(said)?))
}

/// A field as a value of the library: floats throughout, or integers where the request says so.
fn data(request: &Value, field: &str) -> data::Value {
    let ints = request["ints"].as_bool().unwrap_or_default();
    plain(&request[field], ints)
}

fn plain(value: &Value, ints: bool) -> data::Value {
    match value {
        Value::Null => data::Value::Null,
        Value::Bool(truth) => data::Value::Bool(*truth),
        Value::Number(number) => match number.as_i64() {
            Some(whole) if ints => data::Value::Int(whole),
            _ => data::Value::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(string) => data::Value::String(Str::new(string)),
        Value::Array(items) => {
            data::Value::List(items.iter().map(|item| plain(item, ints)).collect::<Vec<_>>().into())
        }
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| (Str::new(key), plain(value, ints)));
            data::Value::Map(data::Map::from_entries(entries.collect()).into())
        }
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
        let bits =
            group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter =
                if place <= group.len() { ALPHABET[(bits >> (18 - 6 * place)) as usize & 63] } else { b'=' };
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
