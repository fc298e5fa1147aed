//! A walk along successive fire times, starting over when there are none left.

use std::hint::black_box;
use std::time::Instant;

use chrono::{DateTime, Utc};
use punctual_core::Trigger;

/// How many fire times a walk visits.
pub const FIRE_TIMES: u32 = 1_000;

/// Our trigger, asked again and again for what comes after its last answer.
#[derive(Debug)]
pub struct Walk<'a> {
    trigger: &'a Trigger,
    start: (Option<DateTime<Utc>>, DateTime<Utc>),
    at: (Option<DateTime<Utc>>, DateTime<Utc>),
}

impl<'a> Walk<'a> {
    /// A walk that begins, and begins again, with `trigger.next(previous, now)`.
    #[must_use]
    pub const fn new(
        trigger: &'a Trigger,
        previous: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            trigger,
            start: (previous, now),
            at: (previous, now),
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = DateTime<Utc>;

    fn next(&mut self) -> Option<DateTime<Utc>> {
        let (previous, now) = self.at;
        let answer = black_box(self.trigger).next(previous, now);
        self.at = answer.map_or(self.start, |time| (Some(time), time));
        answer
    }
}

/// The mean nanoseconds of a call of `next`, over [`FIRE_TIMES`] answers that are fire times.
///
/// A call that answers "none left" counts as a call.
pub fn ns_per_next<T>(mut next: impl FnMut() -> Option<T>) -> f64 {
    let mut calls = 0;
    let mut fire_times = 0;
    let started = Instant::now();
    // The second bound is for a trigger that has no fire time at all.
    while fire_times < FIRE_TIMES && calls < 2 * FIRE_TIMES {
        calls += 1;
        fire_times += u32::from(black_box(next()).is_some());
    }
    started.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn an_exhausted_walk_starts_over() {
        let trigger: Trigger =
            serde_json::from_str(r#"{"type":"date","run_at":"2026-01-01T00:00:00Z"}"#).unwrap();
        let now = DateTime::UNIX_EPOCH;
        let mut walk = Walk::new(&trigger, None, now);
        let answers: Vec<bool> = (0..4).map(|_| walk.next().is_some()).collect();
        assert_eq!(answers, [true, false, true, false]);
    }

    #[test]
    fn a_walk_without_fire_times_ends() {
        let calls = Cell::new(0);
        ns_per_next(|| {
            calls.set(calls.get() + 1);
            None::<()>
        });
        assert_eq!(calls.get(), 2 * FIRE_TIMES);
    }
}
