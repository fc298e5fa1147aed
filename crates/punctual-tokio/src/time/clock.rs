//! The only file that reads a clock: wall time for fire times, joined to tokio's monotonic time
//! for waiting.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::private::AnyClock;
#[cfg(feature = "testing")]
use crate::testing::{TestClock, WrongClock};

/// Differences below this are slewing and rounding, not a clock that was set.
const JUMP_MICROS: i64 = 20_000;

/// What tells the scheduler the time.
#[derive(Clone)]
pub(crate) enum Clock {
    System(Arc<SystemClock>),
    Manual(ManualClock),
    #[cfg(feature = "testing")]
    Test(TestClock),
    #[cfg(feature = "testing")]
    Wrong(WrongClock),
}

/// Wall time that advances with tokio's clock, also a paused one, and is set right when the system
/// clock is set.
pub(crate) struct SystemClock {
    /// When this clock was made.
    origin: Instant,
    /// Wall time at `origin`, in microseconds since 1970.
    offset: AtomicI64,
    source: Source,
}

/// Where the wall time of a system clock comes from.
enum Source {
    System,
    /// A clock that was set by so many microseconds since it was made, and does not tell.
    #[cfg(test)]
    Silent(Arc<AtomicI64>),
}

impl Clock {
    pub(crate) fn system() -> Self {
        Self::of(Source::System)
    }

    /// A clock as of a system that does not tell when it is set, and by how much it was.
    #[cfg(test)]
    pub(crate) fn silent() -> (Self, Arc<AtomicI64>) {
        let set_by = Arc::new(AtomicI64::new(0));
        (Self::of(Source::Silent(Arc::clone(&set_by))), set_by)
    }

    fn of(source: Source) -> Self {
        Self::System(Arc::new(SystemClock {
            origin: Instant::now(),
            offset: AtomicI64::new(wall_micros()),
            source,
        }))
    }

    /// How long the timer may sleep before the clocks are compared; no limit if somebody tells.
    pub(crate) fn longest_sleep(&self) -> Option<Duration> {
        match self {
            Self::System(clock) => match clock.source {
                Source::System => crate::time::clock_step::longest_sleep(),
                #[cfg(test)]
                Source::Silent(_) => Some(crate::time::clock_step::LONGEST_SLEEP),
            },
            _ => None,
        }
    }

    /// Whether tokio's time stands still with this clock, so that nothing can be waited for that it
    /// does not see.
    #[cfg(feature = "testing")]
    pub(crate) fn pauses_time(&self) -> bool {
        matches!(self, Self::Test(clock) if clock.pauses_time())
    }

    /// Wall time in microseconds since 1970.
    pub(crate) fn micros(&self) -> i64 {
        match self {
            Self::System(clock) => clock.micros(),
            Self::Manual(clock) => clock.0.wall.load(Ordering::SeqCst),
            #[cfg(feature = "testing")]
            Self::Test(clock) => clock.micros(),
            #[cfg(feature = "testing")]
            Self::Wrong(clock) => clock.micros(),
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        instant(self.micros())
    }

    /// When tokio's clock will show what the wall clock shows at `micros`; `None` if somebody
    /// moves the clock by hand.
    pub(crate) fn deadline(&self, micros: i64) -> Option<Instant> {
        match self {
            Self::System(clock) => {
                let ahead = micros.saturating_sub(clock.offset.load(Ordering::SeqCst));
                let ahead = Duration::from_micros(u64::try_from(ahead).unwrap_or(0));
                clock.origin.checked_add(ahead)
            }
            Self::Manual(_) => None,
            #[cfg(feature = "testing")]
            Self::Test(clock) => clock.deadline(micros),
            #[cfg(feature = "testing")]
            Self::Wrong(clock) => clock.deadline(micros),
        }
    }

    /// Compares with the system's wall clock and answers by how much it was set since last time.
    pub(crate) fn set_right(&self) -> Option<i64> {
        match self {
            Self::System(clock) => clock.set_right(),
            Self::Manual(clock) => {
                let jump = clock.0.jump.swap(0, Ordering::SeqCst);
                (jump != 0).then_some(jump)
            }
            #[cfg(feature = "testing")]
            Self::Test(_) => None,
            #[cfg(feature = "testing")]
            Self::Wrong(clock) => clock.set_right(),
        }
    }

    /// Where a scheduler tells how it stands, whose clock waits for it; it is woken by `alarm`.
    #[cfg(feature = "testing")]
    pub(crate) fn enter(&self, alarm: &Arc<Notify>) -> Option<Arc<crate::testing::Desk>> {
        match self {
            Self::Test(clock) => clock.enter(alarm),
            _ => None,
        }
    }

    /// Whether tokio's time passes by itself: no test moves it or this clock.
    pub(crate) fn passes_by_itself(&self) -> bool {
        match self {
            Self::System(clock) => match clock.source {
                Source::System => !is_paused(),
                #[cfg(test)]
                Source::Silent(_) => true,
            },
            _ => false,
        }
    }

    /// Wakes `alarm` whenever the wall clock was set, or moved by hand.
    pub(crate) fn watch(&self, alarm: &Arc<Notify>) {
        match self {
            #[cfg(test)]
            Self::System(clock) if matches!(clock.source, Source::Silent(_)) => {}
            Self::System(_) => crate::time::clock_step::watch(alarm),
            Self::Manual(clock) => clock.watch(alarm),
            #[cfg(feature = "testing")]
            Self::Test(clock) => clock.watch(alarm),
            #[cfg(feature = "testing")]
            Self::Wrong(clock) => clock.watch(alarm),
        }
    }
}

impl SystemClock {
    fn micros(&self) -> i64 {
        let elapsed = i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.offset.load(Ordering::SeqCst).saturating_add(elapsed)
    }

    fn set_right(&self) -> Option<i64> {
        let jump = match &self.source {
            Source::System if is_paused() => return None,
            Source::System => system_micros() - self.micros(),
            #[cfg(test)]
            Source::Silent(set_by) => set_by.swap(0, Ordering::SeqCst),
        };
        if jump.abs() < JUMP_MICROS {
            return None;
        }
        self.offset.fetch_add(jump, Ordering::SeqCst);
        Some(jump)
    }
}

fn system_micros() -> i64 {
    let now = SystemTime::now();
    let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    match now.duration_since(UNIX_EPOCH) {
        Ok(since) => micros(since),
        Err(before) => -micros(before.duration()),
    }
}

/// Whether a test has paused tokio's clock: then it is not the system's, and wall time follows it.
/// Else it shows a time between two readings of the system's, however long this is held up.
fn is_paused() -> bool {
    let before = std::time::Instant::now();
    let tokio = Instant::now().into_std();
    let after = std::time::Instant::now();
    !(before..=after).contains(&tokio)
}

/// What a clock begins with. Two clocks of a test that has paused time show the same, whenever they
/// were made.
fn wall_micros() -> i64 {
    static ORIGIN: OnceLock<(i64, std::time::Instant)> = OnceLock::new();
    if !is_paused() {
        return system_micros();
    }
    let (wall, origin) = ORIGIN.get_or_init(|| (system_micros(), std::time::Instant::now()));
    let now = Instant::now().into_std();
    let nanos = |span: Duration| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
    let passed = match now.checked_duration_since(*origin) {
        Some(since) => nanos(since),
        None => -nanos(origin.duration_since(now)),
    };
    // Rounded down before the origin too, where a quotient is rounded up.
    wall.saturating_add(passed.div_euclid(1_000))
}

/// Microseconds since 1970 as an instant.
pub(crate) fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// A clock that stands still until it is moved: for tests of programs with a scheduler.
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
    /// By how much the wall clock was set, apart from time that passed.
    jump: AtomicI64,
    watchers: Mutex<Vec<Weak<Notify>>>,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Manual {
            wall: AtomicI64::new(now.timestamp_micros()),
            jump: AtomicI64::new(0),
            watchers: Mutex::default(),
        }))
    }

    /// Lets time pass: what is due by then becomes due, timeouts and waits go on.
    pub fn advance(&self, span: Duration) {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 4);
        self.0.wall.fetch_add(micros, Ordering::SeqCst);
        self.wake();
    }

    /// Sets the clock, as an administrator would: no time passes.
    pub fn set(&self, now: DateTime<Utc>) {
        let now = now.timestamp_micros();
        let before = self.0.wall.swap(now, Ordering::SeqCst);
        self.0.jump.fetch_add(now - before, Ordering::SeqCst);
        self.wake();
    }

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        instant(self.0.wall.load(Ordering::SeqCst))
    }

    fn watch(&self, alarm: &Arc<Notify>) {
        let mut watchers = self.watchers();
        watchers.retain(|watcher| watcher.strong_count() > 0);
        watchers.push(Arc::downgrade(alarm));
    }

    fn wake(&self) {
        for watcher in self.watchers().iter().filter_map(Weak::upgrade) {
            watcher.notify_one();
        }
    }

    fn watchers(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Notify>>> {
        self.0
            .watchers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<ManualClock> for AnyClock {
    fn from(clock: ManualClock) -> Self {
        Self(Clock::Manual(clock))
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&self.now()).finish()
    }
}
