//! The wall time of a machine whose clock is not to be trusted.

use std::fmt;
use std::sync::{Arc, MutexGuard};

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::IntoWhen;
use punctual_store::lock::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::moment;
use crate::time::clock::{AnyClock, Clock, TimeSource, instant};
use crate::time::watchers::Watchers;

const MILLION: i128 = 1_000_000;

/// A wall clock that goes with tokio's, a little too fast or too slow, and that is set now and
/// then. Clones are the same clock.
///
/// It is for simulations of several nodes, each in a runtime of its own. In such a runtime tokio's
/// paused time is the monotonic clock of a machine, and this is the wall clock that the machine
/// shows. It has to be made, moved and read inside the runtime that it goes with.
#[derive(Clone)]
pub struct WrongClock(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    watchers: Watchers,
}

struct State {
    since: Instant,
    /// The time that the clock showed at `since`, in microseconds since 1970.
    from: i64,
    /// The microseconds that the clock gains in a million.
    drift: i32,
    /// The span by which the clock was set since the last call of `set_right`.
    jump: i64,
    /// The span by which the clock is ahead of the machine's, once it goes by that of a server.
    followed: Option<i64>,
}

impl State {
    fn micros(&self) -> i64 {
        let elapsed = i128::try_from(self.since.elapsed().as_micros()).unwrap_or(i128::MAX / 2);
        let gained = elapsed * i128::from(self.drift) / MILLION;
        let shown = i128::from(self.from) + elapsed + gained;
        i64::try_from(shown).unwrap_or(i64::MAX)
    }

    fn set_by(&mut self, by: i64) {
        self.from = self.from.saturating_add(by);
        self.jump = self.jump.saturating_add(by);
    }
}

impl WrongClock {
    /// Makes a clock that shows `now` and gains `drift` microseconds a second. If `drift` is
    /// negative, the clock loses them.
    ///
    /// # Panics
    ///
    /// Panics if `now` is not a valid instant, or if the clock is faster or slower than right by a
    /// tenth or more.
    #[must_use]
    #[track_caller]
    pub fn at(now: impl IntoWhen, drift: i32) -> Self {
        assert!(drift.abs() < 100_000, "{drift} is a tenth or more");
        let state = State {
            since: Instant::now(),
            from: moment::of(now).timestamp_micros(),
            drift,
            jump: 0,
            followed: None,
        };
        Self(Arc::new(Inner {
            state: Mutex::new(state),
            watchers: Watchers::default(),
        }))
    }

    /// Returns the time that the clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        instant(self.micros())
    }

    /// Sets the clock, as an administrator would, or as it is set right after a suspend. A clock that
    /// goes by that of a server, since a store has one, goes on by it.
    pub fn set(&self, by: TimeDelta) {
        let by = by.num_microseconds().unwrap_or(0);
        let mut state = self.state();
        if let Some(ahead) = &mut state.followed {
            // It shows the time of the server, and not that of the machine.
            *ahead = ahead.saturating_sub(by);
            return;
        }
        state.set_by(by);
        drop(state);
        self.0.watchers.wake();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock()
    }
}

impl TimeSource for WrongClock {
    fn micros(&self) -> i64 {
        self.state().micros()
    }

    /// Returns the instant at which tokio's clock will show what this one shows at `micros`, or a
    /// moment later.
    fn deadline(&self, micros: i64) -> Option<Instant> {
        let state = self.state();
        let ahead = i128::from(micros.saturating_sub(state.from)).max(0);
        let pace = MILLION + i128::from(state.drift);
        let elapsed = (ahead * MILLION + pace - 1) / pace;
        let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
        state
            .since
            .checked_add(std::time::Duration::from_micros(elapsed.saturating_add(1)))
    }

    fn set_right(&self) -> Option<i64> {
        let jump = std::mem::take(&mut self.state().jump);
        (jump != 0).then_some(jump)
    }

    fn follow(&self, ahead: i64) -> bool {
        let mut state = self.state();
        state.followed = Some(state.followed.unwrap_or(0).saturating_add(ahead));
        state.set_by(ahead);
        drop(state);
        self.0.watchers.wake();
        true
    }

    fn followed(&self) -> Option<i64> {
        self.state().followed
    }

    fn watch(&self, alarm: &Arc<Notify>) {
        self.0.watchers.add(alarm);
    }
}

impl From<WrongClock> for AnyClock {
    fn from(clock: WrongClock) -> Self {
        Self(Clock::new(clock))
    }
}

impl fmt::Debug for WrongClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WrongClock").field(&self.now()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOON: &str = "2026-03-01T12:00:00Z";

    #[tokio::test(start_paused = true)]
    async fn it_gains_what_it_drifts_and_is_set_by_hand() {
        let clock = WrongClock::at(NOON, 100);
        tokio::time::advance(Duration::from_secs(10_000)).await;
        let noon: DateTime<Utc> = NOON.parse().unwrap();
        assert_eq!(clock.now(), noon + TimeDelta::seconds(10_001));
        assert_eq!(clock.set_right(), None);
        clock.set(TimeDelta::seconds(-3_601));
        assert_eq!(clock.now(), noon + TimeDelta::seconds(6_400));
        assert_eq!(clock.set_right(), Some(-3_601_000_000));
        assert_eq!(clock.set_right(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn at_its_deadline_it_shows_the_time_that_was_asked_for() {
        for drift in [-90_000, -37, 0, 1, 99_999] {
            let clock = WrongClock::at(NOON, drift);
            let then = clock.micros() + 7_654_321;
            tokio::time::sleep_until(clock.deadline(then).unwrap()).await;
            let late = clock.micros() - then;
            assert!((0..2_500).contains(&late), "{late} late at {drift}");
        }
    }
}
