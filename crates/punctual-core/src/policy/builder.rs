use std::time::Duration;

use serde_json::Value;

use super::{
    Coalesce, IntoRetry, Jitter, MaxInstances, MisfireGraceTime, OnLost, Overlap, Policies, Retry,
    Timeout,
};
use super::{choice, read};
use crate::error::{Error, ErrorKind, abbreviated};
use crate::span::{IntoLimit, IntoSpan};
use crate::suggest::nearest;

/// Builds [`Policies`]. [`Policies::new`] begins one. A policy that is not set has its default.
///
/// ```
/// use punctual_core::{Coalesce, OnLost, Overlap, Policies, Retry};
///
/// let policies = Policies::new()
///     .misfire_grace_time("10m")
///     .coalesce(Coalesce::Earliest)
///     .max_instances(2)
///     .overlap(Overlap::Skip)
///     .jitter("30s")
///     .timeout("5m")
///     .retry(Retry::attempts(5).backoff("2s").cap("10m"))
///     .on_lost(OnLost::Record)
///     .build()?;
/// assert_eq!(policies.timeout(), Some(std::time::Duration::from_secs(300)));
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct PoliciesBuilder {
    misfire_grace_time: Option<MisfireGraceTime>,
    coalesce: Option<Coalesce>,
    max_instances: Option<MaxInstances>,
    overlap: Option<Overlap>,
    jitter: Option<Jitter>,
    timeout: Option<Timeout>,
    retry: Option<Retry>,
    on_lost: Option<OnLost>,
    error: Option<Error>,
}

impl PoliciesBuilder {
    /// Limits the lateness of a run. See [`Policies::misfire_grace_time`].
    pub fn misfire_grace_time(mut self, grace: impl IntoLimit<Duration>) -> Self {
        let grace = self.kept(grace.into_limit("misfire_grace_time"));
        self.misfire_grace_time = grace.map(|grace| match grace {
            Some(limit) => MisfireGraceTime::Within(limit),
            None => MisfireGraceTime::Unlimited,
        });
        self
    }

    /// Decides what becomes of a backlog.
    pub fn coalesce(mut self, coalesce: Coalesce) -> Self {
        self.coalesce = Some(coalesce);
        self
    }

    /// Limits the runs that are under way at the same time. See [`Policies::max_instances`]. 0 is
    /// refused, since a job that may never run is a paused job.
    pub fn max_instances(mut self, count: impl IntoLimit<u32>) -> Self {
        let count = self.kept(count.into_limit("max_instances").and_then(read::instances));
        self.max_instances = count;
        self
    }

    /// Decides what becomes of a run that finds all instances busy.
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = Some(overlap);
        self
    }

    /// Delays each start by up to `longest`. See [`Policies::jitter`].
    pub fn jitter(mut self, longest: impl IntoSpan) -> Self {
        self.jitter = self.kept(longest.into_span("jitter")).map(Jitter::up_to);
        self
    }

    /// Limits the duration of an attempt. See [`Policies::timeout`].
    pub fn timeout(mut self, limit: impl IntoLimit<Duration>) -> Self {
        let limit = self.kept(limit.into_limit("timeout"));
        self.timeout = limit.map(|limit| limit.map_or(Timeout::Never, Timeout::After));
        self
    }

    /// Decides whether a failed run is tried again. A number is a number of attempts.
    pub fn retry(mut self, retry: impl IntoRetry) -> Self {
        self.retry = self.kept(retry.into_retry());
        self
    }

    /// Decides what becomes of a run whose process died.
    pub fn on_lost(mut self, on_lost: OnLost) -> Self {
        self.on_lost = Some(on_lost);
        self
    }

    /// Checks all policies and returns them.
    ///
    /// # Errors
    ///
    /// Returns an error for the first policy that is invalid, and for a zero that lets nothing run.
    pub fn build(self) -> Result<Policies, Error> {
        self.over(&Policies::default())
    }

    /// Returns these policies, and those of `defaults` for the policies that are not set.
    ///
    /// # Errors
    ///
    /// Returns an error if [`build`](Self::build) does.
    #[doc(hidden)]
    pub fn over(self, defaults: &Policies) -> Result<Policies, Error> {
        let policies = self.unchecked(defaults)?;
        policies.check()?;
        Ok(policies)
    }

    /// Returns the policies as they were read, zeros included.
    pub(super) fn unchecked(self, defaults: &Policies) -> Result<Policies, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        Ok(Policies {
            misfire_grace_time: self
                .misfire_grace_time
                .unwrap_or(defaults.misfire_grace_time),
            coalesce: self.coalesce.unwrap_or(defaults.coalesce),
            max_instances: self.max_instances.unwrap_or(defaults.max_instances),
            overlap: self.overlap.unwrap_or(defaults.overlap),
            jitter: self.jitter.unwrap_or(defaults.jitter),
            timeout: self.timeout.unwrap_or(defaults.timeout),
            retry: self.retry.unwrap_or(defaults.retry),
            on_lost: self.on_lost.unwrap_or(defaults.on_lost),
        })
    }

    /// Sets one policy from JSON.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no policy of that name, or if the value is not one of its
    /// values.
    #[doc(hidden)]
    pub fn set_json(&mut self, name: &str, value: &Value) -> Result<(), Error> {
        match name {
            "misfire_grace_time" => {
                let limit = read::limit("misfire_grace_time", value)?;
                let within = limit.map(MisfireGraceTime::Within);
                self.misfire_grace_time = Some(within.unwrap_or_default());
            }
            "coalesce" => self.coalesce = Some(choice::coalesce(value)?),
            "max_instances" => self.max_instances = Some(read::max_instances(value)?),
            "overlap" => self.overlap = Some(choice::overlap(value)?),
            "jitter" => self.jitter = Some(read::jitter(value)?),
            "timeout" => {
                let limit = read::limit("timeout", value)?.map(Timeout::After);
                self.timeout = Some(limit.unwrap_or_default());
            }
            "retry" => self.retry = Some(read::retry(value)?),
            "on_lost" => self.on_lost = Some(choice::on_lost(value)?),
            _ => {
                let error = Error::new(ErrorKind::Invalid, abbreviated(name), "is not a policy");
                let hint = match nearest(name, Policies::NAMES) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the policies are {}", Policies::NAMES.join(", ")),
                };
                return Err(error.with_hint(hint).of_name());
            }
        }
        Ok(())
    }

    /// Returns `true` if no policy is set.
    #[doc(hidden)]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            misfire_grace_time,
            coalesce,
            max_instances,
            overlap,
            jitter,
            timeout,
            retry,
            on_lost,
            error,
        } = self;
        let is_limited =
            misfire_grace_time.is_some() || max_instances.is_some() || timeout.is_some();
        let is_chosen = coalesce.is_some() || overlap.is_some() || on_lost.is_some();
        let is_moved = jitter.is_some() || retry.is_some();
        !(is_limited || is_chosen || is_moved || error.is_some())
    }

    /// Keeps the first error.
    fn kept<T>(&mut self, value: Result<T, Error>) -> Option<T> {
        value
            .map_err(|error| self.error.get_or_insert(error).clone())
            .ok()
    }
}

impl From<Policies> for PoliciesBuilder {
    /// Sets all policies, and those too that are at their defaults.
    fn from(policies: Policies) -> Self {
        Self {
            misfire_grace_time: Some(policies.misfire_grace_time),
            coalesce: Some(policies.coalesce),
            max_instances: Some(policies.max_instances),
            overlap: Some(policies.overlap),
            jitter: Some(policies.jitter),
            timeout: Some(policies.timeout),
            retry: Some(policies.retry),
            on_lost: Some(policies.on_lost),
            error: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unlimited;

    #[test]
    fn policies_are_read_as_they_were_set() {
        let builder = Policies::new()
            .misfire_grace_time("10m")
            .timeout("5m")
            .max_instances(2)
            .retry(Retry::attempts(5).backoff("2s").cap("10m"))
            .overlap(Overlap::queue(3))
            .coalesce(Coalesce::all(24))
            .on_lost(OnLost::rerun(3))
            .jitter("30s");
        let policies = builder.build().unwrap();
        assert_eq!(
            policies.misfire_grace_time(),
            Some(Duration::from_secs(600))
        );
        assert_eq!(policies.timeout(), Some(Duration::from_secs(300)));
        assert_eq!(policies.max_instances(), Some(2));
        assert_eq!(policies.jitter(), Some(Duration::from_secs(30)));
        assert_eq!(policies.retry().backoff, Duration::from_secs(2));
        assert_eq!(policies.retry().cap, Duration::from_secs(600));
        assert_eq!(policies.overlap(), Overlap::Queue { at_most: 3 });
        assert_eq!(policies.coalesce(), Coalesce::All { at_most: 24 });
        assert_eq!(policies.on_lost(), OnLost::Rerun { at_most: 3 });
        let json = serde_json::to_string(&policies).unwrap();
        assert_eq!(serde_json::from_str::<Policies>(&json).unwrap(), policies);
        let free = Policies::new().max_instances(Unlimited).timeout(Unlimited);
        let free = free.build().unwrap();
        assert_eq!((free.max_instances(), free.timeout()), (None, None));
        assert_eq!(
            Policies::new().retry(3).build().unwrap().retry().attempts,
            3
        );
    }

    #[test]
    fn the_first_mistake_is_kept() {
        let builder = Policies::new().timeout("5x").jitter("-1s").max_instances(0);
        assert_eq!(
            builder.build().unwrap_err().to_string(),
            "timeout: `5x` has the unknown unit `x` (at position 1); the units are weeks, days, h, \
             m, s, ms and us"
        );
        let message = |builder: PoliciesBuilder| builder.build().unwrap_err().to_string();
        assert_eq!(
            message(Policies::new().max_instances(0)),
            "max_instances: `0` lets nothing run; write 1 or more, or pause the job"
        );
        assert_eq!(
            message(Policies::new().retry(Retry::attempts(3).backoff("2"))),
            "retry.backoff: `2` has no unit; write `2s` for seconds"
        );
        assert_eq!(
            message(Policies::new().retry(0)),
            "retry.attempts: `0` allows no attempt; write 1 for no retry"
        );
    }
}
