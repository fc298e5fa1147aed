//! What was edited, for schedulers that look at the same store.

use crate::StoredJob;

/// Edits since some time.
#[derive(Debug, Clone)]
pub struct Changes {
    /// Where the counter stands now; what to ask from next time.
    pub counter: u64,
    /// What was edited.
    pub jobs: ChangedJobs,
}

/// Which jobs were edited.
#[derive(Debug, Clone)]
pub enum ChangedJobs {
    /// These: as they stand now. Jobs that were removed are not among them.
    These(Vec<StoredJob>),
    /// So many that it is cheaper to read the [window](crate::JobStore::window) again.
    Many,
}
