//! A connection with the names of the tables.

use futures::TryStreamExt;
use punctual_store::Error;
use sqlx::mysql::{MySql, MySqlRow};
use sqlx::{AssertSqlSafe, Decode, Either, Executor, Row};

use super::error::failed;
use super::line::Line;
use super::tables::Tables;
use super::values::{Value, filled, of_rows};
use crate::row::micros;

/// A connection with the names of the tables.
pub(super) struct At<'c> {
    pub(super) line: &'c mut Line,
    pub(super) tables: &'c Tables,
    /// The most bytes that one text of statements should have.
    pub(super) room: usize,
    /// What its transaction has taken of turns.
    pub(super) taken: Taken,
}

/// The turns of a transaction.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    /// The turn of the runs that it opens and ends.
    pub(super) turn: Option<u64>,
    /// How many numbers of that turn have runs.
    pub(super) numbers: u64,
    /// The turn of its edits.
    pub(super) edit: Option<u64>,
}

/// The answer to one statement.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) rows: Vec<MySqlRow>,
    pub(super) changed: u64,
    pub(super) last_id: u64,
}

/// Returns a time as microseconds, for statements that compare times.
pub(super) fn or(instant: Option<chrono::DateTime<chrono::Utc>>, otherwise: i64) -> i64 {
    micros(instant).unwrap_or(otherwise)
}

/// Returns a number as a database keeps it.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns a column by its place. Texts of the protocol have no type that would have to fit.
pub(super) fn get<'r, T: Decode<'r, MySql>>(row: &'r MySqlRow, index: usize) -> Result<T, Error> {
    row.try_get_unchecked(index).map_err(failed)
}

/// Returns a statement that was built here as one that the driver takes.
pub(super) fn safe(text: String) -> AssertSqlSafe<String> {
    // Safe, since all values are written by `values`, and names were checked or are quoted.
    AssertSqlSafe(text)
}

impl At<'_> {
    /// Returns a statement with its values.
    pub(super) fn text(&self, template: &str, values: &[Value<'_>]) -> String {
        filled(self.tables, template, values)
    }

    /// Returns statements for rows. `ends` are the texts before and after them.
    pub(super) fn text_of_rows<'v>(
        &self,
        ends: (&str, &str),
        rows: impl Iterator<Item = Vec<Value<'v>>>,
    ) -> Vec<String> {
        of_rows(self.tables, ends, rows, self.room / 2)
    }

    /// Executes statements in few round trips, and returns their answers. After one that fails, none is
    /// executed.
    pub(super) async fn run(&mut self, statements: Vec<String>) -> Result<Vec<Answer>, Error> {
        self.try_run(statements).await.map_err(failed)
    }

    pub(super) async fn try_run(
        &mut self,
        statements: Vec<String>,
    ) -> Result<Vec<Answer>, sqlx::Error> {
        let before = self.line.before();
        let skipped = before.len();
        let mut answers = Vec::with_capacity(statements.len() + skipped);
        let mut text = String::new();
        for statement in before.into_iter().map(str::to_owned).chain(statements) {
            if !text.is_empty() && text.len() + statement.len() > self.room {
                self.send(std::mem::take(&mut text), &mut answers).await?;
            }
            if !text.is_empty() {
                text.push(';');
            }
            text.push_str(&statement);
        }
        if !text.is_empty() {
            self.send(text, &mut answers).await?;
        }
        Ok(answers.split_off(skipped.min(answers.len())))
    }

    async fn send(&mut self, text: String, answers: &mut Vec<Answer>) -> Result<(), sqlx::Error> {
        let mut stream = self.line.fetch_many(sqlx::raw_sql(safe(text)));
        let mut answer = Answer::default();
        while let Some(part) = stream.try_next().await? {
            match part {
                Either::Right(row) => answer.rows.push(row),
                Either::Left(done) => {
                    answer.changed = done.rows_affected();
                    answer.last_id = done.last_insert_id();
                    answers.push(std::mem::take(&mut answer));
                }
            }
        }
        Ok(())
    }

    async fn ask(&mut self, template: &str, values: &[Value<'_>]) -> Result<Answer, Error> {
        let text = self.text(template, values);
        Ok(self.run(vec![text]).await?.pop().unwrap_or_default())
    }

    pub(super) async fn all(
        &mut self,
        template: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<MySqlRow>, Error> {
        Ok(self.ask(template, values).await?.rows)
    }

    /// Returns the rows of a statement about a list, whose template names it by its last `?`. A long list
    /// is divided, since a server that turns it into a table locks its rows in no order.
    pub(super) async fn all_in<'v>(
        &mut self,
        template: &str,
        list: &[Value<'v>],
    ) -> Result<Vec<MySqlRow>, Error> {
        if list.is_empty() {
            return Ok(Vec::new());
        }
        let statements = self.texts_in(template, list);
        let answers = self.run(statements).await?;
        Ok(answers.into_iter().flat_map(|answer| answer.rows).collect())
    }

    /// Returns statements about the parts of a list.
    pub(super) fn texts_in(&self, template: &str, list: &[Value<'_>]) -> Vec<String> {
        let parts = list.chunks(LIST);
        parts
            .map(|part| self.text(template, &[Value::List(part.to_vec())]))
            .collect()
    }

    pub(super) async fn one(
        &mut self,
        template: &str,
        values: &[Value<'_>],
    ) -> Result<MySqlRow, Error> {
        let row = self.first(template, values).await?;
        row.ok_or_else(|| failed(sqlx::Error::RowNotFound))
    }

    pub(super) async fn first(
        &mut self,
        template: &str,
        values: &[Value<'_>],
    ) -> Result<Option<MySqlRow>, Error> {
        Ok(self.ask(template, values).await?.rows.into_iter().next())
    }

    /// Executes a statement, and returns the number of rows that it is about.
    pub(super) async fn execute(
        &mut self,
        template: &str,
        values: &[Value<'_>],
    ) -> Result<u64, Error> {
        Ok(self.ask(template, values).await?.changed)
    }

    /// Returns the value of a counter.
    pub(super) async fn counter(&mut self, name: &str) -> Result<u64, Error> {
        let statement = "SELECT value FROM {counters} WHERE name = ?";
        let row = self.one(statement, &[name.into()]).await?;
        Ok(get::<i64>(&row, 0)?.unsigned_abs())
    }

    /// Counts a counter up, in a transaction of its own, and returns its first new number. Numbers are
    /// left out if what they are for is not made.
    pub(super) async fn count_up(&mut self, name: &str, by: usize) -> Result<u64, Error> {
        let statement = "UPDATE {counters} SET value = LAST_INSERT_ID(value + ?) WHERE name = ?";
        let answer = self.ask(statement, &[by.into(), name.into()]).await?;
        Ok((answer.last_id + 1).saturating_sub(by as u64))
    }
}

/// The most values in one list.
const LIST: usize = 500;
