//! The scheduler task holds what it needs, and nothing besides.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Date, Outcome, Retry, Run, RunState};
use punctual_tokio::testing::{WrongClock, held};
use punctual_tokio::{Executor, JobContext, ManualClock, MemoryStore, NewJob, Scheduler};

use crate::support::{Log, every, pass, seconds};
use crate::ways::way_to;

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

async fn on_manual_clock() -> (Scheduler, ManualClock) {
    let clock = ManualClock::at(noon());
    let scheduler = Scheduler::builder().clock(clock.clone()).build().unwrap();
    scheduler.start().await.unwrap();
    (scheduler, clock)
}

/// Every task that is awake has its turns.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

async fn advance(clock: &ManualClock, span: Duration) {
    clock.advance(span);
    settle().await;
}

async fn wrong(scheduler: &Scheduler, latest: DateTime<Utc>) -> Vec<String> {
    settle().await;
    held(scheduler, latest).await.unwrap().wrong
}

#[tokio::test]
async fn near_jobs_leave_no_alarms_behind_for_a_far_one() {
    let (scheduler, clock) = on_manual_clock().await;
    let far = Date::at(noon() + TimeDelta::days(365));
    let _far = scheduler.add_job(|| async {}, far).await.unwrap();
    let near = scheduler.add_job(|| async {}, every(300));
    let _near = near.await.unwrap();
    for _ in 0..120 {
        advance(&clock, seconds(30)).await;
    }
    assert_eq!(wrong(&scheduler, clock.now()).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_was_due_in_a_pause_has_its_alarm_again_if_the_clock_is_set_back_meanwhile() {
    let (scheduler, clock) = on_manual_clock().await;
    let begun = Log::default();
    let log = begun.clone();
    let fails = move |context: JobContext| {
        log.push(context.attempt());
        async { Err::<(), _>("no") }
    };
    let retry = Retry::attempts(2)
        .backoff(seconds(600))
        .cap(seconds(600))
        .build()
        .unwrap();
    let job = scheduler.add_job(fails, Date::at(noon() + TimeDelta::seconds(1)));
    let _job = job.retry(retry).await.unwrap();
    settle().await;
    advance(&clock, seconds(1)).await;
    assert_eq!(begun.all(), [1]);
    scheduler.pause().await.unwrap();
    advance(&clock, seconds(1_200)).await;
    let latest = clock.now();
    clock.set(noon() + TimeDelta::seconds(60));
    settle().await;
    scheduler.resume().await.unwrap();
    let wrong = wrong(&scheduler, latest).await;
    advance(&clock, seconds(1_200)).await;
    assert_eq!(begun.all(), [1, 2]);
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn a_store_that_was_removed_leaves_no_alarm_behind() {
    let (scheduler, clock) = on_manual_clock().await;
    scheduler
        .add_store("other", MemoryStore::new())
        .await
        .unwrap();
    let far = Date::at(noon() + TimeDelta::days(365));
    let job = scheduler.add_job(|| async {}, far).store("other");
    let _job = job.await.unwrap();
    settle().await;
    scheduler.remove_store("other").await.unwrap();
    assert_eq!(wrong(&scheduler, clock.now()).await, Vec::<String>::new());
}

#[tokio::test]
async fn edits_during_a_pause_leave_nothing_among_what_is_due() {
    let (scheduler, clock) = on_manual_clock().await;
    let job = scheduler.add_job(|| async {}, every(60)).id("a");
    let _job = job.await.unwrap();
    scheduler.pause().await.unwrap();
    advance(&clock, seconds(90)).await;
    for _ in 0..100 {
        let edit = scheduler.modify_job("a").next_run_time(clock.now());
        edit.await.unwrap();
        settle().await;
    }
    assert_eq!(wrong(&scheduler, clock.now()).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_parked_job_that_was_removed_is_forgotten_within_the_hour() {
    let (scheduler, clock) = on_manual_clock().await;
    let extra = Executor::tokio().at_most(1);
    scheduler.add_executor("extra", extra).await.unwrap();
    let job = scheduler.add_job(|| async {}, every(60)).id("a");
    let _job = job.executor("extra").await.unwrap();
    settle().await;
    scheduler.remove_executor("extra").await.unwrap();
    scheduler.remove_job("a").await.unwrap();
    advance(&clock, seconds(3_600)).await;
    let held = held(&scheduler, clock.now()).await.unwrap();
    assert!(held.stores.iter().all(|store| store.parked.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_clock_is_set_back_goes_on_looking_for_what_another_does_not_claim() {
    let store = MemoryStore::new();
    let clocks = [(); 2].map(|()| WrongClock::at(noon(), 0));
    let mut nodes = Vec::new();
    for (name, clock) in ["one", "two"].into_iter().zip(&clocks) {
        let (way, _) = way_to(&store);
        let builder = Scheduler::builder().store("default", way).node(name);
        let builder = builder.task("work", || async {}).clock(clock.clone());
        nodes.push(builder.build().unwrap());
        nodes.last().unwrap().start().await.unwrap();
    }
    pass(5).await;
    nodes[0].pause().await.unwrap();
    let at = |span| Date::at(clocks[1].now() + TimeDelta::seconds(span));
    let work = |span| {
        (0..30)
            .map(move |_| span)
            .map(|span| NewJob::new("work", at(span)))
    };
    nodes[1].add_jobs(work(40)).await.unwrap();
    pass(3).await;
    clocks
        .iter()
        .for_each(|clock| clock.set(-TimeDelta::hours(1)));
    pass(1).await;
    nodes[1].add_jobs(work(10)).await.unwrap();
    pass(15).await;
    let runs = nodes[1].runs().await.unwrap();
    let is_good = |run: &&Run| run.state == RunState::Ended(Outcome::Succeeded);
    assert_eq!(runs.iter().filter(is_good).count(), 30);
    let latest = clocks[1].now() + TimeDelta::hours(1);
    assert_eq!(wrong(&nodes[1], latest).await, Vec::<String>::new());
}
