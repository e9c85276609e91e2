//! Many value sets over charts, rendered to a folder with an index.
//!
//! A sweep is a file: charts, values they share, named sets of values, and a grid whose every combination is a render.
//! Each render's file is named by the digest of what goes into it, so a sweep that was interrupted goes on where it
//! stopped, and the same inputs give the same bytes, index included.

mod read;
mod store;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

pub use store::{FolderStore, SweepStore};

use crate::Compat;
use crate::archive::{self, PackOptions, sha256};
use crate::chart::{self, Chart, LoadOptions};
use crate::data::{Map, Value, json};
use crate::error::{Error, ErrorKind, Result};
use crate::files::directory;
use crate::manifest::{Manifests, PrintOptions};
use crate::render::{self, Capabilities, RenderOptions};
use crate::values::{MergeOptions, Merger, Overrides};

/// The longest sweep file that is read.
const LONGEST: u64 = 64 << 20;
/// How many renders one sweep may ask for.
const MOST: usize = 1_000_000;
/// The name of the index in the folder of a sweep.
pub const INDEX: &str = "index.json";

/// A sweep as its file says.
#[derive(Debug)]
pub struct Sweep {
    compat: Compat,
    release: Option<String>,
    namespace: String,
    kube_version: Option<String>,
    seed: String,
    skip_schema: bool,
    include_crds: bool,
    charts: Vec<SweepChart>,
    jobs: Vec<SweepJob>,
}

/// A chart of a sweep.
struct SweepChart {
    path: String,
    chart: Chart,
    digest: String,
    merger: Merger,
}

impl std::fmt::Debug for SweepChart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SweepChart").field("path", &self.path).finish_non_exhaustive()
    }
}

/// One render of a sweep.
#[derive(Debug, Clone)]
pub struct SweepJob {
    chart: usize,
    set: Option<String>,
    point: Vec<(String, Value)>,
    values: Vec<Value>,
    inputs: String,
    file: String,
}

impl SweepJob {
    /// The name of the value set, if the sweep has sets.
    pub fn set(&self) -> Option<&str> {
        self.set.as_deref()
    }

    /// The point of the grid: dotted paths of values and what they are here.
    pub fn point(&self) -> &[(String, Value)] {
        &self.point
    }

    /// The file of the render, relative to the sweep's folder.
    pub fn file(&self) -> &str {
        &self.file
    }
}

/// How far a sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many renders there are.
    pub total: usize,
    /// How many are done, failed ones included.
    pub done: usize,
    /// How many were there already.
    pub kept: usize,
    /// How many failed.
    pub failed: usize,
}

/// How a sweep is run.
#[derive(Debug, Clone, Default)]
pub struct SweepOptions {
    workers: Option<NonZero<usize>>,
    anew: bool,
}

impl SweepOptions {
    /// One thread per core; what is there is kept.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the number of threads.
    #[must_use]
    pub fn workers(mut self, workers: NonZero<usize>) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Renders also what is there already.
    #[must_use]
    pub fn anew(mut self, anew: bool) -> Self {
        self.anew = anew;
        self
    }
}

/// What became of one render.
enum Done {
    Kept(String),
    Rendered(String),
    Failed(Error),
}

impl Sweep {
    /// Reads a sweep and loads its charts; paths are relative to the file. `compat` is used unless the file says.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] with file and line when the file is malformed, has a key that is not known, or asks for
    /// too much; those of loading charts and of files of values.
    pub fn load(path: &Path, compat: Compat) -> Result<Self> {
        let bytes = directory::read_file(path, LONGEST)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let plan = read::read(&path.to_string_lossy(), &bytes, compat)?;
        let mut charts = Vec::new();
        for name in &plan.charts {
            let chart = chart::load(folder.join(name), &LoadOptions::new(plan.compat))?;
            let digest = archive::pack(&chart, &PackOptions::new())?.digest().to_string();
            let merger =
                Merger::with_options(&chart, &MergeOptions::default().skip_schema(plan.skip_schema))?;
            charts.push(SweepChart { path: name.clone(), chart, digest, merger });
        }
        let mut sweep = Self {
            compat: plan.compat,
            release: plan.release,
            namespace: plan.namespace,
            kube_version: plan.kube_version,
            seed: plan.seed,
            skip_schema: plan.skip_schema,
            include_crds: plan.include_crds,
            charts,
            jobs: Vec::new(),
        };
        let shared = resolved(&plan.values, folder, sweep.compat)?;
        let mut sets = Vec::new();
        for (name, items) in &plan.sets {
            sets.push((Some(name.clone()), resolved(items, folder, sweep.compat)?));
        }
        if sets.is_empty() {
            sets.push((None, Vec::new()));
        }
        let points = points(&plan.grid);
        let count = sweep.charts.len().saturating_mul(sets.len()).saturating_mul(points.len());
        if count > MOST {
            let message = format!("the sweep asks for {count} renders, at most {MOST} are allowed");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        for chart in 0..sweep.charts.len() {
            for (set, values) in &sets {
                for point in &points {
                    let mut all = shared.clone();
                    all.extend(values.iter().cloned());
                    if !point.is_empty() {
                        all.push(nested(point)?);
                    }
                    let job = sweep.job(chart, set.clone(), point.clone(), all)?;
                    sweep.jobs.push(job);
                }
            }
        }
        Ok(sweep)
    }

    /// The renders, in the order of the index.
    pub fn jobs(&self) -> &[SweepJob] {
        &self.jobs
    }

    /// Renders what is not there yet, and writes the index; returns how it went.
    ///
    /// A render that fails is told in the index and stops nothing. `progress` is called after each, from any thread.
    ///
    /// # Errors
    /// What `store` says when it cannot be written to.
    pub fn run(
        &self,
        store: &dyn SweepStore,
        options: &SweepOptions,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Progress> {
        let workers = options.workers.or_else(|| thread::available_parallelism().ok());
        let workers = workers.map_or(1, NonZero::get).min(self.jobs.len()).max(1);
        let next = AtomicUsize::new(0);
        let broken = AtomicBool::new(false);
        let state: Mutex<State> = Mutex::new(State {
            results: self.jobs.iter().map(|_| None).collect(),
            progress: Progress { total: self.jobs.len(), done: 0, kept: 0, failed: 0 },
            error: None,
        });
        let work = || {
            while !broken.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = self.jobs.get(at) else { break };
                let done = self.one(job, store, options);
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                match done {
                    Ok(done) => {
                        state.progress.done += 1;
                        match &done {
                            Done::Kept(_) => state.progress.kept += 1,
                            Done::Failed(_) => state.progress.failed += 1,
                            Done::Rendered(_) => {}
                        }
                        if let Some(slot) = state.results.get_mut(at) {
                            *slot = Some(done);
                        }
                        progress(state.progress);
                    }
                    Err(error) => {
                        state.error.get_or_insert(error);
                        broken.store(true, Ordering::Relaxed);
                    }
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..workers {
                // Fewer threads do as well.
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
        let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.error {
            return Err(error);
        }
        store.write(INDEX, &self.index(&state.results)?)?;
        Ok(state.progress)
    }

    /// Renders one job.
    ///
    /// # Errors
    /// Those of merging and rendering.
    pub fn render(&self, job: &SweepJob) -> Result<Vec<u8>> {
        let Some(source) = self.charts.get(job.chart) else {
            return Err(Error::new(ErrorKind::Usage, "the job is of another sweep"));
        };
        let overrides = job.values.iter().fold(Overrides::new(), |all, value| all.value(value.clone()));
        let mut capabilities = Capabilities::default();
        if let Some(version) = &self.kube_version {
            capabilities = Capabilities::for_kubernetes(version)?;
        }
        let options = RenderOptions::new(self.release.as_deref().unwrap_or(source.chart.name()))
            .namespace(&self.namespace)
            .capabilities(capabilities)
            .sealed(format!("{}{}", self.seed, job.inputs), None);
        render::check(&source.chart, &options)?;
        let values = source.merger.merge(&overrides)?;
        let rendered = render::render(&source.chart, &values, &options)?;
        let manifests = Manifests::from_rendered(&rendered)?;
        Ok(manifests.print(&PrintOptions { crds: self.include_crds, ..PrintOptions::default() }))
    }

    fn one(&self, job: &SweepJob, store: &dyn SweepStore, options: &SweepOptions) -> Result<Done> {
        if !options.anew
            && let Some(bytes) = store.read(&job.file)
        {
            return Ok(Done::Kept(sha256(&bytes).to_string()));
        }
        match self.render(job) {
            Ok(bytes) => {
                store.write(&job.file, &bytes)?;
                Ok(Done::Rendered(sha256(&bytes).to_string()))
            }
            Err(error) => Ok(Done::Failed(error)),
        }
    }

    fn job(
        &self,
        chart: usize,
        set: Option<String>,
        point: Vec<(String, Value)>,
        values: Vec<Value>,
    ) -> Result<SweepJob> {
        let Some(source) = self.charts.get(chart) else {
            return Err(Error::new(ErrorKind::Usage, "there is no such chart"));
        };
        let text = |text: &str| Value::from(text);
        let inputs = map([
            ("chart", text(&source.digest)),
            ("compat", text(self.compat_name())),
            ("crds", Value::Bool(self.include_crds)),
            ("kubeVersion", self.kube_version.as_deref().map_or(Value::Null, text)),
            ("namespace", text(&self.namespace)),
            ("release", self.release.as_deref().map_or(Value::Null, text)),
            ("schema", Value::Bool(!self.skip_schema)),
            ("seed", text(&self.seed)),
            ("values", Value::from(values.clone())),
        ]);
        let inputs = sha256(&written(&inputs)?).hex();
        let short = inputs.get(..16).unwrap_or(&inputs);
        let file = format!("{}/{short}.yaml", source.chart.name());
        Ok(SweepJob { chart, set, point, values, inputs, file })
    }

    fn compat_name(&self) -> &'static str {
        match self.compat {
            Compat::Helm3 => "helm3",
            Compat::Helm4 => "helm4",
        }
    }

    /// The index: what each file is, or why there is none.
    fn index(&self, results: &[Option<Done>]) -> Result<Vec<u8>> {
        let text = |text: &str| Value::from(text);
        let mut entries = Vec::new();
        for (job, result) in self.jobs.iter().zip(results) {
            let Some(source) = self.charts.get(job.chart) else { continue };
            let mut entry = vec![
                ("chart", text(source.chart.name())),
                ("chartDigest", text(&source.digest)),
                ("chartPath", text(&source.path)),
                ("chartVersion", text(&source.chart.metadata().version)),
                ("inputs", text(&format!("sha256:{}", job.inputs))),
            ];
            if let Some(set) = &job.set {
                entry.push(("set", text(set)));
            }
            if !job.point.is_empty() {
                let point: Vec<_> =
                    job.point.iter().map(|(key, value)| (key.as_str().into(), value.clone())).collect();
                entry.push(("grid", Map::from_entries(point).into()));
            }
            match result {
                Some(Done::Kept(digest) | Done::Rendered(digest)) => {
                    entry.push(("file", text(&job.file)));
                    entry.push(("digest", text(digest)));
                }
                Some(Done::Failed(error)) => entry.push(("error", text(error.message()))),
                None => {}
            }
            entries.push(map(entry));
        }
        let index = map([
            ("compat", text(self.compat_name())),
            ("namespace", text(&self.namespace)),
            ("renders", Value::from(entries)),
            ("seed", text(&self.seed)),
        ]);
        let mut bytes = json::write_indented(&index, "  ")
            .map_err(|error| Error::new(ErrorKind::Values, format!("the index: {error}")))?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

struct State {
    results: Vec<Option<Done>>,
    progress: Progress,
    error: Option<Error>,
}

fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Map::from_entries(entries.into_iter().map(|(key, value)| (key.into(), value)).collect()).into()
}

fn written(value: &Value) -> Result<Vec<u8>> {
    json::write(value).map_err(|error| Error::new(ErrorKind::Values, error.to_string()))
}

/// The values files and maps as maps.
fn resolved(items: &[read::Item], folder: &Path, compat: Compat) -> Result<Vec<Value>> {
    let one = |item: &read::Item| match item {
        read::Item::Inline(value) => Ok(value.clone()),
        read::Item::File(name) => {
            Overrides::new().file(&folder.join(name).to_string_lossy())?.resolve(compat)
        }
    };
    items.iter().map(one).collect()
}

/// Every combination, the last key varying fastest.
fn points(grid: &[(String, Vec<Value>)]) -> Vec<Vec<(String, Value)>> {
    let mut points: Vec<Vec<(String, Value)>> = vec![Vec::new()];
    for (key, values) in grid {
        if points.len().saturating_mul(values.len()) > MOST {
            // Refused by the count that follows.
            return vec![Vec::new(); MOST + 1];
        }
        let mut longer = Vec::with_capacity(points.len() * values.len());
        for point in &points {
            for value in values {
                let mut point = point.clone();
                point.push((key.clone(), value.clone()));
                longer.push(point);
            }
        }
        points = longer;
    }
    points
}

/// The values of a point: `a.b` is the key `b` of the map `a`.
fn nested(point: &[(String, Value)]) -> Result<Value> {
    let mut top = Map::new();
    for (path, value) in point {
        let keys: Vec<&str> = path.split('.').collect();
        insert(&mut top, &keys, value).map_err(|()| {
            Error::new(
                ErrorKind::Usage,
                format!("the grid's `{path}` lies inside of another key of the grid"),
            )
        })?;
    }
    Ok(top.into())
}

fn insert(map: &mut Map, keys: &[&str], value: &Value) -> std::result::Result<(), ()> {
    match keys {
        [] => Err(()),
        [key] if map.contains_key(key) => Err(()),
        [key] => {
            map.insert(*key, value.clone());
            Ok(())
        }
        [key, rest @ ..] => {
            if !map.contains_key(key) {
                map.insert(*key, Value::empty_map());
            }
            insert(map.get_mut(key).and_then(Value::as_map_mut).ok_or(())?, rest, value)
        }
    }
}

/// The names of sets must differ; see `read`.
type Sets = BTreeMap<String, usize>;

#[cfg(test)]
mod tests {
    use super::*;

    struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

    impl SweepStore for Memory {
        fn read(&self, name: &str) -> Option<Vec<u8>> {
            self.0.lock().unwrap().get(name).cloned()
        }

        fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
            self.0.lock().unwrap().insert(name.to_owned(), bytes.to_vec());
            Ok(())
        }
    }

    fn folder(name: &str, sweep: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("chart-sweep-{name}-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("web/templates")).unwrap();
        std::fs::write(folder.join("web/Chart.yaml"), "apiVersion: v2\nname: web\nversion: 0.1.0\n").unwrap();
        let template = "a: {{ .Values.a }}\nb: {{ .Values.b.c }}\nr: {{ randAlpha 5 }}\n{{ if eq .Values.a 3.0 }}{{ fail \"three\" }}{{ end }}";
        std::fs::write(folder.join("web/templates/a.yaml"), template).unwrap();
        std::fs::write(folder.join("base.yaml"), "b: {c: base}\n").unwrap();
        std::fs::write(folder.join("sweep.yaml"), sweep).unwrap();
        folder
    }

    const SWEEP: &str = "\
chart: web
values: [base.yaml]
sets:
  - {name: one, values: {b: {c: set}}}
  - {name: two}
grid:
  a: [1, 2, 3]
  b.d: [x, y]
";

    #[test]
    fn a_sweep_is_the_same_each_time_and_goes_on_where_it_stopped() {
        let folder = folder("same", SWEEP);
        let sweep = Sweep::load(&folder.join("sweep.yaml"), Compat::Helm4).unwrap();
        assert_eq!(sweep.jobs().len(), 12);
        let one = SweepOptions::new().workers(NonZero::<usize>::MIN);
        let first = Memory(Mutex::default());
        let progress = sweep.run(&first, &one, &|_| {}).unwrap();
        assert_eq!(progress, Progress { total: 12, done: 12, kept: 0, failed: 4 });
        let index = String::from_utf8(first.read(INDEX).unwrap()).unwrap();
        assert_eq!(index.matches("three").count(), 4);
        assert_eq!(index.matches("\"file\"").count(), 8);

        let again = Memory(Mutex::default());
        let sweep = Sweep::load(&folder.join("sweep.yaml"), Compat::Helm4).unwrap();
        sweep.run(&again, &SweepOptions::new(), &|_| {}).unwrap();
        assert!(*first.0.lock().unwrap() == *again.0.lock().unwrap());

        first.0.lock().unwrap().remove(INDEX);
        let lost = sweep.jobs()[0].file().to_owned();
        first.0.lock().unwrap().remove(&lost);
        let progress = sweep.run(&first, &one, &|_| {}).unwrap();
        assert_eq!((progress.kept, progress.failed), (7, 4));
        assert!(*first.0.lock().unwrap() == *again.0.lock().unwrap());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (sweep, line, problem) in [
            ("chart: web\nvalue: {}\n", 2, "the key `value` is not known"),
            ("values: {}\n", 1, "a sweep needs `chart` or `charts`"),
            ("chart: 1\n", 1, "`chart` must be a text"),
            ("chart: web\ngrid: {a: 1}\n", 2, "`grid.a` must be a list"),
            ("chart: web\ngrid: {a: []}\n", 2, "`grid.a` is empty"),
            ("chart: web\nsets: [{values: {}}]\n", 2, "`sets[0].name` is missing"),
            ("chart: web\nsets:\n- name: a\n- name: a\n", 4, "the set `a` is there twice"),
            ("chart: web\nsets:\n- name: a\n  value: 1\n", 4, "the key `sets[0].value` is not known"),
            ("chart: web\nvalues: [1]\n", 2, "`values[0]` must be a file or a map"),
            ("chart: web\ncompat: helm5\n", 2, "`compat` must be helm3 or helm4"),
            ("chart: [\n", 1, "did not find expected node content"),
        ] {
            let folder = folder("wrong", sweep);
            let error = Sweep::load(&folder.join("sweep.yaml"), Compat::Helm4).unwrap_err();
            assert!(error.message().contains(problem), "{sweep:?}: {}", error.message());
            let place = error.diagnostics()[0].primary.as_ref().unwrap();
            assert_eq!((place.line, error.kind()), (line, ErrorKind::Usage), "{sweep:?}");
        }
        let many = format!(
            "chart: web\ngrid: {{{}}}\n",
            "abcdefgh".chars().map(|key| format!("{key}: [1,2,3,4,5,6,7,8]")).collect::<Vec<_>>().join(", ")
        );
        let folder = folder("wrong", &many);
        let error = Sweep::load(&folder.join("sweep.yaml"), Compat::Helm4).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
