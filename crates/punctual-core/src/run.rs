//! The handling of one fire time, and its outcome.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Count, Error, ErrorKind, JobId};

/// The outcome of a run. Every fire time of a job gets exactly one outcome, alone or inside a
/// recorded [`FireRange`].
///
/// ```
/// use punctual_core::{MissReason, Outcome};
///
/// assert_eq!(Outcome::Missed(MissReason::Grace).to_string(), "missed (grace)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The task returned a value.
    Succeeded,
    /// The task returned an error.
    Failed,
    /// The task panicked. The run keeps the message.
    Panicked,
    /// The last attempt took longer than the job's timeout.
    TimedOut,
    /// The run was stopped before it ended.
    Cancelled(CancelReason),
    /// The run never started, because its fire time was decided too late.
    Missed(MissReason),
    /// The run never started, because there was no room for it.
    Skipped(SkipReason),
    /// The run never started, because another run of the same backlog stands for it.
    Coalesced,
    /// The process that executed the run died.
    Lost,
}

/// The reason why a run was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CancelReason {
    /// A caller asked for it.
    User,
    /// The scheduler shut down and the run did not end in time.
    Shutdown,
    /// A newer run took its place (`Overlap::CancelRunning`).
    Replaced,
}

/// The reason why a fire time was decided too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
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
    /// The fire time had passed when the job was added.
    Past,
}

/// The reason why there was no room for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SkipReason {
    /// All instances were busy.
    MaxInstances,
    /// All instances were busy and the queue was full.
    QueueFull,
    /// The executor was removed while the job was due.
    NoExecutor,
    /// The task of the job became unknown while a run waited for its turn.
    NoTask,
    /// An edit or the removal of the job passed over the due fire time.
    Edited,
    /// The clock had run ahead and was set back. The job continues by the new time, and this fire
    /// time was its next one by the old time.
    ClockSet,
    /// An older release of the program replaced a newer one. The job is now what the older release
    /// declares, and this fire time was the next one that the newer release declared.
    RolledBack,
}

impl CancelReason {
    /// Returns the word that JSON has for the reason.
    #[doc(hidden)]
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Shutdown => "shutdown",
            Self::Replaced => "replaced",
        }
    }
}

impl MissReason {
    /// Returns the word that JSON has for the reason.
    #[doc(hidden)]
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Grace => "grace",
            Self::Paused => "paused",
            Self::Parked => "parked",
            Self::Down => "down",
            Self::Past => "past",
        }
    }
}

impl SkipReason {
    /// Returns the word that JSON has for the reason.
    #[doc(hidden)]
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::MaxInstances => "max_instances",
            Self::QueueFull => "queue_full",
            Self::NoExecutor => "no_executor",
            Self::NoTask => "no_task",
            Self::Edited => "edited",
            Self::ClockSet => "clock_set",
            Self::RolledBack => "rolled_back",
        }
    }
}

impl Outcome {
    /// Returns the words that JSON has for the outcome and for its reason.
    #[doc(hidden)]
    #[must_use]
    pub const fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Succeeded => ("succeeded", None),
            Self::Failed => ("failed", None),
            Self::Panicked => ("panicked", None),
            Self::TimedOut => ("timed_out", None),
            Self::Cancelled(reason) => ("cancelled", Some(reason.word())),
            Self::Missed(reason) => ("missed", Some(reason.word())),
            Self::Skipped(reason) => ("skipped", Some(reason.word())),
            Self::Coalesced => ("coalesced", None),
            Self::Lost => ("lost", None),
        }
    }

    /// Returns whether the job's code ran for this fire time.
    #[must_use]
    pub fn has_run(self) -> bool {
        !matches!(self, Self::Missed(_) | Self::Skipped(_) | Self::Coalesced)
    }

    /// Returns whether another attempt may follow, if the job's [`Retry`](crate::Retry) allows one.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Failed | Self::Panicked | Self::TimedOut)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.words() {
            (word, Some(reason)) => write!(f, "{word} ({reason})"),
            _ if *self == Self::TimedOut => f.write_str("timed out"),
            (word, None) => f.write_str(word),
        }
    }
}

/// The state of a run.
///
/// ```
/// use punctual_core::{Outcome, RunState};
///
/// assert_eq!(RunState::Retrying.to_string(), "retrying");
/// assert_eq!(RunState::Ended(Outcome::TimedOut).to_string(), "timed out");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunState {
    /// The run waits for room, because `max_instances` instances of its job are under way.
    Queued,
    /// An attempt is under way.
    Running,
    /// An attempt failed, and the next one waits for its backoff.
    Retrying,
    /// The run has ended for good.
    Ended(Outcome),
}

impl RunState {
    /// The outcome, if the run has ended.
    #[must_use]
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Ended(outcome) => Some(outcome),
            Self::Queued | Self::Running | Self::Retrying => None,
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queued => f.write_str("queued"),
            Self::Running => f.write_str("running"),
            Self::Retrying => f.write_str("retrying"),
            Self::Ended(outcome) => outcome.fmt(f),
        }
    }
}

/// The origin of a run, which is either a fire time of the schedule or a call of `run_job`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "a run is asked for by the schedule or by a caller"
)]
pub enum Origin {
    /// A fire time of the job's trigger.
    #[default]
    Scheduled,
    /// A call of `run_job`, which does not shift the schedule.
    Manual,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheduled => "scheduled",
            Self::Manual => "manual",
        })
    }
}

/// The key of a run. No two runs of a job have the same key, on any number of nodes.
///
/// An *incarnation* is one definition of a job's fire times. `add_job` begins one, and so does an
/// edit that lets the fire times begin anew. Runs of two incarnations never collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "these three name a run, and stores keep them"
)]
pub struct RunKey {
    /// The incarnation of the job that the run belongs to.
    pub incarnation: u64,
    /// The origin of the run.
    pub origin: Origin,
    /// The scheduled time, or the time of the request.
    pub fire_time: DateTime<Utc>,
}

/// The number of a run in its store.
///
/// A number is unique and never changes, even if another node continues the run. The runs of one
/// job have growing numbers. The numbers of two jobs say nothing about their order, because stores
/// may give numbers out in blocks. A resource that has to refuse a run that was overtaken compares
/// fencing tokens, which also grow when a run is taken over.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
#[expect(clippy::exhaustive_structs, reason = "an id is its number")]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One run as the ledger keeps it. A run outlives its job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Run {
    /// The number of the run in its store.
    pub id: RunId,
    /// The alias of the store. The scheduler fills it in, since a store does not know its own
    /// alias.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_alias",
        deserialize_with = "read_alias"
    )]
    pub store: Option<Arc<str>>,
    /// The time at which the store accepted the run.
    pub opened: DateTime<Utc>,
    /// The job that the run belongs to.
    pub job: JobId,
    /// The key of the run.
    #[serde(flatten)]
    pub key: RunKey,
    /// The state of the run.
    pub state: RunState,
    /// The time at which the first attempt started. A store learns of it with the end of the attempt.
    /// The scheduler that executes the run fills it in before. It stays unknown if the process died in
    /// the first attempt.
    pub started: Option<DateTime<Utc>>,
    /// The time at which the run ended.
    pub finished: Option<DateTime<Utc>>,
    /// The number of attempts that were begun. A store learns of an attempt with its end. The
    /// scheduler that executes the run counts the one under way too. A lost run lacks the attempt in
    /// which the process died.
    pub attempts: u32,
    /// The name of the node that executed the run.
    pub node: Option<String>,
    /// The value that the task returned, if it returned one.
    pub result: Option<serde_json::Value>,
    /// The error or panic message of the last attempt. A lost run names the node that died.
    pub error: Option<String>,
    /// The arguments of a run by hand, if the caller gave it other arguments than its job has.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "read_some"
    )]
    pub args: Option<serde_json::Value>,
    /// The fire times that the entry stands for, if there are several. Such an entry is a range
    /// that was missed, skipped or coalesced together.
    pub range: Option<FireRange>,
}

impl Run {
    /// Creates a run that has not started.
    #[must_use]
    pub fn queued(id: RunId, job: JobId, key: RunKey) -> Self {
        Self {
            id,
            store: None,
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
            args: None,
            range: None,
        }
    }

    /// Returns the outcome, if the run has ended.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.state.outcome()
    }

    /// Returns true if the run waits or is under way.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.outcome().is_none()
    }

    /// Returns the fire time, which is the time of the request if the run was asked for. Of a
    /// range, it is the first one.
    #[must_use]
    pub fn fire_time(&self) -> DateTime<Utc> {
        self.key.fire_time
    }

    /// Returns the origin, which is the schedule or a request.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.key.origin
    }

    /// Returns all fire times that the entry stands for. Most entries stand for one.
    #[must_use]
    pub fn fire_times(&self) -> FireRange {
        self.range
            .unwrap_or_else(|| FireRange::single(self.key.fire_time))
    }

    /// Returns true if the caller who asked for the run gave it other arguments than its job has.
    /// They are in [`args`](#structfield.args).
    ///
    /// ```
    /// # use punctual_core::{Error, JobId, Run, RunId, RunKey, Origin};
    /// # let key = RunKey { incarnation: 1, origin: Origin::Manual, fire_time: Default::default() };
    /// # let mut run = Run::queued(RunId(1), JobId::new("report")?, key);
    /// assert!(!run.has_own_args());
    /// run.args = Some(serde_json::json!(["2026-11"]));
    /// assert!(run.has_own_args());
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn has_own_args(&self) -> bool {
        self.args.is_some()
    }

    /// Reads the value that the task returned. Returns `None` if there is no value.
    ///
    /// ```
    /// # use punctual_core::{Error, JobId, Run, RunId, RunKey, Origin};
    /// # let key = RunKey { incarnation: 1, origin: Origin::Manual, fire_time: Default::default() };
    /// # let mut run = Run::queued(RunId(1), JobId::new("count")?, key);
    /// # run.result = Some(3.into());
    /// assert_eq!(run.result_as::<u32>()?, Some(3));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the value is not a `T`.
    pub fn result_as<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        let Some(value) = &self.result else {
            return Ok(None);
        };
        T::deserialize(value).map(Some).map_err(|error| {
            let message = format!(
                "result: run {} of `{}` did not return a `{}`",
                self.id,
                self.job,
                std::any::type_name::<T>()
            );
            Error::of(ErrorKind::Invalid, message).because(error)
        })
    }

    /// Returns the time between the fire time and the start, jitter included. It is zero if a clock
    /// was set back in between.
    #[must_use]
    pub fn lateness(&self) -> Option<Duration> {
        self.started
            .map(|started| length(started - self.key.fire_time))
    }

    /// Returns the time from the first start to the end, all attempts and waits included. It is
    /// zero if a clock was set back in between.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        Some(length(self.finished? - self.started?))
    }
}

/// Returns a length of time that is not negative.
fn length(delta: TimeDelta) -> Duration {
    delta.to_std().unwrap_or_default()
}

fn write_alias<S: Serializer>(alias: &Option<Arc<str>>, writer: S) -> Result<S::Ok, S::Error> {
    alias.as_deref().serialize(writer)
}

/// Reads a value that is there, even if it is `null`.
fn read_some<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(reader).map(Some)
}

fn read_alias<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Arc<str>>, D::Error> {
    Ok(Option::<String>::deserialize(reader)?.map(Arc::from))
}

/// A range of fire times that share one outcome. For example, a year of missed seconds is one
/// range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a range has two ends and a count"
)]
pub struct FireRange {
    /// The oldest fire time of the range.
    pub first: DateTime<Utc>,
    /// The newest fire time of the range.
    pub last: DateTime<Utc>,
    /// The number of fire times in the range.
    pub count: Count,
}

impl FireRange {
    /// Creates a range of one fire time.
    #[must_use]
    pub fn single(fire_time: DateTime<Utc>) -> Self {
        Self {
            first: fire_time,
            last: fire_time,
            count: Count::Exact(1),
        }
    }
}
