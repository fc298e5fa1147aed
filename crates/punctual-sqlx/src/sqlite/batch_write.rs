//! Writes the changes of a transaction after it has decided.

use punctual_store::{Error, Lease};

use super::at::{At, json};
use super::error::failed;
use super::values::{Bound, Statement};
use crate::row::micros;
use crate::row::words;
use crate::rows::{HeldJob, HeldRows};

pub(super) const COUNTED: Statement = Statement {
    columns: "birth, running, queued, token, entries, statistics",
    text: "UPDATE {p}jobs SET running = rows.running, queued = rows.queued, token = rows.token, \
         entries = rows.entries, statistics_json = coalesce(rows.statistics, statistics_json) \
         FROM rows WHERE {p}jobs.birth = rows.birth",
};

pub(super) const MOVED: Statement = Statement {
    columns: "birth, running, queued, token, entries, statistics, revision, next, finished, \
         search_limit, absence",
    text: "UPDATE {p}jobs SET running = rows.running, queued = rows.queued, token = rows.token, \
         entries = rows.entries, statistics_json = coalesce(rows.statistics, statistics_json), \
         revision = rows.revision, next_run_time = rows.next, finished = rows.finished, \
         search_limit = rows.search_limit, absence = rows.absence \
         FROM rows WHERE {p}jobs.birth = rows.birth",
};

/// A job that has changed, and its statistics as text if they have changed.
struct Changed<'h> {
    job: &'h HeldJob,
    statistics: Option<String>,
}

impl<'h> Changed<'h> {
    fn of(job: &'h HeldJob) -> Self {
        Self {
            job,
            statistics: job.statistics_text(),
        }
    }

    fn bind<'q>(&'q self, query: Bound<'q>) -> Bound<'q> {
        let state = &self.job.state;
        query
            .bind(state.birth as i64)
            .bind(state.running)
            .bind(state.queued)
            .bind(state.token as i64)
            .bind(self.job.entries as i64)
            .bind(self.statistics.as_deref())
    }
}

/// A run has the key of a new one already, and nothing was written.
pub(super) struct KeyUsed;

impl At<'_> {
    /// Writes the changed rows of a request.
    pub(super) async fn save(
        &mut self,
        held: &HeldRows,
        by: Option<&Lease>,
    ) -> Result<Result<(), KeyUsed>, Error> {
        if self.save_opened(held, by).await?.is_err() {
            return Ok(Err(KeyUsed));
        }
        self.save_attempts(held).await?;
        self.save_changed(held, by).await?;
        self.save_ended(held).await?;
        self.save_moved(held).await?;
        self.save_counted(held).await?;
        let gone: Vec<_> = held.gone().map(|job| job.state.birth).collect();
        let token = held.gone().map(|job| job.state.token).max();
        self.delete(&gone, token.unwrap_or(0)).await?;
        self.save_numbers(held).await?;
        Ok(Ok(()))
    }

    /// Writes the numbers of the last run and the last end.
    async fn save_numbers(&mut self, held: &HeldRows) -> Result<(), Error> {
        let (number, ends) = (held.last_number(), held.ends());
        if number.is_none() && ends == 0 {
            return Ok(());
        }
        let statement = "UPDATE {p}counters SET value = CASE name WHEN 'run' \
             THEN max(value, ?1) ELSE value + ?2 END WHERE name IN ('run', 'end')";
        sqlx::query(self.prefix.sql(statement))
            .bind(number.unwrap_or(0) as i64)
            .bind(ends as i64)
            .execute(&mut *self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }

    pub(super) async fn write(&mut self, statement: &str, rows: String) -> Result<(), sqlx::Error> {
        sqlx::query(self.prefix.sql(statement))
            .bind(rows)
            .execute(&mut *self.connection)
            .await
            .map(drop)
    }

    async fn set_counter(&mut self, name: &str, value: u64) -> Result<(), Error> {
        let statement = "UPDATE {p}counters SET value = max(value, ?2) WHERE name = ?1";
        sqlx::query(self.prefix.sql(statement))
            .bind(name)
            .bind(value as i64)
            .execute(&mut *self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }

    async fn save_moved(&mut self, held: &HeldRows) -> Result<(), Error> {
        let stays = |job: &&HeldJob| !job.is_gone && job.has_moved;
        let rows: Vec<_> = held.jobs.iter().filter(stays).map(Changed::of).collect();
        self.change_rows(&MOVED, &rows, |query, row| {
            let state = &row.job.state;
            row.bind(query)
                .bind(state.revision as i64)
                .bind(micros(state.next_run_time))
                .bind(state.finished)
                .bind(state.search_limit)
                .bind(words::absence_word(state.absence))
        })
        .await
    }

    async fn save_counted(&mut self, held: &HeldRows) -> Result<(), Error> {
        let stays = |job: &&HeldJob| !job.is_gone && job.has_counted && !job.has_moved;
        let rows: Vec<_> = held.jobs.iter().filter(stays).map(Changed::of).collect();
        self.change_rows(&COUNTED, &rows, |query, row| row.bind(query))
            .await
    }

    /// Deletes jobs whose greatest token is `token`. Their ids may be used again, and tokens then
    /// begin above all that these jobs gave out.
    pub(super) async fn delete(&mut self, births: &[u64], token: u64) -> Result<(), Error> {
        if births.is_empty() {
            return Ok(());
        }
        self.set_counter("token", token).await?;
        let statement = "DELETE FROM {p}jobs WHERE birth IN (SELECT value FROM json_each(?1))";
        self.write(statement, json(births)?).await.map_err(failed)
    }
}
