//! What the parser makes and the executor runs: a flat list of steps per template.
//!
//! A stack machine. Nothing recurses, so neither deep expressions nor deep includes need native stack.

use std::sync::atomic::AtomicU32;

use crate::data::Str;

use super::ast::NodeId;
use super::{Any, Function, Type};

/// Where to go on: an index into [`Body::code`].
pub(super) type Target = u32;

/// The body of one template.
#[derive(Debug)]
pub(super) struct Body {
    /// `None` for the file itself, which is named when it is added.
    pub(super) name: Option<Str>,
    pub(super) code: Vec<Op>,
    /// How many variables may be alive at once, `$` included.
    pub(super) slots: u32,
    /// Whether there is nothing but white space and comments.
    pub(super) empty: bool,
}

/// One field name of a chain.
#[derive(Debug)]
pub(super) struct Ident {
    pub(super) name: Str,
    /// Where a map had this key the last time: a guess, checked before use.
    pub(super) hint: AtomicU32,
    /// Whether it is the name of a method of `.Values`, which goes before a key of that name.
    pub(super) of_values: bool,
}

/// A constant, ready to become an [`Any`].
#[derive(Debug, Clone)]
pub(super) enum Literal {
    Nil,
    Bool(bool),
    Int(i64),
    Int64(i64),
    Duration(i64),
    Float(f64),
    Complex(f64, f64),
    Str(Str),
}

impl Literal {
    pub(super) fn to_any(&self) -> Any {
        match self {
            Self::Nil => Any::Nil,
            Self::Bool(truth) => Any::Bool(*truth),
            Self::Int(number) => Any::Int(*number),
            Self::Int64(number) => Any::Int64(*number),
            Self::Duration(number) => Any::Duration(*number),
            Self::Float(number) => Any::Float(*number),
            Self::Complex(real, imaginary) => Any::Complex(std::rc::Rc::new((*real, *imaginary))),
            Self::Str(text) => Any::Str(text.clone()),
        }
    }
}

/// A run of [`super::Parsed::idents`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    pub(super) start: u32,
    pub(super) length: u32,
}

/// What a loop sets, and where it goes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Loop {
    /// The variable for the index or key.
    pub(super) key: Option<u32>,
    /// The variable for the element.
    pub(super) element: Option<u32>,
    /// Whether there are two variables.
    pub(super) pair: bool,
    /// The first step of the body.
    pub(super) body: Target,
    /// The first step of the else-list, or the end.
    pub(super) otherwise: Target,
    /// The [`Op::Next`].
    pub(super) next: Target,
    pub(super) end: Target,
}

/// Whether a value came straight out of a map or list of interfaces.
///
/// Go's reflection remembers that; after a pipe or a call it is forgotten. Only some error texts and `nil`
/// depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Never an interface.
    Concrete,
    /// As the last field, variable or dot was.
    Dynamic,
}

/// One step. `node` is where errors are from then on; [`super::ast::NO_NODE`] leaves that as it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Op {
    /// Writes a piece of the source.
    Text {
        start: u32,
        end: u32,
    },
    /// Pops and prints.
    Print,
    /// Prints a field of the dot: [`Op::Field`] and [`Op::Print`].
    PrintField {
        chain: Chain,
        node: NodeId,
    },
    /// Prints a field of a variable.
    PrintVariableField {
        slot: u32,
        chain: Chain,
        node: NodeId,
    },
    /// Pops, indents by that many spaces after a line break, and prints: `| nindent 4`.
    PrintIndented {
        spaces: u32,
        line_break: bool,
    },
    /// Pushes a constant.
    Literal {
        index: u32,
        node: NodeId,
    },
    /// Pushes the dot.
    Dot {
        node: NodeId,
    },
    /// Pushes a variable.
    Variable {
        slot: u32,
        node: NodeId,
    },
    /// Pushes a field of the dot.
    Field {
        chain: Chain,
        node: NodeId,
    },
    /// Pushes a field of a variable.
    VariableField {
        slot: u32,
        chain: Chain,
        node: NodeId,
    },
    /// Replaces the top by its field.
    TopField {
        chain: Chain,
    },
    /// Checks the top against a parameter's type.
    Check {
        expected: &'static Type,
        origin: Origin,
        node: NodeId,
    },
    /// Brings the value below the top `count` values to the top.
    Rotate {
        count: u32,
    },
    /// Drops the value below the top.
    Nip,
    Jump {
        to: Target,
    },
    /// Pops; goes on elsewhere unless it was true.
    Unless {
        to: Target,
    },
    /// As [`Op::Field`] and [`Op::Unless`].
    UnlessField {
        chain: Chain,
        node: NodeId,
        to: Target,
    },
    /// Goes on elsewhere, keeping the top, if its truth is `wanted`; pops it otherwise. `and`, `or`.
    Short {
        wanted: bool,
        to: Target,
    },
    /// Pops into a variable.
    Store {
        slot: u32,
    },
    /// Copies the top into a variable.
    StoreKeep {
        slot: u32,
    },
    /// Pops: the new dot if true, else goes on elsewhere.
    With {
        to: Target,
    },
    EndWith,
    /// Pops what to walk.
    Range {
        index: u32,
    },
    Next {
        index: u32,
    },
    Break {
        index: u32,
    },
    Continue {
        index: u32,
    },
    /// Goes to the end of a loop from its else-list.
    LeaveElse {
        index: u32,
    },
    /// Calls with the top `count` values. `bare`: none of them stands in the command itself, so that
    /// errors are at the name from then on.
    Call {
        function: &'static Function,
        count: u32,
        bare: bool,
        node: NodeId,
    },
    /// `len`, which alone tells nil from nothing.
    Len {
        origin: Origin,
        bare: bool,
        node: NodeId,
    },
    /// `call`: there are no function values, so this fails; with the callee's text.
    CallValue {
        count: u32,
        piped: bool,
        node: NodeId,
    },
    /// Pops data and name; runs the template and pushes what it printed.
    Include {
        node: NodeId,
    },
    /// Pops data and source.
    Tpl {
        node: NodeId,
    },
    /// Fails unless the template exists.
    FindTemplate {
        name: u32,
        node: NodeId,
    },
    /// Runs a template in place, with the popped dot or none.
    Template {
        name: u32,
        node: NodeId,
        dot: bool,
    },
    /// Pops the receiver of a method call with arguments.
    Method {
        ident: u32,
        count: u32,
        piped: bool,
        origin: Origin,
        skip: Target,
    },
    /// Checks the top against the parameter `index` of the method being called.
    MethodArgument {
        index: u32,
        origin: Origin,
    },
    /// Pushes a literal as the parameter `index` of the method being called wants it.
    MethodLiteral {
        index: u32,
        node: NodeId,
    },
    /// Calls the method being called with the top values.
    MethodCall {
        count: u32,
        piped: bool,
        node: NodeId,
    },
    /// Moves where errors are.
    At {
        node: NodeId,
    },
    /// Fails with a message.
    Fail {
        message: u32,
        node: NodeId,
    },
    Return,
}
