//! Templates under their names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Executor, Host, Limits, Parsed};
use crate::Compat;

/// A set of named templates: what Go calls associated templates.
#[derive(Debug, Clone)]
pub struct Templates {
    compat: Compat,
    files: BTreeMap<String, Arc<Parsed>>,
}

impl Templates {
    /// An empty set.
    pub fn new(compat: Compat) -> Self {
        Self { compat, files: BTreeMap::new() }
    }

    /// Whose functions and error texts it has.
    pub fn compat(&self) -> Compat {
        self.compat
    }

    /// Adds a file and the templates it defines. What is added later replaces what has the same name, but
    /// a body of only white space and comments never replaces another (Go: `Template.associate`).
    pub fn add(&mut self, name: &str, parsed: Arc<Parsed>) {
        self.files.insert(name.to_owned(), parsed);
    }

    /// Whether a template of that name can be executed.
    pub fn contains(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// Starts one render. What templates do to maps, and what `tpl` parsed, lives as long as this.
    pub fn executor<'a>(&'a self, host: &'a dyn Host, limits: Limits) -> Executor<'a> {
        Executor::new(self, host, limits)
    }
}
