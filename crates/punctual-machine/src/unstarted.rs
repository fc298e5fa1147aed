//! Instances that the store knows as runs and that end before they begin.

use std::sync::Arc;

use punctual_core::{Count, FireRange, JobId, Outcome, RunId, SkipReason};
use punctual_store::RunEnd;

use crate::effect::Effect;
use crate::instance::Instance;
use crate::key::JobKey;
use crate::machine::Machine;
use crate::node::{Missing, Node};
use crate::tell::{Counted, Tell};

impl<N: Node> Machine<N> {
    /// Starts an instance whose job was parked after it was admitted. If its task or executor is
    /// still missing, the instance is skipped for that reason.
    pub(crate) fn start_without_code(&mut self, key: JobKey, instance: Instance) {
        let Some(job) = self.entry(key).map(|entry| Arc::clone(&entry.stored.job)) else {
            return;
        };
        let missing = match self.node.code_of(&job) {
            Ok(code) => {
                if let Some(entry) = self.entry(key) {
                    entry.code = Some(code);
                }
                return self.start_instance(key, instance);
            }
            Err(Missing::Task) => SkipReason::NoTask,
            Err(Missing::Executor) => SkipReason::NoExecutor,
        };
        self.refuse(key, &instance, Outcome::Skipped(missing));
    }

    /// Records that an instance is missed, skipped or cancelled and does not start.
    pub(crate) fn refuse(&mut self, key: JobKey, instance: &Instance, outcome: Outcome) {
        let Some(job) = self.entry(key).map(|entry| entry.stored.job.id().clone()) else {
            return;
        };
        self.end_unstarted(key.store, &job, instance, outcome);
        // A cancelled run is reported by itself.
        if let Some(range) = instance.range().filter(|_| !outcome.has_run()) {
            self.tell_did_not_run(key, range, outcome);
        }
        self.settled.push(key);
    }

    /// Reports that fire times were missed or skipped.
    ///
    /// The log shows only the first of them at its normal level, until the job runs again or the
    /// outcome changes.
    pub(crate) fn tell_did_not_run(&mut self, key: JobKey, range: FireRange, outcome: Outcome) {
        let Some(entry) = self.entry(key) else {
            return;
        };
        let is_first = entry.told.replace(outcome) != Some(outcome);
        let job = entry.stored.job.id().clone();
        self.effects.tell(Tell::DidNotRun {
            store: key.store,
            job,
            range,
            outcome,
            is_first,
        });
    }

    /// Records the outcome of runs that never began.
    fn end_unstarted(&mut self, store: u32, id: &JobId, instance: &Instance, outcome: Outcome) {
        let now = self.now;
        for (index, fire_time) in instance.fire_times.iter().enumerate() {
            // Only the first run can have begun on another node, or before it waited.
            let (started, attempts) = match index {
                0 => (instance.started, instance.attempts),
                _ => (None, 0),
            };
            let end = RunEnd::new(
                RunId(instance.first.0 + index as u64),
                outcome,
                // The clock may have been set back since the start.
                started.map_or(now, |started| now.max(started)),
                attempts,
            )
            .started(started);
            // Fire times that do not run are reported as a range.
            let counted = Counted::of(&end, Some(*fire_time));
            self.effects.push(Effect::Count(counted));
            if outcome.has_run() {
                self.effects.tell(Tell::Ended {
                    store,
                    job: id.clone(),
                    fire_time: *fire_time,
                    end: end.clone(),
                });
            }
            if let Some(state) = self.stores.get_mut(&store) {
                state.outbox.ends.push(end);
            }
        }
    }
}

impl Instance {
    fn range(&self) -> Option<FireRange> {
        Some(FireRange {
            first: *self.fire_times.first()?,
            last: *self.fire_times.last()?,
            count: Count::Exact(self.fire_times.len() as u64),
        })
    }
}
