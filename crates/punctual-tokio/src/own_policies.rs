//! The policies that a job was given, before the scheduler's defaults fill in the others.

use punctual_core::{
    Coalesce, Jitter, MaxInstances, MisfireGraceTime, OnLost, Overlap, Policies, Retry, Timeout,
};
use serde::Deserialize;

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OwnPolicies {
    pub(crate) misfire_grace_time: Option<MisfireGraceTime>,
    pub(crate) coalesce: Option<Coalesce>,
    pub(crate) max_instances: Option<MaxInstances>,
    pub(crate) overlap: Option<Overlap>,
    pub(crate) jitter: Option<Jitter>,
    pub(crate) timeout: Option<Timeout>,
    pub(crate) retry: Option<Retry>,
    pub(crate) on_lost: Option<OnLost>,
}

impl OwnPolicies {
    /// Leaves nothing to the defaults.
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
        }
    }

    pub(crate) fn over(self, defaults: &Policies) -> Policies {
        Policies {
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
        }
    }
}
