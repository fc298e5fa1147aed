//! Jobs that cannot run here, since their task or their executor is not known.

use std::collections::BTreeSet;
use std::sync::Arc;

use punctual_core::MissReason;
use punctual_core::plan::Absence;
use punctual_store::DueJobs;

use crate::effect::Effects;
use crate::entry::Phase;
use crate::key::JobKey;
use crate::machine::Machine;
use crate::node::Node;
use crate::store::StoreState;
use crate::tell::Tell;

/// The time within which a store with parked jobs is read again, an hour, in microseconds. The read
/// forgets parked jobs that were removed.
pub(crate) const PARKED_FOR: i64 = 3_600_000_000;

impl<N: Node> Machine<N> {
    /// Parks the jobs of a removed executor. A job that is just due finds no place to run.
    pub fn park(&mut self, executor: &str) {
        let now = self.now;
        for state in self.stores.values_mut() {
            let its = state.jobs.iter();
            let its: Vec<JobKey> = its
                .filter(|(_, entry)| entry.stored.job.executor() == executor)
                .map(|(key, _)| key)
                .collect();
            for key in its {
                let Some(entry) = state.jobs.get_mut(key) else {
                    continue;
                };
                entry.code = None;
                if entry.phase == Phase::Armed {
                    state.schedule(key, &mut self.effects, now);
                }
            }
            state.arm_refill(&mut self.effects, now);
        }
    }
}

impl<N: Node> StoreState<N> {
    /// Parks a job without code, and revives a parked job that has it now. The fire times in between are
    /// missed for that reason.
    pub(crate) fn park_or_revive(&mut self, key: JobKey, effects: &mut Effects<N>, now: i64) {
        let Some(entry) = self.jobs.get_mut(key) else {
            return;
        };
        if entry.code.is_some() {
            if !self.parked.is_empty() && self.parked.remove(&key.incarnation) {
                entry.absent = Absence {
                    until: now,
                    reason: MissReason::Parked,
                };
            }
        } else if self.parked.insert(key.incarnation) {
            self.window.note(now.saturating_add(PARKED_FOR));
            let job = &entry.stored.job;
            let kind: (Arc<str>, Box<str>) = (Arc::clone(job.task()), job.executor().into());
            effects.tell(Tell::Parked {
                store: self.id,
                job: job.id().clone(),
                task: Arc::clone(&kind.0),
                executor: kind.1.clone(),
                is_first: self.parked_tasks.insert(kind),
            });
        }
    }

    /// Forgets parked jobs that are gone. A window that is not cut holds all jobs that are not.
    pub(crate) fn forget_parked(&mut self, window: &DueJobs, now: i64) {
        if self.window.is_cut || self.parked.is_empty() {
            return;
        }
        let seen = window.jobs.iter().map(|due| due.stored.state.incarnation);
        let seen: BTreeSet<u64> = seen.collect();
        self.parked.retain(|parked| seen.contains(parked));
        if !self.parked.is_empty() {
            self.window.note(now.saturating_add(PARKED_FOR));
        }
    }
}
