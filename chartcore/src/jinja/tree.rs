//! What templates are given: plain values in the order they were written.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::data::Value;

/// A value as Python has it: mappings keep their order, integers are no floats, keys need not be texts.
///
/// Cloning is cheap; a tree is shared by all templates and threads that render it.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// `None`.
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// A float.
    Float(f64),
    /// A text.
    Text(Arc<str>),
    /// A list.
    List(Arc<[Tree]>),
    /// A mapping.
    Map(Arc<Entries>),
}

/// The entries of a mapping, in order.
#[derive(Debug, PartialEq)]
pub struct Entries {
    entries: Vec<(Tree, Tree)>,
    index: BTreeMap<Arc<str>, usize>,
}

impl Entries {
    /// Makes a mapping; of equal text keys the last one is found.
    pub fn new(entries: Vec<(Tree, Tree)>) -> Self {
        let mut index = BTreeMap::new();
        for (at, (key, _)) in entries.iter().enumerate() {
            if let Tree::Text(text) = key {
                index.insert(Arc::clone(text), at);
            }
        }
        Self { entries, index }
    }

    /// The entries.
    pub fn as_slice(&self) -> &[(Tree, Tree)] {
        &self.entries
    }

    /// The value of a text key.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.entries.get(self.position(key)?).map(|(_, value)| value)
    }

    /// Where a text key stands.
    pub(super) fn position(&self, key: &str) -> Option<usize> {
        self.index.get(key).copied()
    }
}

impl Tree {
    /// Makes a mapping with text keys.
    pub fn map(entries: impl IntoIterator<Item = (String, Self)>) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (Self::Text(key.into()), value)).collect();
        Self::Map(Arc::new(Entries::new(entries)))
    }

    /// The value of a text key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.get(key),
            _ => None,
        }
    }

    /// The text, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Python's name of the type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "str",
            Self::List(_) => "list",
            Self::Map(_) => "dict",
        }
    }
}

impl From<&Value> for Tree {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Int(number) => Self::Int(i128::from(*number)),
            Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                Self::Int(*number as i128)
            }
            Value::Float(number) => Self::Float(*number),
            Value::String(text) => Self::Text(text.to_text().as_ref().into()),
            Value::List(list) => Self::List(list.iter().map(Self::from).collect()),
            Value::Map(map) => {
                let entry = |(key, value): (&crate::data::Str, &Value)| {
                    (Self::Text(key.to_text().as_ref().into()), Self::from(value))
                };
                Self::Map(Arc::new(Entries::new(map.iter().map(entry).collect())))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Int(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Int(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = pairs.next_entry::<String, Tree>()? {
            entries.push((Tree::Text(key.into()), value));
        }
        if entries.len() > 1 << 24 {
            return Err(A::Error::custom("too many entries"));
        }
        Ok(Tree::Map(Arc::new(Entries::new(entries))))
    }
}
