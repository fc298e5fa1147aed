//! `punctual::testing`.

use std::time::Duration;

use punctual::ledger::Outcome;
use punctual::policy::Retry;
use punctual::store::MemoryStore;
use punctual::testing::{Fault, FaultyStore, Ledger, StoreCall, TestClock};
use punctual::{Args, Interval, JobContext, Output, Scheduler};

const START: &str = "2026-03-28T12:00:00Z";

async fn on(clock: &TestClock) -> Scheduler {
    let scheduler = Scheduler::builder().clock(clock.clone()).build().unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

fn every(seconds: u64) -> punctual::trigger::IntervalBuilder {
    Interval::every(Duration::from_secs(seconds))
}

#[tokio::test]
async fn every_fire_time_on_the_way_runs_at_its_own_time() {
    let clock = TestClock::at(START);
    let scheduler = on(&clock).await;
    let seen = |context: JobContext| async move {
        let now = context.scheduler().ok().map(|own| own.now());
        Output(now == Some(context.fire_time()))
    };
    scheduler.add_job(seen, every(600)).id("a").await.unwrap();
    clock.advance_to("2026-03-28T12:45:00Z").await;
    Ledger::of(&scheduler, "a").await.unwrap().assert_lines(&[
        "2026-03-28T12:10:00Z succeeded: true",
        "2026-03-28T12:20:00Z succeeded: true",
        "2026-03-28T12:30:00Z succeeded: true",
        "2026-03-28T12:40:00Z succeeded: true",
    ]);
    assert_eq!(clock.now().to_rfc3339(), "2026-03-28T12:45:00+00:00");
}

#[tokio::test]
async fn a_fire_time_is_met_exactly_at_the_end_and_not_before_it() {
    let clock = TestClock::at(START);
    let scheduler = on(&clock).await;
    scheduler
        .add_job(|| async {}, every(60))
        .id("a")
        .await
        .unwrap();
    clock.advance(Duration::from_micros(59_999_999)).await;
    assert!(
        Ledger::of(&scheduler, "a")
            .await
            .unwrap()
            .entries()
            .is_empty()
    );
    clock.advance(Duration::from_micros(1)).await;
    let ledger = Ledger::of(&scheduler, "a").await.unwrap();
    ledger.assert_succeeded_at(&["2026-03-28T12:01:00Z"]);
    ledger.assert_all_succeeded();
    assert_eq!(ledger.count(Outcome::Succeeded), 1);
}

#[tokio::test]
async fn bodies_sleep_retries_wait_and_timeouts_strike() {
    let clock = TestClock::at(START);
    let scheduler = on(&clock).await;
    let slow = || async { tokio::time::sleep(Duration::from_secs(90)).await };
    scheduler.add_job(slow, every(60)).id("slow").await.unwrap();
    let flaky = |context: JobContext| async move {
        if context.attempt() < 3 {
            Err("not yet")
        } else {
            Ok(context.attempt())
        }
    };
    let backoff = Duration::from_secs(10);
    let retry = Retry::attempts(3)
        .backoff(backoff)
        .cap(backoff)
        .build()
        .unwrap();
    let added = scheduler
        .add_job(flaky, every(100))
        .id("flaky")
        .retry(retry);
    added.await.unwrap();
    let stuck = || std::future::pending::<()>();
    let timeout = "5s";
    let added = scheduler
        .add_job(stuck, every(120))
        .id("stuck")
        .timeout(timeout);
    added.await.unwrap();
    clock.advance(Duration::from_secs(199)).await;
    Ledger::of(&scheduler, "slow")
        .await
        .unwrap()
        .assert_lines(&[
            "2026-03-28T12:01:00Z succeeded",
            "2026-03-28T12:02:00Z skipped (max_instances)",
            "2026-03-28T12:03:00Z under way",
        ]);
    Ledger::of(&scheduler, "flaky")
        .await
        .unwrap()
        .assert_lines(&["2026-03-28T12:01:40Z succeeded: 3"]);
    Ledger::of(&scheduler, "stuck")
        .await
        .unwrap()
        .assert_lines(&["2026-03-28T12:02:00Z timed out"]);
    let runs = scheduler.runs().job("flaky").await.unwrap();
    assert_eq!(runs[0].duration().unwrap().as_secs(), 20);
}

#[tokio::test]
async fn time_passes_while_the_test_waits_for_something_else() {
    let clock = TestClock::at(START);
    let scheduler = on(&clock).await;
    scheduler
        .add_job(|| async {}, every(1))
        .id("a")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(scheduler.now().to_rfc3339(), "2026-03-28T13:00:00+00:00");
    clock.advance(Duration::from_secs(2)).await;
    assert_eq!(scheduler.statistics("a").await.unwrap().succeeded, 3_602);
}

#[tokio::test]
async fn plain_functions_have_ended_when_time_has_passed() {
    let clock = TestClock::at(START);
    let scheduler = on(&clock).await;
    let plain = |Args((number,)): Args<(u32,)>| Output(number + 1);
    let added = scheduler.add_job(plain, every(10)).id("plain").args((1,));
    added.await.unwrap();
    clock.advance(Duration::from_secs(20)).await;
    Ledger::of(&scheduler, "plain")
        .await
        .unwrap()
        .assert_lines(&[
            "2026-03-28T12:00:10Z succeeded: 2",
            "2026-03-28T12:00:20Z succeeded: 2",
        ]);
}

#[tokio::test(start_paused = true)]
async fn two_nodes_share_a_clock_and_a_store() {
    let clock = TestClock::at(START);
    let store = MemoryStore::new();
    let node = || {
        let builder = Scheduler::builder().clock(clock.clone());
        builder
            .store("default", store.clone())
            .task("tick", || async {})
    };
    let (one, two) = (node().build().unwrap(), node().build().unwrap());
    one.start().await.unwrap();
    two.start().await.unwrap();
    one.add_job("tick", every(60)).id("a").await.unwrap();
    clock.advance(Duration::from_secs(600)).await;
    assert_eq!(
        Ledger::of(&two, "a")
            .await
            .unwrap()
            .count(Outcome::Succeeded),
        10
    );
}

#[tokio::test]
async fn a_failed_assertion_shows_the_whole_ledger() {
    let clock = TestClock::at(START);
    let scheduler = on(&clock).await;
    let fails = || async { Err::<(), _>("no") };
    scheduler.add_job(fails, every(60)).id("a").await.unwrap();
    clock.advance(Duration::from_secs(60)).await;
    let ledger = Ledger::of(&scheduler, "a").await.unwrap();
    let panic = std::panic::catch_unwind(|| ledger.assert_all_succeeded()).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert_eq!(
        message,
        "not all succeeded:\n    2026-03-28T12:01:00Z failed: no"
    );
}

/// As the guide shows it.
#[tokio::test]
async fn an_outage_loses_no_fire_time() {
    let clock = TestClock::at("2026-03-27T12:00:00Z");
    let (store, faults) = FaultyStore::new(MemoryStore::new());
    let builder = Scheduler::builder().clock(clock.clone());
    let scheduler = builder.store("default", store).build().unwrap();
    scheduler.start().await.unwrap();
    let job = scheduler.add_job(|| async {}, every(60)).id("minutely");
    job.await.unwrap();

    faults.set(StoreCall::Claim, Fault::Failed);
    clock.advance(Duration::from_secs(150)).await;
    faults.mend(StoreCall::Claim);
    clock.advance(Duration::from_secs(60)).await;

    assert!(faults.struck(StoreCall::Claim) > 0);
    let ledger = Ledger::of(&scheduler, "minutely").await.unwrap();
    ledger.assert_lines(&[
        "2026-03-27T12:01:00Z coalesced",
        "2026-03-27T12:02:00Z succeeded",
        "2026-03-27T12:03:00Z succeeded",
    ]);
}
