//! `merge_values`.

use chartcore::values::Overrides;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyMapping, PyTuple};

use crate::boundary::enter;
use crate::chart::profile;
use crate::convert::{self, Numbers};
use crate::request::Given;

/// Merge values as Helm merges `-f` files and the `--set` family, without a chart.
///
/// `sources` are mappings or paths, in order: later ones win. A null deletes nothing here; it does when the result
/// meets a chart's defaults.
///
/// >>> import chartpy
/// >>> chartpy.merge_values({"a": {"b": 1}}, {"a": {"c": 2}}, set="a.b=3")
/// {'a': {'b': 3, 'c': 2}}
#[pyfunction]
#[pyo3(signature = (
    *sources, set = None, set_string = None, set_json = None, set_file = None, set_literal = None,
    compat = "helm4"
))]
#[expect(clippy::too_many_arguments, reason = "they are keyword arguments")]
pub(crate) fn merge_values<'py>(
    py: Python<'py>,
    sources: &Bound<'py, PyTuple>,
    set: Option<Bound<'py, PyAny>>,
    set_string: Option<Bound<'py, PyAny>>,
    set_json: Option<Bound<'py, PyAny>>,
    set_file: Option<Bound<'py, PyAny>>,
    set_literal: Option<Bound<'py, PyAny>>,
    compat: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let compat = profile(py, compat)?;
    let given = Given { set, set_string, set_json, set_file, set_literal, ..Given::default() };
    let mut overrides = Overrides::new();
    for (index, source) in sources.iter().enumerate() {
        if source.cast::<PyMapping>().is_ok() {
            let name = format!("sources[{index}]");
            overrides = overrides.value(convert::from_python(&source, &name, Numbers::Float)?);
        } else if let Some(path) = convert::path(&source)? {
            overrides = enter(py, || overrides.file(&path))?;
        } else {
            let kind = source.get_type().qualname()?;
            return Err(PyTypeError::new_err(format!("values are a mapping or a path, not {kind}")));
        }
    }
    let overrides = given.add_setters(overrides)?;
    let merged = enter(py, || overrides.resolve(compat))?;
    convert::into_python(py, &merged)
}
