//! TOML as Go reads and writes it: github.com/BurntSushi/toml 1.6, which `toToml` and `fromToml` use.

use std::fmt;

use toml::de::{DeArray, DeTable, DeValue};

use super::{Map, Str, Value, number};
use crate::quote::quoted_char;

const MAX_DEPTH: usize = super::yaml::MAX_DEPTH;

/// Why a text is not TOML, or a value cannot be TOML.
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

/// Reads a document: integers are [`Value::Int`], dates and times the text JSON makes of them.
///
/// # Errors
/// `toml: line N: ...`, with the `toml` crate's words.
pub fn parse(text: &[u8]) -> Result<Map, Error> {
    Ok(parse_items(text)?.into_iter().map(|(key, item)| (key, item.into_value())).collect())
}

/// What a document holds, with dates and times as such.
#[derive(Debug)]
pub(crate) enum Item {
    Plain(Value),
    /// A date or time as RFC 3339 writes it, taken as UTC when it says no offset; then Go has a zone of its
    /// own for it.
    Datetime {
        text: String,
        zone: Option<&'static str>,
    },
    List(Vec<Item>),
    Map(Vec<(Str, Item)>),
}

impl Item {
    fn into_value(self) -> Value {
        match self {
            Self::Plain(value) => value,
            Self::Datetime { text, .. } => text.into(),
            Self::List(items) => items.into_iter().map(Self::into_value).collect::<Vec<_>>().into(),
            Self::Map(entries) => {
                entries.into_iter().map(|(key, item)| (key, item.into_value())).collect::<Map>().into()
            }
        }
    }
}

/// Reads a document's entries.
pub(crate) fn parse_items(text: &[u8]) -> Result<Vec<(Str, Item)>, Error> {
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            let line = line_of(text, error.valid_up_to());
            let byte = text.get(error.valid_up_to()).copied().unwrap_or(0);
            return Err(Error::new(format!("toml: line {line}: invalid UTF-8 byte: 0x{byte:02x}")));
        }
    };
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let line = line_of(text.as_bytes(), span.start);
        Error::new(format!("toml: line {line}: {}", reason(text, span.end, error.message())))
    })?;
    from_table(table.get_ref(), text.as_bytes())
}

/// Go's words for the commonest mistake, a line that is no `key = value`; the crate's for the others.
fn reason(text: &str, end: usize, message: &str) -> String {
    if !message.starts_with("key with no value") {
        return message.to_owned();
    }
    let rest = text.get(end..).unwrap_or_default().trim_start_matches([' ', '\t']);
    match rest.chars().next() {
        None => "unexpected EOF; expected key separator '='".to_owned(),
        Some(letter) => format!("expected '.' or '=', but got {} instead", quoted_char(letter)),
    }
}

fn line_of(text: &[u8], at: usize) -> usize {
    1 + text[..at.min(text.len())].iter().filter(|&&byte| byte == b'\n').count()
}

fn from_table(table: &DeTable<'_>, text: &[u8]) -> Result<Vec<(Str, Item)>, Error> {
    let entries = table.iter().map(|(key, value)| {
        Ok((Str::from(key.get_ref().as_ref()), from_value(value.get_ref(), value.span().start, text)?))
    });
    entries.collect()
}

fn from_array(array: &DeArray<'_>, text: &[u8]) -> Result<Item, Error> {
    let items = array.iter().map(|item| from_value(item.get_ref(), item.span().start, text));
    Ok(Item::List(items.collect::<Result<_, _>>()?))
}

fn from_value(value: &DeValue<'_>, at: usize, text: &[u8]) -> Result<Item, Error> {
    Ok(Item::Plain(match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Int(number),
            Err(_) => {
                let (line, number) = (line_of(text, at), number.as_str());
                return Err(Error::new(format!("toml: line {line}: {number} is out of range for int64")));
            }
        },
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(number) => Value::Float(number),
            Err(_) => {
                let (line, number) = (line_of(text, at), number.as_str());
                return Err(Error::new(format!("toml: line {line}: invalid float: {number}")));
            }
        },
        DeValue::Datetime(datetime) => {
            let zone = match (datetime.offset, datetime.date, datetime.time) {
                (Some(_), ..) => None,
                (None, Some(_), Some(_)) => Some("datetime-local"),
                (None, Some(_), None) => Some("date-local"),
                (None, None, _) => Some("time-local"),
            };
            return Ok(Item::Datetime { text: datetime_text(*datetime), zone });
        }
        DeValue::Array(array) => return from_array(array, text),
        DeValue::Table(table) => return Ok(Item::Map(from_table(table, text)?)),
    }))
}

/// What Go's JSON makes of the `time.Time` that stands for it; a date or time alone is taken as UTC.
fn datetime_text(datetime: toml::value::Datetime) -> String {
    let mut out = match datetime.date {
        Some(date) => format!("{:04}-{:02}-{:02}T", date.year, date.month, date.day),
        None => "0000-01-01T".into(),
    };
    match datetime.time {
        Some(time) => {
            let nanosecond = time.nanosecond.unwrap_or(0);
            out.push_str(&format!("{:02}:{:02}:{:02}", time.hour, time.minute, time.second.unwrap_or(0)));
            if nanosecond != 0 {
                let digits = format!("{nanosecond:09}");
                out.push('.');
                out.push_str(digits.trim_end_matches('0'));
            }
        }
        None => out.push_str("00:00:00"),
    }
    match datetime.offset {
        Some(toml::value::Offset::Custom { minutes }) if minutes != 0 => {
            let sign = if minutes < 0 { '-' } else { '+' };
            let minutes = minutes.unsigned_abs();
            out.push_str(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
        }
        _ => out.push('Z'),
    }
    out
}

/// Writes `value` as BurntSushi's encoder does: keys in order, plain values before tables, tables indented
/// by two blanks a level, nulls left out.
///
/// # Errors
/// A null in a list, a list of tables at the top; nesting too deep.
pub fn write(value: &Value) -> Result<Vec<u8>, Error> {
    let mut writer = Writer { out: Vec::new(), path: Vec::new() };
    writer.item(value, 0)?;
    Ok(writer.out)
}

/// What a value is in TOML.
#[derive(PartialEq, Eq)]
enum Shape {
    Null,
    Plain,
    Table,
    TableArray,
}

fn shape(value: &Value, depth: usize) -> Result<Shape, Error> {
    Ok(match value {
        Value::Null => Shape::Null,
        Value::Map(_) => Shape::Table,
        Value::List(list) => {
            check_depth(depth)?;
            let mut tables = !list.is_empty();
            for item in list.iter() {
                match shape(item, depth + 1)? {
                    Shape::Null => return Err(Error::new("toml: cannot encode array with nil element")),
                    Shape::Table => {}
                    _ => tables = false,
                }
            }
            if tables { Shape::TableArray } else { Shape::Plain }
        }
        _ => Shape::Plain,
    })
}

fn check_depth(depth: usize) -> Result<(), Error> {
    if depth >= MAX_DEPTH {
        return Err(Error::new(format!("toml: exceeded max depth of {MAX_DEPTH}")));
    }
    Ok(())
}

struct Writer<'v> {
    out: Vec<u8>,
    path: Vec<&'v Str>,
}

impl<'v> Writer<'v> {
    /// Writes the value that the path leads to.
    fn item(&mut self, value: &'v Value, depth: usize) -> Result<(), Error> {
        check_depth(depth)?;
        match value {
            Value::Null => Ok(()),
            Value::Map(map) => {
                if self.path.len() == 1 {
                    self.new_line();
                }
                if !self.path.is_empty() {
                    self.header("[", "]");
                }
                self.entries(map, depth)
            }
            Value::List(list) if shape(value, depth)? == Shape::TableArray => {
                if self.path.is_empty() {
                    return Err(Error::new("toml: top-level values must be Go maps or structs"));
                }
                for item in list.iter() {
                    self.new_line();
                    self.header("[[", "]]");
                    if let Value::Map(map) = item {
                        self.entries(map, depth + 1)?;
                    }
                }
                Ok(())
            }
            _ => {
                let Some(&key) = self.path.last() else { return self.element(value, depth) };
                self.indent();
                push_key(&mut self.out, key);
                self.out.extend_from_slice(b" = ");
                self.element(value, depth)?;
                self.new_line();
                Ok(())
            }
        }
    }

    fn new_line(&mut self) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
    }

    fn indent(&mut self) {
        for _ in 1..self.path.len() {
            self.out.extend_from_slice(b"  ");
        }
    }

    fn header(&mut self, open: &str, close: &str) {
        self.indent();
        self.out.extend_from_slice(open.as_bytes());
        for (index, key) in self.path.iter().enumerate() {
            if index > 0 {
                self.out.push(b'.');
            }
            push_key(&mut self.out, key);
        }
        self.out.extend_from_slice(close.as_bytes());
        self.new_line();
    }

    /// The entries of a table: first those that are no tables.
    fn entries(&mut self, map: &'v Map, depth: usize) -> Result<(), Error> {
        let (direct, tables) = split(map, depth)?;
        for (key, value) in direct.into_iter().chain(tables) {
            self.path.push(key);
            self.item(value, depth + 1)?;
            self.path.pop();
        }
        Ok(())
    }

    /// A value within a line.
    fn element(&mut self, value: &'v Value, depth: usize) -> Result<(), Error> {
        check_depth(depth)?;
        match value {
            Value::Null => {}
            Value::Bool(truth) => self.out.extend_from_slice(if *truth { b"true" } else { b"false" }),
            Value::Int(number) => number::write_int(&mut self.out, *number),
            Value::Float(number) => push_float(&mut self.out, *number),
            Value::String(text) => push_quoted(&mut self.out, text),
            Value::List(list) => {
                self.out.push(b'[');
                for (index, item) in list.iter().enumerate() {
                    if index > 0 {
                        self.out.extend_from_slice(b", ");
                    }
                    self.element(item, depth + 1)?;
                }
                self.out.push(b']');
            }
            Value::Map(map) => {
                self.out.push(b'{');
                let (direct, tables) = split(map, depth)?;
                // A null at the end leaves the comma before it.
                let (direct_count, table_count) = (direct.len(), tables.len());
                for (index, (key, value)) in direct.into_iter().enumerate() {
                    self.inline(key, value, table_count > 0 || index + 1 < direct_count, depth)?;
                }
                for (index, (key, value)) in tables.into_iter().enumerate() {
                    self.inline(key, value, index + 1 < table_count, depth)?;
                }
                self.out.push(b'}');
            }
        }
        Ok(())
    }

    fn inline(&mut self, key: &'v Str, value: &'v Value, comma: bool, depth: usize) -> Result<(), Error> {
        if value.is_null() {
            return Ok(());
        }
        push_key(&mut self.out, key);
        self.out.extend_from_slice(b" = ");
        self.element(value, depth + 1)?;
        if comma {
            self.out.extend_from_slice(b", ");
        }
        Ok(())
    }
}

type Entries<'v> = Vec<(&'v Str, &'v Value)>;

/// The entries that are no tables, and those that are.
fn split(map: &Map, depth: usize) -> Result<(Entries<'_>, Entries<'_>), Error> {
    let mut direct = Vec::new();
    let mut tables = Vec::new();
    for (key, value) in map.iter() {
        match shape(value, depth)? {
            Shape::Table | Shape::TableArray => tables.push((key, value)),
            Shape::Null | Shape::Plain => direct.push((key, value)),
        }
    }
    Ok((direct, tables))
}

fn push_key(out: &mut Vec<u8>, key: &[u8]) {
    let bare = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !key.is_empty() && key.iter().all(bare) {
        out.extend_from_slice(key);
    } else {
        push_quoted(out, key);
    }
}

fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            8 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..=0x1f | 0x7f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

fn push_float(out: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        let start = out.len();
        number::write_v(out, number);
        if !out[start..].iter().any(|byte| matches!(byte, b'e' | b'.')) {
            out.extend_from_slice(b".0");
        }
        return;
    }
    if number.is_sign_negative() {
        out.push(b'-');
    }
    out.extend_from_slice(if number.is_nan() { b"nan" } else { b"inf" });
}
