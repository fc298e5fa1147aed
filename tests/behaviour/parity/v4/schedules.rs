//! `tests/test_schedulers.py` of 4.0: coalescing, jitter, pausing, deadlines, crashes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use punctual_core::{CancelReason, Coalesce, Date, JobId, MissReason, Outcome, Policies};
use punctual_store::MemoryStore;
use punctual_store::testing::{Fault, FaultyStore, StoreCall};
use punctual_tokio::{Executor, JobContext, JobStatus};

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, Gate, every, nothing, paused, seconds};

/// A job every minute since three minutes and five seconds ago: four fire times.
async fn coalesced(coalesce: Coalesce, runs: usize, first_late: i64) {
    let fixture = Fixture::started().await;
    let now = fixture.clock.now();
    let start = now - TimeDelta::seconds(185);
    let job = fixture
        .scheduler
        .add_job(nothing, every(60).start(start))
        .id("foo");
    job.next_run_time(start).coalesce(coalesce).await.unwrap();
    fixture.settle().await;
    let mut ran: Vec<_> = fixture
        .runs("foo")
        .await
        .into_iter()
        .filter(|run| run.state.outcome() == Some(Outcome::Succeeded))
        .map(|run| (now - run.fire_time()).num_seconds())
        .collect();
    ran.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!((ran.len(), ran[0]), (runs, first_late));
    let next = fixture.job("foo").await.next_run_time();
    assert_eq!(next, Some(now + TimeDelta::seconds(55)));
}

/// The delay is at most what is asked for, and always ends before the next fire time.
fn jitter(longest: u64, bound: TimeDelta) {
    let jitter = Policies::new()
        .jitter(Duration::from_secs(longest))
        .build()
        .unwrap();
    let fire_time = crate::times::utc("2026-03-01");
    let next = fire_time + TimeDelta::seconds(3);
    let starts = (0..1_000).map(|job| {
        let job = JobId::new(job.to_string()).unwrap();
        jitter.start_of(&job, fire_time, Some(next)) - fire_time
    });
    let (least, most) = starts.fold((TimeDelta::MAX, TimeDelta::MIN), |(least, most), delay| {
        (least.min(delay), most.max(delay))
    });
    assert!(
        least >= TimeDelta::zero() && most <= bound,
        "{least} to {most}"
    );
    assert!(most > bound / 2, "the whole room is used");
}

async fn pauses(date: bool) {
    let fixture = Fixture::new();
    let job = if date {
        fixture
            .scheduler
            .add_job(nothing, Date::at(fixture.clock.now()))
    } else {
        fixture.scheduler.add_job(nothing, every(1))
    };
    let job = job.id("foo").await.unwrap();
    job.pause().await.unwrap();
    assert_eq!(fixture.job("foo").await.status(), JobStatus::Paused);
    fixture.scheduler.start().await.unwrap();
    fixture.settle().await;
    assert!(fixture.runs("foo").await.is_empty());
    job.resume().catch_up().await.unwrap();
    fixture.settle().await;
    let succeeded = fixture.scheduler.statistics("foo").await.unwrap().succeeded;
    assert_eq!(succeeded, u64::from(date), "what was due by then runs");
}

const ONCE_DONE: &str =
    "a job without a further fire time leaves with its last run: there is nothing to clean up";

pub(crate) const CASES: &[Case] = &[
    different(
        "TestAsyncScheduler::test_add_pause_unpause_remove_schedule",
        "a paused job keeps its next fire time in its state, and shows none until it is resumed",
        || {
            paused(async {
                let fixture = Fixture::new();
                let now = fixture.clock.now();
                fixture
                    .scheduler
                    .add_job(nothing, Date::at(now))
                    .id("foo")
                    .await
                    .unwrap();
                fixture.scheduler.pause_job("foo").await.unwrap();
                let job = fixture.job("foo").await;
                assert_eq!(
                    (job.next_run_time(), job.state().next_run_time),
                    (None, Some(now))
                );
                fixture
                    .scheduler
                    .resume_job("foo")
                    .catch_up()
                    .await
                    .unwrap();
                assert_eq!(fixture.job("foo").await.next_run_time(), Some(now));
                fixture.scheduler.remove_job("foo").await.unwrap();
                let expected = ["JOB_ADDED", "JOB_MODIFIED", "JOB_MODIFIED", "JOB_REMOVED"];
                assert_eq!(fixture.heard().await, expected);
            });
        },
    ),
    same(
        "TestAsyncScheduler::test_scheduled_job_missed_deadline",
        || {
            paused(async {
                let fixture = Fixture::new();
                let late = Date::at(fixture.clock.now() - TimeDelta::seconds(1));
                let job = fixture.scheduler.add_job(nothing, late).id("foo");
                job.misfire_grace_time(Duration::from_millis(1))
                    .await
                    .unwrap();
                fixture.scheduler.start().await.unwrap();
                fixture.settle().await;
                let ledger = fixture.ledger("foo").await;
                assert!(
                    matches!(
                        ledger[..],
                        [(
                            Outcome::Missed(
                                MissReason::Grace | MissReason::Down | MissReason::Past
                            ),
                            1
                        )]
                    ),
                    "{ledger:?}"
                );
            });
        },
    ),
    different(
        "TestAsyncScheduler::test_coalesce_policy[all]",
        "all is bounded: the newest so many of a backlog, the rest as one range",
        || {
            paused(coalesced(Coalesce::all(100), 4, 185));
            paused(coalesced(Coalesce::all(2), 2, 65));
        },
    ),
    same("TestAsyncScheduler::test_coalesce_policy[earliest]", || {
        paused(coalesced(Coalesce::Earliest, 1, 185));
    }),
    same("TestAsyncScheduler::test_coalesce_policy[latest]", || {
        paused(coalesced(Coalesce::Latest, 1, 5));
    }),
    same("TestAsyncScheduler::test_jitter[within]", || {
        jitter(2, TimeDelta::seconds(2));
    }),
    same("TestAsyncScheduler::test_jitter[exceed]", || {
        jitter(4, TimeDelta::microseconds(2_999_999));
    }),
    different(
        "TestAsyncScheduler::test_contextvars",
        "what a run knows is a parameter that it asks for, not a variable of the context",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let now = fixture.clock.now();
                let seen = Arc::new(Mutex::new(None));
                let tell = Arc::clone(&seen);
                let body = move |context: JobContext| {
                    *tell.lock().unwrap() = Some((
                        context.job_id().to_string(),
                        context.fire_time(),
                        context.scheduler().is_ok(),
                    ));
                    async {}
                };
                let job = fixture.scheduler.add_job(body, Date::at(now)).id("foo");
                job.jitter(seconds(3))
                    .misfire_grace_time(seconds(10))
                    .await
                    .unwrap();
                fixture.jump(3).await;
                let expected = Some(("foo".to_owned(), now, true));
                assert_eq!(*seen.lock().unwrap(), expected, "the nominal time");
            });
        },
    ),
    different(
        "TestAsyncScheduler::test_explicit_cleanup",
        ONCE_DONE,
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let once = Date::at(fixture.clock.now());
                fixture
                    .scheduler
                    .add_job(nothing, once)
                    .id("event_set")
                    .await
                    .unwrap();
                fixture.settle().await;
                assert!(fixture.ids().await.is_empty());
                assert_eq!(fixture.ledger("event_set").await, [(Outcome::Succeeded, 1)]);
            });
        },
    ),
    same(
        "TestAsyncScheduler::test_explicit_cleanup_avoid_schedules_still_having_jobs",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let gate = Gate::closed();
                let waiting = gate.clone();
                let body = move || {
                    let waiting = waiting.clone();
                    async move { waiting.pass().await }
                };
                let once = Date::at(fixture.clock.now());
                fixture
                    .scheduler
                    .add_job(body, once)
                    .id("event_set")
                    .await
                    .unwrap();
                fixture.settle().await;
                assert_eq!(fixture.job("event_set").await.status(), JobStatus::Finished);
                gate.open(1);
                fixture.settle().await;
                assert!(fixture.ids().await.is_empty());
            });
        },
    ),
    different(
        "TestAsyncScheduler::test_implicit_cleanup",
        "the ledger keeps within its limits by itself, at every end of a run",
        || {
            paused(async {
                let small = punctual_store::LedgerLimits::new(10, 3);
                let store = MemoryStore::with_ledger(small);
                let fixture =
                    Fixture::started_with(|builder| builder.store("default", store)).await;
                fixture
                    .scheduler
                    .add_job(nothing, every(1))
                    .id("a")
                    .await
                    .unwrap();
                fixture.pass(8).await;
                assert_eq!(fixture.ledger("a").await.len(), 3);
                assert_eq!(
                    fixture.scheduler.statistics("a").await.unwrap().succeeded,
                    8
                );
            });
        },
    ),
    different(
        "TestAsyncScheduler::test_max_concurrent_jobs",
        "how many runs go at once is a matter of each executor",
        || {
            paused(async {
                let fixture = Fixture::started_with(|builder| {
                    builder.executor("narrow", Executor::tokio().at_most(1))
                })
                .await;
                let gate = Gate::closed();
                let most = Arc::new(Mutex::new((0, 0)));
                for id in ["1", "2"] {
                    let (waiting, most) = (gate.clone(), Arc::clone(&most));
                    let body = move || {
                        let (waiting, most) = (waiting.clone(), Arc::clone(&most));
                        async move {
                            {
                                let mut count = most.lock().unwrap();
                                count.0 += 1;
                                count.1 = count.0.max(count.1);
                            }
                            waiting.pass().await;
                            most.lock().unwrap().0 -= 1;
                        }
                    };
                    let once = Date::at(fixture.clock.now());
                    let job = fixture.scheduler.add_job(body, once).id(id);
                    job.executor("narrow").await.unwrap();
                }
                fixture.settle().await;
                gate.open(2);
                fixture.settle().await;
                assert_eq!(*most.lock().unwrap(), (0, 1));
                assert!(fixture.ids().await.is_empty());
            });
        },
    ),
    same(
        "TestAsyncScheduler::test_pause_unpause_schedule[cron]",
        || paused(pauses(false)),
    ),
    same(
        "TestAsyncScheduler::test_pause_unpause_schedule[date]",
        || paused(pauses(true)),
    ),
    different(
        "TestAsyncScheduler::test_scheduler_crash_restart_schedule_immediately",
        "a store that fails ends nothing: the scheduler tries again and the job runs when the store is back",
        || {
            paused(async {
                let (store, faults) = FaultyStore::new(MemoryStore::new());
                let fixture =
                    Fixture::started_with(|builder| builder.store("default", store)).await;
                fixture
                    .scheduler
                    .add_job(nothing, every(60))
                    .id("foo")
                    .await
                    .unwrap();
                faults.set(StoreCall::Claim, Fault::Failed);
                fixture.jump(60).await;
                assert!(fixture.scheduler.is_running());
                assert!(!fixture.scheduler.health()[0].is_good());
                faults.mend(StoreCall::Claim);
                fixture.pass(30).await;
                tokio::time::sleep(seconds(60)).await;
                fixture.settle().await;
                assert!(fixture.scheduler.statistics("foo").await.unwrap().succeeded >= 1);
            });
        },
    ),
    different(
        "TestAsyncScheduler::test_scheduler_crash_reap_abandoned_jobs",
        "a shutdown that had to leave a run records it as cancelled; only a process that died leaves lost ones",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let deaf = fixture
                    .scheduler
                    .add_job(std::future::pending::<()>, every(60));
                let job = deaf.id("a").await.unwrap();
                job.run().await.unwrap();
                let shutdown = tokio::spawn({
                    let scheduler = fixture.scheduler.clone();
                    async move { scheduler.shutdown().immediately().await }
                });
                while !shutdown.is_finished() {
                    fixture.jump(1).await;
                }
                let expected = [(Outcome::Cancelled(CancelReason::Shutdown), 1)];
                assert_eq!(fixture.ledger("a").await, expected);
                fixture.scheduler.start().await.unwrap();
                assert_eq!(fixture.job("a").await.running(), 0);
            });
        },
    ),
];
