//! `TestProcessJobs`: one pass of the main loop, and its events.

use chrono::TimeDelta;
use punctual_core::{Date, Outcome, SkipReason};
use punctual_store::MemoryStore;
use punctual_tokio::{EventKind, EventMask, Executor, JobStatus};

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, Gate, every, nothing, paused};
use crate::times::berlin;

/// A job every second that finds itself busy at its second fire time.
async fn busy() -> (Fixture, Gate) {
    let fixture = Fixture::started().await;
    let gate = Gate::closed();
    let waiting = gate.clone();
    let body = move || {
        let waiting = waiting.clone();
        async move { waiting.pass().await }
    };
    fixture
        .scheduler
        .add_job(body, every(1))
        .id("a")
        .await
        .unwrap();
    fixture.pass(2).await;
    (fixture, gate)
}

pub(crate) const CASES: &[Case] = &[
    same("TestBaseScheduler::test_process_jobs_empty", || {
        paused(async {
            let fixture = Fixture::started().await;
            fixture.jump(1_000_000).await;
            assert!(fixture.heard().await.is_empty());
            assert!(fixture.scheduler.upcoming(1).await.unwrap().is_empty());
        });
    }),
    same("TestBaseScheduler::test_job_submitted_event", || {
        paused(async {
            let fixture = Fixture::new();
            let now = fixture.clock.now();
            fixture
                .scheduler
                .add_job(nothing, Date::at(now))
                .await
                .unwrap();
            fixture.scheduler.start().await.unwrap();
            fixture.settle().await;
            let submitted: Vec<_> = fixture
                .events()
                .iter()
                .filter_map(|event| match &event.kind {
                    EventKind::JobSubmitted { fire_times, .. } => Some(fire_times.clone()),
                    _ => None,
                })
                .collect();
            assert_eq!(submitted, [vec![now]]);
        });
    }),
    same("TestBaseScheduler::test_job_max_instances_event", || {
        paused(async {
            let (fixture, _gate) = busy().await;
            let ranges: Vec<_> = fixture
                .events()
                .iter()
                .filter(|event| event.kind.mask() == EventMask::JOB_SKIPPED)
                .map(|event| match &event.kind {
                    EventKind::JobSkipped { range, .. } => (range.first, range.last),
                    other => panic!("{other:?}"),
                })
                .collect();
            let second = berlin("2011-04-03 18:40:02");
            assert_eq!(ranges, [(second, second)]);
        });
    }),
    different(
        "TestProcessJobs::test_nonexistent_executor",
        "a job whose executor is gone is parked and shown, never removed",
        || {
            paused(async {
                let fixture =
                    Fixture::started_with(|builder| builder.executor("gpu", Executor::tokio()))
                        .await;
                let job = fixture.scheduler.add_job(nothing, every(1)).id("999");
                job.executor("gpu").await.unwrap();
                fixture.scheduler.remove_executor("gpu").await.unwrap();
                fixture.jump(100).await;
                assert_eq!(fixture.job("999").await.status(), JobStatus::Parked);
                assert!(!fixture.heard().await.contains(&"JOB_REMOVED"));
            });
        },
    ),
    same("TestProcessJobs::test_max_instances_reached", || {
        paused(async {
            let (fixture, gate) = busy().await;
            gate.open(1);
            fixture.settle().await;
            let skipped = Outcome::Skipped(SkipReason::MaxInstances);
            let expected = [(Outcome::Succeeded, 1), (skipped, 1)];
            assert_eq!(fixture.ledger("a").await, expected);
        });
    }),
    different(
        "TestProcessJobs::test_executor_error",
        "a run that cannot even begin is a failed run with its error, not a line in a log",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let body = || -> std::future::Ready<()> { panic!("test message") };
                fixture
                    .scheduler
                    .add_job(body, every(1))
                    .id("999")
                    .await
                    .unwrap();
                fixture.jump(1).await;
                assert_eq!(
                    fixture.runs("999").await[0].error.as_deref(),
                    Some("test message")
                );
                assert!(fixture.heard().await.contains(&"JOB_ERROR"));
            });
        },
    ),
    same("TestProcessJobs::test_job_update", || {
        paused(async {
            let fixture = Fixture::started().await;
            fixture
                .scheduler
                .add_job(nothing, every(6))
                .id("a")
                .await
                .unwrap();
            fixture.jump(6).await;
            let next = fixture.clock.now() + TimeDelta::seconds(6);
            assert_eq!(fixture.job("a").await.next_run_time(), Some(next));
        });
    }),
    same("TestProcessJobs::test_wait_time", || {
        paused(async {
            let fixture = Fixture::started_with(|builder| {
                builder
                    .store("alter", MemoryStore::new())
                    .store("another", MemoryStore::new())
                    .store("more", MemoryStore::new())
            })
            .await;
            for (store, after) in [("default", 8), ("another", 5), ("more", 6)] {
                let once = Date::at(fixture.clock.now() + TimeDelta::seconds(after));
                let job = fixture.scheduler.add_job(nothing, once);
                job.id(store).store(store).await.unwrap();
            }
            let upcoming = fixture.scheduler.upcoming(1).await.unwrap();
            assert_eq!(upcoming[0].job.as_str(), "another");
            fixture.jump(5).await;
            assert_eq!(
                fixture.ids().await.len(),
                2,
                "the earliest of all stores was waited for"
            );
        });
    }),
    same(
        "TestProcessJobs::test_wait_time_across_dst_transition",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                fixture.clock.set(berlin("2026-03-29 01:59:59"));
                let job = fixture
                    .scheduler
                    .add_job(nothing, Date::at(berlin("2026-03-29 03:00:00")));
                job.id("a").await.unwrap();
                fixture.jump(1).await;
                assert_eq!(fixture.ledger("a").await, [(Outcome::Succeeded, 1)]);
            });
        },
    ),
];
