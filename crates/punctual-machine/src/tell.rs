//! Reports of fire times to the log, the listeners and the metrics.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{FireRange, JobId, Outcome, RunId};
use punctual_store::{EndText, RunEnd, StoredJob};

/// A run that is over, for the metrics.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// The number of the run.
    pub run: RunId,
    /// The outcome.
    pub outcome: Outcome,
    /// The start of the first attempt, in microseconds since 1970, if there was one.
    pub started: Option<i64>,
    /// The time of the end.
    pub finished: i64,
    /// The time from which its lateness is counted, if it is.
    pub late_since: Option<DateTime<Utc>>,
}

impl Counted {
    /// Returns the counted part of an end.
    #[must_use]
    pub fn of(end: &RunEnd, late_since: Option<DateTime<Utc>>) -> Self {
        Self {
            run: end.run,
            outcome: end.outcome,
            started: end.started,
            finished: end.finished,
            late_since,
        }
    }
}

/// A report that the driver makes.
#[derive(Debug)]
pub enum Tell {
    /// An instance is about to begin.
    Submitted {
        /// The store.
        store: u32,
        /// The id of the job.
        job: JobId,
        /// The number of the first run. The other runs have the numbers after it.
        run: RunId,
        /// The fire times of the instance.
        fire_times: Vec<DateTime<Utc>>,
    },
    /// A run is over.
    Ended {
        /// The store.
        store: u32,
        /// The id of the job.
        job: JobId,
        /// The fire time.
        fire_time: DateTime<Utc>,
        /// The end of the run.
        end: RunEnd,
    },
    /// An attempt failed, and another one follows.
    Again {
        /// The id of the job.
        job: JobId,
        /// The number of the run.
        run: RunId,
        /// The number of attempts so far.
        attempts: u32,
        /// The error.
        error: Option<EndText>,
        /// The wait until the next attempt.
        wait: Duration,
    },
    /// Fire times were missed or skipped.
    DidNotRun {
        /// The store.
        store: u32,
        /// The id of the job.
        job: JobId,
        /// The fire times.
        range: FireRange,
        /// The outcome.
        outcome: Outcome,
        /// True if the fire times before had another outcome.
        is_first: bool,
    },
    /// Fire times that a plan decided without a run are counted.
    Decided {
        /// The fire times.
        range: FireRange,
        /// The outcome.
        outcome: Outcome,
    },
    /// This node lacks a part that a job needs.
    Parked {
        /// The store.
        store: u32,
        /// The id of the job.
        job: JobId,
        /// The task of the job.
        task: Arc<str>,
        /// The executor of the job.
        executor: Box<str>,
        /// True if it is the first job with this task and executor.
        is_first: bool,
    },
    /// A job left the store with its last run.
    JobLeft {
        /// The store.
        store: u32,
        /// The job.
        job: StoredJob,
    },
    /// No more runs begin on this node.
    Paused,
    /// Runs begin again.
    Resumed,
    /// Another node does not claim its jobs.
    LeftOut {
        /// The name of the node.
        node: Arc<str>,
    },
    /// This number of runs was found that a store had handed out by a lost answer.
    Found(usize),
}
