//! `tests/test_datastores.py` of 4.0: jobs and the runs of them.

use chrono::TimeDelta;
use punctual_core::{MissReason, Outcome, Policies, RunState};
use punctual_store::testing::FaultyStore;
use punctual_store::{ClaimAnswer, EndText, MemoryStore, OnConflict};
use punctual_tokio::{ErrorKind, Scheduler};

use crate::case::{Case, different, same};
use crate::doc_table::has_row;
use crate::fixture::{Fixture, every, nothing, paused};
use crate::times::utc;
use crate::v4::node_fixture::{CANCELLED, DUE, NodeFixture, due_claim, manual_claim};

const TASKS: &str =
    "tasks are code: nodes register functions by name, and stores keep jobs and runs only";

const RESULTS: &str =
    "a result stays in the ledger until its limits are reached: reading does not take it away";

const HELD: &str = "nothing is held between reading and releasing: one claim moves the schedule on and opens its runs";

const REPR: &str = "a store says what it holds when it is debugged";

/// A run ends so, and the ledger says so.
async fn ends(outcome: Outcome, text: Option<EndText>) -> punctual_core::Run {
    let fixture = NodeFixture::new();
    let stored = fixture.add("s1").await;
    let worker = fixture.node("worker_id").await;
    let run = fixture.acquire(&worker, &stored).await.unwrap();
    let entry = fixture.release(&worker, run, outcome, text).await;
    assert_eq!(entry.state, RunState::Ended(outcome));
    assert_eq!(fixture.get("s1").await.state.running, 0);
    entry
}

pub(crate) const CASES: &[Case] = &[
    different("test_add_replace_task", TASKS, || {
        paused(async {
            let twice = Scheduler::builder().task("t", nothing).task("t", nothing);
            assert!(twice.build().unwrap_err().is_conflict());
        });
    }),
    same("test_add_schedules", || {
        paused(async {
            let fixture = NodeFixture::new();
            for id in ["s1", "s2", "s3"] {
                let added = fixture.add(id).await;
                assert_eq!(fixture.get(id).await, added);
            }
            assert_eq!(
                fixture.0.list(Default::default()).await.unwrap().jobs.len(),
                3
            );
        });
    }),
    different(
        "test_replace_schedules",
        "replacing a job with the same trigger keeps its next fire time and its pause",
        || {
            paused(async {
                let fixture = NodeFixture::new();
                let first = fixture.add("s3").await;
                let late = Policies::new()
                    .misfire_grace_time(std::time::Duration::from_secs(5))
                    .build()
                    .unwrap();
                let replaced = fixture.put("s3", late, OnConflict::Replace).await;
                assert_eq!(*replaced.job.policies(), late);
                assert_eq!(replaced.state.next_run_time, first.state.next_run_time);
            });
        },
    ),
    same("test_remove_schedules", || {
        paused(async {
            let fixture = NodeFixture::new();
            for id in ["s1", "s2", "s3"] {
                fixture.add(id).await;
            }
            for id in ["s1", "s2"] {
                fixture
                    .0
                    .remove(id.try_into().unwrap(), utc(DUE))
                    .await
                    .unwrap();
            }
            let left = fixture.0.list(Default::default()).await.unwrap().jobs;
            assert_eq!(left.len(), 1);
            assert_eq!(left[0].job.id().as_str(), "s3");
        });
    }),
    different("test_acquire_release_schedules", HELD, || {
        paused(async {
            let fixture = NodeFixture::new();
            let (first, second) = (fixture.add("s1").await, fixture.add("s2").await);
            let (one, two, three) = (
                fixture.node("id1").await,
                fixture.node("id2").await,
                fixture.node("id3").await,
            );
            assert!(fixture.acquire(&one, &first).await.is_some());
            assert!(fixture.acquire(&two, &second).await.is_some());
            assert!(fixture.acquire(&three, &first).await.is_none());
            let next = utc(DUE) + TimeDelta::days(1);
            assert_eq!(fixture.get("s1").await.state.next_run_time, Some(next));
        });
    }),
    same("test_release_schedule_two_identical_fire_times", || {
        paused(async {
            let fixture = NodeFixture::new();
            let (first, second) = (fixture.add("s1").await, fixture.add("s2").await);
            let node = fixture.node("foo").await;
            fixture.acquire(&node, &first).await.unwrap();
            let untouched = fixture.get("s2").await;
            assert_eq!(
                untouched, second,
                "the other job of the same time stands as it stood"
            );
        });
    }),
    same("test_release_two_schedules_at_once", || {
        paused(async {
            let fixture = NodeFixture::new();
            let jobs = [fixture.add("s1").await, fixture.add("s2").await];
            let node = fixture.node("foo").await;
            let claims = jobs.iter().map(|job| due_claim(job, utc(DUE))).collect();
            let reply = fixture.ask(&node, claims, vec![]).await;
            assert!(
                reply
                    .answers
                    .iter()
                    .all(|answer| matches!(answer, ClaimAnswer::Won(_)))
            );
            assert_eq!(
                fixture.0.list(Default::default()).await.unwrap().jobs.len(),
                2
            );
        });
    }),
    same("test_acquire_multiple_workers", || {
        paused(async {
            let fixture = NodeFixture::new();
            let jobs = [fixture.add("1").await, fixture.add("2").await];
            let mut runs = vec![];
            for (name, job) in ["worker1", "worker2"].into_iter().zip(&jobs) {
                let worker = fixture.node(name).await;
                runs.push(fixture.acquire(&worker, job).await.unwrap());
            }
            assert!(runs[0] < runs[1], "run numbers grow");
            let third = fixture.node("worker3").await;
            assert!(fixture.acquire(&third, &jobs[0]).await.is_none());
        });
    }),
    different("test_job_release_success", RESULTS, || {
        paused(async {
            let text = EndText::Result(r#""foo""#.into());
            let run = ends(Outcome::Succeeded, Some(text)).await;
            assert_eq!((run.result, run.error), (Some("foo".into()), None));
        });
    }),
    different("test_job_release_failure", RESULTS, || {
        paused(async {
            let run = ends(Outcome::Failed, Some(EndText::Error("foo".into()))).await;
            assert_eq!((run.result, run.error.as_deref()), (None, Some("foo")));
        });
    }),
    different("test_job_release_missed_deadline", RESULTS, || {
        paused(async {
            let run = ends(Outcome::Missed(MissReason::Grace), None).await;
            assert_eq!((run.result, run.error), (None, None));
        });
    }),
    different("test_job_release_cancelled", RESULTS, || {
        paused(async {
            let run = ends(CANCELLED, None).await;
            assert_eq!((run.result, run.error), (None, None));
        });
    }),
    same("test_acquire_jobs_max_number_exceeded", || {
        paused(async {
            let fixture = NodeFixture::new();
            let stored = fixture.add_wide("a", 2).await;
            let worker = fixture.node("worker1").await;
            let claims =
                (0..3).map(|nth| manual_claim(&stored, utc(DUE) + TimeDelta::seconds(nth)));
            let reply = fixture.ask(&worker, claims.collect(), vec![]).await;
            let won: Vec<_> = reply
                .answers
                .iter()
                .filter_map(|answer| match answer {
                    ClaimAnswer::Won(won) => Some(won.first),
                    _ => None,
                })
                .collect();
            assert_eq!(won.len(), 2);
            assert!(matches!(reply.answers[2], ClaimAnswer::AtLimit(_)));
            assert_eq!(fixture.get("a").await.state.running, 2);
            fixture
                .release(&worker, won[0], Outcome::Succeeded, None)
                .await;
            assert_eq!(fixture.get("a").await.state.running, 1);
            let stored = fixture.get("a").await;
            let third = manual_claim(&stored, utc(DUE) + TimeDelta::seconds(3));
            let reply = fixture.ask(&worker, vec![third], vec![]).await;
            assert!(matches!(reply.answers[0], ClaimAnswer::Won(_)));
            assert_eq!(fixture.get("a").await.state.running, 2);
        });
    }),
    different("test_add_get_task", TASKS, || {
        paused(async {
            let fixture = Fixture::new();
            let error = fixture
                .scheduler
                .add_job("dummyid", every(1))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnknownTask);
            let fixture = Fixture::with(|builder| builder.task("dummyid", nothing));
            fixture
                .scheduler
                .add_job("dummyid", every(1))
                .await
                .unwrap();
        });
    }),
    same("test_cancel_start", || {
        paused(async {
            let fixture = Fixture::new();
            drop(fixture.scheduler.start());
            assert!(
                !fixture.scheduler.is_running(),
                "what is never polled never happens"
            );
            fixture.scheduler.start().await.unwrap();
        });
    }),
    different(
        "test_cancel_stop",
        "a shutdown that was begun goes on though nobody waits for it any more",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let shutdown = fixture.scheduler.shutdown();
                let impatient = tokio::time::timeout(std::time::Duration::ZERO, shutdown).await;
                drop(impatient);
                fixture.settle().await;
                assert!(!fixture.scheduler.is_running());
            });
        },
    ),
    same("test_next_schedule_run_time", || {
        paused(async {
            let fixture = Fixture::new();
            assert!(fixture.scheduler.upcoming(1).await.unwrap().is_empty());
            for length in [30, 10, 20] {
                fixture
                    .scheduler
                    .add_job(nothing, every(length))
                    .await
                    .unwrap();
            }
            let first = &fixture.scheduler.upcoming(1).await.unwrap()[0];
            assert_eq!(
                first.fire_time,
                fixture.clock.now() + TimeDelta::seconds(10)
            );
        });
    }),
    different(
        "test_acquire_jobs_deserialization_failure",
        "a job that cannot be run here is parked; its row is JSON that no code is run to read",
        || {
            paused(async {
                let store = MemoryStore::new();
                let other = Scheduler::builder().store("default", store.clone());
                let other = other.task("t", nothing).build().unwrap();
                other.add_job("t", every(1)).id("a").await.unwrap();
                let fixture =
                    Fixture::started_with(|builder| builder.store("default", store)).await;
                fixture.jump(10).await;
                assert!(fixture.runs("a").await.is_empty());
                assert_eq!(fixture.ids().await, ["a"]);
            });
        },
    ),
    different("TestRepr::test_memory", REPR, || {
        assert_eq!(
            format!("{:?}", MemoryStore::new()),
            "MemoryStore { jobs: 0 }"
        );
    }),
    different("TestRepr::test_sqlite", REPR, || {
        let (store, _) = FaultyStore::new(MemoryStore::new());
        assert!(format!("{store:?}").contains("MemoryStore"));
    }),
    different("TestRepr::test_psycopg", REPR, || {
        has_row("SQLAlchemyJobStore");
    }),
    different("TestRepr::test_mongodb", REPR, || {
        has_row("MongoDBJobStore");
    }),
];
