//! Tells the scheduler the time. Fire times go by wall time, which is joined to tokio's monotonic
//! time for waiting.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::system_clock::SystemClock;

/// A clock that a scheduler goes by. It is the system's clock, or one that a test moves.
pub(crate) trait TimeSource: Send + Sync {
    /// Returns wall time in microseconds since 1970.
    fn micros(&self) -> i64;

    /// Returns the time at which the wall clock will show `micros`, by tokio's clock. Returns
    /// `None` if a test moves the clock by hand.
    fn deadline(&self, micros: i64) -> Option<Instant>;

    /// Compares this clock with the system's wall clock and returns by how much that was set since
    /// the last time.
    fn set_right(&self) -> Option<i64>;

    /// Sets this clock by `ahead` microseconds, and lets it go by the clock of a server from then on.
    /// When the machine's clock is set later, this one stays.
    ///
    /// Returns false if only a test moves this clock. Nothing was changed then.
    fn follow(&self, ahead: i64) -> bool {
        let _ = ahead;
        false
    }

    /// Returns the microseconds by which this clock is ahead of the machine's, if it goes by the
    /// clock of a server.
    fn followed(&self) -> Option<i64> {
        None
    }

    /// Wakes `alarm` whenever the wall clock was set, or moved by hand.
    fn watch(&self, alarm: &Arc<Notify>);

    /// Returns the longest time that the timer may sleep before the clocks are compared. There is
    /// no limit if the system tells of each step.
    fn longest_sleep(&self) -> Option<Duration> {
        None
    }

    /// Returns true if tokio's time passes by itself, since no test moves it or this clock.
    fn passes_by_itself(&self) -> bool {
        false
    }

    /// Returns true if tokio's time stands still with this clock. Then a scheduler cannot wait for
    /// anything that the clock does not see.
    #[cfg(feature = "testing")]
    fn pauses_time(&self) -> bool {
        false
    }

    /// Returns the desk at which a scheduler tells a clock how it stands, if the clock waits for
    /// the scheduler. The clock wakes the scheduler by `alarm`.
    #[cfg(feature = "testing")]
    fn enter(&self, _alarm: &Arc<Notify>) -> Option<Arc<super::desk::Desk>> {
        None
    }
}

/// The clock of a scheduler, which tells it the time.
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

/// A clock that [`SchedulerBuilder::clock`](crate::SchedulerBuilder::clock) takes. It is made of a
/// [`ManualClock`](crate::ManualClock), or of a clock of the module `testing`.
pub struct AnyClock(pub(crate) Clock);

impl fmt::Debug for AnyClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyClock")
    }
}

/// Returns microseconds since 1970 as an instant.
pub(crate) fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}
