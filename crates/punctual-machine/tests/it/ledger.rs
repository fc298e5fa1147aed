//! Compares the ledger with what was seen of runs and what was told.

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{CancelReason, MissReason, Origin, Outcome, Run, RunId, RunState, SkipReason};
use punctual_machine::Counted;
use punctual_store::{JobStore as _, RunFilter};

use crate::body::ERROR;
use crate::outcomes::Expected;
use crate::world::{World, now};

impl World {
    fn ledger(&self) -> Vec<Run> {
        let all = RunFilter {
            limit: 100_000,
            ..RunFilter::default()
        };
        now(self.store.runs(all)).unwrap()
    }

    /// Compares the ledger with what was seen. A store whose rows are lost may not have recorded
    /// the last ends.
    pub(crate) fn check_outcomes(&self) {
        if self.has_lost_rows && self.is_ending {
            return;
        }
        let ledger = self.ledger();
        for run in ledger.iter().filter(|run| self.seen.is_own(run.id)) {
            self.check_run(run);
        }
        let by_run: BTreeMap<_, _> = ledger.iter().map(|run| (run.id, run)).collect();
        for counted in self.seen.counted.values() {
            if !self.seen.taken.contains(&counted.run) {
                self.check_counted(counted, by_run[&counted.run]);
            }
        }
        self.check_args(&ledger);
        self.check_decided(&ledger);
        self.check_cancels();
        self.check_left();
        self.check_heard();
    }

    fn check_run(&self, run: &Run) {
        let seen = &self.seen;
        let expected = seen.expected.get(&run.id);
        if let Some(expected) = expected {
            let was_removed = seen.removed.contains(&run.job);
            assert!(
                expected.fits(run, was_removed),
                "{expected:?}, and it is {run:?}"
            );
        }
        let RunState::Ended(outcome) = run.state else {
            return;
        };
        let is_told = seen.counted.contains_key(&run.id);
        let is_over = matches!(expected, Some(Expected::Ended(_)));
        assert!(is_told || !is_over, "it is over and not told: {run:?}");
        let attempts = seen.attempts.get(&run.id).copied().unwrap_or_default();
        assert_eq!(run.attempts, attempts, "{run:?}");
        let started = run.started.map(|at| at.timestamp_micros());
        assert_eq!(
            started,
            seen.starts.get(&run.id).copied(),
            "its start: {run:?}"
        );
        self.check_reason(run, outcome);
        let (_, has_failed) = seen.failures.get(&run.id).copied().unwrap_or_default();
        let error = run.error.as_deref();
        let is_other = error.is_some_and(|error| error != ERROR && !error.contains("dropped"));
        assert!(
            !is_other && (error.is_some() == has_failed || outcome == Outcome::Succeeded),
            "its error, {has_failed}: {run:?}"
        );
        assert_eq!(run.result.is_some(), outcome == Outcome::Succeeded);
    }

    fn check_reason(&self, run: &Run, outcome: Outcome) {
        let is_right = match outcome {
            Outcome::Cancelled(CancelReason::Shutdown) => self.is_stopping,
            Outcome::Cancelled(CancelReason::User) => {
                self.seen.cancelled.contains(&run.id) || self.seen.removed.contains(&run.job)
            }
            // One that has had an attempt is never late.
            Outcome::Missed(_) => run.attempts == 0 && run.started.is_none(),
            Outcome::Lost => false,
            _ => true,
        };
        assert!(is_right, "without a reason: {run:?}");
    }

    /// Compares a run that was reported as over with its entry.
    fn check_counted(&self, counted: &Counted, run: &Run) {
        let is_right = run.state == RunState::Ended(counted.outcome)
            && run.finished.map(|at| at.timestamp_micros()) == Some(counted.finished)
            && run.started.map(|at| at.timestamp_micros()) == counted.started;
        assert!(is_right, "told: {counted:?}, and it is {run:?}");
        // No row tells of a time that had passed once the run has waited.
        let is_past = run.key.origin == Origin::Scheduled
            && self
                .past
                .contains(&(run.key.incarnation, run.key.fire_time));
        let is_right = is_past || counted.late_since == Some(run.key.fire_time);
        assert!(is_right, "{run:?}");
    }

    /// Checks that each fire time which a plan has decided without a run was told.
    fn check_decided(&self, ledger: &[Run]) {
        let reasons = [
            MissReason::Grace,
            MissReason::Paused,
            MissReason::Parked,
            MissReason::Down,
            MissReason::Past,
        ];
        let missed = reasons.map(Outcome::Missed).into_iter();
        let decided = missed.chain([
            Outcome::Coalesced,
            Outcome::Skipped(SkipReason::MaxInstances),
            Outcome::Skipped(SkipReason::QueueFull),
        ]);
        for outcome in decided {
            let its = ledger
                .iter()
                .filter(|run| run.state == RunState::Ended(outcome));
            let recorded: u64 = its
                .filter_map(|run| run.range)
                .map(|range| range.count.number())
                .sum();
            let told = self.seen.decided.get(&outcome.to_string()).copied();
            let told = told.unwrap_or_default();
            let is_lost = self.seen.has_lost && told < recorded;
            let is_right = told == recorded || is_lost;
            assert!(is_right, "{recorded} are {outcome}, and {told} are told of");
        }
    }

    /// Checks that runs which were asked to end were told to. A run that is found after its answer
    /// was lost hears of it by the next renewal.
    fn check_cancels(&self) {
        if self.seen.has_lost {
            return;
        }
        for run in self.open_runs() {
            let Some(CancelReason::User) = run.cancel else {
                continue;
            };
            let mut all = self.machine.active();
            let its = all.find(|(_, own)| own.run == run.id);
            let is_told = its.is_none_or(|(_, own)| own.is_told_to_end());
            assert!(is_told, "{run:?} was not told to end");
        }
    }

    /// Checks that each job that left with its last run was told of once.
    fn check_left(&self) {
        let there: BTreeSet<u64> = self.jobs().iter().map(|job| job.state.birth).collect();
        for birth in &self.seen.births {
            let told = self.seen.heard.left.get(birth).copied().unwrap_or_default();
            let is_there = there.contains(birth) || self.seen.gone.contains(birth);
            let is_right = told == u32::from(!is_there) || self.seen.has_lost && told == 0;
            assert!(
                is_right,
                "job {birth}, {is_there}: its leave is told {told} times"
            );
        }
    }

    pub(crate) fn count(&mut self, counted: Counted) {
        *self.told.entry(counted.run).or_default() += 1;
        self.hear_count(&counted);
        self.seen.counted.insert(counted.run, counted);
    }

    /// Checks that no run is reported as over twice.
    pub(crate) fn check_told(&self) {
        self.check_outcomes();
        let is_twice = |(run, count): &(&RunId, &u32)| **count > 1 && self.seen.is_own(**run);
        let twice: Vec<_> = self.told.iter().filter(is_twice).collect();
        assert!(twice.is_empty(), "told more than once: {twice:?}");
    }
}
