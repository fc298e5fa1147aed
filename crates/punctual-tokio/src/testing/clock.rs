//! Wall time that passes as a test lets it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_store::lock::Mutex;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Moment;
use super::steps::Steps;
use crate::time::clock::{AnyClock, Clock, TimeSource, instant};
use crate::time::desk::Desk;
use crate::time::watchers::Watchers;

/// The resolution of tokio's timers: sleeping so long lets all other tasks go first.
const TICK: Duration = Duration::from_millis(1);

/// How late they come, in microseconds.
const LATEST: i64 = 2_000;

/// How long a clock with I/O waits by default for something to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A clock that a test moves; clones are the same clock.
///
/// Give it to [`SchedulerBuilder::clock`](crate::SchedulerBuilder::clock), to several builders if
/// several nodes share a store. There are two kinds:
///
/// | | [`at`](Self::at) | [`with_io`](Self::with_io) |
/// |---|---|---|
/// | tokio's time | is paused, and the clock goes with it | is real |
/// | it passes | while the test waits, for whatever it waits | in `advance` and `advance_to` only |
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
    /// A task moves it, or waits for it to be idle.
    is_moving: AtomicBool,
}

/// What tokio's time is for a clock.
enum Time {
    /// The clock goes with it, in the runtime that has paused it.
    Paused(Handle),
    /// It is real, and the clock goes in steps.
    Real(Steps),
}

/// Holds the clock, until it is dropped.
struct Moving<'c>(&'c TestClock);

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        if self.0.pauses_time() {
            self.0.pass_from(self.0.micros(), None);
        }
        self.0.inner.is_moving.store(false, Ordering::SeqCst);
    }
}

/// In microseconds since 1970.
enum State {
    Standing { at: i64 },
    Passing(Passing),
}

/// It showed `from` at an instant of tokio's, and goes with tokio's time, to `until` at most.
struct Passing {
    since: Instant,
    from: i64,
    until: Option<i64>,
    /// What it has shown last.
    shown: i64,
    /// When schedulers want to be woken.
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
    /// Tokio's timers come up to two ticks late, as its time stands within a tick. Whoever is woken
    /// by one is shown the time that it asked for.
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
    /// Makes a clock that shows `now`, pauses tokio's time, and goes with it. A store that does I/O cannot
    /// be used with it.
    ///
    /// Paused time stands while any task can go on. When all of them wait, it jumps to the next timer, as
    /// [`tokio::time::pause`] says. So the calls of a scheduler take no time by themselves. Time passes in
    /// [`advance`](Self::advance), and also while the test waits for something else that needs it, as the end
    /// of a run that sleeps, its timeout or its next attempt:
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
    /// let report = scheduler.shutdown_within(Duration::from_secs(10)).await?;
    /// assert_eq!(report.cancelled.len(), 1);
    /// // Ten seconds to end by itself, and five after it was told to.
    /// assert_eq!(clock.now().to_string(), "2026-03-27 12:00:15 UTC");
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    ///
    /// If `now` is no instant, or if there is no current-thread runtime here.
    #[must_use]
    #[track_caller]
    pub fn at(now: impl Moment) -> Self {
        let runtime = pause();
        let now = now.instant().timestamp_micros();
        let clock = Self::new(now, Time::Paused(runtime));
        clock.pass_from(now, None);
        clock
    }

    /// Makes a clock that shows `now`, for jobs and stores with I/O. Only the scheduler's time is moved
    /// by hand, and tokio's is real.
    ///
    /// [`advance`](Self::advance) goes from alarm to alarm. At each it waits, in real time, until every
    /// run that began has ended and is recorded, or waits for its next attempt or for a free instance. So
    /// no run meets the next fire time of its job, however long it
    /// really takes.
    ///
    /// Fire times, grace times, waits between attempts, timeouts of jobs and the time that a
    /// [`shutdown`](crate::Scheduler::shutdown) gives to runs go by the scheduler's clock. What bodies
    /// sleep, time-outs of databases, leases between nodes, and how often a file is looked at for edits of
    /// other processes go by real time. Listeners are not waited for.
    ///
    /// A run that never ends is waited for as long as [`patience`](Self::patience) says. Then time goes
    /// on if its job has a timeout, and that ends it. Without one, the clock panics and names the run.
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
    /// If `now` is no instant, or if tokio's time is paused.
    #[must_use]
    #[track_caller]
    pub fn with_io(now: impl Moment) -> Self {
        require_real_time();
        Self::new(
            now.instant().timestamp_micros(),
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

    /// Sets how long a clock [`with_io`](Self::with_io) waits while nothing ends and no store answers;
    /// 10 seconds of real time by default. It counts for this handle, and a clone may have less.
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
    /// If it is zero.
    #[must_use]
    #[track_caller]
    pub fn patience(self, most: Duration) -> Self {
        assert!(
            !most.is_zero(),
            "a clock without patience waits for nothing"
        );
        Self {
            patience: most,
            ..self
        }
    }

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        instant(self.micros())
    }

    /// Lets all that can go on without waiting for time go on: what is due starts, what has ended
    /// reaches the ledger. The clock stands meanwhile.
    ///
    /// # Panics
    ///
    /// As [`advance`](Self::advance).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, all goes on by itself.
    pub async fn run_until_idle(&self) {
        let _moving = self.begin();
        match &self.inner.time {
            Time::Real(steps) => self.settle(steps, &mut None).await,
            Time::Paused(_) => self.idle_at(self.micros()).await,
        }
    }

    /// Lets so much time pass, and what is due meanwhile happen; ends idle.
    ///
    /// # Panics
    ///
    /// If the clock is moved already, so also in a job that runs because it is. With I/O also if tokio's
    /// time is paused, or if something lasts for longer than the [`patience`](Self::patience) of the
    /// clock; the panic names it.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the clock [`with_io`](Self::with_io) stands where it is. The other kind
    /// goes on with tokio's time.
    pub async fn advance(&self, span: Duration) {
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        self.pass_until(self.micros().saturating_add(span)).await;
    }

    /// Lets time pass until then, and what is due meanwhile happen; ends idle.
    ///
    /// # Panics
    ///
    /// If it is no instant or has passed, and as [`advance`](Self::advance).
    ///
    /// # Cancel safety
    ///
    /// As [`advance`](Self::advance).
    pub async fn advance_to(&self, then: impl Moment) {
        let then = then.instant();
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

    /// Lets all that can go on go on, while the clock stands.
    async fn idle_at(&self, at: i64) {
        self.stand_at(at);
        idle().await;
    }

    /// Goes with tokio's time from here on.
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

    /// Holds the clock, so that nothing else moves it meanwhile.
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

    /// Schedulers compare their alarms with the clock anew.
    fn set(&self, state: State) {
        *self.state() = state;
        self.inner.watchers.wake();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock()
    }
}

/// Lets all other tasks go first. Paused time moves on only when every task waits and no blocking work
/// is under way.
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

/// Whether tokio's time stands still already, as in `#[tokio::test(start_paused = true)]`: pausing
/// it twice is a panic.
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
            // Other threads are shown real time by tokio.
            Time::Paused(runtime) => Some(runtime.enter()),
            Time::Real(_) => None,
        };
        self.state().micros()
    }

    /// When tokio's clock will show what this one shows at `micros`, if time passes.
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

    /// Whether tokio's time is paused and moves with it.
    fn pauses_time(&self) -> bool {
        matches!(self.inner.time, Time::Paused(_))
    }

    /// Where a scheduler tells a clock with I/O how it stands.
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
