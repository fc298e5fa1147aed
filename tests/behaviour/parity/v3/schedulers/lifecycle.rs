//! Starting, pausing, stopping.

use punctual_store::MemoryStore;
use punctual_tokio::{ErrorKind, Executor, Scheduler};

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, every, nothing, paused};

async fn shutdown_is_told(wait: bool) {
    let fixture = Fixture::with(|builder| builder.executor("other", Executor::tokio()));
    fixture.scheduler.start().paused().await.unwrap();
    fixture.settle().await;
    fixture.forget();
    if wait {
        fixture.scheduler.shutdown().await.unwrap();
    } else {
        fixture.scheduler.shutdown().immediately().await.unwrap();
    }
    assert!(!fixture.scheduler.is_running());
    assert_eq!(fixture.heard().await, ["SCHEDULER_SHUTDOWN"]);
}

pub(crate) const CASES: &[Case] = &[
    same(
        "TestBaseScheduler::test_scheduler_already_running[start]",
        || {
            paused(async {
                let fixture = Fixture::new();
                fixture.scheduler.start().paused().await.unwrap();
                let error = fixture.scheduler.start().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::AlreadyRunning);
            });
        },
    ),
    different(
        "TestBaseScheduler::test_scheduler_already_running[configure]",
        "what is configured is fixed by `build`; stores, executors and jobs come and go at run time by verbs of their own",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let scheduler = &fixture.scheduler;
                scheduler
                    .add_executor("late", Executor::tokio())
                    .await
                    .unwrap();
                scheduler
                    .add_store("late", MemoryStore::new())
                    .await
                    .unwrap();
            });
        },
    ),
    same(
        "TestBaseScheduler::test_scheduler_not_running[pause]",
        || {
            paused(async {
                let scheduler = Scheduler::builder().build().unwrap();
                assert!(scheduler.pause().await.unwrap_err().is_not_running());
            });
        },
    ),
    same(
        "TestBaseScheduler::test_scheduler_not_running[resume]",
        || {
            paused(async {
                let scheduler = Scheduler::builder().build().unwrap();
                assert!(scheduler.resume().await.unwrap_err().is_not_running());
            });
        },
    ),
    different(
        "TestBaseScheduler::test_scheduler_not_running[shutdown]",
        "stopping what is stopped is no error: shutdown paths meet, and the second must not fail",
        || {
            paused(async {
                let scheduler = Scheduler::builder().build().unwrap();
                let report = scheduler.shutdown().await.unwrap();
                assert!(report.cancelled.is_empty() && report.abandoned.is_empty());
            });
        },
    ),
    different(
        "TestBaseScheduler::test_start",
        "every executor and store is announced at start, not only those that were made by default",
        || {
            paused(async {
                let fixture = Fixture::with(|builder| {
                    builder
                        .executor("exec1", Executor::tokio())
                        .store("store1", MemoryStore::new())
                });
                let job = fixture.scheduler.add_job(nothing, every(60));
                job.store("store1").await.unwrap();
                fixture.scheduler.start().await.unwrap();
                assert!(fixture.scheduler.is_running());
                let expected = [
                    "JOB_ADDED",
                    "EXECUTOR_ADDED",
                    "EXECUTOR_ADDED",
                    "JOBSTORE_ADDED",
                    "JOBSTORE_ADDED",
                    "SCHEDULER_STARTED",
                ];
                assert_eq!(fixture.heard().await, expected);
            });
        },
    ),
    same("TestBaseScheduler::test_shutdown[wait]", || {
        paused(shutdown_is_told(true));
    }),
    same("TestBaseScheduler::test_shutdown[nowait]", || {
        paused(shutdown_is_told(false));
    }),
    same("TestBaseScheduler::test_pause_resume", || {
        paused(async {
            let fixture = Fixture::started().await;
            fixture.scheduler.pause().await.unwrap();
            assert_eq!(fixture.heard().await, ["SCHEDULER_PAUSED"]);
            fixture.scheduler.resume().await.unwrap();
            assert_eq!(
                fixture.heard().await,
                ["SCHEDULER_PAUSED", "SCHEDULER_RESUMED"]
            );
        });
    }),
    same("TestBaseScheduler::test_running[True]", || {
        paused(async {
            assert!(Fixture::started().await.scheduler.is_running());
        });
    }),
    same("TestBaseScheduler::test_running[False]", || {
        paused(async {
            assert!(!Fixture::new().scheduler.is_running());
        });
    }),
];
