//! What did not run, and whether the reason that it gives is true.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{
    CancelReason, Coalesce, MissReason, OnLost, Outcome, Overlap, Policies, Run, RunState,
    SkipReason,
};

use super::shift::{earlier, later};
use super::tiling::span_of;
use super::{Case, Rule, Violation};

impl Case<'_> {
    pub(super) fn check_reasons(&self, found: &mut Vec<Violation>) {
        let busy = self.busy();
        for (index, run) in self.runs.iter().enumerate() {
            let RunState::Ended(outcome) = run.state else {
                continue;
            };
            let fault = match outcome {
                Outcome::Missed(reason) => self.missed(run, reason),
                Outcome::Skipped(reason) => self.skipped(run, reason, &busy),
                Outcome::Coalesced => self.coalesced(index),
                Outcome::Cancelled(CancelReason::Replaced) => self.replaced(run),
                Outcome::TimedOut => self.timed_out(run),
                Outcome::Lost => self.died(run),
                _ => None,
            };
            if let Some(seen) = fault {
                let seen = format!("{outcome}, {seen}");
                found.push(Violation::of(run, Rule::WithoutReason, seen));
            }
        }
    }

    fn missed(&self, run: &Run, reason: MissReason) -> Option<String> {
        let decided = run.finished?;
        let last = span_of(run).1;
        let was_paused = || {
            let skew = self.checker.skew;
            let pauses = self.history.pauses();
            let pauses = pauses.iter().chain(&self.checker.rests);
            let mut pauses = pauses.map(|pause| pause.widened(skew));
            pauses.any(|pause| pause.from() <= decided && run.fire_time() <= pause.until())
        };
        if reason == MissReason::Paused {
            return (!was_paused()).then(|| "but its job was not paused".into());
        }
        let skew = self.checker.skew;
        let is_late = |policies: &Policies| {
            let grace = policies.misfire_grace_time.limit();
            let grace = grace.and_then(|grace| TimeDelta::from_std(grace).ok());
            grace.is_some_and(|grace| decided - last + skew > grace)
        };
        let is_late = self.policies_of(run).any(is_late);
        (!is_late).then(|| format!("but at {decided} it was within its grace time"))
    }

    fn skipped(&self, run: &Run, reason: SkipReason, busy: &Busy) -> Option<String> {
        let decided = run.finished?;
        let mut policies = self.policies_of(run);
        match reason {
            SkipReason::MaxInstances => {
                let limits = policies.filter_map(|policies| policies.max_instances.limit());
                let Some(limit) = limits.min() else {
                    return Some("but there is no limit".into());
                };
                let others = busy.at(decided);
                (others < limit).then(|| format!("but {others} of {limit} were under way"))
            }
            SkipReason::QueueFull => {
                let queues =
                    |policies: &Policies| matches!(policies.overlap, Overlap::Queue { .. });
                (!policies.any(queues)).then(|| "but there is no queue".into())
            }
            SkipReason::NoExecutor | SkipReason::NoTask => None,
        }
    }

    /// A run of the same backlog stands for it: the newest, or the oldest.
    fn coalesced(&self, index: usize) -> Option<String> {
        let run = self.runs[index];
        let is_its = |other: &&&Run| {
            other.key.incarnation == run.key.incarnation && other.key.origin == run.key.origin
        };
        let stands = |other: &&Run| {
            match other.state.outcome() {
                Some(Outcome::Coalesced) => false,
                // A run that the store told of too late for it to start.
                Some(Outcome::Missed(_)) => other.range.is_none(),
                _ => true,
            }
        };
        let next = || {
            self.runs[index + 1..]
                .iter()
                .find(is_its)
                .is_some_and(stands)
        };
        let before = || {
            self.runs[..index]
                .iter()
                .rev()
                .find(is_its)
                .is_some_and(stands)
        };
        let has_one = self
            .policies_of(run)
            .any(|policies| match policies.coalesce {
                Coalesce::Earliest => before(),
                Coalesce::Latest | Coalesce::All { .. } => next(),
            });
        (!has_one).then(|| "but no run stands for it".into())
    }

    fn replaced(&self, run: &Run) -> Option<String> {
        let end = run.finished.unwrap_or(self.now);
        let from = run.fire_time().min(end);
        let mut policies = self.history.policies_in(from, end, self.checker.skew);
        let replaces = policies.any(|policies| policies.overlap == Overlap::CancelRunning);
        (!replaces).then(|| "but newer runs do not replace it".into())
    }

    fn timed_out(&self, run: &Run) -> Option<String> {
        let has_one = |policies: &Policies| policies.timeout.limit().is_some();
        (!self.policies_of(run).any(has_one)).then(|| "but it has no timeout".into())
    }

    fn died(&self, run: &Run) -> Option<String> {
        let deaths = self.checker.deaths.as_ref()?;
        let (node, recorded) = (run.node.as_deref()?, run.finished?);
        let skew = self.checker.skew;
        let mut its = deaths.iter().filter(|(name, _)| name == node);
        // It was open from some time after it was due until this was recorded.
        let has_died = its.any(|(_, away)| {
            let away = away.widened(skew);
            away.from <= recorded && run.fire_time() <= away.until
        });
        (!has_died).then(|| format!("but node {node} is alive"))
    }

    /// When instances were taken, at most: from when they were due, or claimed by a store that
    /// answers late, until their end reached the store.
    fn busy(&self) -> Busy {
        let slack = self.checker.patience + self.checker.skew;
        let mut taken = Vec::new();
        let mut freed = Vec::new();
        let may_run = |run: &&&Run| run.state.outcome().is_none_or(Outcome::has_run);
        for run in self.runs.iter().filter(may_run) {
            // One that was rerun was under way long before it started where it ended.
            let is_once = |policies: &Policies| policies.on_lost == OnLost::Record;
            let once = run.started.filter(|_| self.policies_of(run).all(is_once));
            let from = earlier(once.unwrap_or(run.fire_time()), slack);
            taken.push(from);
            let end = run.finished.filter(|_| run.state.outcome().is_some());
            let end = end.map(|end| self.told(run, end.max(from)));
            freed.extend(end.map(|end| later(end, slack)));
        }
        taken.sort_unstable();
        freed.sort_unstable();
        Busy { taken, freed }
    }

    /// When the store was told of an end at the latest: its node may have been cut off.
    fn told(&self, run: &Run, end: DateTime<Utc>) -> DateTime<Utc> {
        let slack = self.checker.patience + self.checker.skew;
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
}

/// How many instances may have been under way when.
struct Busy {
    taken: Vec<DateTime<Utc>>,
    freed: Vec<DateTime<Utc>>,
}

impl Busy {
    fn at(&self, t: DateTime<Utc>) -> u32 {
        let taken = self.taken.partition_point(|from| *from <= t);
        let freed = self.freed.partition_point(|end| *end < t);
        u32::try_from(taken.saturating_sub(freed)).unwrap_or(u32::MAX)
    }
}
