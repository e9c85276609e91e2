//! What a template function is: a name, Go parameter types, a body.

use std::any::TypeId;
use std::borrow::Cow;
use std::fmt;

use super::{Any, Host};
use crate::Compat;

/// Go's error or panic text from a function's body. The executor wraps it:
/// `error calling NAME: TEXT`, with the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(Cow<'static, str>);

impl Fault {
    /// Makes a fault with Go's text.
    #[cold]
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(text.into())
    }

    /// Go's text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// The Go type of a parameter. The executor checks and converts arguments by text/template's rules
/// (`validateType`) before the body runs, so a body may rely on what it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `interface{}`: anything, nil included.
    Any,
    /// `reflect.Value`: as `interface{}`, for the built-ins that tell an absent value from nil.
    Reflect,
    /// `bool`.
    Bool,
    /// `int`: arrives as [`Any::Int`].
    Int,
    /// `int64`: arrives as [`Any::Int64`].
    Int64,
    /// `float64`.
    Float,
    /// `string`.
    String,
    /// `[]byte`.
    Bytes,
    /// `[]interface{}`.
    List,
    /// `[]string`.
    Strings,
    /// `map[string]interface{}`; a nil argument arrives as [`Any::Nil`].
    Map,
    /// A named Go type held by an [`super::Object`]: `time.Time`, `sprig.certificate`.
    Named(&'static str),
}

impl Type {
    /// The type's name in Go.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Reflect => "reflect.Value",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Float => "float64",
            Self::String => "string",
            Self::Bytes => "[]uint8",
            Self::List => "[]interface {}",
            Self::Strings => "[]string",
            Self::Map => "map[string]interface {}",
            Self::Named(name) => name,
        }
    }
}

/// What a body may reach besides its arguments.
pub struct Scope<'a> {
    /// The outside world: clock, randomness, DNS, cluster.
    pub host: &'a dyn Host,
    /// Whose behaviour to reproduce.
    pub compat: Compat,
    /// Lint mode: `required` and `fail` do not fail.
    pub lint: bool,
    /// What functions keep for the length of a render: compiled patterns, parsed constraints.
    pub memo: &'a mut Memo,
}

impl<'a> Scope<'a> {
    /// The scope of one render.
    pub fn new(host: &'a dyn Host, memo: &'a mut Memo) -> Self {
        Self { host, compat: Compat::default(), lint: false, memo }
    }
}

/// One value of each type a family of functions wants to keep during a render.
#[derive(Default)]
pub struct Memo {
    slots: Vec<(TypeId, Box<dyn std::any::Any>)>,
}

impl Memo {
    /// The value of type `T`, its default when nobody asked before.
    pub fn of<T: Default + 'static>(&mut self) -> &mut T {
        let wanted = TypeId::of::<T>();
        let index = self.slots.iter().position(|slot| slot.0 == wanted).unwrap_or_else(|| {
            self.slots.push((wanted, Box::new(T::default())));
            self.slots.len() - 1
        });
        self.slots[index].1.downcast_mut().expect("a slot holds the type it is keyed by")
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memo({})", self.slots.len())
    }
}

/// A function's body: the arguments have been checked against the parameters.
pub type Body = fn(&mut Scope<'_>, &[Any]) -> Result<Any, Fault>;

/// A template function.
#[derive(Debug)]
pub struct Function {
    /// The name templates call it by.
    pub name: &'static str,
    /// The parameters' Go types.
    pub params: &'static [Type],
    /// Whether the last parameter repeats (zero or more times).
    pub variadic: bool,
    /// The body. Arguments have been checked against `params`.
    pub call: Body,
}

impl Function {
    /// A function whose parameters are exactly `params`.
    pub(crate) const fn new(name: &'static str, params: &'static [Type], call: Body) -> Self {
        Self { name, params, variadic: false, call }
    }

    /// A function whose last parameter repeats.
    pub(crate) const fn variadic(name: &'static str, params: &'static [Type], call: Body) -> Self {
        Self { name, params, variadic: true, call }
    }
}
