//! `Chart`, and how it comes and goes.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use chartcore::archive;
use chartcore::archive::provenance::EXTENSION;
use chartcore::chart::{self, File, LoadOptions, MetadataChange};
use chartcore::data::json;
use chartcore::files::directory::Symlinks;
use chartcore::lint::{self, LintOptions};
use chartcore::values::{MergeOptions, Merger};
use chartcore::{Compat, Error, ErrorKind};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMapping, PyString};

use crate::boundary::{self, enter};
use crate::convert;
use crate::package::{self, Signer};
use crate::rendered::Rendered;
use crate::request::{Arguments, Given, kube_version};
use crate::watch::Watch;

/// A chart and what it is merged with again and again.
pub(crate) struct Source {
    pub(crate) chart: chartcore::Chart,
    /// With schemas, and without.
    mergers: [OnceLock<Merger>; 2],
    digest: OnceLock<String>,
}

impl Source {
    pub(crate) fn new(chart: chartcore::Chart) -> Self {
        Self { chart, mergers: Default::default(), digest: OnceLock::new() }
    }

    /// The digest of the chart's archive; it is packed when first asked for.
    pub(crate) fn digest(&self) -> chartcore::Result<String> {
        if let Some(digest) = self.digest.get() {
            return Ok(digest.clone());
        }
        let digest = archive::pack(&self.chart, &archive::PackOptions::new())?.digest().to_string();
        Ok(self.digest.get_or_init(|| digest).clone())
    }

    /// The merger of the chart; it is made when first asked for.
    pub(crate) fn merger(&self, skip_schema: bool) -> chartcore::Result<&Merger> {
        let slot = &self.mergers[usize::from(skip_schema)];
        if let Some(merger) = slot.get() {
            return Ok(merger);
        }
        let options = MergeOptions::default().skip_schema(skip_schema);
        let merger = Merger::with_options(&self.chart, &options)?;
        Ok(slot.get_or_init(|| merger))
    }
}

/// A chart: immutable, safe to share between threads, and picklable by content.
#[pyclass(frozen, module = "chartpy")]
pub(crate) struct Chart {
    pub(crate) source: Arc<Source>,
}

impl Chart {
    pub(crate) fn new(chart: chartcore::Chart) -> Self {
        Self { source: Arc::new(Source::new(chart)) }
    }

    fn inner(&self) -> &chartcore::Chart {
        &self.source.chart
    }
}

/// Reads the name of a profile.
pub(crate) fn profile(py: Python<'_>, name: &str) -> PyResult<Compat> {
    match name {
        "helm3" => Ok(Compat::Helm3),
        "helm4" => Ok(Compat::Helm4),
        _ => Err(boundary::usage_error(py, &format!("unknown compat `{name}`, expected `helm3` or `helm4`"))),
    }
}

/// The name of a profile.
pub(crate) fn profile_name(compat: Compat) -> &'static str {
    match compat {
        Compat::Helm3 => "helm3",
        Compat::Helm4 => "helm4",
    }
}

/// Load a chart from a folder, an archive, the bytes of an archive, or files in memory.
///
/// `source` is a path, the bytes of a `.tgz`, or a mapping of names relative to the chart to `str` or `bytes`.
/// `compat` says whose rules apply: `"helm3"` (3.22.0) or `"helm4"` (4.3.1). Links that leave the chart are refused
/// unless `follow_symlinks` is true.
///
/// Raises `FileNotFoundError` if there is nothing at the path and `LoadError` if it is no chart.
///
/// >>> import chartpy
/// >>> chart = chartpy.load({"Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n"})
/// >>> chart.name, chart.version
/// ('web', '0.1.0')
#[pyfunction]
#[pyo3(signature = (source, *, compat = "helm4", follow_symlinks = false))]
pub(crate) fn load(source: &Bound<'_, PyAny>, compat: &str, follow_symlinks: bool) -> PyResult<Chart> {
    let py = source.py();
    let mut options = LoadOptions::new(profile(py, compat)?);
    if follow_symlinks {
        options = options.symlinks(Symlinks::Follow);
    }
    if let Ok(bytes) = source.cast::<PyBytes>() {
        let bytes = bytes.as_bytes();
        return enter(py, || chart::load_archive(bytes, &options)).map(Chart::new);
    }
    if let Ok(mapping) = source.cast::<PyMapping>() {
        let files = files(mapping)?;
        return enter(py, || chart::load_files(files, &options)).map(Chart::new);
    }
    let Some(path) = convert::path(source)? else {
        let kind = source.get_type().qualname()?;
        let message = format!("a chart is loaded from a path, bytes or a mapping of files, not {kind}");
        return Err(PyTypeError::new_err(message));
    };
    enter(py, || chart::load(Path::new(&path), &options)).map(Chart::new)
}

fn files(mapping: &Bound<'_, PyMapping>) -> PyResult<Vec<File>> {
    let mut files = Vec::new();
    for item in mapping.items()?.iter() {
        let (name, data): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let Ok(name) = name.cast::<PyString>() else {
            let kind = name.get_type().qualname()?;
            return Err(PyTypeError::new_err(format!("names of files are str, not {kind}")));
        };
        let name: String = name.extract()?;
        let data: Vec<u8> = if let Ok(text) = data.cast::<PyString>() {
            text.to_cow()?.as_bytes().to_vec()
        } else if let Ok(bytes) = data.cast::<PyBytes>() {
            bytes.as_bytes().to_vec()
        } else {
            let kind = data.get_type().qualname()?;
            return Err(PyTypeError::new_err(format!("the file {name} is str or bytes, not {kind}")));
        };
        files.push(File::new(name, data));
    }
    Ok(files)
}

/// Rebuild a chart from what pickling kept.
#[pyfunction]
#[pyo3(name = "_restore_chart")]
pub(crate) fn restore_chart(
    py: Python<'_>,
    compat: &str,
    files: Vec<(String, Bound<'_, PyBytes>)>,
) -> PyResult<Chart> {
    let options = LoadOptions::new(profile(py, compat)?);
    let files: Vec<File> =
        files.into_iter().map(|(name, data)| File::new(name, data.as_bytes().to_vec())).collect();
    enter(py, || chart::load_files(files, &options)).map(Chart::new)
}

type Pickled<'py> = (Bound<'py, PyAny>, (&'static str, Vec<(String, Bound<'py, PyBytes>)>));

#[pymethods]
impl Chart {
    /// The chart's name.
    #[getter]
    fn name(&self) -> &str {
        self.inner().name()
    }

    /// The chart's version.
    #[getter]
    fn version(&self) -> &str {
        &self.inner().metadata().version
    }

    /// The version of what the chart installs, or an empty text.
    #[getter]
    fn app_version(&self) -> &str {
        &self.inner().metadata().app_version
    }

    /// The sha256 of the archive `package` makes: the same for the same files, on every machine.
    #[getter]
    fn digest(&self, py: Python<'_>) -> PyResult<String> {
        enter(py, || self.source.digest())
    }

    /// The chart with other metadata, in memory; the chart itself stays as it is.
    ///
    /// >>> import chartpy
    /// >>> chart = chartpy.load({"Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n"})
    /// >>> chart.with_metadata(version="0.2.0").version, chart.version
    /// ('0.2.0', '0.1.0')
    #[pyo3(signature = (*, name = None, version = None, app_version = None))]
    fn with_metadata(
        &self,
        py: Python<'_>,
        name: Option<String>,
        version: Option<String>,
        app_version: Option<String>,
    ) -> PyResult<Self> {
        let change = MetadataChange { name, version, app_version };
        enter(py, || self.inner().with_metadata(&change)).map(Self::new)
    }

    /// Whose rules it was loaded by: `"helm3"` or `"helm4"`.
    #[getter]
    fn compat(&self) -> &'static str {
        profile_name(self.inner().compat())
    }

    /// Chart.yaml as a dict, with its keys.
    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::into_python(py, &self.inner().metadata().to_value())
    }

    /// The defaults: values.yaml as a dict.
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::into_python(py, self.inner().values())
    }

    /// values.schema.json as a dict, or None.
    #[getter]
    fn schema<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(file) = self.inner().schema() else { return Ok(None) };
        let parsed = enter(py, || {
            json::parse(file.data())
                .map_err(|error| Error::new(ErrorKind::Schema, format!("values.schema.json: {error}")))
        })?;
        convert::into_python(py, &parsed).map(Some)
    }

    /// Every file as it was loaded, by name, those of subcharts included.
    #[getter]
    fn files<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let files = PyDict::new(py);
        for file in self.inner().raw() {
            files.set_item(file.name(), PyBytes::new(py, file.data()))?;
        }
        Ok(files)
    }

    /// The subcharts in `charts/`, by name.
    #[getter]
    fn dependencies(&self) -> Vec<Self> {
        self.inner().dependencies().iter().cloned().map(Self::new).collect()
    }

    /// The files of `crds/` by path, those of subcharts included.
    #[getter]
    fn crds<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let crds = PyDict::new(py);
        for crd in self.inner().crds() {
            crds.set_item(crd.path, String::from_utf8_lossy(crd.file.data()))?;
        }
        Ok(crds)
    }

    /// The readme, or None.
    #[getter]
    fn readme(&self) -> Option<String> {
        let readme = self.inner().readme()?;
        Some(String::from_utf8_lossy(readme.data()).into_owned())
    }

    /// What loading had to say.
    #[getter]
    fn warnings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(boundary::to_python(py, self.inner().warnings())?.into_any())
    }

    /// Render the chart as `helm template` does.
    ///
    /// `values` is a mapping or a sequence of mappings, read as files of values are: all numbers become float64. An
    /// `os.PathLike` among them is a file. They go over `values_files`, and the `set` family over both, in Helm's order. With a `seed` the random
    /// functions repeat and the clock stands still, at `now` seconds since 1970 if given. `show_only` leaves the
    /// documents of the templates it names: `templates/service.yaml`. Ctrl-C stops it.
    ///
    /// Raises `ValuesError`, `SchemaError`, `TemplateError`, `ManifestError`, `DependencyError`, `UsageError`,
    /// `LimitError`, or `FileNotFoundError` for a file of values that is not there.
    ///
    /// >>> import chartpy
    /// >>> chart = chartpy.load({
    /// ...     "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    /// ...     "templates/cm.yaml": "kind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n",
    /// ... })
    /// >>> print(chart.render("demo").text, end="")
    /// ---
    /// # Source: web/templates/cm.yaml
    /// kind: ConfigMap
    /// metadata:
    ///   name: demo
    #[pyo3(signature = (
        release, *, namespace = "default", values = None, values_files = None, set = None, set_string = None,
        set_json = None, set_file = None, set_literal = None, kube_version = None, api_versions = None,
        show_only = None, is_upgrade = false, revision = 1, include_crds = false, hooks = true, tests = true, skip_schema = false,
        strict = false, enable_dns = false, seed = None, now = None
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments")]
    fn render<'py>(
        &self,
        py: Python<'py>,
        release: &str,
        namespace: &str,
        values: Option<Bound<'py, PyAny>>,
        values_files: Option<Bound<'py, PyAny>>,
        set: Option<Bound<'py, PyAny>>,
        set_string: Option<Bound<'py, PyAny>>,
        set_json: Option<Bound<'py, PyAny>>,
        set_file: Option<Bound<'py, PyAny>>,
        set_literal: Option<Bound<'py, PyAny>>,
        kube_version: Option<String>,
        api_versions: Option<Bound<'py, PyAny>>,
        show_only: Option<Bound<'py, PyAny>>,
        is_upgrade: bool,
        revision: i64,
        include_crds: bool,
        hooks: bool,
        tests: bool,
        skip_schema: bool,
        strict: bool,
        enable_dns: bool,
        seed: Option<String>,
        now: Option<i64>,
    ) -> PyResult<Rendered> {
        let given = Given { values, values_files, set, set_string, set_json, set_file, set_literal };
        let arguments = Arguments {
            given,
            release: release.to_owned(),
            namespace: namespace.to_owned(),
            kube_version,
            api_versions,
            show_only,
            is_upgrade,
            revision,
            include_crds,
            hooks,
            tests,
            skip_schema,
            strict,
            enable_dns,
            seed,
            now,
        };
        let request = arguments.prepare(py)?;
        let watch = Arc::new(Watch::default());
        let product = enter(py, || request.run(&self.source, &watch));
        match watch.caught() {
            Some(signal) => Err(signal),
            None => product.map(Rendered::new),
        }
    }

    /// Check the chart as `helm lint` does.
    ///
    /// Returns what it found, in Helm's order. `values` and the rest are as for `render`.
    ///
    /// >>> import chartpy
    /// >>> chart = chartpy.load({"Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n"})
    /// >>> chart.lint()[0].message
    /// 'icon is recommended'
    #[pyo3(signature = (
        *, namespace = "default", values = None, values_files = None, set = None, set_string = None,
        set_json = None, set_file = None, set_literal = None, kube_version = None, skip_schema = false
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments")]
    fn lint<'py>(
        &self,
        py: Python<'py>,
        namespace: &str,
        values: Option<Bound<'py, PyAny>>,
        values_files: Option<Bound<'py, PyAny>>,
        set: Option<Bound<'py, PyAny>>,
        set_string: Option<Bound<'py, PyAny>>,
        set_json: Option<Bound<'py, PyAny>>,
        set_file: Option<Bound<'py, PyAny>>,
        set_literal: Option<Bound<'py, PyAny>>,
        kube_version: Option<&str>,
        skip_schema: bool,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let given = Given { values, values_files, set, set_string, set_json, set_file, set_literal };
        let overrides = given.overrides(py)?;
        let chart = self.inner();
        let mut options = LintOptions::new(chart.compat()).namespace(namespace).schema(!skip_schema);
        if let Some(version) = kube_version.filter(|version| !version.is_empty()) {
            options = options.kube_version(enter(py, || self::kube_version(version))?);
        }
        let report = enter(py, || {
            overrides.resolve(chart.compat())?;
            Ok(lint::lint_chart(chart, chart.name(), &overrides, &options))
        })?;
        let class = boundary::records(py)?.getattr("Finding")?;
        let findings = report.messages.iter().map(|message| {
            let diagnostics = boundary::to_python(py, &message.diagnostics)?;
            let severity = boundary::severity_word(message.severity);
            class.call1((severity, &message.path, &message.text, diagnostics))
        });
        findings.collect()
    }

    /// Pack the chart into `NAME-VERSION.tgz` in the folder `destination`, which is made if need be.
    ///
    /// The same chart gives the same bytes on every machine. `epoch` is the time of all entries in seconds since
    /// 1970; without it a fixed one.
    ///
    /// With `key`, a key's name or a part of it, and `keyring`, a file with secret keys, the archive is signed:
    /// `NAME-VERSION.tgz.prov` lies beside it, for `chartpy.verify` and `helm verify`. A locked key wants its
    /// `passphrase`.
    ///
    /// >>> import chartpy, tempfile
    /// >>> chart = chartpy.load({"Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n"})
    /// >>> with tempfile.TemporaryDirectory() as folder:
    /// ...     package = chart.package(folder, version="0.2.0")
    /// ...     package.name, package.version, chartpy.load(package).version
    /// ('web', '0.2.0', '0.2.0')
    #[pyo3(signature = (
        destination, *, version = None, app_version = None, epoch = None, key = None, keyring = None, passphrase = None
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    fn package<'py>(
        &self,
        py: Python<'py>,
        destination: PathBuf,
        version: Option<String>,
        app_version: Option<String>,
        epoch: Option<u64>,
        key: Option<String>,
        keyring: Option<PathBuf>,
        passphrase: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let signer = Signer::of(py, key, keyring, passphrase)?;
        let (archive, path, provenance) = enter(py, || {
            let archive = archive::pack(self.inner(), &package::options(version, app_version, epoch)?)?;
            let name = archive.file_name();
            let text =
                signer.map(|signer| signer.sign(&archive, self.inner().compat(), epoch)).transpose()?;
            let provenance =
                text.map(|text| package::write(&destination, &format!("{name}{EXTENSION}"), text.as_bytes()));
            let provenance = provenance.transpose()?;
            let path = package::write(&destination, &name, archive.bytes())?;
            Ok((archive, path, provenance))
        })?;
        let class = boundary::records(py)?.getattr("Package")?;
        let (digest, size) = (archive.digest().to_string(), archive.bytes().len());
        let provenance = provenance.map(|path| path.to_string_lossy().into_owned());
        class.call1((path.to_string_lossy(), archive.name(), archive.version(), digest, size, provenance))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let Ok(other) = other.cast::<Self>() else { return false };
        let (left, right) = (self.inner(), other.get().inner());
        let files = |chart: &chartcore::Chart| chart.raw().len();
        let pairs = || left.raw().iter().zip(right.raw());
        left.compat() == right.compat()
            && files(left) == files(right)
            && pairs().all(|(left, right)| left.name() == right.name() && left.data() == right.data())
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let chart = self.inner();
        (chart.compat(), chart.name(), &chart.metadata().version, chart.raw().len()).hash(&mut hasher);
        hasher.finish()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Pickled<'py>> {
        let restore = py.import("chartpy._chartpy")?.getattr("_restore_chart")?;
        let raw = self.inner().raw().iter();
        let files = raw.map(|file| (file.name().to_owned(), PyBytes::new(py, file.data()))).collect();
        Ok((restore, (self.compat(), files)))
    }

    fn __repr__(&self) -> String {
        format!("Chart({:?}, {:?})", self.name(), self.version())
    }
}
