//! JSON as Python's `json.dumps` writes it with compact separators: ASCII alone, keys in order.

use super::number::float_text;
use super::tree::Tree;

/// Writes a tree as JSON.
pub(super) fn dump(out: &mut String, tree: &Tree) {
    match tree {
        Tree::Null => out.push_str("null"),
        Tree::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Tree::Int(number) => out.push_str(&number.to_string()),
        Tree::Float(number) => out.push_str(&float(*number)),
        Tree::Text(text) => string(out, text),
        Tree::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                dump(out, item);
            }
            out.push(']');
        }
        Tree::Map(entries) => {
            out.push('{');
            for (at, (key, value)) in entries.as_slice().iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                match key {
                    Tree::Text(text) => string(out, text),
                    _ => {
                        out.push('"');
                        dump(out, key);
                        out.push('"');
                    }
                }
                out.push(':');
                dump(out, value);
            }
            out.push('}');
        }
    }
}

fn float(number: f64) -> String {
    match number {
        _ if number.is_nan() => "NaN".to_owned(),
        _ if number.is_infinite() => if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        _ => float_text(number),
    }
}

fn string(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            ' '..='~' => out.push(letter),
            _ => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}
