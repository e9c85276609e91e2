//! The value tree.

use std::sync::Arc;

use super::Str;

/// A value as files hold it.
///
/// Numbers keep the difference that templates can see: everything read from YAML or JSON is a
/// [`Value::Float`] (Go's float64), while `--set` and TOML make [`Value::Int`] (Go's int64).
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// Go's int64.
    Int(i64),
    /// Go's float64.
    Float(f64),
    /// Go's string.
    String(Str),
    /// Go's `[]interface{}`.
    List(Arc<Vec<Value>>),
    /// Go's `map[string]interface{}`.
    Map(Arc<Map>),
}

impl Value {
    /// An empty map.
    pub fn empty_map() -> Self {
        Self::Map(Arc::default())
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The map to change, if it is one. A shared map is copied first (one level).
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match self {
            Self::Map(map) => Some(Arc::make_mut(map)),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The text, if it is a string of UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => text.as_str(),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value under `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<Str> for Value {
    fn from(text: Str) -> Self {
        Self::String(text)
    }
}

impl From<Vec<Value>> for Value {
    fn from(list: Vec<Value>) -> Self {
        Self::List(Arc::new(list))
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(Arc::new(map))
    }
}

/// A map with its keys in byte order, as Go prints and ranges over maps.
///
/// A sorted vector: charts' maps are small, are read far more often than written, and are walked in
/// order. Appending keys in order costs O(1) each.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map {
    entries: Vec<(Str, Value)>,
}

impl Map {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a map of entries in any order; of equal keys the last one wins.
    pub fn from_entries(mut entries: Vec<(Str, Value)>) -> Self {
        if entries.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            entries.dedup_by(|later, earlier| {
                let same = later.0 == earlier.0;
                if same {
                    std::mem::swap(later, earlier);
                }
                same
            });
        }
        Self { entries }
    }

    fn find(&self, key: &[u8]) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.0.as_bytes().cmp(key))
    }

    /// Where `key` is; `guess` is tried first.
    pub(crate) fn position(&self, key: &[u8], guess: usize) -> Option<usize> {
        match self.entries.get(guess) {
            Some(entry) if entry.0.as_bytes() == key => Some(guess),
            _ => self.find(key).ok(),
        }
    }

    /// The entry at an index.
    pub(crate) fn entry(&self, index: usize) -> Option<&(Str, Value)> {
        self.entries.get(index)
    }

    /// The value under `key`.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<&Value> {
        self.find(key.as_ref()).ok().map(|index| &self.entries[index].1)
    }

    /// The value under `key`, to change.
    pub fn get_mut(&mut self, key: impl AsRef<[u8]>) -> Option<&mut Value> {
        self.find(key.as_ref()).ok().map(|index| &mut self.entries[index].1)
    }

    /// Whether `key` is there.
    pub fn contains_key(&self, key: impl AsRef<[u8]>) -> bool {
        self.find(key.as_ref()).is_ok()
    }

    /// Puts `value` under `key`; returns what was there.
    pub fn insert(&mut self, key: impl Into<Str>, value: Value) -> Option<Value> {
        let key = key.into();
        if self.entries.last().is_none_or(|last| last.0 < key) {
            self.entries.push((key, value));
            return None;
        }
        match self.find(&key) {
            Ok(index) => Some(std::mem::replace(&mut self.entries[index].1, value)),
            Err(index) => {
                self.entries.insert(index, (key, value));
                None
            }
        }
    }

    /// Takes the value under `key` out.
    pub fn remove(&mut self, key: impl AsRef<[u8]>) -> Option<Value> {
        self.find(key.as_ref()).ok().map(|index| self.entries.remove(index).1)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries, by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Str, &Value)> + DoubleEndedIterator {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The entries, by key, with values to change.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&Str, &mut Value)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Str> + DoubleEndedIterator {
        self.entries.iter().map(|entry| &entry.0)
    }

    /// Keeps the entries for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&Str, &mut Value) -> bool) {
        self.entries.retain_mut(|(key, value)| keep(key, value));
    }
}

impl FromIterator<(Str, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Str, Value)>>(entries: I) -> Self {
        Self::from_entries(entries.into_iter().collect())
    }
}

impl IntoIterator for Map {
    type Item = (Str, Value);
    type IntoIter = std::vec::IntoIter<(Str, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_sorted_and_the_last_duplicate_wins() {
        let map = Map::from_entries(vec![
            ("b".into(), 1.0.into()),
            ("a".into(), 2.0.into()),
            ("b".into(), 3.0.into()),
            ("b".into(), 4.0.into()),
        ]);
        let entries: Vec<_> = map.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
        assert_eq!(entries, [("a".to_string(), 2.0.into()), ("b".to_string(), 4.0.into())]);
    }

    #[test]
    fn insert_replaces_and_keeps_order() {
        let mut map = Map::new();
        assert_eq!(map.insert("b", 1.0.into()), None);
        assert_eq!(map.insert("a", 2.0.into()), None);
        assert_eq!(map.insert("b", 3.0.into()), Some(1.0.into()));
        assert_eq!(map.keys().map(Str::to_string).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(map.remove("a"), Some(2.0.into()));
        assert!(!map.contains_key("a"));
    }
}
