//! How much a single call may make. Go has no such limits and runs out of memory or stack instead; these
//! are far beyond what charts do.

use crate::template::Fault;

/// The longest text a function may make, in bytes.
pub(super) const TEXT: usize = 64 << 20;

/// The longest list a function may make.
pub(super) const ITEMS: usize = 2_000_000;

/// How deep functions follow values into each other.
pub(super) const DEPTH: usize = 1_000;

/// How many values a function may visit when it walks a value.
pub(super) const VISITS: usize = 20_000_000;

/// Refuses to make a text of `length` bytes when that is too long.
#[inline]
pub(super) fn check_text(length: usize) -> Result<(), Fault> {
    if length > TEXT {
        return Err(Fault::new(format!("a text of {length} bytes is longer than the limit of {TEXT} bytes")));
    }
    Ok(())
}

/// Refuses to make a list of `length` items when that is too long.
#[inline]
pub(super) fn check_items(length: usize) -> Result<(), Fault> {
    if length > ITEMS {
        return Err(Fault::new(format!(
            "a list of {length} items is longer than the limit of {ITEMS} items"
        )));
    }
    Ok(())
}

/// Counts the values a walk visits and how deep it is.
#[derive(Debug, Default)]
pub(super) struct Walk {
    visits: usize,
    depth: usize,
}

impl Walk {
    /// Goes one value further down.
    ///
    /// # Errors
    /// The value is nested too deeply (it contains itself) or has too many parts.
    pub(super) fn enter(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        self.visits += 1;
        if self.depth > DEPTH {
            return Err(Fault::new(format!(
                "a value is nested more than {DEPTH} levels deep: does it contain itself?"
            )));
        }
        if self.visits > VISITS {
            return Err(Fault::new(format!("a value has more than {VISITS} parts")));
        }
        Ok(())
    }

    /// Comes back up.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }
}
