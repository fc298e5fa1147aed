//! What a job does when its time comes late, too often, or goes wrong.
//!
//! Every policy is drawn as a timeline: time runs to the right, `|` is a fire time, `[==]` a run
//! and `x` a fire time without a run.

mod coalesce;
mod cut;
mod jitter;
mod lost;
mod max_instances;
mod misfire;
mod overlap;
mod retry;
mod span;
mod timeout;
mod zero;

pub use coalesce::Coalesce;
pub use jitter::Jitter;
pub use lost::OnLost;
pub use max_instances::MaxInstances;
pub use misfire::MisfireGraceTime;
pub use overlap::Overlap;
pub use retry::Retry;
pub use timeout::Timeout;

use serde::{Deserialize, Serialize};

/// All policies of a job. The default is: any lateness is fine, a backlog becomes one run, one
/// instance at a time, no jitter, no timeout, no retry, at most once.
///
/// ```
/// use punctual_core::{Coalesce, Policies};
///
/// let policies: Policies = serde_json::from_str(r#"{"misfire_grace_time": 30, "max_instances": 3}"#)?;
/// assert_eq!(policies.coalesce, Coalesce::Latest);
/// assert!(serde_json::from_str::<Policies>(r#"{"grace": 30}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policies {
    /// How late a run may start.
    #[serde(skip_serializing_if = "is_default")]
    pub misfire_grace_time: MisfireGraceTime,
    /// What a backlog becomes.
    #[serde(skip_serializing_if = "is_default")]
    pub coalesce: Coalesce,
    /// How many runs of the job may be under way at the same time, on all nodes together.
    #[serde(skip_serializing_if = "is_default")]
    pub max_instances: MaxInstances,
    /// What happens to a run that finds all instances busy.
    #[serde(skip_serializing_if = "is_default")]
    pub overlap: Overlap,
    /// Spreads starts over a span of time.
    #[serde(skip_serializing_if = "is_default")]
    pub jitter: Jitter,
    /// How long a run may take.
    #[serde(skip_serializing_if = "is_default")]
    pub timeout: Timeout,
    /// Whether a failed run is tried again.
    #[serde(skip_serializing_if = "is_default")]
    pub retry: Retry,
    /// What happens to a run whose process died.
    #[serde(skip_serializing_if = "is_default")]
    pub on_lost: OnLost,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
