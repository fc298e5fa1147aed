//! The causes of runs that ended before their time.

use chrono::{DateTime, Utc};
use punctual_core::{JobId, RunId};

use super::{Between, Checker, Period};

/// The target of a call that cancels runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// The run of this number.
    Run(RunId),
    /// The run of a job for this fire time.
    FireTime(JobId, DateTime<Utc>),
    /// All runs of a job that were open at that time.
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
    /// Adds a call that cancelled a run, or all runs of a job, and its time.
    pub fn cancelled(self, what: impl Into<Target>, at: impl Into<Between>) -> Self {
        self.cancels([(what.into(), at.into())])
    }

    /// Adds the calls that cancelled runs, and declares the list complete.
    ///
    /// A cancelled run that no call in the list explains is then [without a
    /// reason](super::Rule::WithoutReason).
    pub fn cancels(mut self, cancels: impl IntoIterator<Item = (Target, Between)>) -> Self {
        self.cancels.get_or_insert_default().extend(cancels);
        self
    }

    /// Adds the nodes that were shut down, each with the time from the call until its end, and
    /// declares the list complete.
    ///
    /// A run that a shutdown cancelled on another node is then [without a
    /// reason](super::Rule::WithoutReason).
    pub fn shutdowns(mut self, shutdowns: impl IntoIterator<Item = (String, Period)>) -> Self {
        self.shutdowns.get_or_insert_default().extend(shutdowns);
        self
    }
}
