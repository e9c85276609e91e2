//! One file of a chart.

use std::fmt;
use std::sync::Arc;

/// A named file: its name relative to its chart, with `/`, and its bytes (BOM stripped).
#[derive(Clone)]
pub struct File {
    name: Arc<str>,
    data: Arc<[u8]>,
}

impl File {
    /// Makes a file.
    pub fn new(name: impl Into<Arc<str>>, data: impl Into<Arc<[u8]>>) -> Self {
        Self { name: name.into(), data: data.into() }
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
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({}, {} bytes)", self.name, self.data.len())
    }
}
