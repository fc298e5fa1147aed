//! Stores that were removed while runs of their jobs are under way: they are kept until the last
//! end is recorded, as every run has exactly one outcome.

use super::Driver;
use crate::jobs::JobKey;
use crate::partition::Phase;

impl Driver {
    /// Begins no more runs of a store's jobs.
    pub(super) fn leave_store(&mut self, store: u32) {
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        partition.is_leaving = true;
        partition.due.clear();
        let known: Vec<JobKey> = partition.jobs.iter().map(|(key, _)| key).collect();
        for key in known {
            let Some(entry) = partition.jobs.get_mut(key) else {
                continue;
            };
            entry.is_listed = false;
            if matches!(entry.phase, Phase::Armed | Phase::Due) {
                entry.phase = Phase::Idle;
            }
        }
        partition.disarm_refill(&mut self.timer);
        // What waits stays in the store.
        partition.forget_waits(&mut self.timer);
    }

    /// Drops the stores that were removed and of which nothing is left to record.
    pub(super) fn let_stores_go(&mut self) {
        let leaving = self.partitions.values().filter(|store| store.is_leaving);
        let gone: Vec<u32> = leaving
            .filter(|store| store.is_settled())
            .map(|store| store.id)
            .filter(|id| !self.active.all().any(|(_, active)| active.key.store == *id))
            .collect();
        for id in gone {
            self.partitions.remove(&id);
        }
    }
}
