//! `chart bump`.

use std::path::Path;

use chartcore::chart::{self, Part};
use chartcore::files::directory;

use super::{Context, Failure, Outcome};
use crate::flags::{Flag, Kind};

pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("major", Kind::Switch, "1.2.3 becomes 2.0.0: an incompatible change"),
    Flag::new("minor", Kind::Switch, "1.2.3 becomes 1.3.0: a new feature"),
    Flag::new("patch", Kind::Switch, "1.2.3 becomes 1.2.4: a correction"),
];

/// The longest Chart.yaml that is read.
const LONGEST: u64 = 5 << 20;

/// Raises the version in a chart folder's Chart.yaml and prints it.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let parts: Vec<Part> = [("major", Part::Major), ("minor", Part::Minor), ("patch", Part::Patch)]
        .into_iter()
        .filter(|(flag, _)| given.switch(flag))
        .map(|(_, part)| part)
        .collect();
    let [part] = parts[..] else {
        return Err(Failure::Usage("give one of --major, --minor, --patch".to_owned()));
    };
    let path = Path::new(&given.positionals().remove(0)).join("Chart.yaml");
    let bumped = chart::bump(&directory::read_file(&path, LONGEST)?, part)?;
    crate::output::write_file(&path, &bumped.text)
        .map_err(|error| directory::io_error("open", &path, error))?;
    crate::output::print(format!("{}\n", bumped.to).as_bytes());
    Ok(())
}
