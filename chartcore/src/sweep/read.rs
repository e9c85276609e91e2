//! From YAML to a sweep.

use super::Sets;
use crate::Compat;
use crate::data::yaml::{self, Lines, Step};
use crate::data::{Map, Value, json};
use crate::diag::{Diagnostic, Location};
use crate::error::{Error, ErrorKind, Result};

/// Values of a sweep.
#[derive(Debug, Clone)]
pub(super) enum Item {
    File(String),
    Inline(Value),
}

/// A sweep file.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) compat: Compat,
    pub(super) release: Option<String>,
    pub(super) namespace: String,
    pub(super) kube_version: Option<String>,
    pub(super) seed: String,
    pub(super) skip_schema: bool,
    pub(super) include_crds: bool,
    pub(super) charts: Vec<String>,
    pub(super) values: Vec<Item>,
    pub(super) sets: Vec<(String, Vec<Item>)>,
    pub(super) grid: Vec<(String, Vec<Value>)>,
}

const KEYS: &[&str] = &[
    "chart",
    "charts",
    "compat",
    "grid",
    "includeCrds",
    "kubeVersion",
    "namespace",
    "release",
    "seed",
    "sets",
    "skipSchema",
    "values",
];

/// Reads a sweep file.
pub(super) fn read(name: &str, bytes: &[u8], compat: Compat) -> Result<Plan> {
    let (value, lines) =
        yaml::parse_with_lines(bytes).map_err(|error| failure(name, error.line().max(1), error.message()))?;
    let reader = Reader { name, lines };
    let Some(map) = value.as_map() else { return Err(reader.failure(&[], "a sweep must be a map")) };
    for (key, _) in map.iter() {
        if !KEYS.iter().any(|known| known.as_bytes() == key.as_bytes()) {
            return Err(reader.unknown(&[Step::Key(key.as_bytes())], KEYS));
        }
    }
    let mut charts: Vec<String> = reader.text(map, &[], "chart")?.into_iter().collect();
    if let Some(list) = map.get("charts") {
        let path = [Step::from("charts")];
        for (at, chart) in reader.list(list, &path)?.iter().enumerate() {
            let path = [Step::from("charts"), Step::from(at)];
            charts.push(reader.as_text(chart, &path)?);
        }
    }
    if charts.is_empty() {
        return Err(reader.failure(&[], "a sweep needs `chart` or `charts`"));
    }
    let compat = match reader.text(map, &[], "compat")?.as_deref() {
        None => compat,
        Some("helm3") => Compat::Helm3,
        Some("helm4") => Compat::Helm4,
        Some(_) => return Err(reader.failure(&["compat".into()], "`compat` must be helm3 or helm4")),
    };
    let values =
        map.get("values").map_or(Ok(Vec::new()), |values| reader.items(values, &["values".into()]))?;
    Ok(Plan {
        compat,
        release: reader.text(map, &[], "release")?,
        namespace: reader.text(map, &[], "namespace")?.unwrap_or_else(|| "default".to_owned()),
        kube_version: reader.text(map, &[], "kubeVersion")?,
        seed: reader.text(map, &[], "seed")?.unwrap_or_default(),
        skip_schema: reader.truth(map, "skipSchema")?,
        include_crds: reader.truth(map, "includeCrds")?,
        charts,
        values,
        sets: reader.sets(map)?,
        grid: reader.grid(map)?,
    })
}

fn failure(name: &str, line: usize, problem: &str) -> Error {
    let location = Location { file: name.to_owned(), line, column: 0, length: 0, text: None };
    Error::new(ErrorKind::Usage, format!("{name}:{line}: {problem}"))
        .with_diagnostic(Diagnostic::error("sweep", problem).at(location))
}

struct Reader<'a> {
    name: &'a str,
    lines: Lines,
}

/// `sets[0].name`
fn shown(path: &[Step<'_>]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) => {
                let dot = if text.is_empty() { "" } else { "." };
                text.push_str(&format!("{dot}{}", String::from_utf8_lossy(key)));
            }
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

fn with<'a>(path: &[Step<'a>], step: impl Into<Step<'a>>) -> Vec<Step<'a>> {
    let mut longer = path.to_vec();
    longer.push(step.into());
    longer
}

impl Reader<'_> {
    fn failure(&self, path: &[Step<'_>], problem: &str) -> Error {
        failure(self.name, self.lines.find(path).map_or(1, |place| place.line), problem)
    }

    fn unknown(&self, path: &[Step<'_>], known: &[&str]) -> Error {
        let problem = format!("the key `{}` is not known; known are {}", shown(path), known.join(", "));
        self.failure(path, &problem)
    }

    fn wrong(&self, path: &[Step<'_>], expected: &str, found: &Value) -> Error {
        let problem = format!("`{}` must be {expected}, not a {}", shown(path), json::type_name(found));
        self.failure(path, &problem)
    }

    fn as_text(&self, value: &Value, path: &[Step<'_>]) -> Result<String> {
        match value {
            Value::String(text) => Ok(text.to_text().into_owned()),
            other => Err(self.wrong(path, "a text", other)),
        }
    }

    fn text(&self, map: &Map, path: &[Step<'_>], key: &'static str) -> Result<Option<String>> {
        match map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => self.as_text(value, &with(path, key)).map(Some),
        }
    }

    fn truth(&self, map: &Map, key: &'static str) -> Result<bool> {
        match map.get(key) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(truth)) => Ok(*truth),
            Some(other) => Err(self.wrong(&[key.into()], "true or false", other)),
        }
    }

    fn list<'v>(&self, value: &'v Value, path: &[Step<'_>]) -> Result<&'v [Value]> {
        value.as_list().ok_or_else(|| self.wrong(path, "a list", value))
    }

    /// A file, a map, or a list of them.
    fn items(&self, value: &Value, path: &[Step<'_>]) -> Result<Vec<Item>> {
        let item = |value: &Value, path: &[Step<'_>]| match value {
            Value::String(text) => Ok(Item::File(text.to_text().into_owned())),
            Value::Map(_) => Ok(Item::Inline(value.clone())),
            other => Err(self.wrong(path, "a file or a map", other)),
        };
        match value {
            Value::Null => Ok(Vec::new()),
            Value::List(list) => {
                list.iter().enumerate().map(|(at, value)| item(value, &with(path, at))).collect()
            }
            _ => item(value, path).map(|item| vec![item]),
        }
    }

    fn sets(&self, map: &Map) -> Result<Vec<(String, Vec<Item>)>> {
        let mut sets = Vec::new();
        let mut known = Sets::new();
        let Some(list) = map.get("sets") else { return Ok(sets) };
        let path = [Step::from("sets")];
        for (at, set) in self.list(list, &path)?.iter().enumerate() {
            let path = with(&path, at);
            let map = set.as_map().ok_or_else(|| self.wrong(&path, "a map", set))?;
            for (key, _) in map.iter() {
                if !matches!(key.as_bytes(), b"name" | b"values") {
                    return Err(self.unknown(&with(&path, Step::Key(key.as_bytes())), &["name", "values"]));
                }
            }
            let missing = || self.failure(&path, &format!("`{}` is missing", shown(&with(&path, "name"))));
            let name = self.text(map, &path, "name")?.ok_or_else(missing)?;
            if known.insert(name.clone(), at).is_some() {
                return Err(self.failure(&path, &format!("the set `{name}` is there twice")));
            }
            let values = map.get("values").unwrap_or(&Value::Null);
            sets.push((name, self.items(values, &with(&path, "values"))?));
        }
        Ok(sets)
    }

    fn grid(&self, map: &Map) -> Result<Vec<(String, Vec<Value>)>> {
        let mut grid = Vec::new();
        let Some(given) = map.get("grid").filter(|grid| !grid.is_null()) else { return Ok(grid) };
        let path = [Step::from("grid")];
        let given = given.as_map().ok_or_else(|| self.wrong(&path, "a map", given))?;
        for (key, values) in given.iter() {
            let path = with(&path, Step::Key(key.as_bytes()));
            let values = self.list(values, &path)?;
            if values.is_empty() {
                return Err(self.failure(&path, &format!("`{}` is empty", shown(&path))));
            }
            grid.push((key.to_text().into_owned(), values.to_vec()));
        }
        Ok(grid)
    }
}
