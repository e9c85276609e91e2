//! Values as templates see them: Go's `interface{}`.

use std::any::Any as Downcast;
use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

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
        }
    }
}

/// A Go slice. Templates cannot assign to elements, so a clone shares them without harm.
#[derive(Clone)]
pub struct List {
    cell: Rc<(Element, Vec<Any>)>,
}

impl List {
    /// A slice of `items`, which must all be of the element's type.
    pub fn typed(element: Element, items: Vec<Any>) -> Self {
        Self { cell: Rc::new((element, items)) }
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
        self.cell.0
    }

    /// The items.
    #[inline]
    pub fn items(&self) -> &[Any] {
        &self.cell.1
    }

    /// How many items there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.cell.1.len()
    }

    /// Whether there are no items.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.cell.1.is_empty()
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
}

struct MapCell {
    kind: Cell<MapType>,
    /// What the map is made of until somebody looks inside.
    frozen: RefCell<Option<Arc<data::Map>>>,
    entries: RefCell<Vec<(Str, Any)>>,
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
        Self {
            cell: Rc::new(MapCell {
                kind: Cell::new(kind),
                frozen: RefCell::new(None),
                entries: RefCell::new(entries),
            }),
        }
    }

    /// A map over a shared tree, opened when it is first looked into.
    pub fn frozen(map: Arc<data::Map>) -> Self {
        Self {
            cell: Rc::new(MapCell {
                kind: Cell::new(MapType::Any),
                frozen: RefCell::new(Some(map)),
                entries: RefCell::default(),
            }),
        }
    }

    #[cold]
    fn thaw(&self) {
        if let Some(map) = self.cell.frozen.take() {
            *self.cell.entries.borrow_mut() =
                map.iter().map(|(key, value)| (key.clone(), Any::from(value))).collect();
        }
    }

    #[inline]
    fn open(&self) -> Ref<'_, Vec<(Str, Any)>> {
        if self.cell.frozen.borrow().is_some() {
            self.thaw();
        }
        self.cell.entries.borrow()
    }

    /// Which Go type it is.
    pub fn kind(&self) -> MapType {
        self.cell.kind.get()
    }

    /// The same map under another type's name.
    pub fn set_kind(&self, kind: MapType) {
        self.cell.kind.set(kind);
    }

    /// The value under `key`.
    #[inline]
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<Any> {
        let entries = self.open();
        let found = entries.binary_search_by(|entry| entry.0.as_bytes().cmp(key.as_ref()));
        found.ok().map(|index| entries[index].1.clone())
    }

    /// Whether `key` is there.
    pub fn contains_key(&self, key: impl AsRef<[u8]>) -> bool {
        self.open().binary_search_by(|entry| entry.0.as_bytes().cmp(key.as_ref())).is_ok()
    }

    /// Puts `value` under `key`, for all who share the map.
    pub fn insert(&self, key: impl Into<Str>, value: Any) {
        let key = key.into();
        drop(self.open());
        let mut entries = self.cell.entries.borrow_mut();
        match entries.binary_search_by(|entry| entry.0.cmp(&key)) {
            Ok(index) => entries[index].1 = value,
            Err(index) => entries.insert(index, (key, value)),
        }
    }

    /// Takes `key` out, for all who share the map.
    pub fn remove(&self, key: impl AsRef<[u8]>) {
        drop(self.open());
        let mut entries = self.cell.entries.borrow_mut();
        if let Ok(index) = entries.binary_search_by(|entry| entry.0.as_bytes().cmp(key.as_ref())) {
            entries.remove(index);
        }
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        match &*self.cell.frozen.borrow() {
            Some(map) => map.len(),
            None => self.cell.entries.borrow().len(),
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
        self.cell.frozen.borrow().clone()
    }

    /// Whether both are the one map.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.cell, &other.cell)
    }
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

    /// What `%v` prints (its `String` method, or the fields).
    fn print(&self, out: &mut Vec<u8>);

    /// What encoding/json makes of it (toJson, toYaml).
    fn to_value(&self) -> Value {
        Value::Null
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
    /// A map that contains itself (`set . "x" .`), which Go's encoder refuses too: the nesting limit.
    pub fn to_value(&self) -> Result<Value, Fault> {
        self.to_value_at(0)
    }

    fn to_value_at(&self, depth: usize) -> Result<Value, Fault> {
        /// encoding/json gives up on cycles it meets after 1,000 levels of pointers.
        const LIMIT: usize = 1_000;
        if depth > LIMIT {
            return Err(Fault::new(format!(
                "json: unsupported value: encountered a cycle via {}",
                self.type_name()
            )));
        }
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
            Self::List(list) if list.element() == Element::Byte => {
                let bytes = list.items().iter().map(|item| match item {
                    Self::Uint8(byte) => *byte,
                    _ => 0,
                });
                let bytes: Vec<u8> = bytes.collect();
                Value::String(data::json::encode_base64(&bytes).into())
            }
            Self::List(list) => Value::List(Arc::new(
                list.items().iter().map(|item| item.to_value_at(depth + 1)).collect::<Result<_, _>>()?,
            )),
            Self::Map(map) => match map.as_frozen() {
                Some(tree) => Value::Map(tree),
                None => map
                    .entries()
                    .iter()
                    .map(|(key, item)| Ok((key.clone(), item.to_value_at(depth + 1)?)))
                    .collect::<Result<data::Map, Fault>>()?
                    .into(),
            },
            Self::Object(object) => object.to_value(),
        })
    }
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
            Value::List(list) => Self::List(List::new(list.iter().map(Self::from).collect())),
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
