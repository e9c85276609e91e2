//! Upper and lower case, and names in camel, snake and kebab case.

use crate::data::Str;
use crate::template::funcs::arguments;
use crate::template::{Any, Fault, Scope, unicode};

/// Maps each letter; what is not UTF-8 becomes U+FFFD.
fn mapped(text: &Str, mut map: impl FnMut(char) -> char) -> Any {
    let mut out = Vec::with_capacity(text.len());
    for letter in unicode::letters(text) {
        unicode::push(&mut out, map(letter));
    }
    Any::Str(out.into())
}

pub(super) fn upper(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = arguments::text(arguments, 0);
    if !text.is_ascii() {
        return Ok(mapped(text, unicode::to_upper));
    }
    if !text.iter().any(u8::is_ascii_lowercase) {
        return Ok(Any::Str(text.clone()));
    }
    Ok(Any::Str(text.to_ascii_uppercase().into()))
}

pub(super) fn lower(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = arguments::text(arguments, 0);
    if !text.is_ascii() {
        return Ok(mapped(text, unicode::to_lower));
    }
    if !text.iter().any(u8::is_ascii_uppercase) {
        return Ok(Any::Str(text.clone()));
    }
    Ok(Any::Str(text.to_ascii_lowercase().into()))
}

/// Go's deprecated `strings.Title`: the first letter of each word in title case.
pub(super) fn title(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let separates = |letter: char| {
        if letter.is_ascii() {
            !letter.is_ascii_alphanumeric() && letter != '_'
        } else {
            !unicode::is_letter(letter) && !unicode::is_digit(letter) && unicode::is_space(letter)
        }
    };
    let mut after_separator = true;
    Ok(mapped(arguments::text(arguments, 0), |letter| {
        let starts = std::mem::replace(&mut after_separator, separates(letter));
        if starts { unicode::to_title(letter) } else { letter }
    }))
}

/// The first letter of each word in lower case.
pub(super) fn untitle(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let mut after_space = true;
    Ok(mapped(arguments::text(arguments, 0), |letter| {
        let starts = std::mem::replace(&mut after_space, unicode::is_space(letter));
        if starts && !after_space { unicode::to_lower(letter) } else { letter }
    }))
}

/// Goutils: `SwapCase`. A lower case letter that starts a word gets title case.
pub(super) fn swapcase(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let mut after_space = true;
    Ok(mapped(arguments::text(arguments, 0), |letter| {
        if unicode::is_upper(letter) || unicode::is_title(letter) {
            after_space = false;
            unicode::to_lower(letter)
        } else if unicode::is_lower(letter) {
            if std::mem::replace(&mut after_space, false) {
                unicode::to_title(letter)
            } else {
                unicode::to_upper(letter)
            }
        } else {
            after_space = unicode::is_space(letter);
            letter
        }
    }))
}

fn is_connector(letter: char) -> bool {
    letter == '-' || letter == '_' || unicode::is_space(letter)
}

/// Xstrings: `ToPascalCase`. Single connectors between words go, and the letter after one is raised; capitals
/// that follow a capital first letter are lowered.
pub(super) fn camelcase(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = arguments::text(arguments, 0);
    let mut out = Vec::with_capacity(text.len());
    let mut letters = unicode::letters(text);
    // The letter to write once it is known what follows it.
    let mut held = None;
    let mut lowering = false;
    for letter in letters.by_ref() {
        if !is_connector(letter) {
            lowering = unicode::is_upper(letter);
            held = Some(unicode::to_upper(letter));
            break;
        }
        // Xstrings writes the last of nothing but connectors twice.
        unicode::push(&mut out, letter);
        held = Some(letter);
    }
    let Some(mut held) = held else {
        return Ok(Any::Str(Str::EMPTY));
    };
    for letter in letters {
        let mut letter = letter;
        match (is_connector(held), is_connector(letter)) {
            (true, true) => unicode::push(&mut out, held),
            (true, false) => {
                lowering = unicode::is_upper(letter);
                letter = unicode::to_upper(letter);
            }
            (false, _) => {
                lowering = lowering && unicode::is_upper(letter);
                if lowering {
                    letter = unicode::to_lower(letter);
                }
                unicode::push(&mut out, held);
            }
        }
        held = letter;
    }
    unicode::push(&mut out, held);
    Ok(Any::Str(out.into()))
}

pub(super) fn snakecase(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(connected(arguments::text(arguments, 0), b'_'))
}

pub(super) fn kebabcase(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(connected(arguments::text(arguments, 0), b'-'))
}

/// What a stretch of a name is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing, or only bytes that are not UTF-8.
    Invalid,
    Number,
    /// Capitals, or a capital and the letters after it.
    Capital,
    /// Letters of an alphabet without capitals.
    Letters,
    Connector,
    Punct,
    /// Chinese characters, symbols.
    Other,
}

/// Letters without Chinese characters. Xstrings: `isAlphabet`.
fn is_alphabetic(letter: char) -> bool {
    unicode::is_letter(letter)
        && !matches!(letter, '\u{4e00}'..='\u{9fcc}' | '\u{3400}'..='\u{4d85}' | '\u{20000}'..='\u{2b81d}')
}

/// The next valid letter and the bytes up to its end; `previous` where only bytes that are not UTF-8 are left.
fn next_valid(bytes: &[u8], previous: char) -> (char, usize) {
    let mut size = 0;
    while let Some((letter, length)) = unicode::first(&bytes[size..]) {
        size += length;
        if letter != unicode::REPLACEMENT {
            return (letter, size);
        }
    }
    (previous, size)
}

/// How many bytes from `start` on belong to letters that `belongs` says, and the letter behind them.
fn stretch(bytes: &[u8], start: usize, first: char, belongs: impl Fn(char) -> bool) -> (usize, char) {
    let mut end = start;
    let mut letter = first;
    while end < bytes.len() {
        let (next, size) = next_valid(&bytes[end..], letter);
        letter = next;
        if !belongs(letter) {
            break;
        }
        end += size;
    }
    (end, letter)
}

/// Cuts the first word off: its kind, its bytes, and the rest.
fn next_word(bytes: &[u8]) -> (Kind, &[u8], &[u8]) {
    let (first, size) = next_valid(bytes, unicode::REPLACEMENT);
    let plain = |letter: char| is_alphabetic(letter) && !unicode::is_upper(letter);
    let (kind, end) = if first == unicode::REPLACEMENT {
        (Kind::Invalid, size)
    } else if is_connector(first) {
        (Kind::Connector, stretch(bytes, size, first, is_connector).0)
    } else if unicode::is_punct(first) {
        (Kind::Punct, stretch(bytes, size, first, unicode::is_punct).0)
    } else if unicode::is_upper(first) {
        (Kind::Capital, capital_word(bytes, first, size, plain))
    } else if is_alphabetic(first) {
        (Kind::Letters, stretch(bytes, size, first, plain).0)
    } else if unicode::is_number(first) {
        (Kind::Number, stretch(bytes, size, first, unicode::is_number).0)
    } else {
        let other = |letter: char| {
            !is_connector(letter)
                && !is_alphabetic(letter)
                && !unicode::is_number(letter)
                && !unicode::is_punct(letter)
        };
        (Kind::Other, stretch(bytes, size, first, other).0)
    };
    let (word, rest) = bytes.split_at(end);
    (kind, word, rest)
}

/// The end of a word with a capital: `Status` of `StatusCode`, and `HTTP` of `HTTPStatus`.
fn capital_word(bytes: &[u8], first: char, size: usize, plain: impl Fn(char) -> bool) -> usize {
    let (second, length) = next_valid(&bytes[size..], first);
    if !unicode::is_upper(second) {
        let lower = size < bytes.len() && is_alphabetic(second);
        return if lower { stretch(bytes, size + length, second, plain).0 } else { size };
    }
    let (mut letter, mut last_length) = (second, length);
    let mut end = size + length;
    while end < bytes.len() {
        let (next, next_length) = next_valid(&bytes[end..], letter);
        if !unicode::is_upper(next) {
            // The last capital starts the word of the letters that follow it.
            return if is_alphabetic(next) { end - last_length } else { end };
        }
        (letter, last_length) = (next, next_length);
        end += next_length;
    }
    end
}

fn write_word(out: &mut Vec<u8>, kind: Kind, word: &[u8], connector: u8) {
    if !matches!(kind, Kind::Capital | Kind::Connector) {
        out.extend_from_slice(word);
        return;
    }
    for letter in unicode::letters(word) {
        if is_connector(letter) {
            out.push(connector);
        } else if unicode::is_upper(letter) {
            unicode::push(out, unicode::to_lower(letter));
        } else {
            unicode::push(out, letter);
        }
    }
}

/// Xstrings: `ToSnakeCase` and `ToKebabCase`. Words are lowered and joined by `connector`; a number belongs to
/// the letters after it, else to those before it.
fn connected(text: &Str, connector: u8) -> Any {
    let mut out = Vec::with_capacity(text.len() + 8);
    let (mut kind, mut word, mut rest) = next_word(text);
    let stands_alone = |kind: Kind| matches!(kind, Kind::Connector | Kind::Punct);
    while !rest.is_empty() {
        if kind != Kind::Connector {
            write_word(&mut out, kind, word, connector);
        }
        let (previous, last) = (kind, word);
        (kind, word, rest) = next_word(rest);
        // Whether what was written is followed by letters that belong to a number in it.
        let after_number = match previous {
            Kind::Connector => {
                write_word(&mut out, previous, last, connector);
                continue;
            }
            Kind::Punct => continue,
            Kind::Number => true,
            _ if kind != Kind::Number => {
                if !stands_alone(kind) {
                    out.push(connector);
                }
                continue;
            }
            _ if rest.is_empty() => continue,
            _ => {
                let number = word;
                (kind, word, rest) = next_word(rest);
                let owns_letters = kind == Kind::Letters;
                if owns_letters {
                    out.push(connector);
                }
                out.extend_from_slice(number);
                if !owns_letters && !stands_alone(kind) {
                    out.push(connector);
                }
                owns_letters
            }
        };
        if after_number {
            while matches!(kind, Kind::Letters | Kind::Number) {
                write_word(&mut out, kind, word, connector);
                (kind, word, rest) = next_word(rest);
            }
            if kind != Kind::Invalid && !stands_alone(kind) {
                out.push(connector);
            }
        }
    }
    write_word(&mut out, kind, word, connector);
    Any::Str(out.into())
}
