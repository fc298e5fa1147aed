//! What becomes of fire times, for the log, the listeners and the metrics.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{FireRange, JobId, Outcome, RunId};
use punctual_store::{EndText, RunEnd, StoredJob};

/// A run that is over, for the metrics.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// Which one.
    pub run: RunId,
    /// How it ended.
    pub outcome: Outcome,
    /// When its first attempt began, in microseconds since 1970, if one did.
    pub started: Option<i64>,
    /// When it ended.
    pub finished: i64,
    /// From when its lateness is counted, if it is.
    pub late_since: Option<DateTime<Utc>>,
}

impl Counted {
    /// What is counted of an end.
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

/// What the driver is to tell.
#[derive(Debug)]
pub enum Tell {
    /// An instance is about to begin.
    Submitted {
        /// Its store.
        store: u32,
        /// Its job.
        job: JobId,
        /// Its first run; the others follow.
        run: RunId,
        /// Its fire times.
        fire_times: Vec<DateTime<Utc>>,
    },
    /// A run is over.
    Ended {
        /// Its store.
        store: u32,
        /// Its job.
        job: JobId,
        /// What it answers for.
        fire_time: DateTime<Utc>,
        /// How it ended.
        end: RunEnd,
    },
    /// An attempt went wrong, and there will be another.
    Again {
        /// The job.
        job: JobId,
        /// The run.
        run: RunId,
        /// How many attempts it has had.
        attempts: u32,
        /// What went wrong.
        error: Option<EndText>,
        /// When it is tried again.
        wait: Duration,
    },
    /// Fire times were missed or skipped.
    DidNotRun {
        /// The store.
        store: u32,
        /// The job.
        job: JobId,
        /// Which ones.
        range: FireRange,
        /// What became of them.
        outcome: Outcome,
        /// Whether those before went another way.
        is_first: bool,
    },
    /// What a plan decided without a run is counted.
    Decided {
        /// Which fire times.
        range: FireRange,
        /// What became of them.
        outcome: Outcome,
    },
    /// This node lacks what runs a job.
    Parked {
        /// The store.
        store: u32,
        /// The job.
        job: JobId,
        /// Its task.
        task: Arc<str>,
        /// Its executor.
        executor: Box<str>,
        /// Whether it is the first with these two.
        is_first: bool,
    },
    /// The store has taken a job out, with its last run.
    JobLeft {
        /// The store.
        store: u32,
        /// The job.
        job: StoredJob,
    },
    /// No more runs begin here.
    Paused,
    /// Runs begin again.
    Resumed,
    /// Another node leaves its jobs to others.
    LeftOut {
        /// Its name.
        node: Arc<str>,
    },
    /// Runs were found that a store had handed out by an answer that was lost. This is their number.
    Found(usize),
}
