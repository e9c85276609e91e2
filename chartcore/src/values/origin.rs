//! Who set a value: which file, flag or chart, over whom.

use std::fmt;

use super::Inner;
use super::overrides::Part;
use super::path::{Path, PathStep, find};
use crate::chart::{Chart, Dependency, read_values};
use crate::data::{Value, yaml};
use crate::diag::Location;

/// Where a setting comes from.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file of values the user gave.
    File {
        /// Its name, as given.
        name: String,
    },
    /// A flag, or what stands for one.
    Flag {
        /// `--set` and its like.
        flag: &'static str,
        /// The flag's text.
        text: String,
    },
    /// Values in memory.
    Value,
    /// `values.yaml` of a chart.
    Default {
        /// The charts from the root to that one, by name.
        charts: Vec<String>,
    },
    /// `import-values` of a chart.
    Import {
        /// The charts from the root to the one that imports.
        charts: Vec<String>,
        /// The subchart the values come from.
        child: String,
    },
    /// A `global` of a chart above.
    Global {
        /// Where that was set.
        from: Box<Origin>,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name } => f.write_str(name),
            Self::Flag { flag, text } => write!(f, "{flag} {text}"),
            Self::Value => f.write_str("values in memory"),
            Self::Default { charts } => write!(f, "{}", values_file(charts)),
            Self::Import { charts, child } => {
                write!(f, "import-values of {} from {child}", charts.last().map_or("", String::as_str))
            }
            Self::Global { from } => write!(f, "global in {from}"),
        }
    }
}

/// The path of a chart's `values.yaml` as Helm names files: `root/charts/child/values.yaml`.
fn values_file(charts: &[String]) -> String {
    format!("{}/values.yaml", charts.join("/charts/"))
}

/// What a setting does to what was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Puts a value.
    Sets,
    /// Is a map that goes over a map.
    Merges,
    /// Is null, here or on the way here, and takes the value away.
    Deletes,
}

/// One mention of a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Who.
    pub origin: Origin,
    /// Where in the file, if it is one.
    pub location: Option<Location>,
    /// To what.
    pub value: Value,
    /// With what effect.
    pub effect: Effect,
}

/// Who set a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The value's path.
    pub path: Path,
    /// The value; nothing if it was deleted.
    pub value: Option<Value>,
    /// All who mention it, from the one with the least to the one with the last word.
    pub settings: Vec<Setting>,
}

impl Explanation {
    /// The setting with the last word.
    pub fn winner(&self) -> Option<&Setting> {
        let decides = |setting: &&Setting| setting.effect != Effect::Merges;
        self.settings.iter().rev().find(decides).or_else(|| self.settings.last())
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => writeln!(f, "{} = {}", self.path, short(value))?,
            None => writeln!(f, "{} is not set", self.path)?,
        }
        for (index, setting) in self.settings.iter().rev().enumerate() {
            let verb = match (setting.effect, index) {
                (Effect::Deletes, _) => "deleted by",
                (Effect::Merges, _) => "merged from",
                (Effect::Sets, 0) => "set by",
                (Effect::Sets, _) => "over",
            };
            write!(f, "  {verb} ")?;
            match &setting.location {
                Some(place) if place.line > 0 => write!(f, "{}:{}", place.file, place.line)?,
                _ => write!(f, "{}", setting.origin)?,
            }
            if index > 0 && setting.effect == Effect::Sets {
                write!(f, ": {}", short(&setting.value))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// A value on one line, cut where it gets long.
fn short(value: &Value) -> String {
    const LENGTH: usize = 60;
    let text = match value {
        Value::String(text) => crate::quote::quote(&text.to_text()),
        Value::Null => "null".to_string(),
        Value::Map(map) if map.is_empty() => "{}".to_string(),
        Value::Map(map) => format!("a map of {} keys", map.len()),
        Value::List(list) if list.is_empty() => "[]".to_string(),
        Value::List(list) => format!("a list of {} items", list.len()),
        other => super::print::plain(other),
    };
    match text.char_indices().nth(LENGTH) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

/// What a tree says about a path.
enum Mention<'v> {
    Value(&'v Value),
    /// A null, or another value that holds nothing, on the way, after so many steps.
    End(usize, &'v Value),
}

fn mention<'v>(tree: &'v Value, steps: &[PathStep]) -> Option<Mention<'v>> {
    let mut value = tree;
    for (index, step) in steps.iter().enumerate() {
        if !matches!(value, Value::Map(_) | Value::List(_)) {
            return Some(Mention::End(index, value));
        }
        value = find(value, std::slice::from_ref(step))?;
    }
    Some(Mention::Value(value))
}

/// The setting a tree is for a path, if it mentions it. `text` is the YAML it was read from.
fn setting(tree: &Value, steps: &[PathStep], origin: Origin, text: Option<(&str, &[u8])>) -> Option<Setting> {
    let (value, effect, depth) = match mention(tree, steps)? {
        Mention::Value(Value::Null) => (Value::Null, Effect::Deletes, steps.len()),
        Mention::Value(value @ Value::Map(_)) => (value.clone(), Effect::Merges, steps.len()),
        Mention::Value(value) => (value.clone(), Effect::Sets, steps.len()),
        Mention::End(depth, value) => (value.clone(), Effect::Deletes, depth),
    };
    let location = text.and_then(|(file, text)| locate(file, text, &steps[..depth]));
    Some(Setting { origin, location, value, effect })
}

fn locate(file: &str, text: &[u8], steps: &[PathStep]) -> Option<Location> {
    let (_, lines) = yaml::parse_with_lines(text).ok()?;
    let steps: Vec<yaml::Step<'_>> = steps
        .iter()
        .map(|step| match step {
            PathStep::Key(key) => yaml::Step::Key(key.as_bytes()),
            PathStep::Index(index) => yaml::Step::Index(*index),
        })
        .collect();
    let place = lines.find(&steps)?;
    let line = text.split(|&byte| byte == b'\n').nth(place.line.checked_sub(1)?)?;
    let line = String::from_utf8_lossy(line).into_owned();
    // A location counts bytes.
    let column = line.char_indices().nth(place.column.saturating_sub(1)).map_or(line.len(), |at| at.0) + 1;
    Some(Location { file: file.to_string(), line: place.line, column, length: 0, text: Some(line) })
}

pub(super) fn explain(inner: &Inner, path: &Path) -> Option<Explanation> {
    let steps = path.steps();
    let mut settings = Vec::new();
    mentions(inner, steps, &mut settings);
    let value = path.find(&inner.tree).cloned();
    if settings.is_empty() && value.is_none() {
        return None;
    }
    Some(Explanation { path: path.clone(), value, settings })
}

fn mentions(inner: &Inner, steps: &[PathStep], settings: &mut Vec<Setting>) {
    let mut charts = vec![inner.chart.name().to_string()];
    defaults(&inner.chart, Some(&inner.source), steps, &mut charts, settings);
    for (part, tree) in inner.overrides.layers(inner.chart.compat()) {
        let origin = match part {
            Part::Text(text) => Origin::File { name: text.name.to_string() },
            Part::Value(_) => Origin::Value,
            Part::Set(setter, text) => Origin::Flag { flag: setter.flag(), text: text.to_string() },
        };
        let text = match part {
            Part::Text(text) => Some((&*text.name, &*text.bytes)),
            _ => None,
        };
        settings.extend(setting(&tree, steps, origin, text));
    }
    // A global of a chart above wins over what was set for the subchart.
    let mut chart = &inner.chart;
    for (index, step) in steps.iter().enumerate() {
        let PathStep::Key(key) = step else { return };
        if key == "global" && index > 0 {
            let above: Vec<PathStep> = steps[..index - 1].iter().chain(&steps[index..]).cloned().collect();
            let mut inherited = Vec::new();
            mentions(inner, &above, &mut inherited);
            settings.extend(inherited.into_iter().map(|setting| match setting.origin {
                Origin::Global { .. } => setting,
                from => Setting { origin: Origin::Global { from: Box::new(from) }, ..setting },
            }));
            return;
        }
        match chart.dependencies().iter().find(|child| child.name() == key) {
            Some(child) => chart = child,
            None => return,
        }
    }
}

/// What the defaults say, subcharts before their parents.
fn defaults(
    chart: &Chart,
    source: Option<&Chart>,
    steps: &[PathStep],
    charts: &mut Vec<String>,
    settings: &mut Vec<Setting>,
) {
    if let Some(PathStep::Key(first)) = steps.first()
        && let Some(child) = chart.dependencies().iter().find(|child| child.name() == first)
    {
        charts.push(first.clone());
        defaults(child, loaded(chart, source, child), &steps[1..], charts, settings);
        charts.pop();
    }
    for dependency in chart.metadata().dependencies.iter().flatten() {
        imported(chart, dependency, steps, charts, settings);
    }
    let Some(source) = source else { return };
    let origin = Origin::Default { charts: charts.clone() };
    let file = values_file(charts);
    let text = source.values_file().map(|values| (file.as_str(), values.data()));
    // The text is only worth a look if it is what the defaults were read from.
    let text = text
        .filter(|(_, text)| read_values(text, source.compat()).is_ok_and(|read| read == *source.values()));
    settings.extend(setting(source.values(), steps, origin, text));
}

/// The chart a processed subchart was made of.
fn loaded<'c>(parent: &Chart, source: Option<&'c Chart>, child: &Chart) -> Option<&'c Chart> {
    let source = source?;
    let by_name = |name: &str| source.dependencies().iter().find(|chart| chart.name() == name);
    let aliased = source.metadata().dependencies.iter().flatten().find(|entry| entry.alias == child.name());
    let is_listed = parent.metadata().dependencies.iter().flatten().any(|entry| entry.name == child.name());
    match aliased {
        Some(entry) if is_listed => by_name(&entry.name),
        _ => by_name(child.name()),
    }
}

fn imported(
    chart: &Chart,
    dependency: &Dependency,
    steps: &[PathStep],
    charts: &[String],
    settings: &mut Vec<Setting>,
) {
    let keys = |text: &str| -> Vec<PathStep> {
        if text == "." {
            Vec::new()
        } else {
            text.split('.').map(|key| PathStep::Key(key.to_string())).collect()
        }
    };
    for import in &dependency.import_values {
        let (Some(from), Some(to)) =
            (import.get("child").and_then(Value::as_str), import.get("parent").and_then(Value::as_str))
        else {
            continue;
        };
        let Some(rest) = steps.strip_prefix(keys(to).as_slice()) else { continue };
        let Some(child) = chart.dependencies().iter().find(|child| child.name() == dependency.name) else {
            continue;
        };
        let within: Vec<PathStep> = keys(from).iter().chain(rest).cloned().collect();
        let origin = Origin::Import { charts: charts.to_vec(), child: dependency.name.clone() };
        settings.extend(setting(child.values(), &within, origin, None));
    }
}
