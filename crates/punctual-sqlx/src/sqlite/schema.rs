//! Creates, updates or refuses the tables.

use sqlx::{Connection, Row, SqliteConnection};

use super::error::{DatabaseError, opening};
use crate::prefix::Prefix;
use crate::{Error, ErrorKind};

/// The steps that the tables went through, the oldest first. Steps are never changed.
const STEPS: &[&str] = &[include_str!("schema_1.sql")];

/// The maker of tables, before the version. Tables from before the first release, whose steps had
/// other forms, have the version alone.
const MAKER: &str = "punctual ";

/// The table of the steps that were made.
const SCHEMA: &str = "CREATE TABLE {p}schema (
    version INTEGER PRIMARY KEY,
    made_by TEXT NOT NULL,
    made_at INTEGER NOT NULL
) STRICT";

/// The tables and the columns that statements use, by which foreign tables are noticed.
const COLUMNS: &[(&str, &str)] = &[
    ("{p}counters", "name value"),
    (
        "{p}jobs",
        "birth id version name task args_json trigger_json tags_json executor policies_json \
         declared_json next_run_time anchor incarnation revision token entries running queued paused \
         finished search_limit absence statistics_json edit",
    ),
    (
        "{p}runs",
        "id opened job nth birth incarnation origin fire_time token state node epoch ends_instance \
         cancel reruns due started finished ended attempts result_json error range_last range_count \
         range_at_least args_json",
    ),
    (
        "{p}nodes",
        "name epoch state beats clock tasks_json zones release",
    ),
    ("{p}removed", "id declared_json removed_at"),
    ("{p}holds", "id scope scope_value author reason until since"),
    ("{p}skips", "job from until author reason"),
    ("{p}audit", "at author verb job detail_json"),
];

/// Checks the tables and creates missing ones.
///
/// Several processes may do this concurrently, since the check and the steps are under the lock of
/// the database.
pub(super) async fn prepare(
    connection: &mut SqliteConnection,
    prefix: &Prefix,
    file: &str,
) -> Result<(), Error> {
    let failed = |error| opening(file, error);
    let begun = connection.begin_with("BEGIN IMMEDIATE").await;
    let mut transaction = begun.map_err(failed)?;
    let made = find(&mut transaction, prefix, file).await?;
    make(&mut transaction, prefix, made).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

async fn make(
    connection: &mut SqliteConnection,
    prefix: &Prefix,
    made: Option<usize>,
) -> Result<(), sqlx::Error> {
    if made.is_none() {
        sqlx::raw_sql(prefix.sql(SCHEMA))
            .execute(&mut *connection)
            .await?;
    }
    for (index, step) in STEPS.iter().enumerate().skip(made.unwrap_or(0)) {
        sqlx::raw_sql(prefix.sql(step))
            .execute(&mut *connection)
            .await?;
        let note = prefix.sql("INSERT INTO {p}schema VALUES (?1, ?2, unixepoch() * 1000000)");
        sqlx::query(note)
            .bind(index as i64 + 1)
            .bind(format!("{MAKER}{}", env!("CARGO_PKG_VERSION")))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Returns the number of steps that were made, if there are tables of Punctual.
async fn find(
    connection: &mut SqliteConnection,
    prefix: &Prefix,
    file: &str,
) -> Result<Option<usize>, Error> {
    let failed = |error| opening(file, error);
    let schema = columns(connection, prefix, "{p}schema").await;
    if schema.map_err(failed)?.is_empty() {
        for (table, _) in COLUMNS {
            let found = columns(connection, prefix, table).await.map_err(failed)?;
            if !found.is_empty() {
                return Err(foreign(file, &prefix.table(table), NOT_OURS));
            }
        }
        return Ok(None);
    }
    let newest = prefix.sql(
        "SELECT coalesce(max(version), 0), \
         coalesce(min(made_by) FILTER (WHERE version = 1), '') FROM {p}schema",
    );
    let (newest, made_by): (i64, String) = sqlx::query_as(newest)
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| {
            foreign(file, &prefix.table("{p}schema"), NOT_OURS).because(DatabaseError::from(error))
        })?;
    if !made_by.starts_with(MAKER) {
        return Err(older(file, &made_by));
    }
    let made = usize::try_from(newest).unwrap_or(usize::MAX);
    if made > STEPS.len() {
        return Err(newer(file, newest));
    }
    if made == STEPS.len() {
        check_columns(connection, prefix, file).await?;
    }
    Ok(Some(made))
}

async fn check_columns(
    connection: &mut SqliteConnection,
    prefix: &Prefix,
    file: &str,
) -> Result<(), Error> {
    for (table, wanted) in COLUMNS {
        let found = columns(connection, prefix, table)
            .await
            .map_err(|error| opening(file, error))?;
        let missing = wanted
            .split_whitespace()
            .find(|column| !found.iter().any(|own| own == column));
        if let Some(column) = missing {
            let what = format!("lacks the column `{column}`");
            return Err(foreign(file, &prefix.table(table), &what));
        }
    }
    Ok(())
}

async fn columns(
    connection: &mut SqliteConnection,
    prefix: &Prefix,
    table: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::query("SELECT name FROM pragma_table_info(?1)")
        .bind(prefix.table(table))
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

fn newer(file: &str, made: i64) -> Error {
    Error::of(
        ErrorKind::Incompatible,
        format!(
            "the tables in `{file}` were made by a newer Punctual (form {made}, this one knows up to \
             {}); use that version, or another file or table prefix; nothing was changed",
            STEPS.len()
        ),
    )
}

fn older(file: &str, made_by: &str) -> Error {
    let made_by = made_by.escape_debug();
    Error::of(
        ErrorKind::Incompatible,
        format!(
            "the tables in `{file}` were made by Punctual {made_by}, before the first release, in a form \
             that is no longer read; move the file away, or name another file or table prefix, \
             and add the jobs again; nothing was changed"
        ),
    )
}

const NOT_OURS: &str = "was not made by Punctual";

fn foreign(file: &str, table: &str, what: &str) -> Error {
    Error::of(
        ErrorKind::Incompatible,
        format!(
            "the table `{table}` in `{file}` {what}; choose another table prefix or another file, \
             or rename the table; nothing was changed"
        ),
    )
}
