//! The one transaction that moves schedules on: end marks first, then claims.

use chrono::{DateTime, Utc};
use punctual_core::plan::Plan;
use punctual_core::{JobId, Origin, Outcome, RunId};

use crate::{Lease, StoredJob};

/// What a node wants to change, all or nothing.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// Who asks. An old epoch is refused as fenced.
    pub lease: Lease,
    /// The time by which it decided.
    pub now: DateTime<Utc>,
    /// Runs that ended; they are applied before the claims, so that a claim finds their instances
    /// free.
    pub ends: Vec<RunEnd>,
    /// What it wants to open.
    pub claims: Vec<Claim>,
    /// Whether it was sent before and nobody knows what became of it: then a run by hand may be
    /// there already. A store that keeps the keys of all runs unique need not look at this.
    pub is_repeated: bool,
}

/// One job that is to move on.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The job.
    pub id: JobId,
    /// Its incarnation as it was read.
    pub incarnation: u64,
    /// What is asked for.
    pub kind: ClaimKind,
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
    /// Queued runs of this node, which together are one instance, start. Won only if they are
    /// its own and still queued, and an instance is free.
    Promote {
        /// The first of them; their numbers follow each other.
        first: RunId,
        /// How many they are.
        count: u32,
    },
}

impl ClaimKind {
    /// What the runs answer for.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self {
            Self::Advance { .. } | Self::Promote { .. } => Origin::Scheduled,
            Self::Manual { .. } => Origin::Manual,
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct RunEnd {
    /// Which one. One that is not open (any more) is ignored: its end was recorded.
    pub run: RunId,
    /// How it ended.
    pub outcome: Outcome,
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

/// What became of a claim request.
#[derive(Debug, Clone, Default)]
pub struct ClaimReply {
    /// An answer for each claim, in their order.
    pub answers: Vec<ClaimAnswer>,
    /// Jobs that left the store because their last run ended.
    pub removed: Vec<StoredJob>,
}

/// What became of a claim.
#[derive(Debug, Clone)]
pub enum ClaimAnswer {
    /// It is yours: start and queue what the plan says.
    Won(Won),
    /// The row has moved on: here it is, or nothing if the job is gone.
    Lost(Option<StoredJob>),
    /// All instances are busy, on all nodes together: plan again with this state.
    AtLimit(StoredJob),
}

/// What a won claim gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Won {
    /// The row's revision now.
    pub revision: u64,
    /// The number of the first run that was opened; the others follow it, those that start before
    /// those that wait.
    pub first: RunId,
    /// How many instances are under way now.
    pub running: u32,
    /// How many runs wait now.
    pub queued: u32,
}
