//! A scheduler with a clock that stands still, and everything it says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use punctual_core::{Interval, IntervalBuilder, Outcome, Run, RunState};
use punctual_tokio::{Event, EventMask, JobSnapshot, ManualClock, Scheduler, SchedulerBuilder};
use tokio::sync::Semaphore;

use crate::event_names::name;
use crate::times::{BERLIN, berlin};

/// The moment at which upstream's tests freeze time.
pub(crate) const FROZEN: &str = "2011-04-03 18:40:00";

/// Runs a test on a runtime whose own clock is paused.
pub(crate) fn paused(test: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(test);
}

/// Waits until nothing is left to do: a paused clock moves on only then.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(crate) fn every(count: u64) -> IntervalBuilder {
    Interval::every(seconds(count))
}

pub(crate) async fn nothing() {}

/// A scheduler in Berlin whose clock stands still until it is moved.
pub(crate) struct Fixture {
    pub(crate) scheduler: Scheduler,
    pub(crate) clock: ManualClock,
    heard: Arc<Mutex<Vec<Arc<Event>>>>,
}

impl Fixture {
    /// Not started.
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(build: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder) -> Self {
        let clock = ManualClock::at(berlin(FROZEN));
        let builder = Scheduler::builder().timezone(BERLIN).clock(clock.clone());
        let scheduler = build(builder).build().unwrap();
        let heard: Arc<Mutex<Vec<Arc<Event>>>> = Arc::default();
        let ear = Arc::clone(&heard);
        scheduler
            .add_listener(EventMask::ALL, move |event| ear.lock().unwrap().push(event))
            .unwrap();
        Self {
            scheduler,
            clock,
            heard,
        }
    }

    pub(crate) async fn started() -> Self {
        Self::started_with(|builder| builder).await
    }

    pub(crate) async fn started_with(
        build: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder,
    ) -> Self {
        let fixture = Self::with(build);
        fixture.scheduler.start().await.unwrap();
        fixture.settle().await;
        fixture.forget();
        fixture
    }

    /// Lets everything happen that is due by now.
    pub(crate) async fn settle(&self) {
        self.clock.advance(Duration::ZERO);
        settle().await;
    }

    /// Lets so much time pass at once.
    pub(crate) async fn jump(&self, count: u64) {
        self.settle().await;
        self.clock.advance(seconds(count));
        settle().await;
    }

    /// Lets seconds pass one by one.
    pub(crate) async fn pass(&self, count: u64) {
        for _ in 0..count {
            self.jump(1).await;
        }
    }

    /// The names of all events since the last [`forget`](Self::forget).
    pub(crate) async fn heard(&self) -> Vec<&'static str> {
        self.settle().await;
        self.events().iter().map(|event| name(event)).collect()
    }

    pub(crate) fn events(&self) -> Vec<Arc<Event>> {
        self.heard.lock().unwrap().clone()
    }

    pub(crate) fn forget(&self) {
        self.heard.lock().unwrap().clear();
    }

    pub(crate) async fn job(&self, id: &str) -> JobSnapshot {
        let found = self.scheduler.get_job(id).await.unwrap();
        found.unwrap_or_else(|| panic!("there is no job {id}"))
    }

    pub(crate) async fn ids(&self) -> Vec<String> {
        let jobs = self.scheduler.get_jobs().await.unwrap();
        jobs.iter().map(|job| job.id().to_string()).collect()
    }

    pub(crate) async fn runs(&self, id: &str) -> Vec<Run> {
        self.scheduler.runs().job(id).await.unwrap()
    }

    /// What became of the fire times of a job, oldest first, and of how many at once.
    pub(crate) async fn ledger(&self, id: &str) -> Vec<(Outcome, u64)> {
        let mut runs = self.runs(id).await;
        runs.sort_by_key(Run::fire_time);
        let entries = runs.iter().filter_map(|run| {
            let RunState::Ended(outcome) = run.state else {
                return None;
            };
            Some((outcome, run.range.map_or(1, |range| range.count.number())))
        });
        entries.collect()
    }
}

/// Holds jobs until it is opened.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Gate {
    pub(crate) fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets so many through.
    pub(crate) fn open(&self, count: usize) {
        self.0.add_permits(count);
    }

    pub(crate) async fn pass(&self) {
        self.0.acquire().await.unwrap().forget();
    }
}
