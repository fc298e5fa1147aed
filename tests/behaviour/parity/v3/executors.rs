//! `tests/test_executors.py` of 3.11.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use chrono::TimeDelta;
use punctual_core::{CancelReason, Date, MissReason, Outcome};
use punctual_tokio::{ErrorKind, EventKind, Executor, Output, RunEvent};

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, Gate, every, paused, seconds};

const PROCESS: &str = "worker processes are the program itself, started again, so they are tested where there is a program of ours; \
     a limit holds on every executor alike";

/// Two runs by hand find room, the third does not.
async fn two_of_three(executor: Executor) {
    let fixture = Fixture::started_with(|builder| builder.executor("own", executor)).await;
    let (release, held) = mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let body = move || {
        let _ = held.lock().unwrap().recv();
        Output("test")
    };
    let job = fixture
        .scheduler
        .add_job(body, every(600))
        .id("a")
        .max_instances(2);
    let job = job.executor("own").await.unwrap();
    job.run().await.unwrap();
    fixture.clock.advance(Duration::from_micros(1));
    job.run().await.unwrap();
    fixture.clock.advance(Duration::from_micros(1));
    assert_eq!(job.run().await.unwrap_err().kind(), ErrorKind::Busy);
    drop(release);
    fixture.settle().await;
    let results: Vec<_> = fixture
        .runs("a")
        .await
        .into_iter()
        .filter_map(|run| run.result)
        .collect();
    assert_eq!(results, ["test", "test"]);
}

/// The one run event of a job that is due now, or was so much earlier.
async fn run_event(fails: bool, late: TimeDelta) -> Vec<EventKind> {
    let fixture = Fixture::started().await;
    let due = Date::at(fixture.clock.now() - late);
    let body = move || async move { if fails { Err("test failure") } else { Ok(5) } };
    let job = fixture.scheduler.add_job(body, due).id("foo");
    job.misfire_grace_time(seconds(1)).await.unwrap();
    fixture.settle().await;
    let events = fixture.events();
    let ends = events.iter().filter(|event| {
        matches!(
            event.kind,
            EventKind::JobExecuted(_) | EventKind::JobError(_) | EventKind::JobMissed { .. }
        )
    });
    ends.map(|event| event.kind.clone()).collect()
}

fn about_foo(run: &RunEvent) {
    assert_eq!((run.job.id.as_str(), &*run.job.store), ("foo", "default"));
}

/// Runs that fail leave nothing of themselves in memory.
async fn leaves_nothing(executor: Executor) {
    let fixture = Fixture::started_with(|builder| builder.executor("own", executor)).await;
    let witness = Arc::new(());
    let held = Arc::clone(&witness);
    let body = move || {
        let inside = Arc::clone(&held);
        async move {
            let _inside = inside;
            Err::<(), _>("dummy")
        }
    };
    let job = fixture.scheduler.add_job(body, every(1)).id("a");
    job.executor("own").await.unwrap();
    fixture.pass(5).await;
    assert_eq!(fixture.scheduler.statistics("a").await.unwrap().failed, 5);
    assert_eq!(
        Arc::strong_count(&witness),
        2,
        "the test and the closure hold it"
    );
}

async fn awaited(fails: bool, executor: Executor) {
    let fixture = Fixture::started_with(|builder| builder.executor("own", executor)).await;
    let gate = Gate::closed();
    let waiting = gate.clone();
    let body = move || {
        let waiting = waiting.clone();
        async move {
            waiting.pass().await;
            if fails { Err("dummy error") } else { Ok(true) }
        }
    };
    let job = fixture.scheduler.add_job(body, every(1)).id("a");
    job.executor("own").await.unwrap();
    fixture.jump(1).await;
    gate.open(1);
    fixture.settle().await;
    let run = fixture.runs("a").await.remove(0);
    if fails {
        assert_eq!(run.error.as_deref(), Some("dummy error"));
    } else {
        assert_eq!(run.result, Some(true.into()));
    }
}

pub(crate) const CASES: &[Case] = &[
    same("test_max_instances[threadpool]", || {
        paused(two_of_three(Executor::blocking(10)));
    }),
    different("test_max_instances[processpool]", PROCESS, || {
        paused(two_of_three(Executor::tokio().at_most(10)));
    }),
    same("test_submit_job[executed]", || {
        paused(async {
            let events = run_event(false, TimeDelta::zero()).await;
            let [EventKind::JobExecuted(run)] = events.as_slice() else {
                panic!("{events:?}");
            };
            about_foo(run);
            assert_eq!(run.result.as_deref(), Some("5"));
        });
    }),
    same("test_submit_job[missed]", || {
        paused(async {
            let events = run_event(true, TimeDelta::days(400)).await;
            let [EventKind::JobMissed { job, reason, .. }] = events.as_slice() else {
                panic!("{events:?}");
            };
            assert_eq!((job.id.as_str(), &*job.store), ("foo", "default"));
            assert!(
                matches!(
                    reason,
                    MissReason::Grace | MissReason::Down | MissReason::Past
                ),
                "{reason:?}"
            );
        });
    }),
    same("test_submit_job[error]", || {
        paused(async {
            let events = run_event(true, TimeDelta::zero()).await;
            let [EventKind::JobError(run)] = events.as_slice() else {
                panic!("{events:?}");
            };
            about_foo(run);
            assert_eq!(run.error.as_deref(), Some("test failure"));
        });
    }),
    same("test_run_job_error", || {
        paused(async {
            let fixture = Fixture::started().await;
            let body = || {
                if true {
                    panic!("dummy")
                }
            };
            fixture
                .scheduler
                .add_job(body, every(1))
                .id("abc")
                .await
                .unwrap();
            fixture.jump(1).await;
            let run = fixture.runs("abc").await.remove(0);
            assert_eq!(run.state.outcome(), Some(Outcome::Panicked));
            assert_eq!(run.error.as_deref(), Some("dummy"));
        });
    }),
    same("test_run_job_memory_leak", || {
        paused(leaves_nothing(Executor::blocking(2)));
    }),
    same("test_run_async_job_memory_leak", || {
        paused(leaves_nothing(Executor::tokio()));
    }),
    different(
        "test_broken_pool",
        "worker processes are tested with a program of ours; here a thread that panicked is replaced likewise",
        || {
            paused(async {
                let fixture =
                    Fixture::started_with(|builder| builder.executor("own", Executor::blocking(1)))
                        .await;
                let broken = Mutex::new(true);
                let body = move || {
                    if std::mem::take(&mut *broken.lock().unwrap()) {
                        std::panic::resume_unwind(Box::new("broken"));
                    }
                };
                let job = fixture.scheduler.add_job(body, every(1)).id("a");
                job.executor("own").await.unwrap();
                fixture.pass(2).await;
                assert_eq!(fixture.ledger("a").await[0], (Outcome::Panicked, 1));
            });
        },
    ),
    same("test_run_coroutine_job[False]", || {
        paused(awaited(false, Executor::tokio()));
    }),
    same("test_run_coroutine_job[True]", || {
        paused(awaited(true, Executor::tokio()));
    }),
    same("test_run_coroutine_job_tornado[False]", || {
        paused(awaited(false, Executor::tokio().at_most(10)));
    }),
    same("test_run_coroutine_job_tornado[True]", || {
        paused(awaited(true, Executor::tokio().at_most(10)));
    }),
    different(
        "test_asyncio_executor_shutdown",
        "running jobs get the time that the caller gives, then their token, then they are aborted, and it is recorded",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let job = fixture
                    .scheduler
                    .add_job(std::future::pending::<()>, every(1));
                job.id("a").await.unwrap();
                fixture.jump(1).await;
                let shutdown = tokio::spawn({
                    let scheduler = fixture.scheduler.clone();
                    async move { scheduler.shutdown().immediately().await }
                });
                while !shutdown.is_finished() {
                    fixture.jump(1).await;
                }
                assert_eq!(shutdown.await.unwrap().unwrap().cancelled.len(), 1);
                let expected = [(Outcome::Cancelled(CancelReason::Shutdown), 1)];
                assert_eq!(fixture.ledger("a").await, expected);
            });
        },
    ),
];
