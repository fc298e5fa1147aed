//! All decisions about a job that is due.
//!
//! [`plan`] is given the state of a job and the time, and answers with values. They name the fire
//! times to run now, those to record as missed, coalesced or skipped, and the time at which the job
//! is due next. The function looks nothing up and changes nothing. The scheduler carries the
//! decision out, and a store can repeat it inside a transaction. Backlogs are never written out,
//! because fire times that do not run come back as ranges.
//!
//! ```text
//!                     grace                      now
//!        older      ..................................|
//!   |    |    |    |    |    |    |    |    |    |    |    |
//!   '--- missed --------'    '-- coalesced --'   run       next
//! ```

mod absence;
mod backlog;
mod first;
mod grace;
mod manual;
mod next_start;
mod overlap;
mod passed_over;
mod past;
mod resume;
mod set_back;

pub use absence::Absence;
pub use first::{FirstFire, first_fire};
pub use grace::{latest_start, overdue};
pub use manual::manual;
pub use next_start::next_start;
pub use passed_over::passed_over;
pub use past::{first_ahead, passed};
pub use resume::{Resume, Resumed, resume};
pub use set_back::{SetBack, set_back};

use chrono::{DateTime, Utc};

use crate::instant;
use crate::{FireRange, JobId, MissReason, Outcome, Policies, SkipReason, Trigger, Undecided};

/// The state of a job, as far as planning needs it.
#[derive(Debug, Clone, Copy)]
pub struct JobView<'a> {
    /// The job's id, which is the seed of its jitter.
    pub id: &'a JobId,
    /// The job's trigger, as stored.
    pub trigger: &'a Trigger,
    /// The instant from which a trigger without a start counts, as the job row keeps it. See
    /// [`Trigger::anchored`].
    pub anchor: Option<DateTime<Utc>>,
    /// The job's policies.
    pub policies: &'a Policies,
    /// The nominal fire time that comes next, if there is one.
    pub next_fire: Option<DateTime<Utc>>,
    /// The number of the job's instances that are under way.
    pub running: u32,
    /// The number of the job's instances that wait for room.
    pub queued: u32,
    /// `true` if the job is paused. Nothing is decided about a paused job.
    pub paused: bool,
    /// The reason why no node looked at the job until now, if it was more than lateness. It is
    /// recorded for fire times beyond the grace time.
    pub absence: MissReason,
}

/// The decision about a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The fire times to start now, one after another, as one instance.
    pub start: Vec<DateTime<Utc>>,
    /// The fire times that wait for room, as one instance.
    pub queue: Vec<DateTime<Utc>>,
    /// The fire times that are too late.
    pub missed: Option<(FireRange, MissReason)>,
    /// The fire times that are coalesced into a run of the same backlog.
    pub coalesced: Option<FireRange>,
    /// The fire times for which there is no room.
    pub skipped: Option<(FireRange, SkipReason)>,
    /// The second of the due fire times, if there are several. The schedule continues there if only
    /// the oldest one was decided before.
    pub after_oldest: Option<DateTime<Utc>>,
    /// The time at which the job is due next.
    pub next: Next,
}

/// The time at which a job is due again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The job is due at `start`. `fire_time` is the nominal time, earlier than `start` by the
    /// jitter.
    At {
        /// The fire time that the trigger names.
        fire_time: DateTime<Utc>,
        /// The time at which the run starts.
        start: DateTime<Utc>,
    },
    /// The trigger has no further fire time. The job ends with its last run.
    Finished,
    /// The trigger cannot decide until a caller edits or binds it. The job is not finished. If a
    /// custom trigger is not bound, nothing was decided. The job keeps its next fire time and is
    /// parked.
    Unknown(Undecided),
    /// The job is paused.
    Paused,
}

impl Next {
    /// Returns the nominal fire time, if one is known.
    #[must_use]
    pub fn fire_time(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::At { fire_time, .. } => Some(*fire_time),
            Self::Finished | Self::Unknown(_) | Self::Paused => None,
        }
    }

    /// Returns the time at which the scheduler has to look at the job again.
    #[must_use]
    pub fn start(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::At { start, .. } => Some(*start),
            Self::Finished | Self::Unknown(_) | Self::Paused => None,
        }
    }
}

impl Plan {
    fn nothing(next: Next) -> Self {
        Self {
            start: Vec::new(),
            queue: Vec::new(),
            missed: None,
            coalesced: None,
            skipped: None,
            after_oldest: None,
            next,
        }
    }

    /// Returns the ranges of fire times that the plan decides without a run, each with its outcome.
    pub fn ranges(&self) -> impl Iterator<Item = (FireRange, Outcome)> + use<> {
        let missed = self
            .missed
            .map(|(range, reason)| (range, Outcome::Missed(reason)));
        let coalesced = self.coalesced.map(|range| (range, Outcome::Coalesced));
        let skipped = self
            .skipped
            .map(|(range, reason)| (range, Outcome::Skipped(reason)));
        [missed, coalesced, skipped].into_iter().flatten()
    }

    /// Returns the fire times that run, now or as soon as there is room.
    pub fn fire_times(&self) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        self.start.iter().chain(&self.queue).copied()
    }

    /// Returns whether the only thing left to do is to wait for [`Plan::next`].
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.start.is_empty()
            && self.queue.is_empty()
            && self.missed.is_none()
            && self.coalesced.is_none()
            && self.skipped.is_none()
    }
}

/// Decides everything about a job that is due.
///
/// The order is fixed. The backlog consists of the fire times from `next_fire` through `now`. The
/// grace time is applied first, then coalescing, then admission.
///
/// ```
/// use punctual_core::{Interval, JobId, MissReason, Policies, plan::{JobView, plan}};
/// use std::time::Duration;
///
/// let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
/// let trigger = Interval::every(Duration::from_secs(60)).start(at("2026-03-01T10:00:00Z")).build()?;
/// let view = JobView {
///     id: &JobId::new("poll")?,
///     trigger: &trigger,
///     anchor: None,
///     policies: &Policies::default(),
///     next_fire: Some(at("2026-03-01T10:05:00Z")),
///     running: 0,
///     queued: 0,
///     paused: false,
///     absence: MissReason::Grace,
/// };
/// let plan = plan(&view, at("2026-03-01T10:07:30Z"));
/// assert_eq!(plan.start, [at("2026-03-01T10:07:00Z")]);
/// assert_eq!(plan.coalesced.unwrap().first, at("2026-03-01T10:05:00Z"));
/// assert_eq!(plan.next.fire_time(), Some(at("2026-03-01T10:08:00Z")));
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[must_use]
pub fn plan(job: &JobView<'_>, now: DateTime<Utc>) -> Plan {
    if job.paused {
        return Plan::nothing(Next::Paused);
    }
    let now = instant::floor(now);
    if let Some(name) = job.trigger.unbound_name() {
        return Plan::nothing(Next::Unknown(Undecided::Unbound(name.to_owned())));
    }
    let Some(oldest) = job.next_fire else {
        let trigger = job.anchor.map(|anchor| job.trigger.anchored(anchor));
        let trigger = trigger.as_ref().unwrap_or(job.trigger);
        return Plan::nothing(backlog::next_after(job, trigger, now));
    };
    let trigger = &*backlog::anchored(job, oldest);
    let Some(due) = backlog::of(job, trigger, oldest, now) else {
        return Plan::nothing(backlog::waiting(job, trigger, oldest));
    };
    let mut plan = Plan {
        after_oldest: due.after_oldest,
        ..Plan::nothing(due.next)
    };
    if let Some(in_grace) = due.backlog.without_missed(job, trigger, now, &mut plan) {
        let runs = in_grace.coalesced(job.policies.coalesce, trigger, &mut plan);
        overlap::admit(job, runs, &mut plan);
    }
    plan
}

#[cfg(test)]
mod tests;
