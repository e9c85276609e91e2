//! `chart sweep`.

use std::io::{IsTerminal, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;

use chartcore::sweep::{FolderStore, INDEX, Progress, Sweep, SweepOptions};

use super::{Context, Failure, Outcome};
use crate::flags::{Flag, Kind};

pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("output-dir", Kind::Text("string"), "the folder for the renders and their index"),
    Flag::new("workers", Kind::Text("int"), "how many threads render (default one for each core)"),
    Flag::new("anew", Kind::Switch, "render also what is there already"),
];

/// How wide the bar is.
const WIDTH: usize = 30;

/// Renders every combination of a sweep's charts and values into a folder.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let file = given.positionals().remove(0);
    let Some(folder) = given.text("output-dir").filter(|folder| !folder.is_empty()) else {
        return Err(Failure::Usage("give a folder with --output-dir".to_owned()));
    };
    let mut options = SweepOptions::new().anew(given.switch("anew"));
    if let Some(text) = given.text("workers") {
        let workers: Result<NonZero<usize>, _> = text.parse();
        let wrong = |_| Failure::Usage(format!("--workers must be a whole number from 1, not {text:?}"));
        options = options.workers(workers.map_err(wrong)?);
    }
    let sweep = Sweep::load(Path::new(&file), context.settings.compat)?;
    let drawn = std::io::stderr().is_terminal();
    let last = Mutex::new(usize::MAX);
    let progress = sweep.run(&FolderStore::new(folder), &options, &|progress| {
        if drawn {
            draw(progress, &last);
        }
    })?;
    if drawn {
        crate::report::bar("\n");
    }
    let Progress { total, kept, failed, .. } = progress;
    let index = Path::new(folder).join(INDEX);
    let told =
        format!("{} rendered, {kept} kept, {failed} failed\n{}\n", total - kept - failed, index.display());
    crate::output::print(told.as_bytes());
    match failed {
        0 => Ok(()),
        _ => Err(Failure::Usage(format!("{failed} of {total} renders failed, see {}", index.display()))),
    }
}

/// Draws the bar when it changes.
fn draw(progress: Progress, last: &Mutex<usize>) {
    let Progress { total, done, failed, .. } = progress;
    let percent = done * 100 / total.max(1);
    let Ok(mut last) = last.lock() else { return };
    if *last == percent && done != total {
        return;
    }
    *last = percent;
    let full = WIDTH * done / total.max(1);
    let bar = format!("{}{}", "#".repeat(full), "-".repeat(WIDTH - full));
    let failures = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    crate::report::bar(&format!("\r[{bar}] {done}/{total}{failures}"));
    // A terminal that went away is no reason to stop.
    let _flushed = std::io::stderr().flush();
}
