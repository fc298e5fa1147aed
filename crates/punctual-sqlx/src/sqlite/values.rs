//! Rows that a statement writes, bound to it as values.
//!
//! A statement has one text for all numbers of rows up to the next of a few sizes, so that it is
//! prepared once for each. Values that are not bound are NULL, and rows whose first value is NULL are
//! none.

use punctual_store::Error;
use sqlx::Sqlite;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;

use super::fault::failed;
use super::load::At;

/// A statement whose values are bound one after another.
pub(super) type Bound<'q> = Query<'q, Sqlite, SqliteArguments>;

const SIZES: [usize; 5] = [1, 4, 16, 64, 256];

/// What is done with rows of so many values: `{rows}` stands for them.
pub(super) struct Statement {
    pub(super) text: &'static str,
    pub(super) width: usize,
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

    /// The same, where no rule of the table can refuse a row.
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
    fn of(&self, size: usize) -> String {
        let row = format!("({})", vec!["?"; self.width].join(","));
        let rows = vec![row; size].join(",");
        self.text.replace("{rows}", &format!("VALUES {rows}"))
    }
}

/// The size for so many rows: the next one, unless more than half of it would be left over.
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
    fn a_statement_names_its_rows() {
        let statement = Statement {
            text: "WITH rows(a, b) AS ({rows}) SELECT 1",
            width: 2,
        };
        let text = statement.of(2);
        assert_eq!(text, "WITH rows(a, b) AS (VALUES (?,?),(?,?)) SELECT 1");
    }
}
