//! The Python module `chartpy._chartpy`: a door to `chartcore`.
//!
//! Everything that works releases the GIL through `boundary::enter`, which also turns errors into the exceptions
//! of `chartpy.errors`. Results are converted to Python when they are asked for.

mod boundary;
mod chart;
mod convert;
mod helmfile;
mod jinja;
mod many;
mod merge;
mod package;
mod remote;
mod rendered;
mod request;
mod tree;
mod watch;

use pyo3::prelude::*;

/// Helm-compatible charts, in process.
#[pymodule]
mod _chartpy {
    use super::*;

    #[pymodule_export]
    use super::chart::{Chart, load, restore_chart};
    #[pymodule_export]
    use super::helmfile::HelmfileReader;
    #[pymodule_export]
    use super::jinja::{Environment, render_tree};
    #[pymodule_export]
    use super::many::render_many;
    #[pymodule_export]
    use super::merge::merge_values;
    #[pymodule_export]
    use super::package::{digest, listing, verify};
    #[pymodule_export]
    use super::remote::{fetch, publish, resolve_version};
    #[pymodule_export]
    use super::rendered::{Manifest, Rendered, restore_rendered};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
