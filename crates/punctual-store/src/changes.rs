//! What was edited, for schedulers that look at the same store.

use punctual_core::{CancelReason, RunId};

use crate::StoredJob;

/// Edits since some time.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Changes {
    /// Where the counter stands now; what to ask from next time.
    pub counter: u64,
    /// What was edited.
    pub jobs: ChangedJobs,
    /// Runs that were asked to end, whichever node has them. A store that cannot tell leaves this
    /// empty: renewals tell too.
    pub cancels: Vec<(RunId, CancelReason)>,
}

impl Changes {
    /// Edits up to where the counter stands now.
    #[must_use]
    pub fn new(counter: u64, jobs: ChangedJobs) -> Self {
        Self {
            counter,
            jobs,
            cancels: Vec::new(),
        }
    }

    /// The same with runs that were asked to end.
    #[must_use]
    pub fn cancels(self, cancels: Vec<(RunId, CancelReason)>) -> Self {
        Self { cancels, ..self }
    }
}

/// Which jobs were edited.
#[derive(Debug, Clone)]
pub enum ChangedJobs {
    /// These: as they stand now. Jobs that were removed are not among them.
    These(Vec<StoredJob>),
    /// More than it is worth to name. Read the [due jobs](crate::JobStore::due) again.
    Many,
}
