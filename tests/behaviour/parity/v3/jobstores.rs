//! `tests/test_jobstores.py` of 3.11, against every store of this workspace that needs no server.

use std::sync::Arc;

use chrono::DateTime;
use punctual_core::{Job, Policies};
use punctual_store::MemoryStore;
use punctual_tokio::{JobStatus, Scheduler};

use super::store_fixture::{StoreFixture, id, update};
use crate::case::{Case, different, same};
use crate::fixture::{Fixture, every, nothing, paused};
use crate::times::berlin;

async fn next_runtime(next: Option<&str>, expected: &str) {
    let store = StoreFixture::new();
    let first = store.add("1", "2016-05-03").await;
    store.add("2", "2014-02-26").await;
    store.add("3", "2013-08-14").await;
    store.update(&first, next).await;
    assert_eq!(store.next_run_time().await, Some(berlin(expected)));
}

/// Three jobs of the same time keep their order when one of them is moved or paused.
async fn moved(index: usize, next: Option<&str>, expected: &[&str]) {
    let store = StoreFixture::new();
    let mut jobs = vec![];
    for number in 0..3 {
        jobs.push(store.add(&format!("job{number}"), "2014-02-26").await);
    }
    store.update(&jobs[index], next).await;
    assert_eq!(store.due("2014-02-27").await, expected);
}

const EARLIER: Option<&str> = Some("2013-08-13");

pub(crate) const CASES: &[Case] = &[
    same("test_lookup_job", || {
        paused(async {
            let store = StoreFixture::new();
            let added = store.add("a", "2999-01-01").await;
            assert_eq!(store.0.get(id("a")).await.unwrap(), Some(added));
        });
    }),
    same("test_lookup_nonexistent_job", || {
        paused(async {
            assert_eq!(StoreFixture::new().0.get(id("foo")).await.unwrap(), None);
        });
    }),
    different(
        "test_get_all_jobs",
        "lists are in the order of ids, so that pages of them stand still; the due window is in the order of time",
        || {
            paused(async {
                let store = StoreFixture::new();
                store.add("1", "2016-05-03").await;
                store.add("2", "2013-08-14").await;
                store.add_paused("3", "2013-07-11").await;
                assert_eq!(store.all().await, ["1", "2", "3"]);
                assert_eq!(store.scheduled().await, ["2", "1"]);
            });
        },
    ),
    same("test_get_pending_jobs", || {
        paused(async {
            let store = StoreFixture::new();
            store.add("1", "2016-05-03").await;
            store.add("2", "2014-02-26").await;
            store.add("3", "2013-08-14").await;
            store.add_paused("4", "2013-07-11").await;
            assert_eq!(store.due("2014-02-27").await, ["3", "2"]);
            assert_eq!(store.due("2013-08-13").await, Vec::<String>::new());
        });
    }),
    same("test_get_pending_jobs_subsecond_difference", || {
        paused(async {
            let store = StoreFixture::new();
            store.add("1", "2014-07-07 00:00:00.000401").await;
            store.add("2", "2014-07-07 00:00:00.000402").await;
            store.add("3", "2014-07-07 00:00:00.000400").await;
            assert_eq!(store.due("2014-07-07 01:00:00").await, ["3", "1", "2"]);
        });
    }),
    same("test_get_next_run_time", || {
        paused(async {
            let store = StoreFixture::new();
            store.add("1", "2016-05-03").await;
            store.add("2", "2014-02-26").await;
            store.add("3", "2013-08-14").await;
            store.add_paused("4", "2013-07-11").await;
            assert_eq!(store.next_run_time().await, Some(berlin("2013-08-14")));
        });
    }),
    same("test_add_job_conflicting_id", || {
        paused(async {
            let store = StoreFixture::new();
            store.add("blah", "2016-05-03").await;
            let again = store.try_add("blah", "2014-02-26", false).await;
            assert!(again.unwrap_err().is_conflict());
        });
    }),
    same("test_update_job", || {
        paused(async {
            let store = StoreFixture::new();
            let first = store.add("1", "2016-05-03").await;
            store.add("2", "2014-02-26").await;
            let six = Policies::new().max_instances(6).build().unwrap();
            let mut state = first.state;
            state.next_run_time = Some(berlin("2016-05-04"));
            let mut changed = update(&first, state);
            changed.job = Arc::new(Job::clone(&first.job).with_policies(six));
            store.0.update(changed).await.unwrap();
            assert_eq!(store.scheduled().await, ["2", "1"]);
            let stored = store.0.get(id("1")).await.unwrap().unwrap();
            assert_eq!(stored.state.next_run_time, Some(berlin("2016-05-04")));
            assert_eq!(*stored.job.policies(), six);
        });
    }),
    same("test_update_job_next_runtime[earlier]", || {
        paused(next_runtime(EARLIER, "2013-08-13"));
    }),
    same("test_update_job_next_runtime[null]", || {
        paused(next_runtime(None, "2013-08-14"));
    }),
    same("test_update_job_clear_next_runtime[first-earlier]", || {
        paused(moved(0, EARLIER, &["job0", "job1", "job2"]));
    }),
    same("test_update_job_clear_next_runtime[first-null]", || {
        paused(moved(0, None, &["job1", "job2"]));
    }),
    same("test_update_job_clear_next_runtime[middle-earlier]", || {
        paused(moved(1, EARLIER, &["job1", "job0", "job2"]));
    }),
    same("test_update_job_clear_next_runtime[middle-null]", || {
        paused(moved(1, None, &["job0", "job2"]));
    }),
    same("test_update_job_clear_next_runtime[last-earlier]", || {
        paused(moved(2, EARLIER, &["job2", "job0", "job1"]));
    }),
    same("test_update_job_clear_next_runtime[last-null]", || {
        paused(moved(2, None, &["job0", "job1"]));
    }),
    same("test_update_job_nonexistent_job", || {
        paused(async {
            let elsewhere = StoreFixture::new().add("a", "2016-05-03").await;
            let answer = StoreFixture::new()
                .0
                .update(update(&elsewhere, elsewhere.state))
                .await;
            assert!(answer.is_err());
        });
    }),
    different(
        "test_one_job_fails_to_load",
        "a stored job whose function is gone is parked and shown, never deleted",
        || {
            paused(async {
                let store = MemoryStore::new();
                let with = Scheduler::builder().store("default", store.clone());
                let with = with.task("dummy_job", nothing).task("dummy_job3", nothing);
                let with = with.build().unwrap();
                for (id, task) in [("1", "dummy_job"), ("3", "dummy_job3")] {
                    with.add_job(task, every(60)).id(id).await.unwrap();
                }
                let without = Fixture::with(|builder| {
                    builder.store("default", store).task("dummy_job", nothing)
                });
                assert_eq!(without.ids().await, ["1", "3"]);
                assert_eq!(without.job("3").await.status(), JobStatus::Parked);
                assert_eq!(without.job("1").await.status(), JobStatus::Scheduled);
            });
        },
    ),
    same("test_remove_job", || {
        paused(async {
            let store = StoreFixture::new();
            store.add("1", "2016-05-03").await;
            store.add("2", "2014-02-26").await;
            store.0.remove(id("1"), DateTime::UNIX_EPOCH).await.unwrap();
            assert_eq!(store.all().await, ["2"]);
            store.0.remove(id("2"), DateTime::UNIX_EPOCH).await.unwrap();
            assert!(store.all().await.is_empty());
        });
    }),
    same("test_remove_nonexistent_job", || {
        paused(async {
            assert_eq!(
                StoreFixture::new()
                    .0
                    .remove(id("blah"), DateTime::UNIX_EPOCH)
                    .await
                    .unwrap(),
                None
            );
            let error = Fixture::new()
                .scheduler
                .remove_job("blah")
                .await
                .unwrap_err();
            assert!(error.is_not_found());
        });
    }),
    same("test_remove_all_jobs", || {
        paused(async {
            let store = StoreFixture::new();
            store.add("1", "2016-05-03").await;
            store.add("2", "2014-02-26").await;
            assert_eq!(store.0.clear(DateTime::UNIX_EPOCH).await.unwrap(), 2);
            assert!(store.all().await.is_empty());
        });
    }),
    same("test_repr_memjobstore", || {
        assert_eq!(
            format!("{:?}", MemoryStore::new()),
            "MemoryStore { jobs: 0 }"
        );
    }),
    different(
        "test_memstore_close",
        "a store keeps its jobs over shutdown and start of the scheduler; who wants it empty removes them",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                fixture
                    .scheduler
                    .add_job(nothing, every(60))
                    .id("a")
                    .await
                    .unwrap();
                fixture.scheduler.shutdown().await.unwrap();
                fixture.scheduler.start().await.unwrap();
                assert_eq!(fixture.ids().await, ["a"]);
                fixture.scheduler.remove_all_jobs().await.unwrap();
                assert!(fixture.ids().await.is_empty());
            });
        },
    ),
];
