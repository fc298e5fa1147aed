//! What the machine may ask of the node that it decides for.

use punctual_core::Job;
use punctual_store::{KnownTasks, Lease, StoreCapabilities};

/// What a [`Machine`](crate::Machine) may ask of its node. Each answer is a value, and asking changes
/// nothing.
pub trait Node {
    /// What runs a job here.
    type Code: Clone;
    /// What the driver keeps of a job that has runs under way. It is made anew when none is.
    type Gate: Default;
    /// What the driver keeps of an instance that is under way. It comes back with
    /// [`Effect::Over`](crate::Effect::Over).
    type Run: Default;

    /// What runs a job here, or what is missing for it. Without its executor, a job lacks that first.
    ///
    /// # Errors
    ///
    /// If the task or the executor is unknown.
    fn code_of(&self, job: &Job) -> Result<Self::Code, Missing>;

    /// Whether a run may have to wait for its turn after it was started.
    fn keeps_waiting(&self, code: &Self::Code) -> bool;

    /// Whether a task of this name is known.
    fn knows(&self, task: &str) -> bool;

    /// What a store can do.
    fn capabilities(&self, store: u32) -> StoreCapabilities;

    /// The tasks that a store is asked for; all, if no other node uses it.
    fn tasks_of(&self, store: u32) -> Option<KnownTasks>;

    /// Whether all other nodes of a store still know that this one is alive under its lease.
    fn is_certain(&self, store: u32, lease: &Lease) -> bool;

    /// Whether runs that succeed are told of one by one.
    fn is_heard(&self) -> bool;
}

/// What a node lacks for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// No function of that name is registered.
    Task,
    /// No executor has that alias.
    Executor,
}
