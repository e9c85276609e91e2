//! Which subcharts take part, and under which names: conditions, tags, aliases.
//!
//! Helm: pkg/chart/v2/util/dependencies.go. Helm changes the loaded charts in place, copies of an aliased
//! chart share parts (in Helm 3 more than in Helm 4), and the sharing shows. [`Forest`] keeps charts, their
//! metadata and their dependency entries apart, by number, so that they can be shared the same way.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::coalesce::{Charts, GLOBAL, Heap, Layer, Nulls, TableId};
use crate::chart::{Chart, Dependency, Metadata};
use crate::data::{Map, Str, Value};
use crate::quote::quote;
use crate::version::{Constraint, Version};
use crate::{Compat, Error, ErrorKind, Result};

/// How deep charts may lie within charts.
const CHART_DEPTH: usize = 100;
/// How many charts a forest may come to by aliases of aliases.
const MAX_CHARTS: usize = 100_000;

/// A tree of charts that is being processed.
#[derive(Debug, Clone)]
pub(super) struct Forest {
    compat: Compat,
    charts: Vec<Tree>,
    metas: Vec<Meta>,
    pub(super) needs: Vec<Need>,
}

#[derive(Debug, Clone)]
struct Tree {
    /// The chart as loaded, without its subcharts.
    source: Arc<Chart>,
    meta: usize,
    layer: Layer,
    children: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Meta {
    name: Str,
    /// Numbers of [`Forest::needs`].
    needs: Vec<usize>,
    /// Whether there is a list of dependencies at all, be it empty.
    lists_needs: bool,
}

/// An entry of a chart's `dependencies`.
#[derive(Debug, Clone)]
pub(super) struct Need {
    source: Arc<Dependency>,
    /// The name, or the alias once that has been given.
    pub(super) name: Str,
    enabled: bool,
    /// The imports in their final form, once they are done.
    pub(super) imported: Option<Vec<Value>>,
}

impl Need {
    /// `import-values`; nothing when they have been done.
    pub(super) fn imports(&self) -> &[Value] {
        if self.imported.is_some() { &[] } else { &self.source.import_values }
    }
}

impl Charts for Forest {
    fn name(&self, chart: usize) -> &Str {
        &self.metas[self.charts[chart].meta].name
    }

    fn layer(&self, chart: usize) -> &Layer {
        &self.charts[chart].layer
    }

    fn children(&self, chart: usize) -> &[usize] {
        &self.charts[chart].children
    }
}

/// Values that were merged for a chart, as far as anybody may ask for them.
///
/// Helm merges each chart with dependencies over all that was merged above it. Most of that nobody looks at,
/// so only what both sides have is merged here, and the rest is looked up where it is.
enum View<'v> {
    /// What the user set.
    User(&'v Value),
    /// A chart's defaults under the values above it.
    Level {
        /// The keys that were merged, in order.
        keys: Vec<Str>,
        heap: Heap,
        merged: TableId,
        defaults: Option<&'v Map>,
        above: &'v View<'v>,
    },
}

impl View<'_> {
    /// Whether the keys that were merged include this one.
    fn is_merged(keys: &[Str], key: &[u8]) -> bool {
        keys.binary_search_by(|other| other.as_bytes().cmp(key)).is_ok()
    }

    fn has(&self, key: &[u8]) -> bool {
        match self {
            Self::User(values) => values.as_map().is_some_and(|map| map.contains_key(key)),
            Self::Level { keys, heap, merged, .. } if Self::is_merged(keys, key) => heap.has(*merged, key),
            Self::Level { defaults, above, .. } => {
                defaults.is_some_and(|defaults| defaults.contains_key(key)) || above.has(key)
            }
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Value>> {
        match self {
            Self::User(values) => Ok(values.as_map().and_then(|map| map.get(key)).cloned()),
            Self::Level { keys, heap, merged, .. } if Self::is_merged(keys, key) => heap.value(*merged, key),
            Self::Level { defaults, above, .. } => match defaults.and_then(|defaults| defaults.get(key)) {
                Some(value) => Ok(Some(value.clone())),
                None => above.get(key),
            },
        }
    }

    /// The value at a dotted path, unless that is a table.
    fn path_value(&self, path: &str) -> Option<&Value> {
        let first = path.split('.').next()?;
        match self {
            Self::User(values) => walk(values.as_map()?, path),
            Self::Level { keys, heap, merged, .. } if Self::is_merged(keys, first.as_bytes()) => {
                heap.scalar(*merged, path.split('.'))
            }
            Self::Level { defaults, above, .. } => match defaults {
                Some(defaults) if defaults.contains_key(first) => walk(defaults, path),
                _ => above.path_value(path),
            },
        }
    }
}

/// The value at a dotted path, unless that is a table.
fn walk<'v>(map: &'v Map, path: &str) -> Option<&'v Value> {
    let mut keys = path.split('.');
    let first = map.get(keys.next()?)?;
    keys.try_fold(first, Value::get).filter(|value| value.as_map().is_none())
}

/// A forest in which one chart has other defaults.
struct Restricted<'f> {
    forest: &'f Forest,
    chart: usize,
    layer: Layer,
}

impl Charts for Restricted<'_> {
    fn name(&self, chart: usize) -> &Str {
        self.forest.name(chart)
    }

    fn layer(&self, chart: usize) -> &Layer {
        if chart == self.chart { &self.layer } else { self.forest.layer(chart) }
    }

    fn children(&self, chart: usize) -> &[usize] {
        self.forest.children(chart)
    }
}

fn is_compatible(constraint: &str, version: &str) -> bool {
    match (Constraint::parse(constraint), Version::parse(version)) {
        (Ok(constraint), Ok(version)) => constraint.check(&version),
        _ => false,
    }
}

impl Forest {
    /// The number of the root.
    pub(super) const ROOT: usize = 0;

    /// Takes a chart and its subcharts, as loaded.
    ///
    /// # Errors
    /// The charts nest too deep.
    pub(super) fn new(chart: &Chart) -> Result<Self> {
        let mut forest =
            Self { compat: chart.compat, charts: Vec::new(), metas: Vec::new(), needs: Vec::new() };
        forest.plant(chart, 0)?;
        Ok(forest)
    }

    fn plant(&mut self, chart: &Chart, depth: usize) -> Result<usize> {
        if depth > CHART_DEPTH {
            let message = format!("charts are nested more than {CHART_DEPTH} levels deep");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        let first = self.needs.len();
        self.needs.extend(chart.metadata.dependencies.iter().flatten().map(|dependency| Need {
            source: Arc::new(dependency.clone()),
            name: Str::from(&dependency.name),
            enabled: false,
            imported: None,
        }));
        let needs = (first..self.needs.len()).collect();
        self.metas.push(Meta {
            name: Str::from(&chart.metadata.name),
            needs,
            lists_needs: chart.metadata.lists_dependencies || !chart.metadata.dependencies.is_empty(),
        });
        let number = self.charts.len();
        let mut source = chart.clone();
        source.dependencies = Vec::new();
        self.charts.push(Tree {
            meta: self.metas.len() - 1,
            layer: Layer::new(source.values.clone()),
            source: Arc::new(source),
            children: Vec::new(),
        });
        for child in &chart.dependencies {
            let child = self.plant(child, depth + 1)?;
            self.charts[number].children.push(child);
        }
        Ok(number)
    }

    /// The dependency entries of a chart, if it has a list of them.
    pub(super) fn needs(&self, chart: usize) -> Option<&[usize]> {
        let meta = &self.metas[self.charts[chart].meta];
        meta.lists_needs.then_some(&meta.needs)
    }

    /// Replaces the chart's values.
    pub(super) fn set_values(&mut self, chart: usize, values: Value) {
        self.charts[chart].layer = Layer::new(values);
    }

    /// `CoalesceValues` or `MergeValues` of the chart under `values`.
    ///
    /// # Errors
    /// The values of a subchart are not a table, or nest too deep.
    pub(super) fn coalesce(
        &self,
        chart: usize,
        values: &Value,
        nulls: Nulls,
        warnings: &mut Vec<String>,
    ) -> Result<Value> {
        let mut heap = Heap::new(self.compat);
        let dest = match values.as_map() {
            Some(map) => heap.thaw(map),
            None => heap.empty(),
        };
        heap.coalesce(self, chart, dest, nulls)?;
        warnings.append(&mut heap.take_warnings());
        heap.into_value(dest)
    }

    /// Takes out what conditions and tags disable and gives aliases their names; returns what was decided,
    /// in order.
    ///
    /// # Errors
    /// The values of a subchart are not a table.
    pub(super) fn enable(&mut self, user: &Value, warnings: &mut Vec<String>) -> Result<Vec<bool>> {
        let mut decisions = Vec::new();
        self.enable_at(Self::ROOT, &View::User(user), "", warnings, &mut decisions)?;
        Ok(decisions)
    }

    fn enable_at(
        &mut self,
        chart: usize,
        above: &View<'_>,
        path: &str,
        warnings: &mut Vec<String>,
        decisions: &mut Vec<bool>,
    ) -> Result<()> {
        let meta = self.charts[chart].meta;
        let Some(needs) = self.needs(chart).map(<[usize]>::to_vec) else { return Ok(()) };
        self.name_children(chart, &needs)?;

        for &need in &needs {
            self.needs[need].enabled = true;
        }
        let layer = self.layer(chart).clone();
        let view = self.view(chart, &layer, above, warnings)?;
        self.decide_by_tags(&needs, &view, warnings)?;
        self.decide_by_conditions(&needs, &view, path, warnings);
        decisions.extend(needs.iter().map(|&need| self.needs[need].enabled));

        let disabled: BTreeSet<Str> = needs
            .iter()
            .filter(|&&need| !self.needs[need].enabled)
            .map(|&need| self.needs[need].name.clone())
            .collect();
        let children: Vec<usize> = self.charts[chart]
            .children
            .iter()
            .copied()
            .filter(|&child| !disabled.contains(self.name(child)))
            .collect();
        let needs: Vec<usize> =
            needs.into_iter().filter(|&need| !disabled.contains(&self.needs[need].name)).collect();
        for &child in &children {
            let below = format!("{path}{}.", self.name(child));
            self.enable_at(child, &view, &below, warnings, decisions)?;
        }
        self.metas[meta].lists_needs = !needs.is_empty();
        self.metas[meta].needs = needs;
        self.charts[chart].children = children;
        Ok(())
    }

    /// Merges the chart's defaults under the values above it.
    fn view<'v>(
        &self,
        chart: usize,
        layer: &'v Layer,
        above: &'v View<'v>,
        warnings: &mut Vec<String>,
    ) -> Result<View<'v>> {
        let own = layer.values.as_map();
        let mut keys: Vec<Str> = own
            .into_iter()
            .flat_map(Map::keys)
            .filter(|key| above.has(key))
            .chain(self.children(chart).iter().map(|&child| self.name(child)))
            .cloned()
            .chain([Str::new(GLOBAL)])
            .collect();
        keys.sort_unstable();
        keys.dedup();
        let mut present = Map::new();
        for key in &keys {
            if let Some(value) = above.get(key)? {
                present.insert(key.clone(), value);
            }
        }
        let restricted = Restricted { forest: self, chart, layer: layer.restricted(&keys, self.compat) };
        let mut heap = Heap::new(self.compat);
        let merged = heap.thaw(&present);
        heap.coalesce(&restricted, chart, merged, Nulls::Delete)?;
        warnings.append(&mut heap.take_warnings());
        Ok(View::Level { keys, heap, merged, defaults: layer.shown(self.compat), above })
    }

    /// Puts the children in their final order: those Chart.yaml does not mention, then one per entry.
    fn name_children(&mut self, chart: usize, needs: &[usize]) -> Result<()> {
        let children = std::mem::take(&mut self.charts[chart].children);
        let mut named: Vec<usize> = children
            .iter()
            .copied()
            .filter(|&child| {
                let name = self.name(child);
                !needs.iter().any(|&need| {
                    let need = &self.needs[need];
                    *name == need.name && is_compatible(&need.source.version, self.version(child))
                })
            })
            .collect();
        for &need in needs {
            let wanted = &self.needs[need];
            let found = children.iter().copied().find(|&child| {
                *self.name(child) == wanted.name && is_compatible(&wanted.source.version, self.version(child))
            });
            let alias = &wanted.source.alias;
            let alias = (!alias.is_empty()).then(|| Str::from(alias));
            if let Some(child) = found {
                named.push(self.copy(child, alias.clone())?);
            }
            if let Some(alias) = alias {
                self.needs[need].name = alias;
            }
        }
        self.charts[chart].children = named;
        Ok(())
    }

    fn version(&self, chart: usize) -> &str {
        &self.charts[chart].source.metadata.version
    }

    /// Copies a chart for a dependency entry, as deep as Helm does.
    fn copy(&mut self, chart: usize, alias: Option<Str>) -> Result<usize> {
        if self.charts.len() > MAX_CHARTS {
            let message = format!("aliases make more than {MAX_CHARTS} charts");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        let mut tree = self.charts[chart].clone();
        let mut meta = self.metas[tree.meta].clone();
        if let Some(alias) = alias {
            meta.name = alias;
        }
        if self.compat == Compat::Helm4 {
            for need in &mut meta.needs {
                self.needs.push(self.needs[*need].clone());
                *need = self.needs.len() - 1;
            }
            for child in &mut tree.children {
                self.charts.push(self.charts[*child].clone());
                *child = self.charts.len() - 1;
            }
        }
        self.metas.push(meta);
        tree.meta = self.metas.len() - 1;
        self.charts.push(tree);
        Ok(self.charts.len() - 1)
    }

    fn decide_by_tags(
        &mut self,
        needs: &[usize],
        values: &View<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<()> {
        if needs.iter().all(|&need| self.needs[need].source.tags.is_empty()) {
            return Ok(());
        }
        let tags = values.get(b"tags")?;
        let Some(tags) = tags.as_ref().and_then(Value::as_map) else { return Ok(()) };
        for &need in needs {
            let need = &mut self.needs[need];
            let (mut some_true, mut some_false) = (false, false);
            for tag in &need.source.tags {
                match tags.get(tag) {
                    Some(Value::Bool(true)) => some_true = true,
                    Some(Value::Bool(false)) => some_false = true,
                    Some(_) => warnings.push(match self.compat {
                        Compat::Helm3 => {
                            format!("Warning: Tag '{tag}' for chart {} returned non-bool value", need.name)
                        }
                        Compat::Helm4 => format!(
                            "returned non-bool value tag={} chart={}",
                            attribute(tag),
                            attribute(&need.name.to_text())
                        ),
                    }),
                    None => {}
                }
            }
            need.enabled = some_true || !some_false;
        }
        Ok(())
    }

    fn decide_by_conditions(
        &mut self,
        needs: &[usize],
        values: &View<'_>,
        path: &str,
        warnings: &mut Vec<String>,
    ) {
        for &need in needs {
            let need = &mut self.needs[need];
            for condition in need.source.condition.trim().split(',') {
                if condition.is_empty() {
                    continue;
                }
                match values.path_value(&format!("{path}{condition}")) {
                    Some(Value::Bool(truth)) => {
                        need.enabled = *truth;
                        break;
                    }
                    Some(_) => warnings.push(match self.compat {
                        Compat::Helm3 => format!(
                            "Warning: Condition path '{condition}' for chart {} returned non-bool value",
                            need.name
                        ),
                        Compat::Helm4 => format!(
                            "returned non-bool value path={} chart={}",
                            attribute(condition),
                            attribute(&need.name.to_text())
                        ),
                    }),
                    None => {}
                }
            }
        }
    }

    /// The processed tree as a chart.
    pub(super) fn chart(&self, chart: usize) -> Chart {
        let tree = &self.charts[chart];
        let meta = &self.metas[tree.meta];
        let mut out = Chart::clone(&tree.source);
        out.values = tree.layer.values.clone();
        out.dependencies = tree.children.iter().map(|&child| self.chart(child)).collect();
        if tree.source.metadata.lists_dependencies
            || !tree.source.metadata.dependencies.is_empty()
            || *meta.name != *tree.source.metadata.name.as_bytes()
        {
            let dependencies = meta.needs.iter().map(|&need| Some(self.needs[need].entry())).collect();
            out.metadata = Arc::new(Metadata {
                name: meta.name.to_string(),
                dependencies,
                lists_dependencies: meta.lists_needs,
                ..Metadata::clone(&tree.source.metadata)
            });
        }
        out
    }
}

impl Need {
    fn entry(&self) -> Dependency {
        let mut entry = Dependency::clone(&self.source);
        entry.name = self.name.to_string();
        entry.enabled = self.enabled;
        if let Some(imported) = &self.imported {
            entry.import_values.clone_from(imported);
        }
        entry
    }
}

/// A value of a structured log line, quoted where log/slog quotes.
pub(super) fn attribute(text: &str) -> String {
    let plain = !text.is_empty()
        && text.chars().all(|letter| {
            letter != '"'
                && letter != '='
                && letter != ' '
                && (letter.is_ascii_graphic() || letter > '\u{a0}')
        });
    if plain { text.to_string() } else { quote(text) }
}
