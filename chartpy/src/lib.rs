//! The Python module `chartpy._chartpy`: a door to `chartcore`.

use pyo3::prelude::*;

/// Helm-compatible charts, in process.
#[pymodule]
mod _chartpy {
    use super::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
