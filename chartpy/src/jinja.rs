//! `chartpy.jinja`: the templates of plans.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chartcore::files::directory::{self, io_error};
use chartcore::jinja::{self, Callback, CallbackError, EnvironmentOptions, Stamp, Tree};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyTuple};

use crate::boundary::enter;
use crate::tree;
use crate::watch::Watch;

/// How many folders of templates stay compiled.
const KEPT: usize = 8;
/// The prelude that is used when it is there.
const USUAL_PRELUDE: &str = "_macros.j2";

/// A folder of Jinja templates, compiled once.
///
/// Files that end in `.j2` are templates, those that start with `_` parts for them. The file `prelude` is put in
/// front of each as text, so that its macros are known everywhere; `_macros.j2` when there is one. `filters` are
/// functions, `globals` functions or values.
///
/// An environment is immutable and may be used by many threads at once.
///
/// >>> import pathlib, tempfile
/// >>> from chartpy.jinja import Environment
/// >>> with tempfile.TemporaryDirectory() as folder:
/// ...     _ = pathlib.Path(folder, "a.yaml.j2").write_text("name: {{ name | shout }}")
/// ...     environment = Environment(folder, filters={"shout": str.upper})
/// >>> environment.render({"name": "web"})
/// {'a.yaml': 'name: WEB\n'}
#[pyclass(frozen, module = "chartpy.jinja")]
pub(crate) struct Environment {
    inner: Arc<jinja::Environment>,
}

#[pymethods]
impl Environment {
    #[new]
    #[pyo3(signature = (folder, *, prelude = "_macros.j2", filters = None, globals = None))]
    fn new(
        py: Python<'_>,
        folder: PathBuf,
        prelude: Option<&str>,
        filters: Option<&Bound<'_, PyAny>>,
        globals: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let options = options(&folder, prelude, filters, globals)?;
        let inner = enter(py, || jinja::Environment::load(&folder, &options))?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The names of what the templates make.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.inner.names().map(str::to_owned).collect()
    }

    /// Render every template; returns texts by name.
    ///
    /// Each text is stripped and ends with one newline. Raises `JinjaError` with the template and its line.
    fn render<'py>(&self, py: Python<'py>, values: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let values = read(values)?;
        let watch = Watch::default();
        let texts = enter(py, || self.inner.render_until(&values, &|| watch.stopped()));
        match watch.caught() {
            Some(signal) => Err(signal),
            None => to_dict(py, &texts?),
        }
    }

    /// Render one template, named by itself or by what it makes.
    fn render_one(&self, py: Python<'_>, name: &str, values: &Bound<'_, PyAny>) -> PyResult<String> {
        let values = read(values)?;
        enter(py, || self.inner.render_one(name, &values))
    }

    /// Render a text that is no file of the folder.
    ///
    /// >>> import tempfile
    /// >>> from chartpy.jinja import Environment
    /// >>> with tempfile.TemporaryDirectory() as folder:
    /// ...     Environment(folder).render_text("{{ base_dir | default('../') }}", {})
    /// '../'
    #[pyo3(signature = (text, values, *, name = "<text>"))]
    fn render_text(
        &self,
        py: Python<'_>,
        text: &str,
        values: &Bound<'_, PyAny>,
        name: &str,
    ) -> PyResult<String> {
        let values = read(values)?;
        enter(py, || self.inner.render_text(name, text, &values))
    }

    fn __repr__(&self) -> String {
        format!("Environment(templates={})", self.inner.names().len())
    }
}

/// Render every template of a folder; returns texts by name.
///
/// The folder is compiled when it is first seen and again when its files change. With `out` the texts are written
/// there, too. The rest is as for `Environment`.
///
/// >>> import pathlib, tempfile
/// >>> from chartpy.jinja import render_tree
/// >>> with tempfile.TemporaryDirectory() as folder:
/// ...     _ = pathlib.Path(folder, "a.yaml.j2").write_text("{% if on %}\non: {{ on }}\n{% endif %}")
/// ...     render_tree(folder, {"on": True})
/// {'a.yaml': 'on: True\n'}
#[pyfunction]
#[pyo3(signature = (folder, values, *, prelude = "_macros.j2", filters = None, globals = None, out = None))]
pub(crate) fn render_tree<'py>(
    py: Python<'py>,
    folder: PathBuf,
    values: &Bound<'py, PyAny>,
    prelude: Option<&str>,
    filters: Option<&Bound<'py, PyAny>>,
    globals: Option<&Bound<'py, PyAny>>,
    out: Option<PathBuf>,
) -> PyResult<Bound<'py, PyDict>> {
    let values = read(values)?;
    let options = options(&folder, prelude, filters, globals)?;
    let plain = filters.is_none() && globals.is_none();
    let watch = Watch::default();
    let texts = enter(py, || {
        let environment = if plain {
            compiled(&folder, prelude, &options)?
        } else {
            Arc::new(jinja::Environment::load(&folder, &options)?)
        };
        let texts = environment.render_until(&values, &|| watch.stopped())?;
        if let Some(out) = &out {
            std::fs::create_dir_all(out).map_err(|error| io_error("mkdir", out, error))?;
            for (name, text) in &texts {
                let path = out.join(name);
                std::fs::write(&path, text).map_err(|error| io_error("open", &path, error))?;
            }
        }
        Ok(texts)
    });
    match watch.caught() {
        Some(signal) => Err(signal),
        None => to_dict(py, &texts?),
    }
}

struct Compiled {
    folder: PathBuf,
    prelude: Option<String>,
    stamp: Stamp,
    environment: Arc<jinja::Environment>,
}

static COMPILED: Mutex<Vec<Compiled>> = Mutex::new(Vec::new());

/// The folder's environment, from before if nothing changed.
fn compiled(
    folder: &Path,
    prelude: Option<&str>,
    options: &EnvironmentOptions,
) -> chartcore::Result<Arc<jinja::Environment>> {
    let folder = directory::absolute(folder)?;
    let stamp = jinja::stamp(&folder)?;
    let is_it = |kept: &Compiled| kept.folder == folder && kept.prelude.as_deref() == prelude;
    let kept = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = kept.iter().find(|kept| is_it(kept) && kept.stamp == stamp) {
        return Ok(Arc::clone(&found.environment));
    }
    drop(kept);
    let environment = Arc::new(jinja::Environment::load(&folder, options)?);
    let mut kept = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    kept.retain(|kept| !is_it(kept));
    if kept.len() >= KEPT {
        kept.remove(0);
    }
    let prelude = prelude.map(str::to_owned);
    kept.push(Compiled { folder, prelude, stamp, environment: Arc::clone(&environment) });
    Ok(environment)
}

fn to_dict<'py>(py: Python<'py>, texts: &[(String, String)]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, text) in texts {
        dict.set_item(name, text)?;
    }
    Ok(dict)
}

fn read(values: &Bound<'_, PyAny>) -> PyResult<Tree> {
    if values.cast::<PyMapping>().is_err() {
        let kind = values.get_type().qualname()?;
        return Err(PyTypeError::new_err(format!("values must be a mapping, not {kind}")));
    }
    tree::from_python(values, "values")
}

fn options(
    folder: &Path,
    prelude: Option<&str>,
    filters: Option<&Bound<'_, PyAny>>,
    globals: Option<&Bound<'_, PyAny>>,
) -> PyResult<EnvironmentOptions> {
    let mut options = EnvironmentOptions::new();
    if let Some(prelude) = prelude
        && (prelude != USUAL_PRELUDE || folder.join(prelude).exists())
    {
        options = options.prelude(prelude);
    }
    for (name, filter) in named(filters, "filters")? {
        if !filter.is_callable() {
            let kind = filter.get_type().qualname()?;
            return Err(PyTypeError::new_err(format!("the filter {name} must be a function, not {kind}")));
        }
        options = options.filter(name, callback(filter.unbind()));
    }
    for (name, global) in named(globals, "globals")? {
        options = if global.is_callable() {
            options.function(name, callback(global.unbind()))
        } else {
            let value = tree::from_python(&global, &format!("globals.{name}"))?;
            options.global(name, value)
        };
    }
    Ok(options)
}

fn named<'py>(given: Option<&Bound<'py, PyAny>>, what: &str) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(Vec::new()) };
    let Ok(mapping) = given.cast::<PyMapping>() else {
        let kind = given.get_type().qualname()?;
        return Err(PyTypeError::new_err(format!("{what} must be a mapping, not {kind}")));
    };
    mapping.items()?.iter().map(|item| item.extract()).collect()
}

/// A Python function as a filter or a function of templates.
fn callback(function: Py<PyAny>) -> Callback {
    Arc::new(move |positional, named| {
        Python::attach(|py| {
            let run = || -> PyResult<Tree> {
                let given = positional.iter().map(|tree| tree::into_python(py, tree));
                let given = PyTuple::new(py, given.collect::<PyResult<Vec<_>>>()?)?;
                let keywords = PyDict::new(py);
                for (name, value) in named {
                    keywords.set_item(name, tree::into_python(py, value)?)?;
                }
                let answer = function.bind(py).call(given, Some(&keywords))?;
                tree::from_python(&answer, "the answer")
            };
            run().map_err(|error| Box::new(error) as CallbackError)
        })
    })
}
