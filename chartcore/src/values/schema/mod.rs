//! `values.schema.json`.
//!
//! Helm: pkg/chart/common/util/jsonschema.go.

mod check;
mod compile;
mod draft;
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

/// What a chart's schema refuses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    /// The subcharts from the root to that chart, by name; none for the root itself.
    pub(super) charts: Vec<String>,
    /// Helm's text, lines and all.
    pub(super) text: String,
    /// Place and reason of each failure.
    pub(super) failures: Vec<(Vec<String>, String)>,
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
    pub(super) fn check(&self, values: &Value) -> std::result::Result<(), Refusal> {
        let graph = match self.graph.as_ref() {
            Ok(graph) => graph,
            Err(reason) => {
                let failures = vec![(Vec::new(), reason.clone())];
                return Err(Refusal { charts: Vec::new(), text: reason.clone(), failures });
            }
        };
        check::check_value(graph, values).map_err(|failure| {
            let text = failure.to_string();
            let prefix = format!("jsonschema validation failed with '{URL}#'\n");
            let text = format!("{}\n", text.strip_prefix(&prefix).unwrap_or(&text));
            let mut failures: Vec<_> =
                failure.causes.iter().map(|cause| (cause.place.clone(), cause.reason())).collect();
            if failures.is_empty() {
                failures.push((Vec::new(), failure.reason()));
            }
            Refusal { charts: Vec::new(), text, failures }
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
            None => Err("schemas may not refer to files or the network unless --allow-schema-refs is given"
                .to_string()),
        },
        _ => Err(format!("no URLLoader registered for {}", crate::quote::quote(url))),
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
    pub(super) fn check(&self, chart: &Chart, values: &Value, warnings: &mut Vec<String>) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        self.check_at(chart, values, &mut Vec::new(), &mut refusals, warnings);
        refusals
    }

    fn check_at(
        &self,
        chart: &Chart,
        values: &Value,
        charts: &mut Vec<String>,
        refusals: &mut Vec<Refusal>,
        warnings: &mut Vec<String>,
    ) {
        if let Some(schema) = &self.own {
            warnings.extend(schema.warnings.iter().cloned());
            if let Err(refusal) = schema.check(values) {
                let text = format!("{}:\n{}", chart.name(), refusal.text);
                refusals.push(Refusal { charts: charts.clone(), text, ..refusal });
            }
        }
        for (schemas, child) in self.children.iter().zip(&chart.dependencies) {
            charts.push(child.name().to_string());
            match values.get(child.name()) {
                None | Some(Value::Null) => {}
                Some(values @ Value::Map(_)) => schemas.check_at(child, values, charts, refusals, warnings),
                Some(other) => {
                    let reason = format!(
                        "invalid type for values: expected object (map), got {}",
                        print::type_name(other)
                    );
                    let text = format!("{}:\n{reason}\n", child.name());
                    refusals.push(Refusal {
                        charts: charts.clone(),
                        text,
                        failures: vec![(Vec::new(), reason)],
                    });
                }
            }
            charts.pop();
        }
    }
}
