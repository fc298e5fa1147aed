//! Limits what persistent stores keep of runs that are over.

use std::time::Duration;

/// The part of the runs that are over which a store remembers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetentionPolicy {
    /// The time for which a run is remembered.
    pub(crate) age: Duration,
    /// The number of runs that are remembered of each job, the newest.
    pub(crate) per_job: usize,
}

impl Default for RetentionPolicy {
    fn default() -> Self {
        Self {
            age: Duration::from_secs(90 * 86_400),
            per_job: 10_000,
        }
    }
}
