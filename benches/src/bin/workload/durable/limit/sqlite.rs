//! The writes of a batch in an SQLite file.

use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use super::{Batch, job};
use crate::Outcome;

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

pub(super) async fn connect(url: &str) -> Outcome<SqliteConnection> {
    let options = url.parse::<SqliteConnectOptions>()?;
    let options = options.synchronous(SqliteSynchronous::Full);
    Ok(options.disable_statement_logging().connect().await?)
}

pub(super) async fn write(
    connection: &mut SqliteConnection,
    prefix: &str,
    batch: &Batch,
) -> Outcome<()> {
    let Batch { now, next, .. } = *batch;
    let ends: Vec<_> = batch.ended().map(|id| (id, now)).collect();
    let moved: Vec<_> = batch.opened().map(|id| (id, next, 2)).collect();
    let opened: Vec<_> = batch.opened().map(|id| (id, job(id), now)).collect();
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
