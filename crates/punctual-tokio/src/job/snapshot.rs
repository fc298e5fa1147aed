//! A job as its store keeps it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{Job, JobState};
use punctual_store::StoredJob;

/// A job in the state that it had when it was read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobSnapshot {
    /// The alias of its store.
    pub store: Arc<str>,
    /// The job as the caller asked for it.
    pub job: Arc<Job>,
    /// The state of the job when it was read.
    pub state: JobState,
    /// `true` if this node has the task, the executor and the code of the trigger.
    pub is_known: bool,
}

/// The status of a job in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobStatus {
    /// The job waits for its next fire time.
    Scheduled,
    /// The job was paused.
    Paused,
    /// The node lacks the task, the executor or the code of the trigger. The job runs again once
    /// the node has it.
    Parked,
    /// The trigger could not be decided. An edit helps.
    Stuck,
    /// The trigger has no further fire time. The job leaves with its last run.
    Finished,
}

impl JobSnapshot {
    pub(crate) fn new(store: &Arc<str>, stored: StoredJob, is_known: bool) -> Self {
        Self {
            store: Arc::clone(store),
            job: stored.job,
            state: stored.state,
            is_known,
        }
    }

    /// Returns the status of the job.
    #[must_use]
    pub fn status(&self) -> JobStatus {
        if self.state.paused {
            JobStatus::Paused
        } else if !self.is_known {
            JobStatus::Parked
        } else if self.state.search_limit {
            JobStatus::Stuck
        } else if self.state.finished {
            JobStatus::Finished
        } else {
            JobStatus::Scheduled
        }
    }

    /// Returns the nominal time of the next run, if the job is not paused.
    #[must_use]
    pub fn next_run_time(&self) -> Option<DateTime<Utc>> {
        self.state.next_run_time.filter(|_| !self.state.paused)
    }
}
