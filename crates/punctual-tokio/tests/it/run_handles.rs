//! What a handle of a run tells, and for how long it waits.

use std::time::Duration;

use punctual_core::{Outcome, Overlap, Run, RunId, RunState};
use punctual_store::testing::{Fault, StoreCall};
use punctual_tokio::{ErrorKind, LedgerLimits, MemoryStore, Output, Scheduler};
use tokio::time::{Instant, timeout};

use crate::support::{every, pass, seconds};
use crate::ways::{faulty, slow_by, way_to};

async fn slow() -> Output<u32> {
    tokio::time::sleep(seconds(30)).await;
    Output(42)
}

async fn node(store: impl punctual_store::JobStore) -> Scheduler {
    let builder = Scheduler::builder().store("default", store);
    let scheduler = builder.task("slow", slow).build().unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

fn is_whole(run: &Run) {
    assert_eq!(run.state, RunState::Ended(Outcome::Succeeded));
    assert_eq!(run.result, Some(42.into()));
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_the_run_and_a_dropped_one_cancels_nothing() {
    let scheduler = node(MemoryStore::new()).await;
    let job = scheduler.add_job("slow", every(600)).id("a").await.unwrap();
    let run = job.run().await.unwrap();
    assert_eq!((run.store(), run.job()), ("default", job.id()));
    let began = Instant::now();
    assert!(timeout(seconds(10), run.wait()).await.is_err());
    let open = run.get().await.unwrap();
    assert_eq!(open.state, RunState::Running);
    assert_eq!((open.attempts, open.started.is_some()), (1, true));
    let listed = scheduler.runs().open().await.unwrap();
    assert_eq!(listed, [open]);
    is_whole(&run.wait().await.unwrap());
    assert_eq!(began.elapsed().as_millis(), 30_000);
    // It is over.
    is_whole(&run.wait().await.unwrap());
}

/// The end is told of before the store has recorded it.
#[tokio::test(start_paused = true)]
async fn an_end_is_known_as_soon_as_a_slow_store_has_it() {
    let (store, faults) = faulty();
    let scheduler = node(store).await;
    let job = scheduler.add_job("slow", every(600)).id("a").await.unwrap();
    let run = job.run().await.unwrap();
    faults.set(StoreCall::Claim, slow_by(Duration::from_millis(200)));
    let began = Instant::now();
    is_whole(&run.wait().await.unwrap());
    let took = began.elapsed().as_millis();
    assert!((30_200..30_400).contains(&took), "{took} ms");
}

#[tokio::test(start_paused = true)]
async fn a_run_of_another_node_is_waited_for_although_the_store_is_away_for_a_while() {
    let store = MemoryStore::new();
    let (way, faults) = way_to(&store);
    let (one, two) = (node(way_to(&store).0).await, node(way).await);
    one.add_job("slow", every(600)).id("a").await.unwrap();
    let asked = one.run_job("a").await.unwrap();
    // The other process knows the number only.
    let run = two.run(("default", asked.id())).await.unwrap();
    assert_eq!(run.job().as_str(), "a");
    let waiting = tokio::spawn(run.wait());
    pass(10).await;
    faults.set(StoreCall::ALL, Fault::Failed);
    pass(40).await;
    assert!(!waiting.is_finished());
    faults.mend(StoreCall::ALL);
    is_whole(
        &timeout(seconds(5), waiting)
            .await
            .unwrap()
            .unwrap()
            .unwrap(),
    );
    // A scheduler that does not run can wait too.
    two.shutdown().await.unwrap();
    is_whole(&run.wait().await.unwrap());
}

/// A run that waits for room stays in the store, so nothing here would ever end it.
#[tokio::test(start_paused = true)]
async fn a_wait_for_a_run_in_a_queue_ends_with_the_shutdown() {
    let scheduler = node(MemoryStore::new()).await;
    let queue = Overlap::queue(1);
    let adding = scheduler.add_job("slow", every(600)).overlap(queue);
    let job = adding.await.unwrap();
    job.run().await.unwrap();
    let queued = job.run().await.unwrap();
    let waiting = tokio::spawn(queued.wait());
    pass(1).await;
    scheduler.shutdown().within("5s").await.unwrap();
    let error = timeout(seconds(5), waiting).await.unwrap().unwrap();
    assert_eq!(error.unwrap_err().kind(), ErrorKind::NotRunning);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_forgotten_is_not_found() {
    let limits = LedgerLimits::new(1_000, 1);
    let scheduler = node(MemoryStore::with_ledger(limits)).await;
    let job = scheduler.add_job("slow", every(600)).id("a").await.unwrap();
    let first = job.run().await.unwrap();
    first.wait().await.unwrap();
    job.run().await.unwrap().wait().await.unwrap();
    let error = first.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(first.get().await.unwrap_err().is_not_found());
    assert!(scheduler.run(first.id()).await.unwrap_err().is_not_found());
}

#[test]
fn a_wait_on_a_runtime_without_timers_says_what_is_missing() {
    let bare = tokio::runtime::Builder::new_current_thread().build();
    let background = Scheduler::new().background().unwrap();
    let scheduler = background.scheduler();
    let job = background.block_on(scheduler.add_job(slow, every(600)));
    let run = background.block_on(job.unwrap().run()).unwrap();
    let error = bare.unwrap().block_on(run.wait()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoRuntime);
}

#[tokio::test(start_paused = true)]
async fn the_same_number_in_two_stores_has_to_be_told_apart() {
    let (one, two) = (MemoryStore::new(), MemoryStore::new());
    let builder = Scheduler::builder().task("slow", slow);
    let scheduler = builder.store("one", one).store("two", two).build().unwrap();
    scheduler.start().await.unwrap();
    for store in ["one", "two"] {
        let job = scheduler.add_job("slow", every(600)).id(store);
        job.store(store).await.unwrap();
    }
    let first = scheduler.run_job("one").await.unwrap();
    let second = scheduler.run_job("two").await.unwrap();
    assert_eq!(first.id(), second.id());
    let error = scheduler.run(first.id()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let error = scheduler.cancel_run(first.id()).await.unwrap_err();
    assert!(error.to_string().contains("(\"one\", run)"), "{error}");
    scheduler.cancel_run(("one", first.id())).await.unwrap();
    scheduler.cancel_run(&second).await.unwrap();
    for run in [first, second] {
        assert!(matches!(
            run.wait().await.unwrap().state,
            RunState::Ended(_)
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_ended_cannot_be_cancelled_and_says_how_it_ended() {
    let scheduler = node(MemoryStore::new()).await;
    let job = scheduler.add_job("slow", every(600)).id("a").await.unwrap();
    let run = job.run().await.unwrap();
    let at = run.wait().await.unwrap().finished.unwrap();
    let error = run.cancel().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let id = run.id();
    let message =
        format!("run {id} has ended at {at}: succeeded; a run can be cancelled while it is open");
    assert_eq!(error.to_string(), message);
    let unknown = scheduler.cancel_run(RunId(99)).await.unwrap_err();
    assert_eq!(unknown.to_string(), "there is no run 99 under way");
}
