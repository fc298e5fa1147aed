//! Instants inside the crate: microseconds, or whole seconds, since 1970-01-01T00:00:00Z.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use crate::civil::{MAX_WALL, MIN_WALL};

pub(crate) const SECOND: i64 = 1_000_000;

/// The least time between two instants.
pub(crate) const TICK: TimeDelta = TimeDelta::microseconds(1);

/// Answers stay within the years 1 to 9999, UTC.
pub(crate) const MIN_MICROS: i64 = MIN_WALL * SECOND;
pub(crate) const MAX_MICROS: i64 = MAX_WALL * SECOND + SECOND - 1;

/// Cut to microseconds, towards the past.
pub(crate) fn micros(t: DateTime<Utc>) -> i64 {
    t.timestamp() * SECOND + i64::from(t.timestamp_subsec_micros().min(999_999))
}

/// Only instants with years of four digits leave the crate.
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

/// The first whole second that is not before `t`.
pub(crate) fn ceil_seconds(t: DateTime<Utc>) -> i64 {
    t.timestamp() + i64::from(t.timestamp_subsec_nanos() > 0)
}

/// The last whole second that is not after `t`.
pub(crate) fn floor_seconds(t: DateTime<Utc>) -> i64 {
    t.timestamp()
}

pub(crate) fn wall_of(local: NaiveDateTime) -> i64 {
    local.and_utc().timestamp()
}

/// The first microsecond that is not before `t`.
pub(crate) fn micros_ceil(t: DateTime<Utc>) -> i64 {
    micros(t) + i64::from(!t.timestamp_subsec_nanos().is_multiple_of(1_000))
}

/// The last instant of our resolution and range that is not after `t`.
pub(crate) fn floor(t: DateTime<Utc>) -> DateTime<Utc> {
    if t.timestamp_subsec_nanos().is_multiple_of(1_000) && is_in_range(t) {
        return t;
    }
    at_micros(micros(t))
}

/// The first instant of our resolution and range that is not before `t`.
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
