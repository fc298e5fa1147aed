//! Checks that the reasons of fire times without a run are true.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{
    Coalesce, MissReason, Origin, Outcome, Overlap, Policies, Run, RunState, SkipReason,
};

use super::busy::Busy;
use super::coverage::span_of;
use super::{Case, Period, Rule, Violation};

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
                Outcome::Cancelled(reason) => self.cancelled(run, reason),
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
            let grace = policies.misfire_grace_time();
            let grace = grace.and_then(|grace| TimeDelta::from_std(grace).ok());
            grace.is_some_and(|grace| decided - last + skew > grace)
        };
        let is_late = self.policies_of(run).any(is_late);
        (!is_late).then(|| format!("but at {decided} it was within its grace time"))
    }

    fn skipped(&self, run: &Run, reason: SkipReason, busy: &Busy) -> Option<String> {
        let decided = run.finished?;
        let policies = self.policies_of(run);
        match reason {
            SkipReason::MaxInstances => {
                let limits = policies.filter_map(|policies| policies.max_instances());
                let Some(limit) = limits.min() else {
                    return Some("but there is no limit".into());
                };
                let others = busy.at(decided);
                (others < limit).then(|| format!("but {others} of {limit} were under way"))
            }
            SkipReason::QueueFull => self.queue_was_full(run, decided, busy),
            SkipReason::NoExecutor => {
                self.went_without(run, self.history.without_executor.as_ref())
            }
            SkipReason::NoTask => self.went_without(run, self.history.without_task.as_ref()),
            SkipReason::Edited | SkipReason::ClockSet | SkipReason::RolledBack => {
                let skew = self.checker.skew;
                let mut edits = self.history.edits.iter();
                let was_edited = edits.any(|at| at.perhaps_at(decided, skew));
                (!was_edited).then(|| "but no edit passed over it".into())
            }
            _ => Some("but this checker does not know the reason".into()),
        }
    }

    fn queue_was_full(&self, run: &Run, decided: DateTime<Utc>, busy: &Busy) -> Option<String> {
        let places = |overlap: Overlap| match overlap {
            Overlap::Queue { at_most, .. } => Some(at_most),
            _ => None,
        };
        let is_by_hand = run.key.origin == Origin::Manual;
        let given = self.history.overlaps_by_hand.iter().copied();
        let of_job = self.policies_of(run).map(|policies| policies.overlap());
        let overlaps = of_job.chain(given.filter(|_| is_by_hand));
        let Some(places) = overlaps.filter_map(places).min() else {
            return Some("but there is no queue".into());
        };
        let others = busy.waiting_at(decided);
        (others < places).then(|| format!("but {others} of {places} waited"))
    }

    /// Checks that the executor or task that a run went without was away.
    fn went_without(&self, run: &Run, away: Option<&Vec<Period>>) -> Option<String> {
        let decided = run.finished?;
        let was_away = |away: &Period| {
            let away = away.widened(self.checker.skew);
            away.from <= decided && run.fire_time() <= away.until
        };
        (!away?.iter().any(was_away)).then(|| "but it was there".into())
    }

    /// Checks that a run of the same backlog stands for a fire time. It is the newest or the
    /// oldest.
    fn coalesced(&self, index: usize) -> Option<String> {
        let run = self.runs[index];
        if run.range.is_none() {
            return self.superseded(run);
        }
        let is_its = |other: &&&Run| {
            other.key.incarnation == run.key.incarnation && other.key.origin == run.key.origin
        };
        let stands = |other: &&Run| {
            match other.state.outcome() {
                // Such a run waited until a newer one came, or the store reported it too late.
                Some(Outcome::Coalesced | Outcome::Missed(_)) => other.range.is_none(),
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
            .any(|policies| match policies.coalesce() {
                Coalesce::Earliest => before(),
                _ => next(),
            });
        (!has_one).then(|| "but no run stands for it".into())
    }

    /// Checks that a run waited for its turn and was superseded by a newer one.
    fn superseded(&self, run: &Run) -> Option<String> {
        let decided = run.finished?;
        let replaces = |its: &Policies| its.overlap() == Overlap::CancelRunning;
        if !self.policies_of(run).any(replaces) && !self.history.replaces_by_hand() {
            return Some("but newer runs do not replace it".into());
        }
        let skew = self.checker.skew;
        let mut newer = self.by_number.range(run.id..).skip(1).map(|(_, run)| run);
        let came =
            newer.any(|other| other.range.is_none() && (other.opened - decided).abs() <= skew);
        (!came).then(|| format!("but no newer one came at {decided}"))
    }

    fn died(&self, run: &Run) -> Option<String> {
        let deaths = self.checker.deaths.as_ref()?;
        let (node, recorded) = (run.node.as_deref()?, run.finished?);
        let skew = self.checker.skew;
        let mut its = deaths.iter().filter(|(name, _)| name == node);
        // The run was open from some time after its fire time until this was recorded.
        let has_died = its.any(|(_, away)| {
            let away = away.widened(skew);
            away.from <= recorded && run.fire_time() <= away.until
        });
        (!has_died).then(|| format!("but node {node} is alive"))
    }
}
