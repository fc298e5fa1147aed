//! Policies for runs that come late, overlap or fail.
//!
//! Every policy is drawn as a timeline. Time runs to the right, `|` is a fire time, `[==]` a run
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

/// All policies of a job.
///
/// By default a run may be late by any amount, a backlog becomes one run, and one instance runs at
/// a time. There is no jitter, no timeout and no retry, and a run whose process died is not run
/// again.
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
    /// Limits the lateness of a run.
    #[serde(skip_serializing_if = "is_default")]
    pub misfire_grace_time: MisfireGraceTime,
    /// Decides what becomes of a backlog.
    #[serde(skip_serializing_if = "is_default")]
    pub coalesce: Coalesce,
    /// Limits the runs that are under way at the same time, on all nodes together.
    #[serde(skip_serializing_if = "is_default")]
    pub max_instances: MaxInstances,
    /// Decides what becomes of a run that finds all instances busy.
    #[serde(skip_serializing_if = "is_default")]
    pub overlap: Overlap,
    /// Spreads starts over a span of time.
    #[serde(skip_serializing_if = "is_default")]
    pub jitter: Jitter,
    /// Limits the duration of one attempt.
    #[serde(skip_serializing_if = "is_default")]
    pub timeout: Timeout,
    /// Decides whether a failed run is tried again.
    #[serde(skip_serializing_if = "is_default")]
    pub retry: Retry,
    /// Decides what becomes of a run whose process died.
    #[serde(skip_serializing_if = "is_default")]
    pub on_lost: OnLost,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
