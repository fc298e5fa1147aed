use serde::Serialize;

/// Decides what becomes of a run that finds all [`max_instances`](super::Policies::max_instances) busy, on all
/// nodes that share the store.
///
/// ```text
/// fire times          |    |    |    |
/// Skip                [========]     [========]        the one that meets a busy job is skipped
///                          x
/// Queue(1)            [========][========][========]   it waits; a second one waiting is skipped
///                          q    q
/// CancelRunning       [===c[===c[===c[========]        the oldest run is cancelled to make room
/// ```
///
/// A waiting run belongs to its job, not to a node. It stays in the store when its node shuts down
/// or dies, and any node that knows the task starts it.
///
/// In JSON: `"skip"`, `{"queue": {"at_most": 1}}`, `"cancel_running"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Overlap {
    /// The fire time is recorded as skipped, as in `APScheduler`.
    #[default]
    Skip,
    /// The run waits for room, in order. If `at_most` instances wait already, on all nodes
    /// together, it is recorded as skipped because the queue is full.
    #[non_exhaustive]
    Queue {
        /// The number of instances that may wait. Fire times that `Coalesce::All` keeps together
        /// count as one.
        at_most: u32,
    },
    /// The oldest run is asked to end, on any node. It is recorded as cancelled (replaced), unless
    /// it still succeeds. The new run starts as soon as the oldest has ended, so the limit holds at
    /// every instant. Only the newest run waits. A run that waited before it is recorded as
    /// coalesced into it. A run that is between two attempts is cancelled there.
    CancelRunning,
}

impl Overlap {
    /// Returns the rule by which at most `at_most` instances wait. 0 is refused where the policy is
    /// used.
    #[must_use]
    pub const fn queue(at_most: u32) -> Self {
        Self::Queue { at_most }
    }
}
