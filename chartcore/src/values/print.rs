//! How Go prints a value in messages: `%v`, `%t`, `%q`, `%T`.

use crate::data::{Value, number};
use crate::quote::quoted_char;

/// How deep printing follows a value before it stops.
const DEPTH: usize = 100;

/// The name of the Go type that holds the value, `nil` for null.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int64",
        Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
    }
}

/// What `fmt.Sprintf("%v", value)` prints.
pub(super) fn plain(value: &Value) -> String {
    let mut out = Vec::new();
    write(&mut out, value, false, 0);
    lossy(out)
}

/// What `fmt.Sprintf("%t", value)` prints: anything but a truth value is marked as a mistake.
pub(super) fn truth(value: &Value) -> String {
    let mut out = Vec::new();
    write(&mut out, value, true, 0);
    lossy(out)
}

fn lossy(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn mark(out: &mut Vec<u8>, name: &str, verb_is_truth: bool, body: impl FnOnce(&mut Vec<u8>)) {
    if verb_is_truth {
        out.extend_from_slice(b"%!t(");
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
    }
    body(out);
    if verb_is_truth {
        out.push(b')');
    }
}

fn write(out: &mut Vec<u8>, value: &Value, verb_is_truth: bool, depth: usize) {
    if depth > DEPTH {
        out.extend_from_slice(b"...");
        return;
    }
    match value {
        // Go prints a nil that is an argument itself as `%!t(<nil>)`, one inside a list as `<nil>`.
        Value::Null if verb_is_truth && depth == 0 => out.extend_from_slice(b"%!t(<nil>)"),
        Value::Null => out.extend_from_slice(b"<nil>"),
        Value::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Value::Int(number) => {
            mark(out, "int64", verb_is_truth, |out| out.extend_from_slice(number.to_string().as_bytes()));
        }
        Value::Float(number) => {
            mark(out, "float64", verb_is_truth, |out| number::write_v(out, *number));
        }
        Value::String(text) => mark(out, "string", verb_is_truth, |out| out.extend_from_slice(text)),
        Value::List(list) => {
            out.push(b'[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                write(out, item, verb_is_truth, depth + 1);
            }
            out.push(b']');
        }
        Value::Map(map) => {
            out.extend_from_slice(b"map[");
            for (index, (key, item)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                mark(out, "string", verb_is_truth, |out| out.extend_from_slice(key));
                out.push(b':');
                write(out, item, verb_is_truth, depth + 1);
            }
            out.push(b']');
        }
    }
}

/// What `fmt.Sprintf("%q", letters)` prints of a slice of runes: `['a' 'b']`.
pub(super) fn quote_runes(letters: &str) -> String {
    let letters: Vec<String> = letters.chars().map(quoted_char).collect();
    format!("[{}]", letters.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_print_as_go_does() {
        let list: Value = vec![true.into(), "a".into(), Value::Null, 1.5.into()].into();
        for (value, plainly, as_truth) in [
            (Value::from("str"), "str", "%!t(string=str)"),
            (Value::Int(5), "5", "%!t(int64=5)"),
            (Value::Float(1e6), "1e+06", "%!t(float64=1e+06)"),
            (Value::Bool(true), "true", "true"),
            (Value::Null, "<nil>", "%!t(<nil>)"),
            (list, "[true a <nil> 1.5]", "[true %!t(string=a) <nil> %!t(float64=1.5)]"),
        ] {
            assert_eq!(plain(&value), plainly);
            assert_eq!(truth(&value), as_truth);
        }
    }

    #[test]
    fn runes_are_quoted_one_by_one() {
        assert_eq!(quote_runes("x'\"\n"), "['x' '\\'' '\"' '\\n']");
    }
}
