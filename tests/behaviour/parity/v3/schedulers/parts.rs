//! Executors, stores and listeners that come and go.

use std::sync::{Arc, Mutex};

use punctual_store::MemoryStore;
use punctual_tokio::{EventMask, Executor};

use crate::case::{Case, same};
use crate::stage::{Stage, paused};

async fn stage(start: bool) -> Stage {
    if start {
        Stage::started().await
    } else {
        Stage::new()
    }
}

async fn executor_comes_and_goes(start: bool) {
    let stage = stage(start).await;
    let scheduler = &stage.scheduler;
    scheduler
        .add_executor("exec1", Executor::tokio())
        .await
        .unwrap();
    assert_eq!(stage.heard().await, ["EXECUTOR_ADDED"]);
    scheduler.remove_executor("exec1").await.unwrap();
    assert_eq!(stage.heard().await, ["EXECUTOR_ADDED", "EXECUTOR_REMOVED"]);
}

async fn store_is_told(start: bool) {
    let stage = stage(start).await;
    stage
        .scheduler
        .add_jobstore("store1", MemoryStore::new())
        .await
        .unwrap();
    assert_eq!(stage.heard().await, ["JOBSTORE_ADDED"]);
}

pub(crate) const CASES: &[Case] = &[
    same("TestBaseScheduler::test_add_remove_executor[True]", || {
        paused(executor_comes_and_goes(true));
    }),
    same("TestBaseScheduler::test_add_remove_executor[False]", || {
        paused(executor_comes_and_goes(false));
    }),
    same(
        "TestBaseScheduler::test_add_executor_already_exists",
        || {
            paused(async {
                let stage = Stage::new();
                let again = stage.scheduler.add_executor("default", Executor::tokio());
                let error = again.await.unwrap_err();
                assert!(
                    error.is_conflict() && error.to_string().contains("default"),
                    "{error}"
                );
            });
        },
    ),
    same(
        "TestBaseScheduler::test_remove_executor_nonexistent",
        || {
            paused(async {
                let error = Stage::new()
                    .scheduler
                    .remove_executor("foo")
                    .await
                    .unwrap_err();
                assert!(error.is_not_found(), "{error}");
            });
        },
    ),
    same("TestBaseScheduler::test_add_jobstore[True]", || {
        paused(store_is_told(true));
    }),
    same("TestBaseScheduler::test_add_jobstore[False]", || {
        paused(store_is_told(false));
    }),
    same(
        "TestBaseScheduler::test_add_jobstore_already_exists",
        || {
            paused(async {
                let stage = Stage::new();
                let again = stage.scheduler.add_jobstore("default", MemoryStore::new());
                let error = again.await.unwrap_err();
                assert!(
                    error.is_conflict() && error.to_string().contains("default"),
                    "{error}"
                );
            });
        },
    ),
    same("TestBaseScheduler::test_remove_jobstore", || {
        paused(async {
            let stage = Stage::new();
            stage
                .scheduler
                .add_jobstore("foo", MemoryStore::new())
                .await
                .unwrap();
            stage.scheduler.remove_jobstore("foo").await.unwrap();
            assert_eq!(stage.heard().await, ["JOBSTORE_ADDED", "JOBSTORE_REMOVED"]);
        });
    }),
    same(
        "TestBaseScheduler::test_remove_jobstore_nonexistent",
        || {
            paused(async {
                let error = Stage::new()
                    .scheduler
                    .remove_jobstore("foo")
                    .await
                    .unwrap_err();
                assert!(error.is_not_found(), "{error}");
            });
        },
    ),
    same("TestBaseScheduler::test_add_remove_listener", || {
        paused(async {
            let stage = Stage::new();
            let heard = Arc::new(Mutex::new(0));
            let counted = Arc::clone(&heard);
            let listener = stage
                .scheduler
                .add_listener(EventMask::EXECUTOR_ADDED, move |_| {
                    *counted.lock().unwrap() += 1;
                })
                .unwrap();
            stage
                .scheduler
                .add_executor("exec1", Executor::tokio())
                .await
                .unwrap();
            stage.settle().await;
            assert!(stage.scheduler.remove_listener(listener));
            stage
                .scheduler
                .add_executor("exec2", Executor::tokio())
                .await
                .unwrap();
            stage.settle().await;
            assert_eq!(*heard.lock().unwrap(), 1);
        });
    }),
    same("TestBaseScheduler::test_dispatch_event", || {
        paused(async {
            let stage = Stage::new();
            let heard = Arc::new(Mutex::new(Vec::new()));
            let (deaf, good) = (Arc::clone(&heard), Arc::clone(&heard));
            let listen = |mask, callback: Box<dyn FnMut(Arc<punctual_tokio::Event>) + Send>| {
                stage.scheduler.add_listener(mask, callback).unwrap()
            };
            listen(
                EventMask::SCHEDULER_SHUTDOWN,
                Box::new(move |_| deaf.lock().unwrap().push("deaf")),
            );
            listen(
                EventMask::EXECUTOR_ADDED,
                Box::new(|_| panic!("a listener")),
            );
            listen(
                EventMask::EXECUTOR_ADDED,
                Box::new(move |_| good.lock().unwrap().push("good")),
            );
            stage
                .scheduler
                .add_executor("exec1", Executor::tokio())
                .await
                .unwrap();
            stage.settle().await;
            assert_eq!(*heard.lock().unwrap(), ["good"]);
        });
    }),
];
