//! The reasons for which bodies are told to end, and the times by which they are.

use punctual_machine::repeated::instances;

use crate::body::Body;
use crate::world::{GRACE, SECOND, World};

/// The time by which an alarm may be late.
const LATE: i64 = 10 * SECOND;

impl World {
    fn limit_of(&self, body: &Body) -> Option<i64> {
        let mut all = self.machine.active();
        let (_, active) = all.find(|(own, _)| *own == body.key)?;
        let limit = active.job.policies().timeout.limit()?;
        i64::try_from(limit.as_micros()).ok()
    }

    fn has_taken(&self, body: &Body) -> i64 {
        self.timer.passed() - body.began_after
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
