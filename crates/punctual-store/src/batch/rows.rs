//! Rows as the rules see them.

use chrono::{DateTime, Utc};
use punctual_core::{CancelReason, FireRange, JobId, JobState, Outcome, Policies, RunId, RunKey};

use crate::{OpenState, RunEnd};

/// The rows that a transaction has locked: jobs and open runs.
///
/// A store that reads rows from a database holds only those that the request is about. It then has
/// to read, besides the jobs and runs that the request names, all open runs of a job
/// - of which an attempt ended that is to be followed by another,
/// - whose waiting runs are asked for, or that has some (`queued`) when an instance of it ends,
/// - whose runs replace each other, if a plan queues one, or some wait already.
pub trait Rows {
    /// Names a job among these rows.
    type Row: Copy + PartialEq;

    /// The job of this id; `None` if there is none, or it has left.
    fn of_id(&self, id: &JobId) -> Option<Self::Row>;

    /// The job of this birth; `None` if it has left.
    fn of_birth(&self, birth: u64) -> Option<Self::Row>;

    /// How a job stands.
    fn state(&self, row: Self::Row) -> &JobState;

    /// The policies of a job; `None` if its row cannot be understood, so that nothing of it can be
    /// claimed.
    fn policies(&self, row: Self::Row) -> Option<&Policies>;

    /// Sets how a job stands after its schedule has moved; the revision is counted up already.
    fn set_moved(&mut self, row: Self::Row, state: JobState);

    /// Sets the counts and the token of a job whose schedule has not moved.
    fn set_counts(&mut self, row: Self::Row, state: JobState);

    /// Takes out a job that is over, unless its row cannot be understood.
    fn leave(&mut self, row: Self::Row);

    /// Whether a run, or a range without one, has this key already: one of this request too. A
    /// store that keeps keys unique need not look until it has refused one, or the request is
    /// repeated.
    fn is_used(&self, row: Self::Row, key: &RunKey) -> bool;

    /// The next number that no run has. Within one plan they follow each other, and they are greater
    /// than those of all runs of the same job.
    fn next_number(&mut self) -> RunId;

    /// Opens a run.
    fn open(&mut self, row: Self::Row, run: NewRun);

    /// Records a range of fire times without runs, in the statistics of the job too.
    fn record(&mut self, row: Self::Row, range: NewRange);

    /// An open run; `None` if it is over.
    fn run(&self, id: RunId) -> Option<OpenView>;

    /// Sets where an open run stands.
    fn set_run(&mut self, id: RunId, run: OpenView);

    /// Keeps what an attempt has left, while its run waits for the next one: when the run started,
    /// how many attempts there were, why the last one failed.
    fn keep_attempt(&mut self, end: &RunEnd);

    /// Makes an open run an entry of the ledger, and counts it in the statistics of its job, if
    /// that is still there. What the end does not say (start, attempts, error) stays as it is kept.
    fn close(&mut self, row: Option<Self::Row>, end: &RunEnd);

    /// The open runs of a job that belong to no node, in the order of their numbers.
    fn waiting(&self, row: Self::Row) -> Vec<RunId>;

    /// The open runs of a job that belong to a node, in the order of their numbers.
    fn under_way(&self, row: Self::Row) -> Vec<RunId>;
}

/// What the rules have to know of an open run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenView {
    /// The birth of its job.
    pub birth: u64,
    /// Its fencing token.
    pub token: u64,
    /// Where it stands.
    pub state: OpenState,
    /// Whose it is.
    pub owner: Owner,
    /// Whether the instance ends with it.
    pub ends_instance: bool,
    /// How often it was begun by nodes that died.
    pub reruns: u32,
    /// How many attempts were begun.
    pub attempts: u32,
    /// Why it is to be cancelled, if it is.
    pub cancel: Option<CancelReason>,
}

/// Whose an open run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// It waits, and belongs to no node.
    Free,
    /// It belongs to the node that asks, under the lease that it asks with.
    Own,
    /// It belongs to another node, or to an earlier epoch.
    Other,
}

/// A run that is opened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewRun {
    /// Its number.
    pub id: RunId,
    /// What it answers for.
    pub key: RunKey,
    /// Where it stands and whose it is.
    pub view: OpenView,
    /// When it is opened.
    pub opened: DateTime<Utc>,
}

/// A range of fire times without runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewRange {
    /// Its number.
    pub id: RunId,
    /// It goes by its first fire time.
    pub key: RunKey,
    /// The fire times.
    pub range: FireRange,
    /// What became of them.
    pub outcome: Outcome,
    /// When that was decided.
    pub decided: DateTime<Utc>,
}
