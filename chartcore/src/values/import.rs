//! `import-values`: tables of subcharts as the parent's own defaults.
//!
//! Helm: pkg/chart/v2/util/dependencies.go, `processImportValues`.

use super::coalesce::{Charts, Heap, Nulls, TableId};
use super::enable::{Forest, attribute};
use super::print;
use crate::data::{Map, Value};
use crate::quote::quote;
use crate::{Compat, Result};

/// Imports values into every chart that has dependencies, from the leaves up. With or without imports such
/// a chart's defaults then hold its subcharts' defaults, too.
///
/// # Errors
/// The values of a subchart are not a table, or nest too deep.
pub(super) fn import(forest: &mut Forest, compat: Compat, warnings: &mut Vec<String>) -> Result<()> {
    import_at(forest, Forest::ROOT, compat, warnings)
}

fn import_at(forest: &mut Forest, chart: usize, compat: Compat, warnings: &mut Vec<String>) -> Result<()> {
    for child in forest.children(chart).to_vec() {
        import_at(forest, child, compat, warnings)?;
    }
    let Some(needs) = forest.needs(chart).map(<[usize]>::to_vec) else { return Ok(()) };
    let mut missing = Vec::new();
    let mut heap = Heap::new(compat);
    let values = heap.empty();
    heap.coalesce(forest, chart, values, Nulls::Keep)?;
    let imported = heap.empty();
    let mut done = Vec::new();
    for &need in &needs {
        let mut forms = Vec::new();
        for import in forest.needs[need].imports() {
            let name = &forest.needs[need].name;
            let (child, parent, from_exports) = match import {
                Value::String(key) => (format!("exports.{key}"), ".".to_string(), true),
                Value::Map(map) => {
                    let part = |key| print::plain(map.get(key).unwrap_or(&Value::Null));
                    (part("child"), part("parent"), false)
                }
                _ => continue,
            };
            forms.push(Value::from(Map::from_entries(vec![
                ("child".into(), child.as_str().into()),
                ("parent".into(), parent.as_str().into()),
            ])));
            match table(&mut heap, values, &format!("{name}.{child}")) {
                Ok(found) => {
                    let found = if heap.is_empty(found) { heap.empty() } else { found };
                    let nested = nest(&mut heap, &parent, found);
                    heap.merge_tables(imported, nested)?;
                }
                Err(key) => missing.push(message(compat, from_exports, &name.to_text(), &key)),
            }
        }
        done.push((need, forms));
    }
    // The chart's own values win. They are copied, but what is imported is still shared: a null here reaches
    // every place the same table was imported to.
    let own = heap.freeze(values)?;
    let merged = match own.as_map() {
        Some(own) => heap.thaw(own),
        None => heap.empty(),
    };
    heap.merge_tables(merged, imported)?;
    warnings.append(&mut heap.take_warnings());
    let merged = heap.freeze(merged)?;
    warnings.append(&mut missing);
    forest.set_values(chart, merged);
    for (need, forms) in done {
        forest.needs[need].imported = Some(forms);
    }
    Ok(())
}

/// The table at a dotted path, or the key that is none.
fn table(heap: &mut Heap, root: TableId, path: &str) -> std::result::Result<TableId, String> {
    path.split('.').try_fold(root, |at, key| heap.open(at, key.as_bytes()).ok_or_else(|| key.to_string()))
}

/// The table at the end of a new path.
fn nest(heap: &mut Heap, path: &str, inner: TableId) -> TableId {
    if path == "." {
        return inner;
    }
    path.rsplit('.').fold(inner, |inner, key| heap.wrap(key, inner))
}

fn message(compat: Compat, from_exports: bool, chart: &str, key: &str) -> String {
    let reason = format!("{} is not a table", quote(key));
    match (compat, from_exports) {
        (Compat::Helm3, false) => format!("Warning: ImportValues missing table from chart {chart}: {reason}"),
        (Compat::Helm3, true) => format!("Warning: ImportValues missing table: {reason}"),
        (Compat::Helm4, false) => format!(
            "ImportValues missing table from chart chart={} error={}",
            attribute(chart),
            attribute(&reason)
        ),
        (Compat::Helm4, true) => format!("ImportValues missing table error={}", attribute(&reason)),
    }
}
