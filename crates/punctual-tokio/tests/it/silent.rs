//! A store that falls silent: one call is never answered, and all others are.

use std::sync::atomic::{AtomicBool, Ordering};

use punctual_core::{Outcome, RunState};
use punctual_store::testing::{Fault, Faults, StoreCall};
use punctual_store::{ClaimAnswer, JobStore, RunFilter};
use punctual_tokio::{ErrorKind, MemoryStore, Scheduler};
use tokio::time::{Instant, sleep};

use crate::support::{every, ledger, pass, seconds};
use crate::ways::{Way, faulty, way_to};

async fn of(store: Way) -> Scheduler {
    let builder = Scheduler::builder().store("default", store);
    let builder = builder.task("work", || sleep(seconds(60)));
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_is_never_answered_costs_seconds_and_health_tells() {
    let (store, faults) = faulty();
    let scheduler = of(store).await;
    let job = scheduler.add_job(|| async {}, every(1)).id("tick");
    job.await.unwrap();
    pass(3).await;
    faults.next(StoreCall::Claim, Fault::Silent);
    pass(5).await;
    assert_eq!(faults.struck(StoreCall::Claim), 1);
    let calls = scheduler.health().remove(0).calls;
    let told: Vec<_> = calls
        .iter()
        .map(|call| (call.call, call.since.as_secs()))
        .collect();
    assert_eq!(told, [("claim", 4)]);
    pass(6).await;
    let done = scheduler.statistics("tick").await.unwrap();
    assert!(done.succeeded >= 5, "{done:?}");
    let all: u64 = ledger(&scheduler, "tick")
        .await
        .iter()
        .map(|(_, count)| count)
        .sum();
    assert_eq!(all, 15, "every fire time has its outcome");
    assert!(scheduler.health()[0].calls.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_never_answered_is_asked_for_again() {
    let (store, faults) = faulty();
    faults.next(StoreCall::Due, Fault::Silent);
    let scheduler = of(store).await;
    pass(1).await;
    assert_eq!(faults.struck(StoreCall::Due), 1);
    let soon = scheduler.now() + chrono::TimeDelta::seconds(70);
    let job = scheduler.add_job(|| async {}, punctual_core::Date::at(soon));
    job.id("soon").await.unwrap();
    pass(71).await;
    assert_eq!(scheduler.statistics("soon").await.unwrap().succeeded, 1);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_is_never_answered_makes_no_node_dead() {
    let store = MemoryStore::new();
    let (way, faults) = way_to(&store);
    let (one, _other) = (of(way).await, of(way_to(&store).0).await);
    let job = one.add_job("work", every(600)).id("work");
    job.await.unwrap();
    one.run_job("work").await.unwrap();
    pass(5).await;
    faults.next(StoreCall::Renew, Fault::Silent);
    pass(40).await;
    assert_eq!(faults.struck(StoreCall::Renew), 1);
    let runs = store.runs(RunFilter::default()).await.unwrap();
    let states: Vec<_> = runs.into_iter().map(|run| run.state).collect();
    assert_eq!(states, [RunState::Running]);
    pass(20).await;
    assert_eq!(ledger(&one, "work").await, [(Outcome::Succeeded, 1)]);
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_is_never_answered_fails() {
    let (store, faults) = faulty();
    let scheduler = of(store).await;
    faults.next(StoreCall::Add, Fault::Silent);
    let began = Instant::now();
    let error = scheduler.add_job(|| async {}, every(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.to_string().contains("did not answer `add`"),
        "{error}"
    );
    assert_eq!(began.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_takes_long_holds_up_no_claim() {
    let (store, faults) = faulty();
    let scheduler = of(store).await;
    let job = scheduler.add_job(|| async {}, every(1)).id("tick");
    job.await.unwrap();
    pass(3).await;
    faults.set(StoreCall::Due, Fault::HeldAnswer);
    scheduler.wakeup().await.unwrap();
    pass(5).await;
    let done = scheduler.statistics("tick").await.unwrap();
    assert_eq!((done.succeeded, done.coalesced), (8, 0), "{done:?}");
}

/// Leaves the last answer out of the next reply that has one.
fn answer_in_part(faults: &Faults) {
    let is_over = AtomicBool::new(false);
    faults.rewrite_replies(move |reply| {
        if !is_over.load(Ordering::SeqCst) {
            let left_out = reply.answers.pop();
            is_over.store(left_out.is_some(), Ordering::SeqCst);
        }
    });
}

#[tokio::test(start_paused = true)]
async fn claims_that_a_store_leaves_out_of_its_answer_run_once_if_it_has_accepted_them() {
    let (store, faults) = faulty();
    let scheduler = of(store).await;
    let job = scheduler.add_job(|| async {}, every(1)).id("tick");
    job.await.unwrap();
    pass(3).await;
    answer_in_part(&faults);
    pass(5).await;
    let ticks = ledger(&scheduler, "tick").await;
    assert_eq!(ticks, [(Outcome::Succeeded, 1); 8]);
    let job = scheduler.add_job("work", every(600)).id("work");
    job.await.unwrap();
    answer_in_part(&faults);
    let run = scheduler.run_job("work").await.unwrap();
    let running = scheduler.running().await.unwrap();
    assert_eq!((running.len(), running[0].run), (1, run.id()));
}

/// The store may have accepted the claim the first time, although it does not try it now.
#[tokio::test(start_paused = true)]
async fn a_run_by_hand_whose_answer_was_lost_runs_once_although_it_is_not_tried_again() {
    let (store, faults) = faulty();
    let scheduler = of(store).await;
    let job = scheduler.add_job("work", every(600)).id("work");
    job.await.unwrap();
    faults.next(StoreCall::Claim, Fault::LostAnswer);
    let lost = AtomicBool::new(false);
    let is_over = AtomicBool::new(false);
    faults.rewrite_replies(move |reply| {
        if lost.swap(true, Ordering::SeqCst) && !is_over.swap(true, Ordering::SeqCst) {
            reply.answers.fill(ClaimAnswer::NotTried);
        }
    });
    let run = scheduler.run_job("work").await.unwrap();
    let running = scheduler.running().await.unwrap();
    assert_eq!((running.len(), running[0].run), (1, run.id()));
}
