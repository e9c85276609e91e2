//! What a template function is: a name, Go parameter types, a body.

use std::borrow::Cow;

use super::{Any, Host};

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

/// What a body may reach besides its arguments.
pub struct Scope<'a> {
    /// The outside world: clock, randomness, DNS, cluster.
    pub host: &'a dyn Host,
}

/// A template function.
pub struct Function {
    /// The name templates call it by.
    pub name: &'static str,
    /// The parameters' Go types.
    pub params: &'static [Type],
    /// Whether the last parameter repeats (zero or more times).
    pub variadic: bool,
    /// The body. Arguments have been checked against `params`.
    pub call: fn(&mut Scope<'_>, &[Any]) -> Result<Any, Fault>,
}
