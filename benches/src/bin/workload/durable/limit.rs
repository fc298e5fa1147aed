//! The same three writes in the same batches, by the driver alone: it reads nothing, decides
//! nothing and calls nothing.

use std::time::Instant;

use chrono::Utc;
use punctual::store::SqliteStore;
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use super::{HOUR, add, scheduler};
use crate::Outcome;

/// What the scheduler claims at once.
const BATCH: i64 = 512;

// As the store writes them.
const ADVANCE: &str = "WITH rows AS MATERIALIZED (SELECT value AS row FROM json_each(?1)) \
     UPDATE {p}jobs SET next_run_time = row ->> 1, revision = row ->> 2, running = 1, queued = 0, \
     finished = 0, search_limit = 0, absence = 'grace' FROM rows WHERE {p}jobs.birth = (row ->> 0)";
const INSERT: &str = "WITH rows AS MATERIALIZED (SELECT value AS row FROM json_each(?1)) \
     INSERT INTO {p}runs (id, opened, job, nth, birth, incarnation, origin, fire_time, state, \
     ends_instance, node, epoch) SELECT row ->> 0, row ->> 2, row ->> 1, 1, row ->> 0, row ->> 0, \
     'scheduled', row ->> 2, 'running', 1, 'node', 1 FROM rows";
const END: &str = "WITH rows AS MATERIALIZED (SELECT value AS row FROM json_each(?1)) \
     UPDATE {p}runs SET state = 'succeeded', started = row ->> 1, finished = row ->> 1, \
     ended = row ->> 0, attempts = 1 FROM rows WHERE {p}runs.id = (row ->> 0)";

/// Runs a second.
pub(super) async fn measure(url: &str, prefix: &str, n: u32) -> Outcome<f64> {
    let store: SqliteStore = SqliteStore::open(url).prefix(prefix).await?;
    let filled = scheduler(store.clone())?;
    add(&filled, n, Utc::now()).await?;
    filled.shutdown().await?;
    store.close().await;
    let mut connection = url
        .parse::<SqliteConnectOptions>()?
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging()
        .connect()
        .await?;
    let began = Instant::now();
    let mut next = 1;
    let n = i64::from(n);
    while next <= n {
        let through = n.min(next + BATCH - 1);
        batch(&mut connection, prefix, next, through).await?;
        next = through + 1;
    }
    let took = began.elapsed();
    connection.close().await?;
    Ok(n as f64 / took.as_secs_f64())
}

/// Ends the runs of the batch before, and opens those of this one.
async fn batch(
    connection: &mut SqliteConnection,
    prefix: &str,
    first: i64,
    last: i64,
) -> Outcome<()> {
    let now = Utc::now().timestamp_micros();
    let next = now + i64::try_from(HOUR.as_micros())?;
    let ends: Vec<_> = (first - BATCH..first).map(|id| (id, now)).collect();
    let moved: Vec<_> = (first..=last).map(|id| (id, next, 2)).collect();
    let opened: Vec<_> = (first..=last)
        .map(|id| (id, format!("job-{id:08}"), now))
        .collect();
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for (statement, rows) in [
        (END, serde_json::to_string(&ends)?),
        (ADVANCE, serde_json::to_string(&moved)?),
        (INSERT, serde_json::to_string(&opened)?),
    ] {
        sqlx::query(AssertSqlSafe(statement.replace("{p}", prefix)))
            .bind(rows)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}
