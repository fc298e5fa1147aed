//! How long fire times waited while somebody was there to decide them.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Coalesce, OnLost, Origin, Outcome, Overlap, Policies, Run, RunState};

use super::absence::presence;
use super::tiling::span_of;
use super::{Case, LONGEST, Rule, Violation};

impl Case<'_> {
    pub(super) fn check_lateness(&self, found: &mut Vec<Violation>) {
        let scheduled = |run: &&&Run| run.key.origin == Origin::Scheduled;
        for run in self.runs.iter().filter(scheduled) {
            let RunState::Ended(outcome) = run.state else {
                continue;
            };
            let decided = if outcome.has_run() {
                run.started
            } else {
                run.finished
            };
            // A run that waits for an instance may wait for long, and then not start at all.
            let decided = decided.filter(|_| run.range.is_some() || self.starts_at_once(run));
            let Some(decided) = decided else {
                continue;
            };
            self.check_waited(run, decided, found);
            if outcome.has_run() {
                self.check_grace(run, decided, found);
            }
        }
    }

    /// From when it was due until it was decided, less the time in which nobody could.
    fn check_waited(&self, run: &Run, decided: DateTime<Utc>, found: &mut Vec<Violation>) {
        // Of several that did not run, the oldest waited longest; a range that is skipped or missed
        // in time, as a job is resumed, did not wait at all.
        let stretch = self.history.stretch(run.key.incarnation);
        let since = stretch.map(|stretch| stretch.since);
        let due = Some(span_of(run).0).max(since).unwrap_or_default();
        if decided <= due {
            return;
        }
        let waited = self.waited(due, decided) - self.longest_jitter();
        // It may be one node's clock by which it was due, and another's by which it was decided.
        if waited > self.checker.patience + self.checker.skew {
            let seen = format!("it waited for {waited} while somebody was there");
            found.push(Violation::of(run, Rule::Late, seen));
        }
    }

    /// What ran was within its grace time.
    fn check_grace(&self, run: &Run, started: DateTime<Utc>, found: &mut Vec<Violation>) {
        let slack = self.checker.skew + self.checker.patience + self.longest_jitter();
        let is_late = |policies: &Policies| {
            let grace = policies.misfire_grace_time.limit();
            let grace = grace.and_then(|grace| TimeDelta::from_std(grace).ok());
            grace.is_some_and(|grace| started - run.fire_time() - slack > grace)
        };
        if self.policies_of(run).all(is_late) {
            let seen = format!("it started at {started}, beyond its grace time");
            found.push(Violation::of(run, Rule::Late, seen));
        }
    }

    /// Whether its run starts as soon as it is decided, and only once.
    fn starts_at_once(&self, run: &Run) -> bool {
        let is_plain = |policies: &Policies| {
            policies.overlap == Overlap::Skip
                && policies.on_lost == OnLost::Record
                && !matches!(policies.coalesce, Coalesce::All { .. })
        };
        let is_lost = run.state.outcome() == Some(Outcome::Lost);
        !self.history.waits && !is_lost && self.policies_of(run).all(is_plain)
    }

    /// How long somebody was there and the job was not paused.
    pub(super) fn waited(&self, due: DateTime<Utc>, decided: DateTime<Utc>) -> TimeDelta {
        let absences = self.checker.absences.iter().chain(&self.checker.rests);
        let absences = absences.chain(&self.history.absences);
        let mut all: Vec<_> = absences.copied().chain(self.history.pauses()).collect();
        all.retain(|absence| absence.until >= due && absence.from <= decided);
        let skew = self.checker.skew;
        let all = all
            .into_iter()
            .map(|absence| absence.bounded(due, decided).widened(skew));
        presence(due, decided, all.collect())
    }

    pub(super) fn longest_jitter(&self) -> TimeDelta {
        let jitters = self.history.policies.iter();
        let longest = jitters.filter_map(|(_, policies)| policies.jitter.longest());
        longest
            .filter_map(|longest| TimeDelta::from_std(longest).ok())
            .max()
            .unwrap_or_default()
            .min(LONGEST)
    }

    /// The policies by which a run may have been decided.
    pub(super) fn policies_of(&self, run: &Run) -> impl Iterator<Item = &Policies> + Clone {
        let until = run.started.or(run.finished).unwrap_or(self.now);
        self.history
            .policies_in(run.fire_time().min(until), until, self.checker.skew)
    }
}
