//! What templates see as `.`: one map per chart, with `.Release .Chart .Values .Files .Capabilities .Subcharts`.
//!
//! Helm: pkg/engine/engine.go, `recAllTpls`.

use std::sync::Arc;

use super::capability_object::capabilities_object;
use super::chart_object::chart_object;
use super::files::Files;
use super::options::RenderOptions;
use crate::Compat;
use crate::chart::Chart;
use crate::template::{Any, Map, MapType};
use crate::values::Values;

/// One chart's `.`, and where it stands in the tree.
pub(super) struct ChartContext<'a> {
    /// The chart.
    pub(super) chart: &'a Chart,
    /// `root`, `root/charts/child`.
    pub(super) path: String,
    /// The map; `.Template` is put into it before each file.
    pub(super) map: Map,
}

/// Go's name of Helm's values type.
pub(super) fn values_type(compat: Compat) -> MapType {
    match compat {
        Compat::Helm3 => MapType::Values3,
        Compat::Helm4 => MapType::Values4,
    }
}

/// Makes the contexts of the chart and all its subcharts, parents first.
pub(super) fn contexts<'a>(merged: &'a Values, options: &RenderOptions) -> Vec<ChartContext<'a>> {
    let (root, tree) = (merged.chart(), merged.tree());
    let compat = root.compat();
    let values = match Any::from(tree) {
        Any::Map(map) => map.seen_as(values_type(compat)),
        _ => Map::typed(values_type(compat), Vec::new()),
    };
    let shared = Shared {
        compat,
        release: release(options),
        capabilities: capabilities_object(Arc::clone(&options.capabilities), compat),
    };
    let mut contexts = Vec::new();
    let place = Place {
        path: root.name().to_owned(),
        loaded: Some(merged.source()),
        loaded_path: root.name().to_owned(),
    };
    shared.add(root, place, values, true, &mut contexts);
    contexts
}

/// Where a chart stands.
struct Place<'a> {
    /// The names from the root to it, aliases applied.
    path: String,
    /// The chart as it was loaded, before it got an alias.
    loaded: Option<&'a Chart>,
    /// The names from the root to it as they were loaded.
    loaded_path: String,
}

impl<'a> Place<'a> {
    /// Where the subchart `child` stands.
    ///
    /// Helm 3 copies an aliased chart without what is below it, and subcharts that Chart.yaml does not name go
    /// on taking the chart as it was loaded for their parent. Helm: v3 pkg/chartutil/dependencies.go,
    /// `getAliasDependency`.
    fn below(&self, chart: &Chart, child: &Chart) -> Self {
        let keeps_parent = |loaded: &&Chart| {
            chart.compat() == Compat::Helm3
                && loaded.name() != chart.name()
                && loaded.metadata().dependencies.is_empty()
        };
        let parent =
            if self.loaded.as_ref().is_some_and(keeps_parent) { &self.loaded_path } else { &self.path };
        let loaded = self.loaded.and_then(|loaded| loaded_child(loaded, child.name()));
        let loaded_name = loaded.map_or(child.name(), Chart::name);
        Self {
            path: format!("{parent}/charts/{}", child.name()),
            loaded,
            loaded_path: format!("{}/charts/{loaded_name}", self.loaded_path),
        }
    }
}

/// The subchart that goes by `name`, its alias or its own.
fn loaded_child<'a>(parent: &'a Chart, name: &str) -> Option<&'a Chart> {
    let entry = parent.metadata().dependencies.iter().flatten().find(|entry| entry.alias == name);
    let own = entry.map_or(name, |entry| entry.name.as_str());
    parent.dependencies().iter().find(|child| child.name() == own)
}

/// What all charts of one render see alike.
struct Shared {
    compat: Compat,
    release: Any,
    capabilities: Any,
}

impl Shared {
    fn add<'a>(
        &self,
        chart: &'a Chart,
        place: Place<'_>,
        values: Map,
        is_root: bool,
        contexts: &mut Vec<ChartContext<'a>>,
    ) -> Map {
        let subcharts = Map::new();
        // Helm hands the map to the engine as its values type.
        let map = Map::typed(
            values_type(self.compat),
            vec![
                ("Capabilities".into(), self.capabilities.clone()),
                ("Chart".into(), chart_object(self.compat, chart, is_root)),
                ("Files".into(), Any::object(Files::new(self.compat, Arc::clone(&chart.files)))),
                ("Release".into(), self.release.clone()),
                ("Subcharts".into(), Any::Map(subcharts.clone())),
                ("Values".into(), Any::Map(values.clone())),
            ],
        );
        contexts.push(ChartContext { chart, path: place.path.clone(), map: map.clone() });
        for child in chart.dependencies() {
            // The parent goes on seeing it as the plain map it is in its values.
            let child_values =
                table(&values, child.name()).unwrap_or_default().seen_as(values_type(self.compat));
            let child_map = self.add(child, place.below(chart, child), child_values, false, contexts);
            subcharts.insert(child.name(), Any::Map(child_map));
        }
        map
    }
}

/// The map under a dotted name, one level per dot (Helm: `Values.Table`).
fn table(values: &Map, name: &str) -> Option<Map> {
    let mut table = values.clone();
    for key in name.split('.') {
        table = match table.get(key) {
            Some(Any::Map(map)) => map,
            _ => return None,
        };
    }
    Some(table)
}

fn release(options: &RenderOptions) -> Any {
    Any::Map(Map::typed(
        MapType::Any,
        vec![
            ("IsInstall".into(), Any::Bool(!options.is_upgrade && !options.lint)),
            ("IsUpgrade".into(), Any::Bool(options.is_upgrade)),
            ("Name".into(), Any::str(&options.release_name)),
            ("Namespace".into(), Any::str(&options.namespace)),
            ("Revision".into(), Any::Int(options.revision)),
            ("Service".into(), Any::str("Helm")),
        ],
    ))
}
