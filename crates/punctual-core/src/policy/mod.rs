//! Policies for runs that come late, overlap or fail.
//!
//! Every policy is drawn as a timeline. Time runs to the right, `|` is a fire time, `[==]` a run
//! and `x` a fire time without a run.

mod builder;
mod choice;
mod coalesce;
mod cut;
mod into;
mod jitter;
mod long;
mod lost;
mod max_instances;
mod misfire;
mod overlap;
mod read;
mod retry;
mod span;
mod timeout;
mod zero;

pub use builder::PoliciesBuilder;
pub use coalesce::Coalesce;
pub use into::{IntoPolicies, IntoRetry};
pub(crate) use jitter::Jitter;
pub use lost::OnLost;
pub(crate) use max_instances::MaxInstances;
pub(crate) use misfire::MisfireGraceTime;
pub use overlap::Overlap;
pub use retry::{Retry, RetryBuilder};
pub(crate) use timeout::Timeout;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::JobId;

/// All policies of a job.
///
/// By default a run may be late by any amount, a backlog becomes one run, and one instance runs at
/// a time. There is no jitter, no timeout and no retry, and a run whose process died is not run
/// again.
///
/// ```
/// use punctual_core::{Coalesce, Policies};
///
/// let policies = Policies::new().timeout("5m").max_instances(3).build()?;
/// assert_eq!(policies.coalesce(), Coalesce::Latest);
/// assert_eq!(serde_json::to_string(&policies).unwrap(), r#"{"max_instances":3,"timeout":300}"#);
/// let json = r#"{"misfire_grace_time": "30s", "timeout": 5, "max_instances": "unlimited"}"#;
/// let policies: Policies = serde_json::from_str(json).unwrap();
/// assert_eq!(policies.max_instances(), None);
/// let error = serde_json::from_str::<Policies>(r#"{"timeout": "5x"}"#).unwrap_err();
/// assert!(error.to_string().starts_with("timeout: `5x` has the unknown unit `x`"));
/// # Ok::<(), punctual_core::Error>(())
/// ```
///
/// In JSON a length of time is a number of seconds or text. `"unlimited"` and `null` stand for no
/// limit.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Policies {
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) misfire_grace_time: MisfireGraceTime,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) coalesce: Coalesce,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) max_instances: MaxInstances,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) overlap: Overlap,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) jitter: Jitter,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) timeout: Timeout,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) retry: Retry,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) on_lost: OnLost,
}

impl Policies {
    /// The names of all policies, in files and attributes.
    #[doc(hidden)]
    pub const NAMES: [&'static str; 8] = [
        "misfire_grace_time",
        "coalesce",
        "max_instances",
        "overlap",
        "jitter",
        "timeout",
        "retry",
        "on_lost",
    ];

    /// Begins policies of which each has its default unless it is set.
    #[expect(
        clippy::new_ret_no_self,
        reason = "policies exist only once all of them are valid"
    )]
    pub fn new() -> PoliciesBuilder {
        PoliciesBuilder::default()
    }

    /// The largest lateness of a run. A fire time that is decided later is recorded as missed and
    /// does not run. `None` means no limit, the default. `APScheduler` allows one second by default,
    /// which busy machines exceed often.
    ///
    /// ```text
    /// fire times       |         |         |
    /// Unlimited        [==]          [==]  [==]      late, but runs
    /// 3                [==]      x         [==]      4 late: missed
    ///                            ....^ decided here
    /// ```
    #[must_use]
    pub fn misfire_grace_time(&self) -> Option<Duration> {
        self.misfire_grace_time.limit()
    }

    /// The rule for a backlog.
    #[must_use]
    pub fn coalesce(&self) -> Coalesce {
        self.coalesce
    }

    /// The largest number of runs that are under way at the same time, on all nodes that share the
    /// store. The default is 1, and `None` means no limit.
    ///
    /// ```text
    /// fire times     |    |    |    |
    /// 1              [=======]      [=======]          the two in between meet `Overlap`
    /// 2              [=======]
    ///                     [=======] [=======]
    /// Unlimited      [=======]
    ///                     [=======]
    ///                          [=======]
    /// ```
    #[must_use]
    pub fn max_instances(&self) -> Option<u32> {
        self.max_instances.limit()
    }

    /// The rule for a run that finds all instances busy.
    #[must_use]
    pub fn overlap(&self) -> Overlap {
        self.overlap
    }

    /// The longest delay by which starts are spread. `None` means no delay, the default.
    ///
    /// ```text
    /// fire times     |         |         |
    /// none           [==]      [==]      [==]
    /// up to 5         [==]         [==]    [==]
    /// ```
    ///
    /// The delay is a fixed function of the job's id and the fire time, so it is the same on every
    /// node and after every restart. A delay is cut so that a run always starts before the next
    /// fire time. The ledger keeps the fire time.
    #[must_use]
    pub fn jitter(&self) -> Option<Duration> {
        self.jitter.longest()
    }

    /// The longest duration of one attempt. `None` means no limit, the default.
    ///
    /// ```text
    /// fire time      |
    /// none           [==============================]
    /// 10             [=========t====]                    token at 10, the job tidies up and ends
    /// 10             [=========t========A                it does not end: aborted after the grace
    /// ```
    ///
    /// At the limit, the run's cancellation token is cancelled. A run that has not ended
    /// [`CANCEL_GRACE`] later is aborted. A blocking run cannot be aborted and gets only its token.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout.limit()
    }

    /// Returns these policies with another overlap rule, unchecked as they are.
    #[doc(hidden)]
    #[must_use]
    pub fn with_overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = overlap;
        self
    }

    /// Returns true if one more run may start while `running` are under way.
    #[doc(hidden)]
    #[must_use]
    pub fn has_room(&self, running: u32) -> bool {
        self.max_instances.admits(running)
    }

    /// Returns the time at which the run of `fire_time` starts, which the jitter may delay. `next`
    /// is the fire time after it, if the trigger has one.
    #[doc(hidden)]
    #[must_use]
    pub fn start_of(
        &self,
        job: &JobId,
        fire_time: DateTime<Utc>,
        next: Option<DateTime<Utc>>,
    ) -> DateTime<Utc> {
        self.jitter.start_of(job, fire_time, next)
    }

    /// The rule for further attempts of a run that failed.
    #[must_use]
    pub fn retry(&self) -> Retry {
        self.retry
    }

    /// The rule for a run whose process died.
    #[must_use]
    pub fn on_lost(&self) -> OnLost {
        self.on_lost
    }
}

/// The time that a run has to end after it was told to, before it is aborted.
pub const CANCEL_GRACE: Duration = Timeout::GRACE;

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl<'de> Deserialize<'de> for Policies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let builder = PoliciesBuilder::deserialize(deserializer)?;
        builder
            .unchecked(&Self::default())
            .map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for PoliciesBuilder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PoliciesVisitor)
    }
}

struct PoliciesVisitor;

impl<'de> Visitor<'de> for PoliciesVisitor {
    type Value = PoliciesBuilder;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("policies, a table of names and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PoliciesBuilder, A::Error> {
        let mut builder = PoliciesBuilder::default();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            builder.set_json(&name, &value).map_err(A::Error::custom)?;
        }
        Ok(builder)
    }
}
