//! Executors: limits of their own, and jobs whose executor comes and goes.

use std::sync::Arc;

use punctual_core::{Date, Outcome, Overlap, SkipReason};
use punctual_tokio::{
    ErrorKind, EventKind, EventMask, Executor, JobStatus, MemoryStore, Scheduler,
};
use tokio::time::sleep;

use crate::support::{Counter, Log, every, ledger, pass, seconds, started};

async fn with_executor(alias: &str, executor: Executor) -> Scheduler {
    let scheduler = started().await;
    scheduler.add_executor(alias, executor).await.unwrap();
    scheduler
}

#[tokio::test(start_paused = true)]
async fn an_executor_runs_no_more_than_its_limit_and_nothing_is_lost() {
    let scheduler = with_executor("narrow", Executor::tokio().at_most(2)).await;
    let counter = Counter::default();
    let now = scheduler.now();
    for index in 0..5 {
        let inside = counter.clone();
        scheduler
            .add_job(
                move || {
                    let inside = inside.clone();
                    async move {
                        inside.enter();
                        sleep(seconds(10)).await;
                        inside.leave();
                    }
                },
                Date::at(now),
            )
            .id(format!("{index}"))
            .executor("narrow")
            .await
            .unwrap();
    }
    pass(5).await;
    assert_eq!((counter.all(), counter.most()), (2, 2));
    pass(40).await;
    assert_eq!((counter.all(), counter.most()), (5, 2));
}

#[tokio::test(start_paused = true)]
async fn the_blocking_executor_is_bounded_and_runs_nothing_on_the_runtime() {
    let scheduler = with_executor("disk", Executor::blocking(1)).await;
    let (counter, threads) = (Counter::default(), Log::default());
    for index in 0..4 {
        let (inside, seen) = (counter.clone(), threads.clone());
        let work = move || {
            inside.enter();
            seen.push(std::thread::current().id());
            std::thread::yield_now();
            inside.leave();
        };
        let job = scheduler.add_job(work, every(1));
        job.id(format!("{index}")).executor("disk").await.unwrap();
    }
    let seen = threads.clone();
    let asynchronous = move || {
        let seen = seen.clone();
        async move { seen.push(std::thread::current().id()) }
    };
    let job = scheduler.add_job(asynchronous, every(1));
    job.id("async").executor("disk").await.unwrap();
    pass(3).await;
    assert_eq!((counter.all(), counter.most()), (12, 1));
    assert_eq!(threads.all().len(), 15);
    assert!(!threads.all().contains(&std::thread::current().id()));
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_executor_is_removed_is_parked_and_revives() {
    let scheduler = with_executor("gpu", Executor::tokio()).await;
    let job = scheduler.add_job(|| async {}, every(1)).id("a");
    job.executor("gpu").await.unwrap();
    pass(2).await;
    scheduler.remove_executor("gpu").await.unwrap();
    pass(100).await;
    let parked = scheduler.get_job("a").await.unwrap().unwrap();
    assert_eq!(parked.status(), JobStatus::Parked);
    assert_eq!(scheduler.statistics("a").await.unwrap().succeeded, 2);
    let error = scheduler.run_job("a").await.unwrap_err();
    assert!(
        error.is_not_found() && error.to_string().contains("gpu"),
        "{error}"
    );

    scheduler
        .add_executor("gpu", Executor::tokio())
        .await
        .unwrap();
    pass(2).await;
    let revived = scheduler.get_job("a").await.unwrap().unwrap();
    assert_eq!(revived.status(), JobStatus::Scheduled);
    assert!(scheduler.statistics("a").await.unwrap().succeeded >= 4);
}

#[tokio::test(start_paused = true)]
async fn a_stored_job_waits_for_an_executor_that_this_process_does_not_have() {
    let store = MemoryStore::new();
    let build = |executor: Option<&str>| {
        let builder = Scheduler::builder().store("default", store.clone());
        let builder = builder.task("work", || async {});
        match executor {
            Some(alias) => builder.executor(alias, Executor::tokio()),
            None => builder,
        }
        .build()
        .unwrap()
    };
    let with = build(Some("gpu"));
    let job = with.add_job("work", every(1)).id("a");
    job.executor("gpu").await.unwrap();
    let without = build(None);
    without.start().await.unwrap();
    pass(10).await;
    let parked = without.get_job("a").await.unwrap().unwrap();
    assert_eq!(parked.status(), JobStatus::Parked);
    assert_eq!(ledger(&without, "a").await, []);
    without
        .add_executor("gpu", Executor::tokio())
        .await
        .unwrap();
    pass(1).await;
    assert!(without.statistics("a").await.unwrap().succeeded >= 1);
}

#[tokio::test(start_paused = true)]
async fn a_due_run_that_meets_a_removed_executor_is_recorded_as_skipped() {
    let scheduler = with_executor("gpu", Executor::tokio()).await;
    scheduler
        .add_job(|| async { sleep(seconds(3)).await }, every(1))
        .id("a")
        .overlap(Overlap::queue(1))
        .executor("gpu")
        .await
        .unwrap();
    pass(2).await;
    // One runs, one waits; the one that runs is let go on.
    scheduler.remove_executor("gpu").await.unwrap();
    pass(10).await;
    assert_eq!(
        ledger(&scheduler, "a").await,
        [
            (Outcome::Succeeded, 1),
            (Outcome::Skipped(SkipReason::NoExecutor), 1)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn executors_that_cannot_be_are_refused() {
    let scheduler = with_executor("a", Executor::tokio()).await;
    let error = scheduler.add_executor("a", Executor::tokio()).await;
    assert!(error.unwrap_err().is_conflict());
    let error = scheduler.add_executor("b", Executor::blocking(0)).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Invalid);
    let error = scheduler.remove_executor("b").await;
    assert!(error.unwrap_err().is_not_found());
}

#[tokio::test(start_paused = true)]
async fn all_seventeen_kinds_of_events_are_sent() {
    let scheduler = Scheduler::builder().build().unwrap();
    let log: Log<Arc<punctual_tokio::Event>> = Log::default();
    let heard = log.clone();
    let listener = scheduler.add_listener(EventMask::ALL, move |event| heard.push(event));
    listener.unwrap();
    scheduler.start().await.unwrap();
    scheduler
        .add_executor("gpu", Executor::tokio())
        .await
        .unwrap();
    scheduler.remove_executor("gpu").await.unwrap();
    scheduler
        .add_store("other", MemoryStore::new())
        .await
        .unwrap();
    scheduler.remove_store("other").await.unwrap();
    let slow = scheduler.add_job(|| async { sleep(seconds(2)).await }, every(1));
    slow.id("slow").await.unwrap();
    let since = scheduler.now() - chrono::TimeDelta::seconds(60);
    let late = scheduler.add_job(|| async { Err::<(), _>("no") }, every(10).start(since));
    let late = late.next_run_time(since).misfire_grace_time(seconds(1));
    late.await.unwrap();
    pass(15).await;
    scheduler.modify_job("slow").name("slower").await.unwrap();
    scheduler.remove_job("slow").await.unwrap();
    scheduler.remove_all_jobs().await.unwrap();
    scheduler.pause().await.unwrap();
    scheduler.resume().await.unwrap();
    scheduler.shutdown().await.unwrap();
    pass(0).await;
    let all = log.all();
    let sent = all
        .iter()
        .map(|event| event.kind.mask())
        .reduce(|all, one| all | one);
    // The two that APScheduler does not have need code that is gone, and a server.
    let others = EventMask::JOB_VANISHED | EventMask::CLOCK_DIFFERS;
    let sent = sent.map(|sent| sent | others);
    assert_eq!(sent, Some(EventMask::ALL));
    let of_gpu = all.iter().filter_map(|event| match &event.kind {
        EventKind::ExecutorAdded(alias) if &**alias == "gpu" => Some("added"),
        EventKind::ExecutorRemoved(alias) if &**alias == "gpu" => Some("removed"),
        _ => None,
    });
    assert_eq!(of_gpu.collect::<Vec<_>>(), ["added", "removed"]);
}
