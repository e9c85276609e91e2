//! `render_many`: one call, many renders, all cores.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};
use std::{io, thread};

use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList, PyMapping};

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
    Ready(Arc<Source>, Box<Request>),
    Failed(PyErr),
}

/// What became of a job.
enum Outcome {
    Done(Box<Product>),
    Failed(Failure),
    Refused(PyErr),
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
    let outcomes = run(py, jobs.try_iter()?, compat, workers, fail_fast)?;
    let results = PyList::empty(py);
    for outcome in outcomes {
        let failure = match outcome {
            Some(Outcome::Done(product)) => {
                results.append(Rendered::new(*product))?;
                continue;
            }
            Some(Outcome::Failed(failure)) => failure.into_exception(py),
            Some(Outcome::Refused(error)) => error,
            // Only a job behind one that failed fast was left out.
            None => continue,
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
        .and_then(|source| Ok(Job::Ready(source, Box::new(Arguments::from_job(&dict)?.prepare(py)?))));
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

/// Jobs on their way from the thread that called to those that render.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<(usize, Arc<Source>, Box<Request>)>,
    closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: (usize, Arc<Source>, Box<Request>)) {
        self.lock().jobs.push_back(job);
        self.changed.notify_one();
    }

    /// Says that no more jobs come.
    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// The next job; waits for one.
    fn next(&self) -> Option<(usize, Arc<Source>, Box<Request>)> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                return Some(job);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

type Outcomes = Vec<Option<Outcome>>;

/// Converts the jobs one by one while other threads render those that are converted already.
fn run<'py>(
    py: Python<'py>,
    jobs: Bound<'py, PyIterator>,
    compat: &str,
    workers: usize,
    fail_fast: bool,
) -> PyResult<Outcomes> {
    // A failure ends the taking of jobs, a signal the work on them, too.
    let failed = AtomicBool::new(false);
    let (queue, watch) = (Queue::default(), Arc::new(Watch::default()));
    let work = |sender: mpsc::Sender<(usize, Outcome)>| {
        // What is taken after a failure stands behind it; what was taken before is done, as it may have failed first.
        while !failed.load(Ordering::Relaxed)
            && let Some((index, source, request)) = queue.next()
            && !watch.told()
        {
            let outcome = match catch(|| request.run(&source, &watch)) {
                Ok(product) => Outcome::Done(Box::new(product)),
                Err(failure) => Outcome::Failed(failure),
            };
            if fail_fast && matches!(outcome, Outcome::Failed(_)) {
                failed.store(true, Ordering::Relaxed);
            }
            if sender.send((index, outcome)).is_err() {
                break;
            }
        }
    };
    let (sender, receiver) = mpsc::channel();
    let receiver = Mutex::new(receiver);
    thread::scope(|scope| {
        let mut outcomes: Outcomes = Vec::new();
        let mut spawned = 0;
        let convert = || -> PyResult<()> {
            let mut loaded = BTreeMap::new();
            for (index, job) in jobs.enumerate() {
                if failed.load(Ordering::Relaxed) {
                    break;
                }
                outcomes.push(None);
                match prepare(&job?, compat, &mut loaded)? {
                    Job::Ready(source, request) => queue.push((index, source, request)),
                    Job::Failed(error) => {
                        if let Some(slot) = outcomes.last_mut() {
                            *slot = Some(Outcome::Refused(error));
                        }
                        if fail_fast {
                            break;
                        }
                        continue;
                    }
                }
                if spawned < workers {
                    let sender = sender.clone();
                    match thread::Builder::new().spawn_scoped(scope, || work(sender)) {
                        Ok(_) => spawned += 1,
                        // Fewer threads do as well.
                        Err(_) if spawned > 0 => {}
                        Err(error) => return Err(no_thread(&error)),
                    }
                }
            }
            py.check_signals()
        };
        let converted = convert();
        drop(sender);
        if converted.is_err() {
            watch.stop();
        }
        queue.close();
        // Those who render may need the GIL: it must be free before the threads are waited for.
        let waited = py.detach(|| wait(&receiver, &mut outcomes, &watch));
        converted.and(waited).map(|()| outcomes)
    })
}

/// Takes outcomes until all threads are through, and looks for signals.
fn wait(
    receiver: &Mutex<mpsc::Receiver<(usize, Outcome)>>,
    outcomes: &mut Outcomes,
    watch: &Watch,
) -> PyResult<()> {
    let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
    let mut interrupt = None;
    let mut looked = Instant::now();
    loop {
        match receiver.recv_timeout(PATIENCE) {
            Ok((index, outcome)) => {
                if let Some(slot) = outcomes.get_mut(index) {
                    *slot = Some(outcome);
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return interrupt.map_or(Ok(()), Err),
        }
        if interrupt.is_none() && looked.elapsed() >= PATIENCE {
            if let Err(signal) = Python::attach(|py| py.check_signals()) {
                watch.stop();
                interrupt = Some(signal);
            }
            looked = Instant::now();
        }
    }
}

fn no_thread(error: &io::Error) -> PyErr {
    PyOSError::new_err(format!("cannot start a thread: {error}"))
}
