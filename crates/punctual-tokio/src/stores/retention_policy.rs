//! How long persistent stores keep what is over.

use std::time::Duration;

/// What is remembered of runs that are over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetentionPolicy {
    /// How long.
    pub(crate) age: Duration,
    /// How many of each job, the newest.
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
