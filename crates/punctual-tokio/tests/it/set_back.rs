//! A clock that had run ahead, and was set back.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Crontab, Date, Outcome, Run, SkipReason};
use punctual_store::testing::{Fault, FaultyStore, StoreCall};
use punctual_store::{JobStore, NodeInfo};
use punctual_tokio::{ManualClock, MemoryStore, Scheduler};

use crate::support::{every, ledger, runs, seconds};

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:30Z".parse().unwrap()
}

async fn turns() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

async fn on(store: &MemoryStore, clock: &ManualClock) -> Scheduler {
    let builder = Scheduler::builder().clock(clock.clone());
    let builder = builder.store("default", store.clone());
    let scheduler = builder.task("work", async || {}).build().unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

/// An interval, a wild cron, two fixed ones, and a date.
async fn add_jobs(scheduler: &Scheduler) {
    let cron = |text: &str| Crontab::new(text);
    scheduler
        .add_job("work", every(60))
        .id("interval")
        .await
        .unwrap();
    scheduler
        .add_job("work", cron("* * * * *"))
        .id("wild")
        .await
        .unwrap();
    scheduler
        .add_job("work", cron("0 11 * * *"))
        .id("eleven")
        .await
        .unwrap();
    scheduler
        .add_job("work", cron("0 13 * * *"))
        .id("thirteen")
        .await
        .unwrap();
    let date = Date::at(noon() + TimeDelta::minutes(45));
    scheduler.add_job("work", date).id("date").await.unwrap();
}

async fn next(scheduler: &Scheduler, id: &str) -> Option<TimeDelta> {
    let job = scheduler.get_job(id).await.unwrap()?;
    Some(job.next_run_time()? - noon())
}

async fn succeeded(scheduler: &Scheduler, id: &str) -> u64 {
    scheduler.statistics(id).await.unwrap().succeeded
}

const CLOCK_SET: Outcome = Outcome::Skipped(SkipReason::ClockSet);

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_a_year_ahead_is_set_back_and_all_that_recurs_goes_on() {
    let clock = ManualClock::at(noon());
    let scheduler = on(&MemoryStore::new(), &clock).await;
    add_jobs(&scheduler).await;
    turns().await;
    clock.set(noon() + TimeDelta::days(365));
    turns().await;
    for id in ["interval", "wild", "eleven", "thirteen", "date"] {
        assert_eq!(succeeded(&scheduler, id).await, 1, "{id}");
    }
    clock.set(noon());
    turns().await;
    assert_eq!(
        next(&scheduler, "interval").await,
        Some(TimeDelta::minutes(1))
    );
    assert_eq!(next(&scheduler, "wild").await, Some(TimeDelta::seconds(30)));
    assert_eq!(
        next(&scheduler, "thirteen").await,
        Some(TimeDelta::seconds(59 * 60 + 30))
    );
    assert_eq!(
        next(&scheduler, "eleven").await,
        Some(TimeDelta::seconds(23 * 3_600 - 30))
    );
    assert_eq!(next(&scheduler, "date").await, None);
    let noted = ledger(&scheduler, "thirteen").await;
    assert_eq!(noted.last(), Some(&(CLOCK_SET, 1)), "{noted:?}");
    clock.advance(seconds(3_600));
    turns().await;
    for id in ["interval", "wild", "thirteen"] {
        assert_eq!(succeeded(&scheduler, id).await, 2, "{id}");
    }
    assert_eq!(succeeded(&scheduler, "date").await, 1);
    // Each fire time of an incarnation has one entry.
    let all = scheduler.runs().await.unwrap();
    let mut keys: Vec<_> = all.iter().map(|run| (run.job.clone(), run.key)).collect();
    let count = keys.len();
    keys.sort_by_key(|(job, key)| (job.clone(), key.incarnation, key.fire_time));
    keys.dedup();
    assert_eq!(keys.len(), count);
}

#[tokio::test(start_paused = true)]
async fn what_is_fixed_waits_when_a_clock_is_set_back_by_two_hours() {
    let clock = ManualClock::at(noon());
    let scheduler = on(&MemoryStore::new(), &clock).await;
    add_jobs(&scheduler).await;
    turns().await;
    clock.set(noon() + TimeDelta::hours(2));
    turns().await;
    clock.set(noon());
    turns().await;
    let tomorrow = TimeDelta::seconds(86_400 + 59 * 60 + 30);
    assert_eq!(next(&scheduler, "thirteen").await, Some(tomorrow));
    assert_eq!(next(&scheduler, "wild").await, Some(TimeDelta::seconds(30)));
    assert_eq!(
        next(&scheduler, "interval").await,
        Some(TimeDelta::minutes(1))
    );
    for minute in 1..=120 {
        clock.advance(seconds(60));
        turns().await;
        assert_eq!(succeeded(&scheduler, "wild").await, 1 + minute);
    }
    assert_eq!(succeeded(&scheduler, "thirteen").await, 1);
    assert_eq!(succeeded(&scheduler, "date").await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_set_back_while_no_process_ran_is_noticed_by_the_next() {
    let clock = ManualClock::at(noon() + TimeDelta::days(365));
    let store = MemoryStore::new();
    let before = on(&store, &clock).await;
    add_jobs(&before).await;
    turns().await;
    clock.advance(seconds(7_200));
    turns().await;
    before.shutdown().await.unwrap();

    clock.set(noon());
    let after = on(&store, &clock).await;
    turns().await;
    assert_eq!(next(&after, "interval").await, Some(TimeDelta::minutes(1)));
    assert_eq!(next(&after, "wild").await, Some(TimeDelta::seconds(30)));
    clock.advance(seconds(60));
    turns().await;
    assert_eq!(succeeded(&after, "interval").await, 2);
    // Once is enough: a third process finds nothing to correct.
    let entries = runs(&after, "wild").await.len();
    after.shutdown().await.unwrap();
    let third = on(&store, &clock).await;
    turns().await;
    assert_eq!(runs(&third, "wild").await.len(), entries);
}

#[tokio::test(start_paused = true)]
async fn a_next_run_time_that_was_set_by_hand_stays() {
    let clock = ManualClock::at(noon() + TimeDelta::days(1));
    let scheduler = on(&MemoryStore::new(), &clock).await;
    add_jobs(&scheduler).await;
    let far = noon() + TimeDelta::days(90);
    let modified = scheduler.modify_job("wild").next_run_time(far);
    modified.await.unwrap();
    turns().await;
    clock.set(noon());
    turns().await;
    assert_eq!(next(&scheduler, "wild").await, Some(TimeDelta::days(90)));
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_one_node_among_others_is_not_believed() {
    let store = MemoryStore::new();
    let right = ManualClock::at(noon());
    let wrong = ManualClock::at(noon() + TimeDelta::hours(8));
    let one = on(&store, &wrong).await;
    add_jobs(&one).await;
    let _other = on(&store, &right).await;
    let stand_still = |count: u64| async move {
        for _ in 0..count {
            tokio::time::sleep(seconds(1)).await;
        }
    };
    stand_still(5).await;
    let before = next(&one, "wild").await;
    // By its own clock it went back by a day: what the other one shows did not change.
    wrong.set(noon() - TimeDelta::hours(16));
    stand_still(120).await;
    assert_eq!(next(&one, "wild").await, before);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_just_come_is_not_believed_either() {
    let store = MemoryStore::new();
    let right = ManualClock::at(noon());
    let one = on(&store, &right).await;
    add_jobs(&one).await;
    let own = ManualClock::at(noon());
    let _other = on(&store, &own).await;
    turns().await;
    let before = next(&one, "wild").await;
    own.set(noon() - TimeDelta::hours(16));
    for _ in 0..120 {
        tokio::time::sleep(seconds(1)).await;
        assert_eq!(next(&one, "wild").await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_when_the_clock_is_set_back_is_corrected_afterwards() {
    let clock = ManualClock::at(noon() + TimeDelta::days(1));
    let store = MemoryStore::new();
    let (faulty, faults) = FaultyStore::new(store.clone());
    let builder = Scheduler::builder().clock(clock.clone());
    let builder = builder.store("default", faulty);
    let scheduler = builder.task("work", async || {}).build().unwrap();
    scheduler.start().await.unwrap();
    add_jobs(&scheduler).await;
    turns().await;
    faults.set(StoreCall::ALL, Fault::Failed);
    clock.set(noon());
    tokio::time::sleep(seconds(20)).await;
    faults.mend_all();
    tokio::time::sleep(seconds(20)).await;
    assert_eq!(next(&scheduler, "wild").await, Some(TimeDelta::seconds(30)));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_died_before_does_not_hold_up_the_correction() {
    let clock = ManualClock::at(noon() + TimeDelta::days(365));
    let store = MemoryStore::new();
    let before = on(&store, &clock).await;
    add_jobs(&before).await;
    turns().await;
    clock.advance(seconds(120));
    turns().await;
    before.shutdown().await.unwrap();
    let dead = NodeInfo::new("dead".into());
    store.register(dead).await.unwrap();
    clock.set(noon());
    let after = on(&store, &clock).await;
    tokio::time::sleep(seconds(5)).await;
    assert!(next(&after, "wild").await > Some(TimeDelta::days(364)));
    tokio::time::sleep(seconds(15)).await;
    assert_eq!(next(&after, "wild").await, Some(TimeDelta::seconds(30)));
}

#[tokio::test(start_paused = true)]
async fn a_correction_that_waits_for_its_store_ends_with_the_scheduler() {
    let clock = ManualClock::at(noon() + TimeDelta::days(1));
    let (faulty, faults) = FaultyStore::new(MemoryStore::new());
    let builder = Scheduler::builder().clock(clock.clone());
    let builder = builder.store("default", faulty);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    turns().await;
    faults.set([StoreCall::List], Fault::Failed);
    clock.set(noon());
    tokio::time::sleep(seconds(5)).await;
    let tries = faults.begun(StoreCall::List);
    assert!(tries > 1, "{tries}");
    scheduler.shutdown().await.unwrap();
    let tries = faults.begun(StoreCall::List);
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(faults.begun(StoreCall::List), tries, "it asks no more");
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_paused_time_takes_no_clock_for_set_back() {
    let store = MemoryStore::new();
    let start = async || {
        let builder = Scheduler::builder().store("default", store.clone());
        let scheduler = builder.task("work", async || {}).build().unwrap();
        scheduler.start().await.unwrap();
        scheduler
    };
    let before = start().await;
    let began = before.now();
    add_jobs(&before).await;
    tokio::time::sleep(seconds(86_400)).await;
    before.shutdown().await.unwrap();

    let after = start().await;
    assert!(after.now() >= began + TimeDelta::days(1));
    tokio::time::sleep(seconds(61)).await;
    assert_eq!(succeeded(&after, "interval").await, 1_441);
    let entries = runs(&after, "interval").await;
    let corrected = |run: &Run| run.state.outcome() == Some(CLOCK_SET);
    assert!(!entries.iter().any(corrected));
}
