//! What a change would change, object by object.

use std::fmt;

use serde_json::Value as Json;

use super::{Plan, Releases};
use crate::cluster::Object;
use crate::data::{json, yaml};
use crate::error::Result;

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It comes.
    Added,
    /// It goes.
    Removed,
    /// It becomes different.
    Changed,
}

/// One object that a change makes, changes or removes.
#[derive(Debug, Clone)]
pub struct Difference {
    /// What happens.
    pub change: Change,
    /// Its kind.
    pub kind: String,
    /// Its namespace, or nothing.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Lines of YAML, each with ` `, `-` or `+` in front.
    pub lines: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.change {
            Change::Added => '+',
            Change::Removed => '-',
            Change::Changed => '~',
        };
        let place = if self.namespace.is_empty() { String::new() } else { format!("{}/", self.namespace) };
        writeln!(f, "{sign} {} {place}{}", self.kind, self.name)?;
        for line in &self.lines {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// What to compare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiffOptions {
    /// Whether live objects are compared with what the server would make of them, not the record with the
    /// render.
    pub live: bool,
    /// Whether values of Secrets are shown.
    pub show_secrets: bool,
    /// How many lines around a change are shown.
    pub context: usize,
}

impl Releases {
    /// What executing `plan` would change. Nothing is written; with `live` the server is asked by dry runs.
    ///
    /// # Errors
    /// The cluster does not answer, or refuses an object.
    pub fn diff(&self, plan: &Plan, options: &DiffOptions) -> Result<Vec<Difference>> {
        let namespace = &plan.release.namespace;
        let mut after = self.cluster.objects(plan.release.manifest.as_bytes(), namespace)?;
        let before = match &plan.base {
            Some(base) => self.cluster.objects(base.manifest.as_bytes(), namespace)?,
            None => Vec::new(),
        };
        let mut out = Vec::new();
        if options.live {
            super::ownership::mark(&mut after, &plan.release.name, namespace);
            let live = self.cluster.get_all(&after);
            for (object, live) in after.iter().zip(live) {
                let old = live?;
                let new = self.cluster.dry_run(object)?;
                out.extend(compare(object, old.as_ref(), Some(&new), options));
            }
        } else {
            for object in &after {
                let old = before.iter().find(|old| old.is_same(object)).map(|old| &old.json);
                out.extend(compare(object, old, Some(&object.json), options));
            }
        }
        for object in before.iter().filter(|old| !after.iter().any(|new| new.is_same(old))) {
            if object.annotation("helm.sh/resource-policy") != Some("keep") {
                out.extend(compare(object, Some(&object.json), None, options));
            }
        }
        Ok(out)
    }
}

/// Fields of live objects that say nothing about what is wanted.
const SERVERS: [&str; 6] =
    ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];

pub(super) fn compare(
    object: &Object,
    old: Option<&Json>,
    new: Option<&Json>,
    options: &DiffOptions,
) -> Option<Difference> {
    let (mut old, mut new) = (old.cloned(), new.cloned());
    for side in [&mut old, &mut new].into_iter().flatten() {
        if let Some(metadata) = side.get_mut("metadata").and_then(Json::as_object_mut) {
            metadata.retain(|key, _| !SERVERS.contains(&key.as_str()));
        }
        if let Some(object) = side.as_object_mut() {
            object.remove("status");
        }
    }
    if old == new {
        return None;
    }
    if object.resource.kind == "Secret" && !options.show_secrets {
        redact(old.as_mut(), new.as_mut());
    }
    let text = |side: &Option<Json>| side.as_ref().map(lines).unwrap_or_default();
    let change = match (&old, &new) {
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        _ => Change::Changed,
    };
    Some(Difference {
        change,
        kind: object.resource.kind.clone(),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
        lines: edit(&text(&old), &text(&new), options.context),
    })
}

/// Hides the values of a Secret, and tells only which of them differ.
fn redact(mut old: Option<&mut Json>, mut new: Option<&mut Json>) {
    for field in ["data", "stringData"] {
        let keys = |side: &Option<&mut Json>| -> Vec<String> {
            let map = side.as_ref().and_then(|side| side.get(field)?.as_object());
            map.map(|map| map.keys().cloned().collect()).unwrap_or_default()
        };
        let mut all = keys(&old);
        all.extend(keys(&new));
        all.sort();
        all.dedup();
        for key in all {
            let value =
                |side: &Option<&mut Json>| side.as_ref().and_then(|side| side.get(field)?.get(&key).cloned());
            let differs = value(&old) != value(&new);
            let hide = |side: &mut Option<&mut Json>, mark: &str| {
                let slot = side.as_mut().and_then(|side| side.get_mut(field)?.get_mut(&key));
                if let Some(slot) = slot {
                    *slot = mark.into();
                }
            };
            hide(&mut old, if differs { "(redacted, before)" } else { "(redacted)" });
            hide(&mut new, if differs { "(redacted, after)" } else { "(redacted)" });
        }
    }
}

fn lines(value: &Json) -> Vec<String> {
    let text = serde_json::to_vec(value).unwrap_or_default();
    let value = json::parse(&text).unwrap_or(crate::data::Value::Null);
    let text = yaml::write(&value).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

/// Past this many cells the longest common lines are not looked for: everything goes and comes.
const MAX_CELLS: usize = 16_000_000;

/// A line-by-line difference with some lines around each change.
fn edit(old: &[String], new: &[String], context: usize) -> Vec<String> {
    let prefix = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (old.get(prefix..).unwrap_or_default(), new.get(prefix..).unwrap_or_default());
    let suffix = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| old == new).count();
    let old_mid = old_rest.get(..old_rest.len() - suffix).unwrap_or_default();
    let new_mid = new_rest.get(..new_rest.len() - suffix).unwrap_or_default();
    let mut marked: Vec<(char, &str)> = Vec::with_capacity(old.len() + new.len());
    marked.extend(old.iter().take(prefix).map(|line| (' ', line.as_str())));
    middle(old_mid, new_mid, &mut marked);
    marked.extend(old_rest.iter().skip(old_mid.len()).map(|line| (' ', line.as_str())));
    let changed: Vec<usize> =
        marked.iter().enumerate().filter(|(_, (sign, _))| *sign != ' ').map(|(at, _)| at).collect();
    let mut out = Vec::new();
    let mut skipped = false;
    for (at, (sign, line)) in marked.iter().enumerate() {
        let next = changed.partition_point(|&changed| changed + context < at);
        let near = changed.get(next).is_some_and(|&changed| changed <= at + context);
        if near {
            if std::mem::take(&mut skipped) && !out.is_empty() {
                out.push("...".to_owned());
            }
            out.push(format!("{sign} {line}"));
        } else {
            skipped = true;
        }
    }
    out
}

/// The longest common subsequence, by the usual table.
fn middle<'l>(old: &'l [String], new: &'l [String], out: &mut Vec<(char, &'l str)>) {
    let (rows, columns) = (old.len(), new.len());
    if rows.saturating_mul(columns) > MAX_CELLS {
        out.extend(old.iter().map(|line| ('-', line.as_str())));
        out.extend(new.iter().map(|line| ('+', line.as_str())));
        return;
    }
    let width = columns + 1;
    let mut table = vec![0u32; (rows + 1) * width];
    let cell =
        |table: &[u32], row: usize, column: usize| table.get(row * width + column).copied().unwrap_or(0);
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let best = if old.get(row) == new.get(column) {
                cell(&table, row + 1, column + 1) + 1
            } else {
                cell(&table, row + 1, column).max(cell(&table, row, column + 1))
            };
            if let Some(slot) = table.get_mut(row * width + column) {
                *slot = best;
            }
        }
    }
    let (mut row, mut column) = (0, 0);
    loop {
        match (old.get(row), new.get(column)) {
            (Some(left), Some(right)) if left == right => {
                out.push((' ', left));
                row += 1;
                column += 1;
            }
            (Some(left), right)
                if right.is_none() || cell(&table, row + 1, column) >= cell(&table, row, column + 1) =>
            {
                out.push(('-', left));
                row += 1;
            }
            (_, Some(right)) => {
                out.push(('+', right));
                column += 1;
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn lines_are_compared() {
        let old = of("a\nb\nc\nd\ne\nf");
        let new = of("a\nb\nx\nd\ne\nf\ng");
        assert_eq!(edit(&old, &new, 1), ["  b", "- c", "+ x", "  d", "...", "  f", "+ g"]);
        assert!(edit(&old, &old, 3).is_empty());
        assert_eq!(edit(&[], &of("a"), 0), ["+ a"]);
    }

    #[test]
    fn secrets_are_redacted() {
        let mut old = serde_json::json!({"data": {"a": "MQ==", "b": "Mg=="}});
        let mut new = serde_json::json!({"data": {"a": "MQ==", "b": "Mw=="}});
        redact(Some(&mut old), Some(&mut new));
        assert_eq!(old, serde_json::json!({"data": {"a": "(redacted)", "b": "(redacted, before)"}}));
        assert_eq!(new, serde_json::json!({"data": {"a": "(redacted)", "b": "(redacted, after)"}}));
    }
}
