//! Standard output is data: whole, and nothing else.

use std::io::Write;

/// Writes to standard output. A reader that has gone away ends the program quietly.
pub(crate) fn print(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}
