//! Runs in workers.

use std::time::Duration;

use punctual_core::{CancelReason, Interval, Outcome, Retry, Run};
use punctual_tokio::{Executor, NewJob, Scheduler};
use rustix::process::{Pid, Signal, getpgid, kill_process, test_kill_process};

use crate::jobs;

pub(crate) async fn scheduler() -> Scheduler {
    let scheduler = Scheduler::builder()
        .state(jobs::Greeting("never used here"))
        .task("add", jobs::add)
        .task("greet", jobs::greet)
        .task("where", jobs::whereabouts)
        .task("rubbish", jobs::rubbish)
        .task("crash", jobs::crash)
        .task("hang", jobs::hang)
        .task("wait", jobs::wait)
        .task("only.here", || async {})
        .task("uses.scheduler", async |_: Scheduler| {})
        .executor("workers", Executor::process(1))
        .build()
        .unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

/// A job in a worker that runs only when it is asked to.
pub(crate) fn job(task: &str) -> NewJob {
    let trigger = Interval::every(Duration::from_secs(86_400));
    NewJob::new(task, trigger).id(task).executor("workers")
}

pub(crate) async fn add(scheduler: &Scheduler, job: NewJob) {
    for added in scheduler.add_jobs([job]).await.unwrap() {
        added.unwrap();
    }
}

/// Runs a job and waits for its end.
async fn run(scheduler: &Scheduler, id: &str) -> Run {
    scheduler.run_job(id).await.unwrap().wait().await.unwrap()
}

fn outcome(run: &Run) -> Outcome {
    run.state.outcome().unwrap()
}

pub(crate) async fn pid(scheduler: &Scheduler) -> Pid {
    let run = run(scheduler, "where").await;
    let pid = run.result.unwrap().as_i64().unwrap();
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

pub(crate) async fn results() {
    let scheduler = scheduler().await;
    add(&scheduler, job("add").args((40, 2))).await;
    let soon = Duration::from_millis(1);
    let retry = Retry::attempts(2).backoff(soon).cap(soon).build().unwrap();
    add(&scheduler, job("greet").retry(retry)).await;
    assert_eq!(run(&scheduler, "add").await.result.unwrap(), 42);
    let greeted = run(&scheduler, "greet").await;
    assert_eq!(greeted.result.unwrap(), "hello greet 2");
    assert_eq!(greeted.attempts, 2);
}

pub(crate) async fn reuse() {
    let scheduler = scheduler().await;
    add(&scheduler, job("where")).await;
    let first = pid(&scheduler).await;
    assert_ne!(
        first.as_raw_nonzero().get().cast_unsigned(),
        std::process::id()
    );
    assert_eq!(pid(&scheduler).await, first);
}

pub(crate) async fn crash() {
    let scheduler = scheduler().await;
    add(&scheduler, job("crash")).await;
    add(&scheduler, job("where")).await;
    let before = pid(&scheduler).await;
    let crashed = run(&scheduler, "crash").await;
    assert_eq!(outcome(&crashed), Outcome::Failed);
    let error = crashed.error.unwrap();
    assert!(error.contains("the worker process ended"), "{error}");
    assert!(error.contains("signal: 6"), "{error}");
    assert_ne!(pid(&scheduler).await, before);
}

pub(crate) async fn killed() {
    let scheduler = scheduler().await;
    add(&scheduler, job("where")).await;
    let before = pid(&scheduler).await;
    kill_process(before, Signal::KILL).unwrap();
    assert_ne!(pid(&scheduler).await, before);
}

pub(crate) async fn rubbish() {
    let scheduler = scheduler().await;
    add(&scheduler, job("rubbish")).await;
    add(&scheduler, job("where")).await;
    let before = pid(&scheduler).await;
    assert_eq!(run(&scheduler, "rubbish").await.result.unwrap(), "fine");
    assert_eq!(pid(&scheduler).await, before);
}

pub(crate) async fn cancelled() {
    let scheduler = scheduler().await;
    add(&scheduler, job("wait")).await;
    add(&scheduler, job("where")).await;
    let before = pid(&scheduler).await;
    let run = scheduler.run_job("wait").await.unwrap();
    scheduler.cancel_run(&run).await.unwrap();
    let run = run.wait().await.unwrap();
    assert_eq!(outcome(&run), Outcome::Cancelled(CancelReason::User));
    assert_eq!(pid(&scheduler).await, before, "it ended when it was told");
}

/// Ctrl-c in a terminal, or a service manager that asks all processes to end: the scheduler lets
/// its runs end, and they are in the workers.
pub(crate) async fn signalled() {
    let scheduler = scheduler().await;
    add(&scheduler, job("wait")).await;
    add(&scheduler, job("where")).await;
    let worker = pid(&scheduler).await;
    assert_ne!(getpgid(Some(worker)).unwrap(), getpgid(None).unwrap());
    let run = scheduler.run_job("wait").await.unwrap();
    for signal in [Signal::INT, Signal::TERM] {
        kill_process(worker, signal).unwrap();
    }
    scheduler.cancel_run(&run).await.unwrap();
    let run = run.wait().await.unwrap();
    assert_eq!(outcome(&run), Outcome::Cancelled(CancelReason::User));
    assert_eq!(pid(&scheduler).await, worker);
}

pub(crate) async fn hanging() {
    let scheduler = scheduler().await;
    add(&scheduler, job("hang")).await;
    add(&scheduler, job("where")).await;
    let worker = pid(&scheduler).await;
    let run = scheduler.run_job("hang").await.unwrap();
    let report = scheduler.shutdown().immediately().await.unwrap();
    assert_eq!(report.cancelled.len(), 1);
    assert_eq!(report.cancelled[0].run, run.id());
    assert!(report.abandoned.is_empty());
    // Killed and not yet reaped, or gone.
    while test_kill_process(worker).is_ok() {
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn unknown() {
    let scheduler = scheduler().await;
    add(&scheduler, job("only.here")).await;
    let run = run(&scheduler, "only.here").await;
    let error = run.error.unwrap();
    assert!(error.contains("knows no task `only.here`"), "{error}");
    assert!(error.contains("process::Worker"), "{error}");
}

pub(crate) async fn without_a_scheduler() {
    let scheduler = scheduler().await;
    let every = || Interval::every(Duration::from_secs(86_400));
    let job = scheduler.add_job("uses.scheduler", every());
    let refused = job.executor("workers").await.unwrap_err();
    assert_eq!(refused.field(), Some("executor"), "{refused}");
    let text = refused.to_string();
    assert!(text.contains("has no scheduler"), "{text}");
    let job = scheduler.add_job("uses.scheduler", every()).id("here");
    job.await.unwrap();
    let moved = scheduler.modify_job("here").executor("workers").await;
    assert_eq!(moved.unwrap_err().to_string(), text);
}

pub(crate) async fn anonymous() {
    let scheduler = scheduler().await;
    let refused = scheduler
        .add_job(|| async {}, Interval::every(Duration::from_secs(1)))
        .executor("workers")
        .await
        .unwrap_err();
    assert!(refused.to_string().contains(".task(\"name\""), "{refused}");
}
