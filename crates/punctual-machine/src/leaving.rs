//! Removed stores whose jobs have runs under way.
//!
//! They are kept until the last end is recorded, since every run has exactly one outcome.

use crate::effect::Effect;
use crate::entry::Phase;
use crate::key::JobKey;
use crate::machine::Machine;
use crate::node::Node;
use crate::refusal::Refusal;

impl<N: Node> Machine<N> {
    /// Begins no more runs of a store's jobs.
    pub fn leave_store(&mut self, store: u32) {
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        state.is_leaving = true;
        state.due.clear();
        let known: Vec<JobKey> = state.jobs.iter().map(|(key, _)| key).collect();
        for key in known {
            let Some(entry) = state.jobs.get_mut(key) else {
                continue;
            };
            entry.is_listed = false;
            if matches!(entry.phase, Phase::Armed | Phase::Due) {
                entry.phase = Phase::Idle;
            }
        }
        state.disarm_refill(&mut self.effects);
        // Waiting runs stay in the store.
        state.forget_waits(&mut self.effects);
    }

    /// Drops the removed stores that have nothing left to record.
    pub(crate) fn let_stores_go(&mut self) {
        if !self.is_leaving_any() {
            return;
        }
        let leaving = self.stores.values().filter(|store| store.is_leaving);
        let gone: Vec<u32> = leaving
            .filter(|store| store.is_settled())
            .map(|store| store.id)
            .filter(|id| !self.active.all().any(|(_, active)| active.key.store == *id))
            .collect();
        for id in gone {
            if let Some(state) = self.stores.remove(&id) {
                self.refuse_all(state.outbox.manual, Refusal::NoStore);
            }
            self.effects.push(Effect::Gone { store: id });
        }
    }
}
