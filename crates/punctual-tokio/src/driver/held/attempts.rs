//! The runs that are under way, each with its alarm.

use super::super::active::{Active, AttemptKey};
use super::super::{Alarm, Driver};
use super::Wrong;
use crate::reports::Key;

impl Driver {
    pub(super) fn check_attempts(&self, wrong: &mut Wrong) {
        if self.active.len() != self.active.all().count() {
            wrong.push("slots of runs are lost".to_owned());
        }
        for (key, active) in self.active.all() {
            let run = active.run;
            if active.attempt.is_none() {
                wrong.push(format!("run {run} has no attempt"));
            }
            if !self.is_kept(active) {
                wrong.push(format!("run {run} is of a job that was forgotten"));
            }
            if let Some(what) = self.odd_alarm(key, active) {
                wrong.push(format!("run {run} {what}"));
            }
        }
    }

    fn is_kept(&self, active: &Active) -> bool {
        let partition = self.partitions.get(&active.key.store);
        partition.is_some_and(|own| own.jobs.get(active.key).is_some())
    }

    /// An attempt has an alarm if its time is limited, or if it was told to end.
    fn odd_alarm(&self, key: Key, active: &Active) -> Option<&'static str> {
        let turn = active.turn;
        let attempt = AttemptKey { run: key, turn };
        let expected = match active.stop {
            Some(_) => Some(Alarm::Abort(attempt)),
            // The time of a body counts from its begin, which is awaited without an alarm.
            None if active.is_awaited => None,
            None if active.job.policies().timeout.limit().is_some() => {
                Some(Alarm::Timeout(attempt))
            }
            None => None,
        };
        match (expected, active.alarm) {
            (None, None) => None,
            (None, Some(_)) => Some("has an alarm that it does not need"),
            (Some(_), None) => Some("has no alarm"),
            (Some(expected), Some(alarm)) => match self.timer.elapsed_alarm(alarm) {
                Some(armed) if armed == expected => None,
                Some(_) => Some("has the alarm of another"),
                // It was aborted, and its thread goes on.
                None if active.stop.is_some() && self.timer.is_past(alarm) => None,
                None => Some("has an alarm that is not in the timer"),
            },
        }
    }
}
