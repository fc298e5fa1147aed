//! The reasons for which bodies are told to end, and the times by which they are.

use punctual_core::plan::latest_start;
use punctual_core::{Origin, Overlap, RunId};
use punctual_machine::ActiveKey;
use punctual_machine::repeated::instances;
use punctual_store::{Claim, ClaimKind, ClaimRequest, DueRequest, JobStore as _, WaitingJob};

use crate::body::Body;
use crate::node::TASK;
use crate::world::{GRACE, SECOND, World, now};

/// The time by which an alarm may be late.
const LATE: i64 = 10 * SECOND;

impl World {
    fn limit_of(&self, body: &Body) -> Option<i64> {
        let mut all = self.machine.active();
        let (_, active) = all.find(|(own, _)| *own == body.key)?;
        let limit = active.job.policies().timeout()?;
        i64::try_from(limit.as_micros()).ok()
    }

    fn has_taken(&self, body: &Body) -> i64 {
        self.timer.passed() - body.began_after
    }

    /// Checks that no run begins while other nodes may have taken it over, and that it has the token
    /// that the store gave it.
    pub(crate) fn check_alive(&self, run: RunId, token: u64) {
        let is_alive = self.is_certain.get() || !self.store.capabilities().shared;
        assert!(is_alive, "run {run} begins, and this node may be dead");
        let open = self.open_runs();
        if let Some(its) = open.iter().find(|own| own.id == run) {
            assert_eq!(its.token, token, "the token of run {run}");
        }
    }

    /// Checks that no run of the schedule begins after its grace time, or waits longer for a place.
    pub(crate) fn check_in_time(&self, key: ActiveKey) {
        let mut all = self.machine.active();
        let (_, active) = all.find(|(own, _)| *own == key).unwrap();
        let job = &active.job;
        let its = self.bodies.iter().find(|body| body.key == key).unwrap();
        let has_begun = self.seen.begun.contains(&key);
        assert!(!has_begun || its.latest.is_none(), "its instance has begun");
        let open = self.open_runs();
        let run = open.iter().find(|own| own.id == active.run);
        let rows = self.jobs();
        let row = rows.iter().find(|row| row.job.id() == job.id());
        let (Some(run), Some(row)) = (run, row) else {
            return;
        };
        let is_edited = row.job.policies() != job.policies() || row.job.trigger() != job.trigger();
        let may_be_late = active.attempts == 1 && run.key.origin == Origin::Scheduled;
        assert!(may_be_late || its.latest.is_none(), "{run:?} is never late");
        let is_first = may_be_late && active.turn == 1;
        if is_edited || !is_first {
            return;
        }
        let latest = latest_start(&job.view(&row.state), active.fire_time);
        let latest = latest.filter(|_| job.policies().overlap() == Overlap::Skip);
        let latest = latest.map(|at| at.timestamp_micros());
        assert_eq!(its.latest, latest, "the latest start of {run:?}");
        let is_late = latest.is_some_and(|latest| latest < self.timer.now());
        assert!(!is_late, "it is too late for {run:?}");
    }

    /// Checks that no run waits that may begin here.
    pub(crate) fn check_waiting(&self) {
        if !self.machine.begins_runs() || !self.has_executor.get() {
            return;
        }
        let request = DueRequest::through(self.time(), 1).tasks(Some([TASK.into()].into()));
        let waiting = now(self.store.due(request)).unwrap().waiting;
        let held = self.machine.held(self.latest, &self.timer);
        let is_known = |job: &WaitingJob| held.stores[0].waits.contains_key(&job.birth);
        assert!(waiting.iter().all(is_known), "these wait: {waiting:?}");
    }

    /// Checks that a node that begins no runs claims none.
    pub(crate) fn check_claim(&self, request: &ClaimRequest) {
        let begins_runs = self.machine.begins_runs() && !self.is_ending;
        assert_eq!(request.takes_waiting, begins_runs);
        let is_due = |claim: &Claim| matches!(claim.kind, ClaimKind::Advance { .. });
        assert!(begins_runs || !request.claims.iter().any(is_due));
    }

    /// Checks that a body is told to end for a reason.
    pub(crate) fn check_stop(&self, body: &Body) {
        let run = self.run_of(body).expect("it is under way");
        let open = self.open_runs();
        let is_asked = instances(&open).any(|instance| {
            instance.iter().any(|own| own.id == run)
                && instance.iter().any(|own| own.cancel.is_some())
        });
        let limit = self.limit_of(body).filter(|_| body.began.is_some());
        let is_over = limit.is_some_and(|limit| {
            self.has_taken(body) >= limit || self.last_set >= body.began_after
        });
        let is_there = is_asked || is_over || self.is_stopping || self.seen.taken.contains(&run);
        assert!(is_there, "run {run} is told to end for nothing");
    }

    /// Checks that bodies whose time is over were told to end, and soon aborted.
    pub(crate) fn check_limits(&self) {
        for body in &self.bodies {
            match body.told {
                Some(told) => {
                    let is_late = self.timer.passed() - told > GRACE;
                    assert!(!is_late || body.is_aborted, "it is not aborted");
                }
                None if body.began.is_some() => {
                    // It is noticed at the latest when another such time has passed.
                    let is_over = |limit: i64| self.has_taken(body) > 2 * limit + LATE;
                    let is_late = self.limit_of(body).is_some_and(is_over);
                    assert!(!is_late, "its time has been over for long");
                }
                None => {}
            }
        }
    }
}
