//! What a shutdown waits for, and what it says that it left behind.

use punctual_core::{Overlap, RunState};
use punctual_store::testing::{Call, Fault};
use punctual_store::{JobStore, RunFilter};
use punctual_tokio::{MemoryStore, Scheduler};
use tokio::time::{Instant, sleep};

use crate::support::{every, pass, seconds, started};
use crate::ways::{Way, faulty, slow_by, way_to};

async fn of(store: Way) -> Scheduler {
    let builder = Scheduler::builder().store("default", store);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

async fn states(store: &MemoryStore) -> Vec<RunState> {
    let mut runs = store.runs(RunFilter::default()).await.unwrap();
    runs.sort_by_key(|run| run.id);
    runs.into_iter().map(|run| run.state).collect()
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_on_its_way_to_a_store_is_told_as_unrecorded() {
    let (store, faults) = faulty();
    let scheduler = of(store.clone()).await;
    for _ in 0..2 {
        let job = scheduler.add_job(|| sleep(seconds(2)), every(600));
        job.run_at_start().await.unwrap();
    }
    pass(1).await;
    faults.set(Call::ALL, Fault::Held);
    pass(2).await;
    let report = scheduler.shutdown_within(seconds(5)).await.unwrap();
    assert_eq!(report.unrecorded, 2);
    assert_eq!(states(store.inner()).await, [RunState::Running; 2]);
}

#[tokio::test(start_paused = true)]
async fn what_a_store_has_recorded_is_not_told_as_unrecorded() {
    let (store, _) = faulty();
    let scheduler = of(store).await;
    let job = scheduler.add_job(|| sleep(seconds(2)), every(600));
    job.run_at_start().await.unwrap();
    pass(1).await;
    let report = scheduler.shutdown().await.unwrap();
    assert_eq!(report, punctual_tokio::ShutdownReport::default());
}

/// How long two shutdowns take of a scheduler with a run that does not end, the second five seconds
/// after the first.
async fn twice(first: u64, second: u64) -> (u64, u64) {
    let scheduler = started().await;
    let job = scheduler.add_job(std::future::pending::<()>, every(600));
    job.run_at_start().await.unwrap();
    pass(1).await;
    let began = Instant::now();
    let other = scheduler.clone();
    let first = tokio::spawn(async move {
        other.shutdown_within(seconds(first)).await.unwrap();
        began.elapsed().as_secs()
    });
    sleep(seconds(5)).await;
    scheduler.shutdown_within(seconds(second)).await.unwrap();
    let took = began.elapsed().as_secs();
    (first.await.unwrap(), took)
}

#[tokio::test(start_paused = true)]
async fn a_second_shutdown_shortens_the_first_and_never_lengthens_it() {
    assert_eq!(twice(60, 0).await, (10, 10));
    assert_eq!(twice(60, 10).await, (20, 20));
    assert_eq!(twice(10, 60).await, (15, 15));
}

/// A node of a store that it shares, whose runs take a minute.
async fn node(way: Way) -> Scheduler {
    let builder = Scheduler::builder().store("default", way);
    let builder = builder.task("work", || sleep(seconds(60)));
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

#[tokio::test(start_paused = true)]
async fn a_run_that_a_store_makes_wait_during_the_shutdown_goes_on_waiting() {
    let store = MemoryStore::new();
    let (way, faults) = way_to(&store);
    let (busy, ending) = (node(way_to(&store).0).await, node(way).await);
    let job = busy.add_job("work", every(10)).id("work");
    job.overlap(Overlap::Queue { at_most: 5 }).await.unwrap();
    busy.run_job("work").await.unwrap();
    busy.pause().await.unwrap();
    pass(8).await;
    // It is told that the job is busy before the run may wait, each time after two seconds.
    faults.set(Call::Claim, slow_by(seconds(2)));
    let before = faults.begun(Call::Claim);
    faults.until_begun(Call::Claim, before + 3).await;
    assert_eq!(states(&store).await, [RunState::Running]);
    let report = ending.shutdown().await.unwrap();
    assert_eq!(report.unrecorded, 0);
    assert_eq!(report.waiting.len(), 1);
    assert_eq!(states(&store).await, [RunState::Running, RunState::Queued]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_a_store_grants_after_all_others_were_told_to_end_does_not_begin() {
    let store = MemoryStore::new();
    let (way, faults) = way_to(&store);
    let scheduler = node(way).await;
    let job = scheduler.add_job("work", every(10)).id("work");
    job.await.unwrap();
    pass(9).await;
    faults.set(Call::Claim, Fault::HeldAnswer);
    pass(1).await;
    let shutdown = tokio::spawn(async move { scheduler.shutdown_within(seconds(1)).await });
    pass(2).await;
    faults.mend(Call::Claim);
    let report = shutdown.await.unwrap().unwrap();
    assert_eq!((report.abandoned.len(), report.unrecorded), (0, 0));
    let run = store.runs(RunFilter::default()).await.unwrap().remove(0);
    assert_eq!(report.waiting, [run.id]);
    assert_eq!((run.state, run.started), (RunState::Retrying, None));
}
