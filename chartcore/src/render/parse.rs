//! Parsing many files at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Job;
use crate::Compat;

/// Parses the files that are not parsed yet, on several threads when there is enough to do. The results
/// stay in the files; which thread parsed what does not show.
pub(super) fn warm(jobs: &[Job<'_>], compat: Compat) {
    /// Below this many bytes starting a thread costs more than it saves.
    const WORTH_A_THREAD: usize = 64 << 10;
    let waiting: Vec<&Job<'_>> = jobs.iter().filter(|job| !job.file.is_parsed(compat)).collect();
    let bytes: usize = waiting.iter().map(|job| job.file.data().len()).sum();
    // Asking how many processors there are reads files: too much for a render that has nothing to parse.
    if bytes < WORTH_A_THREAD {
        return;
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(1 + bytes / WORTH_A_THREAD).min(8);
    if threads < 2 {
        return;
    }
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(job) = waiting.get(next.fetch_add(1, Ordering::Relaxed)) {
            let _ = job.file.template(compat);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
}
