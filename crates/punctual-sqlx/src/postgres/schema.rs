//! Creates, updates or refuses the tables.

use std::collections::HashMap;

use sqlx::{PgConnection, Row};

use super::error::opening;
use super::tables::{Tables, key_of};
use crate::{Error, ErrorKind};

/// The steps that the tables went through, the oldest first. Steps are never changed.
const STEPS: &[&str] = &[include_str!("schema_1.sql")];

/// The maker of tables, before the version.
const MAKER: &str = "punctual ";

/// The table of the steps that were made.
const SCHEMA: &str = "CREATE TABLE {schema} (
    version bigint PRIMARY KEY,
    made_by text NOT NULL,
    made_at bigint NOT NULL
)";

/// The tables and the columns that statements use, by which foreign tables are noticed.
const COLUMNS: &[(&str, &str)] = &[
    ("counters", "name value"),
    (
        "jobs",
        "birth id version name task args_json trigger_json tags_json executor policies_json \
         declared_json next_run_time anchor incarnation revision token entries running queued paused \
         finished search_limit absence statistics_json edit",
    ),
    (
        "runs",
        "id opened job nth birth incarnation origin fire_time token state node epoch ends_instance \
         cancel reruns due started finished change attempts result_json error range_last range_count \
         range_at_least args_json",
    ),
    (
        "nodes",
        "name epoch state beats clock tasks_json zones release",
    ),
    ("removed", "id declared_json removed_at"),
    ("removals", "slot edit"),
    ("holds", "id scope scope_value author reason until since"),
    ("skips", "job from until author reason"),
    ("audit", "at author verb job detail_json"),
];

/// The names of the columns of tables.
type Found = HashMap<String, Vec<String>>;

/// Checks the tables and creates missing ones.
///
/// Several processes may do this concurrently. Those that find all tables made take no lock. The
/// other processes make them under a lock, one after another.
pub(super) async fn prepare(
    connection: &mut PgConnection,
    tables: &Tables,
    place: &str,
) -> Result<(), Error> {
    if find(connection, tables, place).await? == Some(STEPS.len()) {
        return Ok(());
    }
    let failed = |error| opening(place, error);
    let schema = key_of(&format!("punctual/schema/{}", tables.schema()));
    for key in [schema, tables.lock_key("tables")] {
        let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)");
        let lock = lock.persistent(false).bind(key);
        lock.execute(&mut *connection).await.map_err(failed)?;
    }
    // This statement begins after the lock was taken, so it sees what the process before made.
    let made = find(connection, tables, place).await?;
    make(connection, tables, made).await.map_err(failed)
}

async fn make(
    connection: &mut PgConnection,
    tables: &Tables,
    made: Option<usize>,
) -> Result<(), sqlx::Error> {
    if made.is_none() {
        make_schema(connection, tables).await?;
        sqlx::raw_sql(tables.sql(SCHEMA))
            .execute(&mut *connection)
            .await?;
    }
    for (index, step) in STEPS.iter().enumerate().skip(made.unwrap_or(0)) {
        sqlx::raw_sql(tables.sql(step))
            .execute(&mut *connection)
            .await?;
        let note = tables.query(
            "INSERT INTO {schema} VALUES ($1, $2, (extract(epoch FROM now()) * 1000000)::bigint)",
        );
        note.bind(index as i64 + 1)
            .bind(format!("{MAKER}{}", env!("CARGO_PKG_VERSION")))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Makes the schema if it is missing. A user without the right to make one may use one that is
/// there.
async fn make_schema(connection: &mut PgConnection, tables: &Tables) -> Result<(), sqlx::Error> {
    let there = sqlx::query("SELECT 1 FROM pg_namespace WHERE nspname = $1");
    let there = there.persistent(false).bind(tables.schema());
    if there.fetch_optional(&mut *connection).await?.is_some() {
        return Ok(());
    }
    sqlx::raw_sql(tables.sql("CREATE SCHEMA {=}"))
        .execute(connection)
        .await
        .map(drop)
}

/// Returns the number of steps that were made, if there are tables of Punctual.
async fn find(
    connection: &mut PgConnection,
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
    let newest = "SELECT coalesce(max(version), 0), \
         coalesce(min(made_by) FILTER (WHERE version = 1), '') FROM {schema}";
    let row = tables.query(newest).fetch_one(&mut *connection).await;
    let row = row.map_err(|error| opening(place, error))?;
    let read = |error| opening(place, error);
    let newest: i64 = row.try_get(0).map_err(read)?;
    let made_by: String = row.try_get(1).map_err(read)?;
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
async fn columns(connection: &mut PgConnection, tables: &Tables) -> Result<Found, sqlx::Error> {
    let names = COLUMNS.iter().map(|(table, _)| *table);
    let names: Vec<_> = names
        .chain(["schema"])
        .map(|table| tables.plain(table))
        .collect();
    let statement = "SELECT c.relname::text, a.attname::text FROM pg_class AS c \
         JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a \
         ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         WHERE n.nspname = $1 AND c.relname = ANY ($2)";
    let rows = sqlx::query(statement)
        .persistent(false)
        .bind(tables.schema())
        .bind(names)
        .fetch_all(connection)
        .await?;
    let mut found = Found::new();
    for row in &rows {
        let table: String = row.try_get(0)?;
        found.entry(table).or_default().push(row.try_get(1)?);
    }
    Ok(found)
}

fn newer(place: &str, made: i64) -> Error {
    Error::of(
        ErrorKind::Incompatible,
        format!(
            "the tables in `{place}` were made by a newer Punctual (form {made}, this one knows up to \
             {}); use that version, or another schema or table prefix; nothing was changed",
            STEPS.len()
        ),
    )
}

const NOT_OURS: &str = "was not made by Punctual";

fn foreign(place: &str, table: &str, what: &str) -> Error {
    Error::of(
        ErrorKind::Incompatible,
        format!(
            "the table `{table}` in `{place}` {what}; choose another table prefix or another schema, \
             or rename the table; nothing was changed"
        ),
    )
}
