//! `TestSyncScheduler` of 4.0: the scheduler under a program that is not async.

use punctual_core::{Date, Outcome};
use punctual_tokio::{EventKind, Executor, JobContext, Output, Scheduler};

use crate::case::{Case, different, same};
use crate::event_names::name;
use crate::fixture::{every, nothing, paused};

const ONE_HANDLE: &str = "there is one handle with one set of verbs; a program that is not async waits for them with `block_on`";

const PROCESS: &str =
    "worker processes are the program itself, started again: tested with a program of ours";

/// Runs a test on the thread of a background scheduler.
fn background(test: impl AsyncFnOnce(Scheduler)) {
    let background = Scheduler::builder().build().unwrap().background().unwrap();
    let scheduler = background.scheduler().clone();
    background.block_on(test(scheduler));
    background.shutdown().unwrap();
}

/// Runs a job by hand and waits for its end.
async fn run(scheduler: &Scheduler, executor: &str) -> String {
    let mut events = scheduler.events();
    let body = || Output(format!("{:?}", std::thread::current().id()));
    let job = scheduler.add_job(body, every(600)).executor(executor);
    job.await.unwrap().run().await.unwrap();
    loop {
        let Some(Ok(event)) = events.next().await else {
            panic!("no end of the run");
        };
        if let EventKind::JobExecuted(run) = &event.kind {
            return run.result.as_deref().unwrap_or_default().to_owned();
        }
    }
}

fn runs_on_another_thread(executor: &'static str) {
    background(async move |scheduler| {
        scheduler
            .add_executor("threadpool", Executor::blocking(4))
            .await
            .unwrap();
        let thread = run(&scheduler, executor).await;
        assert!(
            !thread.contains(&format!("{:?}", std::thread::current().id())),
            "{thread}"
        );
    });
}

/// The end of the first job that ends.
async fn names_until_removed(
    scheduler: &Scheduler,
    events: &mut punctual_tokio::Events,
) -> Vec<&'static str> {
    let mut names = vec![];
    while names.last() != Some(&"JOB_REMOVED") {
        match events.next().await {
            Some(Ok(event)) => names.push(name(&event)),
            other => panic!("{other:?} in {scheduler:?}"),
        }
    }
    names
}

fn stops_itself() {
    let background = Scheduler::builder().build().unwrap().background().unwrap();
    let scheduler = background.scheduler().clone();
    let body = |context: JobContext| async move {
        let scheduler = context.scheduler().map_err(|_| "gone")?;
        tokio::spawn(async move { scheduler.shutdown().await });
        Ok::<(), &str>(())
    };
    let mut events = scheduler.events();
    let ended = background.block_on(async move {
        let job = scheduler.add_job(body, Date::at(scheduler.now()));
        job.await.unwrap();
        loop {
            match events.next().await {
                Some(Ok(event)) if name(&event) == "SCHEDULER_SHUTDOWN" => break,
                Some(_) => {}
                None => panic!("it never stopped"),
            }
        }
        // The event is told just before the scheduler lets go; this waits for that.
        scheduler.shutdown().await.unwrap();
        scheduler.is_running()
    });
    assert!(!ended);
}

pub(crate) const CASES: &[Case] = &[
    different(
        "TestSyncScheduler::test_interface_parity",
        ONE_HANDLE,
        || {
            background(async |scheduler| {
                scheduler.add_job(nothing, every(60)).id("a").await.unwrap();
                assert_eq!(scheduler.get_jobs().await.unwrap().len(), 1);
            });
        },
    ),
    same("TestSyncScheduler::test_repr", || {
        paused(async {
            let scheduler = Scheduler::builder().node("my identity").build().unwrap();
            assert!(format!("{scheduler:?}").contains("my identity"));
        });
    }),
    same("TestSyncScheduler::test_configure", || {
        paused(async {
            let builder = Scheduler::builder().node("identity");
            let scheduler = builder
                .executor("executor1", Executor::blocking(150))
                .build()
                .unwrap();
            let job = scheduler.add_job(nothing, every(60)).executor("executor1");
            job.await.unwrap();
        });
    }),
    same("TestSyncScheduler::test_threadpool_executor[True]", || {
        runs_on_another_thread("default");
    }),
    same("TestSyncScheduler::test_threadpool_executor[False]", || {
        runs_on_another_thread("threadpool");
    }),
    different(
        "TestSyncScheduler::test_processpool_executor",
        PROCESS,
        || {
            runs_on_another_thread("threadpool");
        },
    ),
    same("TestSyncScheduler::test_properties", || {
        background(async |scheduler| assert!(scheduler.is_running()));
    }),
    different(
        "TestSyncScheduler::test_use_without_contextmanager",
        "dropping the background scheduler ends its thread and runtime; nothing has to be registered for the end of the process",
        || {
            let background = Scheduler::builder().build().unwrap().background().unwrap();
            let scheduler = background.scheduler().clone();
            assert!(scheduler.is_running());
            drop(background);
            paused(async move {
                scheduler.wait_until_stopped().await;
                assert!(!scheduler.is_running());
            });
        },
    ),
    different(
        "TestSyncScheduler::test_configure_task",
        "tasks are registered on the builder",
        || {
            let scheduler = Scheduler::builder().task("mytask", nothing).build();
            let background = scheduler.unwrap().background().unwrap();
            let scheduler = background.scheduler().clone();
            let added = background
                .block_on(async move { scheduler.add_job("mytask", every(60)).await.map(drop) });
            added.unwrap();
            background.shutdown().unwrap();
        },
    ),
    same("TestSyncScheduler::test_add_remove_schedule", || {
        background(async |scheduler| {
            let mut events = scheduler.events();
            let job = scheduler
                .add_job(nothing, every(600))
                .id("foo")
                .await
                .unwrap();
            assert!(scheduler.get_job("foo").await.unwrap().is_some());
            job.remove().await.unwrap();
            let names = names_until_removed(&scheduler, &mut events).await;
            assert_eq!(names, ["JOB_ADDED", "JOB_REMOVED"]);
        });
    }),
    different(
        "TestSyncScheduler::test_add_job_wait_result",
        "a job that runs once is a date job; its result is in the ledger after it has left",
        || {
            background(async |scheduler| {
                let mut events = scheduler.events();
                let body = || Output("returnvalue");
                let job = scheduler.add_job(body, Date::at(scheduler.now()));
                job.id("a").await.unwrap();
                let names = names_until_removed(&scheduler, &mut events).await;
                assert_eq!(
                    names,
                    ["JOB_ADDED", "JOB_SUBMITTED", "JOB_EXECUTED", "JOB_REMOVED"]
                );
                let run = scheduler.runs().job("a").await.unwrap().remove(0);
                assert_eq!(run.result, Some("returnvalue".into()));
            });
        },
    ),
    same("TestSyncScheduler::test_wait_until_stopped", stops_itself),
    different(
        "TestSyncScheduler::test_explicit_cleanup",
        "a job without a further fire time leaves with its last run: there is nothing to clean up",
        || {
            background(async |scheduler| {
                let mut events = scheduler.events();
                let job = scheduler.add_job(nothing, Date::at(scheduler.now()));
                job.id("event_set").await.unwrap();
                names_until_removed(&scheduler, &mut events).await;
                assert!(scheduler.get_job("event_set").await.unwrap().is_none());
                let done = scheduler.statistics("event_set").await.unwrap();
                assert_eq!(done.last_outcome(), Some(Outcome::Succeeded));
            });
        },
    ),
    same("TestSyncScheduler::test_run_until_stopped", stops_itself),
    different(
        "TestSyncScheduler::test_uwsgi_threads_error",
        "there is no uWSGI; where a scheduler cannot run it says so, as here without a runtime",
        || {
            let scheduler = Scheduler::builder().build().unwrap();
            let mut start = Box::pin(scheduler.start().into_future());
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let polled = start.as_mut().poll(&mut context);
            assert!(matches!(polled, std::task::Poll::Ready(Err(_))));
        },
    ),
    different(
        "TestSyncScheduler::test_uwsgi_threads_error_subprocess",
        "there is no uWSGI; a verb that would block a runtime thread is refused instead of hanging",
        || {
            let background = Scheduler::builder().build().unwrap().background().unwrap();
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let refused = std::panic::AssertUnwindSafe(|| background.block_on(async {}));
            runtime.block_on(async { std::panic::catch_unwind(refused).unwrap_err() });
            background.shutdown().unwrap();
        },
    ),
];
