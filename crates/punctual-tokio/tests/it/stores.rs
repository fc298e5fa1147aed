//! Stores that come and go while jobs run.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{CancelReason, Outcome, Overlap, RunState};
use punctual_store::testing::StoreCall;
use punctual_store::{JobStore, RunFilter};
use punctual_tokio::{JobContext, MemoryStore, NewJob, Scheduler};
use tokio::sync::Notify;

use crate::support::{every, ledger, pass, seconds, started};
use crate::ways::{faulty, slow_by};

/// A started scheduler with a store `other`, and a job there that runs until it is told to end.
async fn with_other() -> (Scheduler, MemoryStore, Arc<Notify>) {
    let store = MemoryStore::new();
    let scheduler = started().await;
    let added = scheduler.add_store("other", store.clone());
    added.await.unwrap();
    let go = Arc::new(Notify::new());
    let waiting = Arc::clone(&go);
    let body = move || {
        let waiting = Arc::clone(&waiting);
        async move { waiting.notified().await }
    };
    let job = scheduler.add_job(body, every(1)).id("a").store("other");
    let job = job.overlap(Overlap::queue(1));
    job.await.unwrap();
    (scheduler, store, go)
}

/// What the store says by itself, oldest first.
async fn outcomes(store: &MemoryStore) -> Vec<RunState> {
    let mut runs = store.runs(RunFilter::default()).await.unwrap();
    runs.sort_by_key(|run| run.id);
    runs.into_iter().map(|run| run.state).collect()
}

const SUCCEEDED: RunState = RunState::Ended(Outcome::Succeeded);

#[tokio::test(start_paused = true)]
async fn runs_of_a_removed_store_end_in_its_ledger_and_none_begins() {
    let (scheduler, store, go) = with_other().await;
    pass(2).await;
    scheduler.remove_store("other").await.unwrap();
    assert!(scheduler.get_job("a").await.unwrap().is_none());
    pass(30).await;
    assert_eq!(
        outcomes(&store).await,
        [RunState::Running, RunState::Queued]
    );
    assert_eq!(scheduler.running().await.unwrap().len(), 1);
    go.notify_one();
    pass(30).await;
    // What waits is for another scheduler of the store.
    assert_eq!(outcomes(&store).await, [SUCCEEDED, RunState::Queued]);
    let row = store.get("a".try_into().unwrap()).await.unwrap().unwrap();
    assert_eq!((row.state.running, row.state.queued), (0, 1));
    // Nothing of it is left: a shutdown has nothing to wait for.
    let report = scheduler.shutdown().await.unwrap();
    assert_eq!(report, punctual_tokio::ShutdownReport::default());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_the_runs_of_a_removed_store() {
    let (scheduler, store, _go) = with_other().await;
    pass(1).await;
    scheduler.remove_store("other").await.unwrap();
    let report = scheduler.shutdown().within(seconds(5)).await.unwrap();
    assert_eq!((report.cancelled.len(), report.unrecorded), (1, 0));
    let shut_down = RunState::Ended(Outcome::Cancelled(CancelReason::Shutdown));
    assert_eq!(outcomes(&store).await, [shut_down]);
}

#[tokio::test(start_paused = true)]
async fn a_removed_store_can_be_added_again_while_its_run_is_under_way() {
    let (scheduler, store, go) = with_other().await;
    pass(1).await;
    scheduler.remove_store("other").await.unwrap();
    let again = scheduler.add_store("other", store.clone());
    again.await.unwrap();
    pass(3).await;
    go.notify_one();
    pass(1).await;
    go.notify_one();
    pass(1).await;
    let ended = outcomes(&store).await;
    assert_eq!(ended[0], SUCCEEDED, "{ended:?}");
    assert!(ended[1..].contains(&SUCCEEDED), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_can_remove_its_own_store() {
    let store = MemoryStore::new();
    let scheduler = started().await;
    let added = scheduler.add_store("other", store.clone());
    added.await.unwrap();
    let body = |context: JobContext| async move {
        let scheduler = context.scheduler()?;
        scheduler.remove_store("other").await?;
        Ok::<(), punctual_tokio::BoxError>(())
    };
    let job = scheduler.add_job(body, every(1)).id("a").store("other");
    job.await.unwrap();
    pass(5).await;
    assert_eq!(outcomes(&store).await, [SUCCEEDED]);
}

#[tokio::test(start_paused = true)]
async fn an_id_is_unique_over_all_stores() {
    let (scheduler, _, _) = with_other().await;
    let again = scheduler.add_job(|| async {}, every(1)).id("a");
    let refused = again.await.unwrap_err();
    assert!(refused.is_conflict());
    assert!(refused.to_string().contains("in the store `other`"));
    let replacing = scheduler.add_job(|| async {}, every(1)).id("a");
    let refused = replacing.replace_existing().await.unwrap_err();
    assert!(refused.is_conflict(), "it would be there twice");
    let jobs = ["b", "a", "c"].map(|id| NewJob::new(|| async {}, every(1)).id(id));
    let answers = scheduler.add_jobs(jobs).await.unwrap();
    let ids = answers.iter().map(|answer| answer.is_ok());
    assert_eq!(ids.collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(answers[2].as_ref().unwrap().id().as_str(), "c");
    scheduler.remove_job("a").await.unwrap();
    let free = scheduler.add_job(|| async {}, every(1)).id("a");
    free.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn of_two_adds_of_an_id_to_two_stores_one_is_refused() {
    let (scheduler, _, _) = with_other().await;
    let here = scheduler.add_job(|| async {}, every(1)).id("twin");
    let there = scheduler.add_job(|| async {}, every(1)).id("twin");
    let (here, there) = tokio::join!(here.into_future(), there.store("other").into_future());
    assert_eq!((here.is_ok(), there.is_ok()), (true, false));
    assert!(there.unwrap_err().is_conflict());
    let jobs = scheduler.get_jobs().await.unwrap();
    assert_eq!(jobs.len(), 2);
}

async fn nothing() {}

/// How many runs are remembered after so many seconds of a job that runs each second.
async fn remembered(is_persistent: bool, newest: usize, count: u64) -> usize {
    let (store, _) = faulty();
    let capabilities = store.capabilities().persistent(is_persistent);
    let store = store.with_capabilities(capabilities);
    let scheduler = Scheduler::builder()
        .store("default", store.clone())
        .task("nothing", nothing)
        .keep_runs_for(seconds(300))
        .keep_newest(newest)
        .build()
        .unwrap();
    scheduler.start().await.unwrap();
    let job = scheduler.add_job(nothing, every(1)).id("a");
    job.await.unwrap();
    pass(count).await;
    let runs = store.inner().runs(RunFilter::default()).await.unwrap();
    scheduler.shutdown().await.unwrap();
    runs.len()
}

#[tokio::test(start_paused = true)]
async fn a_store_that_survives_the_process_forgets_old_runs_and_too_many() {
    assert_eq!(remembered(true, usize::MAX, 290).await, 290);
    // At 600 s all go that are older than 300 s, or all but five.
    let young = remembered(true, usize::MAX, 610).await;
    assert!((309..=311).contains(&young), "{young}");
    let few = remembered(true, 5, 610).await;
    assert!((14..=16).contains(&few), "{few}");
    assert_eq!(remembered(false, 5, 610).await, 610);
}

/// However much is too much after a minute, it is gone before the next, a batch at a time.
#[tokio::test(start_paused = true)]
async fn what_is_forgotten_keeps_up_with_what_is_recorded() {
    let (store, faults) = faulty();
    let capabilities = store.capabilities().persistent(true);
    let store = store.with_capabilities(capabilities);
    let builder = Scheduler::builder().store("default", store.clone());
    let builder = builder.task("nothing", nothing).keep_newest(1);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let jobs = (0..1_000).map(|number| NewJob::new(nothing, every(1)).id(format!("{number}")));
    let added = scheduler.add_jobs(jobs).await.unwrap();
    assert!(added.iter().all(Result::is_ok));
    pass(20).await;
    scheduler.pause().await.unwrap();
    faults.set(StoreCall::Purge, slow_by(Duration::from_millis(20)));
    let all = RunFilter {
        limit: usize::MAX,
        ..RunFilter::default()
    };
    let before = store.inner().runs(all.clone()).await.unwrap().len();
    assert!(before >= 20_000, "{before}");
    pass(99).await;
    assert_eq!(store.inner().runs(all).await.unwrap().len(), 1_000);
    let batches = faults.begun(StoreCall::Purge);
    assert!(batches >= 19, "{batches}");
    // With nothing left to forget, a look a minute is enough.
    pass(60).await;
    assert_eq!(faults.begun(StoreCall::Purge), batches + 1);
    scheduler.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn of_runs_with_one_number_the_store_says_which_is_cancelled() {
    let builder = Scheduler::builder().store("other", MemoryStore::new());
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let long = || tokio::time::sleep(seconds(100));
    for (id, store) in [("a", "default"), ("b", "other")] {
        let job = scheduler.add_job(long, every(600)).id(id).store(store);
        job.run_at_start().await.unwrap();
    }
    pass(1).await;
    let runs = scheduler.runs().await.unwrap();
    let run = runs[0].id;
    assert_eq!(run, runs[1].id, "each store numbers its own");
    let error = scheduler.cancel_run(run).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "several stores have a run 1 under way: `default`, `other`; name the store, as in `(\"default\", run)`"
    );
    scheduler.cancel_run(("other", run)).await.unwrap();
    pass(6).await;
    let cancelled = (Outcome::Cancelled(CancelReason::User), 1);
    assert_eq!(ledger(&scheduler, "a").await, []);
    assert_eq!(ledger(&scheduler, "b").await, [cancelled]);
    // One is left: there is no doubt any more.
    scheduler.cancel_run(run).await.unwrap();
    pass(6).await;
    assert_eq!(ledger(&scheduler, "a").await, [cancelled]);
    assert!(scheduler.cancel_run(run).await.unwrap_err().is_not_found());
}

#[tokio::test(start_paused = true)]
async fn statistics_are_those_of_the_job_that_is_there_now() {
    let builder = Scheduler::builder().store("two", MemoryStore::new());
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let job = scheduler.add_job(|| async {}, every(10)).id("a");
    job.await.unwrap();
    pass(30).await;
    scheduler.remove_job("a").await.unwrap();
    assert_eq!(scheduler.statistics("a").await.unwrap().succeeded, 3);
    let fails = || async { Err::<(), _>("no") };
    let job = scheduler.add_job(fails, every(10)).id("a").store("two");
    job.await.unwrap();
    pass(50).await;
    let its = scheduler.statistics("a").await.unwrap();
    assert_eq!((its.succeeded, its.failed), (0, 5));
}
