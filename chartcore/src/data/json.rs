//! JSON as Go reads and writes it.
//!
//! Own code rather than a crate, because templates print encoding/json's exact texts: its errors, its
//! escapes (`<` is `\u003c`), its floats.

use std::borrow::Cow;
use std::fmt;

use super::{Map, Str, Value, number};

/// How deep a value may nest. encoding/json stops at 10,000; see [`super::yaml::MAX_DEPTH`].
pub const MAX_DEPTH: usize = super::yaml::MAX_DEPTH;

/// Why a text is not JSON, or a value cannot be JSON: encoding/json's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    message: String,
}

impl Error {
    #[cold]
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// What encoding/json calls the type of a value in its errors.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    }
}

/// The text with each byte that is not UTF-8 replaced by U+FFFD, as Go does it: one by one.
pub(crate) fn valid_text(text: &[u8]) -> Cow<'_, [u8]> {
    if std::str::from_utf8(text).is_ok() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + 16);
    for chunk in text.utf8_chunks() {
        out.extend_from_slice(chunk.valid().as_bytes());
        for _ in chunk.invalid() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    Cow::Owned(out)
}

/// Standard base64 with padding, which is how Go writes a `[]byte`.
pub(crate) fn encode_base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let shifted = bits >> (18 - 6 * digit);
            out.push(if digit <= group.len() { DIGITS[(shifted & 63) as usize] } else { b'=' });
        }
    }
    out
}

/// Writes `value` as `json.Marshal` does: keys in byte order, no blanks, `<`, `>` and `&` escaped.
///
/// # Errors
/// `json: unsupported value: NaN` and the like; nesting beyond [`MAX_DEPTH`].
pub fn write(value: &Value) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    write_into(&mut out, value)?;
    Ok(out)
}

/// As [`write()`], at the end of `out`; after an error `out` is as it was.
///
/// # Errors
/// As [`write()`].
pub fn write_into(out: &mut Vec<u8>, value: &Value) -> Result<(), Error> {
    write_with(out, value, Escape::Html)
}

/// As [`write()`], with `<`, `>` and `&` as they are.
///
/// # Errors
/// As [`write()`].
pub fn write_raw(value: &Value) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    write_with(&mut out, value, Escape::Json)?;
    Ok(out)
}

/// As [`write()`], with a line for each item, indented by `indent`, as `json.MarshalIndent` does.
///
/// # Errors
/// As [`write()`].
pub fn write_indented(value: &Value, indent: &str) -> Result<Vec<u8>, Error> {
    Ok(indented(&write(value)?, indent))
}

/// Which characters [`write()`] and [`write_raw`] escape beyond what JSON asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// `<`, `>` and `&` too.
    Html,
    /// No others.
    Json,
}

/// Writes `value` at the end of `out`; after an error `out` is as it was.
pub(crate) fn write_with(out: &mut Vec<u8>, value: &Value, escape: Escape) -> Result<(), Error> {
    let start = out.len();
    let written = write_at(out, value, escape, 0);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

fn write_at(out: &mut Vec<u8>, value: &Value, escape: Escape, depth: usize) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(Error::new("exceeded max depth"));
    }
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Value::Int(number) => number::write_int(out, *number),
        Value::Float(number) if !number.is_finite() => return Err(not_finite(*number)),
        Value::Float(number) => number::write_json(out, *number),
        Value::String(text) => push_text(out, text, escape),
        Value::List(list) => {
            out.push(b'[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_at(out, item, escape, depth + 1)?;
            }
            out.push(b']');
        }
        Value::Map(map) => {
            out.push(b'{');
            for (index, (key, item)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_text(out, key, escape);
                out.push(b':');
                write_at(out, item, escape, depth + 1)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

#[cold]
fn not_finite(number: f64) -> Error {
    let mut text = Vec::new();
    number::write_v(&mut text, number);
    Error::new(format!("json: unsupported value: {}", String::from_utf8_lossy(&text)))
}

/// Lays out JSON without blanks, as `json.Indent` does: a line for each item, nothing inside empty brackets.
pub(crate) fn indented(json: &[u8], indent: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() * 2);
    let mut depth = 0;
    let mut in_text = false;
    let new_line = |out: &mut Vec<u8>, depth: usize| {
        out.push(b'\n');
        out.extend_from_slice(indent.repeat(depth).as_bytes());
    };
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        at += 1;
        if in_text {
            out.push(byte);
            match byte {
                b'\\' => {
                    out.extend(json.get(at));
                    at += 1;
                }
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'{' | b'[' => {
                out.push(byte);
                if let Some(close @ (b'}' | b']')) = json.get(at) {
                    out.push(*close);
                    at += 1;
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                depth -= 1;
                new_line(&mut out, depth);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => {
                in_text = byte == b'"';
                out.push(byte);
            }
        }
    }
    out
}

/// Writes a string with its quotes.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &[u8], escape: Escape) {
    out.push(b'"');
    let mut from = 0;
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        if (0x20..0x80).contains(&byte)
            && !matches!(byte, b'"' | b'\\')
            && (escape == Escape::Json || !matches!(byte, b'<' | b'>' | b'&'))
        {
            at += 1;
            continue;
        }
        let mut width = 1;
        let escaped: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            8 => b"\\b",
            0x0c => b"\\f",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..=0x7f => &control(byte),
            _ => match letter_at(text, at) {
                Some('\u{2028}') => {
                    width = 3;
                    b"\\u2028"
                }
                Some('\u{2029}') => {
                    width = 3;
                    b"\\u2029"
                }
                Some(letter) => {
                    at += letter.len_utf8();
                    continue;
                }
                None => b"\\ufffd",
            },
        };
        out.extend_from_slice(&text[from..at]);
        out.extend_from_slice(escaped);
        at += width;
        from = at;
    }
    out.extend_from_slice(&text[from..]);
    out.push(b'"');
}

fn control(byte: u8) -> [u8; 6] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    [b'\\', b'u', b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]
}

fn letter_at(text: &[u8], at: usize) -> Option<char> {
    let window = &text[at..text.len().min(at + 4)];
    window.utf8_chunks().next()?.valid().chars().next()
}

/// How many characters the string takes in JSON, with its quotes.
pub(super) fn text_len(text: &[u8]) -> usize {
    let mut out = Vec::with_capacity(text.len() + 2);
    push_text(&mut out, text, Escape::Html);
    out.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}

/// Reads a text as `json.Unmarshal` into an `interface{}` does: every number a float64.
///
/// # Errors
/// encoding/json's: `invalid character 'x' looking for beginning of value` and the like.
pub fn parse(text: &[u8]) -> Result<Value, Error> {
    match decode(text)? {
        (value, None) => Ok(value),
        (_, Some(error)) => Err(error),
    }
}

/// Reads the next value of a stream and says where it ends, as `json.Decoder.Decode` does; `None` when only
/// blanks are left.
///
/// # Errors
/// encoding/json's text, with the offset of a malformed character in front, as Kubernetes' decoder has it.
pub(crate) fn parse_prefix(text: &[u8]) -> Result<Option<(Value, usize)>, String> {
    let mut reader = Reader { text, at: 0, too_large: None };
    if reader.skip_blanks().is_none() {
        return Ok(None);
    }
    match reader.value() {
        Ok(value) => Ok(Some((value, reader.at))),
        Err(error) if error == end_of_input() => Err("unexpected EOF".to_owned()),
        Err(error) => Err(format!("json: offset {}: {error}", reader.at + 1)),
    }
}

/// Reads an object as `json.Unmarshal` into a `map[string]interface{}` does; `null` is the empty map.
///
/// Beside the error there is what Go leaves in the map: a number too large becomes null, the rest is kept.
pub fn parse_map(text: &[u8]) -> (Map, Option<Error>) {
    match decode(text) {
        Ok((Value::Map(map), error)) => (std::sync::Arc::unwrap_or_clone(map), error),
        // A number too large for a float64 is still a number.
        Ok((Value::Null, Some(_))) => {
            (Map::new(), Some(wrong_type(&Value::Int(0), "map[string]interface {}")))
        }
        Ok((Value::Null, error)) => (Map::new(), error),
        Ok((other, _)) => (Map::new(), Some(wrong_type(&other, "map[string]interface {}"))),
        Err(error) => (Map::new(), Some(error)),
    }
}

/// Reads an array as `json.Unmarshal` into an `[]interface{}` does; `null` is the empty list.
///
/// # Errors
/// As [`parse`], and `json: cannot unmarshal object into Go value of type []interface {}`.
pub fn parse_list(text: &[u8]) -> Result<Vec<Value>, Error> {
    match decode(text)? {
        (Value::Null, Some(_)) => Err(wrong_type(&Value::Int(0), "[]interface {}")),
        (_, Some(error)) => Err(error),
        (Value::List(list), None) => Ok(std::sync::Arc::unwrap_or_clone(list)),
        (Value::Null, None) => Ok(Vec::new()),
        (other, None) => Err(wrong_type(&other, "[]interface {}")),
    }
}

fn wrong_type(value: &Value, wanted: &str) -> Error {
    Error::new(format!("json: cannot unmarshal {} into Go value of type {wanted}", type_name(value)))
}

/// The value, and the first number that was too large for it.
fn decode(text: &[u8]) -> Result<(Value, Option<Error>), Error> {
    let mut reader = Reader { text, at: 0, too_large: None };
    let value = reader.document()?;
    Ok((value, reader.too_large))
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    too_large: Option<Error>,
}

/// An array or object being read.
enum Open {
    List(Vec<Value>),
    Map(Vec<(Str, Value)>),
}

impl<'a> Reader<'a> {
    /// A value with nothing but blanks behind it.
    fn document(&mut self) -> Result<Value, Error> {
        let value = self.value()?;
        match self.skip_blanks() {
            None => Ok(value),
            Some(_) => Err(self.invalid("after top-level value")),
        }
    }

    fn value(&mut self) -> Result<Value, Error> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            // A value starts here.
            let mut value = match self.next("looking for beginning of value")? {
                b'[' => {
                    self.deepen(open.len())?;
                    if self.peek()? != b']' {
                        open.push(Open::List(Vec::new()));
                        continue;
                    }
                    self.at += 1;
                    Value::from(Vec::new())
                }
                b'{' => {
                    self.deepen(open.len())?;
                    if self.peek()? != b'}' {
                        let key = self.key()?;
                        open.push(Open::Map(vec![(key, Value::Null)]));
                        continue;
                    }
                    self.at += 1;
                    Value::empty_map()
                }
                b'"' => Value::String(self.string()?),
                b't' => self.literal("true", Value::Bool(true))?,
                b'f' => self.literal("false", Value::Bool(false))?,
                b'n' => self.literal("null", Value::Null)?,
                _ => self.number()?,
            };
            // And ends here, perhaps with what it is in.
            loop {
                match open.last_mut() {
                    None => return Ok(value),
                    Some(Open::List(items)) => {
                        items.push(value);
                        match self.next("after array element")? {
                            b',' => break,
                            b']' => value = Value::from(std::mem::take(items)),
                            _ => return Err(self.back("after array element")),
                        }
                    }
                    Some(Open::Map(entries)) => {
                        if let Some(entry) = entries.last_mut() {
                            entry.1 = value;
                        }
                        match self.next("after object key:value pair")? {
                            b',' => {
                                let key = self.key()?;
                                entries.push((key, Value::Null));
                                break;
                            }
                            b'}' => value = Value::from(Map::from_entries(std::mem::take(entries))),
                            _ => return Err(self.back("after object key:value pair")),
                        }
                    }
                }
                open.pop();
            }
        }
    }

    fn deepen(&self, depth: usize) -> Result<(), Error> {
        if depth >= MAX_DEPTH {
            return Err(Error::new("exceeded max depth"));
        }
        Ok(())
    }

    fn skip_blanks(&mut self) -> Option<u8> {
        while let Some(&byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    fn peek(&mut self) -> Result<u8, Error> {
        self.skip_blanks().ok_or_else(end_of_input)
    }

    /// The next character that is not blank, taken.
    fn next(&mut self, context: &str) -> Result<u8, Error> {
        let byte = self.peek()?;
        let starts_value = matches!(byte, b'[' | b'{' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9');
        if context.starts_with("looking") && !starts_value {
            return Err(self.invalid(context));
        }
        self.at += 1;
        Ok(byte)
    }

    /// The complaint about the character just taken.
    fn back(&mut self, context: &str) -> Error {
        self.at -= 1;
        self.invalid(context)
    }

    /// The complaint about the character here. In the middle of a word Go takes the end for a blank.
    #[cold]
    fn invalid(&self, context: &str) -> Error {
        let byte = self.text.get(self.at).copied().unwrap_or(b' ');
        Error::new(format!("invalid character {} {context}", quote(byte)))
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<Str, Error> {
        if self.peek()? != b'"' {
            return Err(self.invalid("looking for beginning of object key string"));
        }
        self.at += 1;
        let key = self.string()?;
        if self.peek()? != b':' {
            return Err(self.invalid("after object key"));
        }
        self.at += 1;
        Ok(key)
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, Error> {
        for expected in word.bytes().skip(1) {
            match self.text.get(self.at) {
                Some(&byte) if byte == expected => self.at += 1,
                _ => {
                    let context = format!("in literal {word} (expecting '{}')", char::from(expected));
                    return Err(self.invalid(&context));
                }
            }
        }
        Ok(value)
    }

    fn digits(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self, context: &str) -> Result<(), Error> {
        if !self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            return Err(self.invalid(context));
        }
        self.digits();
        Ok(())
    }

    /// A number whose first character has been taken.
    fn number(&mut self) -> Result<Value, Error> {
        self.at -= 1;
        let from = self.at;
        if self.text[self.at] == b'-' {
            self.at += 1;
        }
        match self.text.get(self.at) {
            Some(b'0') => self.at += 1,
            _ => self.some_digits("in numeric literal")?,
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.text.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        let text = std::str::from_utf8(&self.text[from..self.at]).unwrap_or_default();
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Float(number)),
            _ => {
                self.too_large.get_or_insert_with(|| {
                    Error::new(format!("json: cannot unmarshal number {text} into Go value of type float64"))
                });
                Ok(Value::Null)
            }
        }
    }

    /// A string whose opening quote has been taken.
    fn string(&mut self) -> Result<Str, Error> {
        let from = self.at;
        let mut simple = true;
        loop {
            match self.text.get(self.at) {
                None => return Err(end_of_input()),
                Some(b'"') => break,
                Some(0..=0x1f) => return Err(self.invalid("in string literal")),
                Some(b'\\') => {
                    simple = false;
                    self.at += 1;
                    match self.text.get(self.at) {
                        Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.at += 1,
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                if !self.text.get(self.at).is_some_and(u8::is_ascii_hexdigit) {
                                    return Err(self.invalid("in \\u hexadecimal character escape"));
                                }
                                self.at += 1;
                            }
                        }
                        _ => return Err(self.invalid("in string escape code")),
                    }
                }
                Some(_) => self.at += 1,
            }
        }
        let raw = &self.text[from..self.at];
        self.at += 1;
        let raw = valid_text(raw);
        if simple { Ok(Str::new(raw)) } else { Ok(Str::from(unescape(&raw))) }
    }
}

#[cold]
fn end_of_input() -> Error {
    Error::new("unexpected end of JSON input")
}

/// Resolves the escapes of a string that has been checked.
pub(super) fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        if byte != b'\\' {
            out.push(byte);
            at += 1;
            continue;
        }
        let escape = raw.get(at + 1).copied().unwrap_or(b'\\');
        at += 2;
        match escape {
            b'b' => out.push(8),
            b'f' => out.push(0x0c),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let mut code = hex(raw, at).unwrap_or(0xfffd);
                at += 4;
                // Two halves make a letter; a half alone makes U+FFFD.
                if (0xd800..0xdc00).contains(&code)
                    && raw[at.min(raw.len())..].starts_with(b"\\u")
                    && let Some(low) = hex(raw, at + 2)
                    && (0xdc00..0xe000).contains(&low)
                {
                    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                    at += 6;
                }
                let letter = char::from_u32(code).unwrap_or('\u{fffd}');
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => out.push(other),
        }
    }
    out
}

fn hex(raw: &[u8], at: usize) -> Option<u32> {
    raw.get(at..at + 4)?.iter().try_fold(0, |code, &byte| Some(code * 16 + char::from(byte).to_digit(16)?))
}

/// A byte as encoding/json quotes it in its errors: taken for a character of Latin-1.
fn quote(byte: u8) -> String {
    match byte {
        b'\'' => "'\\''".into(),
        b'"' => "'\"'".into(),
        b'\\' => "'\\\\'".into(),
        7 => "'\\a'".into(),
        8 => "'\\b'".into(),
        0x0c => "'\\f'".into(),
        b'\n' => "'\\n'".into(),
        b'\r' => "'\\r'".into(),
        b'\t' => "'\\t'".into(),
        0x0b => "'\\v'".into(),
        0..=0x1f | 0x7f => format!("'\\x{byte:02x}'"),
        0x80..=0xa0 | 0xad => format!("'\\u{byte:04x}'"),
        _ => format!("'{}'", char::from(byte)),
    }
}
