//! Judges the clock of a peer. No single beat changes the verdict.

use std::time::{Duration, Instant};

use crate::time::clock_step::LONGEST_SLEEP;

/// The time for which all beats have to speak against a verdict before it changes. A node that was
/// suspended goes by a clock that is behind until the node notices, which takes up to
/// [`LONGEST_SLEEP`].
pub(super) const SURE_AFTER: Duration = Duration::from_secs(LONGEST_SLEEP.as_secs() + 10);

/// The number of beats that have to speak against a verdict, too. A frozen process sees few beats
/// in any time.
const BEATS: u32 = 5;

/// The verdict about a clock. At first the clock counts as right.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    ahead: i64,
    doubt: Option<Doubt>,
}

/// Beats that speak against a verdict, one after another.
#[derive(Debug)]
struct Doubt {
    /// 1 if the beats show a clock that is ahead, -1 if behind, 0 if the clock may be right.
    side: i64,
    since: Instant,
    beats: u32,
}

impl Verdict {
    /// Returns the microseconds by which the clock is ahead. Returns 0 if it is right.
    pub(super) fn ahead(&self) -> i64 {
        self.ahead
    }

    /// Takes in the difference that a beat shows.
    pub(super) fn hear(&mut self, ahead: i64, now: Instant) {
        let side = ahead.signum();
        if side == self.ahead.signum() {
            self.ahead = ahead;
            self.doubt = None;
            return;
        }
        let doubt = self.doubt.take().filter(|doubt| doubt.side == side);
        let mut doubt = doubt.unwrap_or(Doubt {
            side,
            since: now,
            beats: 0,
        });
        doubt.beats = doubt.beats.saturating_add(1);
        let lasted = now.saturating_duration_since(doubt.since);
        if doubt.beats >= BEATS && lasted >= SURE_AFTER {
            self.ahead = ahead;
        } else {
            self.doubt = Some(doubt);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the verdict after beats that come at these seconds and show these differences.
    fn after(beats: impl IntoIterator<Item = (u64, i64)>) -> i64 {
        let (start, mut verdict) = (Instant::now(), Verdict::default());
        for (second, ahead) in beats {
            verdict.hear(ahead, start + Duration::from_secs(second));
        }
        verdict.ahead()
    }

    /// Returns a beat every two seconds.
    fn steady(from: u64, until: u64, ahead: i64) -> impl Iterator<Item = (u64, i64)> {
        (from..=until).step_by(2).map(move |second| (second, ahead))
    }

    #[test]
    fn a_clock_is_wrong_once_it_was_so_for_forty_seconds() {
        assert_eq!(after(steady(0, 38, 60)), 0);
        assert_eq!(after(steady(0, 40, 60)), 60);
        assert_eq!(after(steady(0, 40, -60)), -60);
        assert_eq!(after(steady(0, 40, 60).chain([(42, 70)])), 70);
    }

    #[test]
    fn one_beat_that_may_be_right_begins_it_anew() {
        let beats = steady(0, 18, 60).chain([(20, 0)]);
        assert_eq!(after(beats.chain(steady(22, 60, 60))), 0);
        let beats = steady(0, 18, 60).chain([(20, 0)]);
        assert_eq!(after(beats.chain(steady(22, 62, 60))), 60);
        let sides = steady(0, 20, 60).chain(steady(22, 60, -60));
        assert_eq!(after(sides), 0, "neither for long");
    }

    #[test]
    fn few_beats_change_nothing() {
        assert_eq!(after([(0, -60), (90, -60), (180, -60), (270, -60)]), 0);
        assert_eq!(after([0, 90, 180, 270, 360].map(|at| (at, -60))), -60);
    }

    #[test]
    fn it_ends_as_it_began() {
        let wrong = || steady(0, 40, 60);
        assert_eq!(after(wrong().chain(steady(42, 80, 0))), 60);
        assert_eq!(after(wrong().chain(steady(42, 82, 0))), 0);
        assert_eq!(after(wrong().chain(steady(42, 82, -60))), -60);
    }
}
