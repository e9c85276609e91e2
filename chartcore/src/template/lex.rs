//! Source bytes to tokens.
//!
//! Behaves as Go's text/template/parse/lex.go: the same tokens, spaces included (the parser sees them), and
//! the same complaints.

use super::unicode::{self, is_digit, is_letter, is_print};
use crate::quote::quoted;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// What is wrong is in [`Lexer::message`].
    Error,
    Bool,
    /// A character that means nothing by itself, such as a comma.
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl TokenKind {
    /// Whether it is a word of the language; Go prints those as `<word>`.
    fn is_keyword(self) -> bool {
        use TokenKind::*;
        matches!(
            self,
            Block | Break | Continue | Dot | Define | Else | End | If | Nil | Range | Template | With
        )
    }
}

/// A piece of the source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// Splits a source into tokens.
pub(super) struct Lexer<'s> {
    source: &'s [u8],
    /// Where the current token starts.
    start: usize,
    at: usize,
    paren_depth: usize,
    inside_action: bool,
    /// Set by the first error; the source counts as used up from then on.
    message: Option<String>,
}

const LEFT: &[u8] = b"{{";
const RIGHT: &[u8] = b"}}";

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[inline]
fn is_alphanumeric(letter: char) -> bool {
    if letter.is_ascii() {
        return letter == '_' || letter.is_ascii_alphanumeric();
    }
    is_letter(letter) || is_digit(letter)
}

/// Go: fmt's `%#U`.
fn unicode_name(letter: char) -> String {
    if is_print(letter) {
        format!("U+{:04X} '{letter}'", u32::from(letter))
    } else {
        format!("U+{:04X}", u32::from(letter))
    }
}

/// The first letter and its length, for text that is not at its end.
#[inline]
fn decode(text: &[u8]) -> (char, usize) {
    if let Some(&byte) = text.first()
        && byte.is_ascii()
    {
        return (char::from(byte), 1);
    }
    unicode::first(text).unwrap_or((unicode::REPLACEMENT, 1))
}

impl<'s> Lexer<'s> {
    pub(super) fn new(source: &'s [u8]) -> Self {
        Self { source, start: 0, at: 0, paren_depth: 0, inside_action: false, message: None }
    }

    /// A token as Go's messages show it.
    pub(super) fn show(&self, token: Token) -> String {
        let text = self.text(token);
        if token.kind == TokenKind::Eof {
            "EOF".to_owned()
        } else if token.kind == TokenKind::Error {
            self.message.clone().unwrap_or_default()
        } else if token.kind.is_keyword() {
            format!("<{}>", String::from_utf8_lossy(text))
        } else if text.len() > 10 {
            let (mut end, mut letters) = (0, 0);
            while end < text.len() && letters < 10 {
                end += decode(&text[end..]).1;
                letters += 1;
            }
            format!("{}...", quoted(&text[..end]))
        } else {
            quoted(text)
        }
    }

    /// The bytes of a token.
    pub(super) fn text(&self, token: Token) -> &'s [u8] {
        &self.source[token.start as usize..token.end as usize]
    }

    /// The line `offset` is on, from 1.
    pub(super) fn line(&self, offset: u32) -> usize {
        1 + memchr::memchr_iter(b'\n', &self.source[..offset as usize]).count()
    }

    /// The line (from 1) and the column (in bytes, from 0) of an offset.
    pub(super) fn place(&self, offset: u32) -> (usize, usize) {
        let before = &self.source[..offset as usize];
        let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        (self.line(offset), column)
    }

    fn rest(&self) -> &'s [u8] {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn starts(&self, prefix: &[u8]) -> bool {
        self.rest().starts_with(prefix)
    }

    fn emit(&mut self, kind: TokenKind) -> Token {
        let token = Token { kind, start: self.start as u32, end: self.at as u32 };
        self.start = self.at;
        token
    }

    #[cold]
    fn fail(&mut self, message: impl Into<String>) -> Token {
        self.message = Some(message.into());
        Token { kind: TokenKind::Error, start: self.start as u32, end: self.start as u32 }
    }

    /// The next token. After an error or the end, the same again.
    pub(super) fn next(&mut self) -> Token {
        if self.message.is_some() {
            return Token { kind: TokenKind::Error, start: self.start as u32, end: self.start as u32 };
        }
        if self.inside_action { self.inside_action() } else { self.text_or_delim() }
    }

    fn text_or_delim(&mut self) -> Token {
        loop {
            let Some(offset) = find_action(self.rest()) else {
                self.at = self.source.len();
                let kind = if self.at > self.start { TokenKind::Text } else { TokenKind::Eof };
                return self.emit(kind);
            };
            if offset > 0 {
                let delim = self.at + offset;
                self.at = delim;
                if has_left_trim_marker(&self.source[delim + LEFT.len()..]) {
                    let text = &self.source[self.start..delim];
                    self.at = self.start
                        + text.iter().rposition(|&byte| !is_space(byte)).map_or(0, |last| last + 1);
                }
                let token = self.emit(TokenKind::Text);
                self.at = delim;
                self.start = delim;
                if token.end > token.start {
                    return token;
                }
            }
            // At the delimiter.
            self.at += LEFT.len();
            let marker = if has_left_trim_marker(self.rest()) { 2 } else { 0 };
            if self.source[self.at + marker..].starts_with(b"/*") {
                self.at += marker;
                self.start = self.at;
                if let Some(error) = self.comment() {
                    return error;
                }
                continue;
            }
            let token = self.emit(TokenKind::LeftDelim);
            self.inside_action = true;
            self.at += marker;
            self.start = self.at;
            self.paren_depth = 0;
            return token;
        }
    }

    /// Skips a comment, which has begun.
    fn comment(&mut self) -> Option<Token> {
        let Some(length) = memchr::memmem::find(&self.rest()[2..], b"*/") else {
            return Some(self.fail("unclosed comment"));
        };
        self.at += 2 + length + 2;
        let trim = match self.right_delim() {
            Some(trim) => trim,
            None => return Some(self.fail("comment ends before closing delimiter")),
        };
        self.at += if trim { 2 } else { 0 } + RIGHT.len();
        if trim {
            self.skip_spaces();
        }
        self.start = self.at;
        None
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    /// Whether a right delimiter is next, and if so whether it trims.
    fn right_delim(&self) -> Option<bool> {
        let rest = self.rest();
        if rest.len() >= 4 && is_space(rest[0]) && rest[1] == b'-' && rest[2..].starts_with(RIGHT) {
            Some(true)
        } else if rest.starts_with(RIGHT) {
            Some(false)
        } else {
            None
        }
    }

    fn close(&mut self, trim: bool) -> Token {
        if trim {
            self.at += 2;
            self.start = self.at;
        }
        self.at += RIGHT.len();
        let token = self.emit(TokenKind::RightDelim);
        if trim {
            self.skip_spaces();
            self.start = self.at;
        }
        self.inside_action = false;
        token
    }

    fn inside_action(&mut self) -> Token {
        use TokenKind::*;
        if let Some(trim) = self.right_delim() {
            if self.paren_depth == 0 {
                return self.close(trim);
            }
            return self.fail("unclosed left paren");
        }
        let Some(byte) = self.peek() else { return self.fail("unclosed action") };
        if is_space(byte) {
            return self.space();
        }
        let (letter, width) = decode(self.rest());
        match byte {
            b'+' | b'-' | b'0'..=b'9' => return self.number(),
            b'.' if self.source.get(self.at + 1).is_some_and(u8::is_ascii_digit) => return self.number(),
            _ => {}
        }
        if is_alphanumeric(letter) {
            return self.identifier();
        }
        self.at += width;
        match byte {
            b'=' => self.emit(Assign),
            b':' => {
                if self.peek() != Some(b'=') {
                    return self.fail("expected :=");
                }
                self.at += 1;
                self.emit(Declare)
            }
            b'|' => self.emit(Pipe),
            b'"' => self.quoted(b'"', String, "unterminated quoted string"),
            b'\'' => self.quoted(b'\'', CharConstant, "unterminated character constant"),
            b'`' => match memchr::memchr(b'`', self.rest()) {
                Some(length) => {
                    self.at += length + 1;
                    self.emit(RawString)
                }
                None => self.fail("unterminated raw quoted string"),
            },
            b'$' => self.field_or_variable(Variable),
            b'.' => {
                // Go looks at the byte after the dot here; at the end of the source it reads a number.
                if self.at == self.source.len() {
                    self.at -= 1;
                    return self.number();
                }
                self.field_or_variable(Field)
            }
            b'(' => {
                self.paren_depth += 1;
                self.emit(LeftParen)
            }
            b')' => {
                if self.paren_depth == 0 {
                    return self.fail("unexpected right paren");
                }
                self.paren_depth -= 1;
                self.emit(RightParen)
            }
            b' '..=b'~' => self.emit(Char),
            _ => self.fail(format!("unrecognized character in action: {}", unicode_name(letter))),
        }
    }

    fn space(&mut self) -> Token {
        let first = self.at;
        self.skip_spaces();
        // A closing delimiter that trims begins with the last space.
        self.at -= 1;
        if self.right_delim() == Some(true) {
            if self.at == first {
                return self.close(true);
            }
        } else {
            self.at += 1;
        }
        self.emit(TokenKind::Space)
    }

    fn identifier(&mut self) -> Token {
        use TokenKind::*;
        self.skip_alphanumeric();
        let kind = match &self.source[self.start..self.at] {
            b"block" => Block,
            b"break" => Break,
            b"continue" => Continue,
            b"define" => Define,
            b"else" => Else,
            b"end" => End,
            b"if" => If,
            b"range" => Range,
            b"nil" => Nil,
            b"template" => Template,
            b"with" => With,
            b"true" | b"false" => Bool,
            _ => Identifier,
        };
        self.terminated(kind)
    }

    fn skip_alphanumeric(&mut self) {
        while let Some(byte) = self.peek() {
            if byte.is_ascii_alphanumeric() || byte == b'_' {
                self.at += 1;
                continue;
            }
            if byte.is_ascii() {
                break;
            }
            match decode(self.rest()) {
                (letter, width) if is_alphanumeric(letter) => self.at += width,
                _ => break,
            }
        }
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None => true,
            Some(byte) => {
                is_space(byte)
                    || matches!(byte, b'.' | b',' | b'|' | b':' | b')' | b'(')
                    || self.starts(RIGHT)
            }
        }
    }

    fn terminated(&mut self, kind: TokenKind) -> Token {
        if !self.at_terminator() {
            let letter = decode(self.rest()).0;
            return self.fail(format!("bad character {}", unicode_name(letter)));
        }
        self.emit(kind)
    }

    fn field_or_variable(&mut self, kind: TokenKind) -> Token {
        if self.at_terminator() {
            return self.emit(if kind == TokenKind::Variable { kind } else { TokenKind::Dot });
        }
        self.skip_alphanumeric();
        self.terminated(kind)
    }

    fn quoted(&mut self, quote: u8, kind: TokenKind, unterminated: &str) -> Token {
        loop {
            // To the next byte that means anything.
            self.at += memchr::memchr3(quote, b'\\', b'\n', self.rest()).unwrap_or(self.rest().len());
            match self.peek() {
                None | Some(b'\n') => return self.fail(unterminated),
                Some(b'\\') => match self.source.get(self.at + 1) {
                    None | Some(b'\n') => return self.fail(unterminated),
                    Some(_) => self.at += 2,
                },
                Some(byte) => {
                    self.at += 1;
                    if byte == quote {
                        return self.emit(kind);
                    }
                }
            }
        }
    }

    fn number(&mut self) -> Token {
        if !self.scan_number() {
            return self.bad_number();
        }
        if matches!(self.peek(), Some(b'+' | b'-')) {
            // Complex: 1+2i. No spaces, must end in `i`.
            if !self.scan_number() || self.source[self.at - 1] != b'i' {
                return self.bad_number();
            }
            return self.emit(TokenKind::Complex);
        }
        self.emit(TokenKind::Number)
    }

    #[cold]
    fn bad_number(&mut self) -> Token {
        let message = format!("bad number syntax: {}", quoted(&self.source[self.start..self.at]));
        self.fail(message)
    }

    fn accept(&mut self, valid: &[u8]) -> bool {
        let found = self.peek().is_some_and(|byte| valid.contains(&byte));
        if found {
            self.at += 1;
        }
        found
    }

    fn accept_run(&mut self, valid: &[u8]) {
        while self.accept(valid) {}
    }

    fn scan_number(&mut self) -> bool {
        const DECIMAL: &[u8] = b"0123456789_";
        const HEX: &[u8] = b"0123456789abcdefABCDEF_";
        self.accept(b"+-");
        let mut digits = DECIMAL;
        if self.accept(b"0") {
            if self.accept(b"xX") {
                digits = HEX;
            } else if self.accept(b"oO") {
                digits = b"01234567_";
            } else if self.accept(b"bB") {
                digits = b"01_";
            }
        }
        self.accept_run(digits);
        if self.accept(b".") {
            self.accept_run(digits);
        }
        if digits == DECIMAL && self.accept(b"eE") {
            self.accept(b"+-");
            self.accept_run(DECIMAL);
        }
        if digits == HEX && self.accept(b"pP") {
            self.accept(b"+-");
            self.accept_run(DECIMAL);
        }
        self.accept(b"i");
        if self.at < self.source.len() {
            let (letter, width) = decode(self.rest());
            if is_alphanumeric(letter) {
                self.at += width;
                return false;
            }
        }
        true
    }
}

/// Where the next action starts.
pub(super) fn find_action(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'{', text).find(|&at| text.get(at + 1) == Some(&b'{'))
}

fn has_left_trim_marker(text: &[u8]) -> bool {
    text.len() >= 2 && text[0] == b'-' && is_space(text[1])
}
