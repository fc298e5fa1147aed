//! The request that moves schedules on. It holds the ends of runs first, then claims.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::Plan;
use punctual_core::{CancelReason, Job, JobId, Origin, Outcome, RunId};

use crate::{Lease, OpenRun, StoredJob};

/// The changes that a node asks for, atomic for each job.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// The lease of the node. An old epoch is refused as fenced.
    pub lease: Lease,
    /// The time at which the node decided.
    pub now: DateTime<Utc>,
    /// The ends of runs of the node. They are applied before the claims, so that the claims find
    /// the instances free.
    pub ends: Vec<RunEnd>,
    /// The claims of the node.
    pub claims: Vec<Claim>,
    /// True if the node takes waiting runs of the jobs that the request names. A node that is
    /// paused or shuts down takes none.
    pub takes_waiting: bool,
    /// True if the request was sent before and its answer is unknown.
    ///
    /// A run by hand of this request may then exist already. A store that keeps the keys of all
    /// runs unique can ignore this.
    pub is_repeated: bool,
}

/// A request to move one job on.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The id of the job.
    pub id: JobId,
    /// The birth of the job as the node read it. A job that was added again under the same id has
    /// another birth.
    pub birth: u64,
    /// The kind of the claim, with its plan.
    pub kind: ClaimKind,
    /// True if the answer must hold the job, because the node has only read its
    /// [head](crate::DueJob::is_head).
    pub wants_job: bool,
}

/// The kinds of a claim.
#[derive(Debug, Clone)]
pub enum ClaimKind {
    /// The due fire times of the schedule. The claim is won only if the row still has this
    /// revision.
    Advance {
        /// The revision that the node read.
        revision: u64,
        /// The decision about the fire times.
        plan: Plan,
    },
    /// A run by hand. It needs no revision and does not move the schedule.
    ///
    /// Of its plan only `start`, `queue` and `skipped` count. The claim is lost if its key was
    /// used.
    Manual {
        /// The decision about the run.
        plan: Plan,
    },
    /// The waiting runs of the job that may start, as far as there is room. They are
    /// [handed](ClaimReply::handed) to the node.
    Promote,
}

impl ClaimKind {
    /// The origin of the runs that the claim opens.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self {
            Self::Advance { .. } | Self::Promote => Origin::Scheduled,
            Self::Manual { .. } => Origin::Manual,
        }
    }

    /// The plan of the claim, or `None` for waiting runs, which were planned before.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        match self {
            Self::Advance { plan, .. } | Self::Manual { plan } => Some(plan),
            Self::Promote => None,
        }
    }
}

/// The end of an attempt, and of its run unless another attempt follows.
#[derive(Debug, Clone)]
pub struct RunEnd {
    /// The number of the run.
    ///
    /// The store ignores a run that does not belong to the node, or no longer does. Another node
    /// has decided about it, or its end was recorded before.
    pub run: RunId,
    /// The outcome of the attempt.
    pub outcome: Outcome,
    /// The time at which the next attempt is due, in microseconds since 1970. `None` if the run is
    /// over.
    ///
    /// Until then the run waits. It keeps its instance and belongs to no node.
    pub retry_at: Option<i64>,
    /// The start of the first attempt, in microseconds since 1970. `None` if no attempt started.
    pub started: Option<i64>,
    /// The end of the attempt, in microseconds since 1970.
    pub finished: i64,
    /// The number of attempts that began.
    pub attempts: u32,
    /// The result as JSON text, or the error text.
    pub text: Option<EndText>,
}

/// The text that a run leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndText {
    /// The returned value as JSON.
    Result(Box<str>),
    /// The error or panic message.
    Error(Box<str>),
}

impl EndText {
    /// Returns the text of either kind.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Result(text) | Self::Error(text) => text,
        }
    }
}

/// The answer to a claim request.
#[derive(Debug, Clone, Default)]
pub struct ClaimReply {
    /// The number of ends that were applied or ignored, counted from the first. The rest was not
    /// tried.
    pub ends_done: usize,
    /// The answers to the claims, in the order of the claims.
    pub answers: Vec<ClaimAnswer>,
    /// The waiting runs that belong to the node from now on and are to start.
    pub handed: Vec<Handed>,
    /// The runs of the node that are to be cancelled because newer runs replace them.
    pub cancels: Vec<(RunId, CancelReason)>,
    /// The jobs that left the store because their last run ended.
    pub removed: Vec<StoredJob>,
}

/// The answer to a claim.
#[derive(Debug, Clone)]
pub enum ClaimAnswer {
    /// The claim is won. The node starts what the plan says. Queued runs wait in the store.
    Won(Won),
    /// The row has moved on. Holds the job as it is now, or `None` if it is gone.
    Lost(Option<StoredJob>),
    /// All instances are busy, the queue is full, or older runs wait already. All nodes count
    /// together. The node plans again with this state.
    AtLimit(StoredJob),
    /// The store stopped before this claim because the request was too large. The node asks again.
    NotTried,
}

/// The result of a won claim.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Won {
    /// The current revision of the row.
    pub revision: u64,
    /// The number of the first run that was opened. The other runs of the plan have the numbers
    /// after it.
    pub first: RunId,
    /// The fencing token of the first run. The other runs have the tokens after it.
    pub token: u64,
    /// The number of instances that are under way now.
    pub running: u32,
    /// The number of instances that wait for room now.
    pub queued: u32,
    /// The job, if the claim asked for it.
    pub job: Option<Arc<Job>>,
}

impl Won {
    /// Returns the result for a row that has this state after the claim.
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

/// An instance that waited and belongs to the node from now on.
#[derive(Debug, Clone, PartialEq)]
pub struct Handed {
    /// The job.
    pub job: StoredJob,
    /// The runs of the instance in their order. They run one after another and count as one
    /// instance.
    pub runs: Vec<OpenRun>,
}

/// A request to cancel a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelRequest {
    /// The number of the run.
    pub run: RunId,
    /// The reason.
    pub reason: CancelReason,
    /// The time of the request.
    pub now: DateTime<Utc>,
}

/// The answer to a request to cancel a run.
#[derive(Debug, Clone, PartialEq)]
pub enum CancelAnswer {
    /// The run does not exist, or is over.
    NotOpen,
    /// A node has the run and will be told.
    Asked,
    /// The run was waiting. It has ended, together with the other runs of its instance.
    Ended {
        /// The runs as they were before.
        runs: Vec<OpenRun>,
        /// The job, if it left the store with these runs.
        removed: Option<StoredJob>,
    },
}
