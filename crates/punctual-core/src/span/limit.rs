use std::time::Duration;

use super::IntoSpan;
use crate::error::Error;
use crate::sealed;

/// No limit, where a setter takes one.
///
/// In JSON, TOML and attributes it is the text `unlimited`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(clippy::exhaustive_structs, reason = "callers write it as a value")]
pub struct Unlimited;

/// A limit, as a setter takes it. It is a number or an [`IntoSpan`], whichever the setter counts, or
/// [`Unlimited`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a limit of this setter",
    label = "expected a limit",
    note = "write `Unlimited` for no limit",
    note = "a length of time is a `Duration` or text such as `\"30s\"`, and a count is a plain number"
)]
pub trait IntoLimit<T>: sealed::Limit<T> {
    /// Returns the limit, or `None` for no limit. An error names `field`.
    #[doc(hidden)]
    fn into_limit(self, field: &'static str) -> Result<Option<T>, Error>;
}

impl<S: IntoSpan> sealed::Limit<Duration> for S {}

impl<S: IntoSpan> IntoLimit<Duration> for S {
    fn into_limit(self, field: &'static str) -> Result<Option<Duration>, Error> {
        self.into_span(field).map(Some)
    }
}

impl<T> sealed::Limit<T> for Unlimited {}

impl<T> IntoLimit<T> for Unlimited {
    fn into_limit(self, _field: &'static str) -> Result<Option<T>, Error> {
        Ok(None)
    }
}

macro_rules! counts {
    ($($number:ty)*) => {$(
        impl sealed::Limit<$number> for $number {}

        impl IntoLimit<$number> for $number {
            fn into_limit(self, _field: &'static str) -> Result<Option<$number>, Error> {
                Ok(Some(self))
            }
        }
    )*};
}

counts!(u32 usize);

#[cfg(test)]
mod tests {
    use super::*;

    fn limit<T>(limit: impl IntoLimit<T>) -> Option<T> {
        limit.into_limit("limit").unwrap()
    }

    #[test]
    fn a_limit_is_a_value_or_there_is_none() {
        assert_eq!(limit::<u32>(2), Some(2));
        assert_eq!(limit::<usize>(2), Some(2));
        assert_eq!(limit::<Duration>("2s"), Some(Duration::from_secs(2)));
        assert_eq!(limit::<u32>(Unlimited), None);
        assert_eq!(limit::<Duration>(Unlimited), None);
    }
}
