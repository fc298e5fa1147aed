//! Checks the runs that are under way, each with its alarm.

use super::{Alarms, Wrong};
use crate::active::Active;
use crate::alarm::Alarm;
use crate::key::ActiveKey;
use crate::machine::Machine;
use crate::node::Node;

impl<N: Node> Machine<N> {
    pub(crate) fn check_attempts(&self, alarms: &Alarms, wrong: &mut Wrong) {
        if self.active.len() != self.active.all().count() {
            wrong.push("slots of runs are lost".to_owned());
        }
        for (key, active) in self.active.all() {
            let run = active.run;
            if !self.is_kept(active) {
                wrong.push(format!("run {run} is of a job that was forgotten"));
            }
            if let Some(what) = odd_alarm(key, active, alarms) {
                wrong.push(format!("run {run} {what}"));
            }
        }
    }

    fn is_kept(&self, active: &Active<N>) -> bool {
        let state = self.stores.get(&active.key.store);
        state.is_some_and(|own| own.jobs.get(active.key).is_some())
    }
}

/// Checks that an attempt has an alarm if its time is limited or if it was told to end.
fn odd_alarm<N: Node>(key: ActiveKey, active: &Active<N>, alarms: &Alarms) -> Option<&'static str> {
    let attempt = active.attempt_of(key);
    let expected = match active.stop {
        Some(_) => Some(Alarm::Abort(attempt)),
        // The time of a body counts from its start, which is awaited without an alarm.
        None if active.is_awaited => None,
        None if active.job.policies().timeout().is_some() => Some(Alarm::Timeout(attempt)),
        None => None,
    };
    match (expected, active.alarm) {
        (None, None) => None,
        (None, Some(_)) => Some("has an alarm that it does not need"),
        // The attempt was aborted, and its thread goes on.
        (Some(Alarm::Abort(_)), None) => None,
        (Some(_), None) => Some("has no alarm"),
        (Some(expected), Some(alarm)) if alarm != expected => Some("has the alarm of another"),
        (Some(_), Some(alarm)) => {
            let is_armed = alarms.elapsed.contains_key(&alarm);
            (!is_armed).then_some("has an alarm that is not in the timer")
        }
    }
}
