//! Scalars: where they end, and what they say.
//!
//! Scanning finds the end and all that can be wrong; [`Scalar::text`] makes the value later, if anybody
//! asks for it. Most scalars stand in the text as they are and are never copied.

use std::borrow::Cow;

use super::Error;
use super::scan::{Scanner, blank_or_end, break_at, byte_at, is_blank, is_flow_indicator, skip_plain};

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

/// What happens to the line breaks at the end of a block scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chomp {
    Strip,
    Clip,
    Keep,
}

/// A scalar as it stands in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scalar<'a> {
    /// Without quotes and without the header of a block scalar.
    pub(super) raw: &'a [u8],
    pub(super) style: Style,
    /// Whether `raw` is the value.
    direct: bool,
    chomp: Chomp,
    /// The indentation of a block scalar.
    indent: u32,
}

impl<'a> Scalar<'a> {
    pub(super) const EMPTY: Self =
        Self { raw: &[], style: Style::Plain, direct: true, chomp: Chomp::Clip, indent: 0 };

    /// A word that is its own value.
    pub(super) fn word(raw: &'a [u8]) -> Self {
        Self { raw, ..Self::EMPTY }
    }

    /// The value, if it stands in the text as it is.
    #[inline]
    pub(super) fn direct(&self) -> Option<&'a [u8]> {
        self.direct.then_some(self.raw)
    }

    /// The value.
    #[inline]
    pub(super) fn text(&self) -> Cow<'a, [u8]> {
        if self.direct { Cow::Borrowed(self.raw) } else { Cow::Owned(self.fold()) }
    }

    fn fold(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.raw.len());
        match self.style {
            Style::Literal | Style::Folded => self.fold_block(&mut out),
            style => fold_flow(&mut out, self.raw, style),
        }
        out
    }

    /// The lines of a block scalar without their indentation.
    fn fold_block(&self, out: &mut Vec<u8>) {
        let text = self.raw;
        let indent = self.indent as usize;
        let literal = self.style == Style::Literal;
        let mut at = 0;
        let mut last_break: Option<&[u8]> = None;
        let mut empty_lines: Vec<&[u8]> = Vec::new();
        let mut after_blank = false;
        loop {
            // Indentation and empty lines.
            loop {
                let mut spaces = 0;
                while spaces < indent && byte_at(text, at) == b' ' {
                    spaces += 1;
                    at += 1;
                }
                match break_at(text, at) {
                    0 if spaces < indent || at >= text.len() => {
                        // Either the end, or a line that belongs to what follows.
                        if self.chomp != Chomp::Strip {
                            out.extend_from_slice(last_break.unwrap_or_default());
                        }
                        if self.chomp == Chomp::Keep {
                            out.extend(empty_lines.into_iter().flatten());
                        }
                        return;
                    }
                    0 => break,
                    length => {
                        empty_lines.push(normal_break(&text[at..at + length]));
                        at += length;
                    }
                }
            }
            let blank = is_blank(text[at]);
            match last_break {
                Some(b"\n") if !literal && !after_blank && !blank => {
                    out.extend_from_slice(if empty_lines.is_empty() { b" " } else { b"" });
                }
                Some(line_break) => out.extend_from_slice(line_break),
                None => {}
            }
            out.extend(empty_lines.drain(..).flatten());
            after_blank = blank;
            let end = line_end(text, at);
            out.extend_from_slice(&text[at..end]);
            let length = break_at(text, end);
            last_break = Some(normal_break(&text[end..end + length]));
            at = end + length;
        }
    }
}

/// How a line break is kept: as a line feed, but for the two Unicode separators.
fn normal_break(bytes: &[u8]) -> &[u8] {
    match bytes {
        b"" => b"",
        [0xe2, ..] => bytes,
        _ => b"\n",
    }
}

/// Where the line that `at` is on ends.
fn line_end(text: &[u8], mut at: usize) -> usize {
    while let Some(length) = memchr::memchr3(b'\n', b'\r', 0xe2, &text[at..]) {
        // NEL is the one break this search does not stop at.
        if let Some(next) = memchr::memmem::find(&text[at..at + length], b"\xc2\x85") {
            return at + next;
        }
        at += length;
        if break_at(text, at) != 0 {
            return at;
        }
        at += 1;
    }
    memchr::memmem::find(&text[at..], b"\xc2\x85").map_or(text.len(), |length| at + length)
}

/// Joins the lines of a plain or quoted scalar and resolves its escapes.
fn fold_flow(out: &mut Vec<u8>, text: &[u8], style: Style) {
    let mut at = 0;
    while at < text.len() {
        if !blank_or_end(text, at) {
            let escape = style == Style::DoubleQuoted && text[at] == b'\\';
            let escaped_break = escape && break_at(text, at + 1) != 0;
            if escape {
                at += unescape(out, &text[at..]);
            } else {
                out.push(text[at]);
                at += 1 + usize::from(style == Style::SingleQuoted && text[at..].starts_with(b"''"));
            }
            if !escaped_break {
                continue;
            }
            // After an escaped break the blanks and breaks that follow are dropped and kept.
            while at < text.len() {
                match break_at(text, at) {
                    0 if is_blank(text[at]) => at += 1,
                    0 => break,
                    length => {
                        out.extend_from_slice(normal_break(&text[at..at + length]));
                        at += length;
                    }
                }
            }
            continue;
        }
        let from = at;
        while at < text.len() && is_blank(text[at]) {
            at += 1;
        }
        let length = break_at(text, at);
        if length == 0 {
            out.extend_from_slice(&text[from..at]);
            continue;
        }
        let first = normal_break(&text[at..at + length]);
        at += length;
        let mut more = false;
        let before = out.len();
        while at < text.len() {
            match break_at(text, at) {
                0 if is_blank(text[at]) => at += 1,
                0 => break,
                length => {
                    if !more && first != b"\n" {
                        out.extend_from_slice(first);
                    }
                    more = true;
                    out.extend_from_slice(normal_break(&text[at..at + length]));
                    at += length;
                }
            }
        }
        if out.len() == before {
            out.extend_from_slice(if first == b"\n" { b" " } else { first });
        }
    }
}

/// Writes what the escape at the start of `text` stands for; returns its length. The scanner has checked it.
fn unescape(out: &mut Vec<u8>, text: &[u8]) -> usize {
    let line_break = break_at(text, 1);
    if line_break != 0 {
        return 1 + line_break;
    }
    let escape = byte_at(text, 1);
    if let Some(known) = simple_escape(escape) {
        out.extend_from_slice(known.as_bytes());
        return 2;
    }
    let digits = escape_digits(escape);
    if let Some(letter) = hex(text, 2, digits).and_then(char::from_u32) {
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
    2 + digits
}

/// What `\` and this byte stand for, if it is not a code.
fn simple_escape(byte: u8) -> Option<&'static str> {
    Some(match byte {
        b'0' => "\0",
        b'a' => "\x07",
        b'b' => "\x08",
        b't' | b'\t' => "\t",
        b'n' => "\n",
        b'v' => "\x0b",
        b'f' => "\x0c",
        b'r' => "\r",
        b'e' => "\x1b",
        b' ' => " ",
        b'"' => "\"",
        b'\'' => "'",
        b'\\' => "\\",
        b'N' => "\u{85}",
        b'_' => "\u{a0}",
        b'L' => "\u{2028}",
        b'P' => "\u{2029}",
        _ => return None,
    })
}

/// How many hexadecimal digits follow this escape; 0 when there is no such escape.
fn escape_digits(byte: u8) -> usize {
    match byte {
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        _ => 0,
    }
}

fn hex(text: &[u8], at: usize, digits: usize) -> Option<u32> {
    (at..at + digits)
        .try_fold(0u32, |code, at| Some(code.wrapping_shl(4) | char::from(byte_at(text, at)).to_digit(16)?))
}

impl<'a> Scanner<'a> {
    /// Scans a plain scalar. Most are one line and end before a line feed or `: `.
    pub(super) fn scan_plain(&mut self) -> Result<Scalar<'a>, Error> {
        let text = self.text;
        let from = self.at;
        let in_flow = self.flow_level > 0;
        let indent = self.indent + 1;
        let mut end;
        let mut lines = false;
        let mut after_break;
        loop {
            // A run of characters and single blanks within a line.
            end = self.skip_plain_line(in_flow);
            after_break = false;
            // What follows is the end, or blanks and breaks.
            while !self.at_end_of_plain() {
                let length = break_at(text, self.at);
                if length != 0 {
                    self.break_line(length);
                    after_break = true;
                } else if is_blank(self.byte(0)) {
                    if after_break && self.byte(0) == b'\t' && self.column() < indent {
                        return Err(self.error("found a tab character that violates indentation"));
                    }
                    self.at += 1;
                } else {
                    break;
                }
            }
            if !after_break
                || (!in_flow && self.column() < indent)
                || self.at >= text.len()
                || (self.column() == 0 && self.at_document_indicator())
                || self.byte(0) == b'#'
                || (self.byte(0) == b':' && blank_or_end(text, self.at + 1))
                || (in_flow && is_flow_indicator(self.byte(0)))
            {
                break;
            }
            lines = true;
        }
        self.account(from);
        if after_break {
            self.key_allowed = true;
        }
        Ok(Scalar { raw: &text[from..end], direct: !lines, ..Scalar::EMPTY })
    }

    #[inline]
    fn at_end_of_plain(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Skips to the end of the plain text on this line, and the blanks behind it; returns where the text ends.
    #[inline]
    fn skip_plain_line(&mut self, in_flow: bool) -> usize {
        let text = self.text;
        let mut at = self.at;
        loop {
            at = skip_plain(text, at, in_flow);
            let end = at;
            match byte_at(text, at) {
                b' ' | b'\t' => {
                    while is_blank(byte_at(text, at)) {
                        at += 1;
                    }
                    let byte = byte_at(text, at);
                    let stops = byte == b'#'
                        || (byte == b':' && blank_or_end(text, at + 1))
                        || (in_flow && is_flow_indicator(byte))
                        || byte == 0
                        || break_at(text, at) != 0;
                    if stops {
                        self.at = at;
                        return end;
                    }
                }
                b':' if !blank_or_end(text, at + 1) => at += 1,
                0xc2 | 0xe2 if break_at(text, at) == 0 => at += 1,
                _ => {
                    self.at = at;
                    return end;
                }
            }
        }
    }

    /// Checks for what may not stand in a quoted scalar at this point: `---`, or the end.
    fn check_quoted(&self) -> Result<(), Error> {
        if self.column() == 0 && self.at_document_indicator() {
            return Err(self.error("found unexpected document indicator"));
        }
        if self.at >= self.text.len() {
            return Err(self.error("found unexpected end of stream"));
        }
        Ok(())
    }

    /// Eats blanks and breaks within a quoted scalar; whether there was a break.
    fn skip_quoted_space(&mut self) -> bool {
        let mut lines = false;
        loop {
            let byte = self.byte(0);
            if is_blank(byte) {
                self.at += 1;
                continue;
            }
            match break_at(self.text, self.at) {
                0 => return lines,
                length => {
                    self.break_line(length);
                    lines = true;
                }
            }
        }
    }

    pub(super) fn scan_single_quoted(&mut self) -> Result<Scalar<'a>, Error> {
        let text = self.text;
        self.at += 1;
        let from = self.at;
        let mut direct = true;
        loop {
            self.check_quoted()?;
            while !blank_or_end(text, self.at) && self.byte(0) != b'\'' {
                self.at += 1;
            }
            if self.byte(0) == b'\'' {
                if self.byte(1) != b'\'' {
                    break;
                }
                direct = false;
                self.at += 2;
                // The next character is looked at as part of the same word.
                if !blank_or_end(text, self.at) {
                    continue;
                }
            }
            direct &= !self.skip_quoted_space();
        }
        let raw = &text[from..self.at];
        self.at += 1;
        self.account(from);
        Ok(Scalar { raw, style: Style::SingleQuoted, direct, ..Scalar::EMPTY })
    }

    pub(super) fn scan_double_quoted(&mut self) -> Result<Scalar<'a>, Error> {
        let text = self.text;
        self.at += 1;
        let from = self.at;
        let mut direct = true;
        loop {
            self.check_quoted()?;
            while !blank_or_end(text, self.at) && self.byte(0) != b'"' {
                if self.byte(0) != b'\\' {
                    self.at += 1;
                    continue;
                }
                direct = false;
                let length = break_at(text, self.at + 1);
                if length != 0 {
                    self.at += 1;
                    self.break_line(length);
                    break;
                }
                self.check_escape()?;
            }
            if self.byte(0) == b'"' {
                break;
            }
            direct &= !self.skip_quoted_space();
        }
        let raw = &text[from..self.at];
        self.at += 1;
        self.account(from);
        Ok(Scalar { raw, style: Style::DoubleQuoted, direct, ..Scalar::EMPTY })
    }

    /// Checks and skips an escape that is not a line break.
    fn check_escape(&mut self) -> Result<(), Error> {
        self.check_ahead(2)?;
        let escape = self.byte(1);
        if simple_escape(escape).is_some() {
            self.at += 2;
            return Ok(());
        }
        let digits = escape_digits(escape);
        if digits == 0 {
            return Err(self.error("found unknown escape character"));
        }
        self.at += 2;
        self.check_ahead(digits)?;
        let Some(code) = hex(self.text, self.at, digits) else {
            // Go: yaml/scannerc.go spells it so.
            return Err(self.error("did not find expected hexdecimal number"));
        };
        if char::from_u32(code).is_none() {
            return Err(self.error("found invalid Unicode character escape code"));
        }
        self.at += digits;
        Ok(())
    }

    pub(super) fn scan_block(&mut self, literal: bool) -> Result<Scalar<'a>, Error> {
        let text = self.text;
        self.at += 1;
        let mut chomp = self.scan_chomp();
        let mut increment = 0;
        if self.byte(0).is_ascii_digit() {
            if self.byte(0) == b'0' {
                return Err(self.error("found an indentation indicator equal to 0"));
            }
            increment = i64::from(self.byte(0) - b'0');
            self.at += 1;
            if chomp == Chomp::Clip {
                chomp = self.scan_chomp();
            }
        }
        self.finish_line("did not find expected comment or line break")?;
        let from = self.at;
        let mut indent = if increment > 0 { self.indent.max(0) + increment } else { 0 };
        self.skip_block_breaks(&mut indent)?;
        while self.column() == indent && self.at < text.len() {
            self.at = if self.line_feeds {
                memchr::memchr(b'\n', &text[self.at..]).map_or(text.len(), |length| self.at + length)
            } else {
                line_end(text, self.at)
            };
            let length = break_at(text, self.at);
            if length != 0 {
                self.break_line(length);
            }
            self.skip_block_breaks(&mut indent)?;
        }
        let raw = &text[from..self.at];
        self.account(from);
        let style = if literal { Style::Literal } else { Style::Folded };
        Ok(Scalar { raw, style, direct: false, chomp, indent: indent as u32 })
    }

    fn scan_chomp(&mut self) -> Chomp {
        let chomp = match self.byte(0) {
            b'+' => Chomp::Keep,
            b'-' => Chomp::Strip,
            _ => return Chomp::Clip,
        };
        self.at += 1;
        chomp
    }

    /// Eats indentation and empty lines; finds out the indentation (0: not known yet).
    fn skip_block_breaks(&mut self, indent: &mut i64) -> Result<(), Error> {
        let mut deepest = 0;
        loop {
            while (*indent == 0 || self.column() < *indent) && self.byte(0) == b' ' {
                self.at += 1;
            }
            deepest = deepest.max(self.column());
            if (*indent == 0 || self.column() < *indent) && self.byte(0) == b'\t' {
                return Err(self.error("found a tab character where an indentation space is expected"));
            }
            match break_at(self.text, self.at) {
                0 => break,
                length => self.break_line(length),
            }
        }
        if *indent == 0 {
            *indent = deepest.max(self.indent + 1).max(1);
        }
        Ok(())
    }
}
