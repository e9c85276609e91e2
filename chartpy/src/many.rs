//! `render_many`: one call, many renders, all cores.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use std::{io, thread};

use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping};

use crate::boundary::{self, Failure, catch};
use crate::chart::{self, Chart, Source};
use crate::convert;
use crate::rendered::{Product, Rendered};
use crate::request::{Arguments, Request};
use crate::watch::Watch;

/// How often a call that waits looks for Ctrl-C.
const PATIENCE: Duration = Duration::from_millis(50);

/// One job: ready to run, or the exception why not.
enum Job {
    Ready(Arc<Source>, Request),
    Failed(PyErr),
}

/// Render many jobs on several threads; returns a `Rendered` or a `ChartError` for each, in order.
///
/// A job is a mapping with `chart` (a `Chart` or a path, which is loaded once), `release`, and whatever else
/// `Chart.render` takes. `workers` is the number of threads, by default one for each core. With `fail_fast` the
/// first failed job, by order, is raised. Ctrl-C stops it.
///
/// >>> import chartpy
/// >>> chart = chartpy.load({
/// ...     "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
/// ...     "templates/cm.yaml": "kind: ConfigMap\nmetadata:\n  name: {{ .Values.name }}\n",
/// ... })
/// >>> jobs = [{"chart": chart, "release": "demo", "values": {"name": name}} for name in ("one", "two")]
/// >>> [rendered.documents[0].name for rendered in chartpy.render_many(jobs, workers=2)]
/// ['one', 'two']
#[pyfunction]
#[pyo3(signature = (jobs, *, workers = None, fail_fast = false, compat = "helm4"))]
pub(crate) fn render_many<'py>(
    py: Python<'py>,
    jobs: &Bound<'py, PyAny>,
    workers: Option<usize>,
    fail_fast: bool,
    compat: &str,
) -> PyResult<Bound<'py, PyList>> {
    chart::profile(py, compat)?;
    let workers = match workers {
        Some(0) => return Err(boundary::usage_error(py, "workers must be at least 1")),
        Some(workers) => workers,
        None => thread::available_parallelism().map_or(1, NonZero::get),
    };
    let mut loaded = BTreeMap::new();
    let mut ready = Vec::new();
    for job in jobs.try_iter()? {
        ready.push(prepare(&job?, compat, &mut loaded)?);
    }
    let products = run(py, &ready, workers, fail_fast)?;
    let results = PyList::empty(py);
    for (job, product) in ready.into_iter().zip(products) {
        let failure = match (job, product) {
            (Job::Ready(..), Some(Ok(product))) => {
                results.append(Rendered::new(product))?;
                continue;
            }
            (Job::Ready(..), Some(Err(failure))) => failure.into_exception(py),
            (Job::Failed(error), _) => error,
            // Only a job behind one that failed fast was left out.
            (Job::Ready(..), None) => continue,
        };
        if fail_fast {
            return Err(failure);
        }
        results.append(failure.into_value(py))?;
    }
    Ok(results)
}

/// Converts a job. What is wrong with its contents is its own error; what is no job at all is the caller's.
fn prepare(
    job: &Bound<'_, PyAny>,
    compat: &str,
    loaded: &mut BTreeMap<String, Arc<Source>>,
) -> PyResult<Job> {
    let py = job.py();
    let Ok(mapping) = job.cast::<PyMapping>() else {
        let kind = job.get_type().qualname()?;
        return Err(PyTypeError::new_err(format!("a job is a mapping, not {kind}")));
    };
    let dict = PyDict::new(py);
    dict.update(mapping)?;
    let made = source(&dict, compat, loaded)
        .and_then(|source| Ok(Job::Ready(source, Arguments::from_job(&dict)?.prepare(py)?)));
    made.or_else(|error| if boundary::is_ours(&error, py)? { Ok(Job::Failed(error)) } else { Err(error) })
}

fn source(
    job: &Bound<'_, PyDict>,
    compat: &str,
    loaded: &mut BTreeMap<String, Arc<Source>>,
) -> PyResult<Arc<Source>> {
    let py = job.py();
    let Some(given) = job.get_item("chart")? else {
        return Err(boundary::usage_error(py, "a job needs a `chart`"));
    };
    if let Ok(chart) = given.cast::<Chart>() {
        return Ok(Arc::clone(&chart.get().source));
    }
    let Some(path) = convert::path(&given)? else {
        let kind = given.get_type().qualname()?;
        return Err(PyTypeError::new_err(format!("a job's chart is a Chart or a path, not {kind}")));
    };
    if let Some(source) = loaded.get(&path) {
        return Ok(Arc::clone(source));
    }
    let source = chart::load(&given, compat, false)?.source;
    loaded.insert(path, Arc::clone(&source));
    Ok(source)
}

type Products = Vec<Option<Result<Product, Failure>>>;

/// Runs the jobs without the GIL while this thread looks for signals.
fn run(py: Python<'_>, jobs: &[Job], workers: usize, fail_fast: bool) -> PyResult<Products> {
    let ready: Vec<(usize, &Arc<Source>, &Request)> = jobs
        .iter()
        .enumerate()
        .filter_map(|(index, job)| match job {
            Job::Ready(source, request) => Some((index, source, request)),
            Job::Failed(_) => None,
        })
        .collect();
    // A failure ends the taking of jobs, a signal the work on them, too.
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let watch = Arc::new(Watch::default());
    let work = |sender: mpsc::Sender<_>| {
        while !failed.load(Ordering::Relaxed) && !watch.told() {
            let Some(&(index, source, request)) = ready.get(next.fetch_add(1, Ordering::Relaxed)) else {
                break;
            };
            let product = catch(|| request.run(source, &watch));
            if fail_fast && product.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            if sender.send((index, product)).is_err() {
                break;
            }
        }
    };
    let products: Mutex<Products> = Mutex::new(jobs.iter().map(|_| None).collect());
    py.detach(|| {
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for number in 0..workers.min(ready.len()) {
                let sender = sender.clone();
                let spawned = thread::Builder::new().spawn_scoped(scope, || work(sender));
                match spawned {
                    Ok(_) => {}
                    // Fewer threads do as well.
                    Err(_) if number > 0 => break,
                    Err(error) => return Err(no_thread(&error)),
                }
            }
            drop(sender);
            let mut products = products.lock().unwrap_or_else(PoisonError::into_inner);
            let mut looked = std::time::Instant::now();
            loop {
                match receiver.recv_timeout(PATIENCE) {
                    Ok((index, product)) => {
                        if let Some(slot) = products.get_mut(index) {
                            *slot = Some(product);
                        }
                    }
                    Err(mpsc::RecvTimeoutError::Timeout) => {}
                    Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
                }
                if looked.elapsed() >= PATIENCE {
                    if let Err(interrupt) = Python::attach(|py| py.check_signals()) {
                        watch.stop();
                        return Err(interrupt);
                    }
                    looked = std::time::Instant::now();
                }
            }
        })
    })?;
    Ok(products.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn no_thread(error: &io::Error) -> PyErr {
    PyOSError::new_err(format!("cannot start a thread: {error}"))
}
