//! The policies that a job is given one by one, before the defaults fill in the rest.

use punctual_core::{
    Coalesce, Jitter, MaxInstances, MisfireGraceTime, OnLost, Overlap, Policies, Retry, Timeout,
};
use serde::{Deserialize, Deserializer};

use crate::error::{Error, ErrorKind};

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OwnPolicies {
    #[serde(deserialize_with = "given")]
    pub(crate) misfire_grace_time: Option<MisfireGraceTime>,
    #[serde(deserialize_with = "given")]
    pub(crate) coalesce: Option<Coalesce>,
    #[serde(deserialize_with = "given")]
    pub(crate) max_instances: Option<MaxInstances>,
    #[serde(deserialize_with = "given")]
    pub(crate) overlap: Option<Overlap>,
    #[serde(deserialize_with = "given")]
    pub(crate) jitter: Option<Jitter>,
    #[serde(deserialize_with = "given")]
    pub(crate) timeout: Option<Timeout>,
    #[serde(deserialize_with = "given")]
    pub(crate) retry: Option<Retry>,
    #[serde(deserialize_with = "given")]
    pub(crate) on_lost: Option<OnLost>,
    /// The limit that was asked for is 0.
    #[serde(skip)]
    forbids_runs: bool,
}

/// Reads a value that is present, `null` too, by which a policy says that there is no limit.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(json: D) -> Result<Option<T>, D::Error> {
    T::deserialize(json).map(Some)
}

/// Defines the setters of policies, for a type that has `own_policies_mut`.
macro_rules! policy_setters {
    () => {
        /// Sets all policies together, and those too that are left at their defaults.
        ///
        /// Neither the `job_defaults` of the scheduler nor the earlier policies of a job that is
        /// modified count then. Each of the other setters changes one policy.
        pub fn policies(mut self, policies: punctual_core::Policies) -> Self {
            *self.own_policies_mut() = OwnPolicies::all(policies);
            self
        }

        /// Limits the lateness of a run.
        pub fn misfire_grace_time(
            mut self,
            grace: impl Into<punctual_core::MisfireGraceTime>,
        ) -> Self {
            self.own_policies_mut().misfire_grace_time = Some(grace.into());
            self
        }

        /// Decides what becomes of a backlog.
        pub fn coalesce(mut self, coalesce: punctual_core::Coalesce) -> Self {
            self.own_policies_mut().coalesce = Some(coalesce);
            self
        }

        /// Limits the runs that are under way at the same time. 0 is refused, since a job that may
        /// never run is a paused job.
        pub fn max_instances(mut self, count: u32) -> Self {
            self.own_policies_mut().limit_instances(count);
            self
        }

        /// Lets any number of runs be under way at the same time.
        pub fn unlimited_instances(mut self) -> Self {
            self.own_policies_mut().unlimit_instances();
            self
        }

        /// Decides what becomes of a run that finds all instances busy.
        pub fn overlap(mut self, overlap: punctual_core::Overlap) -> Self {
            self.own_policies_mut().overlap = Some(overlap);
            self
        }

        /// Delays each start by up to `longest`. The delay is fixed for each fire time.
        pub fn jitter(mut self, longest: std::time::Duration) -> Self {
            let jitter = punctual_core::Jitter::up_to(longest);
            self.own_policies_mut().jitter = Some(jitter);
            self
        }

        /// Limits the duration of an attempt.
        ///
        /// At the limit the attempt is told to end. One that does not listen to its cancellation is
        /// dropped after a grace of 5 seconds ([`Timeout::GRACE`](punctual_core::Timeout::GRACE)),
        /// so it may take that much longer. A plain function cannot be dropped.
        pub fn timeout(mut self, limit: impl Into<punctual_core::Timeout>) -> Self {
            self.own_policies_mut().timeout = Some(limit.into());
            self
        }

        /// Decides whether a failed run is tried again.
        pub fn retry(mut self, retry: punctual_core::Retry) -> Self {
            self.own_policies_mut().retry = Some(retry);
            self
        }

        /// Decides what becomes of a run whose process died.
        pub fn on_lost(mut self, on_lost: punctual_core::OnLost) -> Self {
            self.own_policies_mut().on_lost = Some(on_lost);
            self
        }
    };
}

pub(crate) use policy_setters;

impl OwnPolicies {
    /// Takes all policies, so that nothing is left to the defaults.
    pub(crate) fn all(policies: Policies) -> Self {
        Self {
            misfire_grace_time: Some(policies.misfire_grace_time),
            coalesce: Some(policies.coalesce),
            max_instances: Some(policies.max_instances),
            overlap: Some(policies.overlap),
            jitter: Some(policies.jitter),
            timeout: Some(policies.timeout),
            retry: Some(policies.retry),
            on_lost: Some(policies.on_lost),
            forbids_runs: false,
        }
    }

    pub(crate) fn limit_instances(&mut self, count: u32) {
        self.max_instances = Some(MaxInstances::at_most(count));
        self.forbids_runs = count == 0;
    }

    pub(crate) fn unlimit_instances(&mut self) {
        self.max_instances = Some(MaxInstances::UNLIMITED);
        self.forbids_runs = false;
    }

    /// Returns these policies, and the defaults for those that are not given.
    pub(crate) fn over(self, defaults: &Policies) -> Result<Policies, Error> {
        if self.forbids_runs {
            // This is the text of the error for the same mistake in JSON.
            let message = "max_instances: invalid value: integer `0`, expected a nonzero u32";
            return Err(Error::of(ErrorKind::Invalid, message));
        }
        let policies = Policies {
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
        };
        policies.check()?;
        Ok(policies)
    }
}
