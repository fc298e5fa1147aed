//! A node that answers what the test has set.

use std::cell::Cell;
use std::rc::Rc;

use punctual_core::Job;
use punctual_machine::{Missing, Node};
use punctual_store::{BatchLimits, JobStore, KnownTasks, Lease, MemoryStore, StoreCapabilities};

/// The task that the node knows. Any other task is unknown.
pub(crate) const TASK: &str = "work";

pub(crate) struct Plain {
    pub(crate) store: MemoryStore,
    /// True if the other nodes are sure that this one is alive.
    pub(crate) is_certain: Rc<Cell<bool>>,
    /// True if the executor exists.
    pub(crate) has_executor: Rc<Cell<bool>>,
    pub(crate) is_heard: Rc<Cell<bool>>,
    /// The most that one request may hold, unless it is what the store takes.
    pub(crate) limits: Rc<Cell<Option<BatchLimits>>>,
}

impl Node for Plain {
    type Code = ();
    type Gate = u32;
    type Run = ();

    fn code_of(&self, job: &Job) -> Result<(), Missing> {
        if !self.has_executor.get() {
            return Err(Missing::Executor);
        }
        if !self.knows(job.task()) {
            return Err(Missing::Task);
        }
        Ok(())
    }

    fn keeps_waiting(&self, (): &()) -> bool {
        true
    }

    fn begun(&self, (): &()) -> Option<i64> {
        None
    }

    fn knows(&self, task: &str) -> bool {
        task == TASK
    }

    fn capabilities(&self, _store: u32) -> StoreCapabilities {
        let capabilities = self.store.capabilities();
        let limits = self.limits.get().unwrap_or(capabilities.limits);
        capabilities.limits(limits)
    }

    fn tasks_of(&self, store: u32) -> Option<KnownTasks> {
        self.capabilities(store)
            .shared
            .then(|| [TASK.into()].into())
    }

    fn is_certain(&self, _store: u32, _lease: &Lease) -> bool {
        self.is_certain.get()
    }

    fn is_heard(&self) -> bool {
        self.is_heard.get()
    }
}
