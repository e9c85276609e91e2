//! Tokens to events: the grammar of YAML 1.1 as go-yaml v2.4 reads it.
//!
//! Pull parser over a stack of states, so nesting costs heap and no call stack.

use super::Error;
use super::scalar::{Scalar, Style};
use super::scan::{Kind, Mark, Scanner, Token};

/// What happens next in the stream.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event<'a> {
    DocumentStart,
    DocumentEnd,
    StreamEnd,
    /// `*name`.
    Alias {
        name: &'a [u8],
        mark: Mark,
    },
    Scalar(ScalarEvent<'a>),
    SequenceStart(Properties<'a>),
    SequenceEnd,
    MappingStart(Properties<'a>),
    MappingEnd,
}

/// What stands before a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Properties<'a> {
    /// `&name`; empty when there is none.
    pub(super) anchor: &'a [u8],
    /// The index of the tag in [`Parser::tags`] plus one; 0 when there is none.
    pub(super) tag: u32,
    pub(super) mark: Mark,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct ScalarEvent<'a> {
    pub(super) scalar: Scalar<'a>,
    pub(super) properties: Properties<'a>,
    /// Whether the text decides what the scalar is: it is plain, or tagged `!`.
    pub(super) implicit: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    ImplicitDocumentStart,
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceFirst,
    BlockSequenceEntry,
    IndentlessEntry,
    BlockMappingFirst,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceFirst,
    FlowSequenceEntry,
    FlowPairKey,
    FlowPairValue,
    FlowPairEnd,
    FlowMappingFirst,
    FlowMappingKey,
    FlowMappingValue,
    FlowMappingEmptyValue,
    End,
}

/// Which nodes may stand at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Flow,
    Block,
    /// A block node, or a sequence whose dashes stand under the key.
    BlockOrIndentless,
}

/// The parser.
pub(super) struct Parser<'a> {
    scanner: Scanner<'a>,
    state: State,
    states: Vec<State>,
    /// `%TAG` handles and their prefixes.
    directives: Vec<(Vec<u8>, Vec<u8>)>,
    /// The resolved tags seen so far.
    pub(super) tags: Vec<Vec<u8>>,
}

#[cold]
fn error(problem: &'static str, mark: Mark) -> Error {
    // Go: yaml/decode.go, parser.fail counts these from zero, and never names line 0.
    Error::new(mark.line as usize, problem)
}

impl<'a> Parser<'a> {
    pub(super) fn new(scanner: Scanner<'a>) -> Self {
        Self {
            scanner,
            state: State::ImplicitDocumentStart,
            states: Vec::with_capacity(32),
            directives: Vec::new(),
            tags: Vec::new(),
        }
    }

    #[inline]
    fn peek(&mut self) -> Result<(Kind, Mark), Error> {
        let token = self.scanner.peek()?;
        Ok((token.kind, token.mark))
    }

    #[inline]
    fn pop_state(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    /// The next event; [`Event::StreamEnd`] again and again at the end.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Event<'a>, Error> {
        match self.state {
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::BlockSequenceEntry => self.block_sequence_entry(),
            State::IndentlessEntry => self.indentless_entry(),
            State::BlockMappingFirst => {
                self.scanner.take();
                self.block_mapping_key()
            }
            State::BlockSequenceFirst => {
                self.scanner.take();
                self.block_sequence_entry()
            }
            State::FlowSequenceFirst => {
                self.scanner.take();
                self.flow_sequence_entry(true)
            }
            State::FlowSequenceEntry => self.flow_sequence_entry(false),
            State::FlowPairKey => self.flow_pair_key(),
            State::FlowPairValue => self.flow_pair_value(),
            State::FlowPairEnd => {
                self.peek()?;
                self.state = State::FlowSequenceEntry;
                Ok(Event::MappingEnd)
            }
            State::FlowMappingFirst => {
                self.scanner.take();
                self.flow_mapping_key(true)
            }
            State::FlowMappingKey => self.flow_mapping_key(false),
            State::FlowMappingValue => self.flow_mapping_value(false),
            State::FlowMappingEmptyValue => self.flow_mapping_value(true),
            State::BlockNode => self.node(Place::Block),
            State::ImplicitDocumentStart => self.document_start(true),
            State::DocumentStart => self.document_start(false),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::End => Ok(Event::StreamEnd),
        }
    }

    fn document_start(&mut self, implicit: bool) -> Result<Event<'a>, Error> {
        let (mut kind, _) = self.peek()?;
        if !implicit {
            while kind == Kind::DocumentEnd {
                self.scanner.take();
                kind = self.peek()?.0;
            }
        }
        let explicit = matches!(kind, Kind::VersionDirective | Kind::TagDirective | Kind::DocumentStart);
        if kind == Kind::StreamEnd {
            self.state = State::End;
            return Ok(Event::StreamEnd);
        }
        self.process_directives()?;
        if implicit && !explicit {
            self.state = State::BlockNode;
        } else {
            let (kind, mark) = self.peek()?;
            if kind != Kind::DocumentStart {
                return Err(error("did not find expected <document start>", mark));
            }
            self.scanner.take();
            self.state = State::DocumentContent;
        }
        self.states.push(State::DocumentEnd);
        Ok(Event::DocumentStart)
    }

    fn process_directives(&mut self) -> Result<(), Error> {
        let mut version_seen = false;
        loop {
            let token = *self.scanner.peek()?;
            match token.kind {
                Kind::VersionDirective => {
                    if version_seen {
                        return Err(error("found duplicate %YAML directive", token.mark));
                    }
                    let detail = &self.scanner.details[token.detail as usize];
                    if detail.handle != [1] || detail.rest != [1] {
                        return Err(error("found incompatible YAML document", token.mark));
                    }
                    version_seen = true;
                }
                Kind::TagDirective => {
                    let detail = self.scanner.details[token.detail as usize].clone();
                    if self.directives.iter().any(|known| known.0 == detail.handle) {
                        return Err(error("found duplicate %TAG directive", token.mark));
                    }
                    self.directives.push((detail.handle, detail.rest));
                }
                _ => break,
            }
            self.scanner.take();
        }
        for (handle, prefix) in [("!", "!"), ("!!", super::resolve::LONG_TAG)] {
            if !self.directives.iter().any(|known| known.0 == handle.as_bytes()) {
                self.directives.push((handle.into(), prefix.into()));
            }
        }
        Ok(())
    }

    fn document_content(&mut self) -> Result<Event<'a>, Error> {
        let (kind, mark) = self.peek()?;
        if matches!(
            kind,
            Kind::VersionDirective
                | Kind::TagDirective
                | Kind::DocumentStart
                | Kind::DocumentEnd
                | Kind::StreamEnd
        ) {
            self.pop_state();
            return Ok(empty(mark));
        }
        self.node(Place::Block)
    }

    fn document_end(&mut self) -> Result<Event<'a>, Error> {
        let (kind, _) = self.peek()?;
        if kind == Kind::DocumentEnd {
            self.scanner.take();
        }
        self.directives.clear();
        self.state = State::DocumentStart;
        Ok(Event::DocumentEnd)
    }

    #[inline]
    fn node(&mut self, place: Place) -> Result<Event<'a>, Error> {
        let token = *self.scanner.peek()?;
        match token.kind {
            Kind::Scalar => Ok(self.scalar(&token, Properties { anchor: &[], tag: 0, mark: token.mark })),
            Kind::Alias => {
                self.pop_state();
                self.scanner.take();
                Ok(Event::Alias { name: token.scalar.raw, mark: token.mark })
            }
            Kind::Anchor | Kind::Tag => self.node_with_properties(place, token),
            _ => self.content(place, &token, Properties { anchor: &[], tag: 0, mark: token.mark }),
        }
    }

    fn node_with_properties(&mut self, place: Place, first: Token<'a>) -> Result<Event<'a>, Error> {
        let mut anchor: &[u8] = &[];
        let mut tag_token = None;
        let mut token = first;
        for _ in 0..2 {
            match token.kind {
                Kind::Anchor if anchor.is_empty() => anchor = token.scalar.raw,
                Kind::Tag if tag_token.is_none() => tag_token = Some(token),
                _ => break,
            }
            self.scanner.take();
            token = *self.scanner.peek()?;
        }
        let mut tag = 0;
        if let Some(tag_token) = tag_token {
            let detail = &self.scanner.details[tag_token.detail as usize];
            let resolved = if detail.handle.is_empty() {
                detail.rest.clone()
            } else {
                let known = self.directives.iter().find(|known| known.0 == detail.handle);
                let resolved = known.map(|known| [known.1.as_slice(), &detail.rest].concat());
                match resolved {
                    Some(resolved) if !resolved.is_empty() => resolved,
                    _ => return Err(error("found undefined tag handle", tag_token.mark)),
                }
            };
            if !resolved.is_empty() {
                self.tags.push(resolved);
                tag = self.tags.len() as u32;
            }
        }
        let properties = Properties { anchor, tag, mark: first.mark };
        if token.kind == Kind::Scalar {
            return Ok(self.scalar(&token, properties));
        }
        self.content(place, &token, properties)
    }

    #[inline]
    fn scalar(&mut self, token: &Token<'a>, properties: Properties<'a>) -> Event<'a> {
        self.pop_state();
        self.scanner.take();
        let plain = token.scalar.style == Style::Plain;
        let implicit = if properties.tag == 0 { plain } else { self.tag(properties.tag) == b"!" };
        Event::Scalar(ScalarEvent { scalar: token.scalar, properties, implicit })
    }

    /// The text of a tag; empty for 0.
    pub(super) fn tag(&self, tag: u32) -> &[u8] {
        match tag.checked_sub(1) {
            Some(index) => self.tags.get(index as usize).map_or(&[], Vec::as_slice),
            None => &[],
        }
    }

    fn content(
        &mut self,
        place: Place,
        token: &Token<'a>,
        properties: Properties<'a>,
    ) -> Result<Event<'a>, Error> {
        let (state, event) = match token.kind {
            Kind::BlockEntry if place == Place::BlockOrIndentless => {
                (State::IndentlessEntry, Event::SequenceStart(properties))
            }
            Kind::FlowSequenceStart => (State::FlowSequenceFirst, Event::SequenceStart(properties)),
            Kind::FlowMappingStart => (State::FlowMappingFirst, Event::MappingStart(properties)),
            Kind::BlockSequenceStart if place != Place::Flow => {
                (State::BlockSequenceFirst, Event::SequenceStart(properties))
            }
            Kind::BlockMappingStart if place != Place::Flow => {
                (State::BlockMappingFirst, Event::MappingStart(properties))
            }
            _ if !properties.anchor.is_empty() || properties.tag != 0 => {
                self.pop_state();
                let implicit = properties.tag == 0;
                return Ok(Event::Scalar(ScalarEvent { scalar: Scalar::EMPTY, properties, implicit }));
            }
            _ => return Err(error("did not find expected node content", token.mark)),
        };
        self.state = state;
        Ok(event)
    }

    fn block_sequence_entry(&mut self) -> Result<Event<'a>, Error> {
        let (kind, mark) = self.peek()?;
        match kind {
            Kind::BlockEntry => {
                self.scanner.take();
                match self.peek()?.0 {
                    Kind::BlockEntry | Kind::BlockEnd => {
                        self.state = State::BlockSequenceEntry;
                        Ok(empty(after(mark)))
                    }
                    _ => {
                        self.states.push(State::BlockSequenceEntry);
                        self.node(Place::Block)
                    }
                }
            }
            Kind::BlockEnd => {
                self.pop_state();
                self.scanner.take();
                Ok(Event::SequenceEnd)
            }
            _ => Err(error("did not find expected '-' indicator", mark)),
        }
    }

    fn indentless_entry(&mut self) -> Result<Event<'a>, Error> {
        let (kind, mark) = self.peek()?;
        if kind != Kind::BlockEntry {
            self.pop_state();
            return Ok(Event::SequenceEnd);
        }
        self.scanner.take();
        match self.peek()?.0 {
            Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd => {
                self.state = State::IndentlessEntry;
                Ok(empty(after(mark)))
            }
            _ => {
                self.states.push(State::IndentlessEntry);
                self.node(Place::Block)
            }
        }
    }

    #[inline]
    fn block_mapping_key(&mut self) -> Result<Event<'a>, Error> {
        let (kind, mark) = self.peek()?;
        match kind {
            Kind::Key => {
                self.scanner.take();
                match self.peek()?.0 {
                    Kind::Key | Kind::Value | Kind::BlockEnd => {
                        self.state = State::BlockMappingValue;
                        Ok(empty(mark))
                    }
                    _ => {
                        self.states.push(State::BlockMappingValue);
                        self.node(Place::BlockOrIndentless)
                    }
                }
            }
            Kind::BlockEnd => {
                self.pop_state();
                self.scanner.take();
                Ok(Event::MappingEnd)
            }
            _ => Err(error("did not find expected key", mark)),
        }
    }

    #[inline]
    fn block_mapping_value(&mut self) -> Result<Event<'a>, Error> {
        let (kind, mark) = self.peek()?;
        if kind != Kind::Value {
            self.state = State::BlockMappingKey;
            return Ok(empty(mark));
        }
        self.scanner.take();
        match self.peek()?.0 {
            Kind::Key | Kind::Value | Kind::BlockEnd => {
                self.state = State::BlockMappingKey;
                Ok(empty(after(mark)))
            }
            _ => {
                self.states.push(State::BlockMappingKey);
                self.node(Place::BlockOrIndentless)
            }
        }
    }

    fn flow_sequence_entry(&mut self, first: bool) -> Result<Event<'a>, Error> {
        let (mut kind, mut mark) = self.peek()?;
        if kind != Kind::FlowSequenceEnd {
            if !first {
                if kind != Kind::FlowEntry {
                    return Err(error("did not find expected ',' or ']'", mark));
                }
                self.scanner.take();
                (kind, mark) = self.peek()?;
            }
            match kind {
                Kind::Key => {
                    self.scanner.take();
                    self.state = State::FlowPairKey;
                    return Ok(Event::MappingStart(Properties { anchor: &[], tag: 0, mark }));
                }
                Kind::FlowSequenceEnd => {}
                _ => {
                    self.states.push(State::FlowSequenceEntry);
                    return self.node(Place::Flow);
                }
            }
        }
        self.pop_state();
        self.scanner.take();
        Ok(Event::SequenceEnd)
    }

    fn flow_pair_key(&mut self) -> Result<Event<'a>, Error> {
        let (kind, mark) = self.peek()?;
        match kind {
            Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd => {
                // go-yaml swallows the token, whatever it is.
                self.scanner.take();
                self.state = State::FlowPairValue;
                Ok(empty(after(mark)))
            }
            _ => {
                self.states.push(State::FlowPairValue);
                self.node(Place::Flow)
            }
        }
    }

    fn flow_pair_value(&mut self) -> Result<Event<'a>, Error> {
        let (kind, mark) = self.peek()?;
        if kind == Kind::Value {
            self.scanner.take();
            let (kind, _) = self.peek()?;
            if !matches!(kind, Kind::FlowEntry | Kind::FlowSequenceEnd) {
                self.states.push(State::FlowPairEnd);
                return self.node(Place::Flow);
            }
        }
        self.state = State::FlowPairEnd;
        Ok(empty(mark))
    }

    fn flow_mapping_key(&mut self, first: bool) -> Result<Event<'a>, Error> {
        let (mut kind, mark) = self.peek()?;
        if kind != Kind::FlowMappingEnd {
            if !first {
                if kind != Kind::FlowEntry {
                    return Err(error("did not find expected ',' or '}'", mark));
                }
                self.scanner.take();
                kind = self.peek()?.0;
            }
            match kind {
                Kind::Key => {
                    self.scanner.take();
                    let (kind, mark) = self.peek()?;
                    if matches!(kind, Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd) {
                        self.state = State::FlowMappingValue;
                        return Ok(empty(mark));
                    }
                    self.states.push(State::FlowMappingValue);
                    return self.node(Place::Flow);
                }
                Kind::FlowMappingEnd => {}
                _ => {
                    self.states.push(State::FlowMappingEmptyValue);
                    return self.node(Place::Flow);
                }
            }
        }
        self.pop_state();
        self.scanner.take();
        Ok(Event::MappingEnd)
    }

    fn flow_mapping_value(&mut self, is_empty: bool) -> Result<Event<'a>, Error> {
        let (kind, mut mark) = self.peek()?;
        if !is_empty && kind == Kind::Value {
            self.scanner.take();
            let (kind, next) = self.peek()?;
            if !matches!(kind, Kind::FlowEntry | Kind::FlowMappingEnd) {
                self.states.push(State::FlowMappingKey);
                return self.node(Place::Flow);
            }
            mark = next;
        }
        self.state = State::FlowMappingKey;
        Ok(empty(mark))
    }
}

/// The scalar that stands where nothing does.
fn empty<'a>(mark: Mark) -> Event<'a> {
    let properties = Properties { anchor: &[], tag: 0, mark };
    Event::Scalar(ScalarEvent { scalar: Scalar::EMPTY, properties, implicit: true })
}

fn after(mark: Mark) -> Mark {
    Mark { column: mark.column + 1, ..mark }
}
