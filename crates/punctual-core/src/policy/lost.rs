use serde::{Deserialize, Serialize};

/// What happens to a run whose process died in the middle of it.
///
/// ```text
/// fire time      |
/// Record         [===#                      lost, recorded: at most once
/// Rerun(3)       [===#    [=======]         run again by a living node: at least once
///                    # process dies
/// ```
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
    /// Run again, at most this many times; then recorded as lost.
    Rerun {
        /// How many times; 3 is a good number.
        at_most: u32,
    },
}
