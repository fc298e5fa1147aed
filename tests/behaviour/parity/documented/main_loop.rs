//! One pass of the main loop: what becomes of due jobs, grace times, backlogs and limits.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Coalesce, Date, MissReason, Outcome, Overlap, SkipReason};
use punctual_store::MemoryStore;
use punctual_tokio::EventKind;

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, Gate, every, nothing, paused, seconds};

/// A job every ten seconds that is found `late` seconds after its first fire time.
async fn late(
    late: i64,
    settings: impl FnOnce(punctual_tokio::AddJob) -> punctual_tokio::AddJob,
) -> Fixture {
    let fixture = Fixture::started().await;
    let first = fixture.clock.now() - TimeDelta::seconds(late);
    let job = fixture.scheduler.add_job(nothing, every(10).start(first));
    settings(job.id("a").next_run_time(first)).await.unwrap();
    fixture.settle().await;
    fixture
}

async fn submitted(fixture: &Fixture) -> Vec<Vec<DateTime<Utc>>> {
    fixture.settle().await;
    let events = fixture.events();
    let times = events.iter().filter_map(|event| match &event.kind {
        EventKind::JobSubmitted { fire_times, .. } => Some(fire_times.clone()),
        _ => None,
    });
    times.collect()
}

/// A job every second whose runs wait at a gate.
async fn held(
    settings: impl FnOnce(punctual_tokio::AddJob) -> punctual_tokio::AddJob,
) -> (Fixture, Gate) {
    let fixture = Fixture::started().await;
    let gate = Gate::closed();
    let waiting = gate.clone();
    let body = move || {
        let waiting = waiting.clone();
        async move { waiting.pass().await }
    };
    settings(fixture.scheduler.add_job(body, every(1)).id("a"))
        .await
        .unwrap();
    (fixture, gate)
}

pub(crate) const CASES: &[Case] = &[
    same("due jobs are submitted in the order of their times", || {
        paused(async {
            let fixture = Fixture::started().await;
            for (id, after) in [("c", 3), ("a", 1), ("b", 2)] {
                let once = Date::at(fixture.clock.now() + TimeDelta::seconds(after));
                fixture
                    .scheduler
                    .add_job(nothing, once)
                    .id(id)
                    .await
                    .unwrap();
            }
            fixture.jump(3).await;
            let times: Vec<_> = submitted(&fixture).await.into_iter().flatten().collect();
            assert!(times.is_sorted() && times.len() == 3, "{times:?}");
        });
    }),
    same("a job is due at its very time", || {
        paused(async {
            let fixture = Fixture::started().await;
            let once = Date::at(fixture.clock.now() + TimeDelta::seconds(1));
            fixture
                .scheduler
                .add_job(nothing, once)
                .id("a")
                .await
                .unwrap();
            fixture.jump(1).await;
            assert_eq!(fixture.ledger("a").await, [(Outcome::Succeeded, 1)]);
        });
    }),
    different(
        "the default grace time finds a job three seconds late",
        "any lateness is fine by default: upstream's second makes jobs miss on a busy machine",
        || {
            paused(async {
                let fixture = late(3, |job| job).await;
                assert_eq!(fixture.ledger("a").await, [(Outcome::Succeeded, 1)]);
            });
        },
    ),
    same(
        "a grace time of a second finds a job three seconds late",
        || {
            paused(async {
                let fixture = late(3, |job| job.misfire_grace_time(seconds(1))).await;
                let ledger = fixture.ledger("a").await;
                assert!(
                    matches!(ledger[..], [(Outcome::Missed(_), 1)]),
                    "{ledger:?}"
                );
            });
        },
    ),
    different(
        "coalesced fire times leave a range in the ledger",
        "every fire time has a record; upstream drops them without a trace",
        || {
            paused(async {
                let fixture = late(50, |job| job).await;
                let expected = [(Outcome::Coalesced, 5), (Outcome::Succeeded, 1)];
                assert_eq!(fixture.ledger("a").await, expected);
            });
        },
    ),
    different(
        "grace is tested on each fire time before coalescing",
        "those in grace are coalesced, the older ones are missed; upstream tests the newest only",
        || {
            paused(async {
                let fixture = late(50, |job| job.misfire_grace_time(seconds(25))).await;
                let ledger = fixture.ledger("a").await;
                let [missed, coalesced, ran] = ledger[..] else {
                    panic!("{ledger:?}");
                };
                assert!(matches!(
                    missed,
                    (
                        Outcome::Missed(MissReason::Grace | MissReason::Down | MissReason::Past),
                        3
                    )
                ));
                assert_eq!(
                    (coalesced, ran),
                    ((Outcome::Coalesced, 2), (Outcome::Succeeded, 1))
                );
            });
        },
    ),
    same(
        "without coalescing a backlog is one submission, run one after another",
        || {
            paused(async {
                let all = Coalesce::all(100);
                let fixture =
                    late(50, |job| job.coalesce(all).misfire_grace_time(seconds(1))).await;
                let ledger = fixture.ledger("a").await;
                let [(Outcome::Missed(_), 5), (Outcome::Succeeded, 1)] = ledger[..] else {
                    panic!("{ledger:?}");
                };
                let fixture = late(50, |job| job.coalesce(all)).await;
                let batches = submitted(&fixture).await;
                assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [6]);
            });
        },
    ),
    same(
        "what finds all instances busy is dropped and the schedule goes on",
        || {
            paused(async {
                let (fixture, gate) = held(|job| job).await;
                fixture.pass(3).await;
                gate.open(10);
                fixture.pass(1).await;
                let skipped = Outcome::Skipped(SkipReason::MaxInstances);
                let expected = [
                    (Outcome::Succeeded, 1),
                    (skipped, 1),
                    (skipped, 1),
                    (Outcome::Succeeded, 1),
                ];
                assert_eq!(fixture.ledger("a").await, expected);
            });
        },
    ),
    different(
        "what finds all instances busy may wait instead",
        "most asked for: queue one and run it when there is room",
        || {
            paused(async {
                let (fixture, gate) = held(|job| job.overlap(Overlap::queue(1))).await;
                fixture.pass(2).await;
                gate.open(10);
                fixture.settle().await;
                let expected = [(Outcome::Succeeded, 1), (Outcome::Succeeded, 1)];
                assert_eq!(fixture.ledger("a").await, expected);
            });
        },
    ),
    different(
        "instances are counted per job, not per id and executor",
        "an id names one job, and its count goes with it",
        || {
            paused(async {
                let (fixture, _gate) = held(|job| job).await;
                fixture.pass(1).await;
                assert_eq!(fixture.job("a").await.running(), 1);
                fixture.scheduler.remove_job("a").await.unwrap();
                fixture
                    .scheduler
                    .add_job(nothing, every(1))
                    .id("a")
                    .await
                    .unwrap();
                fixture.pass(1).await;
                assert_eq!(
                    fixture.scheduler.statistics("a").await.unwrap().succeeded,
                    1
                );
            });
        },
    ),
    same("the next wake-up is the earliest of all stores", || {
        paused(async {
            let fixture =
                Fixture::started_with(|builder| builder.store("other", MemoryStore::new())).await;
            fixture
                .scheduler
                .add_job(nothing, every(10))
                .id("late")
                .await
                .unwrap();
            let early = fixture.scheduler.add_job(nothing, every(2)).id("early");
            early.store("other").await.unwrap();
            fixture.pass(2).await;
            assert_eq!(
                fixture
                    .scheduler
                    .statistics("early")
                    .await
                    .unwrap()
                    .succeeded,
                1
            );
            assert_eq!(
                fixture
                    .scheduler
                    .statistics("late")
                    .await
                    .unwrap()
                    .succeeded,
                0
            );
        });
    }),
];
