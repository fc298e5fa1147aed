use serde::Serialize;

/// Decides what becomes of a backlog. A backlog consists of the fire times that passed while no
/// node could decide about them.
///
/// The grace time is applied first. This policy decides about the rest.
///
/// ```text
/// fire times     |    |    |    |    |
///                  (busy or down)       ^ decided here
/// Latest         x    x    x    x       [==]                one run, for the newest
/// Earliest       [==] x    x    x    x                      one run, for the oldest
/// All(3)         x    x                 [==][==][==]        the newest 3, one after another
/// ```
///
/// Fire times marked `x` are recorded as one coalesced range.
///
/// In JSON: `"latest"`, `"earliest"`, `{"all": {"at_most": 3}}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Coalesce {
    /// One run, for the newest fire time of the backlog.
    #[default]
    Latest,
    /// One run, for the oldest fire time of the backlog that is still within its grace time.
    Earliest,
    /// One run for each of the newest `at_most` fire times, one after another. Together they count
    /// as one instance. Values above 10,000 are read as 10,000.
    #[non_exhaustive]
    All {
        /// The number of fire times that are kept.
        at_most: u32,
    },
}

impl Coalesce {
    /// Returns the rule that runs the newest `at_most` fire times. 0 is refused where the policy is
    /// used.
    #[must_use]
    pub const fn all(at_most: u32) -> Self {
        Self::All { at_most }
    }
}
