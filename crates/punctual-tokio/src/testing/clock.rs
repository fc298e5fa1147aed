//! Wall time that stands still until a test lets it pass.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Moment;
use crate::clock::{Clock, instant};
use crate::private::AnyClock;

/// The resolution of tokio's timers: sleeping so long lets all other tasks go first.
const TICK: Duration = Duration::from_millis(1);

/// How late they come, in microseconds.
const LATEST: i64 = 2_000;

/// A clock that stands still until the test moves it; clones are the same clock.
///
/// Give it to [`SchedulerBuilder::clock`](crate::SchedulerBuilder::clock), to several builders if
/// several nodes share a store. It needs a current-thread runtime, as `#[tokio::test]` makes one,
/// and pauses tokio's time there.
#[derive(Clone)]
pub struct TestClock(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    watchers: Mutex<Vec<Weak<Notify>>>,
}

/// In microseconds since 1970.
enum State {
    Standing { at: i64 },
    Passing(Passing),
}

/// It showed `from` at an instant of tokio's, and will stop at `until`.
struct Passing {
    since: Instant,
    from: i64,
    until: i64,
    /// When schedulers want to be woken.
    alarms: BTreeSet<i64>,
}

impl State {
    fn micros(&self) -> i64 {
        match self {
            Self::Standing { at } => *at,
            Self::Passing(passing) => passing.micros(),
        }
    }
}

impl Passing {
    /// Tokio's timers come up to two ticks late, as its time stands within a tick. Whoever is woken
    /// by one is shown the time that it asked for.
    fn micros(&self) -> i64 {
        let passed = i64::try_from(self.since.elapsed().as_micros()).unwrap_or(i64::MAX);
        let now = self.from.saturating_add(passed).min(self.until);
        let latest = self.alarms.range(..=now).next_back();
        let shown = latest.filter(|alarm| now - **alarm <= LATEST);
        shown.copied().unwrap_or(now)
    }
}

impl TestClock {
    /// A clock that shows `now`.
    ///
    /// # Panics
    ///
    /// If `now` is no instant, or if there is no current-thread runtime here.
    #[must_use]
    #[track_caller]
    pub fn at(now: impl Moment) -> Self {
        if !is_paused() {
            tokio::time::pause();
        }
        let at = now.instant().timestamp_micros();
        Self(Arc::new(Inner {
            state: Mutex::new(State::Standing { at }),
            watchers: Mutex::default(),
        }))
    }

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        instant(self.micros())
    }

    /// Lets all that can go on without waiting for time go on: what is due starts, what has ended
    /// reaches the ledger. No time passes.
    pub async fn run_until_idle(&self) {
        // Paused time moves on only when every task waits and no blocking work is under way.
        tokio::time::sleep(TICK).await;
    }

    /// Lets so much time pass, and what is due meanwhile happen; ends idle.
    pub async fn advance(&self, span: Duration) {
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        self.pass_until(self.micros().saturating_add(span)).await;
    }

    /// Lets time pass until then, and what is due meanwhile happen; ends idle.
    ///
    /// # Panics
    ///
    /// If it is no instant, or has passed.
    pub async fn advance_to(&self, then: impl Moment) {
        let then = then.instant();
        let now = self.now();
        assert!(then >= now, "{then} has passed: the clock shows {now}");
        self.pass_until(then.timestamp_micros()).await;
    }

    async fn pass_until(&self, until: i64) {
        self.run_until_idle().await;
        let from = self.micros();
        let since = Instant::now();
        self.set(State::Passing(Passing {
            since,
            from,
            until,
            alarms: BTreeSet::new(),
        }));
        let span = u64::try_from(until - from).unwrap_or(0);
        tokio::time::sleep_until(since + Duration::from_micros(span)).await;
        self.set(State::Standing { at: until });
        self.run_until_idle().await;
    }

    pub(crate) fn micros(&self) -> i64 {
        self.state().micros()
    }

    /// When tokio's clock will show what this one shows at `micros`, if time passes.
    pub(crate) fn deadline(&self, micros: i64) -> Option<Instant> {
        match &mut *self.state() {
            State::Standing { .. } => None,
            State::Passing(passing) => {
                passing.alarms.insert(micros);
                let ahead = u64::try_from(micros.saturating_sub(passing.from)).unwrap_or(0);
                passing.since.checked_add(Duration::from_micros(ahead))
            }
        }
    }

    pub(crate) fn watch(&self, alarm: &Arc<Notify>) {
        let mut watchers = self.watchers();
        watchers.retain(|watcher| watcher.strong_count() > 0);
        watchers.push(Arc::downgrade(alarm));
    }

    /// Schedulers compare their alarms with the clock anew.
    fn set(&self, state: State) {
        *self.state() = state;
        for watcher in self.watchers().iter().filter_map(Weak::upgrade) {
            watcher.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watchers(&self) -> MutexGuard<'_, Vec<Weak<Notify>>> {
        let watchers = self.0.watchers.lock();
        watchers.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether tokio's time stands still already, as in `#[tokio::test(start_paused = true)]`: pausing
/// it twice is a panic.
fn is_paused() -> bool {
    let (tokio, system) = (Instant::now(), std::time::Instant::now());
    while std::time::Instant::now() == system {
        std::hint::spin_loop();
    }
    Instant::now() == tokio
}

impl From<TestClock> for AnyClock {
    fn from(clock: TestClock) -> Self {
        Self(Clock::Test(clock))
    }
}

impl fmt::Debug for TestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestClock").field(&self.now()).finish()
    }
}
