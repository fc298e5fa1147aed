//! `SchedulerImplementationTestBase` of 3.11, once for every flavour: on the runtime that stands for it.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use punctual_core::Date;
use punctual_tokio::{Args, Event, EventKind, Events, ManualClock, Output, Scheduler};

use crate::case::{Case, different, same};
use crate::event_names::name;
use crate::fixture::FROZEN;
use crate::times::{BERLIN, berlin};

/// What stands for a flavour of APScheduler.
#[derive(Clone, Copy)]
enum Home {
    /// A runtime with many threads: the usual service.
    ManyThreads,
    /// A runtime of one thread.
    OneThread,
    /// A `LocalSet`, as inside actix.
    Local,
    /// A thread of its own under a program that is not async.
    Background,
}

/// A scheduler on the runtime of the flavour, and its events as they come.
struct Fixture {
    scheduler: Scheduler,
    clock: ManualClock,
    events: Events,
}

impl Fixture {
    fn new() -> Self {
        let clock = ManualClock::at(berlin(FROZEN));
        let builder = Scheduler::builder().timezone(BERLIN).clock(clock.clone());
        let scheduler = builder.build().unwrap();
        let events = scheduler.events();
        Self {
            scheduler,
            clock,
            events,
        }
    }

    async fn event(&mut self) -> Arc<Event> {
        match self.events.next().await {
            Some(Ok(event)) => event,
            other => panic!("no event: {other:?}"),
        }
    }

    async fn expect(&mut self, names: &[&str]) {
        for wanted in names {
            assert_eq!(name(&*self.event().await), *wanted);
        }
    }

    /// The run of the job that adds one and two, and the end of the job.
    async fn expect_sum(&mut self) {
        self.expect(&["JOB_SUBMITTED"]).await;
        let executed = self.event().await;
        let EventKind::JobExecuted(run) = &executed.kind else {
            panic!("{executed:?}");
        };
        assert_eq!(run.result.as_deref(), Some("3"));
        self.expect(&["JOB_REMOVED"]).await;
    }

    async fn add_sum(&self) {
        let soon = Date::at(self.clock.now() + TimeDelta::milliseconds(400));
        let job = self.scheduler.add_job(sum, soon);
        job.args((1, 2)).await.unwrap();
    }

    fn pass(&self) {
        self.clock.advance(Duration::from_millis(400));
    }
}

async fn sum(Args((x, y)): Args<(i64, i64)>) -> Output<i64> {
    Output(x + y)
}

const STARTED: [&str; 3] = ["EXECUTOR_ADDED", "JOBSTORE_ADDED", "SCHEDULER_STARTED"];

async fn add_pending_job() {
    let mut fixture = Fixture::new();
    fixture.add_sum().await;
    fixture.expect(&["JOB_ADDED"]).await;
    fixture.scheduler.start().await.unwrap();
    fixture.expect(&STARTED).await;
    fixture.pass();
    fixture.expect_sum().await;
}

async fn add_live_job() {
    let mut fixture = Fixture::new();
    fixture.scheduler.start().await.unwrap();
    fixture.expect(&STARTED).await;
    fixture.add_sum().await;
    fixture.expect(&["JOB_ADDED"]).await;
    fixture.pass();
    fixture.expect_sum().await;
}

async fn shutdown() {
    let mut fixture = Fixture::new();
    fixture.scheduler.start().await.unwrap();
    fixture.expect(&STARTED).await;
    fixture.scheduler.shutdown().await.unwrap();
    fixture.expect(&["SCHEDULER_SHUTDOWN"]).await;
}

async fn immediate_shutdown() {
    let fixture = Fixture::new();
    fixture.scheduler.shutdown().await.unwrap();
    assert!(!fixture.scheduler.is_running());
}

fn on(home: Home, test: impl Future<Output = ()>) {
    let mut builder = match home {
        Home::ManyThreads => tokio::runtime::Builder::new_multi_thread(),
        Home::OneThread | Home::Local => tokio::runtime::Builder::new_current_thread(),
        Home::Background => {
            let background = Scheduler::builder().build().unwrap().background().unwrap();
            background.block_on(test);
            background.shutdown().unwrap();
            return;
        }
    };
    let runtime = builder.enable_all().build().unwrap();
    if matches!(home, Home::Local) {
        tokio::task::LocalSet::new().block_on(&runtime, test);
    } else {
        runtime.block_on(test);
    }
}

const SHUT: &str =
    "stopping what is stopped is no error: shutdown paths meet, and the second must not fail";

const TOOLKIT: &str = "there is one tokio where Python has many event loops; this runtime is what the flavour becomes";

macro_rules! flavour {
    ($verdict:ident $(($reason:expr))?, $class:literal, $home:expr) => {
        [
            different(concat!($class, "::test_immediate_shutdown"), SHUT, || {
                on($home, immediate_shutdown());
            }),
            $verdict(concat!($class, "::test_add_pending_job"), $($reason,)? || {
                on($home, add_pending_job());
            }),
            $verdict(concat!($class, "::test_add_live_job"), $($reason,)? || {
                on($home, add_live_job());
            }),
            $verdict(concat!($class, "::test_shutdown"), $($reason,)? || {
                on($home, shutdown());
            }),
        ]
    };
}

pub(crate) const BLOCKING: &[Case] = &flavour!(same, "TestBlockingScheduler", Home::ManyThreads);
pub(crate) const BACKGROUND: &[Case] = &flavour!(same, "TestBackgroundScheduler", Home::Background);
pub(crate) const ASYNCIO: &[Case] = &flavour!(same, "TestAsyncIOScheduler", Home::OneThread);
pub(crate) const GEVENT: &[Case] =
    &flavour!(different(TOOLKIT), "TestGeventScheduler", Home::Local);
pub(crate) const TORNADO: &[Case] =
    &flavour!(different(TOOLKIT), "TestTornadoScheduler", Home::OneThread);
pub(crate) const TWISTED: &[Case] = &flavour!(
    different(TOOLKIT),
    "TestTwistedScheduler",
    Home::ManyThreads
);
pub(crate) const QT: &[Case] = &flavour!(different(TOOLKIT), "TestQtScheduler", Home::Background);
