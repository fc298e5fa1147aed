//! `tests/test_schedulers.py` of 4.0: tasks, executors, runs by hand and their results.

use std::thread::ThreadId;

use punctual_core::{Outcome, Policies, Run, RunState};
use punctual_tokio::{Args, ErrorKind, Executor, Output};

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, Gate, every, nothing, paused};

const RESULT: &str = "a run by hand answers with its number; its result is in the ledger, and no event is missed for it";

const TASKS: &str =
    "a task is a function under a name; policies belong to jobs, and their defaults to the builder";

async fn returns(Args((fails,)): Args<(bool,)>) -> Result<String, String> {
    if fails {
        Err("failing as requested".into())
    } else {
        Ok("returnvalue".into())
    }
}

/// Runs a job by hand and answers what became of it.
async fn by_hand(fails: bool) -> (Fixture, Run) {
    let fixture = Fixture::started().await;
    let job = fixture
        .scheduler
        .add_job(returns, every(600))
        .id("a")
        .args((fails,));
    let job = job.await.unwrap();
    let number = job.run().await.unwrap();
    fixture.settle().await;
    let run = fixture.runs("a").await.remove(0);
    assert_eq!(run.id, number.id());
    (fixture, run)
}

fn thread_text() -> Output<String> {
    Output(format!("{:?}", std::thread::current().id()))
}

async fn async_thread_text() -> Output<String> {
    thread_text()
}

async fn thread_of(executor: Option<Executor>, blocking: bool) -> (String, ThreadId) {
    let named = executor.is_some();
    let fixture = Fixture::started_with(|builder| match executor {
        Some(executor) => builder.executor("own", executor),
        None => builder,
    })
    .await;
    let job = if blocking {
        fixture.scheduler.add_job(thread_text, every(1))
    } else {
        fixture.scheduler.add_job(async_thread_text, every(1))
    };
    let job = if named { job.executor("own") } else { job };
    job.id("a").await.unwrap();
    fixture.jump(1).await;
    let text = fixture.runs("a").await[0].result.clone().unwrap();
    (
        text.as_str().unwrap().to_owned(),
        std::thread::current().id(),
    )
}

async fn runs_here(executor: Option<Executor>) {
    let (ran_on, own) = thread_of(executor, false).await;
    assert_eq!(ran_on, format!("{own:?}"));
}

async fn runs_elsewhere(executor: Option<Executor>, blocking: bool) {
    let (ran_on, own) = thread_of(executor, blocking).await;
    assert_ne!(ran_on, format!("{own:?}"));
}

pub(crate) const CASES: &[Case] = &[
    same("TestAsyncScheduler::test_repr", || {
        paused(async {
            let fixture = Fixture::with(|builder| builder.node("my identity"));
            let text = format!("{:?}", fixture.scheduler);
            assert!(text.contains("my identity"), "{text}");
        });
    }),
    different(
        "TestAsyncScheduler::test_use_before_initialized",
        "jobs can be added before the start; what needs a running scheduler says so",
        || {
            paused(async {
                let fixture = Fixture::new();
                let job = fixture.scheduler.add_job(nothing, every(1)).await.unwrap();
                assert!(job.run().await.unwrap_err().is_not_running());
            });
        },
    ),
    same("TestAsyncScheduler::test_properties", || {
        paused(async {
            let fixture = Fixture::new();
            assert!(!fixture.scheduler.is_running());
            let job = fixture.scheduler.add_job(nothing, every(1));
            job.store("default").executor("default").await.unwrap();
        });
    }),
    same("TestAsyncScheduler::test_async_executor[True]", || {
        paused(runs_here(None));
    }),
    same("TestAsyncScheduler::test_async_executor[False]", || {
        paused(runs_here(Some(Executor::tokio())));
    }),
    same("TestAsyncScheduler::test_threadpool_executor", || {
        paused(runs_elsewhere(Some(Executor::blocking(4)), true));
    }),
    different(
        "TestAsyncScheduler::test_processpool_executor",
        "worker processes are the program itself, started again: tested with a program of ours; threads here",
        || paused(runs_elsewhere(Some(Executor::blocking(1)), false)),
    ),
    different("TestAsyncScheduler::test_configure_task", TASKS, || {
        paused(async {
            let defaults = Policies::new()
                .misfire_grace_time(std::time::Duration::from_secs(2))
                .build()
                .unwrap();
            let fixture =
                Fixture::with(|builder| builder.task("mytask", nothing).job_defaults(defaults));
            fixture
                .scheduler
                .add_job("mytask", every(1))
                .id("a")
                .await
                .unwrap();
            assert_eq!(*fixture.job("a").await.policies(), defaults);
        });
    }),
    different(
        "TestAsyncScheduler::test_configure_task_with_decorator",
        TASKS,
        || {
            paused(async {
                let fixture = Fixture::with(|builder| builder.task("taskfunc", nothing));
                let job = fixture.scheduler.add_job("taskfunc", every(1)).id("a");
                job.max_instances(3).await.unwrap();
                assert_eq!(fixture.job("a").await.policies().max_instances(), Some(3));
            });
        },
    ),
    different(
        "TestAsyncScheduler::test_configure_local_task_with_decorator",
        "what 4.0 calls metadata are tags here: words to find jobs by",
        || {
            paused(async {
                let fixture = Fixture::with(|builder| builder.task("taskfunc", nothing));
                let job = fixture.scheduler.add_job("taskfunc", every(1)).id("a");
                job.tag("global").tag("local").await.unwrap();
                let job = fixture.job("a").await;
                assert_eq!(job.tags().collect::<Vec<_>>(), ["global", "local"]);
            });
        },
    ),
    different(
        "TestAsyncScheduler::test_add_job_wait_result",
        RESULT,
        || {
            paused(async {
                let (fixture, run) = by_hand(false).await;
                assert_eq!(run.result, Some("returnvalue".into()));
                assert!(run.started.is_some() && run.finished >= run.started);
                let expected = ["JOB_ADDED", "JOB_SUBMITTED", "JOB_EXECUTED"];
                assert_eq!(fixture.heard().await, expected);
            });
        },
    ),
    different("TestAsyncScheduler::test_run_job[True]", RESULT, || {
        paused(async {
            let (_, run) = by_hand(false).await;
            assert_eq!(run.state, RunState::Ended(Outcome::Succeeded));
        });
    }),
    different("TestAsyncScheduler::test_run_job[False]", RESULT, || {
        paused(async {
            let (_, run) = by_hand(true).await;
            assert_eq!(run.error.as_deref(), Some("failing as requested"));
        });
    }),
    same(
        "TestAsyncScheduler::test_add_job_get_result_success",
        || {
            paused(async {
                let (_, run) = by_hand(false).await;
                assert_eq!(run.result, Some("returnvalue".into()));
            });
        },
    ),
    different(
        "TestAsyncScheduler::test_add_job_get_result_empty",
        "results are kept without being asked for, within the limits of the ledger",
        || {
            paused(async {
                let (fixture, _) = by_hand(false).await;
                assert_eq!(
                    fixture.runs("a").await[0].result,
                    Some("returnvalue".into())
                );
            });
        },
    ),
    different(
        "TestAsyncScheduler::test_add_job_get_result_error",
        "errors are kept as text, with their sources",
        || {
            paused(async {
                let (_, run) = by_hand(true).await;
                assert_eq!(run.state, RunState::Ended(Outcome::Failed));
                assert_eq!(run.error.as_deref(), Some("failing as requested"));
            });
        },
    ),
    same(
        "TestAsyncScheduler::test_add_job_get_result_no_ready_yet",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let gate = Gate::closed();
                let waiting = gate.clone();
                let body = move || {
                    let waiting = waiting.clone();
                    async move { waiting.pass().await }
                };
                let job = fixture
                    .scheduler
                    .add_job(body, every(600))
                    .id("a")
                    .await
                    .unwrap();
                job.run().await.unwrap();
                let run = fixture.runs("a").await.remove(0);
                assert_eq!((run.state, run.result), (RunState::Running, None));
                gate.open(1);
            });
        },
    ),
    different(
        "TestAsyncScheduler::test_add_job_not_rewriting_task_config",
        TASKS,
        || {
            paused(async {
                let fixture = Fixture::with(|builder| builder.task("t", nothing));
                let job = fixture
                    .scheduler
                    .add_job("t", every(1))
                    .id("a")
                    .max_instances(5);
                job.await.unwrap();
                let again = fixture.scheduler.add_job("t", every(1)).id("b");
                again.await.unwrap();
                assert_eq!(fixture.job("a").await.policies().max_instances(), Some(5));
                assert_eq!(fixture.job("b").await.policies().max_instances(), Some(1));
                let error = fixture.scheduler.add_job("u", every(1)).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::UnknownTask);
            });
        },
    ),
    different(
        "TestAsyncScheduler::test_schedule_job_result_expiration_time",
        "how long results are kept is a limit of the ledger, not of a job",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let job = fixture
                    .scheduler
                    .add_job(returns, every(1))
                    .id("a")
                    .args((false,));
                job.await.unwrap();
                fixture.jump(1).await;
                fixture.scheduler.remove_job("a").await.unwrap();
                fixture.jump(86_400).await;
                assert_eq!(
                    fixture.runs("a").await[0].result,
                    Some("returnvalue".into())
                );
            });
        },
    ),
    same("TestAsyncScheduler::test_wait_until_stopped", || {
        paused(async {
            let fixture = Fixture::started().await;
            let body = |context: punctual_tokio::JobContext| async move {
                let scheduler = context.scheduler().map_err(|_| "gone")?;
                tokio::spawn(async move { scheduler.shutdown().await });
                Ok::<(), &str>(())
            };
            fixture
                .scheduler
                .add_job(body, every(1))
                .id("stop")
                .await
                .unwrap();
            fixture.jump(1).await;
            assert!(!fixture.scheduler.is_running());
            assert_eq!(fixture.heard().await.last(), Some(&"SCHEDULER_SHUTDOWN"));
        });
    }),
];
