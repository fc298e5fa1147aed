//! Why a run by hand did not come about.

use punctual_core::SkipReason;

use crate::node::Missing;

/// Why there is no run by hand, or none that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No runs are started any more.
    IsStopping,
    /// The store is gone.
    NoStore,
    /// This node lacks what runs the job.
    Lacks(Missing),
    /// It was recorded as skipped.
    Busy(SkipReason),
    /// It waits for its turn, and its number is lost.
    NumberLost,
    /// The job was removed or replaced meanwhile, or this node was taken for dead.
    Lost,
}
