//! What `chartpy.helmfile` reads with.

use std::path::{Path, PathBuf};

use chartcore::helmfile::{ChartReference, Helmfile, Release, ReleaseValues};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::boundary::enter;
use crate::convert;

/// A helmfile as it was read; `chartpy.helmfile.Helmfile` is its face.
#[pyclass(frozen, module = "chartpy._chartpy")]
pub(crate) struct HelmfileReader {
    inner: Helmfile,
}

#[pymethods]
impl HelmfileReader {
    #[new]
    #[pyo3(signature = (source, *, name = "helmfile.yaml", folder = None))]
    fn new(source: &Bound<'_, PyAny>, name: &str, folder: Option<PathBuf>) -> PyResult<Self> {
        let py = source.py();
        if let Ok(bytes) = source.cast::<PyBytes>() {
            let bytes = bytes.as_bytes();
            let inner = enter(py, || Helmfile::parse(name, folder.unwrap_or_default(), bytes))?;
            return Ok(Self { inner });
        }
        let Some(path) = convert::path(source)? else {
            let kind = source.get_type().qualname()?;
            return Err(PyTypeError::new_err(format!("a helmfile is a path or bytes, not {kind}")));
        };
        Ok(Self { inner: enter(py, || Helmfile::load(Path::new(&path)))? })
    }

    /// What errors call it.
    #[getter]
    fn name(&self) -> &str {
        self.inner.name()
    }

    /// The folder its files are relative to.
    #[getter]
    fn folder(&self) -> String {
        self.inner.folder().to_string_lossy().into_owned()
    }

    /// The URLs of the repositories by name.
    #[getter]
    fn repositories<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let repositories = PyDict::new(py);
        for repository in self.inner.repositories() {
            repositories.set_item(&repository.name, &repository.url)?;
        }
        Ok(repositories)
    }

    /// The releases, in the order of the file.
    #[getter]
    fn releases<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.inner.releases().iter().map(|release| self.release(py, release)).collect()
    }

    /// The helmfile with only what a selector matches.
    fn select(&self, py: Python<'_>, selector: &str) -> PyResult<Self> {
        Ok(Self { inner: enter(py, || self.inner.select(selector))? })
    }

    /// Where the releases stand, in the order they are to be installed.
    fn order(&self, py: Python<'_>) -> PyResult<Vec<usize>> {
        let ordered = enter(py, || self.inner.order())?;
        let releases = self.inner.releases();
        let place = |release: &Release| releases.iter().position(|other| std::ptr::eq(other, release));
        Ok(ordered.into_iter().filter_map(place).collect())
    }
}

impl HelmfileReader {
    fn release<'py>(&self, py: Python<'py>, release: &Release) -> PyResult<Bound<'py, PyDict>> {
        let fields = PyDict::new(py);
        fields.set_item("name", &release.name)?;
        fields.set_item("namespace", &release.namespace)?;
        fields.set_item("chart", &release.chart)?;
        fields.set_item("version", &release.version)?;
        fields.set_item("installed", release.installed)?;
        fields.set_item("labels", &release.labels)?;
        fields.set_item("needs", &release.needs)?;
        let values = PyList::empty(py);
        for item in &release.values {
            match item {
                ReleaseValues::File(name) => values.append(self.inner.folder().join(name))?,
                ReleaseValues::Inline(value) => values.append(convert::into_python(py, value)?)?,
            }
        }
        fields.set_item("values", values)?;
        fields.set_item("create_namespace", self.inner.creates_namespace(release))?;
        fields.set_item("line", release.line)?;
        let repository = match self.inner.chart_reference(release) {
            Ok(ChartReference::Repository { repository, .. }) => Some(&repository.url),
            _ => None,
        };
        fields.set_item("repository", repository)?;
        Ok(fields)
    }
}
