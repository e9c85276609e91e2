//! RE2's syntax with Perl's flags, read into `regex-syntax`'s intermediate form.
//!
//! Go: regexp/syntax, the flags of `syntax.Perl`.

use std::fmt;
use std::mem;

use regex_syntax::hir::{self, Class, ClassUnicode, Dot, Hir, Look};

use super::class;
use super::haystack;

/// How deep groups and operators may nest. Go: `maxHeight`.
const DEPTH_LIMIT: u32 = 1_000;

/// How deep they may nest where Go does not count them: groups that do not capture. Ours alone.
const NESTING_LIMIT: u32 = 4 * DEPTH_LIMIT;

/// How many instructions the whole may compile to. Go: `maxSize`.
const SIZE_LIMIT: u64 = (128 << 20) / 40;

/// How many ends of ranges all classes may have together. Go: `maxRunes`.
const RANGE_END_LIMIT: usize = (128 << 20) / 4;

/// How often something may be repeated by counts.
const REPEAT_LIMIT: u32 = 1_000;

const INVALID_CLASS_RANGE: &str = "invalid character class range";
const INVALID_ESCAPE: &str = "invalid escape sequence";
const INVALID_NAMED_GROUP: &str = "invalid named capture";
const INVALID_PERL: &str = "invalid or unsupported Perl syntax";
const INVALID_REPEAT_COUNT: &str = "invalid repeat count";
const INVALID_REPEAT_NESTING: &str = "invalid nested repetition operator";
const INVALID_UTF8: &str = "invalid UTF-8";
const MISSING_BRACKET: &str = "missing closing ]";
const MISSING_PAREN: &str = "missing closing )";
const MISSING_REPEAT_ARGUMENT: &str = "missing argument to repetition operator";
const TOO_DEEP: &str = "expression nests too deeply";
pub(super) const TOO_LARGE: &str = "expression too large";
const TRAILING_BACKSLASH: &str = "trailing backslash at end of expression";
const UNEXPECTED_PAREN: &str = "unexpected )";

/// What is wrong, and with which part of the expression.
#[derive(Debug)]
pub(super) struct Problem {
    what: &'static str,
    part: Vec<u8>,
}

impl Problem {
    #[cold]
    pub(super) fn new(what: &'static str, part: &[u8]) -> Self {
        Self { what, part: part.to_vec() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error parsing regexp: {}: `{}`", self.what, String::from_utf8_lossy(&self.part))
    }
}

type Outcome<T> = Result<T, Problem>;

/// A parsed expression.
pub(super) struct Parsed {
    pub(super) hir: Hir,
    /// The groups' names from number 1 on, empty where there is none.
    pub(super) names: Vec<Vec<u8>>,
}

/// The settings `(?imsU)` switches.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    fold: bool,
    multiline: bool,
    dot_newline: bool,
    ungreedy: bool,
}

/// What matters of a piece's outermost operator when it becomes part of something larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Letter,
    Class,
    Sequence,
    Choice,
    Other,
}

/// A part of the expression, with what the limits need to know of it.
struct Piece {
    hir: Hir,
    form: Form,
    /// Instructions it compiles to, as Go estimates them.
    size: u64,
    /// Levels of operators, as Go counts them.
    height: u32,
    /// Levels of groups and operators as they really are.
    nesting: u32,
    /// How often the most repeated part of it is repeated by counts.
    copies: u32,
}

impl Piece {
    fn leaf(hir: Hir, form: Form) -> Self {
        Self { hir, form, size: 1, height: 1, nesting: 1, copies: 1 }
    }
}

/// What `(` opened; the expression as a whole counts as one.
struct Group {
    /// The flags to go back to at `)`.
    flags: Flags,
    /// Its number, if it captures.
    number: Option<u32>,
    /// The alternatives before the last `|`.
    alternatives: Vec<Piece>,
    /// What stands behind it.
    sequence: Vec<Piece>,
}

impl Group {
    fn new(flags: Flags, number: Option<u32>) -> Self {
        Self { flags, number, alternatives: Vec::new(), sequence: Vec::new() }
    }
}

/// Reads an expression.
pub(super) fn parse(pattern: &[u8]) -> Outcome<Parsed> {
    let mut parser = Parser {
        pattern,
        at: 0,
        flags: Flags::default(),
        outer: Vec::new(),
        group: Group::new(Flags::default(), None),
        names: Vec::new(),
        range_ends: 0,
    };
    let mut last_repeat = None;
    while let Some(&byte) = pattern.get(parser.at) {
        let start = parser.at;
        let repeated = parser.step(byte, last_repeat)?;
        last_repeat = repeated.then_some(start);
    }
    let whole = mem::replace(&mut parser.group, Group::new(Flags::default(), None));
    let piece = parser.close(whole)?;
    if !parser.outer.is_empty() {
        return Err(Problem::new(MISSING_PAREN, pattern));
    }
    Ok(Parsed { hir: piece.hir, names: parser.names })
}

struct Parser<'p> {
    pattern: &'p [u8],
    at: usize,
    flags: Flags,
    /// The open groups around the innermost one.
    outer: Vec<Group>,
    group: Group,
    names: Vec<Vec<u8>>,
    range_ends: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &[u8] {
        &self.pattern[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.pattern.get(self.at).copied()
    }

    /// The part of the pattern from `start` to where we are.
    fn since(&self, start: usize) -> &[u8] {
        &self.pattern[start..self.at]
    }

    /// Takes one character; U+FFFD at the end.
    fn next(&mut self) -> Outcome<char> {
        match haystack::decode(self.rest()) {
            None => Ok(char::REPLACEMENT_CHARACTER),
            Some((char::REPLACEMENT_CHARACTER, 1)) => Err(Problem::new(INVALID_UTF8, self.rest())),
            Some((letter, width)) => {
                self.at += width;
                Ok(letter)
            }
        }
    }

    /// Reads one element. Says whether it was a repetition.
    fn step(&mut self, byte: u8, last_repeat: Option<usize>) -> Outcome<bool> {
        let start = self.at;
        match byte {
            b'(' if self.pattern.get(start + 1) == Some(&b'?') => self.parse_perl_group()?,
            b'(' => {
                self.at += 1;
                self.names.push(Vec::new());
                self.open(Some(self.names.len() as u32));
            }
            b'|' => {
                self.at += 1;
                let sequence = mem::take(&mut self.group.sequence);
                let piece = self.join(sequence)?;
                self.group.alternatives.push(piece);
            }
            b')' => {
                self.at += 1;
                let Some(outer) = self.outer.pop() else {
                    return Err(Problem::new(UNEXPECTED_PAREN, self.pattern));
                };
                let group = mem::replace(&mut self.group, outer);
                self.flags = group.flags;
                let piece = self.close(group)?;
                self.push(piece)?;
            }
            b'^' => self.look(1, if self.flags.multiline { Look::StartLF } else { Look::Start })?,
            b'$' => self.look(1, if self.flags.multiline { Look::EndLF } else { Look::End })?,
            b'.' => {
                self.at += 1;
                let dot = if self.flags.dot_newline { Dot::AnyChar } else { Dot::AnyCharExceptLF };
                self.push(Piece::leaf(Hir::dot(dot), Form::Class))?;
            }
            b'[' => self.parse_class()?,
            b'*' | b'+' | b'?' => {
                self.at += 1;
                let (least, most) = match byte {
                    b'*' => (0, None),
                    b'+' => (1, None),
                    _ => (0, Some(1)),
                };
                self.repeat(start, last_repeat, least, most, false)?;
                return Ok(true);
            }
            b'{' => {
                let Some((least, most)) = self.parse_counts() else {
                    self.at = start + 1;
                    return self.literal('{').map(|()| false);
                };
                let wrong = |count: u32| count > REPEAT_LIMIT;
                if wrong(least) || most.is_some_and(|most| wrong(most) || most < least) {
                    return Err(Problem::new(INVALID_REPEAT_COUNT, self.since(start)));
                }
                self.repeat(start, last_repeat, least, most, true)?;
                return Ok(true);
            }
            b'\\' => self.parse_backslash()?,
            _ => {
                let letter = self.next()?;
                self.literal(letter)?;
            }
        }
        Ok(false)
    }

    fn look(&mut self, width: usize, look: Look) -> Outcome<()> {
        self.at += width;
        self.push(Piece::leaf(Hir::look(look), Form::Other))
    }

    fn literal(&mut self, letter: char) -> Outcome<()> {
        let piece = if self.flags.fold {
            let mut class = class::of_ranges(&[(letter, letter)]);
            class::fold(&mut class);
            Hir::class(Class::Unicode(class))
        } else {
            Hir::literal(letter.encode_utf8(&mut [0; 4]).as_bytes())
        };
        self.push(Piece::leaf(piece, Form::Letter))
    }

    /// As [`Parser::literal`], for a code point that an escape may have given: a surrogate matches nothing.
    fn code_point(&mut self, code: u32) -> Outcome<()> {
        match char::from_u32(code) {
            Some(letter) => self.literal(letter),
            None => self.push(Piece::leaf(Hir::fail(), Form::Letter)),
        }
    }

    fn class(&mut self, class: ClassUnicode) -> Outcome<()> {
        self.range_ends += class.ranges().len() * 2;
        self.push(Piece::leaf(Hir::class(Class::Unicode(class)), Form::Class))
    }

    fn push(&mut self, piece: Piece) -> Outcome<()> {
        let piece = self.checked(piece)?;
        self.group.sequence.push(piece);
        Ok(())
    }

    /// Holds a piece against the limits.
    fn checked(&self, piece: Piece) -> Outcome<Piece> {
        if piece.size > SIZE_LIMIT || self.range_ends > RANGE_END_LIMIT {
            return Err(Problem::new(TOO_LARGE, self.pattern));
        }
        if piece.height > DEPTH_LIMIT || piece.nesting > NESTING_LIMIT {
            return Err(Problem::new(TOO_DEEP, self.pattern));
        }
        Ok(piece)
    }

    fn open(&mut self, number: Option<u32>) {
        let group = Group::new(self.flags, number);
        self.outer.push(mem::replace(&mut self.group, group));
    }

    /// Makes a piece of a group that has ended.
    fn close(&self, group: Group) -> Outcome<Piece> {
        let mut alternatives = group.alternatives;
        alternatives.push(self.join(group.sequence)?);
        let mut piece = self.choose(alternatives)?;
        piece.nesting += 1;
        let Some(index) = group.number else { return self.checked(piece) };
        let sub = Box::new(piece.hir);
        self.checked(Piece {
            hir: Hir::capture(hir::Capture { index, name: None, sub }),
            form: Form::Other,
            size: piece.size + 2,
            height: piece.height + 1,
            ..piece
        })
    }

    /// One piece out of pieces that follow each other.
    fn join(&self, mut pieces: Vec<Piece>) -> Outcome<Piece> {
        match pieces.pop() {
            None => Ok(Piece::leaf(Hir::empty(), Form::Other)),
            Some(only) if pieces.is_empty() => Ok(only),
            Some(last) => {
                pieces.push(last);
                let letters = pieces.iter().all(|piece| piece.form == Form::Letter);
                let mut joined = self.combine(pieces, Form::Sequence, Hir::concat);
                if letters {
                    joined.height = 1;
                }
                self.checked(joined)
            }
        }
    }

    /// One piece out of alternatives.
    fn choose(&self, mut pieces: Vec<Piece>) -> Outcome<Piece> {
        match pieces.pop() {
            Some(only) if pieces.is_empty() => Ok(only),
            last => {
                pieces.extend(last);
                let count = pieces.len() as u64;
                let simple = pieces.iter().all(|piece| matches!(piece.form, Form::Letter | Form::Class));
                let mut choice = self.combine(pieces, Form::Choice, Hir::alternation);
                if simple {
                    (choice.form, choice.size, choice.height) = (Form::Class, 1, 1);
                } else {
                    choice.size += count - 1;
                }
                self.checked(choice)
            }
        }
    }

    fn combine(&self, pieces: Vec<Piece>, form: Form, build: fn(Vec<Hir>) -> Hir) -> Piece {
        // What is of the same form is spliced in, so that it adds no level.
        let height = |piece: &Piece| piece.height - u32::from(piece.form == form);
        Piece {
            form,
            size: pieces.iter().map(|piece| piece.size).fold(0, u64::saturating_add),
            height: 1 + pieces.iter().map(height).max().unwrap_or(0),
            nesting: pieces.iter().map(|piece| piece.nesting).max().unwrap_or(1),
            copies: pieces.iter().map(|piece| piece.copies).max().unwrap_or(1),
            hir: build(pieces.into_iter().map(|piece| piece.hir).collect()),
        }
    }

    /// Repeats the last piece; `start` is where the operator stands.
    fn repeat(
        &mut self,
        start: usize,
        last_repeat: Option<usize>,
        least: u32,
        most: Option<u32>,
        counted: bool,
    ) -> Outcome<()> {
        let mut greedy = !self.flags.ungreedy;
        if self.peek() == Some(b'?') {
            self.at += 1;
            greedy = !greedy;
        }
        if let Some(last) = last_repeat {
            return Err(Problem::new(INVALID_REPEAT_NESTING, self.since(last)));
        }
        let Some(piece) = self.group.sequence.pop() else {
            return Err(Problem::new(MISSING_REPEAT_ARGUMENT, self.since(start)));
        };
        let times = u64::from(most.unwrap_or(least));
        let size = match (counted, most) {
            (false, None) if least == 0 => piece.size + 2,
            (false, _) => piece.size + 1,
            (true, None) if least == 0 => piece.size + 2,
            (true, None) => 1 + piece.size.saturating_mul(u64::from(least)),
            (true, Some(most)) => piece.size.saturating_mul(times) + u64::from(most - least),
        };
        let copies = match (counted, most) {
            (true, Some(0)) => 1,
            (true, _) => piece.copies.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX).max(1)),
            (false, _) => piece.copies,
        };
        let sub = Box::new(piece.hir);
        let repeated = self.checked(Piece {
            hir: Hir::repetition(hir::Repetition { min: least, max: most, greedy, sub }),
            form: Form::Other,
            size: size.max(1),
            height: piece.height + 1,
            nesting: piece.nesting + 1,
            copies,
        })?;
        if counted && copies > REPEAT_LIMIT && (least >= 2 || most.is_some_and(|most| most >= 2)) {
            return Err(Problem::new(INVALID_REPEAT_COUNT, self.since(start)));
        }
        self.group.sequence.push(repeated);
        Ok(())
    }

    /// Reads `{2}`, `{2,}` or `{2,3}`; `None` for anything else, which is then literal text. Numbers that
    /// are far too big come out as `u32::MAX`.
    fn parse_counts(&mut self) -> Option<(u32, Option<u32>)> {
        self.at += 1;
        let least = self.parse_count()?;
        let most = if self.peek()? == b',' {
            self.at += 1;
            if self.peek()? == b'}' { None } else { Some(self.parse_count()?) }
        } else {
            Some(least)
        };
        if self.peek()? != b'}' {
            return None;
        }
        self.at += 1;
        Some((least, most))
    }

    fn parse_count(&mut self) -> Option<u32> {
        let length = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = &self.rest()[..length];
        if digits.is_empty() || digits.len() > 1 && digits[0] == b'0' {
            return None;
        }
        let number = std::str::from_utf8(digits).ok()?.parse().unwrap_or(u32::MAX);
        self.at += length;
        Some(number)
    }

    /// Reads `(?flags)`, `(?flags:`, `(?P<name>` or `(?<name>`.
    fn parse_perl_group(&mut self) -> Outcome<()> {
        let start = self.at;
        let rest = self.rest();
        let named = if rest.len() > 4 && rest[2..].starts_with(b"P<") {
            Some(4)
        } else if rest.len() > 3 && rest[2] == b'<' {
            Some(3)
        } else {
            None
        };
        if let Some(from) = named {
            return self.parse_named_group(from);
        }
        self.at += 2;
        let mut flags = self.flags;
        let (mut value, mut seen) = (true, false);
        while self.at < self.pattern.len() {
            let letter = self.next()?;
            match letter {
                'i' => flags.fold = value,
                'm' => flags.multiline = value,
                's' => flags.dot_newline = value,
                'U' => flags.ungreedy = value,
                '-' if value => {
                    (value, seen) = (false, false);
                    continue;
                }
                ':' | ')' if value || seen => {
                    if letter == ':' {
                        self.open(None);
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => break,
            }
            seen = true;
        }
        Err(Problem::new(INVALID_PERL, self.since(start)))
    }

    fn parse_named_group(&mut self, from: usize) -> Outcome<()> {
        let rest = self.rest();
        let Some(end) = rest.iter().position(|&byte| byte == b'>') else {
            check_utf8(rest)?;
            return Err(Problem::new(INVALID_NAMED_GROUP, rest));
        };
        let name = rest.get(from..end).unwrap_or_default();
        check_utf8(name)?;
        if name.is_empty() || !name.iter().all(|&byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
            return Err(Problem::new(INVALID_NAMED_GROUP, &rest[..=end]));
        }
        let name = name.to_vec();
        self.at += end + 1;
        self.names.push(name);
        self.open(Some(self.names.len() as u32));
        Ok(())
    }

    /// Reads what begins with a backslash outside of brackets.
    fn parse_backslash(&mut self) -> Outcome<()> {
        match self.pattern.get(self.at + 1) {
            Some(b'A') => return self.look(2, Look::Start),
            Some(b'z') => return self.look(2, Look::End),
            Some(b'b') => return self.look(2, Look::WordAscii),
            Some(b'B') => return self.look(2, Look::WordAsciiNegate),
            Some(b'C') => return Err(Problem::new(INVALID_ESCAPE, &self.rest()[..2])),
            Some(b'Q') => return self.parse_quotation(),
            _ => {}
        }
        if let Some(class) = self.parse_unicode_class()? {
            return self.class(class);
        }
        if let Some(class) = self.parse_perl_class() {
            return self.class(class);
        }
        let code = self.parse_escape()?;
        self.code_point(code)
    }

    /// Reads `\Q...\E`, where the end may be missing.
    fn parse_quotation(&mut self) -> Outcome<()> {
        self.at += 2;
        let end = self.rest().windows(2).position(|pair| pair == br"\E");
        let stop = end.map_or(self.pattern.len(), |end| self.at + end);
        while self.at < stop {
            if let Some((char::REPLACEMENT_CHARACTER, 1)) = haystack::decode(self.rest()) {
                return Err(Problem::new(INVALID_UTF8, &self.pattern[self.at..stop]));
            }
            let letter = self.next()?;
            self.literal(letter)?;
        }
        self.at = if end.is_some() { stop + 2 } else { stop };
        Ok(())
    }

    /// Reads `\d` and its kind, in and outside of brackets.
    fn parse_perl_class(&mut self) -> Option<ClassUnicode> {
        let rest = self.rest();
        if rest.first() != Some(&b'\\') {
            return None;
        }
        let letter = *rest.get(1)?;
        let mut class = class::perl(letter.to_ascii_lowercase())?;
        self.at += 2;
        if self.flags.fold {
            class::fold(&mut class);
        }
        if letter.is_ascii_uppercase() {
            class.negate();
        }
        Some(class)
    }

    /// Reads `\pN`, `\p{Name}` and their negations, in and outside of brackets.
    fn parse_unicode_class(&mut self) -> Outcome<Option<ClassUnicode>> {
        let start = self.at;
        let mut negated = match self.rest() {
            [b'\\', b'p', ..] => false,
            [b'\\', b'P', ..] => true,
            _ => return Ok(None),
        };
        self.at += 2;
        let letter = self.next()?;
        let mut name = if letter == '{' {
            let Some(end) = self.rest().iter().position(|&byte| byte == b'}') else {
                check_utf8(&self.pattern[start..])?;
                return Err(Problem::new(INVALID_CLASS_RANGE, &self.pattern[start..]));
            };
            self.at += end + 1;
            &self.pattern[start + 3..self.at - 1]
        } else {
            &self.pattern[start + 2..self.at]
        };
        let text = check_utf8(name)?;
        if let Some(after) = name.strip_prefix(b"^") {
            negated = !negated;
            name = after;
        }
        let name = &text[text.len() - name.len()..];
        let Some(mut class) = class::unicode(name, self.flags.fold) else {
            return Err(Problem::new(INVALID_CLASS_RANGE, self.since(start)));
        };
        if negated {
            class.negate();
        }
        Ok(Some(class))
    }

    /// Reads an escape for one character.
    fn parse_escape(&mut self) -> Outcome<u32> {
        let start = self.at;
        self.at += 1;
        if self.at == self.pattern.len() {
            return Err(Problem::new(TRAILING_BACKSLASH, b""));
        }
        let letter = self.next()?;
        let code = match letter {
            '1'..='7' if !matches!(self.peek(), Some(b'0'..=b'7')) => None,
            '0'..='7' => {
                let mut code = u32::from(letter) - u32::from('0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    code = code * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                Some(code)
            }
            'x' => self.parse_hexadecimal()?,
            'a' => Some(7),
            'f' => Some(12),
            'n' => Some(10),
            'r' => Some(13),
            't' => Some(9),
            'v' => Some(11),
            letter if letter.is_ascii() && !letter.is_ascii_alphanumeric() => Some(u32::from(letter)),
            _ => None,
        };
        code.ok_or_else(|| Problem::new(INVALID_ESCAPE, self.since(start)))
    }

    /// Reads `41` or `{1F600}` after `\x`; `None` if it is neither.
    fn parse_hexadecimal(&mut self) -> Outcome<Option<u32>> {
        if self.at == self.pattern.len() {
            return Ok(None);
        }
        let first = self.next()?;
        if first != '{' {
            let second = self.next()?;
            return Ok(match (first.to_digit(16), second.to_digit(16)) {
                (Some(high), Some(low)) => Some(high * 16 + low),
                _ => None,
            });
        }
        let mut code = None;
        while self.at < self.pattern.len() {
            let letter = self.next()?;
            if letter == '}' {
                return Ok(code);
            }
            let Some(digit) = letter.to_digit(16) else { return Ok(None) };
            let next = code.unwrap_or(0) * 16 + digit;
            if next > u32::from(char::MAX) {
                return Ok(None);
            }
            code = Some(next);
        }
        Ok(None)
    }

    /// Reads a class in brackets.
    fn parse_class(&mut self) -> Outcome<()> {
        let start = self.at;
        self.at += 1;
        let negated = self.peek() == Some(b'^');
        self.at += usize::from(negated);
        let mut class = ClassUnicode::empty();
        // Ranges to be folded are gathered apart: what a name stands for has been folded already.
        let mut ranges = ClassUnicode::empty();
        let mut first = true;
        while first || self.peek() != Some(b']') {
            first = false;
            if let Some(named) = self.parse_named_class()? {
                class.union(&named);
            } else if let Some(named) = self.parse_unicode_class()? {
                class.union(&named);
            } else if let Some(named) = self.parse_perl_class() {
                class.union(&named);
            } else {
                let from = self.at;
                let low = self.parse_class_member(start)?;
                let mut high = low;
                if let [b'-', after, ..] = self.rest()
                    && *after != b']'
                {
                    self.at += 1;
                    high = self.parse_class_member(start)?;
                    if high < low {
                        return Err(Problem::new(INVALID_CLASS_RANGE, self.since(from)));
                    }
                }
                class::add_range(&mut ranges, low, high);
            }
        }
        self.at += 1;
        if self.flags.fold {
            class::fold(&mut ranges);
        }
        class.union(&ranges);
        if negated {
            class.negate();
        }
        self.class(class)
    }

    fn parse_class_member(&mut self, class_start: usize) -> Outcome<u32> {
        match self.peek() {
            None => Err(Problem::new(MISSING_BRACKET, &self.pattern[class_start..])),
            Some(b'\\') => self.parse_escape(),
            Some(_) => self.next().map(u32::from),
        }
    }

    /// Reads `[:name:]` or `[:^name:]`.
    fn parse_named_class(&mut self) -> Outcome<Option<ClassUnicode>> {
        let rest = self.rest();
        if rest.len() <= 2 || !rest.starts_with(b"[:") {
            return Ok(None);
        }
        let Some(end) = rest[2..].windows(2).position(|pair| pair == b":]") else { return Ok(None) };
        let name = &rest[2..2 + end];
        let (negated, plain) = match name.strip_prefix(b"^") {
            Some(plain) => (true, plain),
            None => (false, name),
        };
        let Some(mut class) = class::posix(plain) else {
            return Err(Problem::new(INVALID_CLASS_RANGE, &rest[..end + 4]));
        };
        self.at += end + 4;
        if self.flags.fold {
            class::fold(&mut class);
        }
        if negated {
            class.negate();
        }
        Ok(Some(class))
    }
}

fn check_utf8(text: &[u8]) -> Outcome<&str> {
    std::str::from_utf8(text).map_err(|error| {
        // Go names the rest from the first stray byte on.
        Problem::new(INVALID_UTF8, &text[error.valid_up_to()..])
    })
}
