//! What a scheduler is made of, whether it runs or not.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use punctual_core::{Job, JobId, TriggerRegistry, Zone};
use punctual_store::{JobStore, NodeInfo};

use crate::announce::Announcements;
use crate::bus::Bus;
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};
use crate::executor::Executors;
use crate::handler::{States, Task};
use crate::health::Health;
use crate::registry::Registry;

pub(crate) struct Core {
    pub(crate) clock: Clock,
    pub(crate) bus: Bus,
    pub(crate) registry: Registry,
    pub(crate) executors: Executors,
    pub(crate) triggers: TriggerRegistry,
    pub(crate) states: States,
    pub(crate) zone: Zone,
    pub(crate) node: Arc<str>,
    pub(crate) announcements: Arc<Announcements>,
    stores: RwLock<Vec<NamedStore>>,
    next_store: AtomicU32,
}

/// A store under its alias.
#[derive(Clone)]
pub(crate) struct NamedStore {
    pub(crate) id: u32,
    pub(crate) alias: Arc<str>,
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) health: Arc<Health>,
}

pub(crate) struct Setup {
    pub(crate) clock: Clock,
    pub(crate) registry: Registry,
    pub(crate) triggers: TriggerRegistry,
    pub(crate) states: States,
    pub(crate) zone: Zone,
    pub(crate) node: Arc<str>,
}

impl Core {
    pub(crate) fn new(setup: Setup) -> Self {
        Self {
            bus: Bus::new(setup.clock.clone()),
            clock: setup.clock,
            registry: setup.registry,
            triggers: setup.triggers,
            states: setup.states,
            zone: setup.zone,
            node: setup.node,
            announcements: Arc::default(),
            executors: Executors::default(),
            stores: RwLock::default(),
            next_store: AtomicU32::new(0),
        }
    }

    pub(crate) fn node_info(&self) -> NodeInfo {
        NodeInfo {
            name: Arc::clone(&self.node),
            tasks: self.registry.names(),
            zones: Zone::database().version,
        }
    }

    /// What runs a job here; `None` parks it.
    pub(crate) fn task_of(&self, job: &Job) -> Option<Task> {
        let task = self.registry.get(job.task());
        task.filter(|_| self.executors.has(job.executor()))
    }

    pub(crate) fn stores(&self) -> Vec<NamedStore> {
        self.stores
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Enters a store under an alias that is free.
    pub(crate) fn add_store(
        &self,
        alias: &str,
        store: Arc<dyn JobStore>,
    ) -> Result<NamedStore, Error> {
        let mut stores = self.stores.write().unwrap_or_else(PoisonError::into_inner);
        if stores.iter().any(|named| &*named.alias == alias) {
            let message = format!("a store with the alias `{alias}` exists already");
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        let named = NamedStore {
            id: self.next_store.fetch_add(1, Ordering::Relaxed),
            alias: alias.into(),
            store,
            health: Arc::default(),
        };
        stores.push(named.clone());
        Ok(named)
    }

    pub(crate) fn take_store(&self, alias: &str) -> Result<NamedStore, Error> {
        let mut stores = self.stores.write().unwrap_or_else(PoisonError::into_inner);
        let found = stores.iter().position(|named| &*named.alias == alias);
        found
            .map(|at| stores.remove(at))
            .ok_or_else(|| no_store(alias))
    }

    pub(crate) fn store(&self, alias: &str) -> Result<NamedStore, Error> {
        let stores = self.stores.read().unwrap_or_else(PoisonError::into_inner);
        let found = stores.iter().find(|named| &*named.alias == alias);
        found.cloned().ok_or_else(|| no_store(alias))
    }

    /// The first store that holds a job of this id.
    pub(crate) async fn find(
        &self,
        id: &JobId,
    ) -> Result<(NamedStore, punctual_store::StoredJob), Error> {
        for named in self.stores() {
            if let Some(found) = named.store.get(id.clone()).await? {
                return Ok((named, found));
            }
        }
        Err(Error::no_job(id))
    }
}

fn no_store(alias: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("there is no store with the alias `{alias}`"),
    )
}
