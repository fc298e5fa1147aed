use serde::{Deserialize, Serialize};

/// What happens to a run that finds all [`max_instances`](super::MaxInstances) busy.
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
/// In JSON: `"skip"`, `{"queue": {"at_most": 1}}`, `"cancel_running"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Overlap {
    /// The fire time is recorded as skipped: as in `APScheduler`.
    #[default]
    Skip,
    /// The run waits for a free instance, in order; beyond `at_most` waiting ones it is recorded
    /// as skipped because the queue is full.
    Queue {
        /// How many instances may wait; the fire times that `Coalesce::All` keeps together are one.
        at_most: u32,
    },
    /// The oldest run is cancelled and recorded as replaced; the new one starts as soon as it has
    /// ended, so the limit holds at every instant. A run still waiting is replaced too.
    CancelRunning,
}
