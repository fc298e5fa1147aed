//! A scheduler whose jobs live in a file.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use punctual::config::{Config, StoreConfig};
use punctual::event::EventKind;
use punctual::ledger::{Outcome, SkipReason};
use punctual::policy::Overlap;
use punctual::scheduler::NewJob;
use punctual::store::{self, JobStore, SqliteStore};
use punctual::time::ManualClock;
use punctual::{Args, Date, Interval, Output, Scheduler};
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
    let jobs = third.get_jobs().await.unwrap();
    let ids: Vec<_> = jobs.iter().map(|snapshot| snapshot.id().as_str()).collect();
    assert_eq!(ids, ["hourly"], "the other has run its only time");
    let mut runs = third.runs().await.unwrap();
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
        let config = Config::from_toml(&file).unwrap();
        let builder = Scheduler::builder().task("greet", greet).config(config);
        let builder = builder.open_stores(store::open).await.unwrap();
        let scheduler = builder.build().unwrap();
        scheduler.start().await.unwrap();
        scheduler
    };
    let first = start().await;
    first.pause_job("daily").await.unwrap();
    first.shutdown().await.unwrap();
    let second = start().await;
    let daily = second.get_job("daily").await.unwrap().unwrap();
    assert!(daily.state().paused);
    second.shutdown().await.unwrap();

    let elsewhere = file.replace("sqlite://", "mssql://app:s3cret@");
    let config = Config::from_toml(&elsewhere).unwrap();
    let builder = Scheduler::builder().config(config);
    let refused = builder.open_stores(store::open).await;
    let refused = refused.err().unwrap();
    assert_eq!(refused.field(), Some("stores.default.url"));
    let refused = refused.to_string();
    assert!(refused.contains("`mssql://app:***@"), "{refused}");
    assert!(refused.contains("no known scheme"), "{refused}");
}

#[tokio::test]
async fn a_store_is_opened_by_the_scheme_of_its_address() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("jobs.db").display());
    let config = StoreConfig::new(&url).prefix("shop_");
    let store = tokio::spawn(store::open(config)).await.unwrap().unwrap();
    assert!(store.capabilities().persistent);
    store.close().await.unwrap();
    let memory = store::open("memory:").await.unwrap();
    assert!(!memory.capabilities().persistent);
    for (url, part) in [
        ("mssql://root:s3cret@db/x", "no known scheme"),
        ("jobs.db", "write `sqlite:jobs.db`"),
        ("memory:x", "write `memory:`"),
        ("redis://:s3cret@db", "no known scheme"),
    ] {
        let error = store::open(url).await.unwrap_err();
        assert!(
            error.is_invalid() && error.field() == Some("url"),
            "{error}"
        );
        let told = format!("{error:#?} {error}");
        assert!(told.contains(part) && !told.contains("s3cret"), "{told}");
    }
}

/// The file notes what the clock shows, so a process finds that it was set back before it started.
#[tokio::test]
async fn a_clock_that_was_set_back_while_no_process_ran_is_noticed() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("jobs.db").display());
    let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
    let clock = ManualClock::at(noon + TimeDelta::days(365));
    let process = async || {
        let store = SqliteStore::open(&url).await.unwrap();
        let builder = Scheduler::builder().clock(clock.clone());
        let builder = builder.store("default", store);
        builder.task("work", async || {}).build().unwrap()
    };
    let first = process().await;
    first.start().await.unwrap();
    let minutely = Interval::every(Duration::from_secs(60));
    let job = first.add_job("work", minutely).id("minutely");
    job.await.unwrap();
    first.shutdown().await.unwrap();

    clock.set(noon);
    let second = process().await;
    let mut events = second.events();
    second.start().await.unwrap();
    while let Some(heard) = events.next().await {
        if matches!(&heard, Ok(event) if matches!(event.kind, EventKind::JobModified(_))) {
            break;
        }
    }
    let job = second.get_job("minutely").await.unwrap().unwrap();
    assert_eq!(job.next_run_time(), Some(noon + TimeDelta::minutes(1)));
    let runs = second.runs().await.unwrap();
    let states: Vec<_> = runs.iter().map(|run| run.state.outcome()).collect();
    let clock_set = Outcome::Skipped(SkipReason::ClockSet);
    assert_eq!(states, [Some(clock_set)]);
    second.shutdown().await.unwrap();
}

/// A program that says at each start what is to run does not run yesterday's again.
#[tokio::test]
async fn a_date_of_the_past_runs_at_the_first_start_only() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("jobs.db").display());
    let past = DateTime::<Utc>::from(SystemTime::now() - Duration::from_secs(5));
    for start in 0..3 {
        let (process, _) = scheduler(&url).await;
        let mut events = process.events();
        let job = process.add_job("greet", Date::at(past)).id("once");
        let job = job.args(("Ada",)).replace_existing();
        job.await.unwrap();
        assert_eq!(process.get_job("once").await.unwrap().is_some(), start == 0);
        process.start().await.unwrap();
        while start == 0
            && let Some(heard) = events.next().await
        {
            if matches!(&heard, Ok(event) if matches!(event.kind, EventKind::JobExecuted(_))) {
                break;
            }
        }
        process.shutdown().await.unwrap();
        let runs = process.runs().await.unwrap();
        assert_eq!(runs.len(), 1, "{start}");
    }
}

/// The first process is paused, so that it leaves what waits to the second one.
#[tokio::test]
async fn a_run_by_hand_that_waits_has_its_own_arguments_in_the_next_process() {
    static GO: Notify = Notify::const_new();
    async fn echo(Args((name,)): Args<(String,)>) -> Output<String> {
        if name == "Ada" {
            GO.notified().await;
        }
        Output(name)
    }
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("jobs.db").display());
    let process = async || {
        let store = SqliteStore::open(&url).await.unwrap();
        let builder = Scheduler::builder().task("echo", echo);
        let scheduler = builder.store("default", store).build().unwrap();
        scheduler.start().await.unwrap();
        scheduler
    };
    let first = process().await;
    let job = first.add_job("echo", "@yearly").id("a").args(("Ada",));
    let job = job.await.unwrap();
    let before = job.run().await.unwrap();
    let waits = job.run().args(("Bob",)).overlap(Overlap::queue(1));
    let waits = waits.await.unwrap().id();
    first.pause().await.unwrap();
    GO.notify_one();
    before.wait().await.unwrap();
    first.shutdown().await.unwrap();
    let second = process().await;
    let ended = second.run(waits).await.unwrap().wait().await.unwrap();
    assert_eq!(ended.result_as::<String>().unwrap().as_deref(), Some("Bob"));
    assert_eq!(ended.args, Some(serde_json::json!(["Bob"])));
    second.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_declared_job_that_was_removed_stays_away_after_a_restart() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("jobs.db").display());
    let start = async |minute: u32| {
        let jobs = format!("[[jobs]]\nid = 'a'\ntask = 'work'\ntrigger = '{minute} * * * *'");
        let config = Config::from_toml(&jobs).unwrap();
        let builder = Scheduler::builder().task("work", async || {});
        let builder = builder.store("default", SqliteStore::open(&url).await.unwrap());
        let scheduler = builder.config(config).build().unwrap();
        scheduler.start().await.unwrap();
        scheduler
    };
    let is_there = async |scheduler: &Scheduler| scheduler.get_job("a").await.unwrap().is_some();
    let first = start(7).await;
    assert!(is_there(&first).await);
    first.remove_job("a").await.unwrap();
    first.shutdown().await.unwrap();
    let again = start(7).await;
    assert!(!is_there(&again).await);
    again.shutdown().await.unwrap();
    let changed = start(8).await;
    assert!(is_there(&changed).await);
    changed.remove_all_jobs().await.unwrap();
    changed.shutdown().await.unwrap();
    let again = start(8).await;
    assert!(!is_there(&again).await);
    again.shutdown().await.unwrap();
}
