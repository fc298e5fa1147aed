//! The writes of a batch on a MariaDB server, in one round trip.

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};

use super::{Batch, job};
use crate::Outcome;

// As the store writes them.
const END: (&str, &str) = (
    "INSERT INTO {p}runs (id, state, started, finished, attempts, turn) VALUES ",
    " ON DUPLICATE KEY UPDATE state = VALUES(state), started = VALUES(started), \
     finished = VALUES(finished), attempts = VALUES(attempts), turn = VALUES(turn)",
);
const ADVANCE: (&str, &str) = (
    "INSERT INTO {p}jobs (birth, running, queued, revision, next_run_time, finished, search_limit, absence) \
     VALUES ",
    " ON DUPLICATE KEY UPDATE running = VALUES(running), queued = VALUES(queued), \
     revision = VALUES(revision), next_run_time = VALUES(next_run_time), finished = VALUES(finished), \
     search_limit = VALUES(search_limit), absence = VALUES(absence)",
);
const INSERT: (&str, &str) = (
    "INSERT INTO {p}runs (id, opened, job, nth, birth, incarnation, origin, fire_time, token, state, \
     ends_instance, node, epoch, turn) VALUES ",
    "",
);

pub(super) async fn connect(url: &str, database: &str) -> Outcome<MySqlConnection> {
    let options = url.parse::<MySqlConnectOptions>()?.database(database);
    let options = options.disable_statement_logging();
    Ok(Box::pin(options.connect()).await?)
}

pub(super) async fn write(
    connection: &mut MySqlConnection,
    prefix: &str,
    batch: &Batch,
) -> Outcome<()> {
    let Batch { now, next, .. } = *batch;
    let end = |id| format!("({id},'succeeded',{now},{now},1,{id})");
    let advance = |id| format!("({id},1,0,2,{next},0,0,'grace')");
    let insert = |id| {
        let job = job(id);
        format!("({id},{now},'{job}',1,{id},{id},'scheduled',{now},1,'running',1,'node',1,{id})")
    };
    let statements = [
        vec!["START TRANSACTION".to_owned()],
        of_rows(END, batch.ended().map(end)),
        of_rows(ADVANCE, batch.opened().map(advance)),
        of_rows(INSERT, batch.opened().map(insert)),
        vec!["COMMIT".to_owned()],
    ];
    let text = statements.concat().join(";").replace("{p}", prefix);
    let statements = sqlx::raw_sql(AssertSqlSafe(text));
    statements.execute(connection).await?;
    Ok(())
}

/// Returns the statement for rows, if there are any.
fn of_rows((before, after): (&str, &str), rows: impl Iterator<Item = String>) -> Vec<String> {
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Vec::new();
    }
    vec![format!("{before}{}{after}", rows.join(","))]
}
