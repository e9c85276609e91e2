//! The values of a YAML or JSON text one after the other, without a tree, for files too large for one.
//!
//! A stream gives up on whatever is out of the ordinary (anchors, tags, odd keys): its reader then falls back on the
//! tree, which knows all the rules and all the messages.

use std::borrow::Cow;

use super::{json, yaml};

/// How deep a value may nest that nobody looks at.
const SKIP_DEPTH: usize = 32;

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item<'a> {
    /// A map starts; its keys come by [`Stream::key`].
    Map,
    /// A list starts.
    List,
    /// The list ends.
    End,
    /// A text.
    Text(Cow<'a, [u8]>),
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
}

/// Why a stream gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The text breaks the grammar at this line (0 for an unknown one).
    Malformed(usize),
    /// The text, or what it says, is out of the ordinary.
    Odd,
}

/// The values of a text in order.
pub(crate) enum Stream<'a> {
    /// Of the first YAML document.
    Yaml(yaml::Stream<'a>),
    /// Of a JSON text.
    Json(JsonStream<'a>),
}

impl<'a> Stream<'a> {
    /// Whether texts may stand as numbers or truth values, as sigs.k8s.io/yaml allows.
    pub(crate) fn is_yaml(&self) -> bool {
        matches!(self, Self::Yaml(_))
    }

    /// The line last looked at, counted from 1; 0 for JSON.
    pub(crate) fn line(&self) -> usize {
        match self {
            Self::Yaml(stream) => stream.line(),
            Self::Json(_) => 0,
        }
    }

    /// The next value, or the end of the list that is open.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Item<'a>, Stop> {
        match self {
            Self::Yaml(stream) => stream.value(),
            Self::Json(stream) => stream.value(),
        }
    }

    /// The next key, or `None` at the end of the map.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<Option<Cow<'a, [u8]>>, Stop> {
        match self {
            Self::Yaml(stream) => stream.key(),
            Self::Json(stream) => stream.key(),
        }
    }

    /// Whether the text ends here as it should.
    pub(crate) fn finish(&mut self) -> Result<(), Stop> {
        match self {
            Self::Yaml(stream) => stream.finish(),
            Self::Json(stream) => stream.finish(),
        }
    }

    /// Passes over the next value.
    pub(crate) fn skip(&mut self) -> Result<(), Stop> {
        let item = self.value()?;
        self.skip_rest(&item, 0)
    }

    /// Passes over what is left of a value that has started.
    pub(crate) fn skip_rest(&mut self, item: &Item<'a>, depth: usize) -> Result<(), Stop> {
        if depth >= SKIP_DEPTH {
            return Err(Stop::Odd);
        }
        match item {
            Item::Map => {
                let mut keys = Vec::new();
                while let Some(key) = self.key()? {
                    keys.push(key);
                    let inner = self.value()?;
                    self.skip_rest(&inner, depth + 1)?;
                }
                check_unique(keys)
            }
            Item::List => loop {
                match self.value()? {
                    Item::End => return Ok(()),
                    inner => self.skip_rest(&inner, depth + 1)?,
                }
            },
            Item::End => Err(Stop::Odd),
            _ => Ok(()),
        }
    }
}

/// Equal keys are an error in strict YAML and overwrite each other in JSON: odd either way.
pub(crate) fn check_unique(mut keys: Vec<Cow<'_, [u8]>>) -> Result<(), Stop> {
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) { Err(Stop::Odd) } else { Ok(()) }
}

/// Which collection is open, and what may stand next in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    FirstOfList,
    List,
    FirstOfMap,
    Map,
}

/// The values of a JSON text in order. Go's grammar: what it takes, `json.Valid` takes.
pub(crate) struct JsonStream<'a> {
    text: &'a [u8],
    at: usize,
    open: Vec<Open>,
}

impl<'a> JsonStream<'a> {
    /// The stream of `text`.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, open: Vec::with_capacity(16) }
    }

    fn blank(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Result<u8, Stop> {
        self.blank();
        self.text.get(self.at).copied().ok_or(Stop::Malformed(0))
    }

    fn take(&mut self, wanted: u8) -> Result<(), Stop> {
        if self.peek()? != wanted {
            return Err(Stop::Malformed(0));
        }
        self.at += 1;
        Ok(())
    }

    fn deepen(&mut self, open: Open) -> Result<(), Stop> {
        self.at += 1;
        if self.open.len() >= SKIP_DEPTH * 2 {
            return Err(Stop::Odd);
        }
        self.open.push(open);
        Ok(())
    }

    fn value(&mut self) -> Result<Item<'a>, Stop> {
        match self.open.last_mut() {
            Some(open @ Open::FirstOfList) => {
                *open = Open::List;
                if self.peek()? == b']' {
                    self.at += 1;
                    self.open.pop();
                    return Ok(Item::End);
                }
            }
            Some(Open::List) => match self.peek()? {
                b']' => {
                    self.at += 1;
                    self.open.pop();
                    return Ok(Item::End);
                }
                _ => self.take(b',')?,
            },
            _ => {}
        }
        match self.peek()? {
            b'{' => {
                self.deepen(Open::FirstOfMap)?;
                Ok(Item::Map)
            }
            b'[' => {
                self.deepen(Open::FirstOfList)?;
                Ok(Item::List)
            }
            b'"' => Ok(Item::Text(self.string()?)),
            b't' => self.word(b"true", Item::Bool(true)),
            b'f' => self.word(b"false", Item::Bool(false)),
            b'n' => self.word(b"null", Item::Null),
            _ => self.number(),
        }
    }

    fn key(&mut self) -> Result<Option<Cow<'a, [u8]>>, Stop> {
        let first = self.open.last() == Some(&Open::FirstOfMap);
        if self.peek()? == b'}' {
            self.at += 1;
            self.open.pop();
            return Ok(None);
        }
        if first {
            if let Some(open) = self.open.last_mut() {
                *open = Open::Map;
            }
        } else {
            self.take(b',')?;
        }
        self.blank();
        let key = self.string()?;
        self.take(b':')?;
        Ok(Some(key))
    }

    fn finish(&mut self) -> Result<(), Stop> {
        self.blank();
        if self.at == self.text.len() { Ok(()) } else { Err(Stop::Malformed(0)) }
    }

    fn word(&mut self, word: &[u8], item: Item<'a>) -> Result<Item<'a>, Stop> {
        if !self.text[self.at..].starts_with(word) {
            return Err(Stop::Malformed(0));
        }
        self.at += word.len();
        Ok(item)
    }

    fn digits(&mut self) -> Result<(), Stop> {
        let count = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { Err(Stop::Malformed(0)) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Item<'a>, Stop> {
        let start = self.at;
        if self.text.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        match self.text.get(self.at) {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.text.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Item::Float(number)),
            _ => Err(Stop::Odd),
        }
    }

    fn string(&mut self) -> Result<Cow<'a, [u8]>, Stop> {
        if self.text.get(self.at) != Some(&b'"') {
            return Err(Stop::Malformed(0));
        }
        self.at += 1;
        let from = self.at;
        let mut simple = true;
        loop {
            match self.text.get(self.at) {
                Some(b'"') => break,
                None | Some(0..=0x1f) => return Err(Stop::Malformed(0)),
                Some(b'\\') => {
                    simple = false;
                    match self.text.get(self.at + 1) {
                        Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.at += 2,
                        Some(b'u') => {
                            let digits = self.text.get(self.at + 2..self.at + 6);
                            if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                                return Err(Stop::Malformed(0));
                            }
                            self.at += 6;
                        }
                        _ => return Err(Stop::Malformed(0)),
                    }
                }
                Some(_) => self.at += 1,
            }
        }
        let raw = &self.text[from..self.at];
        self.at += 1;
        let raw = json::valid_text(raw);
        Ok(if simple { raw } else { Cow::Owned(json::unescape(&raw)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(text: &[u8]) -> Result<(), Stop> {
        let mut stream = Stream::Json(JsonStream::new(text));
        stream.skip()?;
        stream.finish()
    }

    #[test]
    fn json_is_taken_as_go_takes_it() {
        for good in
            [r#"{}"#, r#" {"a":[1,-2.5e+3,true,null,{"b":"\u00e9\n"}],"c":{}} "#, r#"[]"#, r#""x""#, "0"]
        {
            assert_eq!(drain(good.as_bytes()), Ok(()), "{good}");
            assert!(json::parse(good.as_bytes()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "{",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\" 1}",
            "{\"a\":1,}",
            "{,}",
            "{a:1}",
            "01",
            "1.",
            "-",
            "\"\\x\"",
            "tru",
            "{}x",
            "\"\n\"",
            "\"\\u12g4\"",
            "[1}",
            "{\"a\":1]",
        ] {
            assert_eq!(drain(bad.as_bytes()), Err(Stop::Malformed(0)), "{bad}");
            assert!(json::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn depth_is_limited() {
        let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
        assert_eq!(drain(&deep), Err(Stop::Odd));
        let text = yaml::Text::new(&deep);
        let mut stream = Stream::Yaml(yaml::Stream::new(&text).unwrap().unwrap());
        assert_eq!(stream.skip(), Err(Stop::Odd));
    }
}
