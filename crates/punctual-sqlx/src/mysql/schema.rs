//! Creates, updates or refuses the tables.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::Row;
use sqlx::mysql::MySqlConnection;

use super::at::safe;
use super::error::opening;
use super::tables::Tables;
use super::values::{Value, filled};
use crate::{Error, ErrorKind};

/// The steps that the tables went through, the oldest first. Steps are never changed.
const STEPS: &[&str] = &[include_str!("schema_1.sql")];

/// The maker of tables, before the version.
const MAKER: &str = "punctual ";

/// The table of the steps that were made. The step 0 says that making them has begun, since the server
/// makes each table for good at once.
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS {schema} (version BIGINT PRIMARY KEY, \
     made_by VARCHAR(191) NOT NULL, made_at BIGINT NOT NULL) {options}";

/// The tables and the columns that statements use, by which foreign tables are noticed.
const COLUMNS: &[(&str, &str)] = &[
    ("counters", "name value"),
    ("turns", "id kind place"),
    (
        "jobs",
        "birth id version name task args_json trigger_json tags_json executor policies_json \
         declared_json next_run_time anchor incarnation revision token entries running queued paused \
         finished search_limit absence statistics_json edit soon waits",
    ),
    (
        "runs",
        "id opened job nth birth incarnation origin fire_time token state node epoch ends_instance \
         cancel reruns due started finished turn attempts result_json error range_last range_count \
         range_at_least args_json",
    ),
    ("nodes", "name epoch state tasks_json zones release"),
    ("beats", "name epoch is_alive beats clock"),
    ("removed", "id declared_json removed_at"),
    ("holds", "id scope scope_value author reason until since"),
    ("skips", "job from until author reason"),
    ("audit", "at author verb job detail_json"),
];

/// The names of the columns of tables.
type Found = HashMap<String, Vec<String>>;

/// Checks the tables and creates missing ones.
///
/// Several processes may do this concurrently. Those that find all tables made take no lock. The
/// others make them under a lock, one after another. The lock ends with the connection.
pub(super) async fn prepare(
    connection: &mut MySqlConnection,
    tables: &Tables,
    place: &str,
    patience: Duration,
) -> Result<(), Error> {
    if find(connection, tables, place).await? == Some(STEPS.len()) {
        return Ok(());
    }
    let failed = |error| opening(place, error);
    let lock = filled(
        tables,
        "SELECT GET_LOCK(?, ?)",
        &[tables.lock().into(), patience.as_secs().max(1).into()],
    );
    let row = sqlx::raw_sql(safe(lock)).fetch_one(&mut *connection).await;
    let got: Option<i64> = row.map_err(failed)?.try_get_unchecked(0).map_err(failed)?;
    if got != Some(1) {
        return Err(Error::of(
            ErrorKind::Unavailable,
            format!(
                "`{place}` keeps the tables locked; another process makes them; try again later"
            ),
        ));
    }
    let made = find(connection, tables, place).await?;
    make(connection, tables, made).await.map_err(failed)
}

async fn make(
    connection: &mut MySqlConnection,
    tables: &Tables,
    made: Option<usize>,
) -> Result<(), sqlx::Error> {
    let note = |version: usize| {
        let values = [
            version.into(),
            format!("{MAKER}{}", env!("CARGO_PKG_VERSION")).into(),
        ];
        let text = "INSERT IGNORE INTO {schema} VALUES (?, ?, \
             TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6)))";
        filled(tables, text, &values)
    };
    let mut statements = Vec::new();
    if made.is_none() {
        statements.extend([tables.named(SCHEMA), note(0)]);
    }
    for (index, step) in STEPS.iter().enumerate().skip(made.unwrap_or(0)) {
        statements.extend([tables.named(step), note(index + 1)]);
    }
    for statement in statements {
        sqlx::raw_sql(safe(statement))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Returns the number of steps that were made, if there are tables of Punctual.
async fn find(
    connection: &mut MySqlConnection,
    tables: &Tables,
    place: &str,
) -> Result<Option<usize>, Error> {
    let found = columns(connection, tables).await;
    let found = found.map_err(|error| opening(place, error))?;
    if !found.contains_key(&tables.plain("schema")) {
        let foreign_table = COLUMNS.iter().map(|(table, _)| tables.plain(table));
        let mut foreign_table = foreign_table.filter(|table| found.contains_key(table));
        return match foreign_table.next() {
            Some(table) => Err(foreign(place, &table, NOT_OURS)),
            None => Ok(None),
        };
    }
    check_of(&found, tables, place, "schema", "version made_by made_at")?;
    let newest = "SELECT COALESCE(MAX(version), 0), COALESCE(MIN(made_by), '') FROM {schema}";
    let row = sqlx::raw_sql(safe(tables.named(newest)))
        .fetch_one(&mut *connection)
        .await;
    let row = row.map_err(|error| opening(place, error))?;
    let read = |error| opening(place, error);
    let newest: i64 = row.try_get_unchecked(0).map_err(read)?;
    let made_by: String = row.try_get_unchecked(1).map_err(read)?;
    if newest == 0 && made_by.is_empty() {
        // A process ended between its first two statements.
        return Ok(None);
    }
    if !made_by.starts_with(MAKER) {
        return Err(foreign(place, &tables.plain("schema"), NOT_OURS));
    }
    let made = usize::try_from(newest).unwrap_or(usize::MAX);
    if made > STEPS.len() {
        return Err(newer(place, newest));
    }
    if made == STEPS.len() {
        for (table, wanted) in COLUMNS {
            check_of(&found, tables, place, table, wanted)?;
        }
    }
    Ok(Some(made))
}

/// Checks that a table has its columns.
fn check_of(
    found: &Found,
    tables: &Tables,
    place: &str,
    table: &str,
    wanted: &str,
) -> Result<(), Error> {
    let table = tables.plain(table);
    let own = found.get(&table).map_or(&[][..], Vec::as_slice);
    let is_missing = |column: &&str| !own.iter().any(|own| own == column);
    match wanted.split_whitespace().find(is_missing) {
        Some(column) => {
            let what = format!("lacks the column `{column}`");
            Err(foreign(place, &table, &what))
        }
        None => Ok(()),
    }
}

/// Returns the columns of the tables that have the names of the store's.
async fn columns(connection: &mut MySqlConnection, tables: &Tables) -> Result<Found, sqlx::Error> {
    let names = COLUMNS.iter().map(|(table, _)| *table);
    let names: Vec<_> = names
        .chain(["schema"])
        .map(|table| tables.plain(table))
        .collect();
    let statement = "SELECT c.TABLE_NAME, c.COLUMN_NAME, COALESCE(t.ENGINE, '') \
         FROM information_schema.COLUMNS AS c JOIN information_schema.TABLES AS t \
         ON t.TABLE_NAME = c.TABLE_NAME \
         WHERE c.TABLE_SCHEMA = ? AND c.TABLE_NAME IN (?) AND t.TABLE_SCHEMA = ? AND t.TABLE_NAME IN (?)";
    let listed = Value::list(names.iter().map(String::as_str));
    // A server opens all tables of all databases unless each of the two views names its own.
    let database = Value::from(tables.database());
    let values = [database.clone(), listed.clone(), database, listed];
    let statement = filled(tables, statement, &values);
    let rows = sqlx::raw_sql(safe(statement)).fetch_all(connection).await?;
    let mut found = Found::new();
    for row in &rows {
        let table: String = row.try_get_unchecked(0)?;
        // Some servers keep names in lower case.
        let own = names.iter().find(|name| name.eq_ignore_ascii_case(&table));
        let is_same = |own: &&String| **own == table || table.to_ascii_lowercase() == table;
        let Some(own) = own.filter(is_same) else {
            continue;
        };
        let engine: String = row.try_get_unchecked(2)?;
        let columns = found.entry(own.clone()).or_default();
        // A table without transactions counts as foreign.
        if engine.eq_ignore_ascii_case("InnoDB") {
            columns.push(row.try_get_unchecked(1)?);
        }
    }
    Ok(found)
}

fn newer(place: &str, made: i64) -> Error {
    Error::of(
        ErrorKind::Incompatible,
        format!(
            "the tables in `{place}` were made by a newer Punctual (form {made}, this one knows up to \
             {}); use that version, or another database or table prefix; nothing was changed",
            STEPS.len()
        ),
    )
}

const NOT_OURS: &str = "was not made by Punctual";

fn foreign(place: &str, table: &str, what: &str) -> Error {
    Error::of(
        ErrorKind::Incompatible,
        format!(
            "the table `{table}` in `{place}` {what}; choose another table prefix or another database, \
             or rename the table; nothing was changed"
        ),
    )
}
