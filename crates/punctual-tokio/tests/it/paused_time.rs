//! A test clock that goes with tokio's paused time: time passes while the test waits, for whatever it
//! waits.

use std::future::pending;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{CancelReason, Date, Interval, Outcome, Retry};
use punctual_tokio::testing::{Ledger, TestClock};
use punctual_tokio::{EventKind, ManualClock, Scheduler};
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

/// Under a clock that stands, a run that never ends.
async fn endless() -> (Scheduler, ManualClock) {
    let clock = ManualClock::at(NOON.parse().unwrap());
    let builder = Scheduler::builder().clock(clock.clone());
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let job = scheduler.add_job(pending::<()>, every(3_600)).id("endless");
    job.run_at_start().await.unwrap();
    sleep(seconds(1)).await;
    (scheduler, clock)
}

/// The outcome of the next run that ends.
async fn next_end(scheduler: &Scheduler, id: &str) -> Outcome {
    let mut events = scheduler.events();
    scheduler.run_job(id).await.unwrap();
    loop {
        let heard = events.next().await.unwrap();
        if let Ok(event) = heard
            && let EventKind::JobExecuted(run) | EventKind::JobError(run) = &event.kind
        {
            return run.outcome;
        }
    }
}

#[tokio::test]
async fn calls_that_need_no_time_do_not_move_the_clock() {
    let clock = TestClock::at(NOON);
    let scheduler = by(&clock).await;
    for id in ["a", "b", "c"] {
        let job = scheduler.add_job(|| async {}, every(60)).id(id);
        job.await.unwrap();
        scheduler.run_job(id).await.unwrap();
    }
    scheduler.get_jobs().await.unwrap();
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
    let retry = Retry::attempts(3)
        .backoff(seconds(60))
        .cap(seconds(60))
        .build()
        .unwrap();
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
    let [ended] = &report.cancelled[..] else {
        panic!("{report:?}");
    };
    let shut_down = Outcome::Cancelled(CancelReason::Shutdown);
    assert_eq!((ended.job.as_str(), ended.outcome), ("endless", shut_down));
    assert_eq!(
        (&*ended.store, since_noon(&clock).as_secs()),
        ("default", 80)
    );
    assert_eq!(since_noon(&clock).as_secs(), 60 + 15 + 5);
}

/// The clock stands: what ends a program does not move it.
#[tokio::test(start_paused = true)]
async fn a_shutdown_by_a_clock_that_stands_takes_no_longer_than_it_says() {
    let (scheduler, _clock) = endless().await;
    let began = tokio::time::Instant::now();
    let report = scheduler.shutdown().await.unwrap();
    assert_eq!(report.cancelled.len(), 1);
    assert_eq!(began.elapsed().as_secs(), 20);
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

#[tokio::test]
async fn every_run_starts_at_its_fire_time_in_steps_of_all_sizes() {
    let clock = TestClock::at(NOON);
    let scheduler = by(&clock).await;
    let intervals = [50, 75];
    for millis in intervals {
        let often = Interval::every(Duration::from_millis(millis));
        scheduler.add_job(|| async {}, often).await.unwrap();
    }
    for step in 0..600 {
        clock.advance(Duration::from_millis(step % 97)).await;
        if step % 5 == 0 {
            clock.run_until_idle().await;
        }
    }
    let runs = scheduler.runs().await.unwrap();
    let passed = since_noon(&clock).as_millis();
    let expected: u128 = intervals
        .iter()
        .map(|millis| passed / u128::from(*millis))
        .sum();
    assert_eq!(runs.len() as u128, expected);
    for run in runs {
        assert_eq!(run.started, Some(run.fire_time()), "{run:?}");
    }
}

#[tokio::test]
async fn the_clock_of_a_test_never_goes_back() {
    let clock = TestClock::at(NOON);
    let scheduler = by(&clock).await;
    sleep(Duration::from_millis(1_001)).await;
    let before = clock.now();
    for micros in [500, 1_500, 2_500] {
        let past = Date::at(before - TimeDelta::microseconds(micros));
        scheduler.add_job(|| async {}, past).await.unwrap();
        clock.run_until_idle().await;
        assert!(clock.now() >= before);
    }
}

#[tokio::test]
async fn an_assertion_on_a_ledger_that_is_not_whole_fails() {
    let clock = TestClock::at(NOON);
    let scheduler = by(&clock).await;
    let job = scheduler.add_job(|| async {}, every(1)).id("often");
    job.await.unwrap();
    clock.advance(seconds(900)).await;
    let ledger = Ledger::of(&scheduler, "often").await.unwrap();
    ledger.assert_all_succeeded();
    assert_eq!((ledger.entries().len(), ledger.forgotten()), (900, 0));
    clock.advance(seconds(900)).await;
    let ledger = Ledger::of(&scheduler, "often").await.unwrap();
    assert_eq!(ledger.count(Outcome::Succeeded) + ledger.forgotten(), 1_800);
    assert!(ledger.forgotten() > 0);
    let refused = std::panic::catch_unwind(|| ledger.assert_all_succeeded()).unwrap_err();
    let said = refused.downcast_ref::<String>().unwrap();
    assert!(said.contains("the ledger is not whole"), "{said}");
}

/// The clock stands, so that only tokio's time tells which one ends first.
#[tokio::test(start_paused = true)]
async fn a_second_shutdown_only_shortens_the_first() {
    for (first, after, second, ends) in [(40, 25, 39, 35), (40, 25, 5, 29), (40, 5, 50, 35)] {
        let (scheduler, _clock) = endless().await;
        let began = tokio::time::Instant::now();
        let other = scheduler.clone();
        tokio::spawn(async move { other.shutdown().within(seconds(first)).await });
        sleep(seconds(after)).await;
        scheduler.shutdown().within(seconds(second)).await.unwrap();
        assert_eq!(began.elapsed().as_secs(), ends, "{first} {after} {second}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_shutdown_shortens_the_first_by_the_clock_that_is_moved() {
    let (scheduler, clock) = endless().await;
    let began = tokio::time::Instant::now();
    let other = scheduler.clone();
    tokio::spawn(async move { other.shutdown().within(seconds(70)).await });
    sleep(seconds(1)).await;
    clock.advance(seconds(50));
    sleep(seconds(1)).await;
    scheduler.shutdown().within(seconds(30)).await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 2 + 20 + 5);
}
