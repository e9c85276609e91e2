//! Schema documents to a graph of schemas that check values.
//!
//! Drafts 4, 6, 7, 2019-09 and 2020-12. What refers to what, which keyword counts in which draft and every
//! error text follow github.com/santhosh-tekuri/jsonschema/v6, which Helm uses.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::OnceLock;

use super::super::json::{self, Json};
use super::check;
use super::draft::{Dialect, Draft, Place, known_document};
use super::format;
use super::number::Decimal;
use super::url::{Url, encode_pointer, unescape};
use crate::data::{Str, Value};
use crate::quote::quote;
use crate::regex::Regex;

/// How many schemas a document may come to, references included.
const MAX_SCHEMAS: usize = 200_000;
/// How many metaschemas may build on each other.
const MAX_METASCHEMAS: usize = 20;

/// A schema, by number.
pub(super) type SchemaId = usize;

/// A pattern and the text it was made of.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) regex: Regex,
    pub(super) source: String,
}

/// `true`, `false` or a schema.
#[derive(Debug, Clone)]
pub(super) enum Additional {
    Bool(bool),
    Schema(SchemaId),
}

/// `dependencies`: properties or a schema.
#[derive(Debug, Clone)]
pub(super) enum Dependency {
    Properties(Vec<String>),
    Schema(SchemaId),
}

/// A compiled schema.
#[derive(Debug, Clone, Default)]
pub(super) struct Schema {
    pub(super) location: String,
    pub(super) draft: u16,
    pub(super) resource: SchemaId,
    pub(super) dynamic_anchors: BTreeMap<String, SchemaId>,
    pub(super) all_properties_evaluated: bool,
    pub(super) all_items_evaluated: bool,
    pub(super) items_evaluated: usize,

    pub(super) boolean: Option<bool>,
    pub(super) reference: Option<SchemaId>,
    pub(super) recursive_reference: Option<SchemaId>,
    pub(super) recursive_anchor: bool,
    pub(super) dynamic_reference: Option<(SchemaId, String)>,
    pub(super) dynamic_anchor: String,
    /// Bits of [`check::Kind`]; 0 for any.
    pub(super) types: u8,
    pub(super) choices: Option<Vec<Json>>,
    pub(super) constant: Option<Json>,
    pub(super) not: Option<SchemaId>,
    pub(super) all_of: Vec<SchemaId>,
    pub(super) any_of: Vec<SchemaId>,
    pub(super) one_of: Vec<SchemaId>,
    pub(super) condition: Option<SchemaId>,
    pub(super) then: Option<SchemaId>,
    pub(super) otherwise: Option<SchemaId>,
    pub(super) format: Option<String>,

    pub(super) max_properties: Option<i64>,
    pub(super) min_properties: Option<i64>,
    pub(super) required: Vec<String>,
    pub(super) property_names: Option<SchemaId>,
    /// Sorted by name.
    pub(super) properties: Vec<(Str, SchemaId)>,
    pub(super) pattern_properties: Vec<(Pattern, SchemaId)>,
    pub(super) additional_properties: Option<Additional>,
    pub(super) dependencies: BTreeMap<String, Dependency>,
    pub(super) dependent_required: BTreeMap<String, Vec<String>>,
    pub(super) dependent_schemas: BTreeMap<String, SchemaId>,
    pub(super) unevaluated_properties: Option<SchemaId>,

    pub(super) min_items: Option<i64>,
    pub(super) max_items: Option<i64>,
    pub(super) unique_items: bool,
    pub(super) contains: Option<SchemaId>,
    pub(super) min_contains: Option<i64>,
    pub(super) max_contains: Option<i64>,
    /// `items` before 2020-12, as one schema; since then, for what follows `prefixItems`.
    pub(super) items: Option<SchemaId>,
    /// `items` as a list, or `prefixItems`.
    pub(super) item_list: Vec<SchemaId>,
    pub(super) has_item_list: bool,
    pub(super) additional_items: Option<Additional>,
    pub(super) unevaluated_items: Option<SchemaId>,

    pub(super) min_length: Option<i64>,
    pub(super) max_length: Option<i64>,
    pub(super) pattern: Option<Pattern>,

    pub(super) maximum: Option<Decimal>,
    pub(super) minimum: Option<Decimal>,
    pub(super) exclusive_maximum: Option<Decimal>,
    pub(super) exclusive_minimum: Option<Decimal>,
    pub(super) multiple_of: Option<Decimal>,
}

/// Schemas that refer to each other, and the one to start with.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) schemas: Vec<Schema>,
    pub(super) start: SchemaId,
}

/// A part of a document with a URL of its own.
#[derive(Debug, Clone)]
struct Resource {
    pointer: String,
    id: String,
    dialect: Dialect,
    anchors: BTreeMap<String, String>,
    dynamic_anchors: Vec<String>,
}

/// A document.
#[derive(Debug, Clone)]
struct Root {
    url: String,
    document: Rc<Json>,
    resources: BTreeMap<String, Rc<Resource>>,
    processed: HashSet<String>,
}

impl Root {
    /// The resource a pointer lies in.
    fn resource(&self, pointer: &str) -> Option<&Rc<Resource>> {
        let mut pointer = pointer;
        loop {
            if let Some(resource) = self.resources.get(pointer) {
                return Some(resource);
            }
            pointer = &pointer[..pointer.rfind('/')?];
        }
    }

    fn resolve_fragment(&self, fragment: &str, resource: &Resource) -> Result<String, String> {
        if fragment.is_empty() || fragment.starts_with('/') {
            return Ok(format!("{}{fragment}", resource.pointer));
        }
        match resource.anchors.get(fragment) {
            Some(pointer) => Ok(pointer.clone()),
            None => {
                let reference = format!("{}#{}", resource.id, encode_pointer(fragment));
                Err(format!("anchor in {} not found in schema {}", quote(&reference), quote(&self.url)))
            }
        }
    }
}

/// Where documents come from.
pub(super) type Load<'a> = &'a mut dyn FnMut(&str) -> Result<Json, String>;

/// Compiles the document at `url`.
///
/// # Errors
/// The text of the engine Helm uses.
pub(super) fn compile(url: &str, document: Json, load: Load<'_>) -> Result<Graph, String> {
    let mut compiler = Compiler::new(load, false);
    compiler.documents.insert(url.to_string(), Rc::new(document));
    let start = compiler.compile(url)?;
    Ok(Graph { schemas: compiler.schemas, start })
}

/// The metaschemas, compiled.
pub(super) struct Metaschemas {
    graph: Graph,
    drafts: BTreeMap<Draft, SchemaId>,
    vocabularies: BTreeMap<(Draft, &'static str), SchemaId>,
}

impl Metaschemas {
    fn new(drafts: &[Draft], with_vocabularies: bool) -> Self {
        let mut refuse = |url: &str| Err(format!("no URLLoader registered for {}", quote(url)));
        let mut compiler = Compiler::new(&mut refuse, true);
        let mut starts = BTreeMap::new();
        let mut vocabularies = BTreeMap::new();
        for &draft in drafts {
            if let Ok(schema) = compiler.compile(draft.url()) {
                starts.insert(draft, schema);
            }
            let wanted = if with_vocabularies { draft.vocabularies() } else { &[] };
            for &vocabulary in wanted {
                let url = format!("{}meta/{vocabulary}", draft.url().trim_end_matches("schema"));
                if let Ok(schema) = compiler.compile(&url) {
                    vocabularies.insert((draft, vocabulary), schema);
                }
            }
        }
        Self { graph: Graph { schemas: compiler.schemas, start: 0 }, drafts: starts, vocabularies }
    }

    /// The metaschemas for some dialects: those of the one draft that nearly every schema keeps to, or all.
    fn of<'d>(mut dialects: impl Iterator<Item = &'d Dialect>) -> &'static Self {
        static ONE: [OnceLock<Metaschemas>; Draft::ALL.len()] = [const { OnceLock::new() }; Draft::ALL.len()];
        static ALL: OnceLock<Metaschemas> = OnceLock::new();
        let first = dialects.next();
        if let Some(Dialect { draft, vocabularies: None }) = first
            && dialects.all(|dialect| dialect.draft == *draft && dialect.vocabularies.is_none())
            && let Some(at) = Draft::ALL.iter().position(|known| known == draft)
        {
            return ONE[at].get_or_init(|| Self::new(&[*draft], false));
        }
        ALL.get_or_init(|| Self::new(&Draft::ALL, true))
    }
}

fn escape_token(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

fn unescape_token(token: &str) -> Option<Cow<'_, str>> {
    if !token.contains('~') {
        return Some(Cow::Borrowed(token));
    }
    let mut pieces = token.split('~');
    let mut out = pieces.next().unwrap_or_default().to_string();
    for piece in pieces {
        let (letter, rest) = match piece.as_bytes().first()? {
            b'0' => ('~', &piece[1..]),
            b'1' => ('/', &piece[1..]),
            _ => return None,
        };
        out.push(letter);
        out.push_str(rest);
    }
    Some(Cow::Owned(out))
}

fn located(url: &str, pointer: &str) -> String {
    format!("{url}#{}", encode_pointer(pointer))
}

fn look_up<'d>(document: &'d Json, url: &str, pointer: &str) -> Result<&'d Json, String> {
    let mut value = document;
    for token in pointer.split('/').skip(1) {
        let Some(token) = unescape_token(token) else {
            return Err(format!("invalid json-pointer {}", quote(&located(url, pointer))));
        };
        let found = match value {
            Json::Object(_) => value.get(&token),
            Json::Array(items) => token
                .parse::<i64>()
                .ok()
                .and_then(|index| usize::try_from(index).ok())
                .and_then(|at| items.get(at)),
            _ => None,
        };
        value =
            found.ok_or_else(|| format!("json-pointer in {} not found", quote(&located(url, pointer))))?;
    }
    Ok(value)
}

fn split_fragment(reference: &str) -> Result<(&str, String), String> {
    let (url, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    let fragment =
        unescape(fragment).map_err(|reason| format!("error in parsing {}: {reason}", quote(reference)))?;
    Ok((url, String::from_utf8_lossy(&fragment).into_owned()))
}

fn join(base: &str, reference: &str) -> Result<(String, String), String> {
    let parse =
        |text: &str| Url::parse(text).map_err(|reason| format!("error in parsing {}: {reason}", quote(text)));
    let base = parse(base)?;
    let (url, fragment) = split_fragment(reference)?;
    Ok((base.join(&parse(url)?).to_string(), fragment))
}

fn strings(items: &[Json]) -> Vec<String> {
    items.iter().filter_map(Json::as_str).map(str::to_string).collect()
}

/// Makes schemas of documents.
struct Compiler<'a> {
    load: Load<'a>,
    /// Whether these are the metaschemas themselves, which check formats in every draft.
    is_meta: bool,
    documents: BTreeMap<String, Rc<Json>>,
    roots: BTreeMap<String, Root>,
    schemas: Vec<Schema>,
    /// Where each schema lies.
    places: Vec<(Rc<str>, Rc<str>)>,
    /// The schemas of each document, by place.
    by_place: HashMap<Rc<str>, HashMap<Rc<str>, SchemaId>>,
}

impl<'a> Compiler<'a> {
    fn new(load: Load<'a>, is_meta: bool) -> Self {
        Self {
            load,
            is_meta,
            documents: BTreeMap::new(),
            roots: BTreeMap::new(),
            schemas: Vec::new(),
            places: Vec::new(),
            by_place: HashMap::new(),
        }
    }

    fn document(&mut self, url: &str) -> Result<Rc<Json>, String> {
        if let Some(document) = self.documents.get(url) {
            return Ok(Rc::clone(document));
        }
        let document = match known_document(url) {
            Some(text) => json::parse(text.as_bytes()),
            None => (self.load)(url).map_err(|reason| format!("failing loading {}: {reason}", quote(url))),
        };
        let document = Rc::new(document?);
        self.documents.insert(url.to_string(), Rc::clone(&document));
        Ok(document)
    }

    /// Makes sure that the document at `url` is read.
    fn root(&mut self, url: &str) -> Result<&Root, String> {
        if !self.roots.contains_key(url) {
            let document = self.document(url)?;
            let mut root = Root {
                url: url.to_string(),
                document: Rc::clone(&document),
                resources: BTreeMap::new(),
                processed: HashSet::new(),
            };
            let dialect = Dialect { draft: Draft::Draft2020, vocabularies: None };
            self.collect(&mut root, &document, url, "", &dialect)?;
            if !url.starts_with("http://json-schema.org/") && !url.starts_with("https://json-schema.org/") {
                validate_schema(&root, &document, "")?;
            }
            self.roots.insert(url.to_string(), root);
        }
        self.roots.get(url).ok_or_else(String::new)
    }

    /// Finds the draft of a schema; a metaschema of one's own is loaded to see what it builds on.
    fn draft(
        &mut self,
        url: &str,
        pointer: &str,
        schema: &Json,
        fallback: Draft,
        seen: &mut BTreeSet<String>,
    ) -> Result<Draft, String> {
        let Some(name) = schema.get("$schema").and_then(Json::as_str) else { return Ok(fallback) };
        if let Some(draft) = Draft::from_url(name) {
            return Ok(draft);
        }
        let name = name.split('#').next().unwrap_or_default();
        if let Err(reason) = Url::parse(name) {
            return Err(format!("invalid $schema in {}: {reason}", quote(&located(url, pointer))));
        }
        if pointer.is_empty() && name == url {
            return Err(format!("draft {} is not supported", quote(name)));
        }
        if !seen.insert(name.to_string()) || seen.len() > MAX_METASCHEMAS {
            return Err(format!("cycle in resolving $schema in {}", quote(name)));
        }
        let metaschema = self.document(name)?;
        self.draft(name, "", &metaschema, fallback, seen)
    }

    /// The vocabularies a metaschema of one's own requires.
    fn vocabularies(&mut self, schema: &Json, draft: Draft) -> Result<Option<Vec<String>>, String> {
        let Some(name) = schema.get("$schema").and_then(Json::as_str) else { return Ok(None) };
        if Draft::from_url(name).is_some() || draft < Draft::Draft2019 {
            return Ok(None);
        }
        let name = name.split('#').next().unwrap_or_default();
        let document = self.document(name)?;
        let Some(Json::Object(listed)) = document.get("$vocabulary") else { return Ok(None) };
        let prefix = format!("{}vocab/", draft.url().trim_end_matches("schema"));
        let mut names = Vec::new();
        for (url, required) in listed.iter() {
            if *required != Json::Bool(true) {
                continue;
            }
            let url = url.to_string();
            match url.strip_prefix(&prefix).filter(|short| draft.vocabularies().contains(short)) {
                Some(short) => names.push(short.to_string()),
                None => return Err(format!("unsupported vocabulary {} in {}", quote(&url), quote(name))),
            }
        }
        if !names.iter().any(|name| name == "core") {
            names.push("core".to_string());
        }
        Ok(Some(names))
    }

    /// Finds the resources and anchors of a schema and those within.
    fn collect(
        &mut self,
        root: &mut Root,
        schema: &Json,
        base: &str,
        pointer: &str,
        fallback: &Dialect,
    ) -> Result<(), String> {
        if root.processed.contains(pointer) {
            return Ok(());
        }
        self.collect_one(root, schema, base, pointer, fallback)?;
        root.processed.insert(pointer.to_string());
        Ok(())
    }

    fn collect_one(
        &mut self,
        root: &mut Root,
        schema: &Json,
        base: &str,
        pointer: &str,
        fallback: &Dialect,
    ) -> Result<(), String> {
        let new_resource = |id: &str, dialect: &Dialect| {
            Rc::new(Resource {
                pointer: pointer.to_string(),
                id: id.to_string(),
                dialect: dialect.clone(),
                anchors: BTreeMap::new(),
                dynamic_anchors: Vec::new(),
            })
        };
        if !matches!(schema, Json::Object(_)) {
            if pointer.is_empty() {
                root.resources.insert(String::new(), new_resource(base, fallback));
            }
            return Ok(());
        }
        let mut has_schema = schema.get("$schema").is_some_and(|name| name.as_str().is_some());
        let mut draft = self.draft(&root.url, pointer, schema, fallback.draft, &mut BTreeSet::new())?;
        let mut id = draft.id(schema);
        if id.is_none() && !pointer.is_empty() {
            draft = fallback.draft;
            has_schema = false;
            id = draft.id(schema);
        }
        let mut base = Cow::Borrowed(base);
        let mut is_resource = pointer.is_empty();
        if let Some(id) = id {
            let joined = join(&base, id);
            let Ok((url, _)) = joined else {
                return Err(format!("error in parsing id at {}", quote(&located(&root.url, pointer))));
            };
            base = Cow::Owned(url);
            is_resource = true;
        }
        if is_resource {
            match root.resources.values().find(|resource| resource.id == base) {
                Some(other) if other.pointer != pointer => {
                    return Err(format!(
                        "duplicate id {} in {} at {} and {}",
                        quote(&base),
                        quote(&root.url),
                        quote(pointer),
                        quote(&other.pointer)
                    ));
                }
                Some(_) => {}
                None => {
                    let dialect = if has_schema {
                        Dialect { draft, vocabularies: self.vocabularies(schema, draft)? }
                    } else {
                        fallback.clone()
                    };
                    root.resources.insert(pointer.to_string(), new_resource(&base, &dialect));
                }
            }
        }
        let Some((home, dialect)) = root
            .resources
            .values()
            .find(|resource| resource.id == base)
            .map(|resource| (resource.pointer.clone(), resource.dialect.clone()))
        else {
            return Err("baseres is nil".to_string());
        };
        collect_anchors(root, &home, schema, pointer)?;
        for (keyword, place) in draft.subschemas() {
            let Some(value) = schema.get(keyword) else { continue };
            let below = format!("{pointer}/{}", escape_token(keyword));
            match (place, value) {
                (Place::Own, value) => self.collect(root, value, &base, &below, &dialect)?,
                (Place::Items, Json::Array(items)) => {
                    for (index, item) in items.iter().enumerate() {
                        self.collect(root, item, &base, &format!("{below}/{index}"), &dialect)?;
                    }
                }
                (Place::Members, Json::Object(members)) => {
                    for (name, member) in members.iter() {
                        let below = format!("{below}/{}", escape_token(&name.to_text()));
                        self.collect(root, member, &base, &below, &dialect)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes sure that what a reference points at is known as a schema.
    fn ensure_subschema(&mut self, url: &str, pointer: &str) -> Result<(), String> {
        let root = self.root(url)?;
        if root.processed.contains(pointer) {
            return Ok(());
        }
        let document = Rc::clone(&root.document);
        let schema = look_up(&document, url, pointer)?;
        let Some(mut root) = self.roots.remove(url) else { return Ok(()) };
        let (home, base, dialect) = match root.resource(pointer) {
            Some(home) => (home.pointer.clone(), home.id.clone(), home.dialect.clone()),
            None => return Ok(()),
        };
        self.collect(&mut root, schema, &base, pointer, &dialect)?;
        if !root.resources.contains_key(pointer) {
            collect_anchors(&mut root, &home, schema, pointer)?;
        }
        validate_schema(&root, schema, pointer)?;
        self.roots.insert(url.to_string(), root);
        Ok(())
    }

    fn enqueue(&mut self, url: &Rc<str>, pointer: &str) -> SchemaId {
        let known = self.by_place.entry(Rc::clone(url)).or_default();
        if let Some(&schema) = known.get(pointer) {
            return schema;
        }
        let id = self.schemas.len();
        let pointer: Rc<str> = pointer.into();
        self.schemas.push(Schema { location: located(url, &pointer), ..Schema::default() });
        known.insert(Rc::clone(&pointer), id);
        self.places.push((Rc::clone(url), pointer));
        id
    }

    fn compile(&mut self, url: &str) -> Result<SchemaId, String> {
        self.root(url)?;
        let url: Rc<str> = url.into();
        let mut next = self.schemas.len();
        let start = self.enqueue(&url, "");
        while next < self.schemas.len() {
            if next > MAX_SCHEMAS {
                return Err(format!("the schema has more than {MAX_SCHEMAS} parts"));
            }
            self.compile_one(next)?;
            next += 1;
        }
        Ok(start)
    }

    fn compile_one(&mut self, id: SchemaId) -> Result<(), String> {
        let (url, pointer) = self.places[id].clone();
        self.ensure_subschema(&url, &pointer)?;
        let root = self.root(&url)?;
        let document = Rc::clone(&root.document);
        let Some(resource) = root.resource(&pointer).cloned() else { return Ok(()) };
        let home = self.enqueue(&url, &resource.pointer);
        let mut schema = Schema {
            location: std::mem::take(&mut self.schemas[id].location),
            draft: resource.dialect.draft.number(),
            resource: home,
            ..Schema::default()
        };
        if schema.draft >= 2020 && home == id {
            for anchor in &resource.dynamic_anchors {
                if let Some(at) = resource.anchors.get(anchor) {
                    let target = self.enqueue(&url, at);
                    schema.dynamic_anchors.insert(anchor.clone(), target);
                }
            }
        }
        match look_up(&document, &url, &pointer)? {
            Json::Bool(truth) => schema.boolean = Some(*truth),
            Json::Object(members) if members.len() == 0 => schema.boolean = Some(true),
            object @ Json::Object(_) => {
                Part { compiler: self, object, url: &url, pointer: &pointer, resource: &resource }
                    .compile(&mut schema)?;
            }
            _ => {}
        }
        schema.all_properties_evaluated = schema.additional_properties.is_some();
        if schema.draft < 2020 {
            schema.all_items_evaluated = schema.additional_items.is_some() || schema.items.is_some();
        } else {
            schema.all_items_evaluated = schema.items.is_some();
        }
        schema.items_evaluated = schema.item_list.len();
        self.schemas[id] = schema;
        Ok(())
    }
}

fn collect_anchors(root: &mut Root, home: &str, schema: &Json, pointer: &str) -> Result<(), String> {
    let url = root.url.clone();
    let keywords = ["$ref", "id", "$id", "$anchor", "$dynamicAnchor"];
    if keywords.iter().all(|keyword| schema.get(keyword).is_none()) {
        return Ok(());
    }
    let Some(resource) = root.resources.get_mut(home) else { return Ok(()) };
    let resource = Rc::make_mut(resource);
    let draft = resource.dialect.draft;
    let mut add = |anchor: &str| match resource.anchors.get(anchor) {
        Some(other) if other != pointer => Err(format!(
            "duplicate anchor {} in {} at {} and {}",
            quote(anchor),
            quote(&url),
            quote(other),
            quote(pointer)
        )),
        _ => {
            resource.anchors.insert(anchor.to_string(), pointer.to_string());
            Ok(())
        }
    };
    if draft < Draft::Draft2019 {
        if schema.get("$ref").is_some() {
            return Ok(());
        }
        if let Some(id) = schema.get(draft.id_keyword()).and_then(Json::as_str) {
            let (_, fragment) = split_fragment(id)
                .map_err(|_| format!("error in parsing anchor at {}", quote(&located(&root.url, pointer))))?;
            if !fragment.is_empty() && !fragment.starts_with('/') {
                add(&fragment)?;
            }
        }
        return Ok(());
    }
    if let Some(anchor) = schema.get("$anchor").and_then(Json::as_str) {
        add(anchor)?;
    }
    if draft >= Draft::Draft2020
        && let Some(anchor) = schema.get("$dynamicAnchor").and_then(Json::as_str)
    {
        add(anchor)?;
        resource.dynamic_anchors.push(anchor.to_string());
    }
    Ok(())
}

/// Checks a schema against its metaschema.
fn validate_schema(root: &Root, schema: &Json, pointer: &str) -> Result<(), String> {
    let Some(resource) = root.resource(pointer) else { return Ok(()) };
    let metaschemas = Metaschemas::of(root.resources.values().map(|resource| &resource.dialect));
    let mut dialects: BTreeMap<String, SchemaId> = BTreeMap::new();
    let mut graph = None;
    for resource in root.resources.values() {
        let start = metaschemas.schema_for(&resource.dialect, &mut graph);
        dialects.insert(resource.pointer.clone(), start);
    }
    let start = metaschemas.schema_for(&resource.dialect, &mut graph);
    let schemas = graph.as_ref().unwrap_or(&metaschemas.graph.schemas);
    let instance = schema.clone().into_value().unwrap_or_else(|| approximate(schema));
    check::check_schema(schemas, start, &instance, &dialects).map_err(|error| {
        format!("{} is not valid against metaschema: {error}", quote(&located(&root.url, pointer)))
    })
}

/// The value with numbers that fit no float64 cut down to the largest.
fn approximate(schema: &Json) -> Value {
    match schema {
        Json::Null => Value::Null,
        Json::Bool(truth) => (*truth).into(),
        Json::Number(text) => {
            let number: f64 = text.as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
            number.clamp(f64::MIN, f64::MAX).into()
        }
        Json::String(text) => text.clone().into(),
        Json::Array(items) => items.iter().map(approximate).collect::<Vec<_>>().into(),
        Json::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), approximate(value)))
            .collect::<crate::data::Map>()
            .into(),
    }
}

impl Metaschemas {
    /// The schema of schemas of a dialect. One for a choice of vocabularies is added to a copy of the graph.
    fn schema_for(&self, dialect: &Dialect, graph: &mut Option<Vec<Schema>>) -> SchemaId {
        let draft = self.drafts.get(&dialect.draft).copied().unwrap_or_default();
        let Some(names) = &dialect.vocabularies else { return draft };
        let all_of = names
            .iter()
            .filter_map(|name| {
                let known = dialect.draft.vocabularies().iter().copied().find(|known| known == name)?;
                self.vocabularies.get(&(dialect.draft, known)).copied()
            })
            .collect();
        let schemas = graph.get_or_insert_with(|| self.graph.schemas.clone());
        let id = schemas.len();
        let mut schema = Schema {
            location: "urn:mem:metaschema#".to_string(),
            draft: dialect.draft.number(),
            resource: id,
            all_of,
            ..Schema::default()
        };
        if dialect.draft == Draft::Draft2020 {
            schema.dynamic_anchor = "meta".to_string();
            schema.dynamic_anchors.insert("meta".to_string(), id);
        }
        schemas.push(schema);
        id
    }
}

/// One schema object being compiled.
struct Part<'p, 'a> {
    compiler: &'p mut Compiler<'a>,
    object: &'p Json,
    url: &'p Rc<str>,
    pointer: &'p str,
    resource: &'p Resource,
}

impl Part<'_, '_> {
    fn compile(&mut self, schema: &mut Schema) -> Result<(), String> {
        schema.reference = self.reference("$ref")?;
        if schema.draft < 2019 && schema.reference.is_some() {
            // Nothing counts beside a `$ref`, but the engine overlooks `const`.
            if schema.draft >= 6 {
                schema.constant = self.object.get("const").cloned();
            }
            return Ok(());
        }
        if self.has("applicator") {
            self.compile_applicators(schema)?;
        }
        if self.has("validation") {
            self.compile_validation(schema)?;
        }
        let asserts_format = self.compiler.is_meta
            || match schema.draft {
                2019 => self.has("format"),
                2020 => self.has("format-assertion"),
                _ => true,
            };
        if asserts_format {
            schema.format = self.text("format").filter(|name| format::is_known(name)).map(str::to_string);
        }
        if schema.draft >= 2019 {
            schema.recursive_reference = self.reference("$recursiveRef")?;
            schema.recursive_anchor = self.is_true("$recursiveAnchor");
            let unevaluated = if schema.draft == 2019 { "applicator" } else { "unevaluated" };
            if self.has(unevaluated) {
                schema.unevaluated_items = self.schema("unevaluatedItems");
                schema.unevaluated_properties = self.schema("unevaluatedProperties");
            }
        }
        if schema.draft >= 2020 {
            if let Some(target) = self.reference("$dynamicRef")? {
                let (_, fragment) = split_fragment(self.text("$dynamicRef").unwrap_or_default())?;
                let anchor = if fragment.starts_with('/') { String::new() } else { fragment };
                schema.dynamic_reference = Some((target, anchor));
            }
            schema.dynamic_anchor = self.text("$dynamicAnchor").unwrap_or_default().to_string();
        }
        Ok(())
    }

    fn compile_applicators(&mut self, schema: &mut Schema) -> Result<(), String> {
        schema.all_of = self.list("allOf").unwrap_or_default();
        schema.any_of = self.list("anyOf").unwrap_or_default();
        schema.one_of = self.list("oneOf").unwrap_or_default();
        schema.not = self.schema("not");
        if schema.draft < 2020 {
            if let Some(items) = self.list("items") {
                schema.item_list = items;
                schema.has_item_list = true;
                schema.additional_items = self.additional("additionalItems");
            } else {
                schema.items = self.schema("items");
            }
        } else {
            schema.item_list = self.list("prefixItems").unwrap_or_default();
            schema.items = self.schema("items");
        }
        schema.properties =
            self.map("properties").into_iter().map(|(name, target)| (name.into(), target)).collect();
        for (source, target) in self.map("patternProperties") {
            let pattern = self.pattern("patternProperties", &source)?;
            schema.pattern_properties.push((pattern, target));
        }
        schema.additional_properties = self.additional("additionalProperties");
        if let Some(Json::Object(members)) = self.object.get("dependencies") {
            for (name, value) in members.iter() {
                let name = name.to_string();
                let dependency = match value {
                    Json::Array(items) => Dependency::Properties(strings(items)),
                    _ => Dependency::Schema(self.below(&["dependencies", &name])),
                };
                schema.dependencies.insert(name, dependency);
            }
        }
        if schema.draft >= 6 {
            schema.contains = self.schema("contains");
            schema.property_names = self.schema("propertyNames");
        }
        if schema.draft >= 7 {
            schema.condition = self.schema("if");
            if schema.condition.is_some() {
                let known = self.object.get("if");
                if known != Some(&Json::Bool(false)) {
                    schema.then = self.schema("then");
                }
                if known != Some(&Json::Bool(true)) {
                    schema.otherwise = self.schema("else");
                }
            }
        }
        if schema.draft >= 2019 {
            schema.dependent_schemas = self.map("dependentSchemas");
        }
        Ok(())
    }

    fn compile_validation(&mut self, schema: &mut Schema) -> Result<(), String> {
        schema.types = match self.object.get("type") {
            Some(Json::String(name)) => check::type_bit(&name.to_text()),
            Some(Json::Array(names)) => {
                strings(names).iter().fold(0, |bits, name| bits | check::type_bit(name))
            }
            _ => 0,
        };
        if let Some(Json::Array(choices)) = self.object.get("enum") {
            schema.choices = Some(choices.clone());
        }
        schema.multiple_of = self.number("multipleOf");
        schema.maximum = self.number("maximum");
        if self.is_true("exclusiveMaximum") {
            schema.exclusive_maximum = schema.maximum.take();
        } else {
            schema.exclusive_maximum = self.number("exclusiveMaximum");
        }
        schema.minimum = self.number("minimum");
        if self.is_true("exclusiveMinimum") {
            schema.exclusive_minimum = schema.minimum.take();
        } else {
            schema.exclusive_minimum = self.number("exclusiveMinimum");
        }
        schema.min_length = self.count("minLength");
        schema.max_length = self.count("maxLength");
        if let Some(source) = self.text("pattern") {
            let source = source.to_string();
            schema.pattern = Some(self.pattern("pattern", &source)?);
        }
        schema.min_items = self.count("minItems");
        schema.max_items = self.count("maxItems");
        schema.unique_items = self.is_true("uniqueItems");
        schema.max_properties = self.count("maxProperties");
        schema.min_properties = self.count("minProperties");
        if let Some(Json::Array(names)) = self.object.get("required") {
            schema.required = strings(names);
        }
        if schema.draft >= 6 {
            schema.constant = self.object.get("const").cloned();
        }
        if schema.draft >= 2019 {
            if schema.contains.is_some() {
                schema.min_contains = self.count("minContains");
                schema.max_contains = self.count("maxContains");
            }
            if let Some(Json::Object(members)) = self.object.get("dependentRequired") {
                for (name, value) in members.iter() {
                    if let Json::Array(items) = value {
                        schema.dependent_required.insert(name.to_string(), strings(items));
                    }
                }
            }
        }
        Ok(())
    }

    fn has(&self, vocabulary: &str) -> bool {
        self.resource.dialect.has(vocabulary)
    }

    fn below(&mut self, tokens: &[&str]) -> SchemaId {
        let mut pointer = self.pointer.to_string();
        for token in tokens {
            pointer.push('/');
            pointer.push_str(&escape_token(token));
        }
        self.compiler.enqueue(self.url, &pointer)
    }

    fn reference(&mut self, keyword: &str) -> Result<Option<SchemaId>, String> {
        let Some(reference) = self.text(keyword) else { return Ok(None) };
        let (url, fragment) = join(&self.resource.id, reference)?;
        let own = self.compiler.root(self.url)?;
        let local = if url == own.url {
            own.resources.get("")
        } else {
            own.resources.values().find(|resource| resource.id == url)
        };
        if let Some(resource) = local {
            let pointer = own.resolve_fragment(&fragment, resource)?;
            return Ok(Some(self.compiler.enqueue(self.url, &pointer)));
        }
        let other = self.compiler.root(&url)?;
        let pointer = match other.resources.get("") {
            Some(resource) => other.resolve_fragment(&fragment, resource)?,
            None => fragment,
        };
        Ok(Some(self.compiler.enqueue(&url.into(), &pointer)))
    }

    fn schema(&mut self, keyword: &str) -> Option<SchemaId> {
        self.object.get(keyword)?;
        Some(self.below(&[keyword]))
    }

    fn list(&mut self, keyword: &str) -> Option<Vec<SchemaId>> {
        let Some(Json::Array(items)) = self.object.get(keyword) else { return None };
        Some((0..items.len()).map(|index| self.below(&[keyword, &index.to_string()])).collect())
    }

    fn map(&mut self, keyword: &str) -> BTreeMap<String, SchemaId> {
        let Some(Json::Object(members)) = self.object.get(keyword) else { return BTreeMap::new() };
        members
            .iter()
            .map(|(name, _)| {
                let name = name.to_string();
                let target = self.below(&[keyword, &name]);
                (name, target)
            })
            .collect()
    }

    fn additional(&mut self, keyword: &str) -> Option<Additional> {
        match self.object.get(keyword)? {
            Json::Bool(truth) => Some(Additional::Bool(*truth)),
            _ => self.schema(keyword).map(Additional::Schema),
        }
    }

    fn pattern(&self, keyword: &str, source: &str) -> Result<Pattern, String> {
        match Regex::new(source) {
            Ok(regex) => Ok(Pattern { regex, source: source.to_string() }),
            Err(error) => Err(format!(
                "invalid regex {} at {}: {error}",
                quote(source),
                quote(&located(self.url, &format!("{}/{keyword}", self.pointer)))
            )),
        }
    }

    fn text(&self, keyword: &str) -> Option<&str> {
        self.object.get(keyword)?.as_str()
    }

    fn is_true(&self, keyword: &str) -> bool {
        self.object.get(keyword) == Some(&Json::Bool(true))
    }

    fn number(&self, keyword: &str) -> Option<Decimal> {
        match self.object.get(keyword)? {
            Json::Number(text) => Decimal::parse(text.as_str()?),
            _ => None,
        }
    }

    fn count(&self, keyword: &str) -> Option<i64> {
        self.number(keyword)?.to_i64()
    }
}
