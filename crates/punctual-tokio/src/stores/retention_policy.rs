//! Limits what persistent stores keep of runs that are over.

use std::time::Duration;

use crate::error::{Error, ErrorKind};

/// The part of the runs that are over which a store remembers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetentionPolicy {
    /// The time for which a run is remembered.
    pub(crate) age: Duration,
    /// The number of runs that are remembered of each job, the newest.
    pub(crate) per_job: usize,
}

impl RetentionPolicy {
    /// Returns the error for a limit that would let stores forget each run as soon as it is over.
    pub(crate) fn error(&self) -> Option<Error> {
        let message = if self.age.is_zero() {
            "keep_runs_for: `0s` would forget each run as it ends; expected a longer time, such as a day"
        } else if self.per_job == 0 {
            "keep_newest: `0` would forget each run as it ends; expected at least `1`"
        } else {
            return None;
        };
        Some(Error::of(ErrorKind::Invalid, message))
    }
}

impl Default for RetentionPolicy {
    fn default() -> Self {
        Self {
            age: Duration::from_secs(90 * 86_400),
            per_job: 10_000,
        }
    }
}
