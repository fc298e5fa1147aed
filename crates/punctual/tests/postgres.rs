//! A scheduler and a client of the same PostgreSQL database, as two processes have them.
//!
//! The server is that of `SERVER_TESTS_POSTGRES`, or the one of this machine. Without a server the
//! test ends and says so, unless `SERVER_TESTS` is `required`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(
    clippy::large_futures,
    reason = "the stack of a test has room for them"
)]

use std::io::Write as _;
use std::time::{Duration, Instant};

use punctual::ledger::{CancelReason, Outcome};
use punctual::scheduler::Client;
use punctual::store::PostgresStore;
use punctual::store::sqlx::{self, AssertSqlSafe, Connection as _, PgConnection};
use punctual::{JobContext, Scheduler};
use tokio::sync::mpsc;

const DEFAULT: &str = "postgres://postgres@127.0.0.1:5432/test";

/// The time in which a node has to hear of a change by a client.
const SOON: Duration = Duration::from_secs(1);

async fn given_up(context: JobContext) -> Result<(), &'static str> {
    context.cancelled().await;
    Err("it has given up")
}

/// Returns the address of the server, unless there is none.
async fn server() -> Option<String> {
    let url = std::env::var("SERVER_TESTS_POSTGRES").unwrap_or_else(|_| DEFAULT.to_owned());
    let Err(error) = PgConnection::connect(&url).await else {
        return Some(url);
    };
    let is_required = std::env::var_os("SERVER_TESTS").is_some_and(|value| value == "required");
    assert!(!is_required, "there has to be a PostgreSQL server: {error}");
    // Not `eprintln!`, which the test harness keeps to itself.
    let told = format!("\nNOT RUN: a client on PostgreSQL, since there is no server: {error}\n");
    std::io::stderr().write_all(told.as_bytes()).unwrap();
    None
}

async fn drop_schema(url: &str, schema: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let drop = format!("SET client_min_messages = error; DROP SCHEMA IF EXISTS {schema} CASCADE");
    let dropped = sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection);
    dropped.await.unwrap();
}

/// Looks for edits are an hour apart, so a change that is heard of was notified.
#[tokio::test]
async fn a_client_changes_jobs_and_ends_runs_of_another_process_within_a_second() {
    let Some(url) = server().await else {
        return;
    };
    let schema = format!("client_{}", std::process::id());
    let open = || {
        PostgresStore::open(&url)
            .schema(&schema)
            .poll_interval("1h")
    };
    let (sender, mut ticks) = mpsc::unbounded_channel();
    let scheduler = Scheduler::builder()
        .store("default", open().await.unwrap())
        .task("wait", given_up)
        .task("tick", move || {
            let _ = sender.send(());
        })
        .build()
        .unwrap();
    scheduler.start().await.unwrap();
    scheduler
        .add_job("wait", "@yearly")
        .id("long")
        .await
        .unwrap();
    let client = Client::new(open().await.unwrap()).unwrap();

    // Starts once the node is registered, so the client finds its tasks.
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        let run = scheduler.run_job("long").await.unwrap();
        let asked = Instant::now();
        client.cancel_run(run.id()).await.unwrap();
        let ended = run.wait().await.unwrap();
        quickest = quickest.min(asked.elapsed());
        let user = Outcome::Cancelled(CancelReason::User);
        assert_eq!(ended.outcome(), Some(user));
    }
    assert!(quickest < SOON, "a cancelled run ended after {quickest:?}");

    client
        .add_job("tick", "@every 1s")
        .id("tick")
        .await
        .unwrap();
    ticks.recv().await.unwrap();
    client.remove_job("tick").await.unwrap();
    assert!(scheduler.get_job("tick").await.unwrap().is_none());
    scheduler.shutdown().await.unwrap();
    drop_schema(&url, &schema).await;
}
