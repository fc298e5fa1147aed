//! Checks that runs that timed out did exceed their timeout.

use chrono::TimeDelta;
use punctual_core::{Policies, Run};

use super::Case;

impl Case<'_> {
    pub(super) fn timed_out(&self, run: &Run) -> Option<String> {
        let limit_of = |policies: &Policies| {
            let limit = policies.timeout()?;
            TimeDelta::from_std(limit).ok().or(Some(TimeDelta::MAX))
        };
        // Each attempt has the timeout that was in force when it began.
        let policies = self.policies_of_last_attempt(run);
        let Some(limit) = policies.filter_map(limit_of).min() else {
            return Some("but it has no timeout".into());
        };
        let took = self.took(run)?;
        (took + self.checker.grain < limit).then(|| format!("but after {took}, and it had {limit}"))
    }

    fn policies_of_last_attempt(&self, run: &Run) -> impl Iterator<Item = &Policies> + Clone {
        let last = self.bodies.and_then(|bodies| bodies.last_of(run));
        let began = last.map(|last| last.began).or(run.finished);
        let began = began.unwrap_or(self.now);
        let from = run.fire_time().min(began);
        let skew = self.checker.skew;
        self.history.policies_in(from, began, skew)
    }

    /// Returns the longest time that the last attempt of a run may have taken until it was told to
    /// end.
    fn took(&self, run: &Run) -> Option<TimeDelta> {
        let by_ledger = || {
            // The run may have waited for a place on its executor for all of that time.
            let began = run.started.filter(|_| !self.history.waits);
            let took = run.finished? - began.unwrap_or(run.fire_time());
            Some(took + self.checker.skew)
        };
        let bodies = self.bodies.filter(|_| !self.history.waits);
        let last = bodies.and_then(|bodies| bodies.last_of(run));
        let Some(last) = last else {
            return by_ledger();
        };
        Some(last.told.or(last.ended)? - last.began)
    }
}
