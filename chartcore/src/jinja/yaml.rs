//! YAML as PyYAML dumps it in block style: sorted keys, unicode kept, lines of 80, literal blocks for texts of
//! several lines.
//!
//! `data::yaml` writes as go-yaml does, which quotes, folds and sorts otherwise.

use std::cmp::Ordering;

use super::number::float_text;
use super::tree::Tree;

/// Where plain and quoted texts are folded.
const WIDTH: usize = 80;

/// How a node stands in its parent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Item,
    Value,
}

/// Dumps a tree.
pub(super) fn dump(tree: &Tree) -> String {
    let mut writer = Writer {
        out: String::new(),
        column: 0,
        indent: 0,
        whitespace: true,
        indention: true,
        open_ended: false,
    };
    writer.node(tree, Place::Root, None);
    if !writer.out.ends_with('\n') {
        writer.line_break();
    }
    if writer.open_ended {
        writer.out.push_str("...\n");
    }
    writer.out
}

struct Writer {
    out: String,
    column: usize,
    indent: usize,
    /// Whether the last thing written leaves room for a plain text.
    whitespace: bool,
    /// Whether nothing but indentation and indicators stands on the line.
    indention: bool,
    /// Whether the document's end must be marked.
    open_ended: bool,
}

impl Writer {
    fn write(&mut self, text: &str) {
        self.column += text.chars().count();
        self.out.push_str(text);
    }

    fn line_break(&mut self) {
        self.whitespace = true;
        self.indention = true;
        self.column = 0;
        self.out.push('\n');
    }

    fn write_indent(&mut self) {
        let indent = self.indent;
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.line_break();
        }
        if self.column < indent {
            self.whitespace = true;
            let missing = indent - self.column;
            self.write(&" ".repeat(missing));
        }
    }

    fn indicator(&mut self, text: &str, need_whitespace: bool, whitespace: bool, indention: bool) {
        if !self.whitespace && need_whitespace {
            self.write(" ");
        }
        self.whitespace = whitespace;
        self.indention = self.indention && indention;
        self.open_ended = false;
        self.write(text);
    }

    /// Writes a node; `outer` is the indentation of the block around it.
    fn node(&mut self, tree: &Tree, place: Place, outer: Option<usize>) {
        match tree {
            Tree::Map(entries) if !entries.as_slice().is_empty() => {
                let indent = outer.map_or(0, |indent| indent + 2);
                for (key, value) in sorted(entries.as_slice()) {
                    self.indent = indent;
                    self.write_indent();
                    if is_simple(key) {
                        self.scalar(key, Place::Value, true);
                        self.indicator(":", false, false, false);
                    } else {
                        self.indicator("?", true, false, true);
                        self.node(key, Place::Item, Some(indent));
                        self.indent = indent;
                        self.write_indent();
                        self.indicator(":", true, false, true);
                        self.node(value, Place::Item, Some(indent));
                        continue;
                    }
                    self.node(value, Place::Value, Some(indent));
                }
            }
            Tree::List(items) if !items.is_empty() => {
                let indentless = place == Place::Value && !self.indention;
                let indent = match outer {
                    None => 0,
                    Some(outer) if indentless => outer,
                    Some(outer) => outer + 2,
                };
                for item in items.iter() {
                    self.indent = indent;
                    self.write_indent();
                    self.indicator("-", true, false, true);
                    self.node(item, Place::Item, Some(indent));
                }
            }
            Tree::Map(_) => self.indicator("{}", true, false, false),
            Tree::List(_) => self.indicator("[]", true, false, false),
            _ => {
                // PyYAML indents a scalar that is the whole document, too.
                self.indent = outer.map_or(2, |indent| indent + 2);
                self.scalar(tree, place, false);
            }
        }
    }

    fn scalar(&mut self, tree: &Tree, place: Place, simple_key: bool) {
        let (text, implicit) = plain(tree);
        let analysis = Analysis::of(&text);
        let literal = matches!(tree, Tree::Text(_)) && text.contains('\n');
        let plain_fits = analysis.block_plain && !(simple_key && (text.is_empty() || analysis.multiline));
        if !literal && implicit && plain_fits {
            self.plain(&text, !simple_key);
            self.open_ended = place == Place::Root;
        } else if literal && !simple_key && analysis.block {
            self.literal(&text);
        } else if !literal && analysis.single_quoted && !(simple_key && analysis.multiline) {
            self.single_quoted(&text, !simple_key);
        } else {
            self.double_quoted(&text, !simple_key);
        }
    }

    fn plain(&mut self, text: &str, split: bool) {
        if text.is_empty() {
            return;
        }
        if !self.whitespace {
            self.write(" ");
        }
        self.whitespace = false;
        self.indention = false;
        self.open_ended = false;
        let mut words = Pieces { rest: text };
        while let Some((word, spaces)) = words.next() {
            self.write(word);
            if spaces == " " && self.column > WIDTH && split {
                self.write_indent();
                self.whitespace = false;
                self.indention = false;
            } else {
                self.write(spaces);
            }
        }
    }

    fn single_quoted(&mut self, text: &str, split: bool) {
        self.indicator("'", true, false, false);
        let letters: Vec<char> = text.chars().collect();
        let mut at = 0;
        while at < letters.len() {
            let start = at;
            let run = |from: usize, wanted: &dyn Fn(char) -> bool| {
                from + letters.iter().skip(from).take_while(|letter| wanted(**letter)).count()
            };
            let letter = letters.get(at).copied().unwrap_or_default();
            if letter == ' ' {
                at = run(at, &|letter| letter == ' ');
                if at - start == 1 && self.column > WIDTH && split && start != 0 && at != letters.len() {
                    self.write_indent();
                } else {
                    self.write(&" ".repeat(at - start));
                }
            } else if is_break(letter) {
                at = run(at, &is_break);
                if letter == '\n' {
                    self.line_break();
                }
                for letter in letters.iter().take(at).skip(start) {
                    self.break_with(*letter);
                }
                self.write_indent();
            } else {
                at = run(at, &|letter| letter != ' ' && !is_break(letter));
                let word: String = letters.iter().take(at).skip(start).collect();
                self.write(&word.replace('\'', "''"));
            }
        }
        self.indicator("'", false, false, false);
    }

    /// Writes a line break; another one than a line feed is kept.
    fn break_with(&mut self, letter: char) {
        if letter == '\n' {
            self.line_break();
        } else {
            self.whitespace = true;
            self.indention = true;
            self.column = 0;
            self.out.push(letter);
        }
    }

    fn double_quoted(&mut self, text: &str, split: bool) {
        self.indicator("\"", true, false, false);
        let letters: Vec<char> = text.chars().collect();
        let piece = |from: usize, to: usize| letters.iter().take(to).skip(from).collect::<String>();
        let (mut start, mut end) = (0, 0);
        while end <= letters.len() {
            let letter = letters.get(end).copied();
            let special = letter.is_none_or(|letter| {
                matches!(letter, '"' | '\\' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
                    || !matches!(letter, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
            });
            if special {
                if start < end {
                    self.write(&piece(start, end));
                    start = end;
                }
                if let Some(letter) = letter {
                    self.write(&escape(letter));
                    start = end + 1;
                }
            }
            let inside = 0 < end && end + 1 < letters.len();
            let width = self.column + end;
            if inside && (letter == Some(' ') || start >= end) && width > WIDTH + start && split {
                let data = piece(start, end) + "\\";
                start = start.max(end);
                self.write(&data);
                self.write_indent();
                self.whitespace = false;
                self.indention = false;
                if letters.get(start) == Some(&' ') {
                    self.write("\\");
                }
            }
            end += 1;
        }
        self.indicator("\"", false, false, false);
    }

    fn literal(&mut self, text: &str) {
        let mut hints = String::from("|");
        if text.starts_with([' ', '\n', '\u{85}', '\u{2028}', '\u{2029}']) {
            hints.push('2');
        }
        let mut back = text.chars().rev();
        let (last, before) = (back.next().unwrap_or('\n'), back.next());
        let keep = is_break(last) && before.is_none_or(is_break);
        if !is_break(last) {
            hints.push('-');
        } else if keep {
            hints.push('+');
        }
        self.indicator(&hints, true, false, false);
        self.line_break();
        let mut breaks = true;
        let mut rest = text;
        while !rest.is_empty() {
            if rest.starts_with(is_break) {
                let end = rest.find(|letter| !is_break(letter)).unwrap_or(rest.len());
                let (run, after) = rest.split_at(end);
                // The first of a run ended the line before it, which was written there.
                for letter in run.chars() {
                    self.break_with(letter);
                }
                rest = after;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                let end = rest.find(is_break).unwrap_or(rest.len());
                let (line, after) = rest.split_at(end);
                self.write(line);
                self.whitespace = false;
                self.indention = false;
                if after.is_empty() {
                    self.line_break();
                }
                rest = after;
                breaks = false;
            }
        }
        self.open_ended = keep;
    }
}

/// Words with the spaces behind them.
struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Pieces<'a> {
    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        if self.rest.is_empty() {
            return None;
        }
        let (word, rest) = self.rest.split_at(self.rest.find(' ').unwrap_or(self.rest.len()));
        let (spaces, rest) = rest.split_at(rest.find(|letter| letter != ' ').unwrap_or(rest.len()));
        self.rest = rest;
        Some((word, spaces))
    }
}

fn is_break(letter: char) -> bool {
    matches!(letter, '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn escape(letter: char) -> String {
    let short = match letter {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            let code = u32::from(letter);
            return match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}

/// The entries by key, as Python sorts them; keys that cannot be compared stay as they are.
fn sorted(entries: &[(Tree, Tree)]) -> Vec<(&Tree, &Tree)> {
    let mut pairs: Vec<(&Tree, &Tree)> = entries.iter().map(|(key, value)| (key, value)).collect();
    let comparable = |left: &Tree, right: &Tree| compare(left, right).is_some();
    if pairs.windows(2).all(|pair| matches!(pair, [left, right] if comparable(left.0, right.0))) {
        pairs.sort_by(|left, right| compare(left.0, right.0).unwrap_or(Ordering::Equal));
    }
    pairs
}

fn compare(left: &Tree, right: &Tree) -> Option<Ordering> {
    let number = |tree: &Tree| match tree {
        Tree::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Tree::Int(number) => Some(*number as f64),
        Tree::Float(number) => Some(*number),
        _ => None,
    };
    match (left, right) {
        (Tree::Text(left), Tree::Text(right)) => Some(left.cmp(right)),
        _ => number(left)?.partial_cmp(&number(right)?),
    }
}

/// Whether a key needs no `?` in front.
fn is_simple(key: &Tree) -> bool {
    match key {
        Tree::List(items) => items.is_empty(),
        Tree::Map(entries) => entries.as_slice().is_empty(),
        Tree::Text(text) => {
            // With its tag, `!!str`, a key is shorter than 128.
            !text.is_empty() && text.chars().count() < 123 && !text.contains(is_break)
        }
        _ => true,
    }
}

/// A scalar's text, and whether it reads as itself without quotes.
fn plain(tree: &Tree) -> (String, bool) {
    match tree {
        Tree::Null => ("null".to_owned(), true),
        Tree::Bool(truth) => (truth.to_string(), true),
        Tree::Int(number) => (number.to_string(), true),
        Tree::Float(number) => {
            let text = float_text(*number);
            let text = match text.as_str() {
                "nan" => ".nan".to_owned(),
                "inf" => ".inf".to_owned(),
                "-inf" => "-.inf".to_owned(),
                _ if text.contains('.') => text,
                _ => text.replacen('e', ".0e", 1),
            };
            (text, true)
        }
        Tree::Text(text) => (text.to_string(), !reads_as_another_type(text)),
        Tree::List(_) => ("[]".to_owned(), true),
        Tree::Map(_) => ("{}".to_owned(), true),
    }
}

/// What a text's letters allow.
struct Analysis {
    multiline: bool,
    block_plain: bool,
    single_quoted: bool,
    block: bool,
}

impl Analysis {
    /// PyYAML: emitter.py, `analyze_scalar`.
    fn of(text: &str) -> Self {
        if text.is_empty() {
            return Self { multiline: false, block_plain: true, single_quoted: true, block: false };
        }
        let blank = |letter: char| matches!(letter, '\0' | ' ' | '\t' | '\r') || is_break(letter);
        let letters: Vec<char> = text.chars().collect();
        let document = text.starts_with("---") || text.starts_with("...");
        let mut block_indicators = document;
        let (mut line_breaks, mut special) = (false, false);
        let (mut leading, mut trailing_space, mut trailing_break) = (false, false, false);
        let (mut break_space, mut space_break) = (false, false);
        let (mut previous_space, mut previous_break) = (false, false);
        let mut preceded = true;
        for (at, &letter) in letters.iter().enumerate() {
            let followed = letters.get(at + 1).is_none_or(|next| blank(*next));
            let last = at + 1 == letters.len();
            match letter {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                | '`'
                    if at == 0 =>
                {
                    block_indicators = true;
                }
                '?' | '-' if at == 0 => block_indicators |= followed,
                ':' => block_indicators |= followed,
                '#' if preceded => block_indicators = true,
                _ => {}
            }
            line_breaks |= is_break(letter);
            special |= !matches!(letter, '\n' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}'
                | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10fffe}')
                || letter == '\u{feff}';
            if letter == ' ' {
                leading |= at == 0;
                trailing_space |= last;
                break_space |= previous_break;
                (previous_space, previous_break) = (true, false);
            } else if is_break(letter) {
                leading |= at == 0;
                trailing_break |= last;
                space_break |= previous_space;
                (previous_space, previous_break) = (false, true);
            } else {
                (previous_space, previous_break) = (false, false);
            }
            preceded = blank(letter);
        }
        let edges = leading || trailing_space || trailing_break;
        let plain = !edges && !break_space && !space_break && !special && !line_breaks;
        Self {
            multiline: line_breaks,
            block_plain: plain && !block_indicators,
            single_quoted: !break_space && !space_break && !special,
            block: !trailing_space && !space_break && !special,
        }
    }
}

/// Whether YAML 1.1 takes the plain text for no string.
///
/// PyYAML: resolver.py.
fn reads_as_another_type(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "yes", "Yes", "YES", "no", "No", "NO", "true", "True", "TRUE", "false", "False", "FALSE", "on", "On",
        "ON", "off", "Off", "OFF", "~", "null", "Null", "NULL", "", "<<", "=", ".nan", ".NaN", ".NAN",
    ];
    if WORDS.contains(&text) {
        return true;
    }
    let starts_number = text.starts_with(|letter: char| letter.is_ascii_digit() || "-+.".contains(letter));
    starts_number && (is_int(text) || is_float(text) || is_timestamp(text))
}

fn is_int(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let all = |text: &str, digit: fn(char) -> bool| {
        !text.is_empty() && text.chars().all(|letter| letter == '_' || digit(letter))
    };
    let binary = |letter: char| matches!(letter, '0' | '1');
    let octal = |letter: char| matches!(letter, '0'..='7');
    if let Some(rest) = digits.strip_prefix("0b") {
        return all(rest, binary);
    }
    if let Some(rest) = digits.strip_prefix("0x") {
        return all(rest, |letter| letter.is_ascii_hexdigit());
    }
    if digits == "0" {
        return true;
    }
    if let Some(rest) = digits.strip_prefix('0') {
        return all(rest, octal);
    }
    if !digits.starts_with(|letter: char| letter.is_ascii_digit()) {
        return false;
    }
    let mut parts = digits.split(':');
    let first = parts.next().unwrap_or_default();
    all(first, |letter| letter.is_ascii_digit()) && parts.all(is_sixty)
}

/// One part of a sexagesimal number: `[0-5]?[0-9]`.
fn is_sixty(part: &str) -> bool {
    match part.as_bytes() {
        [digit] => digit.is_ascii_digit(),
        [ten @ b'0'..=b'5', digit] => ten.is_ascii_digit() && digit.is_ascii_digit(),
        _ => false,
    }
}

fn is_float(text: &str) -> bool {
    let number = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(number, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let Some((whole, rest)) = number.split_once('.') else { return false };
    let digits = |text: &str| text.chars().all(|letter| letter.is_ascii_digit() || letter == '_');
    if let Some((first, parts)) = whole.split_once(':') {
        let starts = first.starts_with(|letter: char| letter.is_ascii_digit());
        return starts && digits(first) && parts.split(':').all(is_sixty) && digits(rest);
    }
    let (fraction, exponent) = match rest.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (rest, None),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        exponent
            .strip_prefix(['-', '+'])
            .is_some_and(|power| !power.is_empty() && power.chars().all(|letter| letter.is_ascii_digit()))
    });
    if !digits(fraction) || !exponent_fits {
        return false;
    }
    if whole.is_empty() {
        // `-.5` and `+.5` are texts: only a bare point may start a float.
        return number.len() == text.len()
            && fraction.starts_with(|letter: char| letter.is_ascii_digit() || letter == '_');
    }
    whole.starts_with(|letter: char| letter.is_ascii_digit()) && digits(whole)
}

fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |from: usize, most: usize| {
        bytes.iter().skip(from).take(most).take_while(|letter| letter.is_ascii_digit()).count()
    };
    if digits(0, 5) != 4 || bytes.get(4) != Some(&b'-') {
        return false;
    }
    let month = digits(5, 3);
    if !(1..=2).contains(&month) || bytes.get(5 + month) != Some(&b'-') {
        return false;
    }
    let day_at = 6 + month;
    let day = digits(day_at, 3);
    if !(1..=2).contains(&day) {
        return false;
    }
    let rest = text.get(day_at + day..).unwrap_or_default();
    if rest.is_empty() {
        return month == 2 && day == 2;
    }
    let time = match rest.strip_prefix(['T', 't']) {
        Some(time) => time,
        None => {
            let time = rest.trim_start_matches([' ', '\t']);
            if time.len() == rest.len() {
                return false;
            }
            time
        }
    };
    is_time(time)
}

/// `H:MM:SS` with a fraction and a zone.
fn is_time(time: &str) -> bool {
    let two = |text: &str| text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_digit());
    let mut parts = time.splitn(3, ':');
    let (Some(hour), Some(minute), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let hour_fits = (1..=2).contains(&hour.len()) && hour.bytes().all(|letter| letter.is_ascii_digit());
    let (Some(second), Some(rest)) = (rest.get(..2), rest.get(2..)) else { return false };
    if !hour_fits || !two(minute) || !two(second) {
        return false;
    }
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|letter: char| letter.is_ascii_digit()),
        None => rest,
    };
    let zone = rest.trim_start_matches([' ', '\t']);
    if zone.is_empty() {
        return rest.is_empty();
    }
    if zone == "Z" {
        return true;
    }
    let Some(offset) = zone.strip_prefix(['-', '+']) else { return false };
    let (hours, minutes) =
        offset.split_once(':').map_or((offset, None), |(hours, minutes)| (hours, Some(minutes)));
    let hours_fit = (1..=2).contains(&hours.len()) && hours.bytes().all(|letter| letter.is_ascii_digit());
    hours_fit && minutes.is_none_or(two)
}
