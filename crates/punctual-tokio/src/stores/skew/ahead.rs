//! Computes the difference between the clock of a peer and this node's clock, from when the peer's
//! beat came.

use std::time::{Duration, Instant};

use crate::stores::timely::RENEW as LONGEST_RENEWAL;

/// The smallest difference that counts. Clocks that differ by less are taken for right.
pub(super) const SLACK: Duration = Duration::from_secs(1);

/// The times that the clocks of this node show at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// The wall clock, in microseconds since 1970.
    pub(crate) wall: i64,
    /// The monotonic clock.
    pub(crate) steady: Instant,
}

/// The time in which a beat was written, by the wall clock of this node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    from: i64,
    until: i64,
}

impl Stretch {
    /// Returns all times that the wall clock may have shown between two moments, even if it was set
    /// between them.
    pub(super) fn between(first: Moment, last: Moment) -> Self {
        let passed = micros(last.steady.saturating_duration_since(first.steady));
        Self {
            from: first.wall.min(last.wall.saturating_sub(passed)),
            until: last.wall.max(first.wall.saturating_add(passed)),
        }
    }

    /// Returns about how many microseconds a clock is ahead of this node's, if it showed `shown`
    /// for a beat that was written in this stretch. Returns 0 if the clock may be right.
    ///
    /// A peer reads its clock before it writes its beat, so a clock that is right never shows more
    /// than the end of the stretch. It may show less than the beginning, by the time after which
    /// the peer gives a renewal up.
    pub(super) fn ahead(self, shown: i64) -> i64 {
        let slack = micros(SLACK);
        let oldest = micros(LONGEST_RENEWAL);
        let earliest = self.from.saturating_sub(oldest).saturating_sub(slack);
        let latest = self.until.saturating_add(slack);
        if (earliest..=latest).contains(&shown) {
            return 0;
        }
        shown.saturating_sub(i64::midpoint(self.from, self.until))
    }
}

pub(super) fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    /// Returns the stretch between two looks, from the wall clock at each and the seconds between
    /// them.
    fn stretch(first: i64, last: i64, passed: u64) -> Stretch {
        let start = Instant::now();
        let first = Moment {
            wall: first * SECOND,
            steady: start,
        };
        let last = Moment {
            wall: last * SECOND,
            steady: start + Duration::from_secs(passed),
        };
        Stretch::between(first, last)
    }

    #[test]
    fn a_clock_may_show_what_it_could_have_shown_and_a_second_more_or_less() {
        let stretch = stretch(100, 104, 4);
        for (shown, ahead) in [
            (100 * SECOND, 0),
            (104 * SECOND, 0),
            (105 * SECOND, 0),
            (105 * SECOND + 1, 3 * SECOND + 1),
            (162 * SECOND, 60 * SECOND),
            // The clock was read up to two seconds before the beat was written.
            (97 * SECOND, 0),
            (97 * SECOND - 1, -5 * SECOND - 1),
            (42 * SECOND, -60 * SECOND),
        ] {
            assert_eq!(stretch.ahead(shown), ahead, "{shown}");
        }
    }

    #[test]
    fn who_has_not_looked_for_long_may_have_been_shown_much() {
        let stretch = stretch(100, 160, 60);
        for shown in [97, 100, 130, 161] {
            assert_eq!(stretch.ahead(shown * SECOND), 0, "{shown}");
        }
        assert_eq!(stretch.ahead(162 * SECOND), 32 * SECOND);
    }

    #[test]
    fn a_clock_that_was_set_meanwhile_may_have_shown_both_times() {
        for (first, last) in [(100, 3_704), (3_700, 104)] {
            let stretch = stretch(first, last, 4);
            for shown in [97, 104, 3_700, 3_705] {
                assert_eq!(stretch.ahead(shown * SECOND), 0, "{shown}");
            }
            assert!(stretch.ahead(96 * SECOND) < 0);
            assert!(stretch.ahead(3_706 * SECOND) > 0);
        }
    }

    #[test]
    fn a_clock_that_stands_still_is_as_wrong_as_time_has_passed() {
        let stretch = stretch(100, 100, 2);
        for (shown, ahead) in [(95, 0), (103, 0), (94, -6), (104, 4)] {
            assert_eq!(stretch.ahead(shown * SECOND), ahead * SECOND, "{shown}");
        }
    }

    #[test]
    fn clocks_may_show_anything() {
        let stretch = stretch(100, 102, 2);
        assert!(stretch.ahead(i64::MAX) > 0);
        assert!(stretch.ahead(i64::MIN) < 0);
        let extreme = |wall| Moment {
            wall,
            steady: Instant::now(),
        };
        let whole = Stretch::between(extreme(i64::MIN), extreme(i64::MAX));
        assert_eq!(whole.ahead(i64::MAX), 0);
        assert_eq!(whole.ahead(i64::MIN), 0);
    }
}
