//! Go structs as `%v` and encoding/json show them.

use crate::data::{self, Value};
use crate::template::{Any, print};

/// Prints `{a b c}`, as `%v` prints a struct.
pub(super) fn print_struct(out: &mut Vec<u8>, fields: impl IntoIterator<Item = Any>) {
    out.push(b'{');
    for (index, field) in fields.into_iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        print::write_v(out, &field);
    }
    out.push(b'}');
}

/// A JSON object of the texts that are not empty.
pub(super) fn json_object<T: AsRef<str>>(texts: impl IntoIterator<Item = (&'static str, T)>) -> Value {
    let kept = texts.into_iter().filter(|(_, text)| !text.as_ref().is_empty());
    kept.map(|(key, text)| (key.into(), text.as_ref().into())).collect::<data::Map>().into()
}

/// The entries of `value` in the order of a Go struct's fields.
pub(super) fn in_order(value: &Value, keys: &[&'static str]) -> Vec<(&'static str, Any)> {
    keys.iter().filter_map(|&key| Some((key, Any::from(value.get(key)?)))).collect()
}
