//! A job as its store keeps it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{Job, JobState};
use punctual_store::StoredJob;

/// A job as it stood when it was read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobSnapshot {
    /// The alias of its store.
    pub store: Arc<str>,
    /// What was asked for.
    pub job: Arc<Job>,
    /// How it stood.
    pub state: JobState,
    /// Whether this node has its task and the code of its trigger.
    pub is_known: bool,
}

/// How a job stands, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobStatus {
    /// It waits for its next fire time.
    Scheduled,
    /// It was paused.
    Paused,
    /// Its task, its executor or the code of its trigger is not known here; it runs again once it
    /// is.
    Parked,
    /// Its trigger could not be decided; an edit helps.
    Stuck,
    /// Its trigger has no further fire time; it leaves with its last run.
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

    /// How the job stands.
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

    /// The nominal time of its next run, if it is not paused.
    #[must_use]
    pub fn next_run_time(&self) -> Option<DateTime<Utc>> {
        self.state.next_run_time.filter(|_| !self.state.paused)
    }
}
