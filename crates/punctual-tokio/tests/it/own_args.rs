//! Runs by hand with other arguments than their job, and another overlap policy.

use std::time::Duration;

use punctual_core::{
    CancelReason, ErrorKind, OnLost, Origin, Outcome, Overlap, Retry, Run, RunState, SkipReason,
};
use punctual_store::limits::MAX_JOB_BYTES;
use punctual_store::testing::{Fault, Faults, StoreCall};
use punctual_tokio::{Args, JobContext, MemoryStore, Output, Scheduler};
use tokio::time::sleep;

use crate::support::{every, pass, runs, seconds};
use crate::ways::way_to;

/// Works for ten seconds, and returns its argument.
async fn echo(Args((name,)): Args<(String,)>) -> Output<String> {
    sleep(seconds(10)).await;
    Output(name)
}

/// Fails at its first attempt.
async fn fails_once(
    Args((name,)): Args<(String,)>,
    context: JobContext,
) -> Result<Output<String>, &'static str> {
    if context.attempt() == 1 {
        return Err("bad luck");
    }
    Ok(Output(name))
}

async fn node(name: &str, store: &MemoryStore) -> (Scheduler, Faults) {
    let (way, faults) = way_to(store);
    let builder = Scheduler::builder().node(name).store("default", way);
    let builder = builder.task("echo", echo).task("fails_once", fails_once);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    (scheduler, faults)
}

async fn alone() -> Scheduler {
    node("one", &MemoryStore::new()).await.0
}

fn result(run: &Run) -> Option<String> {
    run.result_as().unwrap()
}

async fn only_by_hand(scheduler: &Scheduler) -> Run {
    let all = runs(scheduler, "a").await.into_iter();
    let mut by_hand = all.filter(|run| run.origin() == Origin::Manual);
    let run = by_hand.next().unwrap();
    assert!(by_hand.next().is_none(), "one was asked for");
    run
}

#[tokio::test(start_paused = true)]
async fn a_run_by_hand_has_its_own_arguments_and_the_job_keeps_those_it_has() {
    let scheduler = alone().await;
    let job = scheduler.add_job("echo", every(3_600)).id("a");
    let job = job.args(("Ada",)).await.unwrap();
    let run = job.run().args(("Bob",)).await.unwrap();
    let own = serde_json::json!(["Bob"]);
    let open = run.get().await.unwrap();
    assert_eq!(
        (open.state, &open.args),
        (RunState::Running, &Some(own.clone()))
    );
    let ended = run.wait().await.unwrap();
    assert_eq!(result(&ended).as_deref(), Some("Bob"));
    assert_eq!(ended.args, Some(own));
    let plain = job.run().await.unwrap().wait().await.unwrap();
    assert_eq!(result(&plain).as_deref(), Some("Ada"));
    assert!(!plain.has_own_args());
    let stored = job.get().await.unwrap().unwrap();
    assert_eq!(stored.args_json(), r#"["Ada"]"#);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_has_its_own_arguments_on_the_node_that_begins_it() {
    let store = MemoryStore::new();
    let (one, _) = node("one", &store).await;
    let job = one.add_job("echo", every(3_600)).id("a").args(("Ada",));
    job.overlap(Overlap::queue(2)).await.unwrap();
    one.run_job("a").await.unwrap();
    let run = one.run_job("a").args(("Bob",)).await.unwrap();
    assert_eq!(run.get().await.unwrap().state, RunState::Queued);
    let (two, _) = node("two", &store).await;
    one.shutdown().await.unwrap();
    let ended = two.run(run.id()).await.unwrap().wait().await.unwrap();
    assert_eq!(result(&ended).as_deref(), Some("Bob"));
    assert_eq!(ended.node.as_deref(), Some("two"));
    assert!(ended.has_own_args());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_has_its_own_arguments_after_a_restart() {
    let store = MemoryStore::new();
    let (before, _) = node("one", &store).await;
    let job = before.add_job("echo", every(3_600)).id("a").args(("Ada",));
    job.overlap(Overlap::queue(2)).await.unwrap();
    before.run_job("a").await.unwrap();
    let run = before.run_job("a").args(("Bob",)).await.unwrap().id();
    before.shutdown().await.unwrap();
    drop(before);
    let (after, _) = node("one", &store).await;
    let ended = after.run(run).await.unwrap().wait().await.unwrap();
    assert_eq!(result(&ended).as_deref(), Some("Bob"));
}

#[tokio::test(start_paused = true)]
async fn the_next_attempt_has_the_same_arguments() {
    let scheduler = alone().await;
    let retry = Retry::attempts(2).backoff(seconds(1)).build().unwrap();
    let job = scheduler.add_job("fails_once", every(3_600)).id("a");
    job.args(("Ada",)).retry(retry).await.unwrap();
    let run = scheduler.run_job("a").args(("Bob",)).await.unwrap();
    let ended = run.wait().await.unwrap();
    assert_eq!(
        (result(&ended).as_deref(), ended.attempts),
        (Some("Bob"), 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_of_a_dead_node_begins_again_with_the_same_arguments() {
    let store = MemoryStore::new();
    let (one, way) = node("one", &store).await;
    let job = one.add_job("echo", every(3_600)).id("a").args(("Ada",));
    job.on_lost(OnLost::rerun(1)).await.unwrap();
    let run = one.run_job("a").args(("Bob",)).await.unwrap();
    way.set(StoreCall::ALL, Fault::Held);
    let (two, _) = node("two", &store).await;
    let ended = two.run(run.id()).await.unwrap().wait().await.unwrap();
    assert_eq!(result(&ended).as_deref(), Some("Bob"));
    assert_eq!(ended.node.as_deref(), Some("two"));
}

#[tokio::test(start_paused = true)]
async fn arguments_of_a_run_are_refused_as_those_of_a_job_are() {
    let scheduler = alone().await;
    let job = scheduler.add_job("echo", every(3_600)).id("a");
    job.args(("Ada",)).await.unwrap();
    let job = || scheduler.add_job("echo", every(3_600)).id("b");
    let run = || scheduler.run_job("a");
    let long = "x".repeat(MAX_JOB_BYTES);
    for (of_job, of_run) in [
        (job().args((7,)).await, run().args((7,)).await),
        (job().args(()).await, run().args(()).await),
        (job().args(f64::NAN).await, run().args(f64::NAN).await),
    ] {
        let (of_job, of_run) = (of_job.unwrap_err(), of_run.unwrap_err());
        assert_eq!(of_job.to_string(), of_run.to_string());
        assert_eq!(of_job.kind(), of_run.kind());
        assert!(of_run.to_string().starts_with("args"), "{of_run}");
    }
    let of_job = job().args((&long,)).await.unwrap_err();
    let of_run = run().args((&long,)).await.unwrap_err();
    assert_eq!(of_run.kind(), of_job.kind());
    let (of_job, of_run) = (of_job.to_string(), of_run.to_string());
    assert_eq!(of_job.replace("`b`", "`a`"), of_run);
    assert!(
        runs(&scheduler, "a").await.is_empty(),
        "nothing is recorded"
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_waits_by_its_own_policy_although_its_job_skips() {
    let scheduler = alone().await;
    let job = scheduler.add_job("echo", every(3_600)).id("a");
    let job = job.args(("Ada",)).await.unwrap();
    job.run().await.unwrap();
    let run = job.run().args(("Bob",)).overlap(Overlap::queue(1));
    let run = run.await.unwrap();
    assert_eq!(run.get().await.unwrap().state, RunState::Queued);
    let full = job.run().overlap(Overlap::queue(1)).await.unwrap_err();
    assert_eq!(full.kind(), ErrorKind::Busy);
    assert!(full.to_string().contains("queue is full"), "{full}");
    let ended = run.wait().await.unwrap();
    assert_eq!(result(&ended).as_deref(), Some("Bob"));
}

#[tokio::test(start_paused = true)]
async fn a_run_replaces_the_one_under_way_by_its_own_policy() {
    let scheduler = alone().await;
    let job = scheduler.add_job("echo", every(3_600)).id("a");
    let job = job.args(("Ada",)).await.unwrap();
    let old = job.run().await.unwrap();
    let new = job.run().overlap(Overlap::CancelRunning).await.unwrap();
    assert_eq!(
        new.wait().await.unwrap().outcome(),
        Some(Outcome::Succeeded)
    );
    let replaced = Outcome::Cancelled(CancelReason::Replaced);
    assert_eq!(old.wait().await.unwrap().outcome(), Some(replaced));
}

/// A caller that would rather hear no than wait.
#[tokio::test(start_paused = true)]
async fn a_run_is_skipped_by_its_own_policy_and_its_entry_shows_its_arguments() {
    let scheduler = alone().await;
    let job = scheduler.add_job("echo", every(3_600)).id("a");
    let job = job.args(("Ada",)).overlap(Overlap::queue(9));
    let job = job.next_run_time(scheduler.now()).await.unwrap();
    pass(1).await;
    let busy = job.run().args(("Bob",)).overlap(Overlap::Skip);
    assert_eq!(busy.await.unwrap_err().kind(), ErrorKind::Busy);
    let skipped = only_by_hand(&scheduler).await;
    let reason = Outcome::Skipped(SkipReason::MaxInstances);
    assert_eq!(skipped.outcome(), Some(reason));
    assert_eq!(skipped.args, Some(serde_json::json!(["Bob"])));
}

#[tokio::test(start_paused = true)]
async fn a_queue_without_a_place_is_refused_as_that_of_a_job_is() {
    let scheduler = alone().await;
    let job = scheduler.add_job("echo", every(3_600)).id("a");
    let job = job.args(("Ada",)).await.unwrap();
    let refused = job.run().overlap(Overlap::queue(0)).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "overlap: `queue(0)` lets nothing wait; write `skip` instead"
    );
    sleep(Duration::from_secs(1)).await;
    assert!(runs(&scheduler, "a").await.is_empty());
}
