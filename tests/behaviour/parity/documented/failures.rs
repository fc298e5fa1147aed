//! What happens when something fails: upstream's failure matrix.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use punctual_core::{Custom, Outcome};
use punctual_store::MemoryStore;
use punctual_store::testing::{Fault, Faults, FaultyStore, StoreCall};
use punctual_tokio::{EventMask, JobStatus, Scheduler};

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, every, nothing, paused, seconds};

/// A good store by default and a faulty one beside it, each with a job every ten seconds.
async fn with_faulty_store() -> (Fixture, Faults) {
    let (store, faults) = FaultyStore::new(MemoryStore::new());
    let fixture = Fixture::started_with(|builder| builder.store("faulty", store)).await;
    fixture
        .scheduler
        .add_job(nothing, every(10))
        .id("good")
        .await
        .unwrap();
    let job = fixture.scheduler.add_job(nothing, every(10)).id("faulty");
    job.store("faulty").await.unwrap();
    fixture.jump(10).await;
    (fixture, faults)
}

/// Nothing ends, other stores are on time, and every fire time is decided once the store works again.
async fn survives(call: StoreCall) {
    let (fixture, faults) = with_faulty_store().await;
    faults.set(call, Fault::Failed);
    for _ in 0..5 {
        fixture.jump(10).await;
    }
    assert!(fixture.scheduler.is_running());
    assert_eq!(
        fixture
            .scheduler
            .statistics("good")
            .await
            .unwrap()
            .succeeded,
        6
    );
    faults.mend(StoreCall::ALL);
    for _ in 0..5 {
        fixture.jump(10).await;
        // The wait before the next try is measured by the clock of the runtime.
        tokio::time::sleep(seconds(60)).await;
    }
    let faulty = fixture.scheduler.statistics("faulty").await.unwrap();
    let decided = faulty.succeeded + faulty.coalesced + faulty.skipped + faulty.missed;
    assert!(decided >= 10, "{faulty:?}");
    assert!(
        fixture
            .scheduler
            .health()
            .iter()
            .all(punctual_tokio::StoreHealth::is_good)
    );
}

const GOES_ON: &str =
    "no error of a store ends the scheduler; upstream's thread dies of it and says nothing";

/// A trigger whose code panics after its first fire time.
fn panicking(at: DateTime<Utc>) -> impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>> + use<> {
    move |t| {
        assert!(t < at, "a broken trigger");
        Some(at)
    }
}

pub(crate) const CASES: &[Case] = &[
    same("the store fails to say what is due", || {
        paused(survives(StoreCall::Due));
    }),
    different("the store fails to move a job on", GOES_ON, || {
        paused(survives(StoreCall::Claim));
    }),
    different("the store fails to say what was edited", GOES_ON, || {
        paused(survives(StoreCall::Changes));
    }),
    different(
        "the store fails to change a job",
        "the caller is told, and the scheduler goes on",
        || {
            paused(async {
                let (fixture, faults) = with_faulty_store().await;
                let changes = [
                    StoreCall::Update,
                    StoreCall::Remove,
                    StoreCall::Get,
                    StoreCall::Add,
                ];
                faults.set(changes, Fault::Failed);
                let error = fixture.scheduler.pause_job("faulty").await.unwrap_err();
                assert_eq!(error.kind(), punctual_tokio::ErrorKind::Unavailable);
                assert!(fixture.scheduler.remove_job("faulty").await.is_err());
                faults.mend(StoreCall::ALL);
                fixture.scheduler.pause_job("faulty").await.unwrap();
            });
        },
    ),
    different(
        "a trigger raises",
        "its job is stuck or parked and shown; all others go on",
        || {
            paused(async {
                let now = crate::times::berlin(crate::fixture::FROZEN);
                let fixture = Fixture::started_with(|builder| {
                    builder.trigger_with("broken", move |_| Ok(panicking(now + seconds(1))))
                })
                .await;
                let broken = fixture.scheduler.add_job(nothing, Custom::named("broken"));
                broken.id("broken").await.unwrap();
                fixture
                    .scheduler
                    .add_job(nothing, every(1))
                    .id("good")
                    .await
                    .unwrap();
                fixture.pass(3).await;
                assert_eq!(
                    fixture
                        .scheduler
                        .statistics("good")
                        .await
                        .unwrap()
                        .succeeded,
                    3
                );
                let status = fixture.job("broken").await.status();
                assert!(
                    matches!(status, JobStatus::Stuck | JobStatus::Parked),
                    "{status:?}"
                );
            });
        },
    ),
    different(
        "a stored job cannot be resolved",
        "it is parked and shown; upstream deletes it with a line in a log",
        || {
            paused(async {
                let store = MemoryStore::new();
                let with = Scheduler::builder().store("default", store.clone());
                let with = with.task("t", nothing).build().unwrap();
                with.add_job("t", every(1)).id("a").await.unwrap();
                let fixture =
                    Fixture::started_with(|builder| builder.store("default", store)).await;
                fixture.jump(100).await;
                assert_eq!(fixture.job("a").await.status(), JobStatus::Parked);
            });
        },
    ),
    same("a listener raises", || {
        paused(async {
            let fixture = Fixture::started().await;
            let heard = Arc::new(Mutex::new(0));
            let counter = Arc::clone(&heard);
            let scheduler = &fixture.scheduler;
            scheduler
                .add_listener(EventMask::ALL, |_| -> () { panic!("a listener") })
                .unwrap();
            scheduler
                .add_listener(EventMask::JOB_ADDED, move |_| *counter.lock().unwrap() += 1)
                .unwrap();
            scheduler.add_job(nothing, every(60)).await.unwrap();
            fixture.settle().await;
            assert_eq!(*heard.lock().unwrap(), 1);
        });
    }),
    same("a job raises", || {
        paused(async {
            let fixture = Fixture::started().await;
            let body = || async { Err::<(), _>("no") };
            fixture
                .scheduler
                .add_job(body, every(1))
                .id("a")
                .await
                .unwrap();
            fixture.pass(2).await;
            assert_eq!(
                fixture.ledger("a").await,
                [(Outcome::Failed, 1), (Outcome::Failed, 1)]
            );
            assert!(fixture.heard().await.contains(&"JOB_ERROR"));
        });
    }),
    different(
        "a job is a future that nobody awaits",
        "a closure that returns a future is awaited; upstream runs it in a thread and reports success",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let ran = Arc::new(Mutex::new(false));
                let tell = Arc::clone(&ran);
                let body = move || {
                    let tell = Arc::clone(&tell);
                    async move { *tell.lock().unwrap() = true }
                };
                fixture
                    .scheduler
                    .add_job(body, every(1))
                    .id("a")
                    .await
                    .unwrap();
                fixture.jump(1).await;
                assert!(*ran.lock().unwrap());
            });
        },
    ),
];
