//! A connection with the names of the tables, and statements with many values.

use punctual_store::Error;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Row, Sqlite, SqliteConnection};

use super::error::failed;
use crate::prefix::Prefix;
use crate::row::micros;

pub(super) type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

/// A connection with the names of the tables.
pub(super) struct At<'c> {
    pub(super) connection: &'c mut SqliteConnection,
    pub(super) prefix: &'c Prefix,
}

/// A statement about the rows of its first argument, a JSON array.
///
/// Each row is extracted once. If the statement named `json_each(?1)` itself, each row would be
/// written out for each of its columns.
macro_rules! with_rows {
    ($statement:literal) => {
        concat!(
            "WITH rows AS MATERIALIZED (SELECT value AS row FROM json_each(?1)) ",
            $statement
        )
    };
}

pub(super) use with_rows;

/// Returns many values as one JSON text. A statement then has the same text for any number of
/// values.
pub(super) fn json(values: impl Serialize) -> Result<String, Error> {
    serde_json::to_string(&values)
        .map_err(|error| Error::refused(format!("a row cannot be written as JSON: {error}")))
}

pub(super) fn parsed<'r, T: Deserialize<'r>>(rows: &'r str) -> Result<T, Error> {
    serde_json::from_str(rows).map_err(Error::unavailable)
}

/// Returns a time as microseconds, for statements that compare times.
pub(super) fn or(instant: Option<chrono::DateTime<chrono::Utc>>, otherwise: i64) -> i64 {
    micros(instant).unwrap_or(otherwise)
}

impl At<'_> {
    /// Returns the value of a counter.
    pub(super) async fn counter(&mut self, name: &str) -> Result<u64, Error> {
        let statement = "SELECT value FROM {p}counters WHERE name = ?1";
        let value: i64 = sqlx::query_scalar(self.prefix.sql(statement))
            .bind(name)
            .fetch_one(&mut *self.connection)
            .await
            .map_err(failed)?;
        Ok(value.unsigned_abs())
    }

    /// Increases a counter, and returns its new value.
    pub(super) async fn count_up(&mut self, name: &str, by: u64) -> Result<u64, Error> {
        let statement = "UPDATE {p}counters SET value = value + ?2 WHERE name = ?1 RETURNING value";
        let value: i64 = sqlx::query_scalar(self.prefix.sql(statement))
            .bind(name)
            .bind(i64::try_from(by).unwrap_or(i64::MAX))
            .fetch_one(&mut *self.connection)
            .await
            .map_err(failed)?;
        Ok(value.unsigned_abs())
    }

    /// Reads many rows as one JSON array. The driver would send a message between threads for each
    /// row, and copy each of its columns.
    pub(super) async fn as_one(&mut self, query: Query<'_>) -> Result<String, Error> {
        let row = query
            .fetch_one(&mut *self.connection)
            .await
            .map_err(failed)?;
        // A text that is not valid Unicode spoils its own row only.
        let bytes: &[u8] = row.try_get_unchecked(0).map_err(failed)?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }
}
