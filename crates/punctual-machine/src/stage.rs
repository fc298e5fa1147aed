//! How far a shutdown has come, and what it leaves behind.

use chrono::{DateTime, Utc};
use punctual_core::{JobId, RunId};

/// How far the shutdown has come.
#[derive(Debug)]
pub(crate) enum Stage {
    Running,
    /// No new runs; those under way may end by themselves.
    Waiting,
    /// They were told to end.
    Cancelling,
    /// They were aborted.
    Aborting,
    /// They are given up; the stores may still record what is known.
    Recording,
    /// Nothing more to wait for.
    Over,
}

impl Stage {
    pub(crate) fn starts_runs(&self) -> bool {
        matches!(self, Self::Running)
    }

    /// Whether all that is under way was told to end.
    pub(crate) fn ends_runs(&self) -> bool {
        !matches!(self, Self::Running | Self::Waiting)
    }
}

/// What a shutdown had to leave behind.
#[derive(Debug, Clone, Default)]
pub struct LeftBehind {
    /// Runs that did not end in time and were told to.
    pub cancelled: Vec<RunId>,
    /// Runs that did not even end then.
    pub abandoned: Vec<Underway>,
    /// How many ends no store has said to have recorded.
    pub unrecorded: usize,
}

/// A run that is under way.
#[derive(Debug, Clone)]
pub struct Underway {
    /// Its job.
    pub job: JobId,
    /// The run.
    pub run: RunId,
    /// What it answers for.
    pub fire_time: DateTime<Utc>,
    /// How many attempts were begun.
    pub attempts: u32,
}
