//! Values as templates see them: Go's `interface{}`.

use std::any::Any as Downcast;
use std::cell::{OnceCell, Ref, RefCell};
use std::collections::HashSet;
use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::data::{self, Str, Value};

use super::{Fault, Scope};

/// What Go's `interface{}` holds, as far as templates can meet it.
///
/// Clones share: a map changed through one clone is changed in all, as in Go. Everything lives in one
/// render on one thread; what is shared between renders is a [`Value`], which [`Any::from`] wraps
/// lazily, level by level, as templates touch it.
#[derive(Clone, Default)]
pub enum Any {
    /// The nil interface.
    #[default]
    Nil,
    /// `bool`.
    Bool(bool),
    /// `int`: literals, `len`, `int`.
    Int(i64),
    /// `int64`: `--set`, `int64`, `add`.
    Int64(i64),
    /// `uint8`: a byte of a string or of `[]byte`.
    Uint8(u8),
    /// `uint64`.
    Uint64(u64),
    /// `float64`: everything from YAML and JSON.
    Float(f64),
    /// `complex128`: only literals such as `1i`.
    Complex(Rc<(f64, f64)>),
    /// `time.Duration`, in nanoseconds.
    Duration(i64),
    /// `string`.
    Str(Str),
    /// A slice.
    List(List),
    /// A map with string keys.
    Map(Map),
    /// Everything else: structs, pointers, functions' results with methods.
    Object(Rc<dyn Object>),
}

/// The element type of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// `[]interface {}`.
    Any,
    /// `[]string`.
    String,
    /// `[]int`.
    Int,
    /// `[]uint8`, which is `[]byte`.
    Byte,
    /// `[]float64`.
    Float,
    /// `[]map[string]interface {}`.
    Map,
    /// `[][]interface {}`: what `chunk` makes.
    List,
}

impl Element {
    /// The slice type's name in Go.
    pub fn slice_name(self) -> &'static str {
        match self {
            Self::Any => "[]interface {}",
            Self::String => "[]string",
            Self::Int => "[]int",
            Self::Byte => "[]uint8",
            Self::Float => "[]float64",
            Self::Map => "[]map[string]interface {}",
            Self::List => "[][]interface {}",
        }
    }
}

/// A Go slice. Templates cannot assign to elements, so a clone shares them without harm; the one function
/// that changes a slice in place is `sortAlpha`.
#[derive(Clone)]
pub struct List {
    cell: Rc<ListCell>,
}

struct ListCell {
    element: Element,
    nil: bool,
    /// How many of `items` belong to the slice; the others lie behind it in Go's backing array.
    length: usize,
    capacity: Capacity,
    items: Vec<Any>,
    /// The items of a `[]byte`: a value for each byte is made when somebody looks at them, which few do.
    bytes: Option<Arc<[u8]>>,
    /// The items once they were made of `bytes`, or `sortAlpha` has sorted them in place.
    later: OnceCell<Vec<Any>>,
}

/// What Go's `cap` of a slice is; only `slice` can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// As many as there are items.
    Exact,
    /// What `append` leaves after adding the items one by one.
    Grown,
    /// So many.
    Of(usize),
}

impl List {
    /// A slice of `items`, which must all be of the element's type.
    pub fn typed(element: Element, items: Vec<Any>) -> Self {
        Self::with_capacity(element, items, Capacity::Exact)
    }

    /// As [`List::typed`], with a capacity other than the number of items.
    pub fn with_capacity(element: Element, items: Vec<Any>, capacity: Capacity) -> Self {
        let length = items.len();
        Self::of(ListCell {
            element,
            nil: false,
            length,
            capacity,
            items,
            bytes: None,
            later: OnceCell::new(),
        })
    }

    fn of(cell: ListCell) -> Self {
        Self { cell: Rc::new(cell) }
    }

    /// The nil slice: empty, and `null` in JSON.
    pub fn nil(element: Element) -> Self {
        Self::of(ListCell {
            element,
            nil: true,
            length: 0,
            capacity: Capacity::Exact,
            items: Vec::new(),
            bytes: None,
            later: OnceCell::new(),
        })
    }

    /// A `[]byte`.
    pub fn bytes(bytes: Arc<[u8]>) -> Self {
        Self::of(ListCell {
            element: Element::Byte,
            nil: false,
            length: bytes.len(),
            capacity: Capacity::Exact,
            items: Vec::new(),
            bytes: Some(bytes),
            later: OnceCell::new(),
        })
    }

    /// A `[]interface {}`.
    pub fn new(items: Vec<Any>) -> Self {
        Self::typed(Element::Any, items)
    }

    /// A `[]string`.
    pub fn strings(texts: impl IntoIterator<Item = Str>) -> Self {
        Self::typed(Element::String, texts.into_iter().map(Any::Str).collect())
    }

    /// The element type.
    pub fn element(&self) -> Element {
        self.cell.element
    }

    /// Whether it is Go's nil slice.
    pub fn is_nil(&self) -> bool {
        self.cell.nil
    }

    #[inline]
    fn backing(&self) -> &[Any] {
        match (self.cell.later.get(), &self.cell.bytes) {
            (Some(items), _) => items,
            (None, None) => &self.cell.items,
            (None, Some(bytes)) => {
                self.cell.later.get_or_init(|| bytes.iter().map(|&byte| Any::Uint8(byte)).collect())
            }
        }
    }

    /// The items.
    #[inline]
    pub fn items(&self) -> &[Any] {
        &self.backing()[..self.cell.length]
    }

    /// How many items there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.cell.length
    }

    /// Whether there are no items.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.cell.length == 0
    }

    /// Go's `cap`.
    pub fn capacity(&self) -> usize {
        match self.cell.capacity {
            Capacity::Exact => self.cell.length,
            Capacity::Grown => super::capacity::after_appends(self.cell.element, self.cell.length),
            Capacity::Of(capacity) => capacity,
        }
    }

    /// Go's `list[start:end]`, which may reach behind the items up to the capacity; `None` when it goes
    /// farther.
    pub fn slice(&self, start: usize, end: usize) -> Option<Self> {
        let capacity = self.capacity();
        if start > end || end > capacity {
            return None;
        }
        let zero = match self.cell.element {
            Element::Any => Any::Nil,
            Element::String => Any::Str(Str::EMPTY),
            Element::Int => Any::Int(0),
            Element::Byte => Any::Uint8(0),
            Element::Float => Any::Float(0.0),
            Element::Map => Any::Map(Map::nil()),
            Element::List => Any::List(Self::nil(Element::Any)),
        };
        let mut items = self.backing().get(start..).unwrap_or_default().to_vec();
        if items.len() < end - start {
            items.resize(end - start, zero);
        }
        Some(Self::of(ListCell {
            element: self.cell.element,
            nil: self.cell.nil,
            length: end - start,
            capacity: Capacity::Of(capacity - start),
            items,
            bytes: None,
            later: OnceCell::new(),
        }))
    }

    /// Sorts a `[]string` by its bytes, for all who share it.
    pub fn sort_in_place(&self) {
        if self.cell.bytes.is_some() {
            return;
        }
        self.cell.later.get_or_init(|| {
            let mut items = self.cell.items.clone();
            if let Some(visible) = items.get_mut(..self.cell.length) {
                visible.sort_by(|left, right| match (left, right) {
                    (Any::Str(left), Any::Str(right)) => left.cmp(right),
                    _ => std::cmp::Ordering::Equal,
                });
            }
            items
        });
    }

    /// Whether both are the one slice.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.cell, &other.cell)
    }
}

/// Takes nested lists and maps apart in a loop: their own drops, one inside the other, would overflow the
/// stack on a value that a template nested a hundred thousand times.
fn unnest(items: &mut Vec<Any>) {
    let nested = |item: &Any| matches!(item, Any::List(_) | Any::Map(_));
    if !items.iter().any(nested) {
        return;
    }
    let mut pending = std::mem::take(items);
    while let Some(item) = pending.pop() {
        match item {
            Any::List(list) => {
                if let Some(mut cell) = Rc::into_inner(list.cell) {
                    pending.append(&mut cell.items);
                }
            }
            Any::Map(map) => {
                if let Some(mut cell) = Rc::into_inner(map.cell)
                    && let Store::Live(entries) = cell.store.get_mut()
                {
                    pending.extend(std::mem::take(entries).into_iter().map(|entry| entry.1));
                }
            }
            _ => {}
        }
    }
}

impl Drop for ListCell {
    fn drop(&mut self) {
        unnest(&mut self.items);
        if let Some(mut items) = self.later.take() {
            unnest(&mut items);
        }
    }
}

impl Drop for MapCell {
    fn drop(&mut self) {
        if let Store::Live(entries) = self.store.get_mut()
            && entries.iter().any(|entry| matches!(entry.1, Any::List(_) | Any::Map(_)))
        {
            unnest(&mut std::mem::take(entries).into_iter().map(|entry| entry.1).collect());
        }
    }
}

/// Which Go map type a map is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapType {
    /// `map[string]interface {}`.
    Any,
    /// `map[string]string`.
    String,
    /// Helm's named type for `.Values`: `common.Values` in Helm 4, `chartutil.Values` in Helm 3.
    Values4,
    /// See [`MapType::Values4`].
    Values3,
}

impl MapType {
    /// The type's name in Go.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "map[string]interface {}",
            Self::String => "map[string]string",
            Self::Values4 => "common.Values",
            Self::Values3 => "chartutil.Values",
        }
    }
}

/// A Go map with string keys: shared, mutable, walked in key order (as Go's templates and printers do).
#[derive(Clone)]
pub struct Map {
    cell: Rc<MapCell>,
    /// The type it is seen as: one map can be `.Values` here and a plain map there.
    kind: MapType,
}

struct MapCell {
    nil: bool,
    store: RefCell<Store>,
}

enum Store {
    /// Nobody has taken a map or list out, or changed anything: still the tree it was made of.
    Frozen(Arc<data::Map>),
    Live(Vec<(Str, Any)>),
}

impl Store {
    fn live(&self) -> &Vec<(Str, Any)> {
        match self {
            Self::Live(entries) => entries,
            Self::Frozen(_) => unreachable!("opened before"),
        }
    }
}

fn position(entries: &[(Str, Any)], key: &[u8]) -> Result<usize, usize> {
    entries.binary_search_by(|entry| entry.0.as_bytes().cmp(key))
}

impl Map {
    /// An empty `map[string]interface {}`.
    pub fn new() -> Self {
        Self::typed(MapType::Any, Vec::new())
    }

    /// A map of `entries` in any order; of equal keys the last one wins.
    pub fn typed(kind: MapType, mut entries: Vec<(Str, Any)>) -> Self {
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
        Self::made(kind, false, Store::Live(entries))
    }

    fn made(kind: MapType, nil: bool, store: Store) -> Self {
        Self { cell: Rc::new(MapCell { nil, store: RefCell::new(store) }), kind }
    }

    /// A map over a shared tree, opened when it is first looked into.
    pub fn frozen(map: Arc<data::Map>) -> Self {
        Self::made(MapType::Any, false, Store::Frozen(map))
    }

    /// The nil `map[string]interface {}`: empty, and `null` in JSON. Whoever puts something in must have
    /// asked [`Map::is_nil`].
    pub fn nil() -> Self {
        Self::made(MapType::Any, true, Store::Live(Vec::new()))
    }

    /// The nil map of another type.
    pub fn nil_of(kind: MapType) -> Self {
        Self { kind, ..Self::nil() }
    }

    /// Whether it is Go's nil map.
    pub fn is_nil(&self) -> bool {
        self.cell.nil
    }

    #[cold]
    fn thaw(&self) {
        let mut store = self.cell.store.borrow_mut();
        if let Store::Frozen(map) = &*store {
            *store = Store::Live(map.iter().map(|(key, value)| (key.clone(), Any::from(value))).collect());
        }
    }

    #[inline]
    fn open(&self) -> Ref<'_, Vec<(Str, Any)>> {
        let store = self.cell.store.borrow();
        if matches!(*store, Store::Live(_)) {
            return Ref::map(store, Store::live);
        }
        drop(store);
        self.thaw();
        Ref::map(self.cell.store.borrow(), Store::live)
    }

    /// Changes the entries. What is thrown away is dropped afterwards: it may be this very map.
    fn change<R>(&self, change: impl FnOnce(&mut Vec<(Str, Any)>) -> R) -> Option<R> {
        drop(self.open());
        match &mut *self.cell.store.borrow_mut() {
            Store::Live(entries) => Some(change(entries)),
            Store::Frozen(_) => None,
        }
    }

    /// Which Go type it is.
    pub fn kind(&self) -> MapType {
        self.kind
    }

    /// The same map as a Go function sees and returns it whose parameter is a `map[string]interface{}`:
    /// `.Values` loses its named type on the way through `set` and `merge`.
    #[must_use]
    pub fn plain(&self) -> Self {
        self.seen_as(MapType::Any)
    }

    /// The same map under another type's name.
    #[must_use]
    pub fn seen_as(&self, kind: MapType) -> Self {
        Self { cell: Rc::clone(&self.cell), kind }
    }

    /// The value under `key`.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<Any> {
        let key = key.as_ref();
        match &*self.cell.store.borrow() {
            Store::Frozen(map) => match map.get(key)? {
                Value::Map(_) | Value::List(_) => {}
                scalar => return Some(Any::from(scalar)),
            },
            Store::Live(entries) => {
                return position(entries, key).ok().map(|index| entries[index].1.clone());
            }
        }
        let entries = self.open();
        position(&entries, key).ok().map(|index| entries[index].1.clone())
    }

    /// Looks at the value under `key` without copying it. `hint` is where the key was the last time.
    #[inline]
    pub(super) fn look<R>(&self, key: &Str, hint: &AtomicU32, look: impl FnOnce(&Any) -> R) -> Option<R> {
        let store = self.cell.store.borrow();
        let Store::Live(entries) = &*store else {
            drop(store);
            return self.look_frozen(key, hint, look);
        };
        if let Some(entry) = entries.get(hint.load(Ordering::Relaxed) as usize)
            && entry.0 == *key
        {
            return Some(look(&entry.1));
        }
        let index = position(entries, key).ok()?;
        hint.store(index as u32, Ordering::Relaxed);
        Some(look(&entries[index].1))
    }

    /// As [`Map::look`], for a map nobody has opened: a scalar can be had without that.
    fn look_frozen<R>(&self, key: &Str, hint: &AtomicU32, look: impl FnOnce(&Any) -> R) -> Option<R> {
        let store = self.cell.store.borrow();
        let Store::Frozen(map) = &*store else { return None };
        let index = map.position(key, hint.load(Ordering::Relaxed) as usize)?;
        hint.store(index as u32, Ordering::Relaxed);
        let (_, value) = map.entry(index)?;
        if !matches!(value, Value::Map(_) | Value::List(_)) {
            return Some(look(&Any::from(value)));
        }
        drop(store);
        self.thaw();
        let entries = self.open();
        entries.get(index).map(|entry| look(&entry.1))
    }

    /// Whether `key` is there.
    pub fn contains_key(&self, key: impl AsRef<[u8]>) -> bool {
        match &*self.cell.store.borrow() {
            Store::Frozen(map) => map.contains_key(key),
            Store::Live(entries) => position(entries, key.as_ref()).is_ok(),
        }
    }

    /// Puts `value` under `key`, for all who share the map.
    pub fn insert(&self, key: impl Into<Str>, value: Any) {
        let key = key.into();
        if value.may_lead_back() {
            remember_knot(self, &key);
        }
        let _replaced = self.change(|entries| {
            if entries.last().is_none_or(|last| last.0 < key) {
                entries.push((key, value));
                return Any::Nil;
            }
            match position(entries, &key) {
                Ok(index) => std::mem::replace(&mut entries[index].1, value),
                Err(index) => {
                    entries.insert(index, (key, value));
                    Any::Nil
                }
            }
        });
    }

    /// Takes `key` out, for all who share the map.
    pub fn remove(&self, key: impl AsRef<[u8]>) {
        let _removed =
            self.change(|entries| position(entries, key.as_ref()).ok().map(|index| entries.remove(index)));
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        match &*self.cell.store.borrow() {
            Store::Frozen(map) => map.len(),
            Store::Live(entries) => entries.len(),
        }
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries by key, as they are now: changes made meanwhile are not seen.
    pub fn entries(&self) -> Vec<(Str, Any)> {
        self.open().clone()
    }

    /// Looks at the entries without copying them. `look` must not change this map.
    pub fn with_entries<R>(&self, look: impl FnOnce(&[(Str, Any)]) -> R) -> R {
        look(&self.open())
    }

    /// The keys, in order.
    pub fn keys(&self) -> Vec<Str> {
        self.open().iter().map(|entry| entry.0.clone()).collect()
    }

    /// The shared tree, if nobody has looked inside yet. Emitters may read it directly.
    pub fn as_frozen(&self) -> Option<Arc<data::Map>> {
        match &*self.cell.store.borrow() {
            Store::Frozen(map) => Some(Arc::clone(map)),
            Store::Live(_) => None,
        }
    }

    /// Whether both are the one map.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.cell, &other.cell)
    }
}

thread_local! {
    /// Where maps and lists were put into maps: among these are the places where a map came to contain itself.
    static KNOTS: RefCell<Vec<(Weak<MapCell>, Str)>> = const { RefCell::new(Vec::new()) };
}

fn remember_knot(map: &Map, key: &Str) {
    /// From how many on the dead ones are thrown out.
    const MANY: usize = 4_096;
    // While a thread ends there is nothing to remember any more.
    let _ = KNOTS.try_with(|knots| {
        let mut knots = knots.borrow_mut();
        if knots.len() >= MANY && knots.len().is_power_of_two() {
            knots.retain(|(map, _)| map.strong_count() > 0);
        }
        knots.push((Rc::downgrade(&map.cell), key.clone()));
    });
}

/// Takes apart the maps of this thread that contain themselves (`set . "self" .`): reference counts alone
/// would keep them for ever. Called when a render is over.
pub(super) fn untie_knots() {
    let knots = KNOTS.try_with(RefCell::take).unwrap_or_default();
    // Enough for any chart; what is left over then leaks.
    let mut budget = 1_000_000;
    for (map, key) in knots {
        let Some(cell) = map.upgrade() else { continue };
        let map = Map { kind: MapType::Any, cell };
        let Some(value) = map.get(&key) else { continue };
        if leads_to(value, &map, &mut budget) {
            map.remove(&key);
        }
    }
}

/// Whether `map` is inside of `value`.
fn leads_to(value: Any, map: &Map, budget: &mut usize) -> bool {
    let mut seen = HashSet::new();
    let mut pending = vec![value];
    while let Some(value) = pending.pop() {
        if *budget == 0 {
            return false;
        }
        *budget -= 1;
        match value {
            Any::Map(inner) if inner.same(map) => return true,
            Any::Map(inner) if seen.insert(Rc::as_ptr(&inner.cell)) => {
                if let Store::Live(entries) = &*inner.cell.store.borrow() {
                    pending.extend(
                        entries.iter().filter(|entry| entry.1.may_lead_back()).map(|entry| entry.1.clone()),
                    );
                }
            }
            Any::List(list) => {
                pending.extend(list.items().iter().filter(|item| item.may_lead_back()).cloned())
            }
            _ => {}
        }
    }
    false
}

impl Default for Map {
    fn default() -> Self {
        Self::new()
    }
}

/// A Go value with fields and methods: `time.Time`, `.Files`, `.Capabilities`, a certificate.
pub trait Object: fmt::Debug {
    /// `%T`, for instance `time.Time` or `*semver.Version`.
    fn type_name(&self) -> &str;

    /// `reflect.Kind`, for instance `struct`, `ptr`, `slice`, `map`, `int64`.
    fn kind(&self) -> &'static str;

    /// An exported field's value, or a map key's.
    fn field(&self, _name: &[u8]) -> Option<Any> {
        None
    }

    /// The parameters of a method, if there is one of that name.
    fn method(&self, _name: &[u8]) -> Option<&'static Method> {
        None
    }

    /// `range` and `index` over a map or slice type; `None` when it is neither.
    fn entries(&self) -> Option<Vec<(Any, Any)>> {
        None
    }

    /// Go template truth: false for empty maps and slices and zero numbers; structs are true.
    fn truth(&self) -> bool {
        true
    }

    /// Go: `reflect.Type.Comparable`: no map or slice, and no struct that holds one.
    fn comparable(&self) -> bool {
        !matches!(self.kind(), "map" | "slice")
    }

    /// What `%v` prints (its `String` method, or the fields).
    fn print(&self, out: &mut Vec<u8>);

    /// What an action prints: the same, but of a pointer what it points at.
    fn print_in_action(&self, out: &mut Vec<u8>) {
        let start = out.len();
        self.print(out);
        if self.kind() == "ptr" && out.get(start) == Some(&b'&') {
            out.remove(start);
        }
    }

    /// The zero value of a map's elements, where they are no interfaces.
    fn zero(&self) -> Option<Any> {
        None
    }

    /// The value as `deepCopy` gives it, where that differs: fields that are not exported are lost.
    fn deep_copied(&self) -> Option<Any> {
        None
    }

    /// Go's `list[start:end]` of a named slice type, which keeps its name.
    fn part(&self, _start: usize, _end: usize) -> Option<Any> {
        None
    }

    /// The value as a function gives it back, which is a copy: the methods of pointers to it are lost.
    fn copied(&self) -> Option<Any> {
        None
    }

    /// The plain value of a named type such as `time.Month` (an int) or `VersionSet` (a `[]string`): what
    /// comparisons, `index`, `range` and verbs like `%d` use.
    fn underlying(&self) -> Option<Any> {
        None
    }

    /// The fields of a struct without a `String` method, in order; printf's verbs go through them.
    fn fields(&self) -> Option<Vec<(&'static str, Any)>> {
        None
    }

    /// What encoding/json makes of it (toJson, toYaml).
    fn to_value(&self) -> Value {
        Value::Null
    }

    /// The fields encoding/json writes, in the order of the struct, where `toJson` shows it; `None` when
    /// [`Object::to_value`] says all.
    fn json_fields(&self) -> Option<Vec<(&'static str, Any)>> {
        None
    }

    /// For [`Any::downcast`].
    fn as_any(&self) -> &dyn Downcast;
}

/// A method of an [`Object`]: like a function, with the receiver as its first argument, already checked.
#[derive(Debug)]
pub struct Method {
    /// The method's name.
    pub name: &'static str,
    /// The parameters after the receiver.
    pub params: &'static [super::Type],
    /// Whether the last parameter repeats.
    pub variadic: bool,
    /// The body; the first argument is the receiver.
    pub call: fn(&mut Scope<'_>, &[Any]) -> Result<Any, Fault>,
}

impl Any {
    /// A string.
    pub fn str(text: impl Into<Str>) -> Self {
        Self::Str(text.into())
    }

    /// An object.
    pub fn object(object: impl Object + 'static) -> Self {
        Self::Object(Rc::new(object))
    }

    /// Whether it may hold the map it is put into.
    fn may_lead_back(&self) -> bool {
        match self {
            Self::Map(map) => matches!(*map.cell.store.borrow(), Store::Live(_)),
            Self::List(list) => list.items().iter().any(|item| matches!(item, Self::Map(_) | Self::List(_))),
            _ => false,
        }
    }

    /// The object, if it is one of type `T`.
    pub fn downcast<T: 'static>(&self) -> Option<&T> {
        match self {
            Self::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// `%T`.
    pub fn type_name(&self) -> &str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Uint8(_) => "uint8",
            Self::Uint64(_) => "uint64",
            Self::Float(_) => "float64",
            Self::Complex(_) => "complex128",
            Self::Duration(_) => "time.Duration",
            Self::Str(_) => "string",
            Self::List(list) => list.element().slice_name(),
            Self::Map(map) => map.kind().name(),
            Self::Object(object) => object.type_name(),
        }
    }

    /// `reflect.Kind`; `invalid` for nil.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "invalid",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) | Self::Duration(_) => "int64",
            Self::Uint8(_) => "uint8",
            Self::Uint64(_) => "uint64",
            Self::Float(_) => "float64",
            Self::Complex(_) => "complex128",
            Self::Str(_) => "string",
            Self::List(_) => "slice",
            Self::Map(_) => "map",
            Self::Object(object) => object.kind(),
        }
    }

    /// text/template's truth (`IsTrue`): not the zero of its type, not empty.
    pub fn truth(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(truth) => *truth,
            Self::Int(number) | Self::Int64(number) | Self::Duration(number) => *number != 0,
            Self::Uint8(number) => *number != 0,
            Self::Uint64(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Complex(number) => **number != (0.0, 0.0),
            Self::Str(text) => !text.is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Object(object) => object.truth(),
        }
    }

    /// The tree of this value, as encoding/json sees it: integers stay [`Value::Int`], `[]byte` becomes
    /// base64 text, objects give their [`Object::to_value`].
    ///
    /// # Errors
    /// A map that contains itself (`set . "x" .`), which Go's encoder refuses too: the nesting limit. A value
    /// of very many parts, most of them the same one again.
    pub fn to_value(&self) -> Result<Value, Fault> {
        self.to_value_at(0, &mut 0)
    }

    // Three small functions and plain loops: the frames of one level are what 2 MiB of stack are divided by.
    fn to_value_at(&self, depth: usize, parts: &mut usize) -> Result<Value, Fault> {
        /// No writer goes deeper. encoding/json gives up on cycles after 1,000 levels of pointers.
        const DEPTH: usize = data::yaml::MAX_DEPTH;
        /// What is written out is a tree, even where lists and maps are shared and few.
        const PARTS: usize = 5_000_000;
        if depth > DEPTH {
            let name = self.type_name();
            return Err(Fault::new(format!("json: unsupported value: encountered a cycle via {name}")));
        }
        *parts += 1;
        if *parts > PARTS {
            return Err(Fault::new(format!("json: the value has more than {PARTS} parts")));
        }
        match self {
            Self::List(list) if !list.is_nil() && list.element() != Element::Byte => {
                list_value(list, depth, parts)
            }
            Self::Map(map) if !map.is_nil() => match map.as_frozen() {
                Some(tree) => Ok(Value::Map(tree)),
                None => map_value(map, depth, parts),
            },
            _ => self.leaf_value(),
        }
    }

    /// [`Any::to_value`] of what holds no other values.
    fn leaf_value(&self) -> Result<Value, Fault> {
        Ok(match self {
            Self::Nil => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Int(number) | Self::Int64(number) | Self::Duration(number) => Value::Int(*number),
            Self::Uint8(number) => Value::Int(i64::from(*number)),
            Self::Uint64(number) => match i64::try_from(*number) {
                Ok(number) => Value::Int(number),
                Err(_) => Value::Float(*number as f64),
            },
            Self::Float(number) => Value::Float(*number),
            Self::Complex(_) => return Err(Fault::new("json: unsupported type: complex128")),
            Self::Str(text) => Value::String(text.clone()),
            Self::List(list) if !list.is_nil() => {
                let bytes = list.items().iter().map(|item| match item {
                    Self::Uint8(byte) => *byte,
                    _ => 0,
                });
                let bytes: Vec<u8> = bytes.collect();
                Value::String(data::json::encode_base64(&bytes).into())
            }
            Self::List(_) | Self::Map(_) => Value::Null,
            Self::Object(object) => object.to_value(),
        })
    }
}

fn list_value(list: &List, depth: usize, parts: &mut usize) -> Result<Value, Fault> {
    let items = list.items();
    let mut values = Vec::with_capacity(items.len());
    for item in items.iter() {
        values.push(item.to_value_at(depth + 1, parts)?);
    }
    Ok(Value::List(Arc::new(values)))
}

fn map_value(map: &Map, depth: usize, parts: &mut usize) -> Result<Value, Fault> {
    let mut values = data::Map::default();
    for (key, item) in map.entries().iter() {
        values.insert(key.clone(), item.to_value_at(depth + 1, parts)?);
    }
    Ok(values.into())
}

impl fmt::Debug for Any {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        super::print::write_v(&mut out, self);
        write!(f, "{}({})", self.type_name(), String::from_utf8_lossy(&out))
    }
}

impl From<&Value> for Any {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Nil,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Int(number) => Self::Int64(*number),
            Value::Float(number) => Self::Float(*number),
            Value::String(text) => Self::Str(text.clone()),
            // encoding/json appends the items of an array one by one.
            Value::List(list) => Self::List(List::with_capacity(
                Element::Any,
                list.iter().map(Self::from).collect(),
                Capacity::Grown,
            )),
            Value::Map(map) => Self::Map(Map::frozen(Arc::clone(map))),
        }
    }
}

impl From<Value> for Any {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_any_takes_three_words() {
        assert_eq!(size_of::<Any>(), 24);
    }

    #[test]
    fn a_value_nested_deeply_is_dropped_without_recursion() {
        let mut value = Any::Nil;
        for level in 0..300_000 {
            value = if level % 2 == 0 {
                Any::List(List::new(vec![value]))
            } else {
                Any::Map(Map::typed(MapType::Any, vec![("a".into(), value)]))
            };
        }
        drop(value);
    }

    #[test]
    fn maps_that_contain_themselves_are_freed() {
        let (map, inner) = {
            let (map, inner) = (Map::new(), Map::new());
            map.insert("inner", Any::List(List::new(vec![Any::Map(inner.clone())])));
            inner.insert("outer", Any::Map(map.clone()));
            (Rc::downgrade(&map.cell), Rc::downgrade(&inner.cell))
        };
        assert_eq!((map.strong_count(), inner.strong_count()), (1, 1));
        untie_knots();
        assert_eq!((map.strong_count(), inner.strong_count()), (0, 0));
    }

    #[test]
    fn clones_of_a_frozen_map_share_changes() {
        let tree = Value::from(data::Map::from_entries(vec![("a".into(), Value::empty_map())]));
        let Any::Map(map) = Any::from(&tree) else { panic!("a map") };
        let Some(Any::Map(inner)) = map.get("a") else { panic!("a map") };
        inner.insert("x", Any::Int(1));
        let Some(Any::Map(again)) = map.get("a") else { panic!("a map") };
        assert!(again.contains_key("x"));
        assert_eq!(tree.get("a").and_then(Value::as_map).map(data::Map::len), Some(0));
    }
}
