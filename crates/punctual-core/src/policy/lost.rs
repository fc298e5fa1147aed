use serde::Serialize;

/// Decides what becomes of a run whose process died.
///
/// ```text
/// fire time      |
/// Record         [===#                      lost, recorded: at most once
/// Rerun(3)       [===#    [=======]         run again by a living node: at least once
///                    # process dies
/// ```
///
/// Runs that wait, in a queue or for their next attempt, are not lost, because they belong to no
/// process. A run that was opened but had not begun is treated as if it had begun, because only its
/// process knew. A rerun counts as a further attempt of the run, but happens even if
/// [`Retry`](super::Retry) leaves no attempt.
///
/// The right choice depends on the job. A skipped newsletter is better than one that is sent twice,
/// but a skipped backup is worse than one that is made twice (Site Reliability Engineering, chapter
/// 24).
///
/// In JSON: `"record"`, `{"rerun": {"at_most": 3}}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnLost {
    /// The run is recorded as lost and does not run again.
    #[default]
    Record,
    /// Any living node that knows the task runs it again, at most `at_most` times. After that the
    /// run is recorded as lost. A run that was asked to end is lost and does not run again.
    #[non_exhaustive]
    Rerun {
        /// The largest number of reruns. A good value is 3.
        at_most: u32,
    },
}

impl OnLost {
    /// Returns the rule that runs a lost run again, at most `at_most` times. 0 is refused where the
    /// policy is used.
    #[must_use]
    pub const fn rerun(at_most: u32) -> Self {
        Self::Rerun { at_most }
    }
}
