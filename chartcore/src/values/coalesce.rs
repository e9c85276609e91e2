//! Parents, children, globals and null deletes: many trees to one.
//!
//! Helm: pkg/chart/common/util/coalesce.go. Helm works on shared mutable maps, and it shows: the maps
//! below a global are one and the same in parent and child, so what a child's defaults add there, its
//! parent and later siblings see. [`Heap`] has such maps; whatever nobody can change stays a [`Value`].

use std::sync::{Arc, OnceLock};

use super::print;
use crate::data::{Map, Str, Value};
use crate::quote::quote;
use crate::{Compat, Error, ErrorKind, Result};

/// How many tables may be merged into each other; imports can make tables that contain themselves.
const STEPS: usize = 1_000_000;

/// The key of the values that all charts of a tree share.
pub(super) const GLOBAL: &[u8] = b"global";

/// How deep trees may nest; beyond, merging ends in an error.
pub(super) const DEPTH: usize = 1_200;

/// A chart as merging sees it.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) values: Value,
    /// The values without their nulls, once needed.
    clean: Arc<OnceLock<Value>>,
}

impl Layer {
    pub(super) fn new(values: Value) -> Self {
        Self { values, clean: Arc::default() }
    }

    /// The same chart with the defaults of some keys only.
    pub(super) fn restricted(&self, keys: &[Str], compat: Compat) -> Self {
        let pick = |values: &Value| -> Value {
            let map = values.as_map();
            keys.iter().filter_map(|key| Some((key.clone(), map?.get(key)?.clone()))).collect::<Map>().into()
        };
        let clean = OnceLock::new();
        if compat == Compat::Helm4 {
            clean.get_or_init(|| pick(self.clean()));
        }
        Self { values: pick(&self.values), clean: Arc::new(clean) }
    }

    /// The defaults as they show where nothing is set.
    pub(super) fn shown(&self, compat: Compat) -> Option<&Map> {
        match compat {
            Compat::Helm3 => self.values.as_map(),
            Compat::Helm4 => self.clean().as_map(),
        }
    }

    fn clean(&self) -> &Value {
        self.clean.get_or_init(|| without_nulls(&self.values, 0).unwrap_or_else(|| self.values.clone()))
    }
}

/// The tree of charts, by number.
pub(super) trait Charts {
    fn name(&self, chart: usize) -> &Str;
    fn layer(&self, chart: usize) -> &Layer;
    fn children(&self, chart: usize) -> &[usize];
}

/// The value without null entries, at any depth but not within lists; nothing when it has none.
fn without_nulls(value: &Value, depth: usize) -> Option<Value> {
    let Value::Map(map) = value else { return None };
    if depth > DEPTH {
        return None;
    }
    let mut cleaned: Option<Map> = None;
    for (index, (key, item)) in map.iter().enumerate() {
        let change = if item.is_null() { Some(None) } else { without_nulls(item, depth + 1).map(Some) };
        if cleaned.is_none() && change.is_some() {
            cleaned = Some(map.iter().take(index).map(|(key, item)| (key.clone(), item.clone())).collect());
        }
        if let Some(cleaned) = &mut cleaned {
            match change {
                Some(None) => {}
                Some(Some(item)) => drop(cleaned.insert(key.clone(), item)),
                None => drop(cleaned.insert(key.clone(), item.clone())),
            }
        }
    }
    cleaned.map(Value::from)
}

/// The way to a key, written out only for a message.
#[derive(Clone, Copy)]
struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    key: &'a [u8],
}

impl<'a> Path<'a> {
    const ROOT: Path<'static> = Path { parent: None, key: b"" };

    fn then<'b>(&'b self, key: &'b [u8]) -> Path<'b>
    where
        'a: 'b,
    {
        Path { parent: Some(self), key }
    }
}

impl std::fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut keys = Vec::new();
        let mut at = Some(self);
        while let Some(path) = at {
            keys.push(path.key);
            at = path.parent;
        }
        // Empty keys at the start leave no dot.
        let mut written = false;
        for key in keys.into_iter().rev() {
            if written {
                f.write_str(".")?;
            }
            written |= !key.is_empty();
            f.write_str(&String::from_utf8_lossy(key))?;
        }
        Ok(())
    }
}

/// Whether nulls delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// `CoalesceValues`: a null takes the key away.
    Delete,
    /// `MergeValues`: a null stays, for a later pass.
    Keep,
}

/// A table of the heap, by number.
pub(super) type TableId = usize;

#[derive(Debug, Clone)]
enum Slot {
    /// A value nobody else can change: copied by sharing.
    Frozen(Value),
    /// A table that others may hold as well.
    Table(TableId),
}

impl Slot {
    fn is_table(&self) -> bool {
        matches!(self, Self::Table(_) | Self::Frozen(Value::Map(_)))
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Frozen(Value::Null))
    }
}

type Entries = Vec<(Str, Slot)>;

/// Tables that can be changed from several places.
pub(super) struct Heap {
    tables: Vec<Entries>,
    /// Whether nulls of chart defaults are dropped (Helm 4).
    cleans: bool,
    steps: usize,
    warnings: Vec<String>,
}

fn too_deep() -> Error {
    Error::new(ErrorKind::Limit, format!("values are nested more than {DEPTH} levels deep"))
}

fn find(entries: &Entries, key: &[u8]) -> std::result::Result<usize, usize> {
    entries.binary_search_by(|entry| entry.0.as_bytes().cmp(key))
}

impl Heap {
    pub(super) fn new(compat: Compat) -> Self {
        Self { tables: Vec::new(), cleans: compat == Compat::Helm4, steps: 0, warnings: Vec::new() }
    }

    /// Takes what there was to warn of.
    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    fn warn(&mut self, message: String) {
        self.warnings.push(message);
    }

    fn add(&mut self, entries: Entries) -> TableId {
        self.tables.push(entries);
        self.tables.len() - 1
    }

    /// A table without entries.
    pub(super) fn empty(&mut self) -> TableId {
        self.add(Vec::new())
    }

    /// A table of its own with the map's entries.
    pub(super) fn thaw(&mut self, map: &Map) -> TableId {
        let entries = map.iter().map(|(key, value)| (key.clone(), Slot::Frozen(value.clone()))).collect();
        self.add(entries)
    }

    fn slot(&self, table: TableId, key: &[u8]) -> Option<&Slot> {
        let entries = &self.tables[table];
        find(entries, key).ok().map(|index| &entries[index].1)
    }

    fn put(&mut self, table: TableId, key: &Str, slot: Slot) {
        let entries = &mut self.tables[table];
        match find(entries, key) {
            Ok(index) => entries[index].1 = slot,
            Err(index) => entries.insert(index, (key.clone(), slot)),
        }
    }

    /// Makes the entry a table others can hold, if it is a map.
    fn open_at(&mut self, table: TableId, index: usize) -> Option<TableId> {
        match &self.tables[table][index].1 {
            Slot::Table(id) => Some(*id),
            Slot::Frozen(Value::Map(map)) => {
                let map = Arc::clone(map);
                let id = self.thaw(&map);
                self.tables[table][index].1 = Slot::Table(id);
                Some(id)
            }
            Slot::Frozen(_) => None,
        }
    }

    /// The table under `key`, if there is one.
    pub(super) fn open(&mut self, table: TableId, key: &[u8]) -> Option<TableId> {
        let index = find(&self.tables[table], key).ok()?;
        self.open_at(table, index)
    }

    /// Whether the table has no entries.
    pub(super) fn is_empty(&self, table: TableId) -> bool {
        self.tables[table].is_empty()
    }

    /// A table with one entry: another table.
    pub(super) fn wrap(&mut self, key: &str, inner: TableId) -> TableId {
        self.add(vec![(key.into(), Slot::Table(inner))])
    }

    /// Whether the table has the key.
    pub(super) fn has(&self, table: TableId, key: &[u8]) -> bool {
        self.slot(table, key).is_some()
    }

    /// The value under `key`.
    ///
    /// # Errors
    /// As [`Heap::freeze`].
    pub(super) fn value(&self, table: TableId, key: &[u8]) -> Result<Option<Value>> {
        match self.slot(table, key) {
            None => Ok(None),
            Some(Slot::Frozen(value)) => Ok(Some(value.clone())),
            Some(Slot::Table(id)) => self.freeze(*id).map(Some),
        }
    }

    /// The value at the end of some keys, unless it is a table.
    pub(super) fn scalar<'k>(&self, table: TableId, keys: impl Iterator<Item = &'k str>) -> Option<&Value> {
        let mut keys = keys;
        let mut table = table;
        loop {
            match self.slot(table, keys.next()?.as_bytes())? {
                Slot::Table(id) => table = *id,
                Slot::Frozen(value) => {
                    return keys.try_fold(value, Value::get).filter(|value| value.as_map().is_none());
                }
            }
        }
    }

    /// The table as a value.
    ///
    /// # Errors
    /// The tree is too deep, or contains itself.
    pub(super) fn freeze(&self, table: TableId) -> Result<Value> {
        let mut frozen = vec![None; self.tables.len()];
        self.freeze_at(table, &mut frozen, 0).map(Value::Map)
    }

    fn freeze_at(&self, table: TableId, frozen: &mut [Option<Arc<Map>>], depth: usize) -> Result<Arc<Map>> {
        if let Some(map) = &frozen[table] {
            return Ok(Arc::clone(map));
        }
        if depth > DEPTH {
            return Err(too_deep());
        }
        let mut entries = Vec::with_capacity(self.tables[table].len());
        for (key, slot) in &self.tables[table] {
            let value = match slot {
                Slot::Frozen(value) => value.clone(),
                Slot::Table(id) => Value::Map(self.freeze_at(*id, frozen, depth + 1)?),
            };
            entries.push((key.clone(), value));
        }
        let map = Arc::new(Map::from_entries(entries));
        frozen[table] = Some(Arc::clone(&map));
        Ok(map)
    }

    /// The table as a value; what it is made of is taken, not copied. The heap is done then.
    ///
    /// # Errors
    /// As [`Heap::freeze`].
    pub(super) fn into_value(mut self, table: TableId) -> Result<Value> {
        let mut frozen = vec![None; self.tables.len()];
        self.take_at(table, &mut frozen, 0).map(Value::Map)
    }

    fn take_at(&mut self, table: TableId, frozen: &mut [Option<Arc<Map>>], depth: usize) -> Result<Arc<Map>> {
        if let Some(map) = &frozen[table] {
            return Ok(Arc::clone(map));
        }
        if depth > DEPTH {
            return Err(too_deep());
        }
        // Coalescing makes no table that contains itself, so nobody asks for these entries meanwhile.
        let slots = std::mem::take(&mut self.tables[table]);
        let mut entries = Vec::with_capacity(slots.len());
        for (key, slot) in slots {
            let value = match slot {
                Slot::Frozen(value) => value,
                Slot::Table(id) => Value::Map(self.take_at(id, frozen, depth + 1)?),
            };
            entries.push((key, value));
        }
        let map = Arc::new(Map::from_entries(entries));
        frozen[table] = Some(Arc::clone(&map));
        Ok(map)
    }

    /// Fills `dest` with the values of `chart` and the charts below it; `dest` wins.
    ///
    /// # Errors
    /// The values of a subchart are not a table.
    pub(super) fn coalesce(
        &mut self,
        charts: &impl Charts,
        chart: usize,
        dest: TableId,
        nulls: Nulls,
    ) -> Result<()> {
        self.coalesce_at(charts, chart, dest, &Path::ROOT, nulls, 0)
    }

    fn coalesce_at(
        &mut self,
        charts: &impl Charts,
        chart: usize,
        dest: TableId,
        prefix: &Path<'_>,
        nulls: Nulls,
        depth: usize,
    ) -> Result<()> {
        let path = prefix.then(charts.name(chart));
        self.own_values(charts, chart, dest, &path, nulls)?;
        for &child in charts.children(chart) {
            let name = charts.name(child);
            let values = match find(&self.tables[dest], name) {
                Err(_) => {
                    let id = self.empty();
                    self.put(dest, name, Slot::Table(id));
                    id
                }
                Ok(index) => match self.open_at(dest, index) {
                    Some(id) => id,
                    None => {
                        let found = match &self.tables[dest][index].1 {
                            Slot::Frozen(value) => print::truth(value),
                            Slot::Table(_) => String::new(),
                        };
                        let message = format!("type mismatch on {name}: {found}");
                        return Err(Error::new(ErrorKind::Values, message));
                    }
                },
            };
            self.globals(values, dest, &path)?;
            if depth > DEPTH {
                return Err(too_deep());
            }
            self.coalesce_at(charts, child, values, &path, nulls, depth + 1)?;
        }
        Ok(())
    }

    /// Brings the chart's own defaults into `dest`.
    fn own_values(
        &mut self,
        charts: &impl Charts,
        chart: usize,
        dest: TableId,
        path: &Path<'_>,
        nulls: Nulls,
    ) -> Result<()> {
        let layer = charts.layer(chart);
        let cleans = self.cleans && nulls == Nulls::Delete;
        let Some(defaults) = layer.values.as_map() else { return Ok(()) };
        let clean = if cleans { layer.clean().as_map() } else { None };
        if defaults.is_empty() {
            return Ok(());
        }

        let mut present = std::mem::take(&mut self.tables[dest]);
        let mut changes = Changes::default();
        let mut at = 0;
        for (key, default) in defaults.iter() {
            let cleaned = || match clean {
                Some(map) => map.get(key),
                None => Some(default),
            };
            if !seek(&present, &mut at, key) {
                if let Some(default) = cleaned() {
                    changes.added.push((at, (key.clone(), Slot::Frozen(default.clone()))));
                }
                continue;
            }
            let slot = &mut present[at].1;
            if slot.is_null() && nulls == Nulls::Delete {
                changes.removed.push(at);
            } else if slot.is_table() {
                match default {
                    Value::Map(original) => {
                        let is_child = charts.children(chart).iter().any(|&child| charts.name(child) == key);
                        let nulls = if is_child { Nulls::Keep } else { nulls };
                        let source = match cleaned() {
                            Some(Value::Map(cleaned)) if nulls == Nulls::Delete => cleaned,
                            _ => original,
                        };
                        self.overlay_slot(slot, source, &path.then(key), nulls, 0)?;
                    }
                    Value::Null => {}
                    _ => self.warn(format!("warning: skipped value for {path}.{key}: Not a table.")),
                }
            }
        }
        self.tables[dest] = changes.apply(present);
        Ok(())
    }

    /// Hands the globals of `source` down to `dest`.
    fn globals(&mut self, dest: TableId, source: TableId, prefix: &Path<'_>) -> Result<()> {
        let own = match self.slot(dest, GLOBAL) {
            None => None,
            Some(slot) if slot.is_table() => self.open(dest, GLOBAL),
            Some(_) => {
                self.warn("warning: skipping globals because destination global is not a table.".to_string());
                return Ok(());
            }
        };
        let from = match self.slot(source, GLOBAL) {
            None => None,
            Some(slot) if slot.is_table() => self.open(source, GLOBAL),
            Some(_) => {
                self.warn("warning: skipping globals because source global is not a table.".to_string());
                return Ok(());
            }
        };
        let own = own.unwrap_or_else(|| self.empty());
        if let Some(from) = from {
            for index in 0..self.tables[from].len() {
                self.global(own, from, index, prefix)?;
            }
        }
        self.put(dest, &GLOBAL.into(), Slot::Table(own));
        Ok(())
    }

    /// Hands one global down.
    fn global(&mut self, own: TableId, from: TableId, index: usize, prefix: &Path<'_>) -> Result<()> {
        let key = self.tables[from][index].0.clone();
        let Some(table) = self.open_at(from, index) else {
            if self.slot(own, &key).is_some_and(Slot::is_table) {
                self.warn(format!("key {key} is table. Skipping"));
            } else {
                let slot = self.tables[from][index].1.clone();
                self.put(own, &key, slot);
            }
            return Ok(());
        };
        // The copy is shallow: from here on the maps within belong to both.
        for inner in 0..self.tables[table].len() {
            self.open_at(table, inner);
        }
        match self.slot(own, &key) {
            None => {
                let copy = self.tables[table].clone();
                let copy = self.add(copy);
                self.put(own, &key, Slot::Table(copy));
            }
            Some(slot) if slot.is_table() => {
                let copy = self.tables[table].clone();
                let copy = self.add(copy);
                if let Some(present) = self.open(own, &key) {
                    self.overlay_table(copy, present, &prefix.then(&key), 0)?;
                }
                self.put(own, &key, Slot::Table(copy));
            }
            Some(_) => {
                let key = quote(&key.to_text());
                self.warn(format!("Conflict: cannot merge map onto non-map for {key}. Skipping."));
            }
        }
        Ok(())
    }

    /// `MergeTables`: brings `source` into `dest`, which wins; nulls stay.
    ///
    /// # Errors
    /// The tables nest too deep.
    pub(super) fn merge_tables(&mut self, dest: TableId, source: TableId) -> Result<()> {
        self.overlay_table(dest, source, &Path::ROOT, 0)
    }

    fn overlay_table(&mut self, dest: TableId, source: TableId, path: &Path<'_>, depth: usize) -> Result<()> {
        if dest == source {
            return Ok(());
        }
        self.steps += 1;
        if depth > DEPTH || self.steps > STEPS {
            return Err(too_deep());
        }
        let deleted: Vec<Str> =
            self.tables[dest].iter().filter(|entry| entry.1.is_null()).map(|entry| entry.0.clone()).collect();
        for key in &deleted {
            self.put(source, key, Slot::Frozen(Value::Null));
        }
        let keys: Vec<Str> = self.tables[source].iter().map(|entry| entry.0.clone()).collect();
        for key in keys {
            let Ok(index) = find(&self.tables[source], &key) else { continue };
            match self.slot(dest, &key) {
                None => {
                    self.open_at(source, index);
                    let slot = self.tables[source][index].1.clone();
                    self.put(dest, &key, slot);
                }
                Some(slot) => {
                    let into_table = slot.is_table();
                    let path = path.then(&key);
                    if self.tables[source][index].1.is_table() {
                        if !into_table {
                            let value = self.describe(source, index);
                            self.warn(format!(
                                "warning: cannot overwrite table with non table for {path} ({value})"
                            ));
                        } else if let (Some(inner), Some(from)) =
                            (self.open(dest, &key), self.open_at(source, index))
                        {
                            self.overlay_table(inner, from, &path, depth + 1)?;
                        }
                    } else if into_table && !self.tables[source][index].1.is_null() {
                        let value = self.describe(source, index);
                        self.warn(format!(
                            "warning: destination for {path} is a table. Ignoring non-table value ({value})"
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    fn describe(&self, table: TableId, index: usize) -> String {
        match &self.tables[table][index].1 {
            Slot::Frozen(value) => print::plain(value),
            Slot::Table(id) => self.freeze(*id).map(|value| print::plain(&value)).unwrap_or_default(),
        }
    }

    /// Brings the map `source`, which nobody else can change, under the table in `slot`.
    fn overlay_slot(
        &mut self,
        slot: &mut Slot,
        source: &Arc<Map>,
        path: &Path<'_>,
        nulls: Nulls,
        depth: usize,
    ) -> Result<()> {
        if depth > DEPTH {
            return Err(too_deep());
        }
        match slot {
            Slot::Frozen(Value::Map(dest)) => {
                if let Some(map) = overlay(dest, source, path, nulls, &mut self.warnings, depth)? {
                    *dest = Arc::new(map);
                }
            }
            Slot::Frozen(_) => {}
            Slot::Table(table) => {
                let table = *table;
                let mut present = std::mem::take(&mut self.tables[table]);
                let mut changes = Changes::default();
                let mut at = 0;
                for (key, value) in source.iter() {
                    if !seek(&present, &mut at, key) {
                        changes.added.push((at, (key.clone(), Slot::Frozen(value.clone()))));
                        continue;
                    }
                    let slot = &mut present[at].1;
                    let path = path.then(key);
                    match value {
                        _ if slot.is_null() => {
                            if nulls == Nulls::Delete && !value.is_null() {
                                changes.removed.push(at);
                            }
                        }
                        Value::Map(map) if slot.is_table() => {
                            self.overlay_slot(slot, map, &path, nulls, depth + 1)?;
                        }
                        _ => warn_of_kinds(&mut self.warnings, slot.is_table(), value, &path),
                    }
                }
                self.tables[table] = changes.apply(present);
            }
        }
        Ok(())
    }
}

/// Moves `at` to where `key` is or would be; whether it is there.
fn seek(entries: &Entries, at: &mut usize, key: &Str) -> bool {
    while let Some((other, _)) = entries.get(*at) {
        match other.cmp(key) {
            std::cmp::Ordering::Less => *at += 1,
            order => return order == std::cmp::Ordering::Equal,
        }
    }
    false
}

/// What a walk over two tables will have changed, by position.
#[derive(Default)]
struct Changes {
    added: Vec<(usize, (Str, Slot))>,
    removed: Vec<usize>,
}

impl Changes {
    fn apply(self, entries: Entries) -> Entries {
        if self.added.is_empty() && self.removed.is_empty() {
            return entries;
        }
        let mut merged = Vec::with_capacity(entries.len() + self.added.len());
        let mut added = self.added.into_iter().peekable();
        let mut removed = self.removed.into_iter().peekable();
        for (index, entry) in entries.into_iter().enumerate() {
            while let Some((_, entry)) = added.next_if(|added| added.0 <= index) {
                merged.push(entry);
            }
            if removed.next_if_eq(&index).is_none() {
                merged.push(entry);
            }
        }
        merged.extend(added.map(|added| added.1));
        merged
    }
}

fn warn_of_kinds(warnings: &mut Vec<String>, into_table: bool, value: &Value, path: &Path<'_>) {
    match (into_table, value) {
        (false, Value::Map(_)) => warnings.push(format!(
            "warning: cannot overwrite table with non table for {path} ({})",
            print::plain(value)
        )),
        (true, Value::Null) | (false, _) => {}
        (true, _) => warnings.push(format!(
            "warning: destination for {path} is a table. Ignoring non-table value ({})",
            print::plain(value)
        )),
    }
}

/// `dest` filled up from `source`; nothing when `dest` already is that.
fn overlay(
    dest: &Arc<Map>,
    source: &Arc<Map>,
    path: &Path<'_>,
    nulls: Nulls,
    warnings: &mut Vec<String>,
    depth: usize,
) -> Result<Option<Map>> {
    if depth > DEPTH {
        return Err(too_deep());
    }
    if Arc::ptr_eq(dest, source) || source.is_empty() {
        return Ok(None);
    }
    let mut changed: Option<Vec<(Str, Value)>> = None;
    // Nothing is copied before the first change.
    let start = |at: usize| -> Vec<(Str, Value)> {
        let mut copied = Vec::with_capacity(dest.len() + source.len());
        copied.extend(dest.iter().take(at).map(|(key, value)| (key.clone(), value.clone())));
        copied
    };
    let mut at = 0;
    let mut present = dest.iter().peekable();
    for (key, value) in source.iter() {
        while let Some((key, value)) = present.next_if(|entry| entry.0 < key) {
            if let Some(merged) = &mut changed {
                merged.push((key.clone(), value.clone()));
            }
            at += 1;
        }
        let Some((_, own)) = present.next_if(|entry| entry.0 == key) else {
            changed.get_or_insert_with(|| start(at)).push((key.clone(), value.clone()));
            continue;
        };
        let mut outcome = Some(None);
        match (own, value) {
            (Value::Null, _) => {
                if nulls == Nulls::Delete && !value.is_null() {
                    outcome = None;
                }
            }
            (Value::Map(inner), Value::Map(from)) => {
                outcome = Some(overlay(inner, from, &path.then(key), nulls, warnings, depth + 1)?);
            }
            _ => warn_of_kinds(warnings, own.as_map().is_some(), value, &path.then(key)),
        }
        match outcome {
            None => {
                changed.get_or_insert_with(|| start(at));
            }
            Some(Some(map)) => changed.get_or_insert_with(|| start(at)).push((key.clone(), map.into())),
            Some(None) => {
                if let Some(merged) = &mut changed {
                    merged.push((key.clone(), own.clone()));
                }
            }
        }
        at += 1;
    }
    let Some(mut merged) = changed else { return Ok(None) };
    merged.extend(present.map(|(key, value)| (key.clone(), value.clone())));
    Ok(Some(Map::from_entries(merged)))
}

/// `CoalesceTables`/`MergeTables` of two values: `source` under `dest`.
///
/// # Errors
/// The values nest too deep.
pub(super) fn tables(
    dest: &Value,
    source: &Value,
    nulls: Nulls,
    warnings: &mut Vec<String>,
) -> Result<Value> {
    match (dest, source) {
        (Value::Map(inner), Value::Map(from)) => {
            Ok(match overlay(inner, from, &Path::ROOT, nulls, warnings, 0)? {
                Some(map) => map.into(),
                None => dest.clone(),
            })
        }
        (Value::Map(_), _) => Ok(dest.clone()),
        _ => Ok(source.clone()),
    }
}

/// `MergeMaps`: `over` into `base`; `over` wins, nulls included, lists are replaced.
///
/// Helm: pkg/chart/v2/loader/load.go.
///
/// # Errors
/// The values nest too deep.
pub(super) fn merge_maps(base: &Value, over: &Value) -> Result<Value> {
    let (Value::Map(under), Value::Map(upper)) = (base, over) else {
        return Ok(if over.as_map().is_some() { over.clone() } else { base.clone() });
    };
    fn merge(under: &Arc<Map>, upper: &Arc<Map>, depth: usize) -> Result<Arc<Map>> {
        if depth > DEPTH {
            return Err(too_deep());
        }
        if under.is_empty() {
            return Ok(Arc::clone(upper));
        }
        let mut merged = Arc::clone(under);
        let map = Arc::make_mut(&mut merged);
        for (key, value) in upper.iter() {
            match (map.get_mut(key), value) {
                (Some(Value::Map(inner)), Value::Map(upper)) => *inner = merge(inner, upper, depth + 1)?,
                (Some(present), value) => *present = value.clone(),
                (None, value) => drop(map.insert(key.clone(), value.clone())),
            }
        }
        Ok(merged)
    }
    merge(under, upper, 0).map(Value::Map)
}
