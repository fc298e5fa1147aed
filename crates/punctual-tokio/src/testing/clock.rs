//! Wall time that passes as a test lets it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{Error, IntoSpan, IntoWhen};
use punctual_store::lock::Mutex;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::moment;
use super::steps::Steps;
use crate::time::clock::{AnyClock, Clock, TimeSource, instant};
use crate::time::desk::Desk;
use crate::time::watchers::Watchers;

/// The resolution of tokio's timers. A sleep of this duration lets all other tasks go first.
const TICK: Duration = Duration::from_millis(1);

/// The greatest delay of a timer, in microseconds.
const LATEST: i64 = 2_000;

/// The time that a clock with I/O waits by default for something to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Returns a length of time that a test has written.
#[track_caller]
fn read(span: Result<Duration, Error>) -> Duration {
    match span {
        Ok(span) => span,
        Err(error) => panic!("{error}"),
    }
}

/// A clock that a test moves. Clones are the same clock.
///
/// Give it to [`SchedulerBuilder::clock`](crate::SchedulerBuilder::clock), or to several builders
/// if several nodes share a store. There are two kinds:
///
/// | | [`at`](Self::at) | [`with_io`](Self::with_io) |
/// |---|---|---|
/// | tokio's time | is paused, and the clock goes with it | is real |
/// | it passes | while the test waits, for any reason | in `advance` and `advance_to` only |
/// | jobs | sleep on tokio's clock as long as they like | query databases, talk to sockets, read files |
/// | stores | in memory | any |
/// | runtime | current-thread, as `#[tokio::test]` makes one | any |
#[derive(Clone)]
pub struct TestClock {
    inner: Arc<Inner>,
    pub(super) patience: Duration,
}

struct Inner {
    state: Mutex<State>,
    watchers: Watchers,
    time: Time,
    /// A task moves the clock, or waits for it to be idle.
    is_moving: AtomicBool,
}

/// The relation of a clock to tokio's time.
enum Time {
    /// The clock goes with tokio's time, in the runtime that has paused it.
    Paused(Handle),
    /// Tokio's time is real, and the clock goes in steps.
    Real(Steps),
}

/// Holds the clock until this is dropped.
struct Moving<'c>(&'c TestClock);

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        if self.0.pauses_time() {
            self.0.pass_from(self.0.micros(), None);
        }
        self.0.inner.is_moving.store(false, Ordering::SeqCst);
    }
}

/// The state of a clock, in microseconds since 1970.
enum State {
    Standing { at: i64 },
    Passing(Passing),
}

/// A clock that showed `from` at an instant of tokio's, and goes with tokio's time, to `until` at
/// most.
struct Passing {
    since: Instant,
    from: i64,
    until: Option<i64>,
    /// The time that the clock has shown last.
    shown: i64,
    /// The times at which schedulers want to be woken.
    alarms: BTreeSet<i64>,
}

impl State {
    fn micros(&mut self) -> i64 {
        match self {
            Self::Standing { at } => *at,
            Self::Passing(passing) => passing.micros(),
        }
    }
}

impl Passing {
    /// Returns the time that the clock shows. Tokio's timers come up to two ticks late, since
    /// tokio's time stands within a tick. A task that is woken by a timer is shown the time that it
    /// asked for.
    fn micros(&mut self) -> i64 {
        let passed = i64::try_from(self.since.elapsed().as_micros()).unwrap_or(i64::MAX);
        let now = self.from.saturating_add(passed);
        let now = self.until.map_or(now, |until| now.min(until));
        let latest = self.alarms.range(..=now).next_back();
        let shown = latest.filter(|alarm| now - **alarm <= LATEST);
        // An alarm may be set for a time that has passed.
        self.shown = self.shown.max(shown.copied().unwrap_or(now));
        self.shown
    }
}

impl TestClock {
    /// Makes a clock that shows `now`, pauses tokio's time, and goes with it. A store that does I/O
    /// cannot be used with it.
    ///
    /// Paused time stands while any task can go on. When all of them wait, it jumps to the next
    /// timer, as [`tokio::time::pause`] says. So the calls of a scheduler take no time by
    /// themselves. Time passes in [`advance`](Self::advance). It also passes while the test waits
    /// for an event that needs it, as the end of a run that sleeps, its timeout or its next
    /// attempt:
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use punctual_core::Interval;
    /// use punctual_tokio::Scheduler;
    /// use punctual_tokio::testing::TestClock;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// let clock = TestClock::at("2026-03-27T12:00:00Z");
    /// let scheduler = Scheduler::builder().clock(clock.clone()).build()?;
    /// scheduler.start().await?;
    /// let job = scheduler.add_job(std::future::pending::<()>, Interval::every(Duration::from_secs(60)));
    /// job.id("endless").run_at_start().await?;
    /// tokio::task::yield_now().await; // it begins
    ///
    /// let report = scheduler.shutdown().await?;
    /// assert_eq!(report.cancelled.len(), 1);
    /// // Fifteen seconds to end by itself, and five after it was told to.
    /// assert_eq!(clock.now().to_string(), "2026-03-27 12:00:20 UTC");
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if `now` is not a valid instant, or if the caller is not in a current-thread runtime.
    #[must_use]
    #[track_caller]
    pub fn at(now: impl IntoWhen) -> Self {
        let runtime = pause();
        let now = moment::of(now).timestamp_micros();
        let clock = Self::new(now, Time::Paused(runtime));
        clock.pass_from(now, None);
        clock
    }

    /// Makes a clock that shows `now`, for jobs and stores with I/O. Only the scheduler's time is
    /// moved by hand, and tokio's is real.
    ///
    /// [`advance`](Self::advance) goes from alarm to alarm. At each it waits in real time for every
    /// run that began. Each has to end and to be recorded, or to wait for its next attempt or for a
    /// free instance. So no run meets the next fire time of its job, even if it takes long in real
    /// time.
    ///
    /// Fire times, grace times, waits between attempts, timeouts of jobs and the time that a
    /// [`shutdown`](crate::Scheduler::shutdown) gives to runs go by the scheduler's clock. Real
    /// time counts for sleeps of bodies, time-outs of databases, leases between nodes, and the
    /// intervals at which a store looks at a file for edits of other processes. The clock does not
    /// wait for listeners.
    ///
    /// The clock waits for a run that never ends as long as [`patience`](Self::patience) says. Then
    /// time goes on if its job has a timeout, and that ends the run. Without a timeout, the clock
    /// panics and names the run.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use punctual_core::Interval;
    /// use punctual_tokio::Scheduler;
    /// use punctual_tokio::testing::{Ledger, TestClock};
    ///
    /// /// Each run takes some real milliseconds.
    /// async fn ask() -> std::io::Result<()> {
    ///     let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    ///     let asked = tokio::net::TcpStream::connect(listener.local_addr()?);
    ///     let (_asked, _answered) = tokio::try_join!(asked, listener.accept())?;
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// let clock = TestClock::with_io("2026-03-27T12:00:00Z");
    /// let scheduler = Scheduler::builder().clock(clock.clone()).build()?;
    /// scheduler.start().await?;
    /// scheduler.add_job(ask, Interval::every(Duration::from_secs(60))).id("ask").await?;
    ///
    /// clock.advance(Duration::from_secs(3_600)).await;
    /// let ledger = Ledger::of(&scheduler, "ask").await?;
    /// ledger.assert_all_succeeded();
    /// assert_eq!(ledger.entries().len(), 60);
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if `now` is not a valid instant, or if tokio's time is paused.
    #[must_use]
    #[track_caller]
    pub fn with_io(now: impl IntoWhen) -> Self {
        require_real_time();
        Self::new(
            moment::of(now).timestamp_micros(),
            Time::Real(Steps::default()),
        )
    }

    fn new(at: i64, time: Time) -> Self {
        Self {
            inner: Arc::new(Inner {
                state: Mutex::new(State::Standing { at }),
                watchers: Watchers::default(),
                time,
                is_moving: AtomicBool::new(false),
            }),
            patience: PATIENCE,
        }
    }

    /// Sets the time that a clock [`with_io`](Self::with_io) waits while nothing ends and no store
    /// answers. The default is 10 seconds of real time. It counts for this handle, and a clone may
    /// have less.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use punctual_tokio::testing::TestClock;
    /// let clock = TestClock::with_io("2026-03-27T12:00:00Z").patience(Duration::from_secs(30));
    /// let hasty = clock.clone().patience(Duration::from_millis(100)); // for a run that is to hang
    /// # let _ = hasty;
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the time is zero.
    #[must_use]
    #[track_caller]
    pub fn patience(self, most: impl IntoSpan) -> Self {
        let most = read(most.into_span("patience"));
        assert!(
            !most.is_zero(),
            "a clock without patience waits for nothing"
        );
        Self {
            patience: most,
            ..self
        }
    }

    /// Returns the time that the clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        instant(self.micros())
    }

    /// Lets all tasks go on that can go on without waiting for time. Due runs start, and runs that
    /// have ended reach the ledger. The clock stands.
    ///
    /// # Panics
    ///
    /// Panics as [`advance`](Self::advance) does.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. If the future is dropped, the tasks go on by themselves.
    pub async fn run_until_idle(&self) {
        let _moving = self.begin();
        match &self.inner.time {
            Time::Real(steps) => self.settle(steps, &mut None).await,
            Time::Paused(_) => self.idle_at(self.micros()).await,
        }
    }

    /// Lets `span` pass and runs all that comes due in it. At the end all tasks are idle.
    ///
    /// # Panics
    ///
    /// Panics if `span` is text that is not a length of time, or if the clock is moved already, which it is in a job that runs because of that. A
    /// clock [`with_io`](Self::with_io) also panics if tokio's time is paused, or if something
    /// lasts longer than its [`patience`](Self::patience). The panic names it.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the clock
    /// [`with_io`](Self::with_io) stands where it is. The other kind goes on with tokio's time.
    pub async fn advance(&self, span: impl IntoSpan) {
        let span = read(span.into_span("advance"));
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        self.pass_until(self.micros().saturating_add(span)).await;
    }

    /// Lets time pass until `then` and runs all that comes due before. At the end all tasks are
    /// idle.
    ///
    /// # Panics
    ///
    /// Panics if `then` is not a valid instant or has passed, and as [`advance`](Self::advance)
    /// does.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. A dropped future leaves the clock as that of
    /// [`advance`](Self::advance) does.
    pub async fn advance_to(&self, then: impl IntoWhen) {
        let then = moment::of(then);
        let now = self.now();
        assert!(then >= now, "{then} has passed: the clock shows {now}");
        self.pass_until(then.timestamp_micros()).await;
    }

    async fn pass_until(&self, until: i64) {
        let _moving = self.begin();
        if let Time::Real(steps) = &self.inner.time {
            return self.step_until(steps, until).await;
        }
        let from = self.micros();
        self.idle_at(from).await;
        let since = self.pass_from(from, Some(until));
        let span = u64::try_from(until - from).unwrap_or(0);
        tokio::time::sleep_until(since + Duration::from_micros(span)).await;
        self.idle_at(until).await;
    }

    /// Lets all tasks go on that can, while the clock stands.
    async fn idle_at(&self, at: i64) {
        self.stand_at(at);
        idle().await;
    }

    /// Lets the clock go with tokio's time from here on.
    fn pass_from(&self, from: i64, until: Option<i64>) -> Instant {
        let since = Instant::now();
        self.set(State::Passing(Passing {
            since,
            from,
            until,
            shown: from,
            alarms: BTreeSet::new(),
        }));
        since
    }

    /// Holds the clock, so that no other task moves it.
    fn begin(&self) -> Moving<'_> {
        if !self.pauses_time() {
            require_real_time();
        }
        let moving = &self.inner.is_moving;
        assert!(
            !moving.swap(true, Ordering::SeqCst),
            "the test clock is moved already; a job cannot move the clock that it runs by, since the clock \
             waits for it, and of several tasks one moves it at a time"
        );
        Moving(self)
    }

    pub(super) fn stand_at(&self, at: i64) {
        self.set(State::Standing { at });
    }

    /// Sets the state. Schedulers then compare their alarms with the clock anew.
    fn set(&self, state: State) {
        *self.state() = state;
        self.inner.watchers.wake();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock()
    }
}

/// Lets all other tasks go first. Paused time moves on only when every task waits and no blocking
/// work is under way.
async fn idle() {
    tokio::time::sleep(TICK).await;
}

#[track_caller]
fn pause() -> Handle {
    let runtime = Handle::current();
    assert!(
        runtime.runtime_flavor() != RuntimeFlavor::MultiThread,
        "`TestClock::at` pauses tokio's time, which a multi-thread runtime cannot; use a current-thread \
         one, as `#[tokio::test]` makes it, or `TestClock::with_io(..)`"
    );
    if !is_paused() {
        tokio::time::pause();
    }
    runtime
}

#[track_caller]
fn require_real_time() {
    assert!(
        !is_paused(),
        "tokio's time is paused, and `TestClock::with_io` needs it real; take `start_paused = true` or \
         `tokio::time::pause()` out of the test"
    );
}

/// Returns `true` if tokio's time stands still already, as in
/// `#[tokio::test(start_paused = true)]`. Pausing it twice is a panic.
fn is_paused() -> bool {
    let (tokio, system) = (Instant::now(), std::time::Instant::now());
    while std::time::Instant::now() == system {
        std::hint::spin_loop();
    }
    Instant::now() == tokio
}

impl TimeSource for TestClock {
    fn micros(&self) -> i64 {
        let _entered = match &self.inner.time {
            // Tokio shows real time to other threads.
            Time::Paused(runtime) => Some(runtime.enter()),
            Time::Real(_) => None,
        };
        self.state().micros()
    }

    /// Returns the instant at which tokio's clock will show what this one shows at `micros`, if
    /// time passes.
    fn deadline(&self, micros: i64) -> Option<Instant> {
        match &mut *self.state() {
            State::Standing { .. } => None,
            State::Passing(passing) => {
                passing.alarms.insert(micros);
                let ahead = u64::try_from(micros.saturating_sub(passing.from)).unwrap_or(0);
                passing.since.checked_add(Duration::from_micros(ahead))
            }
        }
    }

    fn set_right(&self) -> Option<i64> {
        None
    }

    fn watch(&self, alarm: &Arc<Notify>) {
        self.inner.watchers.add(alarm);
    }

    /// Returns `true` if tokio's time is paused and moves with the clock.
    fn pauses_time(&self) -> bool {
        matches!(self.inner.time, Time::Paused(_))
    }

    /// Returns the desk at which a scheduler reports its state to a clock with I/O.
    fn enter(&self, alarm: &Arc<Notify>) -> Option<Arc<Desk>> {
        match &self.inner.time {
            Time::Real(steps) => Some(steps.enter(alarm)),
            Time::Paused(_) => None,
        }
    }
}

impl From<TestClock> for AnyClock {
    fn from(clock: TestClock) -> Self {
        Self(Clock::new(clock))
    }
}

impl fmt::Debug for TestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestClock").field(&self.now()).finish()
    }
}
