//! What a render is asked for: keyword arguments, or the keys of a job.

use std::sync::Arc;

use chartcore::Compat;
use chartcore::manifest::{Manifests, PrintOptions};
use chartcore::render::{self, Capabilities, KubeVersion, RenderOptions, SharedHost};
use chartcore::template::{SealedHost, SystemHost};
use chartcore::values::{Overrides, Setter};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};

use crate::boundary;
use crate::chart::Source;
use crate::convert::{self, Numbers};
use crate::rendered::Product;
use crate::watch::{Watch, Watched};

/// Values and where else they come from, as Python gave them.
#[derive(Default)]
pub(crate) struct Given<'py> {
    pub(crate) values: Option<Bound<'py, PyAny>>,
    pub(crate) values_files: Option<Bound<'py, PyAny>>,
    pub(crate) set: Option<Bound<'py, PyAny>>,
    pub(crate) set_string: Option<Bound<'py, PyAny>>,
    pub(crate) set_json: Option<Bound<'py, PyAny>>,
    pub(crate) set_file: Option<Bound<'py, PyAny>>,
    pub(crate) set_literal: Option<Bound<'py, PyAny>>,
}

impl Given<'_> {
    /// The overrides: files, then mappings, then the `set` family in Helm's order. Files are read here.
    pub(crate) fn overrides(&self, py: Python<'_>) -> PyResult<Overrides> {
        let files = convert::paths(self.values_files.as_ref(), "values_files")?;
        let mut overrides = boundary::enter(py, || {
            files.iter().try_fold(Overrides::new(), |overrides, file| overrides.file(file))
        })?;
        if let Some(values) = self.values.as_ref().filter(|values| !values.is_none()) {
            overrides = add_values(overrides, values)?;
        }
        self.add_setters(overrides)
    }

    /// Adds the `set` family.
    pub(crate) fn add_setters(&self, mut overrides: Overrides) -> PyResult<Overrides> {
        for (setter, name, given) in [
            (Setter::Json, "set_json", &self.set_json),
            (Setter::Typed, "set", &self.set),
            (Setter::Text, "set_string", &self.set_string),
            (Setter::File, "set_file", &self.set_file),
            (Setter::Literal, "set_literal", &self.set_literal),
        ] {
            for text in convert::texts(given.as_ref(), name)? {
                overrides = overrides.with_setter(setter, &text);
            }
        }
        Ok(overrides)
    }
}

fn add_values(overrides: Overrides, values: &Bound<'_, PyAny>) -> PyResult<Overrides> {
    let wrong = |name: &str, found: &Bound<'_, PyAny>| -> PyErr {
        let kind = found.get_type().qualname().map(|kind| kind.to_string()).unwrap_or_default();
        let message = format!("{name}: expected a mapping or a sequence of mappings, found `{kind}`");
        boundary::values_error(values.py(), "values-type", &message)
    };
    if values.cast::<PyMapping>().is_ok() {
        return Ok(overrides.value(convert::from_python(values, "values", Numbers::Float)?));
    }
    let as_file = |item: &Bound<'_, PyAny>| -> PyResult<Option<String>> {
        if item.cast::<PyString>().is_ok() { Ok(None) } else { convert::path(item) }
    };
    if let Some(file) = as_file(values)? {
        return boundary::enter(values.py(), || overrides.file(&file));
    }
    if values.cast::<PyString>().is_ok() || values.try_iter().is_err() {
        return Err(wrong("values", values));
    }
    let mut overrides = overrides;
    for (index, item) in values.try_iter()?.enumerate() {
        let (item, name) = (item?, format!("values[{index}]"));
        if let Some(file) = as_file(&item)? {
            overrides = boundary::enter(values.py(), || overrides.file(&file))?;
            continue;
        }
        if item.cast::<PyMapping>().is_err() {
            return Err(wrong(&name, &item));
        }
        overrides = overrides.value(convert::from_python(&item, &name, Numbers::Float)?);
    }
    Ok(overrides)
}

/// The arguments of a render, as Python gave them.
pub(crate) struct Arguments<'py> {
    pub(crate) given: Given<'py>,
    pub(crate) release: String,
    pub(crate) namespace: String,
    pub(crate) kube_version: Option<String>,
    pub(crate) api_versions: Option<Bound<'py, PyAny>>,
    pub(crate) show_only: Option<Bound<'py, PyAny>>,
    pub(crate) is_upgrade: bool,
    pub(crate) revision: i64,
    pub(crate) include_crds: bool,
    pub(crate) hooks: bool,
    pub(crate) tests: bool,
    pub(crate) skip_schema: bool,
    pub(crate) strict: bool,
    pub(crate) enable_dns: bool,
    pub(crate) seed: Option<String>,
    pub(crate) now: Option<i64>,
}

impl<'py> Arguments<'py> {
    /// The defaults for a release.
    fn new(release: String) -> Self {
        Self {
            given: Given::default(),
            release,
            namespace: "default".to_owned(),
            kube_version: None,
            api_versions: None,
            show_only: None,
            is_upgrade: false,
            revision: 1,
            include_crds: false,
            hooks: true,
            tests: true,
            skip_schema: false,
            strict: false,
            enable_dns: false,
            seed: None,
            now: None,
        }
    }

    /// Reads the keys of a job; `chart` is for the caller.
    pub(crate) fn from_job(job: &Bound<'py, PyDict>) -> PyResult<Self> {
        let py = job.py();
        let missing = || boundary::usage_error(py, "a job needs a `release`");
        let release = job.get_item("release")?.ok_or_else(missing)?;
        let mut arguments = Self::new(extract(&release, "release")?);
        for (key, value) in job {
            let key: String = extract(&key, "a job's key")?;
            match key.as_str() {
                "chart" | "release" => {}
                "values" => arguments.given.values = Some(value),
                "values_files" => arguments.given.values_files = Some(value),
                "set" => arguments.given.set = Some(value),
                "set_string" => arguments.given.set_string = Some(value),
                "set_json" => arguments.given.set_json = Some(value),
                "set_file" => arguments.given.set_file = Some(value),
                "set_literal" => arguments.given.set_literal = Some(value),
                "namespace" => arguments.namespace = extract(&value, &key)?,
                "kube_version" => arguments.kube_version = extract(&value, &key)?,
                "api_versions" => arguments.api_versions = Some(value),
                "show_only" => arguments.show_only = Some(value),
                "is_upgrade" => arguments.is_upgrade = extract(&value, &key)?,
                "revision" => arguments.revision = extract(&value, &key)?,
                "include_crds" => arguments.include_crds = extract(&value, &key)?,
                "hooks" => arguments.hooks = extract(&value, &key)?,
                "tests" => arguments.tests = extract(&value, &key)?,
                "skip_schema" => arguments.skip_schema = extract(&value, &key)?,
                "strict" => arguments.strict = extract(&value, &key)?,
                "enable_dns" => arguments.enable_dns = extract(&value, &key)?,
                "seed" => arguments.seed = extract(&value, &key)?,
                "now" => arguments.now = extract(&value, &key)?,
                _ => return Err(boundary::usage_error(py, &format!("a job has no key `{key}`"))),
            }
        }
        Ok(arguments)
    }

    /// Everything converted, so that the rest needs no GIL.
    pub(crate) fn prepare(&self, py: Python<'_>) -> PyResult<Request> {
        let overrides = self.given.overrides(py)?;
        let api_versions = convert::texts(self.api_versions.as_ref(), "api_versions")?;
        let mut capabilities = Capabilities::default();
        if let Some(version) = self.kube_version.as_deref().filter(|version| !version.is_empty()) {
            capabilities = capabilities.on(boundary::enter(py, || kube_version(version))?);
        }
        let options = RenderOptions::new(&self.release)
            .namespace(&self.namespace)
            .revision(self.revision)
            .is_upgrade(self.is_upgrade)
            .strict(self.strict)
            .capabilities(capabilities.api_versions(api_versions));
        let seed = match (&self.seed, self.now) {
            (Some(seed), now) => Some((seed.clone(), now)),
            (None, Some(_)) => return Err(boundary::usage_error(py, "`now` needs a `seed`")),
            (None, None) => None,
        };
        let show_only = convert::texts(self.show_only.as_ref(), "show_only")?;
        let print =
            PrintOptions { crds: self.include_crds, hooks: self.hooks, tests: self.tests, secrets: true };
        let (skip_schema, dns) = (self.skip_schema, self.enable_dns);
        Ok(Request { overrides, options, print, skip_schema, show_only, seed, dns })
    }
}

fn extract<'py, T: pyo3::conversion::FromPyObjectOwned<'py>>(
    object: &Bound<'py, PyAny>,
    name: &str,
) -> PyResult<T> {
    let wrong = |_| {
        let kind = object.get_type().qualname().map(|kind| kind.to_string()).unwrap_or_default();
        PyTypeError::new_err(format!("{name} must not be of type {kind}"))
    };
    object.extract().map_err(Into::into).map_err(wrong)
}

/// Reads a Kubernetes version, with Helm's text.
pub(crate) fn kube_version(text: &str) -> chartcore::Result<KubeVersion> {
    KubeVersion::parse(text).map_err(|error| error.prefixed(format_args!("invalid kube version '{text}': ")))
}

/// A render that is ready to run on any thread.
pub(crate) struct Request {
    overrides: Overrides,
    options: RenderOptions,
    print: PrintOptions,
    skip_schema: bool,
    show_only: Vec<String>,
    seed: Option<(String, Option<i64>)>,
    dns: bool,
}

impl Request {
    /// Checks, merges, renders and sorts, in Helm's order; gives up when `watch` says so.
    pub(crate) fn run(&self, source: &Arc<Source>, watch: &Arc<Watch>) -> chartcore::Result<Product> {
        let compat: Compat = source.chart.compat();
        self.overrides.resolve(compat)?;
        render::check(&source.chart, &self.options)?;
        let values = source.merger(self.skip_schema)?.merge(&self.overrides)?;
        let host = Watched { host: self.host(), watch: Arc::clone(watch) };
        let options = self.options.clone().host(Arc::new(host));
        let rendered = render::render(&source.chart, &values, &options)?;
        let manifests = Manifests::from_rendered(&rendered)?;
        Product::new(source, &rendered, manifests, self.print, &self.show_only)
    }

    fn host(&self) -> SharedHost {
        match &self.seed {
            Some((seed, now)) => {
                let host = SealedHost::new(seed.as_bytes());
                Arc::new(match now {
                    Some(now) => host.at(*now),
                    None => host,
                })
            }
            None if self.dns => Arc::new(SystemHost::new().with_dns()),
            None => Arc::new(SystemHost::new()),
        }
    }
}
