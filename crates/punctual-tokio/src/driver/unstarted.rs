//! Instances that the store knows as runs, and that end before they begin.

use punctual_core::{CancelReason, Count, FireRange, JobId, Outcome, RunId, SkipReason};
use punctual_store::RunEnd;

use super::Driver;
use crate::event::EventKind;
use crate::jobs::JobKey;
use crate::partition::Instance;

impl Driver {
    pub(super) fn cancel_oldest_waiting(&mut self, job: JobKey) {
        self.cancel_waiting(job, CancelReason::Replaced);
    }

    /// Ends the first waiting instance; `false` if none waits.
    pub(super) fn cancel_waiting(&mut self, job: JobKey, reason: CancelReason) -> bool {
        let Some(entry) = self.entry(job) else {
            return false;
        };
        let id = entry.stored.job.id().clone();
        let Some(instance) = entry
            .waiting
            .as_mut()
            .and_then(|waiting| waiting.queue.pop_front())
        else {
            return false;
        };
        self.end_unstarted(job.store, &id, &instance, Outcome::Cancelled(reason));
        true
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
        match entry.code {
            Some(_) => self.start_instance(key, instance),
            None if has_executor => self.refuse(key, &instance, SkipReason::NoTask),
            None => self.refuse(key, &instance, SkipReason::NoExecutor),
        }
    }

    /// Records that an instance could not be started after all.
    pub(super) fn refuse(&mut self, key: JobKey, instance: &Instance, reason: SkipReason) {
        let Some(job) = self.job_event(key) else {
            return;
        };
        self.end_unstarted(key.store, &job.id, instance, Outcome::Skipped(reason));
        if let (Some(first), Some(last)) = (instance.fire_times.first(), instance.fire_times.last())
        {
            let range = FireRange {
                first: *first,
                last: *last,
                count: Count::Exact(instance.fire_times.len() as u64),
            };
            self.core
                .bus
                .emit(|| EventKind::JobMaxInstances { job, range, reason });
        }
        self.settled.push(key);
    }

    /// Records the outcome of runs that never began.
    fn end_unstarted(&mut self, store: u32, id: &JobId, instance: &Instance, outcome: Outcome) {
        let now = self.core.clock.micros();
        for (index, fire_time) in instance.fire_times.iter().enumerate() {
            let end = RunEnd {
                run: RunId(instance.first.0 + index as u64),
                outcome,
                started: None,
                finished: now,
                attempts: 0,
                text: None,
            };
            self.core.metrics.ended(&end, *fire_time);
            if !matches!(outcome, Outcome::Skipped(_)) {
                self.tell_end(store, id.clone(), *fire_time, &end);
            }
            if let Some(partition) = self.partitions.get_mut(&store) {
                partition.outbox.ends.push(end);
            }
        }
    }
}
