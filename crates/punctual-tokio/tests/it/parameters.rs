//! Parameters that come from the scheduler: arguments, the scheduler itself, and the end of a run.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use punctual_tokio::{
    Args, Cancelled, Error, ErrorKind, Executor, JobContext, Output, Program, Scheduler, State,
};
use serde::Serialize;

use crate::support::{Log, every, pass, runs, started};

/// The result of a run with these arguments, or the error of `add_job`.
async fn result<M>(
    task: impl punctual_tokio::IntoTask<M>,
    args: impl Serialize,
) -> Result<String, Error> {
    let scheduler = started().await;
    let job = scheduler.add_job(task, every(100)).id("a").args(args);
    job.await?;
    scheduler.run_job("a").await?;
    pass(0).await;
    let run = runs(&scheduler, "a").await.swap_remove(0);
    Ok(run.result.unwrap_or_default().to_string())
}

#[tokio::test(start_paused = true)]
async fn the_only_argument_needs_no_tuple() {
    async fn one(Args(name): Args<String>) -> Output<String> {
        Output(name)
    }
    async fn tuple(Args((name,)): Args<(String,)>) -> Output<String> {
        Output(name)
    }
    async fn list(Args(names): Args<Vec<String>>) -> Output<usize> {
        Output(names.len())
    }
    async fn maybe(Args(number): Args<Option<u32>>) -> Output<Option<u32>> {
        Output(number)
    }
    assert_eq!(result(one, "ada").await.unwrap(), "\"ada\"");
    assert_eq!(result(one, ("ada",)).await.unwrap(), "\"ada\"");
    assert_eq!(result(tuple, ("ada",)).await.unwrap(), "\"ada\"");
    assert_eq!(result(list, ["ada"]).await.unwrap(), "1");
    assert_eq!(result(list, (["ada", "bob"],)).await.unwrap(), "2");
    assert_eq!(result(maybe, (7,)).await.unwrap(), "7");
    for (error, text) in [
        (
            result(one, ("ada", "bob")).await,
            "args: do not fit `Args<String>`: invalid type: sequence, expected a string; given: [\"ada\",\"bob\"]",
        ),
        (
            result(one, (7,)).await,
            "args: do not fit `Args<String>`: invalid type: integer `7`, expected a string; given: [7]",
        ),
        (
            result(list, [7]).await,
            "args: do not fit `Args<Vec<String>>`: invalid type: integer `7`, expected a string; given: [7]",
        ),
        (
            result(one, ()).await,
            "args: none were given, but the task takes `Args<String>`; give them with `.args(..)`, or with `args(..)` in the attribute",
        ),
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), text);
        assert_eq!(error.field(), Some("args"));
    }
}

/// Adds another job and ends, or waits for ever with the handle in its hands.
async fn add_next(scheduler: Scheduler, State(held): State<Arc<()>>) -> Result<(), Error> {
    scheduler
        .add_job(
            async |_: Scheduler| std::future::pending::<()>().await,
            every(1),
        )
        .id("waits")
        .await?;
    drop(held);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_scheduler_is_a_parameter_that_keeps_nothing_after_a_shutdown() {
    let held = Arc::new(());
    let builder = Scheduler::builder().state(Arc::clone(&held));
    let scheduler = builder.build().unwrap();
    let weak = scheduler.downgrade();
    scheduler.start().await.unwrap();
    let job = scheduler.add_job(add_next, every(100)).id("adds");
    job.run_at_start().await.unwrap();
    pass(3).await;
    assert_eq!(runs(&scheduler, "adds").await[0].error, None);
    assert_eq!(scheduler.running().await.unwrap().len(), 1);
    let error = scheduler.modify_job("waits").args((1,)).await.unwrap_err();
    assert!(error.to_string().contains("takes no arguments"), "{error}");
    scheduler.shutdown().await.unwrap();
    assert!(Arc::strong_count(&held) > 1);
    drop(scheduler);
    pass(1).await;
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(weak.upgrade().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_run_can_be_handed_to_tasks_of_the_job() {
    let scheduler = started().await;
    let ended = Log::default();
    let heard = ended.clone();
    let body = move |context: JobContext| {
        let heard = heard.clone();
        async move {
            let mut cancelled: Cancelled = context.cancelled();
            let (other, heard_by_other) = (cancelled.clone(), heard.clone());
            let other = tokio::spawn(async move {
                other.await;
                heard_by_other.push("task");
            });
            let early = tokio::time::timeout(Duration::from_secs(1), &mut cancelled).await;
            assert!(early.is_err());
            drop(context);
            (&mut cancelled).await;
            // It may be awaited again.
            cancelled.await;
            other.await.unwrap();
            heard.push("job");
            Err::<(), _>("cancelled")
        }
    };
    let job = scheduler.add_job(body, every(100)).id("a");
    job.await.unwrap();
    let run = scheduler.run_job("a").await.unwrap();
    pass(5).await;
    assert!(ended.all().is_empty());
    scheduler.cancel_run(run).await.unwrap();
    pass(0).await;
    assert_eq!(ended.all(), ["task", "job"]);
}

#[cfg(feature = "with-tokio-util-0_7")]
#[tokio::test(start_paused = true)]
async fn the_token_of_a_run_is_cancelled_with_it() {
    let scheduler = started().await;
    let body = |context: JobContext| async move {
        context.cancellation_token().cancelled().await;
        Err::<(), _>("told by the token")
    };
    scheduler.add_job(body, every(100)).id("a").await.unwrap();
    let run = scheduler.run_job("a").await.unwrap();
    pass(5).await;
    scheduler.cancel_run(run).await.unwrap();
    pass(0).await;
    let run = runs(&scheduler, "a").await.swap_remove(0);
    assert_eq!(run.error.as_deref(), Some("told by the token"));
}

#[tokio::test(start_paused = true)]
async fn errors_name_their_field_and_the_fix() {
    #[derive(Clone)]
    struct Mailer;
    let builder = Scheduler::builder().executor("command", Executor::command(1));
    let scheduler = builder.build().unwrap();
    let task = scheduler.add_job("mail.send", every(1)).await;
    let swapped = scheduler.add_job("* * * * *", every(1)).await;
    let state = scheduler
        .add_job(async |_: State<Mailer>| {}, every(1))
        .await;
    let nameless = scheduler.add_job(Program::new(""), every(1)).await;
    let executor = Scheduler::builder().executor("disk", Executor::blocking(0));
    let executor = executor.build().map(drop);
    for (error, field, part) in [
        (
            task.map(drop),
            "task",
            "`mail.send` is not registered; register it",
        ),
        (
            swapped.map(drop),
            "task",
            "`* * * * *` is not registered; it reads as a trigger: are task and trigger swapped?",
        ),
        (state.map(drop), "state", "add `.state(..)`"),
        (nameless.map(drop), "program", "the name is empty; write"),
        (executor, "executor", "the limit of `disk` is 0"),
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.field(), Some(field), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_job_is_told_with_a_near_one() {
    let scheduler = started().await;
    for id in ["report", "backup"] {
        let job = scheduler.add_job(async || {}, every(100)).id(id);
        job.await.unwrap();
    }
    for error in [
        scheduler.run_job("reprot").await.map(drop),
        scheduler.pause_job("reprot").await,
        scheduler.remove_job("reprot").await,
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let text = "there is no job `reprot`; did you mean `report`?";
        assert_eq!(error.to_string(), text);
    }
    let error = scheduler.remove_job("cleanup").await.unwrap_err();
    assert_eq!(error.to_string(), "there is no job `cleanup`");
}

#[test]
fn a_start_without_a_runtime_says_what_to_write() {
    let scheduler = Scheduler::builder().build().unwrap();
    let start = async { scheduler.start().await };
    let error = start.now_or_never().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoRuntime);
    assert!(error.to_string().contains("`#[tokio::main]`"), "{error}");
    let error = scheduler.add_listener(punctual_tokio::EventMask::ALL, |_| {});
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoRuntime);
    assert!(error.to_string().contains("`.listener(..)`"), "{error}");
}
