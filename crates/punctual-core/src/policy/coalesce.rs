use serde::{Deserialize, Serialize};

/// What a backlog becomes: the fire times that passed while no node could decide them.
///
/// The grace time is applied first; this policy shapes what is left.
///
/// ```text
/// fire times     |    |    |    |    |
///                  (busy or down)       ^ decided here
/// Latest         x    x    x    x       [==]                one run, for the newest
/// Earliest       [==] x    x    x    x                      one run, for the oldest
/// All(3)         x    x                 [==][==][==]        the newest 3, one after another
/// ```
///
/// Fire times marked `x` are recorded as coalesced, as one range. In JSON: `"latest"`,
/// `"earliest"`, `{"all": {"at_most": 3}}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Coalesce {
    /// One run, with the newest fire time of the backlog as its scheduled time.
    #[default]
    Latest,
    /// One run, with the oldest fire time of the backlog that is still in grace.
    Earliest,
    /// A run for each of the newest `at_most` fire times, one after another; together they count
    /// as one instance. At most 10,000 are kept, whatever is given.
    All {
        /// How many fire times are kept.
        at_most: u32,
    },
}
