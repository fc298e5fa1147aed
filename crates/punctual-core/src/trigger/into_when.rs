use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};

use super::When;
use crate::error::{Error, ErrorKind};
use crate::sealed;

/// A point in time, as a setter takes it.
///
/// It is a [`When`], a `DateTime` in any zone, a `NaiveDateTime` or `NaiveDate` of chrono, a
/// [`SystemTime`], or text such as `"2026-03-01T10:00:00"` or `"2026-03-01T10:00:00+01:00"`.
///
/// With the feature `with-jiff-0_2` it may be a `Timestamp`, `Zoned`, `civil::DateTime` or
/// `civil::Date` of jiff.
///
/// A time without an offset is local time of the zone of the trigger, the job or the scheduler.
///
/// ```
/// use punctual_core::Date;
///
/// let text = Date::at("2026-03-01T10:00:00+01:00").build()?;
/// let instant: chrono::DateTime<chrono::Utc> = "2026-03-01T09:00:00Z".parse().unwrap();
/// assert_eq!(text, Date::at(instant).build()?);
/// let error = Date::at("tomorrow").build().unwrap_err();
/// assert!(error.to_string().starts_with("run_at: `tomorrow` is not a valid date or time; write"));
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a point in time",
    label = "expected a point in time",
    note = "write text such as `\"2026-03-01T10:00:00\"`, or give a `DateTime`, `NaiveDateTime`, `NaiveDate` or `SystemTime`"
)]
pub trait IntoWhen: sealed::When {
    /// Returns the point in time. An error names `field`.
    #[doc(hidden)]
    fn into_when(self, field: &'static str) -> Result<When, Error>;
}

macro_rules! points_in_time {
    ($($kind:ty => |$value:ident, $field:ident| $when:expr;)*) => {$(
        impl sealed::When for $kind {}

        impl IntoWhen for $kind {
            fn into_when(self, $field: &'static str) -> Result<When, Error> {
                let $value = self;
                $when
            }
        }
    )*};
}

points_in_time! {
    When => |when, _field| Ok(when);
    NaiveDateTime => |local, _field| Ok(local.into());
    NaiveDate => |date, _field| Ok(date.into());
    SystemTime => |time, field| of_system(time).ok_or_else(|| outside(field));
    &str => |text, field| read(field, text);
    String => |text, field| read(field, &text);
}

impl<Z: TimeZone> sealed::When for DateTime<Z> {}

impl<Z: TimeZone> IntoWhen for DateTime<Z> {
    fn into_when(self, _field: &'static str) -> Result<When, Error> {
        Ok(When::Instant(self.to_utc()))
    }
}

/// A `&String`, or an item of a list of times.
impl<W: IntoWhen + Clone> sealed::When for &W {}

impl<W: IntoWhen + Clone> IntoWhen for &W {
    fn into_when(self, field: &'static str) -> Result<When, Error> {
        self.clone().into_when(field)
    }
}

fn read(field: &'static str, text: &str) -> Result<When, Error> {
    let when = text.trim().parse();
    when.map_err(|problem: String| Error::invalid(field, text, problem))
}

fn of_system(time: SystemTime) -> Option<When> {
    let delta = |span: Duration| TimeDelta::from_std(span).ok();
    let since = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => delta(after)?,
        Err(before) => -delta(before.duration())?,
    };
    DateTime::<Utc>::UNIX_EPOCH
        .checked_add_signed(since)
        .map(When::Instant)
}

pub(crate) fn outside(field: &'static str) -> Error {
    let problem = "is outside the years 1 to 9999";
    Error::new(ErrorKind::TooLarge, field, problem)
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    #[test]
    fn each_way_to_write_a_time_gives_the_same() {
        let expected: DateTime<Utc> = "2026-03-01T09:00:00Z".parse().unwrap();
        let east = FixedOffset::east_opt(3_600).unwrap();
        let text = "2026-03-01T10:00:00+01:00".to_owned();
        for when in [
            expected.into_when("start"),
            expected.with_timezone(&east).into_when("start"),
            SystemTime::from(expected).into_when("start"),
            text.as_str().into_when("start"),
            (&text).into_when("start"),
            text.clone().into_when("start"),
        ] {
            assert_eq!(when.unwrap(), When::Instant(expected));
        }
        let local: NaiveDateTime = "2026-03-01T00:00:00".parse().unwrap();
        assert_eq!(local.date().into_when("start").unwrap(), When::Local(local));
    }

    #[test]
    fn a_system_time_before_1970_or_beyond_chrono_is_no_panic() {
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        let when = When::Instant(DateTime::UNIX_EPOCH - TimeDelta::seconds(1));
        assert_eq!(before.into_when("start").unwrap(), when);
        let beyond = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 60);
        assert!(beyond.into_when("start").is_err());
    }
}
