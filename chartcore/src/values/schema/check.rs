//! Values against schemas: which keywords fail, in the tree Helm prints.
//!
//! A keyword's failures become causes of its own line (`allOf`, `oneOf`), or lines beside each other. Where
//! the engine behind Helm walks a map in random order, this walks by key.

use std::collections::{BTreeMap, BTreeSet};

use super::super::json::Json;
use super::compile::{Additional, Dependency, Graph, Schema, SchemaId};
use super::format;
use super::message::{Failure, Kind};
use super::number::Decimal;
use crate::data::{Map, Value};

/// How deep schemas may be applied within each other.
const DEPTH: usize = 250;
/// How many times a schema may be applied to a value in one go.
const STEPS: usize = 2_000_000;

pub(super) const TYPE_NAMES: [&str; 7] =
    ["null", "boolean", "number", "integer", "string", "array", "object"];
const NULL: u8 = 1;
const BOOLEAN: u8 = 2;
const NUMBER: u8 = 4;
const INTEGER: u8 = 8;
const STRING: u8 = 16;
const ARRAY: u8 = 32;
const OBJECT: u8 = 64;

/// The bit of a type's name, 0 if there is no such type.
pub(super) fn type_bit(name: &str) -> u8 {
    TYPE_NAMES.iter().position(|known| *known == name).map_or(0, |at| 1 << at)
}

fn type_of(value: &Value) -> u8 {
    match value {
        Value::Null => NULL,
        Value::Bool(_) => BOOLEAN,
        Value::Int(_) => NUMBER,
        Value::Float(number) if number.is_finite() => NUMBER,
        Value::Float(_) => 0,
        Value::String(_) => STRING,
        Value::List(_) => ARRAY,
        Value::Map(_) => OBJECT,
    }
}

fn json_type(value: &Json) -> u8 {
    match value {
        Json::Null => NULL,
        Json::Bool(_) => BOOLEAN,
        Json::Number(_) => NUMBER,
        Json::String(_) => STRING,
        Json::Array(_) => ARRAY,
        Json::Object(_) => OBJECT,
    }
}

/// Checks a value against a compiled schema.
///
/// # Errors
/// What fails; it prints as the engine behind Helm prints it.
pub(super) fn check_value(graph: &Graph, value: &Value) -> Result<(), Failure> {
    let schemas = graph.schemas.as_slice();
    let mut walk = Walk { schemas, steps: 0, limit: None, dialects: None };
    walk.finish(graph.start, value)
}

/// Checks a schema against a metaschema. `dialects` says which metaschema holds from which place on.
///
/// # Errors
/// What fails; it prints as the engine behind Helm prints it.
pub(super) fn check_schema(
    schemas: &[Schema],
    start: SchemaId,
    schema: &Value,
    dialects: &BTreeMap<String, SchemaId>,
) -> Result<(), Failure> {
    let mut walk = Walk { schemas, steps: 0, limit: None, dialects: Some(dialects) };
    walk.finish(start, schema)
}

struct Walk<'s> {
    schemas: &'s [Schema],
    steps: usize,
    /// The limit that was hit.
    limit: Option<&'static str>,
    /// While a schema is checked: its resources' metaschemas.
    dialects: Option<&'s BTreeMap<String, SchemaId>>,
}

/// How one came to a schema.
#[derive(Clone, Copy)]
struct Scope<'p> {
    schema: SchemaId,
    /// The referring keyword, if there was a jump.
    keyword: &'static str,
    /// Scopes of the same value have the same number.
    value: usize,
    parent: Option<&'p Scope<'p>>,
}

/// Where one is in the value.
#[derive(Clone, Copy)]
struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    token: Token<'p>,
}

#[derive(Clone, Copy)]
enum Token<'p> {
    Start,
    Key(&'p [u8]),
    Index(usize),
}

impl Place<'_> {
    const START: Place<'static> = Place { parent: None, token: Token::Start };

    fn tokens(&self) -> Vec<String> {
        let mut tokens = Vec::new();
        let mut at = Some(self);
        while let Some(place) = at {
            match place.token {
                Token::Start => {}
                Token::Key(key) => tokens.push(String::from_utf8_lossy(key).into_owned()),
                Token::Index(index) => tokens.push(index.to_string()),
            }
            at = place.parent;
        }
        tokens.reverse();
        tokens
    }
}

/// What no keyword has looked at yet, by position.
#[derive(Debug, Clone, Default)]
struct Unseen {
    properties: BTreeSet<usize>,
    items: BTreeSet<usize>,
}

impl Unseen {
    fn new(value: &Value, schema: &Schema, caller_needs: bool) -> Self {
        let mut unseen = Self::default();
        match value {
            Value::Map(map) => {
                let needed = caller_needs || schema.unevaluated_properties.is_some();
                if !schema.all_properties_evaluated && needed {
                    unseen.properties = (0..map.len()).collect();
                }
            }
            Value::List(list) => {
                let needed = caller_needs || schema.unevaluated_items.is_some();
                if !schema.all_items_evaluated && needed {
                    unseen.items = (schema.items_evaluated..list.len()).collect();
                }
            }
            _ => {}
        }
        unseen
    }

    fn is_empty(&self) -> bool {
        self.properties.is_empty() && self.items.is_empty()
    }

    fn keep_common(&mut self, other: &Self) {
        self.properties.retain(|index| other.properties.contains(index));
        self.items.retain(|index| other.items.contains(index));
    }
}

/// One schema applied to one value.
struct Visit<'v, 'p> {
    value: &'v Value,
    id: SchemaId,
    place: &'p Place<'p>,
    scope: &'p Scope<'p>,
    /// The metaschema at work, while a schema is checked.
    meta: Option<SchemaId>,
    unseen: Unseen,
    failures: Vec<Failure>,
    /// Whether only the verdict counts.
    quiet: bool,
    depth: usize,
}

impl Visit<'_, '_> {
    fn failure(&self, kind: impl FnOnce() -> Kind) -> Failure {
        if self.quiet {
            return Failure::default();
        }
        Failure { place: self.place.tokens(), kind: kind(), causes: Vec::new() }
    }

    fn fail(&mut self, kind: impl FnOnce() -> Kind) {
        let failure = self.failure(kind);
        self.failures.push(failure);
    }

    fn fail_with(&mut self, causes: Vec<Failure>, kind: impl FnOnce() -> Kind) {
        let mut failure = self.failure(kind);
        failure.causes = causes;
        self.failures.push(failure);
    }

    fn add(&mut self, result: Result<(), Failure>) {
        self.failures.extend(result.err());
    }

    fn is_decided(&self) -> bool {
        self.quiet && !self.failures.is_empty()
    }
}

impl<'s> Walk<'s> {
    fn finish(&mut self, start: SchemaId, value: &Value) -> Result<(), Failure> {
        let meta = self.dialects.map(|_| start);
        let result = self.root(start, value, meta, 0);
        if let Some(limit) = self.limit {
            return Err(Failure { kind: Kind::Limit(limit), ..Failure::default() });
        }
        let location = self.schemas.get(start).map(|schema| schema.location.clone()).unwrap_or_default();
        result.map_err(|causes| Failure { place: Vec::new(), kind: Kind::Schema(location), causes })
    }

    /// Starts afresh at a value: returns the failures side by side.
    fn root(
        &mut self,
        id: SchemaId,
        value: &Value,
        meta: Option<SchemaId>,
        depth: usize,
    ) -> Result<(), Vec<Failure>> {
        let Some(schema) = self.schemas.get(id) else { return Ok(()) };
        let scope = Scope { schema: id, keyword: "", value: 0, parent: None };
        let visit = Visit {
            value,
            id,
            place: &Place::START,
            scope: &scope,
            meta,
            unseen: Unseen::new(value, schema, false),
            failures: Vec::new(),
            quiet: false,
            depth,
        };
        match self.visit(visit) {
            Ok(_) => Ok(()),
            Err(failure) => Err(flatten(failure)),
        }
    }

    fn visit(&mut self, mut visit: Visit<'_, '_>) -> Result<Unseen, Failure> {
        let schemas = self.schemas;
        let Some(schema) = schemas.get(visit.id) else { return Ok(visit.unseen) };
        self.steps += 1;
        if self.steps > STEPS {
            self.limit = Some("the schema takes too many steps to check");
        } else if visit.depth > DEPTH {
            self.limit = Some("the schema applies to itself too many levels deep");
        }
        if self.limit.is_some() {
            return Err(Failure::default());
        }
        if let Some(truth) = schema.boolean {
            return if truth { Ok(visit.unseen) } else { Err(visit.failure(|| Kind::FalseSchema)) };
        }
        if let Some(earlier) = cycle(visit.scope) {
            return Err(visit.failure(|| {
                Kind::ReferenceCycle(Box::new([
                    self.keyword_location(visit.scope),
                    self.keyword_location(earlier),
                    schema.location.clone(),
                ]))
            }));
        }
        let found = type_of(visit.value);
        if found == 0 {
            return Err(visit.failure(|| Kind::InvalidValue));
        }
        if schema.types != 0 && schema.types & found == 0 {
            let is_integer = found == NUMBER
                && schema.types & INTEGER != 0
                && Decimal::of(visit.value).is_some_and(|number| number.is_integer());
            if !is_integer {
                return Err(visit.failure(|| Kind::Type { got: found, want: schema.types }));
            }
        }
        if let Some(constant) = &schema.constant
            && !equals(visit.value, constant)
        {
            return Err(visit.failure(|| Kind::Const(constant.clone())));
        }
        if let Some(choices) = &schema.choices {
            let matches = |choice: &Json| json_type(choice) == found && equals(visit.value, choice);
            if !choices.iter().any(matches) {
                return Err(visit.failure(|| Kind::Enum(choices.clone())));
            }
        }
        if let (Some(name), Value::String(text)) = (&schema.format, visit.value)
            && let Err(reason) = format::check(name, &text.to_text())
        {
            let text = text.to_string();
            return Err(visit.failure(|| Kind::Format(Box::new([text, name.clone(), reason]))));
        }
        if let Some(target) = schema.reference {
            let result = self.refer(&mut visit, target, "$ref");
            if schema.draft < 2019 {
                return result.map(|()| visit.unseen);
            }
            visit.add(result);
        }
        match visit.value {
            Value::Map(map) => self.object(schema, &mut visit, map),
            Value::List(list) => self.array(schema, &mut visit, list),
            Value::String(text) => string(schema, &mut visit, &text.to_text()),
            Value::Int(_) | Value::Float(_) => number(schema, &mut visit),
            Value::Null | Value::Bool(_) => {}
        }
        if !visit.is_decided() {
            if schema.draft >= 2019 {
                self.references(schema, &mut visit);
            }
            self.combinations(schema, &mut visit);
            if schema.draft >= 2019 {
                self.unevaluated(schema, &mut visit);
            }
        }
        match visit.failures.len() {
            0 => Ok(visit.unseen),
            1 => Err(visit.failures.pop().unwrap_or_default()),
            _ => {
                let mut failure = visit.failure(|| Kind::Group);
                failure.causes = visit.failures;
                Err(failure)
            }
        }
    }

    /// The metaschema that takes over at a place of a schema with a `$schema` of its own.
    fn dialect(
        &self,
        id: SchemaId,
        meta: Option<SchemaId>,
        place: &Place<'_>,
    ) -> (SchemaId, Option<SchemaId>) {
        let Some(dialects) = self.dialects else { return (id, meta) };
        // A schema in one dialect, as nearly all are, never changes over.
        if meta != Some(id) || dialects.values().all(|other| *other == id) {
            return (id, meta);
        }
        let pointer: String = place
            .tokens()
            .iter()
            .map(|token| format!("/{}", token.replace('~', "~0").replace('/', "~1")))
            .collect();
        match dialects.get(&pointer) {
            Some(&other) => (other, Some(other)),
            None => (id, meta),
        }
    }

    /// Applies another schema to the same value.
    fn same(
        &mut self,
        visit: &mut Visit<'_, '_>,
        id: SchemaId,
        keyword: &'static str,
        quiet: bool,
    ) -> Result<(), Failure> {
        let Some(schema) = self.schemas.get(id) else { return Ok(()) };
        let scope = Scope { schema: id, keyword, value: visit.scope.value, parent: Some(visit.scope) };
        let unseen = Unseen::new(visit.value, schema, !visit.unseen.is_empty());
        let (id, meta) = self.dialect(id, visit.meta, visit.place);
        let below = Visit {
            value: visit.value,
            id,
            place: visit.place,
            scope: &scope,
            meta,
            unseen,
            failures: Vec::new(),
            quiet: visit.quiet || quiet,
            depth: visit.depth + 1,
        };
        let unseen = self.visit(below)?;
        visit.unseen.keep_common(&unseen);
        Ok(())
    }

    /// Applies a schema to a part of the value.
    fn part(
        &mut self,
        visit: &Visit<'_, '_>,
        id: SchemaId,
        value: &Value,
        token: Token<'_>,
    ) -> Result<(), Failure> {
        let Some(schema) = self.schemas.get(id) else { return Ok(()) };
        let place = Place { parent: Some(visit.place), token };
        let scope =
            Scope { schema: id, keyword: "", value: visit.scope.value + 1, parent: Some(visit.scope) };
        let unseen = Unseen::new(value, schema, false);
        let (id, meta) = self.dialect(id, visit.meta, &place);
        let below = Visit {
            value,
            id,
            place: &place,
            scope: &scope,
            meta,
            unseen,
            failures: Vec::new(),
            quiet: visit.quiet,
            depth: visit.depth + 1,
        };
        self.visit(below).map(drop)
    }

    fn refer(
        &mut self,
        visit: &mut Visit<'_, '_>,
        target: SchemaId,
        keyword: &'static str,
    ) -> Result<(), Failure> {
        match self.same(visit, target, keyword, false) {
            Ok(()) => Ok(()),
            Err(failure) => {
                let mut reference = visit.failure(|| Kind::Reference);
                reference.causes = flatten(failure);
                Err(reference)
            }
        }
    }

    fn references(&mut self, schema: &Schema, visit: &mut Visit<'_, '_>) {
        if let Some(mut target) = schema.recursive_reference {
            if self.schemas.get(target).is_some_and(|schema| schema.recursive_anchor) {
                for scope in scopes(visit.scope) {
                    let home = self.schemas.get(scope.schema).map(|schema| schema.resource);
                    if home.and_then(|home| self.schemas.get(home)).is_some_and(|home| home.recursive_anchor)
                    {
                        target = scope.schema;
                    }
                }
            }
            let result = self.refer(visit, target, "$recursiveRef");
            visit.add(result);
        }
        if let Some((target, anchor)) = &schema.dynamic_reference {
            let mut target = *target;
            let is_dynamic = !anchor.is_empty()
                && self.schemas.get(target).is_some_and(|schema| schema.dynamic_anchor == *anchor);
            if is_dynamic {
                for scope in scopes(visit.scope) {
                    let home = self.schemas.get(scope.schema).map(|schema| schema.resource);
                    let home = home.and_then(|home| self.schemas.get(home));
                    if let Some(&other) = home.and_then(|home| home.dynamic_anchors.get(anchor)) {
                        target = other;
                    }
                }
            }
            let result = self.refer(visit, target, "$dynamicRef");
            visit.add(result);
        }
    }

    fn object(&mut self, schema: &Schema, visit: &mut Visit<'_, '_>, map: &Map) {
        let length = map.len() as i64;
        if let Some(want) = schema.min_properties.filter(|want| length < *want) {
            visit.fail(|| Kind::Count { keyword: "minProperties", got: length, want });
        }
        if let Some(want) = schema.max_properties.filter(|want| length > *want) {
            visit.fail(|| Kind::Count { keyword: "maxProperties", got: length, want });
        }
        let missing = absent(map, &schema.required);
        if !missing.is_empty() {
            visit.fail(|| Kind::Required(missing));
        }
        if visit.is_decided() {
            return;
        }
        for (name, dependency) in &schema.dependencies {
            if !map.contains_key(name) {
                continue;
            }
            match dependency {
                Dependency::Properties(names) => require(visit, map, name, names),
                Dependency::Schema(id) => {
                    let result = self.same(visit, *id, "", false);
                    visit.add(result);
                }
            }
        }
        self.properties(schema, visit, map);
        if schema.draft == 4 {
            return;
        }
        if let Some(names) = schema.property_names {
            for key in map.keys() {
                let (id, meta) = self.dialect(names, visit.meta, visit.place);
                let name = Value::String(key.clone());
                if let Err(causes) = self.root(id, &name, meta, visit.depth + 1) {
                    let mut failure = visit.failure(|| Kind::PropertyName(key.to_string()));
                    failure.causes = causes;
                    visit.failures.push(failure);
                }
            }
        }
        if schema.draft == 6 {
            return;
        }
        for (name, id) in &schema.dependent_schemas {
            if map.contains_key(name) {
                let result = self.same(visit, *id, "", false);
                visit.add(result);
            }
        }
        for (name, names) in &schema.dependent_required {
            if map.contains_key(name) {
                require(visit, map, name, names);
            }
        }
    }

    fn properties(&mut self, schema: &Schema, visit: &mut Visit<'_, '_>, map: &Map) {
        let mut additional = Vec::new();
        for (index, (key, value)) in map.iter().enumerate() {
            if visit.is_decided() {
                return;
            }
            let mut is_evaluated = false;
            if let Ok(at) = schema.properties.binary_search_by(|property| property.0.cmp(key)) {
                let id = schema.properties[at].1;
                is_evaluated = true;
                let result = self.part(visit, id, value, Token::Key(key));
                visit.add(result);
            }
            for (pattern, id) in &schema.pattern_properties {
                if pattern.regex.is_match(key) {
                    is_evaluated = true;
                    let result = self.part(visit, *id, value, Token::Key(key));
                    visit.add(result);
                }
            }
            if let (false, Some(rest)) = (is_evaluated, &schema.additional_properties) {
                is_evaluated = true;
                match rest {
                    Additional::Bool(true) => {}
                    Additional::Bool(false) => additional.push(key.to_string()),
                    Additional::Schema(id) => {
                        let result = self.part(visit, *id, value, Token::Key(key));
                        visit.add(result);
                    }
                }
            }
            if is_evaluated {
                visit.unseen.properties.remove(&index);
            }
        }
        if !additional.is_empty() {
            visit.fail(|| Kind::AdditionalProperties(additional));
        }
    }

    fn array(&mut self, schema: &Schema, visit: &mut Visit<'_, '_>, list: &[Value]) {
        let length = list.len() as i64;
        if let Some(want) = schema.min_items.filter(|want| length < *want) {
            visit.fail(|| Kind::Count { keyword: "minItems", got: length, want });
        }
        if let Some(want) = schema.max_items.filter(|want| length > *want) {
            visit.fail(|| Kind::Count { keyword: "maxItems", got: length, want });
        }
        if schema.unique_items
            && let Some((first, second)) = duplicates(list)
        {
            visit.fail(|| Kind::UniqueItems(first, second));
        }
        let listed = schema.item_list.len().min(list.len());
        for (index, (item, id)) in list.iter().zip(&schema.item_list).enumerate() {
            let result = self.part(visit, *id, item, Token::Index(index));
            visit.add(result);
        }
        let mut evaluated = listed;
        if let Some(id) = schema.items {
            for (index, item) in list.iter().enumerate().skip(listed) {
                let result = self.part(visit, id, item, Token::Index(index));
                visit.add(result);
            }
            evaluated = list.len();
        }
        match schema.additional_items {
            Some(Additional::Bool(false)) if evaluated < list.len() => {
                visit.fail(|| Kind::AdditionalItems(list.len() - evaluated));
            }
            Some(Additional::Schema(id)) => {
                for (index, item) in list.iter().enumerate().skip(evaluated) {
                    let result = self.part(visit, id, item, Token::Index(index));
                    visit.add(result);
                }
            }
            _ => {}
        }
        let Some(contains) = schema.contains else { return };
        let (mut matched, mut failures) = (Vec::new(), Vec::new());
        for (index, item) in list.iter().enumerate() {
            match self.part(visit, contains, item, Token::Index(index)) {
                Ok(()) => {
                    matched.push(index);
                    if schema.draft >= 2020 {
                        visit.unseen.items.remove(&index);
                    }
                }
                Err(failure) => failures.push(failure),
            }
        }
        let found = matched.len() as i64;
        match schema.min_contains {
            Some(want) if found < want => {
                visit.fail_with(failures, || Kind::MinContains { got: matched.clone(), want });
            }
            Some(_) => {}
            None if found == 0 => visit.fail_with(failures, || Kind::Contains),
            None => {}
        }
        if let Some(want) = schema.max_contains.filter(|want| found > *want) {
            visit.fail(|| Kind::MaxContains { got: matched, want });
        }
    }

    fn combinations(&mut self, schema: &Schema, visit: &mut Visit<'_, '_>) {
        if let Some(not) = schema.not
            && self.same(visit, not, "", true).is_ok()
        {
            visit.fail(|| Kind::Not);
        }
        let mut failures = Vec::new();
        for &id in &schema.all_of {
            if let Err(failure) = self.same(visit, id, "", false) {
                failures.push(failure);
                if visit.quiet {
                    break;
                }
            }
        }
        if !failures.is_empty() {
            visit.fail_with(failures, || Kind::AllOf);
        }
        if !schema.any_of.is_empty() {
            let mut failures = Vec::new();
            let mut has_match = false;
            for &id in &schema.any_of {
                match self.same(visit, id, "", false) {
                    Ok(()) => {
                        has_match = true;
                        // What is unseen depends on every schema that matches.
                        if visit.unseen.is_empty() {
                            break;
                        }
                    }
                    Err(failure) => failures.push(failure),
                }
            }
            if !has_match {
                visit.fail_with(failures, || Kind::AnyOf);
            }
        }
        self.one_of(schema, visit);
        if let Some(condition) = schema.condition {
            let branch = match self.same(visit, condition, "", true) {
                Ok(()) => schema.then,
                Err(_) => schema.otherwise,
            };
            if let Some(branch) = branch {
                let result = self.same(visit, branch, "", false);
                visit.add(result);
            }
        }
    }

    fn one_of(&mut self, schema: &Schema, visit: &mut Visit<'_, '_>) {
        if schema.one_of.is_empty() {
            return;
        }
        let mut failures = Vec::new();
        let mut matched = None;
        for (index, &id) in schema.one_of.iter().enumerate() {
            match (self.same(visit, id, "", matched.is_some()), matched) {
                (Ok(()), None) => matched = Some(index),
                (Ok(()), Some(first)) => {
                    visit.fail(|| Kind::OneOfMany(first, index));
                    break;
                }
                (Err(failure), None) => failures.push(failure),
                (Err(_), Some(_)) => {}
            }
        }
        if matched.is_none() {
            visit.fail_with(failures, || Kind::OneOfNone);
        }
    }

    fn unevaluated(&mut self, schema: &Schema, visit: &mut Visit<'_, '_>) {
        if let (Value::Map(map), Some(id)) = (visit.value, schema.unevaluated_properties) {
            let unseen = std::mem::take(&mut visit.unseen.properties);
            for (index, (key, value)) in map.iter().enumerate() {
                if unseen.contains(&index) {
                    let result = self.part(visit, id, value, Token::Key(key));
                    visit.add(result);
                }
            }
        }
        if let (Value::List(list), Some(id)) = (visit.value, schema.unevaluated_items) {
            let unseen = std::mem::take(&mut visit.unseen.items);
            for (index, value) in list.iter().enumerate() {
                if unseen.contains(&index) {
                    let result = self.part(visit, id, value, Token::Index(index));
                    visit.add(result);
                }
            }
        }
    }

    fn keyword_location(&self, scope: &Scope<'_>) -> String {
        let location = |id: SchemaId| self.schemas.get(id).map_or("", |schema| schema.location.as_str());
        let mut parts = Vec::new();
        let mut at = scope;
        while let Some(parent) = at.parent {
            if at.keyword.is_empty() {
                let (own, outer) = (location(at.schema), location(parent.schema));
                parts.push(own.get(outer.len()..).unwrap_or(own).to_string());
            } else {
                parts.push(format!("/{}", at.keyword));
            }
            at = parent;
        }
        parts.reverse();
        parts.concat()
    }
}

/// The scopes from here outwards.
fn scopes<'p>(scope: &'p Scope<'p>) -> impl Iterator<Item = &'p Scope<'p>> {
    std::iter::successors(Some(scope), |scope| scope.parent)
}

/// The scope in which the same schema was already applied to the same value.
fn cycle<'p>(scope: &'p Scope<'p>) -> Option<&'p Scope<'p>> {
    scopes(scope)
        .skip(1)
        .take_while(|outer| outer.value == scope.value)
        .find(|outer| outer.schema == scope.schema)
}

/// The failures a failure stands for.
fn flatten(failure: Failure) -> Vec<Failure> {
    if matches!(failure.kind, Kind::Group) && !failure.causes.is_empty() {
        failure.causes
    } else {
        vec![failure]
    }
}

fn absent(map: &Map, names: &[String]) -> Vec<String> {
    names.iter().filter(|name| !map.contains_key(name)).cloned().collect()
}

fn require(visit: &mut Visit<'_, '_>, map: &Map, name: &str, names: &[String]) {
    let missing = absent(map, names);
    if !missing.is_empty() {
        visit.fail(|| Kind::DependentRequired { property: name.to_string(), missing });
    }
}

fn string(schema: &Schema, visit: &mut Visit<'_, '_>, text: &str) {
    if schema.min_length.is_some() || schema.max_length.is_some() {
        let length = text.chars().count() as i64;
        if let Some(want) = schema.min_length.filter(|want| length < *want) {
            visit.fail(|| Kind::Count { keyword: "minLength", got: length, want });
        }
        if let Some(want) = schema.max_length.filter(|want| length > *want) {
            visit.fail(|| Kind::Count { keyword: "maxLength", got: length, want });
        }
    }
    if let Some(pattern) = &schema.pattern
        && !pattern.regex.is_match(text)
    {
        visit.fail(|| Kind::Pattern { got: text.to_string(), want: pattern.source.clone() });
    }
}

fn number(schema: &Schema, visit: &mut Visit<'_, '_>) {
    let bounds = [
        (&schema.minimum, "minimum", -1),
        (&schema.maximum, "maximum", 1),
        (&schema.exclusive_minimum, "exclusiveMinimum", -2),
        (&schema.exclusive_maximum, "exclusiveMaximum", 2),
    ];
    if schema.multiple_of.is_none() && bounds.iter().all(|bound| bound.0.is_none()) {
        return;
    }
    let Some(got) = Decimal::of(visit.value) else { return };
    for (bound, keyword, side) in bounds {
        let Some(want) = bound else { continue };
        let fails = match side {
            -1 => got < *want,
            1 => got > *want,
            -2 => got <= *want,
            _ => got >= *want,
        };
        if fails {
            visit.fail(|| Kind::Bound { keyword, numbers: Box::new([got.clone(), want.clone()]) });
        }
    }
    if let Some(want) = &schema.multiple_of
        && !got.is_multiple_of(want)
    {
        visit.fail(|| Kind::Bound { keyword: "multipleOf", numbers: Box::new([got, want.clone()]) });
    }
}

fn equals(value: &Value, json: &Json) -> bool {
    match (value, json) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(left), Json::Bool(right)) => left == right,
        (Value::String(left), Json::String(right)) => left == right,
        (Value::Int(_) | Value::Float(_), Json::Number(text)) => {
            let right = text.as_str().and_then(Decimal::parse);
            right.is_some() && Decimal::of(value) == right
        }
        (Value::List(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equals(left, right))
        }
        (Value::Map(left), Json::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right.iter())
                    .all(|(left, right)| left.0 == right.0 && equals(left.1, right.1))
        }
        _ => false,
    }
}

/// The first item that an earlier one equals, with that.
fn duplicates(list: &[Value]) -> Option<(usize, usize)> {
    let mut first = BTreeMap::new();
    for (index, item) in list.iter().enumerate() {
        let mut key = Vec::new();
        write_key(&mut key, item);
        match first.get(&key) {
            Some(&earlier) => return Some((earlier, index)),
            None => drop(first.insert(key, index)),
        }
    }
    None
}

/// Writes a text that is the same for equal values, whether a number is an integer or not.
fn write_key(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(b'z'),
        Value::Bool(truth) => out.push(if *truth { b't' } else { b'f' }),
        Value::Int(_) | Value::Float(_) => {
            out.push(b'n');
            if let Some(number) = Decimal::of(value) {
                out.extend_from_slice(format!("{number:?}").as_bytes());
            }
        }
        Value::String(text) => {
            out.push(b's');
            out.extend_from_slice(text.len().to_string().as_bytes());
            out.push(b':');
            out.extend_from_slice(text);
        }
        Value::List(items) => {
            out.extend_from_slice(format!("l{}:", items.len()).as_bytes());
            items.iter().for_each(|item| write_key(out, item));
        }
        Value::Map(map) => {
            out.extend_from_slice(format!("m{}:", map.len()).as_bytes());
            for (key, item) in map.iter() {
                out.extend_from_slice(format!("{}:", key.len()).as_bytes());
                out.extend_from_slice(key);
                write_key(out, item);
            }
        }
    }
}
