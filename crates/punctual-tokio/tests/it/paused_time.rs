//! A test clock that goes with tokio's paused time: time passes while the test waits, for whatever it
//! waits.

use std::future::pending;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{Outcome, Retry};
use punctual_store::JobFilter;
use punctual_tokio::testing::{Ledger, TestClock};
use punctual_tokio::{EventKind, Heard, ManualClock, Scheduler};
use tokio::time::sleep;

use crate::support::{every, seconds};

const NOON: &str = "2026-03-27T12:00:00Z";

async fn by(clock: &TestClock) -> Scheduler {
    let builder = Scheduler::builder().clock(clock.clone());
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

fn since_noon(clock: &TestClock) -> Duration {
    let noon: DateTime<Utc> = NOON.parse().unwrap();
    (clock.now() - noon).to_std().unwrap()
}

/// The outcome of the next run that ends.
async fn next_end(scheduler: &Scheduler, id: &str) -> Outcome {
    let mut events = scheduler.events();
    scheduler.run_job(id).await.unwrap();
    loop {
        let heard = events.next().await.unwrap();
        if let Heard::Event(event) = heard
            && let EventKind::JobExecuted(run) | EventKind::JobError(run) = &event.kind
        {
            return run.outcome;
        }
    }
}

#[tokio::test]
async fn no_time_passes_by_what_needs_none() {
    let clock = TestClock::at(NOON);
    let scheduler = by(&clock).await;
    for id in ["a", "b", "c"] {
        let job = scheduler.add_job(|| async {}, every(60)).id(id);
        job.await.unwrap();
        scheduler.run_job(id).await.unwrap();
    }
    scheduler.get_jobs(JobFilter::default()).await.unwrap();
    clock.run_until_idle().await;
    Ledger::of(&scheduler, "a").await.unwrap();
    assert_eq!(since_noon(&clock), Duration::ZERO);
    clock.advance(seconds(60)).await;
    clock.run_until_idle().await;
    assert_eq!(since_noon(&clock), seconds(60));
}

#[tokio::test]
async fn a_timeout_strikes_while_the_test_waits_for_the_end_of_a_run() {
    let clock = TestClock::at(NOON);
    let scheduler = by(&clock).await;
    let job = scheduler
        .add_job(|| sleep(seconds(60)), every(3_600))
        .id("slow");
    job.timeout(seconds(5)).await.unwrap();
    assert_eq!(next_end(&scheduler, "slow").await, Outcome::TimedOut);
    // It is told to end, and dropped five seconds later.
    assert_eq!(since_noon(&clock).as_secs(), 10);
}

#[tokio::test]
async fn what_waits_for_time_goes_on_while_the_test_waits() {
    let clock = TestClock::at(NOON);
    let scheduler = by(&clock).await;
    let job = scheduler
        .add_job(|| async { Err::<(), _>("no") }, every(3_600))
        .id("again");
    let retry = Retry::attempts(3).backoff(seconds(60), seconds(60));
    job.retry(retry).await.unwrap();
    assert_eq!(next_end(&scheduler, "again").await, Outcome::Failed);
    assert_eq!(since_noon(&clock).as_secs() / 60, 2);
}

#[tokio::test]
async fn a_shutdown_ends_though_a_run_never_does() {
    let clock = TestClock::at(NOON);
    let scheduler = by(&clock).await;
    let job = scheduler.add_job(pending::<()>, every(60)).id("endless");
    job.await.unwrap();
    clock.advance(seconds(60)).await;
    let report = scheduler.shutdown().await.unwrap();
    assert_eq!(report.cancelled.len(), 1);
    assert_eq!(since_noon(&clock).as_secs(), 60 + 30 + 5);
}

/// The clock stands, and whoever ends a program does not move it.
#[tokio::test(start_paused = true)]
async fn a_shutdown_by_a_clock_that_stands_takes_no_longer_than_it_says() {
    let clock = ManualClock::at(NOON.parse().unwrap());
    let builder = Scheduler::builder().clock(clock.clone());
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let job = scheduler.add_job(pending::<()>, every(60)).id("endless");
    job.run_at_start().await.unwrap();
    sleep(seconds(1)).await;
    let began = tokio::time::Instant::now();
    let report = scheduler.shutdown_within(seconds(10)).await.unwrap();
    assert_eq!(report.cancelled.len(), 1);
    assert_eq!(began.elapsed().as_secs(), 15);
}

#[tokio::test]
async fn a_move_that_is_given_up_does_not_stop_the_clock() {
    let clock = TestClock::at(NOON);
    let moved = tokio::time::timeout(seconds(10), clock.advance(seconds(60)));
    moved.await.unwrap_err();
    sleep(seconds(90)).await;
    assert_eq!(since_noon(&clock).as_secs(), 100);
}

#[tokio::test]
async fn a_thread_outside_the_runtime_is_shown_the_same_time() {
    let clock = TestClock::at(NOON);
    clock.advance(seconds(3_600)).await;
    let shown = clock.clone();
    let shown = std::thread::spawn(move || shown.now()).join().unwrap();
    assert_eq!(shown, clock.now());
}
