//! A scheduler whose jobs live in a file.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use punctual::{
    Args, Date, Interval, JobFilter, NewJob, Outcome, Output, RunFilter, Scheduler,
    SchedulerConfig, SqliteStore, open_stores,
};
use tokio::sync::Notify;

static GREETED: AtomicU32 = AtomicU32::new(0);
static HEARD: Notify = Notify::const_new();

async fn greet(Args((name,)): Args<(String,)>) -> Output<String> {
    GREETED.fetch_add(1, Ordering::Relaxed);
    HEARD.notify_one();
    Output(format!("hello {name}"))
}

async fn scheduler(url: &str) -> (Scheduler, SqliteStore) {
    let store = SqliteStore::open(url).await.unwrap();
    let builder = Scheduler::builder().task("greet", greet);
    let scheduler = builder.store("default", store.clone()).build().unwrap();
    (scheduler, store)
}

/// What one process adds, another one runs; the ledger is there for a third.
#[tokio::test]
async fn jobs_outlive_the_process_that_added_them() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("jobs.db").display());
    let overdue = DateTime::<Utc>::from(SystemTime::now() - Duration::from_secs(5));

    let (first, store) = scheduler(&url).await;
    let hourly = Interval::every(Duration::from_secs(3_600)).start(overdue);
    let jobs = [
        NewJob::new("greet", Date::at(overdue))
            .id("once")
            .args(("you",)),
        NewJob::new("greet", hourly)
            .id("hourly")
            .args(("there",))
            .next_run_time(overdue),
    ];
    for added in first.add_jobs(jobs).await.unwrap() {
        added.unwrap();
    }
    store.close().await;

    let (second, store) = scheduler(&url).await;
    second.start().await.unwrap();
    while GREETED.load(Ordering::Relaxed) < 2 {
        HEARD.notified().await;
    }
    second.shutdown().await.unwrap();
    store.close().await;

    let (third, _store) = scheduler(&url).await;
    let jobs = third.get_jobs(JobFilter::default()).await.unwrap();
    let ids: Vec<_> = jobs
        .iter()
        .map(|snapshot| snapshot.job.id().as_str())
        .collect();
    assert_eq!(ids, ["hourly"], "the other has run its only time");
    let mut runs = third.runs(RunFilter::default()).await.unwrap();
    runs.sort_by_key(|run| run.job.clone());
    for (run, said) in runs.iter().zip(["hello there", "hello you"]) {
        assert_eq!(run.state.outcome(), Some(Outcome::Succeeded));
        assert_eq!(run.result, Some(said.into()));
    }
    assert_eq!(runs.len(), 2);
}

/// A file names the database and the job; the second start finds what the first has edited.
#[tokio::test]
async fn a_configuration_keeps_its_jobs_in_a_database() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = format!(
        r#"
        [stores.default]
        type = "sql"
        url = "sqlite://{}"
        prefix = "shop_"

        [[jobs]]
        id = "daily"
        task = "greet"
        args = ["Ada"]
        trigger = "@daily"
        "#,
        folder.path().join("jobs.db").display()
    );
    let start = async || {
        let config = SchedulerConfig::from_toml(&file).unwrap();
        let builder = open_stores(Scheduler::builder(), &config).await.unwrap();
        let builder = builder.task("greet", greet).config(config);
        let scheduler = builder.build().unwrap();
        scheduler.start().await.unwrap();
        scheduler
    };
    let first = start().await;
    first.pause_job("daily").await.unwrap();
    first.shutdown().await.unwrap();
    let second = start().await;
    let daily = second.get_job("daily").await.unwrap().unwrap();
    assert!(daily.state.paused);
    second.shutdown().await.unwrap();

    let elsewhere = file.replace("sqlite://", "postgres://");
    let config = SchedulerConfig::from_toml(&elsewhere).unwrap();
    let refused = open_stores(Scheduler::builder(), &config).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("begin with `sqlite:`"), "{refused}");
}
