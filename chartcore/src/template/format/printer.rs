//! What each verb makes of each kind of value.
//!
//! Go: fmt/print.go, `printArg`, `printValue`; fmt/format.go.

use super::super::print::{LENGTH, write_duration, write_int};
use super::super::unicode::{self, is_print};
use super::super::{Any, Element, Object, float};
use crate::quote::{can_backquote, write_quoted, write_quoted_char, write_quoted_with};

/// How deep printing follows a map that contains itself.
const DEPTH: usize = 200;

#[derive(Default, Clone, Copy)]
pub(super) struct Flags {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`
    pub(super) plus_v: bool,
    /// `%#v`
    pub(super) sharp_v: bool,
}

/// Writes values by verbs.
pub(super) struct Printer<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) flags: Flags,
    /// Printing of nested values stops at this length.
    full: usize,
}

impl<'a> Printer<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let full = out.len() + LENGTH;
        Self { out, flags: Flags::default(), full }
    }

    pub(super) fn complain(&mut self, verb: char, what: &str) {
        self.out.extend_from_slice(format!("%!{verb}({what})").as_bytes());
    }

    // --- padding ---

    fn padding(&mut self, count: usize) {
        // Zeros only on the left.
        let filler = if self.flags.zero && !self.flags.minus { b'0' } else { b' ' };
        self.out.resize(self.out.len() + count, filler);
    }

    fn pad(&mut self, text: &[u8]) {
        let width = match self.flags.width {
            None | Some(0) => return self.out.extend_from_slice(text),
            Some(width) => width,
        };
        let missing = width.saturating_sub(unicode::count(text));
        if self.flags.minus {
            self.out.extend_from_slice(text);
            self.padding(missing);
        } else {
            self.padding(missing);
            self.out.extend_from_slice(text);
        }
    }

    /// Pads with spaces, whatever the zero flag says.
    fn pad_with_spaces(&mut self, text: &[u8]) {
        let zero = std::mem::replace(&mut self.flags.zero, false);
        self.pad(text);
        self.flags.zero = zero;
    }

    // --- values ---

    /// Go: `printArg`.
    pub(super) fn argument(&mut self, arg: &Any, verb: char) {
        match (arg, verb) {
            (Any::Nil, 'T' | 'v') => self.pad(b"<nil>"),
            (Any::Nil, _) => self.bad_verb(arg, verb),
            (_, 'T') => {
                let name = arg.type_name().to_owned();
                self.string(name.as_bytes(), 's', arg);
            }
            (_, 'p') => self.pointer(arg, verb),
            (_, 'w') => self.bad_verb(arg, verb),
            (Any::List(list), _) if list.element() == Element::Byte => self.bytes(arg, verb, "[]byte"),
            _ => self.value(arg, verb, 0),
        }
    }

    #[cold]
    fn bad_verb(&mut self, value: &Any, verb: char) {
        self.out.extend_from_slice(b"%!");
        self.out.extend_from_slice(verb.encode_utf8(&mut [0; 4]).as_bytes());
        self.out.push(b'(');
        if matches!(value, Any::Nil) {
            self.out.extend_from_slice(b"<nil>");
        } else {
            self.out.extend_from_slice(value.type_name().as_bytes());
            self.out.push(b'=');
            self.argument(value, 'v');
        }
        self.out.push(b')');
    }

    /// Go: `printValue`.
    pub(super) fn value(&mut self, value: &Any, verb: char, depth: usize) {
        if depth > DEPTH || self.out.len() > self.full {
            return self.out.extend_from_slice(b"...");
        }
        match value {
            Any::Nil if self.flags.sharp_v && depth > 0 => self.out.extend_from_slice(b"interface {}(nil)"),
            Any::Nil => self.out.extend_from_slice(b"<nil>"),
            Any::Bool(truth) => match verb {
                't' | 'v' => self.pad(if *truth { b"true" } else { b"false" }),
                _ => self.bad_verb(value, verb),
            },
            Any::Int(number) | Any::Int64(number) => self.integer(*number as u64, *number < 0, verb, value),
            Any::Uint8(number) => self.unsigned(u64::from(*number), verb, value),
            Any::Uint64(number) => self.unsigned(*number, verb, value),
            Any::Float(number) => self.float(*number, verb, value),
            Any::Complex(number) => self.complex(**number, verb, value),
            Any::Duration(number) => {
                if !self.flags.sharp_v && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q') {
                    let mut text = Vec::new();
                    write_duration(&mut text, *number);
                    self.string(&text, verb, value);
                } else {
                    self.integer(*number as u64, *number < 0, verb, value);
                }
            }
            Any::Str(text) => self.string(text, verb, value),
            Any::List(list) => {
                if list.element() == Element::Byte && matches!(verb, 's' | 'q' | 'x' | 'X') {
                    return self.bytes(value, verb, "[]uint8");
                }
                let separator = self.open(list.element().slice_name(), "[");
                for (index, item) in list.items().iter().enumerate() {
                    if index > 0 {
                        self.out.extend_from_slice(separator);
                    }
                    self.value(item, verb, depth + 1);
                }
                self.close();
            }
            Any::Map(map) => {
                let separator = self.open(map.kind().name(), "map[");
                map.with_entries(|entries| {
                    for (index, (key, item)) in entries.iter().enumerate() {
                        if index > 0 {
                            self.out.extend_from_slice(separator);
                        }
                        self.value(&Any::Str(key.clone()), verb, depth + 1);
                        self.out.push(b':');
                        self.value(item, verb, depth + 1);
                    }
                });
                self.close();
            }
            Any::Object(object) => self.object(&**object, value, verb, depth),
        }
    }

    fn open(&mut self, type_name: &str, bracket: &str) -> &'static [u8] {
        if self.flags.sharp_v {
            self.out.extend_from_slice(type_name.as_bytes());
            self.out.push(b'{');
            b", "
        } else {
            self.out.extend_from_slice(bracket.as_bytes());
            b" "
        }
    }

    fn close(&mut self) {
        self.out.push(if self.flags.sharp_v { b'}' } else { b']' });
    }

    fn object(&mut self, object: &dyn Object, value: &Any, verb: char, depth: usize) {
        if let Some(fields) = object.fields() {
            if object.kind() == "ptr" {
                if depth > 0 {
                    return self.pointer(value, verb);
                }
                self.out.push(b'&');
            }
            if self.flags.sharp_v {
                self.out.extend_from_slice(object.type_name().trim_start_matches('*').as_bytes());
            }
            self.out.push(b'{');
            for (index, (name, field)) in fields.iter().enumerate() {
                if index > 0 {
                    self.out.extend_from_slice(if self.flags.sharp_v { b", " } else { b" " });
                }
                if self.flags.plus_v || self.flags.sharp_v {
                    self.out.extend_from_slice(name.as_bytes());
                    self.out.push(b':');
                }
                self.value(field, verb, depth + 1);
            }
            self.out.push(b'}');
            return;
        }
        if let Some(entries) = object.entries() {
            let map = object.kind() == "map";
            let separator = self.open(object.type_name(), if map { "map[" } else { "[" });
            for (index, (key, item)) in entries.iter().enumerate() {
                if index > 0 {
                    self.out.extend_from_slice(separator);
                }
                if map {
                    self.value(key, verb, depth + 1);
                    self.out.push(b':');
                }
                self.value(item, verb, depth + 1);
            }
            return self.close();
        }
        let stringable = matches!(verb, 'v' | 's' | 'x' | 'X' | 'q');
        match object.underlying() {
            Some(plain) if !stringable => self.value(&plain, verb, depth),
            _ if stringable => {
                let mut text = Vec::new();
                object.print(&mut text);
                self.string(&text, verb, value);
            }
            _ => {
                self.out.extend_from_slice(format!("%!{verb}({}=", object.type_name()).as_bytes());
                object.print(self.out);
                self.out.push(b')');
            }
        }
    }

    /// Addresses mean nothing here: all are the same.
    fn pointer(&mut self, value: &Any, verb: char) {
        const ADDRESS: u64 = 0xc0_0001_0000;
        if !matches!(value.kind(), "map" | "ptr" | "slice") {
            return self.bad_verb(value, verb);
        }
        match verb {
            'v' | 'p' => {
                let sharp = self.flags.sharp;
                self.flags.sharp = !sharp;
                self.digits(ADDRESS, false, 16, 'v', false);
                self.flags.sharp = sharp;
            }
            'b' | 'o' | 'd' | 'x' | 'X' => self.unsigned(ADDRESS, verb, value),
            _ => self.bad_verb(value, verb),
        }
    }

    // --- text ---

    /// `text` cut to the precision, in characters.
    fn truncated<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let Some(precision) = self.flags.precision else { return text };
        let mut at = 0;
        for _ in 0..precision {
            match unicode::first(&text[at..]) {
                Some((_, width)) => at += width,
                None => break,
            }
        }
        &text[..at]
    }

    /// Go: `fmtString`. `value` is what a bad verb complains about.
    fn string(&mut self, text: &[u8], verb: char, value: &Any) {
        match verb {
            'v' if self.flags.sharp_v => self.quoted(text),
            'v' | 's' => {
                let text = self.truncated(text);
                self.pad(text);
            }
            'x' => self.hex(text, false),
            'X' => self.hex(text, true),
            'q' => self.quoted(text),
            _ => self.bad_verb(value, verb),
        }
    }

    fn quoted(&mut self, text: &[u8]) {
        let text = self.truncated(text);
        let mut out = Vec::with_capacity(text.len() + 2);
        if self.flags.sharp && can_backquote(text) {
            out.push(b'`');
            out.extend_from_slice(text);
            out.push(b'`');
        } else if self.flags.plus {
            write_quoted_with(&mut out, text, true);
        } else {
            write_quoted(&mut out, text);
        }
        self.pad(&out);
    }

    /// Go: `fmtSbx`.
    fn hex(&mut self, text: &[u8], upper: bool) {
        let text = &text[..self.flags.precision.unwrap_or(text.len()).min(text.len())];
        if text.is_empty() {
            return self.padding(self.flags.width.unwrap_or(0));
        }
        let prefix: &[u8] = match (self.flags.sharp, upper) {
            (false, _) => b"",
            (true, false) => b"0x",
            (true, true) => b"0X",
        };
        let digits = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
        let mut out = prefix.to_vec();
        for (index, &byte) in text.iter().enumerate() {
            if self.flags.space && index > 0 {
                out.push(b' ');
                out.extend_from_slice(prefix);
            }
            out.push(digits[usize::from(byte >> 4)]);
            out.push(digits[usize::from(byte & 15)]);
        }
        self.pad(&out);
    }

    /// Go: `fmtBytes`.
    fn bytes(&mut self, value: &Any, verb: char, type_name: &str) {
        let Any::List(list) = value else { return };
        let bytes: Vec<u8> =
            list.items().iter().map(|item| if let Any::Uint8(byte) = item { *byte } else { 0 }).collect();
        match verb {
            'v' | 'd' => {
                let separator = self.open(type_name, "[");
                for (index, &byte) in bytes.iter().enumerate() {
                    if index > 0 {
                        self.out.extend_from_slice(separator);
                    }
                    self.unsigned(u64::from(byte), verb, value);
                }
                self.close();
            }
            's' => {
                let text = self.truncated(&bytes);
                self.pad(text);
            }
            'x' => self.hex(&bytes, false),
            'X' => self.hex(&bytes, true),
            'q' => self.quoted(&bytes),
            _ => self.value(value, verb, 0),
        }
    }

    // --- numbers ---

    fn unsigned(&mut self, number: u64, verb: char, value: &Any) {
        if verb == 'v' && self.flags.sharp_v {
            let sharp = std::mem::replace(&mut self.flags.sharp, true);
            self.digits(number, false, 16, verb, false);
            self.flags.sharp = sharp;
        } else {
            self.integer(number, false, verb, value);
        }
    }

    /// Go: `pp.fmtInteger`; a negative number comes as its two's complement.
    fn integer(&mut self, number: u64, negative: bool, verb: char, value: &Any) {
        match verb {
            'v' | 'd'
                if self.flags.width.is_none()
                    && self.flags.precision.is_none()
                    && !self.flags.plus
                    && !self.flags.space =>
            {
                if negative || i64::try_from(number).is_ok() {
                    write_int(self.out, number as i64);
                } else {
                    self.out.extend_from_slice(number.to_string().as_bytes());
                }
            }
            'v' | 'd' => self.digits(number, negative, 10, verb, false),
            'b' => self.digits(number, negative, 2, verb, false),
            'o' | 'O' => self.digits(number, negative, 8, verb, false),
            'x' => self.digits(number, negative, 16, verb, false),
            'X' => self.digits(number, negative, 16, verb, true),
            'c' | 'q' | 'U' => {
                let letter = u32::try_from(number).ok().and_then(char::from_u32);
                match verb {
                    'c' => {
                        let letter = letter.unwrap_or(char::REPLACEMENT_CHARACTER);
                        self.pad(letter.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    'q' => {
                        let mut out = Vec::new();
                        let letter = letter.unwrap_or(char::REPLACEMENT_CHARACTER);
                        write_quoted_char(&mut out, letter, self.flags.plus);
                        self.pad(&out);
                    }
                    _ => {
                        let width = self.flags.precision.unwrap_or(0).max(4);
                        let digits = format!("{number:X}");
                        let mut out = b"U+".to_vec();
                        out.resize(2 + width.saturating_sub(digits.len()), b'0');
                        out.extend_from_slice(digits.as_bytes());
                        if let Some(letter) = letter.filter(|&letter| self.flags.sharp && is_print(letter)) {
                            out.extend_from_slice(format!(" '{letter}'").as_bytes());
                        }
                        self.pad_with_spaces(&out);
                    }
                }
            }
            _ => self.bad_verb(value, verb),
        }
    }

    /// Go: `fmt.fmtInteger`.
    fn digits(&mut self, number: u64, negative: bool, base: u32, verb: char, upper: bool) {
        let flags = self.flags;
        let size = if negative { number.wrapping_neg() } else { number };
        let mut least = 0;
        if let Some(precision) = flags.precision {
            least = precision;
            if precision == 0 && size == 0 {
                let zero = std::mem::replace(&mut self.flags.zero, false);
                self.padding(flags.width.unwrap_or(0));
                self.flags.zero = zero;
                return;
            }
        } else if let Some(width) = flags.width.filter(|_| flags.zero && !flags.minus) {
            least = width.saturating_sub(usize::from(negative || flags.plus || flags.space));
        }
        let mut digits = match (base, upper) {
            (2, _) => format!("{size:b}"),
            (8, _) => format!("{size:o}"),
            (16, false) => format!("{size:x}"),
            (16, true) => format!("{size:X}"),
            _ => size.to_string(),
        };
        if digits.len() < least {
            digits.insert_str(0, &"0".repeat(least - digits.len()));
        }
        let prefix = match base {
            2 if flags.sharp => "0b",
            8 if flags.sharp && !digits.starts_with('0') => "0",
            16 if flags.sharp && upper => "0X",
            16 if flags.sharp => "0x",
            _ => "",
        };
        let octal = if verb == 'O' { "0o" } else { "" };
        let sign = match (negative, flags.plus, flags.space) {
            (true, _, _) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        self.pad_with_spaces(format!("{sign}{octal}{prefix}{digits}").as_bytes());
    }

    fn float(&mut self, number: f64, verb: char, value: &Any) {
        let (verb, precision) = match verb {
            'v' => (b'g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => (verb as u8, None),
            'f' | 'e' | 'E' => (verb as u8, Some(6)),
            'F' => (b'f', Some(6)),
            _ => return self.bad_verb(value, verb),
        };
        self.float_digits(number, verb, precision);
    }

    /// Go: `fmt.fmtFloat`.
    fn float_digits(&mut self, number: f64, verb: u8, precision: Option<usize>) {
        let flags = self.flags;
        let precision = flags.precision.or(precision);
        let mut text = Vec::new();
        float::write(&mut text, number, verb, precision);
        if !matches!(text.first(), Some(b'-' | b'+')) {
            text.insert(0, b'+');
        }
        if flags.space && text[0] == b'+' && !flags.plus {
            text[0] = b' ';
        }
        if matches!(text.get(1), Some(b'I' | b'N')) {
            if text[1] == b'N' && !flags.space && !flags.plus {
                text.remove(0);
            }
            return self.pad_with_spaces(&text);
        }
        if flags.sharp && verb != b'b' {
            float::restore_zeros(&mut text, verb, precision);
        }
        if flags.plus || text[0] != b'+' {
            let missing = flags.width.unwrap_or(0).saturating_sub(text.len());
            if flags.zero && !flags.minus && missing > 0 {
                self.out.push(text[0]);
                self.padding(missing);
                self.out.extend_from_slice(&text[1..]);
                return;
            }
            return self.pad(&text);
        }
        self.pad(&text[1..]);
    }

    fn complex(&mut self, (real, imaginary): (f64, f64), verb: char, value: &Any) {
        if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
            return self.bad_verb(value, verb);
        }
        self.out.push(b'(');
        self.float(real, verb, value);
        let plus = std::mem::replace(&mut self.flags.plus, true);
        self.float(imaginary, verb, value);
        self.out.extend_from_slice(b"i)");
        self.flags.plus = plus;
    }
}
