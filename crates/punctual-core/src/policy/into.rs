use super::{Policies, PoliciesBuilder, Retry, RetryBuilder};
use crate::error::Error;
use crate::sealed;

/// Policies, as a setter takes them. They are [`Policies`] or a [`PoliciesBuilder`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not hold policies",
    label = "expected policies",
    note = "write `Policies::new().timeout(\"5m\").max_instances(3)`"
)]
pub trait IntoPolicies: sealed::Policies {
    /// Returns the policies. A builder sets only some of them.
    #[doc(hidden)]
    fn into_builder(self) -> PoliciesBuilder;
}

impl sealed::Policies for Policies {}

impl IntoPolicies for Policies {
    fn into_builder(self) -> PoliciesBuilder {
        self.into()
    }
}

impl sealed::Policies for PoliciesBuilder {}

impl IntoPolicies for PoliciesBuilder {
    fn into_builder(self) -> PoliciesBuilder {
        self
    }
}

/// A rule for further attempts, as a setter takes it. It is a number of attempts, a [`Retry`] or a
/// [`RetryBuilder`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a rule for further attempts",
    label = "expected a number of attempts",
    note = "write `3`, or `Retry::attempts(3).backoff(\"2s\").cap(\"10m\")`"
)]
pub trait IntoRetry: sealed::Retry {
    /// Returns the rule.
    #[doc(hidden)]
    fn into_retry(self) -> Result<Retry, Error>;
}

impl sealed::Retry for Retry {}

impl IntoRetry for Retry {
    fn into_retry(self) -> Result<Retry, Error> {
        Ok(self)
    }
}

impl sealed::Retry for RetryBuilder {}

impl IntoRetry for RetryBuilder {
    fn into_retry(self) -> Result<Retry, Error> {
        self.build()
    }
}

impl sealed::Retry for u32 {}

impl IntoRetry for u32 {
    fn into_retry(self) -> Result<Retry, Error> {
        Retry::attempts(self).build()
    }
}
