//! Instances that the store knows as runs, and that end before they begin.

use punctual_core::{CancelReason, Count, FireRange, JobId, Outcome, RunId, SkipReason};
use punctual_store::RunEnd;

use super::Driver;
use crate::event::EventKind;
use crate::partition::Instance;

impl Driver {
    pub(super) fn cancel_oldest_waiting(&mut self, store: u32, incarnation: u64) {
        self.cancel_waiting(store, incarnation, CancelReason::Replaced);
    }

    /// Ends the first waiting instance; `false` if none waits.
    pub(super) fn cancel_waiting(
        &mut self,
        store: u32,
        incarnation: u64,
        reason: CancelReason,
    ) -> bool {
        let Some(entry) = self.entry(store, incarnation) else {
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
        self.end_unstarted(store, &id, &instance, Outcome::Cancelled(reason));
        true
    }

    /// Records that an instance could not be started after all.
    pub(super) fn refuse(
        &mut self,
        store: u32,
        incarnation: u64,
        instance: &Instance,
        reason: SkipReason,
    ) {
        let Some(job) = self.job_event(store, incarnation) else {
            return;
        };
        self.end_unstarted(store, &job.id, instance, Outcome::Skipped(reason));
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
        self.settled.push((store, incarnation));
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
            if !matches!(outcome, Outcome::Skipped(_)) {
                self.tell_end(store, id.clone(), *fire_time, &end);
            }
            if let Some(partition) = self.partitions.get_mut(&store) {
                partition.outbox.ends.push(end);
            }
        }
    }
}
