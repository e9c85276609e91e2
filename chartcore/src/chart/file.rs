//! One file of a chart.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::Compat;
use crate::template::{self, ParseError, Parsed};

/// A named file: its name relative to its chart, with `/`, and its bytes (BOM stripped).
#[derive(Clone)]
pub struct File {
    name: Arc<str>,
    data: Arc<[u8]>,
    templates: Arc<[OnceLock<Template>; 2]>,
}

/// A file as a template, or why it is none.
type Template = Result<Arc<Parsed>, ParseError>;

impl File {
    /// Makes a file.
    pub fn new(name: impl Into<Arc<str>>, data: impl Into<Arc<[u8]>>) -> Self {
        Self { name: name.into(), data: data.into(), templates: Arc::default() }
    }

    /// The name, relative to the chart, for instance `templates/service.yaml`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The bytes, shared.
    pub fn shared_data(&self) -> Arc<[u8]> {
        Arc::clone(&self.data)
    }

    /// The file as a template. It is parsed when first asked for; all clones share the result.
    ///
    /// # Errors
    /// What Go's parser says.
    pub fn template(&self, compat: Compat) -> Result<&Arc<Parsed>, &ParseError> {
        self.slot(compat).get_or_init(|| template::parse_shared(&self.data, compat)).as_ref()
    }

    /// Whether it is there for other templates to include: its name begins with an underscore.
    pub(crate) fn is_partial(&self) -> bool {
        self.name.rsplit('/').next().is_some_and(|base| base.starts_with('_'))
    }

    /// Whether [`File::template`] has its answer.
    pub(crate) fn is_parsed(&self, compat: Compat) -> bool {
        self.slot(compat).get().is_some()
    }

    fn slot(&self, compat: Compat) -> &OnceLock<Template> {
        let [helm3, helm4] = &*self.templates;
        match compat {
            Compat::Helm3 => helm3,
            Compat::Helm4 => helm4,
        }
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({}, {} bytes)", self.name, self.data.len())
    }
}
