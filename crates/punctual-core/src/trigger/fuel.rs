//! A bound on how long a search takes.

use super::Undecided;
use crate::limits::MAX_TRIES;

/// How many more steps a search may take. One lot is shared by all levels of a nested trigger, so
/// nesting does not multiply it.
#[derive(Debug)]
pub(crate) struct Fuel(u32);

impl Fuel {
    pub(crate) fn new() -> Self {
        Self(MAX_TRIES)
    }

    /// For counting: as many members as are tried, with some steps for each.
    pub(crate) fn for_count() -> Self {
        Self(MAX_TRIES * 10)
    }

    pub(crate) fn spend(&mut self) -> Result<(), Undecided> {
        self.0 = self.0.checked_sub(1).ok_or(Undecided::SearchLimit)?;
        Ok(())
    }
}
