//! The events of a scheduler, as listeners see them.

use std::ops::BitOr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{FireRange, JobId, MissReason, Outcome, RunId, SkipReason};
use punctual_store::{EndText, RunEnd};

use crate::time::clock::instant;

/// An event and its time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// The time of the event.
    pub at: DateTime<Utc>,
    /// The kind of the event.
    pub kind: EventKind,
}

/// The kind of an event. The kinds are the events of `APScheduler`, and some that it lacks.
///
/// The events of one job come in the order in which they happened. `JobAdded` comes first, then
/// `JobSubmitted`, then `JobExecuted`, then `JobRemoved`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// The scheduler runs.
    SchedulerStarted,
    /// The scheduler has stopped.
    SchedulerShutdown,
    /// This node starts no new runs.
    SchedulerPaused,
    /// This node starts runs again.
    SchedulerResumed,
    /// An executor was added.
    ExecutorAdded(Arc<str>),
    /// An executor was removed.
    ExecutorRemoved(Arc<str>),
    /// A store was added.
    StoreAdded(Arc<str>),
    /// A store was removed.
    StoreRemoved(Arc<str>),
    /// All jobs were removed, of one store or of all.
    AllJobsRemoved(Option<Arc<str>>),
    /// A job was added, or replaced by an `add_job`.
    JobAdded(JobRef),
    /// A job was removed, or left with its last run.
    JobRemoved(JobRef),
    /// A job was changed, paused or resumed.
    JobModified(JobRef),
    /// A run succeeded.
    JobExecuted(RunEvent),
    /// A run failed, panicked, took too long or was cancelled.
    JobError(RunEvent),
    /// Fire times came too late.
    #[non_exhaustive]
    JobMissed {
        /// The job.
        job: JobRef,
        /// The fire times.
        range: FireRange,
        /// The reason.
        reason: MissReason,
    },
    /// Runs were handed to the executor.
    #[non_exhaustive]
    JobSubmitted {
        /// The job.
        job: JobRef,
        /// The first run. The others follow it.
        run: RunId,
        /// Their fire times.
        fire_times: Vec<DateTime<Utc>>,
    },
    /// Fire times have no run, since there was no room for one, or nothing to run it.
    #[non_exhaustive]
    JobSkipped {
        /// The job.
        job: JobRef,
        /// The fire times.
        range: FireRange,
        /// The reason.
        reason: SkipReason,
    },
    /// A stored job was declared by code that is gone, since `#[scheduled_job]` was removed or its
    /// id was changed. The job stays until it is removed.
    JobVanished(JobRef),
    /// The clock of this machine differs from that of a store's server by more than a second, or does so
    /// no more. Jobs go by the server's clock. Only stores on servers tell the time.
    #[non_exhaustive]
    ClockDiffers {
        /// The alias of the store.
        store: Arc<str>,
        /// The time by which the server's clock is ahead, or, if it is negative, behind.
        ahead: TimeDelta,
    },
}

/// The job of an event, and its store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobRef {
    /// The id of the job.
    pub id: JobId,
    /// The alias of its store.
    pub store: Arc<str>,
}

/// A run that ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunEvent {
    /// The job.
    pub job: JobRef,
    /// The run.
    pub run: RunId,
    /// The fire time that it answers for.
    pub fire_time: DateTime<Utc>,
    /// The outcome of the run.
    pub outcome: Outcome,
    /// The time at which its first attempt began.
    pub started: Option<DateTime<Utc>>,
    /// The duration of the run, all attempts together. It is zero if a clock was set back in
    /// between.
    pub duration: Option<Duration>,
    /// The number of attempts that were begun.
    pub attempts: u32,
    /// The result as JSON text.
    pub result: Option<Box<str>>,
    /// The error or panic message.
    pub error: Option<Box<str>>,
}

/// A set of kinds of events.
///
/// ```
/// use punctual_tokio::EventMask;
///
/// let failures = EventMask::JOB_ERROR | EventMask::JOB_MISSED;
/// assert!(failures.contains(EventMask::JOB_MISSED));
/// assert!(!failures.contains(EventMask::JOB_EXECUTED));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventMask(u32);

impl EventKind {
    /// Returns the job that the event is about. Events about a scheduler, a store or an executor
    /// name none.
    #[must_use]
    pub fn job(&self) -> Option<&JobRef> {
        match self {
            Self::JobAdded(job)
            | Self::JobRemoved(job)
            | Self::JobModified(job)
            | Self::JobVanished(job)
            | Self::JobMissed { job, .. }
            | Self::JobSubmitted { job, .. }
            | Self::JobSkipped { job, .. } => Some(job),
            Self::JobExecuted(run) | Self::JobError(run) => Some(&run.job),
            Self::SchedulerStarted
            | Self::SchedulerShutdown
            | Self::SchedulerPaused
            | Self::SchedulerResumed
            | Self::ExecutorAdded(_)
            | Self::ExecutorRemoved(_)
            | Self::StoreAdded(_)
            | Self::StoreRemoved(_)
            | Self::AllJobsRemoved(_)
            | Self::ClockDiffers { .. } => None,
        }
    }

    /// Returns the event for the end of a run.
    pub(crate) fn ended(job: JobRef, fire_time: DateTime<Utc>, end: RunEnd) -> Self {
        let (result, error) = match end.text {
            Some(EndText::Result(json)) => (Some(json), None),
            Some(EndText::Error(text)) => (None, Some(text)),
            None => (None, None),
        };
        let took = |started: i64| {
            let micros = end.finished.saturating_sub(started);
            Duration::from_micros(u64::try_from(micros).unwrap_or(0))
        };
        let event = RunEvent {
            job,
            run: end.run,
            fire_time,
            outcome: end.outcome,
            started: end.started.map(instant),
            duration: end.started.map(took),
            attempts: end.attempts,
            result,
            error,
        };
        match end.outcome {
            Outcome::Succeeded => Self::JobExecuted(event),
            _ => Self::JobError(event),
        }
    }
}

macro_rules! masks {
    ($($(#[$doc:meta])* $name:ident = $bit:expr => $kind:pat,)*) => {
        impl EventMask {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*
        }

        impl EventKind {
            /// Returns the kind as a set of one.
            #[must_use]
            pub fn mask(&self) -> EventMask {
                match self {
                    $($kind => EventMask::$name,)*
                }
            }
        }
    };
}

// The bits are those of APScheduler's constants.
masks! {
    /// [`EventKind::SchedulerStarted`].
    SCHEDULER_STARTED = 0 => EventKind::SchedulerStarted,
    /// [`EventKind::SchedulerShutdown`].
    SCHEDULER_SHUTDOWN = 1 => EventKind::SchedulerShutdown,
    /// [`EventKind::SchedulerPaused`].
    SCHEDULER_PAUSED = 2 => EventKind::SchedulerPaused,
    /// [`EventKind::SchedulerResumed`].
    SCHEDULER_RESUMED = 3 => EventKind::SchedulerResumed,
    /// [`EventKind::ExecutorAdded`].
    EXECUTOR_ADDED = 4 => EventKind::ExecutorAdded(_),
    /// [`EventKind::ExecutorRemoved`].
    EXECUTOR_REMOVED = 5 => EventKind::ExecutorRemoved(_),
    /// [`EventKind::StoreAdded`].
    STORE_ADDED = 6 => EventKind::StoreAdded(_),
    /// [`EventKind::StoreRemoved`].
    STORE_REMOVED = 7 => EventKind::StoreRemoved(_),
    /// [`EventKind::AllJobsRemoved`].
    ALL_JOBS_REMOVED = 8 => EventKind::AllJobsRemoved(_),
    /// [`EventKind::JobAdded`].
    JOB_ADDED = 9 => EventKind::JobAdded(_),
    /// [`EventKind::JobRemoved`].
    JOB_REMOVED = 10 => EventKind::JobRemoved(_),
    /// [`EventKind::JobModified`].
    JOB_MODIFIED = 11 => EventKind::JobModified(_),
    /// [`EventKind::JobExecuted`].
    JOB_EXECUTED = 12 => EventKind::JobExecuted(_),
    /// [`EventKind::JobError`].
    JOB_ERROR = 13 => EventKind::JobError(_),
    /// [`EventKind::JobMissed`].
    JOB_MISSED = 14 => EventKind::JobMissed { .. },
    /// [`EventKind::JobSubmitted`].
    JOB_SUBMITTED = 15 => EventKind::JobSubmitted { .. },
    /// [`EventKind::JobSkipped`].
    JOB_SKIPPED = 16 => EventKind::JobSkipped { .. },
    /// [`EventKind::JobVanished`], which `APScheduler` does not have.
    JOB_VANISHED = 17 => EventKind::JobVanished(_),
    /// [`EventKind::ClockDiffers`], which `APScheduler` does not have.
    CLOCK_DIFFERS = 18 => EventKind::ClockDiffers { .. },
}

impl EventMask {
    /// All kinds.
    pub const ALL: Self = Self((1 << 19) - 1);

    /// Returns `true` if this set holds all kinds of another.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for EventMask {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
