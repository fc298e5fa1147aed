//! Edits that are reported to the schedulers of the same store.

use punctual_core::{CancelReason, RunId};

use crate::StoredJob;

/// The edits since a position of the counter.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Changes {
    /// The current position of the counter. The next call asks from here.
    pub counter: u64,
    /// The jobs that were edited.
    pub jobs: ChangedJobs,
    /// The runs that were asked to end, on any node.
    ///
    /// A store that cannot report them here leaves this empty. Renewals report them too.
    pub cancels: Vec<(RunId, CancelReason)>,
}

impl Changes {
    /// Returns the edits up to the current position of the counter.
    #[must_use]
    pub fn new(counter: u64, jobs: ChangedJobs) -> Self {
        Self {
            counter,
            jobs,
            cancels: Vec::new(),
        }
    }

    /// Adds the runs that were asked to end.
    #[must_use]
    pub fn cancels(self, cancels: Vec<(RunId, CancelReason)>) -> Self {
        Self { cancels, ..self }
    }
}

/// The jobs that were edited.
#[derive(Debug, Clone)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a node has to know both, or it would miss edits"
)]
pub enum ChangedJobs {
    /// The edited jobs in their current state. Removed jobs are left out.
    These(Vec<StoredJob>),
    /// Too many jobs to list. The scheduler reads the [due jobs](crate::JobStore::due) again.
    Many,
}
