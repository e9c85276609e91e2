//! `values.schema.json`.
//!
//! Helm: pkg/chart/common/util/jsonschema.go.

mod check;
mod compile;
mod format;
mod message;
mod number;
mod url;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::json::{self, Json};
use super::print;
use crate::Compat;
use crate::chart::Chart;
use crate::data::Value;
use crate::error::{Error, ErrorKind, Result};

use compile::Graph;

/// The name Helm gives a chart's schema.
const URL: &str = "file:///values.schema.json";

/// Where `$ref` may lead outside the schema: from a URL (`file:`, `http:`, `https:`) to the document.
pub trait SchemaSource: Send + Sync {
    /// Reads the document at `url`.
    ///
    /// # Errors
    /// Why it cannot be had.
    fn load(&self, url: &str) -> std::result::Result<Vec<u8>, String>;
}

impl<F> SchemaSource for F
where
    F: Fn(&str) -> std::result::Result<Vec<u8>, String> + Send + Sync,
{
    fn load(&self, url: &str) -> std::result::Result<Vec<u8>, String> {
        self(url)
    }
}

/// A schema that is ready to check values.
#[derive(Clone)]
pub(super) struct Schema {
    graph: Arc<std::result::Result<Graph, String>>,
    warnings: Arc<[String]>,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schema")
    }
}

impl Schema {
    /// Compiles the text of a schema; what is wrong with it shows when it is used.
    pub(super) fn new(text: &[u8], compat: Compat, source: Option<&dyn SchemaSource>) -> Self {
        let mut unresolved = BTreeSet::new();
        let graph = json::parse(text).and_then(|document| {
            let mut load = |url: &str| load(url, source, &mut unresolved);
            compile::compile(URL, document, &mut load)
        });
        let warnings = unresolved.into_iter().map(|urn| match compat {
            Compat::Helm3 => {
                format!("WARNING: unresolved URN reference ignored; using permissive schema: {urn}")
            }
            Compat::Helm4 => format!("unresolved URN reference ignored; using permissive schema urn={urn}"),
        });
        Self { graph: Arc::new(graph), warnings: warnings.collect() }
    }

    /// Checks values; the text is that of Helm's `ValidateAgainstSingleSchema`.
    pub(super) fn check(&self, values: &Value) -> std::result::Result<(), String> {
        let graph = self.graph.as_ref().as_ref().map_err(Clone::clone)?;
        check::check_value(graph, values).map_err(|text| {
            let prefix = format!("jsonschema validation failed with '{URL}#'\n");
            format!("{}\n", text.strip_prefix(&prefix).unwrap_or(&text))
        })
    }
}

fn load(
    url: &str,
    source: Option<&dyn SchemaSource>,
    unresolved: &mut BTreeSet<String>,
) -> std::result::Result<Json, String> {
    let scheme = url::Url::parse(url)?.scheme;
    match scheme.as_str() {
        "urn" => {
            unresolved.insert(url.to_string());
            Ok(Json::Bool(true))
        }
        "file" | "http" | "https" => match source {
            Some(source) => json::parse(&source.load(url)?),
            None => Err("schemas may not refer to files or the network unless --allow-schema-refs is given".to_string()),
        },
        _ => Err(format!("no URLLoader registered for {}", print::quote(url))),
    }
}

/// The schemas of a chart and its subcharts, compiled.
#[derive(Debug, Clone, Default)]
pub(super) struct Schemas {
    own: Option<Schema>,
    children: Vec<Schemas>,
}

impl Schemas {
    pub(super) fn new(chart: &Chart, source: Option<&dyn SchemaSource>) -> Self {
        Self {
            own: chart.schema.as_ref().map(|file| Schema::new(file.data(), chart.compat, source)),
            children: chart.dependencies.iter().map(|chart| Self::new(chart, source)).collect(),
        }
    }

    /// Whether there is no schema at all.
    pub(super) fn is_empty(&self) -> bool {
        self.own.is_none() && self.children.iter().all(Self::is_empty)
    }

    /// Checks the values of a chart and of its subcharts.
    ///
    /// # Errors
    /// What each chart's schema refuses, in Helm's words; a diagnostic for each line.
    pub(super) fn check(&self, chart: &Chart, values: &Value, warnings: &mut Vec<String>) -> Result<()> {
        let mut text = String::new();
        self.check_at(chart, values, &mut text, warnings);
        if text.is_empty() {
            return Ok(());
        }
        let message =
            format!("values don't meet the specifications of the schema(s) in the following chart(s):\n{text}");
        Err(Error::new(ErrorKind::Schema, message))
    }

    fn check_at(&self, chart: &Chart, values: &Value, text: &mut String, warnings: &mut Vec<String>) {
        if let Some(schema) = &self.own {
            warnings.extend(schema.warnings.iter().cloned());
            if let Err(reason) = schema.check(values) {
                text.push_str(&format!("{}:\n{reason}", chart.name()));
            }
        }
        for (schemas, child) in self.children.iter().zip(&chart.dependencies) {
            match values.get(child.name()) {
                None | Some(Value::Null) => {}
                Some(values @ Value::Map(_)) => schemas.check_at(child, values, text, warnings),
                Some(other) => text.push_str(&format!(
                    "{}:\ninvalid type for values: expected object (map), got {}\n",
                    child.name(),
                    print::type_name(other)
                )),
            }
        }
    }
}
