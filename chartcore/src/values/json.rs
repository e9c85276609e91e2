//! JSON with its numbers as written, in Go's words where it is malformed.
//!
//! `--set-json` needs to know where a value ends, and a schema needs its numbers exactly
//! (`"maximum": 0.1`), which a float64 has not.

use crate::data::{Str, Value};

/// How deep arrays and objects may nest. Go allows 10,000.
const DEPTH: usize = 300;

/// A JSON value whose numbers are text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(Str),
    String(Str),
    Array(Vec<Json>),
    Object(Members),
}

/// The members of an object by key; of equal keys the last one has won.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Members {
    list: Vec<(Str, Json)>,
    /// A bit for each key, by [`bit`]: most questions are for keys that are not there.
    bits: u64,
}

/// One of 64 bits, by a key's length and ends.
fn bit(key: &[u8]) -> u64 {
    let end = |byte: Option<&u8>| u64::from(byte.copied().unwrap_or(0));
    let mixed = (key.len() as u64).wrapping_mul(31) ^ end(key.first()).wrapping_mul(7) ^ end(key.last());
    1 << (mixed % 64)
}

impl Members {
    fn new(mut list: Vec<(Str, Json)>) -> Self {
        // Stable, so the last of equal keys stays last and wins.
        list.sort_by(|left, right| left.0.cmp(&right.0));
        list.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        let bits = list.iter().fold(0, |bits, member| bits | bit(&member.0));
        Self { list, bits }
    }

    fn get(&self, key: &str) -> Option<&Json> {
        if self.bits & bit(key.as_bytes()) == 0 {
            return None;
        }
        let at = self.list.binary_search_by(|member| member.0.as_bytes().cmp(key.as_bytes())).ok()?;
        self.list.get(at).map(|member| &member.1)
    }

    /// The members, by key.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&Str, &Json)> {
        self.list.iter().map(|(key, value)| (key, value))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}

impl Json {
    /// The member `key` of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Self::Object(members) => members.get(key),
            _ => None,
        }
    }

    /// The text of a string.
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => text.as_str(),
            _ => None,
        }
    }

    /// The value as Go decodes it into an `interface{}`; nothing if a number does not fit a float64.
    pub(super) fn into_value(self) -> Option<Value> {
        Some(match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(truth),
            Self::Number(text) => {
                Value::Float(text.as_str()?.parse().ok().filter(|number: &f64| number.is_finite())?)
            }
            Self::String(text) => Value::String(text),
            Self::Array(items) => items.into_iter().map(Self::into_value).collect::<Option<Vec<_>>>()?.into(),
            Self::Object(members) => Value::from(
                members
                    .list
                    .into_iter()
                    .map(|(key, value)| Some((key, value.into_value()?)))
                    .collect::<Option<crate::data::Map>>()?,
            ),
        })
    }
}

/// Reads one value and says where it ends; what follows is not looked at.
///
/// # Errors
/// Go's text, as `json.Decoder.Decode` gives it.
pub(super) fn parse_prefix(text: &[u8]) -> Result<(Json, usize), String> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    reader.skip_blanks();
    if reader.at == text.len() {
        return Err("EOF".to_string());
    }
    let value = reader.value()?;
    Ok((value, reader.at))
}

/// Reads a whole text.
///
/// # Errors
/// Go's text, as `jsonschema.UnmarshalJSON` gives it.
pub(super) fn parse(text: &[u8]) -> Result<Json, String> {
    let (value, end) = parse_prefix(text)?;
    if text[end..].iter().all(|&byte| is_blank(byte)) {
        Ok(value)
    } else {
        Err("invalid character after top-level value".to_string())
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(is_blank) {
            self.at += 1;
        }
    }

    fn fail<T>(&self, context: &str) -> Result<T, String> {
        Err(match self.peek() {
            None => "unexpected EOF".to_string(),
            Some(b'\'') => format!("invalid character '\\'' {context}"),
            Some(b'"') => format!("invalid character '\"' {context}"),
            Some(byte) => {
                let quoted = crate::quote::quote(&char::from(byte).to_string());
                format!("invalid character '{}' {context}", quoted.trim_matches('"'))
            }
        })
    }

    fn value(&mut self) -> Result<Json, String> {
        self.skip_blanks();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b't') => self.literal("true", Json::Bool(true)),
            Some(b'f') => self.literal("false", Json::Bool(false)),
            Some(b'n') => self.literal("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.fail("looking for beginning of value"),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json, String>) -> Result<Json, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("exceeded max depth".to_string());
        }
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn literal(&mut self, word: &str, value: Json) -> Result<Json, String> {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                return self.fail(&format!("in literal {word} (expecting '{}')", char::from(expected)));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn digits(&mut self, context: &str) -> Result<(), String> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.fail(context);
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Json, String> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(Json::Number(Str::new(&self.text[start..self.at])))
    }

    fn array(&mut self) -> Result<Json, String> {
        let mut items = Vec::new();
        self.skip_blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Array(items));
                }
                _ => return self.fail("after array element"),
            }
        }
    }

    fn object(&mut self) -> Result<Json, String> {
        let mut members: Vec<(Str, Json)> = Vec::new();
        self.skip_blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(Members::new(members)));
        }
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'"') {
                return self.fail("looking for beginning of object key string");
            }
            let key = self.string()?;
            self.skip_blanks();
            if self.peek() != Some(b':') {
                return self.fail("after object key");
            }
            self.at += 1;
            let value = self.value()?;
            members.push((key, value));
            self.skip_blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                _ => return self.fail("after object key:value pair"),
            }
        }
        Ok(Json::Object(Members::new(members)))
    }

    fn string(&mut self) -> Result<Str, String> {
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(String::from_utf8_lossy(&bytes).into());
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escaped(&mut bytes)?;
                }
                Some(byte) if byte >= 0x20 => {
                    bytes.push(byte);
                    self.at += 1;
                }
                _ => return self.fail("in string literal"),
            }
        }
    }

    fn escaped(&mut self, bytes: &mut Vec<u8>) -> Result<(), String> {
        let letter = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                self.at += 1;
                let mut unit = self.hex4()?;
                if (0xd800..0xdc00).contains(&unit) && self.text[self.at..].starts_with(b"\\u") {
                    let back = self.at;
                    self.at += 2;
                    let low = self.hex4()?;
                    if (0xdc00..0xe000).contains(&low) {
                        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                    } else {
                        self.at = back;
                    }
                }
                let letter = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
                bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return self.fail("in string escape code"),
        };
        self.at += 1;
        bytes.push(letter);
        Ok(())
    }

    fn hex4(&mut self) -> Result<u32, String> {
        let mut unit = 0;
        for _ in 0..4 {
            match self.peek().and_then(|byte| char::from(byte).to_digit(16)) {
                Some(digit) => unit = unit * 16 + digit,
                None => return self.fail("in \\u hexadecimal character escape"),
            }
            self.at += 1;
        }
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_go_s() {
        for (text, message) in [
            ("", "EOF"),
            ("  ", "EOF"),
            ("{", "unexpected EOF"),
            ("{a", "invalid character 'a' looking for beginning of object key string"),
            ("[1 2]", "invalid character '2' after array element"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 \"b\"", "invalid character '\"' after object key:value pair"),
            ("tru!", "invalid character '!' in literal true (expecting 'e')"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("\"\\q\"", "invalid character 'q' in string escape code"),
            ("{} x", "invalid character after top-level value"),
            ("é", "invalid character 'Ã' looking for beginning of value"),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(message.to_string()), "{text}");
        }
    }

    #[test]
    fn nesting_is_limited_and_duplicates_resolved() {
        let deep = "[".repeat(100_000);
        assert_eq!(parse(deep.as_bytes()), Err("exceeded max depth".to_string()));
        let twice = parse(br#"{"b":1,"a":2,"b":3}"#).unwrap();
        assert_eq!(twice.get("b"), Some(&Json::Number("3".into())));
    }
}
