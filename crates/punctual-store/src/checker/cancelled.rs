//! Checks that a caller, a shutdown or a newer run has cancelled each cancelled run.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{
    CANCEL_GRACE, CancelReason, Coalesce, OnLost, Outcome, Overlap, Policies, Run,
};

use super::causes::Target;
use super::period::presence;
use super::saturating::earlier;
use super::{Between, Case, Period};

impl Case<'_> {
    pub(super) fn cancelled(&self, run: &Run, reason: CancelReason) -> Option<String> {
        match reason {
            CancelReason::User => self.cancelled_by_a_caller(run),
            CancelReason::Shutdown => self.cancelled_by_a_shutdown(run),
            CancelReason::Replaced => self.replaced(run),
            _ => Some("but this checker does not know the reason".into()),
        }
    }

    fn cancelled_by_a_caller(&self, run: &Run) -> Option<String> {
        let cancels = self.checker.cancels.as_ref()?;
        let finished = run.finished?;
        let in_time = |at: &Between| at.perhaps_by(finished, self.checker.skew);
        let mut in_time_cancels = cancels.iter().filter(|(_, at)| in_time(at));
        let has_caller = in_time_cancels.any(|(target, at)| self.names(target, at, run));
        // A run that waits for its next attempt ends with its job, as one does that has not begun.
        let tries_again =
            |its: &Policies| its.retry().attempts > 1 || its.on_lost() != OnLost::Record;
        let may_wait = run.started.is_none() || self.policies_of(run).any(tries_again);
        let is_dropped = may_wait && self.history.removals.iter().any(in_time);
        (!has_caller && !is_dropped).then(|| "but no caller cancelled it".into())
    }

    /// Returns true if a caller who named this target meant a run, or another run of its instance.
    fn names(&self, target: &Target, at: &Between, run: &Run) -> bool {
        match target {
            Target::Job(job) => {
                let was_due = earlier(run.fire_time(), self.checker.skew) <= at.until;
                *job == run.job && was_due
            }
            Target::Run(id) => *id == run.id || self.instance_of(run).any(|one| one.id == *id),
            Target::FireTime(job, fire_time) => {
                let is_it = |one: &Run| one.fire_time() == *fire_time;
                *job == run.job && (is_it(run) || self.instance_of(run).any(is_it))
            }
        }
    }

    /// Returns the runs of the instance of a run. Their numbers are consecutive.
    fn instance_of(&self, run: &Run) -> impl Iterator<Item = &Run> {
        let keeps_all = |coalesce| matches!(coalesce, Coalesce::All { .. });
        let is_one_of_many = self.policies_of(run).any(|its| keeps_all(its.coalesce()));
        let (id, incarnation, origin) = (run.id, run.key.incarnation, run.key.origin);
        let is_its = move |(next, one): &(u64, &&Run)| {
            one.id.0 == *next && (one.key.incarnation, one.key.origin) == (incarnation, origin)
        };
        let after = self.by_number.range(id..).map(|(_, one)| one);
        let after = (id.0..).zip(after).take_while(is_its);
        let before = self.by_number.range(..=id).rev().map(|(_, one)| one);
        let before = (0..=id.0).rev().zip(before).take_while(is_its);
        let all = after.chain(before).filter(move |_| is_one_of_many);
        all.map(|(_, one)| *one)
    }

    /// Returns the end of the run before this one in its instance, if there is one.
    pub(super) fn follows(&self, run: &Run) -> Option<DateTime<Utc>> {
        let before = self.instance_of(run).filter(|one| one.id < run.id);
        before.filter_map(|one| one.finished).max()
    }

    fn cancelled_by_a_shutdown(&self, run: &Run) -> Option<String> {
        let shutdowns = self.checker.shutdowns.as_ref()?;
        let finished = run.finished?;
        let is_its = |name: &String| run.node.as_ref().is_none_or(|node| node == name);
        let mut its = shutdowns.iter().filter(|(name, _)| is_its(name));
        let was_shut_down = its.any(|(_, span)| span.widened(self.checker.skew).holds(finished));
        let node = run.node.as_deref().unwrap_or("it ran on");
        (!was_shut_down).then(|| format!("but node {node} was not shut down"))
    }

    /// Checks that a newer run soon took the place of a run, or ended before it could.
    fn replaced(&self, run: &Run) -> Option<String> {
        let end = run.finished.unwrap_or(self.now);
        let from = run.fire_time().min(end);
        let policies = self.history.policies_in(from, end, self.checker.skew);
        let mut overlaps = policies.map(|policies| policies.overlap());
        let is_policy = overlaps.any(|overlap| overlap == Overlap::CancelRunning);
        if !is_policy && !self.history.replaces_by_hand() {
            return Some("but newer runs do not replace it".into());
        }
        // The owner of the run hears of it some time later. In between, another place may become
        // free by the end of a run or a higher limit, and the newer run takes that place.
        let earliest = earlier(end, self.checker.patience_in(end, end) + grace());
        let is_newer = |other: &Run| other.id > run.id || other.fire_time() > run.fire_time();
        let others = self.runs.iter().filter(|other| is_newer(other));
        let took = others.filter_map(|other| self.took_place(other, earliest));
        match took.min() {
            // The ledger may end before the newer run has its turn.
            None if self.waited_for_place(end, self.now) => Some("but nothing replaced it".into()),
            Some(took) if self.waited_for_place(end, took) => {
                Some(format!("but nothing replaced it before {took}"))
            }
            _ => None,
        }
    }

    /// Returns the time at which a run took a place that was free since `since`, or left its turn
    /// to the next run.
    fn took_place(&self, run: &Run, since: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let outcome = run.state.outcome();
        let ended = ended_since(run, since);
        let is_rerun = |policies: &Policies| policies.on_lost() != OnLost::Record;
        if outcome == Some(Outcome::Lost) || run.attempts > 1 && self.policies_of(run).any(is_rerun)
        {
            // The run may have begun on a node that died.
            return ended.map(|_| run.fire_time().max(since));
        }
        if let Some(started) = run.started {
            return Some(started).filter(|started| *started >= since);
        }
        if outcome == Some(Outcome::Cancelled(CancelReason::User)) {
            // A caller cancelled the run while it waited for the other one to end.
            let waited = ended_since(run, earlier(since, grace()));
            return waited.map(|ended| ended.max(since));
        }
        let is_replaced = outcome == Some(Outcome::Cancelled(CancelReason::Replaced));
        // A run that was missed or skipped for its own reason replaced nothing.
        let was_open = outcome.is_some_and(Outcome::has_run) || run.range.is_none();
        ended.filter(|_| was_open && !is_replaced)
    }

    /// Returns true if the run that replaces another one should have had its place in this time.
    fn waited_for_place(&self, ended: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        let mut away = self.absences_in(ended, until);
        away.extend(self.without_a_node(ended, until));
        let until = until.max(ended);
        presence(ended, until, away) > self.checker.patience_in(ended, until) + grace()
    }

    /// Returns the times in which dead or cut-off nodes may have held instances that they could not
    /// free.
    pub(super) fn without_a_node(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> impl Iterator<Item = Period> {
        let deaths = self.checker.deaths.iter().flatten();
        let away = deaths.chain(&self.checker.cut_off).map(|(_, away)| *away);
        let skew = self.checker.skew;
        let its = away.filter(move |away| away.until >= from && away.from <= until);
        its.map(move |away| away.bounded(from, until).widened(skew))
    }
}

fn ended_since(run: &Run, since: DateTime<Utc>) -> Option<DateTime<Utc>> {
    run.finished.filter(|ended| *ended >= since)
}

/// Returns the time that a run may take to end after it was told to.
pub(super) fn grace() -> TimeDelta {
    TimeDelta::from_std(CANCEL_GRACE).unwrap_or_default()
}
