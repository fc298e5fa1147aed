//! The request that moves schedules on. It holds the ends of runs first, then claims.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::Plan;
use punctual_core::{CancelReason, Job, JobId, Origin, Outcome, Overlap, RunId};

use crate::{Lease, OpenRun, RunOverrides, StoredJob};

/// The changes that a node asks for, atomic for each job.
#[derive(Debug, Clone)]
#[non_exhaustive]
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

impl ClaimRequest {
    /// Returns a request without ends and claims.
    #[must_use]
    pub fn new(lease: Lease, now: DateTime<Utc>) -> Self {
        Self {
            lease,
            now,
            ends: Vec::new(),
            claims: Vec::new(),
            takes_waiting: false,
            is_repeated: false,
        }
    }

    /// Sets [`ends`](#structfield.ends).
    #[must_use]
    pub fn ends(self, ends: Vec<RunEnd>) -> Self {
        Self { ends, ..self }
    }

    /// Sets [`claims`](#structfield.claims).
    #[must_use]
    pub fn claims(self, claims: Vec<Claim>) -> Self {
        Self { claims, ..self }
    }

    /// Sets [`takes_waiting`](#structfield.takes_waiting).
    #[must_use]
    pub fn takes_waiting(self, takes_waiting: bool) -> Self {
        Self {
            takes_waiting,
            ..self
        }
    }

    /// Sets [`is_repeated`](#structfield.is_repeated).
    #[must_use]
    pub fn is_repeated(self, is_repeated: bool) -> Self {
        Self {
            is_repeated,
            ..self
        }
    }
}

/// A request to move one job on.
#[derive(Debug, Clone)]
#[non_exhaustive]
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

impl Claim {
    /// Returns a claim.
    #[must_use]
    pub fn new(id: JobId, birth: u64, kind: ClaimKind) -> Self {
        Self {
            id,
            birth,
            kind,
            wants_job: false,
        }
    }

    /// Sets [`wants_job`](#structfield.wants_job).
    #[must_use]
    pub fn wants_job(self, wants_job: bool) -> Self {
        Self { wants_job, ..self }
    }
}

/// The kinds of a claim.
#[derive(Debug, Clone)]
#[expect(
    clippy::exhaustive_enums,
    reason = "every store has to know all of them, so a new one breaks stores on purpose"
)]
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
    /// Of its plan only `start`, `queue` and `skipped` count. The claim is lost if its key was used,
    /// or if the row has another incarnation. A request whose answer was lost could otherwise open a
    /// second run after an edit that began the fire times anew.
    Manual {
        /// The incarnation that the node read.
        incarnation: u64,
        /// The decision about the run.
        plan: Plan,
        /// The settings in which the run differs from its job.
        overrides: RunOverrides,
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
            Self::Advance { plan, .. } | Self::Manual { plan, .. } => Some(plan),
            Self::Promote => None,
        }
    }

    /// The arguments that its run has instead of those of the job, as JSON text.
    #[must_use]
    pub fn args(&self) -> Option<&Arc<str>> {
        match self {
            Self::Manual { overrides, .. } => overrides.args.as_ref(),
            Self::Advance { .. } | Self::Promote => None,
        }
    }

    /// The overlap policy that decides about its runs. `of_job` is that of the job.
    #[must_use]
    pub fn overlap(&self, of_job: Overlap) -> Overlap {
        match self {
            Self::Manual { overrides, .. } => overrides.overlap.unwrap_or(of_job),
            Self::Advance { .. } | Self::Promote => of_job,
        }
    }
}

/// The end of an attempt, and of its run unless another attempt follows.
#[derive(Debug, Clone)]
#[non_exhaustive]
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

impl RunEnd {
    /// Returns the end of a run after which no attempt follows.
    #[must_use]
    pub fn new(run: RunId, outcome: Outcome, finished: i64, attempts: u32) -> Self {
        Self {
            run,
            outcome,
            retry_at: None,
            started: None,
            finished,
            attempts,
            text: None,
        }
    }

    /// Sets [`outcome`](#structfield.outcome).
    #[must_use]
    pub fn outcome(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }

    /// Sets [`finished`](#structfield.finished).
    #[must_use]
    pub fn finished(self, finished: i64) -> Self {
        Self { finished, ..self }
    }

    /// Sets [`attempts`](#structfield.attempts).
    #[must_use]
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// Sets [`retry_at`](#structfield.retry_at).
    #[must_use]
    pub fn retry_at(self, retry_at: Option<i64>) -> Self {
        Self { retry_at, ..self }
    }

    /// Sets [`started`](#structfield.started).
    #[must_use]
    pub fn started(self, started: Option<i64>) -> Self {
        Self { started, ..self }
    }

    /// Sets [`text`](#structfield.text).
    #[must_use]
    pub fn text(self, text: Option<EndText>) -> Self {
        Self { text, ..self }
    }
}

/// The text that a run leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "every store has to know all of them, so a new one breaks stores on purpose"
)]
pub enum EndText {
    /// The returned value as JSON.
    Result(Box<str>),
    /// The error or panic message.
    Error(Box<str>),
}

impl EndText {
    /// Returns the error of a run whose node of this name is taken for dead.
    #[must_use]
    pub fn lost_with(node: &str) -> Self {
        let text = format!("the process of node `{node}` died, or its lease ended");
        Self::Error(text.into())
    }

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
#[non_exhaustive]
pub struct ClaimReply {
    /// The number of ends that were applied or ignored, counted from the first. The rest was not
    /// tried. A store that applies a part of them hands out what waits for room in the jobs of that
    /// part, because the next request does not name these jobs again.
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

impl ClaimReply {
    /// Returns a reply with the answers to all claims.
    #[must_use]
    pub fn new(answers: Vec<ClaimAnswer>) -> Self {
        Self {
            ends_done: 0,
            answers,
            handed: Vec::new(),
            cancels: Vec::new(),
            removed: Vec::new(),
        }
    }

    /// Sets [`ends_done`](#structfield.ends_done).
    #[must_use]
    pub fn ends_done(self, ends_done: usize) -> Self {
        Self { ends_done, ..self }
    }

    /// Sets [`handed`](#structfield.handed).
    #[must_use]
    pub fn handed(self, handed: Vec<Handed>) -> Self {
        Self { handed, ..self }
    }

    /// Sets [`cancels`](#structfield.cancels).
    #[must_use]
    pub fn cancels(self, cancels: Vec<(RunId, CancelReason)>) -> Self {
        Self { cancels, ..self }
    }

    /// Sets [`removed`](#structfield.removed).
    #[must_use]
    pub fn removed(self, removed: Vec<StoredJob>) -> Self {
        Self { removed, ..self }
    }
}

/// The answer to a claim.
#[derive(Debug, Clone)]
#[expect(
    clippy::exhaustive_enums,
    reason = "every store has to know all of them, so a new one breaks stores on purpose"
)]
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
#[non_exhaustive]
pub struct Handed {
    /// The job.
    pub job: StoredJob,
    /// The runs of the instance in their order. They run one after another and count as one
    /// instance.
    pub runs: Vec<OpenRun>,
}

impl Handed {
    /// Returns an instance that is handed out.
    #[must_use]
    pub fn new(job: StoredJob, runs: Vec<OpenRun>) -> Self {
        Self { job, runs }
    }
}

/// A request to cancel a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CancelRequest {
    /// The number of the run.
    pub run: RunId,
    /// The reason.
    pub reason: CancelReason,
    /// The time of the request.
    pub now: DateTime<Utc>,
}

impl CancelRequest {
    /// Returns a request.
    #[must_use]
    pub fn new(run: RunId, reason: CancelReason, now: DateTime<Utc>) -> Self {
        Self { run, reason, now }
    }
}

/// The answer to a request to cancel a run.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "every store has to know all of them, so a new one breaks stores on purpose"
)]
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
