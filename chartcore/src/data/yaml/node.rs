//! The nodes of one document, in an arena.
//!
//! For what cannot be done while events stream by: aliases, merges, tags, and the place of every value.

use std::borrow::Cow;
use std::collections::HashMap;

use super::Error;
use super::event::{Event, Parser, Properties};
use super::scan::Mark;

/// The index of a node.
pub(super) type Id = usize;

pub(super) struct Node<'a> {
    pub(super) kind: NodeKind<'a>,
    /// The tag's full name; empty without one.
    pub(super) tag: Vec<u8>,
    pub(super) mark: Mark,
}

pub(super) enum NodeKind<'a> {
    Scalar {
        text: Cow<'a, [u8]>,
        implicit: bool,
    },
    Sequence(Vec<Id>),
    /// Keys and values in turn.
    Mapping(Vec<Id>),
    Alias {
        name: &'a [u8],
        target: Id,
    },
}

/// A document.
pub(super) struct Document<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) root: Id,
}

impl<'a> Document<'a> {
    /// Reads the first document of the stream; `None` when the stream is empty.
    pub(super) fn read(parser: &mut Parser<'a>) -> Result<Option<Self>, Error> {
        if !matches!(parser.next()?, Event::DocumentStart) {
            return Ok(None);
        }
        let mut nodes: Vec<Node<'a>> = Vec::new();
        let mut anchors: HashMap<&'a [u8], Id> = HashMap::new();
        let mut open: Vec<Id> = Vec::new();
        loop {
            let event = parser.next()?;
            let id = nodes.len();
            let (kind, properties) = match event {
                Event::Scalar(scalar) => {
                    let kind = NodeKind::Scalar { text: scalar.scalar.text(), implicit: scalar.implicit };
                    (kind, scalar.properties)
                }
                Event::SequenceStart(properties) => (NodeKind::Sequence(Vec::new()), properties),
                Event::MappingStart(properties) => (NodeKind::Mapping(Vec::new()), properties),
                Event::Alias { name, mark } => {
                    let Some(&target) = anchors.get(name) else {
                        let name = String::from_utf8_lossy(name);
                        return Err(Error::new(0, format!("unknown anchor '{name}' referenced")));
                    };
                    (NodeKind::Alias { name, target }, Properties { anchor: &[], tag: 0, mark })
                }
                Event::SequenceEnd
                | Event::MappingEnd
                | Event::DocumentStart
                | Event::DocumentEnd
                | Event::StreamEnd => {
                    open.pop();
                    if open.is_empty() {
                        break;
                    }
                    continue;
                }
            };
            if !properties.anchor.is_empty() {
                anchors.insert(properties.anchor, id);
            }
            let is_open = matches!(kind, NodeKind::Sequence(_) | NodeKind::Mapping(_));
            nodes.push(Node { kind, tag: parser.tag(properties.tag).to_vec(), mark: properties.mark });
            if let Some(&parent) = open.last()
                && let NodeKind::Sequence(children) | NodeKind::Mapping(children) = &mut nodes[parent].kind
            {
                children.push(id);
            }
            if is_open {
                open.push(id);
            } else if open.is_empty() {
                break;
            }
        }
        // The end of the document may still hold an error.
        parser.next()?;
        Ok(Some(Self { nodes, root: 0 }))
    }

    pub(super) fn node(&self, id: Id) -> &Node<'a> {
        &self.nodes[id]
    }

    /// Whether the node is the key `<<`.
    pub(super) fn is_merge(&self, id: Id) -> bool {
        let node = self.node(id);
        matches!(&node.kind, NodeKind::Scalar { text, implicit }
            if text.as_ref() == b"<<" && (*implicit || node.tag == b"tag:yaml.org,2002:merge"))
    }

    /// Whether the node, or what it is an alias of, is a mapping.
    pub(super) fn is_mapping(&self, id: Id) -> bool {
        match self.node(id).kind {
            NodeKind::Mapping(_) => true,
            NodeKind::Alias { target, .. } => matches!(self.node(target).kind, NodeKind::Mapping(_)),
            _ => false,
        }
    }
}
