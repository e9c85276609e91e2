//! Settings nobody reads: `--set imgae.tag=v2`.

use std::collections::BTreeSet;

use super::Values;
use super::overrides::Part;
use super::path::{Path, PathStep};
use crate::chart::Chart;
use crate::data::{Map, Value};
use crate::diag::Diagnostic;

/// How many findings are worth showing.
const MOST: usize = 100;
/// How deep a user's tree is looked into.
const DEPTH: usize = 100;

/// Finds what the user set although neither defaults nor templates nor conditions know it.
///
/// `reads` holds the paths of `.Values` that templates mention, from the root chart on: a subchart `db` that
/// says `.Values.image` reads `db.image`. A path counts as read if it, something within it, or something around
/// it is; the empty path stands for a template that takes `.Values` as a whole.
///
/// Each finding is a warning `set-unknown-key` with the nearest known key as its hint.
pub fn unused(values: &Values, reads: &BTreeSet<Path>) -> Vec<Diagnostic> {
    let source = values.source();
    let known = known(source, 0);
    let mut conditions = BTreeSet::new();
    collect_conditions(source, &mut Vec::new(), &mut conditions);
    let reads: BTreeSet<Path> =
        reads.iter().map(|path| without_charts(source, path)).chain(conditions).collect();
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for (part, tree) in values.inner.overrides.layers(source.compat()) {
        let mut leaves = Vec::new();
        collect_leaves(&tree, &mut Vec::new(), &mut leaves);
        for leaf in leaves {
            if findings.len() >= MOST {
                return findings;
            }
            let Some((at, suggestion)) = stranger(source, &known, &leaf) else { continue };
            if is_read(source, &reads, &leaf) {
                continue;
            }
            let unknown = Path::of_keys(&leaf[..=at]);
            if !seen.insert(unknown.clone()) {
                continue;
            }
            let origin = match part {
                Part::Text(text) => text.name.to_string(),
                Part::Value(_) => "values in memory".to_string(),
                Part::Set(setter, text) => format!("{} {text}", setter.flag()),
            };
            let message = format!("{origin}: no chart knows `{unknown}`");
            let mut finding = Diagnostic::warning("set-unknown-key", message);
            let path = Path::of_keys(&leaf);
            let explanation = values.explain(&path);
            if let Some(setting) = explanation.as_ref().and_then(|explanation| explanation.winner()) {
                finding.primary.clone_from(&setting.location);
            }
            if let Some(suggestion) = suggestion {
                let mut keys = leaf[..at].to_vec();
                keys.push(suggestion);
                finding = finding.hint(format!("did you mean `{}`?", Path::of_keys(keys)));
            }
            findings.push(finding);
        }
    }
    findings
}

/// All defaults in one tree, those of disabled subcharts and of all aliases included.
fn known(chart: &Chart, depth: usize) -> Value {
    let mut tree = chart.values().clone();
    if depth > DEPTH {
        return tree;
    }
    let Some(map) = tree.as_map_mut() else { return tree };
    for child in chart.dependencies() {
        let below = known(child, depth + 1);
        let aliases =
            chart.metadata().dependencies.iter().flatten().filter(|entry| entry.name == child.name());
        let names = aliases.map(|entry| entry.alias.as_str()).filter(|alias| !alias.is_empty());
        for name in names.chain([child.name()]) {
            // A subchart takes globals and settings of its own, whatever its parent says.
            let merged = match map.get(name) {
                Some(own @ Value::Map(_)) => super::coalesce::merge_maps(&below, own).unwrap_or(Value::Null),
                _ => below.clone(),
            };
            map.insert(name, merged);
        }
        if let Some(globals @ Value::Map(_)) = below.get("global") {
            let own = map.get("global").cloned().unwrap_or_else(Value::empty_map);
            map.insert("global", super::coalesce::merge_maps(globals, &own).unwrap_or(own));
        }
    }
    let tags: Map = chart
        .metadata()
        .dependencies
        .iter()
        .flatten()
        .flat_map(|entry| &entry.tags)
        .map(|tag| (tag.as_str().into(), true.into()))
        .collect();
    if !tags.is_empty() && depth == 0 {
        let own = map.get("tags").cloned().unwrap_or_else(Value::empty_map);
        map.insert("tags", super::coalesce::merge_maps(&tags.into(), &own).unwrap_or(own));
    }
    tree
}

fn collect_conditions(chart: &Chart, prefix: &mut Vec<String>, out: &mut BTreeSet<Path>) {
    if prefix.len() > DEPTH {
        return;
    }
    for entry in chart.metadata().dependencies.iter().flatten() {
        for condition in entry.condition.trim().split(',').filter(|condition| !condition.is_empty()) {
            let keys = prefix.iter().map(String::as_str).chain(condition.split('.'));
            out.insert(Path::of_keys(keys));
        }
    }
    for child in chart.dependencies() {
        prefix.push(child.name().to_string());
        collect_conditions(child, prefix, out);
        prefix.pop();
    }
}

/// The paths of a tree's scalars, lists and empty maps.
fn collect_leaves(tree: &Value, prefix: &mut Vec<String>, out: &mut Vec<Vec<String>>) {
    match tree {
        Value::Map(map) if !map.is_empty() && prefix.len() < DEPTH => {
            for (key, value) in map.iter() {
                prefix.push(key.to_string());
                collect_leaves(value, prefix, out);
                prefix.pop();
            }
        }
        _ if prefix.is_empty() => {}
        _ => out.push(prefix.clone()),
    }
}

/// Globals belong to all charts: a path to a subchart's is cut down to the root's.
fn without_charts(chart: &Chart, path: &Path) -> Path {
    let mut chart = chart;
    for (index, step) in path.steps().iter().enumerate() {
        let PathStep::Key(key) = step else { break };
        if key == "global" {
            return Path::from(path.steps()[index..].to_vec());
        }
        match child(chart, key) {
            Some(child) => chart = child,
            None => break,
        }
    }
    path.clone()
}

fn child<'c>(chart: &'c Chart, key: &str) -> Option<&'c Chart> {
    let entry = chart.metadata().dependencies.iter().flatten().find(|entry| entry.alias == key);
    let name = entry.map_or(key, |entry| entry.name.as_str());
    chart.dependencies().iter().find(|child| child.name() == name)
}

/// The first step nobody knows, with the nearest known key.
fn stranger(chart: &Chart, known: &Value, keys: &[String]) -> Option<(usize, Option<String>)> {
    let cut = without_charts(chart, &Path::of_keys(keys)).steps().len();
    let skipped = keys.len() - cut;
    let mut tree = known;
    for (index, key) in keys.iter().enumerate().skip(skipped) {
        let map = tree.as_map()?;
        match map.get(key) {
            Some(value) => tree = value,
            // An empty map invites keys of any name, but the root and a subchart's table do not.
            None if map.is_empty() && index > skipped => return None,
            None => return Some((index, nearest(map, key))),
        }
    }
    None
}

fn is_read(chart: &Chart, reads: &BTreeSet<Path>, keys: &[String]) -> bool {
    let path = without_charts(chart, &Path::of_keys(keys));
    let steps = path.steps();
    (0..=steps.len()).any(|length| reads.contains(&Path::from(steps[..length].to_vec())))
        || reads.range(path.clone()..).next().is_some_and(|read| read.steps().starts_with(steps))
}

fn nearest(map: &Map, key: &str) -> Option<String> {
    let limit = (key.chars().count() / 3).max(1);
    map.keys()
        .filter_map(|candidate| candidate.as_str())
        .map(|candidate| (distance(key, candidate, limit), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate.to_string())
}

/// How many letters to add, drop, change or swap; more than `limit` is not counted out.
fn distance(left: &str, right: &str, limit: usize) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    if left.len().abs_diff(right.len()) > limit || left.len() > 100 {
        return usize::MAX;
    }
    let mut rows = vec![(0..=right.len()).collect::<Vec<usize>>()];
    for (row, letter) in left.iter().enumerate() {
        let above = &rows[row];
        let mut current = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let replaced = above[column] + usize::from(letter != other);
            let mut cost = replaced.min(above[column + 1] + 1).min(current[column] + 1);
            let is_swap = row > 0 && column > 0 && left[row - 1] == *other && right[column - 1] == *letter;
            if is_swap {
                cost = cost.min(rows[row - 1][column - 1] + 1);
            }
            current.push(cost);
        }
        rows.push(current);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(usize::MAX)
}
