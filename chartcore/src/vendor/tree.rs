//! `dependency tree`: what a chart is made of, and what it asks for.

use std::fmt;
use std::path::Path;

use crate::chart::{Chart, LoadOptions};
use crate::dependency::{Status, list};

/// How deep a tree is drawn.
const MAX_DEPTH: usize = 64;

/// A chart in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The name, or the alias it goes by.
    pub name: String,
    /// The version that is there; empty when none is.
    pub version: String,
    /// The range that is asked for; empty for the top and for what nobody asks for.
    pub range: String,
    /// Where it comes from, as Chart.yaml says.
    pub repository: String,
    /// Its state in `charts/`; `None` for the top.
    pub status: Option<Status>,
    /// Its own dependencies.
    pub branches: Vec<Branch>,
}

/// The tree of a chart that was loaded from `chart_path`.
pub fn tree(chart_path: &Path, chart: &Chart, options: &LoadOptions) -> Branch {
    let statuses =
        list(chart_path, chart, options).into_iter().map(|listed| listed.status).collect::<Vec<_>>();
    branch(chart, &statuses, 0)
}

fn branch(chart: &Chart, statuses: &[Status], depth: usize) -> Branch {
    let mut top = Branch {
        name: chart.name().to_owned(),
        version: chart.metadata().version.clone(),
        range: String::new(),
        repository: String::new(),
        status: None,
        branches: Vec::new(),
    };
    if depth >= MAX_DEPTH {
        return top;
    }
    let mut used = Vec::new();
    for (index, dependency) in chart.metadata().dependencies.iter().flatten().enumerate() {
        let held = chart.dependencies().iter().find(|held| held.name() == dependency.name);
        let mut below = match held {
            Some(held) => {
                used.push(held.name());
                branch(held, &[], depth + 1)
            }
            None => Branch { version: String::new(), branches: Vec::new(), ..top.clone() },
        };
        below.name = dependency.effective_name().to_owned();
        below.range.clone_from(&dependency.version);
        below.repository.clone_from(&dependency.repository);
        let fallback = if held.is_some() { Status::Unpacked } else { Status::Missing };
        below.status = Some(statuses.get(index).copied().unwrap_or(fallback));
        top.branches.push(below);
    }
    for held in chart.dependencies().iter().filter(|held| !used.contains(&held.name())) {
        top.branches.push(branch(held, &[], depth + 1));
    }
    top
}

impl Branch {
    fn draw(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.version.is_empty() {
            write!(f, " {}", self.version)?;
        }
        if !self.range.is_empty() && self.range != self.version {
            write!(f, " ({})", self.range)?;
        }
        if !self.repository.is_empty() {
            write!(f, " {}", self.repository)?;
        }
        match self.status {
            None | Some(Status::Ok | Status::Unpacked) => {}
            Some(status) => write!(f, " [{status}]")?,
        }
        f.write_str("\n")?;
        for (index, below) in self.branches.iter().enumerate() {
            let last = index + 1 == self.branches.len();
            write!(f, "{indent}{} ", if last { "└──" } else { "├──" })?;
            below.draw(f, &format!("{indent}{}", if last { "    " } else { "│   " }))?;
        }
        Ok(())
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.draw(f, "")
    }
}
