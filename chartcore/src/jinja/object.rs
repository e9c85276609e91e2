//! Dicts and lists of a running template: they start as what was given and become their own when they change.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::value::{
    DynObject, Enumerator, Kwargs, Object, ObjectRepr, Tuple, Value, ValueKind, from_args,
};
use minijinja::{Error, ErrorKind, State};

use super::tree::{Entries, Tree};

/// How deep printing and comparing look.
const DEPTH: usize = 100;
/// How many values a change looks at to see that nothing comes to hold itself. A circle beyond that is not found; it
/// is harmless but for its memory, which nobody frees.
const LOOKED_AT: usize = 100;

/// The running value of a tree.
pub(super) fn live(tree: &Tree) -> Value {
    match tree {
        Tree::Null => Value::from(()),
        Tree::Bool(truth) => Value::from(*truth),
        Tree::Int(number) => i64::try_from(*number).map_or_else(|_| Value::from(*number), Value::from),
        Tree::Float(number) => Value::from(*number),
        Tree::Text(text) => Value::from(text),
        Tree::List(list) => {
            Value::from_object(List(Mutex::new(Items::Shared(Arc::clone(list), BTreeMap::new()))))
        }
        Tree::Map(entries) => {
            Value::from_object(Dict(Mutex::new(Cells::Shared(Arc::clone(entries), BTreeMap::new()))))
        }
    }
}

/// A mutable dict.
pub(super) struct Dict(Mutex<Cells>);

enum Cells {
    /// As it was given, with the children that were asked for.
    Shared(Arc<Entries>, BTreeMap<usize, Value>),
    Own(Own),
}

#[derive(Default)]
struct Own {
    entries: Vec<(Value, Value)>,
    index: BTreeMap<Value, usize>,
}

impl Own {
    fn insert(&mut self, key: Value, value: Value) {
        match self.index.get(&key).and_then(|at| self.entries.get_mut(*at)) {
            Some((_, old)) => *old = value,
            None => {
                self.index.insert(key.clone(), self.entries.len());
                self.entries.push((key, value));
            }
        }
    }

    fn remove(&mut self, key: &Value) -> Option<Value> {
        let at = self.index.remove(key)?;
        for position in self.index.values_mut() {
            *position -= usize::from(*position > at);
        }
        (at < self.entries.len()).then(|| self.entries.remove(at).1)
    }
}

fn child(entries: &Entries, made: &mut BTreeMap<usize, Value>, at: usize) -> Option<Value> {
    let (_, tree) = entries.as_slice().get(at)?;
    Some(match tree {
        Tree::List(_) | Tree::Map(_) => made.entry(at).or_insert_with(|| live(tree)).clone(),
        _ => live(tree),
    })
}

impl Cells {
    fn get(&mut self, key: &Value) -> Option<Value> {
        match self {
            Self::Shared(entries, made) => {
                let at = match key.as_str() {
                    Some(key) => entries.position(key)?,
                    None => entries.as_slice().iter().position(|(candidate, _)| live(candidate) == *key)?,
                };
                child(entries, made, at)
            }
            Self::Own(own) => own.entries.get(*own.index.get(key)?).map(|(_, value)| value.clone()),
        }
    }

    fn get_str(&mut self, key: &str) -> Option<Value> {
        match self {
            Self::Shared(entries, made) => child(entries, made, entries.position(key)?),
            Self::Own(_) => self.get(&Value::from(key)),
        }
    }

    fn pairs(&mut self) -> Vec<(Value, Value)> {
        match self {
            Self::Shared(entries, made) => {
                let entries = &**entries;
                let keys = entries.as_slice().iter().map(|(key, _)| live(key)).enumerate();
                keys.filter_map(|(at, key)| Some((key, child(entries, made, at)?))).collect()
            }
            Self::Own(own) => own.entries.clone(),
        }
    }

    /// The dict as its own, to be changed.
    fn own(&mut self) -> &mut Own {
        if let Self::Shared(..) = self {
            let mut own = Own::default();
            for (key, value) in self.pairs() {
                own.insert(key, value);
            }
            *self = Self::Own(own);
        }
        match self {
            Self::Own(own) => own,
            Self::Shared(..) => unreachable!("it was just made its own"),
        }
    }
}

impl Dict {
    /// Makes a dict of pairs.
    pub(super) fn new(pairs: impl IntoIterator<Item = (Value, Value)>) -> Result<Self, Error> {
        let mut own = Own::default();
        for (key, value) in pairs {
            own.insert(usable_key(key)?, value);
        }
        Ok(Self(Mutex::new(Cells::Own(own))))
    }

    fn cells(&self) -> MutexGuard<'_, Cells> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entries now.
    pub(super) fn pairs(&self) -> Vec<(Value, Value)> {
        self.cells().pairs()
    }

    fn len(&self) -> usize {
        match &*self.cells() {
            Cells::Shared(entries, _) => entries.as_slice().len(),
            Cells::Own(own) => own.entries.len(),
        }
    }

    fn update(self: &Arc<Self>, pairs: Vec<(Value, Value)>) -> Result<(), Error> {
        for (key, value) in pairs {
            let key = usable_key(key)?;
            refuse_cycle(Arc::as_ptr(self) as usize, &value)?;
            self.cells().own().insert(key, value);
        }
        Ok(())
    }
}

fn usable_key(key: Value) -> Result<Value, Error> {
    match key.kind() {
        ValueKind::Map | ValueKind::Iterable => {
            Err(Error::new(ErrorKind::InvalidOperation, format!("unhashable type: '{}'", type_name(&key))))
        }
        ValueKind::Seq if key.downcast_object_ref::<List>().is_some() => {
            Err(Error::new(ErrorKind::InvalidOperation, "unhashable type: 'list'"))
        }
        _ => Ok(key),
    }
}

/// Python's name for the type of a value.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "Undefined",
        ValueKind::None => "NoneType",
        ValueKind::Bool => "bool",
        ValueKind::Number if value.is_integer() => "int",
        ValueKind::Number => "float",
        ValueKind::String => "str",
        ValueKind::Bytes => "bytes",
        ValueKind::Seq if value.is_tuple() => "tuple",
        ValueKind::Seq => "list",
        ValueKind::Map => "dict",
        _ => "object",
    }
}

/// The pairs of a mapping, or of a list of pairs.
pub(super) fn pairs_of(value: &Value) -> Result<Vec<(Value, Value)>, Error> {
    if let Some(dict) = value.downcast_object_ref::<Dict>() {
        return Ok(dict.pairs());
    }
    if value.kind() == ValueKind::Map {
        return value
            .try_iter()?
            .checked()
            .map(|key| key.and_then(|key| Ok((key.clone(), value.get_item(&key)?))))
            .collect();
    }
    let pair = |item: Result<Value, Error>| {
        let items: Vec<Value> = item?.try_iter()?.checked().collect::<Result<_, _>>()?;
        match <[Value; 2]>::try_from(items) {
            Ok([key, value]) => Ok((key, value)),
            Err(_) => Err(Error::new(ErrorKind::InvalidOperation, "a dict is made of pairs")),
        }
    };
    value.try_iter()?.checked().map(pair).collect()
}

/// Refuses a change by which a container would come to hold itself.
fn refuse_cycle(container: usize, value: &Value) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    let mut rest = vec![value.clone()];
    let mut looked = 0;
    while let Some(value) = rest.pop() {
        looked += 1;
        if looked > LOOKED_AT {
            return Ok(());
        }
        if let Some(dict) = value.downcast_object::<Dict>() {
            let address = Arc::as_ptr(&dict) as usize;
            if address == container {
                return Err(Error::new(ErrorKind::InvalidOperation, "a dict cannot hold itself"));
            }
            if seen.insert(address) {
                match &*dict.cells() {
                    Cells::Shared(_, made) => rest.extend(made.values().cloned()),
                    Cells::Own(own) => {
                        let held = own.entries.iter().map(|(_, value)| value);
                        rest.extend(held.filter(|value| value.as_object().is_some()).cloned());
                    }
                }
            }
        } else if let Some(list) = value.downcast_object::<List>() {
            let address = Arc::as_ptr(&list) as usize;
            if address == container {
                return Err(Error::new(ErrorKind::InvalidOperation, "a list cannot hold itself"));
            }
            if seen.insert(address) {
                match &*list.items() {
                    Items::Shared(_, made) => rest.extend(made.values().cloned()),
                    Items::Own(items) => {
                        rest.extend(items.iter().filter(|value| value.as_object().is_some()).cloned());
                    }
                }
            }
        } else if matches!(value.kind(), ValueKind::Seq | ValueKind::Map) {
            let map = value.kind() == ValueKind::Map;
            for item in value.try_iter()?.checked().take(LOOKED_AT) {
                let item = item?;
                rest.push(if map { value.get_item(&item)? } else { item });
            }
        }
    }
    Ok(())
}

impl Object for Dict {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.cells().get(key)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.cells().get_str(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let keys: Vec<Value> = self.pairs().into_iter().map(|(key, _)| key).collect();
        Enumerator::Values(keys)
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.len())
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State<'_, '_>,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        match method {
            "items" => {
                let () = from_args(args)?;
                let pair = |(key, value)| Value::from(Tuple::from([key, value]));
                Ok(self.pairs().into_iter().map(pair).collect::<Vec<_>>().into())
            }
            "keys" => {
                let () = from_args(args)?;
                Ok(self.pairs().into_iter().map(|(key, _)| key).collect::<Vec<_>>().into())
            }
            "values" => {
                let () = from_args(args)?;
                Ok(self.pairs().into_iter().map(|(_, value)| value).collect::<Vec<_>>().into())
            }
            "get" => {
                let (key, default): (&Value, Option<Value>) = from_args(args)?;
                Ok(self.cells().get(key).or(default).unwrap_or_else(|| Value::from(())))
            }
            "update" => {
                let (other, named): (Option<Value>, Kwargs) = from_args(args)?;
                let mut pairs = other.as_ref().map(pairs_of).transpose()?.unwrap_or_default();
                for name in named.args().map(str::to_owned).collect::<Vec<_>>() {
                    let value: Value = named.get(&name)?;
                    pairs.push((Value::from(name), value));
                }
                self.update(pairs)?;
                Ok(Value::from(()))
            }
            "setdefault" => {
                let (key, default): (Value, Option<Value>) = from_args(args)?;
                if let Some(found) = self.cells().get(&key) {
                    return Ok(found);
                }
                let value = default.unwrap_or_else(|| Value::from(()));
                self.update(vec![(key, value.clone())])?;
                Ok(value)
            }
            "pop" => {
                let (key, default): (Value, Option<Value>) = from_args(args)?;
                let missing = || Error::new(ErrorKind::InvalidOperation, format!("there is no key {key:?}"));
                self.cells().own().remove(&key).or(default).ok_or_else(missing)
            }
            "clear" => {
                let () = from_args(args)?;
                let old = std::mem::take(self.cells().own());
                drop(old);
                Ok(Value::from(()))
            }
            "copy" => {
                let () = from_args(args)?;
                Ok(Value::from_object(Self::new(self.pairs())?))
            }
            _ => {
                let found = self.cells().get_str(method);
                match found {
                    Some(function) => function.call(state, args),
                    None => Err(Error::from(ErrorKind::UnknownMethod)),
                }
            }
        }
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = other.downcast_ref::<Self>()?;
        let mine = Arc::as_ptr(self) as usize;
        let theirs = std::ptr::from_ref(other) as usize;
        if mine == theirs {
            return Some(Ordering::Equal);
        }
        let equal = nested(|| {
            let (left, right) = (self.pairs(), other.pairs());
            left.len() == right.len()
                && left.iter().all(|(key, value)| other.cells().get(key).is_some_and(|found| found == *value))
        });
        Some(if equal == Some(true) { Ordering::Equal } else { mine.cmp(&theirs) })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = nested(|| {
            f.write_str("{")?;
            for (at, (key, value)) in self.pairs().iter().enumerate() {
                let comma = if at > 0 { ", " } else { "" };
                write!(f, "{comma}{key:?}: {value:?}")?;
            }
            f.write_str("}")
        });
        written.unwrap_or_else(|| f.write_str("{...}"))
    }
}

/// A mutable list.
pub(super) struct List(Mutex<Items>);

enum Items {
    /// As it was given, with the children that were asked for.
    Shared(Arc<[Tree]>, BTreeMap<usize, Value>),
    Own(Vec<Value>),
}

impl Items {
    fn get(&mut self, at: usize) -> Option<Value> {
        match self {
            Self::Shared(list, made) => {
                let tree = list.get(at)?;
                Some(match tree {
                    Tree::List(_) | Tree::Map(_) => made.entry(at).or_insert_with(|| live(tree)).clone(),
                    _ => live(tree),
                })
            }
            Self::Own(items) => items.get(at).cloned(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Shared(list, _) => list.len(),
            Self::Own(items) => items.len(),
        }
    }

    fn own(&mut self) -> &mut Vec<Value> {
        if let Self::Shared(..) = self {
            *self = Self::Own((0..self.len()).filter_map(|at| self.get(at)).collect());
        }
        match self {
            Self::Own(items) => items,
            Self::Shared(..) => unreachable!("it was just made its own"),
        }
    }
}

impl List {
    /// Makes a list of values.
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(Mutex::new(Items::Own(values)))
    }

    fn items(&self) -> MutexGuard<'_, Items> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The values now.
    pub(super) fn values(&self) -> Vec<Value> {
        let mut items = self.items();
        (0..items.len()).filter_map(|at| items.get(at)).collect()
    }

    /// The position Python means: negative ones count from the end.
    fn position(&self, at: i64) -> Option<usize> {
        let length = self.items().len();
        match usize::try_from(at) {
            Ok(at) => Some(at),
            Err(_) => length.checked_sub(usize::try_from(at.unsigned_abs()).ok()?),
        }
    }
}

fn out_of_range() -> Error {
    Error::new(ErrorKind::InvalidOperation, "list index out of range")
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let at = self.position(key.as_i64()?)?;
        self.items().get(at)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.items().len())
    }

    fn call_method(
        self: &Arc<Self>,
        _state: &mut State<'_, '_>,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let address = Arc::as_ptr(self) as usize;
        match method {
            "append" => {
                let (value,): (Value,) = from_args(args)?;
                refuse_cycle(address, &value)?;
                self.items().own().push(value);
            }
            "extend" => {
                let (values,): (Value,) = from_args(args)?;
                let values: Vec<Value> = values.try_iter()?.checked().collect::<Result<_, _>>()?;
                values.iter().try_for_each(|value| refuse_cycle(address, value))?;
                self.items().own().extend(values);
            }
            "insert" => {
                let (at, value): (i64, Value) = from_args(args)?;
                refuse_cycle(address, &value)?;
                let at = self.position(at).unwrap_or(0);
                let mut items = self.items();
                let items = items.own();
                items.insert(at.min(items.len()), value);
            }
            "pop" => {
                let (at,): (Option<i64>,) = from_args(args)?;
                let at = self.position(at.unwrap_or(-1)).ok_or_else(out_of_range)?;
                let mut items = self.items();
                let items = items.own();
                if at >= items.len() {
                    return Err(out_of_range());
                }
                return Ok(items.remove(at));
            }
            "remove" => {
                let (value,): (Value,) = from_args(args)?;
                let found = self.values().iter().position(|item| *item == value);
                let Some(at) = found else {
                    return Err(Error::new(ErrorKind::InvalidOperation, "the value is not in the list"));
                };
                self.items().own().remove(at);
            }
            "index" => {
                let (value,): (Value,) = from_args(args)?;
                let found = self.values().iter().position(|item| *item == value);
                let missing = || Error::new(ErrorKind::InvalidOperation, "the value is not in the list");
                return found.map(Value::from).ok_or_else(missing);
            }
            "count" => {
                let (value,): (Value,) = from_args(args)?;
                return Ok(Value::from(self.values().iter().filter(|item| **item == value).count()));
            }
            "reverse" => {
                let () = from_args(args)?;
                self.items().own().reverse();
            }
            "clear" => {
                let () = from_args(args)?;
                let old = std::mem::take(self.items().own());
                drop(old);
            }
            "copy" => {
                let () = from_args(args)?;
                return Ok(Value::from_object(Self::new(self.values())));
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(Value::from(()))
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = other.downcast_ref::<Self>()?;
        if std::ptr::eq(&**self, other) {
            return Some(Ordering::Equal);
        }
        nested(|| self.values().cmp(&other.values()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = nested(|| {
            f.write_str("[")?;
            for (at, value) in self.values().iter().enumerate() {
                let comma = if at > 0 { ", " } else { "" };
                write!(f, "{comma}{value:?}")?;
            }
            f.write_str("]")
        });
        written.unwrap_or_else(|| f.write_str("[...]"))
    }
}

thread_local! {
    static LEVEL: Cell<usize> = const { Cell::new(0) };
    static LEFT: RefCell<Option<Vec<Value>>> = const { RefCell::new(None) };
}

/// Runs `work` one level deeper, unless that is too deep.
fn nested<T>(work: impl FnOnce() -> T) -> Option<T> {
    let level = LEVEL.get();
    if level >= DEPTH {
        return None;
    }
    LEVEL.set(level + 1);
    let done = work();
    LEVEL.set(level);
    Some(done)
}

/// Drops values one after the other: a chain a template built link by link is no recursion.
fn drop_flat(values: impl IntoIterator<Item = Value>) {
    let values = values.into_iter().filter(|value| value.as_object().is_some());
    let first = LEFT.try_with(|left| {
        let mut left = left.borrow_mut();
        match &mut *left {
            Some(left) => {
                left.extend(values);
                false
            }
            none => {
                *none = Some(values.collect());
                true
            }
        }
    });
    if first != Ok(true) {
        return;
    }
    while let Some(value) = LEFT.with(|left| left.borrow_mut().as_mut().and_then(Vec::pop)) {
        drop(value);
    }
    LEFT.with(|left| *left.borrow_mut() = None);
}

impl Drop for Dict {
    fn drop(&mut self) {
        let cells = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(cells, Cells::Own(Own::default())) {
            Cells::Shared(_, made) => drop_flat(made.into_values()),
            Cells::Own(own) => drop_flat(own.entries.into_iter().map(|(_, value)| value)),
        }
    }
}

impl Drop for List {
    fn drop(&mut self) {
        let items = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(items, Items::Own(Vec::new())) {
            Items::Shared(_, made) => drop_flat(made.into_values()),
            Items::Own(items) => drop_flat(items),
        }
    }
}

/// The tree of a running value.
pub(super) fn tree(value: &Value) -> Result<Tree, Error> {
    let deep =
        || Error::new(ErrorKind::BadSerialization, format!("values are nested more than {DEPTH} deep"));
    Ok(match value.kind() {
        ValueKind::Undefined | ValueKind::None => Tree::Null,
        ValueKind::Bool => Tree::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => Tree::Int(i128::try_from(value.clone())?),
        ValueKind::Number => Tree::Float(f64::try_from(value.clone())?),
        ValueKind::String => Tree::Text(value.to_str().unwrap_or_default()),
        ValueKind::Map => {
            let entry = |(key, value): (Value, Value)| Ok((tree(&key)?, tree(&value)?));
            let read = || pairs_of(value)?.into_iter().map(entry).collect::<Result<Vec<_>, Error>>();
            Tree::Map(Arc::new(Entries::new(nested(read).ok_or_else(deep)??)))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let read =
                || value.try_iter()?.checked().map(|item| tree(&item?)).collect::<Result<Vec<Tree>, Error>>();
            Tree::List(nested(read).ok_or_else(deep)??.into())
        }
        _ => {
            let message = format!("`{}` is no plain value", type_name(value));
            return Err(Error::new(ErrorKind::BadSerialization, message));
        }
    })
}
