//! Parsing many templates at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Chart, File};
use crate::Compat;

/// Parses what is not parsed yet of `files`, on several threads when there is enough to do, and beside it does what
/// `meanwhile` says. The results stay in the files; which thread parsed what does not show.
pub(crate) fn parse_beside<'a, T>(
    files: impl Iterator<Item = &'a File>,
    compat: Compat,
    meanwhile: impl FnOnce() -> T,
) -> T {
    /// Below this many bytes starting a thread costs more than it saves.
    const WORTH_A_THREAD: usize = 64 << 10;
    let waiting: Vec<&File> = files.filter(|file| !file.is_parsed(compat)).collect();
    let bytes: usize = waiting.iter().map(|file| file.data().len()).sum();
    // Asking how many processors there are reads files: too much when there is nothing to parse.
    if bytes < WORTH_A_THREAD {
        return meanwhile();
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(1 + bytes / WORTH_A_THREAD).min(8);
    if threads < 2 {
        return meanwhile();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(file) = waiting.get(next.fetch_add(1, Ordering::Relaxed)) {
            let _ = file.template(compat);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        let result = meanwhile();
        work();
        result
    })
}

impl Chart {
    /// As [`parse_beside`], for the templates a render of this chart needs.
    pub(crate) fn parse_beside<T>(&self, meanwhile: impl FnOnce() -> T) -> T {
        let mut files = Vec::new();
        self.gather(&mut files);
        parse_beside(files.into_iter(), self.compat, meanwhile)
    }

    fn gather<'a>(&'a self, files: &mut Vec<&'a File>) {
        // Of a library chart only the partials count.
        let is_library = self.metadata.kind.eq_ignore_ascii_case("library");
        files.extend(self.templates.iter().filter(|file| !is_library || file.is_partial()));
        self.dependencies.iter().for_each(|dependency| dependency.gather(files));
    }
}
