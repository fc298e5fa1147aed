//! How the handling of one fire time goes, and how it ends.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{Count, JobId};

/// How a run ended. Every fire time of a job gets exactly one of these, alone or inside a recorded
/// [`FireRange`].
///
/// ```
/// use punctual_core::{MissReason, Outcome};
///
/// assert_eq!(Outcome::Missed(MissReason::Grace).to_string(), "missed (grace)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The job returned a value.
    Succeeded,
    /// The job returned an error.
    Failed,
    /// The job panicked; the message is kept.
    Panicked,
    /// The last attempt took longer than the job's timeout.
    TimedOut,
    /// The run was stopped before it ended.
    Cancelled(CancelReason),
    /// The run never started: its time was decided too late.
    Missed(MissReason),
    /// The run never started: there was no room for it.
    Skipped(SkipReason),
    /// The run never started: another run of the same backlog stands for it.
    Coalesced,
    /// The process that ran it died.
    Lost,
}

/// Who stopped a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// It was asked for by hand.
    User,
    /// The scheduler shut down and the run did not end in time.
    Shutdown,
    /// A newer run took its place (`Overlap::CancelRunning`).
    Replaced,
}

/// Why a fire time was decided too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissReason {
    /// The scheduler was busy or stalled for longer than the grace time.
    #[default]
    Grace,
    /// The job was paused.
    Paused,
    /// No living node knew the job's task, custom trigger or executor.
    Parked,
    /// No scheduler was running.
    Down,
    /// It had passed when the job was added.
    Past,
}

/// Why there was no room for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// All instances were busy.
    MaxInstances,
    /// All instances were busy and the queue was full.
    QueueFull,
    /// The executor was removed while the job was due.
    NoExecutor,
    /// The task of the job became unknown while a run waited for its turn.
    NoTask,
    /// An edit of the job, or its removal, passed over what was due.
    Edited,
    /// The clock had run ahead and was set back: the job goes on by the new time, and this fire time
    /// was the next one by the old.
    ClockSet,
    /// An older release of the program has taken the place of a newer one: the job is what the older
    /// one declares, and this fire time was the next one of what the newer one declared.
    RolledBack,
}

impl Outcome {
    /// Whether the job's code ran for this fire time.
    #[must_use]
    pub fn has_run(self) -> bool {
        !matches!(self, Self::Missed(_) | Self::Skipped(_) | Self::Coalesced)
    }

    /// Whether a further attempt may mend it, if the job's [`Retry`](crate::Retry) allows one.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Failed | Self::Panicked | Self::TimedOut)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed out",
            Self::Cancelled(CancelReason::User) => "cancelled (user)",
            Self::Cancelled(CancelReason::Shutdown) => "cancelled (shutdown)",
            Self::Cancelled(CancelReason::Replaced) => "cancelled (replaced)",
            Self::Missed(MissReason::Grace) => "missed (grace)",
            Self::Missed(MissReason::Paused) => "missed (paused)",
            Self::Missed(MissReason::Parked) => "missed (parked)",
            Self::Missed(MissReason::Down) => "missed (down)",
            Self::Missed(MissReason::Past) => "missed (past)",
            Self::Skipped(SkipReason::MaxInstances) => "skipped (max_instances)",
            Self::Skipped(SkipReason::QueueFull) => "skipped (queue_full)",
            Self::Skipped(SkipReason::NoExecutor) => "skipped (no_executor)",
            Self::Skipped(SkipReason::NoTask) => "skipped (no_task)",
            Self::Skipped(SkipReason::Edited) => "skipped (edited)",
            Self::Skipped(SkipReason::ClockSet) => "skipped (clock_set)",
            Self::Skipped(SkipReason::RolledBack) => "skipped (rolled_back)",
            Self::Coalesced => "coalesced",
            Self::Lost => "lost",
        })
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Waits for room: as many instances of its job are under way as may be.
    Queued,
    /// An attempt is under way.
    Running,
    /// An attempt failed; the next one waits for its backoff.
    Retrying,
    /// Over, for good.
    Ended(Outcome),
}

impl RunState {
    /// The outcome, once there is one.
    #[must_use]
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Ended(outcome) => Some(outcome),
            Self::Queued | Self::Running | Self::Retrying => None,
        }
    }
}

/// What a run answers for: a fire time of the schedule, or a call of `run_job`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A fire time of the job's trigger.
    #[default]
    Scheduled,
    /// Asked for by hand; it does not shift the schedule.
    Manual,
}

/// What makes a run unique: no two runs have the same key, on however many nodes.
///
/// An *incarnation* is one definition of a job's fire times. `add_job` begins one, and so does an edit
/// that lets the fire times begin anew. Runs of two incarnations never collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunKey {
    /// Which incarnation of its job the run belongs to.
    pub incarnation: u64,
    /// What it answers for.
    pub origin: Origin,
    /// The scheduled time, or the time of the request.
    pub fire_time: DateTime<Utc>,
}

/// The number of a run in its store.
///
/// A number is unique and never changes, also when another node goes on with the run. Among the runs
/// of one job numbers grow; those of two jobs say nothing about their order, because stores may give
/// numbers out in blocks. A resource that has to refuse a run that was overtaken compares fencing
/// tokens, which grow also when a run is taken over.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One run as the ledger keeps it. It outlives its job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Run {
    /// Its number in the store.
    pub id: RunId,
    /// When the store took it in.
    pub opened: DateTime<Utc>,
    /// The job it belongs to.
    pub job: JobId,
    /// What makes it unique.
    #[serde(flatten)]
    pub key: RunKey,
    /// Where it stands.
    pub state: RunState,
    /// When its first attempt started.
    pub started: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished: Option<DateTime<Utc>>,
    /// How many attempts were begun.
    pub attempts: u32,
    /// Which node ran it.
    pub node: Option<String>,
    /// What the job returned, if it returned something.
    pub result: Option<serde_json::Value>,
    /// The error or panic message of the last attempt.
    pub error: Option<String>,
    /// The fire times that the entry stands for, if it is not about one alone: a range that was
    /// missed, skipped or coalesced together.
    pub range: Option<FireRange>,
}

impl Run {
    /// A run that has not started.
    #[must_use]
    pub fn queued(id: RunId, job: JobId, key: RunKey) -> Self {
        Self {
            id,
            opened: key.fire_time,
            job,
            key,
            state: RunState::Queued,
            started: None,
            finished: None,
            attempts: 0,
            node: None,
            result: None,
            error: None,
            range: None,
        }
    }

    /// The scheduled time.
    #[must_use]
    pub fn fire_time(&self) -> DateTime<Utc> {
        self.key.fire_time
    }

    /// How long after its scheduled time it started, jitter included.
    #[must_use]
    pub fn lateness(&self) -> Option<TimeDelta> {
        self.started.map(|started| started - self.key.fire_time)
    }

    /// How long it took, all attempts and waits together.
    #[must_use]
    pub fn duration(&self) -> Option<TimeDelta> {
        Some(self.finished? - self.started?)
    }
}

/// A range of fire times that share one outcome: a year of missed seconds is one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FireRange {
    /// The oldest of them.
    pub first: DateTime<Utc>,
    /// The newest of them.
    pub last: DateTime<Utc>,
    /// How many there are.
    pub count: Count,
}

impl FireRange {
    /// A range of one.
    #[must_use]
    pub fn single(fire_time: DateTime<Utc>) -> Self {
        Self {
            first: fire_time,
            last: fire_time,
            count: Count::Exact(1),
        }
    }
}
