//! Values to YAML, byte for byte as Helm's `toYaml` and `toYamlPretty` write it.
//!
//! `toYaml` goes through JSON: encoding/json writes it, go-yaml v2 reads it and writes it again, folding
//! long lines at 80 columns. `toYamlPretty` is go-yaml v3 with indented lists and no folding. One writer
//! does both, straight from the value; the few texts that do not survive the way through JSON unchanged
//! (control characters, NEL, endless keys) take that way for real.

use std::borrow::Cow;

use crate::data::{Map, Str, Value, json, number};

use super::decode::Decoder;
use super::event::Parser;
use super::input::Input;
use super::node::Document;
use super::order;
use super::resolve::{Resolved, is_timestamp, resolve};
use super::scan::{Scanner, break_at};
use super::{Error, Flavour, MAX_DEPTH};

/// Beyond this column go-yaml v2 breaks a line at the next space.
const WIDTH: usize = 80;
/// The longest key that stands without `?`.
const LONG_KEY: usize = 128;
/// The longest key in JSON, quotes included, that YAML can read.
const JSON_KEY: usize = 1_024;

/// Writes `value` to `out` with a line feed at its end, as `toYaml` does before it trims that.
///
/// # Errors
/// Helm's: infinite numbers, control characters that YAML cannot hold. Then `out` is as it was.
pub fn write_into(out: &mut Vec<u8>, value: &Value) -> Result<(), Error> {
    let start = out.len();
    let written = write_with(out, value, Flavour::Plain);
    let written = match written {
        Err(Stop::Detour) => {
            out.truncate(start);
            detour(value).map_err(Stop::Error).and_then(|value| write_with(out, &value, Flavour::Plain))
        }
        written => written,
    };
    written.map_err(|stop| {
        out.truncate(start);
        match stop {
            Stop::Error(error) => error,
            // A text that came out of YAML goes back into it.
            Stop::Detour => Error::new(0, "control characters are not allowed"),
        }
    })
}

/// Writes `value` to `out` as `toYamlPretty` does, with a line feed at its end.
///
/// # Errors
/// Nesting beyond [`MAX_DEPTH`].
pub fn write_pretty_into(out: &mut Vec<u8>, value: &Value) -> Result<(), Error> {
    let start = out.len();
    write_with(out, value, Flavour::Pretty).map_err(|stop| {
        out.truncate(start);
        match stop {
            Stop::Error(error) => error,
            Stop::Detour => Error::new(0, "control characters are not allowed"),
        }
    })
}

/// As [`write_into`], into a new buffer.
///
/// # Errors
/// As [`write_into`].
pub fn write(value: &Value) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    write_into(&mut out, value)?;
    Ok(out)
}

/// As [`write_pretty_into`], into a new buffer.
///
/// # Errors
/// As [`write_pretty_into`].
pub fn write_pretty(value: &Value) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    write_pretty_into(&mut out, value)?;
    Ok(out)
}

/// The way through JSON and back, with integers kept.
fn detour(value: &Value) -> Result<Value, Error> {
    let json = json::write(value).map_err(|error| Error::plain(error.to_string()))?;
    let input = Input::new(&json);
    match Document::read(&mut Parser::new(Scanner::new(&input)))? {
        Some(document) => Decoder::new(&document, false).decode()?.into_exact_value(),
        None => Ok(Value::Null),
    }
}

fn write_with(out: &mut Vec<u8>, value: &Value, flavour: Flavour) -> Result<(), Stop> {
    let line_start = out.len();
    let mut writer = Writer { out, flavour, line_start, fresh_line: true };
    match value {
        Value::Map(map) if !map.is_empty() => writer.map(map, 0, Lead::Nothing, 0)?,
        Value::List(list) if !list.is_empty() => writer.list(list, 0, Lead::Nothing, 0)?,
        scalar => writer.scalar(scalar, 2)?,
    }
    writer.break_line();
    Ok(())
}

/// Why writing ends early.
enum Stop {
    /// A text that does not survive JSON.
    Detour,
    Error(Error),
}

/// What stands before the first item of a collection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// The start of the text.
    Nothing,
    /// `-`, `?` or `:`; the first item follows on the line.
    Indicator,
    /// A key; the items start on the next line.
    Key,
}

struct Writer<'o> {
    out: &'o mut Vec<u8>,
    flavour: Flavour,
    /// Where the line starts in `out`.
    line_start: usize,
    /// Whether the line is empty.
    fresh_line: bool,
}

/// How a text may be written.
struct Form {
    style: Style,
    /// Whether line breaks of any kind are in it.
    multiline: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

impl Writer<'_> {
    #[inline]
    fn break_line(&mut self) {
        if !self.fresh_line {
            self.out.push(b'\n');
            self.line_start = self.out.len();
            self.fresh_line = true;
        }
    }

    #[inline]
    fn indent(&mut self, indent: usize) {
        self.break_line();
        self.out.resize(self.out.len() + indent, b' ');
    }

    /// What comes before an item: a new line, or a space behind the indicator.
    #[inline]
    fn lead(&mut self, lead: Lead, first: bool, indent: usize) {
        match lead {
            Lead::Nothing if first => {}
            Lead::Indicator if first => self.out.push(b' '),
            _ => self.indent(indent),
        }
        self.fresh_line = false;
    }

    fn check_depth(&self, depth: usize) -> Result<(), Stop> {
        if depth >= MAX_DEPTH {
            return Err(Stop::Error(Error::new(0, format!("exceeded max depth of {MAX_DEPTH}"))));
        }
        Ok(())
    }

    fn map(&mut self, map: &Map, indent: usize, lead: Lead, depth: usize) -> Result<(), Stop> {
        self.check_depth(depth)?;
        let mut entries: Vec<(&Str, &Value)> = map.iter().collect();
        order::sort(&mut entries, self.flavour, |entry| entry.0.as_bytes());
        for (index, (key, value)) in entries.into_iter().enumerate() {
            self.lead(lead, index == 0, indent);
            let simple = self.key(key, indent)?;
            if !simple {
                self.indent(indent);
                self.fresh_line = false;
            }
            self.out.push(b':');
            // Behind a plain key go-yaml v2 does not indent lists.
            let list_indent = if simple && self.flavour == Flavour::Plain { indent } else { indent + 2 };
            let lead = if simple { Lead::Key } else { Lead::Indicator };
            match value {
                Value::Map(map) if !map.is_empty() => self.map(map, indent + 2, lead, depth + 1)?,
                Value::List(list) if !list.is_empty() => self.list(list, list_indent, lead, depth + 1)?,
                scalar => {
                    self.out.push(b' ');
                    self.scalar(scalar, indent + 2)?;
                }
            }
        }
        Ok(())
    }

    fn list(&mut self, list: &[Value], indent: usize, lead: Lead, depth: usize) -> Result<(), Stop> {
        self.check_depth(depth)?;
        for (index, item) in list.iter().enumerate() {
            self.lead(lead, index == 0, indent);
            self.out.push(b'-');
            match item {
                Value::Map(map) if !map.is_empty() => {
                    self.map(map, indent + 2, Lead::Indicator, depth + 1)?;
                }
                Value::List(list) if !list.is_empty() => {
                    self.list(list, indent + 2, Lead::Indicator, depth + 1)?;
                }
                scalar => {
                    self.out.push(b' ');
                    self.scalar(scalar, indent + 2)?;
                }
            }
        }
        Ok(())
    }

    /// Writes a key; whether it stands without `?`.
    fn key(&mut self, key: &Str, indent: usize) -> Result<bool, Stop> {
        if self.flavour == Flavour::Pretty && key.as_str().is_none() {
            self.binary(key, indent + 2);
            return Ok(true);
        }
        let text = self.valid(key);
        let form = self.form(&text)?;
        if self.flavour == Flavour::Plain && text.len() + 2 > JSON_KEY / 6 && json::text_len(&text) > JSON_KEY
        {
            return Err(Stop::Detour);
        }
        let simple = !form.multiline && text.len() <= LONG_KEY;
        if !simple {
            self.out.extend_from_slice(b"? ");
        }
        self.text(&text, form.style, indent + 2, !simple);
        Ok(simple)
    }

    fn scalar(&mut self, value: &Value, indent: usize) -> Result<(), Stop> {
        self.fresh_line = false;
        match value {
            Value::Null => self.out.extend_from_slice(b"null"),
            Value::Bool(true) => self.out.extend_from_slice(b"true"),
            Value::Bool(false) => self.out.extend_from_slice(b"false"),
            Value::Int(number) => number::write_int(self.out, *number),
            Value::Float(number) => self.float(*number)?,
            Value::String(text) => {
                if self.flavour == Flavour::Pretty && text.as_str().is_none() {
                    self.binary(text, indent);
                    return Ok(());
                }
                let text = self.valid(text);
                let form = self.form(&text)?;
                self.text(&text, form.style, indent, true);
            }
            Value::List(_) => self.out.extend_from_slice(b"[]"),
            Value::Map(_) => self.out.extend_from_slice(b"{}"),
        }
        Ok(())
    }

    fn float(&mut self, number: f64) -> Result<(), Stop> {
        /// Up to here every integer has its own float64, and its digits are the shortest.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if self.flavour == Flavour::Pretty {
            match number {
                f64::INFINITY => self.out.extend_from_slice(b".inf"),
                f64::NEG_INFINITY => self.out.extend_from_slice(b"-.inf"),
                number if number.is_nan() => self.out.extend_from_slice(b".nan"),
                number => number::write_v(self.out, number),
            }
            return Ok(());
        }
        if !number.is_finite() {
            return Err(Stop::Error(super::decode::unsupported_number(number)));
        }
        if number.abs() < EXACT && number.trunc() == number {
            number::write_int(self.out, number as i64);
            return Ok(());
        }
        let start = self.out.len();
        number::write_json(self.out, number);
        match resolve(&self.out[start..]) {
            // The digits stand there already.
            Resolved::Int(_) | Resolved::Uint(_) => {}
            _ => {
                self.out.truncate(start);
                number::write_v(self.out, number);
            }
        }
        Ok(())
    }

    /// The text as it is after JSON.
    fn valid<'t>(&self, text: &'t Str) -> Cow<'t, [u8]> {
        if text.is_ascii() { Cow::Borrowed(text) } else { json::valid_text(text) }
    }

    /// Bytes that are not UTF-8, as go-yaml v3 writes them.
    fn binary(&mut self, bytes: &[u8], indent: usize) {
        let text = encode_base64(bytes);
        self.out.extend_from_slice(b"!!binary ");
        let style = if text.contains(&b'\n') { Style::Literal } else { Style::Plain };
        self.text(&text, style, indent, true);
    }

    /// How go-yaml writes this text. Go: yaml/encode.go, stringv; yaml/emitterc.go, analyze_scalar.
    fn form(&self, text: &[u8]) -> Result<Form, Stop> {
        let Some(&first) = text.first() else {
            return Ok(Form { style: Style::DoubleQuoted, multiline: false });
        };
        let mut indicators = CLASS[usize::from(first)] & FIRST != 0
            || (matches!(first, b'?' | b':' | b'-') && is_blank_or_end(text, 1))
            || text.starts_with(b"---")
            || text.starts_with(b"...");
        let mut special = false;
        let mut tabs = false;
        let mut feeds = false;
        let mut breaks = false;
        let mut space_break = false;
        let mut break_space = false;
        let mut at = 0;
        while at < text.len() {
            let byte = text[at];
            if CLASS[usize::from(byte)] & ODD == 0 {
                at += 1;
                continue;
            }
            let mut width = 1;
            match byte {
                b' ' => break_space |= at > 0 && ends_in_break(&text[..at]),
                b':' => indicators |= at > 0 && is_blank_or_end(text, at + 1),
                b'#' => indicators |= at > 0 && is_space_before(text, at),
                b'\n' => {
                    feeds = true;
                    breaks = true;
                    space_break |= at > 0 && text[at - 1] == b' ';
                }
                b'\t' => tabs = true,
                0x7f => return self.odd(text),
                0..=0x1f => {
                    special = true;
                    breaks |= byte == b'\r';
                }
                0xc2 if (0x80..=0x9f).contains(&text[at + 1]) => return self.odd(text),
                0xe2 if break_at(text, at) != 0 => {
                    width = 3;
                    breaks = true;
                    space_break |= at > 0 && text[at - 1] == b' ';
                }
                0xef if matches!(text[at + 1..at + 3], [0xbf, 0xbe | 0xbf]) => return self.odd(text),
                0xef if text[at + 1..].starts_with(b"\xbb\xbf") => special = true,
                0xf0.. => special = true,
                _ => {}
            }
            at += width;
        }
        let edge_space = first == b' ' || text.ends_with(b" ");
        let edge_break = break_at(text, 0) != 0 || ends_in_break(text);
        let pretty = self.flavour == Flavour::Pretty;
        special |= tabs && !pretty;
        let plain_allowed = !(indicators || special || tabs || breaks || edge_space || edge_break);
        let single_allowed = !(special || tabs || space_break || break_space);
        let block_allowed = !(special || space_break || text.ends_with(b" "));
        let style = if feeds {
            if block_allowed { Style::Literal } else { Style::DoubleQuoted }
        } else if !reads_as_text(text, pretty) {
            Style::DoubleQuoted
        } else if plain_allowed {
            Style::Plain
        } else if single_allowed {
            Style::SingleQuoted
        } else {
            Style::DoubleQuoted
        };
        Ok(Form { style, multiline: breaks })
    }

    /// A text with a character that does not survive YAML; go-yaml v3 only has to write it.
    #[cold]
    fn odd(&self, text: &[u8]) -> Result<Form, Stop> {
        match self.flavour {
            Flavour::Plain => Err(Stop::Detour),
            Flavour::Pretty => {
                let multiline = (0..text.len()).any(|at| break_at(text, at) != 0);
                Ok(Form { style: Style::DoubleQuoted, multiline })
            }
        }
    }

    /// Writes a text; further lines start at `indent`.
    fn text(&mut self, text: &[u8], style: Style, indent: usize, may_fold: bool) {
        let may_fold = may_fold && self.flavour == Flavour::Plain;
        match style {
            Style::Plain if !may_fold || self.out.len() - self.line_start + text.len() <= WIDTH => {
                self.out.extend_from_slice(text);
            }
            Style::Plain => self.plain(text, indent),
            Style::SingleQuoted => self.single_quoted(text, indent, may_fold),
            Style::DoubleQuoted => self.double_quoted(text, indent, may_fold),
            Style::Literal => self.literal(text, indent),
        }
    }

    /// The column, in characters.
    fn column(&self) -> usize {
        columns(&self.out[self.line_start..])
    }

    fn fold(&mut self, indent: usize) {
        self.out.push(b'\n');
        self.line_start = self.out.len();
        self.out.resize(self.out.len() + indent, b' ');
    }

    fn plain(&mut self, text: &[u8], indent: usize) {
        let mut column = self.column();
        let mut from = 0;
        for space in memchr::memchr_iter(b' ', text) {
            // Within a run of spaces nothing is folded.
            if text[space - 1] == b' ' || text.get(space + 1) == Some(&b' ') {
                continue;
            }
            column += columns(&text[from..space]);
            self.out.extend_from_slice(&text[from..space]);
            from = space;
            if column > WIDTH {
                self.fold(indent);
                column = indent;
                from = space + 1;
            }
        }
        self.out.extend_from_slice(&text[from..]);
    }

    fn single_quoted(&mut self, text: &[u8], indent: usize, may_fold: bool) {
        self.out.push(b'\'');
        let mut column = self.column();
        let mut at = 0;
        let mut after_space = false;
        let mut after_break = false;
        while at < text.len() {
            let byte = text[at];
            let line_break = break_at(text, at);
            if byte == b' ' {
                let inner = at > 0 && at + 1 < text.len() && text[at + 1] != b' ';
                if may_fold && !after_space && column > WIDTH && inner {
                    self.fold(indent);
                    column = indent;
                } else {
                    self.out.push(b' ');
                    column += 1;
                }
                after_space = true;
                at += 1;
            } else if line_break != 0 {
                // Only the Unicode separators come here; a line feed makes a block of it.
                self.out.extend_from_slice(&text[at..at + line_break]);
                self.line_start = self.out.len();
                column = 0;
                after_break = true;
                at += line_break;
            } else {
                if after_break {
                    self.out.resize(self.out.len() + indent, b' ');
                    column = indent;
                }
                if byte == b'\'' {
                    self.out.push(b'\'');
                    column += 1;
                }
                self.out.push(byte);
                column += usize::from(byte & 0xc0 != 0x80);
                after_space = false;
                after_break = false;
                at += 1;
            }
        }
        self.out.push(b'\'');
    }

    fn double_quoted(&mut self, text: &[u8], indent: usize, may_fold: bool) {
        self.out.push(b'"');
        let mut column = self.column();
        // A text that starts with a byte order mark has every letter escaped. Go: yaml/yamlprivateh.go, is_bom.
        let escape_all = text.starts_with("\u{feff}".as_bytes());
        let mut after_space = false;
        let mut at = 0;
        while at < text.len() {
            let byte = text[at];
            if byte == b' ' && !escape_all {
                let inner = at > 0 && at + 1 < text.len();
                if may_fold && !after_space && column > WIDTH && inner {
                    self.fold(indent);
                    column = indent;
                    if text[at + 1] == b' ' {
                        self.out.push(b'\\');
                        column += 1;
                    }
                } else {
                    self.out.push(b' ');
                    column += 1;
                }
                after_space = true;
                at += 1;
                continue;
            }
            after_space = false;
            if (0x20..0x7f).contains(&byte) && !matches!(byte, b'"' | b'\\') && !escape_all {
                self.out.push(byte);
                column += 1;
                at += 1;
                continue;
            }
            let letter = text[at..text.len().min(at + 4)]
                .utf8_chunks()
                .next()
                .and_then(|chunk| chunk.valid().chars().next())
                .unwrap_or('\u{fffd}');
            let width = if byte < 0x80 { 1 } else { letter.len_utf8() };
            if !escape_all && is_printable(letter) {
                self.out.extend_from_slice(&text[at..at + width]);
                column += 1;
            } else {
                let before = self.out.len();
                self.escape(letter);
                column += self.out.len() - before;
            }
            at += width;
        }
        self.out.push(b'"');
    }

    fn escape(&mut self, letter: char) {
        let short = match letter {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let code = letter as u32;
                let escaped = match code {
                    0..=0xff => format!("\\x{code:02X}"),
                    0x100..=0xffff => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                self.out.extend_from_slice(escaped.as_bytes());
                return;
            }
        };
        self.out.extend_from_slice(&[b'\\', short as u8]);
    }

    fn literal(&mut self, text: &[u8], indent: usize) {
        self.out.push(b'|');
        if text.first() == Some(&b' ') || break_at(text, 0) != 0 {
            self.out.push(b'2');
        }
        match last_letter(text) {
            Some((last, _)) if break_at(text, last) == 0 => self.out.push(b'-'),
            Some((_, rest)) => {
                if last_letter(rest).is_none_or(|(last, _)| break_at(text, last) != 0) {
                    self.out.push(b'+');
                }
            }
            None => self.out.push(b'-'),
        }
        self.out.push(b'\n');
        self.line_start = self.out.len();
        self.fresh_line = true;
        let mut at = 0;
        while at < text.len() {
            let mut end = at;
            let length = loop {
                end += memchr::memchr2(b'\n', 0xe2, &text[end..]).unwrap_or(text.len() - end);
                let length = break_at(text, end);
                if length != 0 || end >= text.len() {
                    break length;
                }
                end += 1;
            };
            if end > at {
                self.out.resize(self.out.len() + indent, b' ');
                self.out.extend_from_slice(&text[at..end]);
                self.fresh_line = false;
            }
            if length != 0 {
                self.out.extend_from_slice(&text[end..end + length]);
                self.line_start = self.out.len();
                self.fresh_line = true;
            }
            at = end + length;
        }
    }
}

/// Needs a look while a text is analysed.
const ODD: u8 = 1;
/// May not start a plain scalar.
const FIRST: u8 = 2;

static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        if byte < 0x20 || byte == 0x7f || byte == 0xc2 || byte == 0xe2 || byte == 0xef || byte >= 0xf0 {
            table[byte] |= ODD;
        }
        byte += 1;
    }
    table[b' ' as usize] |= ODD;
    table[b':' as usize] |= ODD;
    table[b'#' as usize] |= ODD;
    let first = b"#,[]{}&*!|>'\"%@`";
    let mut index = 0;
    while index < first.len() {
        table[first[index] as usize] |= FIRST;
        index += 1;
    }
    table
}

fn is_blank_or_end(text: &[u8], at: usize) -> bool {
    matches!(text.get(at), None | Some(b' ' | b'\t'))
}

/// Whether a blank, a break or a zero stands before `at`.
fn is_space_before(text: &[u8], at: usize) -> bool {
    matches!(text[at - 1], b' ' | b'\t' | 0) || ends_in_break(&text[..at])
}

fn ends_in_break(text: &[u8]) -> bool {
    text.ends_with(b"\n")
        || text.ends_with(b"\r")
        || text.ends_with(b"\xc2\x85")
        || text.ends_with(b"\xe2\x80\xa8")
        || text.ends_with(b"\xe2\x80\xa9")
}

/// Where the last letter starts, and what stands before it.
fn last_letter(text: &[u8]) -> Option<(usize, &[u8])> {
    let at = text.iter().rposition(|&byte| byte & 0xc0 != 0x80)?;
    Some((at, &text[..at]))
}

fn columns(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}

/// Whether go-yaml writes the letter as it is in double quotes (it escapes all beyond the basic plane).
fn is_printable(letter: char) -> bool {
    matches!(letter, '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// Whether a plain scalar of this text would be read as text, by YAML 1.1 as well.
fn reads_as_text(text: &[u8], pretty: bool) -> bool {
    let other = resolve(text) != Resolved::Text
        || (text[0].is_ascii_digit() && is_timestamp(text))
        || is_base60(text)
        || (pretty && is_signed_octal(text));
    !other
}

/// `^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`
fn is_base60(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    if !rest.first().is_some_and(u8::is_ascii_digit) || !rest.contains(&b':') {
        return false;
    }
    let digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'_';
    let mut parts = rest.split(|&byte| byte == b':');
    if !parts.next().is_some_and(|part| part.iter().all(digit)) {
        return false;
    }
    let parts: Vec<&[u8]> = parts.collect();
    let last = parts.len() - 1;
    parts.iter().enumerate().all(|(index, part)| {
        let mut pieces = part.splitn(2, |&byte| byte == b'.');
        let number = pieces.next().unwrap_or_default();
        let fraction = pieces.next();
        let sixty = match number {
            [ones] => ones.is_ascii_digit(),
            [tens, ones] => (b'0'..=b'5').contains(tens) && ones.is_ascii_digit(),
            _ => false,
        };
        sixty && fraction.is_none_or(|fraction| index == last && fraction.iter().all(digit))
    })
}

/// go-yaml v3 also reads a sign after `0o`.
fn is_signed_octal(text: &[u8]) -> bool {
    let plain: Vec<u8> = text.iter().copied().filter(|&byte| byte != b'_').collect();
    plain
        .strip_prefix(b"0o")
        .filter(|digits| matches!(digits.first(), Some(b'+' | b'-')))
        .is_some_and(|digits| number::parse_int_in(digits, 8).is_some())
}

/// Base64 in lines of 70, if it takes more than one. Go: yaml/resolve.go, encodeBase64.
fn encode_base64(bytes: &[u8]) -> Vec<u8> {
    const LINE: usize = 70;
    let encoded = json::encode_base64(bytes);
    if encoded.len() < LINE {
        return encoded;
    }
    let mut out = Vec::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    for line in encoded.chunks(LINE) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out
}
