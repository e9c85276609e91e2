//! The syntax of patterns.

use std::borrow::Cow;

/// How deep braces may nest. Ours alone.
const DEPTH_LIMIT: usize = 250;

/// How many elements a pattern may have; compiling takes the third power of them. Ours alone.
const ELEMENT_LIMIT: usize = 500;

/// Reads as the end: of the pattern where an element would begin, of the text inside of one.
const NUL: char = '\0';

/// One element of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// Matches the empty text.
    Nothing,
    /// Elements one after the other.
    Pattern(Vec<Node>),
    /// `[abc]`: the letters, and whether they are excluded.
    List(String, bool),
    /// `[a-c]`: first and last letter, and whether they are excluded.
    Range(char, char, bool),
    Text(String),
    /// `*`
    Any,
    /// `**`
    Super,
    /// `?`
    Single,
    /// `{a,b}`: one `Pattern` each.
    AnyOf(Vec<Node>),
}

type Problem = Cow<'static, str>;

/// Reads a pattern: the root is a `Pattern`. A brace that does not close closes at the end.
pub(super) fn parse(pattern: &str) -> Result<Node, Problem> {
    let mut reader = Reader { rest: pattern, elements: 0 };
    // The open patterns, the root first; below each of the others, the alternatives before it.
    let mut open: Vec<(Vec<Node>, Vec<Node>)> = vec![(Vec::new(), Vec::new())];
    let close = |open: &mut Vec<(Vec<Node>, Vec<Node>)>| {
        if let Some((mut alternatives, last)) = open.pop() {
            alternatives.push(Node::Pattern(last));
            if let Some((_, outer)) = open.last_mut() {
                outer.push(Node::AnyOf(alternatives));
            }
        }
    };
    while let Some(letter) = reader.peek()?.filter(|&letter| letter != NUL) {
        let inside = open.len() > 1;
        reader.count()?;
        let node = match letter {
            '{' => {
                reader.take()?;
                if open.len() > DEPTH_LIMIT {
                    return Err("pattern nests too deeply".into());
                }
                open.push((Vec::new(), Vec::new()));
                continue;
            }
            ',' if inside => {
                reader.take()?;
                if let Some((alternatives, last)) = open.last_mut() {
                    alternatives.push(Node::Pattern(std::mem::take(last)));
                }
                continue;
            }
            '}' if inside => {
                reader.take()?;
                close(&mut open);
                continue;
            }
            '[' => {
                reader.take()?;
                reader.brackets()?
            }
            '?' => {
                reader.take()?;
                Node::Single
            }
            '*' => {
                reader.take()?;
                if reader.peek()? == Some('*') {
                    reader.take()?;
                    Node::Super
                } else {
                    Node::Any
                }
            }
            _ => {
                let text = reader.text(if inside { "?*[{}," } else { "?*[{" })?;
                if text.is_empty() {
                    continue;
                }
                Node::Text(text)
            }
        };
        if let Some((_, last)) = open.last_mut() {
            last.push(node);
        }
    }
    while open.len() > 1 {
        close(&mut open);
    }
    Ok(Node::Pattern(open.pop().map(|(_, root)| root).unwrap_or_default()))
}

struct Reader<'p> {
    rest: &'p str,
    elements: usize,
}

impl Reader<'_> {
    fn count(&mut self) -> Result<(), Problem> {
        self.elements += 1;
        if self.elements > ELEMENT_LIMIT {
            return Err("pattern has too many elements".into());
        }
        Ok(())
    }

    fn peek(&self) -> Result<Option<char>, Problem> {
        match self.rest.chars().next() {
            Some(char::REPLACEMENT_CHARACTER) => Err("could not read rune".into()),
            letter => Ok(letter),
        }
    }

    fn take(&mut self) -> Result<Option<char>, Problem> {
        let letter = self.peek()?;
        self.rest = &self.rest[letter.map_or(0, char::len_utf8)..];
        Ok(letter)
    }

    /// Reads text up to one of `breakers`, taking backslashes out.
    fn text(&mut self, breakers: &str) -> Result<String, Problem> {
        let mut text = String::new();
        while let Some(letter) = self.peek()? {
            if breakers.contains(letter) {
                break;
            }
            self.take()?;
            let letter = if letter == '\\' { self.take()?.unwrap_or(NUL) } else { letter };
            if letter == NUL {
                break;
            }
            text.push(letter);
        }
        Ok(text)
    }

    /// Reads what follows a `[`.
    fn brackets(&mut self) -> Result<Node, Problem> {
        const END: &str = "unexpected end of input";
        let excluded = self.peek()? == Some('!');
        if excluded {
            self.take()?;
        }
        let first = self.peek()?.filter(|&letter| letter != NUL).ok_or(END)?;
        let mut ahead = Reader { rest: &self.rest[first.len_utf8()..], elements: 0 };
        let range = if ahead.peek()? == Some('-') {
            ahead.take()?;
            self.rest = ahead.rest;
            let last = self.take()?.filter(|&letter| letter != NUL).ok_or(END)?;
            if last < first {
                return Err(format!("hi character '{last}' should be greater than lo '{first}'").into());
            }
            Some((first, last))
        } else {
            None
        };
        let letters = if range.is_none() { self.text("]")? } else { String::new() };
        match self.take()? {
            None | Some(NUL) => return Err(END.into()),
            Some(']') => {}
            Some(_) => return Err("expected close range character".into()),
        }
        match range {
            Some((first, last)) => Ok(Node::Range(first, last, excluded)),
            None if letters.is_empty() => Err("could not parse range".into()),
            None => Ok(Node::List(letters, excluded)),
        }
    }
}
