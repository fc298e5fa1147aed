//! Adding, changing, pausing and removing one job.

use std::time::Duration;

use punctual_core::{Coalesce, Cron, Date, Policies};
use punctual_store::MemoryStore;
use punctual_tokio::{Args, EventKind, JobStatus};

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, every, nothing, paused};
use crate::times::{berlin, trigger};

const ONE_ID: &str =
    "an id names one job of the scheduler, whichever store keeps it: no store is named to find it";

async fn add(_: Args<(i64, i64)>) {}

#[punctual::scheduled_job(date(run_at = "2014-06-01 08:41:00"), id = "my-id")]
async fn declared() {}

async fn modified(start: bool) {
    let fixture = if start {
        Fixture::started().await
    } else {
        Fixture::new()
    };
    fixture
        .scheduler
        .add_job(nothing, every(60))
        .id("blah")
        .await
        .unwrap();
    let policies = Policies::new()
        .misfire_grace_time(Duration::from_secs(5))
        .max_instances(2)
        .build()
        .unwrap();
    fixture.heard().await;
    fixture.forget();
    let next = berlin("2014-10-17");
    let change = fixture.scheduler.modify_job("blah").policies(policies);
    change.next_run_time(next).await.unwrap();
    let job = fixture.job("blah").await;
    assert_eq!(
        (*job.policies(), job.next_run_time()),
        (policies, Some(next))
    );
    assert_eq!(fixture.heard().await, ["JOB_MODIFIED"]);
    let EventKind::JobModified(event) = &fixture.events()[0].kind else {
        panic!("another event");
    };
    assert_eq!((event.id.as_str(), &*event.store), ("blah", "default"));
}

async fn resumed(dead: bool) {
    let fixture = Fixture::started().await;
    let bounded = every(10)
        .start(fixture.clock.now())
        .end(berlin("2011-04-03 18:41:00"));
    let job = fixture.scheduler.add_job(nothing, bounded).id("foo");
    job.paused().await.unwrap();
    fixture.jump(if dead { 600 } else { 25 }).await;
    fixture.heard().await;
    fixture.forget();
    fixture.scheduler.resume_job("foo").await.unwrap();
    let found = fixture.scheduler.get_job("foo").await.unwrap();
    if dead {
        assert!(found.is_none());
        assert_eq!(fixture.heard().await.last(), Some(&"JOB_REMOVED"));
    } else {
        let next = found.unwrap().next_run_time();
        assert_eq!(next, Some(berlin("2011-04-03 18:40:30")));
    }
}

async fn found(store: &str) {
    let fixture = Fixture::with(|builder| builder.store("bar", MemoryStore::new()));
    let job = fixture.scheduler.add_job(nothing, every(60));
    job.id("foo").store(store).await.unwrap();
    assert_eq!(fixture.job("foo").await.id().as_str(), "foo");
}

async fn removed(start: bool, store: &str) {
    let fixture = Fixture::with(|builder| builder.store("other", MemoryStore::new()));
    if start {
        fixture.scheduler.start().paused().await.unwrap();
    }
    let job = fixture.scheduler.add_job(nothing, every(60));
    job.id("job1").store(store).await.unwrap();
    fixture.heard().await;
    fixture.forget();
    fixture.scheduler.remove_job("job1").await.unwrap();
    assert_eq!(fixture.ids().await, Vec::<String>::new());
    assert_eq!(fixture.heard().await, ["JOB_REMOVED"]);
}

pub(crate) const CASES: &[Case] = &[
    same("TestBaseScheduler::test_add_job_return_value", || {
        paused(async {
            let fixture = Fixture::new();
            let job = fixture
                .scheduler
                .add_job(
                    add,
                    Date::at(
                        "2014-06-01 08:41:00"
                            .parse::<punctual_core::When>()
                            .unwrap(),
                    ),
                )
                .args((1, 2))
                .id("my-id")
                .name("dummy")
                .next_run_time(berlin("2014-05-23 10:00:00"))
                .await
                .unwrap();
            assert_eq!(job.id().as_str(), "my-id");
            let snapshot = job.get().await.unwrap().unwrap();
            assert_eq!(snapshot.name(), "dummy");
            assert_eq!(
                snapshot.next_run_time(),
                Some(berlin("2014-05-23 10:00:00"))
            );
        });
    }),
    different(
        "TestBaseScheduler::test_add_job_pending",
        "a job is in its store as soon as it is added, with the defaults filled in: nothing is pending",
        || {
            paused(async {
                let defaults = Policies::new()
                    .misfire_grace_time(Duration::from_secs(3))
                    .coalesce(Coalesce::all(100))
                    .max_instances(6)
                    .build()
                    .unwrap();
                let fixture = Fixture::with(|builder| builder.job_defaults(defaults));
                fixture
                    .scheduler
                    .add_job(nothing, every(3_600))
                    .id("a")
                    .await
                    .unwrap();
                assert_eq!(fixture.heard().await, ["JOB_ADDED"]);
                assert_eq!(*fixture.job("a").await.policies(), defaults);
            });
        },
    ),
    same("TestBaseScheduler::test_add_job_id_conflict", || {
        paused(async {
            let fixture = Fixture::started().await;
            fixture
                .scheduler
                .add_job(nothing, every(1))
                .id("testjob")
                .await
                .unwrap();
            let again = fixture.scheduler.add_job(nothing, every(1)).id("testjob");
            assert!(again.await.unwrap_err().is_conflict());
        });
    }),
    same("TestBaseScheduler::test_add_job_replace", || {
        paused(async {
            let fixture = Fixture::started().await;
            fixture
                .scheduler
                .add_job(nothing, every(1))
                .id("testjob")
                .await
                .unwrap();
            let cron = fixture.scheduler.add_job(nothing, Cron::new());
            let cron = cron.id("testjob").name("replacement").replace_existing();
            cron.await.unwrap();
            assert_eq!(fixture.ids().await, ["testjob"]);
            assert_eq!(fixture.job("testjob").await.name(), "replacement");
        });
    }),
    different(
        "TestBaseScheduler::test_scheduled_job",
        "the attribute is Rust's decorator; what it declares replaces the stored job and keeps its next fire time",
        || {
            paused(async {
                let store = MemoryStore::new();
                let deploy = || {
                    Fixture::started_with(|builder| {
                        builder
                            .store("default", store.clone())
                            .jobs(punctual::jobs![declared])
                    })
                };
                let first = deploy().await.job("my-id").await.next_run_time();
                let fixture = deploy().await;
                assert_eq!(fixture.job("my-id").await.next_run_time(), first);
                assert_eq!(fixture.ids().await, ["my-id"]);
            });
        },
    ),
    same("TestBaseScheduler::test_modify_job[pending job]", || {
        paused(modified(false));
    }),
    same("TestBaseScheduler::test_modify_job[scheduled job]", || {
        paused(modified(true));
    }),
    same("TestBaseScheduler::test_reschedule_job", || {
        paused(async {
            let fixture = Fixture::started().await;
            fixture
                .scheduler
                .add_job(nothing, every(60))
                .id("my-id")
                .await
                .unwrap();
            let date = trigger(r#"date(run_at="2014-06-01 08:41:00")"#);
            fixture
                .scheduler
                .reschedule_job("my-id", date.clone())
                .await
                .unwrap();
            let job = fixture.job("my-id").await;
            assert_eq!(*job.trigger(), date);
            assert_eq!(job.next_run_time(), Some(berlin("2014-06-01 08:41:00")));
        });
    }),
    same("TestBaseScheduler::test_pause_job", || {
        paused(async {
            let fixture = Fixture::started().await;
            fixture
                .scheduler
                .add_job(nothing, every(1))
                .id("job_id")
                .await
                .unwrap();
            fixture.scheduler.pause_job("job_id").await.unwrap();
            let job = fixture.job("job_id").await;
            assert_eq!(
                (job.status(), job.next_run_time()),
                (JobStatus::Paused, None)
            );
            fixture.jump(5).await;
            assert!(fixture.runs("job_id").await.is_empty());
        });
    }),
    same("TestBaseScheduler::test_resume_job[dead job]", || {
        paused(resumed(true));
    }),
    same("TestBaseScheduler::test_resume_job[live job]", || {
        paused(resumed(false));
    }),
    same("TestBaseScheduler::test_get_job[any jobstore]", || {
        paused(found("default"));
    }),
    different(
        "TestBaseScheduler::test_get_job[specific jobstore]",
        ONE_ID,
        || {
            paused(found("bar"));
        },
    ),
    same("TestBaseScheduler::test_get_job_nonexistent_job", || {
        paused(async {
            assert!(
                Fixture::new()
                    .scheduler
                    .get_job("foo")
                    .await
                    .unwrap()
                    .is_none()
            );
        });
    }),
    different(
        "TestBaseScheduler::test_get_job_nonexistent_jobstore",
        ONE_ID,
        || {
            paused(async {
                let fixture = Fixture::new();
                let job = fixture.scheduler.add_job(nothing, every(1)).store("bar");
                assert!(job.await.unwrap_err().is_not_found());
            });
        },
    ),
    same(
        "TestBaseScheduler::test_remove_job[any jobstore-True]",
        || {
            paused(removed(true, "default"));
        },
    ),
    same(
        "TestBaseScheduler::test_remove_job[any jobstore-False]",
        || {
            paused(removed(false, "default"));
        },
    ),
    different(
        "TestBaseScheduler::test_remove_job[specific jobstore-True]",
        ONE_ID,
        || {
            paused(removed(true, "other"));
        },
    ),
    different(
        "TestBaseScheduler::test_remove_job[specific jobstore-False]",
        ONE_ID,
        || {
            paused(removed(false, "other"));
        },
    ),
    same("TestBaseScheduler::test_remove_nonexistent_job", || {
        paused(async {
            let error = Fixture::new()
                .scheduler
                .remove_job("foo")
                .await
                .unwrap_err();
            assert!(error.is_not_found(), "{error}");
        });
    }),
];
