//! Runs whose grace time passed before the store had answered: they are missed.

use punctual_core::plan::{Plan, overdue};
use punctual_core::{MissReason, Outcome, Overlap, RunId};
use punctual_store::Won;

use crate::instance::Instance;
use crate::key::JobKey;
use crate::machine::{Machine, instant};
use crate::node::Node;

impl<N: Node> Machine<N> {
    /// Takes fire times out of a plan that the store accepted after their grace time. They are
    /// missed, as if they were decided only now.
    pub(crate) fn drop_overdue(&mut self, key: JobKey, plan: &mut Plan, won: &mut Won, now: i64) {
        let Some(entry) = self.entry(key) else {
            return;
        };
        let job = &entry.stored.job;
        if job.policies().misfire_grace_time().is_none() {
            return;
        }
        let fire_times = plan.drop_overdue(&job.view(&entry.stored.state), instant(now));
        if !fire_times.is_empty() {
            let instance = Instance::of_plan(won, fire_times);
            let count = instance.fire_times.len() as u64;
            won.first.0 += count;
            won.token += count;
            self.refuse(key, &instance, Outcome::Missed(MissReason::Grace));
        }
    }

    /// Returns the part of a handed instance that may still begin.
    ///
    /// An instance with an earlier attempt stays in time, and so does one that waited for room.
    pub(crate) fn in_time(&mut self, key: JobKey, mut instance: Instance) -> Option<Instance> {
        let now = instant(self.now);
        let entry = self.entry(key)?;
        let job = &entry.stored.job;
        if instance.attempts > 0 || job.policies().overlap() != Overlap::Skip {
            return Some(instance);
        }
        let count = overdue(&job.view(&entry.stored.state), &instance.fire_times, now);
        if count > 0 {
            let rest = instance.split_off(count);
            self.refuse(key, &instance, Outcome::Missed(MissReason::Grace));
            instance = rest;
        }
        Some(instance).filter(|instance| !instance.fire_times.is_empty())
    }
}

impl Instance {
    /// Splits the instance before this fire time.
    fn split_off(&mut self, at: usize) -> Self {
        let count = at as u64;
        Self {
            first: RunId(self.first.0 + count),
            token: self.token + count,
            fire_times: self.fire_times.split_off(at),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn the_rest_of_an_instance_keeps_its_numbers_and_tokens() {
        let fire_times: Vec<_> = (0..3)
            .map(|hour| DateTime::UNIX_EPOCH + TimeDelta::hours(hour))
            .collect();
        let mut instance = Instance {
            first: RunId(5),
            token: 9,
            fire_times: fire_times.clone(),
            attempts: 0,
            started: None,
            failure: None,
            args: None,
            was_admitted: true,
            may_be_late: true,
            past: None,
        };
        let rest = instance.split_off(2);
        assert_eq!(instance.fire_times, fire_times[..2]);
        assert_eq!((rest.first, rest.token), (RunId(7), 11));
        assert_eq!(rest.fire_times, fire_times[2..]);
        assert!(rest.was_admitted && rest.may_be_late);
    }
}
