//! Nodes to values, exactly as go-yaml v2's decoder and sigs.k8s.io/yaml's conversion to JSON do it.
//!
//! Two steps, because errors of the first come before any of the second: [`Decoder::decode`] makes what Go
//! holds in an `interface{}` (keys of every type, aliases written out), [`Tree::into_value`] makes JSON of it.

use std::collections::HashSet;

use crate::data::{Map, Str, Value, json, number};

use super::compose::{check_depth, key_text};
use super::node::{Document, Id, Node, NodeKind};
use super::resolve::{LONG_TAG, Resolved, is_timestamp, resolve};
use super::{Error, MAX_DEPTH};

/// What Go holds after go-yaml.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(Vec<u8>),
    List(Vec<Tree>),
    /// Entries in the order they were set, the overwritten ones included.
    Map(Vec<(Tree, Tree)>),
}

/// go-yaml's guard against alias bombs. Go: yaml/decode.go, allowedAliasRatio.
const ALIAS_LOW: u32 = 400_000;
const ALIAS_HIGH: u32 = 4_000_000;

pub(super) struct Decoder<'d, 'a> {
    document: &'d Document<'a>,
    strict: bool,
    /// Duplicate keys found in strict reading.
    duplicates: Vec<String>,
    /// The aliases being written out.
    open_aliases: HashSet<Id>,
    alias_depth: usize,
    decoded: u32,
    decoded_in_alias: u32,
}

fn fail<T>(message: impl Into<String>) -> Result<T, Error> {
    Err(Error::new(0, message))
}

impl<'d, 'a> Decoder<'d, 'a> {
    pub(super) fn new(document: &'d Document<'a>, strict: bool) -> Self {
        Self {
            document,
            strict,
            duplicates: Vec::new(),
            open_aliases: HashSet::new(),
            alias_depth: 0,
            // The document node counts.
            decoded: 1,
            decoded_in_alias: 0,
        }
    }

    /// The whole document.
    pub(super) fn decode(mut self) -> Result<Tree, Error> {
        let tree = self.node(self.document.root, 0)?;
        if self.duplicates.is_empty() {
            return Ok(tree);
        }
        fail(format!("unmarshal errors:\n  {}", self.duplicates.join("\n  ")))
    }

    fn count(&mut self) -> Result<(), Error> {
        self.decoded += 1;
        if self.alias_depth > 0 {
            self.decoded_in_alias += 1;
        }
        let allowed = match self.decoded {
            0..=ALIAS_LOW => 0.99,
            ALIAS_HIGH.. => 0.10,
            count => 0.99 - 0.89 * (f64::from(count - ALIAS_LOW) / f64::from(ALIAS_HIGH - ALIAS_LOW)),
        };
        let ratio = f64::from(self.decoded_in_alias) / f64::from(self.decoded);
        if self.decoded_in_alias > 100 && self.decoded > 1_000 && ratio > allowed {
            return fail("document contains excessive aliasing");
        }
        Ok(())
    }

    fn node(&mut self, id: Id, depth: usize) -> Result<Tree, Error> {
        self.count()?;
        let document = self.document;
        let node = document.node(id);
        match &node.kind {
            NodeKind::Scalar { text, implicit } => scalar(node, text, *implicit),
            NodeKind::Alias { .. } => {
                self.alias(id, depth, |decoder, target, depth| decoder.node(target, depth))
            }
            NodeKind::Sequence(children) => {
                check_depth(depth, node.mark)?;
                // Plain loops here and below: adapters take several frames for each level of nesting.
                let mut items = Vec::with_capacity(children.len());
                for &child in children {
                    items.push(self.node(child, depth + 1)?);
                }
                Ok(Tree::List(items))
            }
            NodeKind::Mapping(_) => {
                let mut entries = Vec::new();
                self.mapping(id, depth, &mut entries, &mut HashSet::new())?;
                Ok(Tree::Map(entries))
            }
        }
    }

    /// Follows an alias, for `decode` to write out what it stands for.
    fn alias<T>(
        &mut self,
        id: Id,
        depth: usize,
        decode: impl FnOnce(&mut Self, Id, usize) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let NodeKind::Alias { name, target } = self.document.node(id).kind else {
            return decode(self, id, depth);
        };
        if !self.open_aliases.insert(id) {
            return fail(format!("anchor '{}' value contains itself", String::from_utf8_lossy(name)));
        }
        self.alias_depth += 1;
        let decoded = decode(self, target, depth);
        self.alias_depth -= 1;
        self.open_aliases.remove(&id);
        decoded
    }

    /// Sets the entries of a mapping in a map that may already have some.
    fn mapping(
        &mut self,
        id: Id,
        depth: usize,
        entries: &mut Vec<(Tree, Tree)>,
        seen: &mut HashSet<Vec<u8>>,
    ) -> Result<(), Error> {
        let document = self.document;
        let node = document.node(id);
        check_depth(depth, node.mark)?;
        let NodeKind::Mapping(children) = &node.kind else { return Ok(()) };
        for pair in children.chunks_exact(2) {
            let (key_id, value_id) = (pair[0], pair[1]);
            if document.is_merge(key_id) {
                self.merge(value_id, depth + 1, entries, seen)?;
                continue;
            }
            let key = self.node(key_id, depth + 1)?;
            if matches!(key, Tree::List(_) | Tree::Map(_)) {
                return fail(format!("invalid map key: {}", dump(&key)));
            }
            let value = self.node(value_id, depth + 1)?;
            if self.strict && !key.is_nan() && !seen.insert(identity(&key)) {
                let line = document.node(value_id).mark.line + 1;
                self.duplicates.push(format!("line {line}: key {} already set in map", dump_bare(&key)));
                continue;
            }
            entries.push((key, value));
        }
        Ok(())
    }

    /// Writes out what stands behind `<<`: a mapping, or a list of them of which the first wins.
    fn merge(
        &mut self,
        id: Id,
        depth: usize,
        entries: &mut Vec<(Tree, Tree)>,
        seen: &mut HashSet<Vec<u8>>,
    ) -> Result<(), Error> {
        let document = self.document;
        let node = document.node(id);
        let one = [id];
        let parts: &[Id] = match &node.kind {
            NodeKind::Mapping(_) | NodeKind::Alias { .. } => &one,
            NodeKind::Sequence(children) => children,
            NodeKind::Scalar { .. } => &[],
        };
        if matches!(node.kind, NodeKind::Scalar { .. }) {
            return fail("map merge requires map or sequence of maps as the value");
        }
        for &part in parts.iter().rev() {
            if !document.is_mapping(part) {
                return fail("map merge requires map or sequence of maps as the value");
            }
            self.count()?;
            if matches!(document.node(part).kind, NodeKind::Alias { .. }) {
                self.alias(part, depth, |decoder, target, depth| {
                    decoder.count()?;
                    decoder.mapping(target, depth, entries, seen)
                })?;
            } else {
                self.mapping(part, depth, entries, seen)?;
            }
        }
        Ok(())
    }
}

/// A scalar's value, after its tag. Go: yaml/decode.go, decoder.scalar.
fn scalar(node: &Node<'_>, text: &[u8], implicit: bool) -> Result<Tree, Error> {
    let own = || Ok(Tree::Text(text.to_vec()));
    if node.tag.is_empty() {
        return if implicit { Ok(tree(resolve(text), text)) } else { own() };
    }
    let Some(short) = node.tag.strip_prefix(LONG_TAG.as_bytes()) else { return own() };
    let wanted = match short {
        b"str" => return own(),
        b"binary" => {
            let Some(bytes) = decode_base64(text) else {
                return fail("!!binary value contains invalid base64 data");
            };
            return Ok(Tree::Text(bytes));
        }
        b"bool" | b"int" | b"float" | b"null" | b"timestamp" => {
            format!("!!{}", String::from_utf8_lossy(short))
        }
        _ => return own(),
    };
    let mut resolved = resolve(text);
    if short == b"timestamp" && text.first().is_some_and(u8::is_ascii_digit) && is_timestamp(text) {
        resolved = Resolved::Timestamp;
    }
    match resolved {
        Resolved::Int(number) if short == b"float" => Ok(Tree::Float(number as f64)),
        resolved if resolved.short_tag() == wanted => Ok(tree(resolved, text)),
        resolved => fail(format!(
            "cannot decode {} `{}` as a {wanted}",
            resolved.short_tag(),
            String::from_utf8_lossy(text)
        )),
    }
}

fn tree(resolved: Resolved, text: &[u8]) -> Tree {
    match resolved {
        Resolved::Null => Tree::Null,
        Resolved::Bool(truth) => Tree::Bool(truth),
        Resolved::Int(number) => Tree::Int(number),
        Resolved::Uint(number) => Tree::Uint(number),
        Resolved::Float(number) => Tree::Float(number),
        Resolved::Timestamp | Resolved::Text => Tree::Text(text.to_vec()),
    }
}

/// Go's base64.StdEncoding: line breaks are skipped, padding is required, stray bits are not looked at.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let kept: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    if !kept.len().is_multiple_of(4) {
        return None;
    }
    let padding = kept.iter().rev().take_while(|&&byte| byte == b'=').count();
    if padding > 2 {
        return None;
    }
    let mut out = Vec::with_capacity(kept.len() / 4 * 3);
    let digits = &kept[..kept.len() - padding];
    for group in digits.chunks(4) {
        let mut bits = 0u32;
        for &byte in group {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = (bits << 6) | u32::from(digit);
        }
        bits <<= 6 * (4 - group.len());
        out.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(out)
}

/// What tells a key from others in Go's `map[interface{}]interface{}`: its type and value.
fn identity(key: &Tree) -> Vec<u8> {
    match key {
        Tree::Text(text) => [b"s", text.as_slice()].concat(),
        Tree::Float(number) => format!("f{}", if *number == 0.0 { 0 } else { number.to_bits() }).into_bytes(),
        other => dump(other).into_bytes(),
    }
}

impl Tree {
    fn is_nan(&self) -> bool {
        matches!(self, Self::Float(number) if number.is_nan())
    }

    /// A key's text as sigs.k8s.io/yaml makes it.
    pub(super) fn key(&self) -> Option<Str> {
        match self {
            Self::Text(text) => Some(Str::new(text)),
            Self::Bool(truth) => key_text(Resolved::Bool(*truth), b""),
            Self::Int(number) => key_text(Resolved::Int(*number), b""),
            Self::Float(number) => key_text(Resolved::Float(*number), b""),
            Self::Null | Self::Uint(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The entries that were not overwritten, by their keys' texts, which need not be UTF-8.
    pub(super) fn settle(entries: Vec<(Self, Self)>) -> Result<Vec<(Str, Self)>, Error> {
        let mut settled = Vec::with_capacity(entries.len());
        for (index, (key, value)) in entries.iter().enumerate() {
            let Some(text) = key.key() else {
                // A later value under the same key is the one Go prints.
                let value = entries[index..]
                    .iter()
                    .rev()
                    .find(|later| later.0 == *key)
                    .map_or(value, |later| &later.1);
                let kind = if let Self::Uint(_) = key { "uint64" } else { "%!s(<nil>)" };
                let (key, value) = (dump_bare(key), dump_bare(value));
                return Err(Error::plain(format!(
                    "unsupported map key of type: {kind}, key: {key}, value: {value}"
                )));
            };
            settled.push(text);
        }
        let mut settled: Vec<(Str, Self)> =
            settled.into_iter().zip(entries.into_iter().map(|entry| entry.1)).collect();
        settled.sort_by(|left, right| left.0.cmp(&right.0));
        settled.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Ok(settled)
    }

    /// The JSON value of it.
    pub(super) fn into_value(self) -> Result<Value, Error> {
        // Keys are complained about before numbers.
        let mut unsupported = None;
        let value = self.convert(&mut unsupported, false)?;
        match unsupported {
            None => Ok(value),
            Some(number) => Err(unsupported_number(number)),
        }
    }

    /// The value of it for a record: as [`Self::into_exact_value`], with whole numbers beyond 64 signed bits as
    /// text, and infinite ones let through, because fields that are texts take them.
    pub(super) fn into_typed_value(self) -> Result<Value, Error> {
        self.convert(&mut None, true)
    }

    /// The same value, with integers as integers, for what comes out of JSON.
    pub(super) fn into_exact_value(self) -> Result<Value, Error> {
        Ok(match self {
            Self::Int(number) => Value::Int(number),
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(item.into_exact_value()?);
                }
                list.into()
            }
            Self::Map(entries) => {
                let mut map = Vec::with_capacity(entries.len());
                for (key, value) in Self::settle(entries)? {
                    map.push((key, value.into_exact_value()?));
                }
                Map::from_entries(map).into()
            }
            scalar => scalar.into_value()?,
        })
    }

    fn convert(self, unsupported: &mut Option<f64>, typed: bool) -> Result<Value, Error> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(truth),
            Self::Int(number) if typed => Value::Int(number),
            Self::Uint(number) if typed => Value::from(number.to_string()),
            Self::Int(number) => Value::Float(number as f64),
            Self::Uint(number) => Value::Float(number as f64),
            Self::Float(number) => {
                if !number.is_finite() {
                    unsupported.get_or_insert(number);
                }
                Value::Float(number)
            }
            Self::Text(text) => Value::String(json_text(text)),
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(item.convert(unsupported, typed)?);
                }
                list.into()
            }
            Self::Map(entries) => {
                let mut map = Vec::with_capacity(entries.len());
                for (key, value) in Self::settle(entries)? {
                    map.push((json_text(key.to_vec()), value.convert(unsupported, typed)?));
                }
                Map::from_entries(map).into()
            }
        })
    }
}

/// What encoding/json says of a number it cannot write.
pub(super) fn unsupported_number(value: f64) -> Error {
    let mut text = Vec::new();
    number::write_v(&mut text, value);
    Error::plain(format!("json: unsupported value: {}", String::from_utf8_lossy(&text)))
}

/// Text after a passage through JSON: each byte that is not UTF-8 becomes U+FFFD.
pub(super) fn json_text(text: Vec<u8>) -> Str {
    if std::str::from_utf8(&text).is_ok() {
        return Str::from(text);
    }
    Str::from(json::valid_text(&text).into_owned())
}

/// Go's `%#v` of a value that is not within another: a nil says nothing of its type.
fn dump_bare(tree: &Tree) -> String {
    if let Tree::Null = tree { "<nil>".into() } else { dump(tree) }
}

/// Go's `%#v`.
pub(super) fn dump(tree: &Tree) -> String {
    let mut out = Vec::new();
    dump_into(&mut out, tree);
    String::from_utf8_lossy(&out).into_owned()
}

fn dump_into(out: &mut Vec<u8>, tree: &Tree) {
    match tree {
        Tree::Null => out.extend_from_slice(b"interface {}(nil)"),
        Tree::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Tree::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Tree::Uint(number) => out.extend_from_slice(format!("{number:#x}").as_bytes()),
        Tree::Float(number) => number::write_v(out, *number),
        Tree::Text(text) => push_quoted(out, text),
        Tree::List(items) => {
            out.extend_from_slice(b"[]interface {}{");
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.extend_from_slice(b", ");
                }
                dump_into(out, item);
            }
            out.push(b'}');
        }
        Tree::Map(entries) => {
            out.extend_from_slice(b"map[interface {}]interface {}{");
            let mut kept: Vec<&(Tree, Tree)> = Vec::new();
            for entry in entries {
                match kept.iter_mut().find(|known| known.0 == entry.0) {
                    Some(known) => *known = entry,
                    None => kept.push(entry),
                }
            }
            kept.sort_by(|left, right| compare_keys(&left.0, &right.0));
            for (index, (key, value)) in kept.into_iter().enumerate() {
                if index > 0 {
                    out.extend_from_slice(b", ");
                }
                dump_into(out, key);
                out.push(b':');
                dump_into(out, value);
            }
            out.push(b'}');
        }
    }
}

/// Go's `strconv.Quote`.
fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        for letter in chunk.valid().chars() {
            let escaped = match letter {
                '"' => "\\\"".to_owned(),
                '\'' => "'".to_owned(),
                '\\' => "\\\\".to_owned(),
                '\u{7}' => "\\a".to_owned(),
                '\u{8}' => "\\b".to_owned(),
                '\u{c}' => "\\f".to_owned(),
                '\n' => "\\n".to_owned(),
                '\r' => "\\r".to_owned(),
                '\t' => "\\t".to_owned(),
                '\u{b}' => "\\v".to_owned(),
                '\0'..=' ' | '\u{7f}' if letter != ' ' => format!("\\x{:02x}", letter as u32),
                // Rust and Go agree on what is printable; a letter before it keeps marks that combine.
                _ if format!("x{letter}").escape_debug().nth(1) == Some(letter) => letter.to_string(),
                '\u{80}'..='\u{ffff}' => format!("\\u{:04x}", letter as u32),
                _ => format!("\\U{:08x}", letter as u32),
            };
            out.extend_from_slice(escaped.as_bytes());
        }
        for byte in chunk.invalid() {
            out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
        }
    }
    out.push(b'"');
}

/// The order Go prints keys in: nil first, then by type (in the order Helm's binary happens to have them).
fn compare_keys(left: &Tree, right: &Tree) -> std::cmp::Ordering {
    let rank = |tree: &Tree| match tree {
        Tree::Null => 0,
        Tree::Text(_) => 1,
        Tree::Uint(_) => 2,
        Tree::Int(_) => 3,
        Tree::Float(_) => 4,
        Tree::Bool(_) => 5,
        Tree::List(_) | Tree::Map(_) => 6,
    };
    match (left, right) {
        (Tree::Text(left), Tree::Text(right)) => left.cmp(right),
        (Tree::Int(left), Tree::Int(right)) => left.cmp(right),
        (Tree::Uint(left), Tree::Uint(right)) => left.cmp(right),
        (Tree::Float(left), Tree::Float(right)) => left.total_cmp(right),
        (Tree::Bool(left), Tree::Bool(right)) => left.cmp(right),
        _ => rank(left).cmp(&rank(right)),
    }
}

/// That recursion over [`Tree`] is bounded.
const _: () = assert!(MAX_DEPTH <= 500);
