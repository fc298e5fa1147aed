//! Executors, stores and listeners that come and go.

use std::sync::{Arc, Mutex};

use punctual_store::MemoryStore;
use punctual_tokio::{EventMask, Executor};

use crate::case::{Case, same};
use crate::fixture::{Fixture, paused};

async fn fixture(start: bool) -> Fixture {
    if start {
        Fixture::started().await
    } else {
        Fixture::new()
    }
}

async fn executor_comes_and_goes(start: bool) {
    let fixture = fixture(start).await;
    let scheduler = &fixture.scheduler;
    scheduler
        .add_executor("exec1", Executor::tokio())
        .await
        .unwrap();
    assert_eq!(fixture.heard().await, ["EXECUTOR_ADDED"]);
    scheduler.remove_executor("exec1").await.unwrap();
    assert_eq!(
        fixture.heard().await,
        ["EXECUTOR_ADDED", "EXECUTOR_REMOVED"]
    );
}

async fn store_is_told(start: bool) {
    let fixture = fixture(start).await;
    fixture
        .scheduler
        .add_store("store1", MemoryStore::new())
        .await
        .unwrap();
    assert_eq!(fixture.heard().await, ["JOBSTORE_ADDED"]);
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
                let fixture = Fixture::new();
                let again = fixture.scheduler.add_executor("default", Executor::tokio());
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
                let error = Fixture::new()
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
                let fixture = Fixture::new();
                let again = fixture.scheduler.add_store("default", MemoryStore::new());
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
            let fixture = Fixture::new();
            fixture
                .scheduler
                .add_store("foo", MemoryStore::new())
                .await
                .unwrap();
            fixture.scheduler.remove_store("foo").await.unwrap();
            assert_eq!(
                fixture.heard().await,
                ["JOBSTORE_ADDED", "JOBSTORE_REMOVED"]
            );
        });
    }),
    same(
        "TestBaseScheduler::test_remove_jobstore_nonexistent",
        || {
            paused(async {
                let error = Fixture::new()
                    .scheduler
                    .remove_store("foo")
                    .await
                    .unwrap_err();
                assert!(error.is_not_found(), "{error}");
            });
        },
    ),
    same("TestBaseScheduler::test_add_remove_listener", || {
        paused(async {
            let fixture = Fixture::new();
            let heard = Arc::new(Mutex::new(0));
            let counted = Arc::clone(&heard);
            let listener = fixture
                .scheduler
                .add_listener(EventMask::EXECUTOR_ADDED, move |_| {
                    *counted.lock().unwrap() += 1;
                })
                .unwrap();
            fixture
                .scheduler
                .add_executor("exec1", Executor::tokio())
                .await
                .unwrap();
            fixture.settle().await;
            assert!(fixture.scheduler.remove_listener(listener));
            fixture
                .scheduler
                .add_executor("exec2", Executor::tokio())
                .await
                .unwrap();
            fixture.settle().await;
            assert_eq!(*heard.lock().unwrap(), 1);
        });
    }),
    same("TestBaseScheduler::test_dispatch_event", || {
        paused(async {
            let fixture = Fixture::new();
            let heard = Arc::new(Mutex::new(Vec::new()));
            let (deaf, good) = (Arc::clone(&heard), Arc::clone(&heard));
            let listen = |mask, callback: Box<dyn FnMut(Arc<punctual_tokio::Event>) + Send>| {
                fixture.scheduler.add_listener(mask, callback).unwrap()
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
            fixture
                .scheduler
                .add_executor("exec1", Executor::tokio())
                .await
                .unwrap();
            fixture.settle().await;
            assert_eq!(*heard.lock().unwrap(), ["good"]);
        });
    }),
];
