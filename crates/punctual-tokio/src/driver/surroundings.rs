//! Answers what the machine asks about functions, executors and stores, and how these do.

use std::collections::BTreeMap;
use std::sync::Arc;

use punctual_core::Job;
use punctual_machine::{Missing, Node};
use punctual_store::{JobStore, KnownTasks, Lease, StoreCapabilities};

use super::attempt::Kept;
use super::gate::Gate;
use crate::executor::Code;
use crate::shared::Shared;
use crate::stores::health::Health;

/// The functions, executors and stores that the machine of a scheduler may ask about.
pub(super) struct Surroundings {
    shared: Arc<Shared>,
    stores: BTreeMap<u32, (Arc<dyn JobStore>, Arc<Health>)>,
}

impl Surroundings {
    pub(super) fn of(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            stores: BTreeMap::new(),
        }
    }

    pub(super) fn enter(&mut self, id: u32, store: Arc<dyn JobStore>, health: Arc<Health>) {
        self.stores.insert(id, (store, health));
    }

    pub(super) fn leave(&mut self, id: u32) {
        self.stores.remove(&id);
    }
}

impl Node for Surroundings {
    type Code = Code;
    type Gate = Option<Gate>;
    type Run = Kept;

    fn code_of(&self, job: &Job) -> Result<Code, Missing> {
        self.shared.code_of(job)
    }

    fn keeps_waiting(&self, code: &Code) -> bool {
        code.place.keeps_waiting()
    }

    fn begun(&self, run: &Kept) -> Option<i64> {
        run.begun()
    }

    fn knows(&self, task: &str) -> bool {
        self.shared.registry.get(task).is_some()
    }

    fn capabilities(&self, store: u32) -> StoreCapabilities {
        let store = self.stores.get(&store);
        store.map_or_else(StoreCapabilities::default, |(store, _)| {
            store.capabilities()
        })
    }

    fn tasks_of(&self, store: u32) -> Option<KnownTasks> {
        let (store, _) = self.stores.get(&store)?;
        self.shared.tasks_of(&**store)
    }

    fn is_certain(&self, store: u32, lease: &Lease) -> bool {
        let store = self.stores.get(&store);
        store.is_some_and(|(_, health)| health.pulse.is_certain(lease))
    }

    fn is_heard(&self) -> bool {
        self.shared.bus.is_heard()
    }
}
