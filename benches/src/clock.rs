//! Wall time, as a job body would read it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

/// Microseconds since 1970.
#[must_use]
pub fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}

/// The first whole second that begins after `span`.
#[must_use]
pub fn second_after(span: Duration) -> DateTime<Utc> {
    let span = i64::try_from(span.as_micros()).unwrap_or(0);
    DateTime::from_timestamp((micros() + span) / 1_000_000 + 1, 0).unwrap_or_default()
}

/// How long it is until `time`; nothing if it has passed.
#[must_use]
pub fn until(time: DateTime<Utc>) -> Duration {
    let ahead = time.timestamp_micros() - micros();
    Duration::from_micros(u64::try_from(ahead).unwrap_or(0))
}
