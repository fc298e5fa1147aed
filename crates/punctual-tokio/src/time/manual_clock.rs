//! A clock that stands still until a test moves it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use punctual_core::IntoSpan;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::clock::{AnyClock, Clock, TimeSource, instant};
use super::watchers::Watchers;

/// A clock that stands still until a test moves it. It is for tests of programs with a scheduler.
///
/// ```
/// use punctual_tokio::{ManualClock, Scheduler};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// let clock = ManualClock::at("2026-03-01T00:00:00Z".parse().unwrap());
/// let scheduler = Scheduler::builder().clock(clock.clone()).build()?;
/// scheduler.start().await?;
/// clock.advance(Duration::from_secs(3_600));
/// assert_eq!(scheduler.now().to_rfc3339(), "2026-03-01T01:00:00+00:00");
/// # scheduler.shutdown().await?; Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ManualClock(Arc<Manual>);

struct Manual {
    wall: AtomicI64,
    /// The time by which the wall clock was set, apart from time that passed.
    jump: AtomicI64,
    watchers: Watchers,
}

impl ManualClock {
    /// Returns a clock that shows `now`.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Manual {
            wall: AtomicI64::new(now.timestamp_micros()),
            jump: AtomicI64::new(0),
            watchers: Watchers::default(),
        }))
    }

    /// Lets time pass. Jobs that are due by then become due, and timeouts and waits go on.
    ///
    /// # Panics
    ///
    /// Panics if `span` is text that is not a length of time.
    #[track_caller]
    pub fn advance(&self, span: impl IntoSpan) {
        let span = match span.into_span("advance") {
            Ok(span) => span,
            Err(error) => panic!("{error}"),
        };
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 4);
        self.0.wall.fetch_add(micros, Ordering::SeqCst);
        self.0.watchers.wake();
    }

    /// Sets the clock as an administrator would, so that no time passes.
    pub fn set(&self, now: DateTime<Utc>) {
        let now = now.timestamp_micros();
        let before = self.0.wall.swap(now, Ordering::SeqCst);
        self.0.jump.fetch_add(now - before, Ordering::SeqCst);
        self.0.watchers.wake();
    }

    /// Returns the time that the clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        instant(self.micros())
    }
}

impl TimeSource for ManualClock {
    fn micros(&self) -> i64 {
        self.0.wall.load(Ordering::SeqCst)
    }

    fn deadline(&self, _micros: i64) -> Option<Instant> {
        None
    }

    fn set_right(&self) -> Option<i64> {
        let jump = self.0.jump.swap(0, Ordering::SeqCst);
        (jump != 0).then_some(jump)
    }

    fn watch(&self, alarm: &Arc<Notify>) {
        self.0.watchers.add(alarm);
    }
}

impl From<ManualClock> for AnyClock {
    fn from(clock: ManualClock) -> Self {
        Self(Clock::new(clock))
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&self.now()).finish()
    }
}
