//! The stages of a shutdown, and what it leaves behind.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{JobId, RunId};

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

/// The runs and ends that a shutdown left behind.
#[derive(Debug, Clone, Default)]
pub struct LeftBehind {
    /// The runs that did not end in time and were told to.
    pub cancelled: Vec<RunId>,
    /// The runs that did not end even then.
    pub abandoned: Vec<Underway>,
    /// The number of ends that no store has confirmed.
    pub unrecorded: usize,
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
