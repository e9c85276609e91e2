//! The cases under `fixtures/cases`: what to run, and on which profile.

use std::fs;
use std::path::Path;

use toml::Value;

use crate::{Outcome, places};

/// One case: a command line that both Helms and `chart` are given.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The file the case is in, without its ending.
    pub(crate) area: String,
    pub(crate) name: String,
    /// The words after the program's name; `{out}` stands for a fresh folder.
    pub(crate) arguments: Vec<String>,
    pub(crate) stdin: String,
}

impl Case {
    /// `area/name`, the golden's path without its ending.
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.area, self.name)
    }

    /// The words to run, with a Kubernetes version where rendering would otherwise assume one.
    pub(crate) fn words(&self, out: &Path) -> Vec<String> {
        let out = out.to_string_lossy();
        let mut words: Vec<String> = self.arguments.iter().map(|word| word.replace("{out}", &out)).collect();
        let renders = words.first().is_some_and(|word| word == "template");
        if renders && !words.iter().any(|word| word == "--kube-version") {
            words.extend(["--kube-version".to_owned(), "1.34.0".to_owned()]);
        }
        words
    }
}

/// Every case, in the order of the files' names and of the cases in them.
pub(crate) fn load() -> Outcome<Vec<Case>> {
    let folder = places::root().join("fixtures/cases");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let place = file.display().to_string();
        let text = fs::read_to_string(&file).map_err(|error| format!("{place}: {error}"))?;
        let table: toml::Table = text.parse().map_err(|error| format!("{place}: {error}"))?;
        let area = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for entry in table.get("case").and_then(Value::as_array).into_iter().flatten() {
            cases.push(read(&area, entry).ok_or_else(|| format!("{place}: a case needs `name` and `args`"))?);
        }
    }
    Ok(cases)
}

fn read(area: &str, entry: &Value) -> Option<Case> {
    let arguments = entry.get("args")?.as_array()?;
    Some(Case {
        area: area.to_owned(),
        name: entry.get("name")?.as_str()?.to_owned(),
        arguments: arguments.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        stdin: entry.get("stdin").and_then(Value::as_str).unwrap_or_default().to_owned(),
    })
}
