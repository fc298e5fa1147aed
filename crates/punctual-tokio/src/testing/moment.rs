//! Instants as tests write them.

use chrono::{DateTime, Utc};
use punctual_core::{IntoWhen, When, Zone};

/// Returns the instant that a test wrote.
///
/// # Panics
///
/// Panics if the text is not a valid time, or if the time has no offset.
#[track_caller]
pub(super) fn of(when: impl IntoWhen) -> DateTime<Utc> {
    let when = match when.into_when("time") {
        Ok(when) => when,
        Err(error) => panic!("{error}"),
    };
    match (when, when.instant(Zone::UTC)) {
        (When::Instant(_), Some(instant)) => instant,
        (When::Instant(_), None) => panic!("time: `{when}` is not in the years 1 to 9999"),
        _ => panic!("time: `{when}` has no offset; write `{when}Z` for UTC"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{FixedOffset, TimeDelta};

    use super::*;

    #[test]
    fn text_and_dates_of_any_zone_are_instants() {
        let utc: DateTime<Utc> = "2026-03-28T22:00:00Z".parse().unwrap();
        let paris: DateTime<FixedOffset> = "2026-03-28T23:00:00+01:00".parse().unwrap();
        assert_eq!(of("2026-03-28T22:00:00Z"), utc);
        assert_eq!(of(paris), utc);
        // As a clock of the system shows it, which counts nanoseconds.
        assert_eq!(of(utc + TimeDelta::nanoseconds(1)), utc);
    }

    #[test]
    #[should_panic(expected = "has no offset; write `2026-03-28T22:00:00Z` for UTC")]
    fn a_clock_has_no_zone_for_local_time() {
        of("2026-03-28 22:00:00");
    }
}
