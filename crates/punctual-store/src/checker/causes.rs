//! Who ended runs before their time.

use chrono::{DateTime, Utc};
use punctual_core::{JobId, RunId};

use super::{Between, Checker, Period};

/// What a caller asked to cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// The run of this number.
    Run(RunId),
    /// The run of a job for this fire time.
    FireTime(JobId, DateTime<Utc>),
    /// All runs of a job that were open then.
    Job(JobId),
}

impl From<RunId> for Target {
    fn from(run: RunId) -> Self {
        Self::Run(run)
    }
}

impl From<JobId> for Target {
    fn from(job: JobId) -> Self {
        Self::Job(job)
    }
}

impl Checker {
    /// Tells that a caller cancelled a run, or all runs of a job, and when.
    pub fn cancelled(self, what: impl Into<Target>, at: impl Into<Between>) -> Self {
        self.cancels([(what.into(), at.into())])
    }

    /// Tells of all calls that cancelled something. Once this is told, a run that is cancelled
    /// without a caller is one without a reason.
    pub fn cancels(mut self, cancels: impl IntoIterator<Item = (Target, Between)>) -> Self {
        self.cancels.get_or_insert_default().extend(cancels);
        self
    }

    /// Tells by their names which nodes were shut down, from the call until the end of it. Once
    /// this is told, a run that a shutdown cancelled on another node is one without a reason.
    pub fn shutdowns(mut self, shutdowns: impl IntoIterator<Item = (String, Period)>) -> Self {
        self.shutdowns.get_or_insert_default().extend(shutdowns);
        self
    }
}
