//! Reads the system's wall clock. No other file does.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::clock::TimeSource;
use super::clock_step;
use super::watchers::Watchers;

/// The smallest difference that means that the clock was set. Smaller ones are slewing and
/// rounding.
const JUMP_MICROS: i64 = 20_000;

/// Wall time that advances with tokio's clock, also with a paused one, and that is set right when
/// the system clock is set, or when the clock of a server shows another time.
pub(crate) struct SystemClock {
    shown: Shown,
    follows: AtomicBool,
    /// The microseconds by which the clock was set since the last look, by the clock of a server.
    jump: AtomicI64,
    watchers: Watchers,
}

impl SystemClock {
    pub(super) fn new() -> Self {
        Self {
            shown: Shown::new(),
            follows: AtomicBool::new(false),
            jump: AtomicI64::new(0),
            watchers: Watchers::new(),
        }
    }
}

impl TimeSource for SystemClock {
    fn micros(&self) -> i64 {
        self.shown.micros()
    }

    fn deadline(&self, micros: i64) -> Option<Instant> {
        self.shown.deadline(micros)
    }

    fn set_right(&self) -> Option<i64> {
        if is_paused() {
            return None;
        }
        if self.follows.load(Ordering::SeqCst) {
            let jump = self.jump.swap(0, Ordering::SeqCst);
            return (jump != 0).then_some(jump);
        }
        self.shown.set_by(system_micros() - self.micros())
    }

    fn follow(&self, ahead: i64) -> bool {
        if is_paused() {
            return false;
        }
        self.follows.store(true, Ordering::SeqCst);
        self.shown.offset.fetch_add(ahead, Ordering::SeqCst);
        self.jump.fetch_add(ahead, Ordering::SeqCst);
        self.watchers.wake();
        true
    }

    fn followed(&self) -> Option<i64> {
        let follows = self.follows.load(Ordering::SeqCst);
        follows.then(|| self.micros() - system_micros())
    }

    fn watch(&self, alarm: &Arc<Notify>) {
        clock_step::watch(alarm);
        self.watchers.add(alarm);
    }

    fn longest_sleep(&self) -> Option<Duration> {
        clock_step::longest_sleep()
    }

    fn passes_by_itself(&self) -> bool {
        !is_paused()
    }
}

/// Wall time as tokio's clock carries it on.
struct Shown {
    /// The time at which this clock was made.
    origin: Instant,
    /// Wall time at `origin`, in microseconds since 1970.
    offset: AtomicI64,
}

impl Shown {
    fn new() -> Self {
        Self {
            origin: Instant::now(),
            offset: AtomicI64::new(wall_micros()),
        }
    }

    fn micros(&self) -> i64 {
        let elapsed = i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.offset.load(Ordering::SeqCst).saturating_add(elapsed)
    }

    fn deadline(&self, micros: i64) -> Option<Instant> {
        let ahead = micros.saturating_sub(self.offset.load(Ordering::SeqCst));
        let ahead = Duration::from_micros(u64::try_from(ahead).unwrap_or(0));
        self.origin.checked_add(ahead)
    }

    /// Follows a wall clock that differs by `jump` microseconds, and returns `jump` if the clock
    /// was set.
    fn set_by(&self, jump: i64) -> Option<i64> {
        if jump.abs() < JUMP_MICROS {
            return None;
        }
        self.offset.fetch_add(jump, Ordering::SeqCst);
        Some(jump)
    }
}

/// The clock of a system that does not tell when it is set.
#[cfg(test)]
pub(crate) struct SilentClock {
    shown: Shown,
    /// The microseconds by which the wall clock was set since the last look.
    set_by: Arc<AtomicI64>,
}

#[cfg(test)]
impl SilentClock {
    /// Returns the clock, and the value that sets it.
    pub(crate) fn new() -> (Self, Arc<AtomicI64>) {
        let set_by = Arc::new(AtomicI64::new(0));
        let clock = Self {
            shown: Shown::new(),
            set_by: Arc::clone(&set_by),
        };
        (clock, set_by)
    }
}

#[cfg(test)]
impl TimeSource for SilentClock {
    fn micros(&self) -> i64 {
        self.shown.micros()
    }

    fn deadline(&self, micros: i64) -> Option<Instant> {
        self.shown.deadline(micros)
    }

    fn set_right(&self) -> Option<i64> {
        self.shown.set_by(self.set_by.swap(0, Ordering::SeqCst))
    }

    fn watch(&self, _alarm: &Arc<Notify>) {}

    fn longest_sleep(&self) -> Option<Duration> {
        Some(clock_step::LONGEST_SLEEP)
    }

    fn passes_by_itself(&self) -> bool {
        true
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

/// Returns true if a test has paused tokio's clock. Wall time then follows tokio's clock instead of
/// the system's. An unpaused tokio clock shows a time between two readings of the system's clock,
/// however long this thread is held up.
fn is_paused() -> bool {
    let before = std::time::Instant::now();
    let tokio = Instant::now().into_std();
    let after = std::time::Instant::now();
    !(before..=after).contains(&tokio)
}

/// Returns the wall time with which a clock begins. Two clocks of a test that has paused time show
/// the same time, even if they were made at different times.
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
