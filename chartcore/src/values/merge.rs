//! Merging, again and again over one chart.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::coalesce::Nulls;
use super::enable::Forest;
use super::import;
use super::origin;
use super::schema::{SchemaSource, Schemas};
use super::{Inner, Overrides, Path, PathStep, Values};
use crate::chart::Chart;
use crate::data::Value;
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};

/// How many outcomes of conditions and tags a merger keeps.
const KEPT: usize = 16;

/// How to merge.
#[non_exhaustive]
#[derive(Clone, Default)]
pub struct MergeOptions {
    /// Whether to leave out `values.schema.json` (`--skip-schema-validation`).
    pub skip_schema: bool,
    /// Where a schema's `$ref` may lead; nowhere unless given.
    pub schema_source: Option<Arc<dyn SchemaSource>>,
    /// Whether the templates are parsed beside it, on other threads: for whoever renders the result anyway.
    pub parse_ahead: bool,
}

impl MergeOptions {
    /// Sets whether schemas are left out.
    #[must_use]
    pub fn skip_schema(mut self, skip: bool) -> Self {
        self.skip_schema = skip;
        self
    }

    /// Lets a schema's `$ref` lead to files and the network, by way of `source`.
    #[must_use]
    pub fn schema_source(mut self, source: impl SchemaSource + 'static) -> Self {
        self.schema_source = Some(Arc::new(source));
        self
    }

    /// Sets whether the templates are parsed beside it.
    #[must_use]
    pub fn parse_ahead(mut self, parse: bool) -> Self {
        self.parse_ahead = parse;
        self
    }
}

impl fmt::Debug for MergeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MergeOptions")
            .field("skip_schema", &self.skip_schema)
            .field("schema_source", &self.schema_source.is_some())
            .field("parse_ahead", &self.parse_ahead)
            .finish()
    }
}

/// A chart that is ready to be merged with many overrides.
///
/// Keeps what does not depend on them: the processed charts of each outcome of conditions and tags, and the
/// compiled schemas. Shared between threads.
pub struct Merger {
    source: Chart,
    options: MergeOptions,
    forest: Forest,
    processed: Mutex<Vec<Arc<Processed>>>,
}

/// The charts after one outcome of conditions and tags.
struct Processed {
    decisions: Vec<bool>,
    forest: Forest,
    chart: Chart,
    schemas: OnceLock<Schemas>,
    warnings: Vec<String>,
}

impl fmt::Debug for Merger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merger").field("chart", &self.source.name()).finish_non_exhaustive()
    }
}

impl Merger {
    /// Makes a merger.
    ///
    /// # Errors
    /// The charts nest too deep.
    pub fn new(chart: &Chart) -> Result<Self> {
        Self::with_options(chart, &MergeOptions::default())
    }

    /// Makes a merger with options.
    ///
    /// # Errors
    /// The charts nest too deep.
    pub fn with_options(chart: &Chart, options: &MergeOptions) -> Result<Self> {
        Ok(Self {
            source: chart.clone(),
            options: options.clone(),
            forest: Forest::new(chart)?,
            processed: Mutex::default(),
        })
    }

    /// Merges overrides over the chart's defaults.
    ///
    /// # Errors
    /// As [`super::merge`].
    pub fn merge(&self, overrides: &Overrides) -> Result<Values> {
        let user = overrides.resolve(self.source.compat())?;
        let mut warnings = Vec::new();
        let mut forest = self.forest.clone();
        let decisions = forest.enable(&user, &mut warnings)?;
        let processed = self.processed(forest, decisions)?;
        warnings.extend(processed.warnings.iter().cloned());
        let merge = || self.merge_processed(&processed, user, overrides, warnings);
        if self.options.parse_ahead { processed.chart.parse_beside(merge) } else { merge() }
    }

    fn merge_processed(
        &self,
        processed: &Processed,
        user: Value,
        overrides: &Overrides,
        mut warnings: Vec<String>,
    ) -> Result<Values> {
        let tree = processed.forest.coalesce(Forest::ROOT, &user, Nulls::Delete, &mut warnings)?;
        let mut inner = Inner {
            chart: processed.chart.clone(),
            source: self.source.clone(),
            tree,
            user,
            overrides: overrides.clone(),
            warnings: Vec::new(),
        };
        if !self.options.skip_schema {
            let schemas = processed
                .schemas
                .get_or_init(|| Schemas::new(&processed.chart, self.options.schema_source.as_deref()));
            check_schemas(schemas, &inner, &mut warnings)?;
        }
        inner.warnings = diagnostics(warnings);
        Ok(Values { inner: Arc::new(inner) })
    }

    /// The charts after `decisions`, from earlier merges if possible.
    fn processed(&self, mut forest: Forest, decisions: Vec<bool>) -> Result<Arc<Processed>> {
        let known = || self.processed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(processed) = known().iter().find(|processed| processed.decisions == decisions) {
            return Ok(Arc::clone(processed));
        }
        let mut warnings = Vec::new();
        import::import(&mut forest, self.source.compat(), &mut warnings)?;
        let chart = forest.chart(Forest::ROOT);
        let processed = Arc::new(Processed { decisions, forest, chart, schemas: OnceLock::new(), warnings });
        let mut known = known();
        if known.len() >= KEPT {
            known.remove(0);
        }
        known.push(Arc::clone(&processed));
        Ok(processed)
    }
}

/// Each warning once, in order.
fn diagnostics(warnings: Vec<String>) -> Vec<Diagnostic> {
    let mut seen = std::collections::BTreeSet::new();
    warnings
        .into_iter()
        .filter(|warning| seen.insert(warning.clone()))
        .map(|warning| Diagnostic::warning("values-conflict", warning))
        .collect()
}

/// Checks the values of every chart; a refused value is pointed at where it was set.
fn check_schemas(schemas: &Schemas, inner: &Inner, warnings: &mut Vec<String>) -> Result<()> {
    if schemas.is_empty() {
        return Ok(());
    }
    let refusals = schemas.check(&inner.chart, &inner.tree, warnings);
    if refusals.is_empty() {
        return Ok(());
    }
    let texts: String = refusals.iter().map(|refusal| refusal.text.as_str()).collect();
    let message =
        format!("values don't meet the specifications of the schema(s) in the following chart(s):\n{texts}");
    let mut error = Error::new(ErrorKind::Schema, message);
    for refusal in &refusals {
        for (steps, reason) in &refusal.failures {
            error = error.with_diagnostic(located(inner, &refusal.charts, steps, reason));
        }
    }
    Err(error)
}

fn located(inner: &Inner, charts: &[String], steps: &[String], reason: &str) -> Diagnostic {
    let mut path = Path::of_keys(charts);
    let mut value = path.find(&inner.tree).unwrap_or(&Value::Null);
    for step in steps {
        let step = match (value, step.parse()) {
            (Value::List(_), Ok(index)) => PathStep::Index(index),
            _ => PathStep::Key(step.clone()),
        };
        path = path.then(step);
        value = path.find(&inner.tree).unwrap_or(&Value::Null);
    }
    let shown = if path.steps().is_empty() { "the values".to_string() } else { format!("`{path}`") };
    let mut diagnostic = Diagnostic::error("schema", format!("{shown}: {reason}"));
    if let Some(explanation) = origin::explain(inner, &path)
        && let Some(setting) = explanation.winner()
    {
        diagnostic.primary.clone_from(&setting.location);
        diagnostic.label = Some(reason.to_owned());
        if setting.location.is_none() {
            diagnostic = diagnostic.note(format!("set by {}", setting.origin));
        }
    }
    diagnostic
}
