//! From YAML to a helmfile.

use std::collections::BTreeMap;

use super::{Helmfile, Release, ReleaseValues, Repository};
use crate::data::yaml::{self, Lines, Step};
use crate::data::{Map, Value, json};
use crate::diag::{Diagnostic, Location};
use crate::error::{Error, ErrorKind, Result};

/// Reads all documents into `helmfile`.
pub(super) fn read(helmfile: &mut Helmfile, bytes: &[u8]) -> Result<()> {
    let name = helmfile.name.clone();
    for (first, document) in documents(bytes) {
        let (value, lines) = yaml::parse_with_lines(document).map_err(|error| {
            let templated = |line: &[u8]| line.windows(2).any(|pair| pair == b"{{");
            let template = document.split(|byte| *byte == b'\n').position(templated);
            let line = first + template.unwrap_or(error.line().max(1) - 1);
            let problem = match template {
                Some(_) => format!("templates are not supported: {}", error.message()),
                None => error.message().to_owned(),
            };
            super::failure(&name, "helmfile-yaml", line, &problem)
        })?;
        let reader = Reader { name: &name, first, lines };
        match &value {
            Value::Null => {}
            Value::Map(map) => reader.document(helmfile, map)?,
            _ => return Err(reader.failure("helmfile-type", &[], "a helmfile must be a map")),
        }
    }
    Ok(())
}

/// The documents with the number of their first line.
fn documents(bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let mut documents = Vec::new();
    let (mut start, mut first, mut at) = (0, 1, 0);
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let text = line.trim_ascii_end();
        let separates =
            text.strip_prefix(b"---").is_some_and(|rest| rest.is_empty() || rest.starts_with(b" "));
        let bare = text.len() == 3 || text.get(3..).is_some_and(|rest| rest.trim_ascii().starts_with(b"#"));
        if separates && bare {
            documents.push((first, bytes.get(start..at).unwrap_or_default()));
            start = at + line.len();
            first = number + 2;
        }
        at += line.len();
    }
    documents.push((first, bytes.get(start..).unwrap_or_default()));
    documents
}

struct Reader<'a> {
    name: &'a str,
    /// The number of the document's first line.
    first: usize,
    lines: Lines,
}

/// `releases[0].name`
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
    fn line(&self, path: &[Step<'_>]) -> usize {
        self.first + self.lines.find(path).map_or(1, |place| place.line) - 1
    }

    fn failure(&self, code: &'static str, path: &[Step<'_>], problem: &str) -> Error {
        super::failure(self.name, code, self.line(path), problem)
    }

    fn wrong(&self, path: &[Step<'_>], expected: &str, found: &Value) -> Error {
        let problem = format!("`{}` must be {expected}, not a {}", shown(path), json::type_name(found));
        self.failure("helmfile-type", path, &problem)
    }

    fn unknown(&self, path: &[Step<'_>], known: &[&str]) -> Error {
        let key = shown(path);
        let problem = format!("the key `{key}` is not supported; known here are {}", known.join(", "));
        let location =
            Location { file: self.name.to_owned(), line: self.line(path), column: 0, length: 0, text: None };
        let mut diagnostic = Diagnostic::error("helmfile-key", problem.clone()).at(location);
        diagnostic.label = Some(key);
        Error::new(ErrorKind::Helmfile, format!("{}:{}: {problem}", self.name, self.line(path)))
            .with_diagnostic(diagnostic)
    }

    /// The map at `path`, all of whose keys are known.
    fn map<'v>(&self, value: &'v Value, path: &[Step<'_>], known: &[&str]) -> Result<&'v Map> {
        let map = value.as_map().ok_or_else(|| self.wrong(path, "a map", value))?;
        for (key, _) in map.iter() {
            if !known.iter().any(|known| known.as_bytes() == key.as_bytes()) {
                return Err(self.unknown(&with(path, Step::Key(key.as_bytes())), known));
            }
        }
        Ok(map)
    }

    fn list<'v>(&self, value: &'v Value, path: &[Step<'_>]) -> Result<&'v [Value]> {
        match value {
            Value::Null => Ok(&[]),
            _ => value.as_list().ok_or_else(|| self.wrong(path, "a list", value)),
        }
    }

    fn text(&self, map: &Map, path: &[Step<'_>], key: &'static str) -> Result<Option<String>> {
        let path = with(path, key);
        match map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.to_text().into_owned())),
            Some(other) => Err(self.wrong(&path, "a text", other)),
        }
    }

    fn needed(&self, map: &Map, path: &[Step<'_>], key: &'static str) -> Result<String> {
        let missing = || {
            let problem = format!("`{}` is missing", shown(&with(path, key)));
            self.failure("helmfile-missing", path, &problem)
        };
        self.text(map, path, key)?.filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    fn truth(&self, map: &Map, path: &[Step<'_>], key: &'static str) -> Result<Option<bool>> {
        match map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(other) => Err(self.wrong(&with(path, key), "true or false", other)),
        }
    }

    fn document(&self, helmfile: &mut Helmfile, map: &Map) -> Result<()> {
        let top = Value::from(map.clone());
        let map = self.map(&top, &[], &["helmDefaults", "releases", "repositories"])?;
        if let Some(defaults) = map.get("helmDefaults").filter(|defaults| !defaults.is_null()) {
            let path = [Step::from("helmDefaults")];
            let defaults = self.map(defaults, &path, &["createNamespace"])?;
            if let Some(create) = self.truth(defaults, &path, "createNamespace")? {
                helmfile.create_namespace = Some(create);
            }
        }
        if let Some(repositories) = map.get("repositories") {
            let path = [Step::from("repositories")];
            for (at, repository) in self.list(repositories, &path)?.iter().enumerate() {
                let path = with(&path, at);
                let map = self.map(repository, &path, &["name", "url"])?;
                let name = self.needed(map, &path, "name")?;
                let url = self.needed(map, &path, "url")?;
                helmfile.repositories.push(Repository { name, url });
            }
        }
        if let Some(releases) = map.get("releases") {
            let path = [Step::from("releases")];
            for (at, release) in self.list(releases, &path)?.iter().enumerate() {
                helmfile.releases.push(self.release(release, &with(&path, at))?);
            }
        }
        Ok(())
    }

    fn release(&self, value: &Value, path: &[Step<'_>]) -> Result<Release> {
        const KEYS: &[&str] = &[
            "chart",
            "createNamespace",
            "installed",
            "labels",
            "name",
            "namespace",
            "needs",
            "values",
            "version",
        ];
        let map = self.map(value, path, KEYS)?;
        let name = self.needed(map, path, "name")?;
        let chart = self.needed(map, path, "chart")?;
        let mut needs = Vec::new();
        if let Some(list) = map.get("needs") {
            let path = with(path, "needs");
            for (at, need) in self.list(list, &path)?.iter().enumerate() {
                match need {
                    Value::String(text) => needs.push(text.to_text().into_owned()),
                    other => return Err(self.wrong(&with(&path, at), "a text", other)),
                }
            }
        }
        let mut labels = BTreeMap::new();
        if let Some(given) = map.get("labels").filter(|labels| !labels.is_null()) {
            let path = with(path, "labels");
            let given = given.as_map().ok_or_else(|| self.wrong(&path, "a map", given))?;
            for (key, value) in given.iter() {
                let text = match value {
                    Value::String(text) => text.to_text().into_owned(),
                    Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
                        let text = json::write(value).unwrap_or_default();
                        String::from_utf8_lossy(&text).into_owned()
                    }
                    other => {
                        return Err(self.wrong(&with(&path, Step::Key(key.as_bytes())), "a text", other));
                    }
                };
                labels.insert(key.to_text().into_owned(), text);
            }
        }
        Ok(Release {
            name,
            namespace: self.text(map, path, "namespace")?.filter(|namespace| !namespace.is_empty()),
            chart,
            version: self.text(map, path, "version")?.filter(|version| !version.is_empty()),
            installed: self.truth(map, path, "installed")?.unwrap_or(true),
            labels,
            needs,
            values: self.values(map, path)?,
            create_namespace: self.truth(map, path, "createNamespace")?,
            line: self.line(path),
        })
    }

    fn values(&self, map: &Map, path: &[Step<'_>]) -> Result<Vec<ReleaseValues>> {
        let mut values = Vec::new();
        let Some(list) = map.get("values") else { return Ok(values) };
        let path = with(path, "values");
        for (at, item) in self.list(list, &path)?.iter().enumerate() {
            let path = with(&path, at);
            values.push(match item {
                Value::String(text) => {
                    let name = text.to_text().into_owned();
                    if name.ends_with(".gotmpl") || name.contains("{{") {
                        let problem = format!("`{}` is a template, which is not supported", shown(&path));
                        return Err(self.failure("helmfile-template", &path, &problem));
                    }
                    ReleaseValues::File(name)
                }
                Value::Map(_) => ReleaseValues::Inline(item.clone()),
                Value::Null => continue,
                other => return Err(self.wrong(&path, "a file or a map", other)),
            });
        }
        Ok(values)
    }
}
