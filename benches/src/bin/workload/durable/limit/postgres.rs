//! The writes of a batch on a PostgreSQL server.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use super::{Batch, job};
use crate::Outcome;

const END: &str = "UPDATE {p}runs SET state = 'succeeded', started = $2, finished = $2, attempts = 1, \
     change = id WHERE id = ANY ($1)";
const ADVANCE: &str = "UPDATE {p}jobs SET next_run_time = $2, revision = 2, running = 1, queued = 0, \
     finished = false, search_limit = false, absence = 'grace' WHERE birth = ANY ($1)";
const INSERT: &str = "INSERT INTO {p}runs (id, opened, job, nth, birth, incarnation, origin, fire_time, \
     token, state, ends_instance, node, epoch, change) SELECT id, $2, job, 1, id, id, 'scheduled', $2, 1, \
     'running', true, 'node', 1, id FROM unnest($1, $3) AS new(id, job)";

pub(super) async fn connect(url: &str, schema: &str) -> Outcome<PgConnection> {
    let options = url.parse::<PgConnectOptions>()?;
    let options = options.options([("search_path", schema)]);
    Ok(options.disable_statement_logging().connect().await?)
}

pub(super) async fn write(
    connection: &mut PgConnection,
    prefix: &str,
    batch: &Batch,
) -> Outcome<()> {
    let named = |statement: &str| AssertSqlSafe(statement.replace("{p}", prefix));
    let opened: Vec<_> = batch.opened().collect();
    let jobs: Vec<_> = batch.opened().map(job).collect();
    let mut transaction = connection.begin().await?;
    for (statement, rows, time) in [
        (END, batch.ended().collect(), batch.now),
        (ADVANCE, opened.clone(), batch.next),
    ] {
        let statement = sqlx::query(named(statement)).bind::<Vec<i64>>(rows);
        statement.bind(time).execute(&mut *transaction).await?;
    }
    let insert = sqlx::query(named(INSERT)).bind(opened).bind(batch.now);
    insert.bind(jobs).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}
