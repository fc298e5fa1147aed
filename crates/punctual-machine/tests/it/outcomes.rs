//! The expected outcomes of runs, by the ends of their bodies and the requests to end them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{CancelReason, FireRange, JobId, Outcome, Retry, Run, RunId, RunState};
use punctual_machine::{ActiveKey, Counted};
use punctual_store::StoredJob;

use crate::body::{Body, How};
use crate::listeners::Heard;
use crate::world::World;

/// The expected entry of a run in the ledger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Expected {
    Ended(Outcome),
    /// The run is tried again. This attempt does not end it.
    GoesOn(Outcome, u32),
    /// The run was told to end, and did not succeed. It may be tried again if its time was over.
    Stopped(u32, bool),
}

/// The runs that a test has seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// The own arguments of each request for a run by hand, by its ticket.
    pub(crate) asked: BTreeMap<u64, Option<Arc<str>>>,
    /// The number of attempts that began, of each run.
    pub(crate) attempts: BTreeMap<RunId, u32>,
    /// The instances of which a body has begun.
    pub(crate) begun: BTreeSet<ActiveKey>,
    /// The start of the first body of each run.
    pub(crate) starts: BTreeMap<RunId, i64>,
    pub(crate) retries: BTreeMap<RunId, Retry>,
    pub(crate) fire_times: BTreeMap<RunId, DateTime<Utc>>,
    pub(crate) expected: BTreeMap<RunId, Expected>,
    /// Whether the last body of a run has left an error behind, and whether any has.
    pub(crate) failures: BTreeMap<RunId, (bool, bool)>,
    /// The runs that were reported as over.
    pub(crate) counted: BTreeMap<RunId, Counted>,
    /// The number of fire times that plans have decided without a run, by outcome.
    pub(crate) decided: BTreeMap<String, u64>,
    pub(crate) heard: Heard,
    /// True if answers were lost, and with them the decisions of plans.
    pub(crate) has_lost: bool,
    /// The jobs that were removed at some time.
    pub(crate) removed: BTreeSet<JobId>,
    /// The births of all jobs.
    pub(crate) births: BTreeSet<u64>,
    /// The births of jobs that did not leave by an answer to this node.
    pub(crate) gone: BTreeSet<u64>,
    /// The runs that a caller has cancelled.
    pub(crate) cancelled: BTreeSet<RunId>,
    /// The runs that other nodes took over from this one.
    pub(crate) taken: BTreeSet<RunId>,
    /// The runs that another node has opened.
    pub(crate) theirs: BTreeSet<RunId>,
}

impl Seen {
    /// Notes that other nodes decide about runs of this node.
    pub(crate) fn taken_over(&mut self, runs: impl Iterator<Item = RunId>) {
        for run in runs {
            self.expected.remove(&run);
            self.taken.insert(run);
        }
        // An answer under the old lease may be on its way.
        self.has_lost = true;
    }

    /// Notes jobs that left by an answer to a caller or to another node.
    pub(crate) fn left_elsewhere<'a>(&mut self, jobs: impl IntoIterator<Item = &'a StoredJob>) {
        self.gone
            .extend(jobs.into_iter().map(|job| job.state.birth));
    }

    /// Notes fire times that an edit or another node has decided without a run.
    pub(crate) fn decided_elsewhere(
        &mut self,
        ranges: impl IntoIterator<Item = (FireRange, Outcome)>,
    ) {
        for (range, outcome) in ranges {
            *self.decided.entry(outcome.to_string()).or_default() += range.count.number();
        }
    }

    /// Returns true if this node alone decides about a run.
    pub(crate) fn is_own(&self, run: RunId) -> bool {
        !self.taken.contains(&run) && !self.theirs.contains(&run)
    }
}

impl World {
    pub(crate) fn see_begin(&mut self, key: ActiveKey) {
        let mut all = self.machine.active();
        let (_, active) = all.find(|(own, _)| *own == key).unwrap();
        let (run, attempts) = (active.run, active.attempts);
        let wanted = self.args_of(active.job.id(), run);
        assert_eq!(active.job.args_json(), wanted, "it has its arguments");
        let seen = &mut self.seen;
        seen.retries.insert(run, active.job.policies().retry());
        let before = seen.fire_times.insert(run, active.fire_time);
        assert!(before.is_none_or(|before| before == active.fire_time));
        let is_own = seen.is_own(run);
        let token = active.token;
        let count = seen.attempts.entry(run).or_default();
        *count = if is_own { *count + 1 } else { attempts };
        assert_eq!(*count, attempts, "run {run} counts its attempts");
        if self.is_heard.get() {
            let submitted = seen.heard.submitted.remove(&run);
            assert_eq!(submitted, Some(active.fire_time), "run {run} was submitted");
        }
        if is_own && attempts > 1 {
            let is_told = seen.heard.again.contains(&(run, attempts - 1));
            assert!(is_told, "run {run} was tried again, and it was not told");
        }
        self.check_alive(run, token);
        self.check_in_time(key);
    }

    /// Notes that a body was told to end before it began.
    pub(crate) fn see_unbegun(&mut self, body: &Body) {
        if let Some(run) = self.run_of(body) {
            *self.seen.attempts.entry(run).or_default() -= 1;
        }
    }

    /// Notes the outcome that the end of a body gives its run.
    pub(crate) fn see_end(&mut self, body: &Body, how: How) {
        let Some(run) = self.run_of(body) else {
            return;
        };
        let time = self.timer.now();
        if body.is_late(time) {
            return self.see_unbegun(body);
        }
        let start = body.began.unwrap_or(time);
        self.seen.begun.insert(body.key);
        self.seen.starts.entry(run).or_insert(start);
        let has_error = matches!(how, How::Fails | How::Panics) && !body.is_aborted;
        let was_dropped = how == How::Vanishes && body.told.is_none() && !self.is_stopping;
        let has_error = has_error || was_dropped;
        let (last, any) = self.seen.failures.entry(run).or_default();
        (*last, *any) = (has_error, *any || has_error);
        if !self.seen.taken.contains(&run) {
            let expected = self.expected_of(body, how, run);
            self.seen.expected.insert(run, expected);
        }
    }

    fn expected_of(&self, body: &Body, how: How, run: RunId) -> Expected {
        let count = self.seen.attempts[&run];
        let is_over = self.seen.retries[&run].wait_after(count).is_none();
        let outcome = match how {
            How::Succeeds if !body.is_aborted => return Expected::Ended(Outcome::Succeeded),
            _ if body.told.is_some() => return Expected::Stopped(count, is_over),
            How::Vanishes if self.is_stopping => {
                return Expected::Ended(Outcome::Cancelled(CancelReason::Shutdown));
            }
            How::Panics => Outcome::Panicked,
            How::Succeeds | How::Fails | How::Vanishes => Outcome::Failed,
        };
        if is_over {
            Expected::Ended(outcome)
        } else {
            Expected::GoesOn(outcome, count)
        }
    }

    /// Returns the run whose attempt a body is.
    pub(crate) fn run_of(&self, body: &Body) -> Option<RunId> {
        let mut all = self.machine.active();
        let its = all.find(|(own, _)| *own == body.key);
        its.map(|(_, active)| active.run)
    }
}

impl Expected {
    /// Returns true if a run is as it has to be.
    pub(crate) fn fits(self, run: &Run, was_removed: bool) -> bool {
        match (self, run.state) {
            (Self::Ended(outcome), state) => state == RunState::Ended(outcome),
            (Self::GoesOn(outcome, count), RunState::Ended(ended)) => {
                // A removed job is not tried again.
                was_removed || ended != outcome || run.attempts != count
            }
            (Self::Stopped(count, _), RunState::Ended(ended)) => {
                let by_request = matches!(ended, Outcome::Cancelled(_) | Outcome::TimedOut);
                by_request || run.attempts > count
            }
            (Self::Stopped(_, is_over), _) => !is_over,
            (Self::GoesOn(..), _) => true,
        }
    }
}
