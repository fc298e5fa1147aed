//! A store that says that it answers claims in place, and what becomes of them when it does not.

use std::time::Duration;

use punctual_core::Outcome;
use punctual_store::JobStore as _;
use punctual_store::testing::{Fault, Faults, FaultyStore, StoreCall};
use punctual_tokio::{MemoryStore, Scheduler};

use crate::support::{every, ledger, pass, seconds};

/// A scheduler with a job each second on a store that keeps its word unless it is told otherwise.
async fn ticking() -> (Scheduler, Faults) {
    let memory = MemoryStore::new();
    let says = memory.capabilities();
    assert!(says.answers_in_place);
    let (store, faults) = FaultyStore::new(memory);
    let store = store.with_capabilities(says);
    let scheduler = Scheduler::builder().store("default", store).build();
    let scheduler = scheduler.unwrap();
    scheduler.start().await.unwrap();
    let job = scheduler.add_job(|| async {}, every(1)).id("a");
    job.await.unwrap();
    (scheduler, faults)
}

async fn assert_runs(scheduler: &Scheduler, count: usize) {
    let all = ledger(scheduler, "a").await;
    assert_eq!(all, vec![(Outcome::Succeeded, 1); count]);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_fails_in_place_is_made_again_and_its_run_begins_once() {
    for fault in [Fault::Failed, Fault::Refused, Fault::LostAnswer] {
        let (scheduler, faults) = ticking().await;
        pass(2).await;
        faults.next([StoreCall::Claim], fault);
        tokio::time::sleep(seconds(3)).await;
        assert_runs(&scheduler, 5).await;
    }
}

/// Its futures are not polled by the scheduler task for ever, and no fire time is left behind.
#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_keep_its_word_is_asked_by_a_task() {
    let (scheduler, faults) = ticking().await;
    pass(2).await;
    let late = || tokio::time::sleep(Duration::from_millis(10));
    faults.set([StoreCall::Claim], Fault::slow(late));
    let before = faults.begun(StoreCall::Claim);
    tokio::time::sleep(seconds(10)).await;
    assert_runs(&scheduler, 12).await;
    let asked = faults.begun(StoreCall::Claim) - before;
    assert!(asked <= 24, "a claim and an end each, not {asked}");
}
