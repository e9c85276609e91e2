//! Parsing many templates at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::Scope;

use super::{Chart, File};
use crate::Compat;
use crate::files::NamedBytes;

/// Below this many bytes starting a thread costs more than it saves.
const WORTH_A_THREAD: usize = 64 << 10;

/// How many bytes of templates a chart may well have that is read while it is parsed.
const AHEAD: usize = 1 << 20;

/// Parses what is not parsed yet of `files`, on several threads when there is enough to do, and beside it does what
/// `meanwhile` says. The results stay in the files; which thread parsed what does not show.
pub(crate) fn parse_beside<'a, T>(
    files: impl Iterator<Item = &'a File>,
    compat: Compat,
    meanwhile: impl FnOnce() -> T,
) -> T {
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
    let share = bytes / threads;
    let work = &|| {
        while let Some(file) = waiting.get(next.fetch_add(1, Ordering::Relaxed)) {
            let _ = file.template(compat);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(move || {
                make_room(share);
                work();
            });
        }
        let result = meanwhile();
        work();
        result
    })
}

/// Lets the allocator's part for this thread grow once, instead of by a page at a time, as glibc's does.
///
/// The first time only tells glibc that so much is not worth a mapping of its own. No page is touched.
fn make_room(source_bytes: usize) {
    /// What is made of a template is about as long as it.
    const SHARE: usize = 2;
    for _ in 0..2 {
        drop(std::hint::black_box(Vec::<u8>::with_capacity(SHARE * source_bytes)));
    }
}

/// A thread that parses the templates of a chart while its other files are read.
///
/// Only those of the chart itself: which of its subcharts are rendered, the values will say.
pub(super) struct Ahead<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    stop: &'env AtomicBool,
    compat: Compat,
    files: Vec<File>,
    bytes: usize,
    queue: Queue,
}

enum Queue {
    /// Not enough to do so far.
    Gathering,
    Sending(Sender<File>),
    /// There is but one processor.
    Alone,
}

impl<'scope> Ahead<'scope, '_> {
    /// Does `work` beside such a thread, which is stopped when it is done: what it has not parsed is parsed later.
    pub(super) fn beside<T>(compat: Compat, work: impl FnOnce(&mut Ahead<'_, '_>) -> T) -> T {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let queue = Queue::Gathering;
            let mut ahead = Ahead { scope, stop: &stop, compat, files: Vec::new(), bytes: 0, queue };
            let result = work(&mut ahead);
            stop.store(true, Ordering::Relaxed);
            result
        })
    }

    /// Hears of a file.
    pub(super) fn see(&mut self, file: &NamedBytes) {
        if !file.name.starts_with("templates/") {
            return;
        }
        let file = File::new(file.name.clone(), file.data.clone());
        self.bytes += file.data().len();
        self.files.push(file.clone());
        if let Queue::Sending(queue) = &self.queue {
            // Nobody listens when the thread has died, and then nothing is lost.
            let _ = queue.send(file);
        } else if matches!(self.queue, Queue::Gathering) && self.bytes >= WORTH_A_THREAD {
            self.queue = self.start();
        }
    }

    fn start(&self) -> Queue {
        if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
            return Queue::Alone;
        }
        let (queue, waiting): (Sender<File>, Receiver<File>) = mpsc::channel();
        let (stop, compat) = (self.stop, self.compat);
        self.scope.spawn(move || {
            make_room(AHEAD);
            for file in waiting {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let _ = file.template(compat);
            }
        });
        for file in &self.files {
            let _ = queue.send(file.clone());
        }
        Queue::Sending(queue)
    }

    /// The files it made, in order. No more will come.
    pub(super) fn take(&mut self) -> Vec<File> {
        self.queue = Queue::Alone;
        std::mem::take(&mut self.files)
    }
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
