//! Templates under their names.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Executor, Host, Limits, ParseError, Parsed, parse};
use crate::Compat;
use crate::data::Str;

/// One named template.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: Str,
    /// The file it is in, for errors.
    pub(super) file: Str,
    pub(super) parsed: Arc<Parsed>,
    /// Which of the file's bodies.
    pub(super) body: usize,
}

/// A set of named templates: what Go calls associated templates. Built once, used by many renders on many
/// threads.
#[derive(Clone)]
pub struct Templates {
    compat: Compat,
    entries: Vec<Entry>,
    index: NameMap<Str, u32>,
    tpl: Arc<Mutex<TplCache>>,
}

/// What `tpl` has parsed, by source. Shared by all renders of the set.
#[derive(Default)]
struct TplCache {
    parsed: NameMap<Str, Arc<Parsed>>,
    bytes: usize,
}

/// How many bytes of sources `tpl` may keep before it starts afresh.
const TPL_CACHE: usize = 4 << 20;

impl Templates {
    /// An empty set.
    pub fn new(compat: Compat) -> Self {
        Self { compat, entries: Vec::new(), index: NameMap::default(), tpl: Arc::default() }
    }

    /// Whose functions and error texts it has.
    pub fn compat(&self) -> Compat {
        self.compat
    }

    /// Adds a file and the templates it defines. What is added later replaces what has the same name, but
    /// a body of only white space and comments never replaces another (Go: `Template.associate`).
    pub fn add(&mut self, name: &str, parsed: Arc<Parsed>) {
        let file = Str::from(name);
        for (body, content) in parsed.bodies.iter().enumerate() {
            let name = content.name.clone().unwrap_or_else(|| file.clone());
            let entry = Entry { name: name.clone(), file: file.clone(), parsed: Arc::clone(&parsed), body };
            match self.index.get(&name) {
                Some(_) if content.empty => {}
                Some(&index) => self.entries[index as usize] = entry,
                None => {
                    self.index.insert(name, self.entries.len() as u32);
                    self.entries.push(entry);
                }
            }
        }
    }

    /// The names of all templates, in the order they came.
    pub fn names(&self) -> impl Iterator<Item = &Str> {
        self.entries.iter().map(|entry| &entry.name)
    }

    /// Whether a template of that name can be executed.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name.as_bytes()).is_some()
    }

    #[inline]
    pub(super) fn find(&self, name: &[u8]) -> Option<&Entry> {
        self.index.get(name).and_then(|&index| self.entries.get(index as usize))
    }

    /// Parses what `tpl` was given, or finds it parsed.
    pub(super) fn parse_tpl(&self, source: &Str) -> Result<Arc<Parsed>, ParseError> {
        let found = self.tpl.lock().unwrap_or_else(PoisonError::into_inner).parsed.get(source).cloned();
        if let Some(parsed) = found {
            return Ok(parsed);
        }
        let parsed = parse(source, self.compat)?;
        let mut cache = self.tpl.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.bytes + source.len() > TPL_CACHE {
            *cache = TplCache::default();
        }
        cache.bytes += source.len();
        cache.parsed.insert(source.clone(), Arc::clone(&parsed));
        Ok(parsed)
    }

    /// Starts one render. What templates do to maps, and what `tpl` parsed, lives as long as this.
    pub fn executor<'a>(&'a self, host: &'a dyn Host, limits: Limits) -> Executor<'a> {
        Executor::new(self, host, limits)
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates")
            .field("compat", &self.compat)
            .field("names", &self.entries.iter().map(|entry| &entry.name).collect::<Vec<_>>())
            .finish()
    }
}

/// A map by names, faster than the standard one.
pub(super) type NameMap<K, V> = HashMap<K, V, BuildHasherDefault<NameHasher>>;

/// FNV-1a over eight bytes at a time. Names come from the chart, which could as well loop for ever, so
/// nothing is gained by a keyed hash.
#[derive(Clone, Copy)]
pub(super) struct NameHasher(u64);

impl Default for NameHasher {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
        let mut word = [0; 8];
        let rest = chunks.remainder();
        word[..rest.len()].copy_from_slice(rest);
        self.write_u64(u64::from_le_bytes(word) ^ (rest.len() as u64) << 56);
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn finish(&self) -> u64 {
        // The table looks at the top bits.
        self.0 ^ self.0 >> 32
    }
}
