//! Requests of nodes whose answers are lost.

use std::sync::Arc;

use punctual_core::{
    CancelReason, Coalesce, MissReason, OnLost, Outcome, Overlap, Retry, RunState, SkipReason,
};
use punctual_store::testing::{Fault, Faults, StoreCall};
use punctual_store::{JobStore, LedgerLimits, MemoryStore, RunFilter};
use punctual_tokio::{ErrorKind, EventKind, EventMask, JobContext, Scheduler};

use crate::desk::{Desk, LOST, PERIOD, SUCCEEDED};
use crate::support::{Log, every, pass, seconds};
use crate::ways::way_to;

#[tokio::test(start_paused = true)]
async fn claims_whose_answers_are_lost_run_once() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    let job = job.overlap(Overlap::queue(9));
    job.await.unwrap();
    // The claim of the fire time; a run by hand, which is queued; its promotion.
    way.next(StoreCall::Claim, Fault::LostAnswer);
    pass(PERIOD).await;
    assert_eq!(desk.begun.all().len(), 1);
    way.next(StoreCall::Claim, Fault::LostAnswer);
    one.run_job("a").await.unwrap();
    way.next(StoreCall::Claim, Fault::LostAnswer);
    desk.go.notify_one();
    pass(5).await;
    assert_eq!(desk.begun.all().len(), 2);
    let tokens = desk.begun.all();
    assert!(tokens[0].1 < tokens[1].1, "{tokens:?}");
    desk.go.notify_one();
    pass(5).await;
    assert_eq!(desk.states().await, [SUCCEEDED, SUCCEEDED]);
    assert_eq!(desk.begun.all().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_run_by_hand_that_was_refused_says_so_though_the_answer_was_lost() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    one.add_job("work", every(PERIOD)).id("a").await.unwrap();
    pass(PERIOD).await;
    way.next(StoreCall::Claim, Fault::LostAnswer);
    let error = one.run_job("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    let skipped = RunState::Ended(Outcome::Skipped(SkipReason::MaxInstances));
    assert_eq!(desk.states().await, [RunState::Running, skipped]);
}

#[tokio::test(start_paused = true)]
async fn a_run_by_hand_that_is_forgotten_before_its_number_is_known_was_accepted() {
    let store = MemoryStore::with_ledger(LedgerLimits::new(1, 1));
    let desk = Desk {
        store,
        ..Desk::default()
    };
    let ((one, way), (two, _)) = (desk.node("one").await, desk.node("two").await);
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.overlap(Overlap::queue(1)).await.unwrap();
    pass(PERIOD).await;
    way.next(StoreCall::Claim, Fault::LostAnswer);
    way.set(StoreCall::OpenRuns, Fault::Held);
    let asked = tokio::spawn(one.run_job("a").into_future());
    pass(5).await;
    let runs = desk.store.runs(RunFilter::default()).await.unwrap();
    let waiting = runs.iter().find(|run| run.state == RunState::Queued);
    two.cancel_run(waiting.unwrap().id).await.unwrap();
    // Of the ended runs the ledger keeps one only.
    two.run_job("a").await.unwrap();
    two.run_job("a").await.unwrap_err();
    way.mend(StoreCall::OpenRuns);
    let error = asked.await.unwrap().map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AnswerLost, "{error}");
    assert!(error.is_uncertain());
}

#[tokio::test(start_paused = true)]
async fn what_comes_too_late_through_an_outage_is_missed_and_not_run() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.misfire_grace_time(seconds(3)).await.unwrap();
    pass(PERIOD - 1).await;
    way.set(StoreCall::ALL, Fault::Failed);
    pass(20).await;
    way.mend(StoreCall::ALL);
    pass(20).await;
    let missed = RunState::Ended(Outcome::Missed(MissReason::Grace));
    assert_eq!(desk.states().await, [missed]);
    assert!(desk.begun.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_takeover_whose_answer_is_lost_is_found() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    let job = job.on_lost(OnLost::rerun(1));
    job.coalesce(Coalesce::Latest).await.unwrap();
    pass(PERIOD).await;
    let (_two, other) = desk.node("two").await;
    pass(1).await;
    way.set(StoreCall::ALL, Fault::Held);
    other.next(StoreCall::Recover, Fault::LostAnswer);
    pass(16).await;
    desk.go.notify_waiters();
    let begun = desk.begun.all();
    assert_eq!(
        begun.iter().map(|(node, _)| *node).collect::<Vec<_>>(),
        ["one", "two"]
    );
    pass(1).await;
    assert_eq!(desk.states().await, [SUCCEEDED]);
}

#[tokio::test(start_paused = true)]
async fn runs_by_hand_that_are_asked_for_together_are_each_told_their_own_answer() {
    let desk = Desk::default();
    let ((one, _), (two, _)) = (desk.node("one").await, desk.node("two").await);
    for id in ["busy", "free"] {
        one.add_job("work", every(PERIOD)).id(id).await.unwrap();
    }
    one.run_job("busy").await.unwrap();
    let (busy, free) = tokio::join!(two.run_job("busy"), two.run_job("free"));
    assert!(busy.is_err(), "{busy:?}");
    let runs = desk.store.runs(RunFilter::default()).await.unwrap();
    let run = runs.iter().find(|run| run.job.as_str() == "free");
    assert_eq!(free.unwrap().id(), run.unwrap().id);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_cannot_be_read_does_not_hold_up_what_was_taken_over_unheard() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    for id in ["bad", "good"] {
        let job = one.add_job("work", every(PERIOD)).id(id);
        job.on_lost(OnLost::rerun(1)).await.unwrap();
    }
    pass(PERIOD).await;
    let (_two, other) = desk.node("two").await;
    pass(1).await;
    way.set(StoreCall::ALL, Fault::Held);
    // Those of the recovery, of what is due, and of the claim that hands the runs out.
    other.next(StoreCall::Recover, Fault::LostAnswer);
    for _ in 0..5 {
        other.next(StoreCall::Claim, Fault::LostAnswer);
    }
    other.damage("bad");
    pass(20).await;
    let begun = desk.begun.all().into_iter().map(|(node, _)| node);
    assert_eq!(begun.collect::<Vec<_>>(), ["one", "one", "two"]);
    assert!(desk.states().await.contains(&LOST));
}

/// A scheduler whose runs fail when they are let go.
async fn failing(desk: &Desk) -> (Scheduler, Faults) {
    let (way, faults) = way_to(&desk.store);
    let body = desk.clone();
    let fail = move |context: JobContext| {
        let desk = body.clone();
        async move {
            desk.begun.push(("one", context.fencing_token()));
            desk.go.notified().await;
            Err::<(), _>("bad luck")
        }
    };
    let one = Scheduler::builder().store("default", way);
    let one = one.node("one").task("work", fail).build().unwrap();
    one.start().await.unwrap();
    (one, faults)
}

/// The request that tells of its attempt is sent again when the next one is due.
#[tokio::test(start_paused = true)]
async fn a_retry_does_not_begin_on_a_node_that_was_paused_during_an_outage() {
    let desk = Desk::default();
    let (one, faults) = failing(&desk).await;
    let retry = Retry::attempts(2)
        .backoff(seconds(60))
        .cap(seconds(60))
        .build()
        .unwrap();
    let job = one.add_job("work", every(PERIOD)).id("a").retry(retry);
    job.await.unwrap();
    one.run_job("a").await.unwrap();
    pass(1).await;
    faults.set([StoreCall::Claim], Fault::Failed);
    desk.go.notify_one();
    pass(10).await;
    one.pause().await.unwrap();
    pass(70).await;
    faults.mend([StoreCall::Claim]);
    pass(30).await;
    assert_eq!(desk.begun.all().len(), 1);
    one.resume().await.unwrap();
    pass(5).await;
    assert_eq!(desk.begun.all().len(), 2);
}

/// The request that tells of its attempt was made before that, and is sent again.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_during_an_outage_ends_after_that() {
    let desk = Desk::default();
    let (one, faults) = failing(&desk).await;
    let (two, _) = desk.node("two").await;
    let retry = Retry::attempts(2)
        .backoff(seconds(PERIOD))
        .cap(seconds(PERIOD))
        .build()
        .unwrap();
    let job = one.add_job("work", every(PERIOD)).id("a").retry(retry);
    job.await.unwrap();
    let run = one.run_job("a").await.unwrap();
    pass(1).await;
    faults.set([StoreCall::Claim], Fault::Failed);
    desk.go.notify_one();
    pass(20).await;
    two.cancel_run(&run).await.unwrap();
    faults.mend([StoreCall::Claim]);
    pass(10).await;
    let runs = desk.store.runs(RunFilter::default()).await.unwrap();
    let cancelled = RunState::Ended(Outcome::Cancelled(CancelReason::User));
    assert_eq!(runs[0].state, cancelled);
    let took = runs[0].finished.unwrap() - runs[0].started.unwrap();
    assert!(took.num_seconds() >= 20, "{took}");
}

/// Nothing of it has begun, so it ends as what waits does when its job is removed.
#[tokio::test(start_paused = true)]
async fn a_run_whose_job_is_removed_before_its_node_hears_of_it_is_cancelled() {
    let desk = Desk::default();
    let ((one, way), (two, _)) = (desk.node("one").await, desk.node("two").await);
    two.pause().await.unwrap();
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.overlap(Overlap::queue(9)).await.unwrap();
    one.run_job("a").await.unwrap();
    one.run_job("a").await.unwrap();
    pass(1).await;
    assert_eq!(desk.begun.all().len(), 1);
    let ended = Log::default();
    let heard = ended.clone();
    let listener = move |event: Arc<punctual_tokio::Event>| {
        if let EventKind::JobError(run) = &event.kind {
            heard.push(run.outcome);
        }
    };
    one.add_listener(EventMask::JOB_ERROR, listener).unwrap();
    way.set([StoreCall::Get], Fault::Held);
    way.next([StoreCall::Claim], Fault::LostAnswer);
    desk.go.notify_one();
    pass(3).await;
    two.remove_job("a").await.unwrap();
    way.mend([StoreCall::Get]);
    pass(3).await;
    let cancelled = Outcome::Cancelled(CancelReason::User);
    assert_eq!(desk.states().await, [SUCCEEDED, RunState::Ended(cancelled)]);
    assert_eq!(ended.all(), [cancelled], "and is told as it is recorded");
    assert_eq!(desk.begun.all().len(), 1);
}
