//! The fire times that are due together, reduced by grace time and coalescing.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};

use super::grace::in_grace_from;
use super::{JobView, Next, Plan};
use crate::limits::MAX_CATCH_UP;
use crate::{Coalesce, Count, FireRange, Trigger};

const TICK: TimeDelta = TimeDelta::microseconds(1);

/// The fire times of a trigger from `oldest` through `newest`. `oldest` need not be a member of the
/// trigger, because it may be a `next_run_time` that a caller gave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backlog {
    oldest: DateTime<Utc>,
    newest: DateTime<Utc>,
}

/// The backlog that is due, and where the schedule continues after it.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) backlog: Backlog,
    /// The fire time after the oldest, if it is due too.
    pub(super) after_oldest: Option<DateTime<Utc>>,
    pub(super) next: Next,
}

/// Returns the job's trigger, with a missing start filled in from the job row.
pub(super) fn anchored<'a>(job: &JobView<'a>, oldest: DateTime<Utc>) -> Cow<'a, Trigger> {
    if job.trigger.is_anchored() {
        Cow::Borrowed(job.trigger)
    } else {
        Cow::Owned(job.trigger.anchored(job.anchor.unwrap_or(oldest)))
    }
}

/// Returns what is due now and what comes after it. Returns `None` if nothing is due yet.
pub(super) fn of(
    job: &JobView<'_>,
    trigger: &Trigger,
    oldest: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<Due> {
    if start_of(job, trigger, oldest) > now {
        return None;
    }
    let after_oldest = next_after(job, trigger, oldest);
    let mut newest = oldest;
    if after_oldest.start().is_some_and(|start| start <= now) {
        newest = newest_through(trigger, now, oldest);
        if start_of(job, trigger, newest) > now {
            newest = newest_through(trigger, newest - TICK, oldest);
        }
    }
    let backlog = Backlog { oldest, newest };
    Some(if newest == oldest {
        Due {
            backlog,
            after_oldest: None,
            next: after_oldest,
        }
    } else {
        Due {
            backlog,
            after_oldest: after_oldest.fire_time(),
            next: next_after(job, trigger, newest),
        }
    })
}

/// Returns the answer for a job that is not due yet.
pub(super) fn waiting(job: &JobView<'_>, trigger: &Trigger, fire_time: DateTime<Utc>) -> Next {
    Next::At {
        fire_time,
        start: start_of(job, trigger, fire_time),
    }
}

pub(super) fn next_after(job: &JobView<'_>, trigger: &Trigger, fire_time: DateTime<Utc>) -> Next {
    match trigger.try_after(fire_time) {
        Ok(Some(fire_time)) => waiting(job, trigger, fire_time),
        Ok(None) => Next::Finished,
        Err(undecided) => Next::Unknown(undecided),
    }
}

/// Returns when the run of a fire time starts, for callers that have no anchored trigger.
pub(super) fn start(job: &JobView<'_>, fire_time: DateTime<Utc>) -> DateTime<Utc> {
    // Most jobs have no jitter. Their triggers need not be anchored, which would copy them.
    if job.policies.jitter.longest().is_none() {
        return fire_time;
    }
    start_of(job, &anchored(job, fire_time), fire_time)
}

/// Returns when the run of a fire time starts, which is later than the fire time by the job's
/// jitter.
fn start_of(job: &JobView<'_>, trigger: &Trigger, fire_time: DateTime<Utc>) -> DateTime<Utc> {
    let jitter = job.policies.jitter;
    if jitter.longest().is_none() {
        return fire_time;
    }
    jitter.start_of(job.id, fire_time, trigger.after(fire_time))
}

/// Returns the newest member not after `t`, but never one before `oldest`. Where the trigger cannot
/// tell, the backlog is taken one fire time at a time.
fn newest_through(trigger: &Trigger, t: DateTime<Utc>, oldest: DateTime<Utc>) -> DateTime<Utc> {
    match trigger.try_last_at_or_before(t) {
        Ok(Some(newest)) => newest.max(oldest),
        Ok(None) | Err(_) => oldest,
    }
}

impl Backlog {
    /// Returns the whole backlog as one range.
    pub(super) fn range(self, trigger: &Trigger) -> FireRange {
        range(trigger, self.oldest, self.newest)
    }

    /// Moves the fire times beyond the grace time into the plan, as missed. Returns the rest.
    pub(super) fn without_missed(
        self,
        job: &JobView<'_>,
        trigger: &Trigger,
        now: DateTime<Utc>,
        plan: &mut Plan,
    ) -> Option<Self> {
        let Some(in_grace_from) = in_grace_from(job, now) else {
            return Some(self);
        };
        let is_late = |fire_time| start_of(job, trigger, fire_time) < in_grace_from;
        if !is_late(self.oldest) {
            return Some(self);
        }
        let mut last_late = newest_through(trigger, in_grace_from, self.oldest);
        // A run starts before the next fire time, so the fire time before this one is late in any
        // case.
        if !is_late(last_late) {
            last_late = newest_through(trigger, last_late - TICK, self.oldest);
        }
        let last_late = last_late.min(self.newest);
        plan.missed = Some((range(trigger, self.oldest, last_late), job.absence));
        if last_late == self.newest {
            return None;
        }
        let oldest = trigger
            .after(last_late)
            .unwrap_or(self.newest)
            .min(self.newest);
        Some(Self { oldest, ..self })
    }

    /// Moves the fire times that do not run into the plan, as coalesced. Returns those that run.
    pub(super) fn coalesced(
        self,
        coalesce: Coalesce,
        trigger: &Trigger,
        plan: &mut Plan,
    ) -> Vec<DateTime<Utc>> {
        let Self { oldest, newest } = self;
        if oldest == newest {
            return vec![newest];
        }
        let kept = match coalesce {
            Coalesce::Latest => 1,
            Coalesce::All { at_most } => at_most.min(MAX_CATCH_UP),
            Coalesce::Earliest => {
                let first = trigger.after(oldest).unwrap_or(newest).min(newest);
                plan.coalesced = Some(range(trigger, first, newest));
                return vec![oldest];
            }
        };
        let mut runs = vec![newest];
        while runs.len() < kept as usize {
            let earliest = runs[runs.len() - 1];
            if earliest == oldest {
                break;
            }
            runs.push(newest_through(trigger, earliest - TICK, oldest));
        }
        runs.reverse();
        if runs[0] > oldest {
            let last = newest_through(trigger, runs[0] - TICK, oldest);
            plan.coalesced = Some(range(trigger, oldest, last));
        }
        runs
    }
}

/// Returns the fire times from `first` through `last`. `first` counts even if it is not a member.
fn range(trigger: &Trigger, first: DateTime<Utc>, last: DateTime<Utc>) -> FireRange {
    let count = if first == last {
        Count::Exact(1)
    } else {
        trigger.count(first + TICK, last).plus(1)
    };
    FireRange { first, last, count }
}
