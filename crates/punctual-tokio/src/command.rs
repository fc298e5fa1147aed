//! What handles ask of the scheduler task.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{JobId, RunId};
use punctual_store::StoredJob;
use tokio::sync::oneshot;

use crate::error::Error;
use crate::stores::NamedStore;

pub(crate) type Answer<T> = oneshot::Sender<T>;

pub(crate) enum Command {
    /// Start no new runs on this node.
    Pause(Answer<()>),
    /// Start runs again.
    Resume(Answer<()>),
    /// Run a job now, besides its schedule.
    RunJob {
        store: u32,
        job: StoredJob,
        answer: Answer<Result<RunId, Error>>,
    },
    /// Stop a run of this node; answers whether there is such a run.
    CancelRun {
        store: u32,
        run: RunId,
        answer: Answer<bool>,
    },
    /// Which runs are under way here?
    Running(Answer<Vec<RunningRun>>),
    AddStore(Box<NamedStore>),
    RemoveStore {
        store: u32,
        answer: Answer<()>,
    },
    /// An executor was removed: park its jobs.
    RemoveExecutor(Arc<str>, Answer<()>),
    /// Look at everything again: tasks were registered, or a caller asks for it.
    LookAgain,
    /// A test asks what the task holds.
    #[cfg(feature = "testing")]
    Held {
        latest: i64,
        answer: Answer<punctual_machine::Held>,
    },
    Shutdown(Shutdown),
}

pub(crate) struct Shutdown {
    /// How long running jobs may take to end by themselves.
    pub(crate) wait: Duration,
    pub(crate) answer: Answer<ShutdownReport>,
}

/// A run that is under way on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningRun {
    /// The job.
    pub job: JobId,
    /// The run.
    pub run: RunId,
    /// The fire time that it answers for.
    pub scheduled_time: DateTime<Utc>,
    /// How many attempts were begun, with one that still waits for a place of its executor.
    pub attempts: u32,
}

/// What a shutdown had to leave behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Runs that did not end in time and were told to, or aborted.
    pub cancelled: Vec<RunId>,
    /// Runs that wait in the stores, for an instance or for their next attempt, among the newest
    /// thousand open runs of each store. Another node goes on with them, or the next start.
    pub waiting: Vec<RunId>,
    /// Runs that did not even end then: plain functions, whose threads cannot be taken away.
    pub abandoned: Vec<RunningRun>,
    /// How many ends of runs no store has said to have recorded, because it did not answer. One
    /// that was on its way may be recorded all the same.
    pub unrecorded: usize,
}
