//! Clocks that jump, stand still, or run for years.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Date, Outcome};
use punctual_tokio::{EventKind, ManualClock, Scheduler};

use crate::support::{every, ledger, pass, seconds, started};

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

async fn executed(events: &mut punctual_tokio::Events) {
    loop {
        match events.next().await {
            Some(Ok(event)) if matches!(event.kind, EventKind::JobExecuted(_)) => return,
            Some(_) => {}
            None => panic!("the events have ended"),
        }
    }
}

async fn on_manual_clock() -> (Scheduler, ManualClock) {
    let clock = ManualClock::at(noon());
    let scheduler = Scheduler::builder().clock(clock.clone()).build().unwrap();
    scheduler.start().await.unwrap();
    (scheduler, clock)
}

#[tokio::test]
async fn a_manual_clock_moves_time() {
    let (scheduler, clock) = on_manual_clock().await;
    let mut events = scheduler.events();
    scheduler
        .add_job(|| async {}, every(60))
        .id("a")
        .await
        .unwrap();
    tokio::task::yield_now().await;
    for _ in 0..3 {
        clock.advance(seconds(60));
        executed(&mut events).await;
    }
    let runs = scheduler.statistics("a").await.unwrap();
    assert_eq!(runs.succeeded, 3);
}

#[tokio::test]
async fn a_clock_set_forward_is_a_backlog_and_one_set_back_repeats_nothing() {
    let (scheduler, clock) = on_manual_clock().await;
    let mut events = scheduler.events();
    scheduler
        .add_job(|| async {}, every(60))
        .id("a")
        .await
        .unwrap();
    tokio::task::yield_now().await;
    clock.set(noon() + TimeDelta::hours(8));
    executed(&mut events).await;
    pass_turns().await;
    assert_eq!(
        ledger(&scheduler, "a").await,
        [(Outcome::Coalesced, 479), (Outcome::Succeeded, 1)]
    );
    // Half a minute is no correction: the same times do not come again.
    clock.set(noon() + TimeDelta::hours(8) - TimeDelta::seconds(30));
    pass_turns().await;
    clock.advance(seconds(30));
    pass_turns().await;
    assert_eq!(scheduler.statistics("a").await.unwrap().succeeded, 1);
    clock.advance(seconds(60));
    executed(&mut events).await;
    pass_turns().await;
    assert_eq!(scheduler.statistics("a").await.unwrap().succeeded, 2);
}

async fn pass_turns() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_fire_time_ten_years_ahead_is_kept_and_met() {
    let scheduler = started().await;
    let far = scheduler.now() + TimeDelta::days(3_653);
    scheduler
        .add_job(|| async {}, Date::at(far))
        .id("far")
        .await
        .unwrap();
    pass(10).await;
    let day = Duration::from_secs(86_400);
    tokio::time::sleep(day * 3_652).await;
    assert_eq!(scheduler.statistics("far").await.unwrap().succeeded, 0);
    tokio::time::sleep(day).await;
    assert_eq!(scheduler.statistics("far").await.unwrap().succeeded, 1);
}

#[tokio::test(start_paused = true)]
async fn a_process_lives_for_years_idle_and_is_still_on_time() {
    let scheduler = started().await;
    tokio::time::sleep(Duration::from_secs(3 * 366 * 86_400)).await;
    scheduler
        .add_job(|| async {}, every(1))
        .id("a")
        .await
        .unwrap();
    pass(3).await;
    assert_eq!(scheduler.statistics("a").await.unwrap().succeeded, 3);
}

#[tokio::test(start_paused = true)]
async fn a_loop_held_up_for_ten_periods_goes_on() {
    let scheduler = started().await;
    scheduler
        .add_job(|| async {}, every(1))
        .id("a")
        .await
        .unwrap();
    pass(2).await;
    // On a current-thread runtime nothing else runs while the clock is moved.
    tokio::time::advance(seconds(10)).await;
    pass(2).await;
    let done = scheduler.statistics("a").await.unwrap();
    assert_eq!(done.succeeded + done.coalesced, 14, "{done:?}");
    assert!(done.coalesced >= 8, "{done:?}");
}
