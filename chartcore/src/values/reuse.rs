//! What an upgrade keeps of the release before: `--reuse-values` and its like.
//!
//! Helm: pkg/action/upgrade.go, `reuseValues`.

use super::coalesce::{self, Nulls};
use super::enable::Forest;
use crate::chart::Chart;
use crate::data::Value;
use crate::error::Result;

/// The release before: its chart and what the user had set.
#[derive(Debug, Clone, Copy)]
pub struct Previous<'p> {
    /// The chart.
    pub chart: &'p Chart,
    /// What the user had set, a map.
    pub config: &'p Value,
}

/// `--reuse-values`: the old merged values become the new chart's defaults, the old settings stay under the
/// new ones. Returns the chart to merge and what to merge over it.
///
/// # Errors
/// The old values cannot be merged any more.
pub fn reuse(chart: &Chart, previous: Previous<'_>, new: &Value) -> Result<(Chart, Value)> {
    let mut warnings = Vec::new();
    let defaults = Forest::new(previous.chart)?
        .coalesce(Forest::ROOT, previous.config, Nulls::Delete, &mut warnings)
        .map_err(|error| error.prefixed("failed to rebuild old values: "))?;
    let mut chart = chart.clone();
    chart.values = defaults;
    Ok((chart, reset_then_reuse(previous, new)?))
}

/// `--reset-then-reuse-values`: the new chart's defaults, the old settings under the new ones.
///
/// # Errors
/// The values nest too deep.
pub fn reset_then_reuse(previous: Previous<'_>, new: &Value) -> Result<Value> {
    coalesce::tables(new, previous.config, Nulls::Delete, &mut Vec::new())
}

/// Without a flag: the old settings if there are no new ones, else the new ones alone.
pub fn keep(previous: Previous<'_>, new: &Value) -> Value {
    if new.as_map().is_none_or(crate::data::Map::is_empty) { previous.config.clone() } else { new.clone() }
}
