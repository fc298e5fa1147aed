//! What a shutdown waits for, and what it says that it left behind.

use punctual_core::{Overlap, RunState};
use punctual_store::testing::{Fault, StoreCall};
use punctual_store::{Error, JobStore, RunFilter};
use punctual_tokio::{ErrorKind, MemoryStore, Scheduler};
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
    faults.set(StoreCall::ALL, Fault::Held);
    pass(2).await;
    let began = Instant::now();
    let report = scheduler.shutdown().await.unwrap();
    assert_eq!(report.unrecorded, 2);
    // After 15 seconds two more for the store, and one to leave it.
    assert_eq!(began.elapsed().as_secs(), 18);
    assert_eq!(states(store.inner()).await, [RunState::Running; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_gone_holds_up_no_shutdown() {
    let (store, faults) = faulty();
    let scheduler = of(store).await;
    let job = scheduler.add_job(|| sleep(seconds(2)), every(600));
    job.run_at_start().await.unwrap();
    pass(1).await;
    faults.set(
        StoreCall::ALL,
        Fault::Error(|| Error::gone("the file was deleted")),
    );
    pass(2).await;
    let began = Instant::now();
    let report = scheduler.shutdown().await.unwrap();
    assert_eq!(report.unrecorded, 1);
    assert!(began.elapsed() <= seconds(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_gone_during_the_shutdown_does_not_hold_it_up() {
    let (store, faults) = faulty();
    let scheduler = of(store).await;
    let job = scheduler.add_job(|| sleep(seconds(5)), every(600));
    job.run_at_start().await.unwrap();
    pass(1).await;
    faults.set(
        StoreCall::ALL,
        Fault::Error(|| Error::gone("the file was deleted")),
    );
    let began = Instant::now();
    let report = scheduler.shutdown().await.unwrap();
    assert_eq!(report.unrecorded, 1);
    assert_eq!(began.elapsed().as_secs(), 4);
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

fn shutdown(scheduler: &Scheduler, whole: u64) -> punctual_tokio::Shutdown {
    match whole {
        0 => scheduler.shutdown().immediately(),
        whole => scheduler.shutdown().within(seconds(whole)),
    }
}

/// How long two shutdowns take of a scheduler with a run that does not end, the second five seconds
/// after the first. 0 stands for an immediate one.
async fn twice(first: u64, second: u64) -> (u64, u64) {
    let scheduler = started().await;
    let job = scheduler.add_job(std::future::pending::<()>, every(600));
    job.run_at_start().await.unwrap();
    pass(1).await;
    let began = Instant::now();
    let other = scheduler.clone();
    let first = tokio::spawn(async move {
        shutdown(&other, first).await.unwrap();
        began.elapsed().as_secs()
    });
    sleep(seconds(5)).await;
    shutdown(&scheduler, second).await.unwrap();
    let took = began.elapsed().as_secs();
    (first.await.unwrap(), took)
}

#[tokio::test(start_paused = true)]
async fn a_second_shutdown_shortens_the_first_and_never_lengthens_it() {
    assert_eq!(twice(70, 0).await, (10, 10));
    assert_eq!(twice(70, 20).await, (21, 21));
    assert_eq!(twice(20, 70).await, (16, 16));
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
    job.overlap(Overlap::queue(5)).await.unwrap();
    busy.run_job("work").await.unwrap();
    busy.pause().await.unwrap();
    pass(8).await;
    // It is told that the job is busy before the run may wait, each time after two seconds.
    faults.set(StoreCall::Claim, slow_by(seconds(2)));
    let before = faults.begun(StoreCall::Claim);
    faults.until_begun(StoreCall::Claim, before + 2).await;
    assert_eq!(states(&store).await, [RunState::Running]);
    let report = ending.shutdown().await.unwrap();
    assert_eq!(report.unrecorded, 0);
    assert_eq!(report.handed_on.len(), 1);
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
    faults.set(StoreCall::Claim, Fault::HeldAnswer);
    pass(1).await;
    let shutdown = tokio::spawn(scheduler.shutdown().immediately().into_future());
    pass(1).await;
    faults.mend(StoreCall::Claim);
    let report = shutdown.await.unwrap().unwrap();
    assert_eq!((report.abandoned.len(), report.unrecorded), (0, 0));
    let run = store.runs(RunFilter::default()).await.unwrap().remove(0);
    let handed_on: Vec<_> = report.handed_on.iter().map(|own| own.run).collect();
    assert_eq!(handed_on, [run.id]);
    assert_eq!((run.state, run.started), (RunState::Retrying, None));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_hides_nothing_of_the_others() {
    let good = MemoryStore::new();
    let (bad, faults) = faulty();
    let builder = Scheduler::builder().store("default", way_to(&good).0);
    let scheduler = builder.store("bad", bad).build().unwrap();
    scheduler.start().await.unwrap();
    let job = scheduler.add_job(|| async { Err::<(), _>("no") }, every(600));
    let retry = punctual_core::Retry::attempts(2)
        .backoff(seconds(300))
        .cap(seconds(300))
        .build()
        .unwrap();
    job.retry(retry).run_at_start().await.unwrap();
    pass(1).await;
    faults.set(StoreCall::ALL, Fault::Held);
    let began = Instant::now();
    let report = scheduler.shutdown().await.unwrap();
    assert_eq!(report.handed_on.len(), 1);
    assert!(good.nodes().await.unwrap().is_empty());
    assert!(began.elapsed() <= seconds(3), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_was_found_after_a_lost_answer_goes_on_waiting() {
    let store = MemoryStore::new();
    let (way, faults) = way_to(&store);
    let (busy, ending) = (node(way_to(&store).0).await, node(way).await);
    let job = busy.add_job("work", every(600)).id("work");
    job.overlap(Overlap::queue(5)).await.unwrap();
    busy.run_job("work").await.unwrap();
    busy.run_job("work").await.unwrap();
    busy.pause().await.unwrap();
    pass(50).await;
    // The queued run is handed out; the answer is lost, and to find its job takes a while.
    faults.next(StoreCall::Claim, Fault::LostAnswer);
    faults.next(StoreCall::Get, Fault::Silent);
    faults.until_struck(StoreCall::Get, 1).await;
    let patient = ending.shutdown().within(seconds(60));
    let report = patient.await.unwrap();
    assert_eq!(report.handed_on.len(), 1);
    let succeeded = RunState::Ended(punctual_core::Outcome::Succeeded);
    assert_eq!(states(&store).await, [succeeded, RunState::Retrying]);
}

#[tokio::test(start_paused = true)]
async fn the_next_fire_time_of_an_instance_does_not_begin_while_all_is_told_to_end() {
    use punctual_core::{CancelReason, Coalesce, Outcome};
    let scheduler = started().await;
    let counter = crate::support::Counter::default();
    let body = counter.clone();
    // Deaf for four seconds after it was told to end.
    let deaf = move |context: punctual_tokio::JobContext| {
        body.enter();
        async move {
            context.cancelled().await;
            sleep(seconds(4)).await;
            Err::<(), _>("was told to end")
        }
    };
    let since = scheduler.now() - chrono::TimeDelta::seconds(1_200);
    let job = scheduler.add_job(deaf, every(600).start(since)).id("all");
    let job = job.next_run_time(since).timeout(seconds(10));
    let job = job.coalesce(Coalesce::all(3));
    job.await.unwrap();
    pass(11).await;
    scheduler.shutdown().immediately().await.unwrap();
    let ended: Vec<_> = crate::support::ledger(&scheduler, "all").await;
    let cancelled = (Outcome::Cancelled(CancelReason::Shutdown), 1);
    // It was told to end for its time first; what cancels it since then counts.
    assert_eq!(ended, [cancelled; 3]);
    assert_eq!(counter.all(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_in_no_time_or_in_a_time_that_is_none_is_refused() {
    let scheduler = started().await;
    for time in ["0s", "soon"] {
        let error = scheduler.shutdown().within(time).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.field(), Some("within"), "{error}");
    }
    assert!(scheduler.is_running());
    scheduler.shutdown().within("10s").await.unwrap();
}

/// The advice to call `start` would be wrong, and so would be that to call `shutdown`.
#[tokio::test(start_paused = true)]
async fn who_asks_while_it_shuts_down_is_told_so() {
    let scheduler = started().await;
    let job = scheduler.add_job(|| sleep(seconds(5)), every(600)).id("a");
    job.run_at_start().await.unwrap();
    pass(1).await;
    let ending = tokio::spawn(scheduler.shutdown().into_future());
    pass(1).await;
    let refused = scheduler.run_job("a").await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotRunning);
    assert!(
        refused.to_string().contains("is shutting down"),
        "{refused}"
    );
    let refused = scheduler.start().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyRunning);
    assert!(
        refused.to_string().contains("is shutting down"),
        "{refused}"
    );
    ending.await.unwrap().unwrap();
    let refused = scheduler.run_job("a").await.unwrap_err();
    assert!(refused.to_string().contains("call `start`"), "{refused}");
}
