//! The stages of a shutdown, and what it leaves behind.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{JobId, Outcome, RunId};

/// A stage of the shutdown.
#[derive(Debug)]
pub(crate) enum Stage {
    Running,
    /// No new runs start. Runs under way may end by themselves.
    Waiting,
    /// Runs under way were told to end.
    Cancelling,
    /// Runs under way were aborted.
    Aborting,
    /// Runs under way are given up. The stores may still record the ends that are known.
    Recording,
    /// There is nothing more to wait for.
    Over,
}

impl Stage {
    pub(crate) fn starts_runs(&self) -> bool {
        matches!(self, Self::Running)
    }

    /// Returns true if all runs under way were told to end.
    pub(crate) fn ends_runs(&self) -> bool {
        !matches!(self, Self::Running | Self::Waiting)
    }
}

/// The longest times of the stages of a shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShutdownTimes {
    /// The time in which runs under way may end by themselves.
    pub wait: Duration,
    /// The time between the cancellation of runs and their abortion.
    pub grace: Duration,
    /// The time that aborted runs have to be dropped, and once more the time that stores have to
    /// record the last ends.
    pub last: Duration,
}

impl ShutdownTimes {
    /// Returns the shorter time of each stage.
    pub(crate) fn min(self, other: Self) -> Self {
        Self {
            wait: self.wait.min(other.wait),
            grace: self.grace.min(other.grace),
            last: self.last.min(other.last),
        }
    }
}

/// The runs and ends that a shutdown left behind.
#[derive(Debug, Clone, Default)]
pub struct LeftBehind {
    /// The runs that did not end in time and were told to, in the order in which they ended.
    pub cancelled: Vec<Ended>,
    /// The runs that did not end even then.
    pub abandoned: Vec<Underway>,
    /// The number of ends that no store has confirmed.
    pub unrecorded: usize,
}

/// A run that has ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The id of the job.
    pub job: JobId,
    /// The alias of the job's store.
    pub store: Arc<str>,
    /// The number of the run.
    pub run: RunId,
    /// The fire time.
    pub fire_time: DateTime<Utc>,
    /// The outcome.
    pub outcome: Outcome,
}

/// A run that is under way.
#[derive(Debug, Clone)]
pub struct Underway {
    /// The id of the job.
    pub job: JobId,
    /// The alias of the job's store.
    pub store: Arc<str>,
    /// The number of the run.
    pub run: RunId,
    /// The start of the first attempt, in microseconds, if it has begun.
    pub started: Option<i64>,
    /// The fire time.
    pub fire_time: DateTime<Utc>,
    /// The number of attempts that began.
    pub attempts: u32,
}
