//! The number of instances that were taken at each time, as the ledger tells it.

use chrono::{DateTime, Utc};
use punctual_core::{OnLost, Outcome, Policies, Run};

use super::saturating::{earlier, later};
use super::{Case, Period};

impl Case<'_> {
    /// Returns the longest times in which instances may have been taken.
    ///
    /// An instance is taken from the time when it was due, or when a slow store confirmed the
    /// claim, until its end reached the store.
    pub(super) fn busy(&self) -> Busy {
        let slack = self.checker.longest_patience() + self.checker.skew;
        let mut busy = Busy::default();
        for run in self.runs.iter().filter(|run| may_run(run)) {
            let from = earlier(self.taken(run), slack);
            busy.taken.push(from);
            let end = run.finished.filter(|_| run.state.outcome().is_some());
            let freed = end.map(|end| later(self.told(run, end.max(from)), slack));
            busy.freed.extend(freed);
        }
        for run in self.runs.iter().filter(|run| may_wait(run)) {
            let began = run.started.or(run.finished);
            busy.due.push(earlier(run.fire_time(), slack));
            busy.began.extend(began.map(|began| later(began, slack)));
        }
        for times in [
            &mut busy.taken,
            &mut busy.freed,
            &mut busy.due,
            &mut busy.began,
        ] {
            times.sort_unstable();
        }
        busy
    }

    /// Returns the number of instances that were taken at each time.
    pub(super) fn load(&self) -> Load {
        let skew = self.checker.skew;
        let mut changes: Vec<(DateTime<Utc>, i32)> = Vec::new();
        for run in self.runs.iter().filter(|run| may_run(run)) {
            let from = earlier(self.taken(run), skew);
            changes.push((from, 1));
            let end = run.finished.filter(|_| run.state.outcome().is_some());
            let freed = end.map(|end| later(self.told(run, end.max(from)), skew));
            changes.extend(freed.map(|freed| (freed, -1)));
        }
        changes.sort_unstable();
        let mut taken = 0;
        for (_, change) in &mut changes {
            taken += *change;
            *change = taken;
        }
        Load(changes)
    }

    /// Returns the time from which a run held its instance.
    ///
    /// That is the fire time of a run that was rerun, since it was under way long before it started
    /// on the node where it ended. The ledger does not tell the start of a lost run, so its fire
    /// time is taken too.
    fn taken(&self, run: &Run) -> DateTime<Utc> {
        let is_once = |policies: &Policies| policies.on_lost() == OnLost::Record;
        let once = run.started.filter(|_| self.policies_of(run).all(is_once));
        once.unwrap_or(run.fire_time())
    }

    /// Returns the latest time at which the store was told of an end. The node may have been cut
    /// off.
    fn told(&self, run: &Run, end: DateTime<Utc>) -> DateTime<Utc> {
        let slack = self.checker.longest_patience() + self.checker.skew;
        let cut_off = self.checker.cut_off.iter();
        let its = cut_off.filter(|(name, _)| run.node.as_deref() == Some(name));
        its.fold(end, |told, (_, absence)| {
            let is_held_up = absence.widened(slack).holds(told);
            if is_held_up {
                told.max(absence.until)
            } else {
                told
            }
        })
    }

    /// Returns true if a run counts among the instances before it starts.
    pub(super) fn counts_early(&self, run: &Run) -> bool {
        run.started != Some(self.taken(run))
    }
}

fn may_run(run: &Run) -> bool {
    run.state.outcome().is_none_or(Outcome::has_run)
}

/// Returns true if a run may have waited, even if a newer run superseded it or its grace time
/// passed.
fn may_wait(run: &Run) -> bool {
    let outcome = run.state.outcome();
    let ended = matches!(outcome, Some(Outcome::Coalesced | Outcome::Missed(_)));
    may_run(run) || ended && run.range.is_none()
}

/// The number of instances that may have been under way, and of runs that may have waited.
#[derive(Default)]
pub(super) struct Busy {
    taken: Vec<DateTime<Utc>>,
    freed: Vec<DateTime<Utc>>,
    due: Vec<DateTime<Utc>>,
    began: Vec<DateTime<Utc>>,
}

impl Busy {
    pub(super) fn at(&self, t: DateTime<Utc>) -> u32 {
        count(&self.taken, &self.freed, t)
    }

    pub(super) fn waiting_at(&self, t: DateTime<Utc>) -> u32 {
        count(&self.due, &self.began, t)
    }
}

fn count(from: &[DateTime<Utc>], until: &[DateTime<Utc>], t: DateTime<Utc>) -> u32 {
    let begun = from.partition_point(|from| *from <= t);
    let over = until.partition_point(|end| *end < t);
    u32::try_from(begun.saturating_sub(over)).unwrap_or(u32::MAX)
}

/// The number of instances that are taken from each of these times until the next.
pub(super) struct Load(Vec<(DateTime<Utc>, i32)>);

impl Load {
    /// Returns the times in which at least `limit` instances were taken.
    pub(super) fn full(
        &self,
        limit: u32,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Vec<Period> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let first = self.0.partition_point(|(at, _)| *at <= from);
        let steps = self.0[first.saturating_sub(1)..].iter();
        let ends = self.0[first.saturating_sub(1)..].iter().skip(1);
        let ends = ends.map(|(at, _)| *at).chain([until]);
        let spans = steps.zip(ends).take_while(|((at, _), _)| *at < until);
        let full = spans.filter(|((_, taken), _)| *taken >= limit);
        full.map(|((at, _), end)| Period::new((*at).max(from), end.min(until)))
            .collect()
    }
}
