//! The same job added again, at each start of a process.

use chrono::{DateTime, Utc};
use punctual_core::{Date, Outcome};
use punctual_tokio::{JobSnapshot, ManualClock, MemoryStore, NewJob, Scheduler};

use crate::support::{every, ledger, seconds};

const NOON: &str = "2026-03-01T12:00:00Z";

/// A process that starts on a store at a time, adds a job and lives for two seconds.
async fn process(store: &MemoryStore, clock: &ManualClock, job: NewJob) -> Option<JobSnapshot> {
    let builder = Scheduler::builder().store("default", store.clone());
    let scheduler = builder.clock(clock.clone()).task("work", async || {});
    let scheduler = scheduler.build().unwrap();
    let id = scheduler.add_jobs([job]).await.unwrap().remove(0).unwrap();
    scheduler.start().await.unwrap();
    for _ in 0..2 {
        clock.advance(seconds(1));
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
    let found = scheduler.get_job(id.id()).await.unwrap();
    scheduler.shutdown().await.unwrap();
    found
}

async fn entries(store: &MemoryStore, id: &str) -> Vec<(Outcome, u64)> {
    let builder = Scheduler::builder().store("default", store.clone());
    ledger(&builder.build().unwrap(), id).await
}

const ONCE: [(Outcome, u64); 1] = [(Outcome::Succeeded, 1)];

#[tokio::test]
async fn a_date_that_has_passed_runs_once_however_often_it_is_added() {
    let clock = ManualClock::at(NOON.parse().unwrap());
    let store = MemoryStore::new();
    let past: DateTime<Utc> = "2026-03-01T11:00:00Z".parse().unwrap();
    let job = || NewJob::new("work", Date::at(past)).id("once");
    for _ in 0..3 {
        process(&store, &clock, job().replace_existing()).await;
        assert_eq!(entries(&store, "once").await, ONCE);
    }
    // Another date is another definition.
    let other: DateTime<Utc> = "2026-03-01T11:30:00Z".parse().unwrap();
    let other = NewJob::new("work", Date::at(other)).id("once");
    process(&store, &clock, other.replace_existing()).await;
    assert_eq!(entries(&store, "once").await.len(), 2);
    process(&store, &clock, job().replace_existing()).await;
    assert_eq!(entries(&store, "once").await.len(), 2);
    // Who does not ask for it to be replaced has it run.
    process(&store, &clock, job()).await;
    assert_eq!(entries(&store, "once").await.len(), 3);
}

#[tokio::test]
async fn what_the_ledger_may_have_forgotten_does_not_run_again() {
    let clock = ManualClock::at(NOON.parse().unwrap());
    let store = MemoryStore::new();
    // Runs are kept for 90 days.
    let long_ago: DateTime<Utc> = "2025-11-01T00:00:00Z".parse().unwrap();
    let job = NewJob::new("work", Date::at(long_ago)).id("old");
    let found = process(&store, &clock, job.replace_existing()).await;
    assert_eq!(found, None);
    assert_eq!(entries(&store, "old").await, []);
}

#[tokio::test(start_paused = true)]
async fn a_date_that_is_under_way_does_not_begin_again() {
    let scheduler = crate::support::started().await;
    let body = async || std::future::pending::<()>().await;
    let past = scheduler.now() - chrono::TimeDelta::minutes(1);
    let job = scheduler.add_job(body, Date::at(past)).id("once");
    job.replace_existing().await.unwrap();
    crate::support::pass(1).await;
    for _ in 0..2 {
        let job = scheduler.add_job(body, Date::at(past)).id("once");
        job.max_instances(5).replace_existing().await.unwrap();
        crate::support::pass(1).await;
    }
    assert_eq!(scheduler.running().await.unwrap().len(), 1);
    let job = scheduler.get_job("once").await.unwrap().unwrap();
    assert_eq!((job.running(), job.state().finished), (1, true));
    assert_eq!(job.policies().max_instances(), Some(5));
}

#[tokio::test]
async fn what_is_asked_for_at_the_start_happens_to_a_stored_job_too() {
    let clock = ManualClock::at(NOON.parse().unwrap());
    let store = MemoryStore::new();
    let job = || NewJob::new("work", every(3_600)).id("hourly");
    process(&store, &clock, job().replace_existing()).await;
    assert_eq!(entries(&store, "hourly").await, []);
    for starts in 1..=3 {
        let job = job().run_at_start().replace_existing();
        let found = process(&store, &clock, job).await.unwrap();
        assert_eq!(entries(&store, "hourly").await.len(), starts);
        let next = clock.now() + chrono::TimeDelta::seconds(3_598);
        assert_eq!(found.next_run_time(), Some(next));
    }
    let soon = clock.now() + chrono::TimeDelta::seconds(1);
    for _ in 0..3 {
        let job = job().next_run_time(soon).replace_existing();
        process(&store, &clock, job).await;
        assert_eq!(entries(&store, "hourly").await.len(), 4);
    }
    // What is paused stays paused.
    let paused = job().paused().replace_existing();
    process(&store, &clock, paused).await;
    let job = job().run_at_start().replace_existing();
    let found = process(&store, &clock, job).await.unwrap();
    assert_eq!(found.next_run_time(), None);
    assert_eq!(entries(&store, "hourly").await.len(), 4);
}

#[tokio::test]
async fn the_phase_of_a_calendar_interval_survives_a_run_at_the_start() {
    let clock = ManualClock::at(NOON.parse().unwrap());
    let store = MemoryStore::new();
    let job = || NewJob::new("work", punctual_core::CalendarInterval::days(2)).id("days");
    let found = process(&store, &clock, job()).await.unwrap();
    let next = found.next_run_time();
    clock.advance(seconds(3_600));
    let job = job().run_at_start().replace_existing();
    let found = process(&store, &clock, job).await.unwrap();
    assert_eq!(entries(&store, "days").await, ONCE);
    assert_eq!(found.next_run_time(), next);
}

#[tokio::test(start_paused = true)]
async fn a_date_that_has_passed_is_refused_by_choice_and_is_not_called_down() {
    let scheduler = crate::support::started().await;
    let passed = scheduler.now() - chrono::TimeDelta::minutes(5);
    let job = || scheduler.add_job(async || {}, Date::at(passed));
    let refused = job().id("a").refuse_past().await.unwrap_err();
    assert_eq!(refused.kind(), punctual_tokio::ErrorKind::Expired);
    let text = refused.to_string();
    assert!(
        text.contains("has passed") && text.contains("trigger"),
        "{text}"
    );
    assert_eq!(scheduler.get_job("a").await.unwrap(), None);
    job().id("b").misfire_grace_time(seconds(60)).await.unwrap();
    job().id("c").await.unwrap();
    crate::support::pass(1).await;
    let missed = Outcome::Missed(punctual_core::MissReason::Past);
    assert_eq!(ledger(&scheduler, "b").await, [(missed, 1)]);
    assert_eq!(ledger(&scheduler, "c").await, ONCE);
    // A date of the future, and what recurs, may refuse it too.
    let soon = Date::at(scheduler.now() + chrono::TimeDelta::seconds(1));
    let job = scheduler.add_job(async || {}, soon).id("d");
    job.refuse_past().await.unwrap();
    let job = scheduler.add_job(async || {}, every(1)).id("e");
    job.refuse_past().await.unwrap();
}

#[tokio::test]
async fn a_job_that_recurs_is_added_though_its_first_fire_time_is_long_decided() {
    let clock = ManualClock::at(NOON.parse().unwrap());
    let store = MemoryStore::new();
    let first: DateTime<Utc> = "2026-03-01T11:59:00Z".parse().unwrap();
    let job = |hours: u64| {
        let job = NewJob::new("work", every(3_600 * hours)).id("hourly");
        job.next_run_time(first).replace_existing()
    };
    process(&store, &clock, job(1)).await;
    assert_eq!(entries(&store, "hourly").await, ONCE);
    // It was removed by hand, and the program that adds it starts again.
    let builder = Scheduler::builder().store("default", store.clone());
    let editor = builder.clock(clock.clone()).build().unwrap();
    editor.remove_job("hourly").await.unwrap();
    let found = process(&store, &clock, job(1)).await;
    let next = clock.now() + chrono::TimeDelta::seconds(3_598);
    assert_eq!(found.unwrap().next_run_time(), Some(next));
    // Another trigger does not bring the first fire time back, either.
    let found = process(&store, &clock, job(2)).await;
    let next = clock.now() + chrono::TimeDelta::seconds(7_198);
    assert_eq!(found.unwrap().next_run_time(), Some(next));
    assert_eq!(entries(&store, "hourly").await, ONCE);
}
