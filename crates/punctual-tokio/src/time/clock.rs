//! What tells the scheduler the time: wall time for fire times, joined to tokio's monotonic time for
//! waiting.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::system_clock::SystemClock;

/// A clock that a scheduler goes by: the system's, or one that a test moves.
pub(crate) trait TimeSource: Send + Sync {
    /// Wall time in microseconds since 1970.
    fn micros(&self) -> i64;

    /// When tokio's clock will show what the wall clock shows at `micros`; `None` if a test moves the
    /// clock by hand.
    fn deadline(&self, micros: i64) -> Option<Instant>;

    /// Compares with the system's wall clock and answers by how much it was set since last time.
    fn set_right(&self) -> Option<i64>;

    /// Wakes `alarm` whenever the wall clock was set, or moved by hand.
    fn watch(&self, alarm: &Arc<Notify>);

    /// How long the timer may sleep before the clocks are compared; no limit if the system tells of
    /// each step.
    fn longest_sleep(&self) -> Option<Duration> {
        None
    }

    /// Whether tokio's time passes by itself: no test moves it or this clock.
    fn passes_by_itself(&self) -> bool {
        false
    }

    /// Whether tokio's time stands still with this clock, so that nothing can be waited for that it
    /// does not see.
    #[cfg(feature = "testing")]
    fn pauses_time(&self) -> bool {
        false
    }

    /// Where a scheduler tells how it stands, whose clock waits for it; it is woken by `alarm`.
    #[cfg(feature = "testing")]
    fn enter(&self, _alarm: &Arc<Notify>) -> Option<Arc<super::desk::Desk>> {
        None
    }
}

/// What tells the scheduler the time.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn TimeSource>);

impl Clock {
    pub(crate) fn new(source: impl TimeSource + 'static) -> Self {
        Self(Arc::new(source))
    }

    pub(crate) fn system() -> Self {
        Self::new(SystemClock::new())
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        instant(self.micros())
    }
}

impl std::ops::Deref for Clock {
    type Target = dyn TimeSource;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// A clock that a scheduler can be given. Signatures name it, and nobody writes it.
pub struct AnyClock(pub(crate) Clock);

impl fmt::Debug for AnyClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyClock")
    }
}

/// Microseconds since 1970 as an instant.
pub(crate) fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}
