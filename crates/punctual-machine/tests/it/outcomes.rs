//! The expected outcomes of runs, by the ends of their bodies and the requests to end them.

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{CancelReason, JobId, Outcome, Run, RunId, RunState, SkipReason};
use punctual_machine::{ActiveKey, Counted, Tell};
use punctual_store::{JobStore as _, RunFilter};

use crate::body::{Body, How};
use crate::world::{World, now};

/// The expected entry of a run in the ledger.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Expected {
    Ended(Outcome),
    /// The run is tried again, or another node has ended it. This attempt does not end it.
    GoesOn(Outcome, u32),
}

/// The runs that a test has seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// The number of attempts that began, of each run.
    attempts: BTreeMap<RunId, u32>,
    expected: BTreeMap<RunId, Expected>,
    /// The number of fire times that were reported, by outcome.
    told: BTreeMap<String, u64>,
    /// True if answers were lost, and with them the decisions of plans.
    pub(crate) has_lost: bool,
    /// The jobs that were removed at some time.
    pub(crate) removed: BTreeSet<JobId>,
}

impl World {
    pub(crate) fn see_begin(&mut self, key: ActiveKey) {
        let mut all = self.machine.active();
        let run = all.find(|(own, _)| *own == key).map(|(_, own)| own.run);
        *self.seen.attempts.entry(run.unwrap()).or_default() += 1;
    }

    /// Notes the outcome that a body which ends by itself gives its run.
    pub(crate) fn see_end(&mut self, body: &Body, how: How) {
        let is_late = body.began.is_none() && body.latest.is_some_and(|at| at < self.timer.now());
        if body.is_told || body.is_aborted || is_late || self.is_ending {
            return;
        }
        let mut all = self.machine.active();
        let Some((_, active)) = all.find(|(own, _)| *own == body.key) else {
            return;
        };
        let (run, most) = (active.run, active.job.policies().retry);
        let count = self.seen.attempts[&run];
        let outcome = match how {
            How::Succeeds => Outcome::Succeeded,
            How::Fails | How::Vanishes => Outcome::Failed,
            How::Panics => Outcome::Panicked,
        };
        let is_tried_again = outcome != Outcome::Succeeded && most.wait_after(count).is_some();
        let expected = if is_tried_again {
            Expected::GoesOn(outcome, count)
        } else {
            Expected::Ended(outcome)
        };
        self.seen.expected.insert(run, expected);
    }

    pub(crate) fn hear(&mut self, tell: &Tell) {
        if let Tell::Decided { range, outcome } = tell {
            *self.seen.told.entry(outcome.to_string()).or_default() += range.count.number();
        }
    }

    pub(crate) fn count(&mut self, counted: &Counted) {
        *self
            .seen
            .told
            .entry(counted.outcome.to_string())
            .or_default() += 1;
    }

    fn ledger(&self) -> Vec<Run> {
        let all = RunFilter {
            limit: 100_000,
            ..RunFilter::default()
        };
        now(self.store.runs(all)).unwrap()
    }

    /// Compares the ledger with what was seen. After other nodes have decided about runs of this
    /// node, nothing is compared.
    pub(crate) fn check_outcomes(&self) {
        if self.was_fenced || self.has_lost_rows {
            return;
        }
        let ledger = self.ledger();
        let by_run: BTreeMap<_, _> = ledger.iter().map(|run| (run.id, run)).collect();
        for (id, expected) in &self.seen.expected {
            let run = by_run[id];
            let is_right = match (*expected, run.state) {
                (Expected::Ended(outcome), state) => state == RunState::Ended(outcome),
                (Expected::GoesOn(outcome, count), RunState::Ended(ended)) => {
                    // A removed job is not tried again.
                    let was_removed = self.seen.removed.contains(&run.job);
                    was_removed || ended != outcome || run.attempts != count
                }
                (Expected::GoesOn(..), _) => true,
            };
            assert!(is_right, "{expected:?}, and it is {run:?}");
        }
        self.check_totals(&ledger);
        self.check_cancels();
    }

    /// Checks that each outcome of a fire time was reported once.
    fn check_totals(&self, ledger: &[Run]) {
        if self.seen.has_lost {
            return;
        }
        let decided = [
            Outcome::Succeeded,
            Outcome::Failed,
            Outcome::Panicked,
            Outcome::TimedOut,
            Outcome::Coalesced,
            Outcome::Skipped(SkipReason::MaxInstances),
            Outcome::Skipped(SkipReason::QueueFull),
        ];
        for outcome in decided {
            let its = ledger
                .iter()
                .filter(|run| run.state == RunState::Ended(outcome));
            let recorded: u64 = its
                .map(|run| run.range.map_or(1, |range| range.count.number()))
                .sum();
            let told = self.seen.told.get(&outcome.to_string()).copied();
            let told = told.unwrap_or_default();
            // Only the store knows two outcomes. One is that of the last attempt of a removed job.
            // The other is that of a run in a queue that a newer instance has replaced.
            let may_be_more = outcome.is_retryable() || outcome == Outcome::Coalesced;
            let is_right = told == recorded || may_be_more && told < recorded;
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
}
