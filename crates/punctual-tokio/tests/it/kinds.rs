//! What the kinds of executors are for.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use punctual_core::{CancelReason, Date, Outcome, Run};
use punctual_tokio::{Args, ErrorKind, Executor, JobContext, Output, Program, Scheduler};
use serde_json::json;
use tokio::task::LocalSet;
use tokio::time::sleep;

use crate::support::{Counter, Log, every, ledger, pass, runs, seconds, started};

/// An `Rc` across an await: a future that cannot leave its thread.
async fn draw(Args((steps,)): Args<(u32,)>, context: JobContext) -> Output<u32> {
    let drawn = Rc::new(Cell::new(0));
    for _ in 0..steps {
        let other = Rc::clone(&drawn);
        tokio::task::yield_now().await;
        other.set(other.get() + 1);
    }
    assert_eq!(context.attempt(), 1);
    Output(drawn.get())
}

fn drawing(executor: Executor) -> Scheduler {
    Scheduler::builder()
        .local_task("draw", draw)
        .executor("canvas", executor)
        .build()
        .unwrap()
}

/// Waits for the end of the first run of a job, however long it takes.
async fn end_of(scheduler: &Scheduler, id: &str) -> Run {
    loop {
        if let Some(run) = runs(scheduler, id).await.pop()
            && run.state.outcome().is_some()
        {
            return run;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_local_executor_runs_futures_that_cannot_leave_its_thread() {
    let scheduler = drawing(Executor::local());
    scheduler.start().await.unwrap();
    let now = scheduler.now();
    let job = scheduler.add_job("draw", Date::at(now)).id("draw");
    job.args((3,)).executor("canvas").await.unwrap();
    assert_eq!(end_of(&scheduler, "draw").await.result, Some(json!(3)));
}

#[tokio::test]
async fn a_local_executor_runs_functions_that_could_leave_its_thread_too() {
    let scheduler = drawing(Executor::local());
    scheduler.start().await.unwrap();
    let name = || async { Output(std::thread::current().name().map(str::to_owned)) };
    let now = scheduler.now();
    let job = scheduler.add_job(name, Date::at(now)).id("name");
    job.executor("canvas").await.unwrap();
    let run = end_of(&scheduler, "name").await;
    assert_eq!(run.result, Some(json!("punctual-local")));
}

#[tokio::test(start_paused = true)]
async fn jobs_share_the_thread_of_a_local_set() {
    let set = LocalSet::new();
    let scheduler = drawing(Executor::local_set(&set));
    let test = async {
        scheduler.start().await.unwrap();
        let thread = std::thread::current().id();
        let seen = Log::default();
        let (there, now) = (seen.clone(), scheduler.now());
        let job = move || {
            let there = there.clone();
            async move { there.push(std::thread::current().id()) }
        };
        let job = scheduler.add_job(job, Date::at(now)).executor("canvas");
        job.await.unwrap();
        let job = scheduler.add_job("draw", Date::at(now)).id("draw");
        job.args((2,)).executor("canvas").await.unwrap();
        pass(1).await;
        assert_eq!(seen.all(), [thread]);
        assert_eq!(ledger(&scheduler, "draw").await, [(Outcome::Succeeded, 1)]);
    };
    set.run_until(test).await;
}

#[tokio::test(start_paused = true)]
async fn a_local_run_that_ignores_its_token_is_aborted() {
    let set = LocalSet::new();
    let scheduler = drawing(Executor::local_set(&set));
    let test = async {
        scheduler.start().await.unwrap();
        let now = scheduler.now();
        let job = scheduler.add_job(std::future::pending::<()>, Date::at(now));
        let job = job.id("stuck").executor("canvas").timeout(seconds(2));
        job.await.unwrap();
        pass(10).await;
        assert_eq!(ledger(&scheduler, "stuck").await, [(Outcome::TimedOut, 1)]);
    };
    set.run_until(test).await;
}

#[tokio::test(start_paused = true)]
async fn local_and_inline_executors_keep_their_limits() {
    let set = LocalSet::new();
    for executor in [Executor::local_set(&set), Executor::inline()] {
        let test = async {
            let scheduler = started().await;
            let executor = executor.at_most(2);
            scheduler.add_executor("narrow", executor).await.unwrap();
            let (counter, now) = (Counter::default(), scheduler.now());
            for _ in 0..5 {
                let inside = counter.clone();
                let job = move || {
                    let inside = inside.clone();
                    async move {
                        inside.enter();
                        sleep(seconds(10)).await;
                        inside.leave();
                    }
                };
                let job = scheduler.add_job(job, Date::at(now)).executor("narrow");
                job.await.unwrap();
            }
            pass(5).await;
            assert_eq!((counter.all(), counter.most()), (2, 2));
            pass(40).await;
            assert_eq!((counter.all(), counter.most()), (5, 2));
            scheduler.shutdown().await.unwrap();
        };
        set.run_until(test).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_local_task_elsewhere_is_refused() {
    let scheduler = drawing(Executor::tokio());
    let job = scheduler.add_job("draw", every(1)).args((1,));
    let refused = job.await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    let message = refused.to_string();
    assert!(message.contains("`draw`"), "{message}");
    assert!(message.contains("Executor::local()"), "{message}");
    let wrong = scheduler.add_job("draw", every(1)).args(("x",));
    assert!(wrong.await.is_err(), "arguments are checked first");
}

#[tokio::test(start_paused = true)]
async fn an_inline_job_has_run_before_listeners_hear_of_the_next_event() {
    let scheduler = Scheduler::builder()
        .executor("inline", Executor::inline())
        .build()
        .unwrap();
    scheduler.start().await.unwrap();
    let thread = std::thread::current().id();
    let log = Log::default();
    let (plain, asynchronous) = (log.clone(), log.clone());
    let now = scheduler.now();
    let plain = move || plain.push(("plain", std::thread::current().id()));
    let job = scheduler.add_job(plain, Date::at(now)).id("plain");
    job.executor("inline").await.unwrap();
    let waits = move || {
        let log = asynchronous.clone();
        async move {
            log.push(("before", std::thread::current().id()));
            sleep(seconds(1)).await;
            log.push(("after", std::thread::current().id()));
        }
    };
    let job = scheduler.add_job(waits, Date::at(now)).id("waits");
    job.executor("inline").await.unwrap();
    pass(0).await;
    assert_eq!(log.all(), [("plain", thread), ("before", thread)]);
    pass(1).await;
    assert_eq!(log.all().len(), 3);
    assert_eq!(ledger(&scheduler, "plain").await, [(Outcome::Succeeded, 1)]);
    assert_eq!(ledger(&scheduler, "waits").await, [(Outcome::Succeeded, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_process_executor_is_refused_without_init() {
    let scheduler = started().await;
    let refused = scheduler.add_executor("pool", Executor::process(1)).await;
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("process::init()"), "{message}");
}

async fn with_programs() -> Scheduler {
    let scheduler = Scheduler::builder()
        .executor("command", Executor::command(2))
        .build()
        .unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

fn shell(script: &str) -> Program {
    Program::new("sh").args(["-c", script])
}

async fn run_program(scheduler: &Scheduler, program: Program) -> Run {
    let now = scheduler.now();
    let job = scheduler.add_job(program, Date::at(now)).id("program");
    job.await.unwrap();
    let run = end_of(scheduler, "program").await;
    let _ = scheduler.remove_job("program").await;
    run
}

#[tokio::test]
async fn a_program_that_succeeds_leaves_its_output() {
    let scheduler = with_programs().await;
    let program = shell("echo out $WHO; echo err >&2; pwd")
        .env("WHO", "me")
        .current_dir("/");
    let run = run_program(&scheduler, program).await;
    assert_eq!(run.state.outcome(), Some(Outcome::Succeeded));
    let kept = json!({"status": 0, "stdout": "out me\n/\n", "stderr": "err\n"});
    assert_eq!(run.result, Some(kept));
}

#[tokio::test]
async fn a_program_that_fails_says_how() {
    let scheduler = with_programs().await;
    let run = run_program(&scheduler, shell("echo no disk >&2; exit 3")).await;
    assert_eq!(run.state.outcome(), Some(Outcome::Failed));
    assert_eq!(
        run.error.as_deref(),
        Some("`sh` ended with exit status: 3: no disk")
    );
}

#[tokio::test]
async fn only_the_end_of_much_output_is_kept() {
    let scheduler = with_programs().await;
    let program = shell("yes | head -c 1000000; echo end").keep(8);
    let run = run_program(&scheduler, program).await;
    let result = run.result.unwrap();
    assert_eq!(result["stdout"], "y\ny\nend\n");
    assert_eq!(result["dropped"], 999_996);
}

#[tokio::test]
async fn a_program_that_is_not_there_fails_its_run() {
    let scheduler = with_programs().await;
    let run = run_program(&scheduler, Program::new("/no/such/program")).await;
    let error = run.error.unwrap();
    assert!(
        error.contains("`/no/such/program` cannot be started"),
        "{error}"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_program_is_asked_to_end_with_all_that_it_started() {
    let scheduler = with_programs().await;
    let script = "trap 'echo asked; exit 7' TERM; sleep 1000 & wait";
    let now = scheduler.now();
    let job = scheduler.add_job(shell(script), Date::at(now)).id("long");
    job.timeout(Duration::from_millis(200)).await.unwrap();
    let run = end_of(&scheduler, "long").await;
    assert_eq!(run.state.outcome(), Some(Outcome::TimedOut));
    assert_eq!(
        run.error.as_deref(),
        Some("`sh` ended with exit status: 7: asked")
    );
}

#[tokio::test]
async fn programs_need_an_executor_of_their_own() {
    let scheduler = started().await;
    let refused = scheduler.add_job(shell("true"), every(1)).await;
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("Executor::command(4)"), "{message}");
    let elsewhere = scheduler
        .add_job(shell("true"), every(1))
        .executor("default");
    assert_eq!(elsewhere.await.unwrap_err().kind(), ErrorKind::UnknownTask);
    let scheduler = with_programs().await;
    let other = scheduler.add_job(|| async {}, every(1)).executor("command");
    assert_eq!(other.await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_program_survives_export_and_import() {
    let scheduler = with_programs().await;
    let job = scheduler.add_job(shell("echo again"), every(3_600)).id("p");
    job.await.unwrap();
    let other = with_programs().await;
    let json = scheduler.export_jobs().await.unwrap();
    other.import_jobs(&json).await.unwrap();
    other.run_job("p").await.unwrap();
    let run = end_of(&other, "p").await;
    assert_eq!(run.result.unwrap()["stdout"], "again\n");
}

#[tokio::test]
async fn a_program_can_be_cancelled() {
    let scheduler = with_programs().await;
    scheduler
        .add_job(shell("exec sleep 1000"), every(3_600))
        .id("p")
        .await
        .unwrap();
    let run = scheduler.run_job("p").await.unwrap();
    scheduler.cancel_run(&run).await.unwrap();
    let run = end_of(&scheduler, "p").await;
    let cancelled = Outcome::Cancelled(CancelReason::User);
    assert_eq!(run.state.outcome(), Some(cancelled));
}
