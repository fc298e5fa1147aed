//! Instances that the store knows as runs, and that end before they begin.

use chrono::{DateTime, Utc};
use punctual_core::plan::{Plan, overdue};
use punctual_core::{Count, FireRange, JobId, MissReason, Outcome, Overlap, RunId, SkipReason};
use punctual_store::{RunEnd, Won};

use super::{Driver, log};
use crate::clock::instant;
use crate::event::{EventKind, JobEvent};
use crate::jobs::JobKey;
use crate::partition::Instance;

impl Driver {
    /// Takes out of a plan what the store has accepted so late that its grace time has passed: it is
    /// missed, as if it were decided only now.
    pub(super) fn drop_overdue(&mut self, key: JobKey, plan: &mut Plan, won: &mut Won, now: i64) {
        let Some(entry) = self.entry(key) else {
            return;
        };
        let job = &entry.stored.job;
        if job.policies().misfire_grace_time.limit().is_none() {
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

    /// What of an instance may begin that the store has handed out. An attempt that was made stays in
    /// time, and so does what waited for room.
    pub(super) fn in_time(&mut self, key: JobKey, mut instance: Instance) -> Option<Instance> {
        let now = self.core.clock.now();
        let entry = self.entry(key)?;
        let job = &entry.stored.job;
        if instance.attempts > 0 || job.policies().overlap != Overlap::Skip {
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

    /// Starts an instance whose job was parked after it was admitted: if what it needs is there
    /// again it runs, else it is told apart what is missing.
    pub(super) fn start_without_code(&mut self, key: JobKey, instance: Instance) {
        let core = std::sync::Arc::clone(&self.core);
        let Some(entry) = self.entry(key) else {
            return;
        };
        entry.code = core.code_of(&entry.stored.job);
        let has_executor = core.executors.has(entry.stored.job.executor());
        let missing = match entry.code {
            Some(_) => return self.start_instance(key, instance),
            None if has_executor => SkipReason::NoTask,
            None => SkipReason::NoExecutor,
        };
        self.refuse(key, &instance, Outcome::Skipped(missing));
    }

    /// Records that an instance is not started after all: it is missed or skipped.
    pub(super) fn refuse(&mut self, key: JobKey, instance: &Instance, outcome: Outcome) {
        let Some(job) = self.job_event(key) else {
            return;
        };
        self.end_unstarted(key.store, &job.id, instance, outcome);
        if let Some(range) = instance.range() {
            self.tell_did_not_run(key, job, range, outcome);
        }
        self.settled.push(key);
    }

    /// Tells that fire times were missed or skipped. The log is told aloud of the first ones only,
    /// until the job runs again, or others go another way.
    pub(super) fn tell_did_not_run(
        &mut self,
        key: JobKey,
        job: JobEvent,
        range: FireRange,
        outcome: Outcome,
    ) {
        let entry = self.entry(key);
        let told = entry.and_then(|entry| entry.told.replace(outcome));
        let is_first = told != Some(outcome);
        log::did_not_run(&self.core.voice, &job.id, range, outcome, is_first);
        let told = match outcome {
            Outcome::Missed(reason) => EventKind::JobMissed { job, range, reason },
            Outcome::Skipped(reason) => EventKind::JobMaxInstances { job, range, reason },
            // There is a run that tells for itself.
            _ => return,
        };
        self.core.bus.emit(|| told);
    }

    /// Tells that a run has found no place within its grace time.
    pub(super) fn tell_missed(&mut self, key: JobKey, fire_time: DateTime<Utc>, outcome: Outcome) {
        if let Some(job) = self.job_event(key) {
            self.tell_did_not_run(key, job, FireRange::single(fire_time), outcome);
        }
    }

    /// Records the outcome of runs that never began.
    fn end_unstarted(&mut self, store: u32, id: &JobId, instance: &Instance, outcome: Outcome) {
        let now = self.core.clock.micros();
        for (index, fire_time) in instance.fire_times.iter().enumerate() {
            // Only the first can have begun on another node, or before it waited.
            let (started, attempts) = match index {
                0 => (instance.started, instance.attempts),
                _ => (None, 0),
            };
            let end = RunEnd {
                run: RunId(instance.first.0 + index as u64),
                outcome,
                retry_at: None,
                started,
                finished: now,
                attempts,
                text: None,
            };
            self.core.metrics.ended(&end, Some(*fire_time));
            // Of those there is an event of their own.
            if !matches!(outcome, Outcome::Skipped(_) | Outcome::Missed(_)) {
                log::ended(&self.core.voice, id, *fire_time, &end);
                self.tell_end(store, id.clone(), *fire_time, &end);
            }
            if let Some(partition) = self.partitions.get_mut(&store) {
                partition.outbox.ends.push(end);
            }
        }
    }
}

impl Instance {
    /// Parts it before this fire time.
    fn split_off(&mut self, at: usize) -> Self {
        let count = at as u64;
        Self {
            first: RunId(self.first.0 + count),
            token: self.token + count,
            fire_times: self.fire_times.split_off(at),
            ..self.clone()
        }
    }

    fn range(&self) -> Option<FireRange> {
        Some(FireRange {
            first: *self.fire_times.first()?,
            last: *self.fire_times.last()?,
            count: Count::Exact(self.fire_times.len() as u64),
        })
    }
}
