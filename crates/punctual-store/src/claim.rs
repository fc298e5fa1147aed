//! The request that moves schedules on: what became of runs first, then claims.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::Plan;
use punctual_core::{CancelReason, Job, JobId, Origin, Outcome, RunId};

use crate::{Lease, OpenRun, StoredJob};

/// What a node wants to change, atomic for each job.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// Who asks. An old epoch is refused as fenced.
    pub lease: Lease,
    /// The time by which it decided.
    pub now: DateTime<Utc>,
    /// What became of its runs. They are applied before the claims, so that a claim finds their
    /// instances free.
    pub ends: Vec<RunEnd>,
    /// What it wants to open.
    pub claims: Vec<Claim>,
    /// Whether it takes waiting runs of the jobs that it names. A node that is paused or shuts down
    /// takes none.
    pub takes_waiting: bool,
    /// Whether it was sent before with an unknown answer: then a run by hand may be there already.
    /// A store that keeps the keys of all runs unique need not look at this.
    pub is_repeated: bool,
}

/// One job that is to move on.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The job.
    pub id: JobId,
    /// Its birth as it was read: a job that was added again under the same id is another one.
    pub birth: u64,
    /// What is asked for.
    pub kind: ClaimKind,
    /// Whether the answer shall hold the job, because the node has only read its
    /// [head](crate::DueJob::is_head).
    pub wants_job: bool,
}

/// What a claim asks for.
#[derive(Debug, Clone)]
pub enum ClaimKind {
    /// The due fire times of the schedule. Won only if the row still has this revision.
    Advance {
        /// The revision that was read.
        revision: u64,
        /// What was decided about them.
        plan: Plan,
    },
    /// A run by hand. It neither needs a revision nor moves the schedule; of its plan only
    /// `start`, `queue` and `skipped` count. Lost if its key was used.
    Manual {
        /// What was decided about it.
        plan: Plan,
    },
    /// The waiting runs of the job that may start, as far as there is room. They are
    /// [handed](ClaimReply::handed) to the node.
    Promote,
}

impl ClaimKind {
    /// What the runs answer for.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self {
            Self::Advance { .. } | Self::Promote => Origin::Scheduled,
            Self::Manual { .. } => Origin::Manual,
        }
    }

    /// What was decided; nothing for waiting runs, about which was decided before.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        match self {
            Self::Advance { plan, .. } | Self::Manual { plan } => Some(plan),
            Self::Promote => None,
        }
    }
}

/// How an attempt of a run ended, and with it the run, unless a further attempt is to follow.
#[derive(Debug, Clone)]
pub struct RunEnd {
    /// Which run. One that does not belong to the node (any more) is ignored: others have decided
    /// about it, or its end was recorded before.
    pub run: RunId,
    /// How it ended.
    pub outcome: Outcome,
    /// When the next attempt is due, in microseconds since 1970; `None` if the run is over. Until
    /// then the run waits, keeps its instance, and belongs to no node.
    pub retry_at: Option<i64>,
    /// When its first attempt started, in microseconds since 1970; `None` if none did.
    pub started: Option<i64>,
    /// When it ended, in microseconds since 1970.
    pub finished: i64,
    /// How many attempts were begun.
    pub attempts: u32,
    /// The result as JSON text, or the error's text.
    pub text: Option<EndText>,
}

/// What a run leaves to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndText {
    /// JSON of what it returned.
    Result(Box<str>),
    /// Its error or panic message.
    Error(Box<str>),
}

impl EndText {
    /// The text, whatever it is.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Result(text) | Self::Error(text) => text,
        }
    }
}

/// What became of a claim request.
#[derive(Debug, Clone, Default)]
pub struct ClaimReply {
    /// How many of the ends were applied or ignored, from the first on. The others were not tried.
    pub ends_done: usize,
    /// An answer for each claim, in their order.
    pub answers: Vec<ClaimAnswer>,
    /// Waiting runs that are the node's from now on, and start.
    pub handed: Vec<Handed>,
    /// Runs of the node that are to be cancelled since newer ones replace them.
    pub cancels: Vec<(RunId, CancelReason)>,
    /// Jobs that left the store because their last run ended.
    pub removed: Vec<StoredJob>,
}

/// What became of a claim.
#[derive(Debug, Clone)]
pub enum ClaimAnswer {
    /// It is made: start what the plan says. What it queues waits in the store.
    Won(Won),
    /// The row has moved on: here it is, or nothing if the job is gone.
    Lost(Option<StoredJob>),
    /// All instances are busy, or the queue is full, or others wait already, on all nodes together:
    /// plan again with this state.
    AtLimit(StoredJob),
    /// The request was too large for the store, which has stopped before this claim: ask again.
    NotTried,
}

/// What a won claim gives.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Won {
    /// The row's revision now.
    pub revision: u64,
    /// The number of the first run that was opened; the others of the plan follow it.
    pub first: RunId,
    /// The fencing token of the first run; those of the others follow it.
    pub token: u64,
    /// How many instances are under way now.
    pub running: u32,
    /// How many instances wait for room now.
    pub queued: u32,
    /// The job, if the claim wanted it.
    pub job: Option<Arc<Job>>,
}

impl Won {
    /// What a row gives that stands so after the claim.
    #[must_use]
    pub fn new(state: &punctual_core::JobState, first: RunId, token: u64) -> Self {
        Self {
            revision: state.revision,
            first,
            token,
            running: state.running,
            queued: state.queued,
            job: None,
        }
    }
}

/// An instance that waited and is a node's from now on.
#[derive(Debug, Clone, PartialEq)]
pub struct Handed {
    /// The job.
    pub job: StoredJob,
    /// Its runs in their order: they run one after another and count as one instance.
    pub runs: Vec<OpenRun>,
}

/// A run that is to be cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelRequest {
    /// Which one.
    pub run: RunId,
    /// Why.
    pub reason: CancelReason,
    /// When it was asked for.
    pub now: DateTime<Utc>,
}

/// What became of a request to cancel a run.
#[derive(Debug, Clone, PartialEq)]
pub enum CancelAnswer {
    /// There is no such run, or it is over.
    NotOpen,
    /// A node has it, and will be told.
    Asked,
    /// It waited, and is over, with the others of its instance.
    Ended {
        /// The runs as they were.
        runs: Vec<OpenRun>,
        /// The job, if it left the store with them.
        removed: Option<StoredJob>,
    },
}
