//! Writes rows whose values are bound to a statement.
//!
//! A statement comes in a few sizes, so that SQLite prepares few texts. If it has room for more
//! rows than there are, the values of the remaining ones are not bound, which makes them NULL. No
//! row has NULL as its first value, so a statement ignores those.

use punctual_store::Error;
use sqlx::Sqlite;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;

use super::at::At;
use super::error::failed;

/// A statement whose values are bound one after another.
pub(super) type Bound<'q> = Query<'q, Sqlite, SqliteArguments>;

/// The numbers of rows that a statement takes.
const SIZES: [usize; 5] = [1, 4, 16, 64, 256];

/// A statement about `rows` with these columns. `{columns}` in the text stands for their names.
pub(super) struct Statement {
    pub(super) columns: &'static str,
    pub(super) text: &'static str,
}

impl At<'_> {
    /// Writes rows, in as many statements as it takes.
    pub(super) async fn write_rows<'r, T>(
        &mut self,
        statement: &Statement,
        mut rows: &'r [T],
        bind: impl Fn(Bound<'r>, &'r T) -> Bound<'r>,
    ) -> Result<(), sqlx::Error> {
        while !rows.is_empty() {
            let size = size_of(rows.len());
            let (some, others) = rows.split_at(size.min(rows.len()));
            let text = self.prefix.sql(&statement.of(size));
            let query = some.iter().fold(sqlx::query(text), &bind);
            query.execute(&mut *self.connection).await?;
            rows = others;
        }
        Ok(())
    }

    /// Writes rows as `write_rows` does, where no rule of the table can refuse a row.
    pub(super) async fn change_rows<'r, T>(
        &mut self,
        statement: &Statement,
        rows: &'r [T],
        bind: impl Fn(Bound<'r>, &'r T) -> Bound<'r>,
    ) -> Result<(), Error> {
        let written = self.write_rows(statement, rows, bind).await;
        written.map_err(failed)
    }
}

impl Statement {
    pub(super) fn of(&self, size: usize) -> String {
        let Self { columns, text } = self;
        let row = format!("({})", vec!["?"; columns.split(',').count()].join(","));
        let rows = vec![row; size].join(",");
        let text = text.replace("{columns}", columns);
        format!("WITH rows({columns}) AS (VALUES {rows}) {text}")
    }
}

/// Returns the size of the statement for the first of these rows. It is the next larger one if the
/// rows fill at least half of it, and the next smaller one otherwise.
fn size_of(rows: usize) -> usize {
    let is_fitting = |size: &&usize| rows <= **size && **size <= 2 * rows;
    let fitting = SIZES.iter().find(is_fitting);
    let smaller = || SIZES.iter().rev().find(|size| **size <= rows);
    *fitting.or_else(smaller).unwrap_or(&1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_left_over() {
        let sizes = [1, 2, 3, 4, 5, 7, 8, 16, 20, 32, 100, 128, 256, 500];
        let taken = sizes.map(size_of);
        assert_eq!(taken, [1, 4, 4, 4, 4, 4, 16, 16, 16, 64, 64, 256, 256, 256]);
    }

    #[test]
    fn a_statement_names_its_columns() {
        let statement = Statement {
            columns: "a, b",
            text: "INSERT INTO t ({columns}) SELECT * FROM rows",
        };
        assert_eq!(
            statement.of(2),
            "WITH rows(a, b) AS (VALUES (?,?),(?,?)) INSERT INTO t (a, b) SELECT * FROM rows"
        );
    }
}
