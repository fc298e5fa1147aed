//! The refusals of runs by hand.

use punctual_core::SkipReason;

use crate::node::Missing;

/// The reason for which there is no run by hand, or none that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No runs are started any more.
    IsStopping,
    /// The store is gone.
    NoStore,
    /// This node lacks a part that the job needs.
    Lacks(Missing),
    /// The run was recorded as skipped.
    Busy(SkipReason),
    /// The run waits for its turn, and its number is lost.
    NumberLost,
    /// The job was removed or replaced, or this node was taken for dead.
    Lost,
}
