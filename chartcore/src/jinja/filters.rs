//! Filters and functions: those plans bring, and those whose Python answers differ from minijinja's.

use minijinja::value::{Kwargs, Rest, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

use super::literals;
use super::number::{float_text, parse_float, parse_int};
use super::object::{Dict, List, pairs_of, tree, type_name};
use super::{json, yaml};
use crate::data::json::encode_base64;

/// Adds them all.
pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_function(literals::DICT, |literal: Value| {
        Dict::new(pairs_of(&literal)?).map(Value::from_object)
    });
    environment.add_function(literals::LIST, |literal: Value| list(&literal));
    environment.add_function("dict", dict);
    environment.add_function("raise", |message: Value| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message.to_string()))
    });
    environment.add_filter("b64encode", b64encode);
    environment.add_filter("b64pad", b64pad);
    environment.add_filter("default", default);
    environment.add_filter("d", default);
    environment.add_filter(
        "default_if_empty",
        |value: Value, other: Value| {
            if is_empty(&value) { other } else { value }
        },
    );
    environment.add_filter("float", float);
    environment.add_filter("indent", indent);
    environment.add_filter("int", int);
    environment.add_filter("is_empty", |value: Value| is_empty(&value));
    environment.add_filter("length", length);
    environment.add_filter("count", length);
    environment.add_filter("list", |value: Value| list(&value));
    environment.add_filter("model_id_label", model_id_label);
    environment.add_filter("string", |value: Value| to_text(&value));
    environment.add_filter("toyaml", to_yaml);
    environment.add_filter("tojson", |value: Value| -> Result<String, Error> {
        let mut out = String::new();
        json::dump(&mut out, &tree(&value)?);
        Ok(out)
    });
}

/// Python's `str`.
pub(super) fn to_text(value: &Value) -> String {
    match value.kind() {
        ValueKind::Number if !value.is_integer() => {
            f64::try_from(value.clone()).map_or_else(|_| value.to_string(), float_text)
        }
        _ => value.to_string(),
    }
}

fn dict(args: Rest<Value>, named: Kwargs) -> Result<Value, Error> {
    let mut pairs = Vec::new();
    for value in args.iter() {
        pairs.extend(pairs_of(value)?);
    }
    for name in named.args() {
        pairs.push((Value::from(name), named.get(name)?));
    }
    Dict::new(pairs).map(Value::from_object)
}

fn list(value: &Value) -> Result<Value, Error> {
    if let Some(list) = value.downcast_object_ref::<List>() {
        return Ok(Value::from_object(List::new(list.values())));
    }
    if value.is_undefined() {
        return Ok(Value::from_object(List::new(Vec::new())));
    }
    if let Some(text) = value.as_str() {
        return Ok(Value::from_object(List::new(text.chars().map(Value::from).collect())));
    }
    let values = value.try_iter()?.checked().collect::<Result<_, _>>()?;
    Ok(Value::from_object(List::new(values)))
}

fn is_empty(value: &Value) -> bool {
    match value.kind() {
        ValueKind::None => true,
        ValueKind::String => value.as_str().is_some_and(|text| text.trim().is_empty()),
        ValueKind::Seq | ValueKind::Map => value.len() == Some(0),
        _ => false,
    }
}

fn default(
    value: Value,
    other: Option<Value>,
    boolean: Option<Value>,
    named: Kwargs,
) -> Result<Value, Error> {
    let other = named.get::<Option<Value>>("default_value")?.or(other).unwrap_or_else(|| Value::from(""));
    let boolean = named.get::<Option<Value>>("boolean")?.or(boolean).is_some_and(|value| value.is_true());
    named.assert_all_used()?;
    Ok(if value.is_undefined() || (boolean && !value.is_true()) { other } else { value })
}

fn length(value: Value) -> Result<usize, Error> {
    if value.is_undefined() {
        return Ok(0);
    }
    let none = || {
        let message = format!("object of type '{}' has no len()", type_name(&value));
        Error::new(ErrorKind::InvalidOperation, message)
    };
    value.len().ok_or_else(none)
}

fn int(value: Value, default: Option<Value>, base: Option<u32>, named: Kwargs) -> Result<Value, Error> {
    let default = named.get::<Option<Value>>("default")?.or(default).unwrap_or_else(|| Value::from(0));
    let base = named.get::<Option<u32>>("base")?.or(base).unwrap_or(10);
    named.assert_all_used()?;
    let whole = |number: f64| (number.is_finite() && number.abs() < 1e38).then_some(number.trunc() as i128);
    let number = match value.kind() {
        ValueKind::Bool => Some(i128::from(value.is_true())),
        ValueKind::Number if value.is_integer() => return Ok(value),
        ValueKind::Number => whole(f64::try_from(value.clone())?),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            parse_int(text, base).or_else(|| parse_float(text).and_then(whole))
        }
        _ => None,
    };
    Ok(match number {
        Some(number) => i64::try_from(number).map_or_else(|_| Value::from(number), Value::from),
        None => default,
    })
}

fn float(value: Value, default: Option<Value>) -> Result<Value, Error> {
    let number = match value.kind() {
        ValueKind::Bool => Some(f64::from(u8::from(value.is_true()))),
        ValueKind::Number => Some(f64::try_from(value.clone())?),
        ValueKind::String => parse_float(value.as_str().unwrap_or_default()),
        _ => None,
    };
    Ok(number.map(Value::from).or(default).unwrap_or_else(|| Value::from(0.0)))
}

/// Indents the lines of a text but empty ones, and the first one only when asked to.
fn indent(text: Value, width: Option<usize>, first: Option<bool>, named: Kwargs) -> Result<Value, Error> {
    let width = named.get::<Option<usize>>("width")?.or(width).unwrap_or(4);
    let first = named.get::<Option<bool>>("first")?.or(first).unwrap_or(false);
    named.assert_all_used()?;
    if width > 1 << 16 {
        return Err(Error::new(ErrorKind::InvalidOperation, "the width of an indentation is at most 65536"));
    }
    if !text.is_true() {
        return Ok(text);
    }
    let Some(lines) = text.as_str() else {
        let message = format!("indent: a text is indented, not '{}'", type_name(&text));
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    };
    Ok(Value::from(indented(lines, width, first, |line| !line.is_empty())))
}

fn indented(text: &str, width: usize, first: bool, wanted: impl Fn(&str) -> bool) -> String {
    let margin = " ".repeat(width);
    let mut out = String::with_capacity(text.len() * 5 / 4);
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if (at > 0 || first) && wanted(line) {
            out.push_str(&margin);
        }
        out.push_str(line);
    }
    out
}

/// YAML as plans want it: nothing for nothing, texts as they are.
fn to_yaml(value: Value, width: Option<usize>, flow: Option<bool>, named: Kwargs) -> Result<String, Error> {
    let width = named.get::<Option<usize>>("indent")?.or(width).unwrap_or(0).min(1 << 16);
    let flow = named.get::<Option<bool>>("default_flow_style")?.or(flow).unwrap_or(false);
    named.assert_all_used()?;
    if flow {
        let message = "toyaml: `default_flow_style` is not supported, only block style";
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    if value.is_undefined() {
        return Err(Error::new(ErrorKind::UndefinedError, "toyaml: the value is undefined"));
    }
    if value.is_none() || (matches!(value.kind(), ValueKind::Seq | ValueKind::Map) && value.len() == Some(0))
    {
        return Ok(String::new());
    }
    if let Some(text) = value.as_str() {
        return Ok(text.to_owned());
    }
    let mut text = yaml::dump(&tree(&value)?);
    text.truncate(text.trim_end().len());
    if width == 0 {
        return Ok(text);
    }
    Ok(indented(&text, width, true, |line| !line.trim().is_empty()))
}

fn b64pad(value: Value) -> Value {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else { return value };
    let text = text.trim();
    let missing = (4 - text.chars().count() % 4) % 4;
    Value::from(format!("{text}{}", "=".repeat(missing)))
}

fn b64encode(value: Value) -> Value {
    match value.as_str().filter(|text| !text.is_empty()) {
        Some(text) => Value::from(String::from_utf8_lossy(&encode_base64(text.as_bytes())).into_owned()),
        None => value,
    }
}

/// A label for a model: its first and last eight letters with eight digits of its hash between them.
fn model_id_label(name: Value, namespace: Option<Value>) -> Value {
    use sha2::{Digest, Sha256};

    if !name.is_true() {
        return name;
    }
    let id = to_text(&name).replace(['/', '.'], "-");
    let namespace = namespace.filter(Value::is_true).map(|namespace| format!("{}/", to_text(&namespace)));
    let hash = Sha256::digest(format!("{}{id}", namespace.unwrap_or_default()));
    let hash: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let letters: Vec<char> = id.chars().collect();
    let first: String = letters.iter().take(8).collect();
    let last: String = letters.iter().skip(letters.len().saturating_sub(8)).collect();
    Value::from(format!("{first}-{hash}-{last}").to_lowercase())
}
