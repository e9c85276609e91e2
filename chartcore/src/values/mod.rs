//! Overrides and defaults to the one tree templates see.
//!
//! [`merge`] runs what Helm runs between loading and rendering, in Helm's order: conditions, tags, aliases and
//! `import-values` decide what charts there are (`ProcessDependencies`), the overrides go over the defaults
//! (`CoalesceValues`), and each chart's `values.schema.json` has its say. Whether declared dependencies are
//! there at all is asked before, by [`Chart::check_dependencies`].
//!
//! Subtrees are shared, not copied: what an override does not touch is the chart's own.

mod coalesce;
mod enable;
mod import;
mod json;
mod merge;
mod origin;
mod overrides;
mod own;
mod path;
mod print;
mod reuse;
mod schema;
mod setter;
mod unused;

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::chart::Chart;
use crate::data::Value;
use crate::diag::Diagnostic;
use crate::error::Result;

pub use merge::{MergeOptions, Merger};
pub use origin::{Effect, Explanation, Origin, Setting};
pub use overrides::{Overrides, Setter, ValuesSource, read_from_disk};
pub(crate) use own::check_own_schema;
pub use path::{Path, PathStep};
pub use reuse::{Previous, keep, reset_then_reuse, reuse};
pub use schema::SchemaSource;
pub use unused::unused;

/// Merges overrides over a chart's defaults.
///
/// To merge many times over one chart, make a [`Merger`].
///
/// ```
/// use chartcore::Chart;
/// use chartcore::values::{Overrides, merge};
///
/// let defaults = chartcore::data::yaml::parse_map(b"image: {tag: v1, pull: Always}").unwrap();
/// let chart = Chart::builder("web").values(defaults).build()?;
/// let values = merge(&chart, &Overrides::new().set("image.tag=v2"))?;
/// let image = values.tree().get("image").unwrap();
/// assert_eq!(image.get("tag").and_then(|tag| tag.as_str()), Some("v2"));
/// assert_eq!(image.get("pull").and_then(|pull| pull.as_str()), Some("Always"));
/// # Ok::<(), chartcore::Error>(())
/// ```
///
/// # Errors
/// An override cannot be read, subcharts' values are no tables, or a schema refuses; the texts are Helm's.
pub fn merge(chart: &Chart, overrides: &Overrides) -> Result<Values> {
    merge_with(chart, overrides, &MergeOptions::default())
}

/// Merges overrides over a chart's defaults, with options.
///
/// # Errors
/// As [`merge`].
pub fn merge_with(chart: &Chart, overrides: &Overrides, options: &MergeOptions) -> Result<Values> {
    Merger::with_options(chart, options)?.merge(overrides)
}

/// A chart and the values its templates see: immutable, cheap to clone, shared between threads.
#[derive(Clone)]
pub struct Values {
    inner: Arc<Inner>,
}

struct Inner {
    /// As processed.
    chart: Chart,
    /// As loaded.
    source: Chart,
    tree: Value,
    user: Value,
    overrides: Overrides,
    warnings: Vec<Diagnostic>,
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values themselves may be secret.
        f.debug_struct("Values").field("chart", &self.inner.chart.name()).finish_non_exhaustive()
    }
}

impl Values {
    /// The chart as it will be rendered: disabled subcharts are gone, aliases have their names, defaults hold
    /// what is imported.
    pub fn chart(&self) -> &Chart {
        &self.inner.chart
    }

    /// The chart as it was loaded.
    pub fn source(&self) -> &Chart {
        &self.inner.source
    }

    /// What `.Values` is in the templates of the chart; a subchart's is the table under its name.
    pub fn tree(&self) -> &Value {
        &self.inner.tree
    }

    /// What the user set, as one map: what a release records as its config.
    pub fn user(&self) -> &Value {
        &self.inner.user
    }

    /// What Helm would have logged: tables that meet scalars, conditions that are no truth values.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.inner.warnings
    }

    /// Tells who set the value at a path, over whom; nothing if nobody mentions it.
    ///
    /// ```
    /// use chartcore::Chart;
    /// use chartcore::values::{Overrides, merge};
    ///
    /// let chart = Chart::builder("web").build()?;
    /// let values = merge(&chart, &Overrides::new().text("prod.yaml", "replicas: 2").set("replicas=3"))?;
    /// let explanation = values.explain(&["replicas"]).expect("it is set");
    /// assert_eq!(
    ///     explanation.to_string(),
    ///     "replicas = 3\n  set by --set replicas=3\n  over prod.yaml:1: 2\n"
    /// );
    /// # Ok::<(), chartcore::Error>(())
    /// ```
    pub fn explain(&self, path: impl Into<Path>) -> Option<Explanation> {
        origin::explain(&self.inner, &path.into())
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.inner.tree.serialize(serializer)
    }
}
