//! The setters of policies of a job.

/// Defines the setters of policies, for a type that has `own_policies_mut`.
macro_rules! policy_setters {
    () => {
        /// Sets all policies together.
        ///
        /// [`Policies`](punctual_core::Policies) set those too that are left at their defaults, so
        /// that neither the `job_defaults` of the scheduler nor the earlier policies of a job that
        /// is modified count. A [`PoliciesBuilder`](punctual_core::PoliciesBuilder) sets only its
        /// own. Each of the other setters changes one policy.
        pub fn policies(mut self, policies: impl punctual_core::IntoPolicies) -> Self {
            *self.own_policies_mut() = policies.into_builder();
            self
        }

        $crate::job::policy_overrides::policy_setters! {
            /// Limits the lateness of a run. See
            /// [`Policies::misfire_grace_time`](punctual_core::Policies::misfire_grace_time).
            misfire_grace_time(grace: impl punctual_core::IntoLimit<std::time::Duration>);
            /// Decides what becomes of a backlog.
            coalesce(coalesce: punctual_core::Coalesce);
            /// Limits the runs that are under way at the same time, to a number or to
            /// [`Unlimited`](punctual_core::Unlimited). 0 is refused, since a job that may never run
            /// is a paused job.
            max_instances(count: impl punctual_core::IntoLimit<u32>);
            /// Decides what becomes of a run that finds all instances busy.
            overlap(overlap: punctual_core::Overlap);
            /// Delays each start by up to `longest`. The delay is fixed for each fire time.
            jitter(longest: impl punctual_core::IntoSpan);
            /// Limits the duration of an attempt.
            ///
            /// At the limit the attempt is told to end. One that does not listen to its cancellation
            /// is dropped after a grace of 5 seconds
            /// ([`CANCEL_GRACE`](punctual_core::CANCEL_GRACE)), so it may take that much longer. A
            /// plain function cannot be dropped.
            timeout(limit: impl punctual_core::IntoLimit<std::time::Duration>);
            /// Decides whether a failed run is tried again. A number is a number of attempts.
            retry(retry: impl punctual_core::IntoRetry);
            /// Decides what becomes of a run whose process died.
            on_lost(on_lost: punctual_core::OnLost);
        }
    };
    ($($(#[$doc:meta])* $name:ident($argument:ident: $kind:ty);)+) => {$(
        $(#[$doc])*
        pub fn $name(mut self, $argument: $kind) -> Self {
            let policies = self.own_policies_mut();
            *policies = std::mem::take(policies).$name($argument);
            self
        }
    )+};
}

pub(crate) use policy_setters;
