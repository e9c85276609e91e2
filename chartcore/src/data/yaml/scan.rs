//! Bytes to tokens.
//!
//! YAML 1.1 as go-yaml v2.4 (the libyaml family) reads it, with its quirks: which of two errors comes
//! first, what ends a plain scalar inside brackets, when a key may stand where. Tokens are small and
//! `Copy`; a scalar's token holds the raw text, which [`Scalar::text`] turns into the value on demand,
//! so that a mere check of a document never copies a byte.

use std::collections::VecDeque;

use super::Error;
use super::input::Input;
use super::scalar::{Scalar, Style};

/// go-yaml's limit of nested brackets.
const MAX_FLOW: usize = 10_000;
/// go-yaml's limit of nested indentation levels.
const MAX_INDENTS: usize = 10_000;
/// How far, in characters, the colon may be from the start of a key without question mark.
const MAX_KEY: usize = 1_024;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    StreamEnd,
    VersionDirective,
    TagDirective,
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias,
    Anchor,
    Tag,
    Scalar,
}

/// A place in the text; both count from zero, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) mark: Mark,
    /// The text of a scalar, the name of an alias or anchor (raw), or the index of a tag or directive in
    /// [`Scanner::details`].
    pub(super) scalar: Scalar<'a>,
    pub(super) detail: u32,
}

/// What the rare tokens say: a tag (handle, suffix), a `%TAG` (handle, prefix) or a `%YAML` (major, minor).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Detail {
    pub(super) handle: Vec<u8>,
    pub(super) rest: Vec<u8>,
}

/// The one key without question mark that may have started at a flow level.
#[derive(Debug, Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    number: usize,
    index: usize,
    mark: Mark,
}

/// The scanner.
pub(super) struct Scanner<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    pub(super) line: u32,
    /// Where the line starts, moved right by each byte that is not a character, so that the column is a
    /// subtraction.
    line_start: usize,
    /// How many bytes before `at` are not characters.
    skew: usize,
    ascii: bool,
    pub(super) line_feeds: bool,
    fault: Option<Error>,

    pub(super) flow_level: usize,
    /// The column of the innermost block collection, -1 outside.
    pub(super) indent: i64,
    indents: Vec<i64>,
    pub(super) key_allowed: bool,
    keys: Vec<SimpleKey>,
    /// Tokens that may turn out to be keys, by number: (number, index in `keys`).
    candidates: VecDeque<(usize, usize)>,
    queue: VecDeque<Token<'a>>,
    /// How many tokens have been taken from the queue.
    taken: usize,
    ended: bool,
    pub(super) details: Vec<Detail>,
}

const BLANK: u8 = 1;
/// Line feed, carriage return, and the zero that stands for the end.
const BREAK: u8 = 2;
/// The first byte of the line breaks that take several.
const LEAD: u8 = 4;
/// Letters, digits, `_` and `-`.
const WORD: u8 = 8;
/// Ends a plain scalar inside brackets.
const FLOW: u8 = 16;
const COLON: u8 = 32;
/// Cannot start a plain scalar.
const INDICATOR: u8 = 64;
const URI: u8 = 128;

static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    table[b' ' as usize] = BLANK;
    table[b'\t' as usize] = BLANK;
    table[0] = BREAK;
    table[b'\n' as usize] = BREAK;
    table[b'\r' as usize] = BREAK;
    table[0xc2] = LEAD;
    table[0xe2] = LEAD;
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_' || byte as u8 == b'-' {
            table[byte] |= WORD | URI;
        }
        byte += 1;
    }
    let mut index = 0;
    let uri = b";/?:@&=+$,.!~*'()[]%";
    while index < uri.len() {
        table[uri[index] as usize] |= URI;
        index += 1;
    }
    let mut index = 0;
    let flow = b",?[]{}";
    while index < flow.len() {
        table[flow[index] as usize] |= FLOW;
        index += 1;
    }
    table[b':' as usize] |= COLON;
    let mut index = 0;
    let indicators = b"-?:,[]{}#&*!|>'\"%@`";
    while index < indicators.len() {
        table[indicators[index] as usize] |= INDICATOR;
        index += 1;
    }
    table
}

#[inline]
pub(super) fn byte_at(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// The length of the line break at `at`, 0 when there is none.
#[inline]
pub(super) fn break_at(text: &[u8], at: usize) -> usize {
    match byte_at(text, at) {
        b'\n' => 1,
        b'\r' => 1 + usize::from(byte_at(text, at + 1) == b'\n'),
        0xc2 if byte_at(text, at + 1) == 0x85 => 2,
        0xe2 if byte_at(text, at + 1) == 0x80 && matches!(byte_at(text, at + 2), 0xa8 | 0xa9) => 3,
        _ => 0,
    }
}

/// Whether a blank, a line break or the end is at `at`.
#[inline]
pub(super) fn blank_or_end(text: &[u8], at: usize) -> bool {
    let class = CLASS[usize::from(byte_at(text, at))];
    class & (BLANK | BREAK) != 0 || (class & LEAD != 0 && break_at(text, at) != 0)
}

#[inline]
pub(super) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// The first position from `at` on that a plain scalar has to look at more closely.
#[inline]
pub(super) fn skip_plain(text: &[u8], mut at: usize, in_flow: bool) -> usize {
    let stop = BLANK | BREAK | LEAD | COLON | if in_flow { FLOW } else { 0 };
    while let Some(&byte) = text.get(at) {
        if CLASS[usize::from(byte)] & stop != 0 {
            break;
        }
        at += 1;
    }
    at
}

/// Whether the byte ends a plain scalar inside brackets.
#[inline]
pub(super) fn is_flow_indicator(byte: u8) -> bool {
    CLASS[usize::from(byte)] & FLOW != 0
}

/// Whether the byte may stand in a tag.
pub(super) fn is_uri(byte: u8) -> bool {
    CLASS[usize::from(byte)] & URI != 0
}

impl<'a> Scanner<'a> {
    pub(super) fn new(input: &'a Input<'_>) -> Self {
        Self {
            text: &input.text,
            at: 0,
            line: 0,
            line_start: 0,
            skew: 0,
            ascii: input.ascii,
            line_feeds: input.line_feeds,
            fault: input.fault.clone(),
            flow_level: 0,
            indent: -1,
            indents: Vec::new(),
            key_allowed: true,
            keys: vec![SimpleKey::default()],
            candidates: VecDeque::new(),
            queue: VecDeque::with_capacity(16),
            taken: 0,
            ended: false,
            details: Vec::new(),
        }
        .without_mark()
    }

    /// A byte order mark after the one that told the encoding is skipped too.
    fn without_mark(mut self) -> Self {
        if self.text.starts_with("\u{feff}".as_bytes()) {
            self.at = 3;
            self.skew = 2;
            self.line_start = 2;
        }
        self
    }

    #[inline]
    pub(super) fn byte(&self, ahead: usize) -> u8 {
        byte_at(self.text, self.at + ahead)
    }

    #[inline]
    pub(super) fn column(&self) -> i64 {
        self.at.wrapping_sub(self.line_start) as i64
    }

    #[inline]
    pub(super) fn mark(&self) -> Mark {
        Mark { line: self.line, column: self.column() as u32 }
    }

    /// The position in characters.
    #[inline]
    fn index(&self) -> usize {
        self.at - self.skew
    }

    #[cold]
    pub(super) fn error(&self, problem: impl Into<String>) -> Error {
        // Go: yaml/decode.go, parser.fail. The first line is never named.
        let line = if self.line == 0 { 0 } else { self.line as usize + 1 };
        Error::new(line, problem)
    }

    /// Eats the line break of `length` bytes that stands here.
    #[inline]
    pub(super) fn next_line(&mut self, length: usize) {
        if !self.ascii && length > 1 && self.byte(0) != b'\r' {
            self.skew += length - 1;
        }
        self.break_line(length);
    }

    /// The same within a scalar, which accounts for all its characters at its end.
    #[inline]
    pub(super) fn break_line(&mut self, length: usize) {
        self.at += length;
        self.line += 1;
        self.line_start = self.at;
    }

    /// Accounts for the characters of several bytes between `from` and here.
    #[inline]
    pub(super) fn account(&mut self, from: usize) {
        if !self.ascii {
            self.account_wide(from);
        }
    }

    fn account_wide(&mut self, from: usize) {
        let trailing = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte & 0xc0 == 0x80).count();
        // `line_start` may already be moved right within this line; never past `from`.
        let line_from = self.line_start.max(from);
        let on_line = trailing(&self.text[line_from.min(self.at)..self.at]);
        let before = trailing(&self.text[from.min(line_from)..line_from.min(self.at).max(from)]);
        self.line_start += on_line;
        self.skew += on_line + before;
    }

    /// The next token.
    pub(super) fn peek(&mut self) -> Result<&Token<'a>, Error> {
        self.fill()?;
        self.queue.front().ok_or_else(|| Error::new(0, "did not find expected <stream-start>"))
    }

    /// Takes the token that [`Scanner::peek`] showed.
    #[inline]
    pub(super) fn take(&mut self) {
        self.queue.pop_front();
        self.taken += 1;
    }

    /// Scans until the first token of the queue is certain not to become a key.
    #[inline]
    fn fill(&mut self) -> Result<(), Error> {
        loop {
            if !self.queue.is_empty() {
                while self.candidates.front().is_some_and(|candidate| candidate.0 < self.taken) {
                    self.candidates.pop_front();
                }
                match self.candidates.front() {
                    Some(&(number, level)) if number == self.taken => {
                        if !self.still_possible(level)? {
                            return Ok(());
                        }
                    }
                    _ => return Ok(()),
                }
            } else if self.ended {
                return Ok(());
            }
            self.fetch()?;
        }
    }

    /// Whether the key that may have started at `level` can still be one: on this line, not too far back.
    fn still_possible(&mut self, level: usize) -> Result<bool, Error> {
        let (line, index) = (self.line, self.index());
        let Some(key) = self.keys.get_mut(level) else { return Ok(false) };
        if !key.possible {
            return Ok(false);
        }
        if key.mark.line < line || key.index + MAX_KEY < index {
            if key.required {
                return Err(self.error("could not find expected ':'"));
            }
            key.possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    fn forget_candidate(&mut self, number: usize) {
        while let Some(&(last, _)) = self.candidates.back() {
            if last < number {
                return;
            }
            self.candidates.pop_back();
        }
    }

    /// Remembers that a key may start here.
    #[inline]
    pub(super) fn save_key(&mut self) -> Result<(), Error> {
        if !self.key_allowed {
            return Ok(());
        }
        self.remove_key()?;
        let key = SimpleKey {
            possible: true,
            required: self.flow_level == 0 && self.indent == self.column(),
            number: self.taken + self.queue.len(),
            index: self.index(),
            mark: self.mark(),
        };
        self.candidates.push_back((key.number, self.keys.len() - 1));
        if let Some(last) = self.keys.last_mut() {
            *last = key;
        }
        Ok(())
    }

    /// Gives up the key that may have started at this level.
    #[inline]
    pub(super) fn remove_key(&mut self) -> Result<(), Error> {
        let Some(key) = self.keys.last_mut() else { return Ok(()) };
        if key.possible {
            key.possible = false;
            let (number, required) = (key.number, key.required);
            if required {
                return Err(self.error("could not find expected ':'"));
            }
            self.forget_candidate(number);
        }
        Ok(())
    }

    #[inline]
    fn push(&mut self, kind: Kind, mark: Mark) {
        self.queue.push_back(Token { kind, mark, scalar: Scalar::EMPTY, detail: 0 });
    }

    /// Puts a token before the one of that number; at the end when that one is gone, as go-yaml does.
    fn insert(&mut self, number: usize, kind: Kind, mark: Mark) {
        let token = Token { kind, mark, scalar: Scalar::EMPTY, detail: 0 };
        match number.checked_sub(self.taken) {
            Some(index) if index <= self.queue.len() => self.queue.insert(index, token),
            _ => self.queue.push_back(token),
        }
    }

    /// Opens a block collection at `column` if that is deeper than where we are.
    #[inline]
    fn open_block(
        &mut self,
        column: i64,
        number: Option<usize>,
        kind: Kind,
        mark: Mark,
    ) -> Result<(), Error> {
        if self.flow_level > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAX_INDENTS {
            return Err(self.error(format!("exceeded max depth of {MAX_INDENTS}")));
        }
        match number {
            Some(number) => self.insert(number, kind, mark),
            None => self.push(kind, mark),
        }
        Ok(())
    }

    /// Closes the block collections that are deeper than `column`.
    #[inline]
    pub(super) fn close_blocks(&mut self, column: i64) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent > column {
            self.push(Kind::BlockEnd, self.mark());
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    /// Scans one token (and those that come with it) into the queue.
    #[inline]
    fn fetch(&mut self) -> Result<(), Error> {
        if self.fault.is_none() {
            return self.fetch_token();
        }
        // The reader's error comes up as soon as the scanner asks for a character of the bad piece.
        let fetched = self.fetch_token();
        match &self.fault {
            Some(fault) if self.at >= self.text.len() => Err(fault.clone()),
            _ => fetched,
        }
    }

    /// The reader's error, when it stopped before the next `count` bytes.
    pub(super) fn check_ahead(&self, count: usize) -> Result<(), Error> {
        match &self.fault {
            Some(fault) if self.at + count > self.text.len() => Err(fault.clone()),
            _ => Ok(()),
        }
    }

    fn fetch_token(&mut self) -> Result<(), Error> {
        self.skip_to_token();
        if let Some(fault) = &self.fault
            && self.at + 4 > self.text.len()
        {
            return Err(fault.clone());
        }
        let column = self.column();
        self.close_blocks(column);
        let byte = self.byte(0);
        let class = CLASS[usize::from(byte)];
        if class & (BLANK | BREAK | LEAD | INDICATOR) == 0 {
            if column == 0 && byte == b'.' && self.at_document_indicator() {
                return self.fetch_document_indicator(Kind::DocumentEnd);
            }
            return self.fetch_scalar(Style::Plain);
        }
        if byte == 0 {
            return self.fetch_stream_end();
        }
        if column == 0 {
            if byte == b'%' {
                return self.fetch_directive();
            }
            if byte == b'-' && self.at_document_indicator() {
                return self.fetch_document_indicator(Kind::DocumentStart);
            }
        }
        match byte {
            b'[' => self.fetch_flow_start(Kind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(Kind::FlowMappingStart),
            b']' => self.fetch_flow_end(Kind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(Kind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if blank_or_end(self.text, self.at + 1) => self.fetch_block_entry(),
            b'?' if self.flow_level > 0 || blank_or_end(self.text, self.at + 1) => self.fetch_key(),
            b':' if self.flow_level > 0 || blank_or_end(self.text, self.at + 1) => self.fetch_value(),
            b'*' => self.fetch_anchor(Kind::Alias),
            b'&' => self.fetch_anchor(Kind::Anchor),
            b'!' => self.fetch_tag(),
            b'|' if self.flow_level == 0 => self.fetch_block_scalar(true),
            b'>' if self.flow_level == 0 => self.fetch_block_scalar(false),
            b'\'' => self.fetch_scalar(Style::SingleQuoted),
            b'"' => self.fetch_scalar(Style::DoubleQuoted),
            b'-' | b'?' | b':' => self.fetch_scalar(Style::Plain),
            _ if class & LEAD != 0 && break_at(self.text, self.at) == 0 => self.fetch_scalar(Style::Plain),
            _ => Err(self.error("found character that cannot start any token")),
        }
    }

    /// Skips blanks, comments and line breaks.
    #[inline]
    fn skip_to_token(&mut self) {
        loop {
            let mut byte = self.byte(0);
            while byte == b' ' || (byte == b'\t' && (self.flow_level > 0 || !self.key_allowed)) {
                self.at += 1;
                byte = self.byte(0);
            }
            if byte == b'#' {
                self.skip_comment();
            }
            match break_at(self.text, self.at) {
                0 => return,
                length => {
                    self.next_line(length);
                    if self.flow_level == 0 {
                        self.key_allowed = true;
                    }
                }
            }
        }
    }

    /// Skips to the end of the line.
    pub(super) fn skip_comment(&mut self) {
        let from = self.at;
        if self.line_feeds {
            self.at =
                memchr::memchr(b'\n', &self.text[from..]).map_or(self.text.len(), |length| from + length);
        } else {
            while self.at < self.text.len() && break_at(self.text, self.at) == 0 {
                self.at += 1;
            }
        }
        self.account(from);
    }

    /// Whether `---` or `...` stands here, followed by a blank or the end. The caller knows that this is
    /// the first column.
    #[inline]
    pub(super) fn at_document_indicator(&self) -> bool {
        matches!(self.text.get(self.at..self.at + 3), Some(b"---" | b"..."))
            && blank_or_end(self.text, self.at + 3)
    }

    fn fetch_stream_end(&mut self) -> Result<(), Error> {
        if self.column() != 0 {
            self.line += 1;
            self.line_start = self.at;
        }
        self.close_blocks(-1);
        self.remove_key()?;
        self.key_allowed = false;
        self.push(Kind::StreamEnd, self.mark());
        self.ended = true;
        Ok(())
    }

    fn fetch_document_indicator(&mut self, kind: Kind) -> Result<(), Error> {
        self.close_blocks(-1);
        self.remove_key()?;
        self.key_allowed = false;
        let mark = self.mark();
        self.at += 3;
        self.push(kind, mark);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: Kind) -> Result<(), Error> {
        self.save_key()?;
        // The number is the bracket's own: closing the level then also forgets the bracket as a key,
        // unless something inside could have been one. Go: yaml/scannerc.go has it so.
        let number = self.taken + self.queue.len();
        self.keys.push(SimpleKey { number, ..SimpleKey::default() });
        self.flow_level += 1;
        if self.flow_level > MAX_FLOW {
            return Err(self.error(format!("exceeded max depth of {MAX_FLOW}")));
        }
        self.key_allowed = true;
        let mark = self.mark();
        self.at += 1;
        self.push(kind, mark);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: Kind) -> Result<(), Error> {
        self.remove_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            if let Some(key) = self.keys.pop() {
                self.forget_candidate(key.number);
            }
        }
        self.key_allowed = false;
        let mark = self.mark();
        self.at += 1;
        self.push(kind, mark);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<(), Error> {
        self.remove_key()?;
        self.key_allowed = true;
        let mark = self.mark();
        self.at += 1;
        self.push(Kind::FlowEntry, mark);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), Error> {
        let mark = self.mark();
        if self.flow_level == 0 {
            if !self.key_allowed {
                return Err(self.error("block sequence entries are not allowed in this context"));
            }
            self.open_block(self.column(), None, Kind::BlockSequenceStart, mark)?;
        }
        self.remove_key()?;
        self.key_allowed = true;
        self.at += 1;
        self.push(Kind::BlockEntry, mark);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Error> {
        let mark = self.mark();
        if self.flow_level == 0 {
            if !self.key_allowed {
                return Err(self.error("mapping keys are not allowed in this context"));
            }
            self.open_block(self.column(), None, Kind::BlockMappingStart, mark)?;
        }
        self.remove_key()?;
        self.key_allowed = self.flow_level == 0;
        self.at += 1;
        self.push(Kind::Key, mark);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Error> {
        let mark = self.mark();
        let level = self.keys.len() - 1;
        if self.still_possible(level)? {
            let key = self.keys[level];
            self.insert(key.number, Kind::Key, key.mark);
            let column = i64::from(key.mark.column);
            self.open_block(column, Some(key.number), Kind::BlockMappingStart, key.mark)?;
            self.keys[level].possible = false;
            self.forget_candidate(key.number);
            self.key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.key_allowed {
                    return Err(self.error("mapping values are not allowed in this context"));
                }
                self.open_block(self.column(), None, Kind::BlockMappingStart, mark)?;
            }
            self.key_allowed = self.flow_level == 0;
        }
        self.at += 1;
        self.push(Kind::Value, mark);
        Ok(())
    }

    fn fetch_anchor(&mut self, kind: Kind) -> Result<(), Error> {
        self.save_key()?;
        self.key_allowed = false;
        let mark = self.mark();
        self.at += 1;
        let from = self.at;
        self.skip_word();
        let raw = &self.text[from..self.at];
        let follows = blank_or_end(self.text, self.at)
            || matches!(self.byte(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if raw.is_empty() || !follows {
            return Err(self.error("did not find expected alphabetic or numeric character"));
        }
        self.queue.push_back(Token { kind, mark, scalar: Scalar::word(raw), detail: 0 });
        Ok(())
    }

    pub(super) fn skip_word(&mut self) {
        while CLASS[usize::from(self.byte(0))] & WORD != 0 {
            self.at += 1;
        }
    }

    fn fetch_scalar(&mut self, style: Style) -> Result<(), Error> {
        self.save_key()?;
        self.key_allowed = false;
        let mark = self.mark();
        let scalar = match style {
            Style::SingleQuoted => self.scan_single_quoted()?,
            Style::DoubleQuoted => self.scan_double_quoted()?,
            _ => self.scan_plain()?,
        };
        self.queue.push_back(Token { kind: Kind::Scalar, mark, scalar, detail: 0 });
        Ok(())
    }

    fn fetch_block_scalar(&mut self, literal: bool) -> Result<(), Error> {
        self.remove_key()?;
        self.key_allowed = true;
        let mark = self.mark();
        let scalar = self.scan_block(literal)?;
        self.queue.push_back(Token { kind: Kind::Scalar, mark, scalar, detail: 0 });
        Ok(())
    }

    pub(super) fn push_detail(&mut self, kind: Kind, mark: Mark, handle: Vec<u8>, rest: Vec<u8>) {
        let detail = self.details.len() as u32;
        self.details.push(Detail { handle, rest });
        self.queue.push_back(Token { kind, mark, scalar: Scalar::EMPTY, detail });
    }
}
