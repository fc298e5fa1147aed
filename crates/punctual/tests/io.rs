//! Jobs and stores with real I/O, under a clock that a test moves.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "guide/report.rs"]
mod report;

use std::time::Duration;

use punctual::policy::{OnLost, Retry};
use punctual::scheduler::NewJob;
use punctual::store::JobStore;
use punctual::store::SqliteStore;
use punctual::testing::{Ledger, TestClock};
use punctual::trigger::Crontab;
use punctual::{Interval, JobContext, Output, Scheduler, State, jobs, scheduled_job};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};

const START: &str = "2026-03-27T12:00:00Z";

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Reads the database that its own job is in, and answers whether that showed the right time.
async fn look(context: JobContext) -> Result<Output<bool>, punctual::Error> {
    let scheduler = context.scheduler().unwrap();
    let runs = scheduler.statistics(context.job_id()).await?;
    let is_first = runs.succeeded == 0;
    tokio::time::sleep(Duration::from_millis(if is_first { 100 } else { 5 })).await;
    Ok(Output(scheduler.now() == context.fire_time()))
}

/// The first attempt of each run fails.
async fn flaky(context: JobContext) -> Result<(), &'static str> {
    if context.attempt() == 1 {
        return Err("the database sleeps");
    }
    Ok(())
}

async fn on(clock: &TestClock, store: &SqliteStore) -> Scheduler {
    let builder = Scheduler::builder().clock(clock.clone());
    let builder = builder
        .timezone("Europe/Berlin")
        .store("default", store.clone());
    let builder = builder.task("report", look).task("flaky", flaky);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

/// A database in memory lives as long as its only connection.
async fn in_memory() -> SqlitePool {
    let options = SqlitePoolOptions::new().max_connections(1);
    let options = options.idle_timeout(None).max_lifetime(None);
    options.connect("sqlite::memory:").await.unwrap()
}

async fn three_nights(store: SqliteStore) {
    let clock = TestClock::with_io(START);
    let scheduler = on(&clock, &store).await;
    let nightly = Crontab::new("30 2 * * *");
    scheduler
        .add_job("report", nightly)
        .id("report")
        .await
        .unwrap();
    clock.advance_to("2026-03-30T12:00:00Z").await;
    let ledger = Ledger::of(&scheduler, "report").await.unwrap();
    ledger.assert_lines(&[
        "2026-03-28T01:30:00Z succeeded: true",
        "2026-03-29T01:00:00Z succeeded: true",
        "2026-03-30T00:30:00Z succeeded: true",
    ]);
    ledger.assert_outcomes(&[
        "2026-03-28T01:30:00Z succeeded",
        "2026-03-29T01:00:00Z succeeded",
        "2026-03-30T00:30:00Z succeeded",
    ]);
    let minutely = Interval::every(seconds(60));
    scheduler
        .add_job("report", minutely)
        .id("minutely")
        .await
        .unwrap();
    clock.advance(seconds(2 * 3_600)).await;
    let ledger = Ledger::of(&scheduler, "minutely").await.unwrap();
    ledger.assert_all_succeeded();
    assert_eq!(ledger.entries().len(), 120);
    scheduler.shutdown().await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn every_night_has_one_run_in_a_file() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("jobs.db").display());
    three_nights(SqliteStore::open(&url).await.unwrap()).await;
}

async fn nights_in_memory() {
    let store = SqliteStore::open_in(in_memory().await);
    three_nights(store.await.unwrap()).await;
}

#[tokio::test]
async fn every_night_has_one_run_on_one_thread() {
    nights_in_memory().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_night_has_one_run_on_many_threads() {
    nights_in_memory().await;
}

#[scheduled_job("45 2 * * *", timezone = "Europe/Berlin", id = "orders")]
async fn orders(State(pool): State<SqlitePool>) -> Result<String, sqlx::Error> {
    sqlx::query("INSERT INTO orders VALUES (1)")
        .execute(&pool)
        .await?;
    let count = sqlx::query_scalar("SELECT count(*) FROM orders");
    let count: i64 = count.fetch_one(&pool).await?;
    Ok(format!("{count} orders"))
}

/// The pool has its usual time-outs.
#[tokio::test]
async fn a_job_queries_a_database() {
    let pool = in_memory().await;
    sqlx::query("CREATE TABLE orders (id)")
        .execute(&pool)
        .await
        .unwrap();
    let clock = TestClock::with_io(START);
    let builder = Scheduler::builder().clock(clock.clone());
    let builder = builder.state(pool).jobs(jobs![orders]);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    clock.advance_to("2026-03-30T12:00:00Z").await;
    let ledger = Ledger::of(&scheduler, "orders").await.unwrap();
    ledger.assert_lines(&[
        "2026-03-28T01:45:00Z succeeded: \"1 orders\"",
        "2026-03-29T01:00:00Z succeeded: \"2 orders\"",
        "2026-03-30T00:45:00Z succeeded: \"3 orders\"",
    ]);
}

/// What waits is in the file, and the next scheduler goes on with it at its time.
#[tokio::test]
async fn a_restart_goes_on_at_the_same_time() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("jobs.db").display());
    let clock = TestClock::with_io(START);
    let store = SqliteStore::open(&url).await.unwrap();
    let first = on(&clock, &store).await;
    let backoff = seconds(600);
    let hourly = NewJob::new("flaky", Interval::every(seconds(3_600)))
        .id("hourly")
        .retry(Retry::attempts(2).backoff(backoff).cap(backoff))
        .on_lost(OnLost::rerun(3));
    first.add_jobs([hourly]).await.unwrap()[0].as_ref().unwrap();
    clock.advance(seconds(3_600)).await;
    first.shutdown().await.unwrap();
    store.close().await;

    let store = SqliteStore::open(&url).await.unwrap();
    let second = on(&clock, &store).await;
    let ledger = Ledger::all(&second).await.unwrap();
    ledger.assert_outcomes(&["2026-03-27T13:00:00Z under way"]);
    clock.advance(seconds(4_200)).await;
    let ledger = Ledger::all(&second).await.unwrap();
    ledger.assert_outcomes(&[
        "2026-03-27T13:00:00Z succeeded",
        "2026-03-27T14:00:00Z succeeded",
    ]);
    let runs = second.runs().await.unwrap();
    for run in runs {
        assert_eq!(run.duration().unwrap().as_secs(), 600, "{run:?}");
    }
    second.shutdown().await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn two_nodes_share_a_file_and_a_clock() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("jobs.db").display());
    let clock = TestClock::with_io(START);
    let stores = [
        SqliteStore::open(&url).await.unwrap(),
        SqliteStore::open(&url).await.unwrap(),
    ];
    let one = on(&clock, &stores[0]).await;
    let two = on(&clock, &stores[1]).await;
    let minutely = || Interval::every(seconds(60));
    one.add_job("report", minutely()).id("a").await.unwrap();
    two.add_job("report", minutely()).id("b").await.unwrap();
    clock.advance(seconds(1_800)).await;
    let ledger = Ledger::all(&one).await.unwrap();
    ledger.assert_all_succeeded();
    assert_eq!(ledger.entries().len(), 60, "{ledger}");
    one.shutdown().await.unwrap();
    two.shutdown().await.unwrap();
}

/// In words, not by a time-out that paused time has jumped to.
#[tokio::test]
async fn a_clock_without_io_refuses_a_store_of_sqlite() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("jobs.db").display());
    let clock = TestClock::at(START);
    let store = SqliteStore::open(&url).await.unwrap();
    assert!(store.capabilities().does_io);
    let builder = Scheduler::builder().clock(clock.clone());
    let refused = builder.store("books", store.clone()).build().unwrap_err();
    let words = refused.to_string();
    assert!(words.contains("store `books`"), "{words}");
    assert!(words.contains("`TestClock::with_io(..)`"), "{words}");
    let scheduler = Scheduler::builder().clock(clock).build().unwrap();
    let refused = scheduler.add_store("books", store).await.unwrap_err();
    assert_eq!(refused.to_string(), words);
}

/// What rustdoc compiles of the guide lacks the bodies of its tests.
#[test]
fn the_guide_shows_a_test_that_passes() {
    let guide = include_str!("../../../docs/guide/testing.md");
    let report = include_str!("guide/report.rs");
    assert!(guide.contains(report), "testing.md lacks:\n{report}");
}
