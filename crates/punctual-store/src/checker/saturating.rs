use chrono::{DateTime, TimeDelta, Utc};

/// Adds a span to a time. The result ends at the last time that can be expressed.
pub(super) fn later(t: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    t.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Subtracts a span from a time. The result ends at the first time that can be expressed.
pub(super) fn earlier(t: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    t.checked_sub_signed(by).unwrap_or(DateTime::<Utc>::MIN_UTC)
}
