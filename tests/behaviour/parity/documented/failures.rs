//! What happens when something fails: upstream's failure matrix.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use punctual_core::{Custom, CustomTrigger, Outcome};
use punctual_store::MemoryStore;
use punctual_store::testing::{Call, Fault, Faults, FaultyStore};
use punctual_tokio::{EventMask, JobStatus, Scheduler};

use crate::case::{Case, different, same};
use crate::stage::{Stage, every, nothing, paused, seconds};

/// A good store by default and a poor one beside it, each with a job every ten seconds.
async fn with_poor() -> (Stage, Faults) {
    let (store, faults) = FaultyStore::new(MemoryStore::new());
    let stage = Stage::started_with(|builder| builder.store("poor", store)).await;
    stage
        .scheduler
        .add_job(nothing, every(10))
        .id("good")
        .await
        .unwrap();
    let job = stage.scheduler.add_job(nothing, every(10)).id("poor");
    job.store("poor").await.unwrap();
    stage.jump(10).await;
    (stage, faults)
}

/// Nothing ends, other stores are on time, and every fire time is decided once the store works again.
async fn survives(call: Call) {
    let (stage, faults) = with_poor().await;
    faults.set(call, Fault::Failed);
    for _ in 0..5 {
        stage.jump(10).await;
    }
    assert!(stage.scheduler.is_running());
    assert_eq!(
        stage.scheduler.statistics("good").await.unwrap().succeeded,
        6
    );
    faults.mend(Call::ALL);
    for _ in 0..5 {
        stage.jump(10).await;
        // The wait before the next try is measured by the clock of the runtime.
        tokio::time::sleep(seconds(60)).await;
    }
    let poor = stage.scheduler.statistics("poor").await.unwrap();
    let decided = poor.succeeded + poor.coalesced + poor.skipped + poor.missed;
    assert!(decided >= 10, "{poor:?}");
    assert!(
        stage
            .scheduler
            .health()
            .iter()
            .all(punctual_tokio::StoreHealth::is_good)
    );
}

const GOES_ON: &str =
    "no error of a store ends the scheduler; upstream's thread dies of it and says nothing";

/// A trigger whose code panics after its first fire time.
#[derive(Debug)]
struct Broken(DateTime<Utc>);

impl CustomTrigger for Broken {
    fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        assert!(t < self.0, "a broken trigger");
        Some(self.0)
    }
}

pub(crate) const CASES: &[Case] = &[
    same("the store fails to say what is due", || {
        paused(survives(Call::Due));
    }),
    different("the store fails to move a job on", GOES_ON, || {
        paused(survives(Call::Claim));
    }),
    different("the store fails to say what was edited", GOES_ON, || {
        paused(survives(Call::Changes));
    }),
    different(
        "the store fails to change a job",
        "the caller is told, and the scheduler goes on",
        || {
            paused(async {
                let (stage, faults) = with_poor().await;
                let changes = [Call::Update, Call::Remove, Call::Get, Call::Add];
                faults.set(changes, Fault::Failed);
                let error = stage.scheduler.pause_job("poor").await.unwrap_err();
                assert_eq!(error.kind(), punctual_tokio::ErrorKind::Store);
                assert!(stage.scheduler.remove_job("poor").await.is_err());
                faults.mend(Call::ALL);
                stage.scheduler.pause_job("poor").await.unwrap();
            });
        },
    ),
    different(
        "a trigger raises",
        "its job is stuck or parked and shown; all others go on",
        || {
            paused(async {
                let now = crate::times::berlin(crate::stage::FROZEN);
                let stage = Stage::started_with(|builder| {
                    builder.trigger("broken", move |_| Ok(Broken(now + seconds(1))))
                })
                .await;
                let broken = stage.scheduler.add_job(nothing, Custom::named("broken"));
                broken.id("broken").await.unwrap();
                stage
                    .scheduler
                    .add_job(nothing, every(1))
                    .id("good")
                    .await
                    .unwrap();
                stage.pass(3).await;
                assert_eq!(
                    stage.scheduler.statistics("good").await.unwrap().succeeded,
                    3
                );
                let status = stage.job("broken").await.status();
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
                let stage = Stage::started_with(|builder| builder.store("default", store)).await;
                stage.jump(100).await;
                assert_eq!(stage.job("a").await.status(), JobStatus::Parked);
            });
        },
    ),
    same("a listener raises", || {
        paused(async {
            let stage = Stage::started().await;
            let heard = Arc::new(Mutex::new(0));
            let counter = Arc::clone(&heard);
            let scheduler = &stage.scheduler;
            scheduler
                .add_listener(EventMask::ALL, |_| -> () { panic!("a listener") })
                .unwrap();
            scheduler
                .add_listener(EventMask::JOB_ADDED, move |_| *counter.lock().unwrap() += 1)
                .unwrap();
            scheduler.add_job(nothing, every(60)).await.unwrap();
            stage.settle().await;
            assert_eq!(*heard.lock().unwrap(), 1);
        });
    }),
    same("a job raises", || {
        paused(async {
            let stage = Stage::started().await;
            let body = || async { Err::<(), _>("no") };
            stage
                .scheduler
                .add_job(body, every(1))
                .id("a")
                .await
                .unwrap();
            stage.pass(2).await;
            assert_eq!(
                stage.ledger("a").await,
                [(Outcome::Failed, 1), (Outcome::Failed, 1)]
            );
            assert!(stage.heard().await.contains(&"JOB_ERROR"));
        });
    }),
    different(
        "a job is a future that nobody awaits",
        "a closure that returns a future is awaited; upstream runs it in a thread and reports success",
        || {
            paused(async {
                let stage = Stage::started().await;
                let ran = Arc::new(Mutex::new(false));
                let tell = Arc::clone(&ran);
                let body = move || {
                    let tell = Arc::clone(&tell);
                    async move { *tell.lock().unwrap() = true }
                };
                stage
                    .scheduler
                    .add_job(body, every(1))
                    .id("a")
                    .await
                    .unwrap();
                stage.jump(1).await;
                assert!(*ran.lock().unwrap());
            });
        },
    ),
];
