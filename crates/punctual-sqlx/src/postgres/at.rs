//! A connection with the names of the tables.

use punctual_store::Error;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Decode, PgConnection, Postgres, Row, Type};

use super::error::failed;
use super::tables::Tables;
use crate::row::micros;

/// A connection with the names of the tables.
pub(super) struct At<'c> {
    pub(super) connection: &'c mut PgConnection,
    pub(super) tables: &'c Tables,
    /// The number of rows that its transaction has written to the feed, each of which has a place of
    /// its own there.
    pub(super) written: usize,
}

/// Returns a time as microseconds, for statements that compare times.
pub(super) fn or(instant: Option<chrono::DateTime<chrono::Utc>>, otherwise: i64) -> i64 {
    micros(instant).unwrap_or(otherwise)
}

/// Returns a number as a database keeps it.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns numbers as a database keeps them.
pub(super) fn numbers(numbers: impl IntoIterator<Item = u64>) -> Vec<i64> {
    numbers.into_iter().map(number).collect()
}

/// Returns a column by its place.
pub(super) fn get<'r, T: Decode<'r, Postgres> + Type<Postgres>>(
    row: &'r PgRow,
    index: usize,
) -> Result<T, Error> {
    row.try_get(index).map_err(failed)
}

/// Returns true if a text can be a value, since the server takes no NUL in texts.
pub(super) fn is_text(text: &str) -> bool {
    !text.contains('\0')
}

impl At<'_> {
    pub(super) fn query<'q>(&self, template: &str) -> Query<'q, Postgres, PgArguments> {
        self.tables.query(template)
    }

    pub(super) async fn all(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, Error> {
        query.fetch_all(&mut *self.connection).await.map_err(failed)
    }

    pub(super) async fn one(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<PgRow, Error> {
        query.fetch_one(&mut *self.connection).await.map_err(failed)
    }

    pub(super) async fn first(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Option<PgRow>, Error> {
        query
            .fetch_optional(&mut *self.connection)
            .await
            .map_err(failed)
    }

    /// Executes a statement, and returns the number of changed rows.
    pub(super) async fn execute(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<u64, Error> {
        let done = query.execute(&mut *self.connection).await;
        done.map(|done| done.rows_affected()).map_err(failed)
    }

    /// Returns the value of a counter.
    pub(super) async fn counter(&mut self, name: &str) -> Result<u64, Error> {
        let query = self.query("SELECT value FROM {counters} WHERE name = $1");
        let row = self.one(query.bind(name)).await?;
        Ok(get::<i64>(&row, 0)?.unsigned_abs())
    }

    /// Returns the next numbers of the births and incarnations of jobs, in their order.
    pub(super) async fn births(&mut self, count: usize) -> Result<Vec<u64>, Error> {
        let query = self.query("SELECT nextval('{births}') FROM generate_series(1, $1::bigint)");
        let rows = self.all(query.bind(count as i64)).await?;
        let mut births = Vec::with_capacity(rows.len());
        for row in &rows {
            births.push(get::<i64>(row, 0)?.unsigned_abs());
        }
        births.sort_unstable();
        Ok(births)
    }
}
