//! Rows as the rules see them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{CancelReason, FireRange, JobId, JobState, Outcome, Policies, RunId, RunKey};

use crate::{OpenState, RunEnd};

/// The rows of jobs and open runs that a transaction has locked.
///
/// A store that reads rows from a database holds only those that the request is about. In addition
/// to the jobs and runs that the request names, it has to read all open runs of a job
///
/// - if an attempt of it ends and another one is to follow,
/// - if its waiting runs are claimed,
/// - if one of its instances ends and it has waiting ones (`queued`),
/// - if its runs replace each other, or a run by hand replaces them, and a plan queues a run or
///   some wait already.
pub trait Rows {
    /// The name of a job among these rows.
    type Row: Copy + PartialEq;

    /// Returns the job of this id, or `None` if it does not exist or has left.
    fn of_id(&self, id: &JobId) -> Option<Self::Row>;

    /// Returns the job of this birth, or `None` if it has left.
    fn of_birth(&self, birth: u64) -> Option<Self::Row>;

    /// Returns the state of a job.
    fn state(&self, row: Self::Row) -> &JobState;

    /// Returns the policies of a job, or `None` if its row cannot be decoded. Such a job cannot be
    /// claimed.
    fn policies(&self, row: Self::Row) -> Option<&Policies>;

    /// Sets the state of a job whose schedule has moved. The revision in `state` is incremented
    /// already.
    fn set_moved(&mut self, row: Self::Row, state: JobState);

    /// Sets the counts and the token of a job whose schedule has not moved.
    fn set_counts(&mut self, row: Self::Row, state: JobState);

    /// Removes a job that is over, unless its row cannot be decoded.
    fn leave(&mut self, row: Self::Row);

    /// Returns true if a run or a range has this key already, also if this request opened it.
    ///
    /// A store that keeps keys unique need not look, unless it has refused a key or the request is
    /// repeated.
    fn is_used(&self, row: Self::Row, key: &RunKey) -> bool;

    /// Returns the next number that no run has.
    ///
    /// The numbers within one plan are consecutive. They are greater than those of all runs of the
    /// same job.
    fn next_number(&mut self) -> RunId;

    /// Opens a run.
    fn open(&mut self, row: Self::Row, run: NewRun);

    /// Records a range of fire times without runs, and counts them in the statistics of the job.
    fn record(&mut self, row: Self::Row, range: NewRange);

    /// Returns an open run, or `None` if it is over.
    fn run(&self, id: RunId) -> Option<OpenView>;

    /// Sets the state of an open run.
    fn set_run(&mut self, id: RunId, run: OpenView);

    /// Keeps the start of the run, the number of attempts and the last error, while the run waits
    /// for its next attempt.
    fn keep_attempt(&mut self, end: &RunEnd);

    /// Turns an open run into an entry of the ledger, and counts it in the statistics of its job if
    /// that still exists.
    ///
    /// A start, a number of attempts or an error that the end leaves out stays as it was kept.
    fn close(&mut self, row: Option<Self::Row>, end: &RunEnd);

    /// Returns the open runs of a job that belong to no node, in the order of their numbers.
    fn waiting(&self, row: Self::Row) -> Vec<RunId>;

    /// Returns the open runs of a job that belong to a node, in the order of their numbers.
    fn under_way(&self, row: Self::Row) -> Vec<RunId>;
}

/// The part of an open run that the rules need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenView {
    /// The birth of the job.
    pub birth: u64,
    /// The fencing token.
    pub token: u64,
    /// The state of the run.
    pub state: OpenState,
    /// The owner of the run.
    pub owner: Owner,
    /// True if the instance ends with this run.
    pub ends_instance: bool,
    /// The number of times that a node died with this run and it was begun again.
    pub reruns: u32,
    /// The number of attempts that began.
    pub attempts: u32,
    /// The reason for which the run is to be cancelled, if it is.
    pub cancel: Option<CancelReason>,
}

impl OpenView {
    /// Returns a run that is an instance of its own.
    #[must_use]
    pub fn new(birth: u64, token: u64, state: OpenState, owner: Owner) -> Self {
        Self {
            birth,
            token,
            state,
            owner,
            ends_instance: true,
            reruns: 0,
            attempts: 0,
            cancel: None,
        }
    }

    /// Sets [`ends_instance`](#structfield.ends_instance).
    #[must_use]
    pub fn ends_instance(self, ends_instance: bool) -> Self {
        Self {
            ends_instance,
            ..self
        }
    }

    /// Sets [`reruns`](#structfield.reruns).
    #[must_use]
    pub fn reruns(self, reruns: u32) -> Self {
        Self { reruns, ..self }
    }

    /// Sets [`attempts`](#structfield.attempts).
    #[must_use]
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// Sets [`cancel`](#structfield.cancel).
    #[must_use]
    pub fn cancel(self, cancel: Option<CancelReason>) -> Self {
        Self { cancel, ..self }
    }
}

/// The owner of an open run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "every store has to know all of them, so a new one breaks stores on purpose"
)]
pub enum Owner {
    /// The run waits and belongs to no node.
    Free,
    /// The run belongs to the node that asks, under the lease of the request.
    Own,
    /// The run belongs to another node or to an earlier epoch.
    Other,
}

/// A run that is opened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NewRun {
    /// The number of the run.
    pub id: RunId,
    /// The key of the run, with its fire time.
    pub key: RunKey,
    /// The state and the owner of the run.
    pub view: OpenView,
    /// The arguments as JSON text, if they are not those of the job. They stay with the run.
    pub args: Option<Arc<str>>,
    /// The time at which it is opened.
    pub opened: DateTime<Utc>,
}

/// A range of fire times without runs.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NewRange {
    /// The number of the range.
    pub id: RunId,
    /// The key of the first fire time.
    pub key: RunKey,
    /// The fire times.
    pub range: FireRange,
    /// The outcome of the fire times.
    pub outcome: Outcome,
    /// The arguments of a run by hand that was refused, if they are not those of the job.
    pub args: Option<Arc<str>>,
    /// The time of the decision.
    pub decided: DateTime<Utc>,
}
