//! Instants inside the crate, counted in microseconds or whole seconds since 1970-01-01T00:00:00Z.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use crate::civil::{MAX_WALL, MIN_WALL};

pub(crate) const SECOND: i64 = 1_000_000;

/// The shortest time between two instants.
pub(crate) const TICK: TimeDelta = TimeDelta::microseconds(1);

/// The first microsecond of any answer. Answers stay within the years 1 to 9999, UTC.
pub(crate) const MIN_MICROS: i64 = MIN_WALL * SECOND;
pub(crate) const MAX_MICROS: i64 = MAX_WALL * SECOND + SECOND - 1;

/// Converts an instant to microseconds, rounded towards the past.
pub(crate) fn micros(t: DateTime<Utc>) -> i64 {
    t.timestamp() * SECOND + i64::from(t.timestamp_subsec_micros().min(999_999))
}

/// Converts microseconds to an instant. Returns `None` outside the years 1 to 9999,
/// because only years of four digits leave the crate.
pub(crate) fn from_micros(micros: i64) -> Option<DateTime<Utc>> {
    if !(MIN_MICROS..=MAX_MICROS).contains(&micros) {
        return None;
    }
    DateTime::from_timestamp_micros(micros)
}

pub(crate) fn from_seconds(seconds: i64) -> Option<DateTime<Utc>> {
    if !(MIN_WALL..=MAX_WALL).contains(&seconds) {
        return None;
    }
    DateTime::from_timestamp(seconds, 0)
}

/// Returns the first whole second that is not before `t`.
pub(crate) fn ceil_seconds(t: DateTime<Utc>) -> i64 {
    t.timestamp() + i64::from(t.timestamp_subsec_nanos() > 0)
}

/// Returns the last whole second that is not after `t`.
pub(crate) fn floor_seconds(t: DateTime<Utc>) -> i64 {
    t.timestamp()
}

pub(crate) fn wall_of(local: NaiveDateTime) -> i64 {
    local.and_utc().timestamp()
}

/// Returns the first microsecond that is not before `t`.
pub(crate) fn micros_ceil(t: DateTime<Utc>) -> i64 {
    micros(t) + i64::from(!t.timestamp_subsec_nanos().is_multiple_of(1_000))
}

/// Returns the last instant that is not after `t`, within the crate's resolution and range.
pub(crate) fn floor(t: DateTime<Utc>) -> DateTime<Utc> {
    if t.timestamp_subsec_nanos().is_multiple_of(1_000) && is_in_range(t) {
        return t;
    }
    at_micros(micros(t))
}

/// Returns the first instant that is not before `t`, within the crate's resolution and range.
pub(crate) fn ceil(t: DateTime<Utc>) -> DateTime<Utc> {
    if t.timestamp_subsec_nanos().is_multiple_of(1_000) && is_in_range(t) {
        return t;
    }
    at_micros(micros_ceil(t))
}

fn is_in_range(t: DateTime<Utc>) -> bool {
    (MIN_WALL..=MAX_WALL).contains(&t.timestamp()) && t.timestamp_subsec_nanos() < 1_000_000_000
}

fn at_micros(micros: i64) -> DateTime<Utc> {
    let micros = micros.clamp(MIN_MICROS, MAX_MICROS);
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}
