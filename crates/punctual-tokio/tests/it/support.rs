//! What the tests have in common.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use punctual_core::{Interval, IntervalBuilder, Outcome, Run, RunState};
use punctual_tokio::{JobContext, Scheduler};

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(crate) fn every(count: u64) -> IntervalBuilder {
    Interval::every(seconds(count))
}

pub(crate) async fn started() -> Scheduler {
    let scheduler = Scheduler::builder().build().unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

/// Lets a paused clock pass, half a second past the whole second so that what is due has run.
pub(crate) async fn pass(count: u64) {
    tokio::time::sleep(seconds(count) + Duration::from_millis(500)).await;
}

/// What the ledger says of a job, oldest first: outcome and how many fire times.
pub(crate) async fn ledger(scheduler: &Scheduler, id: &str) -> Vec<(Outcome, u64)> {
    let mut entries: Vec<_> = runs(scheduler, id)
        .await
        .into_iter()
        .filter_map(|run| {
            let RunState::Ended(outcome) = run.state else {
                return None;
            };
            Some((
                run.fire_time(),
                outcome,
                run.range.map_or(1, |range| range.count.number()),
            ))
        })
        .collect();
    entries.sort_by_key(|(fire_time, ..)| *fire_time);
    entries
        .into_iter()
        .map(|(_, outcome, count)| (outcome, count))
        .collect()
}

pub(crate) async fn runs(scheduler: &Scheduler, id: &str) -> Vec<Run> {
    scheduler.runs().job(id).await.unwrap()
}

/// The body of a job that goes on until it is told to end, and then says that it was not done.
pub(crate) async fn given_up(context: JobContext) -> Result<(), &'static str> {
    context.cancelled().await;
    Err("it has given up")
}

/// Counts, from any number of jobs.
#[derive(Clone, Default)]
pub(crate) struct Counter {
    now: Arc<AtomicU32>,
    most: Arc<AtomicU32>,
    all: Arc<AtomicU32>,
}

impl Counter {
    pub(crate) fn enter(&self) {
        self.all.fetch_add(1, Ordering::SeqCst);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
    }

    pub(crate) fn leave(&self) {
        self.now.fetch_sub(1, Ordering::SeqCst);
    }

    pub(crate) fn all(&self) -> u32 {
        self.all.load(Ordering::SeqCst)
    }

    pub(crate) fn most(&self) -> u32 {
        self.most.load(Ordering::SeqCst)
    }
}

/// A list that jobs write to.
pub(crate) struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> Log<T> {
    pub(crate) fn push(&self, value: T) {
        self.0.lock().unwrap().push(value);
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.0.lock().unwrap().clone()
    }
}
