//! Lengths of time and limits, as callers write them.

mod limit;
mod shown;
mod text;

use std::time::Duration;

use chrono::TimeDelta;

pub use limit::{IntoLimit, Unlimited};
pub(crate) use shown::Shown;
pub(crate) use text::read;

use crate::error::Error;
use crate::sealed;

/// A length of time, as a setter takes it. It is a [`Duration`], a [`TimeDelta`] of chrono, or text
/// such as `"90s"`, `"1h 30m"`, `"250ms"`, `"2 days"` or `"PT1H"`.
///
/// With the feature `with-jiff-0_2` it may be a `SignedDuration` of jiff, or a `Span` without months
/// and years.
///
/// Text names its units, from `weeks` down to `us`, in the order of their size. A day has 24 hours.
/// Numbers may have a fraction. Text in the form of ISO 8601 has no years and no months, since their
/// lengths differ. A setter keeps the error of a wrong text, and `build` or `.await` returns it.
///
/// ```
/// use std::time::Duration;
///
/// use punctual_core::Interval;
///
/// let text = Interval::every("1h 30m").build()?;
/// assert_eq!(text, Interval::every(Duration::from_secs(5_400)).build()?);
/// assert_eq!(text, Interval::every("PT1H30M").build()?);
/// assert_eq!(
///     Interval::every("90").build().unwrap_err().to_string(),
///     "every: `90` has no unit; write `90s` for seconds"
/// );
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a length of time",
    label = "expected a length of time",
    note = "write `Duration::from_secs(30)`, `TimeDelta::seconds(30)`, or text such as `\"30s\"`",
    note = "a bare number has no unit"
)]
pub trait IntoSpan: sealed::Span {
    /// Returns the length of time. An error names `field`.
    #[doc(hidden)]
    fn into_span(self, field: &'static str) -> Result<Duration, Error>;
}

macro_rules! spans {
    ($($kind:ty => |$value:ident, $field:ident| $span:expr;)*) => {$(
        impl sealed::Span for $kind {}

        impl IntoSpan for $kind {
            fn into_span(self, $field: &'static str) -> Result<Duration, Error> {
                let $value = self;
                $span
            }
        }
    )*};
}

spans! {
    Duration => |span, _field| Ok(span);
    TimeDelta => |span, field| span.to_std().map_err(|_| negative(field, span));
    &str => |text, field| read(field, text);
    &String => |text, field| read(field, text);
    String => |text, field| read(field, &text);
}

fn negative(field: &'static str, span: TimeDelta) -> Error {
    let seconds = span.as_seconds_f64();
    Error::invalid(field, format!("{seconds}s"), "is negative").with_hint("leave the sign out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_write_a_span_gives_the_same() {
        let expected = Duration::from_millis(90_500);
        let owned = "90.5s".to_owned();
        for span in [
            expected.into_span("timeout"),
            TimeDelta::milliseconds(90_500).into_span("timeout"),
            "1m 30.5s".into_span("timeout"),
            (&owned).into_span("timeout"),
            owned.clone().into_span("timeout"),
        ] {
            assert_eq!(span.unwrap(), expected);
        }
    }

    #[test]
    fn a_negative_delta_is_refused() {
        let error = TimeDelta::milliseconds(-1_500).into_span("jitter");
        assert_eq!(
            error.unwrap_err().to_string(),
            "jitter: `-1.5s` is negative; leave the sign out"
        );
    }
}
