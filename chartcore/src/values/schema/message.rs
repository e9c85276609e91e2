//! What a schema failure says.
//!
//! The wording and the tree are those Helm prints; the texts are of github.com/santhosh-tekuri/jsonschema/v6,
//! kind/kind.go, in English with its digit grouping.

use std::fmt;

use super::super::json::Json;
use super::check::TYPE_NAMES;
use super::number::{Decimal, grouped};
use crate::quote::quote;

/// What failed.
#[derive(Debug, Clone, Default)]
pub(super) enum Kind {
    /// The whole, with the schema's location.
    Schema(String),
    /// A limit of ours that was hit.
    Limit(&'static str),
    /// Several failures side by side.
    #[default]
    Group,
    Reference,
    InvalidValue,
    FalseSchema,
    /// The two ways to a schema, and its URL.
    ReferenceCycle(Box<[String; 3]>),
    Type {
        got: u8,
        want: u8,
    },
    Enum(Vec<Json>),
    Const(Json),
    /// The text, the format's name, and what is wrong.
    Format(Box<[String; 3]>),
    /// A size: of a map, a list or a text.
    Count {
        keyword: &'static str,
        got: i64,
        want: i64,
    },
    /// A number: `minimum` and its like; what it is and what it should be.
    Bound {
        keyword: &'static str,
        numbers: Box<[Decimal; 2]>,
    },
    Required(Vec<String>),
    DependentRequired {
        property: String,
        missing: Vec<String>,
    },
    AdditionalProperties(Vec<String>),
    PropertyName(String),
    AdditionalItems(usize),
    UniqueItems(usize, usize),
    Contains,
    MinContains {
        got: Vec<usize>,
        want: i64,
    },
    MaxContains {
        got: Vec<usize>,
        want: i64,
    },
    Pattern {
        got: String,
        want: String,
    },
    Not,
    AllOf,
    AnyOf,
    OneOfNone,
    OneOfMany(usize, usize),
}

/// A failure with what caused it.
#[derive(Debug, Clone, Default)]
pub(super) struct Failure {
    /// The way to the value.
    pub(super) place: Vec<String>,
    pub(super) kind: Kind,
    pub(super) causes: Vec<Failure>,
}

impl Failure {
    /// What it says without its place, causes in brackets.
    pub(super) fn reason(&self) -> String {
        if self.causes.is_empty() {
            return self.kind.to_string();
        }
        let causes: Vec<String> = self.causes.iter().map(Self::reason).collect();
        match self.kind {
            Kind::Reference | Kind::Group => causes.join("; "),
            _ => format!("{} ({})", self.kind, causes.join("; ")),
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, indent: usize) -> fmt::Result {
        // A reference with one cause says nothing of its own.
        let is_silent = matches!(self.kind, Kind::Reference) && self.causes.len() == 1;
        let below = if is_silent { indent } else { indent + 1 };
        if !is_silent {
            if indent > 0 {
                write!(f, "\n{:width$}- ", "", width = (indent - 1) * 2)?;
            }
            if !matches!(self.kind, Kind::Schema(_) | Kind::Limit(_)) {
                let place: String = self
                    .place
                    .iter()
                    .map(|token| format!("/{}", token.replace('~', "~0").replace('/', "~1")))
                    .collect();
                write!(f, "at {}: ", single_quoted(&place))?;
            }
            write!(f, "{}", self.kind)?;
        }
        self.causes.iter().try_for_each(|cause| cause.write(f, below))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schema(location) => {
                write!(f, "jsonschema validation failed with {}", single_quoted(location))
            }
            Self::Limit(limit) => f.write_str(limit),
            Self::Group | Self::Reference => f.write_str("validation failed"),
            Self::InvalidValue => f.write_str("invalid jsonType float64"),
            Self::FalseSchema => f.write_str("false schema"),
            Self::ReferenceCycle(names) => {
                let [here, there, url] = &**names;
                write!(f, "both {here} and {there} resolve to {} causing reference cycle", quote(url))
            }
            Self::Type { got, want } => {
                let names = |bits: u8| -> Vec<&str> {
                    TYPE_NAMES
                        .iter()
                        .enumerate()
                        .filter(|name| bits & (1 << name.0) != 0)
                        .map(|name| *name.1)
                        .collect()
                };
                write!(f, "got {}, want {}", names(*got).concat(), names(*want).join(" or "))
            }
            Self::Enum(choices) => {
                if choices.iter().any(|choice| matches!(choice, Json::Array(_) | Json::Object(_))) {
                    return f.write_str("'enum' failed");
                }
                let shown: Vec<String> = choices.iter().map(display).collect();
                match shown.as_slice() {
                    [only] => write!(f, "value must be {only}"),
                    _ => write!(f, "value must be one of {}", shown.join(", ")),
                }
            }
            Self::Const(Json::Array(_) | Json::Object(_)) => f.write_str("'const' failed"),
            Self::Const(value) => write!(f, "value must be {}", display(value)),
            Self::Format(parts) => {
                let [got, want, reason] = &**parts;
                write!(f, "{} is not valid {want}: {reason}", single_quoted(got))
            }
            Self::Count { keyword, got, want } => {
                write!(f, "{keyword}: got {}, want {}", grouped(&got.to_string()), grouped(&want.to_string()))
            }
            Self::Bound { keyword, numbers } => {
                let [got, want] = &**numbers;
                write!(f, "{keyword}: got {}, want {}", got.localized(), want.localized())
            }
            Self::Required(missing) => {
                let noun = if missing.len() == 1 { "property" } else { "properties" };
                write!(f, "missing {noun} {}", list(missing))
            }
            Self::DependentRequired { property, missing } => {
                write!(f, "properties {} required, if {} exists", list(missing), single_quoted(property))
            }
            Self::AdditionalProperties(names) => {
                write!(f, "additional properties {} not allowed", list(names))
            }
            Self::PropertyName(name) => write!(f, "invalid propertyName {}", single_quoted(name)),
            Self::AdditionalItems(count) => {
                write!(f, "last {} additionalItem(s) not allowed", grouped(&count.to_string()))
            }
            Self::UniqueItems(first, second) => write!(
                f,
                "items at {} and {} are equal",
                grouped(&first.to_string()),
                grouped(&second.to_string())
            ),
            Self::Contains => f.write_str("no items match contains schema"),
            Self::MinContains { got, want } if got.is_empty() => write!(
                f,
                "min {} items required to match contains schema, but none matched",
                grouped(&want.to_string())
            ),
            Self::MinContains { got, want } => write_contains(f, "min", got, *want),
            Self::MaxContains { got, want } => write_contains(f, "max", got, *want),
            Self::Pattern { got, want } => {
                write!(f, "{} does not match pattern {}", single_quoted(got), single_quoted(want))
            }
            Self::Not => f.write_str("'not' failed"),
            Self::AllOf => f.write_str("'allOf' failed"),
            Self::AnyOf => f.write_str("'anyOf' failed"),
            Self::OneOfNone => f.write_str("'oneOf' failed, none matched"),
            Self::OneOfMany(first, second) => write!(
                f,
                "'oneOf' failed, subschemas {}, {} matched",
                grouped(&first.to_string()),
                grouped(&second.to_string())
            ),
        }
    }
}

fn write_contains(f: &mut fmt::Formatter<'_>, bound: &str, got: &[usize], want: i64) -> fmt::Result {
    let places: Vec<String> = got.iter().map(usize::to_string).collect();
    write!(
        f,
        "{bound} {} items required to match contains schema, but matched {} items at {}",
        grouped(&want.to_string()),
        grouped(&got.len().to_string()),
        places.join(" ")
    )
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| single_quoted(name)).collect::<Vec<_>>().join(", ")
}

fn display(value: &Json) -> String {
    match value {
        Json::Null => "<nil>".to_string(),
        Json::Bool(truth) => truth.to_string(),
        Json::Number(text) => text.to_string(),
        Json::String(text) => single_quoted(&text.to_text()),
        Json::Array(_) | Json::Object(_) => "value".to_string(),
    }
}

/// The text in single quotes, escaped as Go does in double ones. A backslash at the end loses its escape,
/// since the engine undoes `\"` before it takes the quotes off.
fn single_quoted(text: &str) -> String {
    let quoted = quote(text).replace("\\\"", "\"").replace('\'', "\\'");
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    format!("'{inner}'")
}
