//! A limit on the duration of a search.

use super::Undecided;
use crate::limits::MAX_TRIES;

/// The number of steps that a search may still take. All levels of a nested trigger share it, so
/// nesting does not multiply the steps.
#[derive(Debug)]
pub(crate) struct Fuel(u32);

impl Fuel {
    pub(crate) fn new() -> Self {
        Self(MAX_TRIES)
    }

    /// Returns the fuel for counting, with several steps for each member that may be tried.
    pub(crate) fn for_count() -> Self {
        Self(MAX_TRIES * 10)
    }

    pub(crate) fn spend(&mut self) -> Result<(), Undecided> {
        self.0 = self.0.checked_sub(1).ok_or(Undecided::SearchLimit)?;
        Ok(())
    }
}
