use chrono::{DateTime, TimeDelta, Utc};

/// A time, later by so much; the end of time if that is beyond it.
pub(super) fn later(t: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    t.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// A time, earlier by so much; the beginning of time if that is before it.
pub(super) fn earlier(t: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    t.checked_sub_signed(by).unwrap_or(DateTime::<Utc>::MIN_UTC)
}
