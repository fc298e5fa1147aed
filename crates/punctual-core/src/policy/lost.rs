use serde::{Deserialize, Serialize};

/// What happens to a run that a process had when it died.
///
/// ```text
/// fire time      |
/// Record         [===#                      lost, recorded: at most once
/// Rerun(3)       [===#    [=======]         run again by a living node: at least once
///                    # process dies
/// ```
///
/// Runs that wait, in a queue or for their next attempt, are not lost: no process has them. A run
/// that was opened and had not begun is treated like one that had, because its process alone knew.
/// A rerun counts as a further attempt of the run, but happens also when
/// [`Retry`](super::Retry) has no attempt left.
///
/// Which one is right depends on the job, not on the scheduler: a skipped newsletter is better
/// than one sent twice, a skipped backup is worse than one made twice (Site Reliability
/// Engineering, chapter 24). In JSON: `"record"`, `{"rerun": {"at_most": 3}}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OnLost {
    /// Recorded as lost; the fire time is not run again.
    #[default]
    Record,
    /// Run again by any living node that knows the task, at most this many times; then recorded as
    /// lost. A run that was asked to end is lost and not run again.
    Rerun {
        /// How many times; 3 is a good number.
        at_most: u32,
    },
}
