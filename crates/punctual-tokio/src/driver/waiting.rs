//! Runs that wait for a free instance.

use std::time::Duration;

use punctual_core::{CancelReason, RunId};
use punctual_store::{Claim, ClaimAnswer, ClaimKind};

use super::{Alarm, Driver};
use crate::jobs::JobKey;
use crate::partition::{Instance, Waiting};

/// How long a waiting run leaves another node alone that holds the instance it needs.
const PROMOTE_AGAIN: Duration = Duration::from_secs(1);

impl Driver {
    /// Lets an instance wait, unless those that wait were cancelled while the store was asked.
    pub(super) fn queue_instance(&mut self, key: JobKey, instance: Instance) {
        if !self.stage.starts_runs() {
            return self.cancel_unstarted(key, &instance, CancelReason::Shutdown);
        }
        let partition = self.partitions.get(&key.store);
        if partition.is_some_and(|partition| partition.is_leaving) {
            return self.cancel_unstarted(key, &instance, CancelReason::User);
        }
        if let Some(entry) = self.entry(key) {
            let waiting = entry.waiting.get_or_insert_default();
            waiting.queue.push_back(instance);
        }
        self.promote(key);
    }

    /// Asks the store for an instance for the first of the waiting runs, if one may be free.
    pub(super) fn promote(&mut self, key: JobKey) {
        let Some(partition) = self.partitions.get_mut(&key.store) else {
            return;
        };
        let Some(entry) = partition.jobs.get_mut(key) else {
            return;
        };
        let limit = entry.stored.job.policies().max_instances;
        let has_room = limit.admits(entry.instances);
        let Some(waiting) = entry
            .waiting
            .as_mut()
            .filter(|waiting| has_room && waiting.promoting.is_none())
        else {
            return;
        };
        let Some(instance) = waiting.queue.front() else {
            return;
        };
        waiting.promoting = Some(instance.first);
        let claim = Claim {
            id: entry.stored.job.id().clone(),
            incarnation: key.incarnation,
            kind: ClaimKind::Promote {
                first: instance.first,
                count: instance.fire_times.len() as u32,
            },
        };
        partition.outbox.claims.push_back((key, claim));
    }

    pub(super) fn promoted(&mut self, key: JobKey, first: RunId, answer: &ClaimAnswer) {
        let Some(entry) = self.entry(key) else {
            return;
        };
        // It may not be this node's any more.
        let was_asked = |waiting: &&mut Box<Waiting>| waiting.promoting == Some(first);
        let Some(waiting) = entry.waiting.as_mut().filter(was_asked) else {
            return;
        };
        waiting.promoting = None;
        let waits = waiting.queue.front();
        if waits.is_none_or(|instance| instance.first != first) {
            // It was cancelled meanwhile.
            return self.promote(key);
        }
        match answer {
            ClaimAnswer::Won(_) => {
                if let Some(instance) = waiting.queue.pop_front() {
                    self.start_instance(key, instance);
                }
                self.promote(key);
            }
            // Another node has it; it does not tell when it is done.
            ClaimAnswer::AtLimit(_) => {
                self.timer.after(PROMOTE_AGAIN, 0, Alarm::Promote(key));
            }
            ClaimAnswer::Lost(_) => while self.cancel_waiting(key, CancelReason::User) {},
        }
    }
}
