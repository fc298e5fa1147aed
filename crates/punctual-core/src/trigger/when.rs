//! Points in time as users write them, either with an offset or as local time.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use serde::{Serialize, Serializer};

use crate::instant::{self, SECOND};
use crate::zone::Zone;

/// A point in time. It is an instant, or a local time whose zone is given elsewhere.
///
/// The text form is `2026-03-01`, `2026-03-01T10:00`, `2026-03-01T10:00:00`, or one of these with a
/// space in place of the `T`. A fraction of up to six digits may follow the seconds, and then `Z` or
/// an offset such as `+01:00`. Without an offset it is local time.
///
/// ```
/// use punctual_core::When;
///
/// let local: When = "2026-03-01 10:00:00".parse()?;
/// assert_eq!(local.to_string(), "2026-03-01T10:00:00");
/// // A form on a page sends no seconds.
/// assert_eq!("2026-03-01T10:00".parse::<When>()?, local);
/// let instant: When = "2026-03-01T10:00:00+01:00".parse()?;
/// assert_eq!(instant.to_string(), "2026-03-01T09:00:00Z");
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum When {
    /// An instant, which is the same everywhere.
    Instant(DateTime<Utc>),
    /// A local time in the time zone of the trigger, read as RFC 5545 prescribes. In a gap the
    /// offset before the gap counts. Of two instants the first counts.
    Local(NaiveDateTime),
}

impl When {
    /// Returns the instant, cut to microseconds. A local time is read in `zone`. `None` means that
    /// the time is not in the years 1 to 9999.
    #[must_use]
    pub fn instant(self, zone: Zone) -> Option<DateTime<Utc>> {
        match self {
            Self::Instant(at) => instant::from_micros(instant::micros(at)),
            Self::Local(local) => zone.instant(local),
        }
    }

    /// Returns the time cut to microseconds and to the years 1 to 9999.
    pub(crate) fn cut(self) -> Self {
        match self {
            Self::Instant(t) => Self::Instant(instant::floor(t)),
            Self::Local(local) => Self::Local(instant::floor(local.and_utc()).naive_utc()),
        }
    }

    /// Returns the instant in microseconds, cut to the years that triggers cover.
    pub(crate) fn micros_in(self, zone: Zone) -> i64 {
        match self {
            Self::Instant(t) => instant::micros(t),
            Self::Local(local) => {
                let micros = i64::from(local.and_utc().timestamp_subsec_micros().min(999_999));
                let wall = instant::wall_of(local);
                let seconds = zone.instant_of_wall(wall);
                seconds.saturating_mul(SECOND).saturating_add(micros)
            }
        }
    }
}

impl From<DateTime<Utc>> for When {
    fn from(t: DateTime<Utc>) -> Self {
        Self::Instant(t)
    }
}

impl From<NaiveDateTime> for When {
    fn from(local: NaiveDateTime) -> Self {
        Self::Local(local)
    }
}

impl From<NaiveDate> for When {
    fn from(date: NaiveDate) -> Self {
        Self::Local(date.and_time(NaiveTime::MIN))
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (local, suffix) = match self {
            Self::Instant(t) => (t.naive_utc(), "Z"),
            Self::Local(local) => (*local, ""),
        };
        write!(f, "{}", local.format("%Y-%m-%dT%H:%M:%S"))?;
        let micros = local.and_utc().timestamp_subsec_micros();
        if micros > 0 {
            write!(f, ".{micros:06}")?;
        }
        f.write_str(suffix)
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for When {
    type Err = String;

    /// Errors state the problem. The caller knows the field.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((date, rest)) = text.split_at_checked(10) else {
            return Err(unreadable());
        };
        let date = parse_date(date)?;
        if rest.is_empty() {
            return Ok(date.into());
        }
        let rest = rest.strip_prefix(['T', ' ']).ok_or_else(unreadable)?;
        let (time, offset) = split_offset(rest);
        let local = date.and_time(parse_time(time)?);
        let Some(offset) = offset else {
            return Ok(Self::Local(local));
        };
        let offset = parse_offset(offset)?;
        local
            .checked_sub_signed(TimeDelta::seconds(offset))
            .map(|utc| Self::Instant(utc.and_utc()))
            .ok_or_else(unreadable)
    }
}

fn unreadable() -> String {
    "is not a valid date or time; write 2026-03-01, 2026-03-01T10:00:00 or 2026-03-01T10:00:00+01:00".into()
}

/// Reads a date such as `2026-03-01`. Calendar dates have the same text.
pub(crate) fn parse_date(text: &str) -> Result<NaiveDate, String> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return Err("is not a valid date; write year-month-day such as 2026-03-01".into());
    }
    let year = number(&text[..4], 1, 9999, "year")?;
    let month = number(&text[5..7], 1, 12, "month")?;
    let day = number(&text[8..], 1, 31, "day")?;
    NaiveDate::from_ymd_opt(year as i32, month, day)
        .ok_or_else(|| format!("is not a valid date; {year:04}-{month:02} has no day {day}"))
}

fn number(digits: &str, min: u32, max: u32, unit: &str) -> Result<u32, String> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(unreadable());
    }
    let value = digits.parse().unwrap_or(u32::MAX);
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    let leap = if unit == "second" && value == 60 {
        "; leap seconds have no instant of their own"
    } else {
        ""
    };
    Err(format!(
        "has the {unit} {digits}, which is not in {min} to {max}{leap}"
    ))
}

/// Reads a time such as `10:00`, `10:00:00` or `10:00:00.250000`.
fn parse_time(text: &str) -> Result<NaiveTime, String> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let mut parts = clock.split(':');
    let mut part = |max, unit| {
        let digits = parts
            .next()
            .filter(|part| part.len() == 2)
            .ok_or_else(unreadable)?;
        number(digits, 0, max, unit)
    };
    let (hour, minute) = (part(23, "hour")?, part(59, "minute")?);
    let has_second = fraction.is_some() || clock.len() > "10:00".len();
    let second = if has_second { part(59, "second")? } else { 0 };
    if parts.next().is_some() {
        return Err(unreadable());
    }
    let micros = fraction.map_or(Ok(0), parse_fraction)?;
    NaiveTime::from_hms_micro_opt(hour, minute, second, micros).ok_or_else(unreadable)
}

fn parse_fraction(digits: &str) -> Result<u32, String> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(unreadable());
    }
    if digits.len() > 6 {
        return Err("is finer than a microsecond, which is the resolution here".into());
    }
    format!("{digits:0<6}").parse().map_err(|_| unreadable())
}

fn split_offset(text: &str) -> (&str, Option<&str>) {
    match text.find(['Z', 'z', '+', '-']) {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    }
}

/// Reads an offset and returns the seconds east of UTC.
fn parse_offset(text: &str) -> Result<i64, String> {
    if text.eq_ignore_ascii_case("z") {
        return Ok(0);
    }
    let (sign, rest) = text.split_at(1);
    let (hours, minutes) = rest
        .split_once(':')
        .filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)
        .ok_or("has an offset that is not written as +01:00")?;
    let seconds = i64::from(number(hours, 0, 23, "offset hour")?) * 3_600
        + i64::from(number(minutes, 0, 59, "offset minute")?) * 60;
    Ok(if sign == "-" { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An `<input type="datetime-local">` leaves the seconds out if they are zero.
    #[test]
    fn a_time_needs_no_seconds() {
        for (short, long) in [
            ("2026-12-24T18:00", "2026-12-24T18:00:00"),
            ("2026-12-24 18:00", "2026-12-24T18:00:00"),
            ("2026-12-24T18:00Z", "2026-12-24T18:00:00Z"),
            ("2026-12-24 18:00+01:00", "2026-12-24T17:00:00Z"),
        ] {
            assert_eq!(short.parse::<When>().unwrap().to_string(), long);
        }
    }

    #[test]
    fn half_a_time_is_none() {
        for text in [
            "2026-12-24T18",
            "2026-12-24T18:",
            "2026-12-24T18:0",
            "2026-12-24T18:00:",
            "2026-12-24T18:00.5",
            "2026-12-24T18Z",
        ] {
            let problem = text.parse::<When>().unwrap_err();
            assert!(problem.starts_with("is not a valid date or time"), "{text}");
        }
    }
}
