//! Every attempt has its own time, and its own end.

use chrono::TimeDelta;
use punctual_core::{CancelReason, Coalesce, Outcome, Retry};
use punctual_tokio::{Executor, JobContext, Output, Scheduler};
use tokio::task::LocalSet;
use tokio::time::sleep;

use crate::support::{Counter, every, ledger, pass, runs, seconds, started};

const SUCCEEDED: (Outcome, u64) = (Outcome::Succeeded, 1);
const TIMED_OUT: (Outcome, u64) = (Outcome::TimedOut, 1);

/// Works for so long, and gives up when it is told to.
async fn works_for(context: JobContext, time: u64) -> Result<(), &'static str> {
    tokio::select! {
        () = sleep(seconds(time)) => Ok(()),
        () = context.cancelled() => Err("was told to end"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_an_attempt_is_not_counted_from_the_one_before() {
    let scheduler = started().await;
    let body = |context: JobContext| async move {
        let is_first = context.attempt() == 1;
        sleep(std::time::Duration::from_millis(8_500)).await;
        if is_first { Err("not yet") } else { Ok(()) }
    };
    let job = scheduler.add_job(body, every(600)).id("flaky");
    let job = job.timeout(seconds(10)).run_at_start();
    let retry = Retry::attempts(2)
        .backoff(seconds(1))
        .cap(seconds(1))
        .build()
        .unwrap();
    job.retry(retry).await.unwrap();
    pass(30).await;
    assert_eq!(ledger(&scheduler, "flaky").await, [SUCCEEDED]);
    assert_eq!(runs(&scheduler, "flaky").await[0].attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_not_aborted_for_the_one_before() {
    let scheduler = started().await;
    let body = |context: JobContext| async move {
        let time = if context.attempt() == 1 { 60 } else { 8 };
        works_for(context, time).await
    };
    let job = scheduler.add_job(body, every(600)).id("polite");
    let job = job.timeout(seconds(10)).run_at_start();
    let retry = Retry::attempts(2)
        .backoff(seconds(1))
        .cap(seconds(1))
        .build()
        .unwrap();
    job.retry(retry).await.unwrap();
    pass(30).await;
    assert_eq!(ledger(&scheduler, "polite").await, [SUCCEEDED]);
    assert_eq!(runs(&scheduler, "polite").await[0].attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_fire_time_of_an_instance_is_not_aborted_for_the_one_before() {
    let scheduler = started().await;
    let counter = Counter::default();
    let body = move |context: JobContext| {
        counter.enter();
        let time = if counter.all() == 1 { 60 } else { 8 };
        works_for(context, time)
    };
    let since = scheduler.now() - TimeDelta::seconds(1_200);
    let job = scheduler.add_job(body, every(600).start(since));
    let job = job.id("all").next_run_time(since).timeout(seconds(10));
    let job = job.coalesce(Coalesce::all(3));
    job.await.unwrap();
    pass(60).await;
    let expected = [TIMED_OUT, SUCCEEDED, SUCCEEDED];
    assert_eq!(ledger(&scheduler, "all").await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_thread_has_ended_has_failed_for_that_reason() {
    let set = LocalSet::new();
    let scheduler = started().await;
    let executor = Executor::local_set(&set);
    scheduler.add_executor("set", executor).await.unwrap();
    let job = scheduler.add_job(|| sleep(seconds(60)), every(600));
    let job = job.id("local").executor("set").run_at_start();
    job.await.unwrap();
    set.run_until(pass(1)).await;
    drop(set);
    pass(1).await;
    assert_eq!(ledger(&scheduler, "local").await, [(Outcome::Failed, 1)]);
    let run = runs(&scheduler, "local").await.remove(0);
    let error = run.error.unwrap_or_default();
    assert!(error.contains("executor is gone"), "{error}");
}

/// A scheduler with jobs that are told to end, and end a second later: one with a result, one
/// with an error.
async fn told_to_end() -> Scheduler {
    let scheduler = started().await;
    let ends_well = |context: JobContext| async move {
        context.cancelled().await;
        sleep(seconds(1)).await;
        Output("transferred")
    };
    let ends_badly = |context: JobContext| async move {
        context.cancelled().await;
        sleep(seconds(1)).await;
        Err::<(), _>("half of it")
    };
    for (id, job) in [
        ("well", scheduler.add_job(ends_well, every(600))),
        ("badly", scheduler.add_job(ends_badly, every(600))),
    ] {
        let job = job.id(id).timeout(seconds(10)).run_at_start();
        job.await.unwrap();
    }
    pass(2).await;
    scheduler
}

/// How the two have ended, with the result of the one and the error of the other.
async fn ends(scheduler: &Scheduler) -> [(Option<Outcome>, Option<String>); 2] {
    let well = runs(scheduler, "well").await.remove(0);
    let badly = runs(scheduler, "badly").await.remove(0);
    [
        (
            well.state.outcome(),
            well.result.map(|result| result.to_string()),
        ),
        (badly.state.outcome(), badly.error),
    ]
}

fn expected(told: Outcome) -> [(Option<Outcome>, Option<String>); 2] {
    [
        (Some(Outcome::Succeeded), Some("\"transferred\"".to_owned())),
        (Some(told), Some("half of it".to_owned())),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_ends_well_after_its_time_has_succeeded_and_its_result_is_kept() {
    let scheduler = told_to_end().await;
    pass(20).await;
    assert_eq!(ends(&scheduler).await, expected(Outcome::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn what_ends_well_after_it_was_cancelled_has_succeeded_and_its_result_is_kept() {
    let scheduler = told_to_end().await;
    for run in scheduler.running().await.unwrap() {
        scheduler.cancel_run(run.run).await.unwrap();
    }
    pass(2).await;
    let told = Outcome::Cancelled(CancelReason::User);
    assert_eq!(ends(&scheduler).await, expected(told));
}

#[tokio::test(start_paused = true)]
async fn what_ends_well_in_a_shutdown_has_succeeded_and_its_result_is_kept() {
    let scheduler = told_to_end().await;
    scheduler.shutdown().within(seconds(5)).await.unwrap();
    let told = Outcome::Cancelled(CancelReason::Shutdown);
    assert_eq!(ends(&scheduler).await, expected(told));
}

#[tokio::test(start_paused = true)]
async fn of_an_instance_that_is_cancelled_nothing_follows_what_ends_well() {
    let scheduler = started().await;
    let body = |context: JobContext| async move { context.cancelled().await };
    let since = scheduler.now() - TimeDelta::seconds(1_200);
    let job = scheduler.add_job(body, every(600).start(since));
    let job = job.id("all").next_run_time(since);
    let job = job.coalesce(Coalesce::all(3));
    job.await.unwrap();
    pass(1).await;
    let first = scheduler.running().await.unwrap()[0].run;
    scheduler.cancel_run(first).await.unwrap();
    pass(1).await;
    let cancelled = (Outcome::Cancelled(CancelReason::User), 1);
    let expected = [SUCCEEDED, cancelled, cancelled];
    assert_eq!(ledger(&scheduler, "all").await, expected);
}
