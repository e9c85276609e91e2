//! `Rendered` and its `Manifest`s.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use chartcore::archive::sha256;
use chartcore::chart::{Crd, File};
use chartcore::data::{Value, json, yaml};
use chartcore::diag::Diagnostic;
use chartcore::manifest::{Hook, Manifests, PrintOptions, Resource};
use chartcore::render::RenderedFile;
use chartcore::{Compat, Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use crate::boundary::{self, enter};
use crate::chart::{Source, profile, profile_name};
use crate::convert::{self, Numbers};

/// What a render gave, without what it was made from.
pub(crate) struct Product {
    compat: Compat,
    release: String,
    namespace: String,
    chart: String,
    files: Vec<RenderedFile>,
    manifests: Manifests,
    notes: Vec<u8>,
    values: Value,
    warnings: Vec<Diagnostic>,
    print: PrintOptions,
    /// What `show_only` left, and of which sources.
    shown: Option<(Vec<u8>, Vec<String>)>,
    origin: Origin,
}

/// Where a render comes from.
#[derive(Clone)]
pub(crate) struct Origin {
    version: String,
    app_version: String,
    kube_version: String,
    digest: ChartDigest,
}

#[derive(Clone)]
enum ChartDigest {
    Known(String),
    Of(Arc<Source>),
}

impl Product {
    pub(crate) fn new(
        source: &Arc<Source>,
        rendered: &chartcore::render::Rendered,
        manifests: Manifests,
        print: PrintOptions,
        show_only: &[String],
    ) -> chartcore::Result<Self> {
        let shown = match show_only {
            [] => None,
            patterns => {
                let text = manifests.show_only(patterns, &print)?;
                let sources = sources(&text);
                Some((text, sources))
            }
        };
        let metadata = rendered.chart().metadata();
        let kube_version = rendered.options().known_capabilities().kube_version();
        let origin = Origin {
            version: metadata.version.clone(),
            app_version: metadata.app_version.clone(),
            kube_version: kube_version.version(rendered.compat()).to_owned(),
            digest: ChartDigest::Of(Arc::clone(source)),
        };
        let mut warnings = rendered.warnings().to_vec();
        warnings.extend_from_slice(manifests.warnings());
        Ok(Self {
            compat: rendered.compat(),
            release: rendered.options().release_name().to_owned(),
            namespace: rendered.options().release_namespace().to_owned(),
            chart: rendered.chart().name().to_owned(),
            files: rendered.files().to_vec(),
            manifests,
            notes: rendered.notes().to_vec(),
            values: rendered.values().tree().clone(),
            warnings,
            print,
            shown,
            origin,
        })
    }

    fn content(&self) -> Vec<u8> {
        match &self.shown {
            Some((text, _)) => text.clone(),
            None => self.manifests.print(&self.print),
        }
    }

    fn chart_digest(&self) -> chartcore::Result<String> {
        match &self.origin.digest {
            ChartDigest::Known(digest) => Ok(digest.clone()),
            ChartDigest::Of(source) => source.digest(),
        }
    }
}

/// The sources of documents: what stands behind `# Source: `.
fn sources(text: &[u8]) -> Vec<String> {
    let lines = text.split(|byte| *byte == b'\n');
    let named = lines.filter_map(|line| line.strip_prefix(b"# Source: "));
    named.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

/// Warnings, or what pickling made of them.
enum Warnings {
    Own,
    Restored(Py<PyTuple>),
}

/// What a render gave: the text of `helm template`, and its parts as objects. Immutable; picklable by content.
///
/// Iterating gives the documents. Everything is converted to Python when it is asked for, anew each time.
#[pyclass(frozen, module = "chartpy")]
pub(crate) struct Rendered {
    product: Product,
    warnings: Warnings,
}

impl Rendered {
    pub(crate) fn new(product: Product) -> Self {
        Self { product, warnings: Warnings::Own }
    }

    fn own_crds(&self) -> chartcore::Result<Vec<Manifest>> {
        let crds = self.product.manifests.crds.iter();
        let files: Vec<_> =
            crds.map(|crd| RenderedFile::new(crd.path.as_str(), crd.file.data().to_vec())).collect();
        let manifests = Manifests::from_files(&files, self.product.compat)?;
        Ok(manifests.resources.iter().map(Manifest::from_resource).collect())
    }

    fn own_hooks(&self) -> impl Iterator<Item = Manifest> {
        self.product.manifests.hooks.iter().map(Manifest::from_hook)
    }

    /// The documents of the text, in its order.
    fn own_documents(&self) -> chartcore::Result<Vec<Manifest>> {
        let Product { manifests, print, .. } = &self.product;
        let mut documents = if print.crds { self.own_crds()? } else { Vec::new() };
        documents.extend(manifests.resources.iter().map(Manifest::from_resource));
        let hooks = manifests.hooks.iter().filter(|hook| print.hooks && (print.tests || !hook.is_test()));
        documents.extend(hooks.map(Manifest::from_hook));
        if let Some((_, sources)) = &self.product.shown {
            let shown = |source: &str| sources.iter().position(|shown| shown == source);
            documents.retain(|document| shown(&document.source).is_some());
            documents.sort_by_key(|document| shown(&document.source));
        }
        Ok(documents)
    }
}

/// What pickling keeps; the order is that of `_restore_rendered`.
type State<'py> = (
    &'static str,
    (String, String, String),
    Vec<(String, Bound<'py, PyBytes>)>,
    Vec<(String, Bound<'py, PyBytes>)>,
    Bound<'py, PyBytes>,
    Bound<'py, PyAny>,
    Bound<'py, PyTuple>,
    (bool, bool, bool),
    (String, String, String, String),
    Option<Bound<'py, PyBytes>>,
);

/// Rebuild a render from what pickling kept.
#[pyfunction]
#[pyo3(name = "_restore_rendered")]
#[expect(clippy::too_many_arguments, reason = "they are the fields of a state")]
pub(crate) fn restore_rendered(
    py: Python<'_>,
    compat: &str,
    names: (String, String, String),
    files: Vec<(String, Bound<'_, PyBytes>)>,
    crds: Vec<(String, Bound<'_, PyBytes>)>,
    notes: &Bound<'_, PyBytes>,
    values: &Bound<'_, PyAny>,
    warnings: &Bound<'_, PyTuple>,
    print: (bool, bool, bool),
    origin: (String, String, String, String),
    shown: Option<Bound<'_, PyBytes>>,
) -> PyResult<Rendered> {
    let compat = profile(py, compat)?;
    let (release, namespace, chart) = names;
    let files: Vec<RenderedFile> =
        files.into_iter().map(|(name, data)| RenderedFile::new(name, data.as_bytes().to_vec())).collect();
    let mut manifests = enter(py, || Manifests::from_files(&files, compat))?;
    manifests.crds = crds
        .into_iter()
        .map(|(path, data)| Crd { file: File::new(path.as_str(), data.as_bytes().to_vec()), path })
        .collect();
    let product = Product {
        compat,
        release,
        namespace,
        chart,
        files,
        manifests,
        notes: notes.as_bytes().to_vec(),
        values: convert::from_python(values, "values", Numbers::Kept)?,
        warnings: Vec::new(),
        print: PrintOptions { crds: print.0, hooks: print.1, tests: print.2, secrets: true },
        shown: shown.map(|text| (text.as_bytes().to_vec(), sources(text.as_bytes()))),
        origin: Origin {
            version: origin.0,
            app_version: origin.1,
            kube_version: origin.2,
            digest: ChartDigest::Known(origin.3),
        },
    };
    Ok(Rendered { product, warnings: Warnings::Restored(warnings.clone().unbind()) })
}

#[pymethods]
impl Rendered {
    /// The release's name.
    #[getter]
    fn release(&self) -> &str {
        &self.product.release
    }

    /// The release's namespace.
    #[getter]
    fn namespace(&self) -> &str {
        &self.product.namespace
    }

    /// What `helm template` prints. Bytes that are not UTF-8 show as U+FFFD; `bytes(rendered)` keeps them.
    #[getter]
    fn text(&self, py: Python<'_>) -> String {
        py.detach(|| match String::from_utf8(self.product.content()) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    /// The documents of the text, in its order.
    #[getter]
    fn documents(&self, py: Python<'_>) -> PyResult<Vec<Manifest>> {
        enter(py, || self.own_documents())
    }

    /// The documents as dicts; documents of comments alone are left out.
    #[getter]
    fn objects<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let objects = enter(py, || {
            let documents = self.own_documents()?;
            documents.iter().map(Manifest::parse).collect::<chartcore::Result<Vec<_>>>()
        })?;
        let known = objects.iter().filter(|object| !object.is_null());
        known.map(|object| convert::into_python(py, object)).collect()
    }

    /// The hooks, also those the text leaves out.
    #[getter]
    fn hooks(&self) -> Vec<Manifest> {
        self.own_hooks().collect()
    }

    /// The CRDs of the chart and its subcharts, also if the text leaves them out.
    #[getter]
    fn crds(&self, py: Python<'_>) -> PyResult<Vec<Manifest>> {
        enter(py, || self.own_crds())
    }

    /// The notes of the chart.
    #[getter]
    fn notes(&self) -> String {
        String::from_utf8_lossy(&self.product.notes).into_owned()
    }

    /// The values the templates saw, as a dict.
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::into_python(py, &self.product.values)
    }

    /// What is worth saying but did not stop the render.
    #[getter]
    fn warnings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        match &self.warnings {
            Warnings::Own => boundary::to_python(py, &self.product.warnings),
            Warnings::Restored(warnings) => Ok(warnings.bind(py).clone()),
        }
    }

    /// The images of all containers, each once, sorted.
    #[getter]
    fn images(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        enter(py, || Ok(self.product.manifests.images()))
    }

    /// The sha256 of the text: `sha256:` and 64 hexadecimal digits.
    #[getter]
    fn digest(&self, py: Python<'_>) -> String {
        py.detach(|| sha256(&self.product.content()).to_string())
    }

    /// Where the render comes from, as a dict that JSON can hold: chart, versions, and digests of everything.
    ///
    /// >>> import chartpy
    /// >>> chart = chartpy.load({"Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n"})
    /// >>> made = chart.render("demo", kube_version="1.34.0").provenance()
    /// >>> made["chart"], made["version"], made["kube_version"], made["chart_digest"] == chart.digest
    /// ('web', '0.1.0', 'v1.34.0', True)
    fn provenance<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let product = &self.product;
        let (chart, values, content) = enter(py, || {
            let values = json::write(&product.values).map_err(|error| {
                Error::new(ErrorKind::Values, format!("the values have no digest: {error}"))
            })?;
            Ok((product.chart_digest()?, sha256(&values).to_string(), sha256(&product.content()).to_string()))
        })?;
        let record = PyDict::new(py);
        record.set_item("chart", &product.chart)?;
        record.set_item("version", &product.origin.version)?;
        record.set_item("app_version", &product.origin.app_version)?;
        record.set_item("chart_digest", chart)?;
        record.set_item("values_digest", values)?;
        record.set_item("release", &product.release)?;
        record.set_item("namespace", &product.namespace)?;
        record.set_item("kube_version", &product.origin.kube_version)?;
        record.set_item("compat", profile_name(product.compat))?;
        record.set_item("engine", concat!("chartpy ", env!("CARGO_PKG_VERSION")))?;
        record.set_item("digest", content)?;
        Ok(record)
    }

    /// A table of the documents, for notebooks.
    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        let documents = enter(py, || self.own_documents())?;
        let mut html = format!(
            "<details open><summary><b>{}</b> in {}: {} {}, {} documents</summary><table>\
             <tr><th>kind</th><th>name</th><th>source</th></tr>",
            escaped(&self.product.release),
            escaped(&self.product.namespace),
            escaped(&self.product.chart),
            escaped(&self.product.origin.version),
            documents.len()
        );
        for document in &documents {
            let (kind, name) = (escaped(&document.kind), escaped(&document.name));
            html.push_str(&format!(
                "<tr><td>{kind}</td><td><details><summary>{name}</summary><pre>{}</pre></details></td><td>{}</td></tr>",
                escaped(&document.text()),
                escaped(&document.source)
            ));
        }
        html.push_str("</table></details>");
        Ok(html)
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.product.content())
    }

    fn __str__(&self, py: Python<'_>) -> String {
        self.text(py)
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        enter(py, || Ok(self.own_documents()?.len()))
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.documents(py)?.into_pyobject(py)?.try_iter()?.into_any())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let Ok(other) = other.cast::<Self>() else { return false };
        let (left, right) = (&self.product, &other.get().product);
        (&left.release, &left.namespace, &left.chart, &left.notes)
            == (&right.release, &right.namespace, &right.chart, &right.notes)
            && left.content() == right.content()
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.product.release, &self.product.namespace, self.product.content()).hash(&mut hasher);
        hasher.finish()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, State<'py>)> {
        let product = &self.product;
        let restore = py.import("chartpy._chartpy")?.getattr("_restore_rendered")?;
        let files = product.files.iter();
        let crds = product.manifests.crds.iter();
        let state = (
            profile_name(product.compat),
            (product.release.clone(), product.namespace.clone(), product.chart.clone()),
            files.map(|file| (file.name().to_owned(), PyBytes::new(py, file.content()))).collect(),
            crds.map(|crd| (crd.path.clone(), PyBytes::new(py, crd.file.data()))).collect(),
            PyBytes::new(py, &product.notes),
            self.values(py)?,
            self.warnings(py)?,
            (product.print.crds, product.print.hooks, product.print.tests),
            (
                product.origin.version.clone(),
                product.origin.app_version.clone(),
                product.origin.kube_version.clone(),
                enter(py, || product.chart_digest())?,
            ),
            product.shown.as_ref().map(|(text, _)| PyBytes::new(py, text)),
        );
        Ok((restore, state))
    }

    fn __repr__(&self) -> String {
        let manifests = &self.product.manifests;
        format!(
            "Rendered({:?}, chart={:?}, resources={}, hooks={})",
            self.product.release,
            self.product.chart,
            manifests.resources.len(),
            manifests.hooks.len()
        )
    }
}

/// Text as it may stand in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One document of a render.
#[pyclass(frozen, module = "chartpy")]
pub(crate) struct Manifest {
    /// `kind`, or an empty text.
    #[pyo3(get)]
    kind: String,
    /// `metadata.name`, or an empty text.
    #[pyo3(get)]
    name: String,
    source: Arc<str>,
    text: chartcore::manifest::Text,
    /// `apiVersion` and `metadata.namespace`, when they are known without parsing.
    head: Option<(String, String)>,
    hook: Option<(Vec<&'static str>, i64)>,
}

impl Manifest {
    fn from_resource(resource: &Resource) -> Self {
        let head = &resource.head;
        Self {
            kind: head.kind.clone(),
            name: head.name.clone(),
            source: Arc::clone(&resource.source),
            text: resource.text.clone(),
            head: Some((head.api_version.clone(), head.namespace.clone())),
            hook: None,
        }
    }

    fn from_hook(hook: &Hook) -> Self {
        let events = hook.events.iter().map(|event| event.as_str()).collect();
        Self {
            kind: hook.kind.clone(),
            name: hook.name.clone(),
            source: Arc::clone(&hook.source),
            text: hook.text.clone(),
            head: None,
            hook: Some((events, hook.weight)),
        }
    }

    fn parse(&self) -> chartcore::Result<Value> {
        yaml::parse(self.text.as_bytes()).map_err(|error| {
            Error::new(ErrorKind::Manifest, format!("YAML parse error on {}: {}", self.source, error.full()))
        })
    }

    fn read(&self, py: Python<'_>, path: &[&str]) -> PyResult<String> {
        let object = enter(py, || self.parse())?;
        let found = path.iter().try_fold(&object, |value, key| value.get(key));
        Ok(found.and_then(Value::as_str).unwrap_or_default().to_owned())
    }
}

#[pymethods]
impl Manifest {
    /// `apiVersion`, or an empty text.
    #[getter]
    fn api_version(&self, py: Python<'_>) -> PyResult<String> {
        match &self.head {
            Some((api_version, _)) => Ok(api_version.clone()),
            None => self.read(py, &["apiVersion"]),
        }
    }

    /// `metadata.namespace`, or an empty text: the release's namespace then, if the kind has one.
    #[getter]
    fn namespace(&self, py: Python<'_>) -> PyResult<String> {
        match &self.head {
            Some((_, namespace)) => Ok(namespace.clone()),
            None => self.read(py, &["metadata", "namespace"]),
        }
    }

    /// The template it came from: `web/templates/service.yaml`.
    #[getter]
    fn source(&self) -> &str {
        &self.source
    }

    /// The document's text.
    #[getter]
    fn text(&self) -> String {
        self.text.to_text().into_owned()
    }

    /// The document as a dict, or None for one of comments alone.
    #[getter]
    fn object<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::into_python(py, &enter(py, || self.parse())?)
    }

    /// When it runs, if it is a hook: `("pre-install",)`.
    #[getter]
    fn hook_events<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.hook.iter().flat_map(|(events, _)| events).collect::<Vec<_>>())
    }

    /// The hook's weight; lower ones run first.
    #[getter]
    fn hook_weight(&self) -> i64 {
        self.hook.as_ref().map_or(0, |(_, weight)| *weight)
    }

    fn __repr__(&self) -> String {
        format!("Manifest({:?}, {:?}, source={:?})", self.kind, self.name, self.source)
    }
}
