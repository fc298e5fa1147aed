//! Jobs in lists, tables and files.

use punctual_core::Trigger;
use punctual_store::MemoryStore;
use punctual_tokio::Args;

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, every, nothing, paused};
use crate::times::trigger;

async fn two_stores(start: bool) -> Fixture {
    let fixture = Fixture::with(|builder| builder.store("other", MemoryStore::new()));
    if start {
        fixture.scheduler.start().paused().await.unwrap();
    }
    fixture
}

async fn listed(start: bool, store: Option<&str>) {
    let fixture = two_stores(start).await;
    fixture
        .scheduler
        .add_job(nothing, every(60))
        .id("job1")
        .await
        .unwrap();
    let second = fixture.scheduler.add_job(nothing, every(60)).id("job2");
    second.store("other").await.unwrap();
    let all = fixture.scheduler.get_jobs();
    let jobs = match store {
        None => all.await.unwrap(),
        Some(store) => all.store(store).await.unwrap(),
    };
    let ids: Vec<_> = jobs.iter().map(|job| job.id().as_str()).collect();
    let expected: &[&str] = if store.is_none() {
        &["job1", "job2"]
    } else {
        &["job2"]
    };
    assert_eq!(ids, expected);
}

async fn all_removed(start: bool) {
    let fixture = two_stores(start).await;
    for (id, store) in [("job1", "default"), ("job2", "default"), ("job3", "other")] {
        let job = fixture.scheduler.add_job(nothing, every(60));
        job.id(id).store(store).await.unwrap();
    }
    fixture.heard().await;
    fixture.forget();
    assert_eq!(fixture.scheduler.remove_all_jobs().await.unwrap(), 3);
    assert!(fixture.ids().await.is_empty());
    assert_eq!(fixture.heard().await, ["ALL_JOBS_REMOVED"]);
}

async fn those_of_one_store_removed(start: bool) {
    let fixture = two_stores(start).await;
    for (id, store) in [("job1", "default"), ("job2", "default"), ("job3", "other")] {
        let job = fixture.scheduler.add_job(nothing, every(60));
        job.id(id).store(store).await.unwrap();
    }
    fixture.heard().await;
    fixture.forget();
    assert_eq!(
        fixture
            .scheduler
            .remove_all_jobs()
            .store("other")
            .await
            .unwrap(),
        1
    );
    assert_eq!(fixture.heard().await, ["ALL_JOBS_REMOVED"]);
    assert_eq!(fixture.ids().await, ["job1", "job2"]);
}

async fn printed(start: bool) {
    let fixture = two_stores(start).await;
    for (id, store, date) in [("1", "default", "2099-09-09"), ("2", "other", "2099-08-08")] {
        let once: Trigger = format!(r#"date(run_at="{date}")"#).parse().unwrap();
        let job = fixture.scheduler.add_job(nothing, once);
        let job = job.id(format!("job{id}")).name(format!("test job {id}"));
        job.store(store).await.unwrap();
    }
    let table = fixture.scheduler.job_table().await.unwrap().to_string();
    let once = "once at 2099-09-09 00:00:00, Europe/Berlin";
    let expected =
        format!("    test job 1 (trigger: {once}, next run at: 2099-09-09 00:00:00 +02:00)");
    assert!(table.contains("Jobstore default:\n"), "{table}");
    assert!(
        table.contains("Jobstore other:\n    test job 2 (trigger: "),
        "{table}"
    );
    assert!(table.contains(&expected), "{table}");
    let other = fixture.scheduler.job_table().store("other");
    let other = other.await.unwrap().to_string();
    assert!(
        table.ends_with(&other) && !other.contains("default"),
        "{other}"
    );
}

async fn greet(Args((_, _)): Args<(String, String)>) {}

/// Three jobs with arguments go to another scheduler.
async fn exported_and_imported() {
    let build = || Fixture::with(|builder| builder.task("print", greet));
    let (from, to) = (build(), build());
    for (name, text) in [
        ("cronjob", r#"cron(hour="*/3")"#),
        ("datejob", r#"date(run_at="2024-11-24 14:04:00+02:00")"#),
        (
            "intervaljob",
            r#"interval(weeks=3, start="2024-11-24 14:04:00+02:00")"#,
        ),
    ] {
        let job = from.scheduler.add_job("print", trigger(text));
        job.id(name).args(("foo", "bar")).await.unwrap();
    }
    let json = from.scheduler.export_jobs().await.unwrap();
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["version"], 1);
    to.scheduler.import_jobs(&json).await.unwrap();
    assert_eq!(to.ids().await, ["cronjob", "datejob", "intervaljob"]);
    for id in to.ids().await {
        let (sent, received) = (from.job(&id).await, to.job(&id).await);
        assert_eq!(sent.job(), received.job());
        assert_eq!(sent.next_run_time(), received.next_run_time());
        assert_eq!(received.args(), serde_json::json!(["foo", "bar"]));
    }
}

const PRINT: &str =
    "one table with the rule in words and the offset of each time; nothing is pending";

pub(crate) const CASES: &[Case] = &[
    same(
        "TestBaseScheduler::test_get_jobs[all jobstores-running]",
        || paused(listed(true, None)),
    ),
    same(
        "TestBaseScheduler::test_get_jobs[all jobstores-stopped]",
        || paused(listed(false, None)),
    ),
    same(
        "TestBaseScheduler::test_get_jobs[specific jobstore-running]",
        || {
            paused(listed(true, Some("other")));
        },
    ),
    same(
        "TestBaseScheduler::test_get_jobs[specific jobstore-stopped]",
        || {
            paused(listed(false, Some("other")));
        },
    ),
    same("TestBaseScheduler::test_remove_all_jobs[all-True]", || {
        paused(all_removed(true));
    }),
    same("TestBaseScheduler::test_remove_all_jobs[all-False]", || {
        paused(all_removed(false));
    }),
    same(
        "TestBaseScheduler::test_remove_all_jobs[single jobstore-True]",
        || {
            paused(those_of_one_store_removed(true));
        },
    ),
    same(
        "TestBaseScheduler::test_remove_all_jobs[single jobstore-False]",
        || {
            paused(those_of_one_store_removed(false));
        },
    ),
    different(
        "TestBaseScheduler::test_print_jobs[all jobstores-True]",
        PRINT,
        || {
            paused(printed(true));
        },
    ),
    different(
        "TestBaseScheduler::test_print_jobs[all jobstores-False]",
        PRINT,
        || {
            paused(printed(false));
        },
    ),
    different(
        "TestBaseScheduler::test_print_jobs[specific jobstore-True]",
        PRINT,
        || {
            paused(printed(true));
        },
    ),
    different(
        "TestBaseScheduler::test_print_jobs[specific jobstore-False]",
        PRINT,
        || {
            paused(printed(false));
        },
    ),
    same("TestBaseScheduler::test_export_import_jobs", || {
        paused(exported_and_imported());
    }),
    different(
        "TestBaseScheduler::test_export_jobs_scheduler_not_started",
        "jobs are in their stores before the start too, so they can be exported",
        || {
            paused(async {
                let fixture = Fixture::with(|builder| builder.task("t", nothing));
                fixture
                    .scheduler
                    .add_job("t", every(60))
                    .id("a")
                    .await
                    .unwrap();
                assert!(
                    fixture
                        .scheduler
                        .export_jobs()
                        .await
                        .unwrap()
                        .contains("\"a\"")
                );
            });
        },
    ),
];
