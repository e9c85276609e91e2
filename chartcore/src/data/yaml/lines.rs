//! Where in the text each value stands.

use std::borrow::Cow;

use crate::data::Str;

use super::compose::key_text;
use super::node::{Document, Id, NodeKind};
use super::resolve::resolve;

/// A step into a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Under a key of a map.
    Key(&'a [u8]),
    /// An item of a list, counted from zero.
    Index(usize),
}

impl<'a> From<&'a str> for Step<'a> {
    fn from(key: &'a str) -> Self {
        Self::Key(key.as_bytes())
    }
}

impl From<usize> for Step<'_> {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A place in a text; line and column count from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// Finds the place of a value by its path.
#[derive(Debug, Default)]
pub struct Lines {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    place: Place,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Scalar,
    List(Vec<Id>),
    /// Keys, with the nodes of key and value; `None` for a merge.
    Map(Vec<(Option<Str>, Id, Id)>),
    Alias(Id),
}

impl Lines {
    pub(super) fn new(document: &Document<'_>) -> Self {
        let nodes = document.nodes.iter().map(|node| {
            let kind = match &node.kind {
                NodeKind::Scalar { .. } => Kind::Scalar,
                NodeKind::Sequence(children) => Kind::List(children.clone()),
                NodeKind::Mapping(children) => Kind::Map(
                    children.chunks_exact(2).map(|pair| (key(document, pair[0]), pair[0], pair[1])).collect(),
                ),
                NodeKind::Alias { target, .. } => Kind::Alias(*target),
            };
            let place = Place { line: node.mark.line as usize + 1, column: node.mark.column as usize + 1 };
            Node { place, kind }
        });
        Self { nodes: nodes.collect() }
    }

    /// Where the value at `path` stands: its key, if it has one, else the value itself.
    ///
    /// What comes from a merge or an alias is found where it was written first.
    pub fn find(&self, path: &[Step<'_>]) -> Option<Place> {
        let mut id = 0;
        let mut place = self.nodes.first()?.place;
        for step in path {
            (place, id) = self.child(id, *step)?;
        }
        Some(place)
    }

    fn child(&self, id: Id, step: Step<'_>) -> Option<(Place, Id)> {
        // Merges may chain, but not through more nodes than there are.
        let mut waiting = vec![id];
        for _ in 0..=self.nodes.len() {
            let node = self.nodes.get(waiting.pop()?)?;
            match (&node.kind, step) {
                (Kind::Alias(target), _) => waiting.push(*target),
                (Kind::List(items), Step::Index(index)) => {
                    let item = *items.get(index)?;
                    return Some((self.nodes.get(item)?.place, item));
                }
                // The list of a merge.
                (Kind::List(items), Step::Key(_)) => waiting.extend(items.iter().rev()),
                (Kind::Map(entries), Step::Key(key)) => {
                    let own = entries.iter().rev().find(|entry| entry.0.as_deref() == Some(key));
                    if let Some((_, key, value)) = own {
                        return Some((self.nodes.get(*key)?.place, *value));
                    }
                    waiting.extend(entries.iter().filter(|entry| entry.0.is_none()).map(|entry| entry.2));
                }
                _ => {}
            }
        }
        None
    }
}

fn key(document: &Document<'_>, id: Id) -> Option<Str> {
    if document.is_merge(id) {
        return None;
    }
    let mut node = document.node(id);
    if let NodeKind::Alias { target, .. } = node.kind {
        node = document.node(target);
    }
    match &node.kind {
        NodeKind::Scalar { text, implicit: true } => key_text(resolve(text), text),
        NodeKind::Scalar { text: Cow::Borrowed(text), .. } => Some(Str::new(text)),
        NodeKind::Scalar { text, .. } => Some(Str::new(text)),
        _ => None,
    }
}
