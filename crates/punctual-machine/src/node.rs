//! The questions that the machine may ask of its node.

use punctual_core::Job;
use punctual_store::{KnownTasks, Lease, StoreCapabilities};

/// Answers the questions of a [`Machine`](crate::Machine) about its node. Each answer is a value,
/// and asking changes nothing.
pub trait Node {
    /// The code that executes a job on this node.
    type Code: Clone;
    /// The driver's own data about a job with runs under way. It is made anew when there are none.
    type Gate: Default;
    /// The driver's own data about an instance that is under way.
    /// [`Effect::Over`](crate::Effect::Over) gives it back.
    type Run: Default;

    /// Returns the code that executes a job on this node.
    ///
    /// # Errors
    ///
    /// Returns an error if the task or the executor is unknown. If both are, the error names the
    /// executor.
    fn code_of(&self, job: &Job) -> Result<Self::Code, Missing>;

    /// Returns true if a run may have to wait for its turn after it was started.
    fn keeps_waiting(&self, code: &Self::Code) -> bool;

    /// Returns the time at which the body of the attempt that is under way began, in microseconds,
    /// if it has begun.
    fn begun(&self, run: &Self::Run) -> Option<i64>;

    /// Returns true if a task of this name is known.
    fn knows(&self, task: &str) -> bool;

    /// Returns the capabilities of a store.
    fn capabilities(&self, store: u32) -> StoreCapabilities;

    /// Returns the tasks that a store is asked for, or `None` for all tasks if no other node uses
    /// it.
    fn tasks_of(&self, store: u32) -> Option<KnownTasks>;

    /// Returns true if all other nodes of a store still know that this node is alive under its
    /// lease.
    fn is_certain(&self, store: u32, lease: &Lease) -> bool;

    /// Returns true if runs that succeed are reported one by one.
    fn is_heard(&self) -> bool;
}

/// The part of a job that a node lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// No function of that name is registered.
    Task,
    /// No executor has that alias.
    Executor,
}
