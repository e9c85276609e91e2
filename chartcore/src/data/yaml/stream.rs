//! A document's values one after the other, without a tree.

use super::Error;
use super::compose::{is_bare, key_text};
use super::event::{Event, Parser, ScalarEvent};
use super::input::Input;
use super::resolve::{Resolved, resolve};
use super::scalar::Style;
use super::scan::Scanner;
use crate::data::stream::{Item, Stop};

/// A checked text that streams are made from.
pub(crate) struct Text<'a>(Input<'a>);

impl<'a> Text<'a> {
    /// Checks the encoding.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(Input::new(bytes))
    }
}

/// The values of the first document in order.
pub(crate) struct Stream<'a> {
    parser: Parser<'a>,
    line: u32,
}

impl<'a> Stream<'a> {
    /// The stream, or `None` when there is no document.
    pub(crate) fn new(text: &'a Text<'_>) -> Result<Option<Self>, Stop> {
        let mut stream = Self { parser: Parser::new(Scanner::new(&text.0)), line: 0 };
        match stream.event()? {
            Event::DocumentStart => Ok(Some(stream)),
            _ => Ok(None),
        }
    }

    /// The line last looked at, counted from 1.
    pub(crate) fn line(&self) -> usize {
        self.line as usize + 1
    }

    #[inline]
    fn event(&mut self) -> Result<Event<'a>, Stop> {
        self.parser.next().map_err(|error: Error| Stop::Malformed(error.line()))
    }

    /// The next value, or the end of the collection that is open.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Item<'a>, Stop> {
        Ok(match self.event()? {
            Event::Scalar(scalar) => return self.scalar(&scalar),
            Event::SequenceStart(properties) if is_bare(&properties) => {
                self.line = properties.mark.line;
                Item::List
            }
            Event::MappingStart(properties) if is_bare(&properties) => {
                self.line = properties.mark.line;
                Item::Map
            }
            Event::SequenceEnd | Event::MappingEnd => Item::End,
            _ => return Err(Stop::Odd),
        })
    }

    #[inline]
    fn scalar(&mut self, scalar: &ScalarEvent<'a>) -> Result<Item<'a>, Stop> {
        self.line = scalar.properties.mark.line;
        if !is_bare(&scalar.properties) {
            return Err(Stop::Odd);
        }
        let text = scalar.scalar.text();
        if scalar.scalar.style != Style::Plain {
            return Ok(Item::Text(text));
        }
        Ok(match resolve(&text) {
            Resolved::Text | Resolved::Timestamp => Item::Text(text),
            Resolved::Null => Item::Null,
            Resolved::Bool(truth) => Item::Bool(truth),
            Resolved::Int(number) => Item::Int(number),
            Resolved::Float(number) if number.is_finite() => Item::Float(number),
            Resolved::Uint(_) | Resolved::Float(_) => return Err(Stop::Odd),
        })
    }

    /// The next key, or `None` at the end of the map.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<Option<std::borrow::Cow<'a, [u8]>>, Stop> {
        let scalar = match self.event()? {
            Event::Scalar(scalar) if is_bare(&scalar.properties) => scalar,
            Event::MappingEnd => return Ok(None),
            _ => return Err(Stop::Odd),
        };
        self.line = scalar.properties.mark.line;
        let text = scalar.scalar.text();
        if scalar.scalar.style != Style::Plain {
            return Ok(Some(text));
        }
        match resolve(&text) {
            Resolved::Text if *text == *b"<<" => Err(Stop::Odd),
            Resolved::Text => Ok(Some(text)),
            resolved => match key_text(resolved, &text) {
                Some(key) => Ok(Some(std::borrow::Cow::Owned(key.as_bytes().to_vec()))),
                None => Err(Stop::Odd),
            },
        }
    }

    /// Whether the document ends here without an error.
    pub(crate) fn finish(&mut self) -> Result<(), Stop> {
        self.event().map(|_| ())
    }
}
