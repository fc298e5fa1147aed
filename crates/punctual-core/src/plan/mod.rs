//! What to do about a job, now: the one place where it is decided.
//!
//! [`plan`] is told how a job stands and what time it is, and answers with values: run these fire
//! times, record those as missed, coalesced or skipped, and the next one is then. It looks nothing
//! up and changes nothing; the scheduler obeys, and a store can repeat the decision inside a
//! transaction. Backlogs are never written out: what does not run comes back as ranges.
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

/// How a job stands, as far as planning needs to know.
#[derive(Debug, Clone, Copy)]
pub struct JobView<'a> {
    /// The job's id: the seed of its jitter.
    pub id: &'a JobId,
    /// Its trigger, as stored.
    pub trigger: &'a Trigger,
    /// What the job row keeps for a trigger without a start of its own; see
    /// [`Trigger::anchored`].
    pub anchor: Option<DateTime<Utc>>,
    /// Its policies.
    pub policies: &'a Policies,
    /// The nominal fire time that comes next, if there is one.
    pub next_fire: Option<DateTime<Utc>>,
    /// How many of its instances are under way.
    pub running: u32,
    /// How many of its instances wait for room.
    pub queued: u32,
    /// Whether the job is paused: then nothing is decided.
    pub paused: bool,
    /// Why nobody looked at the job until now, if it was not just lateness: the reason that is
    /// recorded for fire times beyond the grace time.
    pub absence: MissReason,
}

/// What is to be done about a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Start these fire times now, one after another, as one instance.
    pub start: Vec<DateTime<Utc>>,
    /// Let these wait for room, as one instance.
    pub queue: Vec<DateTime<Utc>>,
    /// These came too late.
    pub missed: Option<(FireRange, MissReason)>,
    /// These are stood for by a run of the same backlog.
    pub coalesced: Option<FireRange>,
    /// There was no room for these.
    pub skipped: Option<(FireRange, SkipReason)>,
    /// The second of the fire times that are due, if there are several: the schedule goes on there
    /// if only the oldest was decided before.
    pub after_oldest: Option<DateTime<Utc>>,
    /// What comes next.
    pub next: Next,
}

/// When a job is due again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// At `start`; `fire_time` is the nominal time, earlier than `start` by the jitter.
    At {
        /// The fire time that the trigger names.
        fire_time: DateTime<Utc>,
        /// When its run starts.
        start: DateTime<Utc>,
    },
    /// Never: the trigger has no further fire time. The job ends with its last run.
    Finished,
    /// Not before somebody edits or binds it. Never taken for finished. Of a custom trigger that
    /// is not bound nothing was decided: the job keeps its next fire time and is parked.
    Unknown(Undecided),
    /// The job is paused.
    Paused,
}

impl Next {
    /// The nominal fire time, if one is known.
    #[must_use]
    pub fn fire_time(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::At { fire_time, .. } => Some(*fire_time),
            Self::Finished | Self::Unknown(_) | Self::Paused => None,
        }
    }

    /// When the scheduler has to look at the job again.
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

    /// What it decides without a run: ranges of fire times and what became of each.
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

    /// The fire times that run, now or as soon as there is room.
    pub fn fire_times(&self) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        self.start.iter().chain(&self.queue).copied()
    }

    /// Whether there is nothing to do but to wait for [`Plan::next`].
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.start.is_empty()
            && self.queue.is_empty()
            && self.missed.is_none()
            && self.coalesced.is_none()
            && self.skipped.is_none()
    }
}

/// Decides everything about a job that is due: misses, coalescing, admission and what comes next.
///
/// The order is fixed: the backlog is what the trigger names from `next_fire` up to `now`; the
/// grace time takes its share first, then coalescing, then admission.
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
